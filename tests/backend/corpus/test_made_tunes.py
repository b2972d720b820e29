"""Simple tunes made at random."""

import numpy as np
import pytest

from backend.corpus.made_tunes import made_tune
from backend.corpus.simple_tunes import Tune, notes_of, sound_of, true_beats
from backend.grid.meter import parse_meter

TUNES = [made_tune(seed) for seed in range(60)]


def test_the_same_seed_makes_the_same_tune_and_others_others() -> None:
    assert made_tune(7) == TUNES[7]
    assert len({tune.melody for tune in TUNES}) == 60
    assert {"2/4", "3/4", "4/4", "6/8"} <= {tune.meter for tune in TUNES}


@pytest.mark.parametrize("tune", TUNES, ids=[tune.title for tune in TUNES])
def test_its_bars_are_whole(tune: Tune) -> None:
    bar = parse_meter(tune.meter)[0]
    ends = [start + length for _, start, length in tune.melody]
    starts = [start for _, start, _ in tune.melody]
    np.testing.assert_allclose(starts[1:], ends[:-1])
    assert ends[-1] == pytest.approx(16 * bar)
    assert len(tune.chords) == 16
    downbeats = {start for start in starts if start >= 0.0 and start % bar == 0.0}
    assert len(downbeats) == 16
    assert all(60 <= pitch <= 83 for pitch, _, _ in tune.melody if pitch is not None)


def test_it_sounds_where_its_beats_are() -> None:
    tune = next(tune for tune in TUNES if tune.meter == "3/4" and not tune.upbeat)
    sound = sound_of(notes_of(tune, tune.tempo), "struck")
    truth = true_beats(tune, tune.tempo)
    first = np.flatnonzero(np.abs(sound) > 0.01)[0] / 22050.0
    assert first == pytest.approx(truth.downbeats[0], abs=0.02)
    assert len(truth.downbeats) == 16
