"""Light on a garment in its bind pose: what each of a few soft lamps gives each point.

Visibility is counted with depth maps from many directions, filled with the points themselves.
"""

from typing import Final

import numpy as np

from retarget.rotation import Array

LAMPS: Final = ("sky", "left", "right", "front")
"""Soft lamps: all round and brighter above; keys from the picture's left and right; the camera."""

_CELL: Final = 0.005
_BIAS: Final = 0.005
_VIEW: Final = np.array([0.0, -1.0, 0.05]) / np.hypot(1.0, 0.05)


def directions(lamp: str) -> tuple[Array, Array]:
    """Directions (N, 3) a lamp's light comes from, and their weights, which add up to one."""
    if lamp == "sky":
        points = _fibonacci(64)
        weights = 0.30 + 0.70 * np.clip(0.5 + 0.5 * points[:, 2], 0.0, 1.0) ** 1.5
        return points, weights / weights.sum()
    aim, breadth = {
        # The person's left is the picture's right.
        "left": ((-0.62, -0.62, 0.50), 0.42),
        "right": ((0.62, -0.62, 0.50), 0.42),
        "front": ((0.0, -0.95, 0.32), 0.50),
    }[lamp]
    centre = np.asarray(aim) / np.linalg.norm(aim)
    points = _fibonacci(400)
    points = points[points @ centre > np.cos(breadth)]
    return points, np.full(len(points), 1.0 / len(points))


def bake(
    points: Array, normals: Array, gloss: Array, wrap: Array, occluders: Array
) -> dict[str, Array]:
    """Light that leaves each point towards the viewer, over that of a white card facing the lamp.

    Parameters
    ----------
    points, normals : (N, 3) arrays
        Where, and which way the surface looks.
    gloss : (N, 2) array
        Strength and exponent of the highlight (Blinn 1977).
    wrap : (N,) array
        How far light creeps round the edge of the shade, as in skin.
    occluders : (M, 3) array
        Points that cast shadows, closer together than 3 mm.

    Returns
    -------
    dict of str to (N,) array
        By the names in LAMPS.
    """
    result = {}
    for lamp in LAMPS:
        total = np.zeros(len(points))
        peak = 0.0
        aims, weights = directions(lamp)
        for aim, weight in zip(aims, weights, strict=True):
            facing = (normals @ aim + wrap) / (1.0 + wrap)
            half = (aim + _VIEW) / np.linalg.norm(aim + _VIEW)
            shine = gloss[:, 0] * np.clip(normals @ half, 0.0, 1.0) ** gloss[:, 1]
            seen = _visible(points, normals, occluders, aim)
            total += weight * seen * (np.maximum(facing, 0.0) + shine * (facing > 0.0))
            peak += weight * max(float(aim @ _best(lamp, aims, weights)), 0.0)
        result[lamp] = total / peak
    return result


def _best(lamp: str, aims: Array, weights: Array) -> Array:
    """The way a card must face to be lit best."""
    if lamp == "sky":
        return np.array([0.0, 0.0, 1.0])
    mean = (aims * weights[:, None]).sum(axis=0)
    return mean / np.linalg.norm(mean)


def _visible(points: Array, normals: Array, occluders: Array, aim: Array) -> Array:
    """Share of each point that the direction `aim` reaches, (N,)."""
    across = np.cross(aim, [0.3, 0.2, 0.93])
    across /= np.linalg.norm(across)
    frame = np.stack([across, np.cross(aim, across)], axis=1) / _CELL
    flat, depth = occluders @ frame, occluders @ aim
    low = np.floor(flat.min(axis=0)) - 2.0
    size = (np.ceil(flat.max(axis=0)) - low).astype(np.int64) + 3
    at = np.round(flat - low).astype(np.int64)
    nearest = np.full(int(size.prod()), -np.inf)
    np.maximum.at(nearest, at[:, 0] * size[1] + at[:, 1], depth)

    lifted = points + 0.004 * normals
    # On a surface that runs along the light one cell holds a stretch of depths.
    cosine = np.clip(np.abs(normals @ aim), 0.1, 1.0)
    slope = np.minimum(1.2 * _CELL * np.sqrt(1.0 - cosine**2) / cosine, 0.03)
    spot, mine = lifted @ frame - low, lifted @ aim + _BIAS + slope
    base = np.floor(spot).astype(np.int64)
    part = spot - base
    seen = np.zeros(len(points))
    for i in (0, 1):
        for j in (0, 1):
            x = np.clip(base[:, 0] + i, 0, size[0] - 1)
            y = np.clip(base[:, 1] + j, 0, size[1] - 1)
            share = np.abs(1 - i - part[:, 0]) * np.abs(1 - j - part[:, 1])
            seen += share * (nearest[x * size[1] + y] <= mine)
    return seen


def _fibonacci(count: int) -> Array:
    """Directions spread evenly over the sphere, (count, 3)."""
    k = np.arange(count) + 0.5
    z = 1.0 - 2.0 * k / count
    turn = np.pi * (1.0 + np.sqrt(5.0)) * k
    r = np.sqrt(1.0 - z * z)
    return np.stack([r * np.cos(turn), r * np.sin(turn), z], axis=1)
