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
    """The likeliest other reading of a piece.

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
        Its probability, in [0, 1], over the piece.
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
    rival : Rival, optional
        None where no other reading is possible, as in silence.
    """

    grid: BeatGrid
    rival: Rival | None


def find_rival(shares: Array, path: NDArray[np.int64], tempo: float) -> Rival | None:
    """The likeliest reading of bars other than the one that was taken.

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
    mean = shares.mean(axis=0)
    readings: dict[tuple[Fraction, int], float] = {}
    for bar, share in zip(BARS, mean.tolist(), strict=True):
        faster = taken.pulses_per_beat / bar.pulses_per_beat
        if bar != taken and faster in _LEVELS:
            readings[faster, bar.beats] = share
    if not readings or max(readings.values()) <= 0.0:
        return None
    faster, beats = max(readings, key=lambda reading: readings[reading])
    return Rival(_LEVELS[faster], beats, tempo * float(faster), readings[faster, beats])
