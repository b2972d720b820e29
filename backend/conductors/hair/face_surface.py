"""What brows and lashes sit on: the skin of the face, and how they go with its actions."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CloughTocher2DInterpolator
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..parts import Figure, Shape

_FACE_UV: Final = (0.63, 0.14)
"""Left and lower bound of face and scalp in MakeHuman's layout."""

_LID_UV: Final = (0.010, 0.545, 0.153, 0.635)
"""Where the insides of the lids lie in the layout."""

_LID_RINGS: Final = 3
"""Loops of vertices from the seam inside the lids to the edge that lashes grow on."""

_NEIGHBOURS: Final = 4
_SMALLEST_M: Final = 2e-5


@dataclass(frozen=True)
class Lid:
    """The edge of a lid.

    Parameters
    ----------
    points : (N, 3) array
        From the inner to the outer corner of the eye, in metres.
    """

    points: Array


class Face:
    """The skin of a figure's face.

    Parameters
    ----------
    figure : Figure
        Whose.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        uv = figure.uv.mean(axis=1)
        skin = figure.part[figure.faces[:, 0]] == 0
        self._outer = figure.faces[skin & (uv > _FACE_UV).all(axis=1)]
        inside = (uv > _LID_UV[:2]).all(axis=1) & (uv < _LID_UV[2:]).all(axis=1)
        self._seam = np.intersect1d(self._outer, figure.faces[skin & inside])
        head = figure.weights[:, figure.bone("head")] > 0.5
        used = np.unique(self._outer)
        self._vertices = used[head[used]]
        self._tree = cKDTree(figure.vertices[self._vertices])
        self.eyes = np.array([figure.vertices[figure.part == p].mean(axis=0) for p in (2, 3)])
        """Centres of the eyeballs (2, 3), the left one first."""

    def front(self, side: int) -> CloughTocher2DInterpolator:
        """y of the brow's skin over (x, z); side 0 is the left."""
        eye = self.eyes[side]
        points = self.figure.vertices[self._vertices]
        unit = abs(eye[0])
        near = (np.abs(points[:, 0] - eye[0]) < 1.4 * unit) & (points[:, 1] < eye[1] + 0.8 * unit)
        near &= (points[:, 2] > eye[2] + 0.22 * unit) & (points[:, 2] < eye[2] + 1.8 * unit)
        return CloughTocher2DInterpolator(points[near][:, [0, 2]], points[near][:, 1])

    def lids(self, side: int) -> tuple[Lid, Lid]:
        """Upper and lower lid of an eye; side 0 is the left."""
        vertices = self.figure.vertices
        ring = self._seam[np.sign(vertices[self._seam, 0]) == (1 - 2 * side)]
        seen = ring
        for _ in range(_LID_RINGS):
            touching = self._outer[np.isin(self._outer, ring).any(axis=1)]
            ring = np.setdiff1d(touching, seen)
            seen = np.union1d(seen, ring)
        points = vertices[ring]
        out = np.abs(points[:, 0])
        inner, outer = points[out.argmin()], points[out.argmax()]
        share = (out - out.min()) / (out.max() - out.min())
        level = inner[2] + share * (outer[2] - inner[2])
        upper = points[:, 2] >= level - 1e-6
        ends = np.isin(np.arange(len(points)), [out.argmin(), out.argmax()])
        return _lid(points[upper | ends]), _lid(points[~upper | ends])

    def shapes(self, points: Array) -> dict[str, Shape]:
        """What facial actions move things by that are fixed to the skin at points (V, 3)."""
        distance, place = self._tree.query(points, k=_NEIGHBOURS)
        share = 1.0 / np.maximum(distance, 1e-5) ** 2
        share /= share.sum(axis=1, keepdims=True)
        near = self._vertices[place]
        found = {}
        for name, shape in self.figure.shapes.items():
            offsets = np.zeros((len(self.figure.vertices), 3))
            offsets[shape.vertices] = shape.offsets
            moved = (share[..., None] * offsets[near]).sum(axis=1)
            which: NDArray[np.int64] = np.flatnonzero(np.linalg.norm(moved, axis=1) > _SMALLEST_M)
            if len(which):
                found[name] = Shape(which, moved[which])
        return found


def _lid(points: Array) -> Lid:
    return Lid(points[np.argsort(np.abs(points[:, 0]), kind="stable")])
