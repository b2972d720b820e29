"""The tempo in which a recording plays a score: it decides how many beats are conducted."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import scipy.ndimage

from backend.alignment.piece import Piece
from backend.score.movement import Movement
from backend.score.played_bars import TempoMap
from retarget.rotation import Array

# Where so many bars in a row are off the tempo of their mark by this factor, taken over some bars,
# there is a tempo that nobody marked.
_UNMARKED_BARS: Final = 8
_UNMARKED: Final = 1.5
_AROUND: Final = 9
# Where a mark is kept within this factor it is the mark that decides: a score in four at 132 is
# beaten in four by one who plays it at 140.
_KEPT: Final = 1.15


def played_tempo(movement: Movement, pieces: Sequence[Piece]) -> TempoMap:
    """The tempo along the written score by which its beats are chosen, steady from mark to mark.

    It is that of the marks where they are nearly kept, and elsewhere the played one.

    Parameters
    ----------
    movement : Movement
        The whole score.
    pieces : sequence of Piece
        At least one.
    """
    return tempo_of_bars(movement, [(it.movement, it.seconds(it.movement.starts)) for it in pieces])


def tempo_of_bars(movement: Movement, played: Sequence[tuple[Movement, Array]]) -> TempoMap:
    """As `played_tempo`, from when bars are played.

    Parameters
    ----------
    movement : Movement
        The whole score.
    played : sequence of (Movement, (K + 1,) array)
        Bars of it that are played one after the other, at least one, and the seconds of their bar
        lines.
    """
    starts, ratios = _bar_tempi(played)
    tempo = movement.tempo
    mark = np.maximum(np.searchsorted(tempo.starts, starts + 1e-9, side="right") - 1, 0)
    whole = float(np.median(ratios))
    factors = np.full(len(tempo.bpm), whole)
    changes = {}
    for m in np.unique(mark):
        own = np.flatnonzero(mark == m)
        factors[m] = np.median(ratios[own])
        for first, stop in _unmarked(ratios[own] / factors[m]):
            inside = own[first:stop]
            changes[float(starts[inside].min())] = float(np.median(ratios[inside]))
            if stop < len(own):
                changes.setdefault(float(starts[own[stop]]), float(factors[m]))
    factors[np.abs(np.log(factors)) < np.log(_KEPT)] = 1.0
    marks = dict(zip(tempo.starts.tolist(), (tempo.bpm * factors).tolist(), strict=True))
    for start, ratio in changes.items():
        written = tempo.bpm[np.searchsorted(tempo.starts, start + 1e-9, side="right") - 1]
        marks[start] = float(written * ratio)
    at = sorted(marks)
    return TempoMap(np.array(at), np.array([marks[place] for place in at]))


def _bar_tempi(played: Sequence[tuple[Movement, Array]]) -> tuple[Array, Array]:
    """Where the played bars are written, and their tempo as a multiple of the written one."""
    starts, ratios = [], []
    for bars, lines in played:
        qpm = 60.0 * np.diff(bars.starts) / np.maximum(np.diff(lines), 1e-3)
        # The last bar rings out.
        keep = slice(None, -1 if len(qpm) > 2 else None)
        starts.append(np.array([float(bar.start) for bar in bars.bars])[keep])
        ratios.append((qpm / bars.written_qpm(bars.starts[:-1]))[keep])
    return np.concatenate(starts), np.concatenate(ratios)


def _unmarked(ratios: Array) -> list[tuple[int, int]]:
    """Stretches of bars that are at another tempo than the others."""
    if len(ratios) < 2 * _UNMARKED_BARS:
        return []
    smooth = scipy.ndimage.median_filter(np.log(ratios), size=_AROUND, mode="nearest")
    off = np.where(np.abs(smooth) > np.log(_UNMARKED), np.sign(smooth), 0.0)
    edges = np.flatnonzero(np.r_[True, np.diff(off) != 0.0, True])
    return [(int(a), int(b)) for a, b in pairwise(edges) if off[a] and b - a >= _UNMARKED_BARS]
