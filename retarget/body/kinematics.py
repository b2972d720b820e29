"""Posing the body: forward kinematics and skinning, for one body or many at a time."""

from typing import Final

import numpy as np

from ..rotation import Array
from .model import BONES, INDEX, PARENTS

STRETCHES: Final = (
    ("trunk", ("spine", "chest", "neck")),
    ("breadth", ("clavicle.L", "clavicle.R", "upper_arm.L", "upper_arm.R")),
    ("upper_arm", ("forearm.L", "forearm.R")),
    ("forearm", ("hand.L", "hand.R")),
    ("hips", ("thigh.L", "thigh.R")),
    ("legs", ("shin.L", "shin.R", "foot.L", "foot.R")),
    ("neck", ("head",)),
)
"""Proportions beyond the shape space: name, and bones whose distance from their parent grows."""

_GROUP = np.full(len(BONES), -1)
for _number, (_, _bones) in enumerate(STRETCHES):
    for _bone in _bones:
        _GROUP[INDEX[_bone]] = _number


def stretched_heads(heads: Array, stretches: Array) -> Array:
    """Rest heads with changed proportions.

    Parameters
    ----------
    heads : (..., B, 3) array
        Metres.
    stretches : (..., 7) array
        Natural logarithms of the factors, in the order of STRETCHES.
    """
    factors = np.concatenate([np.exp(stretches), np.ones((*stretches.shape[:-1], 1))], axis=-1)
    out = np.empty(np.broadcast_shapes(heads.shape, (*stretches.shape[:-1], 1, 1)))
    out[..., 0, :] = heads[..., 0, :]
    for bone in range(1, len(BONES)):
        parent = PARENTS[bone]
        offset = heads[..., bone, :] - heads[..., parent, :]
        out[..., bone, :] = out[..., parent, :] + offset * factors[..., _GROUP[bone], None]
    return out


def pose_bones(heads: Array, local: Array, root: Array) -> tuple[Array, Array]:
    """World positions and rotations of all bones.

    Parameters
    ----------
    heads : (..., B, 3) array
        At rest.
    local : (..., B, 3, 3) array
        Rotation of each bone relative to its parent, in the axes of the rest pose.
    root : (..., 3) array
        Where the hips go.

    Returns
    -------
    positions : (..., B, 3) array
    rotations : (..., B, 3, 3) array
        From rest to the pose, world axes.
    """
    rotations = np.empty_like(local)
    positions = np.empty((*local.shape[:-3], len(BONES), 3))
    rotations[..., 0, :, :] = local[..., 0, :, :]
    positions[..., 0, :] = root
    for bone in range(1, len(BONES)):
        parent = PARENTS[bone]
        above = rotations[..., parent, :, :]
        rotations[..., bone, :, :] = above @ local[..., bone, :, :]
        offset = heads[..., bone, :] - heads[..., parent, :]
        positions[..., bone, :] = positions[..., parent, :] + (above @ offset[..., None])[..., 0]
    return positions, rotations


def skin(vertices: Array, weights: Array, matrices: Array) -> Array:
    """Linear blend skinning: vertices (V, 3), weights (V, B), matrices (B, 3, 4) → (V, 3)."""
    blended = (weights @ matrices.reshape(len(matrices), 12)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blended[:, :, :3], vertices) + blended[:, :, 3]


def bone_matrices(linear: Array, from_heads: Array, to_heads: Array) -> Array:
    """Affine maps (..., B, 3, 4) with a linear part each, that carry heads to heads."""
    moved = to_heads - (linear @ from_heads[..., None])[..., 0]
    return np.concatenate([linear, moved[..., None]], axis=-1)
