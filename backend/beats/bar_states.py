"""Bars over pulses: which of the pulses that are heard are conducted, in bars of how many beats.

A pulse is what the beat search found: mostly a beat, but sometimes two pulses make a beat, or a
pulse holds three. A state is a place in a bar of some length at some level; a path through the
states tells level, meter and place at once (the bar pointer of Whiteley, Cemgil & Godsill,
"Bayesian Modelling of Temporal Structure in Musical Audio", ISMIR 2006, over pulses, not frames).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.models.beat_net import BAR_LENGTHS
from retarget.rotation import Array


@dataclass(frozen=True)
class Bar:
    """A kind of bar.

    Parameters
    ----------
    pulses_per_beat : Fraction
    beats : int
        Conducted beats.
    """

    pulses_per_beat: Fraction
    beats: int

    @property
    def length(self) -> int:
        """Pulses in one bar, or in as many bars as hold a whole number of pulses."""
        pulses = self.beats * self.pulses_per_beat
        return int(pulses * pulses.denominator)


_LEVELS: Final = (
    (Fraction(1), BAR_LENGTHS),
    (Fraction(2), (1, 2, 3, 4, 5, 6, 8)),
    (Fraction(3), (1, 2, 3, 4)),
    (Fraction(1, 2), BAR_LENGTHS),
    (Fraction(1, 3), (2, 3, 4, 6, 9, 12)),
)
BARS: Final = tuple(Bar(level, beats) for level, lengths in _LEVELS for beats in lengths)

PULSES_PER_BEAT: Final = np.array([float(bar.pulses_per_beat) for bar in BARS])
"""(len(BARS),): pulses in each beat of each kind of bar."""

_LENGTHS: Final = np.array([bar.length for bar in BARS])
STATES: Final = int(_LENGTHS.sum())
"""Places in all kinds of bars together."""

FIRST: Final = np.cumsum(_LENGTHS) - _LENGTHS
"""(len(BARS),): the state in which each kind of bar begins."""

KIND: Final = np.repeat(np.arange(len(BARS)), _LENGTHS)
"""(STATES,): the kind of bar, out of `BARS`, that each state lies in."""

LAST: Final = FIRST + _LENGTHS - 1
INNER: Final = np.setdiff1d(np.arange(STATES), FIRST)
"""States that follow another one within their bar."""

# Chance that a bar is followed by one of another kind at the same level, at another level, and
# that it breaks off.
_CHANGE_METER, _CHANGE_LEVEL, _BREAK = 2e-5, 2e-6, 2e-4
GO_ON: Final = log(1.0 - _BREAK)
"""Log chance of the next state of a bar."""

BREAK_OFF: Final = log(_BREAK / STATES)
"""Log chance of any state after any other."""


def _turns() -> Array:
    same = PULSES_PER_BEAT[:, None] == PULSES_PER_BEAT
    chance = np.where(same, _CHANGE_METER, _CHANGE_LEVEL) / len(BARS)
    np.fill_diagonal(chance, 1.0 - _CHANGE_METER - _BREAK)
    return np.asarray(np.log(chance))


TURNS: Final = _turns()
"""(len(BARS), len(BARS)): log chance of each kind of bar after each."""


def only(allowed: NDArray[np.bool_], scores: Array) -> Array:
    """Scores (P, STATES) with all kinds of bars shut out but the allowed.

    Those are (len(BARS),) bools, or (P, len(BARS)) if other ones are allowed at each pulse.
    """
    return np.where(allowed[..., KIND], scores, -np.inf)


def best_path(scores: Array) -> NDArray[np.int64]:
    """The most likely path, by Viterbi's algorithm.

    Parameters
    ----------
    scores : (P, STATES) array
        Log weight of each state at each pulse; −∞ shuts a state out.

    Returns
    -------
    (P,) int array
        States.
    """
    back = np.zeros((len(scores), STATES), np.int64)
    score = scores[0]
    for i in range(1, len(scores)):
        after = np.empty(STATES)
        options = score[LAST][:, None] + TURNS
        best = options.argmax(axis=0)
        after[FIRST], back[i, FIRST] = options[best, np.arange(len(BARS))], LAST[best]
        after[INNER], back[i, INNER] = score[INNER - 1] + GO_ON, INNER - 1
        likeliest = int(score.argmax())
        broken = score[likeliest] + BREAK_OFF > after
        after[broken], back[i, broken] = score[likeliest] + BREAK_OFF, likeliest
        score = after + scores[i]
    path = np.empty(len(scores), np.int64)
    path[-1] = int(score.argmax())
    for i in range(len(scores) - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path


@dataclass(frozen=True)
class Beats:
    """Conducted beats; all of length B.

    Parameters
    ----------
    times : (B,) array
        In the unit of the pulses, rising.
    numbers, beats_in_bar : (B,) int arrays
        As in `BeatGrid`.
    pulses : (B,) int array
        The pulse each lies on, or that it follows.
    """

    times: Array
    numbers: NDArray[np.int64]
    beats_in_bar: NDArray[np.int64]
    pulses: NDArray[np.int64]


def beats_on(pulses: Array, path: NDArray[np.int64]) -> Beats:
    """The conducted beats of a path.

    Parameters
    ----------
    pulses : (P,) array
        Times, rising.
    path : (P,) int array
        A state for each.
    """
    kind = KIND[path]
    edges = np.r_[pulses, 2.0 * pulses[-1] - pulses[-2] if len(pulses) > 1 else pulses[-1:]]
    rows: list[tuple[float, int, int, int]] = []
    for i, (which, place) in enumerate(
        zip(kind.tolist(), (path - FIRST[kind]).tolist(), strict=True)
    ):
        bar = BARS[which]
        beat = -(-place // bar.pulses_per_beat)
        while (inside := float(beat * bar.pulses_per_beat - place)) < 1.0:
            time = edges[i] + inside * (edges[i + 1] - edges[i])
            rows.append((time, beat % bar.beats + 1, bar.beats, i))
            beat += 1
    table = np.array(rows).reshape(-1, 4)
    whole = table[:, 1:].astype(np.int64)
    return Beats(table[:, 0], whole[:, 0], whole[:, 1], whole[:, 2])
