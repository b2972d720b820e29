"""The body in the T-pose, with the clothes that the photo gave it."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget import rotation
from retarget.body.kinematics import bone_matrices, skin
from retarget.body.model import PARENTS, alignment
from retarget.rotation import Array

from .fit import stretch_matrices
from .person_parts import PersonParts


class TPose:
    """The body in the T-pose, with the clothes that the photo gave it."""

    def __init__(self, parts: PersonParts) -> None:
        fit, body = parts.fit, parts.body
        back = rotation.to_matrix(rotation.conjugate(alignment(fit.shape)))
        heads = np.zeros_like(fit.heads)
        for bone, parent in enumerate(PARENTS):
            if parent >= 0:
                heads[bone] = heads[parent] + back[parent] @ (fit.heads[bone] - fit.heads[parent])
        linear = back @ stretch_matrices(fit.shape, fit.heads)
        matrices = bone_matrices(linear, fit.shape.heads, heads)
        # From the photo's pose each bone turns back to rest, and on to the T-pose.
        turns = back @ np.swapaxes(fit.rotations, 1, 2)
        self._turns = np.einsum("vb,bij->vij", body.weights, turns)
        self._posed = parts.vertices
        worn = np.einsum("vij,vj->vi", self._turns, parts.vertices - fit.vertices)
        self._vertices = skin(fit.shape.vertices, body.weights, matrices) + worn

    def of_body(self, places: Array) -> Array:
        """Where the body's vertices go, (V, 3), if they lie at `places` (V, 3) in the photo."""
        return self._vertices + np.einsum("vij,vj->vi", self._turns, places - self._posed)

    def of(self, places: Array, among: NDArray[np.int64]) -> Array:
        """Where places (N, 3) on or near some of the body's vertices go, (N, 3)."""
        nearest = among[cKDTree(self._posed[among]).query(places)[1]]
        away = places - self._posed[nearest]
        return self._vertices[nearest] + np.einsum("nij,nj->ni", self._turns[nearest], away)
