"""A baked conductor in the poses of a motion, as Blender shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import rotation
from retarget.body.kinematics import bone_matrices, skin
from retarget.conductor_asset import AssetMesh, ConductorAsset
from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.motion import Motion
from retarget.rig import RigRest
from retarget.rotation import Array
from retarget.solve import solve

_UPRIGHT: Final = 0.7


@dataclass(frozen=True)
class Pose:
    """One pose of a conductor.

    Parameters
    ----------
    matrices : (B, 3, 4) array
        From rest to the pose, bone by bone, metres.
    values : mapping
        Corrective shapes and how far they are in, [0, 1].
    """

    matrices: Array
    values: Mapping[str, float]


def poses(asset: ConductorAsset, motion: Motion) -> list[Pose]:
    """The conductor's pose in each of a motion's frames: twist bones and correctives too."""
    rig = _rig(asset)
    solution = solve(fit_rig(rig, detect_rig(rig)), motion)
    frames, count = len(motion), len(asset.bones)
    index = {bone: i for i, bone in enumerate(asset.bones)}
    basis = rotation.identity((count, frames))
    for i, bone in enumerate(solution.bones):
        basis[index[bone]] = solution.rotations[:, i]
    for follower in asset.followers:
        leader = basis[index[follower.leader]]
        turn = 2.0 * np.arctan2(leader[:, 2], leader[:, 0])
        turn = (turn + np.pi) % (2.0 * np.pi) - np.pi
        basis[index[follower.bone]] = rotation.from_axis_angle(
            np.array([0.0, 1.0, 0.0]), follower.share * turn
        )
    rest = rotation.from_matrix(rig.matrices[:, :3, :3])
    # From rest to the pose, relative to the parent, in the axes of the rest pose.
    local = rotation.multiply(
        rotation.multiply(rest[:, None], basis), rotation.conjugate(rest)[:, None]
    )
    turns, heads = np.empty_like(local), np.empty((count, frames, 3))
    for i, parent in enumerate(asset.parents):
        if parent < 0:
            turns[i], heads[i] = local[i], asset.heads[i]
        else:
            turns[i] = rotation.multiply(turns[parent], local[i])
            offset = asset.heads[i] - asset.heads[parent]
            heads[i] = heads[parent] + rotation.rotate(turns[parent], offset)
    heads += rotation.rotate(rest[index[solution.root_bone]], solution.location)
    matrices = bone_matrices(
        rotation.to_matrix(turns).swapaxes(0, 1), asset.heads, heads.swapaxes(0, 1)
    )
    values = {}
    for corrective in asset.correctives:
        i = index[corrective.bone]
        way = rotation.rotate(local[i], rotation.normalize(asset.tails[i] - asset.heads[i]))
        near = way @ np.array(corrective.toward)
        start = corrective.start
        values[corrective.shape] = np.clip((near - start) / (1.0 - start), 0.0, 1.0)
    return [
        Pose(matrices[t], {shape: float(value[t]) for shape, value in values.items()})
        for t in range(frames)
    ]


def posed(mesh: AssetMesh, weights: Array, pose: Pose) -> Array:
    """Vertices (V, 3) of a mesh in a pose, its `weights` (V, B) as `bone_weights` gives them."""
    vertices = mesh.vertices.copy()
    for shape, value in pose.values.items():
        if value > 0.0 and shape in mesh.shapes:
            moved, offsets = mesh.shapes[shape]
            vertices[moved] += value * offsets
    return skin(vertices, weights, pose.matrices)


def bone_weights(mesh: AssetMesh, bones: int) -> Array:
    """Shares (V, B) of all of a conductor's bones in a mesh's vertices."""
    table = np.zeros((len(mesh.vertices), bones))
    np.add.at(table, (np.arange(len(table))[:, None], mesh.weight_bones), mesh.weights)
    return table


def _rig(asset: ConductorAsset) -> RigRest:
    """The rest pose, with the rolls that Blender's armature has."""
    count = len(asset.bones)
    along = rotation.normalize(asset.tails - asset.heads)
    upright = np.abs(along[:, 2:]) > _UPRIGHT
    z = np.where(upright, [0.0, -1.0, 0.0], [0.0, 0.0, 1.0])
    z = rotation.normalize(z - np.sum(z * along, axis=1, keepdims=True) * along)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3] = np.stack([np.cross(along, z), along, z], axis=-1)
    matrices[:, :3, 3] = asset.heads
    above = np.maximum(asset.parents, 0)
    connected = np.linalg.norm(asset.tails[above] - asset.heads, axis=1) < 1e-5
    return RigRest(
        name=asset.title,
        bones=asset.bones,
        parents=asset.parents,
        matrices=matrices,
        tails=asset.tails,
        connected=connected & (asset.parents >= 0),
        inherit_rotation=np.ones(count, dtype=bool),
    )
