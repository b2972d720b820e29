"""How often each movement is to be played, so that works, beats in a bar and tempi are balanced."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.corpus.plan import work_of
from backend.corpus.survey import Surveyed
from backend.grid.conducted import conducting_limits
from retarget.rotation import Array

# A work counts by the root of its length, as far as it is no longer than this.
_LONGEST_WORK_S: Final = 1500.0
_MOST_OF_A_WORK: Final = 0.015
# No movement is played more or less often than its length asks by more than this factor.
_MOST_FAVOURED: Final = 5.0
# Steps to an octave in which tempi are spread evenly.
_STEPS: Final = 3
# Shares of the conducted beats in a bar; all others together have the last one's.
_BEATS: Final = {1: 0.08, 2: 0.23, 3: 0.25, 4: 0.26, 6: 0.1}
_OTHER_BEATS: Final = 0.08
_ROUNDS: Final = 30


def balanced(movements: Sequence[Surveyed]) -> Array:
    """Shares of the clips, (M,), sum 1.

    Works begin alike up to the root of their length; then rows are weighted until folders, beats in
    a bar and tempi have their shares (raking: Deming & Stephan, Annals of Mathematical Statistics
    1940), as far as no work gets too much and none is favoured or slighted too far. Movements
    without any tempo mark are left out where there are others: how fast they go is not known.
    """
    start = _by_length(movements)
    margins = [_folders(movements, start), _beats(movements), _tempi(movements)]
    weights = start.copy()
    works = np.unique([work_of(m.score) for m in movements], return_inverse=True)[1]
    most = max(_MOST_OF_A_WORK, 2.0 / len(np.unique(works)))
    for _ in range(_ROUNDS):
        for group, shares in margins:
            now = np.bincount(group, weights=weights, minlength=len(shares))
            wanted = shares * (now > 0)
            factor = wanted / wanted.sum() / np.maximum(now, 1e-12)
            weights = weights * np.sqrt(factor)[group]
        favour = weights / np.maximum(start, 1e-12)
        weights = start * np.clip(favour, 1.0 / _MOST_FAVOURED, _MOST_FAVOURED)
        weights /= weights.sum()
        of_work = np.bincount(works, weights=weights)
        weights *= np.minimum(most / np.maximum(of_work, 1e-12), 1.0)[works]
        weights /= weights.sum()
    return weights


def _by_length(movements: Sequence[Surveyed]) -> Array:
    works = np.unique([work_of(m.score) for m in movements], return_inverse=True)[1]
    root = np.sqrt([m.seconds for m in movements])
    long = np.bincount(works, weights=[m.seconds for m in movements])
    of_work = np.sqrt(np.minimum(long, _LONGEST_WORK_S))
    weights = root / np.bincount(works, weights=root)[works] * of_work[works]
    marked = np.array([m.marked for m in movements])
    if marked.any():
        weights = np.where(marked, weights, 0.0)
    return np.asarray(weights / weights.sum())


def _folders(movements: Sequence[Surveyed], start: Array) -> tuple[NDArray[np.int64], Array]:
    """The folder of each movement; folders share in proportion to the root of what they hold."""
    group = np.unique([str(m.score.parent) for m in movements], return_inverse=True)[1]
    return group, np.sqrt(np.bincount(group, weights=start))


def _beats(movements: Sequence[Surveyed]) -> tuple[NDArray[np.int64], Array]:
    order = list(_BEATS)
    group = [
        order.index(m.beats_in_bar) if m.beats_in_bar in order else len(order) for m in movements
    ]
    return np.array(group), np.array([*_BEATS.values(), _OTHER_BEATS])


def _tempi(movements: Sequence[Surveyed]) -> tuple[NDArray[np.int64], Array]:
    limits = conducting_limits()
    tempi = np.clip([m.tempo for m in movements], limits.slowest, limits.fastest)
    group = (np.log2(tempi / limits.slowest) * _STEPS).astype(np.int64)
    return group, np.ones(int(group.max()) + 1)
