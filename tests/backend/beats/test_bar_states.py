"""Bars over pulses: from pulses and weights to the beats that are conducted."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from beat_grids import grid_in

from backend.beats.bar_states import BARS, STATES, Bar, beats_on, best_path, only
from backend.grid.beat_grid import BeatGrid
from backend.training.bar_targets import UNKNOWN, bar_loss, states_of


def weights(states: np.ndarray, seed: int = 0) -> np.ndarray:
    """A good network's answer: the right state, with noise; a tenth of the pulses unheard."""
    rng = np.random.default_rng(seed)
    right = np.arange(STATES) == states[:, None]
    heard = rng.random((len(states), 1)) > 0.1
    return 3.0 * (right & heard) + rng.normal(0.0, 0.4, right.shape)


def pulses_of(grid: BeatGrid, per_beat: Fraction) -> np.ndarray:
    places = np.arange(int((len(grid) - 1) * per_beat) + 1) / float(per_beat)
    return np.interp(places, np.arange(len(grid)), grid.times)


@pytest.mark.parametrize("beats", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    "per_beat", [Fraction(1), Fraction(2), Fraction(3), Fraction(1, 2), Fraction(1, 3)]
)
def test_beats_are_found_at_the_level_of_the_truth(beats: int, per_beat: Fraction) -> None:
    if Bar(per_beat, beats) not in BARS:
        pytest.skip("such bars are not looked for")
    grid = grid_in(beats, 72, bpm=90.0)
    pulses = pulses_of(grid, per_beat)
    states = states_of(pulses, grid)
    assert np.mean(states != UNKNOWN) > 0.8
    found = beats_on(pulses, best_path(weights(states)))
    count = min(len(found.times), len(grid))
    assert count >= len(grid) - 6
    np.testing.assert_allclose(found.times[:count], grid.times[:count], atol=1e-6)
    assert found.numbers[:count].tolist() == grid.numbers[:count].tolist()
    assert set(found.beats_in_bar.tolist()) == {beats}


def test_bars_change_with_the_meter() -> None:
    first, then = grid_in(4, 32, bpm=120.0), grid_in(3, 30, bpm=120.0).shifted(16.0)
    grid = BeatGrid(
        np.r_[first.times, then.times],
        np.r_[first.numbers, then.numbers],
        np.r_[first.beats_in_bar, then.beats_in_bar],
        first.meters + then.meters,
        np.ones(62),
    )
    found = beats_on(grid.times, best_path(weights(states_of(grid.times, grid))))
    assert np.mean(found.beats_in_bar[:62] == grid.beats_in_bar) > 0.95


def test_only_allowed_bars_are_used() -> None:
    grid = grid_in(4, 40, bpm=100.0)
    allowed = np.array([bar.beats in (3, 6) and bar.pulses_per_beat == 1 for bar in BARS])
    found = beats_on(grid.times, best_path(only(allowed, weights(states_of(grid.times, grid)))))
    assert set(found.beats_in_bar.tolist()) <= {3, 6}
    np.testing.assert_allclose(found.times, grid.times)


def test_pulses_that_miss_the_downbeats_are_unknown() -> None:
    grid = grid_in(4, 40, bpm=100.0)
    assert (states_of(grid.times + 0.2, grid) == UNKNOWN).all()


def test_the_loss_falls_as_the_right_states_gain_weight() -> None:
    grid = grid_in(3, 48, bpm=100.0)
    states = states_of(grid.times, grid)
    scores = torch.from_numpy(weights(states)).float()[None]
    target = torch.from_numpy(states)[None]
    nothing, half, all_of_it = (float(bar_loss(s * scores, target)) for s in (0.0, 0.5, 1.0))
    assert nothing > half > all_of_it > 0.0
    # Where nothing is known, nothing is wrong.
    assert float(bar_loss(scores, torch.full_like(target, UNKNOWN))) == pytest.approx(0.0, abs=1e-5)
