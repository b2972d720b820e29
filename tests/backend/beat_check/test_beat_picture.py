"""The picture shows where the bars are, in as many rows as the music needs."""

import warnings
from dataclasses import replace

import cv2
import numpy as np
import pytest

from backend.alignment.align import Parted
from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.audio.rates import FEATURE_RATE, SAMPLE_RATE
from backend.beat_check.picture import draw_beats
from backend.beat_check.summary import beat_summary
from backend.grid.beat_grid import BeatGrid

# Left and right end of the rows, shares of the width.
LEFT, RIGHT = 0.05, 0.955


def grid_of(seconds: float, bpm: float = 60.0, in_bar: int = 3, start: float = 1.0) -> BeatGrid:
    times = np.arange(start, seconds - 0.5, 60.0 / bpm)
    numbers = np.arange(len(times)) % in_bar + 1
    bars = np.full(len(times), in_bar)
    return BeatGrid(times, numbers, bars, (f"{in_bar}/4",) * len(times), np.full(len(times), 0.5))


def lasting(seconds: float) -> Analysis:
    frames = np.zeros(round(seconds * FEATURE_RATE), np.float32)
    onset = frames + np.float32(0.2)
    return Analysis(seconds, np.zeros((len(frames), 1)), 0.0, frames, frames, onset, frames)


def red_columns(picture: np.ndarray, top: int, bottom: int) -> np.ndarray:
    """Columns that are dark red from near the top of a row down."""
    blue, green, red = np.moveaxis(picture[top:bottom].astype(int), -1, 0)
    return np.flatnonzero(((red - green > 90) & (green < 80) & (blue < 80)).mean(axis=0) > 0.7)


def test_bar_lines_stand_where_the_bars_begin(tmp_path):
    sound = np.random.default_rng(0).standard_normal(40 * SAMPLE_RATE).astype(np.float32)
    grid = grid_of(40.0)
    draw_beats(analyse(0.1 * sound), grid, tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"))
    height, width, _ = picture.shape
    assert width == 1600
    assert height == 405
    found = red_columns(picture, 100, 130) / width
    seconds = (found - LEFT) / (RIGHT - LEFT) * 30.0
    wanted = grid.downbeats[grid.downbeats < 30.0]
    assert len(wanted) == 10
    assert all(np.abs(seconds - one).min() < 0.06 for one in wanted)
    assert all(np.abs(wanted - one).min() < 0.06 for one in seconds)


def test_the_tempo_stays_in_its_panel_however_extreme_and_stops_in_a_pause(tmp_path):
    gaps = np.r_[np.full(40, 0.6), np.full(2, 0.15), np.full(20, 0.6), 8.0, np.full(30, 0.6)]
    times = 1.0 + np.r_[0.0, np.cumsum(gaps)]
    even = grid_of(len(times) + 1.0, in_bar=4).selected(np.arange(len(times)) < len(times))
    grid = replace(even, times=times)
    draw_beats(lasting(times[-1] + 1.0), grid, tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png")).astype(int)
    blue, green, red = np.moveaxis(picture, -1, 0)
    line = (blue - red > 60) & (blue > 110) & (red < 110) & (green < 140)
    seconds = []
    for row in range(3):
        # The lower panel of each row, inside its frame.
        panel = line[55 + 175 * row + 102 : 55 + 175 * row + 138]
        columns = np.flatnonzero(panel[:, 82:1526].any(axis=0)) + 82
        seconds.append((columns / 1600 - LEFT) / (RIGHT - LEFT) * 30.0 + 30.0 * row)
    drawn = np.concatenate(seconds)
    pause = times[62], times[63]
    wanted = np.arange(times[0] + 0.1, times[-1] - 0.1, 0.1)
    wanted = wanted[np.abs(wanted % 30.0 - 15.0) < 14.9]
    away = np.abs(wanted[:, None] - drawn).min(axis=1)
    paused = (wanted > pause[0] + 0.1) & (wanted < pause[1] - 0.1)
    assert away[paused].max() > 3.0
    assert away[(wanted < pause[0] - 0.1) | (wanted > pause[1] + 0.1)].max() < 0.1


def test_bars_are_numbered_as_in_the_score_where_it_tells(tmp_path):
    grid = grid_of(29.0, in_bar=3).selected(np.arange(28) > 0)
    counted = [(float(time), place + 1) for place, time in enumerate(grid.downbeats)]
    by_score = [(0.5, 3), *((time, number + 3) for time, number in counted)]
    pictures = []
    for name, bars in (("a", ()), ("b", counted), ("c", by_score)):
        draw_beats(lasting(29.0), grid, tmp_path / f"{name}.png", bars=bars)
        pictures.append(cv2.imread(str(tmp_path / f"{name}.png")))
    plain, same, later = (picture[50:90] for picture in pictures)
    np.testing.assert_array_equal(plain, same)
    assert (plain != later).any(axis=(0, 2)).sum() > 50
    assert (pictures[0][:50] != pictures[1][:50]).any()


def test_where_music_and_score_part_ways_is_yellow(tmp_path):
    parted = (Parted(10.0, 20.0, "applause"),)
    for name, stretches in (("with", parted), ("without", ())):
        draw_beats(lasting(29.0), BeatGrid.empty(), tmp_path / f"{name}.png", parted=stretches)
    with_it, without = (cv2.imread(str(tmp_path / f"{n}.png"))[70] for n in ("with", "without"))
    changed = np.flatnonzero((with_it != without).any(axis=1)) / 1600
    seconds = (changed - LEFT) / (RIGHT - LEFT) * 29.0
    np.testing.assert_allclose((seconds.min(), seconds.max()), (10.0, 20.0), atol=0.05)
    assert with_it[800].tolist() == [0xA1, 0xE3, 0xF6]


def test_a_long_piece_has_longer_rows_not_more_of_them(tmp_path):
    draw_beats(lasting(2700.0), grid_of(2700.0), tmp_path / "a.png")
    height, _, _ = cv2.imread(str(tmp_path / "a.png")).shape
    assert height == 55 + 175 * 23


@pytest.mark.parametrize("count", [0, 1, 2])
def test_music_with_hardly_a_beat_is_drawn(tmp_path, count):
    grid = grid_of(9.0)
    few = grid.selected(np.arange(len(grid)) < count)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_beats(lasting(9.0), few, tmp_path / "a.png", start=3600.0)
    assert cv2.imread(str(tmp_path / "a.png")).shape == (230, 1600, 3)


def test_one_line_tells_tempo_meters_bars_and_confidence():
    four, three = grid_of(9.5, 120.0, 4), grid_of(10.0, 60.0, 3).shifted(8.5)
    both = BeatGrid(
        np.r_[four.times, three.times],
        np.r_[four.numbers, three.numbers],
        np.r_[four.beats_in_bar, three.beats_in_bar],
        four.meters + three.meters,
        np.r_[four.confidence, three.confidence],
    )
    assert beat_summary(both) == (
        "25 beats: 120 beats a minute (60 to 120), 4 bars of 4/4 in 4, 3 bars of 3/4 in 3, "
        "confidence 0.50."
    )
    assert beat_summary(BeatGrid.empty()) == "No beats."
    one = grid_of(2.0, 60.0, 3)
    assert beat_summary(one) == "1 beat: 1 bar of 3/4 in 3, confidence 0.50."
