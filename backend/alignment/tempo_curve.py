"""A tempo curve: seconds along the places of a movement, as smooth as its onsets let it be."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from retarget.rotation import Array

# Places at which a curve is told, quarter notes.
_STEP: Final = 0.5
_FEWEST_POINTS: Final = 3
# How far onsets stray from the beat that is meant even where they are told exactly, seconds.
_STRAY_S: Final = 0.010
# How freely tempo may change: standard deviation of its logarithm over a second. The likeliest of
# these is taken for a movement; the first curve is drawn with a middle one.
_FREEDOMS: Final = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
_MIDDLE: Final = 0.08
# Onsets lie around the curve as Student's t with these degrees of freedom: a few are far off.
_DEGREES: Final = 4.0
_FIRST_ROUNDS, _ROUNDS = 2, 4
# Where the tempo changes more than the movement's freedom lets expect, over so many points either
# way, it is freer; so many points' worth of evidence stand against that.
_AROUND: Final = 4
_EVENNESS: Final = 6.0
_PACE_POINTS: Final = 8
_SHORTEST_STEP: Final = 0.2
# Seconds a quarter note lasts at least.
_FASTEST: Final = 0.05
# Weight of the mean pace, so little that it counts only where nothing else tells.
_TETHER: Final = 1e-2


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
    def through(cls, quarters: Array, seconds: Array, spread: Array) -> "TempoCurve":
        """The likeliest curve through points, where tempo wanders.

        The logarithm of the tempo is a random walk, which makes the curve a spline with a penalty
        on its second differences (Whittaker's smoother; Eilers, "A perfect smoother", Analytical
        Chemistry 75, 2003). How freely it walks is estimated: for the whole by the marginal
        likelihood, and around places where the tempo changes at once by what it does there.

        Parameters
        ----------
        quarters, seconds : (E,) arrays
            The points, E > 0; places never fall.
        spread : (E,) array
            Standard deviations of the seconds.
        """
        fit = _Fit(quarters, seconds, spread)
        points = fit.points(fit.penalties(_MIDDLE))
        for _ in range(_FIRST_ROUNDS):
            fit.weigh(points)
            points = fit.points(fit.penalties(_MIDDLE))
            fit.pace(points)
        freedom = max(_FREEDOMS, key=fit.log_likelihood)
        points = fit.points(fit.penalties(freedom))
        for _ in range(_ROUNDS):
            fit.weigh(points)
            points = fit.points(fit.loosened(freedom, points))
        rising = np.maximum.accumulate(points) + 1e-6 * np.arange(len(points))
        return cls(fit.grid, rising)


class _Fit:
    """Penalised least squares for the points of a curve; all its matrices are banded."""

    def __init__(self, quarters: Array, seconds: Array, spread: Array) -> None:
        first = np.floor(quarters[0] / _STEP)
        count = int(np.ceil(quarters[-1] / _STEP) - first) + 1
        self.grid = (first + np.arange(max(count, _FEWEST_POINTS))) * _STEP
        self._seconds = seconds
        place = (quarters - self.grid[0]) / _STEP
        self._left = np.clip(place.astype(np.int64), 0, len(self.grid) - 2)
        self._share = place - self._left
        self._variance = spread**2 + _STRAY_S**2
        self._weights = 1.0 / self._variance
        whole = (seconds[-1] - seconds[0]) / max(quarters[-1] - quarters[0], _STEP)
        self._whole_s = max(float(whole), _FASTEST) * _STEP
        self._step_s = np.full(len(self.grid) - 2, self._whole_s)

    def penalties(self, freedom: float) -> Array:
        """Of the second differences, for tempo that changes so freely."""
        return 1.0 / (self._step_s**3 * freedom**2)

    def loosened(self, freedom: float, points: Array) -> Array:
        """The same, less where the curve bends more than that lets expect."""
        penalties = self.penalties(freedom)
        bends = np.convolve(np.diff(points, 2) ** 2 * penalties, np.ones(2 * _AROUND + 1))
        around = bends[_AROUND : len(penalties) + _AROUND]
        return penalties / np.maximum(1.0, (_EVENNESS + around) / _EVENNESS)

    def points(self, penalties: Array) -> Array:
        """The curve's seconds at the grid."""
        return self._solved(penalties)[0]

    def weigh(self, points: Array) -> None:
        """Give points that are far off the curve less weight."""
        away = self._away(points) ** 2 / self._variance
        self._weights = (_DEGREES + 1.0) / (_DEGREES + away) / self._variance

    def pace(self, points: Array) -> None:
        """Take how long the steps last from a curve."""
        steps = np.diff(points)
        steps = np.maximum(steps, _SHORTEST_STEP * max(float(np.median(steps)), 1e-3))
        self._step_s = 0.5 * (steps[1:] + steps[:-1])

    def log_likelihood(self, freedom: float) -> float:
        """Marginal log likelihood of the points, up to a constant."""
        penalties = self.penalties(freedom)
        points, determinant = self._solved(penalties)
        misfit = (self._weights * self._away(points) ** 2).sum()
        bend = (penalties * np.diff(points, 2) ** 2).sum()
        return float(0.5 * (np.log(penalties).sum() - determinant - misfit - bend))

    def _away(self, points: Array) -> Array:
        left, share = self._left, self._share
        return self._seconds - (1.0 - share) * points[left] - share * points[left + 1]

    def _solved(self, penalties: Array) -> tuple[Array, float]:
        """The curve's seconds at the grid, and the log determinant of the normal matrix."""
        left, share, weights = self._left, self._share, self._weights
        count = len(self.grid)
        band = np.zeros((3, count))
        wanted = np.zeros(count)
        self._add(band[2], left, weights * (1.0 - share) ** 2)
        self._add(band[2], left + 1, weights * share**2)
        self._add(band[1], left + 1, weights * share * (1.0 - share))
        self._add(wanted, left, weights * (1.0 - share) * self._seconds)
        self._add(wanted, left + 1, weights * share * self._seconds)
        for offset, factor in enumerate((1.0, 4.0, 1.0)):
            band[2, offset : count - 2 + offset] += factor * penalties
        band[1, 1:-1] -= 2.0 * penalties
        band[1, 2:] -= 2.0 * penalties
        band[0, 2:] += penalties
        band[2, :-1] += _TETHER
        band[2, 1:] += _TETHER
        band[1, 1:] -= _TETHER
        wanted[0] -= _TETHER * self._whole_s
        wanted[-1] += _TETHER * self._whole_s
        factor = scipy.linalg.cholesky_banded(band)
        points = scipy.linalg.cho_solve_banded((factor, False), wanted)
        return points, 2.0 * float(np.log(factor[2]).sum())

    @staticmethod
    def _add(row: Array, at: NDArray[np.int64], values: Array) -> None:
        row += np.bincount(at, values, len(row))
