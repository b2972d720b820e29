"""A guide's avatar drives a character: where every bone of the person goes, frame by frame.

The person is scaled to the avatar, shoulder breadth to shoulder breadth, and stands where it
stands. Elbows and wrists lie exactly where the avatar's lie, so the camera sees the same gesture;
trunk and head turn as the avatar's do, from the way the person stands in the photo; the feet stay.
"""

from itertools import pairwise
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.body.model import FINGERS
from retarget.character import Character
from retarget.guide import Guide
from retarget.rotation import Array

from .hand_pose import finger_turns
from .staging import Take

# A camera that sees the avatar from the side up to this angle still sees the person as in the
# photo; only beyond it does the person turn.
_FACING: Final = np.radians(25.0)
TRUNK: Final = ("hips", "spine", "chest", "neck", "head", "clavicle")
"""Stems of the joints that turn as the avatar's do since its rest pose."""

_STRAIGHT: Final = {"L": np.array([1.0, 0.0, 0.0]), "R": np.array([-1.0, 0.0, 0.0])}


def drive(character: Character, guide: Guide, *, grounded: bool = False) -> Take:
    """Bone matrices of every frame.

    Parameters
    ----------
    character : Character
        The person.
    guide : Guide
        T frames of the avatar and its camera.
    grounded : bool
        Raise or lower the person so that their feet stand where the avatar's do.

    Returns
    -------
    Take
        T frames, seen by the guide's camera.
    """
    return _Driver(character, guide, grounded).take()


class _Driver:
    def __init__(self, character: Character, guide: Guide, grounded: bool) -> None:
        self.character, self.guide = character, guide
        self.scale = _breadth(guide.rest) / _character_breadth(character)
        self.positions: dict[str, Array] = {}
        self.linear: dict[str, Array] = {}
        self.grounded = grounded

    def take(self) -> Take:
        self._trunk()
        for side in ("L", "R"):
            self._arm(side)
            self._hand(side)
            self._leg(side)
        character = self.character
        frames = len(self.guide)
        rise = np.array([0.0, 0.0, self._rise() if self.grounded else 0.0])
        matrices = np.empty((frames, len(character.bones), 3, 4), np.float32)
        for i, bone in enumerate(character.bones):
            name = bone if bone in self.linear else "hand.R"
            linear = self.scale * self.linear[name]
            head = character.heads[character.bone(name)]
            matrices[:, i, :, :3] = linear
            matrices[:, i, :, 3] = self.positions[name] - linear @ head + rise
        return Take(
            matrices=matrices,
            baton=self._baton() + rise,
            view=self.guide.view,
            projection=self.guide.projection,
            size=self.guide.size,
        )

    def _rise(self) -> float:
        """Height of the avatar's ankles at rest over those of the person."""
        feet = [f"foot.{side}" for side in "LR"]
        here = np.mean([np.median(self.positions[foot][:, 2]) for foot in feet])
        there = np.mean([self.guide.rest[skeleton.INDEX[foot], 2] for foot in feet])
        return float(there - here)

    def _head(self, bone: str) -> Array:
        """Bind position (3,), metres of the person."""
        return self.character.heads[self.character.bone(bone)]

    def _turn(self, bone: str) -> Array:
        return self.character.turns[self.character.bone(bone)]

    def _at(self, joint: str) -> Array:
        return self.guide.positions[:, skeleton.INDEX[joint]]

    def _offset(self, bone: str, parent: str) -> Array:
        """Where a bone starts seen from its parent's start, the parent turned, (T, 3)."""
        return self.scale * (self.linear[parent] @ (self._head(bone) - self._head(parent)))

    def _trunk(self) -> None:
        guide = self.guide
        stands = rotation.multiply(_axes(guide.rest), rotation.conjugate(_axes(skeleton.REST)))
        facing = _facing(guide, stands)
        for bone in (*TRUNK[:-1], "clavicle.L", "clavicle.R"):
            # What the avatar has turned since it stood at rest, on top of the photo.
            moved = rotation.multiply(
                guide.rotations[:, skeleton.INDEX[bone]], rotation.conjugate(stands)
            )
            self.linear[bone] = rotation.to_matrix(rotation.multiply(moved, facing))
        self.positions["hips"] = np.zeros((len(guide), 3))
        chain = [("spine", "hips"), ("chest", "spine"), ("neck", "chest"), ("head", "neck")]
        for side in "LR":
            chain += [(f"clavicle.{side}", "chest"), (f"upper_arm.{side}", f"clavicle.{side}")]
        for bone, parent in chain:
            self.positions[bone] = self.positions[parent] + self._offset(bone, parent)
        middle = (self.positions["upper_arm.L"] + self.positions["upper_arm.R"]) / 2
        root = (self._at("upper_arm.L") + self._at("upper_arm.R")) / 2 - middle
        for bone in ("hips", *(bone for bone, _ in chain)):
            self.positions[bone] = self.positions[bone] + root
        self.facing = rotation.to_matrix(facing)

    def _arm(self, side: str) -> None:
        above = f"clavicle.{side}"
        self.positions[f"forearm.{side}"] = self._at(f"forearm.{side}")
        self.positions[f"hand.{side}"] = self._at(f"hand.{side}")
        names = [f"{stem}.{side}" for stem in ("upper_arm", "forearm", "hand")]
        for bone, end in pairwise(names):
            old = self._head(end) - self._head(bone)
            new = self.positions[end] - self.positions[bone]
            # No more twist than the way there needs: sleeves do not wring.
            self.linear[bone] = _stretched_swing(self.linear[above], old, new, self.scale)
            above = bone

    def _hand(self, side: str) -> None:
        hand = f"hand.{side}"
        turn = self.guide.rotations[:, skeleton.INDEX[hand]]
        bind = self._turn(hand)
        self.linear[hand] = rotation.to_matrix(rotation.multiply(turn, rotation.conjugate(bind)))
        self._share_twist(side)
        curls = {}
        for joint in ("thumb", "index", "fingers"):
            seen = self.guide.rotations[:, skeleton.INDEX[f"{joint}.{side}"]]
            local = rotation.multiply(rotation.conjugate(turn), seen)
            curls[joint] = rotation.to_rotation_vector(local)
        holding = side == "R" and "baton" in self.character.bones
        above = dict.fromkeys(FINGERS, hand)
        for name, bent in finger_turns(side, curls, holding).items():
            bone, finger = f"{name}.{side}", name.split(".")[0]
            if bone not in self.character.bones:
                continue
            whole = rotation.multiply(turn, bent)
            self.linear[bone] = rotation.to_matrix(
                rotation.multiply(whole, rotation.conjugate(self._turn(bone)))
            )
            self.positions[bone] = self.positions[above[finger]] + self._offset(bone, above[finger])
            above[finger] = bone

    def _share_twist(self, side: str) -> None:
        """Half of the turn of the hand about the forearm is the forearm's."""
        forearm, hand = f"forearm.{side}", f"hand.{side}"
        axis = rotation.normalize(self.positions[hand] - self.positions[forearm])
        across = rotation.normalize(np.cross(axis, [0.31, 0.52, 0.79]))
        back = np.linalg.inv(self.linear[forearm])
        local = (back @ across[..., None])[..., 0]
        turned = (self.linear[hand] @ local[..., None])[..., 0]
        turned = turned - axis * np.sum(turned * axis, axis=-1, keepdims=True)
        angle = np.arctan2(
            np.sum(np.cross(across, turned) * axis, axis=-1), np.sum(across * turned, axis=-1)
        )
        half = rotation.from_axis_angle(axis, 0.5 * np.unwrap(angle))
        self.linear[forearm] = rotation.to_matrix(half) @ self.linear[forearm]

    def _leg(self, side: str) -> None:
        """Hips move, feet stay as in the photo, knees go half of the way."""
        hips = self.positions["hips"]
        rest = np.median(hips, axis=0)
        names = [f"{stem}.{side}" for stem in ("thigh", "shin", "foot")]
        facing = np.median(self.facing, axis=0)
        for bone, share in zip(names, (1.0, 0.5, 0.0), strict=True):
            stands = rest + self.scale * (facing @ (self._head(bone) - self._head("hips")))
            moved = hips + self._offset(bone, "hips") - stands
            self.positions[bone] = stands + share * moved
        for bone, end in pairwise(names):
            old = self._head(end) - self._head(bone)
            new = self.positions[end] - self.positions[bone]
            self.linear[bone] = _stretched_swing(self.facing, old, new, self.scale)
        self.linear[names[2]] = self.facing

    def _baton(self) -> Array:
        """Grip in the person's own hand, tip as far away and in the direction as the avatar's."""
        if "baton" not in self.character.bones:
            return np.full((len(self.guide), 2, 3), np.nan)
        grip = self.positions["hand.R"] + self._offset("baton", "hand.R")
        return np.stack([grip, grip + self._at("baton_tip") - self._at("baton")], axis=1)


def _breadth(joints: Array) -> float:
    left, right = (joints[skeleton.INDEX[f"upper_arm.{side}"]] for side in "LR")
    return float(np.linalg.norm(left - right))


def _character_breadth(character: Character) -> float:
    left, right = (character.heads[character.bone(f"upper_arm.{side}")] for side in "LR")
    return float(np.linalg.norm(left - right))


def _axes(rest: Array) -> Array:
    """Rotation (4,) of an upright frame on shoulders and spine."""
    index = skeleton.INDEX
    left = rest[index["upper_arm.L"]] - rest[index["upper_arm.R"]]
    up = rest[index["neck"]] - rest[index["hips"]]
    left = rotation.normalize(left)
    up = rotation.normalize(up - left * (up @ left))
    return rotation.from_matrix(np.stack([left, np.cross(up, left), up], axis=-1))


def _facing(guide: Guide, stands: Array) -> Array:
    """Rotation (T, 4) of the photo's axes into the world so that the camera sees the photo.

    Up to `_FACING` away from where the avatar faces; from there on the person turns with it.
    """
    photo = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    seen = rotation.from_matrix(np.swapaxes(guide.view[:, :3, :3], 1, 2) @ photo)
    away = rotation.to_rotation_vector(rotation.multiply(seen, rotation.conjugate(stands)))
    angle = np.linalg.norm(away, axis=-1, keepdims=True)
    kept = away * np.minimum(1.0, _FACING / np.maximum(angle, 1e-9))
    return rotation.multiply(rotation.from_rotation_vector(kept), stands)


def _stretched_swing(above: Array, old: Array, new: Array, scale: float) -> Array:
    """Linear parts (T, 3, 3) that carry a bone's bind vector `old` (3,) onto `new` (T, 3) / scale.

    The smallest rotation from where the bone above would carry it, and a stretch along the bone.
    """
    length = float(np.linalg.norm(old))
    axis = old / length
    carried = (above @ axis[:, None])[..., 0]
    rigid = _rotation_part(above)
    swing = rotation.to_matrix(rotation.between(carried, new))
    factor = np.linalg.norm(new, axis=-1) / (scale * length)
    stretch = np.eye(3) + (factor - 1.0)[:, None, None] * np.outer(axis, axis)
    return swing @ rigid @ stretch


def _rotation_part(linear: Array) -> Array:
    """The nearest rotations to linear maps (T, 3, 3)."""
    left, _, right = np.linalg.svd(linear)
    return left @ right
