"""Shirts: fronts, collars, cuffs, a bow tie."""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..curves import smoothstep
from .bodice import ANGLES, Bodice, neck_ring
from .form import Form, Surface, unit
from .mesh import Sheet, grid_sheet, joined

_ROWS: Final = 10
_CLOSED_M: Final = 0.05
"""How far inside its edge a cuff is closed: deeper than the skin left under cloth and one of its
quads reach."""
CUFF_OUTSIDE: Final = 3
"""Rings of a cuff that are seen from outside."""


def half_fronts(form: Form, bodice: Bodice, body: Surface, low: float) -> tuple[Array, Array]:
    """Two (R, C, 3) grids: the fronts of a shirt under a coat, open at the collar.

    Parameters
    ----------
    low : float
        Height where it goes out of sight, metres.
    """
    s = form.scale
    heights = bodice.rows[:, 0, 2]
    first = float(np.interp(low, heights, np.arange(len(heights))))
    rows = np.linspace(first, len(heights) - 1, 14)
    z = np.interp(rows, np.arange(len(heights)), heights)
    gap = np.radians(16.0) * smoothstep(z, heights[-1] - 0.095 * s, heights[-1]) ** 0.8
    t = np.linspace(0.0, 1.0, 9)
    angles = gap[:, None] + (np.radians(62.0) - gap[:, None]) * t
    points = bodice.at(*np.broadcast_arrays(rows[:, None], angles))
    left = under(points, body, 0.011)
    right = under(bodice.at(*np.broadcast_arrays(rows[:, None], -angles)), body, 0.011)
    return left, right[:, ::-1]


def front(
    bodice: Bodice,
    body: Surface,
    low: Array,
    high: Array,
    angles: Array,
    inward: float,
    least: float,
) -> Array:
    """(R, C, 3): a front under a coat between two heights, by column.

    Parameters
    ----------
    low, high : (C,) arrays
        Metres; `high` beyond the neck ends at the neck.
    angles : (C,) array
        From the front, to the left.
    inward : float
        How far below the coat it lies, metres.
    least : float
        Its least distance from the body, metres: less than that of what lies over it.
    """
    count = np.arange(len(bodice.rows), dtype=float)
    rows = np.empty((_ROWS, len(angles)))
    for column, angle in enumerate(angles):
        z = bodice.at(count, np.full(len(count), angle))[:, 2]
        ends = np.interp([low[column], high[column]], np.maximum.accumulate(z), count)
        rows[:, column] = np.linspace(ends[0], ends[1], _ROWS)
    points = bodice.at(rows, np.broadcast_to(angles, rows.shape))
    return under(points, body, inward, least)


def under(points: Array, body: Surface, inward: float, least: float = 0.004) -> Array:
    """A grid of points moved inward, but no nearer to the body than `least`, metres."""
    flat = points.reshape(-1, 3)
    height, normal = body.height(flat)
    lower = np.maximum(height - inward, least)
    return (flat + (np.minimum(lower, height) - height)[:, None] * normal).reshape(points.shape)


def band(form: Form, room: float, low: float, high: float, rows: int = 4) -> Array:
    """(rows, COLUMNS, 3): a band standing around the neck between two heights over its root."""
    rings = [neck_ring(form, room, rise) for rise in np.linspace(low, high, rows)]
    return np.stack(rings)


def around(ring: Array, angles: Array) -> Array:
    """Points (A, 3) of a ring (N, 3), evenly spaced from the front, at angles."""
    turns, own = angles % (2 * np.pi), 2 * np.pi * np.arange(len(ring)) / len(ring)
    return np.stack([np.interp(turns, own, ring[:, i], period=2 * np.pi) for i in range(3)], 1)


def wing_collar(form: Form, body: Surface) -> Sheet:
    """A stiff standing collar whose corners turn down in front."""
    s = form.scale
    stand = band(form, 0.008, -0.012 * s, 0.036 * s, 5)
    stand[:, :, 1] -= 0.004 * s * smoothstep(np.cos(ANGLES), 0.3, 1.0)
    # In front the throat ends below the topmost ring; there the stand goes straight on.
    ahead = smoothstep(np.cos(ANGLES), -0.1, 0.5)[:, None]
    stand[-1] += ahead * (2.0 * stand[-2] - stand[-3] - stand[-1])
    # Room for the chin, evenly over the height.
    share = np.linspace(0.0, 1.0, len(stand))[:, None]
    stand[:, :, 2] -= 0.018 * s * share * smoothstep(np.cos(ANGLES), 0.0, 0.9)
    for _ in range(2):
        stand = np.stack([body.push_out(ring, 0.008) for ring in stand])
        stand = gaussian_filter1d(stand, 2.0, axis=1, mode="wrap")
    stand = stand[:, ::2]
    tube = grid_sheet(stand, closed=True)
    top, low = stand[-1], stand[1]
    wings = []
    for sign in (1.0, -1.0):
        angle = sign * np.radians(np.linspace(0.0, 50.0, 6))
        fold, foot = around(top, angle), around(low, angle)
        out = unit((fold - fold.mean(axis=0) + np.array([0, -0.05, 0])) * np.array([1.0, 1.0, 0]))
        depth = np.interp(np.linspace(0, 1, 6), [0, 0.2, 1], [0.35, 0.65, 0.0])[:, None]
        tip = fold + (foot - fold) * depth + out * (0.024 * depth + 0.001)
        bends = ((1.0, 0.004), (0.6, 0.008), (0.25, 0.006), (0.0, -0.001))
        rows = [fold + (tip - fold) * t + out * bulge * depth / 0.6 for t, bulge in bends]
        wings.append(grid_sheet(np.stack(rows), flip=sign < 0))
    return joined(tube, *wings)


def turned_collar(form: Form, ground: Surface, gap: float, width: float = 0.05) -> Sheet:
    """A turned-down collar, open in front.

    Parameters
    ----------
    ground : Surface
        What its fall lies on.
    gap : float
        Angle from the front at which it begins, radians.
    """
    s = form.scale
    angles = np.linspace(gap, 2 * np.pi - gap, 41)
    base = around(neck_ring(form, 0.005, -0.006 * s), angles)
    top = around(neck_ring(form, 0.008, 0.030 * s), angles)
    front_share = smoothstep(np.cos(angles), 0.1, 0.95)[:, None]
    top = top + np.array([0, -0.002, -0.016 * s]) * front_share
    out = unit((top - top.mean(axis=0)) * np.array([1.0, 1.0, 0.0]))
    point = smoothstep(np.cos(angles), 0.35, 0.9)[:, None]
    fall = width * s * (0.78 + 0.55 * point)
    down = np.array([0.0, 0.0, -1.0])
    side = np.array([1.0, 0, 0]) * np.sign(np.sin(angles))[:, None] * 0.25 * point
    edge = top + (down + 0.38 * out + side) * fall
    edge = ground.push_out(edge, 0.011)
    rows = [edge, top + (edge - top) * 0.66, top + (edge - top) * 0.33, top + out * 0.003]
    rows = [
        ground.push_out(r, 0.010) + out * b
        for r, b in zip(rows, (0, 0.003, 0.005, 0.001), strict=True)
    ]
    rows += [top + np.array([0, 0, 0.001]), 0.5 * (base + top), base]
    return grid_sheet(np.stack(rows))


def cuff(sleeve: Array, shows: float, room: float = 0.0045) -> Array:
    """(6, LOOP, 3): a shirt's cuff that shows `shows` metres beyond a sleeve, inside it.

    The last ring closes it off deep inside, behind where the skin ends: whatever way the wrist
    bends, one looks into white cotton. Its lining widens up the arm, as the arm and the sleeve do.
    """
    end = sleeve[-1]
    middle = end.mean(axis=0)
    run = unit(middle - sleeve[-4].mean(axis=0))
    spokes = end - middle
    spokes = spokes - (spokes @ run)[:, None] * run
    reach = np.linalg.norm(spokes, axis=1, keepdims=True)
    inner = spokes * (1.0 - room / reach)
    steps = ((-0.012, 1.0), (shows - 0.001, 1.0), (shows, 0.97), (shows - 0.003, 0.93))
    rings = [middle + run * t + inner * size for t, size in steps]
    rings += [middle - run * (_CLOSED_M - shows) + inner * size for size in (1.03, 0.05)]
    return np.stack(rings)


def bow_tie(form: Form, at: Array, forward: Array) -> Sheet:
    """A tied bow, its knot at `at`."""
    s = form.scale
    up = unit(np.array([0.0, 0.0, 1.0]) - forward * forward[2])
    across = np.cross(up, forward)
    parts = []
    turn = 2 * np.pi * np.arange(10) / 10
    for sign in (1.0, -1.0):
        rings = []
        for t in np.linspace(0.0, 1.0, 7):
            high = (0.008 + 0.017 * smoothstep(t, 0.05, 0.8)) * s
            deep = (0.006 + 0.003 * np.sin(np.pi * min(t * 1.1, 1))) * s * (1 - 0.6 * t**4)
            pleat = 1.0 - 0.12 * np.cos(2 * turn) * (1 - t)
            x = (0.006 + 0.052 * t) * s
            middle = at + across * sign * x + forward * (0.004 - 0.012 * t**2) * s
            ring = middle + (np.sin(turn) * pleat)[:, None] * up * high
            parts_forward = (np.cos(turn) * pleat)[:, None] * forward * deep
            rings.append(ring + parts_forward)
        centre = rings[-1].mean(axis=0)
        rings.append(centre + (rings[-1] - centre) * 0.85)
        rings.append(centre + (rings[-1] - centre) * 0.05)
        parts.append(grid_sheet(np.stack(rings), closed=True, flip=sign > 0))
    knot = []
    for t in np.linspace(-1, 1, 5):
        size = np.sqrt(1 - 0.85 * t**2)
        ring = at + across * t * 0.010 * s + forward * 0.003 * s
        ring = ring + np.sin(turn)[:, None] * up * 0.0125 * s * size
        knot.append(ring + np.cos(turn)[:, None] * forward * 0.0115 * s * size)
    parts.append(grid_sheet(np.stack(knot), closed=True, flip=True))
    return joined(*parts)
