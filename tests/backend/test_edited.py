"""What somebody edited since a run wrote it is kept; what nobody touched is renewed."""

from pathlib import Path

import pytest

from backend.edited import WRITTEN, renewed


def write(path: Path, content: str) -> list[str]:
    warnings: list[str] = []
    with renewed(path, warnings):
        path.write_text(content)
    return warnings


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_nobody_touched_is_renewed(tmp_path: Path) -> None:
    path = tmp_path / "scene.blend"
    assert write(path, "one") == write(path, "two") == []
    assert path.read_text() == "two"
    assert names(tmp_path) == [WRITTEN, "scene.blend"]


@pytest.mark.parametrize("noted", [True, False])
def test_what_a_run_did_not_write_is_kept_and_named_once(tmp_path: Path, noted: bool) -> None:
    path = tmp_path / "scene.blend"
    if noted:
        write(path, "made")
    for number in ("", ".2", ".3"):
        path.write_text("mine")
        assert write(path, "made") == [
            "scene.blend was not as the last run left it, so it is kept as "
            f"scene.edited{number}.blend; scene.blend is new."
        ]
        assert (tmp_path / f"scene.edited{number}.blend").read_text() == "mine"
        assert path.read_text() == "made"
    assert write(path, "made") == []


def test_an_edit_that_is_what_the_run_makes_is_not_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / "beats.txt"
    write(path, "heard")
    path.write_text("edited")
    assert write(path, "edited") == []
    assert names(tmp_path) == [WRITTEN, "beats.txt"]


def test_a_run_that_fails_before_it_writes_leaves_the_edit_alone(tmp_path: Path) -> None:
    path = tmp_path / "scene.blend"
    path.write_text("mine")
    with pytest.raises(KeyboardInterrupt), renewed(path, []):
        raise KeyboardInterrupt
    assert path.read_text() == "mine"
    assert names(tmp_path) == ["scene.blend"]


def test_a_damaged_note_keeps_rather_than_loses(tmp_path: Path) -> None:
    path = tmp_path / "scene.blend"
    write(path, "made")
    (tmp_path / WRITTEN).write_text("[no note")
    assert len(write(path, "new")) == 1
    assert (tmp_path / "scene.edited.blend").read_text() == "made"
