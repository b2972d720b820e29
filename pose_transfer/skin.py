"""Linear blend skinning: where vertices and normals go when the bones move."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]


class Skin:
    """Vertices and their weights, kept in the shape in which skinning is one sparse product.

    Parameters
    ----------
    vertices, normals : (V, 3) arrays
        Bind pose.
    weight_bones, weights : (V, K) arrays
        As in `Character`.
    bones : int
        Number of bones.
    """

    def __init__(
        self,
        vertices: Floats,
        normals: Floats,
        weight_bones: NDArray,
        weights: Floats,
        bones: int,
    ) -> None:
        rows = np.repeat(np.arange(len(weights)), weights.shape[1])
        keep = weights.ravel() != 0.0
        self._shares = sparse.csr_matrix(
            (weights.ravel()[keep], (rows[keep], weight_bones.ravel()[keep])),
            shape=(len(vertices), bones),
            dtype=np.float32,
        )
        self._vertices = np.ascontiguousarray(vertices.T, dtype=np.float32)
        self._normals = np.ascontiguousarray(normals.T, dtype=np.float32)

    def move(self, matrices: NDArray) -> tuple[Floats, Floats]:
        """Places and unit normals, (3, V) each, under bind-to-world matrices (B, 3, 4)."""
        blended = np.asarray(self._shares @ matrices.reshape(-1, 12).astype(np.float32))
        rows = np.ascontiguousarray(blended.T).reshape(3, 4, -1)
        places = np.empty_like(self._vertices)
        normals = np.empty_like(self._normals)
        for axis, row in enumerate(rows):
            places[axis] = np.einsum("iv,iv->v", row[:3], self._vertices) + row[3]
            normals[axis] = np.einsum("iv,iv->v", row[:3], self._normals)
        length = np.sqrt(np.einsum("iv,iv->v", normals, normals))
        normals /= np.maximum(length, 1e-12)
        return places, normals
