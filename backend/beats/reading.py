"""Which beats are conducted, in bars of how many, decided over minutes of music.

From pulse to pulse the networks often waver between a bar and half of it; a piece mostly keeps one
level and one meter. So what they say of a minute is summed for each kind of bar, weighed against
what is usual among conductors, and one kind is taken for the whole minute, seldom another one than
in the minute before.

The weights are a multinomial logit (McFadden 1974) over the kinds of bars, fitted on works that
the networks have not learned from (`virtual-conductor train reading`).
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from backend.beats.accents import MEASURES, PulseSound, bar_accents
from backend.beats.bar_states import (
    BARS,
    BREAK_OFF,
    FIRST,
    GO_ON,
    INNER,
    KIND,
    LAST,
    PULSES_PER_BEAT,
    STATES,
)
from backend.beats.decode import Heard
from backend.beats.viterbi import viterbi_path
from backend.grid.conducted import conducting_limits
from backend.models.beat_net import BAR_LENGTHS, RATE, SLOW
from retarget.rotation import Array

STRETCH_S: Final = 60.0
"""A kind of bar is chosen for about so many seconds."""

# What pulses say is not independent: a minute says about as much as so many that are.
_PULSES: Final = 80.0
# Nats that another kind of bar than in the stretch before costs.
_CHANGE: Final = 4.0
# Nats for each octave that beats lie outside the limits of conducting.
_OFF_LIMITS: Final = 12.0
_LEAST: Final = 1e-3
_USUAL_BPM, _USUAL_BAR_S = 95.0, 2.2

_BEATS: Final = np.array([bar.beats for bar in BARS])
_LENGTH: Final = np.array([bar.length for bar in BARS])
_LEVELS: Final = tuple(dict.fromkeys(bar.pulses_per_beat for bar in BARS))

FEATURES: Final = (
    *("pulses", "tempo head", "meter head", "tempo", "tempo squared", "bar", "bar squared"),
    *(f"{level} pulses in a beat" for level in _LEVELS),
    *(f"{beats} in a bar" for beats in BAR_LENGTHS),
    *MEASURES,
)
"""What kinds of bars are weighed by."""


@dataclass(frozen=True)
class Reading:
    """What the pulses of a piece are taken for.

    Parameters
    ----------
    kinds : (P,) int array
        The kind of bar, out of `BARS`, that each pulse lies in.
    shares : (P, len(BARS)) array
        How likely each kind is there.
    by_ear : (P, len(BARS)) array
        How likely it would be if the user had said nothing.
    """

    kinds: NDArray[np.int64]
    shares: Array
    by_ear: Array


def read_bars(
    heard: Heard,
    pulses: Array,
    scores: Array,
    sound: PulseSound,
    told: Array | None = None,
    weights: Array | None = None,
) -> Reading:
    """Choose a kind of bar for each minute.

    Parameters
    ----------
    heard : Heard
        The beat network's answer.
    pulses : (P,) array
        Places in its frames, rising, P > 1.
    scores : (P, STATES) array
        The bar network's weights.
    sound : PulseSound
        Harmony, bass and accents at the pulses.
    told : (P, len(BARS)) array, optional
        Log weights of the kinds by what the user said of meter or tempo; −∞ shuts one out. What is
        usual among conductors then counts for nothing beside it.
    weights : (len(FEATURES),) array, optional
        Other ones than those of the table.
    """
    weights = reading_weights() if weights is None else weights
    parts = stretches(pulses)
    values = np.stack(
        [features(heard, pulses[one], scores[one], sound.part(one)) @ weights for one in parts]
    )
    chosen, by_ear = _seldom_changing(values + np.stack([limits_of(pulses[one]) for one in parts]))
    shares = by_ear
    if told is not None:
        chosen, shares = _seldom_changing(values + np.stack([_told(told[one]) for one in parts]))
    lengths = [one.stop - one.start for one in parts]
    each = np.repeat(np.arange(len(parts)), lengths)
    return Reading(chosen[each], shares[each], by_ear[each])


def stretches(pulses: Array) -> list[slice]:
    """Stretches of as many pulses each, about `STRETCH_S` long."""
    seconds = (pulses[-1] - pulses[0]) / RATE
    count = min(max(round(seconds / STRETCH_S), 1), len(pulses) // 2)
    borders = np.linspace(0, len(pulses), count + 1).round().astype(int).tolist()
    return [slice(first, end) for first, end in pairwise(borders)]


def features(heard: Heard, pulses: Array, scores: Array, sound: PulseSound) -> Array:
    """What speaks for each kind of bar in a stretch, (len(BARS), len(FEATURES))."""
    length = np.diff(pulses, append=2.0 * pulses[-1] - pulses[-2]) / RATE
    tempo = 60.0 / float(np.median(length)) / PULSES_PER_BEAT
    evidence = _evidence(scores)
    count = len(pulses)
    at = np.clip(np.round(pulses / SLOW).astype(int), 0, len(heard.meter) - 1)
    meter = np.log(np.maximum(heard.meter[at], _LEAST)).mean(axis=0)
    octaves = np.log2(tempo / _USUAL_BPM)
    bar = np.log2(60.0 / tempo * _BEATS / _USUAL_BAR_S)
    columns = [
        (evidence - evidence.max()) * _PULSES / (count + _PULSES),
        _tempo_likeness(heard, at, length),
        meter[np.searchsorted(BAR_LENGTHS, _BEATS)],
        octaves,
        octaves**2,
        bar,
        bar**2,
        *(float(level) == PULSES_PER_BEAT for level in _LEVELS),
        *(beats == _BEATS for beats in BAR_LENGTHS),
        *bar_accents(sound).T,
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def limits_of(pulses: Array) -> Array:
    """Log weights of the kinds of bars by what a conductor does at this tempo, (len(BARS),)."""
    limits = conducting_limits()
    tempo = 60.0 * RATE / float(np.median(np.diff(pulses))) / PULSES_PER_BEAT
    off = np.abs(np.log2(tempo / np.clip(tempo, limits.slowest, limits.fastest)))
    too_fast = (_BEATS == 1) & (tempo > limits.bars_in_one)
    return np.where(too_fast, -np.inf, -_OFF_LIMITS * off)


def _evidence(scores: Array) -> Array:
    """Log weight of all paths together that stay in each kind of bar, (len(BARS),)."""
    start = -np.log(_LENGTH)
    total = scores[0] + start[KIND]
    for row in scores[1:]:
        broken = np.logaddexp.reduceat(total, FIRST) + start + BREAK_OFF
        moved = np.empty(STATES)
        moved[FIRST], moved[INNER] = total[LAST], total[INNER - 1]
        total = np.logaddexp(moved + GO_ON, broken[KIND]) + row
    return np.asarray(np.logaddexp.reduceat(total, FIRST))


def _tempo_likeness(heard: Heard, at: NDArray[np.int64], length: Array) -> Array:
    """Mean log probability of the tempo that each kind of bar makes of the pulses, (len(BARS),)."""
    logs, scale = np.log(np.maximum(heard.tempo[at], _LEAST)), np.log(heard.tempi)
    step = (scale[-1] - scale[0]) / (len(scale) - 1)
    found = {}
    for level in _LEVELS:
        place = np.round((np.log(60.0 / length / float(level)) - scale[0]) / step).astype(int)
        near = np.clip(place[:, None] + np.arange(-1, 2), 0, len(scale) - 1)
        found[level] = float(np.take_along_axis(logs, near, axis=1).max(axis=1).mean())
    return np.array([found[bar.pulses_per_beat] for bar in BARS])


def _told(told: Array) -> Array:
    return np.asarray(told.mean(axis=0) * _PULSES * len(told) / (len(told) + _PULSES))


def _seldom_changing(values: Array) -> tuple[NDArray[np.int64], Array]:
    """The likeliest kind of each stretch where changes cost, and how likely each is.

    Parameters
    ----------
    values : (S, K) array
        Log weights by what each stretch says by itself.
    """
    change = np.full((values.shape[1],) * 2, -_CHANGE)
    np.fill_diagonal(change, 0.0)
    forward = values.copy()
    for i in range(1, len(values)):
        forward[i] += logsumexp(forward[i - 1][:, None] + change, axis=0)
    backward = np.zeros(values.shape)
    for i in range(len(values) - 2, -1, -1):
        backward[i] = logsumexp(change + backward[i + 1] + values[i + 1], axis=1)
    both = forward + backward
    return viterbi_path(values, change), np.exp(both - logsumexp(both, axis=1, keepdims=True))


def reading_weights() -> Array:
    """Those of the table that comes with the program, (len(FEATURES),)."""
    return _read_weights(Path(str(files(__package__).joinpath("reading.toml"))))


@cache
def _read_weights(path: Path) -> Array:
    table = tomllib.loads(path.read_text(encoding="utf-8"))["weights"]
    return np.array([float(table[name]) for name in FEATURES])
