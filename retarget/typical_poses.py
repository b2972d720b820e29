"""A few poses that conductors take, for trying a rig before a motion is made."""

from typing import Final

import numpy as np

from . import rotation, skeleton
from .motion import Motion

# Joint to its turn in degrees about the canonical axes, as a rotation vector, for the left side.
_POSES: Final[tuple[dict[str, tuple[float, float, float]], ...]] = (
    {},
    # The arms hang.
    {"upper_arm": (0, 70, 0), "forearm": (0, 0, -15)},
    # Ready: the hands before the body.
    {"upper_arm": (0, 45, -35), "forearm": (0, 0, -80), "head": (8, 0, 0)},
    # The lowest and the highest point of a stroke.
    {"upper_arm": (10, 60, -20), "forearm": (0, 0, -70), "hand": (0, 20, 0), "chest": (6, 0, 0)},
    {"upper_arm": (-35, -15, -40), "forearm": (0, 0, -60), "hand": (0, -25, 0), "head": (-8, 0, 0)},
    # Wide, and turned to one side.
    {"upper_arm": (0, 15, -15), "forearm": (0, 0, -25), "hips": (0, 0, 4), "spine": (0, 3, 10)},
    # Close: the elbows are bent as far as they go.
    {"upper_arm": (15, 55, -30), "forearm": (0, 0, -120), "hand": (15, 0, 10), "neck": (6, 0, 8)},
)
# How far the hips travel, metres; the feet stay where they are.
_SWAY: Final = ((0.0, 0.0, 0.0), (0.02, 0.0, -0.01), (-0.02, -0.02, -0.02))


def typical_poses() -> Motion:
    """Poses from hanging to raised arms, one a frame, with the trunk and head turned a little."""
    count = len(_POSES)
    rotations = rotation.identity((count, len(skeleton.NAMES)))
    for frame, turns in enumerate(_POSES):
        for joint, name in enumerate(skeleton.NAMES):
            stem, _, side = name.partition(".")
            mirror = np.array([1.0, -1.0, -1.0]) if side == "R" else np.ones(3)
            vector = np.radians(mirror * turns.get(stem, (0, 0, 0)))
            rotations[frame, joint] = rotation.from_rotation_vector(vector)
    root = skeleton.REST[0] + np.array([_SWAY[k % len(_SWAY)] for k in range(count)])
    return Motion(1.0, rotation.make_continuous(rotations), root)
