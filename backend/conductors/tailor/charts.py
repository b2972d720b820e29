"""Where on the picture of the clothes each face lies: one chart for each cut of cloth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from retarget.rotation import Array

from ..parts import Material, Piece
from .mesh import Ids

_LEAST_M2: Final = 0.0012
_LEAST_FACES: Final = 6
_GAP: Final = 3
# Pixels for each metre of what hangs low, far from the camera's close-ups, against the rest.
_LOW: Final = 0.45


@dataclass(frozen=True)
class Cloth:
    """All pieces of an outfit as one mesh.

    Parameters
    ----------
    vertices : (V, 3) array
    faces : (F, 4) int array
        −1 in the last column for triangles.
    uv : (F, 4, 2) array
        Metres along and up the cloth.
    material : (F,) int array
        Place in the outfit's list of materials.
    starts, first_faces : int arrays
        Where each piece's vertices and faces start, and the ends.
    """

    vertices: Array
    faces: Ids
    uv: Array
    material: Ids
    starts: Ids
    first_faces: Ids

    @classmethod
    def of(cls, pieces: tuple[Piece, ...], materials: Sequence[Material]) -> "Cloth":
        """The pieces one after the other."""
        starts = np.cumsum([0, *(len(p.vertices) for p in pieces)])
        faces = [
            np.where(p.faces < 0, -1, p.faces + n) for p, n in zip(pieces, starts, strict=False)
        ]
        uv = [np.zeros((*p.faces.shape, 2)) if p.uv is None else p.uv for p in pieces]
        own = [np.array([materials.index(m) for m in p.materials])[p.material] for p in pieces]
        return cls(
            np.concatenate([p.vertices for p in pieces]),
            np.concatenate(faces),
            np.concatenate(uv),
            np.concatenate(own),
            starts,
            np.cumsum([0, *(len(f) for f in faces)]),
        )


@dataclass(frozen=True)
class Charts:
    """Places on a square picture.

    Parameters
    ----------
    label : (F,) int array
        Which chart a face lies on; −1 for small things, which have none.
    uv : (F, 4, 2) array
        Corners on the picture, [0, 1], of faces with a chart.
    """

    label: Ids
    uv: Array


def charts(cloth: Cloth, size: int, low: float, strip: int) -> Charts:
    """Place an outfit's cuts of cloth on a picture.

    Parameters
    ----------
    cloth : Cloth
    size : int
        Pixels of the picture's side.
    low : float
        Height below which less room is given, metres.
    strip : int
        Pixels that stay free at the bottom.
    """
    label = _connected(cloth)
    corners = np.where(cloth.faces < 0, cloth.faces[:, :1], cloth.faces)
    across = np.ptp(cloth.uv[..., 0], axis=1) * np.ptp(cloth.uv[..., 1], axis=1)
    area, count = np.bincount(label, across), np.bincount(label)
    large = np.flatnonzero((area > _LEAST_M2) & (count >= _LEAST_FACES))
    new = np.full(len(area), -1)
    new[large] = np.arange(len(large))
    label = new[label]
    height = np.zeros(len(large))
    used = label >= 0
    np.add.at(height, label[used], cloth.vertices[corners[used]][..., 2].mean(axis=1))
    height /= np.bincount(label[used], minlength=len(large))
    boxes = np.empty((len(large), 4))
    for chart in range(len(large)):
        uv = cloth.uv[label == chart].reshape(-1, 2)
        boxes[chart] = *uv.min(axis=0), *np.ptp(uv, axis=0)
    sizes = boxes[:, 2:] * np.where(height < low, _LOW, 1.0)[:, None]
    turned = sizes[:, 1] > sizes[:, 0]
    sizes[turned] = sizes[turned][:, ::-1]
    scale, corner = _packed(sizes, size, size - strip)
    uv = np.zeros_like(cloth.uv)
    share = (cloth.uv[used] - boxes[label[used], None, :2]) / boxes[label[used], None, 2:]
    flip = turned[label[used]]
    share[flip] = share[flip][..., ::-1]
    at = corner[label[used]][:, None] + share * (sizes[label[used]] * scale)[:, None]
    uv[used] = (at + np.array([0.0, strip])) / size
    return Charts(label, uv)


def _connected(cloth: Cloth) -> Ids:
    """(F,): which faces lie together, joined by edges whose ends have one place on the cloth."""
    places = np.round(cloth.uv * 1e5).astype(np.int64)
    faces, following = cloth.faces, np.roll(cloth.faces, -1, axis=1)
    beside = np.roll(places, -1, axis=1)
    there = (faces >= 0) & (following >= 0)
    owner = np.broadcast_to(np.arange(len(faces))[:, None], faces.shape)[there]
    ends = np.column_stack([faces[there], places[there]])
    others = np.column_stack([following[there], beside[there]])
    swap = faces[there] > following[there]
    ends[swap], others[swap] = others[swap], ends[swap].copy()
    _, edge = np.unique(np.column_stack([ends, others]), axis=0, return_inverse=True)
    edge = edge.ravel()
    shape = (len(faces) + edge.max() + 1,) * 2
    links = coo_matrix((np.ones(len(edge)), (owner, len(faces) + edge)), shape)
    label = connected_components(links, directed=False)[1][: len(faces)]
    return np.asarray(np.unique(label, return_inverse=True)[1].ravel(), dtype=np.int64)


def _packed(sizes: Array, width: int, height: int) -> tuple[float, Array]:
    """Pixels a metre, and lower left corners (N, 2) in pixels, of boxes (N, 2) put on shelves."""
    scale = float(np.sqrt(width * height / sizes.prod(axis=1).sum()))
    order = np.argsort(-sizes[:, 1], kind="stable")
    while True:
        pixels = np.ceil(sizes * scale) + 2 * _GAP
        corner = _shelves(pixels, order, width)
        if corner is not None and (corner + pixels)[:, 1].max() <= height:
            return scale, corner + _GAP
        scale *= 0.98


def _shelves(pixels: Array, order: NDArray[np.int64], width: int) -> Array | None:
    """Lower left corners (N, 2) of boxes put on shelves, each on the first with room for it."""
    if pixels[:, 0].max() > width:
        return None
    corner = np.empty_like(pixels)
    ends: list[float] = []
    floors: list[float] = []
    top = 0.0
    for box in order:
        wide, high = pixels[box]
        room = [i for i, end in enumerate(ends) if end + wide <= width]
        if not room:
            ends.append(0.0)
            floors.append(top)
            top += high
            room = [len(ends) - 1]
        shelf = room[0]
        corner[box] = ends[shelf], floors[shelf]
        ends[shelf] += wide
    return corner
