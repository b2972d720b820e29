"""Arms: from wrist and hand to the rotations of clavicle, upper arm, forearm and hand."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.rotation import Array

from .curves import smoothstep, soft_clip
from .limits import keep_within, limit_of

_UPPER: Final = 0.285
_FORE: Final = 0.255
# The elbow never quite locks and never folds flat.
_LONGEST: Final = 0.536
_SHORTEST: Final = 0.19
# A deep breath lifts the shoulders by this much, radians (about 1 cm).
_BREATH_LIFT: Final = 0.06


@dataclass(frozen=True)
class HandPose:
    """Where a hand is and how it is held, (T,) frames.

    Parameters
    ----------
    wrist : (T, 3) array
        World position, metres.
    yaw : (T,) array
        Direction of the fingers: 0 forwards, positive towards the other hand, radians.
    pitch : (T,) array
        Positive upwards, radians.
    roll : (T,) array
        0 palm down, π/2 palm towards the other hand, π palm up.
    elbow_out : (T,) array
        How far the elbow is held away from the trunk: 0 close, 1 wide.
    """

    wrist: Array
    yaw: Array
    pitch: Array
    roll: Array
    elbow_out: Array


def solve_arm(
    side: str, pose: HandPose, chest: Array, chest_rotation: Array, breath: Array
) -> dict[str, Array]:
    """Local rotations of an arm that bring the wrist to its place.

    Two-bone inverse kinematics in closed form; the forearm carries the turn of the palm, the
    wrist only bends.

    Parameters
    ----------
    side : str
        "L" or "R".
    pose : HandPose
        What the hand does.
    chest, chest_rotation : (T, 3), (T, 4) arrays
        World position and rotation of the chest joint.
    breath : (T,) array
        How far a breath lifts the shoulder, [0, 1].

    Returns
    -------
    dict of str to (T, 4) array
        Local rotations by joint name.
    """
    sign = 1.0 if side == "L" else -1.0
    names = [f"{part}.{side}" for part in ("clavicle", "upper_arm", "forearm", "hand")]
    clavicle = keep_within(_clavicle(sign, pose.wrist, chest, breath), names[0])
    clavicle_world = rotation.multiply(chest_rotation, clavicle)
    joint = chest + rotation.rotate(chest_rotation, _offset("chest", names[0]))
    shoulder = joint + rotation.rotate(clavicle_world, _offset(names[0], names[1]))

    reach = pose.wrist - shoulder
    length = np.linalg.norm(reach, axis=1, keepdims=True)
    along = reach / length
    length = soft_clip(length, _SHORTEST, _LONGEST, 0.02)
    elbow = _elbow_direction(sign, pose.elbow_out, along)
    cosine = (_UPPER**2 + length**2 - _FORE**2) / (2.0 * _UPPER * length)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    upper = along * cosine + elbow * sine
    fore = (along * length - upper * _UPPER) / _FORE
    hinge = np.cross(elbow, along)
    upper_world = _frame(sign, upper, hinge)
    fore_flat = _frame(sign, fore, hinge)

    fingers, wanted = _hand_frame(sign, pose)
    carried = rotation.multiply(rotation.between(fingers, fore), wanted)
    turn = rotation.multiply(rotation.conjugate(fore_flat), carried)
    turn = np.where(turn[:, :1] < 0.0, -turn, turn)
    angle = 2.0 * np.arctan2(turn[:, 1], turn[:, 0])
    limit = limit_of(names[2])
    assert limit is not None
    angle = soft_clip(angle, limit.low[0], limit.high[0])
    fore_world = rotation.multiply(fore_flat, rotation.from_axis_angle([1.0, 0.0, 0.0], angle))
    bend = rotation.multiply(rotation.conjugate(carried), wanted)
    return {
        names[0]: clavicle,
        names[1]: rotation.multiply(rotation.conjugate(clavicle_world), upper_world),
        names[2]: rotation.multiply(rotation.conjugate(upper_world), fore_world),
        names[3]: keep_within(bend, names[3]),
    }


def _clavicle(sign: float, wrist: Array, chest: Array, breath: Array) -> Array:
    """The shoulder girdle's share: up with a raised hand and a breath, forwards with a far one."""
    offset = wrist - chest
    up = 0.30 * smoothstep((offset[:, 2] + 0.05) / 0.65) + _BREATH_LIFT * breath
    forward = 0.20 * smoothstep((-offset[:, 1] - 0.2) / 0.35)
    vector = np.stack([np.zeros(len(wrist)), -sign * up, -sign * forward], axis=1)
    return rotation.from_rotation_vector(vector)


def _elbow_direction(sign: float, out: Array, along: Array) -> Array:
    """Unit vectors from the shoulder–wrist line to the elbow: down, out and a little back."""
    pole = np.stack([sign * (0.24 + 0.64 * out), np.full(len(out), 0.42), np.full(len(out), -0.80)])
    pole = pole.T - np.sum(pole.T * along, axis=1, keepdims=True) * along
    return rotation.normalize(pole)


def _frame(sign: float, bone: Array, hinge: Array) -> Array:
    """World rotations of an arm bone that points along `bone` and flexes about `hinge`."""
    x, z = sign * bone, -sign * hinge
    return rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))


def _hand_frame(sign: float, pose: HandPose) -> tuple[Array, Array]:
    """Direction of the fingers (T, 3) and world rotation of the hand (T, 4)."""
    flat = np.cos(pose.pitch)
    zero = np.zeros(len(flat))
    fingers = np.stack(
        [-sign * np.sin(pose.yaw) * flat, -np.cos(pose.yaw) * flat, np.sin(pose.pitch)], axis=1
    )
    inwards = np.stack([-sign * np.cos(pose.yaw), np.sin(pose.yaw), zero], axis=1)
    back = np.cross(fingers, inwards) * -sign
    c, s = np.cos(pose.roll)[:, None], np.sin(pose.roll)[:, None]
    thumb = inwards * c + back * s
    up = back * c - inwards * s
    return fingers, rotation.from_matrix(np.stack([sign * fingers, -thumb, up], axis=-1))


def _offset(parent: str, child: str) -> Array:
    return skeleton.REST[skeleton.INDEX[child]] - skeleton.REST[skeleton.INDEX[parent]]
