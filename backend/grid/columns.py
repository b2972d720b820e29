"""The columns of beats: when they are, and which of which bar."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array


@dataclass(frozen=True)
class BeatColumns:
    """Conducted beats, a row for each.

    Parameters
    ----------
    times : (B,) array
        Beat times in seconds from the start of the music, strictly rising, finite.
    numbers : (B,) int array
        Number of each beat in its bar, 1 = downbeat. A pickup starts above 1.
    beats_in_bar : (B,) int array
        How many beats are conducted in the bar this beat belongs to (6/8 may be conducted in 2
        or in 6), 1 to 24.
    meters : tuple of str, length B
        The written meter of the bar, "4/4", or with its groups of beats, "2+3/8".
    confidence : (B,) array
        How sure the tracker is, in [0, 1]; 1 for score files and beats set by the user.
    """

    times: Array
    numbers: NDArray[np.int64]
    beats_in_bar: NDArray[np.int64]
    meters: tuple[str, ...]
    confidence: Array

    def __post_init__(self) -> None:
        count = len(self.times)
        parts = (self.numbers, self.beats_in_bar, self.meters, self.confidence)
        if any(len(part) != count for part in parts):
            raise ValueError("all columns of a beat grid have one row for each beat")
        if not np.isfinite(self.times).all() or (np.diff(self.times) <= 0).any():
            raise ValueError("beat times are finite and strictly rising")
        if count and ((self.numbers < 1) | (self.numbers > self.beats_in_bar)).any():
            raise ValueError("beat numbers lie within 1 and the beats in their bar")

    def __len__(self) -> int:
        return len(self.times)

    def selected(self, keep: NDArray[np.bool_]) -> Self:
        """The beats of a mask, (B,)."""
        index = np.flatnonzero(keep)
        return replace(
            self,
            times=self.times[index],
            numbers=self.numbers[index],
            beats_in_bar=self.beats_in_bar[index],
            meters=tuple(self.meters[i] for i in index),
            confidence=self.confidence[index],
        )
