"""A picture of beats: the onsets they stand on, bars, tempo and confidence, in rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import NDArray
from scipy.ndimage import median_filter

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
# Text is smaller beyond so many letters. Points between the words of the legend.
_LETTERS: Final = 88
_APART: Final = 14
# Across a beat that is longer than so many around it there is no tempo: it is held, or a pause.
_HELD: Final = 2.5
_AROUND: Final = 9
# The tempo's axis holds all from one percentile to another; what lies beyond is drawn at its edge,
# this share of the axis inside.
_SHOWN: Final = (1, 99)
_EDGE: Final = 0.03
_ONSET, _DOWNBEAT, _BEAT = "#7a8791", "#b3261e", "#d98b84"
_TEMPO, _CONFIDENCE, _PARTED = "#1f4e8c", "#bfe0c4", "#f6e3a1"


def draw_beats(
    analysis: Analysis,
    grid: BeatGrid,
    out: Path,
    *,
    start: float = 0.0,
    parted: Sequence[Parted] = (),
    bars: Sequence[tuple[float, int]] = (),
) -> None:
    """Draw the onsets of a stretch with its beats, and below them tempo and confidence.

    Downbeats are long lines with the number of the bar; where the meter changes it is written. The
    picture says whether bars are numbered as in a score or counted from its first one.

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
    bars : sequence of (float, int)
        When bars of a score begin, seconds, and their numbers.

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
    said = beat_summary(grid)
    letters = 12 if len(said) <= _LETTERS else 9
    figure.text(0.05, 1.0 - 0.22 / height, said, fontsize=letters, va="center")
    _legend(figure, height, by_score=bool(bars))
    numbers = _bar_numbers(grid, bars)
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
        _draw_beats(upper, grid, numbers, inside, row_s, start)
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


def _legend(figure: Figure, height: float, *, by_score: bool) -> None:
    words = (
        ("onsets", _ONSET),
        ("beats", _BEAT),
        (
            f"bars, {'numbered as in the score' if by_score else 'counted from the first'}",
            _DOWNBEAT,
        ),
        ("tempo", _TEMPO),
        ("confidence", "#5d9c68"),
    )
    parts: list[Artist] = [
        TextArea(word, textprops={"color": colour, "fontsize": 10, "weight": "bold"})
        for word, colour in words
    ]
    figure.add_artist(
        AnchoredOffsetbox(
            "center right",
            child=HPacker(children=parts, sep=_APART),
            frameon=False,
            bbox_to_anchor=(0.955, 1.0 - 0.22 / height),
            bbox_transform=figure.transFigure,
            borderpad=0.0,
            pad=0.0,
        )
    )


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
    axis: Axes,
    grid: BeatGrid,
    bars: NDArray[np.int64],
    inside: NDArray[np.bool_],
    row_s: float,
    start: float,
) -> None:
    ones = grid.numbers == 1
    axis.vlines(start + grid.times[inside & ~ones], 0.0, 0.8, color=_BEAT, lw=0.9)
    axis.vlines(start + grid.times[inside & ones], 0.0, 1.0, color=_DOWNBEAT, lw=1.3)
    room, free, downbeats = row_s * _NUMBER_EVERY, -np.inf, np.flatnonzero(ones)
    usual = float(np.percentile(np.diff(grid.downbeats), 10)) if len(grid.downbeats) > 1 else row_s
    every = next((one for one in _COUNTED if one * usual >= room), _COUNTED[-1])
    for i in np.flatnonzero(inside & ones):
        changes = i == downbeats[0] or _kind(grid, i) != _kind(grid, i - 1)
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
    axis.fill_between(times, low, sure, step="post", color=_CONFIDENCE, lw=0)
    edge = _EDGE * (high - low)
    inside = np.clip(tempi[near], low + edge, high - edge)
    axis.plot(times, inside, color=_TEMPO, lw=1.2, drawstyle="steps-post")
    axis.set_ylim(low, high)
    axis.yaxis.set_major_locator(MaxNLocator(3))
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


def _bar_numbers(grid: BeatGrid, bars: Sequence[tuple[float, int]]) -> NDArray[np.int64]:
    """The number of each beat's bar, (B,); of a score the one that begins nearest to a downbeat."""
    if not bars:
        return np.cumsum(grid.numbers == 1)
    begins, numbers = np.array([begin for begin, _ in bars]), np.array([one for _, one in bars])
    after = np.searchsorted(0.5 * (begins[1:] + begins[:-1]), grid.times)
    return np.asarray(numbers[after], np.int64)


def _tempi(grid: BeatGrid) -> Array:
    """Tempo from each beat to the next, (B,); of the last one that before; NaN in a pause."""
    if len(grid) < 2:
        return np.full(len(grid), np.nan)
    gaps = np.diff(grid.times)
    usual = median_filter(gaps, size=_AROUND, mode="nearest")
    tempi = np.where(gaps > _HELD * usual, np.nan, 60.0 / gaps)
    return np.r_[tempi, tempi[-1]]


def _limits(tempi: Array) -> tuple[float, float]:
    """Limits of the tempo's axis, a minute, between which all but the most extreme tempi lie."""
    if not np.isfinite(tempi).any():
        return 0.0, 100.0
    low, high = np.nanpercentile(tempi, _SHOWN).tolist()
    room = max(0.15 * (high - low), 0.1 * high)
    return max(low - room, 0.0), high + room


def _tick(row_s: float) -> float:
    return next((one for one in _TICKS_S if row_s <= one * _MOST_TICKS), row_s)


def _clock(seconds: float, _place: int | None = None) -> str:
    """Seconds as 1:05."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _kind(grid: BeatGrid, place: int) -> tuple[str, int]:
    return grid.meters[place], int(grid.beats_in_bar[place])
