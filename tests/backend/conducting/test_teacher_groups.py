"""Bars of five and seven are conducted by their groups."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from teacher_scenes import f_score, low_points, perform, steady, track

from backend.evaluation.legibility import bars_read, read_bars
from backend.grid.beat_grid import BeatGrid
from backend.grid.grouping import written_groups
from backend.grid.meter import parse_meter
from backend.style import presets
from retarget.rotation import Array

GROUPED = ("2+3/8", "3+2/8", "3+4/8", "4+3/8", "2+2+3/8", "2+3+2/8", "3+2+2/8", "3+3+2/8")


def grouped(meter: str, bpm: float, bars: int) -> BeatGrid:
    """Every written beat is conducted."""
    count = parse_meter(meter)[0]
    grid = steady(bpm, count, bars * count + 1)
    return replace(grid, meters=(meter,) * len(grid))


def in_groups(meter: str, written_s: float, bars: int) -> BeatGrid:
    """Every group is a conducted beat."""
    lengths = np.tile(written_groups(meter), bars) * written_s
    count = len(written_groups(meter))
    numbers = np.arange(len(lengths)) % count + 1
    times = 3.0 + np.r_[0.0, np.cumsum(lengths)[:-1]]
    return BeatGrid(
        times, numbers, np.full(len(times), count), (meter,) * len(times), np.ones(len(times))
    )


def mean_bar(grid: BeatGrid, seed: int) -> Array:
    """Where the hand is aside at each beat, mean of the bars, positive to the conductor's left."""
    x = track(perform(grid, seed=seed), "hand.R")[:, 0]
    at = np.interp(grid.times[:-1], np.arange(len(x)) / 30.0, x)
    return np.asarray(at.reshape(-1, grid.beats_in_bar[0]).mean(axis=0))


@pytest.mark.parametrize("meter", GROUPED)
def test_grouped_bars_are_read_in_every_style(meter: str) -> None:
    read = []
    for seed, (bpm, style) in enumerate(zip((66, 96, 120, 160), presets().values(), strict=False)):
        grid = grouped(meter, bpm, 6)
        motion = perform(grid, style=style, seed=seed)
        assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98
        reading = read_bars(track(motion, "hand.R"), motion.fps)
        read.append(bars_read(reading, grid.times, grid.numbers))
    assert np.mean(read) >= 0.95


@pytest.mark.parametrize("meter", ["2+3/4", "3+2/4", "3+4/4", "4+3/4"])
def test_the_wide_stroke_to_the_right_begins_the_second_group(meter: str) -> None:
    steps = np.diff(mean_bar(grouped(meter, 100, 8), seed=1))
    second = next(accumulate(written_groups(meter)))
    assert np.argmin(steps) + 1 == second


def test_groups_change_the_way_of_the_hand() -> None:
    bars = [mean_bar(grouped(m, 100, 8), 1) for m in ("2+2+3/4", "2+3+2/4", "3+2+2/4")]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(bars[a] - bars[b]).max() > 0.05


@pytest.mark.parametrize("meter", ["2+3/8", "3+2/8", "2+2+3/8", "3+2+2/8"])
def test_unequal_beats_are_struck_where_they_fall(meter: str) -> None:
    grid = in_groups(meter, 0.25, 8)
    motion = perform(grid)
    assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98


def test_unequal_beats_are_no_change_of_tempo() -> None:
    """A change of tempo is led with a larger beat."""
    uneven = in_groups("2+2+3/8", 0.25, 8)
    told, untold = (
        np.ptp(track(perform(g), "hand.R")[100:-100, 2])
        for g in (uneven, replace(uneven, meters=("3/4",) * len(uneven)))
    )
    assert told < 0.97 * untold
