"""Where the eyes look: to the players, to who enters, now and then into the score.

Eyes rest on something and leap to the next; between leaps they hold it while the head moves, and
they leap before the head has arrived (the eye-head coordination of Guitton & Volle 1987).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retarget import rotation
from retarget.motion import Motion, joint_in_world
from retarget.rotation import Array

from .cues import Cue
from .curves import holds, soft_clip
from .dynamics import Dynamics
from .plan import Plan, Role

_RATE: Final = 60.0
# Where groups of players sit as the conductor sees them: yaw to the left, pitch downwards
# (radians), distance (metres): violins to the left, cellos to the right, winds behind the middle.
_SECTIONS: Final = np.array(
    [
        [0.72, 0.14, 3.0],
        [0.34, 0.12, 3.4],
        [0.06, 0.05, 5.5],
        [-0.10, 0.06, 6.0],
        [-0.36, 0.12, 3.4],
        [-0.70, 0.14, 3.0],
    ]
)
_NEAR_HEAD: Final = 0.18
_PLAYERS: Final = (0.045, 0.02)
_STAY: Final = 0.4
_LOOK_S: Final = (0.45, 1.15, 2.8)
# Eyes leap to where the head will be so much later, and before it leaves them so far behind.
_LEAD_S: Final = 0.28
_FAR: Final = 0.24
_LEAST_S: Final = 0.3
# A leap of the eyes: a moment, and so much longer by the radian.
_LEAP_S: Final = (0.04, 0.08, 0.13)
# The score on its stand: how far down, how far away, how long one reads.
_SCORE: Final = (0.52, 0.75)
_SCORE_YAW: Final = 0.06
_READ_S: Final = (0.5, 0.95)
_HEAD_READS: Final = 0.17
# From this part of a beat before an entry to so far after it, the eyes are with who enters.
_CUE_AHEAD: Final = (0.7, 0.95)
_CUE_AFTER: Final = 0.5
_CLEARLY: Final = 0.12
# How far eyes turn in the head without strain, radians: to a side, up, down.
_SIDE, _UP, _DOWN = 0.34, 0.20, 0.34


@dataclass(frozen=True)
class Gaze:
    """Where the eyes look.

    Parameters
    ----------
    yaw, pitch : (T,) arrays
        In the head's frame: radians to the left and downwards.
    distance : (T,) array
        Of what is looked at, metres.
    leaps : (N,) array
        When the eyes leave for something else, seconds, rising.
    sizes : (N,) array
        How far they leap, radians.
    cues : list of Cue
        The cues with the sides they are given to.
    """

    yaw: Array
    pitch: Array
    distance: Array
    leaps: Array
    sizes: Array
    cues: list[Cue]


@dataclass(frozen=True)
class _Look:
    """Something to look at, from `start` to `end` whatever else there is to see."""

    start: float
    end: float
    yaw: float
    pitch: float
    distance: float


def move_gaze(
    motion: Motion,
    plan: Plan,
    cues: list[Cue],
    phrases: Array,
    dynamics: Dynamics,
    rng: np.random.Generator,
) -> Gaze:
    """Look about as the performance goes.

    Parameters
    ----------
    motion : Motion
        Its head is followed and led.
    plan, cues, phrases, dynamics
        Of the same music.
    rng : Generator
        Who is looked at, and how long.
    """
    head_yaw, head_pitch = _head(motion)
    cues = [_to_the_head_s_side(cue, motion.times, head_yaw) for cue in cues]
    wanted = _wanted(plan, cues, phrases, dynamics, rng)
    looks = _looks(motion.times, head_yaw, head_pitch, wanted, rng)
    starts, yaw, pitch, distance = np.array(looks).T
    sizes = np.hypot(np.diff(yaw, prepend=yaw[0]), np.diff(pitch, prepend=pitch[0]))
    width = np.clip(_LEAP_S[0] + _LEAP_S[2] * sizes, *_LEAP_S[:2])
    at = motion.times
    # Leaps start from where the eyes can be: the head's place at that time bounds both ends.
    in_head_yaw = holds(starts, yaw, width, at) - head_yaw
    in_head_pitch = holds(starts, pitch, width, at) - head_pitch
    return Gaze(
        soft_clip(in_head_yaw, -_SIDE, _SIDE),
        soft_clip(in_head_pitch, -_UP, _DOWN),
        1.0 / holds(starts, 1.0 / distance, np.full(len(starts), 0.16), at),
        starts[1:],
        sizes[1:],
        cues,
    )


def _head(motion: Motion) -> tuple[Array, Array]:
    """Yaw to the left and pitch downwards of the head in the world, radians, (T,) each."""
    _, turns = joint_in_world(motion.rotations, motion.root, "head")
    ahead = rotation.rotate(turns, np.array([0.0, -1.0, 0.0]))
    yaw = np.unwrap(np.arctan2(ahead[:, 0], -ahead[:, 1]))
    return yaw, np.arcsin(np.clip(-ahead[:, 2], -1.0, 1.0))


def _to_the_head_s_side(cue: Cue, times: Array, head_yaw: Array) -> Cue:
    """The music does not say on which side they sit; a head that is turned already does."""
    turned = float(np.interp(cue.time - 0.3 * cue.interval, times, head_yaw))
    if abs(turned) > _CLEARLY and turned * cue.yaw < 0.0:
        return replace(cue, yaw=-cue.yaw)
    return cue


def _wanted(
    plan: Plan, cues: list[Cue], phrases: Array, dynamics: Dynamics, rng: np.random.Generator
) -> list[_Look]:
    """Looks that the music asks for, in time order and apart."""
    wanted: list[_Look] = []
    for cue in cues:
        ahead = rng.uniform(*_CUE_AHEAD) * cue.interval
        end = cue.time + _CUE_AFTER * cue.interval
        wanted.append(_Look(cue.time - ahead, end, cue.yaw, 0.10, 3.5))
    for first, _ in plan.passages if len(plan.ictus) else ():
        start, beat = float(plan.ictus[first]), float(plan.interval[first])
        wanted.append(_Look(start - 1.4 * beat, start + 0.6 * beat, 0.0, 0.08, 4.5))
    for start in phrases.tolist():
        draws = rng.random(2)
        beat = float(np.interp(start, plan.ictus, plan.interval))
        length = _READ_S[0] + (_READ_S[1] - _READ_S[0]) * float(draws[0])
        calm = 1.0 - float(dynamics.broad(np.array([start]))[0])
        # Read while the phrase ends, so that the next one begins with the players.
        begin = start - 1.2 * beat - length
        reading = _Look(begin, begin + length, _SCORE_YAW * float(draws[1] - 0.5), *_SCORE)
        if draws[1] < 0.3 + 0.6 * calm and all(_apart(reading, other) for other in wanted):
            wanted.append(reading)
    ends = plan.times[plan.at(Role.LIFT, Role.STOP)]
    if len(ends):
        wanted.append(_Look(float(ends[0]), float(ends[-1]) + 0.4, 0.0, 0.08, 4.5))
    return sorted(wanted, key=lambda look: look.start)


def _apart(a: _Look, b: _Look) -> bool:
    return a.start > b.end + _LEAST_S or b.start > a.end + _LEAST_S


def _looks(
    times: Array, head_yaw: Array, head_pitch: Array, wanted: list[_Look], rng: np.random.Generator
) -> list[tuple[float, float, float, float]]:
    """What the eyes rest on: (start, yaw, pitch, distance), in time order."""
    end = float(times[-1])
    at = np.arange(0.0, end + 1.0 / _RATE, 1.0 / _RATE)
    ahead_yaw = np.interp(at + _LEAD_S, times, head_yaw)
    ahead_pitch = np.interp(at + _LEAD_S, times, head_pitch)
    reads = ahead_pitch > max(float(np.median(head_pitch)) + _HEAD_READS, _HEAD_READS)
    section = _draw_section(float(ahead_yaw[0]), None, rng)
    looks = [_at_players(-1e3, section, rng)]
    until, last, held, pending = _duration(rng), 0.0, 0.0, 0
    place = 0
    while True:
        # On to the next look that is wanted, or the end of this one.
        asked = _first(at, wanted[pending].start, place) if pending < len(wanted) else len(at)
        ends = _first(at, max(until, held), place)
        free = slice(_first(at, held, place), min(asked, ends))
        left_behind = (np.abs(looks[-1][1] - ahead_yaw[free]) > _FAR) | (
            reads[free] != (looks[-1][2] >= _SCORE[0])
        )
        early = np.flatnonzero(left_behind & (at[free] - last > _LEAST_S))
        place = free.start + int(early[0]) if len(early) else min(asked, ends)
        if place >= len(at):
            return looks
        now, yaw = float(at[place]), float(ahead_yaw[place])
        if place == asked:
            look, pending = wanted[pending], pending + 1
            if now < look.end:
                looks.append((now, look.yaw, look.pitch, look.distance))
                last, until, held, place = now, look.end, look.end, place + 1
            continue
        if reads[place]:
            sideways = 0.5 * yaw + _SCORE_YAW * float(rng.uniform(-1.0, 1.0))
            looks.append((now, sideways, *_SCORE))
        else:
            stays = rng.random() < _STAY and abs(_SECTIONS[section, 0] - yaw) < _FAR
            if not stays:
                section = _draw_section(yaw, section, rng)
            looks.append(_at_players(now, section, rng))
        last, until, place = now, now + _duration(rng), place + 1


def _first(at: Array, time: float, place: int) -> int:
    """The first place from this one on that is not before a time; the length if there is none."""
    return max(int(at.searchsorted(time)), place)


def _duration(rng: np.random.Generator) -> float:
    shortest, usual, longest = _LOOK_S
    return float(np.clip(usual * np.exp(0.5 * rng.standard_normal()), shortest, longest))


def _draw_section(head: float, last: int | None, rng: np.random.Generator) -> int:
    """One of the groups near where the head points, another one than the last."""
    weights = np.exp(-0.5 * ((_SECTIONS[:, 0] - head) / _NEAR_HEAD) ** 2) + 1e-6
    if last is not None:
        weights[last] *= 0.15
    return int(np.searchsorted(np.cumsum(weights / weights.sum()), rng.random()).clip(0, 5))


def _at_players(
    start: float, section: int, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """One player of a group."""
    yaw, pitch, distance = _SECTIONS[section].tolist()
    draws = rng.standard_normal(2)
    return (start, yaw + _PLAYERS[0] * draws[0], pitch + _PLAYERS[1] * draws[1], distance)
