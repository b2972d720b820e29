"""When the eyes blink, and how a lid falls and rises."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

from .curves import smoothstep
from .gaze import Gaze
from .plan import Plan

# Lids fall faster than they rise (VanderWerf et al. 2003: about 90 and 180 ms).
_FALL_S: Final = 0.09
_SHUT_S: Final = 0.035
_RISE_S: Final = 0.17
# Middle of the time in which an eye sees nothing, after the lid begins to fall.
_BLIND_S: Final = 0.11
# Seconds from one blink to the next: at least, and more on average; about 15 a minute.
_LEAST_S: Final = 1.4
_MORE_S: Final = 2.6
_SHAPE: Final = 3.0
_FIRST_S: Final = (0.6, 2.2)
# A blink comes so much earlier or later where there is a better moment for it.
_EARLIER_S, _LATER_S = 0.7, 0.9
_STEP_S: Final = 0.02
# Blinks go with leaps of the eyes of this size, radians, and with the ends of phrases.
_LEAP: Final = 0.15
_NEAR_LEAP_S: Final = 0.05
_NEAR_PHRASE_S: Final = 0.35
_CLEAR_OF_ICTUS_S: Final = 0.13
_DELAY_S: Final = 0.008
_LENGTH_S: Final = _FALL_S + _SHUT_S + _RISE_S + _DELAY_S


@dataclass(frozen=True)
class Blinks:
    """When lids begin to fall (N,) seconds, how far they close (N,), and how much later the right
    one is, seconds."""

    starts: Array
    depths: Array
    delay: float

    def closed(self, at: Array) -> Array:
        """How far an eye is closed at the given times, (T,) in [0, 1]."""
        closed = np.zeros(len(at))
        for start, depth in zip(self.starts.tolist(), self.depths.tolist(), strict=True):
            first, last = np.searchsorted(at, [start, start + _LENGTH_S])
            t = at[first:last] - start
            falls = smoothstep(t / _FALL_S)
            rises = smoothstep((t - _FALL_S - _SHUT_S) / _RISE_S)
            closed[first:last] = np.maximum(closed[first:last], depth * (falls - rises))
        return closed


def plan_blinks(
    duration: float, plan: Plan, gaze: Gaze, phrases: Array, rng: np.random.Generator
) -> Blinks:
    """Blink now and then, where the eyes leap or a phrase ends, never on the beat nor at a cue.

    The last blink is over before the performance is, for its last picture may stay.
    """
    starts: list[float] = []
    depths: list[float] = []
    delay = float(rng.uniform(0.0, _DELAY_S))
    leaps = gaze.leaps[gaze.sizes > _LEAP]
    due = float(rng.uniform(*_FIRST_S))
    while due < duration:
        candidates = np.arange(due - _EARLIER_S, due + _LATER_S, _STEP_S)
        earliest = starts[-1] + _LEAST_S if starts else 0.0
        candidates = candidates[(candidates >= earliest) & (candidates < duration - _LENGTH_S)]
        if len(candidates) == 0:
            break
        worth = _worth(candidates, plan, gaze, leaps, phrases) - 0.35 * np.abs(candidates - due)
        starts.append(float(candidates[int(np.argmax(worth))]))
        depths.append(float(rng.uniform(0.94, 1.0)))
        due = starts[-1] + _LEAST_S + float(rng.gamma(_SHAPE, _MORE_S / _SHAPE))
    return Blinks(np.array(starts), np.array(depths), delay)


def _worth(starts: Array, plan: Plan, gaze: Gaze, leaps: Array, phrases: Array) -> Array:
    """How good a moment each is for a lid to begin to fall, (N,)."""
    blind = starts + _BLIND_S
    worth = 1.0 * np.exp(-((_distance(starts, leaps) / _NEAR_LEAP_S) ** 2))
    # A phrase ends some moment before the next one begins.
    worth += 0.8 * np.exp(-((_distance(starts + 0.5, phrases) / _NEAR_PHRASE_S) ** 2))
    to_ictus = _distance(blind, plan.ictus)
    # The faster the beats, the nearer the next one: then halfway between two is best.
    worth -= 6.0 * np.clip(1.0 - to_ictus / _CLEAR_OF_ICTUS_S, 0.0, None)
    entries = np.array([cue.time for cue in gaze.cues])
    beats = np.array([cue.interval for cue in gaze.cues])
    after = starts[:, None] - entries
    worth -= 8.0 * ((after > -beats) & (after < 0.3 * beats)).any(axis=1)
    return worth


def _distance(at: Array, events: Array) -> Array:
    """Seconds to the nearest of some events (rising), (N,)."""
    if len(events) == 0:
        return np.full(len(at), np.inf)
    after = np.searchsorted(events, at).clip(0, len(events) - 1)
    before = np.maximum(after - 1, 0)
    return np.minimum(np.abs(at - events[before]), np.abs(at - events[after]))
