"""What both hands do: the baton hand beats, the left mirrors, rests or shapes the dynamics."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.beats.grid import BeatGrid
from backend.style import Style
from retarget import rotation
from retarget.rotation import Array

from .arms import HandPose
from .curves import holds, smoothstep, swing, wander
from .dynamics import Dynamics, Swell
from .path import SHOULDER, HandPath
from .plan import Plan, Role

_FOREARM: Final = 0.255
# Angles of the hand, radians.
_BATON_YAW: Final = 0.2
_BATON_ROLL: Final = 0.42
_MIRROR_YAW: Final = 0.16
_MIRROR_ROLL: Final = 0.5
_LOWERED_YAW: Final = -0.1
_LOWERED_PITCH: Final = -1.2
_LOWERED_ROLL: Final = 1.35
_ICTUS_PITCH: Final = 0.07
# The hand tilts this much with its height, about as the forearm under it does.
_PITCH_PER_METRE: Final = 1.15
# A quick sideways move leaves the tip behind by this much, radians per m/s.
_TRAIL: Final = 0.09
# Where the left hand rests in front of the belly, right-handed like every path, metres.
_BELLY: Final = np.array([-0.155, -0.245, 1.085])
_BELLY_YAW, _BELLY_PITCH, _BELLY_ROLL = 0.8, 0.0, 1.05
# Where it shapes a swell: from low to high.
_SHAPE_LOW: Final = np.array([-0.20, -0.33, 1.13])
_SHAPE_HIGH: Final = np.array([-0.29, -0.37, 1.47])
_CHANGE_S: Final = 1.25
_PHRASE_BARS: Final = (2, 5)


@dataclass(frozen=True)
class LeftHand:
    """The left hand's pose and how its fingers are held, (T,): 0 stretched, 1 a loose fist."""

    pose: HandPose
    curl: Array


def right_hand(path: HandPath, style: Style, rng: np.random.Generator, at: Array) -> HandPose:
    """The baton hand: palm down, baton towards the orchestra, a flick at every ictus."""
    flick = 0.13 + 0.30 * (1.0 - style.weight) + 0.10 * style.sharpness
    pitch = _ICTUS_PITCH + _tilt(path, style) + flick * path.flick
    yaw = _BATON_YAW - _TRAIL * path.velocity_x + 0.25 * (SHOULDER[0] - path.position[:, 0])
    roll = _BATON_ROLL + 0.06 * wander(at, [5.0, 11.0], rng)
    return HandPose(
        path.position,
        _mix(yaw, _LOWERED_YAW, path.lowered),
        _mix(pitch, _LOWERED_PITCH, path.lowered),
        _mix(roll, _LOWERED_ROLL, path.lowered),
        _elbow(style, path.position, path.lowered),
    )


def left_hand(
    path: HandPath,
    plan: Plan,
    grid: BeatGrid,
    dynamics: Dynamics,
    style: Style,
    rng: np.random.Generator,
    at: Array,
) -> LeftHand:
    """The left hand: mirrors the beat, rests before the belly, or shapes a swell.

    Parameters
    ----------
    path : HandPath
        The beat as this hand would mirror it, right-handed.
    plan, grid, dynamics, style
        What happens when; `style.left_hand` sets how often it goes its own way.
    rng : Generator
        Chooses for each phrase.
    at : (T,) array
        Seconds.
    """
    swells = _chosen_swells(dynamics.swells(), plan, style, rng)
    times, modes = _modes(plan, grid, dynamics, style, swells, rng)
    mirror = holds(times, (modes == _MIRROR).astype(float), _CHANGE_S, at)
    shape = holds(times, (modes == _SHAPE).astype(float), _CHANGE_S, at)
    belly = np.maximum(1.0 - mirror - shape, 0.0)

    progress, crescendo = _swell_curves(swells, at)
    ease = np.stack([wander(at, [4.5, 7.3, 12.0], rng) for _ in range(4)], axis=1)
    breath = 0.012 * ease[:, :3]
    # At rest the hand still feels the beat a little.
    echo = (path.position - _centre(path)) * 0.07
    shaping = _SHAPE_LOW + progress[:, None] * (_SHAPE_HIGH - _SHAPE_LOW) + breath + echo
    resting = _BELLY + 0.7 * breath + echo
    own = mirror[:, None] * path.position + shape[:, None] * shaping + belly[:, None] * resting
    wrist = _mix(own, path.position, path.lowered[:, None])

    mirror_pitch = 0.10 + _tilt(path, style) + (0.14 + 0.1 * style.sharpness) * path.flick
    mirror_yaw = _MIRROR_YAW - 0.6 * _TRAIL * path.velocity_x
    # Crescendo: palm opens upwards; diminuendo: palm pushes down.
    shape_roll = 0.25 + 1.75 * crescendo
    shape_pitch = 0.25 + 0.25 * progress * crescendo - 0.1 * (1.0 - crescendo)
    yaw = mirror * mirror_yaw + shape * (0.12 + 0.08 * ease[:, 3]) + belly * _BELLY_YAW
    pitch = mirror * mirror_pitch + shape * shape_pitch + belly * _BELLY_PITCH
    roll = mirror * (_MIRROR_ROLL + 0.12 * ease[:, 3]) + shape * shape_roll + belly * _BELLY_ROLL
    curl = mirror * 0.34 + shape * (0.24 + 0.05 * progress) + belly * 0.52 + 0.09 * ease[:, 3]
    curl = _mix(curl + 0.45 * _gather(plan, at), 0.46, path.lowered)

    mirrored = wrist * np.array([-1.0, 1.0, 1.0])
    pose = HandPose(
        mirrored,
        _mix(yaw, _LOWERED_YAW, path.lowered),
        _mix(pitch, _LOWERED_PITCH, path.lowered),
        _mix(roll, _LOWERED_ROLL, path.lowered),
        _elbow(style, wrist, path.lowered) + 0.12 * belly * (1.0 - path.lowered),
    )
    return LeftHand(pose, curl)


_MIRROR, _REST, _SHAPE = 0, 1, 2


def _modes(
    plan: Plan,
    grid: BeatGrid,
    dynamics: Dynamics,
    style: Style,
    swells: list[Swell],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """When the left hand starts to do what: times (M,) rising, and modes (M,)."""
    changes: list[tuple[float, int]] = [(-1e9, _MIRROR)]
    for first, last in plan.passages:
        bars = np.flatnonzero(grid.numbers[first : last + 1] == 1) + first
        bars = bars if len(bars) else np.array([first])
        changes.append((float(plan.ictus[first]) - 1e-3, _MIRROR))
        i = 0
        while i < len(bars):
            # Draws are the same in number whatever the style, so that seeds stay comparable.
            length, chance = int(rng.integers(*_PHRASE_BARS)), float(rng.random())
            start = float(plan.ictus[bars[i]])
            loud = float(dynamics.broad(np.array([start + 1.0]))[0])
            mirrors = 1.0 - style.left_hand * (1.25 - 0.5 * loud)
            if style.left_hand >= 0.95:
                mirrors = 0.0
            mode = _MIRROR if chance < mirrors else _REST
            if i == 0 and style.left_hand < 0.6:
                mode = _MIRROR
            # The first beat of a phrase is given with both hands before one of them leaves.
            changes.append((start + 0.2 * float(plan.interval[bars[i]]), mode))
            i += length
        # Both hands prepare and both end.
        changes.append((float(plan.ictus[last]) - _CHANGE_S, _MIRROR))
    for swell in swells:
        after = _mode_at(changes, swell.end)
        kept = [c for c in changes if not swell.start - _CHANGE_S <= c[0] <= swell.end]
        changes = sorted([*kept, (swell.start - _CHANGE_S, _SHAPE), (swell.end + 0.3, after)])
    changes.sort()
    times, modes = (np.array(column) for column in zip(*changes, strict=True))
    new = np.r_[True, (np.diff(modes) != 0) & (np.diff(times) > 1e-6)]
    times, modes = times[new], modes[new]
    # A change that would be undone within the time it takes is left out.
    keep = np.r_[np.diff(times) > _CHANGE_S, True]
    keep[0] = True
    return times[keep], modes[keep]


def _mode_at(changes: list[tuple[float, int]], time: float) -> int:
    return [mode for start, mode in changes if start <= time][-1]


def _chosen_swells(
    swells: list[Swell], plan: Plan, style: Style, rng: np.random.Generator
) -> list[Swell]:
    """The swells the left hand shapes: within a passage, apart from each other."""
    chosen: list[Swell] = []
    for swell in swells:
        wanted = rng.random() < 1.6 * style.left_hand
        inside = any(
            plan.ictus[first] + _CHANGE_S < swell.start
            and swell.end < plan.ictus[last] - 2.0 * _CHANGE_S
            for first, last in plan.passages
        )
        apart = not chosen or swell.start - chosen[-1].end > 2.0 * _CHANGE_S + 0.4
        if wanted and inside and apart:
            chosen.append(swell)
    return chosen


def _swell_curves(swells: list[Swell], at: Array) -> tuple[Array, Array]:
    """Height of the shaping hand in [0, 1], and 1 for crescendo, 0 for diminuendo, (T,)."""
    if not swells:
        return np.zeros(len(at)), np.ones(len(at))
    knots: list[tuple[float, float]] = []
    kinds: list[float] = []
    starts: list[float] = []
    for swell in swells:
        low, high = (0.0, 1.0) if swell.rise > 0 else (1.0, 0.1)
        knots += [(swell.start - 0.2, low), (swell.end, high)]
        kinds.append(1.0 if swell.rise > 0 else 0.0)
        starts.append(swell.start - 2.0 * _CHANGE_S)
    times, values = (np.array(column) for column in zip(*knots, strict=True))
    height = swing(times, values, np.zeros(len(times)), at)
    return height, holds(np.array(starts), np.array(kinds), _CHANGE_S, at)


def _gather(plan: Plan, at: Array) -> Array:
    """The fingers close as the sound is taken away, (T,)."""
    stop = plan.times[plan.at(Role.STOP)]
    if len(stop) == 0:
        return np.zeros(len(at))
    return smoothstep((at - stop[0] + 0.3) / 0.4) * (1.0 - smoothstep((at - stop[1]) / 0.8))


def _tilt(path: HandPath, style: Style) -> Array:
    """How the hand tilts with its height, radians (T,)."""
    plane = 1.03 + 0.33 * style.plane_height
    rise = np.tanh((path.position[:, 2] - plane) * _PITCH_PER_METRE / 0.5) * 0.5
    return rise + 0.35 * (style.plane_height - 0.5)


def _elbow(style: Style, wrist: Array, lowered: Array) -> Array:
    """How wide the elbow is held: with weight from the shoulder, with a high or far-out hand."""
    out = 0.62 * style.weight + 0.25 * smoothstep((wrist[:, 2] - 1.1) / 0.7)
    out = out + 0.8 * (SHOULDER[0] - 0.1 - wrist[:, 0])
    return _mix(out, 0.12, lowered)


def _centre(path: HandPath) -> Array:
    """The middle of the beating hand's path, (3,)."""
    beating = path.lowered < 0.5
    return path.position[beating].mean(axis=0) if beating.any() else path.position[0]


def _mix(a: Array, b: Array | float, share: Array) -> Array:
    return a + share * (b - a)


def finger_curls(side: str, curl: Array) -> dict[str, Array]:
    """Local rotations of the fingers for a curl in [0, 1], (T,)."""
    sign = 1.0 if side == "L" else -1.0
    zero = np.zeros(len(curl))

    def bend(down: Array, across: Array) -> Array:
        return rotation.from_rotation_vector(np.stack([zero, sign * down, sign * across], axis=1))

    return {
        f"thumb.{side}": bend(0.1 + 0.35 * curl, 0.05 + 0.35 * curl),
        f"index.{side}": bend(0.05 + 1.15 * curl, 0.0 * curl),
        f"fingers.{side}": bend(0.12 + 1.35 * curl, 0.0 * curl),
    }
