"""Where skin comes through cloth, or one layer through another, in given poses."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from retarget.body.kinematics import skin
from retarget.rotation import Array

from ..parts import Dress, Figure
from .form import unit
from .mesh import Ids

DEPTH_M: Final = 0.005
SKIN: Final = "Skin"
_NEAR: Final = 24
_REACH_M: Final = 0.04


def clipping(
    figure: Figure, dress: Dress, matrices: Array, depth: float = DEPTH_M
) -> dict[tuple[str, str], NDArray[np.int64]]:
    """How much of the skin that is shown, or of a piece, sticks out of another piece.

    Where edges cross a surface they cut a mesh in parts; all but the largest stick out.

    Parameters
    ----------
    figure, dress : Figure, Dress
        What `dress(figure, outfit)` gave.
    matrices : (T, B, 3, 4) array
        From rest to each pose, bone by bone.
    depth : float
        Vertices count that are further than this from what they stick out of, metres.

    Returns
    -------
    dict
        (what sticks out, of what) → (T,) counts of vertices; pairs that never cross are left out.
    """
    shown = figure.faces[~dress.covered[figure.faces].all(axis=1) & _is_skin(figure)]
    meshes = [(SKIN, figure.vertices, figure.weights, shown)]
    meshes += [(p.name, p.vertices, p.weights, p.faces) for p in dress.pieces]
    edges = [edges_of(faces) for _, _, _, faces in meshes]
    counts: dict[tuple[str, str], NDArray[np.int64]] = {}
    for frame, pose in enumerate(matrices):
        posed = [
            Posed(name, skin(v, w, pose), ends, f)
            for (name, v, w, f), ends in zip(meshes, edges, strict=True)
        ]
        for pair, count in _crossings(posed, depth):
            counts.setdefault(pair, np.zeros(len(matrices), dtype=np.int64))[frame] = count
    return counts


def report(counts: dict[tuple[str, str], NDArray[np.int64]], frames: int) -> str:
    """What `clipping` found, one line a pair."""
    if not counts:
        return f"Nothing sticks out in {frames} poses."
    rows = []
    for (what, of), count in sorted(counts.items()):
        rows.append(
            f"{what} sticks out of {of} in {np.count_nonzero(count)} of {frames} poses, "
            f"{count.max()} vertices at most (pose {count.argmax()})"
        )
    return "\n".join(rows)


@dataclass(frozen=True)
class Posed:
    """A mesh in a pose: vertices (V, 3), edges (E, 2), faces (F, 4) with −1 for triangles."""

    name: str
    vertices: Array
    edges: Ids
    faces: Ids

    @cached_property
    def triangles(self) -> Array:
        quads = self.faces[self.faces[:, 3] >= 0]
        return self.vertices[np.concatenate([self.faces[:, [0, 1, 2]], quads[:, [0, 2, 3]]])]

    @cached_property
    def tree(self) -> cKDTree:
        return cKDTree(self.triangles.mean(axis=1))


def _is_skin(figure: Figure) -> NDArray[np.bool_]:
    return figure.part[figure.faces[:, 0]] == 0


def _crossings(meshes: list[Posed], depth: float) -> Iterator[tuple[tuple[str, str], int]]:
    for a, b in combinations(meshes, 2):
        pairs = [(a, b)] if a.name == SKIN else [(a, b), (b, a)]
        for one, other in pairs:
            count = sticking_out(one, other, depth)
            if count:
                yield (one.name, other.name), count


def sticking_out(mesh: Posed, other: Posed, depth: float = DEPTH_M) -> int:
    """How many vertices of a mesh lie in the smaller parts that another one cuts off.

    A part that comes out at a hem is not cut off; there edges count that reach far on both sides.
    """
    cut, deep = _crossed(mesh.vertices[mesh.edges], other, depth)
    if not cut.any():
        return 0
    ends = len(np.unique(mesh.edges[deep, 0]))
    whole = _parts(mesh.edges, len(mesh.vertices))
    parts = _parts(mesh.edges[~cut], len(mesh.vertices))
    sizes = np.bincount(parts)
    largest = np.zeros(whole.max() + 1, dtype=np.int64)
    np.maximum.at(largest, whole, sizes[parts])
    used = np.zeros(len(mesh.vertices), dtype=bool)
    used[mesh.edges] = True
    lesser = np.flatnonzero(used & (sizes[parts] < largest[whole]))
    if not len(lesser):
        return ends
    points = mesh.vertices[lesser]
    _, at = other.tree.query(points)
    corner = other.triangles[at]
    normal = unit(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]))
    height = np.abs(np.einsum("pc,pc->p", points - corner.mean(axis=1), normal))
    return max(ends, int((height > depth).sum()))


def _parts(edges: Ids, count: int) -> NDArray[np.int64]:
    ones = np.ones(len(edges))
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def edges_of(faces: Ids) -> Ids:
    """Edges (E, 2) of faces (F, 4), each once."""
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    loop = np.stack([faces[:, 0], faces[:, 1], faces[:, 2], last], axis=1)
    pairs = np.stack([loop, np.roll(loop, -1, axis=1)], axis=-1).reshape(-1, 2)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _crossed(
    edges: Array, other: Posed, depth: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which edges (E, 2, 3) cross a mesh, and which reach deep (Möller and Trumbore, 1997)."""
    out, far = np.zeros(len(edges), dtype=bool), np.zeros(len(edges), dtype=bool)
    near, _ = other.tree.query(edges.mean(axis=1), distance_upper_bound=_REACH_M)
    close = np.flatnonzero(np.isfinite(near))
    if not len(close):
        return out, far
    edges = edges[close]
    _, at = other.tree.query(edges.mean(axis=1), k=min(_NEAR, len(other.triangles)))
    origin = edges[:, None, 0]
    ray = edges[:, None, 1] - origin
    corner = other.triangles[at]
    u, v = corner[:, :, 1] - corner[:, :, 0], corner[:, :, 2] - corner[:, :, 0]
    across = np.cross(ray, v)
    volume = np.einsum("ekc,ekc->ek", u, across)
    volume = np.where(np.abs(volume) < 1e-15, np.inf, volume)
    gap = origin - corner[:, :, 0]
    s = np.einsum("ekc,ekc->ek", gap, across) / volume
    turned = np.cross(gap, u)
    t = np.einsum("ekc,ekc->ek", np.broadcast_to(ray, turned.shape), turned) / volume
    r = np.einsum("ekc,ekc->ek", v, turned) / volume
    hit = (s >= 0) & (t >= 0) & (s + t <= 1) & (r > 0) & (r < 1)
    reach = np.abs(np.einsum("ekc,ekc->ek", np.broadcast_to(ray, u.shape), unit(np.cross(u, v))))
    out[close] = hit.any(axis=1)
    far[close] = (hit & (np.minimum(r, 1 - r) * reach > depth)).any(axis=1)
    return out, far
