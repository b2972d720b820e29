"""Signed distance fields: the clay that garments and made-up people are shaped from.

A field maps points (N, 3) in metres to distances (N,), negative inside. The formulas are the usual
ones (Quilez, "Distance functions"); most are bounds rather than exact distances, which is enough
for a surface that is found by its zero crossing.
"""

from collections.abc import Callable, Sequence

import numpy as np

from retarget.rotation import Array

Field = Callable[[Array], Array]
Point = tuple[float, float, float]


def spline(x: Array, knots: Sequence[float], values: Sequence[float]) -> Array:
    """Cubic Hermite curve through (knots, values) with Catmull–Rom slopes, flat beyond the ends."""
    k, v = np.asarray(knots, float), np.asarray(values, float)
    slopes = np.gradient(v, k)
    x = np.clip(x, k[0], k[-1])
    i = np.clip(np.searchsorted(k, x, side="right") - 1, 0, len(k) - 2)
    h = k[i + 1] - k[i]
    t = (x - k[i]) / h
    t2, t3 = t * t, t * t * t
    return (
        (2 * t3 - 3 * t2 + 1) * v[i]
        + (t3 - 2 * t2 + t) * h * slopes[i]
        + (3 * t2 - 2 * t3) * v[i + 1]
        + (t3 - t2) * h * slopes[i + 1]
    )


def mirrored(p: Array) -> Array:
    """Points folded onto the left half (x ≥ 0), for shapes that are the same on both sides."""
    q = p.copy()
    q[:, 0] = np.abs(q[:, 0])
    return q


def ellipsoid(p: Array, centre: Point, radii: Point) -> Array:
    """Ellipsoid with half-axes `radii`."""
    r = np.asarray(radii)
    q = (p - centre) / r
    k0 = np.sqrt((q * q).sum(axis=1))
    q /= r
    k1 = np.sqrt((q * q).sum(axis=1))
    return k0 * (k0 - 1.0) / np.maximum(k1, 1e-9)


def cone(p: Array, a: Point, b: Point, radius_a: float, radius_b: float) -> Array:
    """Capsule from `a` to `b` whose radius goes evenly from `radius_a` to `radius_b`."""
    start = np.asarray(a)
    axis = np.asarray(b) - start
    offset = p - start
    t = np.clip(offset @ axis / (axis @ axis), 0.0, 1.0)
    d = offset - t[:, None] * axis
    return np.sqrt((d * d).sum(axis=1)) - (radius_a + (radius_b - radius_a) * t)


def chain(p: Array, points: Sequence[Point], radii: Sequence[float], blend: float) -> Array:
    """Cones one after the other along `points`, blended at the joints over `blend` metres."""
    d = cone(p, points[0], points[1], radii[0], radii[1])
    for i in range(1, len(points) - 1):
        d = union(d, cone(p, points[i], points[i + 1], radii[i], radii[i + 1]), blend)
    return d


def box(p: Array, centre: Point, half: Point, rounding: float) -> Array:
    """Box with half-sizes `half` (rounding included) and rounded edges."""
    q = np.abs(p - centre) - (np.asarray(half) - rounding)
    outside = np.sqrt((np.maximum(q, 0.0) ** 2).sum(axis=1))
    return outside + np.minimum(q.max(axis=1), 0.0) - rounding


def union(a: Array, b: Array, blend: float = 0.0) -> Array:
    """Both shapes, with a fillet of about `blend` metres where they meet."""
    if blend <= 0.0:
        return np.minimum(a, b)
    h = np.maximum(blend - np.abs(a - b), 0.0) / blend
    return np.minimum(a, b) - h * h * blend * 0.25


def subtract(a: Array, b: Array, blend: float = 0.0) -> Array:
    """Shape `a` without shape `b`."""
    return -union(-a, b, blend)


def intersect(a: Array, b: Array, blend: float = 0.0) -> Array:
    """What both shapes share."""
    return -union(-a, -b, blend)


def polygon(u: Array, v: Array, corners: Sequence[tuple[float, float]]) -> Array:
    """Signed distance of plane points (u, v), (N,) each, to a closed polygon."""
    c = np.asarray(corners)
    best = np.full(len(u), np.inf)
    inside = np.zeros(len(u), dtype=bool)
    for start, end in zip(c, np.roll(c, -1, axis=0), strict=True):
        edge = end - start
        du, dv = u - start[0], v - start[1]
        t = np.clip((du * edge[0] + dv * edge[1]) / (edge @ edge), 0.0, 1.0)
        best = np.minimum(best, (du - t * edge[0]) ** 2 + (dv - t * edge[1]) ** 2)
        if edge[1] != 0.0:
            crosses = (start[1] > v) != (end[1] > v)
            inside ^= crosses & (du < edge[0] * dv / edge[1])
    return np.where(inside, -1.0, 1.0) * np.sqrt(best)
