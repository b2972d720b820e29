"""`virtual-conductor beats`, and the options that mend beats, as a user types them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from backend.cli import app, main
from backend.grid.beat_grid import BeatGrid
from retarget.motion import Motion

RATE = 22_050


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of struck notes, 120 to the minute, every fourth one louder and lower."""
    times = np.arange(RATE // 2) / RATE
    notes = [
        (0.8 if beat % 4 == 0 else 0.4)
        * np.exp(-8 * times)
        * np.sin(2 * np.pi * (110 if beat % 4 == 0 else 330) * times)
        for beat in range(24)
    ]
    path = tmp_path_factory.mktemp("music") / "notes.wav"
    soundfile.write(path, np.concatenate(notes), RATE)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def refused(*arguments: object) -> str:
    """What is said of something that is refused, in one sentence."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.stderr
    assert result.stdout == ""
    return lines[0]


def test_the_table_comes_with_clicks_picture_and_a_summary(music, tmp_path):
    files = [tmp_path / name for name in ("b.txt", "c.ogg", "p.png")]
    table, clicks, picture = files
    result = run(
        *("beats", music, "-o", table, "--clicks", clicks, "--picture", picture),
        *("--tempo", 120, "--meter", "4/4"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(path) for path in files]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    grid = BeatGrid.load(table)
    assert f"{len(grid)} beats: 120 beats a minute" in result.stderr
    assert "of 4/4 in 4" in result.stderr
    sound, rate = soundfile.read(clicks)
    assert len(sound) == 12 * rate
    # The clicks are where the table says.
    for time in grid.times[1:5]:
        first = round(time * rate)
        assert np.abs(sound[first : first + 40]).max() > 0.3


def test_the_table_of_a_stretch_is_in_the_time_of_the_music(music, tmp_path):
    result = run("beats", music, "-o", tmp_path / "b.txt", "--start", 6, "--tempo", 120)
    assert result.exit_code == 0, result.output
    grid = BeatGrid.load(tmp_path / "b.txt")
    assert 6.0 - 0.05 <= grid.times[0] <= 7.0
    assert np.abs(grid.times * 2 - np.round(grid.times * 2)).max() < 0.1


def test_one_word_mends_what_was_heard(music, tmp_path):
    def heard(*words: object) -> BeatGrid:
        result = run("beats", music, "-o", tmp_path / "b.txt", "--tempo", 120, *words)
        assert result.exit_code == 0, result.output
        return BeatGrid.load(tmp_path / "b.txt")

    plain = heard()
    half, double = heard("--beat-level", "half"), heard("--beat-level", "double")
    np.testing.assert_allclose(double.times[::2], plain.times, atol=1e-6)
    assert set(half.times) < set(plain.times)
    second = float(plain.times[1])
    assert heard("--first-downbeat", second).downbeats[0] == second
    later = heard("--shift-bars", -1)
    np.testing.assert_array_equal(later.numbers, plain.numbers % plain.beats_in_bar + 1)
    np.testing.assert_array_equal(later.times, plain.times)


def test_a_motion_is_conducted_at_the_level_that_was_said(music, tmp_path):
    table, out = tmp_path / "b.txt", tmp_path / "m.npz"
    table.write_text("".join(f"{i / 2} {i % 4 + 1}\n" for i in range(24)))
    result = run(
        *("motion", music, "-o", out, "--beats", table, "--model", "teacher"),
        *("--beat-level", "half", "--first-downbeat", 1),
    )
    assert result.exit_code == 0, result.output
    assert "not used" not in result.stderr
    motion = Motion.load(out)
    np.testing.assert_allclose(motion.beats, np.arange(12.0), atol=1e-6)
    assert motion.beat_numbers[:4].tolist() == [2, 1, 2, 1]


def test_beats_that_were_mended_can_be_given_back(music, tmp_path):
    table = tmp_path / "b.txt"
    table.write_text("".join(f"{i / 2} {i % 2 + 1}\n" for i in range(24)))
    for _ in range(2):
        result = run("beats", music, "-o", table, "--beats", table, "--shift-bars", 1)
        assert result.exit_code == 0, result.output
    assert BeatGrid.load(table).numbers[:3].tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--beat-level", "triple"), "'triple' is not one of"),
        (("--first-downbeat", "-1"), "--first-downbeat is -1.0; give at least 0"),
        (("--first-downbeat", "nan"), "--first-downbeat is not right"),
        (("--first-downbeat", "soon"), "should be a valid number"),
        (("--first-downbeat", "500"), "There is no beat near 500.00 s"),
        (("--shift-bars", "0.5"), "should be a valid integer"),
        (("--shift-bars", "99"), "--shift-bars is 99; give at most 24"),
        (("--score-is", "wrong"), "'wrong' is not one of"),
        (("--clicks", "c.mp3"), "c.mp3 does not end like a sound file"),
        (("--picture", "p.jpg"), "p.jpg does not end like a picture"),
        (("--picture", "none/p.png"), "The folder none does not exist"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(music, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["virtual-conductor", "beats", str(music), "-o", "b", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert told.count("Error: ") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_never_written_over(music, tmp_path):
    copy = tmp_path / "notes.wav"
    copy.write_bytes(music.read_bytes())
    for words in (("-o", copy), ("-o", tmp_path / "b.txt", "--clicks", copy)):
        assert "notes.wav is what the beats are found in" in refused("beats", copy, *words)
    assert copy.read_bytes() == music.read_bytes()
    assert list(tmp_path.iterdir()) == [copy]


def test_silence_has_no_beats_and_none_to_mend(tmp_path):
    music, table = tmp_path / "silence.wav", tmp_path / "b.txt"
    soundfile.write(music, np.zeros(4 * RATE), RATE)
    result = run("beats", music, "-o", table, "--picture", tmp_path / "p.png")
    assert result.exit_code == 0, result.output
    assert "No beats." in result.stderr
    assert "No beats were found in this music" in result.stderr
    assert table.read_text().count("\n") == 1
    for words in (("--beat-level", "half"), ("--first-downbeat", 1), ("--shift-bars", 1)):
        assert "There are no beats" in refused("beats", music, "-o", tmp_path / "n.txt", *words)


def test_a_cache_that_cannot_be_used_changes_nothing(music, tmp_path, monkeypatch):
    written = []
    for name in ("usual", "file"):
        (tmp_path / "file").write_text("no folder")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        for _ in range(2):
            result = run("motion", music, "-o", tmp_path / "m.npz", "--model", "teacher")
            assert result.exit_code == 0, result.output
            written.append((tmp_path / "m.npz").read_bytes())
    assert len(set(written)) == 1
    assert (tmp_path / "file").read_text() == "no folder"
    assert len(list((tmp_path / "usual").rglob("*.npz"))) == 2
