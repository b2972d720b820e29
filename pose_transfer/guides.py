"""Guides made here: the photo's own pose, and poses far from any photo's."""

from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.camera import Camera
from retarget.character import Character
from retarget.guide import Guide
from retarget.motion import forward_kinematics
from retarget.rotation import Array

from .drive import TRUNK
from .proportions import rest_like, skull_of, to_skull

_CHAINS: Final = {"index": "index.02", "fingers": "middle.02", "thumb": "thumb.02"}
# Directions of the person's left upper arm, forearm, hand and palm (the right's are mirrored):
# x to their left, y to the back, z up.
POSES: Final[dict[str, tuple[tuple[float, float, float], ...]]] = {
    "Arms up": ((0.6, -0.35, 0.6), (0.2, -0.4, 0.9), (-0.1, -0.8, 0.5), (-0.2, -0.5, -0.85)),
    "Arms wide": ((0.95, -0.2, -0.3), (0.9, -0.4, 0.1), (0.6, -0.75, 0.1), (0.0, 0.0, -1.0)),
    "Arms crossed": ((0.2, -0.5, -0.84), (-0.8, -0.6, 0.0), (-0.8, -0.6, 0.0), (0.0, 0.3, -0.95)),
    "Arms low": ((0.25, -0.1, -0.96), (0.15, -0.5, -0.85), (0.0, -0.75, -0.65), (-0.9, 0.1, -0.3)),
}
"""The far poses, in the order of their frames."""

HELD: Final = 3
"""Frames each far pose is held, so that nothing is in motion in the middle one."""

# Of crossed arms one lies over the other.
_OVER: Final = {"L": np.array([0.0, 0.0, 0.22]), "R": np.array([0.0, 0.0, -0.1])}
_CURLS: Final = {"L": {"index": 0.2, "fingers": 0.35}, "R": {"index": 0.8, "fingers": 1.1}}
_CAMERA: Final = Camera(1700.0, np.array([360.0, 450.0]), (720, 900), np.array([0.0, -4.5, 1.25]))


def guide_of(character: Character, fps: float = 30.0, frames: int = 1) -> Guide:
    """A guide in which nothing moves: the character as the photo shows it, by its own camera.

    Parameters
    ----------
    character : Character
        The person.
    fps : float
        Frames per second.
    frames : int
        How many frames.
    """
    camera = character.camera
    positions = np.zeros((len(skeleton.NAMES), 3))
    rotations = rotation.identity((len(skeleton.NAMES),))
    for i, name in enumerate(skeleton.NAMES):
        stem, _, side = name.partition(".")
        bone = f"{_CHAINS[stem]}.{side}" if stem in _CHAINS else name
        at = character.bone("baton" if name == "baton_tip" else bone)
        positions[i] = character.tails[at] if name == "baton_tip" else character.heads[at]
        # The avatar has not moved since its rest pose, except for its arms.
        if stem not in TRUNK:
            rotations[i] = character.turns[at]
    rest = rest_like(character)
    positions[skeleton.INDEX["head"]] = skull_of(character) - to_skull(rest)
    shape = (frames, 1, 1)
    return Guide(
        fps=fps,
        size=camera.size,
        positions=np.tile(positions, shape),
        rotations=np.tile(rotations, shape),
        rest=rest,
        view=np.tile(camera.view, shape),
        projection=np.tile(camera.projection, shape),
    )


def far_poses() -> Guide:
    """An avatar that takes poses far from any photo's: up, wide, crossed, low, each for a while."""
    rotations = rotation.identity((len(POSES), len(skeleton.NAMES)))
    for frame, (title, directions) in enumerate(POSES.items()):
        for side, out in (("L", 1.0), ("R", -1.0)):
            mirror = np.array([out, 1.0, 1.0])
            upper, fore, hand, palm = (np.array(d) * mirror for d in directions)
            if title == "Arms crossed":
                fore, hand = fore + _OVER[side], hand + _OVER[side]
            above = rotation.identity(())
            for bone, along in (("upper_arm", upper), ("forearm", fore), ("hand", hand)):
                turn = _turn(along * out, palm)
                rotations[frame, skeleton.INDEX[f"{bone}.{side}"]] = rotation.multiply(
                    rotation.conjugate(above), turn
                )
                above = turn
            for finger, curl in _CURLS[side].items():
                rotations[frame, skeleton.INDEX[f"{finger}.{side}"]] = rotation.from_axis_angle(
                    np.array([0.0, out, 0.0]), np.array(curl)
                )
    rotations = np.repeat(rotations, HELD, axis=0)
    positions, turns = forward_kinematics(rotations, np.tile(skeleton.REST[0], (len(rotations), 1)))
    shape = (len(rotations), 1, 1)
    return Guide(
        fps=30.0,
        size=_CAMERA.size,
        positions=positions,
        rotations=turns,
        rest=skeleton.REST.copy(),
        view=np.tile(_CAMERA.view, shape),
        projection=np.tile(_CAMERA.projection, shape),
    )


def _turn(along: Array, palm: Array) -> Array:
    """The rotation that takes +X to `along` and, as far as that allows, −Z to `palm`."""
    x = along / np.linalg.norm(along)
    y = np.cross(-palm, x)
    y /= np.linalg.norm(y)
    return rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=1))
