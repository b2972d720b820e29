"""Bones in the world to keys of bones under their parents: location, rotation, scale."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation
from retarget.rotation import Array

_STILL_M: Final = 1e-5
_STILL_SCALE: Final = 1e-4
_BLOCK: Final = 2048


@dataclass(frozen=True)
class LocalPose:
    """Channels of bones as Blender keys them, each beside the bone's rest.

    Parameters
    ----------
    location : (T, B, 3) array
        Along the bone's own axes.
    rotation : (T, B, 4) array
        Unit quaternions (w, x, y, z), sign-continuous.
    scale : (T, B, 3) array
    """

    location: Array
    rotation: Array
    scale: Array


def local_pose(rest: Array, posed: NDArray[np.float32], parents: NDArray[np.int64]) -> LocalPose:
    """Keys with which bones stand where they are in the world.

    What a bone that hangs on an unevenly scaled one would have to be sheared by is left out, and
    made up for in the bones below.

    Parameters
    ----------
    rest : (B, 4, 4) array
        Bones at rest, without scale.
    posed : (T, B, 4, 4) array
        Bones in the world.
    parents : (B,) int array
        Parents before their children, −1 for roots.
    """
    shape = posed.shape[:2]
    pose = LocalPose(np.empty((*shape, 3)), np.empty((*shape, 4)), np.empty((*shape, 3)))
    for start in range(0, len(posed), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = posed[rows].astype(np.float64)
        reached = np.empty_like(block)
        for bone, parent in enumerate(parents):
            base = rest[bone]
            if parent >= 0:
                base = reached[:, parent] @ inverse(rest[parent]) @ rest[bone]
            channels = decomposed(inverse(base) @ block[:, bone])
            pose.location[rows, bone], pose.rotation[rows, bone], pose.scale[rows, bone] = channels
            reached[:, bone] = base @ composed(*channels)
    return LocalPose(pose.location, rotation.make_continuous(pose.rotation), pose.scale)


def decomposed(matrices: Array) -> tuple[Array, Array, Array]:
    """Place (T, 3), unit quaternion (T, 4) and scale (T, 3) of matrices (T, 4, 4), without shear.

    Mirrored ones have a negative scale along x.
    """
    axes = matrices[:, :3, :3]
    scale = np.linalg.norm(axes, axis=1)
    scale[np.linalg.det(axes) < 0.0, 0] *= -1.0
    axes = axes / np.where(np.abs(scale) > 0.0, scale, 1.0)[:, None]
    # The nearest rotation, so that shear is shared between the axes.
    left, _, right = np.linalg.svd(axes)
    return matrices[:, :3, 3], rotation.from_matrix(left @ right), scale


def composed(place: Array, turn: Array, scale: Array) -> Array:
    """Matrices (T, 4, 4) from what `decomposed` gives."""
    matrices = np.zeros((len(place), 4, 4))
    matrices[:, :3, :3] = rotation.to_matrix(turn) * scale[:, None, :]
    matrices[:, :3, 3] = place
    matrices[:, 3, 3] = 1.0
    return matrices


def inverse(matrices: Array) -> Array:
    """Matrices (…, 4, 4) that undo others, which move, turn, scale and shear.

    NumPy's own hands every single matrix to the threads of its linear algebra, which on a busy
    computer takes a thousand times as long.
    """
    x, y, z, place = np.moveaxis(matrices[..., :3, :], -1, 0)
    across = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=-2)
    back = across / (x * across[..., 0, :]).sum(-1)[..., None, None]
    undone = np.zeros_like(matrices)
    undone[..., :3, :3] = back
    undone[..., :3, 3] = -(back @ place[..., None])[..., 0]
    undone[..., 3, 3] = 1.0
    return undone


def is_still(values: Array, at_rest: float, *, scale: bool = False) -> bool:
    """Whether a channel (T, C) stays at rest."""
    return bool(np.abs(values - at_rest).max() <= (_STILL_SCALE if scale else _STILL_M))
