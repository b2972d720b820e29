"""Charts of a mesh in a picture: faces that look the same way, projected along an axis.

What is painted on them is a function of the place in space, so no seam shows where charts meet.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

_AXES: Final = np.array(
    [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float
)
_GUTTER: Final = 3
_VOTES: Final = 4


@dataclass(frozen=True)
class Atlas:
    """A triangle mesh cut into charts.

    Parameters
    ----------
    source : (V,) int array
        Vertex of the uncut mesh each vertex comes from.
    faces : (F, 3) int array
        Places among the cut mesh's vertices.
    uv : (V, 2) array
        Texels, x right and y down, from the middle of the first texel.
    size : (int, int)
        Width and height of the picture.
    """

    source: NDArray[np.int64]
    faces: NDArray[np.int64]
    uv: Array
    size: tuple[int, int]


@dataclass(frozen=True)
class Texels:
    """Texels that faces cover, (N,) each: their row and column, face, and (N, 3) barycentrics."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    face: NDArray[np.int64]
    shares: Array


def unwrap(vertices: Array, faces: NDArray, groups: NDArray, texel: Array) -> Atlas:
    """Cut a mesh into charts and pack them.

    Parameters
    ----------
    vertices : (N, 3) array
        Metres.
    faces : (F, 3) int array
        Triangles.
    groups : (F,) int array
        Charts never hold faces of different groups.
    texel : (F,) array
        Edge of a texel on each face, metres, the same within a group.
    """
    axis = _axes(vertices, faces, groups)
    chart = _components(faces, groups * len(_AXES) + axis)
    order = np.unique(np.stack([np.repeat(chart, 3), faces.ravel()], axis=1), axis=0)
    key = order[:, 0] * len(vertices) + order[:, 1]
    cut = np.searchsorted(key, chart[:, None] * len(vertices) + faces)
    owner, source = order[:, 0], order[:, 1]
    count = int(chart.max()) + 1
    first = np.zeros(count, np.int64)
    first[chart] = np.arange(len(chart))
    flat = np.zeros((len(source), 2))
    for k in range(3):
        u, v = ((1, 2), (0, 2), (0, 1))[k]
        here = axis[first[owner]] // 2 == k
        flat[here] = vertices[source[here]][:, [u, v]] * np.array([1.0, -1.0])
    flat /= texel[first[owner]][:, None]
    low = np.full((count, 2), np.inf)
    high = np.full((count, 2), -np.inf)
    np.minimum.at(low, owner, flat)
    np.maximum.at(high, owner, flat)
    sizes = np.ceil(high - low).astype(int) + 1 + 2 * _GUTTER
    places, size = _pack(sizes)
    uv = flat - low[owner] + places[owner] + _GUTTER
    return Atlas(source, cut, uv, size)


def rasterise(atlas: Atlas) -> Texels:
    """All texels under the faces, and those within a texel of their edges."""
    corners = atlas.uv[atlas.faces]
    low = np.floor(corners.min(axis=1)).astype(np.int64) - 1
    high = np.ceil(corners.max(axis=1)).astype(np.int64) + 1
    low = np.maximum(low, 0)
    high = np.minimum(high, np.array(atlas.size) - 1)
    wide = high[:, 0] - low[:, 0] + 1
    counts = wide * (high[:, 1] - low[:, 1] + 1)
    face = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = low[face, 0] + within % wide[face]
    rows = low[face, 1] + within // wide[face]

    a, b, c = (corners[:, k] for k in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    p = np.stack([columns, rows], axis=1) - a[face]
    second = (p[:, 0] * ac[face, 1] - p[:, 1] * ac[face, 0]) / area[face]
    third = (ab[face, 0] * p[:, 1] - ab[face, 1] * p[:, 0]) / area[face]
    shares = np.stack([1.0 - second - third, second, third], axis=1)
    opposite = np.stack([c - b, c - a, b - a], axis=1)
    heights = np.abs(area)[:, None] / np.maximum(np.linalg.norm(opposite, axis=2), 1e-9)
    outside = np.maximum(-shares * heights[face], 0.0).max(axis=1)
    keep = outside < 1.0
    face, rows, columns, shares = face[keep], rows[keep], columns[keep], shares[keep]
    # Of faces that share a texel the one that covers it most stays.
    code = rows * atlas.size[0] + columns
    order = np.lexsort((outside[keep], code))
    best = order[np.r_[True, np.diff(code[order]) > 0]]
    shares = np.clip(shares[best], 0.0, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return Texels(rows[best], columns[best], face[best], shares)


def _axes(vertices: Array, faces: NDArray, groups: NDArray) -> NDArray[np.int64]:
    """The axis each face is projected along; neighbours vote, so that charts have calm borders."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    facing = normals @ _AXES.T
    score = facing
    key = groups.max() + 1
    for _ in range(_VOTES):
        chosen = np.eye(len(_AXES))[score.argmax(axis=1)]
        votes = np.zeros((len(vertices) * key, len(_AXES)))
        at = faces * key + groups[:, None]
        for k in range(3):
            np.add.at(votes, at[:, k], chosen)
        share = sum(votes[at[:, k]] for k in range(3))
        share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
        score = np.where(facing > 0.25, facing + 0.6 * share, facing - 9.0)
    return score.argmax(axis=1)


def _components(faces: NDArray, label: NDArray) -> NDArray[np.int64]:
    """Number of the connected set of equal labels each face belongs to, (F,)."""
    corner_label = np.repeat(label, 3)
    pairs = np.stack([corner_label, faces.ravel()], axis=1)
    _, node = np.unique(pairs, axis=0, return_inverse=True)
    node = node.reshape(-1, 3)
    root = np.arange(node.max() + 1)
    # Smallest number spreads over each set.
    while True:
        low = root[node].min(axis=1)
        spread = root.copy()
        np.minimum.at(spread, node.ravel(), np.repeat(low, 3))
        spread = spread[spread]
        if (spread == root).all():
            break
        root = spread
    return np.unique(root[node[:, 0]], return_inverse=True)[1].reshape(-1)


def _pack(sizes: NDArray) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Places (K, 2) of boxes on shelves of falling height, and the size of the picture."""
    width = max(int(sizes[:, 0].max()), int(np.sqrt(1.15 * sizes.prod(axis=1).sum())))
    places = np.zeros_like(sizes)
    x = y = shelf = 0
    for k in np.argsort(-sizes[:, 1], kind="stable"):
        w, h = (int(n) for n in sizes[k])
        if x + w > width:
            x, y, shelf = 0, y + shelf, 0
        places[k] = (x, y)
        x, shelf = x + w, max(shelf, h)
    return places, (width, y + shelf)
