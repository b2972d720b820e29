"""When the left hand does what: it mirrors, rests, shapes, sustains, calms and cues.

Professional conductors beat with the right hand and leave the left one to the music: it joins the
beat where the music is at its loudest or most accented, and else waits low or shapes the line.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.rotation import Array

from .cues import Cue
from .dynamics import Dynamics
from .plan import Plan
from .strokes import Strokes

CHANGE_S: Final = 1.25
"""Longest way from one gesture to another, seconds."""

_CUE_CHANGE_S: Final = 0.75
# A phrase of the hand has from the first to below the second of these bars, and is no longer.
_PHRASE_BARS: Final = (2, 5)
_LONGEST_S: Final = 9.0
_CALM_BEATS: Final = 3.0
_CALM_S: Final = (1.6, 4.0)
_HELD_S: Final = 1.8
# Beats on either side among which a sudden piano is one event.
_NEIGHBOURS: Final = 3
# Share of the phrases that are mirrored, by `style.left_hand`: (1 − it) to this power, the loudest
# of them, in which accents count by so much and chance by so much of the loudness.
_MIRRORED: Final = 3.2
_ACCENTS: Final = 0.4
_CHANCE: Final = 0.08
# A line is shaped where loudness varies by so much in the phrase, the more likely the louder it is;
# through more than so many phrases no hand rests, where it varies at all, and through more than so
# many bars (without what is mirrored in between) not in music from mezzo-forte on.
_SHAPED: Final = 0.07
_SHAPED_SHARE: Final = (0.35, 0.5)
_RESTED: Final = 2
_STEADY: Final = 0.02
_RESTED_BARS: Final = 5
_MEDIUM_LOUD: Final = 0.5


class Gesture(IntEnum):
    """What the left hand does."""

    MIRROR = 0  # beats with the right
    REST = 1  # waits before the belly
    SWELL = 2  # rises in a crescendo, sinks in a diminuendo
    SUSTAIN = 3  # holds a note
    CALM = 4  # palm down: softer
    CUE = 5  # points to who enters
    CARRY = 6  # carries the line: higher, further and palm up as it grows


@dataclass(frozen=True)
class Episode:
    """One gesture of its own.

    Parameters
    ----------
    start, end : float
        Seconds; on the way to it before, and from it after.
    kind : Gesture
        None of MIRROR, REST and CARRY.
    amount : float
        Rise of a swell, yaw of a cue, 1 otherwise.
    """

    start: float
    end: float
    kind: Gesture
    amount: float = 1.0


@dataclass(frozen=True)
class Gestures:
    """The left hand's programme.

    Parameters
    ----------
    times : (M,) array
        When it starts to change to each gesture, seconds, rising.
    kinds : (M,) int array
        `Gesture` of each.
    widths : (M,) array
        How long the change takes, seconds.
    episodes : tuple of Episode
        Those of them that have a course of their own, in time order.
    """

    times: Array
    kinds: NDArray[np.int64]
    widths: Array
    episodes: tuple[Episode, ...]


def plan_gestures(
    plan: Plan,
    grid: BeatGrid,
    dynamics: Dynamics,
    strokes: Strokes,
    cues: list[Cue],
    style: Style,
    rng: np.random.Generator,
) -> Gestures:
    """Choose for each phrase and each event of the music, as often as `style.left_hand` lets it."""
    changes = _phrases(plan, grid, dynamics, strokes, style, rng)
    episodes: list[Episode] = []
    for candidate, eagerness in _candidates(plan, dynamics, strokes, cues):
        # Draws are the same in number whatever the style, so that seeds stay comparable.
        wanted = rng.random() < eagerness * style.left_hand
        if wanted and all(_apart(candidate, other) for other in episodes):
            episodes.append(candidate)
    episodes.sort(key=lambda episode: episode.start)
    for episode in episodes:
        lead = _width(episode.kind)
        start, end = episode.start - lead, episode.end + 0.3
        after = [kind for time, kind in changes if time <= end][-1]
        changes = [change for change in changes if not start <= change[0] <= end]
        changes = sorted([*changes, (start, episode.kind), (end, after)])
    times, kinds = (np.array(column) for column in zip(*changes, strict=True))
    new = np.r_[True, (np.diff(kinds) != 0) & (np.diff(times) > 1e-6)]
    times, kinds = times[new], kinds[new].astype(np.int64)
    # A change that would be undone within the time it takes is left out.
    own = np.array([_width(Gesture(kind)) for kind in kinds])
    keep = np.r_[np.diff(times) > own[:-1], True]
    keep[0] = True
    times, kinds = times[keep], kinds[keep]
    widths = np.array([_width(Gesture(kind)) for kind in kinds])
    return Gestures(times, kinds, widths, tuple(episodes))


@dataclass(frozen=True)
class _Phrase:
    """A few bars: its first beat and the first one after it, and what it wants of the hand."""

    first: int
    after: int
    bars: int
    opens: bool
    loud: float
    varies: float
    chance: float


def _phrases(
    plan: Plan,
    grid: BeatGrid,
    dynamics: Dynamics,
    strokes: Strokes,
    style: Style,
    rng: np.random.Generator,
) -> list[tuple[float, Gesture]]:
    """Mirroring, resting and carrying by phrases: (start in seconds, gesture), rising."""
    changes: list[tuple[float, Gesture]] = [(-1e9, Gesture.MIRROR)]
    phrases = _cut(plan, grid, dynamics, strokes, rng)
    joined = _joined(phrases, grid, style)
    rested = bars = 0
    for phrase, joins in zip(phrases, joined, strict=True):
        start, interval = float(plan.ictus[phrase.first]), float(plan.interval[phrase.first])
        # The first beat of a phrase is given with both hands before one of them leaves, the first
        # bar of a passage too.
        leaves = 0.2 * interval
        if phrase.opens:
            changes.append((start - 1e-3, Gesture.MIRROR))
            leaves += float(grid.beats_in_bar[phrase.first] - 1) * interval
        low, high = _SHAPED_SHARE
        shaped = low + (high - low) * phrase.loud + style.expression * phrase.varies
        rested_enough = rested >= _RESTED
        line = phrase.varies > (_STEADY if rested_enough else _SHAPED)
        chosen = line and (rested_enough or phrase.chance < shaped)
        if joins:
            kind = Gesture.MIRROR
        elif chosen or (phrase.loud >= _MEDIUM_LOUD and bars + phrase.bars > _RESTED_BARS):
            kind = Gesture.CARRY
        else:
            kind = Gesture.REST
        rested = rested + 1 if kind is Gesture.REST else 0
        bars = 0 if kind is Gesture.CARRY else bars + phrase.bars * (kind is Gesture.REST)
        changes.append((start + leaves, kind))
    for _, last in plan.passages:
        # Both hands prepare and both end.
        changes.append((float(plan.ictus[last]) - CHANGE_S, Gesture.MIRROR))
    return sorted(changes)


def _cut(
    plan: Plan, grid: BeatGrid, dynamics: Dynamics, strokes: Strokes, rng: np.random.Generator
) -> list[_Phrase]:
    phrases: list[_Phrase] = []
    for first, last in plan.passages:
        bars = np.flatnonzero(grid.numbers[first : last + 1] == 1) + first
        bars = bars if len(bars) else np.array([first])
        i = 0
        while i < len(bars):
            length, chance = int(rng.integers(*_PHRASE_BARS)), float(rng.random())
            bar = float(plan.interval[bars[i]] * grid.beats_in_bar[bars[i]])
            length = min(length, max(1, int(_LONGEST_S / bar)))
            after = int(bars[i + length]) if i + length < len(bars) else last + 1
            beats = slice(int(bars[i]), after)
            heard = dynamics.broad(plan.ictus[beats] + 0.5 * plan.interval[beats])
            loud = float(heard.mean() + _ACCENTS * strokes.accent[beats].mean())
            varies = float(np.ptp(heard))
            phrases.append(_Phrase(int(bars[i]), after, length, i == 0, loud, varies, chance))
            i += length
    return phrases


def _joined(phrases: list[_Phrase], grid: BeatGrid, style: Style) -> NDArray[np.bool_]:
    """In which phrases both hands beat, (P,): the loudest, as many as the style grants.

    The first bars of passages, which they beat anyway, count too.
    """
    lengths = np.array([phrase.after - phrase.first for phrase in phrases], dtype=np.float64)
    beaten = np.array(
        [
            phrase.opens * min(grid.beats_in_bar[phrase.first], n)
            for phrase, n in zip(phrases, lengths, strict=True)
        ]
    )
    loudest = np.argsort([-phrase.loud - _CHANCE * phrase.chance for phrase in phrases])
    granted = (1.0 - style.left_hand) ** _MIRRORED * lengths.sum() - beaten.sum()
    lengths -= beaten
    joined = np.zeros(len(phrases), dtype=bool)
    before = np.cumsum(lengths[loudest]) - 0.5 * lengths[loudest]
    joined[loudest[before <= granted]] = True
    return joined


def _candidates(
    plan: Plan, dynamics: Dynamics, strokes: Strokes, cues: list[Cue]
) -> list[tuple[Episode, float]]:
    """What could be shown and how eagerly, the most important first."""
    found: list[tuple[Episode, float]] = []
    for beat, end in plan.fermatas:
        found.append((Episode(float(plan.ictus[beat]) + 0.3, end, Gesture.SUSTAIN), 4.0))
    inside: list[tuple[Episode, float]] = []
    # All at once is not shaped but calmed.
    for beat in _sudden(dynamics.drops(plan.ictus)):
        start = float(plan.ictus[beat]) - 0.5 * float(plan.interval[beat])
        length = float(np.clip(_CALM_BEATS * plan.interval[beat], *_CALM_S))
        inside.append((Episode(start, start + length, Gesture.CALM), 2.0))
    for cue in cues:
        start, end = cue.time - 0.9 * cue.interval, cue.time + 0.6 * cue.interval
        inside.append((Episode(start, end, Gesture.CUE, cue.yaw), 2.5))
    for swell in dynamics.swells():
        inside.append((Episode(swell.start, swell.end, Gesture.SWELL, swell.rise), 2.2))
    for start, end in _held(plan, strokes):
        inside.append((Episode(start, end, Gesture.SUSTAIN), 2.0))
    for episode, eagerness in inside:
        if any(
            plan.ictus[first] + 0.4 < episode.start
            and episode.end < plan.ictus[last] - 2.0 * CHANGE_S
            for first, last in plan.passages
        ):
            found.append((episode, eagerness))
    return found


def _sudden(drops: Array) -> list[int]:
    """The beats at which drops (B,) are deepest among their neighbours."""
    if len(drops) == 0:
        return []
    deepest = maximum_filter1d(drops, 2 * _NEIGHBOURS + 1)
    return np.flatnonzero((drops > 0.0) & (drops == deepest)).tolist()


def _held(plan: Plan, strokes: Strokes) -> list[tuple[float, float]]:
    """Stretches without a new note while it sounds: start and end, seconds."""
    edges = np.flatnonzero(np.diff(np.r_[0, strokes.held.astype(int), 0]))
    stretches = []
    for first, after in edges.reshape(-1, 2).tolist():
        start = float(plan.ictus[first])
        end = float(plan.ictus[after - 1] + plan.interval[after - 1])
        if end - start >= _HELD_S:
            stretches.append((start + 0.3, end - 0.3))
    return stretches


def _width(kind: Gesture) -> float:
    return _CUE_CHANGE_S if kind in (Gesture.CUE, Gesture.CALM) else CHANGE_S


def _apart(a: Episode, b: Episode) -> bool:
    room = 0.4 + _width(a.kind) + _width(b.kind)
    return a.start - b.end > room or b.start - a.end > room
