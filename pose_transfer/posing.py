"""From the guide's bones to where the photographed person's joints are drawn.

Directions come from the animation, lengths from the person: bones of the photo's own length follow
the animated directions from the photo's own shoulders, seen by a camera at the guide's distance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation, skeleton
from retarget.guide import Guide
from retarget.rotation import Array

from .mesh.body import BodyPose, BodyRig
from .subject import SIDES, Subject

CHAIN: Final = ("upper_arm", "forearm", "hand")
"""The joints of an arm; each begins the bone of the same name."""

# Bone lengths of the canonical skeleton and a hand to its fingertips, metres.
_BONES_M: Final = (0.285, 0.255, 0.185)
# A limb looks at most this much shorter in the photo before it counts as pointing at the camera.
_SHORTEST: Final = 0.9
_LONGEST: Final = 1.2
_NEAREST_CAMERA_M: Final = 2.5
_MAX_WIDENING: Final = 1.28
# Shares of a bone's length: a forearm that looks shorter than this moves its elbow out of the way.
_SHORT_FOREARM: Final = 0.45
_ELBOW_GIVES: Final = 0.16
# A hand never looks shorter than this share of its length.
_SHORT_HAND: Final = 0.85
# How far forearm, hand and baton that point at the camera are raised out of the line of sight: the
# tangent of the angle, and the nearness at which the rise sets in.
_RAISE: Final = 0.62
_RAISE_FROM: Final = 0.15
# A bone this far behind the shoulders, metres, goes behind the body, and comes back to the front
# there: between the two it stays where it was.
_BEHIND_M: Final = -0.14
_FRONT_M: Final = -0.08
# How far the face moves when the head turns by one radian, metres: half of what its front does,
# since the whole head moves along.
_TURN_M: Final = 0.05


@dataclass(frozen=True)
class ArmPose:
    """One arm over time, in pixels.

    Parameters
    ----------
    joints : (T, 4, 2) array
        Shoulder, elbow, wrist, fingertips.
    widths : (T, 4) array
        Enlargement by nearness at each of them.
    depth : (T, 4) array
        Metres in front of the shoulders.
    """

    joints: Array
    widths: Array
    depth: Array

    def moved(self, scale: float, shift: Array) -> "ArmPose":
        """The same pose after the picture was scaled and then shifted."""
        return ArmPose(self.joints * scale + shift, self.widths, self.depth)


@dataclass(frozen=True)
class Pose:
    """The whole person over time; `arms` by side, `baton` (T, 2, 2) from grip to tip."""

    body: BodyPose
    arms: dict[str, ArmPose]
    baton: Array

    def __len__(self) -> int:
        return len(self.baton)

    def moved(self, scale: float, shift: Array) -> "Pose":
        """The same pose after the picture was scaled and then shifted."""
        arms = {side: arm.moved(scale, shift) for side, arm in self.arms.items()}
        return Pose(self.body.moved(scale), arms, self.baton * scale + shift)


def arm_lengths(subject: Subject) -> Array:
    """Lengths of upper arm, forearm and hand in pixels, (3,): the person's, as if unforeshortened.

    What can be seen in the photo, kept within what is usual for a person of this size.
    """
    usual = np.array(_BONES_M) * subject.pixels_per_metre
    seen = np.zeros(2)
    for side in SIDES:
        if side == subject.hidden:
            continue
        joints = np.array([subject.points[f"{name}.{side}"] for name in CHAIN])
        seen = np.maximum(seen, np.linalg.norm(np.diff(joints, axis=0), axis=1))
    arm = np.clip(seen, _SHORTEST * usual[:2], _LONGEST * usual[:2])
    return np.append(arm, usual[2])


def bones_behind(depth: Array) -> NDArray[np.bool_]:
    """Which bones of an arm are behind the body, (T, 3), from its joints' depths (T, 4).

    With hysteresis over the whole animation, so that an arm beside the body cannot flicker between
    front and back.
    """
    middle = (depth[:, :-1] + depth[:, 1:]) / 2
    out = np.zeros(middle.shape, bool)
    state = middle[0] < (_BEHIND_M + _FRONT_M) / 2
    for frame, now in enumerate(middle):
        state = np.where(state, now < _FRONT_M, now < _BEHIND_M)
        out[frame] = state
    return out


def pose_subject(subject: Subject, rig: BodyRig, guide: Guide) -> Pose:
    """Where every joint of the person is drawn, for every frame of the guide.

    Parameters
    ----------
    subject : Subject
        The person; positions are in pixels of this photo.
    rig : BodyRig
        The body's pivots in the same pixels.
    guide : Guide
        The animation and the camera. A camera that stands aside is turned to the front, where the
        photo was taken from.
    """
    positions, rotations, distance = _to_view(guide)
    scale = subject.pixels_per_metre
    body = _pose_body(positions, rotations, guide.rest, scale)
    lengths = arm_lengths(subject)
    centre = rig.shoulders.mean(axis=0)
    arms: dict[str, ArmPose] = {}
    baton = np.zeros((len(guide), 2, 2))
    for index, side in enumerate(SIDES):
        shoulder = np.stack(
            [rig.forward(rig.shoulders[index], body, frame) for frame in range(len(guide))]
        )
        directions = _arm_directions(positions, side)
        metres = np.cumsum(directions * (lengths / scale)[:, None], axis=1)
        metres = np.concatenate([np.zeros_like(metres[:, :1]), metres], axis=1)
        outward = 1.0 if side == "L" else -1.0
        metres[:, 1] += _elbow_gives_way(metres, lengths / scale, outward)
        arm = _project(shoulder, metres, centre, scale, distance)
        arms[side] = _lengthen_hand(arm, float(lengths[2]))
        if side == "R":
            baton = _project_baton(positions, arms[side], metres, centre, scale, distance)
    return Pose(body, arms, baton)


def _to_view(guide: Guide) -> tuple[Array, Array, Array]:
    """Joint positions and rotations in camera axes, turned to the front, and camera distance.

    Returns positions (T, J, 3), rotations (T, J, 4) (both x right, y up, z to the camera) and the
    distance from the camera to the hips, (T,).
    """
    hips = skeleton.INDEX["hips"]
    facing = rotation.rotate(guide.rotations[:, hips], np.array([0.0, -1.0, 0.0])).mean(axis=0)
    eyes = -np.einsum("tji,tj->ti", guide.view[:, :3, :3], guide.view[:, :3, 3])
    to_camera = (eyes - guide.positions[:, hips]).mean(axis=0)
    angle = np.arctan2(to_camera[1], to_camera[0]) - np.arctan2(facing[1], facing[0])
    turn = rotation.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(angle))
    pivot = guide.positions[:, hips].mean(axis=0)
    turned = pivot + rotation.rotate(turn, guide.positions - pivot)
    camera = rotation.from_matrix(guide.view[:, :3, :3])
    positions = guide.to_camera(turned)
    rotations = rotation.multiply(camera[:, None], rotation.multiply(turn, guide.rotations))
    # Rest directions seen by the same camera: without them a camera that looks down would make
    # an upright person lean.
    upright = rotation.multiply(camera, turn)
    rotations = rotation.multiply(rotations, rotation.conjugate(upright)[:, None])
    distance = np.maximum(-positions[:, hips, 2], _NEAREST_CAMERA_M)
    return positions, rotations, distance


def _pose_body(positions: Array, rotations: Array, rest: Array, scale: float) -> BodyPose:
    index = skeleton.INDEX
    hips = positions[:, index["hips"], :2] * np.array([1.0, -1.0])
    chest, head = rotations[:, index["chest"]], rotations[:, index["head"]]
    up = np.array([0.0, 1.0, 0.0])
    front = np.array([0.0, 0.0, 1.0])
    trunk = positions[:, index["neck"]] - positions[:, index["hips"]]
    lean = np.arctan2(trunk[:, 0], trunk[:, 1])
    height = float(np.linalg.norm(rest[index["neck"]] - rest[index["hips"]]))
    rise = height - np.linalg.norm(trunk[:, :2], axis=1)
    crown = rotation.rotate(head, up)
    face = rotation.rotate(head, front)
    shift = face[:, :2] * np.array([_TURN_M, -_TURN_M])
    shrug = np.zeros((len(positions), 2, 2))
    for side_index, side in enumerate(SIDES):
        joints = [index[f"upper_arm.{side}"], index["chest"]]
        reach = positions[:, joints[0]] - positions[:, joints[1]]
        level = rotation.rotate(rotation.conjugate(chest), reach)
        still = rest[joints[0]] - rest[joints[1]]
        # Rest is in world axes (z up, −y front); the view has y up and z to the front.
        away = level - np.array([still[0], still[2], -still[1]])
        shrug[:, side_index] = away[:, :2] * np.array([1.0, -1.0])
    return BodyPose(
        hips=(hips - np.median(hips, axis=0)) * scale,
        lean=lean,
        rise=(rise - np.median(rise)) * scale,
        head_angle=np.arctan2(crown[:, 0], crown[:, 1]),
        head_shift=(shift - np.median(shift, axis=0)) * scale,
        shrug=shrug * scale,
    )


def _arm_directions(positions: Array, side: str) -> Array:
    """Unit directions of upper arm, forearm and hand, (T, 3, 3), camera axes."""
    index = skeleton.INDEX
    knuckles = positions[:, [index[f"index.{side}"], index[f"fingers.{side}"]]].mean(axis=1)
    joints = [positions[:, index[f"{name}.{side}"]] for name in CHAIN]
    chain = np.stack([*joints, knuckles], axis=1)
    directions = rotation.normalize(np.diff(chain, axis=1))
    directions[:, 1:] = _raised(directions[:, 1:])
    return directions


def _raised(vectors: Array) -> Array:
    """Vectors (..., 3) of the same length, raised the more the straighter they point at the camera.

    A conductor's forearms point at the orchestra, which is the camera: seen truly they shrink to a
    stump. Tilting the view of them alone shows the same gesture from a little below; what lies in
    the picture's plane stays as it is.
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    near = np.maximum(vectors[..., 2:], 0.0) / np.maximum(length, 1e-9)
    rise = _RAISE * near * near / (near + _RAISE_FROM)
    return rotation.normalize(vectors + length * rise * np.array([0.0, 1.0, 0.0])) * length


def _elbow_gives_way(metres: Array, lengths: Array, outward: float) -> Array:
    """Shift of the elbow, (T, 3): down and out while the forearm points at the camera.

    A forearm without length in the picture has no direction there; moving the elbow a little keeps
    its strip long enough to turn smoothly, and the hand, which shows the beat, stays in place.
    """
    seen = np.linalg.norm(metres[:, 2, :2] - metres[:, 1, :2], axis=1) / lengths[1]
    need = np.clip(1.0 - seen / _SHORT_FOREARM, 0.0, 1.0)
    away = np.array([0.5 * outward, -0.85, 0.0])
    return (need * need * (3.0 - 2.0 * need))[:, None] * away * (_ELBOW_GIVES * lengths[1])


def _project(
    shoulder: Array, metres: Array, centre: Array, scale: float, distance: Array
) -> ArmPose:
    """Perspective about the middle of the shoulders."""
    widths = _widening(metres[..., 2], distance)
    flat = shoulder[:, None] + metres[..., :2] * np.array([scale, -scale])
    joints = centre + (flat - centre) * widths[..., None]
    return ArmPose(joints, widths, metres[..., 2])


def _widening(depth: Array, distance: Array) -> Array:
    return np.clip(distance[:, None] / (distance[:, None] - depth), 0.8, _MAX_WIDENING)


def _lengthen_hand(arm: ArmPose, length: float) -> ArmPose:
    """Keep a hand that points at the camera from shrinking to nothing."""
    wrist = arm.joints[:, 2]
    vector = arm.joints[:, 3] - wrist
    seen = np.linalg.norm(vector, axis=1)
    full = length * arm.widths[:, 3]
    share = np.clip(seen / full, 0.0, 1.0)
    kept = _SHORT_HAND + (1.0 - _SHORT_HAND) * share**1.5
    forearm = wrist - arm.joints[:, 1]
    reach = np.linalg.norm(forearm, axis=1, keepdims=True)
    # Without a direction of its own in the picture the hand goes on in line with the forearm.
    borrowed = 0.5 * (1.0 - share)[:, None] * forearm / np.maximum(reach, 1e-6)
    blended = vector / full[:, None] + borrowed
    direction = blended / np.maximum(np.linalg.norm(blended, axis=1, keepdims=True), 1e-6)
    joints = arm.joints.copy()
    joints[:, 3] = wrist + direction * (kept * full)[:, None]
    return ArmPose(joints, arm.widths, arm.depth)


def _project_baton(
    positions: Array, arm: ArmPose, metres: Array, centre: Array, scale: float, distance: Array
) -> Array:
    index = skeleton.INDEX
    shaft = _raised(positions[:, index["baton_tip"]] - positions[:, index["baton"]])
    grip = arm.joints[:, 2] + 0.5 * (arm.joints[:, 3] - arm.joints[:, 2])
    near = _widening(metres[:, 3:4, 2] + shaft[:, None, 2], distance)[:, 0]
    tip = centre + (grip - centre) * (near / arm.widths[:, 3])[:, None]
    tip = tip + shaft[:, :2] * np.array([scale, -scale]) * near[:, None]
    return np.stack([grip, tip], axis=1)
