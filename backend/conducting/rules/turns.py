"""Where the beating hand turns: the pattern's points in space, as large as each stroke asks."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.grid.grouping import beat_groups
from backend.grid.meter import parse_meter
from backend.style import Style
from retarget.rotation import Array

from .curves import soft_clip
from .patterns import pattern_for
from .plan import Plan, Role
from .strokes import SIZE, Strokes

# Metres, in front of a conductor of the canonical skeleton; x < 0 is the right.
AXIS_X: Final = -0.295
"""Sideways place of the beat's axis, metres: in front of the shoulder and a little outside."""

_AXIS_Y: Final = -0.345
_LOWERED_WRIST: Final = np.array([-0.290, -0.070, 0.912])
# The path is drawn together towards these, which it never reaches: the other hand's side, and as
# far out as the arm goes in comfort.
_INNER_X: Final = -0.14
_OUTER_X: Final = -0.66
_BELT_Z: Final = 1.03
_PLANE_RANGE: Final = 0.33
_LOWEST_PLANE: Final = 0.98
_TOP_Z: Final = 1.74
_CEILING_Z: Final = 1.80
# The turn before a downbeat lies so many sizes above the plane; no other comes near it, however
# much it is accented.
_HIGHEST: Final = 1.42
_ACCENTED: Final = 1.12
# A pattern is so much wider than the table has it, and drawn back on its tops by this share.
_WIDTH: Final = 1.45
_PULL: Final = 0.55
_MOST_PULL: Final = 0.22
# Speeds through the ictus beside the table's; every beat also goes a little towards the players.
_THROUGH: Final = 1.15
_THROUGH_FORWARD: Final = -0.3
# Between legato and staccato the hand tilts by this much more at the wrist, radians.
_FLICK: Final = 0.13
_FLICK_LIGHT: Final = 0.30
_FLICK_SHARP: Final = 0.16
_FLICK_ACCENT: Final = 0.12
# A sustaining hand drifts at this speed (m/s), no further than this (m).
_DRIFT: Final = (0.045, 0.13)


@dataclass(frozen=True)
class Turns:
    """The hand at every turn of a plan, (K,) each, right-handed.

    Parameters
    ----------
    xy : (K, 2) array
        Sideways and forward place, metres.
    z : (K,) array
        Height, metres; without meaning at turns that are only drawn sideways.
    slope : (K, 2) array
        Velocity of `xy`, m/s.
    flick : (K,) array
        Tilt of the hand about its own swing, radians.
    """

    xy: Array
    z: Array
    slope: Array
    flick: Array


@dataclass(frozen=True)
class _Beats:
    """The pattern in space: places of each beat's ictus and of the top before it, (B,)."""

    low_x: Array
    low_z: Array
    top_x: Array
    top_z: Array
    prepared_z: Array
    after_x: Array
    after_z: Array
    forward: Array
    pull: Array
    through: Array
    axis: Array


def lay_turns(
    plan: Plan, grid: BeatGrid, strokes: Strokes, style: Style, rng: np.random.Generator
) -> Turns:
    """Position, velocity and tilt at every turn of the plan."""
    count = len(plan.times)
    turns = Turns(
        np.tile(_LOWERED_WRIST[:2], (count, 1)),
        np.full(count, _LOWERED_WRIST[2]),
        np.zeros((count, 2)),
        np.zeros(count),
    )
    if len(plan.ictus) == 0:
        return turns
    beats = _place_beats(plan, grid, strokes, style, rng)
    _beat(plan, grid, strokes, beats, turns)
    _divide(plan, strokes, style, beats, turns)
    _wait(plan, beats, turns)
    _cut_off(plan, strokes, beats, turns)
    ceiling = soft_clip(turns.z, 0.9, _CEILING_Z, 0.12)
    turns.z[:] = np.where(plan.at(Role.LOWERED), turns.z, ceiling)
    # A preparation rises from where the hand is, however high it was held.
    rising = np.flatnonzero(plan.at(Role.PREPARE))
    turns.z[rising] = np.maximum(turns.z[rising], turns.z[rising - 1] + 0.035)
    gain = _FLICK + _FLICK_LIGHT * (1.0 - strokes.weight) + _FLICK_SHARP * strokes.sharpness
    turns.flick[:] *= (gain + _FLICK_ACCENT * strokes.accent)[plan.beat]
    return turns


def _place_beats(
    plan: Plan, grid: BeatGrid, strokes: Strokes, style: Style, rng: np.random.Generator
) -> _Beats:
    sizes = strokes.size
    patterns = [
        pattern_for(int(n), parse_meter(meter)[0], beat_groups(int(n), meter))
        for n, meter in zip(grid.beats_in_bar, grid.meters, strict=True)
    ]
    number = grid.numbers - 1
    low = np.array([p.ictus[i] for p, i in zip(patterns, number, strict=True)])
    # The top before a beat, so that a change of meter is prepared in the new meter's way.
    top = np.array([p.rebound[i - 1] for p, i in zip(patterns, number, strict=True)])
    own_top = np.array([p.rebound[i] for p, i in zip(patterns, number, strict=True)])
    through = np.array([p.through[i] for p, i in zip(patterns, number, strict=True)])

    wide = (_WIDTH + 0.05 * rng.standard_normal()) * (
        1.0 + 0.2 * strokes.accent + 0.12 * strokes.breadth
    )
    axis = AXIS_X - 0.06 * (sizes / SIZE - 1.0) + 0.012 * rng.standard_normal()
    drift = rng.standard_normal((len(sizes), 5))
    plane = _BELT_Z + _PLANE_RANGE * style.plane_height + 0.008 * rng.standard_normal()
    # A large gesture is beaten lower, or its highest turn, the one before the downbeat, would be
    # lost against the reach of the arm.
    above = smooth_max(plane + _HIGHEST * sizes - _TOP_Z, 0.0, 0.03)
    planes = np.maximum(plane - above, _LOWEST_PLANE)
    spring = (0.72 + 0.56 * style.rebound) * (1.0 - 0.3 * strokes.breadth)
    lift = np.where(number == 0, 1.0 + 0.35 * (spring - 1.0), spring)
    lift = lift * (1.0 + 0.05 * drift[:, 0])

    low_x = axis + sizes * wide * low[:, 0] + 0.05 * sizes * drift[:, 1]
    low_z = planes + sizes * (low[:, 1] - 0.05 * strokes.accent) + 0.015 * sizes * drift[:, 2]
    top_x = axis + sizes * wide * top[:, 0] + 0.06 * sizes * drift[:, 3]
    # An accent is prepared by a larger upbeat.
    plain = top[:, 1] * lift
    raised = plain * (1.0 + 0.45 * strokes.accent)
    raised = np.where(number == 0, raised, np.minimum(raised, np.maximum(plain, _ACCENTED)))
    top_z = planes + sizes * raised
    pass_x = (
        _THROUGH * through[:, 0] * (1.0 - 0.6 * strokes.sharpness) * (1.0 + 0.3 * strokes.breadth)
    )
    # The speed through the ictus is meant after the path has been drawn together.
    pass_x = pass_x / np.maximum(draw_together(low_x)[1], 0.4)
    pass_y = (through[:, 1] + _THROUGH_FORWARD) * (1.0 - 0.5 * strokes.sharpness)
    # Towards the players in the loud and heavy, back to the body in the soft.
    forward = _AXIS_Y - 0.03 * (strokes.weight - 0.5)
    forward = forward - 0.05 * style.expression * (strokes.loud - 0.5)
    return _Beats(
        low_x=low_x,
        low_z=low_z,
        top_x=top_x,
        top_z=top_z,
        prepared_z=np.maximum(top_z, low_z + 0.9 * sizes) + 0.02,
        after_x=low_x + 0.35 * (own_top[:, 0] - low[:, 0]) * sizes,
        after_z=sizes * own_top[:, 1],
        forward=forward + 0.02 * sizes * drift[:, 4],
        pull=_MOST_PULL * np.tanh(_PULL * sizes * (1.0 + 0.4 * strokes.accent) / _MOST_PULL),
        through=np.stack([pass_x, pass_y], axis=1) * (sizes / plan.interval)[:, None],
        axis=axis,
    )


def _beat(plan: Plan, grid: BeatGrid, strokes: Strokes, beats: _Beats, turns: Turns) -> None:
    """Preparations, ictuses and the rebounds between them."""
    b = plan.beat
    sizes = strokes.size
    previous = np.maximum(b - 1, 0)
    back = np.stack([beats.top_x, beats.forward + beats.pull], axis=1)

    at = plan.at(Role.ICTUS)
    turns.xy[at] = np.stack([beats.low_x, beats.forward], axis=1)
    turns.z[at] = beats.low_z
    turns.slope[at] = beats.through
    turns.flick[at] = -0.25

    at = plan.at(Role.REBOUND)
    turns.xy[at] = back[b][at]
    base = np.maximum(beats.low_z[b], beats.low_z[previous])
    turns.z[at] = np.maximum(beats.top_z[b], base + 0.25 * sizes[b])[at]
    across = (beats.low_x[b] - beats.low_x[previous]) / plan.interval[previous]
    turns.slope[at, 0] = np.where(grid.numbers[b] == 1, 0.15, 0.55)[at] * across[at]
    turns.flick[at] = 1.0

    at = plan.at(Role.PREPARE)
    turns.xy[at] = back[b][at]
    turns.z[at] = beats.prepared_z[b][at]
    turns.flick[at] = 1.0


def _divide(plan: Plan, strokes: Strokes, style: Style, beats: _Beats, turns: Turns) -> None:
    """The second half of slow beats: a halt on the way up, or a smaller stroke."""
    top = np.flatnonzero(plan.at(Role.INNER_TOP))
    low, after = top + 1, top + 2
    b = plan.beat[top]
    start, rise = turns.z[top - 1], turns.z[after] - turns.z[top - 1]
    level = 0.42 * rise
    halt = level + 0.4 * (0.5 - style.subdivision) * rise
    stroke = level * (1.0 - 1.3 * (style.subdivision - 0.5))
    turns.z[top] = start + level
    turns.z[low] = start + (halt if style.subdivision <= 0.5 else stroke)
    toward = np.sign(beats.through[b, 0]) * strokes.size[b]
    turns.xy[top] = turns.xy[top - 1] + np.stack([0.06 * toward, 0.5 * beats.pull[b]], axis=1)
    turns.xy[low] = turns.xy[top - 1] + np.stack([0.16 * toward, 0.3 * beats.pull[b]], axis=1)
    turns.flick[top] = 0.3 + 0.3 * style.subdivision
    turns.flick[low] = 0.25 - 0.5 * max(style.subdivision - 0.5, 0.0)


def _wait(plan: Plan, beats: _Beats, turns: Turns) -> None:
    """Attention before the first beat, held notes that drift, and stops that do not."""
    b = plan.beat
    at = plan.at(Role.READY)
    turns.xy[at] = np.stack([beats.axis + 0.02, beats.forward + 0.02], axis=1)[b][at]
    turns.z[at] = (beats.low_z + 0.3 * (beats.prepared_z - beats.low_z))[b][at]
    turns.flick[at] = 0.1

    at = plan.at(Role.HOLD, Role.SUSTAIN)
    turns.xy[at] = np.stack([beats.after_x, beats.forward], axis=1)[b][at]
    share = np.where(plan.at(Role.SUSTAIN), 0.42, 0.27)
    turns.z[at] = (beats.low_z[b] + share * beats.after_z[b])[at]
    turns.flick[at] = 0.3
    # Nobody stands quite still: a waiting hand goes on rising a little, a sustaining one drifts.
    resting = plan.at(Role.HOLD, Role.READY)
    second = np.flatnonzero(resting[1:] & resting[:-1]) + 1
    turns.z[second] += 0.015
    turns.xy[second, 0] -= 0.015
    sustains = plan.at(Role.SUSTAIN)
    second = np.flatnonzero(sustains[1:] & sustains[:-1]) + 1
    way = np.minimum(_DRIFT[0] * (plan.times[second] - plan.times[second - 1]), _DRIFT[1])
    turns.z[second] += 0.45 * way
    turns.xy[second] += way[:, None] * [-0.85, -0.25]
    # What follows a held note goes on from where it has drifted.
    release = np.flatnonzero(plan.at(Role.RELEASE))
    turns.xy[release] = turns.xy[release - 1] + [-0.075, -0.02]
    closed = release + 1
    turns.xy[closed] = turns.xy[release - 1] + [0.02, 0.0]
    turns.z[closed] = turns.z[release - 1] + 0.012
    held = closed[np.isin(plan.roles[closed + 1], Role.HOLD)] + 1
    turns.xy[held] = turns.xy[held - 1] + [-0.01, 0.0]
    turns.z[held] = turns.z[held - 1] + 0.01


def _cut_off(plan: Plan, strokes: Strokes, beats: _Beats, turns: Turns) -> None:
    """Warning lift, loop outwards over the top, stop below on the inner side."""
    size = 0.55 * strokes.size[-1] + 0.05
    bottom = beats.low_z[-1]
    (lift,), (stop, _) = (np.flatnonzero(plan.at(role)) for role in (Role.LIFT, Role.STOP))
    x, y = (
        turns.xy[lift - 1]
        if plan.roles[lift - 1] == Role.SUSTAIN
        else (
            beats.low_x[-1],
            beats.forward[-1],
        )
    )
    turns.xy[lift] = [x + 0.08 * size, y + 0.02]
    turns.z[lift] = max(bottom + 1.1 * size, turns.z[lift - 1] + 0.05)
    turns.flick[lift] = 0.9
    turns.slope[lift, 0] = -0.8 * size / (plan.times[stop] - plan.times[lift])
    turns.xy[plan.at(Role.LOOP)] = [x - 0.6 * size, y - 0.02]
    at = plan.at(Role.STOP)
    turns.xy[at] = [x + 0.1 * size, y - 0.01]
    turns.z[at] = bottom + 0.28 * size + np.array([0.0, -0.012])
    turns.flick[at] = -0.2


def draw_together(x: Array) -> tuple[Array, Array]:
    """Sideways places squeezed between the inner and outer bound, and the squeeze's slope."""
    aside = x - AXIS_X
    bound = np.where(aside > 0.0, _INNER_X - AXIS_X, AXIS_X - _OUTER_X)
    share = np.tanh(aside / bound)
    return AXIS_X + bound * share, 1.0 - share**2


def smooth_max(a: Array, b: Array | float, width: float) -> Array:
    """The larger of both, without a corner where they meet."""
    return 0.5 * (a + b + np.sqrt((a - b) ** 2 + width**2))
