"""Dense animation to few keys, with a bound on the error.

Between two keys the curve is the cubic with the dense curve's slopes at both, which is a Bézier
segment whose handles reach a third of the way. Keys are added where the error is largest until the
bound holds everywhere, then every key is taken out again that the bound does not need.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from .euler import from_mode
from .rotation import Array

Frames = NDArray[np.int64]

# A channel that stays within this share of the tolerance does not move.
_STILL: Final = 0.5


@dataclass(frozen=True)
class Keys:
    """Keys shared by all channels of one property.

    Parameters
    ----------
    frames : (K,) int array
        Frames of the keys, rising.
    values : (K, C) array
        Values of the channels.
    slopes : (K, C) array
        Change of the channels per frame at the keys.
    """

    frames: Frames
    values: Array
    slopes: Array

    def __len__(self) -> int:
        return len(self.frames)

    def evaluate(self, frames: NDArray) -> Array:
        """The channels (F, C) at any frames within the keys' range; held constant beyond it."""
        if len(self) == 1:
            return np.repeat(self.values, len(frames), axis=0)
        at = np.clip(np.asarray(frames, dtype=np.float64), self.frames[0], self.frames[-1])
        segment = np.searchsorted(self.frames, at, side="right") - 1
        segment = np.clip(segment, 0, len(self) - 2)
        return _cubic(self.frames, self.values, self.slopes, segment, at)

    def handles(self) -> tuple[Array, Array]:
        """Bézier handles left and right of each key, (K, C, 2) each: frame and value."""
        gaps = np.diff(self.frames) if len(self) > 1 else np.ones(1)
        before = np.concatenate([gaps[:1], gaps])[: len(self)] / 3.0
        after = np.concatenate([gaps, gaps[-1:]])[: len(self)] / 3.0
        sides = []
        for reach in (-before, after):
            frame = np.broadcast_to((self.frames + reach)[:, None], self.values.shape)
            sides.append(np.stack([frame, self.values + self.slopes * reach[:, None]], axis=-1))
        return sides[0], sides[1]


def thin(
    values: Array,
    tolerance: float,
    *,
    kind: Literal["rotation", "location"],
    mode: str = "QUATERNION",
    keep: Frames | None = None,
) -> Keys:
    """The fewest keys found whose curve stays within `tolerance` of the dense one.

    Parameters
    ----------
    values : (T, C) array
        One row per frame: rotations in a rotation mode (`euler.to_mode`) or locations (C = 3).
    tolerance : float
        Largest error at any frame: radians for rotations, the values' unit for locations.
    kind : {"rotation", "location"}
        How the error is measured. Of rotations it is the angle between what Blender poses by the
        curves' values and what it should be.
    mode : str
        What the values of rotations are: "QUATERNION", "AXIS_ANGLE" or an Euler order.
    keep : int array, optional
        Frames that get a key in any case, unless nothing moves.

    Returns
    -------
    Keys
        A single key if nothing moves.
    """
    values = np.asarray(values, dtype=np.float64)
    count = len(values)
    dense = _Dense(values, mode if kind == "rotation" else None)
    still = dense.error(np.broadcast_to(values[:1], values.shape), slice(None))
    if count == 1 or float(still.max()) <= _STILL * tolerance:
        return Keys(np.zeros(1, np.int64), values[:1].copy(), np.zeros((1, values.shape[1])))
    forced = np.zeros(count, dtype=bool)
    forced[[0, -1]] = True
    if keep is not None:
        forced[keep[(keep >= 0) & (keep < count)]] = True
    chosen = _add_keys(dense, forced.copy(), tolerance)
    chosen = _drop_keys(dense, chosen, forced, tolerance)
    frames = np.flatnonzero(chosen)
    return Keys(frames, values[frames], dense.slopes[frames])


class _Dense:
    """The dense curve that keys are measured by.

    Parameters
    ----------
    values : (T, C) array
        The channels.
    mode : str, optional
        Rotation mode of the values; None for locations.
    """

    def __init__(self, values: Array, mode: str | None) -> None:
        self.values = values
        self._mode = mode
        self._truth = values if mode is None else from_mode(values, mode)

    @cached_property
    def slopes(self) -> Array:
        """Change of the channels per frame, (T, C)."""
        return _slopes(self.values)

    def error(self, curve: Array, at: Frames | slice) -> Array:
        """Distance (F,) of a curve (F, C) at the frames `at`: an angle for rotations, a length for
        locations."""
        if self._mode is None:
            gap = curve - self._truth[at]
            return np.sqrt(np.einsum("tc,tc->t", gap, gap))
        gap = from_mode(curve, self._mode) - self._truth[at]
        # Unit quaternions that are θ apart lie 2 sin(θ/4) from each other.
        half_chord = 0.5 * np.sqrt(np.einsum("tc,tc->t", gap, gap))
        return 4.0 * np.arcsin(np.minimum(half_chord, 1.0))

    def errors_at(self, frames: Frames, at: Frames) -> tuple[Array, NDArray]:
        """Errors (F,) at the frames `at` of the curve with keys at `frames`, and their segments."""
        segment = np.searchsorted(frames, at, side="right") - 1
        segment = np.clip(segment, 0, len(frames) - 2)
        curve = _cubic(frames, self.values[frames], self.slopes[frames], segment, at)
        return self.error(curve, at), segment


def _slopes(values: Array) -> Array:
    """Derivative per frame: fourth-order central differences inside, second-order at the ends."""
    slopes: Array = np.gradient(values, axis=0)
    if len(values) > 4:
        slopes[2:-2] = (values[:-4] - values[4:] + 8.0 * (values[3:-1] - values[1:-3])) / 12.0
    return slopes


def _cubic(frames: Frames, values: Array, slopes: Array, segment: NDArray, at: NDArray) -> Array:
    """Hermite interpolation at `at` (F,) within the given segments (F,)."""
    left, right = frames[segment], frames[segment + 1]
    span = (right - left).astype(np.float64)
    u = (at - left) / span
    v = 1.0 - u
    curve = (v * v * (1.0 + 2.0 * u))[:, None] * values.take(segment, axis=0)
    curve += (u * u * (1.0 + 2.0 * v))[:, None] * values.take(segment + 1, axis=0)
    curve += (span * u * v * v)[:, None] * slopes.take(segment, axis=0)
    curve -= (span * u * u * v)[:, None] * slopes.take(segment + 1, axis=0)
    return curve


def _add_keys(dense: _Dense, chosen: NDArray, tolerance: float) -> NDArray:
    """Split every segment at its worst frame until all are within the tolerance."""
    at = np.flatnonzero(~chosen)
    while len(at):
        frames = np.flatnonzero(chosen)
        errors, segment = dense.errors_at(frames, at)
        starts = np.r_[0, np.flatnonzero(np.diff(segment)) + 1]
        counts = np.diff(np.r_[starts, len(at)])
        peaks = np.maximum.reduceat(errors, starts)
        bad = np.repeat(peaks > tolerance, counts)
        worst = np.flatnonzero(bad & (errors == np.repeat(peaks, counts)))
        # Of equally bad frames the last one.
        worst = worst[np.diff(segment[worst], append=-1) != 0]
        chosen[at[worst]] = True
        # Segments that hold need not be looked at again.
        at = at[bad & ~chosen[at]]
    return chosen


def _drop_keys(dense: _Dense, chosen: NDArray, forced: NDArray, tolerance: float) -> NDArray:
    """Take out every second key at a time and put back those that were needed."""
    needed = forced.copy()
    while True:
        before = int(chosen.sum())
        for parity in (0, 1):
            frames = np.flatnonzero(chosen)
            trial = frames[parity::2]
            trial = trial[~needed[trial]]
            if not len(trial):
                continue
            left = chosen.copy()
            left[trial] = False
            kept = np.flatnonzero(left)
            place = np.searchsorted(kept, trial) - 1
            spans = np.zeros(len(kept), dtype=bool)
            spans[place] = True
            segment_of_all = np.minimum(np.cumsum(left) - 1, len(kept) - 2)
            at = np.flatnonzero(spans[segment_of_all])
            errors, segment = dense.errors_at(kept, at)
            worst = np.zeros(len(kept))
            np.maximum.at(worst, segment, errors)
            fine = worst[place] <= tolerance
            chosen[trial[fine]] = False
            # Without its neighbours a key is needed all the more, so it need not be tried again.
            needed[trial[~fine]] = True
        if int(chosen.sum()) == before:
            return chosen
