"""How fingers lie: around a baton, or as relaxed hands curl, from the guide's three curls.

The avatar has one joint each for thumb, index and the other fingers. Real fingers differ: the
knuckles bend first and least, the little finger curls more than the index, open fingers spread,
and the thumb stands across the palm. All numbers are for a left hand that lies as in the canonical
T-pose (fingers along +x, thumb towards −y, palm down), but with its knuckles level, index to little
finger, which is the line that fingers bend about; a right hand is its mirror image.
"""

from functools import cache
from typing import Final

import numpy as np

from retarget import rotation
from retarget.body.model import FINGERS, INDEX, alignment, load_body
from retarget.rotation import Array

_MIRROR: Final = np.array([1.0, -1.0, -1.0])
PHALANGES: Final = (1, 2, 3)

# How far each phalanx has turned from the hand, radians: at curl 0, and more per radian of it.
_STRAIGHT: Final = (0.02, 0.07, 0.11)
_PER_CURL: Final = (0.62, 1.42, 1.85)
# How much more than the middle finger each one curls, as a share and always; its spread, open.
_EAGER: Final = {"index": 0.92, "middle": 1.0, "ring": 1.06, "pinky": 1.12}
_ALWAYS: Final = {"index": 0.0, "middle": 0.0, "ring": 0.03, "pinky": 0.07}
_SPREAD: Final = {"index": -0.10, "middle": -0.015, "ring": 0.075, "pinky": 0.18}
# Fingers curled this far lie side by side; none closes or bends back further than this.
_TOGETHER, _CLOSED, _BACK = 1.1, 1.8, -0.35

# The thumb bends about this axis, its metacarpal turned like this in an open hand.
_THUMB_AXIS: Final = np.array([0.533, 0.0, 0.846])
_THUMB_OPEN: Final = np.array([0.0, -0.15, -0.10])
# The guide's thumb in an open hand, and how it turns from there to a fist.
_GUIDE_OPEN: Final = np.array([0.0, 0.10, 0.05])
_GUIDE_CLOSES: Final = np.array([0.0, 0.35, 0.35])
_THUMB_FOLLOWS: Final = 1.2
# What both its joints bend in an open hand, and more in a fist.
_THUMB_BENDS: Final = ((0.0, 0.59), (0.10, 0.74))

# Around a baton. Found once by least squares on the mean body's skin: the thumb's pad and the
# index's middle phalanx touch the stick, no vertex lies deeper than 1 mm in stick or cork, and the
# other fingers close loosely around the cork.
_GRIP_THUMB: Final = np.array([-0.082, -0.265, 0.060])
_GRIP_THUMB_BENDS: Final = (0.330, 0.419)
_GRIP: Final[dict[str, tuple[tuple[float, float, float], float]]] = {
    "index": ((0.653, 1.657, 2.416), -0.047),
    "middle": ((0.88, 2.23, 2.93), -0.06),
    "ring": ((0.98, 2.38, 3.13), -0.02),
    "pinky": ((1.00, 2.38, 3.13), -0.02),
}
_HELD_AT: Final = np.array([0.0980, -0.0289, -0.0303])
_PALM: Final = 0.1034


def finger_turns(side: str, curls: dict[str, Array], holding: bool) -> dict[str, Array]:
    """Where the phalanges turn.

    Parameters
    ----------
    side : str
        "L" or "R".
    curls : dict of str to (T, 3) array
        Rotation vectors of the guide's joints "thumb", "index" and "fingers" against its hand.
    holding : bool
        Whether the hand holds a baton, whatever the curls.

    Returns
    -------
    dict of str to (T, 4) array
        Rotations of the bones "thumb.01" … "pinky.03" from the canonical T-pose, in the frame of
        the hand.
    """
    count = len(curls["thumb"])
    mirror = _MIRROR if side == "R" else np.ones(3)
    turns = _thumb_holding(count) if holding else _thumb(curls["thumb"] * mirror)
    for finger in FINGERS[1:]:
        if holding:
            bends, spread = _GRIP[finger]
            bent = np.tile(bends, (count, 1))
            aside = np.tile([0.0, 0.0, spread], (count, 1))
        else:
            joint = "index" if finger == "index" else "fingers"
            bent, aside = _curled(finger, curls[joint] * mirror)
        for i in PHALANGES:
            turn = rotation.multiply(rotation.from_rotation_vector(aside), _about_y(bent[:, i - 1]))
            turns[f"{finger}.{i:02d}"] = _in_t_pose(turn)
    return {name: turn * np.append(1.0, mirror) for name, turn in turns.items()}


def held_at(hand: Array, turn: Array, palm: float) -> Array:
    """Where a right hand holds the baton, (3,).

    Parameters
    ----------
    hand : (3,) array
        The wrist.
    turn : (4,) array
        Rotation of the hand from the canonical T-pose.
    palm : float
        From the wrist to the middle finger's first joint, in the units of `hand`.
    """
    held = rotation.rotate(rotation.conjugate(_level()), _HELD_AT) * [-1.0, 1.0, 1.0]
    return hand + rotation.rotate(turn, held * (palm / _PALM))


def _curled(finger: str, curl: Array) -> tuple[Array, Array]:
    """Turns of the phalanges down (T, 3), and the whole finger's rotation vectors aside (T, 3)."""
    down = np.minimum(_EAGER[finger] * curl[:, 1] + _ALWAYS[finger], _CLOSED)
    bent = np.maximum(np.array(_STRAIGHT) + down[:, None] * np.array(_PER_CURL), _BACK)
    aside = curl * [1.0, 0.0, 1.0]
    aside[:, 2] += _SPREAD[finger] * np.clip(1.0 - down / _TOGETHER, 0.0, 1.0)
    return bent, aside


def _thumb(curl: Array) -> dict[str, Array]:
    moved = curl - _GUIDE_OPEN
    closed = moved @ _GUIDE_CLOSES / (_GUIDE_CLOSES @ _GUIDE_CLOSES)
    first, second = (start + more * closed for start, more in _THUMB_BENDS)
    return _thumb_chain(_THUMB_OPEN + _THUMB_FOLLOWS * moved, first, second)


def _thumb_holding(count: int) -> dict[str, Array]:
    first, second = (np.full(count, bend) for bend in _GRIP_THUMB_BENDS)
    return _thumb_chain(np.tile(_GRIP_THUMB, (count, 1)), first, second)


def _thumb_chain(metacarpal: Array, first: Array, second: Array) -> dict[str, Array]:
    turn = rotation.from_rotation_vector(metacarpal)
    turns = {}
    for i, bend in zip(PHALANGES, (np.zeros(len(turn)), first, second), strict=True):
        turn = rotation.multiply(turn, rotation.from_axis_angle(_THUMB_AXIS, bend))
        turns[f"thumb.{i:02d}"] = rotation.multiply(_in_t_pose(turn), _thumb_at_rest()[i - 1])
    return turns


@cache
def _thumb_at_rest() -> Array:
    """Rotations (3, 4) of the left thumb's bones against the hand in the body's rest pose."""
    body = load_body()
    turns = alignment(body.shape(np.zeros(body.components)))
    bones = [INDEX[f"thumb.{i:02d}.L"] for i in PHALANGES]
    return rotation.multiply(rotation.conjugate(turns[INDEX["hand.L"]]), turns[bones])


def _in_t_pose(turn: Array) -> Array:
    """A turn (..., 4) of the hand with level knuckles, in the frame of the T-pose's hand."""
    return rotation.multiply(rotation.multiply(rotation.conjugate(_level()), turn), _level())


@cache
def _level() -> Array:
    """Rotation (4,) of the T-pose's left hand about its length that brings its knuckles level."""
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    back = rotation.conjugate(alignment(shape)[INDEX["hand.L"]])
    ends = [shape.heads[INDEX[f"{finger}.01.L"]] for finger in ("pinky", "index")]
    _, y, z = rotation.rotate(back, ends[1] - ends[0])
    return rotation.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.arctan2(z, -y))


def _about_y(angle: Array) -> Array:
    return rotation.from_axis_angle(np.array([0.0, 1.0, 0.0]), angle)
