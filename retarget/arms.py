"""Arms, hands and digits from a rig's rest pose to the T-pose."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from . import rotation
from .bone_ends import DIGITS, nothing
from .rig import RigMap, RigRest, Strand
from .rotation import Array
from .t_pose import TWIST_SHARES, canonical_direction, knuckle_twist, thumb_twist, turn_about
from .upright import joint_head

_SIDES: Final = ("L", "R")
_ARM: Final = ("upper_arm", "forearm", "hand")
# Elbows bent by more than this tell how an arm is turned about its length.
_ELBOW_SINE: Final = np.sin(np.radians(20.0))
# Digits bent by more than this at rest are straightened in the T-pose.
_BENT_COSINE: Final = np.cos(np.radians(45.0))
# A thumb so far aside of the hand's line, as a share of its way, tells how the hand is turned.
_ASIDE: Final = 0.2


@dataclass(frozen=True)
class Arms:
    """How the arms come from the rest pose to the T-pose.

    Parameters
    ----------
    turns : dict
        Bone to its rotation (4,), canonical axes.
    doubts : tuple of str
        What is guessed, in sentences.
    """

    turns: dict[str, Array]
    doubts: tuple[str, ...]


def find_arms(rig: RigRest, rig_map: RigMap, body: dict[str, Array]) -> Arms:
    """How the arms are laid out.

    Parameters
    ----------
    rig : RigRest
        Turned to the canonical axes, its tails where the bones really end.
    rig_map : RigMap
        Its bones by joint.
    body : dict
        Turns (4,) of the bones of the trunk and the clavicles from the rest pose.
    """
    turns: dict[str, Array] = {}
    guessed = False
    for side in _SIDES:
        arm, told = _arm(rig, rig_map, side, body)
        guessed |= not told
        for joint, turn in arm.items():
            for strand in rig_map.strands[joint]:
                turns |= dict.fromkeys(strand, turn)
        hand = arm.get(f"hand.{side}")
        if hand is not None:
            held = [f"{stem}.{side}" for stem in DIGITS] + (["baton"] if side == "R" else [])
            for joint in held:
                if joint in rig_map.strands:
                    turns |= _held(rig, rig_map, joint, hand)
    doubt = (
        f"'{rig.name}' has no fingers and its elbows are straight, so how its hands are turned "
        "about their length is taken from the rest pose."
    )
    return Arms(turns, (doubt,) if guessed else ())


def _arm(
    rig: RigRest, rig_map: RigMap, side: str, body: dict[str, Array]
) -> tuple[dict[str, Array], bool]:
    """Joint to its turn (4,), and whether anything tells how the hand is turned."""
    joints = [f"{stem}.{side}" for stem in _ARM if f"{stem}.{side}" in rig_map.strands]
    turn = _carrier(rig_map, side, body)
    turns: dict[str, Array] = {}
    for joint, after in zip(joints, [*joints[1:], None], strict=True):
        way = rotation.rotate(turn, _way(rig, rig_map, joint, after))
        if np.linalg.norm(way) > nothing(rig):
            turn = rotation.multiply(rotation.between(way, canonical_direction(joint)), turn)
        turns[joint] = turn
    twist, shares = hand_twist(rig, rig_map, side, turn), TWIST_SHARES
    if twist is None:
        twist, shares = _elbow_twist(rig, rig_map, side, turns), dict.fromkeys(_ARM, 1.0)
    for stem, share in shares.items():
        joint = f"{stem}.{side}"
        if twist is not None and joint in turns:
            angle = np.asarray(share * twist)
            about = rotation.from_axis_angle(canonical_direction(joint), angle)
            turns[joint] = rotation.multiply(about, turns[joint])
    return turns, twist is not None


def _carrier(rig_map: RigMap, side: str, body: dict[str, Array]) -> Array:
    """The turn of what the arm hangs from."""
    joints = (f"clavicle.{side}", "chest", "spine", "hips")
    joint = next(joint for joint in joints if joint in rig_map.strands)
    return body[rig_map.strands[joint][0][-1]]


def _way(rig: RigRest, rig_map: RigMap, joint: str, after: str | None) -> Array:
    """From a joint of the arm to the next one, or to the end of the last one, (3,)."""
    start = joint_head(rig, rig_map, joint)
    if after is not None:
        return joint_head(rig, rig_map, after) - start
    return np.asarray(rig.tails[rig.index[rig_map.strands[joint][0][-1]]] - start)


def hand_twist(rig: RigRest, rig_map: RigMap, side: str, turn: Array) -> float | None:
    """Angle in radians by which digits still have to turn about the hand's direction.

    Parameters
    ----------
    rig, rig_map
        As `find_arms` takes them.
    side : str
        "L" or "R".
    turn : (4,) array
        How the hand is turned already.

    Returns
    -------
    float or None
        None where no digits tell it.
    """
    if f"hand.{side}" not in rig_map.strands:
        return None
    index, fingers = (
        [rig.heads[rig.index[strand[0]]] for strand in rig_map.strands.get(f"{stem}.{side}", ())]
        for stem in ("index", "fingers")
    )
    bases = [*index, *fingers]
    if len(bases) > 1:
        # The index finger against the others, or the first of them against the rest.
        line = bases[0] - np.mean(bases[1:], axis=0)
        if np.linalg.norm(line) > nothing(rig):
            return knuckle_twist(side, rotation.rotate(turn, line))
    for strand in rig_map.strands.get(f"thumb.{side}", ()):
        way = rig.tails[rig.index[strand[-1]]] - joint_head(rig, rig_map, f"hand.{side}")
        way = rotation.rotate(turn, way)
        axis = canonical_direction(f"hand.{side}")
        aside = np.linalg.norm(way - axis * (way @ axis))
        if aside > max(_ASIDE * np.linalg.norm(way), nothing(rig)):
            return thumb_twist(side, way)
    return None


def _elbow_twist(rig: RigRest, rig_map: RigMap, side: str, turns: dict[str, Array]) -> float | None:
    """Angle by which the whole arm has to turn for its elbow to bend forward."""
    joints = [f"{stem}.{side}" for stem in _ARM]
    if not all(joint in turns for joint in joints):
        return None
    upper, lower = np.diff([joint_head(rig, rig_map, joint) for joint in joints], axis=0)
    hinge = np.cross(upper, lower)
    least = _ELBOW_SINE * np.linalg.norm(upper) * np.linalg.norm(lower)
    if np.linalg.norm(hinge) <= max(least, nothing(rig) ** 2):
        return None
    axis = canonical_direction(joints[0])
    bends_about = np.cross(axis, [0.0, -1.0, 0.0])
    return turn_about(axis, rotation.rotate(turns[joints[0]], hinge), bends_about)


def _held(rig: RigRest, rig_map: RigMap, joint: str, hand: Array) -> dict[str, Array]:
    """Turns of the bones of a digit or the baton, by the mean direction of its strands."""
    strands = rig_map.strands[joint]
    want = canonical_direction(joint)
    if joint.split(".")[0] in DIGITS and any(_is_bent(rig, strand) for strand in strands):
        return {
            bone: turn
            for strand in strands
            for bone, turn in _straightened(rig, strand, want, hand).items()
        }
    chords = [
        rotation.normalize(points[-1] - points[0])
        for points in (_points(rig, strand) for strand in strands)
        if np.linalg.norm(points[-1] - points[0]) > nothing(rig)
    ]
    turn = hand
    if chords:
        way = rotation.rotate(hand, rotation.normalize(np.mean(chords, axis=0)))
        turn = rotation.multiply(rotation.between(way, want), hand)
    return {bone: turn for strand in strands for bone in strand}


def _points(rig: RigRest, strand: Strand) -> Array:
    """Where the bones of a strand start, and where the last one ends, (N + 1, 3)."""
    rows = [rig.index[bone] for bone in strand]
    return np.vstack([rig.heads[rows], rig.tails[rows[-1:]]])


def _is_bent(rig: RigRest, strand: Strand) -> bool:
    spans = np.diff(_points(rig, strand), axis=0)
    lengths = np.linalg.norm(spans, axis=-1)
    return bool(spans[0] @ spans[-1] < _BENT_COSINE * lengths[0] * lengths[-1])


def _straightened(rig: RigRest, strand: Strand, want: Array, hand: Array) -> dict[str, Array]:
    turns: dict[str, Array] = {}
    turn = hand
    for bone, (start, end) in zip(strand, pairwise(_points(rig, strand)), strict=True):
        way = rotation.rotate(turn, end - start)
        if np.linalg.norm(way) > nothing(rig):
            turn = rotation.multiply(rotation.between(way, want), turn)
        turns[bone] = turn
    return turns
