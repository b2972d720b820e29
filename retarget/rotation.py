"""Quaternions (w, x, y, z), unit, in arrays of any leading shape."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def identity(shape: tuple[int, ...]) -> Array:
    """Identity rotations, shape (*shape, 4)."""
    q = np.zeros((*shape, 4))
    q[..., 0] = 1.0
    return q


def normalize(q: ArrayLike) -> Array:
    """Scale quaternions or vectors to unit length along the last axis."""
    q = np.asarray(q, dtype=np.float64)
    return q / _length(q)


def are_unit(q: ArrayLike) -> bool:
    """Whether all quaternions (..., 4) are of unit length, but for what rounding takes away."""
    lengths = np.linalg.norm(np.asarray(q, dtype=np.float64), axis=-1)
    return bool((np.abs(lengths - 1.0) < 0.01).all())


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Hamilton product a·b: rotate by `b` first, then by `a`. Broadcasts over leading axes."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    product = np.empty(np.broadcast_shapes(a.shape, b.shape))
    product[..., 0] = aw * bw - ax * bx - ay * by - az * bz
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def conjugate(q: ArrayLike) -> Array:
    """The inverse of unit quaternions."""
    return np.asarray(q, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(q: ArrayLike, v: ArrayLike) -> Array:
    """Rotate vectors (..., 3) by quaternions (..., 4), broadcasting over leading axes."""
    q, v = np.asarray(q, dtype=np.float64), np.asarray(v, dtype=np.float64)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    vx, vy, vz = v[..., 0], v[..., 1], v[..., 2]
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    turned = np.empty((*np.broadcast_shapes(q.shape[:-1], v.shape[:-1]), 3))
    turned[..., 0] = vx + w * tx + (y * tz - z * ty)
    turned[..., 1] = vy + w * ty + (z * tx - x * tz)
    turned[..., 2] = vz + w * tz + (x * ty - y * tx)
    return turned


def from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Array:
    """Rotation by `angle` radians (...) about unit `axis` (..., 3)."""
    axis, angle = np.asarray(axis, dtype=np.float64), np.asarray(angle, dtype=np.float64)
    half = 0.5 * angle[..., None]
    xyz = np.sin(half) * axis
    return np.concatenate([np.broadcast_to(np.cos(half), (*xyz.shape[:-1], 1)), xyz], axis=-1)


def from_rotation_vector(v: ArrayLike) -> Array:
    """Exponential map: (..., 3) axis times radians to (..., 4)."""
    v = np.asarray(v, dtype=np.float64)
    half = 0.5 * _length(v)
    return np.concatenate([np.cos(half), 0.5 * v * np.sinc(half / np.pi)], axis=-1)


def to_rotation_vector(q: ArrayLike) -> Array:
    """Logarithm: (..., 4) to axis times angle, angle in [0, π]."""
    q = normalize(q)
    q = np.where(q[..., :1] < 0.0, -q, q)
    norm = _length(q[..., 1:])
    angle = 2.0 * np.arctan2(norm, q[..., :1])
    scale = np.where(norm > 1e-12, angle / np.maximum(norm, 1e-12), 2.0)
    return q[..., 1:] * scale


def between(a: ArrayLike, b: ArrayLike) -> Array:
    """The smallest rotation that takes direction `a` to direction `b`, (..., 3) each.

    For opposite directions the axis is any one perpendicular to `a`.
    """
    u, v = np.broadcast_arrays(normalize(a), normalize(b))
    w = 1.0 + np.sum(u * v, axis=-1, keepdims=True)
    helper = np.where(np.abs(u[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    opposite = w < 1e-9
    xyz = np.where(opposite, np.cross(u, helper), np.cross(u, v))
    return normalize(np.concatenate([np.where(opposite, 0.0, w), xyz], axis=-1))


def from_matrix(m: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) to quaternions, w ≥ 0 (Shepperd's method, 1978)."""
    m = np.asarray(m, dtype=np.float64)
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    q = np.empty((*m.shape[:-2], 4))
    q[..., 0] = 1.0 + trace
    q[..., 1] = m[..., 2, 1] - m[..., 1, 2]
    q[..., 2] = m[..., 0, 2] - m[..., 2, 0]
    q[..., 3] = m[..., 1, 0] - m[..., 0, 1]
    # Turns by more than about a third of a circle go by the largest of the other components.
    largest = np.maximum(np.maximum(m[..., 0, 0], m[..., 1, 1]), m[..., 2, 2])
    far = largest > trace
    if far.any():
        q[far] = _from_far_matrix(m[far], q[far])
    q = normalize(q)
    return np.where(q[..., :1] < 0.0, -q, q)


def _from_far_matrix(m: Array, q: Array) -> Array:
    """Quaternions (N, 4), not unit, of matrices (N, 3, 3) whose trace is not their largest element
    on the diagonal; `q` (N, 4) goes by the trace."""
    found = np.empty_like(q)
    pick = np.argmax(np.diagonal(m, axis1=1, axis2=2), axis=1)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        those = pick == i
        one = m[those]
        row = np.empty((len(one), 4))
        row[:, 0] = q[those, 1 + i]
        row[:, 1 + i] = 1.0 + one[:, i, i] - one[:, j, j] - one[:, k, k]
        row[:, 1 + j] = one[:, i, j] + one[:, j, i]
        row[:, 1 + k] = one[:, i, k] + one[:, k, i]
        found[those] = row
    return found


def to_matrix(q: ArrayLike) -> Array:
    """Quaternions (..., 4) to rotation matrices (..., 3, 3)."""
    q = np.asarray(q, dtype=np.float64)
    columns = [rotate(q, axis) for axis in np.eye(3)]
    return np.stack(columns, axis=-1)


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Array:
    """Spherical interpolation along the shorter arc; `t` in [0, 1] broadcasts over (...)."""
    a, b = normalize(a), normalize(b)
    t = np.asarray(t, dtype=np.float64)
    step = to_rotation_vector(multiply(conjugate(a), b))
    return multiply(a, from_rotation_vector(step * t[..., None]))


def make_continuous(q: ArrayLike) -> Array:
    """Flip signs along the first axis so that neighbours in time lie on the same hemisphere."""
    q = np.array(q, dtype=np.float64)
    flips = np.einsum("...i,...i->...", q[1:], q[:-1]) < 0.0
    if flips.any():
        turned = np.logical_xor.accumulate(flips, axis=0)
        q[1:][turned] *= -1.0
    return q


def _length(v: Array) -> Array:
    """Euclidean length of vectors (..., D) along the last axis, (..., 1)."""
    return np.sqrt(np.einsum("...i,...i->...", v, v))[..., None]
