"""What else the music could be conducted as: the likeliest other reading of its bars."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from backend.beats.bar_states import BARS, KIND
from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

Level = Literal["double", "half"]

# Beats of the reading in each beat of the other one, and what that is called.
_LEVELS: Final[dict[Fraction, Level | None]] = {
    Fraction(1): None,
    Fraction(2): "double",
    Fraction(1, 2): "half",
}


@dataclass(frozen=True)
class Rival:
    """The likeliest other reading of a piece, of those at the same level or of those at another.

    Parameters
    ----------
    level : "double", "half" or None
        Whether it has twice or half as many beats as the grid beside it; None if it has the same
        beats in other bars.
    beats_in_bar : int
        Conducted beats in most of its bars.
    tempo : float
        Its median tempo in conducted beats per minute.
    share : float
        Its probability, in [0, 1], over the piece; of another level that of all its bars together.
    """

    level: Level | None
    beats_in_bar: int
    tempo: float
    share: float


@dataclass(frozen=True)
class HeardBeats:
    """What was heard, and what it was most nearly taken for.

    Parameters
    ----------
    grid : BeatGrid
    rivals : tuple of Rival
        The likeliest first; at most one at the same level and one at each other one.
    sounds_like : str, optional
        The meter that it sounds like, where the user said one that is hardly to be heard.
    """

    grid: BeatGrid
    rivals: tuple[Rival, ...] = ()
    sounds_like: str | None = None


def find_rivals(shares: Array, path: NDArray[np.int64], tempo: float) -> tuple[Rival, ...]:
    """The likeliest readings of bars other than the one that was taken, the likeliest first.

    Parameters
    ----------
    shares : (P, len(BARS)) array
        Probability of each kind of bar at each pulse.
    path : (P,) int array
        The states that were taken.
    tempo : float
        Median tempo of the beats that were taken, per minute.
    """
    taken = BARS[int(np.bincount(KIND[path], minlength=len(BARS)).argmax())]
    readings: dict[Fraction, dict[int, float]] = {faster: {} for faster in _LEVELS}
    for bar, share in zip(BARS, shares.mean(axis=0).tolist(), strict=True):
        faster = taken.pulses_per_beat / bar.pulses_per_beat
        if bar != taken and faster in readings and share > 0.0:
            readings[faster][bar.beats] = share
    rivals = []
    for faster, bars in readings.items():
        if bars:
            beats, share = max(bars.items(), key=lambda one: one[1])
            together = share if faster == 1 else sum(bars.values())
            rivals.append(Rival(_LEVELS[faster], beats, tempo * float(faster), together))
    return tuple(sorted(rivals, key=lambda rival: -rival.share))
