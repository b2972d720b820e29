"""Smooth curves in continuous time, evaluated for a whole clip at once."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retarget.rotation import Array

# A velocity profile s^p (1 − s) has finite jerk where it starts only from p = 2 on.
_MIN_POWER: Final = 2.0
_FAST_SIZE: Final = 1024


def smoothstep(s: ArrayLike) -> Array:
    """Minimum-jerk step from 0 to 1 (Flash & Hogan 1985), constant outside [0, 1]."""
    s = np.clip(np.asarray(s, dtype=np.float64), 0.0, 1.0)
    return s**3 * (10.0 + s * (-15.0 + 6.0 * s))


def swing(times: Array, values: Array, bend: Array, at: Array) -> Array:
    """A curve that turns at every knot and is monotone between two of them.

    Velocity is zero at the knots, acceleration continuous everywhere. Each stretch has the
    velocity profile b·6s(1−s) + w·(p+1)(p+2)·s^p(1−s) + m·30s²(1−s)²: a parabola, a late rush
    (mirrored: an early one) towards the sharper end, and a minimum-jerk part; weights and power
    follow from the accelerations at both ends.

    Parameters
    ----------
    times, values : (K,) arrays
        Knots, times strictly rising; equal neighbouring values make a plateau.
    bend : (K,) array
        Size of the acceleration at each knot, ≥ 0; 0 beside a plateau.
    at : (T,) array
        Times to evaluate at; outside the knots the curve rests.

    Returns
    -------
    (T,) array
    """
    if len(times) == 1:
        return np.full(len(at), values[0])
    k = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    span = np.diff(times)
    rise = np.diff(values)
    scale = span**2 / np.maximum(np.abs(rise), 1e-12)
    moves = np.abs(rise) > 1e-9
    first = np.where(moves, bend[:-1] * scale, 0.0)
    last = np.where(moves, bend[1:] * scale, 0.0)
    low, high = np.minimum(first, last), np.maximum(first, last)
    parabola = np.minimum(low / 6.0, 0.95)
    rest = 1.0 - parabola
    extra = high - low
    least = (_MIN_POWER + 1.0) * (_MIN_POWER + 2.0)
    rush = np.minimum(rest, extra / least)
    # (p + 1)(p + 2) = extra / rush
    product = np.maximum(extra / np.maximum(rush, 1e-12), least)
    power = np.sqrt(product + 0.25) - 1.5
    early = (first > last)[k]
    s = np.clip((at - times[k]) / span[k], 0.0, 1.0)
    s = np.where(early, 1.0 - s, s)
    p = power[k]
    done = (
        parabola[k] * s**2 * (3.0 - 2.0 * s)
        + rush[k] * s ** (p + 1.0) * ((p + 2.0) - (p + 1.0) * s)
        + (rest - rush)[k] * smoothstep(s)
    )
    done = np.where(early, 1.0 - done, done)
    return values[k] + rise[k] * done


def sharp_bends(
    times: Array,
    values: Array,
    is_ictus: NDArray[np.bool_],
    is_apex: NDArray[np.bool_],
    power: Array,
    roundness: Array,
) -> Array:
    """Accelerations for `swing`: sharp at the ictus, round on top, none at points of rest.

    Parameters
    ----------
    times, values : (K,) arrays
        Knots.
    is_ictus, is_apex : (K,) bool arrays
        Which knots are low points that click, and which are turns on top.
    power : (K,) array
        Power of the rush into each ictus, ≥ 2: the greater, the later and sharper.
    roundness : (K,) array
        0 hangs on top, 1 is a free throw (a parabola).
    """
    steep = np.abs(np.diff(values)) / np.diff(times) ** 2
    flat = np.zeros(1)
    into, out = np.r_[flat, steep], np.r_[steep, flat]
    # A turn at either end of the curve has nothing to be round with.
    apex = np.where(is_apex, 6.0 * roundness * np.minimum(into, out), 0.0)
    power = np.maximum(power, _MIN_POWER)
    weight = (power + 1.0) * (power + 2.0)
    top_before, top_after = np.r_[flat, apex[:-1]], np.r_[apex[1:], flat]
    need_in = top_before + np.maximum(into - top_before / 6.0, 0.0) * weight
    least = (_MIN_POWER + 1.0) * (_MIN_POWER + 2.0)
    need_out = top_after + np.maximum(out - top_after / 6.0, 0.0) * least
    return np.where(is_ictus, np.maximum(need_in, need_out), apex)


def hermite(
    times: Array, values: Array, slopes: Array, still: NDArray[np.bool_], at: Array
) -> tuple[Array, Array]:
    """Twice continuously differentiable curve through knots with given slopes.

    Quintic Hermite pieces; the acceleration at a knot is the mean of those of the two cubic
    Hermite pieces that meet there.

    Parameters
    ----------
    times : (K,) array
        Strictly rising.
    values, slopes : (K, D) arrays
        Position and velocity at the knots.
    still : (K,) bool array
        Knots of rest, which have no acceleration.
    at : (T,) array
        Times to evaluate at; outside the knots the curve rests on the end values.

    Returns
    -------
    value, velocity : (T, D) arrays
    """
    if len(times) == 1:
        return np.repeat(values, len(at), axis=0), np.zeros((len(at), values.shape[1]))
    span = np.diff(times)[:, None]
    step = np.diff(values, axis=0)
    starts = 6.0 * step / span**2 - (4.0 * slopes[:-1] + 2.0 * slopes[1:]) / span
    ends = -6.0 * step / span**2 + (2.0 * slopes[:-1] + 4.0 * slopes[1:]) / span
    bend = np.zeros_like(values)
    bend[1:-1] = 0.5 * (starts[1:] + ends[:-1])
    bend[still] = 0.0
    k = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    s = np.clip((at - times[k]) / span[k, 0], 0.0, 1.0)[:, None]
    t = span[k]
    p0, v0, a0 = values[k], slopes[k] * t, bend[k] * t**2
    dp, v1, a1 = step[k], slopes[k + 1] * t, bend[k + 1] * t**2
    c3 = 10.0 * dp - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1
    c4 = -15.0 * dp + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1
    c5 = 6.0 * dp - 3.0 * v0 - 3.0 * v1 - 0.5 * a0 + 0.5 * a1
    value = p0 + s * (v0 + s * (0.5 * a0 + s * (c3 + s * (c4 + s * c5))))
    velocity = (v0 + s * (a0 + s * (3.0 * c3 + s * (4.0 * c4 + s * 5.0 * c5)))) / t
    inside = ((at > times[0]) & (at < times[-1]))[:, None]
    return value, np.where(inside, velocity, 0.0)


def holds(times: Array, values: Array, width: Array, at: Array) -> Array:
    """Piecewise constant values with minimum-jerk transitions.

    Parameters
    ----------
    times : (K,) array
        When the transition to each value starts, rising; the first value holds from the start.
    values : (K,) array
        Values.
    width : (K,) array
        Longest duration of each transition, seconds; shorter where the next one follows sooner.
    at : (T,) array
        Times to evaluate at.
    """
    k = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 1)
    room = np.r_[np.diff(times), np.inf]
    previous = np.r_[values[:1], values[:-1]]
    s = (at - times[k]) / np.minimum(width, room)[k]
    return previous[k] + (values - previous)[k] * smoothstep(s)


def wander(at: Array, periods: ArrayLike, rng: np.random.Generator) -> Array:
    """Slow drift in about [−1, 1]: sines of the given periods (seconds) in random phases."""
    periods = np.asarray(periods, dtype=np.float64)
    phases = rng.uniform(0.0, 2.0 * np.pi, len(periods))
    # Incommensurate, so that nothing comes back in step.
    stretched = periods * rng.uniform(0.88, 1.13, len(periods))
    weights = np.sqrt(periods / periods.sum())
    drift = np.zeros(len(at))
    for period, phase, weight in zip(stretched, phases, weights / weights.sum(), strict=True):
        drift += weight * np.sin(2.0 * np.pi * at / period + phase)
    return drift


def smoothed(values: Array, deviation: float) -> Array:
    """Values (N,) under a Gaussian of so many steps' standard deviation; the ends go on for ever.

    As `scipy.ndimage.gaussian_filter1d` with `mode="nearest"`, by a Fourier transform, whose cost
    does not grow with the width.
    """
    reach = int(4.0 * deviation + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    padded = np.pad(values, reach, mode="edge")
    # A multiple of a power of two is transformed fast.
    size = -(-len(padded) // _FAST_SIZE) * _FAST_SIZE
    spectrum = np.fft.rfft(padded, size) * np.fft.rfft(weights / weights.sum(), size)
    mean = np.fft.irfft(spectrum, size)[2 * reach : 2 * reach + len(values)]
    # Rounding aside, no mean leaves the range.
    return np.clip(mean, values.min(), values.max())


def soft_clip(x: ArrayLike, low: ArrayLike, high: ArrayLike, share: float = 0.15) -> Array:
    """Clip to (low, high) without a corner: exact inside, bending within `share` of the range.

    The second derivative is continuous.
    """
    x, low, high = (np.asarray(a, dtype=np.float64) for a in (x, low, high))
    soft = np.maximum(share * (high - low), 1e-9)
    top = high - soft
    bottom = low + soft
    over = np.maximum(x - top, 0.0)
    under = np.maximum(bottom - x, 0.0)
    inner = np.clip(x, bottom, top)
    return inner + soft * np.tanh(over / soft) - soft * np.tanh(under / soft)
