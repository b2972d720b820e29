"""Where the conductor stands, how large and turned where to: the stage and cameras follow."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.readback import foot_ends, rest_joints
from retarget.rotation import Array

from ..armature import fit_armature

# Who leans less than this stands upright: the floor is level then.
_UPRIGHT_COSINE: Final = np.cos(np.radians(20.0))
# Soles below the foot's bones and hair above the head's, as shares of the head joint's height:
# what reaches further is no part of the body.
_SOLE: Final = 0.09
_HAIR: Final = 0.40
_HEAD_JOINT: Final = float(skeleton.REST[skeleton.INDEX["head"], 2])
_CROWN: Final = float(skeleton.TAILS[skeleton.INDEX["head"], 2]) - _HEAD_JOINT
_FEET: Final = ("foot.L", "foot.R")


@dataclass(frozen=True)
class Place:
    """The canonical space of `retarget.skeleton`, as it lies in the world.

    The conductor is 1.75 m tall there, stands on z = 0 with the feet about the origin and faces
    −Y.

    Parameters
    ----------
    matrix : (4, 4) array
        Canonical metres to world units: rotation, one scale, translation.
    scale : float
        World units per canonical metre.
    rest : (J, 3) array
        The joints in the T-pose, canonical metres.
    crown : float
        How far hair or hat reach above the head joint, canonical metres.
    """

    matrix: Array
    scale: float
    rest: Array
    crown: float

    @property
    def turn(self) -> Array:
        """Rotation (3, 3) from canonical axes to the world's."""
        return self.matrix[:3, :3] / self.scale

    def world(self, points: Array) -> Array:
        """Canonical points (..., 3) in the world."""
        return points @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def canonical(self, points: Array) -> Array:
        """World points (..., 3) in canonical metres."""
        return (points - self.matrix[:3, 3]) @ self.matrix[:3, :3] / self.scale**2


NOBODY: Final = Place(np.eye(4), 1.0, skeleton.REST, _CROWN)
"""Where the canonical skeleton itself stands."""


def place_of(scene: Any, armature: Any) -> Place:
    """Find where an armature of the scene stands; one of an unknown rig by its bones' extent."""
    scene.view_layers[0].update()
    try:
        fit = fit_armature(armature)
    except ConductorError:
        return _unknown(armature)
    world = np.array(armature.matrix_world, dtype=np.float64)
    turn = _upright(_orthonormal(world[:3, :3] @ rotation.to_matrix(fit.axes)))
    joints = rest_joints(fit, world) @ turn
    if all(foot in fit.map.strands for foot in _FEET):
        feet = (foot_ends(fit) @ world[:3, :3].T + world[:3, 3]) @ turn
        ground, centre = feet[:, 2].min(), feet[::2].mean(axis=0)
    else:
        # Half a body: the legs are where they would be.
        hips, head = (joints[skeleton.INDEX[name]] for name in ("hips", "head"))
        drop = skeleton.REST[skeleton.INDEX["hips"], 2]
        ground = hips[2] - (head - hips)[2] * drop / (_HEAD_JOINT - drop)
        centre = hips
    crown = joints[skeleton.INDEX["head"]]
    height = float(crown[2] - ground)
    # The skin of a body that lies at rest tells nothing of one that stands.
    skin = (_skin(scene, armature) if fit.stands else np.zeros((0, 3))) @ turn
    if len(skin):
        soles = skin[skin[:, 2] > ground - _SOLE * height, 2]
        ground = min(ground, soles.min(initial=ground))
        height = float(crown[2] - ground)
    scale = height / _HEAD_JOINT
    near = np.linalg.norm(skin[:, :2] - crown[:2], axis=1) < _HAIR * height / 2.0
    above = skin[near, 2] - crown[2]
    hair = above[above < _HAIR * height].max(initial=0.0) / scale
    under = np.array([centre[0], centre[1], ground])
    matrix = np.eye(4)
    matrix[:3, :3] = turn * scale
    matrix[:3, 3] = turn @ under
    return Place(matrix, scale, (joints - under) / scale, max(hair, _CROWN))


def _unknown(armature: Any) -> Place:
    """By the bones' extent alone, facing the object's −Y."""
    world = np.array(armature.matrix_world, dtype=np.float64)
    turn = _upright(_orthonormal(world[:3, :3]))
    ends = [end for bone in armature.data.bones for end in (bone.head_local, bone.tail_local)]
    points = np.array(ends, dtype=np.float64).reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    low, high = (points @ turn).min(axis=0), (points @ turn).max(axis=0)
    scale = max(float(high[2] - low[2]), 1e-6) / skeleton.HEIGHT
    matrix = np.eye(4)
    matrix[:3, :3] = turn * scale
    matrix[:3, 3] = turn @ np.array([*((low + high)[:2] / 2.0), low[2]])
    return Place(matrix, scale, skeleton.REST, _CROWN)


def _orthonormal(matrix: Array) -> Array:
    left, _, right = np.linalg.svd(matrix)
    return left @ right


def _upright(turn: Array) -> Array:
    """The same heading with z straight up, unless the body lies or hangs."""
    if turn[2, 2] < _UPRIGHT_COSINE:
        return turn
    back = rotation.normalize(np.array([turn[0, 1], turn[1, 1], 0.0]))
    up = np.array([0.0, 0.0, 1.0])
    return np.stack([np.cross(back, up), back, up], axis=-1)


def _skin(scene: Any, armature: Any) -> Array:
    """Vertices (V, 3), world, of the meshes that the armature deforms, at rest."""
    parts = [np.zeros((0, 3))]
    for thing in scene.objects:
        bends = (m.type == "ARMATURE" and m.object == armature for m in thing.modifiers)
        if thing.type == "MESH" and any(bends):
            points = np.empty(3 * len(thing.data.vertices), dtype=np.float32)
            thing.data.vertices.foreach_get("co", points)
            world = np.array(thing.matrix_world, dtype=np.float64)
            parts.append(points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
    return np.concatenate(parts)
