"""An animated rig to canonical joints: the inverse of `solve`, after any edit."""

import numpy as np

from . import rotation, skeleton
from .bone_ends import DIGITS
from .fit import Fit
from .rig_pose import RigPose, root_place
from .rotation import Array
from .solve import rest_motion, solve
from .t_pose import canonical_direction


def read_joints(fit: Fit, poses: Array, objects: Array) -> tuple[Array, Array]:
    """Where the canonical joints are, and how they are turned.

    Joints that no bone plays follow the joint above them at the canonical offset, scaled.

    Parameters
    ----------
    fit : Fit
        The rig at rest.
    poses : (T, N, 4, 4) array
        Posed matrices of `fit.map.bones` in armature space (`PoseBone.matrix`).
    objects : (T, 4, 4) array
        World matrices of the armature object.

    Returns
    -------
    positions : (T, J, 3) array
        World positions, metres (Blender units).
    rotations : (T, J, 4) array
        World rotations relative to the canonical T-pose, sign-continuous.
    """
    places = {bone: i for i, bone in enumerate(fit.map.bones)}
    count = len(poses)
    size = np.cbrt(np.abs(np.linalg.det(objects[:, :3, :3])))
    world = np.einsum("tij,tnjk->tnik", objects, poses)
    turned = rotation.from_matrix(_orthonormal(world[..., :3, :3]))
    heads = world[..., :3, 3]
    rows = [fit.rig.index[bone] for bone in places]
    ends = rotation.rotate(
        rotation.conjugate(fit.rest_rotations[rows]), fit.rig.tails[rows] - fit.rig.heads[rows]
    )
    tails = heads + np.einsum("tnij,nj->tni", world[..., :3, :3], ends)
    positions = np.empty((count, len(skeleton.NAMES), 3))
    rotations = np.empty((count, len(skeleton.NAMES), 4))
    for j, joint in enumerate(skeleton.NAMES):
        strands = fit.map.strands.get(joint)
        if strands is None:
            parent = skeleton.PARENTS[j]
            offset = fit.scale * size[:, None] * (skeleton.REST[j] - skeleton.REST[parent])
            rotations[:, j] = rotations[:, parent]
            positions[:, j] = positions[:, parent] + rotation.rotate(rotations[:, parent], offset)
            continue
        firsts = [places[strand[0]] for strand in strands]
        positions[:, j] = heads[:, firsts].mean(axis=1)
        # The middle one of several fingers speaks for all of them.
        strand = strands[len(strands) // 2]
        if joint.split(".")[0] in DIGITS and len(strand) > 1:
            hand = rotations[:, skeleton.PARENTS[j]]
            chord = tails[:, places[strand[-1]]] - heads[:, places[strand[0]]]
            straight = rotation.rotate(hand, canonical_direction(joint))
            turn = rotation.multiply(rotation.between(straight, chord), hand)
        else:
            aligned = rotation.conjugate(fit.aligned[strand[-1]])
            turn = rotation.multiply(turned[:, places[strand[-1]]], aligned)
        rotations[:, j] = turn
    if "baton" in fit.map.strands:
        tip = fit.map.strands["baton"][0][-1]
        positions[:, skeleton.INDEX["baton_tip"]] = tails[:, places[tip]]
    return positions, rotation.make_continuous(rotations)


def hold_baton(positions: Array, rotations: Array, batons: Array, tip: Array) -> None:
    """Put a baton that is an object of its own, no bone, in the place of the joints' baton.

    Parameters
    ----------
    positions, rotations : (T, J, 3) and (T, J, 4) arrays
        What `read_joints` found; changed in place.
    batons : (T, 4, 4) array
        World matrices of the object, whose axes are the canonical ones in the T-pose.
    tip : (3,) array
        Its tip, in its own space.
    """
    grip, end = (skeleton.INDEX[joint] for joint in ("baton", "baton_tip"))
    positions[:, grip] = batons[:, :3, 3]
    positions[:, end] = batons[:, :3, :3] @ tip + batons[:, :3, 3]
    turns = rotation.make_continuous(rotation.from_matrix(_orthonormal(batons[:, :3, :3])))
    rotations[:, grip] = rotations[:, end] = turns


def rest_joints(fit: Fit, world: Array) -> Array:
    """World positions (J, 3) of the joints in the rig's own T-pose.

    Parameters
    ----------
    fit : Fit
        The rig at rest.
    world : (4, 4) array
        World matrix of the armature object.
    """
    posed = pose_matrices(fit)
    return read_joints(fit, posed[None], world[None])[0][0]


def foot_ends(fit: Fit) -> Array:
    """Where the feet start and end in the rig's own T-pose, (2 per foot, 3), armature space."""
    carrier = fit.map.strands["hips"][0][0]
    root = root_place(fit, fit.aligned[carrier], fit.standing["hips"])
    wanted = {bone: turn[None] for bone, turn in fit.aligned.items()}
    pose = RigPose(fit, wanted, {carrier: root[None]})
    ends: list[Array] = []
    for joint in ("foot.L", "foot.R"):
        for strand in fit.map.strands.get(joint, ()):
            last = fit.rig.index[strand[-1]]
            turn = rotation.multiply(
                pose.rotation(strand[-1])[0], rotation.conjugate(fit.rest_rotations[last])
            )
            way = rotation.rotate(turn, fit.rig.tails[last] - fit.rig.heads[last])
            ends += [pose.position(strand[0])[0], pose.position(strand[-1])[0] + way]
    return rotation.rotate(fit.axes, np.array(ends).reshape(-1, 3))


def pose_matrices(fit: Fit) -> Array:
    """Armature-space matrices (N, 4, 4) of the mapped bones in the rig's own T-pose."""
    solution = solve(fit, rest_motion())
    basis = dict(zip(solution.bones, solution.rotations[0], strict=True))
    rig = fit.rig
    posed: dict[int, Array] = {}

    def pose(i: int) -> Array:
        if i in posed:
            return posed[i]
        bone = rig.bones[i]
        parent = fit.follows(bone)
        matrix = rig.matrices[i]
        if parent >= 0:
            matrix = pose(parent) @ np.linalg.inv(rig.matrices[parent]) @ matrix
            if not rig.inherit_rotation[i]:
                matrix = np.block(
                    [[rig.matrices[i][:3, :3], matrix[:3, 3:]], [np.zeros((1, 3)), np.ones((1, 1))]]
                )
        local = np.eye(4)
        if bone in basis:
            local[:3, :3] = rotation.to_matrix(basis[bone])
        if bone == solution.root_bone and bone in rig.level:
            matrix = matrix.copy()
            matrix[:3, 3] += rotation.rotate(rotation.conjugate(fit.axes), solution.location[0])
        elif bone == solution.root_bone:
            local[:3, 3] = solution.location[0]
        posed[i] = matrix @ local
        return posed[i]

    turn = np.eye(4)
    turn[:3, :3] = rotation.to_matrix(fit.axes)
    return np.array([turn @ pose(rig.index[bone]) for bone in fit.map.bones])


def _orthonormal(matrices: Array) -> Array:
    """The columns scaled to length one; what little shear edits leave is squared off."""
    y = rotation.normalize(matrices[..., 1])
    x = matrices[..., 0] - y * np.sum(matrices[..., 0] * y, axis=-1, keepdims=True)
    x = rotation.normalize(x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
