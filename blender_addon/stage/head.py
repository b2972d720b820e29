"""Head, face, ears, eyes and neck. Coordinates here are relative to the head joint."""

from typing import Final

import numpy as np

from retarget import skeleton
from retarget.rotation import Array

from .sdf import (
    chain,
    cone,
    ellipsoid,
    mirrored,
    smoothstep,
    spline,
    subtract,
    union,
)
from .surface import Surface, grid_surface, hem, join, mirror, paint, polygonize, split

ORIGIN: Final = skeleton.REST[skeleton.INDEX["head"]]
"""World position of the head joint in the rest pose."""

SKIN, LIPS, MOUTH, NOSTRIL, LASH = range(5)
"""Materials of the head's surface."""

WHITE, IRIS, PUPIL = range(3)
"""Materials of the eyes."""

_EYE: Final = (0.0315, -0.0735, 0.0985)
_EYE_RADIUS: Final = 0.0125


def head_field(p: Array) -> Array:
    """Head with face and ears, and the neck."""
    q = mirrored(p)
    d = ellipsoid(q, (0.0, 0.012, 0.106), (0.0735, 0.092, 0.089))
    d = union(d, ellipsoid(q, (0.0, -0.030, 0.112), (0.060, 0.060, 0.058)), 0.03)
    face = ellipsoid(q, (0.0, -0.036, 0.044), (0.055, 0.051, 0.066))
    d = union(d, face, 0.035)
    d = union(d, ellipsoid(q, (0.041, -0.058, 0.066), (0.022, 0.024, 0.022)), 0.022)
    jaw = chain(
        q,
        ((0.053, 0.004, 0.034), (0.048, -0.020, 0.008), (0.014, -0.075, -0.007)),
        (0.012, 0.013, 0.013),
        0.015,
    )
    d = union(d, jaw, 0.026)
    d = union(d, ellipsoid(q, (0.0, -0.083, -0.002), (0.017, 0.013, 0.014)), 0.018)
    d = union(d, ellipsoid(q, (0.0, -0.080, 0.030), (0.027, 0.017, 0.019)), 0.016)
    d = subtract(d, ellipsoid(q, (0.032, -0.105, 0.0985), (0.019, 0.020, 0.0125)), 0.016)
    brow = chain(
        q,
        ((0.006, -0.088, 0.1155), (0.030, -0.0865, 0.1205), (0.049, -0.070, 0.115)),
        (0.0055, 0.006, 0.005),
        0.008,
    )
    d = union(d, brow, 0.014)
    d = union(d, ellipsoid(q, _EYE, (0.0139, 0.0139, 0.0139)), 0.005)
    nose = chain(
        q,
        ((0.0, -0.0885, 0.105), (0.0, -0.1005, 0.080), (0.0, -0.1085, 0.0645)),
        (0.0060, 0.0068, 0.0088),
        0.008,
    )
    nose = union(nose, ellipsoid(q, (0.0115, -0.0985, 0.0595), (0.0068, 0.0105, 0.0068)), 0.007)
    d = union(d, nose, 0.010)
    d = union(d, _lips(q), 0.005)
    neck = chain(
        q,
        ((0.0, 0.022, -0.13), (0.0, 0.010, -0.03), (0.0, 0.016, 0.05)),
        (0.057, 0.0525, 0.050),
        0.02,
    )
    d = union(d, neck, 0.022)
    throat = cone(q, (0.0, -0.036, -0.045), (0.0, -0.032, -0.10), 0.012, 0.010)
    d = union(d, throat, 0.02)
    return union(d, _ear(q), 0.006)


def head_surface(cell: float = 0.0027) -> Surface:
    """The head's skin with openings for the eyes, painted lips, brow not included."""
    skin = polygonize(
        head_field, np.array([-0.1, -0.135, -0.1]), np.array([0.1, 0.125, 0.21]), cell
    )
    # The crown lies under the hair: no need to carry it.
    _, skin = split(skin, _under_hair)
    opened = hem(_split_eyes(skin), 0.0022, LASH)
    opened = paint(opened, _lip_region, LIPS)
    opened = paint(opened, _mouth_line, MOUTH)
    opened = paint(opened, _nostrils, NOSTRIL)
    return _at_head(opened)


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
    left = Surface(eye.vertices, eye.faces[:, ::-1], materials)
    return _at_head(join(left, mirror(left)))


def brow_surface(weight: float = 1.0) -> Surface:
    """Both eyebrows, a thin layer on the brow ridge."""

    def field(p: Array) -> Array:
        q = mirrored(p)
        lift = 0.0012 + 0.0004 * np.sin(q[:, 0] * 1500.0 + q[:, 2] * 900.0)
        return head_field(p) - lift

    def region(p: Array) -> Array:
        x = np.abs(p[:, 0])
        middle = spline(x, (0.010, 0.022, 0.036, 0.052), (0.1155, 0.1190, 0.1212, 0.1150))
        half = spline(x, (0.010, 0.018, 0.034, 0.052), (0.0020, 0.0036, 0.0030, 0.0007))
        band = np.abs(p[:, 2] - middle) - half * weight
        ends = np.maximum(0.011 - x, x - 0.0515)
        return np.maximum(band, ends)

    low, high = np.array([-0.06, -0.12, 0.1]), np.array([0.06, -0.04, 0.136])
    band, _ = split(polygonize(field, low, high, 0.0026), region)
    return _at_head(hem(band, 0.002))


def _at_head(surface: Surface) -> Surface:
    return Surface(surface.vertices + ORIGIN, surface.faces, surface.materials)


def _lips(q: Array) -> Array:
    upper = chain(
        q,
        ((0.0, -0.0955, 0.0330), (0.009, -0.0945, 0.0332), (0.0235, -0.0845, 0.0290)),
        (0.0040, 0.0042, 0.0018),
        0.004,
    )
    lower = chain(
        q,
        ((0.0, -0.0940, 0.0225), (0.010, -0.0920, 0.0232), (0.0220, -0.0845, 0.0275)),
        (0.0052, 0.0046, 0.0018),
        0.004,
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
    top = spline(x, _LIP_X, (0.0366, 0.0378, 0.0352, 0.0284))
    bottom = spline(x, _LIP_X, (0.0172, 0.0175, 0.0197, 0.0280))
    band = np.maximum(p[:, 2] - top, bottom - p[:, 2])
    return np.maximum(np.maximum(band, x - 0.0245), p[:, 1] + 0.07)


def _mouth_line(p: Array) -> Array:
    x = np.abs(p[:, 0])
    middle = spline(x, _LIP_X, (0.0277, 0.0281, 0.0280, 0.0290))
    thickness = 0.0008 * smoothstep(x, 0.0265, 0.018) + 0.0003
    return np.maximum(
        np.maximum(np.abs(p[:, 2] - middle) - thickness, x - 0.0265), p[:, 1] + 0.07
    )


def _nostrils(p: Array) -> Array:
    q = mirrored(p)
    return ellipsoid(q, (0.0060, -0.1025, 0.0522), (0.0030, 0.0048, 0.0026))
