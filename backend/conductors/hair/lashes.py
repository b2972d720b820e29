"""Lashes along the edges of the lids."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from retarget.rotation import Array

from ..parts import Shape
from .face_surface import Face

_BLINK_TURN: Final = np.radians(42.0)
"""How far upper lashes turn down with the lid when an eye closes."""


@dataclass(frozen=True)
class Lash:
    """What lashes are like; lengths in distances of the eyes from the middle of the face.

    Parameters
    ----------
    upper, lower : float
        Length at the outer third.
    count : int
        Tufts of an upper lid; a lower one has two thirds of them.
    """

    upper: float = 0.20
    lower: float = 0.10
    count: int = 15


@dataclass(frozen=True)
class Lashes:
    """Tufts of both eyes.

    Parameters
    ----------
    vertices : (V, 3) array
        Metres.
    faces : (F, 4) int array
        Seen from both sides; −1 in the last column for triangles.
    roots : (V, 3) array
        The point of the lid that each vertex is fixed to.
    upper : (V,) bool array
        Of an upper lid.
    left : (V,) bool array
        Of the left eye.
    """

    vertices: Array
    faces: NDArray[np.int64]
    roots: Array
    upper: NDArray[np.bool_]
    left: NDArray[np.bool_]


def lashes(face: Face, lash: Lash) -> Lashes:
    """All four rows."""
    vertices, roots, upper, left = [], [], [], []
    for side in (0, 1):
        unit = abs(float(face.eyes[side][0]))
        for is_upper, lid in zip((True, False), face.lids(side), strict=True):
            length = unit * (lash.upper if is_upper else lash.lower)
            count = lash.count if is_upper else 2 * lash.count // 3
            points, root = _row(lid, face.eyes[side], length, count, unit, is_upper)
            vertices.append(points)
            roots.append(root)
            upper.append(np.full(len(points), is_upper))
            left.append(np.full(len(points), side == 0))
    points = np.concatenate(vertices)
    start = 5 * np.arange(len(points) // 5)[:, None]
    quads = start + np.array([0, 1, 3, 2])
    tips = np.concatenate([start + np.array([2, 3, 4]), np.full_like(start, -1)], axis=1)
    return Lashes(
        points,
        np.concatenate([quads, tips]),
        np.concatenate(roots),
        np.concatenate(upper),
        np.concatenate(left),
    )


def _row(
    lid: Array, eye: Array, length: float, count: int, unit: float, upper: bool
) -> tuple[Array, Array]:
    """Tufts of five points each (5 K, 3), and where each is rooted."""
    way = np.linalg.norm(np.diff(lid, axis=0), axis=1)
    place = np.concatenate([[0.0], np.cumsum(np.maximum(way, 1e-6))])
    edge = PchipInterpolator(place / place[-1], lid)
    at = np.linspace(0.20 if upper else 0.34, 0.985 if upper else 0.93, count)
    half = (0.62 if upper else 0.22) * (at[1] - at[0])
    middle = edge(at)
    first, last = edge(at - half), edge(np.minimum(at + half, 1.0))
    outwards = np.sign(eye[0])
    fan = (np.abs(middle[:, 0]) - abs(eye[0])) / unit
    reach = length * np.interp(at, [0.2, 0.75, 1.0], [0.45, 1.0, 0.85])
    reach = reach * np.tile([1.0, 0.82], count)[:count]
    up = 1.0 if upper else -1.0
    ahead = np.stack([outwards * (0.9 * fan + 0.12), np.full(count, -0.85), 0.35 * up + 0 * fan], 1)
    bent = np.stack([outwards * (1.1 * fan + 0.2), np.full(count, -0.4), 0.85 * up + 0 * fan], 1)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    bent /= np.linalg.norm(bent, axis=1, keepdims=True)
    # Rooted a little inside the skin, or a gap shows.
    sunk = -0.02 * unit * ahead
    knee = 0.5 * reach[:, None] * ahead
    tip = knee + 0.55 * reach[:, None] * bent
    narrow = 0.3
    points = np.stack(
        [
            first + sunk,
            last + sunk,
            middle + narrow * (first - middle) + knee,
            middle + narrow * (last - middle) + knee,
            middle + tip,
        ],
        axis=1,
    )
    roots = np.stack([first, last, middle, middle, middle], axis=1)
    return points.reshape(-1, 3), roots.reshape(-1, 3)


def shapes(face: Face, made: Lashes) -> dict[str, Shape]:
    """Facial actions: what the lids do, and that upper lashes turn down as an eye closes."""
    found = face.shapes(made.roots)
    turn = np.array(
        [
            [1.0, 0.0, 0.0],
            [0.0, np.cos(_BLINK_TURN), -np.sin(_BLINK_TURN)],
            [0.0, np.sin(_BLINK_TURN), np.cos(_BLINK_TURN)],
        ]
    )
    hairs = made.vertices - made.roots
    # Turned, they would lie in the cheek: they stand off by a third of their length.
    off = np.linalg.norm(hairs, axis=1, keepdims=True) * np.array([0.0, -0.33, 0.0])
    turned = hairs @ turn.T - hairs + off
    for name, is_left in (("eyeBlinkLeft", True), ("eyeBlinkRight", False)):
        offsets = np.zeros_like(made.vertices)
        offsets[found[name].vertices] = found[name].offsets
        which = np.flatnonzero(made.upper & (made.left == is_left))
        offsets[which] += turned[which]
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 0.0)
        found[name] = Shape(moved, offsets[moved])
    return found
