"""A tempo curve: seconds along the places of a movement."""

from dataclasses import dataclass

import numpy as np

from retarget.rotation import Array

# Places at which a curve is told, quarter notes.
_STEP = 0.5
# A smooth curve that is off by more than the first, seconds, gives way to a narrower one, which it
# is where it is off by more than the second: at fermatas and new tempi.
_BENT_S = (0.10, 0.25)
_NARROWER = 0.25
_PACE_POINTS = 8


@dataclass(frozen=True)
class TempoCurve:
    """Seconds along the places of a movement.

    Parameters
    ----------
    quarters, seconds : (P,) arrays
        Rising, P > 1; straight lines between the points, and beyond them the pace they have there.
    """

    quarters: Array
    seconds: Array

    def at(self, quarters: Array) -> Array:
        """Seconds at places."""
        q, s = self.quarters, self.seconds
        n = min(len(q) - 1, _PACE_POINTS)
        before, after = (s[n] - s[0]) / (q[n] - q[0]), (s[-1] - s[-1 - n]) / (q[-1] - q[-1 - n])
        found = np.interp(quarters, q, s)
        found = np.where(quarters < q[0], s[0] + (quarters - q[0]) * before, found)
        return np.where(quarters > q[-1], s[-1] + (quarters - q[-1]) * after, found)

    @classmethod
    def through(cls, quarters: Array, seconds: Array, smooth_s: float) -> "TempoCurve":
        """A smooth curve through points, which need not rise strictly.

        Local straight lines (LOESS) over `smooth_s` seconds either way, and over fewer where the
        music stops or changes its tempo.
        """
        grid = np.arange(np.floor(quarters[0] / _STEP), np.ceil(quarters[-1] / _STEP) + 1) * _STEP
        if len(grid) < 2:
            grid = np.r_[grid, grid + _STEP]
        wide = _local_lines(quarters, seconds, grid, smooth_s)
        narrow = _local_lines(quarters, seconds, grid, _NARROWER * smooth_s)
        low, high = _BENT_S
        share = np.clip((np.abs(wide - narrow) - low) / (high - low), 0.0, 1.0)
        curve = wide + share * (narrow - wide)
        return cls(grid, np.maximum.accumulate(curve) + 1e-6 * np.arange(len(curve)))


def _local_lines(quarters: Array, seconds: Array, grid: Array, smooth_s: float) -> Array:
    rising = np.r_[True, np.diff(quarters) > 1e-9]
    centre = np.interp(grid, quarters[rising], seconds[rising])
    ones = np.ones(len(quarters))
    columns = np.c_[ones, seconds, quarters, seconds * quarters, quarters**2]
    sums = np.vstack([np.zeros(5), np.cumsum(columns, axis=0)])
    low = np.searchsorted(seconds, centre - smooth_s)
    high = np.searchsorted(seconds, centre + smooth_s, side="right")
    n, t, q, tq, qq = (sums[high] - sums[low]).T
    variance = qq - q * q / np.maximum(n, 1.0)
    enough = (n >= 3) & (variance > 1e-6)
    n = np.maximum(n, 1.0)
    slope = np.where(enough, (tq - t * q / n) / np.maximum(variance, 1e-6), 0.0)
    return np.where(enough, t / n + np.maximum(slope, 0.0) * (grid - q / n), centre)
