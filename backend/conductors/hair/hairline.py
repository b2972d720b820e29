"""`Hairline`, and the faces of a cap of hair inside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from retarget.rotation import Array

from .head import Ear, Head, angles


@dataclass(frozen=True)
class Line:
    """A hairline by some elevations in degrees over the brows or beside the ears.

    Parameters
    ----------
    front : float
        Amid the forehead, over the brows.
    temple : float
        At the corner of the forehead, over the brows.
    corner : float
        Azimuth of that corner.
    sideburn : float
        Foot of the sideburn, under the top of the ear.
    nape : float
        Amid the neck, under the foot of the ear.
    """

    front: float = 37.0
    temple: float = 35.0
    corner: float = 44.0
    sideburn: float = 12.0
    nape: float = 12.0


class Hairline:
    """Where hair begins on a head.

    Parameters
    ----------
    head : Head
        Whose.
    line : Line
        What it is like.
    fade : float
        How many degrees higher it is at the sides and the nape, where hair below is shorn.
    """

    def __init__(self, head: Head, line: Line, fade: float = 0.0) -> None:
        ear, brow = head.ear, head.brow
        knots = [
            (0.0, brow + line.front),
            (line.corner / 2, brow + 0.6 * line.front + 0.4 * line.temple),
            (line.corner, brow + line.temple),
            (line.corner + 8.0, brow + 0.68 * line.temple),
            (ear.front - 15.0, ear.top + 16.0),
            (ear.front - 11.0, ear.top + 3.0),
            (ear.front - 8.0, ear.top - line.sideburn),
            (ear.front - 2.0, ear.top - line.sideburn),
            (ear.front + 1.0, ear.top + 2.0),
            (ear.front + 8.0, ear.top + 5.0),
            (ear.back - 8.0, ear.top + 4.0),
            (ear.back + 2.0, ear.top - 8.0),
            (ear.back + 9.0, 0.3 * ear.top + 0.7 * ear.bottom),
            (ear.back + 22.0, ear.bottom - 0.6 * line.nape),
            (180.0, ear.bottom - line.nape),
        ]
        azimuth, elevation = np.array(knots).T
        if fade > 0.0:
            knots = [*knots[:3], *((a, e + fade) for a, e in _faded(ear, line))]
            azimuth, elevation = np.array(knots).T
        self._elevation = PchipInterpolator(azimuth, elevation)

    def elevation(self, azimuth: Array) -> Array:
        """Elevation in degrees at azimuths in degrees."""
        around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
        found: Array = self._elevation(around)
        return found

    def above(self, points: Array, head: Head) -> Array:
        """By how many degrees points (..., 3) are over it."""
        azimuth, elevation = angles(points - head.centre)
        return elevation - self.elevation(azimuth)


def _faded(ear: Ear, line: Line) -> list[tuple[float, float]]:
    """Knots of a line that leaves out the sideburn and goes round behind the ear in one bow."""
    return [
        (ear.front - 14.0, ear.top + 2.0),
        (ear.front + 6.0, ear.top - 3.0),
        (ear.back - 2.0, 0.85 * ear.top + 0.15 * ear.bottom - 3.0),
        (ear.back + 22.0, 0.35 * ear.top + 0.65 * ear.bottom),
        (180.0, ear.bottom - line.nape),
    ]


def closed(top: Array, rings: Array) -> tuple[Array, NDArray[np.int64]]:
    """Vertices and faces of a sheet from a point (3,) over rings (R, C, 3) of points below it."""
    rows, count = rings.shape[:2]
    index = np.arange(rows * count).reshape(rows, count) + 1
    upper, lower = index[:-1], index[1:]
    quads = np.stack(
        [upper, lower, np.roll(lower, -1, axis=1), np.roll(upper, -1, axis=1)], axis=-1
    ).reshape(-1, 4)
    fan = np.stack(
        [np.zeros(count, dtype=np.int64), index[0], np.roll(index[0], -1), np.full(count, -1)],
        axis=-1,
    )
    return np.concatenate([top[None], rings.reshape(-1, 3)]), np.concatenate([fan, quads])
