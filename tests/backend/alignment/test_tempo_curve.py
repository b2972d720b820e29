"""A tempo curve is even where onsets are, and goes with them where they change."""

import numpy as np

from backend.alignment.tempo_curve import TempoCurve

QUARTERS = np.arange(128.0)
EVEN = 60.0 / 132.0 * QUARTERS


def onsets(times: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Times as they are heard, and how uncertain they are."""
    rng = np.random.default_rng(seed)
    return times + 0.015 * rng.standard_normal(len(times)), np.full(len(times), 0.012)


def test_strictly_even_music_keeps_its_tempo() -> None:
    times, spread = onsets(EVEN)
    found = TempoCurve.through(QUARTERS, times, spread).at(QUARTERS)
    assert np.abs(60.0 / np.diff(found) - 132.0).max() < 1.0
    assert np.abs(found - EVEN).max() < 0.02


def test_an_onset_that_is_taken_for_another_moves_no_beat() -> None:
    times, spread = onsets(EVEN)
    times[40] += 0.3
    found = TempoCurve.through(QUARTERS, times, spread).at(QUARTERS)
    assert np.abs(found - EVEN).max() < 0.02


def test_a_final_ritardando_is_followed() -> None:
    beat = np.full(128, 60.0 / 132.0)
    beat[-8:] *= np.linspace(1.1, 1.9, 8)
    true = np.r_[0.0, np.cumsum(beat)[:-1]]
    times, spread = onsets(true)
    found = TempoCurve.through(QUARTERS, times, spread).at(QUARTERS)
    assert np.abs(found[-8:] - true[-8:]).max() < 0.07
    assert np.abs(found[:-12] - true[:-12]).max() < 0.03


def test_a_new_tempo_begins_where_it_begins() -> None:
    true = np.r_[0.0, np.cumsum(np.where(QUARTERS < 64.0, 0.45, 0.7))[:-1]]
    times, spread = onsets(true)
    found = TempoCurve.through(QUARTERS, times, spread).at(QUARTERS)
    assert np.abs(found - true).max() < 0.06
    assert np.abs(found - true).mean() < 0.012


def test_a_single_onset_makes_a_curve() -> None:
    found = TempoCurve.through(np.array([3.0]), np.array([1.5]), np.array([0.01]))
    assert abs(float(found.at(np.array([3.0]))[0]) - 1.5) < 1e-3
    assert (np.diff(found.seconds) > 0.0).all()
