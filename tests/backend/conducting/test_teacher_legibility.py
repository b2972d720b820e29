"""Bars can be read back from the wrist alone."""

import numpy as np
import pytest
from teacher_scenes import (
    f_score,
    low_points,
    make_grid,
    perform,
    played,
    rubato,
    steady,
    track,
)

from backend.audio.rates import FEATURE_RATE
from backend.evaluation.legibility import Reading, bars_read, read_bars
from backend.grid.beat_grid import BeatGrid
from backend.style import presets
from retarget.motion import Motion
from retarget.rotation import Array

ENOUGH = 0.95
# One for each style.
TEMPI = (40, 66, 96, 120, 160, 200)


def changing(bpm: float, seed: int, choice: tuple[int, ...], bars: int = 24) -> BeatGrid:
    """A new meter in nearly every bar."""
    sizes = np.random.default_rng(seed).choice(choice, bars)
    numbers = np.concatenate([np.arange(size) + 1 for size in sizes])
    in_bar = np.repeat(sizes, sizes)
    times = 3.0 + np.arange(len(numbers)) * 60.0 / bpm
    return BeatGrid(times, numbers, in_bar, tuple(f"{n}/4" for n in in_bar), np.ones(len(times)))


def swelling(grid: BeatGrid) -> Array:
    seconds = np.arange(int((grid.times[-1] + 5.0) * FEATURE_RATE)) / FEATURE_RATE
    return 0.55 + 0.35 * np.sin(seconds / 6.0)


def legibility(motion: Motion, grid: BeatGrid) -> float:
    reading = read_bars(track(motion, "hand.R"), motion.fps)
    return bars_read(reading, grid.times, grid.numbers)


@pytest.mark.parametrize("beats_in_bar", range(1, 13))
def test_bars_of_every_meter_are_read_in_every_style(beats_in_bar: int) -> None:
    read = []
    for seed, (bpm, style) in enumerate(zip(TEMPI, presets().values(), strict=True)):
        grid = steady(bpm, beats_in_bar, max(20, 4 * beats_in_bar + 1))
        motion = perform(grid, loudness=swelling(grid), style=style, seed=seed)
        assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98
        read.append(legibility(motion, grid))
    assert np.mean(read) >= ENOUGH


@pytest.mark.parametrize("choice", [(2, 3, 4, 5, 6, 7), (1, 2, 3, 4, 8, 9, 12)])
def test_changes_of_meter_are_read(choice: tuple[int, ...]) -> None:
    read = []
    for seed, bpm in enumerate((56, 100, 168)):
        grid = changing(bpm, seed, choice)
        motion = perform(grid, loudness=swelling(grid), seed=seed)
        assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98
        read.append(legibility(motion, grid))
    assert np.mean(read) >= ENOUGH


def test_rubato_and_the_music_s_own_strokes_are_read() -> None:
    read = []
    for seed in range(3):
        grid = rubato(90, 4, 48)
        music = played(60.0, attack=0.3 * seed, detachment=0.45 * seed)
        motion = perform(grid, loudness=swelling(grid), seed=seed, character=music)
        assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98
        read.append(legibility(motion, grid))
    assert np.mean(read) >= ENOUGH


def test_divided_written_beats_keep_the_shape_of_their_meter() -> None:
    """3/4 in six goes down, right and up; 6/8 in six down, left, right and up."""
    across = {}
    for meter in ("3/4", "6/8"):
        grid = make_grid(3.0 + 0.6 * np.arange(30), 6)
        grid = BeatGrid(grid.times, grid.numbers, grid.beats_in_bar, (meter,) * 30, grid.confidence)
        motion = perform(grid)
        assert legibility(motion, grid) >= ENOUGH
        wrist = track(motion, "hand.R")
        frames = np.round(grid.times * 30).astype(int).reshape(5, 6)
        across[meter] = (wrist[frames, 0] - wrist[frames[:, :1], 0]).mean(axis=0)
    # The third stroke is the second beat of three, and to the left in six.
    assert across["3/4"][2] < -0.08
    assert across["6/8"][2] > 0.04


def test_a_still_hand_is_no_music() -> None:
    reading = read_bars(np.zeros((90, 3)), 30.0)
    assert len(reading.times) == 0
    assert bars_read(reading, [1.0, 2.0, 3.0], [1, 2, 1]) == 0.0


def test_bars_count_only_with_their_own_number_of_beats() -> None:
    times = np.arange(9.0)
    numbers = np.arange(9) % 4 + 1
    in_three = Reading(times, np.arange(9) % 3 == 0)
    in_four = Reading(times, np.arange(9) % 4 == 0)
    assert bars_read(in_four, times, numbers) == 1.0
    assert bars_read(in_three, times, numbers) == 0.0


def test_reading_does_not_know_the_grid() -> None:
    """A three that is beaten is not read as the four somebody wanted."""
    grid = steady(90, 3, 36)
    reading = read_bars(track(perform(grid), "hand.R"), 30.0)
    assert bars_read(reading, grid.times, np.arange(36) % 4 + 1) < 0.3
