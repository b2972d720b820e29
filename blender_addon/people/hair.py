"""Hair as a sculpted volume with locks. Coordinates are relative to the head joint."""

from collections.abc import Callable
from typing import Final

import numpy as np

from retarget.rotation import Array

from ..garments.sdf import ellipsoid, intersect, mirrored, polygon, subtract, union
from ..garments.surface import Surface, moved, polygonize
from ..stage.noise import smoothstep
from .head import ORIGIN, skull_field

# Side view (y back, z up) of where hair grows: front of the ear, round it, and down to the nape.
_SWEPT: Final = (
    (-0.084, 0.157), (-0.130, 0.160), (-0.130, 0.260), (0.170, 0.260), (0.170, -0.020),
    (0.070, -0.020), (0.052, 0.020), (0.040, 0.042), (0.030, 0.100), (0.012, 0.112),
    (-0.010, 0.106), (-0.014, 0.062), (-0.030, 0.062), (-0.035, 0.110),
    (-0.046, 0.140), (-0.062, 0.150),
)  # fmt: skip
_SHORT: Final = (
    (-0.084, 0.153), (-0.130, 0.156), (-0.130, 0.260), (0.170, 0.260), (0.170, 0.010),
    (0.074, 0.010), (0.058, 0.030), (0.044, 0.050), (0.032, 0.100), (0.012, 0.112),
    (-0.008, 0.106), (-0.012, 0.075), (-0.026, 0.075), (-0.034, 0.112), (-0.050, 0.138),
)  # fmt: skip


def hair_surface(style: str, cell: float = 0.0052) -> Surface:
    """The hair of a `Look` ("swept" or "short") in the rest pose."""
    surface = polygonize(
        _STYLES[style], np.array([-0.11, -0.135, -0.06]), np.array([0.11, 0.15, 0.24]), cell
    )
    return moved(surface, ORIGIN)


def _swept(p: Array) -> Array:
    q = mirrored(p)
    d = ellipsoid(q, (0.0, 0.016, 0.112), (0.0800, 0.0985, 0.0925))
    d = union(d, ellipsoid(q, (0.0, -0.042, 0.160), (0.052, 0.048, 0.040)), 0.03)
    d = union(d, ellipsoid(q, (0.0, 0.056, 0.060), (0.064, 0.056, 0.072)), 0.03)
    # Locks run from the forehead to the back, fanning out over the sides.
    around = np.arctan2(p[:, 0], p[:, 2] - 0.075 + 0.25 * p[:, 1])
    wave = 0.35 * np.sin(p[:, 1] * 42.0 + 1.3) + 0.25 * np.sin(p[:, 1] * 75.0)
    locks = np.sin(23.0 * around + wave * 2.0) + 0.7 * np.sin(41.0 * around - wave * 3.0 + 0.7)
    d += 0.0011 * locks * smoothstep(p[:, 1], -0.10, -0.05)
    return _cut(d, p, _SWEPT)


def _short(p: Array) -> Array:
    q = mirrored(p)
    d = ellipsoid(q, (0.0, 0.013, 0.108), (0.0775, 0.0960, 0.0915))
    # More volume on the wide side of the parting, brushed over to it.
    d = union(d, ellipsoid(p, (-0.012, -0.034, 0.160), (0.058, 0.056, 0.044)), 0.025)
    d = union(d, ellipsoid(q, (0.0, 0.060, 0.072), (0.060, 0.046, 0.060)), 0.03)
    parting = ellipsoid(p, (0.047, -0.030, 0.192), (0.0035, 0.070, 0.030))
    d = subtract(d, parting, 0.008)
    across = np.arctan2(p[:, 1] - 0.02, p[:, 2] - 0.05) + 0.5 * p[:, 0] * 8.0
    locks = np.sin(26.0 * across + 2.0 * np.sin(p[:, 0] * 60.0)) + 0.7 * np.sin(
        47.0 * across + p[:, 0] * 90.0
    )
    top = smoothstep(p[:, 2], 0.11, 0.15)
    d += 0.0010 * locks * top
    return _cut(d, p, _SHORT)


def _cut(d: Array, p: Array, outline: tuple[tuple[float, float], ...]) -> Array:
    # Nowhere thinner than this over the scalp, or the skin would show in patches.
    d = union(d, skull_field(mirrored(p)) - 0.0055, 0.006)
    side = polygon(p[:, 1], p[:, 2], outline)
    # Hair grows thinner towards its edge.
    d = d + 0.0034 * smoothstep(side, -0.030, -0.002)
    d = intersect(d, side, 0.010)
    # Free the ears.
    ear = ellipsoid(mirrored(p), (0.085, 0.004, 0.072), (0.020, 0.022, 0.030))
    return subtract(d, ear, 0.006)


_STYLES: Final[dict[str, Callable[[Array], Array]]] = {"swept": _swept, "short": _short}
