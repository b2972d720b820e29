"""Lashes of the upper lids: a dark fringe that tapers to its ends, as they read from afar."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..parts import Shape
from .face_surface import Face

_BLINK_TURN: Final = np.radians(42.0)
"""How far upper lashes turn down with the lid when an eye closes."""

_COLUMNS: Final = 15
_SOFT_COLUMNS: Final = 1.0
_ENDS: Final = (0.10, 1.0)
"""Where along the lid, from its inner corner, the fringe begins and ends."""


@dataclass(frozen=True)
class Lash:
    """What lashes are like; lengths in distances of the eyes from the middle of the face.

    Parameters
    ----------
    length : float
        At the outer third.
    wing : float
        How far those at the outer corner go on outwards.
    """

    length: float = 0.14
    wing: float = 0.05


@dataclass(frozen=True)
class Lashes:
    """The fringes of both eyes.

    Parameters
    ----------
    vertices : (V, 3) array
        Metres.
    faces : (F, 4) int array
        Seen from both sides.
    roots : (V, 3) array
        The point of the lid that each vertex is fixed to.
    left : (V,) bool array
        Of the left eye.
    """

    vertices: Array
    faces: NDArray[np.int64]
    roots: Array
    left: NDArray[np.bool_]


def lashes(face: Face, lash: Lash) -> Lashes:
    """Both fringes."""
    fringes = [_fringe(face, side, lash) for side in (0, 1)]
    count = 3 * _COLUMNS
    column = np.arange(_COLUMNS - 1)[:, None]
    quads = np.concatenate([column + row * _COLUMNS + _quad() for row in (0, 1)])
    return Lashes(
        np.concatenate([points for points, _ in fringes]),
        np.concatenate([quads, quads[:, ::-1] + count]),
        np.concatenate([roots for _, roots in fringes]),
        np.arange(2 * count) < count,
    )


def _quad() -> NDArray[np.int64]:
    return np.array([0, 1, _COLUMNS + 1, _COLUMNS])


def _fringe(face: Face, side: int, lash: Lash) -> tuple[Array, Array]:
    """Points (3 K, 3): a row on the lid, one at the bend, one of tips; and their roots."""
    eye, lid = face.eyes[side], face.lids(side)[0]
    unit = abs(float(eye[0]))
    way = np.linalg.norm(np.diff(lid, axis=0), axis=1)
    place = np.concatenate([[0.0], np.cumsum(np.maximum(way, 1e-6))])
    at = np.linspace(*_ENDS, _COLUMNS)
    root = PchipInterpolator(place / place[-1], lid)(at)
    outwards = np.sign(eye[0])
    fan = (np.abs(root[:, 0]) - abs(eye[0])) / unit
    reach = unit * lash.length * np.interp(at, [0.1, 0.3, 0.72, 1.0], [0.10, 0.55, 1.0, 0.75])
    wing = outwards * lash.wing / max(lash.length, 1e-6) * np.interp(at, [0.7, 1.0], [0.0, 1.0])
    ahead = np.stack([outwards * (0.7 * fan + 0.10) + wing, 0 * at - 0.85, 0 * at + 0.30], axis=1)
    bent = np.stack([outwards * (1.0 * fan + 0.15) + wing, 0 * at - 0.4, 0 * at + 0.85], axis=1)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    bent /= np.linalg.norm(bent, axis=1, keepdims=True)
    knee = root + 0.5 * reach[:, None] * ahead
    # Rooted a little inside the skin, or a gap shows.
    rows = [root - 0.02 * unit * ahead, knee, knee + 0.55 * reach[:, None] * bent]
    return np.concatenate(rows), np.tile(root, (3, 1))


def shapes(face: Face, made: Lashes) -> dict[str, Shape]:
    """Facial actions: what the lids do, and that lashes turn down as an eye closes."""
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
    for name, left in (("eyeBlinkLeft", True), ("eyeBlinkRight", False)):
        offsets = np.zeros_like(made.vertices)
        offsets[found[name].vertices] = found[name].offsets
        which = np.flatnonzero(made.left == left)
        # Where lids of a coarse mesh meet, their edges zigzag; the fringe is a line.
        rows = offsets[which].reshape(3, _COLUMNS, 3)
        rows = gaussian_filter1d(rows, _SOFT_COLUMNS, axis=1, mode="nearest")
        offsets[which] = rows.reshape(-1, 3) + turned[which]
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 0.0)
        found[name] = Shape(moved, offsets[moved])
    return found
