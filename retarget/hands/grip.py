"""How a right hand holds a baton: thumb and bent index on it, the others closed softly around."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import rotation
from ..rotation import Array
from .curl import Curl
from .least_squares import least_squares
from .rest import HandRest
from .thumb import PAD, Thumb

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
_HELD: Final = np.array([0.97, -0.262, -0.285])
# How the baton lies in the hand, beside its length: a little to the thumb and up.
_LIE: Final = np.array([0.978, -0.155, 0.140])

# Thumb (as `Thumb`), bends and way aside of the index finger: found once by least squares on the
# body's skin.
_THUMB: Final = np.array([0.163, 0.125, 0.005, 0.330, 0.419])
_INDEX: Final = np.array([0.653, 1.004, 0.759, -0.047])
# On which side of the baton the thumb lies: this far above the side, radians.
_ABOVE: Final = 0.25
_HABIT: Final = np.array([*([0.08] * 3), *([0.06] * 2), *([0.10] * 3), 0.20, 0.40, 0.08])
_REACH: Final = 2.0
_FACE: Final = 0.1
_SAME_PLACE: Final = 0.3
# The others: how far they close at most, and how much of a finger a touch may press in, palms.
_CLOSED: Final = (0.02, 1.2)
_ASIDE: Final = (-0.18, -0.12, -0.07)
_FINGER: Final = 0.072
_PRESSED: Final = 0.008
# What the thumb's pad stands out beyond `PAD`.
_SKIN: Final = 0.009


@dataclass(frozen=True)
class Grip:
    """A hand around a baton, in the frame of `HandRest`.

    Parameters
    ----------
    thumb, index : (N, 4) arrays
        Turns of their bones from the T-pose.
    held : (3,) array
        The point between them, on the baton.
    efforts : tuple of float
        How far each of the others is bent (`Curl`).
    """

    thumb: Array
    index: Array
    held: Array
    efforts: tuple[float, ...]


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


def fit_grip(rest: HandRest, start: Array, along: Array, metre: float) -> Grip:
    """Close a hand around a baton.

    Parameters
    ----------
    rest : HandRest
        A hand that `can_grip`.
    start, along : (3,) arrays
        Where the bulb ends and where the baton points.
    metre : float
        In palms.
    """
    thumb, chain = Thumb(rest.digits["thumb"][0]), rest.digits["index"][0]
    curl = Curl(rest, chain)
    outward = np.array([0.0, -1.0, 0.0])
    outward = rotation.normalize(outward - along * (outward @ along))
    above = np.cross(outward, along)
    above = above if above[2] > 0.0 else -above
    joints = len(chain.bones)
    bends = _INDEX[:joints] if joints <= 3 else np.r_[_INDEX[:3], np.zeros(joints - 3)]
    place = max(float((_HELD - start)[0] / along[0]), 0.5 * _HELD_M * metre)
    habit = np.r_[_THUMB, _INDEX, place, _ABOVE]

    def posed(values: Array) -> tuple[Array, Array]:
        """Turns of the index finger's bones and its joints."""
        full = np.concatenate(
            [values[..., 5:8], np.zeros((*values.shape[:-1], max(joints - 3, 0)))], axis=-1
        )[..., : len(bends)]
        aside = rotation.from_axis_angle(rest.back, values[..., 8])
        turns = curl.turns(full, aside)
        return turns, chain.joints(turns)

    def residuals(values: Array) -> Array:
        pad, looks = thumb.pad(values[..., :5])
        place = values[..., 9:10]
        angle = values[..., 10:]
        side = np.cos(angle) * outward + np.sin(angle) * above
        radius = np.interp(place / metre, _PROFILE_M[2:, 0], _PROFILE_M[2:, 1]) * metre
        _, ends = posed(values)
        touch = ends[..., -2, :] - start
        way = (touch @ along)[..., None]
        apart = touch - way * along + (radius + PAD) * side
        return np.concatenate(
            [
                _REACH * (pad - start - place * along - (radius + _SKIN) * side),
                _FACE * (looks + side),
                _REACH * apart,
                _SAME_PLACE * (way - place),
                _HABIT * (values - habit),
            ],
            axis=-1,
        )

    found = least_squares(residuals, habit[None])[0]
    return Grip(
        thumb=thumb.turns(found[:5]),
        index=posed(found)[0],
        held=start + found[9] * along,
        efforts=tuple(
            _closed(Curl(rest, other), number, start, along, metre)
            for number, other in enumerate(rest.digits.get("fingers", ()))
        ),
    )


def others(rest: HandRest, number: int, effort: Array) -> Array:
    """Turns (..., N, 4) of one of the other fingers around the baton, bent by an effort (...)."""
    curl = Curl(rest, rest.digits["fingers"][number])
    aside = rotation.from_axis_angle(rest.back, np.asarray(_ASIDE[min(number, 2)]))
    return curl.turns(curl.bends(effort), np.broadcast_to(aside, (*effort.shape, 4)))


def _closed(curl: Curl, number: int, start: Array, along: Array, metre: float) -> float:
    """How far a finger closes before it meets the baton."""
    efforts = np.arange(*_CLOSED, 0.02)
    joints = curl.chain.joints(others(curl.rest, number, efforts))
    share = np.linspace(0.0, 1.0, 6)[:, None, None, None]
    points = joints[:, :-1] + share * (joints[:, 1:] - joints[:, :-1])
    way = (points - start) @ along
    away = np.linalg.norm(points - start - way[..., None] * along, axis=-1)
    # Beyond its ends there is no baton to meet.
    radius = (
        np.interp(way / metre, _PROFILE_M[:, 0], _PROFILE_M[:, 1], left=-1.0, right=-1.0) * metre
    )
    room = (away - radius - _FINGER).min(axis=(0, 2))
    free = np.logical_and.accumulate(room > -_PRESSED)
    return float(efforts[max(int(free.sum()) - 1, 0)])
