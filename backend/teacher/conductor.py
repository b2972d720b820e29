"""`conduct`: a beat grid, loudness, a style and a seed become a conducting performance."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from backend.beats.grid import BeatGrid
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion, forward_kinematics
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .arms import solve_arm
from .body import move_body
from .dynamics import Dynamics
from .hands import finger_curls, left_hand, right_hand
from .path import HandPath, beat_path, beat_sizes
from .plan import make_plan

# Thumb and index hold the baton, the other fingers close around its end (shares of a fist).
_BATON_GRIP: Final = {"thumb": (0.25, 0.42), "index": (0.78, 0.0), "fingers": (1.05, 0.0)}
# The baton lies a little across the hand: up, and towards the left.
_BATON_LIE: Final = np.array([0.0, 0.08, 0.06])
# Fingers pass on this share of the wrist's flick to the baton, radians.
_FINGER_FLICK: Final = 0.10
_LEFT_SHARE: Final = 0.9


def conduct(
    grid: BeatGrid,
    *,
    duration: float,
    loudness: ArrayLike,
    style: Style,
    seed: int,
    fps: float,
    progress: Progress = no_progress,
) -> Motion:
    """Conduct the beats of a grid.

    The right wrist has one low point for each beat, at its time less `style.lead`; the path is
    worked out in continuous time and sampled, so this does not depend on the frame rate. Beats at
    or after `duration` are not conducted. Without any beats the conductor stands and listens.

    Parameters
    ----------
    grid : BeatGrid
        What is conducted.
    duration : float
        Seconds of music; the motion has round(duration × fps) frames, at least one.
    loudness : (N,) array
        In [0, 1] at 90 Hz (`Analysis.loudness`).
    style : Style
        How it is conducted.
    seed : int
        Human variation of amplitude, place, sway and the left hand's choices, not of timing.
    fps : float
        Frames per second.
    progress : Progress
        Hears how far it is; may raise Cancelled.

    Returns
    -------
    Motion
        With the conducted beats at their times in the music.
    """
    progress(0.0, "conducting")
    kept = grid.excerpt(0.0, duration)
    at = np.arange(max(1, round(duration * fps))) / fps
    dynamics = Dynamics.of(np.asarray(loudness, dtype=np.float64))
    streams = [np.random.default_rng([seed, purpose]) for purpose in range(5)]
    plan = make_plan(kept, duration, dynamics.sound_end(duration), style)
    sizes = beat_sizes(plan, dynamics, style) * (1.0 + 0.05 * streams[0].standard_normal())
    right_path = beat_path(plan, kept, sizes, style, streams[0], at)
    left_path = beat_path(plan, kept, _LEFT_SHARE * sizes, style, streams[1], at)
    progress(0.3, "conducting")
    body = move_body(plan, kept, sizes, dynamics, style, streams[2], at)
    right = right_hand(right_path, style, streams[3], at)
    left = left_hand(left_path, plan, kept, dynamics, style, streams[4], at)

    local = rotation.identity((len(at), len(skeleton.NAMES)))
    for name, turn in body.rotations.items():
        local[:, skeleton.INDEX[name]] = turn
    positions, world = forward_kinematics(local, body.root)
    progress(0.6, "conducting")
    chest = skeleton.INDEX["chest"]
    moves: dict[str, Array] = {}
    for side, pose, path in (("R", right, right_path), ("L", left.pose, left_path)):
        # Hanging arms go with the shoulders, a beating hand stays with the beat.
        shoulder = skeleton.INDEX[f"upper_arm.{side}"]
        carried = path.lowered[:, None] * (positions[:, shoulder] - skeleton.REST[shoulder])
        pose.wrist[:] += carried
        moves |= solve_arm(side, pose, positions[:, chest], world[:, chest])
    moves |= finger_curls("L", left.curl)
    moves |= _grip(right_path)
    for name, turn in moves.items():
        local[:, skeleton.INDEX[name]] = turn
    progress(1.0, "conducting")
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(rotation.normalize(local)),
        root=body.root,
        beats=kept.times.copy(),
        beat_numbers=kept.numbers.copy(),
        style=style.as_dict(),
        source={"model": "teacher", "seed": seed},
    )


def _grip(path: HandPath) -> dict[str, Array]:
    """Right fingers around the baton, and how it lies in them."""
    count = len(path.flick)
    turns = {}
    for name, (down, across) in _BATON_GRIP.items():
        vector = np.tile([0.0, -down, -across], (count, 1))
        turns[f"{name}.R"] = rotation.from_rotation_vector(vector)
    lie = np.tile(_BATON_LIE, (count, 1))
    lie[:, 1] += _FINGER_FLICK * path.flick * (1.0 - path.lowered)
    turns["baton"] = rotation.from_rotation_vector(lie)
    return turns
