"""A character brought from the pose of its photo into the T-pose, so that it can be rigged."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.character import Character
from retarget.rotation import Array

_ANKLE_M: Final = float(skeleton.REST[skeleton.INDEX["foot.L"], 2])
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
    """

    heads: Array
    tails: Array
    vertices: Array


def rest_pose(character: Character) -> RestPose:
    """Undo the turns of the bones, and the linear blend skinning that they stand for.

    Each vertex goes back by the inverse of the very matrix that its bones blend to, so that
    turning the bones by `character.turns` again gives the photo's mesh exactly.
    """
    back = rotation.conjugate(character.turns)
    heads = np.zeros_like(character.heads)
    for bone, parent in enumerate(character.parents):
        if parent >= 0:
            offset = character.heads[bone] - character.heads[parent]
            heads[bone] = heads[parent] + rotation.rotate(back[parent], offset)
    tails = heads + rotation.rotate(back, character.tails - character.heads)
    vertices = _unskinned(character, heads)
    down = np.array([0.0, 0.0, _sole(character, heads, vertices)])
    return RestPose(heads - down, tails - down, vertices - down)


def _unskinned(character: Character, heads: Array) -> Array:
    linear = rotation.to_matrix(character.turns)
    moved = character.heads - np.einsum("bij,bj->bi", linear, heads)
    matrices = np.concatenate([linear, moved[..., None]], axis=-1)
    shares = character.weights.astype(np.float64)
    blended = np.einsum("vk,vkij->vij", shares, matrices[character.weight_bones])
    away = character.vertices - blended[..., 3]
    return np.linalg.solve(blended[..., :3], away[..., None])[..., 0]


def _sole(character: Character, heads: Array, vertices: Array) -> float:
    """Height of the soles, or where they would be if the mesh has no feet."""
    feet = [character.bone(f"foot.{side}") for side in "LR"]
    shares = np.where(np.isin(character.weight_bones, feet), character.weights, 0.0).sum(axis=1)
    own = vertices[shares > _MOSTLY, 2]
    return float(own.min() if len(own) else heads[feet, 2].mean() - _ANKLE_M)
