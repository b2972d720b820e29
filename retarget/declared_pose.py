"""The pose that the user declares to be a rig's T-pose: it is taken as it is."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from . import rotation
from .arms import hand_twist
from .bone_ends import nothing
from .rig import RigMap, RigRest
from .rotation import Array
from .sides import check_sides
from .t_pose import canonical_direction
from .upright import BodyAxes, joint_head, stood_up

_SIDES: Final = ("L", "R")
_AIM: Final = {"upper_arm": "forearm", "forearm": "hand"}
_OF_STANDING: Final = ("hips", "spine", "chest", "neck", "head", "thigh", "shin", "foot")
# Arms further from the canonical ones, and hands turned further, are told; arms that point so far
# down hang.
_FAR: Final = np.radians(25.0)
_TURNED: Final = np.radians(45.0)
_HANGING_SINE: Final = np.sin(np.radians(55.0))
# A turn that is none.
_STILL: Final = 1e-3


@dataclass(frozen=True)
class ToTPose:
    """How a rig comes from its rest pose to its T-pose.

    Parameters
    ----------
    turns : dict
        Mapped bone or twist bone to its rotation (4,), canonical axes.
    hips : (3,) array or None
        Where the hips are in the T-pose, canonical axes, armature units; None where nothing says
        it but the rest pose.
    stands : bool
        Whether trunk and legs stand at rest as they do in the T-pose.
    doubts : tuple of str
        What is odd, in sentences.
    """

    turns: dict[str, Array]
    hips: Array | None
    stands: bool
    doubts: tuple[str, ...]


def posed_rig(rig: RigRest, pose: Array) -> RigRest:
    """A rig as if a pose were its rest pose.

    Parameters
    ----------
    rig : RigRest
        The rig.
    pose : (B, 4, 4) array
        Where its bones are in the pose, armature space; scales do not count.
    """
    turns = rotation.multiply(_orientations(pose), rotation.conjugate(_orientations(rig.matrices)))
    tails = pose[:, :3, 3] + rotation.rotate(turns, rig.tails - rig.heads)
    return replace(rig, matrices=pose, tails=tails)


def to_declared_pose(
    rig: RigRest,
    posed: RigRest,
    rig_map: RigMap,
    found: BodyAxes,
    bones: tuple[str, ...],
) -> ToTPose:
    """From the rest pose to the declared one, which is only turned as a whole if it does not stand.

    Parameters
    ----------
    rig, posed : RigRest
        The rig at rest and in the pose, both turned to the canonical axes.
    rig_map : RigMap
        Its bones by joint.
    found : BodyAxes
        Of the posed rig before it was turned.
    bones : tuple of str
        Whose rotations are asked for.

    Raises
    ------
    ConductorError
        If left and right are exchanged in the map.
    """
    upright = stood_up(found)
    check_sides(posed, rig_map, dict.fromkeys(rig.bones, upright))
    turns = {}
    rest, pose = _orientations(rig.matrices), _orientations(posed.matrices)
    for bone in bones:
        i = rig.index[bone]
        turn = rotation.multiply(pose[i], rotation.conjugate(rest[i]))
        turns[bone] = rotation.multiply(upright, turn)
    doubts = _doubts_of_arms(posed, rig_map, upright)
    if found.leans:
        doubt = (
            f"In the pose declared as its T-pose '{rig.name}' leans by "
            f"{np.degrees(found.lean):.0f} degrees; it is stood up as a whole."
        )
        return ToTPose(turns, None, False, (doubt, *doubts))
    hips = joint_head(posed, rig_map, "hips")
    moved = float(np.linalg.norm(hips - joint_head(rig, rig_map, "hips")))
    still = moved < nothing(rig) and all(
        np.abs(turns[bone][1:]).max() < _STILL
        for joint, strands in rig_map.strands.items()
        if joint.split(".")[0] in _OF_STANDING
        for strand in strands
        for bone in strand
    )
    return ToTPose(turns, hips, still, doubts)


def _orientations(matrices: Array) -> Array:
    columns = matrices[:, :3, :3]
    lengths = np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
    return rotation.from_matrix(columns / lengths)


def _doubts_of_arms(posed: RigRest, rig_map: RigMap, upright: Array) -> tuple[str, ...]:
    away, hanging, turned, hand = 0.0, False, 0.0, ""
    for side in _SIDES:
        for stem, aim in _AIM.items():
            joints = f"{stem}.{side}", f"{aim}.{side}"
            if not all(joint in rig_map.strands for joint in joints):
                continue
            start, end = (joint_head(posed, rig_map, joint) for joint in joints)
            if np.linalg.norm(end - start) < nothing(posed):
                continue
            way = rotation.normalize(rotation.rotate(upright, end - start))
            cosine = float(way @ canonical_direction(joints[0]))
            away = max(away, float(np.arccos(np.clip(cosine, -1.0, 1.0))))
            hanging |= bool(way[2] < -_HANGING_SINE)
        twist = abs(hand_twist(posed, rig_map, side, upright) or 0.0)
        if twist > turned:
            turned, hand = twist, "left" if side == "L" else "right"
    pose = f"In the pose declared as the T-pose of '{posed.name}'"
    if hanging:
        return (f"{pose} the arms hang; stretch them out to the sides and declare it again.",)
    if away > _FAR:
        return (
            f"{pose} the arms are {np.degrees(away):.0f} degrees away from a T-pose; stretch them "
            "out to the sides, palms down, and declare it again.",
        )
    if turned > _TURNED:
        return (
            f"{pose} the {hand} hand is turned by {np.degrees(turned):.0f} degrees about its "
            "length; turn the palms down and declare it again.",
        )
    return ()
