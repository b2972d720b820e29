"""How near the beats and bars of an aligned score are to the true ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from backend.alignment.align import Aligned, align_score, open_score
from backend.audio.features import analyse_file
from backend.beats.hear import hear_beats
from backend.evaluation.alignment_cases import Case
from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

NEAR_S: Final = (0.07, 0.03)
"""Within which a beat is right, seconds."""

# Bars this near to a place where bars are left out are not counted, in bars.
_SEAM_BARS: Final = 1.5


@dataclass(frozen=True)
class Agreement:
    """How well a grid agrees with the true one.

    Parameters
    ----------
    near : tuple of float
        Share of the true beats that have one of the grid within each of `NEAR_S`.
    extra : float
        Share of the grid's beats that have no true one within the first of `NEAR_S`.
    bars : float
        Share of the bars, but for those at seams, that begin with a downbeat in as many beats.
    late_s : float
        Median of how late the beats are.
    """

    near: tuple[float, ...]
    extra: float
    bars: float
    late_s: float


@dataclass(frozen=True)
class Row:
    """A case and how it came out."""

    case: Case
    agreement: Agreement
    aligned: Aligned

    @property
    def heard_s(self) -> float:
        """Seconds in which the score was not followed, and the beats are heard ones."""
        return sum(it.end - it.start for it in self.aligned.parted)


def evaluate_alignment(cases: Iterable[Case], told: Callable[[Row], None]) -> list[Row]:
    """Align the score of each case; `told` hears of each."""
    rows = []
    for case in cases:
        aligned = align_case(case.score, case.music)
        rows.append(Row(case, agreement(aligned.grid, case.grid, case.seams), aligned))
        told(rows[-1])
    return rows


def align_case(score: Path, music: Path) -> Aligned:
    """As the command does it if nothing is said."""
    opened = open_score(score)
    analysis = analyse_file(music)
    return align_score(
        opened,
        music,
        analysis,
        hear=lambda progress: hear_beats(analysis, progress=progress).grid,
    )


def agreement(grid: BeatGrid, truth: BeatGrid, seams: tuple[float, ...] = ()) -> Agreement:
    """Compare a grid with the true one.

    Parameters
    ----------
    grid, truth : BeatGrid
    seams : tuple of float
        Seconds at which bars of the score were left out.
    """
    if not len(grid):
        return Agreement(tuple(0.0 for _ in NEAR_S), 0.0, 0.0, 0.0)
    away = _away(truth.times, grid.times)
    near = tuple(float(np.mean(np.abs(away) <= width)) for width in NEAR_S)
    extra = float(np.mean(np.abs(_away(grid.times, truth.times)) > NEAR_S[0]))
    beat = np.diff(truth.times, append=2.0 * truth.times[-1] - truth.times[-2])
    first = np.flatnonzero(truth.numbers == 1)
    bar = beat[first] * truth.beats_in_bar[first]
    for seam in seams:
        clear = np.abs(truth.times[first] - seam) > _SEAM_BARS * bar
        first, bar = first[clear], bar[clear]
    partner = np.abs(grid.times[None] - truth.times[first, None]).argmin(axis=1)
    right = (
        (grid.numbers[partner] == 1)
        & (grid.beats_in_bar[partner] == truth.beats_in_bar[first])
        & (np.abs(away[first]) < 0.5 * beat[first])
    )
    bars = float(right.mean()) if len(right) else 1.0
    return Agreement(near, extra, bars, float(np.median(away)))


def _away(times: Array, others: Array) -> Array:
    """How much later than each time the nearest of the others is, seconds."""
    after = np.clip(np.searchsorted(others, times), 1, max(len(others) - 1, 1))
    after = np.minimum(after, len(others) - 1)
    nearer = np.abs(others[after] - times) < np.abs(others[after - 1] - times)
    return np.where(nearer, others[after], others[after - 1]) - times
