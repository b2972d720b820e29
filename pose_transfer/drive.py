"""A guide's avatar drives a character: where every bone of the person goes, frame by frame.

The person is scaled to the avatar and stands where it stands. Elbows, wrists and head lie exactly
where the camera sees the avatar's, so it sees the same gesture; trunk and head turn as the avatar's
do, from the way the person stands in the photo; the feet stay.
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
from .proportions import (
    proportions_of,
    proportions_of_rest,
    scale_between,
    skull_of,
    stance,
    stands,
    to_skull,
)
from .take import Take

# A camera that sees the avatar from the side up to this angle still sees the person as in the
# photo; only beyond it does the person turn.
_FACING: Final = np.radians(25.0)
TRUNK: Final = ("hips", "spine", "chest", "neck", "head", "clavicle")
"""Stems of the joints that turn as the avatar's do since its rest pose."""

# Shares of the way to the avatar's head that the neck, the head and all else of the person go.
_TOWARDS_HEAD: Final = {"neck": 0.75, "head": 1.0}
_WITH_HEAD: Final = 0.6

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
        Stretch or shrink trunk and legs a little so that the feet stand where the avatar's do;
        who does not stand in the photo is left as they are.

    Returns
    -------
    Take
        T frames, seen by the guide's camera.
    """
    return _Driver(character, guide, grounded).take()


class _Driver:
    def __init__(self, character: Character, guide: Guide, grounded: bool) -> None:
        self.character, self.guide = character, guide
        self.grounded = grounded and stands(character)
        self.scale = scale_between(
            proportions_of(character), proportions_of_rest(guide.rest), stature=self.grounded
        )
        self.positions: dict[str, Array] = {}
        self.linear: dict[str, Array] = {}

    def take(self) -> Take:
        self._trunk()
        self._neck()
        down = self._down()
        for bone in ("hips", "spine"):
            self.positions[bone] = self.positions[bone] + down * self._lowness(bone)
        for side in ("L", "R"):
            self._arm(side)
            self._hand(side)
            self._leg(side, down)
        character = self.character
        frames = len(self.guide)
        matrices = np.empty((frames, len(character.bones), 3, 4), np.float32)
        for i, bone in enumerate(character.bones):
            name = bone if bone in self.linear else "hand.R"
            linear = self.scale * self.linear[name]
            head = character.heads[character.bone(name)]
            matrices[:, i, :, :3] = linear
            matrices[:, i, :, 3] = self.positions[name] - linear @ head
        return Take(
            matrices=matrices,
            baton=self._baton(),
            view=self.guide.view,
            projection=self.guide.projection,
            size=self.guide.size,
        )

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
        upright = stance(guide.rest)
        facing = _facing(guide, upright)
        for bone in (*TRUNK[:-1], "clavicle.L", "clavicle.R"):
            # What the avatar has turned since it stood at rest, on top of the photo.
            moved = rotation.multiply(
                guide.rotations[:, skeleton.INDEX[bone]], rotation.conjugate(upright)
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

    def _neck(self) -> None:
        """The head where the camera sees the avatar's: the whole person and the neck go there."""
        turn = self.guide.rotations[:, skeleton.INDEX["head"]]
        skull = self._at("head") + rotation.rotate(turn, to_skull(self.guide.rest))
        above = skull_of(self.character) - self._head("head")
        ours = self.positions["head"] + self.scale * (self.linear["head"] @ above)
        to_camera = self.guide.to_camera(np.stack([skull, ours], axis=1))
        seen, own = to_camera[:, 0], to_camera[:, 1]
        # As deep as the person's own, which the camera does not see.
        depth = self.guide.projection[:, 3]
        there = seen[:, :2] * _clip_w(depth, own)[:, None] / _clip_w(depth, seen)[:, None]
        away = np.zeros_like(own)
        away[:, :2] = there - own[:, :2]
        away = np.einsum("tji,tj->ti", self.guide.view[:, :3, :3], away)
        for bone, place in self.positions.items():
            self.positions[bone] = place + _TOWARDS_HEAD.get(bone, _WITH_HEAD) * away
        neck, head = self.positions["neck"], self.positions["head"]
        old = self._head("head") - self._head("neck")
        self.linear["neck"] = _stretched_swing(self.linear["neck"], old, head - neck, self.scale)

    def _down(self) -> Array:
        """What the ankles lack to the avatar's at rest, (3,); zero unless it is to be grounded."""
        if not self.grounded:
            return np.zeros(3)
        hips, facing = np.median(self.positions["hips"], axis=0), np.median(self.facing, axis=0)
        feet = [f"foot.{side}" for side in "LR"]
        below = np.mean([self._head(foot) for foot in feet], axis=0) - self._head("hips")
        there = np.mean([self.guide.rest[skeleton.INDEX[foot], 2] for foot in feet])
        return np.array([0.0, 0.0, there - (hips + self.scale * (facing @ below))[2]])

    def _lowness(self, bone: str) -> float:
        """0 at the chest to 1 at the ankles."""
        top, at, ankle = (self._head(name)[2] for name in ("chest", bone, "foot.L"))
        return float(np.clip((top - at) / (top - ankle), 0.0, 1.0))

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

    def _leg(self, side: str, down: Array) -> None:
        """Hips move, feet stay as in the photo, knees go half of the way.

        `down` (3,) is how much lower the feet have to be than the person's own legs bring them.
        """
        hips = self.positions["hips"] - self._lowness("hips") * down
        rest = np.median(hips, axis=0)
        names = [f"{stem}.{side}" for stem in ("thigh", "shin", "foot")]
        facing = np.median(self.facing, axis=0)
        for bone, share in zip(names, (1.0, 0.5, 0.0), strict=True):
            still = rest + self.scale * (facing @ (self._head(bone) - self._head("hips")))
            moved = hips + self._offset(bone, "hips") - still
            lowness = 1.0 if bone == names[2] else self._lowness(bone)
            self.positions[bone] = still + share * moved + lowness * down
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


def _facing(guide: Guide, upright: Array) -> Array:
    """Rotation (T, 4) of the photo's axes into the world so that the camera sees the photo.

    Up to `_FACING` away from where the avatar faces; from there on the person turns with it.
    """
    photo = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    seen = rotation.from_matrix(np.swapaxes(guide.view[:, :3, :3], 1, 2) @ photo)
    away = rotation.to_rotation_vector(rotation.multiply(seen, rotation.conjugate(upright)))
    angle = np.linalg.norm(away, axis=-1, keepdims=True)
    kept = away * np.minimum(1.0, _FACING / np.maximum(angle, 1e-9))
    return rotation.multiply(rotation.from_rotation_vector(kept), upright)


def _clip_w(row: Array, points: Array) -> Array:
    """Last clip coordinate (T,) of camera points (T, 3); `row` (T, 4) is the projection's last."""
    return np.sum(row[:, :3] * points, axis=-1) + row[:, 3]


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
