import pytest

from backend.style import Style, load_style, presets
from retarget.errors import ConductorError


def test_every_preset_loads_and_neutral_is_the_default():
    assert presets()["neutral"] == Style()
    assert len(set(presets().values())) == len(presets())


def test_a_file_sets_some_values_and_leaves_the_rest(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("size = 1\nlead = 0.15\n")
    assert load_style(path) == Style(size=1.0, lead=0.15)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size = 2", "between 0 and 1"),
        ("volume = 0.5", "no style value"),
        ("size = 'big'", "no style value"),
        ("size = ", "not a TOML file"),
        ("size = 1" + "0" * 400, "more than 64 bits"),
        ("size = 1" + "0" * 5000, "not a TOML file"),
        ("size = " + "[" * 5000, "nested too deeply"),
        ("size = nan", "between 0 and 1"),
        ("# " + "long " * 300_000, "too large"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path, text, words):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConductorError, match=words):
        load_style(path)


def test_an_unknown_name_lists_the_presets():
    with pytest.raises(ConductorError, match="neutral, legato"):
        load_style("pompous")
