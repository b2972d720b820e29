"""Where skin comes through cloth, or one layer through another, in given poses."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.body.kinematics import skin
from retarget.rotation import Array

from ..parts import Dress, Figure
from .mesh import Ids

DEPTH_M: Final = 0.005
SKIN: Final = "Skin"
_NEAR: Final = 24
_REACH_M: Final = 0.04


def clipping(
    figure: Figure, dress: Dress, matrices: Array, depth: float = DEPTH_M
) -> dict[tuple[str, str], NDArray[np.int64]]:
    """How often skin that is shown, or a piece, crosses another piece.

    Parameters
    ----------
    figure, dress : Figure, Dress
        What `dress(figure, outfit)` gave.
    matrices : (T, B, 3, 4) array
        From rest to each pose, bone by bone.
    depth : float
        Edges count whose both ends are further than this from what they cross, metres.

    Returns
    -------
    dict
        (name, name) → (T,) counts of edges; pairs that never cross are left out.
    """
    shown = figure.faces[~dress.covered[figure.faces].all(axis=1) & _is_skin(figure)]
    meshes = [(SKIN, figure.vertices, figure.weights, shown)]
    meshes += [(p.name, p.vertices, p.weights, p.faces) for p in dress.pieces]
    counts: dict[tuple[str, str], NDArray[np.int64]] = {}
    for frame, pose in enumerate(matrices):
        posed = [(name, skin(v, w, pose), f) for name, v, w, f in meshes]
        for pair, count in _crossings(posed, depth):
            counts.setdefault(pair, np.zeros(len(matrices), dtype=np.int64))[frame] = count
    return counts


def report(counts: dict[tuple[str, str], NDArray[np.int64]], frames: int) -> str:
    """What `clipping` found, one line a pair."""
    if not counts:
        return f"Nothing crosses in {frames} poses."
    rows = []
    for (a, b), count in sorted(counts.items()):
        rows.append(
            f"{a} through {b}: in {np.count_nonzero(count)} of {frames} poses, "
            f"{count.max()} edges at most (pose {count.argmax()})"
        )
    return "\n".join(rows)


def _is_skin(figure: Figure) -> NDArray[np.bool_]:
    return figure.part[figure.faces[:, 0]] == 0


def _crossings(
    meshes: list[tuple[str, Array, Ids]], depth: float
) -> Iterator[tuple[tuple[str, str], int]]:
    parts = [(name, v[_edges(f)], v[_triangles(f)]) for name, v, f in meshes]
    trees = [cKDTree(triangles.mean(axis=1)) for _, _, triangles in parts]
    for a, b in combinations(range(len(parts)), 2):
        found = _crossed(parts[a][1], parts[b][2], trees[b], depth)
        if a > 0:
            found += _crossed(parts[b][1], parts[a][2], trees[a], depth)
        if found:
            yield (parts[a][0], parts[b][0]), found


def _edges(faces: Ids) -> Ids:
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    loop = np.stack([faces[:, 0], faces[:, 1], faces[:, 2], last], axis=1)
    pairs = np.stack([loop, np.roll(loop, -1, axis=1)], axis=-1).reshape(-1, 2)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _triangles(faces: Ids) -> Ids:
    quads = faces[faces[:, 3] >= 0]
    return np.concatenate([faces[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _crossed(edges: Array, triangles: Array, tree: cKDTree, depth: float) -> int:
    """How many edges (E, 2, 3) cross triangles (F, 3, 3) (Möller and Trumbore, 1997)."""
    near, _ = tree.query(edges.mean(axis=1), distance_upper_bound=_REACH_M)
    edges = edges[np.isfinite(near)]
    if not len(edges):
        return 0
    _, at = tree.query(edges.mean(axis=1), k=min(_NEAR, len(triangles)))
    origin = edges[:, None, 0]
    ray = edges[:, None, 1] - origin
    corner = triangles[at]
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
    normal = np.cross(u, v)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-15)
    reach = np.abs(np.einsum("ekc,ekc->ek", np.broadcast_to(ray, normal.shape), normal))
    deep = np.minimum(r, 1 - r) * reach > depth
    return int((hit & deep).any(axis=1).sum())
