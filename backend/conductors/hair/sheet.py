"""Hair that lies together: sheets along combed courses, raised and shaded where locks form."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from retarget.rotation import Array

from ..curves import smoothstep
from .courses import Surface
from .head import unit

SIZE: Final = 1024
"""Pixels of a picture's side."""

_RIBBON: Final = np.array([[-1.0, -0.9], [-0.45, 0.55], [0.45, 0.55], [1.0, -0.9]])
"""Section of a ribbon: across in half widths, out in thicknesses; its edges are tucked in."""


class Ridges:
    """Where locks form in a sheet: u in [0, 1] across the courses, v from root to tip.

    Parameters
    ----------
    count : int
        Locks over the sheet's width.
    split : float
        How much each divides towards its tip, [0, 1].
    sway : float
        How far the valleys between them wander, in widths of a lock.
    """

    def __init__(self, count: int, seed: int, split: float = 0.5, sway: float = 0.25) -> None:
        generator = np.random.default_rng(seed)
        self.count, self._split = count, split
        widths = generator.uniform(0.65, 1.35, count)
        ends = np.concatenate([[0.0], np.cumsum(widths)])
        self._lock = PchipInterpolator(ends / ends[-1], np.arange(count + 1.0))
        self._phase = generator.uniform(0.0, 2 * np.pi, count + 1)
        self._sway = sway * generator.uniform(0.4, 1.0, count + 1)
        self._part = generator.uniform(0.3, 0.7, count + 1)
        self._height = generator.uniform(0.7, 1.0, count + 1)

    def lock(self, u: Array, v: Array) -> Array:
        """The lock that places lie in, its number plus how far across it they are."""
        place = self._lock(np.clip(u, 0.0, 1.0))
        number = np.arange(self.count + 1)
        wander = np.interp(place, number, self._sway) * np.sin(
            np.interp(place, number, self._phase) + 3.5 * v
        )
        found: Array = place + wander * np.sin(np.pi * np.clip(u, 0.0, 1.0)) ** 0.5
        return found

    def height(self, u: Array, v: Array) -> Array:
        """How far up a lock places lie: 0 in the valleys, about 1 on the ridges."""
        place = self.lock(u, v)
        number = np.clip(np.floor(place), 0, self.count).astype(np.int64)
        across = place - np.floor(place)
        dome = np.sin(np.pi * across) ** 0.7 * self._height[number]
        part = self._part[number]
        half = np.where(across < part, across / part, (1.0 - across) / (1.0 - part))
        divided = np.sin(np.pi * np.abs(half)) ** 0.7 * (across > 0.0)
        share = self._split * smoothstep(v, 0.25, 0.85)
        return np.asarray((1.0 - share) * dome + share * dome * (0.55 + 0.45 * divided))

    def tip(self, u: Array) -> Array:
        """How far a lock's end reaches down beside its neighbours', about −1 to 1."""
        place = self.lock(u, np.ones_like(u))
        number = np.clip(np.floor(place), 0, self.count).astype(np.int64)
        across = place - np.floor(place)
        rounded = -0.5 * np.cos(2 * np.pi * across)
        return np.asarray(rounded * self._height[number] + 0.5 * np.cos(3.1 * place))


@dataclass(frozen=True)
class Room:
    """The part of a picture that a sheet is coloured by: left, right, foot and head in [0, 1]."""

    left: float = 0.0
    right: float = 1.0
    foot: float = 0.0
    head: float = 1.0

    def uv(self, u: Array, v: Array) -> Array:
        """Places (..., 2) on the picture, kept a little inside the room."""
        inset = 0.004
        across = self.left + (self.right - self.left) * (inset + (1.0 - 2 * inset) * u)
        up = self.foot + (self.head - self.foot) * (inset + (1.0 - 2 * inset) * v)
        return np.stack([across, up], axis=-1)


def sheet(courses: Array, room: Room = Room()) -> Surface:
    """The mesh of courses (C, R, 3) that lie side by side, roots first, ordered to the right.

    Seen from outside with roots on top.
    """
    columns, rows = courses.shape[:2]
    index = np.arange(columns * rows).reshape(columns, rows)
    corners = [index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]]
    faces = np.stack(corners, axis=-1).reshape(-1, 4)
    u, v = grid(courses)
    return Surface(courses.reshape(-1, 3), faces, room.uv(u.ravel(), v.ravel())[faces])


def grid(courses: Array) -> tuple[Array, Array]:
    """u and v (C, R) of the points of courses (C, R, 3)."""
    columns, rows = courses.shape[:2]
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows), indexing="ij")
    return u, v


def at(courses: Array, u: Array, v: Array) -> Array:
    """Points (..., 3) at u, v of the sheet through courses (C, R, 3)."""
    column, row = u * (courses.shape[0] - 1), v * (courses.shape[1] - 1)
    i = np.clip(column.astype(np.int64), 0, courses.shape[0] - 2)
    j = np.clip(row.astype(np.int64), 0, courses.shape[1] - 2)
    a, b = (column - i)[..., None], (row - j)[..., None]
    one = (1 - b) * courses[i, j] + b * courses[i, j + 1]
    other = (1 - b) * courses[i + 1, j] + b * courses[i + 1, j + 1]
    between: Array = (1 - a) * one + a * other
    return between


def ribbons(
    courses: Array,
    widths: Array,
    thicknesses: Array,
    outward: Array,
    across: tuple[Array, Array],
    along: tuple[Array, Array],
    room: Room = Room(),
) -> Surface:
    """Single locks that lie on a sheet: open strips whose edges are tucked into it.

    Parameters
    ----------
    courses, outward : (L, N, 3) arrays
        Middle lines, and where their backs face.
    widths, thicknesses : (L, N) arrays
        Metres.
    across, along : pairs of (L,) arrays
        The first and last u, and v, of the sheet's picture that colour them.
    """
    count, points = courses.shape[:2]
    way = unit(np.gradient(courses, axis=1))
    out = unit(outward - way * (outward * way).sum(axis=2, keepdims=True))
    side = np.cross(way, out)
    rings = (
        courses[:, :, None]
        + 0.5 * widths[..., None, None] * _RIBBON[:, :1] * side[:, :, None]
        + thicknesses[..., None, None] * _RIBBON[:, 1:] * out[:, :, None]
    )
    corners = len(_RIBBON)
    index = np.arange(count * points * corners).reshape(count, points, corners)
    here, on = index[:, :-1], index[:, 1:]
    faces = np.stack([here[..., 1:], here[..., :-1], on[..., :-1], on[..., 1:]], axis=-1).reshape(
        -1, 4
    )[:, ::-1]
    share = np.linspace(0.0, 1.0, corners)
    u = across[0][:, None] + (across[1] - across[0])[:, None] * share
    v = along[0][:, None] + (along[1] - along[0])[:, None] * np.linspace(0.0, 1.0, points)
    u, v = np.broadcast_arrays(u[:, None, :], v[:, :, None])
    uv = room.uv(np.clip(u, 0.0, 1.0).ravel(), np.clip(v, 0.0, 1.0).ravel())
    return Surface(rings.reshape(-1, 3), faces, uv[faces])


def fibres(height: int, width: int, generator: np.random.Generator) -> Array:
    """Streaks (H, W) along the rows that sway a little, mean nought, mostly within ±1.5.

    Mostly broader than a hair: Workbench makes pictures no softer far away, where hairs would
    glitter.
    """
    fine = generator.standard_normal((height, width))
    streaks = np.zeros_like(fine)
    for blur, along, weight in ((1.3, 90.0, 0.55), (3.2, 160.0, 1.0), (8.0, 220.0, 0.5)):
        layer = gaussian_filter(fine, (along * height / SIZE, blur), mode="wrap")
        streaks += weight * layer / layer.std()
        fine = generator.standard_normal(fine.shape)
    sway = gaussian_filter1d(generator.standard_normal(height), 0.12 * height)
    sway *= 0.012 * width / max(float(sway.std()), 1e-9)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    found: Array = map_coordinates(
        streaks, [rows, columns + sway[:, None]], order=1, mode="grid-wrap"
    )
    return found / found.std()


def places(height: int, width: int) -> tuple[Array, Array]:
    """u and v (H, W) of a picture's pixels, tips in the first row."""
    u = (np.arange(width) + 0.5) / width
    v = 1.0 - (np.arange(height) + 0.5) / height
    across, up = np.meshgrid(u, v)
    return across, up


def as_picture(colours: Array) -> NDArray[np.uint8]:
    """Colours (H, W, 3) in [0, 1] as a picture."""
    return np.round(255 * np.clip(colours, 0.0, 1.0)).astype(np.uint8)
