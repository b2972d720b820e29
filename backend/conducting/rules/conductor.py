"""`conduct`: a beat grid, loudness, a style and a seed become a conducting performance."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from backend.audio.analysis import Analysis
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .arms import solve_arm
from .baton_hand import carry_baton, ease_left
from .body import Body, move_body
from .character import Character
from .cues import CUE_DRAWS, find_cues
from .dynamics import Dynamics
from .hand_shapes import shape_turns
from .hands import baton_grip, right_hand
from .left_part import left_part
from .path import beat_path
from .plan import make_plan
from .stance import shift_m, weight_on_legs
from .strokes import make_strokes

_CHEST: Final = skeleton.REST[skeleton.INDEX["chest"]]
_LEFT_HAND, _RIGHT_HAND = skeleton.INDEX["hand.L"], skeleton.INDEX["hand.R"]


def conduct(
    grid: BeatGrid,
    *,
    duration: float,
    loudness: ArrayLike,
    style: Style,
    seed: int,
    fps: float,
    character: Character | None = None,
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
    character : Character, optional
        How the music is played (`Character.of`): the strokes follow its articulation and accents
        by `style.articulation`. Without it every beat is struck as the style says.
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
    streams = [np.random.default_rng([seed, purpose]) for purpose in range(7)]
    plan = make_plan(kept, duration, dynamics, style)
    strokes = make_strokes(plan, kept, dynamics, character, style)
    strokes = replace(strokes, size=strokes.size * (1.0 + 0.05 * streams[0].standard_normal()))
    right_path = beat_path(plan, kept, strokes, style, streams[0], at)
    progress(0.3, "conducting")
    cues = find_cues(plan, dynamics, streams[CUE_DRAWS])
    weight = weight_on_legs(plan, kept, dynamics, seed, at)
    body = move_body(plan, kept, strokes, cues, dynamics, style, streams[2], weight, at)
    aside = shift_m(weight, style)
    right = right_hand(right_path, style, streams[3], at)
    left, left_path = left_part(plan, kept, dynamics, strokes, cues, style, seed, at)
    progress(0.5, "conducting")

    local = rotation.identity((len(at), len(skeleton.NAMES)))
    moves = dict(body.rotations)
    chest, chest_rotation = _chest(body)
    for side, pose, path in (("R", right, right_path), ("L", left.pose, left_path)):
        # Hanging arms go with the shoulders, a beating hand with the weight alone.
        offset = skeleton.REST[skeleton.INDEX[f"upper_arm.{side}"]]
        shoulder = chest + rotation.rotate(chest_rotation, offset - _CHEST)
        pose.wrist[:, 0] += (1.0 - path.lowered) * aside
        pose.wrist[:] += path.lowered[:, None] * (shoulder - offset)
        moves |= solve_arm(side, pose, chest, chest_rotation, body.breath)
    moves |= shape_turns("L", left.shape)
    moves |= baton_grip(right_path)
    for name, turn in moves.items():
        local[:, skeleton.INDEX[name]] = turn
    local = rotation.normalize(local)
    local[:, _RIGHT_HAND] = carry_baton(local, body.root, fps)
    local[:, _LEFT_HAND] = ease_left(local[:, _LEFT_HAND])
    progress(1.0, "conducting")
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(local),
        root=body.root,
        beats=kept.times.copy(),
        beat_numbers=kept.numbers.copy(),
        style=style.as_dict(),
        source={"model": "teacher", "seed": seed},
    )


def conduct_taught(
    grid: BeatGrid,
    analysis: Analysis,
    *,
    style: Style,
    seed: int,
    fps: float,
    progress: Progress = no_progress,
) -> Motion:
    """Conduct the beats of a grid as the analysed music is played; parameters as of `conduct`."""
    return conduct(
        grid,
        duration=analysis.duration,
        loudness=analysis.loudness,
        style=style,
        seed=seed,
        fps=fps,
        character=Character.of(analysis),
        progress=progress,
    )


def _chest(body: Body) -> tuple[Array, Array]:
    """World position (T, 3) and rotation (T, 4) of the chest joint."""
    position, world = body.root, body.rotations["hips"]
    place = skeleton.REST[skeleton.INDEX["hips"]]
    for name in ("spine", "chest"):
        joint = skeleton.REST[skeleton.INDEX[name]]
        position = position + rotation.rotate(world, joint - place)
        world, place = rotation.multiply(world, body.rotations[name]), joint
    return position, world
