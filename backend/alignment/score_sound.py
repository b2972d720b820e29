"""What a score would sound like: chroma along its nominal time, and its onsets."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.score.instruments import DRUM_KIT, RHYTHM
from backend.score.movement import Movement
from retarget.rotation import Array

# What the overtones of a note add to other pitch classes: fifth and third.
_OVERTONES: Final = {0: 1.0, 7: 0.25, 4: 0.08}
_MEAN_VELOCITY: Final = 71.0
# Instruments without a pitch.
_UNPITCHED: Final = frozenset({DRUM_KIT, RHYTHM})


@dataclass(frozen=True)
class NominalTime:
    """Seconds along a movement at its written tempo, bar by bar.

    Parameters
    ----------
    quarters, seconds : (K + 1,) arrays
        Bar lines.
    """

    quarters: Array
    seconds: Array

    @classmethod
    def of(cls, movement: Movement) -> "NominalTime":
        """The movement's own."""
        steps = np.diff(movement.starts) * 60.0 / movement.written_qpm(movement.starts[:-1])
        return cls(movement.starts, np.r_[0.0, np.cumsum(steps)])

    def at(self, quarters: Array) -> Array:
        """Seconds at places of the movement."""
        return np.interp(quarters, self.quarters, self.seconds)

    def place(self, seconds: Array) -> Array:
        """Places, quarter notes, at nominal times."""
        return np.interp(seconds, self.seconds, self.quarters)


def pitched(movement: Movement) -> NDArray[np.bool_]:
    """Which notes have a pitch, (N,)."""
    drums = np.array([it.kind in _UNPITCHED for it in movement.instruments])
    return ~drums[movement.notes.part]


def score_chroma(movement: Movement, times: Array, step: float, count: int) -> NDArray[np.float32]:
    """How strongly each pitch class is written to sound in each of `count` steps, (count, 12).

    Parameters
    ----------
    movement : Movement
    times : (2, N) array
        When each note begins and ends, in the unit of `step`, from 0.
    step : float
        Length of a step.
    """
    keep = pitched(movement)
    begin, end = times[:, keep] / step
    end = np.maximum(end, begin + 0.5)
    weight = np.sqrt(movement.notes.velocity[keep] / _MEAN_VELOCITY)
    # Differences of the amount that sounds, shared by the two steps a border lies between.
    change = np.zeros((12, count + 2))
    pitch = movement.notes.pitch[keep]
    for interval, share in _OVERTONES.items():
        row = (pitch + interval) % 12
        for at, sign in ((begin, 1.0), (end, -1.0)):
            at = np.clip(at, 0.0, count)
            whole = at.astype(np.int64)
            late = at - whole
            np.add.at(change, (row, whole), sign * share * weight * (1.0 - late))
            np.add.at(change, (row, whole + 1), sign * share * weight * late)
    return np.asarray(np.cumsum(change, axis=1)[:, :count].T, np.float32).clip(0.0)


def unit_chroma(chroma: NDArray, width: int) -> NDArray[np.float32]:
    """Smoothed over `width` steps, without what all pitch classes have, of length 1; or 0.

    The product of two is their correlation.
    """
    smooth = np.asarray(chroma, np.float32)
    if width > 1:
        padded = np.pad(smooth, ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
        total = np.r_[np.zeros((1, 12)), np.cumsum(padded, axis=0, dtype=np.float64)]
        smooth = ((total[width:] - total[:-width]) / width).astype(np.float32)
    smooth = smooth - smooth.mean(axis=1, keepdims=True)
    length = np.linalg.norm(smooth, axis=1, keepdims=True)
    return np.where(length > 1e-3, smooth / np.maximum(length, 1e-3), 0.0).astype(np.float32)
