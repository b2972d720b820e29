"""Poses of people who are photographed, and gestures that begin in them.

Everything here is in the armature's own space: metres, the person faces −Y, +X is their left. Arms
are described for the left side; the right one is its mirror image.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from mathutils import Quaternion, Vector

from retarget import rotation
from retarget.rotation import Array

from ..garments.sdf import Point
from ..stage.noise import smoothstep

_MIRROR: Final = np.array([-1.0, 1.0, 1.0])
_FINGERS: Final = {"index": 3, "middle": 3, "ring": 3, "pinky": 3, "thumb": 2}
# How far an arm may stretch, and what share of the hand's roll the forearm takes.
_REACH, _ROLL_SHARE = 0.995, 0.55


@dataclass(frozen=True)
class ArmPose:
    """One arm.

    Parameters
    ----------
    wrist : (3,) tuple
        Where it is on a body of the avatar's own build, metres.
    elbow, fingers, palm : (3,) tuples
        Directions: where the elbow points, where the fingers point, where the palm looks.
    curl : float
        Bend of each finger joint, radians.
    """

    wrist: Point
    elbow: Point
    fingers: Point
    palm: Point
    curl: float = 0.16

    def towards(self, other: "ArmPose", share: float) -> "ArmPose":
        """Between two poses, passing in front of the body."""

        def mix(a: Point, b: Point) -> Point:
            x, y, z = np.asarray(a) * (1.0 - share) + np.asarray(b) * share
            return float(x), float(y), float(z)

        x, y, z = mix(self.wrist, other.wrist)
        return ArmPose(
            (x, y - 0.12 * float(np.sin(np.pi * share)), z),
            mix(self.elbow, other.elbow),
            mix(self.fingers, other.fingers),
            mix(self.palm, other.palm),
            self.curl * (1.0 - share) + other.curl * share,
        )


@dataclass(frozen=True)
class BodyPose:
    """A whole person.

    Parameters
    ----------
    left, right : ArmPose
        The right arm mirrored.
    seated : bool
        Thighs forward and hips at the height of a chair.
    stoop, sway, turn, nod : float
        Spine forward, spine to the left, head to the left, head down: radians.
    """

    left: ArmPose
    right: ArmPose
    seated: bool = False
    stoop: float = 0.0
    sway: float = 0.0
    turn: float = 0.0
    nod: float = 0.0


_APART: Final = ArmPose(
    (0.50, -0.03, 1.02), (0.4, 0.8, -0.3), (0.62, -0.05, -0.78), (-0.7, 0.2, -0.6)
)
_HANGING: Final = ArmPose(
    (0.275, -0.05, 0.92), (0.5, 1.0, 0.0), (0.05, -0.15, -1.0), (-1.0, 0.1, 0.0)
)
_HIP: Final = ArmPose(
    (0.235, 0.0, 1.035), (1.0, 0.25, 0.1), (-0.55, -0.62, -0.45), (-0.5, 0.3, -0.8), 0.30
)
_POCKET: Final = ArmPose(
    (0.215, -0.035, 0.955), (0.7, 0.9, 0.0), (-0.28, -0.12, -1.0), (-1.0, 0.1, 0.2)
)
_OVER: Final = ArmPose(
    (-0.085, -0.235, 1.20), (0.5, 0.1, -1.0), (-1.0, 0.25, 0.18), (0.2, 1.0, 0.2), 0.30
)
_UNDER: Final = ArmPose(
    (-0.075, -0.185, 1.155), (0.5, 0.1, -1.0), (-1.0, 0.35, 0.1), (0.2, 1.0, 0.1), 0.30
)
_CLASP: Final = ArmPose(
    (0.055, -0.20, 0.965), (0.8, 0.7, -0.2), (-0.75, -0.25, -0.65), (-0.2, 1.0, -0.2), 0.35
)
_LAP: Final = ArmPose(
    (0.150, -0.30, 1.035), (0.9, 0.6, -0.2), (-0.15, -1.0, -0.15), (0.0, 0.1, -1.0), 0.12
)
_WAVE: Final = ArmPose(
    (0.43, -0.16, 1.62), (0.7, 0.2, -0.8), (0.1, -0.1, 1.0), (0.1, -1.0, 0.0), 0.10
)

POSES: Final = {
    "apart": BodyPose(_APART, _APART),
    "hanging": BodyPose(_HANGING, _HANGING),
    "hips": BodyPose(_HIP, _HIP),
    "pockets": BodyPose(_POCKET, _POCKET),
    "one_pocket": BodyPose(_POCKET, _HANGING),
    "folded": BodyPose(_OVER, _UNDER),
    "clasped": BodyPose(_CLASP, replace(_CLASP, wrist=(0.055, -0.235, 0.985))),
    "seated": BodyPose(_LAP, _LAP, seated=True),
    "waving": BodyPose(_HANGING, _WAVE),
}
"""What people do when they are photographed."""

SEAT: Final = 0.44
"""How far the hips come down on a chair, metres."""


def gesture(start: BodyPose, count: int, generator: np.random.Generator) -> list[BodyPose]:
    """Frames of somebody who begins in a pose, lifts both hands and talks with them.

    The first frame is the pose itself.
    """
    phases, rates = generator.uniform(0.0, 2.0 * np.pi, (2, 3)), generator.uniform(0.7, 1.4, (2, 3))
    moves = generator.uniform(-1.0, 1.0, 3)
    frames = []
    for i in range(count):
        # A second and a half at sixteen frames a second, or as many turns in fewer frames.
        time = 1.5 * i / max(count - 1, 1)
        share = float(smoothstep(np.array(time), 0.0, 0.55))
        arms = []
        for side, arm in enumerate((start.left, start.right)):
            x, y, z = np.sin(phases[side] + 2.0 * np.pi * rates[side] * time)
            raised = ArmPose(
                (0.27 + 0.13 * x, -0.36 + 0.06 * y, 1.20 + 0.15 * z),
                (0.6, 0.5, -0.8),
                (-0.15 + 0.3 * x, -0.55, 0.55 + 0.5 * z),
                (-0.75, -0.1, 0.45 * y + 0.2),
                0.25 + 0.12 * y,
            )
            arms.append(arm.towards(raised, share))
        swing = float(np.sin(2.0 * np.pi * 0.8 * time))
        frames.append(
            replace(
                start,
                left=arms[0],
                right=arms[1],
                sway=start.sway + 0.06 * moves[0] * swing,
                turn=start.turn + 0.24 * moves[1] * swing,
                nod=start.nod + 0.13 * moves[2] * swing,
            )
        )
    return frames


def solve_pose(
    pose: BodyPose, heads: dict[str, Array], tails: dict[str, Array], reshape: Any
) -> tuple[dict[str, Array], Array]:
    """Rotations from the T-pose, (4,) each in armature space, and the hips' way (3,).

    Parameters
    ----------
    pose : BodyPose
    heads, tails : dict of str to (3,) array
        The bones in the rest pose.
    reshape : callable
        Takes points (N, 3) of the avatar's own build to this person's.
    """
    identity = rotation.identity(())
    turns = {"hips": identity}
    way = np.array([0.0, 0.0, -SEAT if pose.seated else 0.0])
    third = _turn("x", pose.stoop / 3.0), _turn("y", -pose.sway / 3.0)
    bend = rotation.multiply(*third)
    turns["spine"] = rotation.multiply(bend, bend)
    turns["chest"] = rotation.multiply(turns["spine"], bend)
    turns["neck"] = _turn("x", 0.5 * pose.stoop)
    turns["head"] = rotation.multiply(_turn("z", pose.turn), _turn("x", pose.nod))
    for side, sign in (("L", 1.0), ("R", -1.0)):
        arm = pose.left if side == "L" else pose.right
        mirror = np.array([sign, 1.0, 1.0])
        shoulder = _follow(heads, turns, ("hips", "spine", "chest", f"clavicle.{side}")) + way
        turns[f"clavicle.{side}"] = turns["chest"]
        place = rotation.rotate(
            turns["chest"], heads[f"upper_arm.{side}"] - heads[f"clavicle.{side}"]
        )
        wrist = reshape(np.asarray(arm.wrist)[None] * mirror)[0] + way
        _solve_arm(turns, side, sign, shoulder + place, wrist, arm, heads)
        thigh = _turn("x", -1.48) if pose.seated else identity
        splay = _turn("z", -0.12 * sign if pose.seated else 0.0)
        turns[f"thigh.{side}"] = rotation.multiply(splay, thigh)
        turns[f"shin.{side}"] = turns[f"foot.{side}"] = splay if pose.seated else identity
    return turns, way


def set_pose(armature: Any, turns: dict[str, Array], way: Array) -> None:
    """Put rotations of `solve_pose` on an armature; bones not named follow their parents."""
    world: dict[str, Array] = {}
    for bone in armature.pose.bones:
        above = world[bone.parent.name] if bone.parent else rotation.identity(())
        world[bone.name] = turns.get(bone.name, above)
        rest = np.array(bone.bone.matrix_local.to_quaternion())
        turn = rotation.multiply(rotation.conjugate(above), world[bone.name])
        local = rotation.multiply(rotation.multiply(rotation.conjugate(rest), turn), rest)
        bone.rotation_quaternion = Quaternion(local)
        if bone.parent is None:
            bone.location = Vector(rotation.rotate(rotation.conjugate(rest), way))


def _solve_arm(
    turns: dict[str, Array],
    side: str,
    sign: float,
    shoulder: Array,
    wrist: Array,
    arm: ArmPose,
    heads: dict[str, Array],
) -> None:
    mirror = np.array([sign, 1.0, 1.0])
    names = [f"{name}.{side}" for name in ("upper_arm", "forearm", "hand")]
    upper, fore = (float(np.linalg.norm(heads[names[i + 1]] - heads[names[i]])) for i in (0, 1))
    line = wrist - shoulder
    away = float(np.clip(np.linalg.norm(line), 0.2 * upper, _REACH * (upper + fore)))
    line = rotation.normalize(line)
    pole = np.asarray(arm.elbow) * mirror
    pole = rotation.normalize(pole - line * (pole @ line))
    cosine = (upper**2 + away**2 - fore**2) / (2.0 * upper * away)
    elbow = line * cosine + pole * np.sqrt(max(1.0 - cosine**2, 0.0))
    below = rotation.normalize(shoulder + line * away - (shoulder + elbow * upper))
    axis = np.array([sign, 0.0, 0.0])
    chest = turns["chest"]
    swung = rotation.between(axis, rotation.rotate(rotation.conjugate(chest), elbow))
    turns[names[0]] = rotation.multiply(chest, swung)
    bent = rotation.between(axis, rotation.rotate(rotation.conjugate(turns[names[0]]), below))
    straight = rotation.multiply(turns[names[0]], bent)
    hand = _hand_turn(arm, sign)
    relative = rotation.multiply(rotation.conjugate(straight), hand)
    roll = rotation.normalize(np.concatenate([relative[:1], (relative[1:] @ axis) * axis]))
    share = rotation.slerp(rotation.identity(()), roll, np.array(_ROLL_SHARE))
    turns[names[1]] = rotation.multiply(straight, share)
    turns[names[2]] = hand
    for finger, joints in _FINGERS.items():
        for i in range(joints):
            curl = arm.curl * (i + 1) * (0.6 if finger == "thumb" else 1.0)
            turns[f"{finger}.{i + 1:02d}.{side}"] = rotation.multiply(hand, _turn("y", sign * curl))


def _hand_turn(arm: ArmPose, sign: float) -> Array:
    """From the T-pose, where fingers point outward and palms look down."""

    def frame(fingers: Array, palm: Array) -> Array:
        along = rotation.normalize(fingers)
        inward = rotation.normalize(palm - along * (palm @ along))
        return np.stack([along, inward, np.cross(along, inward)], axis=1)

    mirror = np.array([sign, 1.0, 1.0])
    rest = frame(np.array([sign, 0.0, 0.0]), np.array([0.0, 0.0, -1.0]))
    posed = frame(np.asarray(arm.fingers) * mirror, np.asarray(arm.palm) * mirror)
    return rotation.from_matrix(posed @ rest.T)


def _follow(heads: dict[str, Array], turns: dict[str, Array], chain: tuple[str, ...]) -> Array:
    """Where the last bone of a chain begins when those above it are turned."""
    at = heads[chain[0]]
    for above, below in itertools.pairwise(chain):
        at = at + rotation.rotate(turns[above], heads[below] - heads[above])
    return at


def _turn(axis: str, angle: float) -> Array:
    return rotation.from_axis_angle(np.eye(3)["xyz".index(axis)], np.asarray(angle))
