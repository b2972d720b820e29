"""Tempo marks of MusicXML: every note value, and numbers that are none."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backend.score.beats import score_beats
from backend.score.musicxml import read_written
from backend.score.musicxml_score import read_musicxml
from backend.score.score_beats import ScoreBeats

BAR = (
    "<attributes><divisions>1</divisions>"
    "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>{}"
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>"
)


def score(marks: str) -> ScoreBeats:
    measure = f'<measure number="1">{BAR.format(marks)}</measure>'
    text = f'<score-partwise><part id="P1">{measure}</part></score-partwise>'
    return score_beats(read_musicxml(Path("a.musicxml"), text.encode()))


def written(inside: str, sound: str = "") -> str:
    metronome = f"<direction-type><metronome>{inside}</metronome></direction-type>"
    return f"<direction>{metronome}{sound}</direction>"


def unit(name: str, rate: str, dots: int = 0, tied: str = "") -> str:
    dotted = "<beat-unit-dot/>" * dots
    return f"<beat-unit>{name}</beat-unit>{dotted}{tied}<per-minute>{rate}</per-minute>"


def quarters_a_minute(marks: str) -> float:
    text = f"<score-partwise><part><measure>{BAR.format(marks)}</measure></part></score-partwise>"
    (bar,) = read_written(text.encode()).bars
    return bar.tempos[Fraction(0)].value


@pytest.mark.parametrize(
    ("name", "quarters"),
    [
        *(("maxima", 32.0), ("long", 16.0), ("breve", 8.0), ("whole", 4.0), ("half", 2.0)),
        *(("quarter", 1.0), ("eighth", 0.5), ("16th", 1 / 4), ("32nd", 1 / 8), ("64th", 1 / 16)),
        *(("128th", 1 / 32), ("256th", 1 / 64), ("512th", 1 / 128), ("1024th", 1 / 256)),
    ],
)
@pytest.mark.parametrize(("dots", "factor"), [(0, 1.0), (1, 1.5), (2, 1.75)])
def test_every_note_value_is_read(name: str, quarters: float, dots: int, factor: float) -> None:
    # As many a minute as make about 80 quarters.
    rate = max(round(80 / (quarters * factor)), 1)
    mark = written(unit(name, str(rate), dots))
    assert quarters_a_minute(mark) == pytest.approx(rate * quarters * factor)
    assert score(mark).doubts == []


def test_a_unit_of_tied_notes_is_as_long_as_both() -> None:
    tied = "<beat-unit-tied><beat-unit>eighth</beat-unit></beat-unit-tied>"
    assert quarters_a_minute(written(unit("half", "40", tied=tied))) == 100.0


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (written(unit("crotchet", "60")), "the tempo crotchet = 60"),
        (written(unit("", "60", 1)), "the tempo ?. = 60"),
        (written(unit("quarter", "")), "the tempo quarter = ?"),
        (written(unit("quarter", "-60")), "the tempo quarter = -60"),
        (written(unit("quarter", "0")), "the tempo quarter = 0"),
        (written(unit("quarter", "999999")), "the tempo quarter = 999999"),
        ('<sound tempo="0"/>', "the tempo 0"),
        ('<sound tempo="-90"/>', "the tempo -90"),
        ('<sound tempo="nan"/>', "the tempo nan"),
        ('<sound tempo=""/>', "the tempo ?"),
        ('<sound tempo="1e3"/>', "the tempo 1e3"),
        (f'<direction><sound tempo="{"9" * 99}"/></direction>', f"the tempo {'9' * 30}…"),
    ],
)
def test_a_tempo_that_cannot_be_read_is_said_and_left_out(mark: str, said: str) -> None:
    found = score(mark)
    np.testing.assert_allclose(found.grid.times, [0.0, 0.5, 1.0, 1.5])
    doubt = found.doubts[0]
    assert f"left out: {said} (bar 1);" in doubt
    assert doubt.endswith(".")


def test_what_one_sign_does_not_tell_another_one_does() -> None:
    unknown = written(unit("crotchet", "90"), '<sound tempo="60"/>')
    broken = written(unit("quarter", "60"), '<sound tempo="nan"/>')
    for mark in (unknown, broken, '<sound tempo="60,0"/>'):
        found = score(mark)
        np.testing.assert_allclose(found.grid.times, np.arange(4.0))
        assert found.doubts == []


def test_how_eighths_are_swung_is_no_tempo() -> None:
    eighth = "<metronome-note><metronome-type>eighth</metronome-type>{}</metronome-note>"
    tuplet = "<metronome-tuplet><actual-notes>3</actual-notes></metronome-tuplet>"
    swing = eighth.format("") * 2 + "<metronome-relation>equals</metronome-relation>"
    swing += eighth.format(tuplet) * 2
    found = score(written(swing))
    assert not found.tempo_is_written
    assert len(found.doubts) == 1
    np.testing.assert_allclose(found.grid.times, [0.0, 0.5, 1.0, 1.5])
