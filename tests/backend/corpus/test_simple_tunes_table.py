"""The table of simple tunes: their bars, their harmony, and what of them is held out."""

from collections import Counter

import numpy as np
import pytest

from backend.corpus.simple_tunes import Tune, notes_of, simple_tunes, true_beats
from backend.grid.meter import parse_meter

TUNES = simple_tunes()
NEW = [tune.title for tune in TUNES[13:]]
PITCHES = dict(zip(["C", "D", "E", "F", "G", "A", "B"], (0, 2, 4, 5, 7, 9, 11), strict=True))

each_tune = pytest.mark.parametrize("tune", TUNES, ids=[tune.title for tune in TUNES])


def pitch_classes(chord: str) -> set[int]:
    root = PITCHES[chord[0]] + chord.count("#") - chord.count("b")
    return {(root + step) % 12 for step in (0, 3 if chord.endswith("m") else 4, 7)}


def test_titles_are_unique() -> None:
    assert len({tune.title for tune in TUNES}) == len(TUNES)


@each_tune
def test_its_melody_fills_its_bars(tune: Tune) -> None:
    bar = parse_meter(tune.meter)[0]
    assert len(tune.chords) >= 8
    starts, ends = zip(*((start, start + length) for _, start, length in tune.melody), strict=True)
    np.testing.assert_allclose(starts[1:], ends[:-1])
    assert 0.0 <= tune.upbeat < bar
    assert ends[-1] == pytest.approx(len(tune.chords) * bar)
    assert all(55 <= pitch <= 84 for pitch, _, _ in tune.melody if pitch is not None)


@each_tune
def test_most_notes_on_its_downbeats_belong_to_the_chord(tune: Tune) -> None:
    bar = parse_meter(tune.meter)[0]
    fits = [
        pitch % 12 in pitch_classes(tune.chords[int(start / bar)][0])
        for pitch, start, _ in tune.melody
        if pitch is not None and start >= 0.0 and start % bar == 0.0
    ]
    assert len(fits) >= 8 or len(tune.chords) < 16
    assert np.mean(fits) > 0.6


@each_tune
def test_it_can_be_conducted_and_stays_in_time_when_it_is_played_again(tune: Tune) -> None:
    beats = true_beats(tune, tune.tempo, 2)
    assert 40.0 <= beats.tempo <= 150.0
    once, twice = (notes_of(tune, tune.tempo, times) for times in (1, 2))
    again = min(note.start for note in twice[len(once) :])
    first = min(note.start for note in once)
    bar = parse_meter(tune.meter)[0] * 60.0 / tune.tempo
    assert (again - first) / bar == pytest.approx(round((again - first) / bar))


def test_a_tied_note_is_not_struck_again() -> None:
    tune = next(tune for tune in TUNES if tune.title == "Daisy Bell")
    held = next(note for note in tune.melody if note[1] == 18.0)
    assert held[2] == 6.0
    assert not any(start == 21.0 for _, start, _ in tune.melody)


def test_every_fourth_of_the_new_titles_is_held_out() -> None:
    lot = set(sorted(NEW, key=str.casefold)[3::4])
    assert {tune.title for tune in TUNES[13:] if tune.held_out} == lot


def test_the_usual_meters_are_learned_from_and_tested() -> None:
    learned, held_out = (
        Counter(tune.meter for tune in TUNES if tune.held_out is out) for out in (False, True)
    )
    for meter in ("2/4", "3/4", "4/4", "6/8"):
        assert learned[meter] >= 5
        assert held_out[meter] >= 2
