"""The order of a performance: preparations, beats, holds, cut-off and rest, as turns in time."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.rotation import Array

from .curves import swing
from .dynamics import Dynamics

# An interval of this many beats, or of this many seconds, is no beat but a fermata or a general
# pause: hold or stop, then prepare again.
_PAUSE_BEATS: Final = 1.75
_PAUSE_S: Final = 6.0
# Fall and rise in 4/4 at 80 beats per minute (motion capture): 0.38 s and 0.36 s of 0.75 s. In
# slower beats the hand floats on top and still falls nearly as fast.
_FALL_SHARE: Final = 0.475
_FALL_KNEE_S: Final = 0.75
_FALL_SLOPE: Final = 0.3
_DEFAULT_BEAT_S: Final = 0.75
_PREPARATION_S: Final = (0.42, 1.6)
_RAISE_S: Final = 1.3
_READY_S: Final = 0.45
_LOWER_S: Final = 1.7
# Pauses longer than this are waited out with lowered arms.
_LONG_WAIT_S: Final = 8.0
_CUT_OFF_S: Final = (0.5, 1.4)
_STOP_S: Final = 0.55
# If the sound ends sooner after the last beat than this many beats, the hand stops at once;
# otherwise it sustains a fermata.
_HELD_BEATS: Final = 1.25
# Closing a held note takes this long; it is shown if silence follows for as long again.
_RELEASE_S: Final = 0.6
# Slower beats than this are divided in two.
_SLOW_S: Final = 1.1


class Role(IntEnum):
    """What the hand does at a turn."""

    LOWERED = 0  # arms down
    READY = 1  # attention: hands up, still
    PREPARE = 2  # top of the preparation
    ICTUS = 3  # low point that clicks
    REBOUND = 4  # top between two beats
    HOLD = 5  # stopped, waiting
    LIFT = 6  # top of the warning before the cut-off
    LOOP = 7  # outermost point of the cut-off's loop
    STOP = 8  # end of the cut-off
    SUSTAIN = 9  # holding a note: the hand drifts on
    RELEASE = 10  # outermost point of the level loop that closes a held note
    INNER_TOP = 11  # before the second half of a slow beat
    INNER_LOW = 12  # second half of a slow beat


@dataclass(frozen=True)
class Plan:
    """Turns of the hands in time order.

    Parameters
    ----------
    times : (K,) array
        Seconds of motion time, strictly rising; may lie before 0 and after the end.
    roles : (K,) int array
        `Role` of each turn.
    beat : (K,) int array
        The beat a turn belongs to; for tops the beat they prepare.
    ictus : (B,) array
        When each beat clicks: its time less the lead.
    interval : (B,) array
        Seconds from each beat to the next; the last of a passage repeats the one before.
    passages : tuple of (int, int)
        First and last beat of each stretch without a pause.
    fermatas : tuple of (int, float)
        Beats whose note is held, and when it ends, seconds.
    """

    times: Array
    roles: NDArray[np.int64]
    beat: NDArray[np.int64]
    ictus: Array
    interval: Array
    passages: tuple[tuple[int, int], ...]
    fermatas: tuple[tuple[int, float], ...] = ()

    def at(self, *roles: Role) -> NDArray[np.bool_]:
        """Which turns have one of the roles, (K,)."""
        return np.isin(self.roles, roles)

    def awake(self, at: Array) -> Array:
        """1 while conducting, 0 while waiting, (T,)."""
        lowered = self.at(Role.LOWERED).astype(float)
        return 1.0 - swing(self.times, lowered, np.zeros(len(lowered)), at)

    def intake(self, at: Array) -> Array:
        """The breath taken with each preparation: 1 on top of it, (T,)."""
        tops = self.at(Role.PREPARE)
        return swing(self.times, tops.astype(float), np.zeros(len(tops)), at)


def make_plan(grid: BeatGrid, duration: float, dynamics: Dynamics, style: Style) -> Plan:
    """Lay out the turns for the beats before `duration`.

    Parameters
    ----------
    grid : BeatGrid
        Beats; those at or after `duration` must have been dropped.
    duration : float
        Seconds of motion.
    dynamics : Dynamics
        Tells a fermata from a general pause, and when the last sound ends.
    style : Style
        Its lead, sharpness and subdivision set when the hand turns.
    """
    ictus = grid.times - style.lead
    turns: list[tuple[float, Role, int]] = []
    if len(ictus) == 0:
        turns.append((0.0, Role.LOWERED, 0))
        return _plan(turns, ictus, np.zeros(0), (), ())
    passages, interval = _passages(ictus)
    share = _FALL_SHARE + 0.08 * style.sharpness
    fermatas: list[tuple[int, float]] = []
    for number, (first, last) in enumerate(passages):
        length = float(np.clip(interval[first], *_PREPARATION_S))
        if number > 0:
            length = min(length, 0.45 * float(ictus[first] - ictus[first - 1]))
        start = float(ictus[first]) - length
        _enter(turns, start, first)
        turns.append((float(ictus[first]) - _fall(length, share), Role.PREPARE, first))
        for i in range(first, last):
            _beat(turns, i, ictus, share, divided=style.subdivision > 0.0)
        turns.append((float(ictus[last]), Role.ICTUS, last))
        if number < len(passages) - 1:
            begun = float(grid.times[last]) + 0.4 * float(interval[last])
            sounding = dynamics.sounding_until(begun, float(grid.times[last + 1])) - style.lead
            fermatas += _hold(turns, last, ictus, float(interval[last]), sounding)
    sound_end = dynamics.sound_end(duration) - style.lead
    _cut_off(turns, passages[-1][1], ictus, interval, duration, sound_end)
    return _plan(turns, ictus, interval, passages, tuple(fermatas))


def _plan(
    turns: list[tuple[float, Role, int]],
    ictus: Array,
    interval: Array,
    passages: tuple[tuple[int, int], ...],
    fermatas: tuple[tuple[int, float], ...],
) -> Plan:
    times, roles, beats = (np.array(column) for column in zip(*turns, strict=True))
    roles, beats = roles.astype(np.int64), beats.astype(np.int64)
    return Plan(times, roles, beats, ictus, interval, passages, fermatas)


def _passages(ictus: Array) -> tuple[tuple[tuple[int, int], ...], Array]:
    """Stretches between pauses, and the length of each beat."""
    gaps = np.diff(ictus)
    if len(gaps) == 0:
        return ((0, 0),), np.array([_DEFAULT_BEAT_S])
    usual = np.maximum(_median_before(gaps), _median_before(gaps[::-1])[::-1])
    usual = np.where(usual > 0.0, usual, np.inf)
    pauses = np.flatnonzero((gaps > _PAUSE_BEATS * usual) | (gaps > _PAUSE_S))
    edges = [0, *(pauses + 1).tolist(), len(ictus)]
    passages = tuple((a, b - 1) for a, b in pairwise(edges))
    interval = np.r_[gaps, gaps[-1]]
    steady = np.delete(gaps, pauses)
    fallback = float(np.median(steady)) if len(steady) else _DEFAULT_BEAT_S
    for first, last in passages:
        interval[last] = interval[last - 1] if last > first else fallback
    return passages, interval


def _median_before(gaps: Array) -> Array:
    """Median of up to four values before each one, 0 before the first, (B,)."""
    padded = np.r_[np.full(4, np.inf), gaps[:-1]]
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 4), axis=1)
    count = np.minimum(np.arange(len(gaps)), 4)
    row = np.arange(len(gaps))
    middle = 0.5 * (
        windows[row, np.maximum(count - 1, 0) // 2] + windows[row, np.minimum(count // 2, 3)]
    )
    return np.where(count > 0, middle, 0.0)


def _fall(length: float, share: float) -> float:
    """Seconds from the top down into a beat of the given length."""
    knee = min(length, _FALL_KNEE_S)
    return share * knee + _FALL_SLOPE * (length - knee)


def _beat(
    turns: list[tuple[float, Role, int]], beat: int, ictus: Array, share: float, *, divided: bool
) -> None:
    """A beat that another one follows: its ictus and the top before the next."""
    start, end = float(ictus[beat]), float(ictus[beat + 1])
    length = end - start
    turns.append((start, Role.ICTUS, beat))
    if divided and length > _SLOW_S:
        # Both halves are beaten at the pace of a beat of half the length.
        length *= 0.5
        half = start + length
        turns.append((half - _fall(length, share), Role.INNER_TOP, beat))
        turns.append((half, Role.INNER_LOW, beat))
    turns.append((end - _fall(length, share), Role.REBOUND, beat + 1))


def _hold(
    turns: list[tuple[float, Role, int]],
    last: int,
    ictus: Array,
    beat: float,
    sounding: float,
) -> list[tuple[int, float]]:
    """From the last beat before a pause: sustain while it sounds, or stop at once.

    Returns the fermata, if it is one: its beat and its end in motion time.
    """
    start, room = float(ictus[last]), float(ictus[last + 1] - ictus[last])
    rise = min(0.55 * beat, 0.3 * room)
    prepared = start + room - min(max(beat, _PREPARATION_S[0]), 0.45 * room)
    end = min(sounding, prepared)
    # Nobody holds a note that long; somebody else plays on.
    if not _HELD_BEATS * beat < end - start < _LONG_WAIT_S:
        turns.append((start + 0.6 * rise, Role.HOLD, last))
        return []
    turns.append((start + rise, Role.SUSTAIN, last))
    if prepared - end > 2.0 * _RELEASE_S and end > start + rise + 0.2:
        turns.append((end, Role.SUSTAIN, last))
        turns.append((end + 0.5 * _RELEASE_S, Role.RELEASE, last))
        turns.append((end + _RELEASE_S, Role.HOLD, last))
    return [(last, end)]


def _enter(turns: list[tuple[float, Role, int]], start: float, beat: int) -> None:
    """Bring the hands from where they are to where the preparation starts."""
    if turns:
        held, role, last = turns[-1]
        if start - held < _LONG_WAIT_S:
            turns.append((start, role, last))
            return
        turns.append((held + 1.0, Role.HOLD, last))
        turns.append((held + 1.0 + _LOWER_S, Role.LOWERED, last))
    elif start < _RAISE_S + _READY_S + 0.3:
        turns.append((start, Role.READY, beat))
        return
    turns.append((start - _READY_S - _RAISE_S, Role.LOWERED, beat))
    turns.append((start - _READY_S, Role.READY, beat))
    turns.append((start, Role.READY, beat))


def _cut_off(
    turns: list[tuple[float, Role, int]],
    last: int,
    ictus: Array,
    interval: Array,
    duration: float,
    sound_end: float,
) -> None:
    """End the sound: a warning lift, a small loop, a stop; then the arms sink."""
    beat = float(interval[last])
    length = float(np.clip(beat, *_CUT_OFF_S))
    end = max(min(sound_end, duration - 0.15), float(ictus[last]) + length)
    if end > duration - 0.05:
        length = max(duration - 0.05 - float(ictus[last]), 0.6 * _CUT_OFF_S[0])
        end = float(ictus[last]) + length
    start = end - length
    if start - float(ictus[last]) > 0.8 * beat:
        # The last note rings on: sustain it until shortly before it ends.
        turns.append((float(ictus[last]) + 0.5 * beat, Role.SUSTAIN, last))
        turns.append((start, Role.SUSTAIN, last))
    else:
        start = float(ictus[last])
    length = end - start
    turns.append((start + 0.48 * length, Role.LIFT, last))
    turns.append((start + 0.76 * length, Role.LOOP, last))
    turns.append((end, Role.STOP, last))
    turns.append((end + _STOP_S, Role.STOP, last))
    turns.append((end + _STOP_S + _LOWER_S, Role.LOWERED, last))
