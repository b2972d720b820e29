"""`Fit`: how the canonical T-pose sits on a rig, whatever its rest pose, axes, rolls and size."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from . import rotation, skeleton
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rotation import Array

_SNAP_COSINE: Final = np.cos(np.radians(20.0))
_SIDES: Final = ("L", "R")
_ARM: Final = ("upper_arm", "forearm", "hand")
DIGITS: Final = ("thumb", "index", "fingers")
"""Joints whose curl is spread over the bones of a strand."""
TWIST_SHARES: Final = {"hand": 1.0, "forearm": 0.5}
"""How much of the hand's turn about its length each bone of the arm takes."""

# The joint a limb points at. Heads of joints are where the modeller put them; tails are often not.
_AIM: Final = {"upper_arm": "forearm", "forearm": "hand"}


@dataclass(frozen=True)
class Fit:
    """A rig seen in the canonical axes, with the rotations that bring it into the T-pose.

    Parameters
    ----------
    rig : RigRest
        The rig turned so that it faces −Y with +X to its left; in the armature's own units.
    map : RigMap
        Its bones by joint.
    axes : (4,) array
        Rotation from canonical axes to armature space.
    rest_rotations : (B, 4) array
        Rest orientation of each bone in the canonical axes.
    aligned : dict
        Mapped bone to its orientation (4,) in the T-pose, in the canonical axes.
    scale : float
        Armature units per metre of the canonical skeleton, from the legs.
    """

    rig: RigRest
    map: RigMap
    axes: Array
    rest_rotations: Array
    aligned: dict[str, Array]
    scale: float

    def head(self, joint: str) -> Array:
        """Rest position (3,) of a mapped joint, canonical axes, armature units."""
        return _head(self.rig, self.map, joint)

    def follows(self, bone: str) -> int:
        """Index of the bone that `bone` moves with, −1 for none."""
        leader = self.map.parents.get(bone)
        if leader is not None:
            return self.rig.index[leader]
        return int(self.rig.parents[self.rig.index[bone]])


def fit_rig(rig: RigRest, rig_map: RigMap) -> Fit:
    """Find the rig's axes and size, and the rotation of each mapped bone into the T-pose.

    The trunk, the clavicles and the legs keep their rest posture: standing upright is the same
    pose on every rig, and the model's own curves of the spine and stance are part of its looks.
    The arms, hands and fingers are turned to the T-pose's directions, from the shoulder outwards
    by the smallest rotation; the twist of the hand comes from its knuckles, and half of it from
    the forearm, as in a real arm.

    Raises
    ------
    ConductorError
        If the shoulders or hips stand where no axes can be found.
    """
    axes = rotation.from_matrix(_find_axes(rig, rig_map))
    turned = _turn(rig, rotation.conjugate(axes))
    rest = rotation.from_matrix(turned.matrices[:, :3, :3])
    turns = _joint_turns(turned, rig_map)
    aligned: dict[str, Array] = {}
    for joint, strands in rig_map.strands.items():
        for strand in strands:
            for bone in strand:
                aligned[bone] = rotation.multiply(turns[joint], rest[turned.index[bone]])
    return Fit(turned, rig_map, axes, rest, aligned, _find_scale(turned, rig_map))


def canonical_direction(joint: str) -> Array:
    """Direction (3,) of a joint's bone in the canonical T-pose."""
    start = skeleton.REST[skeleton.INDEX[joint]]
    stem, side = joint.rsplit(".", 1) if "." in joint else (joint, "")
    if stem in _AIM:
        end = skeleton.REST[skeleton.INDEX[f"{_AIM[stem]}.{side}"]]
    else:
        end = skeleton.TAILS[skeleton.INDEX[joint]]
    return rotation.normalize(end - start)


def knuckle_twist(side: str, knuckles: Array) -> float:
    """How far a hand that points as in the T-pose still has to turn about its length, radians.

    Parameters
    ----------
    side : str
        "L" or "R".
    knuckles : (3,) array
        From the middle of the other fingers' first joints, thumb aside, to the index finger's.
    """
    axis = canonical_direction(f"hand.{side}")
    rest = skeleton.REST
    have = _across(knuckles, axis)
    want = rest[skeleton.INDEX[f"index.{side}"]] - rest[skeleton.INDEX[f"fingers.{side}"]]
    want = _across(want, axis)
    return float(np.arctan2(np.cross(have, want) @ axis, have @ want))


def _head(rig: RigRest, rig_map: RigMap, joint: str) -> Array:
    firsts = [rig.index[strand[0]] for strand in rig_map.strands[joint]]
    return rig.heads[firsts].mean(axis=0)


def _chord(rig: RigRest, strand: tuple[str, ...]) -> Array:
    span = rig.tails[rig.index[strand[-1]]] - rig.heads[rig.index[strand[0]]]
    return rotation.normalize(span)


def _find_axes(rig: RigRest, rig_map: RigMap) -> Array:
    """Canonical X, Y, Z as columns in armature space, (3, 3)."""
    left_shoulder, right_shoulder = (_head(rig, rig_map, f"upper_arm.{s}") for s in _SIDES)
    left = left_shoulder - right_shoulder
    up = 0.5 * (left_shoulder + right_shoulder) - _head(rig, rig_map, "hips")
    up = up - left * (up @ left) / max(float(left @ left), 1e-12)
    if min(np.linalg.norm(left), np.linalg.norm(up)) < 1e-6:
        raise ConductorError(
            f"The shoulders and hips of the armature '{rig.name}' lie in one place; "
            "choose an armature with a body."
        )
    left, up = rotation.normalize(left), rotation.normalize(up)
    # A rig leans a little in its own axes; a modeller's axes are exact.
    if max(np.abs(left)) > _SNAP_COSINE and max(np.abs(up)) > _SNAP_COSINE:
        left, up = np.round(left), np.round(up)
    return np.stack([left, np.cross(up, left), up], axis=-1)


def _turn(rig: RigRest, by: Array) -> RigRest:
    turn = rotation.to_matrix(by)
    matrices = rig.matrices.copy()
    columns = turn @ matrices[:, :3, :3]
    matrices[:, :3, :3] = columns / np.linalg.norm(columns, axis=1, keepdims=True)
    matrices[:, :3, 3] = matrices[:, :3, 3] @ turn.T
    return replace(rig, matrices=matrices, tails=rig.tails @ turn.T)


def _joint_turns(rig: RigRest, rig_map: RigMap) -> dict[str, Array]:
    """Rotation (4,) of each mapped joint from the rig's rest pose to the T-pose."""
    turns = {joint: rotation.identity(()) for joint in rig_map.strands}
    for side in _SIDES:
        turn = rotation.identity(())
        for stem in _ARM:
            joint = f"{stem}.{side}"
            direction = rotation.rotate(turn, _direction(rig, rig_map, joint))
            swing = rotation.between(direction, canonical_direction(joint))
            turn = rotation.multiply(swing, turn)
            turns[joint] = turn
        twist = _hand_twist(rig, rig_map, side, turn)
        for stem, share in TWIST_SHARES.items():
            joint = f"{stem}.{side}"
            about = rotation.from_axis_angle(canonical_direction(joint), np.asarray(share * twist))
            turns[joint] = rotation.multiply(about, turns[joint])
        held = [f"{stem}.{side}" for stem in DIGITS] + (["baton"] if side == "R" else [])
        for joint in held:
            if joint in rig_map.strands:
                hand = turns[f"hand.{side}"]
                direction = rotation.rotate(hand, _direction(rig, rig_map, joint))
                swing = rotation.between(direction, canonical_direction(joint))
                turns[joint] = rotation.multiply(swing, hand)
    return turns


def _direction(rig: RigRest, rig_map: RigMap, joint: str) -> Array:
    """Rest direction (3,) of a mapped joint; the mean over its strands."""
    stem, _, side = joint.partition(".")
    if stem in _AIM:
        aim = _head(rig, rig_map, f"{_AIM[stem]}.{side}")
        return rotation.normalize(aim - _head(rig, rig_map, joint))
    chords = np.array([_chord(rig, strand) for strand in rig_map.strands[joint]])
    return rotation.normalize(chords.mean(axis=0))


def _hand_twist(rig: RigRest, rig_map: RigMap, side: str, turn: Array) -> float:
    """Angle in radians by which the knuckles still have to turn about the hand's direction."""
    index, fingers = f"index.{side}", f"fingers.{side}"
    if index not in rig_map.strands or fingers not in rig_map.strands:
        return 0.0
    knuckles = _head(rig, rig_map, index) - _head(rig, rig_map, fingers)
    return knuckle_twist(side, rotation.rotate(turn, knuckles))


def _across(vector: Array, axis: Array) -> Array:
    return vector - axis * (vector @ axis)


def _find_scale(rig: RigRest, rig_map: RigMap) -> float:
    """Armature units per canonical metre: by the legs, else from the hips to the head."""
    rows = [(f"thigh.{s}", f"shin.{s}", f"foot.{s}") for s in _SIDES]
    rows = [row for row in rows if all(joint in rig_map.strands for joint in row)]
    if not rows:
        rows = [("hips", "chest", "head")]
    here = there = 0.0
    for row in rows:
        ours = np.array([skeleton.REST[skeleton.INDEX[joint]] for joint in row])
        theirs = np.array([_head(rig, rig_map, joint) for joint in row])
        here += float(np.linalg.norm(np.diff(ours, axis=0), axis=-1).sum())
        there += float(np.linalg.norm(np.diff(theirs, axis=0), axis=-1).sum())
    return there / here
