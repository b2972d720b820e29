"""How clothes hang on bones: weights from the body beneath, few a vertex, smooth over the cloth."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.rotation import Array

from .form import Form
from .mesh import Ids, Sheet, averaging

MOST_BONES: Final = 6
_NEIGHBOURS: Final = 8


def from_body(form: Form, vertices: Array, among: NDArray[np.bool_]) -> Array:
    """Weights (P, B) of the body's nearest vertices `among`, without those of fingers."""
    tree = cKDTree(form.figure.vertices[among])
    distance, at = tree.query(vertices, k=_NEIGHBOURS)
    share = 1.0 / (distance + 0.006 * form.scale) ** 2
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum("pk,pkb->pb", share, form.figure.weights[among][at])


def spread(weights: Array, faces: Ids, steps: int) -> Array:
    """Weights smoothed over the cloth."""
    mean = averaging(faces, len(weights))
    for _ in range(steps):
        weights = 0.5 * weights + 0.5 * (mean @ weights)
    return weights


def tidy(weights: Array) -> Array:
    """Weights (P, B) of at most `MOST_BONES` bones a vertex; rows add up to one."""
    least = np.sort(weights, axis=1)[:, -MOST_BONES][:, None]
    kept = np.where((weights >= least) & (weights > 1e-3), weights, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)


def of_bones(form: Form, shares: dict[str, Array | float], count: int) -> Array:
    """Weights (count, B) of named bones' shares, which need not add up to one."""
    out = np.zeros((count, len(form.figure.bones)))
    for bone, share in shares.items():
        out[:, form.figure.bone(bone)] = share
    return out / out.sum(axis=1, keepdims=True)


def rigid(sheet: Sheet, others: Array, weights: Array) -> Array:
    """Weights (V, B) of something hard: those of its middle's ground, the same for all of it."""
    middle = nearest(sheet.vertices.mean(axis=0)[None], others, weights)
    return np.repeat(middle, len(sheet.vertices), axis=0)


def nearest(vertices: Array, others: Array, weights: Array) -> Array:
    """Weights (P, B) of the nearest of other vertices: what is sewn on moves with its ground."""
    distance, at = cKDTree(others).query(vertices, k=4)
    share = 1.0 / (distance + 0.002)
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum("pk,pkb->pb", share, weights[at])
