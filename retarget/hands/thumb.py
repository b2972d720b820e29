"""Where the thumb goes: along an open hand, against the index finger, across a fist."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from .. import rotation
from ..rotation import Array
from .curl import Curl
from .least_squares import least_squares
from .rest import Chain, HandRest

# What its two outer joints bend about, where it points as in the T-pose: its nail looks up and
# towards the body's middle. Found on the body's mesh.
_BENDS_ABOUT: Final = np.array([0.18, 0.36, 0.91])
# Half the thickness of thumb and finger at their pads, and how far along the last bone they lie.
PAD: Final = 0.075
PAD_ALONG: Final = 0.6

# Poses: rotation vector of the first joint from the T-pose, then bends of the outer two, radians.
OPEN: Final = np.array([0.20, 0.15, -0.08, 0.05, 0.12])
_OPPOSED: Final = np.array([0.25, 0.45, 0.05, 0.25, 0.30])
_PINCHING: Final = np.array([0.25, 0.55, 0.10, 0.35, 0.45])
_ROUND: Final = np.array([0.80, 0.35, -0.05, 0.00, 0.05])
_UNDER: Final = np.array([0.95, 0.42, -0.15, 0.05, 0.15])
_ACROSS: Final = np.array([1.00, 0.18, 0.08, 0.20, 0.50])
_BESIDE: Final = np.array([0.20, 0.20, 0.30, 0.10, 0.15])
# How strongly a pose is kept to, per radian, beside palms of distance and unit normals.
_HABIT: Final = np.array([0.30, 0.08, 0.08, 0.06, 0.06])
# How far below the side of a stretched index finger the thumb lies, beside how far out.
_LOW: Final = 1.0
_OVER: Final = 0.17
_LEAST_BEND: Final = -0.05
_REACH: Final = 2.0
# Half the thickness to which flesh gives way, and how much it minds.
_CORE: Final = 0.065
_SOLID: Final = 4.0
_FACE: Final = 0.12

# The motion's thumb in an open hand, and how it turns from there to a closed one.
_MOTION_OPEN: Final = np.array([0.0, 0.10, 0.05])
_MOTION_CLOSES: Final = np.array([0.0, 0.35, 0.35])
_MOST_CLOSED: Final = 1.3

# Curls of the index finger, radians, for which the closed thumb is worked out: beside the finger
# while it is stretched, opposite it, pad to pad with it, out of its tip's way, and across it in a
# fist.
_KNOTS: Final = np.array([0.0, 0.75, 1.25, 1.55, 1.80, 2.10, 2.35, 2.65])
_PINCHES: Final = np.array([False, False, True, True, False, False, False, False])
_FISTS: Final = np.array([False, False, False, False, False, False, True, True])
# The index finger of a fist leans so far to the others, radians.
_FIST_LEANS: Final = 0.22
_TOUCHES: Final = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0])


@dataclass(frozen=True)
class Thumb:
    """A thumb that can be posed by five numbers.

    Parameters
    ----------
    chain : Chain
        Its bones.
    """

    chain: Chain

    def turns(self, pose: Array) -> Array:
        """Rotations (..., N, 4) of its bones from the T-pose for poses (..., 5)."""
        turn = rotation.from_rotation_vector(pose[..., :3])
        turns = [turn]
        count = len(self.chain.bones)
        outer = [pose[..., 3], pose[..., 4]][max(0, 3 - count) :]
        for k, bend in enumerate(outer[: count - 1], start=1):
            turn = rotation.multiply(turn, rotation.from_axis_angle(self._axes[k], bend))
            turns.append(turn)
        turns += [turn] * (count - len(turns))
        return np.stack(turns, axis=-2)

    def pad(self, pose: Array) -> tuple[Array, Array]:
        """The middle of its pad (..., 3) and the way its pad looks (..., 3)."""
        turns = self.turns(pose)
        joints = self.chain.joints(turns)
        last = self.chain.spans[-1]
        looks = rotation.rotate(turns[..., -1, :], self._across)
        along = rotation.rotate(turns[..., -1, :], PAD_ALONG * last)
        return joints[..., -2, :] + along + PAD * looks, looks

    def outer(self, pose: Array) -> Array:
        """Points (..., P, 3) along its two outer bones, without the very first."""
        joints = self.chain.joints(self.turns(pose))[..., -3:, :]
        share = np.array([0.5, 1.0])[:, None]
        parts = [
            joints[..., k, None, :]
            + share * (joints[..., k + 1, :] - joints[..., k, :])[..., None, :]
            for k in range(joints.shape[-2] - 1)
        ]
        return np.concatenate(parts, axis=-2)

    @cached_property
    def _axes(self) -> Array:
        """What its bones bend about, in the T-pose, (N, 3)."""
        along = rotation.normalize(self.chain.spans)
        return rotation.normalize(_BENDS_ABOUT - along * (along @ _BENDS_ABOUT)[:, None])

    @cached_property
    def _across(self) -> Array:
        """The way the pad looks in the T-pose, (3,)."""
        return np.cross(self._axes[-1], rotation.normalize(self.chain.spans[-1]))


def thumb_poses(rest: HandRest, seen: Array, index_curl: Array) -> Array:
    """Poses (T, 5) of the thumb.

    Parameters
    ----------
    rest : HandRest
        The hand, with thumb and index finger.
    seen : (T, 4) array
        Rotation of the motion's thumb against its hand.
    index_curl : (T,) array
        How far the index finger's chord points down, radians.
    """
    moved = rotation.to_rotation_vector(seen) - _MOTION_OPEN
    closed = moved @ _MOTION_CLOSES / (_MOTION_CLOSES @ _MOTION_CLOSES)
    closed = np.clip(closed, 0.0, _MOST_CLOSED)[:, None]
    poses = np.tile(OPEN, (len(seen), 1))
    if closed.any():
        ends = closed_poses(rest).T
        against = np.stack([np.interp(index_curl, _KNOTS, end) for end in ends], axis=-1)
        poses += closed * (against - OPEN)
    poses[:, :3] += moved - closed * _MOTION_CLOSES
    return poses


def closed_poses(rest: HandRest) -> Array:
    """Poses (8, 5) of the closed thumb against an index finger of each curl in `_KNOTS`."""
    thumb = Thumb(rest.digits["thumb"][0])
    start = np.array([_BESIDE, _OPPOSED, _PINCHING, _PINCHING, _ROUND, _UNDER, _ACROSS, _ACROSS])
    if "index" not in rest.digits:
        return start
    index = _index(rest)
    places, faces = _meets(rest, *index)

    def residuals(poses: Array) -> Array:
        pad, looks = thumb.pad(poses)
        touches, place, face, habit = (
            each.reshape(len(_KNOTS), *(1,) * (poses.ndim - 2), -1)
            for each in (_TOUCHES, places, faces, start)
        )
        parts = [
            _REACH * touches * (pad - place),
            _FACE * touches * (looks + face),
            _HABIT * (poses - habit),
            np.minimum(poses[..., 3:] - _LEAST_BEND, 0.0),
            _SOLID * np.minimum(_room(thumb.outer(poses), index[1]) - 2.0 * _CORE, 0.0),
        ]
        return np.concatenate(parts, axis=-1)

    return least_squares(residuals, start)


def _index(rest: HandRest) -> tuple[Array, Array]:
    """Turns (8, N, 4) of the index finger's bones, and its joints (8, N + 1, 3)."""
    curl = Curl(rest, rest.digits["index"][0])
    turns = curl.pointing(_KNOTS, rest.direction(_KNOTS, _FISTS * _FIST_LEANS))
    return turns, curl.chain.joints(turns)


def _room(points: Array, joints: Array) -> Array:
    """Distances (8, ..., P × N) of points (8, ..., P, 3) from the bones between joints."""
    shape = (len(joints), *(1,) * (points.ndim - 2), joints.shape[1], 3)
    ends = joints.reshape(shape)
    starts, spans = ends[..., :-1, :], np.diff(ends, axis=-2)
    away = points[..., None, :] - starts
    share = np.sum(away * spans, axis=-1) / np.sum(spans * spans, axis=-1)
    away = away - np.clip(share, 0.0, 1.0)[..., None] * spans
    distance = np.linalg.norm(away, axis=-1)
    return distance.reshape(*distance.shape[:-2], -1)


def _meets(rest: HandRest, turns: Array, joints: Array) -> tuple[Array, Array]:
    """Where on the index finger the thumb's pad comes to lie, and the way the finger looks there.

    Places and directions, (8, 3) each.
    """
    chain = rest.digits["index"][0]
    count = len(chain.bones)
    last, before = count - 1, max(count - 2, 0)

    def at(bone: int, along: float) -> Array:
        return joints[:, bone] + along * (joints[:, bone + 1] - joints[:, bone])

    beside = np.tile(rotation.normalize(-rest.hinge - _LOW * rest.back), (len(_KNOTS), 1))
    pads = rotation.rotate(_down(turns[:, last], chain, last), -rest.back)
    backs = rotation.rotate(_down(turns[:, before], chain, before), rest.back)
    faces = np.where(_FISTS[:, None], backs, np.where(_PINCHES[:, None], pads, beside))
    places = np.where(
        _FISTS[:, None],
        at(before, 0.45),
        np.where(_PINCHES[:, None], at(last, PAD_ALONG), at(0, 0.5)),
    )
    # The thumb of a fist lies over two fingers.
    places += np.where(_FISTS[:, None], _OVER * rest.hinge, 0.0)
    return places + PAD * faces, faces


def _down(turns: Array, chain: Chain, bone: int) -> Array:
    """Rotations (..., 4) by which a bone's straightened self was bent."""
    straight = rotation.between(chain.spans[bone], [1.0, 0.0, 0.0])
    return rotation.multiply(turns, rotation.conjugate(straight))
