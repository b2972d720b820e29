"""The tailcoat of the bind pose: coat, lapels, buttons; the rest is the stage's own clothes."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..stage.noise import ripples, smoothstep
from . import folds
from .arms import garment_weights, sleeve, to_forearm
from .figure import Weights, trunk
from .sdf import Point, ellipsoid, intersect, mirrored, polygon, spline, union
from .surface import Surface, hem, join, moved, polygonize, split, turned_over

_SLEEVE_END: Final = 0.695
_EASE: Final = 0.010


def coat_field(p: Array) -> Array:
    """Coat with sleeves, closed."""
    z = p[:, 2]
    hang = smoothstep(z, 1.0, 0.6)
    flutes = hang * 0.005 * np.cos(62.0 * p[:, 0] + 0.8)
    # Cut close at the sides of the waist.
    close = 0.007 * np.exp(-(((z - 1.09) / 0.06) ** 2)) * smoothstep(np.abs(p[:, 0]), 0.09, 0.13)
    body = trunk(p) - _EASE + close - folds.waist(p, 0.0055) - flutes
    return union(body, _sleeves(p), 0.030) - 0.0010 * ripples(p, 0.17, 5)


def _sleeves(p: Array) -> Array:
    def upper(q: Array) -> Array:
        # A sleeve head stands a little proud of the shoulder.
        head = 0.0025 * np.exp(-(((q[:, 0] - 0.205) / 0.022) ** 2))
        return 0.008 + head + folds.upper_sleeve(q, 0.0120)

    def forearm(q: Array) -> Array:
        return 0.007 + folds.lower_sleeve(q, 0.0115)

    return sleeve(p, upper, forearm, 0.0475, (0.050, 0.061, 0.050))


def coat_weights(p: Array) -> Weights:
    """Shares of the bones in points of the coat."""
    return garment_weights(p, smoothstep(trunk(p) - _EASE - _sleeves(p), -0.012, 0.035))


def coat(cell: float = 0.0165) -> Surface:
    """Wool of the tailcoat: open in front, cut away at the waist, tails to the knees, lined."""
    low, high = np.array([-0.50, -0.43, 0.47]), np.array([0.50, 0.17, 1.535])
    whole = polygonize(coat_field, low, high, cell)
    for region in (_front, _cutaway, _vent, _sleeve_ends, _neck_hole):
        _, whole = split(whole, region)
    tails, _ = split(whole, lambda p: np.where(np.abs(p[:, 0]) < 0.3, p[:, 2] - 1.03, 1.0))
    lining = Surface(
        tails.vertices - 0.005 * tails.normals, tails.faces, tails.materials, tails.normals
    )
    return join(hem(whole, 0.006), _reversed(lining))


def lapels() -> Surface:
    """Peaked lapels and collar, turned back on the coat."""

    def region(p: Array) -> Array:
        front = np.maximum(polygon(np.abs(p[:, 0]), p[:, 2], _LAPEL), p[:, 1] + 0.005)
        round_neck = np.hypot(p[:, 0] / 0.1125, (p[:, 1] - 0.010) / 0.114) - 1.0
        back = np.maximum(np.maximum(0.11 * round_neck, -0.006 - p[:, 1]), 1.450 - p[:, 2])
        return np.maximum(np.minimum(front, back), p[:, 2] - _collar_top(p))

    low, high = np.array([-0.17, -0.16, 1.09]), np.array([0.17, 0.14, 1.53])
    panel, _ = split(polygonize(lapel_field, low, high, 0.0105), region)
    return hem(panel, 0.006)


def lapel_field(p: Array) -> Array:
    """The lapel lies flat at its outer edge and stands off in a roll at the fold."""
    fold = np.abs(p[:, 0]) - _opening(p[:, 2])
    front = smoothstep(p[:, 1], 0.0, -0.04)
    # In the hollow before the shoulder the coat's larger faces come up from below.
    clear = 0.0040 * smoothstep(p[:, 2], 1.34, 1.40) * smoothstep(np.abs(p[:, 0]), 0.08, 0.11)
    roll = 0.0072 + clear + 0.0060 * np.exp(-((fold / 0.017) ** 2)) * front
    flat = union(trunk(p) - _EASE, _sleeves(p), 0.030)
    return flat - roll


def trousers(cell: float = 0.0220) -> Surface:
    """Trousers with a pressed crease and a break over the shoe, hidden above the waist."""
    low, high = np.array([-0.21, -0.14, 0.01]), np.array([0.21, 0.16, 1.08])
    whole = polygonize(trousers_field, low, high, cell)
    # Longer at the heel.
    _, cut = split(whole, lambda p: p[:, 2] - (0.048 - 0.25 * p[:, 1]))
    return hem(cut, 0.006)


def trousers_field(p: Array) -> Array:
    """Two legs and a seat, closed at the waist."""
    q, z = mirrored(p), p[:, 2]
    heights = [row[0] for row in _LEG]
    x0, y0, a, b = (spline(z, heights, [row[k] for row in _LEG]) for k in range(1, 5))
    across, along = q[:, 0] - x0, p[:, 1] - y0
    leg = np.maximum((np.hypot(across / a, along / b) - 1.0) * a, z - 0.94)
    # The seat gives way to the legs below the hip.
    seat = trunk(p) + 0.004 + 0.42 * np.maximum(0.93 - z, 0.0)
    d = union(leg, intersect(seat, 0.79 - z, 0.03), 0.040)
    crease = np.exp(-((across / 0.008) ** 2)) * smoothstep(z, 0.84, 0.66)
    d -= 0.0060 * crease
    drift = 1.2 * ripples(p, 0.14, 61)
    # Drawn from the crotch over the thigh, gathered behind the knee and over the shoe.
    drawn = folds.ridges(2.0 * np.pi * (z - 0.9 * across) / 0.060 + drift)
    d -= 0.0045 * drawn * smoothstep(z, 0.60, 0.72) * smoothstep(z, 0.92, 0.83)
    knee = folds.ridges(2.0 * np.pi * (z + 0.5 * across) / 0.055 + drift)
    d -= 0.0035 * knee * np.exp(-(((z - 0.46) / 0.09) ** 2))
    shoe = folds.ridges(2.0 * np.pi * (z + 0.4 * across + 0.2 * along) / 0.062 + drift)
    d -= 0.0060 * shoe * smoothstep(z, 0.26, 0.12)
    return np.maximum(d - 0.0010 * ripples(p, 0.15, 11), z - 1.055)


# Trouser leg. Height: axis from the middle, axis in depth, half breadth, half depth.
_LEG: Final = (
    (0.02, 0.100, 0.018, 0.053, 0.064),
    (0.28, 0.098, 0.016, 0.056, 0.064),
    (0.49, 0.096, 0.006, 0.061, 0.067),
    (0.62, 0.094, 0.003, 0.068, 0.075),
    (0.74, 0.092, 0.003, 0.077, 0.086),
    (0.80, 0.090, 0.005, 0.083, 0.094),
    (0.90, 0.086, 0.008, 0.088, 0.104),
)


def buttons() -> Surface:
    """Two pairs of buttons on the fronts."""
    spots = [(0.094, 1.165), (0.086, 1.110)]
    domes = []
    for x, z in spots:
        for sign in (1.0, -1.0):
            y = np.linspace(-0.16, 0.0, 321)
            line = np.stack([np.full_like(y, sign * x), y, np.full_like(y, z)], axis=1)
            spot = line[np.argmax(coat_field(line) < 0.0)]
            domes.append(moved(_dome((0.0095, 0.0045, 0.0095)), spot))
    return join(*domes)


def _dome(radii: Point) -> Surface:
    reach = np.asarray(radii) * 1.3
    return polygonize(lambda p: ellipsoid(p, (0.0, 0.0, 0.0), radii), -reach, reach, 0.0042)


def _reversed(surface: Surface) -> Surface:
    quads = surface.faces[:, 3] >= 0
    faces = surface.faces[:, ::-1].copy()
    faces[~quads] = surface.faces[~quads][:, [2, 1, 0, 3]]
    over = turned_over(surface)
    return Surface(over.vertices, faces, over.materials, over.normals)


def _opening(z: Array) -> Array:
    """Half the breadth of the front opening."""
    return spline(
        z,
        (1.00, 1.05, 1.10, 1.16, 1.30, 1.40, 1.455, 1.50),
        (0.070, 0.058, 0.050, 0.047, 0.062, 0.071, 0.074, 0.072),
    )


def _front(p: Array) -> Array:
    return np.maximum(np.abs(p[:, 0]) - _opening(p[:, 2]), p[:, 1])


def _cutaway(p: Array) -> Array:
    """Negative below the waist in front and at the sides: what is left are the tails."""
    z, y = p[:, 2], p[:, 1]
    edge = spline(
        z,
        (0.46, 0.60, 0.75, 0.88, 0.94, 0.985, 1.010, 1.020),
        (0.074, 0.056, 0.040, 0.024, 0.000, -0.045, -0.094, -0.16),
    )
    side = np.maximum(y - edge, z - 1.020)
    hem_line = z - (0.50 + 4.0 * np.maximum(np.abs(p[:, 0]) - 0.03, 0.0) ** 2)
    return np.where(np.abs(p[:, 0]) < 0.3, np.minimum(side, hem_line), 1.0)


def _vent(p: Array) -> Array:
    """Negative in the slit between the tails."""
    width = 0.003 + 0.010 * smoothstep(p[:, 2], 1.0, 0.5)
    return np.maximum(np.maximum(np.abs(p[:, 0]) - width, -p[:, 1]), p[:, 2] - 1.0)


def _sleeve_ends(p: Array) -> Array:
    beside = (np.abs(p[:, 0]) > 0.25) & (p[:, 2] > 0.95)
    return np.where(beside, _SLEEVE_END - to_forearm(p)[:, 0], 1.0)


def _neck_hole(p: Array) -> Array:
    """Negative above the edge of the collar, which is higher behind."""
    return np.maximum(_collar_top(p) - 0.005 - p[:, 2], np.abs(p[:, 0]) - 0.13)


def _collar_top(p: Array) -> Array:
    return 1.508 + 0.13 * p[:, 1]


# Left half of lapel and collar as they lie on the chest, (x, z): peak, gorge, collar's edge.
_LAPEL: Final = (
    (0.046, 1.100), (0.070, 1.150), (0.098, 1.235), (0.124, 1.320), (0.145, 1.392),
    (0.155, 1.428), (0.124, 1.412), (0.100, 1.406), (0.114, 1.426), (0.1125, 1.470),
    (0.1120, 1.540), (0.040, 1.540), (0.062, 1.480), (0.064, 1.440), (0.062, 1.400),
    (0.056, 1.300), (0.040, 1.160),
)  # fmt: skip
