"""Rotations in Blender's rotation modes, continuous in time: quaternions, Euler angles of all six
orders, axis and angle."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from . import rotation
from .rotation import Array

EULER_ORDERS: Final = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
"""Blender's Euler orders: "XYZ" turns about the fixed x axis first and about z last."""

# Of quaternions' parts smaller than this nobody can tell a direction.
_NOTHING: Final = 1e-7


def to_mode(q: ArrayLike, mode: str) -> Array:
    """Rotations in time as the values of a bone's rotation mode.

    Parameters
    ----------
    q : (T, 4) array
        Unit quaternions (w, x, y, z), sign-continuous.
    mode : str
        Blender's: "QUATERNION", "AXIS_ANGLE" or one of `EULER_ORDERS`.

    Returns
    -------
    (T, 4) or (T, 3) array
        Quaternions; angle in radians and axis; angles about x, y and z in radians.
    """
    if mode == "QUATERNION":
        return np.asarray(q, dtype=np.float64)
    return to_axis_angle(q) if mode == "AXIS_ANGLE" else to_euler(q, mode)


def from_mode(values: ArrayLike, mode: str) -> Array:
    """Unit quaternions (..., 4) of values in a bone's rotation mode, as Blender poses the bone.

    Their sign follows the values without a jump. Quaternions and axes are brought to unit length.
    """
    if mode == "QUATERNION":
        values = np.asarray(values, dtype=np.float64)
        norm = np.sqrt(np.einsum("...i,...i->...", values, values))
        return values / np.maximum(norm, 1e-9)[..., None]
    return from_axis_angle(values) if mode == "AXIS_ANGLE" else from_euler(values, mode)


def to_euler(q: ArrayLike, order: str) -> Array:
    """Euler angles of rotations in time, without jumps.

    Every orientation has two sets of angles, each up to whole turns. The first frame takes the
    smaller one, and from there on half the sum and half the difference of the outer angles go the
    nearest way, also through gimbal lock, where one of the two counts for nothing.

    Parameters
    ----------
    q : (T, 4) array
        Unit quaternions.
    order : str
        One of `EULER_ORDERS`.

    Returns
    -------
    (T, 3) array
        Angles about x, y and z in radians, whatever the order.
    """
    q = np.asarray(q, dtype=np.float64)
    first, middle, last, sign = _axes(order)
    w, x, y, z = q[:, 0], q[:, 1 + first], sign * q[:, 1 + middle], q[:, 1 + last]
    # As complex numbers: the cosine of the middle angle and 45° in half, turned by half the sum
    # of the outer angles, and its sine, turned by half their difference (after Bernardes and
    # Viollet, PLOS ONE 2022).
    cosine, half_sum = _polar((w - y) + 1j * (x + z))
    sine, half_difference = _polar((w + y) + 1j * (x - z))
    angles = np.empty((len(q), 3))
    angles[:, first] = half_sum + half_difference
    angles[:, middle] = 2.0 * np.unwrap(np.arctan2(sine, cosine), period=np.pi) - 0.5 * np.pi
    angles[:, last] = half_sum - half_difference
    other = angles + np.pi
    other[:, middle] = np.pi - angles[:, middle]
    angles[:, middle] *= sign
    other[:, middle] *= sign
    sets = [each - _turns(each[0]) for each in (angles, other)]
    return min(sets, key=lambda each: float(np.abs(each[0]).sum()))


def from_euler(angles: ArrayLike, order: str) -> Array:
    """Unit quaternions (..., 4) of Euler angles (..., 3) about x, y and z in radians."""
    half = 0.5 * np.asarray(angles, dtype=np.float64)
    first, middle, last, sign = _axes(order)
    sine, cosine = np.sin(half), np.cos(half)
    s, c = sign * sine[..., middle], cosine[..., middle]
    both, neither = (part[..., first] * part[..., last] for part in (cosine, sine))
    early = sine[..., first] * cosine[..., last]
    late = cosine[..., first] * sine[..., last]
    q = np.empty((*half.shape[:-1], 4))
    q[..., 0] = c * both + s * neither
    q[..., 1 + first] = c * early - s * late
    q[..., 1 + middle] = sign * (s * both + c * neither)
    q[..., 1 + last] = c * late - s * early
    return q


def to_axis_angle(q: ArrayLike) -> Array:
    """Angle and axis of rotations in time, without jumps.

    The axis never turns over: the angle goes through zero instead, and beyond a whole turn.

    Parameters
    ----------
    q : (T, 4) array
        Unit quaternions.

    Returns
    -------
    (T, 4) array
        Radians, and the axis of unit length; y where nothing turns.
    """
    q = np.asarray(q, dtype=np.float64)
    length = np.sqrt(np.einsum("ti,ti->t", q[:, 1:], q[:, 1:]))
    turned = np.flatnonzero(length > _NOTHING)
    axes = np.tile([0.0, 1.0, 0.0], (len(q), 1))
    if len(turned):
        known = rotation.make_continuous(q[turned, 1:] / length[turned, None])
        if np.sum(known[0] * q[turned[0], 1:]) * q[turned[0], 0] < 0.0:
            known = -known
        at = np.arange(len(q))
        axes = np.stack([np.interp(at, turned, column) for column in known.T], axis=-1)
        axes = rotation.normalize(axes)
    half = np.arctan2(np.einsum("ti,ti->t", axes, q[:, 1:]), q[:, 0])
    angle = 2.0 * np.unwrap(half, period=np.pi)
    return np.concatenate([(angle - _turns(angle[0]))[:, None], axes], axis=-1)


def from_axis_angle(values: ArrayLike) -> Array:
    """Unit quaternions (..., 4) of angles in radians and axes (..., 4) of any length."""
    values = np.asarray(values, dtype=np.float64)
    axes = values[..., 1:]
    norm = np.sqrt(np.einsum("...i,...i->...", axes, axes))
    return rotation.from_axis_angle(axes / np.maximum(norm, 1e-9)[..., None], values[..., 0])


def _axes(order: str) -> tuple[int, int, int, float]:
    """Axes in the order they turn, and 1 where they are a right-handed frame, −1 otherwise."""
    first, middle, last = ("XYZ".index(letter) for letter in order)
    return first, middle, last, 1.0 if (middle - first) % 3 == 1 else -1.0


def _polar(numbers: np.ndarray) -> tuple[Array, Array]:
    """Lengths (T,), of either sign, and angles (T,) without jumps of complex numbers in time."""
    known = np.flatnonzero(np.abs(numbers) > _NOTHING)
    if not len(known):
        return np.zeros(len(numbers)), np.zeros(len(numbers))
    angles = np.unwrap(np.angle(numbers[known]), period=np.pi)
    angles = np.interp(np.arange(len(numbers)), known, angles)
    return np.real(numbers * np.exp(-1j * angles)), angles


def _turns(angles: ArrayLike) -> Array:
    """The whole turns in angles, radians."""
    return 2.0 * np.pi * np.round(np.asarray(angles) / (2.0 * np.pi))
