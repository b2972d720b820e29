"""The path of a beating hand: from the plan's turns to positions in space.

Everything here is written for the right hand; the left hand's path is the mirror image of one
made with its own variation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.beats.grid import BeatGrid, parse_meter
from backend.style import Style
from retarget.rotation import Array

from .curves import hermite, sharp_bends, soft_clip, swing
from .dynamics import Dynamics
from .patterns import pattern_for
from .plan import Plan, Role

# Metres, in front of a conductor of the canonical skeleton; x < 0 is the right.
SHOULDER: Final = np.array([-0.18, 0.0, 1.42])
LOWERED_WRIST: Final = np.array([-0.262, -0.075, 0.908])
_AXIS_X: Final = -0.295
_AXIS_Y: Final = -0.345
# The path is drawn together towards these, which it never reaches: the other hand's side, and as
# far out as the arm goes in comfort.
_INNER_X: Final = -0.14
_OUTER_X: Final = -0.66
_BELT_Z: Final = 1.03
_PLANE_RANGE: Final = 0.33
_LOWEST_PLANE: Final = 0.98
_TOP_Z: Final = 1.74
_CEILING_Z: Final = 1.80
# The turn before a downbeat lies so many sizes above the plane.
_HIGHEST: Final = 1.42
# The wrist may be this far from the resting shoulder (the arm is 0.54 m long), and no nearer to
# the trunk's middle plane than this while it beats.
_REACH: Final = 0.505
_NEAREST_Y: Final = 0.2
# Height of an ordinary rebound at medium loudness and 80 beats per minute in the medium style:
# with the pattern table's shares its mean rise is the 0.30 m of motion capture.
_SIZE: Final = 0.32
_REFERENCE_BEAT_S: Final = 0.75
# The largest style beats this many times as large as the smallest.
_SIZE_RANGE: Final = 3.8


@dataclass(frozen=True)
class HandPath:
    """A hand over time, (T,) frames, right-handed: mirror x for the left.

    Parameters
    ----------
    position : (T, 3) array
        Wrist, metres.
    velocity_x : (T,) array
        Its sideways velocity, m/s.
    flick : (T,) array
        Tilt of the hand about its own swing: about −0.25 at the ictus, 1 on top.
    lowered : (T,) array
        1 with the arm down, 0 while conducting.
    size : (B,) array
        Size of the pattern at each beat, metres.
    """

    position: Array
    velocity_x: Array
    flick: Array
    lowered: Array
    size: Array


def beat_sizes(plan: Plan, dynamics: Dynamics, style: Style) -> Array:
    """Size of the pattern at each beat, metres, (B,): style, loudness and tempo."""
    if len(plan.ictus) == 0:
        return np.zeros(0)
    beat = np.minimum(plan.interval, np.r_[plan.interval[:1], plan.interval[:-1]])
    ratio = beat / _REFERENCE_BEAT_S
    tempo = np.where(ratio < 1.0, ratio**1.3, ratio**0.35)
    tempo = np.minimum(tempo, 1.35)
    loud = np.exp(1.5 * style.expression * (dynamics.ahead(plan.ictus) - 0.5))
    own = _SIZE_RANGE ** (style.size - 0.5)
    short = 1.0 - 0.22 * max(style.sharpness - 0.4, 0.0) / 0.6
    return soft_clip(_SIZE * own * loud * tempo * short, 0.015, 0.58)


def beat_path(
    plan: Plan,
    grid: BeatGrid,
    sizes: Array,
    style: Style,
    rng: np.random.Generator,
    at: Array,
) -> HandPath:
    """Where the beating wrist is at the given times.

    Parameters
    ----------
    plan : Plan
        Turns in time.
    grid : BeatGrid
        Beats of the plan.
    sizes : (B,) array
        Size of the pattern at each beat, metres.
    style : Style
        Sharpness, rebound, plane height and weight shape the path.
    rng : Generator
        Human variation of amplitude and place; never of timing.
    at : (T,) array
        Seconds.
    """
    turns = _turns(plan, grid, sizes, style, rng)
    vertical = ~plan.at(Role.LOOP)
    times, z = plan.times[vertical], turns.z[vertical]
    is_ictus = plan.at(Role.ICTUS)[vertical]
    is_apex = plan.at(Role.REBOUND, Role.PREPARE)[vertical]
    power = np.full(len(times), 2.0 + 2.6 * style.sharpness**1.5)
    roundness = 0.85 * (1.0 - style.sharpness)
    bend = sharp_bends(times, z, is_ictus, is_apex, power, roundness)
    height = swing(times, z, bend, at)
    still = plan.at(Role.LOWERED, Role.READY, Role.HOLD, Role.STOP)
    flat, velocity = hermite(plan.times, turns.xy, turns.slope, still, at)
    tilt = turns.flick[vertical]
    snap = sharp_bends(times, tilt, is_ictus, is_apex, power + 1.0 + style.sharpness, 0.0)
    flick = swing(times, tilt, snap, at)
    lowered = swing(times, plan.at(Role.LOWERED)[vertical].astype(float), np.zeros(len(times)), at)
    position = np.concatenate([flat, height[:, None]], axis=1)
    position = _within_reach(position, lowered)
    return HandPath(position, velocity[:, 0], flick, lowered, sizes)


@dataclass(frozen=True)
class _Turns:
    xy: Array
    z: Array
    slope: Array
    flick: Array


def _turns(
    plan: Plan, grid: BeatGrid, sizes: Array, style: Style, rng: np.random.Generator
) -> _Turns:
    """Position, velocity and tilt at every turn of the plan."""
    count, beats = len(plan.times), len(plan.ictus)
    xy = np.tile(LOWERED_WRIST[:2], (count, 1))
    z = np.full(count, LOWERED_WRIST[2])
    slope = np.zeros((count, 2))
    flick = np.zeros(count)
    if beats == 0:
        return _Turns(xy, z, slope, flick)
    patterns = [
        pattern_for(int(n), parse_meter(meter)[0])
        for n, meter in zip(grid.beats_in_bar, grid.meters, strict=True)
    ]
    number = grid.numbers - 1
    low = np.array([p.ictus[i] for p, i in zip(patterns, number, strict=True)])
    # The top before a beat, so that a change of meter is prepared in the new meter's way.
    top = np.array([p.rebound[i - 1] for p, i in zip(patterns, number, strict=True)])
    own_top = np.array([p.rebound[i] for p, i in zip(patterns, number, strict=True)])
    through = np.array([p.through[i] for p, i in zip(patterns, number, strict=True)])

    wide = 1.2 + 0.05 * rng.standard_normal()
    axis = _AXIS_X - 0.06 * (sizes / _SIZE - 1.0) + 0.012 * rng.standard_normal()
    drift = rng.standard_normal((beats, 5))
    plane = _BELT_Z + _PLANE_RANGE * style.plane_height + 0.008 * rng.standard_normal()
    spring = 0.72 + 0.56 * style.rebound
    lift = np.where(number == 0, 1.0 + 0.35 * (spring - 1.0), spring)
    lift = lift * (1.0 + 0.05 * drift[:, 0])

    # A large gesture is beaten lower, or its highest turn, the one before the downbeat, would be
    # lost against the reach of the arm.
    plane = plane - _smooth_max(plane + _HIGHEST * sizes - _TOP_Z, 0.0, 0.03)
    plane = np.maximum(plane, _LOWEST_PLANE)

    low_x = axis + sizes * wide * low[:, 0] + 0.05 * sizes * drift[:, 1]
    low_z = plane + sizes * low[:, 1] + 0.015 * sizes * drift[:, 2]
    top_x = axis + sizes * wide * top[:, 0] + 0.06 * sizes * drift[:, 3]
    top_z = plane + sizes * top[:, 1] * lift
    pass_x = through[:, 0] * (1.0 - 0.6 * style.sharpness) * sizes / plan.interval
    # The speed through the ictus is meant after the path has been drawn together.
    pass_x = pass_x / np.maximum(_draw_together(low_x)[1], 0.4)
    pass_y = through[:, 1] * (1.0 - 0.5 * style.sharpness) * sizes / plan.interval
    forward = _AXIS_Y - 0.03 * (style.weight - 0.5) + 0.02 * sizes * drift[:, 4]

    b = plan.beat
    previous = np.maximum(b - 1, 0)
    base = np.maximum(low_z[b], low_z[previous])

    at = plan.at(Role.ICTUS)
    xy[at] = np.stack([low_x, forward], axis=1)
    z[at] = low_z
    slope[at] = np.stack([pass_x, pass_y], axis=1)
    flick[at] = -0.25

    at = plan.at(Role.REBOUND)
    pull = 0.28 * sizes
    xy[at] = np.stack([top_x[b], (forward + pull)[b]], axis=1)[at]
    z[at] = np.maximum(top_z[b], base + 0.25 * sizes[b])[at]
    across = (low_x[b] - low_x[previous]) / plan.interval[previous]
    slope[at, 0] = np.where(number[b] == 0, 0.15, 0.55)[at] * across[at]
    flick[at] = 1.0

    at = plan.at(Role.PREPARE)
    xy[at] = np.stack([top_x[b], (forward + pull)[b]], axis=1)[at]
    prepared = np.maximum(top_z, low_z + 0.9 * sizes) + 0.02
    z[at] = prepared[b][at]
    flick[at] = 1.0

    at = plan.at(Role.READY)
    xy[at] = np.stack([axis + 0.02, forward + 0.02], axis=1)[b][at]
    z[at] = (low_z + 0.3 * (prepared - low_z))[b][at]
    flick[at] = 0.1

    at = plan.at(Role.HOLD)
    after = low_z + 0.42 * sizes * own_top[:, 1]
    xy[at] = np.stack([low_x + 0.35 * (own_top[:, 0] - low[:, 0]) * sizes, forward], axis=1)[b][at]
    z[at] = after[b][at]
    flick[at] = 0.3
    # Nobody stands quite still: a waiting or sustaining hand goes on rising a little.
    at = plan.at(Role.HOLD, Role.READY)
    second = np.flatnonzero(at[1:] & at[:-1]) + 1
    z[second] += 0.015
    xy[second, 0] -= 0.015

    _cut_off(plan, xy, z, slope, flick, sizes, low_x, low_z, forward)

    z = np.where(plan.at(Role.LOWERED), z, soft_clip(z, 0.9, _CEILING_Z, 0.12))
    # A preparation rises from where the hand is, however high it was held.
    rising = np.flatnonzero(plan.at(Role.PREPARE))
    z[rising] = np.maximum(z[rising], z[rising - 1] + 0.035)
    return _Turns(xy, z, slope, flick)


def _cut_off(
    plan: Plan,
    xy: Array,
    z: Array,
    slope: Array,
    flick: Array,
    sizes: Array,
    low_x: Array,
    low_z: Array,
    forward: Array,
) -> None:
    """Warning lift, loop outwards over the top, stop below on the inner side."""
    size = 0.55 * sizes[-1] + 0.05
    x, y, bottom = low_x[-1], forward[-1], low_z[-1]
    start = z[np.flatnonzero(plan.at(Role.LIFT)) - 1]
    at = plan.at(Role.LIFT)
    xy[at] = [x + 0.08 * size, y + 0.02]
    z[at] = np.maximum(bottom + 1.1 * size, start + 0.05)
    flick[at] = 0.9
    (lift,), (stop, _) = np.flatnonzero(at), np.flatnonzero(plan.at(Role.STOP))
    length = plan.times[stop] - plan.times[lift]
    slope[lift, 0] = -0.8 * size / length
    xy[plan.at(Role.LOOP)] = [x - 0.6 * size, y - 0.02]
    at = plan.at(Role.STOP)
    xy[at] = [x + 0.1 * size, y - 0.01]
    z[at] = bottom + 0.28 * size + np.array([0.0, -0.012])
    flick[at] = -0.2


def _within_reach(position: Array, lowered: Array) -> Array:
    """Bend the path around the shoulder and off the other hand, so that no arm locks and the
    hands never meet; heights stay."""
    x, y, z = position.T
    dz = z - SHOULDER[2]
    room = _smooth_max(_REACH**2 - dz**2 - _NEAREST_Y**2, 0.01, 0.02)
    flat = np.sqrt(room)
    drawn, _ = _draw_together(x)
    dx = soft_clip(drawn - SHOULDER[0], -flat, flat, 0.1)
    room = _REACH**2 - dx**2 - dz**2
    depth = _smooth_max(-_smooth_max(-(y**2), -room, 0.07), _NEAREST_Y**2, 0.02)
    bent = np.stack([SHOULDER[0] + dx, -np.sqrt(depth), z], axis=1)
    return bent + lowered[:, None] * (position - bent)


def _draw_together(x: Array) -> tuple[Array, Array]:
    """Sideways places squeezed between the inner and outer bound, and the squeeze's slope."""
    aside = x - _AXIS_X
    bound = np.where(aside > 0.0, _INNER_X - _AXIS_X, _AXIS_X - _OUTER_X)
    share = np.tanh(aside / bound)
    return _AXIS_X + bound * share, 1.0 - share**2


def _smooth_max(a: Array, b: Array | float, width: float) -> Array:
    """The larger of both, without a corner where they meet."""
    return 0.5 * (a + b + np.sqrt((a - b) ** 2 + width**2))
