"""What wrists, taught or learned, are held to: no hand hangs, and the baton goes on in the line of
the forearm."""

from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.motion import joint_in_world
from retarget.rotation import Array

from .curves import smoothed, smoothstep, soft_clip
from .limits import from_turns, turns_of

_FOREARM: Final = skeleton.INDEX["forearm.R"]
_HAND: Final = skeleton.INDEX["hand.R"]
_BATON: Final = skeleton.INDEX["baton"]
# A hand whose baton is on the average below the first of these elevations is held this much higher,
# one above the second as high as it is. The average is over so many seconds, so that the wrist's
# flick at every beat stays what it was; radians.
_LIFT: Final = np.radians(10.0)
_LIFTED: Final = np.radians([28.0, 58.0])
_AVERAGE_S: Final = 0.6
# Then the tip stays between two elevations, and comes to these ends ever more slowly within a share
# of the way.
_TIP: Final = np.radians([5.0, 59.0])
_TIP_EASE: Final = 0.25
# How far the wrist turns about itself, bends to the back of the hand and to the palm, and leans to
# the thumb and to the little finger; radians: far from the ends of its range.
_TWIST: Final = np.radians([-2.9, 2.9])
_BENT: Final = np.radians([-45.0, 18.0])
_ASIDE: Final = np.radians([-18.0, 18.0])
_WRIST_EASE: Final = 0.2
_ASIDE_EASE: Final = 0.3
# From the first to the second of these elevations of the forearm it is raised to beat, radians.
_RAISED: Final = np.radians([-55.0, -30.0])
_UP: Final = np.array([0.0, 0.0, 1.0])


def carry_baton(local: Array, root: Array, fps: float) -> Array:
    """Local rotations (T, 4) of a right hand that carries its baton instead of letting it hang.

    The path of the wrist, and with it every beat, stays as it is. An arm that hangs is left alone.

    Parameters
    ----------
    local : (T, J, 4) array
        Local rotations of the canonical joints.
    root : (T, 3) array
        Of the hips, metres.
    fps : float
        Frames per second.
    """
    _, forearm = joint_in_world(local, root, "forearm.R")
    hand = rotation.multiply(forearm, local[:, _HAND])
    raised = smoothstep((_elevation(_way(forearm, _FOREARM)) - _RAISED[0]) / np.ptp(_RAISED))
    baton = _way(rotation.multiply(hand, local[:, _BATON]), _BATON)
    now = _elevation(baton)
    usual = smoothed(now, _AVERAGE_S * fps)
    low = 1.0 - smoothstep((usual - _LIFTED[0]) / np.ptp(_LIFTED))
    wanted = soft_clip(now + _LIFT * low, _TIP[0], _TIP[1], _TIP_EASE)
    level = np.cross(baton, _UP)
    level /= np.maximum(np.linalg.norm(level, axis=-1, keepdims=True), 1e-6)
    lift = rotation.from_axis_angle(level, wanted - now)
    lifted = rotation.multiply(lift, hand)
    turns = turns_of(rotation.multiply(rotation.conjugate(forearm), lifted), 0)
    # On the right, bends have the other sign than in the table of limits.
    turns[:, 0] = soft_clip(turns[:, 0], _TWIST[0], _TWIST[1], _WRIST_EASE)
    turns[:, 1] = -soft_clip(-turns[:, 1], _BENT[0], _BENT[1], _WRIST_EASE)
    turns[:, 2] = -soft_clip(-turns[:, 2], _ASIDE[0], _ASIDE[1], _ASIDE_EASE)
    return rotation.slerp(local[:, _HAND], from_turns(turns, 0), raised)


def ease_left(hand: Array) -> Array:
    """Local rotations (T, 4) of a left hand whose wrist bends no further than is easy."""
    turns = turns_of(hand, 0)
    turns[:, 1] = soft_clip(turns[:, 1], _BENT[0], _BENT[1], _WRIST_EASE)
    return from_turns(turns, 0)


def _way(world: Array, joint: int) -> Array:
    """Where the bone of a joint with the given world rotations (T, 4) points, (T, 3)."""
    return rotation.rotate(world, rotation.normalize(skeleton.TAILS[joint] - skeleton.REST[joint]))


def _elevation(way: Array) -> Array:
    return np.arcsin(np.clip(way[:, 2], -1.0, 1.0))
