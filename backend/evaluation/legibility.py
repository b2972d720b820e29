"""Can the bar be read from the beating hand? Beats and downbeats decoded from the wrist alone.

What a player at the back desk goes by: every low point is a beat; the downbeat is the straight
stroke down from the highest rebound to the lowest ictus (Green, The Modern Conductor, 7th ed.).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.signal import find_peaks

from retarget.rotation import Array

PROMINENCE_M: Final = 0.006
"""Smaller dips are not seen as beats, metres."""

# A stroke is compared with the deepest of so many before it and after it: a downbeat reaches most
# of their mean, in a crescendo as in a diminuendo, and nothing else does.
_NEIGHBOURS: Final = 6
_DEEP: Final = 0.6
# What a stroke loses of that by going aside as far as down.
_SLANT_COST: Final = 1.1


@dataclass(frozen=True)
class Reading:
    """Beats as they are seen.

    Parameters
    ----------
    times : (L,) array
        Low points of the wrist, seconds.
    downbeat : (L,) bool array
        Which of them start a bar.
    """

    times: Array
    downbeat: NDArray[np.bool_]


def read_bars(wrist: ArrayLike, fps: float) -> Reading:
    """Decode beats and downbeats from a beating wrist.

    Parameters
    ----------
    wrist : (T, 3) array
        Path of the wrist, metres, z up, x sideways.
    fps : float
        Frames per second.

    Returns
    -------
    Reading
        In time order; empty if the hand does not beat.
    """
    path = np.asarray(wrist, dtype=np.float64)
    lows = find_peaks(-path[:, 2], prominence=PROMINENCE_M)[0]
    if len(lows) == 0:
        return Reading(np.zeros(0), np.zeros(0, dtype=bool))
    tops = _tops(path[:, 2], lows)
    fall = np.maximum(path[tops, 2] - path[lows, 2], 1e-6)
    slant = np.abs(path[tops, 0] - path[lows, 0]) / fall
    padded = np.pad(fall, _NEIGHBOURS, mode="edge")
    deepest = sliding_window_view(padded, _NEIGHBOURS).max(axis=1)
    before, after = deepest[: len(lows)], deepest[_NEIGHBOURS + 1 :]
    share = fall / (0.5 * (before + after))
    return Reading(lows / fps, share - _SLANT_COST * slant >= _DEEP)


def bars_read(
    reading: Reading, times: ArrayLike, numbers: ArrayLike, tolerance: float = 0.07
) -> float:
    """Share of the conducted bars that are seen with the right number of beats.

    Parameters
    ----------
    reading : Reading
        What was decoded.
    times, numbers : (B,) arrays
        When each beat was meant to click, seconds, and its number in the bar. What follows the
        last downbeat is not counted: nothing shows where that bar ends.
    tolerance : float
        How far a downbeat may be off, seconds.

    Returns
    -------
    float
        In [0, 1]; 1 if there is no whole bar.
    """
    times, numbers = np.asarray(times, dtype=np.float64), np.asarray(numbers)
    starts = np.flatnonzero(numbers == 1)
    if len(starts) < 2:
        return 1.0
    seen = np.flatnonzero(reading.downbeat)
    if len(seen) < 2:
        return 0.0
    seen_times = reading.times[seen]
    nearest = np.abs(times[starts][:, None] - seen_times[None]).argmin(axis=1)
    hit = np.abs(seen_times[nearest] - times[starts]) <= tolerance
    right = hit[:-1] & hit[1:] & (np.diff(nearest) == 1)
    right &= np.diff(seen[nearest]) == np.diff(starts)
    return float(right.mean())


def _tops(z: Array, lows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Frame of the highest point between each low point and the one before, (L,)."""
    edges = np.r_[0, lows]
    return np.array([a + int(np.argmax(z[a : b + 1])) for a, b in zip(edges, lows, strict=False)])
