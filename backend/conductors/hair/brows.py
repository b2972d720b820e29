"""Eyebrows of small locks that follow the arch over the eye."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from .face_surface import Face
from .locks import Locks, Surface, joined, solid, tapered

_POINTS: Final = 4
_SEED: Final = 17


@dataclass(frozen=True)
class Brow:
    """What brows are like; lengths in distances of the eyes from the middle of the face.

    Parameters
    ----------
    thickness : float
        Of the band at its thickest.
    height : float
        Of its middle over the eye.
    arch : float
        How far the peak is over the inner end.
    count : int
        Locks of a brow.
    """

    thickness: float = 0.22
    height: float = 0.66
    arch: float = 0.14
    count: int = 34


def brows(face: Face, brow: Brow) -> Surface:
    """Both brows."""
    return joined([_brow(face, side, brow) for side in (0, 1)])


def _brow(face: Face, side: int, brow: Brow) -> Surface:
    generator = np.random.default_rng(_SEED)
    eye = face.eyes[side]
    unit = abs(float(eye[0]))
    outwards = 1.0 - 2.0 * side
    arch = PchipInterpolator(
        [0.38, 0.8, 1.36, 1.92],
        brow.height + brow.arch * np.array([-0.62, 0.1, 0.62, -0.75]),
    )
    band = PchipInterpolator([0.38, 0.55, 1.2, 1.95], brow.thickness * np.array([0.8, 1, 0.8, 0.2]))
    start = np.linspace(0.40, 1.72, brow.count) + generator.normal(0.0, 0.012, brow.count)
    row = np.tile([-0.42, 0.10, 0.42, -0.15], brow.count)[: brow.count]
    row = row + generator.normal(0.0, 0.06, brow.count)
    # At its inner end hair stands up, further out it lies along the brow.
    rise = np.interp(start, [0.4, 0.6, 0.95, 1.7], [1.05, 0.7, 0.28, -0.1]) - 0.55 * row
    length = np.interp(start, [0.4, 0.8, 1.72], [0.27, 0.40, 0.28])
    t = np.linspace(0.0, 1.0, _POINTS)
    along = np.cos(np.arctan(rise))[:, None] * length[:, None] * t
    over = np.minimum(start[:, None] + along, 1.97)
    lift = np.sin(np.arctan(rise))[:, None] * length[:, None] * (t - 0.35 * t**2)
    base = arch(start) + row * band(start)
    follow = arch(over) - arch(start)[:, None]
    level = base[:, None] + follow + lift * np.interp(start, [0.4, 1.0], [0.75, 0.5])[:, None]
    x = outwards * over * unit
    z = eye[2] + level * unit
    front = face.front(side)
    y = front(x, z)
    step = 5e-4
    slope_x = (front(x + step, z) - front(x - step, z)) / (2 * step)
    slope_z = (front(x, z + step) - front(x, z - step)) / (2 * step)
    outward = np.stack([slope_x, -np.ones_like(y), slope_z], axis=-1)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    courses = np.stack([x, y, z], axis=-1) + outward * unit * (0.012 + 0.02 * t)[:, None]
    width = unit * 0.10 * generator.uniform(0.8, 1.2, brow.count)[:, None]
    width = width * tapered(_POINTS, root=0.45, belly=0.35, sharpness=0.8)
    locks = Locks(
        courses,
        width,
        0.35 * width,
        np.zeros(brow.count, dtype=np.int64),
        np.zeros(brow.count),
        outward,
    )
    return solid(locks, 1, corners=3)
