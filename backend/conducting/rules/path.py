"""The path of a beating hand: from the plan's turns to positions in space.

Everything here is written for the right hand; the left hand's path is the mirror image of one
made with its own variation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.rotation import Array

from .curves import hermite, sharp_bends, soft_clip, swing
from .plan import Plan, Role
from .strokes import Strokes
from .turns import Turns, draw_together, lay_turns, smooth_max

# Metres, in front of a conductor of the canonical skeleton; x < 0 is the right.
SHOULDER: Final = np.array([-0.18, 0.0, 1.42])
# The wrist may be this far from the resting shoulder (the arm is 0.54 m long), and no nearer to
# the trunk's middle plane than this while it beats.
_REACH: Final = 0.505
_NEAREST_Y: Final = 0.215


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
        Tilt of the hand about its own swing, radians: down at the ictus, up on top.
    lowered : (T,) array
        1 with the arm down, 0 while conducting.
    centre : (3,) array
        The middle of what is beaten, metres.
    """

    position: Array
    velocity_x: Array
    flick: Array
    lowered: Array
    centre: Array


def beat_path(
    plan: Plan,
    grid: BeatGrid,
    strokes: Strokes,
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
    strokes : Strokes
        How each beat is struck.
    style : Style
        Rebound, plane height and subdivision shape the path.
    rng : Generator
        Human variation of amplitude and place; never of timing.
    at : (T,) array
        Seconds.
    """
    turns = lay_turns(plan, grid, strokes, style, rng)
    # Loops are drawn sideways; the height passes them by.
    vertical = ~plan.at(Role.LOOP, Role.RELEASE)
    times, z, beat = plan.times[vertical], turns.z[vertical], plan.beat[vertical]
    divided = style.subdivision > 0.5
    clicks = (Role.ICTUS, Role.INNER_LOW) if divided else (Role.ICTUS,)
    tops = (Role.REBOUND, Role.PREPARE, *((Role.INNER_TOP,) if divided else ()))
    is_ictus, is_apex = plan.at(*clicks)[vertical], plan.at(*tops)[vertical]
    if len(strokes.sharpness):
        sharpness, accent = strokes.sharpness[beat], strokes.accent[beat]
    else:
        sharpness, accent = np.zeros(len(times)), np.zeros(len(times))
    power = 2.0 + 2.6 * sharpness**2 + 0.8 * accent
    bend = sharp_bends(times, z, is_ictus, is_apex, power, 0.85 * (1.0 - sharpness))
    height = swing(times, z, bend, at)
    still = plan.at(Role.LOWERED, Role.READY, Role.HOLD, Role.STOP, Role.SUSTAIN)
    flat, velocity = hermite(plan.times, turns.xy, turns.slope, still, at)
    tilt = turns.flick[vertical]
    snap = sharp_bends(times, tilt, is_ictus, is_apex, power + 1.0 + sharpness, np.zeros(len(z)))
    flick = swing(times, tilt, snap, at)
    lowered = swing(times, plan.at(Role.LOWERED)[vertical].astype(float), np.zeros(len(times)), at)
    position = np.concatenate([flat, height[:, None]], axis=1)
    position = _within_reach(position, lowered)
    return HandPath(position, velocity[:, 0], flick, lowered, _centre(plan, turns))


def _centre(plan: Plan, turns: Turns) -> Array:
    places = np.concatenate([turns.xy, turns.z[:, None]], axis=1)
    beating = plan.at(Role.ICTUS, Role.REBOUND)
    middle = places[beating].mean(axis=0) if beating.any() else places[0]
    return np.array([draw_together(middle[:1])[0][0], middle[1], middle[2]])


def _within_reach(position: Array, lowered: Array) -> Array:
    """Bend the path around the shoulder and off the other hand, so that no arm locks and the
    hands never meet; heights stay."""
    x, y, z = position.T
    dz = z - SHOULDER[2]
    room = smooth_max(_REACH**2 - dz**2 - _NEAREST_Y**2, 0.01, 0.02)
    flat = np.sqrt(room)
    drawn, _ = draw_together(x)
    dx = soft_clip(drawn - SHOULDER[0], -flat, flat, 0.1)
    room = _REACH**2 - dx**2 - dz**2
    depth = smooth_max(-smooth_max(-(y**2), -room, 0.07), _NEAREST_Y**2, 0.02)
    bent = np.stack([SHOULDER[0] + dx, -np.sqrt(depth), z], axis=1)
    return bent + lowered[:, None] * (position - bent)
