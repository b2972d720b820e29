"""Twist bones: bones in a limb or beside it that share its turn about its length."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from . import rotation
from .bone_ends import LIMBS, nothing
from .carrier import ancestors
from .rig import RigMap, RigRest
from .rotation import Array
from .t_pose import canonical_direction
from .upright import joint_head

FROM_THE_BODY: Final = ("upper_arm", "thigh")
"""Limbs that turn at their start: what lies there turns least. The others turn at their end."""


@dataclass(frozen=True)
class Twist:
    """A twist bone beside a limb.

    Parameters
    ----------
    bone : str
        The bone.
    joint, after : str
        The limb's joint and the next one: "forearm.L" and "hand.L".
    share : float
        How far along the limb the part lies that it turns, in [0, 1].
    """

    bone: str
    joint: str
    after: str
    share: float

    @property
    def stem(self) -> str:
        """The joint without its side."""
        return self.joint.split(".")[0]


def with_twists_in_limbs(rig: RigRest, rig_map: RigMap) -> RigMap:
    """The map with twist bones that stand in a limb, so that the next joint hangs from them, as
    parts of the limb's strand."""
    strands = dict(rig_map.strands)
    for joint, twists in rig_map.twists.items():
        after = _next_joint(joint)
        if joint not in strands or after not in strands:
            continue
        above = ancestors(rig, rig_map, strands[after][0][0])
        inside = tuple(bone for bone in twists if bone in above and bone not in rig_map.bones)
        strands[joint] = ((*strands[joint][0], *inside), *strands[joint][1:])
    return replace(rig_map, strands=strands)


def twists_beside_limbs(rig: RigRest, rig_map: RigMap) -> tuple[Twist, ...]:
    """The other twist bones; each turns the part of the limb from where it starts to the next."""
    mapped = set(rig_map.bones)
    found: list[Twist] = []
    for joint, bones in rig_map.twists.items():
        after = _next_joint(joint)
        if joint not in rig_map.strands or after not in rig_map.strands:
            continue
        start = joint_head(rig, rig_map, joint)
        way = joint_head(rig, rig_map, after) - start
        length = float(way @ way)
        if length < nothing(rig) ** 2:
            continue
        beside = [bone for bone in bones if bone not in mapped]
        places = [(rig.heads[rig.index[bone]] - start) @ way / length for bone in beside]
        bounds = np.clip([*places, 1.0], 0.0, 1.0)
        shares = 0.5 * (bounds[:-1] + bounds[1:])
        found += [Twist(b, joint, after, float(s)) for b, s in zip(beside, shares, strict=True)]
    return tuple(found)


def twist_angle(turn: Array, axis: Array) -> Array:
    """How far rotations (T, 4) turn about a unit axis (3,), radians, continuous in time, (T,)."""
    angle = np.unwrap(2.0 * np.arctan2(turn[:, 1:] @ axis, turn[:, 0]))
    return np.asarray(angle - 2.0 * np.pi * np.round(angle[0] / (2.0 * np.pi)))


def limb_shares(turn: Array, above: Array, joint: str, count: int) -> list[Array]:
    """Rotations (T, 4) of `count` bones in a row that are one limb.

    All swing with it; how it is turned about its length against what it hangs from grows from one
    to the next.

    Parameters
    ----------
    turn, above : (T, 4) arrays
        Rotation of the limb's joint and of what it hangs from, from the T-pose.
    joint : str
        The limb's joint.
    count : int
        Bones.
    """
    axis = canonical_direction(joint)
    angle = twist_angle(rotation.multiply(rotation.conjugate(above), turn), axis)
    return [
        rotation.multiply(turn, _about(axis, (k / count - 1.0) * angle))
        for k in range(1, count + 1)
    ]


def resting_turn(twist: Twist, turn: Array, after: Array) -> Array:
    """Rotation (1, 4) of a twist bone beside a limb from the rest pose to the T-pose.

    Parameters
    ----------
    twist : Twist
        The bone.
    turn, after : (1, 4) arrays
        The same of the limb's joint and of the next one.
    """
    if twist.stem in FROM_THE_BODY:
        return turn
    axis = canonical_direction(twist.joint)
    angle = twist_angle(rotation.multiply(after, rotation.conjugate(turn)), axis)
    return rotation.multiply(_about(axis, twist.share * angle), turn)


def beside_turn(twist: Twist, turn: Array, above: Array, after: Array) -> Array:
    """Rotation (T, 4) of a twist bone beside a limb.

    Parameters
    ----------
    twist : Twist
        The bone.
    turn, above, after : (T, 4) arrays
        Rotations of the limb's joint, of what it hangs from, and of the next joint.
    """
    axis = canonical_direction(twist.joint)
    if twist.stem in FROM_THE_BODY:
        angle = twist_angle(rotation.multiply(rotation.conjugate(above), turn), axis)
        return rotation.multiply(turn, _about(axis, (twist.share - 1.0) * angle))
    angle = twist_angle(rotation.multiply(rotation.conjugate(turn), after), axis)
    return rotation.multiply(turn, _about(axis, twist.share * angle))


def _about(axis: Array, angle: Array) -> Array:
    return rotation.from_axis_angle(np.broadcast_to(axis, (*angle.shape, 3)), angle)


def _next_joint(joint: str) -> str:
    stem, _, side = joint.partition(".")
    return f"{LIMBS[stem]}.{side}" if stem in LIMBS else ""
