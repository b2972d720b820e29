"""Trunk, head and legs: sway, breath, nods and gaze over planted feet."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation
from retarget.rotation import Array

from .cues import Cue
from .curves import holds, sharp_bends, swing, wander
from .dynamics import Dynamics
from .legs import AHEAD_M, pelvis_over, planted_leg
from .limits import keep_within
from .plan import Plan, Role
from .stance import shift_m, with_weight
from .strokes import Strokes

# Knees give this much more into a heavy downbeat, and stretch this much with the breath, metres.
_KNEE_DIP: Final = 0.016
_KNEE_STRETCH: Final = 0.009
_BREATH_S: Final = 4.2
_GAZE_BEATS: Final = (6, 15)
_GAZE_YAW: Final = 0.55
# Of a normal draw: one look in seven goes into the score.
_SCORE_DRAW: Final = 1.07
# A cue is looked for this many beats ahead, and left this many after.
_CUE_AHEAD: Final = 1.4
_CUE_AFTER: Final = 0.7


@dataclass(frozen=True)
class Body:
    """Pelvis position (T, 3), local rotations of trunk, head and legs by joint name, and how far
    the shoulders are raised by the breath before a preparation, (T,) in [0, 1]."""

    root: Array
    rotations: dict[str, Array]
    breath: Array


def move_body(
    plan: Plan,
    grid: BeatGrid,
    strokes: Strokes,
    cues: list[Cue],
    dynamics: Dynamics,
    style: Style,
    rng: np.random.Generator,
    weight: Array,
    at: Array,
) -> Body:
    """Everything but arms and hands at the given times (T,) seconds.

    `weight` (T,) is what the legs bear (`stance.weight_on_legs`).
    """
    awake = plan.awake(at)
    bar = float(np.clip(_bar_length(grid, plan), 1.6, 6.0))
    amount = style.sway * (0.35 + 0.65 * awake)
    slow = [wander(at, [2.0 * bar, 4.1 * bar, 7.3 * bar], rng) for _ in range(4)]
    shift = wander(at, [9.0, 17.0, 29.0], rng)
    loud = dynamics.broad(at) - 0.5
    beat = _pulse(plan, grid, strokes, at)
    heavy = _heaviness(plan, strokes, style, at)
    intake = plan.intake(at)
    breath = np.sin(2.0 * np.pi * (at / _BREATH_S + rng.random()))

    side = amount * 0.062 * slow[0]
    turn = amount * 0.10 * slow[1]
    # Leaning into the soft, opening in the loud; a dip of the trunk with the heavy beats.
    forward = 0.015 + amount * (0.045 * slow[2] - 0.06 * loud * awake)
    dip = beat * (0.006 + 0.030 * heavy) * (0.4 + style.sway)
    knees = _KNEE_DIP * beat * heavy * (0.4 + style.sway)
    breathing = 0.010 * breath - 0.030 * intake

    gaze_yaw, gaze_pitch = _gaze(plan, cues, rng, at)
    zero = np.zeros(len(at))
    trunk = {
        "hips": (0.15 * forward, zero, 0.30 * turn + 0.02 * gaze_yaw),
        "spine": (0.45 * forward + 0.35 * dip, 0.70 * side, 0.35 * turn + 0.04 * gaze_yaw),
        "chest": (
            0.25 * forward + 0.65 * dip + breathing,
            0.40 * side,
            0.35 * turn + 0.10 * gaze_yaw,
        ),
        # Neck and head hold the gaze level against the trunk's lean.
        "neck": (
            -0.30 * forward + 0.4 * gaze_pitch + 0.9 * dip,
            -0.35 * side,
            -0.3 * turn + 0.36 * gaze_yaw,
        ),
        "head": (
            -0.30 * forward + 0.6 * gaze_pitch + 1.5 * dip - 0.4 * breathing,
            -0.40 * side + amount * 0.05 * slow[3],
            -0.3 * turn + 0.48 * gaze_yaw,
        ),
    }
    rotations = {}
    for name, (x, y, z) in trunk.items():
        vector = np.stack([x + zero, y + zero, z + zero], axis=1)
        rotations[name] = keep_within(rotation.from_rotation_vector(vector), name)
    rotations |= with_weight(rotations, weight)
    hips = rotations["hips"]
    root = pelvis_over(
        shift_m(weight, style) + 0.016 * amount * slow[0] + 0.006 * shift,
        0.012 * amount * slow[2] - AHEAD_M,
        knees - _KNEE_STRETCH * intake,
        hips,
    )
    for label in ("L", "R"):
        rotations |= planted_leg(label, root, hips)
    return Body(root, rotations, intake)


def _bar_length(grid: BeatGrid, plan: Plan) -> float:
    if len(grid) == 0:
        return 3.0
    return float(np.median(plan.interval) * np.median(grid.beats_in_bar))


def _heaviness(plan: Plan, strokes: Strokes, style: Style, at: Array) -> Array:
    """Weight of the strokes as time goes by, (T,)."""
    if len(plan.ictus) == 0:
        return np.full(len(at), style.weight)
    return np.interp(at, plan.ictus, strokes.weight)


def _pulse(plan: Plan, grid: BeatGrid, strokes: Strokes, at: Array) -> Array:
    """Nods: 1 into a medium downbeat, less into other beats, lifted before a downbeat, (T,)."""
    if len(grid) == 0:
        return np.zeros(len(at))
    # Clicks and tops between them alone: holds and cut-offs are not nodded.
    is_ictus, is_apex = plan.at(Role.ICTUS), plan.at(Role.REBOUND, Role.PREPARE)
    strong = (grid.numbers == 1)[plan.beat]
    strength = np.clip(strokes.size / 0.3, 0.3, 1.5)[plan.beat]
    accent = strokes.accent[plan.beat]
    values = np.where(is_ictus, np.where(strong, 1.0, 0.28 + 0.5 * accent) * strength, 0.0)
    values = np.where(is_apex & strong, -0.35 * strength, values)
    bend = sharp_bends(
        plan.times, values, is_ictus, is_apex, np.full(len(values), 2.0), np.full(len(values), 0.4)
    )
    return swing(plan.times, values, bend, at)


def _gaze(plan: Plan, cues: list[Cue], rng: np.random.Generator, at: Array) -> tuple[Array, Array]:
    """Where the conductor looks: yaw to the left and pitch downwards, radians, (T,) each."""
    if len(plan.ictus) == 0:
        starts = np.arange(0.0, max(float(at[-1]), 1.0) + 5.0, 5.0)
    else:
        steps = np.cumsum(rng.integers(*_GAZE_BEATS, size=len(plan.ictus) // _GAZE_BEATS[0] + 1))
        steps = steps[steps < len(plan.ictus)]
        starts = np.r_[-1e3, plan.ictus[steps] - 0.3]
    draws = rng.standard_normal((len(starts), 3))
    yaw = _GAZE_YAW * np.clip(0.55 * draws[:, 0], -1.0, 1.0)
    # Players sit lower than the conductor stands; now and then a look into the score.
    pitch = np.where(draws[:, 1] > _SCORE_DRAW, 0.28, 0.05 + 0.02 * np.tanh(draws[:, 2]))
    yaw[0], pitch[0] = 0.3 * yaw[0], 0.05
    # A look into the score goes straight down.
    yaw = np.where(pitch > 0.2, 0.2 * yaw, yaw)
    for cue in cues:
        # Who enters is looked at before and through the entry; then the eyes wander on.
        start = cue.time - _CUE_AHEAD * cue.interval - 0.2
        end = cue.time + _CUE_AFTER * cue.interval
        apart = (starts < start - 0.8) | (starts > end)
        starts = np.r_[starts[apart], start, end]
        yaw = np.r_[yaw[apart], cue.yaw, 0.4 * cue.yaw]
        pitch = np.r_[pitch[apart], 0.04, 0.05]
        order = np.argsort(starts, kind="stable")
        starts, yaw, pitch = starts[order], yaw[order], pitch[order]
    drift = 0.03 * wander(at, [3.1, 5.3, 8.9], rng)
    width = np.full(len(starts), 0.8)
    return holds(starts, yaw, width, at) + drift, holds(starts, pitch, width, at)
