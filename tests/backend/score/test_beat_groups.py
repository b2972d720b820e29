"""How the beats of fives, sevens and eights are grouped: meters, words, lines, beams and values."""

from pathlib import Path

import numpy as np
import pytest

from backend.score.beats import beats_from_score
from backend.score.movements import read_score

Grouping = tuple[int, ...]


def note(eighths: int, beam: str = "") -> str:
    beamed = f'<beam number="1">{beam}</beam>' if beam else ""
    return (
        "<note><pitch><step>C</step><octave>4</octave></pitch>"
        f"<duration>{eighths}</duration>{beamed}</note>"
    )


def beamed(*groups: int) -> str:
    """Eighth notes under one beam for each group."""
    return "".join(
        note(1, "begin") + note(1, "continue") * (count - 2) + note(1, "end") for count in groups
    )


def time(beats: str, unit: int = 8) -> str:
    return (
        f"<attributes><divisions>2</divisions><time><beats>{beats}</beats>"
        f'<beat-type>{unit}</beat-type></time></attributes><sound tempo="150"/>'
    )


def score(folder: Path, *bars: str) -> Path:
    path = folder / "a.musicxml"
    text = "".join(f"<measure>{bar}</measure>" for bar in bars)
    path.write_text(f'<score-partwise><part id="P1">{text}</part></score-partwise>')
    return path


def groupings(folder: Path, *bars: str) -> list[Grouping]:
    (movement,) = read_score(score(folder, *bars))
    return [bar.grouping for bar in movement.bars]


@pytest.mark.parametrize("written", [(2, 3), (3, 2)])
def test_an_additive_meter_tells_its_groups(tmp_path: Path, written: Grouping) -> None:
    bars = [time("+".join(map(str, written))) + note(1) * 5, note(5), time("5") + note(5)]
    assert groupings(tmp_path, *bars) == [written, written, ()]


def test_words_tell_the_groups_until_the_meter_changes(tmp_path: Path) -> None:
    def words(text: str) -> str:
        inside = f"<direction-type><words>{text}</words></direction-type>"
        return f"<direction>{inside}</direction>"

    for text, told in (("(3+2)", (3, 2)), ("2/8 + 3/8", (2, 3)), ("3+3", ()), ("2/4+3/4", ())):
        bars = [time("5") + words(text) + note(5), note(5), time("5") + note(5)]
        assert groupings(tmp_path, *bars) == [told, told, ()]


@pytest.mark.parametrize(
    ("beats", "written"),
    [("5", (2, 3)), ("5", (3, 2)), ("7", (2, 2, 3)), ("7", (3, 2, 2)), ("8", (3, 3, 2))],
)
def test_beams_show_the_groups(tmp_path: Path, beats: str, written: Grouping) -> None:
    whole = note(int(beats))
    # A bar that tells nothing is as those around it.
    assert groupings(tmp_path, time(beats) + beamed(*written), whole) == [written, written]


def test_bars_that_differ_are_told_apart_and_one_that_tells_nothing_is_unknown(
    tmp_path: Path,
) -> None:
    bars = [time("5") + beamed(2, 3), beamed(3, 2), note(5)]
    assert groupings(tmp_path, *bars) == [(2, 3), (3, 2), ()]


def test_long_notes_and_lines_within_the_bar_show_the_groups(tmp_path: Path) -> None:
    assert groupings(tmp_path, time("5", 4) + note(6) + note(4)) == [(3, 2)]
    line = '<barline location="middle"><bar-style>dashed</bar-style></barline>'
    assert groupings(tmp_path, time("5", 4) + note(2) * 2 + line + note(2) * 3) == [(2, 3)]


def test_other_meters_have_no_groups(tmp_path: Path) -> None:
    assert groupings(tmp_path, time("6") + beamed(3, 3), time("4", 4) + beamed(4, 4)) == [(), ()]


def test_fast_fives_are_conducted_as_they_are_beamed(tmp_path: Path) -> None:
    bars = [time("5") + beamed(2, 3), beamed(3, 2)]
    grid = beats_from_score(score(tmp_path, *bars)).grid
    np.testing.assert_allclose(np.diff(grid.times), np.array([2, 3, 3]) * 0.2)
    assert grid.meters == ("2+3/8",) * 2 + ("3+2/8",) * 2
