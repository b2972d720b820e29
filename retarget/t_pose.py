"""The canonical T-pose's directions, and how a hand is turned in it."""

from typing import Final

import numpy as np

from . import rotation, skeleton
from .rotation import Array

TWIST_SHARES: Final = {"hand": 1.0, "forearm": 0.5}
"""How much of the hand's turn about its length each bone of the arm takes."""

_AIM: Final = {"upper_arm": "forearm", "forearm": "hand"}


def canonical_direction(joint: str) -> Array:
    """Direction (3,) of a joint's bone in the canonical T-pose."""
    start = skeleton.REST[skeleton.INDEX[joint]]
    stem, side = joint.rsplit(".", 1) if "." in joint else (joint, "")
    if stem in _AIM:
        end = skeleton.REST[skeleton.INDEX[f"{_AIM[stem]}.{side}"]]
    else:
        end = skeleton.TAILS[skeleton.INDEX[joint]]
    return rotation.normalize(end - start)


def knuckle_twist(side: str, knuckles: Array) -> float:
    """How far a hand that points as in the T-pose still has to turn about its length, radians.

    Parameters
    ----------
    side : str
        "L" or "R".
    knuckles : (3,) array
        From the middle of the other fingers' first joints, thumb aside, to the index finger's.
    """
    rest = skeleton.REST
    want = rest[skeleton.INDEX[f"index.{side}"]] - rest[skeleton.INDEX[f"fingers.{side}"]]
    return turn_about(canonical_direction(f"hand.{side}"), knuckles, want)


def thumb_twist(side: str, thumb: Array) -> float:
    """The same by a thumb's end, seen from the wrist, (3,)."""
    want = skeleton.TAILS[skeleton.INDEX[f"thumb.{side}"]]
    want = want - skeleton.REST[skeleton.INDEX[f"hand.{side}"]]
    return turn_about(canonical_direction(f"hand.{side}"), thumb, want)


def turn_about(axis: Array, have: Array, want: Array) -> float:
    """How far `have` must turn about a unit axis to come as near as it can to `want`, radians."""
    have, want = (way - axis * (way @ axis) for way in (have, want))
    return float(np.arctan2(np.cross(have, want) @ axis, have @ want))
