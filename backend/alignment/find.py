"""Which bars of a score a recording plays, and about when: a search with jumps at bar lines."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.alignment.bar_search import SILENT, BarSearch, Frames
from backend.alignment.score_sound import NominalTime, score_chroma, unit_chroma
from backend.alignment.sound import CHROMA_RATE, Sound
from backend.score.movement import Movement
from retarget.progress import Progress, no_progress, part
from retarget.rotation import Array

# Frames of the chroma in one of the search, at least, and how many cells a search has at most.
_FRAMES: Final = 6
_MOST_CELLS: Final = 120e6
# Steps of the score in a frame at the expected tempo, and what the search may take, with what that
# costs: where the tempo is not known it finds all from a quarter of the written one to three times
# it, and where it is known it hurries through no bars that are left out.
_USUAL: Final = 2
_ANY_TEMPO: Final = {0: 0.10, 1: 0.04, 2: 0.0, 3: 0.03, 4: 0.06, 6: 0.12}
_KNOWN_TEMPO: Final = {0: 0.20, 1: 0.05, 2: 0.0, 3: 0.07, 4: 0.30, 6: 1.0}
# Bars over which a tempo is taken, and how far it may be from that of the whole.
_TEMPO_BARS: Final = 65
_TEMPO_RANGE: Final = 2.5
# Quarter notes from a bar line that a search may be off.
_AT_LINE: Final = 0.5
# How much coarser the first search is, and by how much another key must be better than the written.
_ROUGH: Final = 4
_OTHER_KEY: Final = 0.04
# Seconds over which chroma is smoothed.
_SMOOTH_S: Final = 1.0
# What a second costs that is not of the score, as one that does not correlate at all costs 1: at
# least, how much more than one that surely is of it, and at most.
_OTHER: Final = 0.46
_ABOVE, _MOST_OTHER = 0.25, 0.65
# What is quieter is silent, against the loud frames.
_SILENCE_DB: Final = -45.0


@dataclass(frozen=True)
class Stretch:
    """A stretch of a recording that plays bars of the score which follow each other.

    Parameters
    ----------
    first, stop : int
        Bars of the movement, `stop` not included.
    times : (P,) array
        Seconds of some points of it, rising.
    quarters : (P,) array
        Where in the movement they are, never falling.
    """

    first: int
    stop: int
    times: Array
    quarters: Array


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    stretches : tuple of Stretch
        In the order of time; between them, before and after is other sound or none.
    cost : float
        Mean cost of a second of the recording: 0.5 if it is nothing of the score.
    own_cost : float
        The same within the stretches.
    steps : int
        Semitones by which the recording is higher than the score, −5 to 6.
    margin : float
        How much more a second of the recording would cost in the likeliest other key.
    """

    stretches: tuple[Stretch, ...]
    cost: float
    own_cost: float
    steps: int
    margin: float = 0.0


def find(
    movement: Movement, sound: Sound, begins: Sequence[int], progress: Progress = no_progress
) -> Found:
    """Where the bars of a movement are in a recording, in whatever key and tempo.

    Parameters
    ----------
    movement : Movement
        All movements of a score as one.
    sound : Sound
        The recording.
    begins : sequence of int
        Bars with which movements begin.
    """
    nominal = NominalTime.of(movement)
    keys = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
    rough = []
    for number, steps in enumerate(keys):
        search = _Task(movement, nominal, sound, begins, steps, _ROUGH, _ANY_TEMPO, _OTHER)
        rough.append(search.run(part(progress, number / 24, (number + 1) / 24)))
    best = min(rough, key=lambda it: it.cost)
    if best.cost > rough[0].cost - _OTHER_KEY:
        best = rough[0]
    nominal = _at_tempo_of(best, movement, nominal)
    # What a recording of this sound costs where it is surely of the score tells what is not.
    other = min(max(best.own_cost + _ABOVE, _OTHER), _MOST_OTHER)
    search = _Task(movement, nominal, sound, begins, best.steps, 1, _KNOWN_TEMPO, other)
    found = search.run(part(progress, 0.5, 1.0))
    rival = min(it.cost for it in rough if it is not best)
    return replace(found, margin=rival - best.cost)


def _at_tempo_of(found: Found, movement: Movement, nominal: NominalTime) -> NominalTime:
    """Nominal time at the tempo of a search: of the bars around, and elsewhere of the whole."""
    written = np.diff(nominal.seconds)
    pace = np.full(len(written), np.nan)
    for stretch in found.stretches:
        rising = np.r_[True, np.diff(stretch.quarters) > 1e-9]
        times, quarters = stretch.times[rising], stretch.quarters[rising]
        bars = np.arange(stretch.first, stretch.stop)
        lines = np.interp(movement.starts[stretch.first : stretch.stop + 1], quarters, times)
        inside = (movement.starts[bars] >= quarters[0]) & (
            movement.starts[bars + 1] <= quarters[-1]
        )
        pace[bars[inside]] = (np.diff(lines) / written[bars])[inside]
    known = pace[~np.isnan(pace)]
    if not len(known):
        return nominal
    whole = float(np.exp(np.median(np.log(np.maximum(known, 1e-3)))))
    half = _TEMPO_BARS // 2
    padded = np.pad(pace, half, constant_values=np.nan)
    near = np.nan_to_num(_pace_around(padded, _TEMPO_BARS), nan=whole)
    near = np.clip(near, whole / _TEMPO_RANGE, whole * _TEMPO_RANGE)
    return NominalTime(nominal.quarters, np.r_[0.0, np.cumsum(written * near)])


def _pace_around(padded: Array, width: int) -> Array:
    """Medians of `width` values each, of those that are known; NaN where none is."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(windows, axis=1))


@dataclass(frozen=True)
class _Task:
    """One search: what is looked for in what key and at what tempo, in how long frames."""

    movement: Movement
    nominal: NominalTime
    sound: Sound
    begins: Sequence[int]
    steps: int
    coarser: int
    paces: dict[int, float]
    other: float

    def run(self, progress: Progress) -> Found:
        """What the search finds."""
        movement, nominal, sound = self.movement, self.nominal, self.sound
        per_frame = _FRAMES * self.coarser
        states = nominal.seconds[-1] * _USUAL * CHROMA_RATE / per_frame
        while states * len(sound.chroma) / per_frame > _MOST_CELLS:
            per_frame, states = per_frame + 1, states * per_frame / (per_frame + 1)
        frame_s = per_frame / CHROMA_RATE
        heard, silent = _heard(sound, per_frame, frame_s)
        step_s = frame_s / _USUAL
        count = int(np.ceil(nominal.seconds[-1] / step_s)) + 1
        notes = movement.notes
        times = nominal.at(np.stack([notes.onset, notes.onset + notes.duration]))
        written = score_chroma(movement, times, step_s, count)
        rests = written.sum(axis=1) < 1e-3
        written = unit_chroma(np.log1p(written), max(round(_SMOOTH_S / step_s), 1))
        written = np.roll(written, self.steps, axis=1)
        lines = np.minimum(np.round(nominal.seconds / step_s).astype(np.int64), count - 1)
        search = BarSearch(
            movement, lines, set(self.begins), frame_s, count, self.paces, self.other
        )
        frames = Frames(heard, silent, written, rests)
        path, jumped, cost = search.cheapest(frames, progress)
        outside = np.where(silent, SILENT, self.other)[path < 0].sum()
        own = (cost * len(path) - float(outside)) / max(int((path >= 0).sum()), 1)
        at = nominal.place(np.minimum(np.maximum(path, 0) * step_s, nominal.seconds[-1]))
        at = np.where(path < 0, np.nan, at)
        times = (np.arange(len(path)) + 0.5) * frame_s - 0.5 / CHROMA_RATE
        return Found(_stretches(movement, times, at, jumped), cost, own, self.steps)


def _heard(sound: Sound, per_frame: int, frame_s: float) -> tuple[NDArray[np.float32], NDArray]:
    """Unit chroma of the search's frames, (N, 12), and which are silent, (N,)."""
    count = max(len(sound.chroma) // per_frame, 1)
    chroma = np.pad(sound.chroma, ((0, max(count * per_frame - len(sound.chroma), 0)), (0, 0)))
    level = np.pad(
        sound.level, (0, max(count * per_frame - len(sound.level), 0)), constant_values=-99.0
    )
    wide = max(round(_SMOOTH_S * CHROMA_RATE), 1)
    smooth = unit_chroma(chroma, wide)[per_frame // 2 :: per_frame][:count]
    silent = level[: count * per_frame].reshape(count, per_frame).max(axis=1) < _SILENCE_DB
    smooth[silent] = 0.0
    return smooth, silent


def _stretches(
    movement: Movement, frames: Array, at: Array, jumped: NDArray[np.bool_]
) -> tuple[Stretch, ...]:
    """Runs of frames without jumps."""
    known = ~np.isnan(at)
    begins = np.flatnonzero(known & np.r_[True, ~known[:-1]] | known & jumped)
    found = []
    for first, after in zip(begins, np.r_[begins, len(at)][1:], strict=True):
        inside = np.arange(first, after)[known[first:after]]
        found.append(_stretch(movement, frames[inside], at[inside]))
    return tuple(found)


def _stretch(movement: Movement, times: Array, quarters: Array) -> Stretch:
    first, stop = _bar_near(movement, quarters[0]), _bar_near(movement, quarters[-1], end=True)
    stop = min(max(stop, first + 1), len(movement.bars))
    return Stretch(min(first, stop - 1), stop, times, quarters)


def cut(
    movement: Movement, stretches: Sequence[Stretch], kept: Sequence[tuple[float, float]]
) -> tuple[Stretch, ...]:
    """Of stretches of a recording what lies within some times, each (begin, end) in seconds."""
    found = []
    for begin, end in kept:
        for stretch in stretches:
            inside = (stretch.times >= begin) & (stretch.times <= end)
            if inside.any():
                found.append(_stretch(movement, stretch.times[inside], stretch.quarters[inside]))
    return tuple(found)


def _bar_near(movement: Movement, quarters: float, *, end: bool = False) -> int:
    """The bar that begins at a place, or the one that it is in; or for an end the one after."""
    line = int(np.abs(movement.starts - quarters).argmin())
    bar = int(np.searchsorted(movement.starts, quarters, side="right")) - 1
    bar = min(max(bar, 0), len(movement.bars) - 1)
    near = min(_AT_LINE, (movement.starts[bar + 1] - movement.starts[bar]) / 3.0)
    if abs(movement.starts[line] - quarters) <= near:
        return line
    return bar + 1 if end else bar
