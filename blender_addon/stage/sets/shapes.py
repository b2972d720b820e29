"""Low-poly shapes as arrays, shaded by hand: boxes, turned and bent profiles, rows of copies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retarget.rotation import Array

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    """Quads with a hue each, and light and haze at their corners.

    Parameters
    ----------
    vertices : (V, 3) array
        Metres.
    faces : (F, 4) int array
        Corners, anticlockwise from outside.
    hue : (F,) int array
        Number of the hue in the set's `Palette`.
    light : (V,) array
        From 0, in shadow, to 1, fully lit.
    haze : (V,) array
        From 0, near, to 1, lost in the air.
    smooth : (F,) bool array
        Whether a face is shaded as part of a curved surface.
    """

    vertices: Array
    faces: NDArray[np.int64]
    hue: NDArray[np.int64]
    light: Array
    haze: Array
    smooth: NDArray[np.bool_]

    def moved(self, by: ArrayLike = (0.0, 0.0, 0.0), turned: float = 0.0) -> "Shape":
        """Turned by an angle about z, radians, then moved."""
        return self.copies(np.array([[*np.asarray(by, float), turned]]))

    def copies(self, places: ArrayLike) -> "Shape":
        """One shape of a copy at each place (N, 4): x, y, z and the turn about z in radians."""
        at = np.asarray(places, dtype=np.float64).reshape(-1, 4)
        cos, sin = np.cos(at[:, 3, None]), np.sin(at[:, 3, None])
        x, y, z = self.vertices.T
        turned = np.stack(
            [cos * x - sin * y, sin * x + cos * y, np.broadcast_to(z, cos.shape[:1] + z.shape)], -1
        )
        count = len(at)
        first = len(self.vertices) * np.arange(count)[:, None, None]
        return Shape(
            (turned + at[:, None, :3]).reshape(-1, 3),
            (self.faces + first).reshape(-1, 4),
            np.tile(self.hue, count),
            np.tile(self.light, count),
            np.tile(self.haze, count),
            np.tile(self.smooth, count),
        )

    def mapped(self, matrix: ArrayLike, by: ArrayLike = (0.0, 0.0, 0.0)) -> "Shape":
        """Turned, scaled or bent by a matrix (3, 3), then moved."""
        return replace(self, vertices=self.vertices @ np.asarray(matrix, float).T + np.asarray(by))

    def lit(self, light: Array | float) -> "Shape":
        """With this light at its corners, as a factor of what it has."""
        return replace(self, light=self.light * light)

    def hazed(self, haze: Array | float) -> "Shape":
        """With this haze at its corners."""
        return replace(self, haze=np.clip(np.broadcast_to(haze, self.light.shape), 0.0, 1.0))


def merged(shapes: Sequence[Shape]) -> Shape:
    """Several shapes as one."""
    first = np.cumsum([0, *(len(shape.vertices) for shape in shapes[:-1])])
    return Shape(
        np.concatenate([shape.vertices for shape in shapes]),
        np.concatenate([shape.faces + n for shape, n in zip(shapes, first, strict=True)]),
        np.concatenate([shape.hue for shape in shapes]),
        np.concatenate([shape.light for shape in shapes]),
        np.concatenate([shape.haze for shape in shapes]),
        np.concatenate([shape.smooth for shape in shapes]),
    )


def sheet(grid: Array, hue: int, light: ArrayLike = 1.0, *, smooth: bool = True) -> Shape:
    """A surface through a grid of points (R, C, 3), seen from where columns run to the right."""
    rows, columns = grid.shape[:2]
    at = np.arange(rows * columns).reshape(rows, columns)
    faces = np.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]], axis=-1).reshape(-1, 4)
    shades = np.broadcast_to(np.asarray(light, dtype=np.float64), (rows, columns)).ravel().copy()
    return Shape(
        grid.reshape(-1, 3),
        faces,
        np.full(len(faces), hue),
        shades,
        np.zeros(len(shades)),
        np.full(len(faces), smooth),
    )


def box(low: Point, high: Point, hue: int, light: tuple[float, float] = (0.6, 1.0)) -> Shape:
    """A box between two corners; light below and above."""
    corners = np.array(
        [(x, y, z) for z in (low[2], high[2]) for y in (low[1], high[1]) for x in (low[0], high[0])]
    )
    sides = [(0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6), (4, 5, 7, 6), (1, 0, 2, 3)]
    # Every face has corners of its own, so that edges stay sharp and shades apart.
    faces = np.arange(24).reshape(6, 4)
    vertices = corners[np.array(sides).ravel()]
    shades = np.where(vertices[:, 2] > low[2], light[1], light[0])
    return Shape(vertices, faces, np.full(6, hue), shades, np.zeros(24), np.zeros(6, dtype=bool))


def turned(
    profile: ArrayLike,
    segments: int,
    hue: int,
    light: ArrayLike = 1.0,
    *,
    arc: tuple[float, float] = (0.0, 2.0 * np.pi),
    inside: bool = False,
    smooth: bool = True,
) -> Shape:
    """A profile (P, 2) of radius and height turned about z.

    Parameters
    ----------
    light : float, (P,) or (P, segments + 1) array
        Along the profile, and across from left to right as it is seen.
    arc : (float, float)
        From and to, radians anticlockwise from +X.
    inside : bool
        Whether it is seen from the axis.
    """
    rim = np.asarray(profile, dtype=np.float64)
    angle = np.linspace(*arc, segments + 1)
    if inside:
        angle = angle[::-1]
    shape = (len(rim), len(angle))
    grid = np.stack(
        [
            rim[:, :1] * np.cos(angle),
            rim[:, :1] * np.sin(angle),
            np.broadcast_to(rim[:, 1:], shape),
        ],
        axis=-1,
    )
    shades = np.asarray(light, dtype=np.float64)
    return sheet(grid, hue, shades[:, None] if shades.ndim == 1 else shades, smooth=smooth)


def ball(
    centre: Point, radii: Point, hue: int, light: tuple[float, float], fineness: int = 8
) -> Shape:
    """An ellipsoid, light below and above."""
    over = np.linspace(-0.5 * np.pi, 0.5 * np.pi, fineness // 2 + 2)
    rim = np.column_stack([np.maximum(np.cos(over), 1e-3), np.sin(over)])
    shades = light[0] + (light[1] - light[0]) * (np.sin(over) + 1.0) / 2.0
    shape = turned(rim, fineness, hue, shades)
    return replace(shape, vertices=shape.vertices * np.array(radii) + np.array(centre))


def loft(rings: ArrayLike, hue: int, light: ArrayLike = 1.0, *, smooth: bool = True) -> Shape:
    """Closed rings of points (R, N, 3), anticlockwise from above, joined from below upwards.

    Parameters
    ----------
    light : float, (R,) or (R, N) array
        By ring, or by point.
    """
    points = np.asarray(rings, dtype=np.float64)
    shades = np.asarray(light, dtype=np.float64)
    shades = np.broadcast_to(shades[:, None] if shades.ndim == 1 else shades, points.shape[:2])
    return sheet(
        np.concatenate([points, points[:, :1]], axis=1),
        hue,
        np.concatenate([shades, shades[:, :1]], axis=1),
        smooth=smooth,
    )


def ovals(rows: ArrayLike, sides: int) -> Array:
    """Level rings (R, sides, 3) of rows (R, 4): height, half the width, least and greatest y."""
    height, half, front, back = np.asarray(rows, dtype=np.float64).T[:, :, None]
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False) - 0.5 * np.pi
    x = half * np.cos(angle)
    y = (front + back) / 2.0 + (back - front) / 2.0 * np.sin(angle)
    return np.stack([x, y, np.broadcast_to(height, x.shape)], axis=-1)


def tube(
    path: ArrayLike, radii: ArrayLike, hue: int, light: ArrayLike = 1.0, sides: int = 5
) -> Shape:
    """A tube along points (P, 3), as thick at each as its radius."""
    points = np.asarray(path, dtype=np.float64)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    # Away from the tube's own direction, so that the rings do not twist.
    away = np.eye(3)[np.abs(points[-1] - points[0]).argmin()]
    across = np.cross(along, away)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(along, across)
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)[:, None]
    ring = np.cos(angle) * across[:, None] + np.sin(angle) * other[:, None]
    thick = np.broadcast_to(np.asarray(radii, dtype=np.float64), len(points))
    return loft(points[:, None] + thick[:, None, None] * ring, hue, light)


def rod(
    start: Point, end: Point, radii: tuple[float, float], hue: int, light: float, sides: int = 5
) -> Shape:
    """A straight tapered tube with open ends."""
    return tube((start, end), radii, hue, light, sides)


def around(radius: float, angles: ArrayLike, height: float = 0.0) -> Array:
    """Places (N, 4) on a circle about the origin that look at it with their −Y.

    Parameters
    ----------
    angles : (N,) array
        Radians anticlockwise from −Y, where the orchestra sits.
    """
    angle = np.asarray(angles, dtype=np.float64)
    x, y = radius * np.sin(angle), -radius * np.cos(angle)
    return np.column_stack([x, y, np.full(len(angle), height), angle + np.pi])
