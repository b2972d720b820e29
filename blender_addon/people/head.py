"""Head, face, ears, eyes and neck. Coordinates here are relative to the head joint."""

from dataclasses import replace
from typing import Final

import numpy as np

from retarget import skeleton
from retarget.rotation import Array

from ..garments.sdf import chain, ellipsoid, mirrored, spline, subtract, union
from ..garments.surface import (
    Surface,
    grid_surface,
    hem,
    join,
    mirror,
    moved,
    paint,
    polygonize,
    project,
    split,
    turned_over,
    with_material,
)
from ..stage.noise import smoothstep

ORIGIN: Final = skeleton.REST[skeleton.INDEX["head"]]
"""World position of the head joint in the rest pose."""

SKIN, LIPS, MOUTH, NOSTRIL, LASH = range(5)
"""Materials of the head's surface."""

WHITE, IRIS, PUPIL = range(3)
"""Materials of the eyes."""

_EYE: Final = (0.0315, -0.0735, 0.0985)
_EYE_RADIUS: Final = 0.0125


def skull_field(q: Array) -> Array:
    """The bare cranium, which hair has to cover."""
    d = ellipsoid(q, (0.0, 0.012, 0.106), (0.0735, 0.092, 0.089))
    return union(d, ellipsoid(q, (0.0, -0.026, 0.116), (0.064, 0.063, 0.060)), 0.03)


def head_field(p: Array) -> Array:
    """Head with face and ears, and the neck."""
    q = mirrored(p)
    d = skull_field(q)
    face = ellipsoid(q, (0.0, -0.034, 0.046), (0.052, 0.052, 0.064))
    d = union(d, face, 0.035)
    d = union(d, ellipsoid(q, (0.041, -0.056, 0.064), (0.021, 0.024, 0.022)), 0.024)
    jaw = chain(
        q,
        ((0.050, 0.004, 0.042), (0.0425, -0.014, 0.016), (0.010, -0.074, -0.005)),
        (0.009, 0.010, 0.011),
        0.006,
    )
    d = union(d, jaw, 0.034)
    # Cheeks fill the hollow between cheekbone and jaw.
    d = union(d, ellipsoid(q, (0.031, -0.050, 0.034), (0.024, 0.028, 0.030)), 0.025)
    d = union(d, ellipsoid(q, (0.0, -0.081, 0.000), (0.016, 0.012, 0.013)), 0.020)
    d = union(d, ellipsoid(q, (0.0, -0.080, 0.029), (0.026, 0.0165, 0.018)), 0.018)
    d = subtract(d, ellipsoid(q, (0.032, -0.105, 0.0985), (0.019, 0.020, 0.0125)), 0.016)
    brow = chain(
        q,
        ((0.008, -0.0865, 0.1145), (0.028, -0.0845, 0.1190), (0.042, -0.0745, 0.1165)),
        (0.0045, 0.005, 0.003),
        0.003,
    )
    d = union(d, brow, 0.014)
    d = union(d, ellipsoid(q, _EYE, (0.0139, 0.0139, 0.0139)), 0.005)
    nose = chain(
        q,
        ((0.0, -0.0870, 0.107), (0.0, -0.0995, 0.081), (0.0, -0.1075, 0.0645)),
        (0.0070, 0.0072, 0.0085),
        0.004,
    )
    nose = union(nose, ellipsoid(q, (0.0100, -0.0975, 0.0590), (0.0068, 0.0105, 0.0065)), 0.008)
    d = union(d, nose, 0.013)
    d = union(d, _lips(q), 0.006)
    neck = chain(
        q,
        ((0.0, 0.022, -0.13), (0.0, 0.010, -0.03), (0.0, 0.016, 0.05)),
        (0.054, 0.0480, 0.046),
        0.01,
    )
    d = union(d, neck, 0.022)
    return union(d, _ear(q), 0.006)


def head_surface(cell: float = 0.0036) -> Surface:
    """The head's skin with openings for the eyes, painted lips, brow not included."""
    skin = polygonize(
        head_field, np.array([-0.1, -0.135, -0.088]), np.array([0.1, 0.125, 0.21]), cell
    )
    # The crown lies under the hair: no need to carry it.
    _, skin = split(skin, _under_hair)
    opened = hem(_split_eyes(skin), 0.0022, LASH)
    opened = paint(opened, _lip_region, LIPS)
    mouth = with_material(_mouth_line(), MOUTH)
    nostril = with_material(_nostril(), NOSTRIL)
    return _at_head(join(opened, mouth, nostril, mirror(nostril)))


def eye_surface() -> Surface:
    """Both eyeballs: white, iris, pupil as rings about the line of sight."""
    angles = np.radians([0.0, 6.0, 11.5, 18.0, 27.5, 29.0, 45.0, 62.0, 80.0, 100.0])
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    # The cornea bulges a little.
    radius = _EYE_RADIUS + 0.0004 * np.exp(-((angles / 0.45) ** 2))
    ring = np.stack(
        [
            radius[:, None] * np.sin(angles)[:, None] * np.cos(turn),
            np.broadcast_to((-radius * np.cos(angles))[:, None], (len(angles), len(turn))),
            radius[:, None] * np.sin(angles)[:, None] * np.sin(turn),
        ],
        axis=-1,
    )
    eye = grid_surface(ring + np.asarray(_EYE), close_v=True)
    rows = np.repeat(np.arange(len(angles) - 1), len(turn))
    materials = np.where(rows < 2, PUPIL, np.where(rows < 4, IRIS, WHITE))
    left = replace(turned_over(eye), materials=materials)
    return _at_head(join(left, mirror(left)))


def brow_surface(weight: float = 1.0) -> Surface:
    """Both eyebrows, a thin layer on the brow ridge."""

    def field(p: Array) -> Array:
        q = mirrored(p)
        lift = 0.0012 + 0.0004 * np.sin(q[:, 0] * 1500.0 + q[:, 2] * 900.0)
        return head_field(p) - lift

    def region(p: Array) -> Array:
        x = np.abs(p[:, 0])
        middle = spline(x, (0.010, 0.022, 0.036, 0.052), (0.1165, 0.1192, 0.1205, 0.1155))
        half = spline(x, (0.010, 0.018, 0.034, 0.052), (0.0024, 0.0031, 0.0026, 0.0012))
        band = np.abs(p[:, 2] - middle) - half * weight
        ends = np.maximum(0.011 - x, x - 0.0495)
        return np.maximum(band, ends)

    low, high = np.array([-0.06, -0.12, 0.1]), np.array([0.06, -0.04, 0.136])
    band, _ = split(polygonize(field, low, high, 0.0034), region)
    return _at_head(hem(band, 0.002))


def _at_head(surface: Surface) -> Surface:
    return moved(surface, ORIGIN)


def _lips(q: Array) -> Array:
    upper = chain(
        q,
        ((0.0, -0.0950, 0.0322), (0.009, -0.0936, 0.0322), (0.0230, -0.0835, 0.0288)),
        (0.0033, 0.0034, 0.0012),
        0.002,
    )
    lower = chain(
        q,
        ((0.0, -0.0932, 0.0232), (0.010, -0.0914, 0.0238), (0.0215, -0.0835, 0.0275)),
        (0.0042, 0.0038, 0.0012),
        0.002,
    )
    return union(upper, lower, 0.0008)


def _ear(q: Array) -> Array:
    # The ear's own axes: out, back, up; it leans back and stands off the head.
    centre = np.array([0.0755, 0.014, 0.077])
    lean, splay = np.radians(12.0), np.radians(24.0)
    out = np.array([np.cos(splay), -np.sin(splay), 0.0])
    up = np.array([0.0, np.sin(lean), np.cos(lean)])
    up -= out * (up @ out)
    up /= np.linalg.norm(up)
    back = np.cross(up, out)
    local = (q - centre) @ np.stack([out, back, up], axis=1)
    # Narrower towards the lobe.
    local[:, 1] *= 1.0 + 6.0 * np.maximum(-local[:, 2], 0.0)
    ear = ellipsoid(local, (0.0, 0.0, 0.0), (0.0065, 0.0175, 0.0310))
    ear = subtract(ear, ellipsoid(local, (0.0075, -0.001, 0.002), (0.0065, 0.0120, 0.0220)), 0.004)
    ridge = chain(
        local,
        ((0.001, 0.003, 0.014), (0.002, 0.006, 0.0), (0.001, 0.001, -0.013)),
        (0.002, 0.0028, 0.002),
        0.003,
    )
    ear = union(ear, ridge, 0.003)
    tragus = ellipsoid(local, (0.001, -0.0125, -0.003), (0.004, 0.0035, 0.005))
    return union(ear, tragus, 0.003)


def _almond(p: Array) -> Array:
    """Negative between the eyelids."""
    x = np.abs(p[:, 0])
    reach = (x - _EYE[0]) / 0.0143
    bow = np.clip(1.0 - reach * reach, 0.0, 1.0)
    tilt = 0.0010 * reach
    upper = _EYE[2] + tilt + 0.0050 * bow**0.75
    lower = _EYE[2] + tilt - 0.0042 * bow**0.85
    opening = np.maximum(p[:, 2] - upper, lower - p[:, 2])
    return np.maximum(np.maximum(opening, (np.abs(reach) - 1.0) * 0.0143), p[:, 1] + 0.055)


def _split_eyes(skin: Surface) -> Surface:
    _, around = split(skin, _almond)
    return around


def _under_hair(p: Array) -> Array:
    """Negative on the crown, well inside every hair style."""
    q = mirrored(p)
    crown = 0.150 - p[:, 2] - 0.45 * np.maximum(p[:, 1] + 0.045, 0.0)
    forehead = -0.045 - p[:, 1]
    ears = ellipsoid(q, (0.08, 0.01, 0.075), (0.03, 0.03, 0.045))
    return np.maximum(np.maximum(crown, forehead), -ears)


_LIP_X: Final = (0.0, 0.005, 0.014, 0.0245)


def _lip_region(p: Array) -> Array:
    x = np.abs(p[:, 0])
    top = spline(x, _LIP_X, (0.0352, 0.0362, 0.0338, 0.0286))
    bottom = spline(x, _LIP_X, (0.0186, 0.0188, 0.0206, 0.0280))
    band = np.maximum(p[:, 2] - top, bottom - p[:, 2])
    return np.maximum(np.maximum(band, x - 0.0245), p[:, 1] + 0.07)


def _mouth_line() -> Surface:
    """The dark line between the lips: a strip on the skin, thinner than the skin's faces."""
    x = np.linspace(-0.0265, 0.0265, 41)
    middle = spline(np.abs(x), _LIP_X, (0.0277, 0.0280, 0.0279, 0.0288))
    half = 0.00025 + 0.0008 * smoothstep(np.abs(x), 0.0265, 0.016)
    rows = [np.stack([x, np.full_like(x, -0.096), middle + s * half], axis=1) for s in (-1.0, 1.0)]
    return _on_skin(np.stack(rows, axis=1))


def _nostril() -> Surface:
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    centre = np.array([0.0062, -0.1035, 0.0525])
    rings = [
        centre
        + np.stack([r * 0.0030 * np.cos(turn), r * 0.0042 * np.sin(turn), 0.0 * turn], axis=-1)
        for r in (0.05, 0.6, 1.0)
    ]
    return turned_over(_on_skin(np.stack(rings), close_v=True))


def _on_skin(points: Array, close_v: bool = False) -> Surface:
    """A patch through (U, V, 3) points, laid a hair above the skin."""
    flat = points.reshape(-1, 3)
    for _ in range(3):
        flat = project(lambda p: head_field(p) - 0.0003, flat, 0.0008)
    return grid_surface(flat.reshape(points.shape), close_v=close_v)
