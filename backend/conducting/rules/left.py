"""The left hand: the pose of each of its gestures, and the way from one to the next."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.style import Style
from retarget.rotation import Array

from . import hand_shapes as shapes
from .arms import HandPose
from .curves import holds, smoothstep, swing, wander
from .dynamics import Dynamics
from .gestures import CHANGE_S, Episode, Gesture, Gestures
from .hands import LOWERED_PITCH, LOWERED_ROLL, LOWERED_YAW, TRAIL, elbow, mix, tilt
from .path import HandPath
from .plan import Plan, Role

_MIRROR_YAW: Final = 0.16
_MIRROR_ROLL: Final = 0.5
# Without a baton the wrist flicks less.
_MIRROR_FLICK: Final = 0.55
# Wrists, metres, right-handed like every path: resting in front of the waist and to its own side,
# in line with a forearm whose elbow is this much further out, the palm in and down; ...
_WAIST: Final = np.array([-0.19, -0.28, 1.105])
_WAIST_ANGLES: Final = (0.36, -0.16, 0.68)
_WAIST_ELBOW: Final = 0.5
# ... there it goes with the beat by up to so much, metres, the more the larger that is beside such
# a way from its middle, from soft to medium soft music on; ...
_PULSE: Final = np.array([0.010, 0.006, 0.019])
_PULSE_WAY: Final = 0.08
_PULSED: Final = (0.2, 0.35)
# ... shaping a swell from low to high, ...
_SWELL_LOW: Final = np.array([-0.20, -0.33, 1.13])
_SWELL_HIGH: Final = np.array([-0.29, -0.37, 1.47])
# ... holding a note, palm up, and rising by a little, ...
_SUSTAIN: Final = np.array([-0.28, -0.39, 1.26])
_SUSTAIN_RISE: Final = np.array([-0.02, -0.02, 0.11])
_SUSTAIN_ANGLES: Final = (0.10, 0.30, 2.0)
# ... carrying the line from soft to loud, the palm turning up as it grows and down as it fades: so
# much of the turn for a change of loudness in a second, smoothed over so many seconds; ...
_CARRY_SOFT: Final = np.array([-0.19, -0.30, 1.10])
_CARRY_LOUD: Final = np.array([-0.31, -0.40, 1.42])
_CARRY_ROLL: Final = (0.9, 1.05)
_CARRY_RATE: Final = 0.10
_CARRY_SMOOTH_S: Final = 0.5
_CARRY_WANDER: Final = np.array([0.035, 0.025, 0.04])
# ... steady music is led out and back in arcs of about so many seconds, palm up on the way; ...
_ARC_S: Final = 5.0
_ARC: Final = np.array([-0.07, -0.03, 0.08])
_ARC_ROLL: Final = 0.6
# ... calming, palm down, and sinking, ...
_CALM: Final = np.array([-0.24, -0.40, 1.19])
_CALM_RISE: Final = np.array([0.0, -0.01, -0.10])
_CALM_ANGLES: Final = (0.14, 0.12, 0.08)
# ... and cueing: to the middle, and so much further out for players at its own side.
_CUE: Final = np.array([-0.29, -0.41, 1.31])
_CUE_ASIDE: Final = 0.16
_CUE_LIFT: Final = np.array([0.0, 0.07, 0.12])
_CUE_ANGLES: Final = (0.0, 0.12, 0.55)
# Players whose way off the middle is larger are pointed at, radians.
_POINTED_AT: Final = 0.42
# Loudness from which on the sound is taken away with the whole hand.
_GRASPED: Final = 0.65
# How far the fingers of a beating hand open as it flicks up, radians by radian of the wrist.
_LOOSE: Final = np.array([0.0, 0.35, 0.5, 0.0])
# The share of the beat that is felt in other gestures by a hand that would mirror.
_ECHO: Final = 0.10
# How much the curl of the fingers wanders, as a share.
_STIR: Final = 0.16


@dataclass(frozen=True)
class LeftHand:
    """The left hand's pose, the shape of its fingers, (T, 4), as in `hand_shapes`, how far what it
    does is its own and not the beat's, and how far its arm hangs down, (T,)."""

    pose: HandPose
    shape: Array
    own: Array
    lowered: Array


@dataclass(frozen=True)
class _Held:
    """One gesture's wrist (T, 3), angles yaw, pitch and roll (T, 3) and shape (T, 4)."""

    wrist: Array
    angles: Array
    shape: Array


def left_hand(
    path: HandPath,
    plan: Plan,
    gestures: Gestures,
    dynamics: Dynamics,
    style: Style,
    rng: np.random.Generator,
    at: Array,
) -> LeftHand:
    """The left hand over time.

    Parameters
    ----------
    path : HandPath
        The beat as this hand would mirror it, right-handed.
    plan : Plan
        When the sound is taken away.
    gestures : Gestures
        What it does when.
    dynamics : Dynamics
        How loud the sound is that is taken away.
    style : Style
        Sets plane and weight.
    rng : Generator
        The hand's own small movement.
    at : (T,) array
        Seconds.
    """
    ease = np.stack([wander(at, [4.5, 7.3, 12.0], rng) for _ in range(4)], axis=1)
    wrist = np.zeros((len(at), 3))
    angles = np.zeros((len(at), 3))
    shape = np.zeros((len(at), len(shapes.RELAXED)))
    # At rest and in gestures of its own the hand still feels the beat a little.
    breath = 0.012 * ease[:, :3]
    echo = (path.position - path.centre) * _ECHO * (1.0 - style.left_hand) + breath
    pulse = _pulse(path, dynamics, at) + breath
    felt = {Gesture.MIRROR: np.zeros_like(wrist), Gesture.REST: pulse}
    resting, alone = np.zeros(len(at)), np.zeros(len(at))
    for kind in Gesture:
        share = holds(gestures.times, (gestures.kinds == kind).astype(float), gestures.widths, at)
        if not share.any():
            continue
        episodes = [episode for episode in gestures.episodes if episode.kind is kind]
        arcs = _arcs(gestures, at) if kind is Gesture.CARRY else np.zeros(len(at))
        held = _pose(kind, episodes, path, dynamics, style, ease, arcs, at)
        wrist += share[:, None] * (held.wrist + felt.get(kind, echo))
        angles += share[:, None] * held.angles
        shape += share[:, None] * held.shape
        if kind is Gesture.REST:
            resting = share
        if kind is not Gesture.MIRROR:
            alone += share
    wrist = mix(wrist, path.position, path.lowered[:, None])
    shape[:, 1:3] *= 1.0 + _STIR * ease[:, 3:]
    shape = _gathered(shape, plan, dynamics, at)
    shape += path.lowered[:, None] * (shapes.HANGING - shape)
    yaw, pitch, roll = angles.T
    pose = HandPose(
        wrist * np.array([-1.0, 1.0, 1.0]),
        mix(yaw, LOWERED_YAW, path.lowered),
        mix(pitch, LOWERED_PITCH, path.lowered),
        mix(roll, LOWERED_ROLL, path.lowered),
        elbow(style, wrist, path.lowered) + _WAIST_ELBOW * resting * (1.0 - path.lowered),
    )
    return LeftHand(pose, shape, np.clip(alone, 0.0, 1.0), path.lowered)


def _pose(
    kind: Gesture,
    episodes: list[Episode],
    path: HandPath,
    dynamics: Dynamics,
    style: Style,
    ease: Array,
    arcs: Array,
    at: Array,
) -> _Held:
    count = len(at)
    if kind is Gesture.MIRROR:
        pitch = 0.10 + tilt(path, style) + _MIRROR_FLICK * path.flick
        yaw = _MIRROR_YAW - 0.6 * TRAIL * path.velocity_x
        roll = _MIRROR_ROLL + 0.12 * ease[:, 3]
        loose = path.flick[:, None] * _LOOSE
        return _Held(path.position, np.stack([yaw, pitch, roll], axis=1), shapes.RELAXED - loose)
    if kind is Gesture.REST:
        return _still(_WAIST, _WAIST_ANGLES, shapes.RESTING, count)
    if kind is Gesture.CARRY:
        return _carry(dynamics, ease, arcs, at)
    if kind is Gesture.SWELL:
        return _swell(episodes, ease, at)
    if kind is Gesture.CUE:
        return _cue(episodes, at)
    start, way, angles, shape = (
        (_SUSTAIN, _SUSTAIN_RISE, _SUSTAIN_ANGLES, shapes.OPEN)
        if kind is Gesture.SUSTAIN
        else (_CALM, _CALM_RISE, _CALM_ANGLES, shapes.FLAT)
    )
    held = _still(start, angles, shape, count)
    return _Held(held.wrist + _course(episodes, at)[:, None] * way, held.angles, held.shape)


def _still(wrist: Array, angles: tuple[float, float, float], shape: Array, count: int) -> _Held:
    wrists, turned, shaped = (np.tile(one, (count, 1)) for one in (wrist, angles, shape))
    return _Held(wrists, turned, shaped)


def _pulse(path: HandPath, dynamics: Dynamics, at: Array) -> Array:
    """How a hand at rest goes with the beat, metres (T, 3)."""
    soft, medium = _PULSED
    heard = smoothstep((dynamics.broad(at) - soft) / (medium - soft))
    return heard[:, None] * _PULSE * np.tanh((path.position - path.centre) / _PULSE_WAY)


def _arcs(gestures: Gestures, at: Array) -> Array:
    """Where a line that is carried is on its arcs: 0 near, 1 far out, (T,)."""
    ends = np.r_[gestures.times[1:], at[-1] + CHANGE_S]
    carried = gestures.kinds == Gesture.CARRY
    knots: list[Array] = []
    for start, end in zip(gestures.times[carried], ends[carried], strict=True):
        turns = 2 * max(1, round((end - start) / _ARC_S))
        knots.append(np.linspace(start, max(end, start + CHANGE_S), turns + 1))
    times = np.concatenate(knots)
    values = np.concatenate([np.arange(len(one)) % 2.0 for one in knots])
    return swing(times, values, np.zeros(len(times)), at)


def _carry(dynamics: Dynamics, ease: Array, arcs: Array, at: Array) -> _Held:
    """Slowly with the music: out, up and palm up as it grows, back and palm down as it fades.

    Where it does neither, out and back along arcs (T,).
    """
    ahead = at + _CARRY_SMOOTH_S
    level = dynamics.broad(ahead)
    growth = np.tanh(
        (dynamics.broad(ahead + _CARRY_SMOOTH_S) - dynamics.broad(ahead - _CARRY_SMOOTH_S))
        / (2.0 * _CARRY_SMOOTH_S * _CARRY_RATE)
    )
    led = arcs * (1.0 - np.abs(growth))
    middle, way = _CARRY_ROLL
    wrist = _CARRY_SOFT + level[:, None] * (_CARRY_LOUD - _CARRY_SOFT) + _CARRY_WANDER * ease[:, :3]
    wrist += led[:, None] * _ARC
    roll = middle + way * growth + _ARC_ROLL * led
    angles = np.stack([0.25 - 0.12 * ease[:, 3], 0.12 + 0.16 * growth, roll], axis=1)
    up, down = np.maximum(growth, led)[:, None], np.maximum(-growth, 0.0)[:, None]
    shape = (
        shapes.CUPPED + up * (shapes.OPEN - shapes.CUPPED) + down * (shapes.FLAT - shapes.CUPPED)
    )
    return _Held(wrist, angles, shape)


def _swell(episodes: list[Episode], ease: Array, at: Array) -> _Held:
    """Rising with a cupped palm that opens, or sinking with the palm down and flat."""
    knots: list[tuple[float, float]] = []
    for episode in episodes:
        low, high = (0.0, 1.0) if episode.amount > 0 else (1.0, 0.1)
        knots += [(episode.start - 0.2, low), (episode.end, high)]
    times, values = (np.array(column) for column in zip(*knots, strict=True))
    height = swing(times, values, np.zeros(len(times)), at)
    starts = np.array([episode.start - 2.0 * CHANGE_S for episode in episodes])
    kinds = np.array([float(episode.amount > 0) for episode in episodes])
    crescendo = holds(starts, kinds, np.full(len(starts), CHANGE_S), at)
    angles = np.stack(
        [
            0.12 + 0.08 * ease[:, 3],
            0.25 + 0.25 * height * crescendo - 0.1 * (1.0 - crescendo),
            0.25 + 1.75 * crescendo,
        ],
        axis=1,
    )
    wrist = _SWELL_LOW + height[:, None] * (_SWELL_HIGH - _SWELL_LOW)
    rising = shapes.CUPPED + height[:, None] * (shapes.OPEN - shapes.CUPPED)
    return _Held(wrist, angles, shapes.FLAT + crescendo[:, None] * (rising - shapes.FLAT))


def _cue(episodes: list[Episode], at: Array) -> _Held:
    """A lift and a throw towards the players, in time with the beat they enter on.

    Players near by are offered an open hand, those further aside are pointed at.
    """
    knots: list[tuple[float, float]] = []
    for episode in episodes:
        length = episode.end - episode.start
        ictus = episode.start + 0.6 * length
        knots += [
            (episode.start - 0.1 * length, 0.0),
            (ictus - 0.28 * length, 1.0),
            (ictus, -0.6),
            (ictus + 0.3 * length, 0.1),
            (episode.end + 0.3 * length, 0.0),
        ]
    times, values = (np.array(column) for column in zip(*knots, strict=True))
    lift = swing(times, values, np.zeros(len(times)), at)
    starts = np.array([episode.start - 1.0 for episode in episodes])
    yaws = np.array([episode.amount for episode in episodes])
    yaw = holds(starts, yaws, np.full(len(starts), 0.8), at)
    held = _still(_CUE, _CUE_ANGLES, shapes.OFFERED, len(at))
    wrist = held.wrist + lift[:, None] * _CUE_LIFT
    # Right-handed: the left hand's own side is at smaller x; it does not cross the baton.
    wrist[:, 0] -= _CUE_ASIDE * smoothstep(yaw + 0.5)
    held.angles[:, 0] -= np.where(yaw > 0.0, 0.8, 0.55) * yaw
    held.angles[:, 1] += 0.28 * lift
    aside = (np.abs(yaws) > _POINTED_AT).astype(float)
    pointed = holds(starts, aside, np.full(len(starts), 0.8), at)
    shape = held.shape + pointed[:, None] * (shapes.POINTING - shapes.OFFERED)
    return _Held(wrist, held.angles, shape)


def _course(episodes: list[Episode], at: Array) -> Array:
    """0 where an episode begins, 1 where it ends, (T,)."""
    if not episodes:
        return np.zeros(len(at))
    times = np.array([time for episode in episodes for time in (episode.start, episode.end)])
    return swing(times, np.tile([0.0, 1.0], len(episodes)), np.zeros(len(times)), at)


def _gathered(shape: Array, plan: Plan, dynamics: Dynamics, at: Array) -> Array:
    """The fingers close as the sound is taken away: a soft one between the tips, a loud one whole.

    Shapes (T, 4) in and out.
    """
    ends = [*plan.times[plan.at(Role.RELEASE)], *plan.times[plan.at(Role.STOP)][:1]]
    for end in ends:
        closed = smoothstep((at - end + 0.3) / 0.4) * (1.0 - smoothstep((at - end - 0.5) / 0.8))
        loud = dynamics.broad(np.array([end - 1.0]))[0] > _GRASPED
        grasp = shapes.FIST if loud else shapes.PINCH
        shape = shape + closed[:, None] * (grasp - shape)
    return shape
