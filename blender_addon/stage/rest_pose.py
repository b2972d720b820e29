"""A character brought from the pose of its photo into the T-pose, so that it can be rigged."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.character import PARTS, Character
from retarget.rotation import Array

# The photo holds the shading of the front it shows: normals keep this share of what in them points
# across the line of sight, or every swelling of the body would be lit a second time.
_RELIEF: Final = 0.4
_ANKLE_M: Final = float(skeleton.REST[skeleton.INDEX["foot.L"], 2])
_LIMBS: Final = ("arm.L", "arm.R", "hand.L", "hand.R")
# A vertex is a foot's from this share on.
_MOSTLY: Final = 0.5


@dataclass(frozen=True)
class RestPose:
    """The T-pose: hips over the origin, soles on z = 0, facing −Y.

    Parameters
    ----------
    heads, tails : (B, 3) arrays
        Ends of the bones, metres.
    vertices : (V, 3) array
        Of the mesh, metres.
    normals : (V, 3) array
        What the light of the scene falls on; unit.
    """

    heads: Array
    tails: Array
    vertices: Array
    normals: Array


def rest_pose(character: Character) -> RestPose:
    """Undo the turns of the bones, and the linear blend skinning that they stand for.

    Vertices whose T-pose the character does not know go back by the inverse of the very matrix
    that their bones blend to, so that turning the bones by `character.turns` again gives the
    photo's mesh exactly.
    """
    back = rotation.conjugate(character.turns)
    heads = np.zeros_like(character.heads)
    for bone, parent in enumerate(character.parents):
        if parent >= 0:
            offset = character.heads[bone] - character.heads[parent]
            heads[bone] = heads[parent] + rotation.rotate(back[parent], offset)
    tails = heads + rotation.rotate(back, character.tails - character.heads)
    skinning = _skinning(character, heads)
    linear = skinning[..., :3]
    away = character.vertices - skinning[..., 3]
    vertices = np.linalg.solve(linear, away[..., None])[..., 0]
    known = np.isfinite(character.t_pose).all(axis=1)
    vertices[known] = character.t_pose[known]
    normals = np.einsum("vji,vj->vi", linear, _soft_normals(character))
    down = np.array([0.0, 0.0, _sole(character, heads, vertices)])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.maximum(lengths, 1e-12)
    return RestPose(heads - down, tails - down, vertices - down, normals)


def _skinning(character: Character, heads: Array) -> Array:
    """Matrices (V, 3, 4) from the T-pose, with bones at `heads`, to the photo's pose."""
    linear = rotation.to_matrix(character.turns)
    moved = character.heads - np.einsum("bij,bj->bi", linear, heads)
    matrices = np.concatenate([linear, moved[..., None]], axis=-1)
    shares = character.weights.astype(np.float64)
    return np.einsum("vk,vkij->vij", shares, matrices[character.weight_bones])


def _soft_normals(character: Character) -> Array:
    """Normals (V, 3) in the photo's pose, turned towards the line of sight; any length."""
    corners = character.vertices[character.faces].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros(character.vertices.shape)
    for corner in range(3):
        np.add.at(normals, character.faces[:, corner], across)
    # Arms turn away from that line of sight; what the light does to them is their form's.
    limbs = np.isin(character.parts, [PARTS.index(name) for name in _LIMBS])
    across = np.where(limbs, 1.0, _RELIEF)[:, None]
    return normals * np.where([True, False, True], across, 1.0)


def _sole(character: Character, heads: Array, vertices: Array) -> float:
    """Height of the soles, or where they would be if the mesh has no feet."""
    feet = [character.bone(f"foot.{side}") for side in "LR"]
    shares = np.where(np.isin(character.weight_bones, feet), character.weights, 0.0).sum(axis=1)
    own = vertices[shares > _MOSTLY, 2]
    return float(own.min() if len(own) else heads[feet, 2].mean() - _ANKLE_M)
