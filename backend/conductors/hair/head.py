"""`Head`: the smooth surface that hair grows on, and where its landmarks are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates, spline_filter

from retarget.rotation import Array

from ..atlas import HEAD, skin_layout
from ..parts import Figure
from ..regions import ears

_STEP_DEG: Final = 3.0
_MARGIN: Final = 8
"""Rows and columns that the grid of directions goes on for over the poles and the seam."""


def directions(azimuth: Array, elevation: Array) -> Array:
    """Unit vectors (..., 3): azimuth 0 is ahead (−y), positive to the figure's left, in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)], axis=-1)


def angles(vectors: Array) -> tuple[Array, Array]:
    """Azimuth and elevation in degrees of vectors (..., 3) that need not be of length one."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.degrees(np.arctan2(x, -y)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def unit(vectors: Array) -> Array:
    """Vectors (..., 3) of length one."""
    scaled: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled


@dataclass(frozen=True)
class Ear:
    """The left ear's ends as azimuth and elevation in degrees; the right one mirrors it.

    Parameters
    ----------
    front, back : float
        Azimuths of its foremost and rearmost point.
    top, bottom : float
        Elevations.
    reach : float
        How far it stands off the middle plane, in metres.
    """

    front: float
    back: float
    top: float
    bottom: float
    reach: float


class Head:
    """A figure's head without ears and nose, as the distance of its surface from a centre.

    Parameters
    ----------
    figure : Figure
        Whose.
    """

    def __init__(self, figure: Figure) -> None:
        skin = figure.part == 0
        head, neck = figure.weights[:, figure.bone("head")], figure.weights[:, figure.bone("neck")]
        eyes = [figure.vertices[figure.part == part].mean(axis=0) for part in (2, 3)]
        self.figure = figure
        self.eyes = np.array(eyes)
        """Centres of the eyeballs (2, 3), the left one first."""
        mostly = figure.vertices[skin & (head > 0.5)]
        upper = mostly[mostly[:, 2] > self.eyes[0, 2] + 0.03]
        top = mostly[:, 2].max()
        self.centre: Array = np.array(
            [
                0.0,
                (upper[:, 1].min() + upper[:, 1].max()) / 2,
                self.eyes[0, 2] + 0.27 * (top - self.eyes[0, 2]),
            ]
        )
        """Where distances are taken from: the middle of the cranium (3,)."""
        self.size = (top - self.eyes[0, 2]) / 0.112
        """Height of the cranium over the eyes, in that of a middling adult."""
        layout = skin_layout(figure)
        ear = ears(figure, layout)
        self._ear = figure.vertices[skin & (ear > 0.4667) & (figure.vertices[:, 0] > 0.0)]
        outer = np.zeros(len(figure.vertices), dtype=bool)
        outer[layout.faces[layout.part == HEAD]] = True
        outer &= (head + neck > 0.5) & (ear < 0.04) & (figure.vertices[:, 0] >= -1e-6)
        self._radii = _spline(_fit(figure.vertices[outer] - self.centre))

    def radius(self, vectors: Array) -> Array:
        """Distance in metres of the surface from the centre along vectors (..., 3)."""
        azimuth, elevation = angles(vectors)
        rows = (elevation + 90.0) / _STEP_DEG + _MARGIN
        columns = (azimuth % 360.0) / _STEP_DEG + _MARGIN
        found: Array = map_coordinates(
            self._radii, [rows.ravel(), columns.ravel()], order=3, prefilter=False
        )
        return found.reshape(rows.shape)

    def point(self, azimuth: Array, elevation: Array, height: Array | float = 0.0) -> Array:
        """Points (..., 3) at a height in metres over the surface."""
        azimuth, elevation = np.broadcast_arrays(azimuth, elevation)
        ray = directions(azimuth, elevation)
        points: Array = self.centre + ray * (self.radius(ray) + height)[..., None]
        return points

    def height(self, points: Array) -> Array:
        """How far points (..., 3) are over the surface, in metres along the ray from the centre."""
        out = points - self.centre
        distance: Array = np.linalg.norm(out, axis=-1)
        return distance - self.radius(out)

    def normal(self, points: Array) -> Array:
        """Unit normals (..., 3) of the surface of equal height at points (..., 3)."""
        step = 1e-3
        slopes = []
        for axis in np.eye(3):
            slopes.append(self.height(points + step * axis) - self.height(points - step * axis))
        return unit(np.stack(slopes, axis=-1))

    @cached_property
    def ear(self) -> Ear:
        """Where the left ear is."""
        azimuth, elevation = angles(self._ear - self.centre)
        return Ear(
            float(azimuth.min()),
            float(azimuth.max()),
            float(elevation.max()),
            float(elevation.min()),
            float(self._ear[:, 0].max()),
        )

    @cached_property
    def lobe(self) -> Array:
        """Where the left ear's lobe would be pierced (3,)."""
        low = self._ear[self._ear[:, 2] < self._ear[:, 2].min() + 0.009 * self.size]
        point: Array = low[low[:, 0].argmax()]
        return point

    @cached_property
    def brow(self) -> float:
        """Elevation in degrees of the brows' lower edge, straight ahead of the eyes."""
        eye = self.eyes[0] + [0.0, -0.015 * self.size, 0.02 * self.size]
        return float(angles(eye - self.centre)[1])


def _fit(left: Array) -> Array:
    """Radii on a grid of directions (rows of elevation, columns of azimuth) of the left half."""
    radius = np.linalg.norm(left, axis=1)
    chosen = _thinned(left / radius[:, None])
    rays, radius = left[chosen] / radius[chosen, None], radius[chosen]
    mirrored = np.concatenate([rays, rays * [-1.0, 1.0, 1.0]])
    surface = RBFInterpolator(mirrored, np.tile(radius, 2), smoothing=2e-3)
    elevation = np.arange(-90.0, 90.0 + _STEP_DEG, _STEP_DEG)
    azimuth = np.arange(0.0, 360.0, _STEP_DEG)
    a, e = np.meshgrid(azimuth, elevation)
    grid = surface(directions(a, e).reshape(-1, 3)).reshape(a.shape)
    # Solvers differ in the last digits from run to run.
    return np.asarray(np.round(grid, 7))


def _spline(grid: Array) -> Array:
    """The coefficients of the cubic spline through the grid, closed over its poles and seam."""
    opposite = np.roll(grid, grid.shape[1] // 2, axis=1)
    below, above = opposite[_MARGIN:0:-1], opposite[-2 : -2 - _MARGIN : -1]
    tall = np.concatenate([below, grid, above])
    wide = np.concatenate([tall[:, -_MARGIN:], tall, tall[:, :_MARGIN]], axis=1)
    coefficients: Array = spline_filter(wide, order=3)
    return coefficients


def _thinned(rays: Array) -> NDArray[np.int64]:
    """One of the rays in every few degrees: faces are meshed far finer than scalps."""
    cells = np.round(rays * 20.0).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    return np.sort(first)
