"""Legs over feet that never move."""

from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.rotation import Array

from .turns import smooth_max

AHEAD_M: Final = 0.018
"""How far the pelvis stands ahead of the T-pose's, metres."""

# How far it stands below straight legs: knees give a little and never lock, metres.
_GIVE_M: Final = 0.003
_LEAST_M: Final = 0.0015
# Where the ankles stand, from the T-pose's: a little inside of the hip joints, one foot a little
# ahead of the other; toes out, radians.
_ANKLE_M: Final = {"L": (-0.010, -0.018), "R": (0.010, 0.014)}
_TOES_OUT: Final = {"L": 0.255, "R": 0.165}


def pelvis_over(x: Array, y: Array, dip: Array, hips: Array) -> Array:
    """The pelvis (T, 3) over both feet, as high as the legs allow less the knees' give.

    Parameters
    ----------
    x, y : (T,) arrays
        Where it stands, metres.
    dip : (T,) array
        How much more the knees give, metres; below 0 they stretch.
    hips : (T, 4) array
        Its world rotations.
    """
    # Legs stretch towards their full length, but do not lock.
    give = _LEAST_M + smooth_max(_GIVE_M - _LEAST_M + dip, 0.0, 0.003)
    return np.stack([x, y, _highest(x, y, hips) - give], axis=1)


def _highest(x: Array, y: Array, hips: Array) -> Array:
    """How high the pelvis at `x`, `y` (T,) with world rotations (T, 4) may stand, metres, (T,)."""
    thigh, shin, _ = _leg_lengths()
    heights = []
    for label in ("L", "R"):
        offset = rotation.rotate(hips, _hip_offset(label))
        foot = _foot(label)
        aside = (x + offset[:, 0] - foot[0]) ** 2 + (y + offset[:, 1] - foot[1]) ** 2
        heights.append(foot[2] + np.sqrt((thigh + shin) ** 2 - aside) - offset[:, 2])
    left, right = heights
    # The smaller of both, without a corner.
    height: Array = 0.5 * (left + right - np.sqrt((left - right) ** 2 + 0.004**2))
    return height


def planted_leg(label: str, root: Array, hips: Array) -> dict[str, Array]:
    """Two-bone inverse kinematics from the pelvis to a foot that never moves."""
    toes_out = _TOES_OUT[label] if label == "L" else -_TOES_OUT[label]
    thigh, shin, _ = _leg_lengths()
    rest = skeleton.REST
    names = [f"{part}.{label}" for part in ("thigh", "shin", "foot")]
    thigh_rest, shin_rest, foot_rest = (rest[skeleton.INDEX[name]] for name in names)
    hip = root + rotation.rotate(hips, _hip_offset(label))
    reach = _foot(label) - hip
    length = np.linalg.norm(reach, axis=1, keepdims=True)
    along = reach / length
    knee = np.array([np.sin(toes_out), -np.cos(toes_out), 0.0])
    knee = rotation.normalize(knee - np.sum(knee * along, axis=1, keepdims=True) * along)
    cosine = (thigh**2 + length**2 - shin**2) / (2.0 * thigh * length)
    upper = along * cosine + knee * np.sqrt(1.0 - cosine**2)
    lower = (along * length - upper * thigh) / shin
    side = np.cross(knee, along)
    thigh_world = _bone_frame(upper, side, shin_rest - thigh_rest)
    shin_world = _bone_frame(lower, side, foot_rest - shin_rest)
    foot_world = rotation.from_axis_angle([0.0, 0.0, 1.0], np.full(len(root), toes_out))
    return {
        names[0]: rotation.multiply(rotation.conjugate(hips), thigh_world),
        names[1]: rotation.multiply(rotation.conjugate(thigh_world), shin_world),
        names[2]: rotation.multiply(rotation.conjugate(shin_world), foot_world),
    }


def _hip_offset(label: str) -> Array:
    thigh, pelvis = skeleton.INDEX[f"thigh.{label}"], skeleton.INDEX["hips"]
    return skeleton.REST[thigh] - skeleton.REST[pelvis]


def _foot(label: str) -> Array:
    """Where the ankle stands, (3,)."""
    ankle = skeleton.REST[skeleton.INDEX[f"foot.{label}"]]
    return ankle + np.array([*_ANKLE_M[label], 0.0])


def _leg_lengths() -> tuple[float, float, Array]:
    """Length of thigh and shin, and the resting ankle (3,)."""
    hip, knee, ankle = (
        skeleton.REST[skeleton.INDEX[name]] for name in ("thigh.L", "shin.L", "foot.L")
    )
    return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee)), ankle


def _bone_frame(bone: Array, side: Array, rest_bone: Array) -> Array:
    """World rotations of a leg bone along `bone` whose knee axis is `side`."""
    x = side
    z = -bone
    frame = rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))
    # The rest bone may lean against the vertical: take that lean out first.
    return rotation.multiply(frame, rotation.between(rest_bone, [0.0, 0.0, -1.0]))
