"""Eyebrows, painted on the skin hair by hair: they move with it and cost nothing."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from retarget.rotation import Array

from ..paint import smooth

_ENDS: Final = (0.42, 1.72)
"""Where the band begins and ends, in distances of the eyes from the middle of the face."""

_HAIRS: Final = 170
_HAIR: Final = 0.011
"""Half the width of a hair at its root, in the same."""

_SHADE: Final = 0.80
"""How dark the skin is between hairs, of their colour."""

_OPACITY: Final = 0.85


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
    tail : float
        How far the outer end is under the peak.
    ends : (float, float)
        Where it begins and ends, from the middle of the face.
    """

    thickness: float = 0.2
    height: float = 0.66
    arch: float = 0.12
    tail: float = 0.12
    ends: tuple[float, float] = _ENDS


def grown(brow: Brow, points: Array, eyes: Array) -> Array:
    """How much of the skin's colour at points (N, 3) is that of a brow's hair, [0, 1].

    Parameters
    ----------
    eyes : (2, 3) array
        Centres of the eyeballs, the left one first.
    """
    unit = abs(float(eyes[0, 0]))
    places = np.stack([np.abs(points[:, 0]), points[:, 2] - eyes[0, 2]], axis=1) / unit
    first, last = brow.ends
    near = (points[:, 1] < eyes[0, 1] + 0.9 * unit) & (np.abs(places[:, 1] - brow.height) < 0.5)
    near &= (places[:, 0] > first - 0.2) & (places[:, 0] < last + 0.2)
    line, half = _band(brow)
    share = np.zeros(len(points))
    for is_left in (True, False):
        own = np.flatnonzero(near & ((points[:, 0] >= 0.0) == is_left))
        place = places[own]
        along = (place[:, 0] - first) / (last - first)
        across = np.abs(place[:, 1] - line(along)) / half(along)
        shade = smooth(1.25, 0.2, across) * smooth(-0.05, 0.22, along) * smooth(1.05, 0.8, along)
        hairs = _covered(place, *_hairs(brow, seed=int(is_left)))
        share[own] = 1.0 - (1.0 - _SHADE * shade) * (1.0 - _OPACITY * hairs)
    return share


def _band(brow: Brow) -> tuple[PchipInterpolator, PchipInterpolator]:
    """Height of the band's middle and half its thickness, from 0 at its inner end to 1."""
    rise = [-0.95, -0.65, 0.0, 0.4]
    fall = [-brow.tail, -2.4 * brow.tail]
    line = PchipInterpolator(
        [-0.3, 0.0, 0.35, 0.68, 1.0, 1.3],
        brow.height + np.concatenate([brow.arch * np.array(rise), fall]),
    )
    half = PchipInterpolator(
        [-0.3, 0.0, 0.22, 0.6, 1.0, 1.3],
        0.5 * brow.thickness * np.array([0.70, 0.80, 1.0, 0.78, 0.20, 0.1]),
    )
    return line, half


def _hairs(brow: Brow, seed: int) -> tuple[Array, Array]:
    """Roots and tips (H, 2) of a brow's hairs, across and up."""
    generator = np.random.default_rng([seed, 17])
    line, half = _band(brow)
    first, last = brow.ends
    along = generator.uniform(-0.02, 0.97, _HAIRS)
    across = generator.uniform(-1.0, 0.75, _HAIRS)
    # Hair stands up at the inner end and lies down along the brow further out.
    rise = np.interp(along, [0.0, 0.15, 0.4, 1.0], [1.25, 0.85, 0.42, -0.22]) - 0.40 * across
    rise = rise + generator.normal(0.0, 0.08, _HAIRS)
    length = np.interp(along, [0.0, 0.25, 0.7, 1.0], [0.11, 0.17, 0.16, 0.09])
    length = length * generator.uniform(0.75, 1.15, _HAIRS) * (0.5 + 2.5 * brow.thickness)
    root = np.stack([first + (last - first) * along, line(along) + across * half(along)], axis=1)
    return root, root + length[:, None] * np.stack([np.cos(rise), np.sin(rise)], axis=1)


def _covered(places: Array, roots: Array, tips: Array) -> Array:
    """How much of places (N, 2) hairs cover, [0, 1]: they taper to their tips."""
    way = tips - roots
    from_root = places[:, None] - roots
    share = np.clip((from_root * way).sum(axis=2) / (way**2).sum(axis=1), 0.0, 1.0)
    distance = np.linalg.norm(from_root - share[..., None] * way, axis=2)
    bare = 1.0 - 0.75 * np.exp(-((distance / (_HAIR * (1.0 - 0.7 * share))) ** 2))
    return np.asarray(1.0 - bare.prod(axis=1))
