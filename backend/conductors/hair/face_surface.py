"""What lashes sit on: the edges of the lids, and how they go with the face's actions."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..atlas import HEAD, skin_layout
from ..parts import Figure, Shape
from ..regions import rings

_LID_RINGS: Final = 3
"""Loops of vertices from the seam inside the lids to the edge that lashes grow on."""

_NEIGHBOURS: Final = 4
_SMALLEST_M: Final = 2e-5


class Face:
    """The skin of a figure's face.

    Parameters
    ----------
    figure : Figure
        Whose.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        layout = skin_layout(figure)
        outer = layout.faces[layout.part == HEAD]
        _, to_lids = rings(figure, layout)
        self._edge = np.flatnonzero(to_lids == _LID_RINGS)
        head = figure.weights[:, figure.bone("head")] > 0.5
        used = np.unique(outer)
        self._vertices = used[head[used]]
        self._tree = cKDTree(figure.vertices[self._vertices])
        self.eyes = np.array([figure.vertices[figure.part == p].mean(axis=0) for p in (2, 3)])
        """Centres of the eyeballs (2, 3), the left one first."""

    def lids(self, side: int) -> tuple[Array, Array]:
        """Edges (N, 3) of an eye's upper and lower lid, outwards; side 0 is the left."""
        points = self.figure.vertices[self._edge]
        points = points[np.sign(points[:, 0]) == 1 - 2 * side]
        points = points[np.argsort(np.abs(points[:, 0]), kind="stable")]
        out = np.abs(points[:, 0])
        level = np.interp(out, out[[0, -1]], points[[0, -1], 2])
        ends = np.isin(np.arange(len(points)), [0, len(points) - 1])
        upper = points[:, 2] >= level - 1e-6
        return points[upper | ends], points[~upper | ends]

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
