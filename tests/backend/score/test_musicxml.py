"""MusicXML bars: empty and split ones, tempo marks, signs that stand as words."""

from pathlib import Path

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.score.beats import score_beats
from backend.score.musicxml import read_written
from backend.score.musicxml_score import read_musicxml
from backend.score.playing_order import playing_order


def note(quarters: float) -> str:
    return (
        "<note><pitch><step>C</step><octave>4</octave></pitch>"
        f"<duration>{round(quarters * 24)}</duration></note>"
    )


def meter(beats: int, unit: int) -> str:
    return (
        "<attributes><divisions>24</divisions><time>"
        f"<beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"
    )


def mark(inside: str, sound: str = "", shown: bool = True) -> str:
    hidden = "" if shown else ' print-object="no"'
    metronome = f"<metronome{hidden}>{inside}</metronome>"
    return f"<direction><direction-type>{metronome}</direction-type>{sound}</direction>"


def quarter_is(bpm: str) -> str:
    return f"<beat-unit>quarter</beat-unit><per-minute>{bpm}</per-minute>"


def words(text: str, sound: str = "") -> str:
    inside = f"<direction-type><words>{text}</words></direction-type>"
    return f"<direction>{inside}{sound}</direction>"


def xml(bars: list[str], first: int = 1) -> bytes:
    text = "".join(f'<measure number="{i}">{bar}</measure>' for i, bar in enumerate(bars, first))
    return f'<score-partwise><part id="P1">{text}</part></score-partwise>'.encode()


def grid(bars: list[str], first: int = 1) -> BeatGrid:
    return score_beats(read_musicxml(Path("a.musicxml"), xml(bars, first))).grid


def test_a_bar_with_nothing_in_it_is_a_bar_of_rest() -> None:
    beats = grid([meter(4, 4) + note(4), "", "", note(4)])
    assert beats.numbers.tolist() == [1, 2, 3, 4] * 4
    np.testing.assert_allclose(beats.times, np.arange(16) * 0.5)


def test_an_empty_bar_without_a_number_is_a_bar_of_rest_and_an_uncounted_one_is_none() -> None:
    bars = xml([meter(4, 4) + note(4), note(4)])
    for empty, beats in (("<measure/>", 12), ('<measure number="X1" implicit="yes"/>', 8)):
        text = bars.replace(b'<measure number="2"', empty.encode() + b'<measure number="2"')
        assert len(score_beats(read_musicxml(Path("a.musicxml"), text)).grid) == beats


def test_metric_modulation_keeps_the_pulse_and_changes_its_note_value() -> None:
    relation = "<beat-unit>quarter</beat-unit><beat-unit>quarter</beat-unit><beat-unit-dot/>"
    first = meter(4, 4) + mark(quarter_is("100")) + note(4)
    beats = grid([first, meter(6, 8) + mark(relation) + note(3), note(3)])
    np.testing.assert_allclose(np.diff(beats.times), 0.6)
    assert beats.beats_in_bar.tolist() == [4] * 4 + [2] * 4


def test_metric_modulation_in_notes_is_read_too() -> None:
    def side(dots: str) -> str:
        return f"<metronome-note><metronome-type>quarter</metronome-type>{dots}</metronome-note>"

    relation = side("<metronome-dot/>") + "<metronome-relation>equals</metronome-relation>"
    first = meter(6, 8) + mark(quarter_is("150")) + note(3)
    beats = grid([first, meter(4, 4) + mark(relation + side("")) + note(4)])
    np.testing.assert_allclose(np.diff(beats.times), 0.6)


def test_of_two_tempi_at_one_place_the_one_that_is_seen_is_meant() -> None:
    hidden = mark(quarter_is("200"), '<sound tempo="200"/>', shown=False)
    seen = mark(quarter_is("75"))
    for both in (hidden + seen, seen + hidden, '<sound tempo="200"/>' + seen):
        np.testing.assert_allclose(np.diff(grid([meter(4, 4) + both + note(4)]).times), 0.8)
    disagreeing = mark(quarter_is("75"), '<sound tempo="200"/>')
    np.testing.assert_allclose(np.diff(grid([meter(4, 4) + disagreeing + note(4)]).times), 0.8)


def test_what_is_seen_as_about_is_what_sounds() -> None:
    about = mark(quarter_is("c. 70-80"), '<sound tempo="75"/>')
    np.testing.assert_allclose(np.diff(grid([meter(4, 4) + about + note(4)]).times), 0.8)


def test_a_tempo_without_words_gives_way_to_one_with_words() -> None:
    both = '<sound tempo="200"/>' + words("Adagio", '<sound tempo="75"/>')
    np.testing.assert_allclose(np.diff(grid([meter(4, 4) + both + note(4)]).times), 0.8)


def test_a_pickup_before_the_first_tempo_mark_has_its_tempo() -> None:
    beats = grid([meter(4, 4) + note(1), mark(quarter_is("60")) + note(4)], first=0)
    np.testing.assert_allclose(beats.times, np.arange(5.0))
    # A mark after a whole bar says nothing of that bar.
    beats = grid([meter(4, 4) + note(4), mark(quarter_is("60")) + note(4)])
    np.testing.assert_allclose(beats.times, [0, 0.5, 1, 1.5, 2, 3, 4, 5])


def test_a_bar_that_a_repeat_splits_counts_on_after_it_not_before() -> None:
    repeat = '<barline><repeat direction="backward"/></barline>'
    beats = grid([meter(4, 4) + note(4), note(2) + repeat, note(2), note(4)])
    assert beats.numbers.tolist() == [1, 2, 3, 4, 1, 2] * 2 + [3, 4, 1, 2, 3, 4]


def test_da_capo_al_fine_in_words_alone_is_played() -> None:
    for text in ("D.C. al Fine", "Menuetto D. C.", "M.D.C. al Fine", "da capo al fine"):
        bars = [meter(4, 4) + note(4) + words("Fine"), note(4) + words(text), note(4)]
        assert list(playing_order(read_written(xml(bars)).bars)) == [0, 1, 0, 2]
    bars = [note(4), words("D.S. al Coda") + note(4), words("Coda") + note(4)]
    sign = "<direction><direction-type><segno/></direction-type></direction>"
    leave = words("To Coda")
    bars = [meter(4, 4) + note(4), sign + note(4) + leave, *bars]
    assert list(playing_order(read_written(xml(bars)).bars)) == [0, 1, 2, 3, 1, 4]


def test_a_key_changes_where_a_bar_begins_in_it_and_not_where_it_is_told_in_advance() -> None:
    def key(fifths: int) -> str:
        return f"<attributes><key><fifths>{fifths}</fifths></key></attributes>"

    bars = [meter(4, 4) + key(1) + note(4), note(4) + key(0), key(0) + note(4), key(-3) + note(4)]
    found = read_written(xml(bars)).bars
    assert [bar.new_key for bar in found] == [False, False, True, True]
