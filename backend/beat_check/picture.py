"""A picture of beats: the onsets they stand on, bars, tempo and confidence, in rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from backend.alignment.align import Parted
from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from backend.beat_check.summary import beat_summary
from backend.grid.beat_grid import BeatGrid
from retarget.atomic import atomic_path
from retarget.rotation import Array

# Seconds in a row: the first with which the picture has at most so many rows.
_ROWS_S: Final = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_MOST_ROWS: Final = 36
_SHORTEST_S: Final = 4.0
# Inches, and pixels in one.
_WIDTH, _ROW, _HEAD, _DPI = 16.0, 1.75, 0.55, 100
# Points of a curve in a row; how far apart bar numbers stand, in shares of a row, and which bars
# have one.
_POINTS: Final = 1500
_NUMBER_EVERY: Final = 0.022
_COUNTED: Final = (1, 2, 5, 10, 20, 50, 100)
_TICKS_S: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)
_MOST_TICKS: Final = 15
_ONSET, _DOWNBEAT, _BEAT = "#7a8791", "#b3261e", "#d98b84"
_TEMPO, _CONFIDENCE, _PARTED = "#1f4e8c", "#bfe0c4", "#f6e3a1"


def draw_beats(
    analysis: Analysis,
    grid: BeatGrid,
    out: Path,
    *,
    start: float = 0.0,
    parted: Sequence[Parted] = (),
) -> None:
    """Draw the onsets of a stretch with its beats, and below them tempo and confidence.

    Downbeats are long lines with the number of the bar; where the meter changes it is written.

    Parameters
    ----------
    analysis : Analysis
        The stretch.
    grid : BeatGrid
        Time 0 is the start of the stretch.
    out : Path
        A .png file.
    start : float
        Second of the music at which the stretch begins.
    parted : sequence of Parted
        Where music and score part ways; drawn yellow.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    end = max(analysis.duration, _SHORTEST_S)
    row_s = next((one for one in _ROWS_S if end <= one * _MOST_ROWS), end / _MOST_ROWS)
    row_s = min(row_s, end)
    count = int(np.ceil(end / row_s - 1e-9))
    height = _HEAD + _ROW * count
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
    figure.text(0.05, 1.0 - 0.22 / height, beat_summary(grid), fontsize=12, va="center")
    _legend(figure, height)
    loudest = float(np.percentile(analysis.onset, 99.5)) if len(analysis.onset) else 0.0
    tempi = _tempi(grid)
    limits = _limits(tempi)
    for row in range(count):
        first = row * row_s
        top = 1.0 - (_HEAD + _ROW * row) / height
        upper, lower = (
            figure.add_axes((0.05, top - low / height, 0.905, high / height))
            for low, high in ((0.98, 0.86), (1.42, 0.42))
        )
        for one in parted:
            if one.start < first + row_s and one.end > first:
                upper.axvspan(start + one.start, start + one.end, color=_PARTED, lw=0)
        inside = (grid.times >= first) & (grid.times < first + row_s)
        _draw_onsets(upper, analysis, first, row_s, start, max(loudest, 1e-9))
        _draw_beats(upper, grid, inside, row_s, start)
        _draw_tempo(lower, grid, tempi, (first, first + row_s), start, limits)
        for axis in (upper, lower):
            axis.set_xlim(start + first, start + first + row_s)
            axis.xaxis.set_major_locator(MultipleLocator(_tick(row_s)))
            axis.xaxis.set_major_formatter(FuncFormatter(_clock))
            axis.tick_params(labelsize=8, length=2)
            for side in ("top", "right"):
                axis.spines[side].set_visible(False)
        upper.tick_params(labelbottom=False)
    with atomic_path(out) as temporary:
        figure.savefig(temporary, format="png")


def _legend(figure: Figure, height: float) -> None:
    words = (
        ("onsets", _ONSET),
        ("beats", _BEAT),
        ("bars", _DOWNBEAT),
        ("tempo", _TEMPO),
        ("confidence", "#5d9c68"),
    )
    at = 1.0 - 0.22 / height
    for place, (word, colour) in enumerate(words):
        x = 0.67 + 0.055 * place
        figure.text(x, at, word, color=colour, fontsize=10, va="center", weight="bold")


def _draw_onsets(
    axis: Axes, analysis: Analysis, first: float, row_s: float, start: float, loudest: float
) -> None:
    a, b = (round(at * FEATURE_RATE) for at in (first, first + row_s))
    curve = np.minimum(analysis.onset[a:b] / loudest, 1.0)
    step = max(-(-round(row_s * FEATURE_RATE) // _POINTS), 1)
    curve = np.pad(curve, (0, -len(curve) % step)).reshape(-1, step).max(axis=1)
    times = start + first + np.arange(len(curve)) * step / FEATURE_RATE
    axis.fill_between(times, 0.0, curve, color=_ONSET, lw=0)
    axis.set_ylim(0.0, 1.2)
    axis.set_yticks([])
    axis.set_ylabel("onsets", fontsize=8)


def _draw_beats(
    axis: Axes, grid: BeatGrid, inside: NDArray[np.bool_], row_s: float, start: float
) -> None:
    ones = grid.numbers == 1
    bars = np.cumsum(ones)
    axis.vlines(start + grid.times[inside & ~ones], 0.0, 0.8, color=_BEAT, lw=0.9)
    axis.vlines(start + grid.times[inside & ones], 0.0, 1.0, color=_DOWNBEAT, lw=1.3)
    room, free = row_s * _NUMBER_EVERY, -np.inf
    usual = float(np.percentile(np.diff(grid.downbeats), 10)) if len(grid.downbeats) > 1 else row_s
    every = next((one for one in _COUNTED if one * usual >= room), _COUNTED[-1])
    for i in np.flatnonzero(inside & ones):
        changes = bars[i] == 1 or _kind(grid, i) != _kind(grid, i - 1)
        if not changes and (bars[i] % every or grid.times[i] < free):
            continue
        text = f"{bars[i]}  {grid.meters[i]} in {grid.beats_in_bar[i]}" if changes else bars[i]
        axis.text(start + grid.times[i], 1.04, text, fontsize=8, color=_DOWNBEAT)
        free = grid.times[i] + room * (4.0 if changes else 1.0)


def _draw_tempo(
    axis: Axes,
    grid: BeatGrid,
    tempi: Array,
    span: tuple[float, float],
    start: float,
    limits: tuple[float, float],
) -> None:
    low, high = limits
    near = np.flatnonzero((grid.times >= span[0] - 10.0) & (grid.times < span[1] + 10.0))
    times = start + grid.times[near]
    sure = low + grid.confidence[near] * (high - low)
    axis.fill_between(times, low, sure, color=_CONFIDENCE, lw=0)
    axis.plot(times[: len(tempi[near])], tempi[near][: len(times)], color=_TEMPO, lw=1.2)
    axis.set_ylim(low, high)
    axis.set_ylabel("beats/min", fontsize=8)
    right = axis.secondary_yaxis("right", functions=_shares(low, high))
    right.set_yticks([0.0, 0.5, 1.0])
    right.tick_params(labelsize=7, length=2, colors="#5d9c68")


def _shares(low: float, high: float) -> Any:
    """From the tempo's axis to that of the confidence, and back."""
    return (
        lambda tempo: (np.asarray(tempo) - low) / (high - low),
        lambda share: low + np.asarray(share) * (high - low),
    )


def _tempi(grid: BeatGrid) -> Array:
    """Tempo from each beat to the next, (B,); of the last one that before."""
    if len(grid) < 2:
        return np.zeros(len(grid))
    gaps = np.diff(grid.times)
    return np.asarray(60.0 / np.r_[gaps, gaps[-1]])


def _limits(tempi: Array) -> tuple[float, float]:
    """Limits of the tempo's axis, a minute."""
    if not tempi.any():
        return 0.0, 100.0
    low, high = np.percentile(tempi, (2, 98))
    middle, half = 0.5 * (low + high), max(0.6 * (high - low), 0.15 * high, 5.0)
    return max(float(middle - half), 0.0), float(middle + half)


def _tick(row_s: float) -> float:
    return next((one for one in _TICKS_S if row_s <= one * _MOST_TICKS), row_s)


def _clock(seconds: float, _place: int | None = None) -> str:
    """Seconds as 1:05."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _kind(grid: BeatGrid, place: int) -> tuple[str, int]:
    return grid.meters[place], int(grid.beats_in_bar[place])
