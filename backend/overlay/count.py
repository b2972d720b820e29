"""Which beat of which bar it is, frame by frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retarget.rotation import Array

# Rounding of times that are meant to fall on a frame.
_SAME_TIME_S = 1e-6

COUNT_IN: Final = -1
"""The bar of beats that are counted before the first one."""


@dataclass(frozen=True)
class Count:
    """The beats of a video.

    Parameters
    ----------
    times : (B,) array
        Seconds after the first frame, rising; may be below 0.
    numbers : (B,) int array
        Number in the bar, 1 = downbeat.
    bars : (B,) int array
        Bar, counted from the first downbeat; 0 for an upbeat before it, `COUNT_IN` before that.
    meters : (B,) int array
        How many beats the bar has.
    """

    times: Array
    numbers: NDArray[np.int64]
    bars: NDArray[np.int64]
    meters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def at(self, second: float, fps: float) -> int:
        """The last beat that the frame at this time shows, −1 before the first.

        A beat belongs to the frame that is nearest to it.
        """
        reached = second + 0.5 / fps + _SAME_TIME_S
        return int(np.searchsorted(self.times, reached, side="right")) - 1

    @property
    def interval(self) -> float:
        """Usual time from beat to beat, seconds; 0.5 where there are no two."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.5


def count_beats(beats: ArrayLike) -> Count:
    """Bars of rows (B, 2): seconds, and number in the bar.

    An incomplete bar at either end has as many beats as its neighbour.
    """
    rows = np.asarray(beats, dtype=np.float64).reshape(-1, 2)
    numbers = rows[:, 1].astype(np.int64)
    bars = np.cumsum(numbers == 1)
    meters = np.zeros(int(bars.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(meters, bars, numbers)
    if len(meters) > 1:
        # What comes before the first downbeat, and after the last, may be cut short.
        meters[0] = max(meters[0], meters[1])
    if len(meters) > 2:
        meters[-1] = max(meters[-1], meters[-2])
    return Count(rows[:, 0], numbers, bars, meters[bars])


def with_count_in(count: Count) -> Count:
    """Up to a bar more of beats before the first one, at its pace.

    One that the video shows for less than half of its time is left out, and all before it.
    """
    if not len(count):
        return count
    first = int(count.numbers[0])
    meter = int(count.meters[0])
    step = float(count.times[1] - count.times[0]) if len(count) > 1 else count.interval
    before = np.arange(first - 1 if first > 1 else meter, 0, -1)
    times = count.times[0] - before * step
    seen = times >= -0.5 * step
    numbers = (first - 1 - before[seen]) % meter + 1
    bars, meters = (np.full(len(numbers), value) for value in (COUNT_IN, meter))
    return Count(
        np.concatenate([times[seen], count.times]),
        np.concatenate([numbers, count.numbers]),
        np.concatenate([bars, count.bars]),
        np.concatenate([meters, count.meters]),
    )
