"""Which bars of a score a recording plays, and about when: a search with jumps at bar lines."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
# What a second costs that is not of the score, as one that does not correlate at all costs 1; and
# one of silence.
_OTHER: Final = 0.46
_ABOVE, _MOST_OTHER = 0.25, 0.65
_SILENT: Final = 0.30
_SILENCE_DB: Final = -45.0
# What it costs to begin or end elsewhere than with a movement; to jump where the score has repeats
# or movements; to jump elsewhere; to come back from other sound: seconds of no correlation.
_EDGE: Final = 1.0
_SIGN_JUMP: Final = 1.5
_BAR_JUMP: Final = 2.5
_RETURN: Final = 3.0
_FROM_SIGN, _FROM_BAR, _FROM_OTHER, _FROM_NOTHING = 250, 251, 252, 253
_PHASE: Final = "following the score"


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
    near = np.nan_to_num(pace_around(padded, _TEMPO_BARS), nan=whole)
    near = np.clip(near, whole / _TEMPO_RANGE, whole * _TEMPO_RANGE)
    return NominalTime(nominal.quarters, np.r_[0.0, np.cumsum(written * near)])


def pace_around(padded: Array, width: int) -> Array:
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
        """A Viterbi search over all places of the score and one state for other sound."""
        return _run(self, progress)


def _run(task: _Task, progress: Progress) -> Found:
    movement, nominal, sound, steps = task.movement, task.nominal, task.sound, task.steps
    begins = task.begins
    per_frame = _FRAMES * task.coarser
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
    written = np.roll(written, steps, axis=1)
    lines = np.minimum(np.round(nominal.seconds / step_s).astype(np.int64), count - 1)
    search = _Search(movement, lines, set(begins), frame_s, count, task.paces, task.other)
    path, cost = search.best_path(heard, silent, written, rests, progress)
    outside = np.where(silent, _SILENT, task.other)[path < 0].sum()
    own = (cost * len(path) - float(outside)) / max(int((path >= 0).sum()), 1)
    at = nominal.place(np.minimum(np.maximum(path, 0) * step_s, nominal.seconds[-1]))
    at = np.where(path < 0, np.nan, at)
    frames = (np.arange(len(path)) + 0.5) * frame_s - 0.5 / CHROMA_RATE
    return Found(_stretches(movement, frames, at, search.jumped), cost, own, steps)


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


class _Search:
    """A Viterbi search over the places of a score."""

    def __init__(
        self,
        movement: Movement,
        lines: NDArray[np.int64],
        begins: set[int],
        frame_s: float,
        count: int,
        paces: dict[int, float],
        other: float,
    ) -> None:
        self._paces, self._other = paces, other
        bars = movement.bars
        self._second = 1.0 / frame_s
        self._count = count
        self._targets = lines[:-1]
        self._ends = lines[1:]
        signs = {bars[i].start for i in begins}
        ends = {i - 1 for i in begins if i} | {len(bars) - 1}
        stops = [bar.start + bar.length for bar in bars]
        for i in range(len(bars) - 1):
            if bars[i + 1].start != stops[i]:
                signs |= {bars[i + 1].start, stops[i]}
        self._signs = np.array(
            [i for i, bar in enumerate(bars) if bar.start in signs], dtype=np.int64
        )
        self._sign_ends = np.array(
            [i for i in range(len(bars)) if stops[i] in signs or i in ends], dtype=np.int64
        )
        self._entry = np.full(count, _EDGE * self._second, np.float32)
        self._entry[lines[sorted(begins)]] = 0.0
        self._exit = np.full(count, _EDGE * self._second, np.float32)
        for bar in ends:
            self._exit[max(lines[bar + 1] - 2, 0) : lines[bar + 1] + 1] = 0.0
        self._back = np.full(count, np.inf, np.float32)
        self._back[lines[:-1]] = _RETURN * self._second
        self._back[lines[sorted(begins)]] = _EDGE * self._second
        self.jumped: NDArray[np.bool_] = np.zeros(0, bool)

    def best_path(
        self,
        heard: NDArray[np.float32],
        silent: NDArray,
        written: NDArray[np.float32],
        rests: NDArray,
        progress: Progress,
    ) -> tuple[NDArray[np.int64], float]:
        """The place of each frame, −1 for other sound, and the mean cost of a second."""
        frames, count = len(heard), self._count
        came = np.zeros((frames, count), np.uint8)
        sign_from, bar_from, other_from = (np.zeros(frames, np.int64) for _ in range(3))
        reach = max(self._paces)
        padded = np.full(count + reach, np.inf, np.float32)
        cost = padded[reach:]
        other = 0.0
        before = 0.0
        for t in range(frames):
            if t % 256 == 0:
                products = heard[t : t + 256] @ written.T
                progress(t / frames, _PHASE)
            here = 1.0 - products[t % 256]
            if silent[t]:
                here = np.where(rests, 0.1, 0.6).astype(np.float32)
            else:
                here[rests] = 0.5
            if t == 0:
                cost[:] = self._entry + here
                came[0] = _FROM_NOTHING
                other = _SILENT if silent[0] else self._other
                before = other
                other_from[0] = -1
                continue
            best = padded[reach : reach + count] + np.float32(self._paces[0])
            how = came[t]
            for k, penalty in self._paces.items():
                if k:
                    other_way = padded[reach - k : reach - k + count] + np.float32(penalty)
                    better = other_way < best
                    how[better] = k
                    np.minimum(best, other_way, out=best)
            leaving = cost[self._ends]
            far = int(leaving.argmin())
            bar_from[t] = self._ends[far]
            self._jump(best, how, self._targets, leaving[far] + _BAR_JUMP * self._second, _FROM_BAR)
            if len(self._sign_ends) and len(self._signs):
                near = int(self._sign_ends[leaving[self._sign_ends].argmin()])
                sign_from[t] = self._ends[near]
                self._jump(
                    best,
                    how,
                    self._targets[self._signs],
                    leaving[near] + _SIGN_JUMP * self._second,
                    _FROM_SIGN,
                )
            entering = before + self._entry
            better = entering < best
            how[better] = _FROM_NOTHING
            np.minimum(best, entering, out=best)
            entering = other + self._back
            better = entering < best
            how[better] = _FROM_OTHER
            np.minimum(best, entering, out=best)
            stopping = cost + self._exit
            last = int(stopping.argmin())
            other_from[t] = -1
            if stopping[last] < other:
                other, other_from[t] = float(stopping[last]), last
            step = _SILENT if silent[t] else self._other
            other += step
            before += step
            cost[:] = best + here
        path = np.full(frames, -1, np.int64)
        self.jumped = np.zeros(frames, bool)
        ending = cost + self._exit
        place = int(ending.argmin())
        total = min(float(ending[place]), other)
        if other < ending[place]:
            place = -1
        for t in range(frames - 1, -1, -1):
            path[t] = place
            if place < 0:
                place = int(other_from[t])
                continue
            how_here = int(came[t, place])
            if how_here == _FROM_NOTHING:
                break
            if how_here == _FROM_BAR:
                place, self.jumped[t] = int(bar_from[t]), True
            elif how_here == _FROM_SIGN:
                place, self.jumped[t] = int(sign_from[t]), True
            elif how_here == _FROM_OTHER:
                place, self.jumped[t] = -1, True
            else:
                place -= how_here
        return path, total / frames

    def _jump(self, best: NDArray, how: NDArray, targets: NDArray, price: float, code: int) -> None:
        better = targets[price < best[targets]]
        best[better] = price
        how[better] = code


def _stretches(
    movement: Movement, frames: Array, at: Array, jumped: NDArray[np.bool_]
) -> tuple[Stretch, ...]:
    """Runs of frames without jumps."""
    known = ~np.isnan(at)
    begins = np.flatnonzero(known & np.r_[True, ~known[:-1]] | known & jumped)
    found = []
    for first, after in zip(begins, np.r_[begins, len(at)][1:], strict=True):
        inside = np.arange(first, after)[known[first:after]]
        quarters = at[inside]
        first, stop = _bar_near(movement, quarters[0]), _bar_near(movement, quarters[-1], end=True)
        stop = min(max(stop, first + 1), len(movement.bars))
        found.append(Stretch(min(first, stop - 1), stop, frames[inside], quarters))
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
