"""Shoes."""

import numpy as np

from retarget.rotation import Array

from .sdf import ellipsoid, intersect, mirrored, spline, union
from .surface import Surface, join, mirror, polygonize, split, with_material


def shoes() -> Surface:
    """Laced dress shoes: upper in material 0, sole in material 1."""

    def field(p: Array) -> Array:
        q = mirrored(p) - np.array([0.1, 0.0, 0.0])
        # Feet point a little outward.
        turn = np.radians(6.0)
        x = q[:, 0] * np.cos(turn) + q[:, 1] * np.sin(turn)
        y = -q[:, 0] * np.sin(turn) + q[:, 1] * np.cos(turn)
        r = np.stack([x, y, q[:, 2]], axis=1)
        heel = ellipsoid(r, (0.0, 0.052, 0.045), (0.037, 0.046, 0.060))
        instep = ellipsoid(r, (0.002, -0.005, 0.045), (0.036, 0.085, 0.052))
        ball = ellipsoid(r, (0.004, -0.095, 0.028), (0.046, 0.085, 0.034))
        toe = ellipsoid(r, (0.003, -0.145, 0.024), (0.038, 0.052, 0.028))
        d = union(union(heel, instep, 0.03), union(ball, toe, 0.03), 0.03)
        d = intersect(d, 0.010 - r[:, 2], 0.004)
        # The welt stands out a little all round.
        outline = spline(
            r[:, 1],
            (-0.200, -0.190, -0.170, -0.13, -0.09, -0.03, 0.03, 0.070, 0.090, 0.100),
            (0.0, 0.022, 0.036, 0.046, 0.0495, 0.038, 0.0355, 0.031, 0.020, 0.0),
        )
        plate = 0.7 * (np.abs(r[:, 0] - 0.003) - outline)
        sole = intersect(plate, np.abs(r[:, 2] - 0.0095) - 0.0075, 0.003)
        return union(d, sole, 0.002)

    low, high = np.array([0.03, -0.22, -0.01]), np.array([0.17, 0.12, 0.115])
    left = polygonize(field, low, high, 0.0100)
    upper, lower = split(left, lambda p: 0.0165 - p[:, 2])
    both = join(upper, with_material(lower, 1))
    return join(both, mirror(both))
