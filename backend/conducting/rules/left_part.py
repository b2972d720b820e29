"""The left hand's part in a piece, for whoever conducts: by rules, or with a learned body.

A network that has averaged many performances beats with both hands throughout. Where the part has
the left hand do something of its own, that is what it does; where the part mirrors the beat, it
does what the network makes of it.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import joint_in_world
from retarget.rotation import Array

from .arms import solve_arm
from .cues import Cue
from .dynamics import Dynamics
from .gestures import plan_gestures
from .hand_shapes import shape_turns
from .left import LeftHand, left_hand
from .path import HandPath, beat_path
from .plan import Plan
from .strokes import Strokes

_PATH_DRAWS, _HAND_DRAWS, _GESTURE_DRAWS = 1, 4, 6
# The hand that mirrors beats a little smaller than the other.
_SHARE: Final = 0.9


def left_part(
    plan: Plan,
    grid: BeatGrid,
    dynamics: Dynamics,
    strokes: Strokes,
    cues: list[Cue],
    style: Style,
    seed: int,
    at: Array,
) -> tuple[LeftHand, HandPath]:
    """What the left hand does, and the beat as it would mirror it, right-handed.

    Parameters
    ----------
    plan, grid, dynamics, strokes, cues
        The music, as it is read.
    style : Style
        `left_hand` says how much it does of its own.
    seed : int
        Of its choices and its small movement.
    at : (T,) array
        Seconds.
    """
    path_draws, hand_draws, gesture_draws = (
        np.random.default_rng([seed, purpose])
        for purpose in (_PATH_DRAWS, _HAND_DRAWS, _GESTURE_DRAWS)
    )
    mirrored = replace(strokes, size=_SHARE * strokes.size)
    path = beat_path(plan, grid, mirrored, style, path_draws, at)
    gestures = plan_gestures(plan, grid, dynamics, strokes, cues, style, gesture_draws)
    return left_hand(path, plan, gestures, dynamics, style, hand_draws, at), path


def with_left(local: Array, root: Array, hand: LeftHand, aside: Array) -> dict[str, Array]:
    """Local rotations (T, 4) by name of a left arm that plays its part where that is its own.

    Parameters
    ----------
    local : (T, J, 4) array
        Local rotations of the canonical joints.
    root : (T, 3) array
        Of the hips, metres.
    hand : LeftHand
        The part.
    aside : (T,) array
        How far to the left the body stands, metres.
    """
    chest, chest_rotation = joint_in_world(local, root, "chest")
    # A hanging arm goes with its shoulder, a hand that plays with the weight alone.
    shoulder, _ = joint_in_world(local, root, "upper_arm.L")
    away = np.outer((1.0 - hand.lowered) * aside, [1.0, 0.0, 0.0])
    away += hand.lowered[:, None] * (shoulder - skeleton.REST[skeleton.INDEX["upper_arm.L"]])
    pose = replace(hand.pose, wrist=hand.pose.wrist + away)
    turns = solve_arm("L", pose, chest, chest_rotation, np.zeros(len(local)))
    return {
        name: rotation.slerp(local[:, skeleton.INDEX[name]], turn, hand.own)
        for name, turn in (turns | shape_turns("L", hand.shape)).items()
    }
