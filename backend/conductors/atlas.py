"""Where on the skin's pictures each face lies, and what each of their pixels shows.

Heads and hands get most of the room: the picture of the head is stretched about the face, and in
the picture of the body the hands are enlarged, for clothes cover most of the rest.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .parts import Figure

HEAD, BODY, MOUTH, LID = range(4)

# Corners of the islands of MakeHuman's layout (u, v, u, v).
_HEAD_BOX: Final = (0.640, 0.148, 0.995, 0.820)
_MOUTH_BOX: Final = (0.757, 0.010, 0.926, 0.138)
_LID_BOXES: Final = ((0.010, 0.545, 0.079, 0.635), (0.084, 0.545, 0.153, 0.635))
# Islands of the body and where they go, each turned no way: u, v of the lower left corner.
_BODY_BOXES: Final = (
    ((0.005, 0.136, 0.754, 0.976), (0.01, 0.44), 0.64),
    ((0.359, 0.009, 0.556, 0.199), (0.01, 0.01), 2.20),
    ((0.568, 0.009, 0.765, 0.198), (0.46, 0.01), 2.20),
    ((0.021, 0.008, 0.193, 0.171), (0.52, 0.82), 1.00),
    ((0.196, 0.008, 0.368, 0.171), (0.72, 0.82), 1.00),
)
# The face's share: density 1 + gain · Gauss(middle, width) along each axis of the head's box.
_ALONG: Final = (1.5, 0.76, 0.20)
_ACROSS: Final = (2.4, 0.50, 0.15)


@dataclass(frozen=True)
class Layout:
    """Pictures of the skin's faces.

    Parameters
    ----------
    faces : (F, 4) int array
        The figure's faces that are skin.
    uv : (F, 4, 2) array
        Corners on the picture.
    part : (F,) int array
        `HEAD` and `BODY` have a picture each; `MOUTH` and `LID` (insides) have none.
    """

    faces: NDArray[np.int64]
    uv: Array
    part: NDArray[np.int64]


def skin_layout(figure: Figure) -> Layout:
    """The skin's faces, with the room that each gets."""
    skin = figure.part[figure.faces[:, 0]] == 0
    faces, uv = figure.faces[skin], figure.uv[skin]
    island = _islands(faces, uv)
    part = np.full(len(faces), BODY)
    placed = uv.copy()
    for box, which in ((_HEAD_BOX, HEAD), (_MOUTH_BOX, MOUTH), *((b, LID) for b in _LID_BOXES)):
        part[_of_box(uv, island, box)] = which
    head = part == HEAD
    low, high = np.array(_HEAD_BOX[:2]), np.array(_HEAD_BOX[2:])
    in_box = (uv[head] - low) / (high - low)
    placed[head] = np.stack(
        [_stretched(in_box[..., 0], *_ALONG), _stretched(in_box[..., 1], *_ACROSS)], axis=-1
    )
    for box, corner, scale in _BODY_BOXES:
        own = _of_box(uv, island, box)
        placed[own] = (uv[own] - np.array(box[:2])) * scale + np.array(corner)
    return Layout(faces, placed, part)


def _islands(faces: NDArray[np.int64], uv: Array) -> NDArray[np.int64]:
    """Which connected island of the picture each face (F,) lies on."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    places = np.round(uv * 1e5).astype(np.int64).reshape(-1, 2)
    corners = np.column_stack([faces.ravel(), places])
    unique, flat = np.unique(corners, axis=0, return_inverse=True)
    a = flat.reshape(faces.shape)
    b = np.roll(a, 1, axis=1)
    links = coo_matrix((np.ones(a.size), (a.ravel(), b.ravel())), shape=(len(unique),) * 2)
    _, label = connected_components(links, directed=False)
    return np.asarray(label[a[:, 0]])


def _of_box(
    uv: Array, island: NDArray[np.int64], box: tuple[float, float, float, float]
) -> NDArray[np.bool_]:
    """Which faces (F,) are of islands that lie in a box."""
    low, high = np.array(box[:2]), np.array(box[2:])
    chosen = np.zeros(len(island), dtype=bool)
    for which in np.unique(island):
        own = island == which
        least, most = uv[own].min(axis=(0, 1)), uv[own].max(axis=(0, 1))
        if (least >= low).all() and (most <= high).all():
            chosen |= own
    return chosen


def _stretched(place: Array, gain: float, middle: float, width: float) -> Array:
    """Places [0, 1] moved so that what lies about the middle gets more room."""
    grid = np.linspace(0.0, 1.0, 1025)
    density = 1.0 + gain * np.exp(-(((grid - middle) / width) ** 2))
    summed = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    # A margin for what bleeds over the edge where the picture is made smaller.
    return np.asarray(0.01 + 0.98 * np.interp(place, grid, summed / summed[-1]))


@dataclass(frozen=True)
class Texels:
    """What the pixels of a picture show.

    Parameters
    ----------
    size : int
        Pixels of the picture's side.
    place : (N,) int array
        Flat indices of the pixels that show skin, row 0 on top.
    corners : (N, 3) int array
        Vertices of the triangle that each shows.
    shares : (N, 3) array
        Barycentric coordinates in it.
    """

    size: int
    place: NDArray[np.int64]
    corners: NDArray[np.int64]
    shares: Array

    def sample(self, values: Array) -> Array:
        """Values of the vertices (V, ...) at the pixels (N, ...)."""
        shares = self.shares.reshape(*self.shares.shape, *([1] * (values.ndim - 1)))
        return np.asarray((values[self.corners] * shares).sum(axis=1))

    def soften(self, values: Array, pixels: float) -> Array:
        """Values at the pixels (N,), the mesh's facets smoothed away; `pixels` is the sigma."""
        from scipy.ndimage import gaussian_filter

        known = np.zeros(self.size * self.size)
        spread = np.zeros(self.size * self.size)
        known[self.place], spread[self.place] = 1.0, values
        shape = (self.size, self.size)
        above = gaussian_filter(spread.reshape(shape), pixels).ravel()[self.place]
        below = gaussian_filter(known.reshape(shape), pixels).ravel()[self.place]
        return np.asarray(above / below)

    def picture(self, colours: Array) -> NDArray[np.uint8]:
        """Picture (size, size, 3) of colours (N, 3) in [0, 1], carried on beyond the edges."""
        from scipy.ndimage import distance_transform_edt

        canvas = np.zeros((self.size * self.size, 3))
        canvas[self.place] = colours
        empty = np.ones(self.size * self.size, dtype=bool)
        empty[self.place] = False
        rows, columns = distance_transform_edt(
            empty.reshape(self.size, self.size), return_distances=False, return_indices=True
        )
        full = canvas.reshape(self.size, self.size, 3)[rows, columns]
        return (255 * np.clip(full, 0.0, 1.0) + 0.5).astype(np.uint8)


def texels(layout: Layout, part: int, size: int) -> Texels:
    """The pixels of the picture of `HEAD` or `BODY`."""
    chosen = layout.part == part
    faces, uv = layout.faces[chosen], layout.uv[chosen]
    corners = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    points = np.concatenate([uv[:, [0, 1, 2]], uv[:, [0, 2, 3]]])
    points = np.stack([points[..., 0] * size, (1.0 - points[..., 1]) * size], axis=-1) - 0.5
    places, owners, shares = [], [], []
    for index, (a, b, c) in enumerate(points):
        across, down = np.stack([a, b, c]).T
        columns = np.arange(max(0, int(np.ceil(across.min()))), int(across.max()) + 1)
        rows = np.arange(max(0, int(np.ceil(down.min()))), int(down.max()) + 1)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0.0 or not len(columns) or not len(rows):
            continue
        x, y = np.meshgrid(columns, rows)
        second = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        third = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        inside = (second >= 0) & (third >= 0) & (second + third <= 1)
        places.append(y[inside] * size + x[inside])
        shares.append(np.stack([1 - second - third, second, third], axis=-1)[inside])
        owners.append(np.full(int(inside.sum()), index))
    place, first = np.unique(np.concatenate(places), return_index=True)
    return Texels(
        size, place, corners[np.concatenate(owners)[first]], np.concatenate(shares)[first]
    )
