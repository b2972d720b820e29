"""How the hands are held: the baton hand, and what both hands share."""

from typing import Final

import numpy as np

from backend.style import Style
from retarget import rotation
from retarget.rotation import Array

from .arms import HandPose
from .curves import smoothstep, wander
from .path import SHOULDER, HandPath

LOWERED_YAW: Final = -0.1
LOWERED_PITCH: Final = -1.2
LOWERED_ROLL: Final = 1.35
"""Angles of a hanging hand, radians."""

_BATON_YAW: Final = 0.1
_BATON_ROLL: Final = 0.42
_ICTUS_PITCH: Final = 0.07
# The hand tilts this much with its height, about as the forearm under it does.
_PITCH_PER_METRE: Final = 1.15
# A quick sideways move leaves the tip behind by this much, radians per m/s.
TRAIL: Final = 0.09
# Thumb and index hold the baton, the other fingers close around its end: as far as those of a hand
# around a baton are bent.
_BATON_GRIP: Final = {"thumb": (0.10, 0.42), "index": (1.15, 0.0), "fingers": (2.2, 0.0)}
# The baton lies a little across the hand: up, and towards the left.
_BATON_LIE: Final = np.array([0.0, 0.08, 0.16])
# Fingers pass on this share of the wrist's flick to the baton, and open by this share with it.
_FINGER_FLICK: Final = 0.32
_FINGER_OPENING: Final = 0.25


def right_hand(path: HandPath, style: Style, rng: np.random.Generator, at: Array) -> HandPose:
    """The baton hand: palm down, baton towards the orchestra, a flick at every ictus."""
    pitch = _ICTUS_PITCH + tilt(path, style) + path.flick
    yaw = _BATON_YAW - TRAIL * path.velocity_x + 0.25 * (SHOULDER[0] - path.position[:, 0])
    roll = _BATON_ROLL + 0.06 * wander(at, [5.0, 11.0], rng)
    return HandPose(
        path.position,
        mix(yaw, LOWERED_YAW, path.lowered),
        mix(pitch, LOWERED_PITCH, path.lowered),
        mix(roll, LOWERED_ROLL, path.lowered),
        elbow(style, path.position, path.lowered),
    )


def baton_grip(path: HandPath) -> dict[str, Array]:
    """Local rotations of the right fingers around the baton, and of the baton in them."""
    flick = path.flick * (1.0 - path.lowered)
    turns = {}
    for name, (down, across) in _BATON_GRIP.items():
        vector = np.tile([0.0, -down, -across], (len(flick), 1))
        vector[:, 1] += down * _FINGER_OPENING * flick
        turns[f"{name}.R"] = rotation.from_rotation_vector(vector)
    lie = np.tile(_BATON_LIE, (len(flick), 1))
    lie[:, 1] += _FINGER_FLICK * flick
    turns["baton"] = rotation.from_rotation_vector(lie)
    return turns


def tilt(path: HandPath, style: Style) -> Array:
    """How the hand tilts with its height, radians (T,)."""
    plane = 1.03 + 0.33 * style.plane_height
    rise = np.tanh((path.position[:, 2] - plane) * _PITCH_PER_METRE / 0.5) * 0.5
    return rise + 0.35 * (style.plane_height - 0.5)


def elbow(style: Style, wrist: Array, lowered: Array) -> Array:
    """How wide the elbow is held: with weight from the shoulder, with a high or far-out hand, and
    clear of the flank when the hand is near the body."""
    out = 0.62 * style.weight + 0.25 * smoothstep((wrist[:, 2] - 1.1) / 0.7)
    out = out + 0.2 * smoothstep((wrist[:, 1] + 0.32) / 0.1)
    out = out + 0.8 * (SHOULDER[0] - 0.1 - wrist[:, 0])
    return mix(out, 0.12, lowered)


def mix(a: Array, b: Array | float, share: Array) -> Array:
    """From `a` at share 0 to `b` at share 1."""
    return a + share * (b - a)
