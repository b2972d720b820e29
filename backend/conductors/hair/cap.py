"""`Hairline` and the cap of hair inside it, which shows between locks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from retarget.rotation import Array

from .head import Head, angles, directions
from .locks import Surface

Height = Callable[[Array, Array], Array]
"""How high hair stands, in metres, at azimuths and elevations in degrees."""


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
        shorn = fade * smooth(azimuth, line.corner, ear.front - 8.0)
        self._elevation = PchipInterpolator(azimuth, elevation + shorn)

    def elevation(self, azimuth: Array) -> Array:
        """Elevation in degrees at azimuths in degrees."""
        around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
        found: Array = self._elevation(around)
        return found

    def above(self, points: Array, head: Head) -> Array:
        """By how many degrees points (..., 3) are over it."""
        azimuth, elevation = angles(points - head.centre)
        return elevation - self.elevation(azimuth)


def smooth(value: Array, low: float, high: float) -> Array:
    """From 0 at `low` to 1 at `high`, level at both ends."""
    t = np.clip((np.asarray(value) - low) / (high - low), 0.0, 1.0)
    result: Array = t * t * (3.0 - 2.0 * t)
    return result


def cap(
    head: Head,
    hairline: Hairline,
    height: Height,
    tone: Callable[[Array, Array], Array],
    tones: int,
    seed: int,
) -> Surface:
    """A sheet from the crown to the hairline, where it goes under the skin.

    Parameters
    ----------
    height : callable
        How high it lies over the skin well inside the hairline.
    tone : callable
        The picture's column, as a real number, at azimuths and elevations.
    """
    generator = np.random.default_rng(seed)
    azimuth = _columns()
    rows = 11
    # Rows lie closer towards the hairline, where the sheet bends.
    share = 1.0 - (1.0 - np.linspace(0.04, 1.0, rows)) ** 1.25
    ragged = np.convolve(generator.normal(0.0, 1.1, len(azimuth) + 2), [0.25, 0.5, 0.25], "valid")
    edge = hairline.elevation(azimuth) + ragged
    elevation = 90.0 - share[:, None] * (90.0 - edge)
    a, e = np.broadcast_to(azimuth, elevation.shape), elevation
    rise = smooth(e - edge, 0.0, 14.0) ** 0.7
    lift = rise * height(a, e) - 0.0012 * (1.0 - rise)
    points = head.centre + directions(a, e) * (head.radius(directions(a, e)) + lift)[..., None]
    top = head.point(np.array(0.0), np.array(90.0), float(height(np.array(0.0), np.array(90.0))))
    vertices, faces = closed(top, points)
    return Surface(vertices, faces, _uv(vertices, faces, head, tone, tones))


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


def _columns() -> Array:
    """Azimuths, closer by the ears, where the hairline is steep."""
    half = np.concatenate(
        [
            np.arange(0.0, 52.0, 6.0),
            np.arange(54.0, 84.0, 2.0),
            np.arange(84.0, 132.0, 4.0),
            np.arange(132.0, 180.0, 8.0),
        ]
    )
    return np.concatenate([half, [180.0], 360.0 - half[:0:-1]])


def _uv(
    vertices: Array,
    faces: NDArray[np.int64],
    head: Head,
    tone: Callable[[Array, Array], Array],
    tones: int,
) -> Array:
    """The dark of the roots, streaked from the forehead back."""
    points = vertices[np.maximum(faces, 0)] - head.centre
    azimuth, elevation = angles(points)
    column = np.round(tone(azimuth[:, :1], elevation.mean(axis=1, keepdims=True)))
    across = np.clip(0.5 + 0.5 * points[..., 0] / (0.1 * head.size), 0.06, 0.94)
    v = 0.10 + 0.12 * smooth(elevation, 0.0, 90.0)
    return np.stack([(column.clip(0, tones - 1) + across) / tones, v], axis=-1)
