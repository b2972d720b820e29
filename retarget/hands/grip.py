"""How a right hand holds a baton: thumb and bent index on it, the others closed softly around."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import rotation
from ..rotation import Array
from .curl import Curl
from .least_squares import least_squares
from .rest import ALONG, HandRest
from .thumb import Thumb

# An ordinary baton: radii, metres, so far from the bulb's end.
_PROFILE_M: Final = np.array(
    [
        *((-0.002, 0.0), (0.003, 0.0068), (0.0135, 0.0101), (0.0285, 0.0080)),
        *((0.046, 0.0046), (0.065, 0.0028), (0.08, 0.0021), (0.40, 0.0010)),
    ]
)
# How far from the bulb's end thumb and index hold it, and where: in palms from the wrist, along the
# hand, towards the little finger, and out of its back.
_HELD_M: Final = 0.037
_HELD: Final = np.array([0.97, -0.262, -0.270])
# How the baton lies in the hand, beside its length: a little to the thumb and up.
_LIE: Final = np.array([0.978, -0.155, 0.140])

# Thumb (as `Thumb`), bends and way aside of the index finger: found once by least squares on the
# body's skin.
_THUMB: Final = np.array([0.163, 0.125, 0.005, 0.330, 0.419])
_INDEX: Final = np.array([0.653, 1.004, 1.000, -0.047])
# On which side of the baton the thumb lies: this far above the side, radians.
_ABOVE: Final = 0.25
_HABIT: Final = np.array([*([0.08] * 3), *([0.06] * 2), *([0.10] * 3), 0.20, 0.40, 0.08])
_REACH: Final = 2.0
_FACE: Final = 0.1
_SAME_PLACE: Final = 0.7
# How much the index finger minds going into it.
_SOLID: Final = 5.0
# The others: how far they close at most, and how much of a finger a touch may press in, palms.
_CLOSED: Final = (1.24, 1.27, 1.34)
_ASIDE: Final = (-0.14, -0.08, -0.04)
# How far the bent ones slant to the root of the thumb, where they all point in a fist, radians.
_SLANT: Final = (-0.36, -0.27, -0.20)
_FINGER: Final = 0.1
_PRESSED: Final = 0.008
_DIFFERENCE: Final = 1e-5
# How much of its way thumb or index rather lag behind the baton than bend far.
_EASE: Final = 1e-3
# What the thumb's pad stands out beyond `PAD`.
_SKIN: Final = 0.032


@dataclass(frozen=True)
class Baton:
    """A baton in the hand, in the frame of `HandRest`.

    Parameters
    ----------
    start, along : (3,) arrays
        Where its bulb ends and where it points.
    metre : float
        In palms.
    """

    start: Array
    along: Array
    metre: float

    def radius(self, way: Array) -> Array:
        """Of bulb or shaft so far from the end, palms; below zero where there is no baton."""
        way_m = way / self.metre
        ends = {"left": -1.0, "right": -1.0}
        return np.interp(way_m, _PROFILE_M[:, 0], _PROFILE_M[:, 1], **ends) * self.metre

    def off(self, points: Array) -> tuple[Array, Array]:
        """How far along the baton points (..., 3) lie (...), and the way there from it (..., 3)."""
        away = points - self.start
        way = away @ self.along
        return way, away - way[..., None] * self.along


@dataclass(frozen=True)
class Grip:
    """A hand around a baton.

    Parameters
    ----------
    rest : HandRest
        A hand that `can_grip`.
    baton : Baton
        As it lies most of the time.
    thumb : (5,) array
        As `Thumb` takes it.
    index : (4,) array
        Bends of the index finger's joints and its way aside, radians.
    efforts : tuple of float
        How far each of the others is bent (`Curl`).
    """

    rest: HandRest
    baton: Baton
    thumb: Array
    index: Array
    efforts: tuple[float, ...]

    def thumb_turns(self, along: Array) -> Array:
        """Turns (T, N, 4) of the thumb that stays on a baton that points along (T, 3)."""
        thumb = Thumb(self.rest.digits["thumb"][0])
        return thumb.turns(self._following(lambda pose: thumb.pad(pose)[0], self.thumb, along))

    def index_turns(self, along: Array) -> Array:
        """The same of the index finger."""

        def crook(pose: Array) -> Array:
            return chain.joints(_index_turns(self.rest, pose))[..., -2, :]

        chain = self.rest.digits["index"][0]
        return _index_turns(self.rest, self._following(crook, self.index, along))

    def other_turns(self, number: int, opening: Array) -> Array:
        """Turns (T, N, 4) of one of the other fingers, opened by an effort (T,)."""
        return _other_turns(self.rest, number, self.efforts[number] - opening)

    def _following(self, touch: Callable[[Array], Array], pose: Array, along: Array) -> Array:
        """Poses (T, P) whose touch goes with the baton, to first order the nearest to `pose`."""
        tries = np.vstack([np.zeros(len(pose)), _DIFFERENCE * np.eye(len(pose))])
        places = touch(pose + tries)
        slopes = (places[1:] - places[0]) / _DIFFERENCE
        way, _ = self.baton.off(places[0])
        moved = way * (along - self.baton.along)
        back = np.linalg.solve(slopes.T @ slopes + _EASE * np.eye(3), slopes.T)
        return np.asarray(pose + moved @ back)


def bulb_end(along: Array, hinge: Array, palm: float, metre: float) -> Array:
    """Where the bulb of a baton ends in a right hand, (3,), seen from the wrist.

    Parameters
    ----------
    along, hinge : (3,) arrays
        From the wrist to the knuckles, and across it from the index to the little finger's; unit.
    palm : float
        From the wrist to the middle of the knuckles.
    metre : float
        In the units of `palm`.
    """
    back = np.cross(hinge, along)
    place = palm * _HELD - _HELD_M * metre * _LIE
    return place @ np.stack([along, hinge, back])


def can_grip(rest: HandRest) -> bool:
    """Whether a hand has the joints for it."""
    return all(
        stem in rest.digits and len(rest.digits[stem][0].bones) >= 2 for stem in ("thumb", "index")
    )


def fit_grip(rest: HandRest, baton: Baton) -> Grip:
    """Close a hand that `can_grip` around a baton."""
    thumb, chain = Thumb(rest.digits["thumb"][0]), rest.digits["index"][0]
    outward = np.array([0.0, -1.0, 0.0])
    outward = rotation.normalize(outward - baton.along * (outward @ baton.along))
    above = np.cross(outward, baton.along)
    above = above if above[2] > 0.0 else -above
    nearest = 0.5 * _HELD_M * baton.metre
    place = max(float((_HELD - baton.start)[0] / baton.along[0]), nearest)
    habit = np.r_[_THUMB, _INDEX, place, _ABOVE]

    def residuals(values: Array) -> Array:
        pad, looks = thumb.pad(values[..., :5])
        place, angle = values[..., 9:10], values[..., 10:]
        side = np.cos(angle) * outward + np.sin(angle) * above
        radius = baton.radius(np.clip(place, nearest, None))
        held = baton.start + place * baton.along
        joints = chain.joints(_index_turns(rest, values[..., 5:9]))
        way, apart = baton.off(joints[..., -2, :])
        along, away = baton.off(_outer(joints))
        room = np.linalg.norm(away, axis=-1) - baton.radius(along) - _FINGER
        return np.concatenate(
            [
                _REACH * (pad - held - (radius + _SKIN) * side),
                _FACE * (looks + side),
                _REACH * (apart + (radius + _FINGER) * side),
                _SAME_PLACE * (way[..., None] - place),
                _SOLID * np.minimum(room, 0.0),
                _HABIT * (values - habit),
            ],
            axis=-1,
        )

    found = least_squares(residuals, habit[None])[0]
    others = range(len(rest.digits.get("fingers", ())))
    efforts = tuple(_closed(rest, number, baton) for number in others)
    return Grip(rest, baton, found[:5], found[5:9], efforts)


def _outer(joints: Array) -> Array:
    """Points (..., 6, 3) along the two outer bones between joints (..., N + 1, 3)."""
    share = np.array([0.35, 0.7, 1.0])[:, None]
    bones = (-2, -1) if joints.shape[-2] > 2 else (-1,)
    parts = [
        joints[..., bone - 1, None, :]
        + share * (joints[..., bone, :] - joints[..., bone - 1, :])[..., None, :]
        for bone in bones
    ]
    return np.concatenate(parts, axis=-2)


def _index_turns(rest: HandRest, pose: Array) -> Array:
    """Turns (..., N, 4) of the index finger for three bends and a way aside (..., 4)."""
    curl = Curl(rest, rest.digits["index"][0])
    count = len(curl.chain.bones)
    bends = np.zeros((*pose.shape[:-1], count))
    bends[..., :3] = pose[..., : min(3, count)]
    return curl.turns(bends, rotation.from_axis_angle(rest.back, pose[..., 3]))


def _other_turns(rest: HandRest, number: int, effort: Array) -> Array:
    """Turns (..., N, 4) of one of the other fingers around the baton, bent by an effort (...)."""
    curl = Curl(rest, rest.digits["fingers"][number])
    aside, slant = (
        rotation.from_axis_angle(axis, np.asarray(angles[min(number, 2)]))
        for axis, angles in ((rest.back, _ASIDE), (ALONG, _SLANT))
    )
    aside = rotation.multiply(slant, aside)
    return curl.turns(curl.bends(effort), np.broadcast_to(aside, (*effort.shape, 4)))


def _closed(rest: HandRest, number: int, baton: Baton) -> float:
    """How far a finger closes before it meets the baton."""
    efforts = np.arange(0.02, _CLOSED[min(number, 2)], 0.02)
    chain = rest.digits["fingers"][number]
    joints = chain.joints(_other_turns(rest, number, efforts))
    share = np.linspace(0.0, 1.0, 6)[:, None, None, None]
    way, apart = baton.off(joints[:, :-1] + share * (joints[:, 1:] - joints[:, :-1]))
    room = np.linalg.norm(apart, axis=-1) - baton.radius(way) - _FINGER
    free = np.logical_and.accumulate(room.min(axis=(0, 2)) > -_PRESSED)
    return float(efforts[max(int(free.sum()) - 1, 0)])
