"""Quarter notes to seconds: one monotone map a whole performance goes by, so beats are exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from backend.corpus.rubato import drawn_rubato
from backend.grid.conducted import conducting_limits
from backend.score.movement import Movement
from retarget.rotation import Array

_STEP: Final = 0.25
"""Resolution of the tempo curve, quarter notes."""

_TEMPO_SPREAD: Final = 0.25
_SECTION_SPREAD: Final = 0.03


@dataclass(frozen=True)
class Clock:
    """A performance's time map.

    Parameters
    ----------
    quarters : (G,) array
        Places in the movement, rising from 0.
    seconds : (G,) array
        When they are played.
    breaks : (P,) array
        Places before which there is a pause, rising.
    pauses : (P,) array
        Its length, seconds.
    """

    quarters: Array
    seconds: Array
    breaks: Array
    pauses: Array

    def onset(self, quarters: Array) -> Array:
        """When what begins at these places begins."""
        return self._base(quarters) + self._paused(quarters, "right")

    def offset(self, quarters: Array) -> Array:
        """When what ends at these places ends: before a pause there."""
        return self._base(quarters) + self._paused(quarters, "left")

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.seconds[-1] + self.pauses.sum())

    def _base(self, quarters: Array) -> Array:
        last = len(self.quarters) - 1
        pace = (self.seconds[last] - self.seconds[last - 1]) / (
            self.quarters[last] - self.quarters[last - 1]
        )
        beyond = np.maximum(quarters - self.quarters[-1], 0.0) * pace
        return np.interp(quarters, self.quarters, self.seconds) + beyond

    def _paused(self, quarters: Array, side: str) -> Array:
        total = np.r_[0.0, np.cumsum(self.pauses)]
        nudge = 1e-6 if side == "right" else -1e-6
        return total[np.searchsorted(self.breaks, quarters + nudge, side="right")]


def play_freely(
    movement: Movement, rng: np.random.Generator, rubato: Sequence[Array] = ()
) -> tuple[Clock, Array]:
    """A clock with a tempo near the written one and the freedoms players take.

    Phrases swing, the end broadens, fermatas hold, new tempos are prepared by a pause, and "rit."
    and "accel." are followed.

    Parameters
    ----------
    movement : Movement
    rng : Generator
    rubato : sequence of (B,) arrays, optional
        Tempo curves as of `backend.corpus.rubato`; one of them then takes the place of the phrases.

    Returns
    -------
    clock : Clock
    factors : (M,) array
        The performance's tempo after each tempo mark, as a multiple of the written one.
    """
    count = max(int(np.ceil(movement.length / _STEP)), 2)
    grid = np.arange(count + 1) * (movement.length / count)
    middle = 0.5 * (grid[1:] + grid[:-1])
    written = movement.written_qpm(middle)
    factor = _tempo_factor(movement, rng)
    curve = np.log(written * factor)
    sections = np.r_[0, np.flatnonzero(np.diff(written)) + 1, count]
    for a, b in pairwise(sections):
        curve[a:b] += _SECTION_SPREAD * rng.standard_normal()
    bar = float(np.median(np.diff(movement.starts)))
    if rubato:
        curve += _rubato(movement, middle, factor, rubato, rng)
    else:
        curve += _phrases(movement, middle, rng)
    curve += _drift(middle, 4.0 * bar, rng.uniform(0.005, 0.03), rng)
    curve += _drift(middle, 1.0, rng.uniform(0.003, 0.015), rng)
    curve += _followed_words(movement, middle, bar, rng)
    curve += _surge(middle, bar, rng)
    curve += _broadening(middle, movement.length, bar, rng)
    for begin, end in _holds(movement):
        if rng.random() < 0.9:
            held = (middle >= begin - 1e-6) & (middle < end - 1e-6)
            curve[held] -= np.log(rng.uniform(1.3, 2.4))
    seconds = np.r_[0.0, np.cumsum(np.diff(grid) * 60.0 / np.exp(curve))]
    breaks, pauses = _pauses(movement, grid[sections[1:-1]], rng)
    return Clock(grid, seconds, breaks, pauses), np.full(len(movement.tempo.bpm), factor)


def play_after(movement: Movement, bar_qpm: Array, rng: np.random.Generator) -> tuple[Clock, Array]:
    """A clock that takes its tempo from a recording, bar by bar; returns as `play_freely` does.

    Parameters
    ----------
    movement : Movement
    bar_qpm : (K,) array
        Quarter notes a minute in each of its bars.
    rng : Generator
        For what happens within the bars, and a few percent of tempo.
    """
    count = max(int(np.ceil(movement.length / _STEP)), 2)
    grid = np.arange(count + 1) * (movement.length / count)
    middle = 0.5 * (grid[1:] + grid[:-1])
    bar_middles = 0.5 * (movement.starts[1:] + movement.starts[:-1])
    own = float(np.exp(rng.normal(0.0, _SECTION_SPREAD)))
    curve = np.interp(middle, bar_middles, np.log(bar_qpm * own))
    curve += _drift(middle, 1.0, rng.uniform(0.003, 0.015), rng)
    seconds = np.r_[0.0, np.cumsum(np.diff(grid) * 60.0 / np.exp(curve))]
    marks = movement.marks(movement.starts[:-1])
    faster = bar_qpm * own / movement.tempo.bpm[marks]
    factors = np.full(len(movement.tempo.bpm), np.median(faster))
    for mark in np.unique(marks):
        factors[mark] = np.median(faster[marks == mark])
    return Clock(grid, seconds, np.zeros(0), np.zeros(0)), factors


def _tempo_factor(movement: Movement, rng: np.random.Generator) -> float:
    """Within a quarter of the mark, as far as the conducted beat stays possible."""
    factor = float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(_TEMPO_SPREAD)))
    places = movement.places(movement.beats())
    if len(places) < 3:
        return factor
    in_beat = np.median(np.diff(places))
    rate = float(np.median(movement.written_qpm(places)) / in_beat)
    limits = conducting_limits()
    return float(np.clip(factor, min(limits.slowest / rate, 1.0), max(limits.fastest / rate, 1.0)))


def _phrases(movement: Movement, at: Array, rng: np.random.Generator) -> Array:
    """Log tempo that rises within each phrase of 2, 4 or 8 bars and falls at its end."""
    depth = float(np.exp(rng.normal(np.log(0.03), 0.6)))
    edges = [0]
    while edges[-1] < len(movement.bars):
        edges.append(edges[-1] + int(rng.choice([2, 4, 4, 4, 8])))
    places = movement.starts[np.minimum(edges, len(movement.bars))]
    phrase = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(places) - 2)
    length = np.maximum(places[phrase + 1] - places[phrase], 1e-6)
    x = np.clip((at - places[phrase]) / length, 0.0, 1.0)
    depths = depth * rng.uniform(0.3, 1.7, len(places))
    return depths[phrase] * (0.33 - 4.0 * (x - 0.42) ** 2 * np.where(x > 0.42, 0.75, 1.0))


def _rubato(
    movement: Movement,
    at: Array,
    factor: float,
    curves: Sequence[Array],
    rng: np.random.Generator,
) -> Array:
    """Log tempo after a real recording, whose beats become the movement's."""
    places = movement.places(movement.beats(factor))
    drawn = drawn_rubato(curves, max(len(places), 1), rng)
    return np.interp(at, places, drawn) if len(places) else np.zeros(len(at))


def _drift(at: Array, width: float, size: float, rng: np.random.Generator) -> Array:
    """Smooth noise of standard deviation `size` that changes over `width` quarter notes."""
    knots = int(at[-1] / width) + 3
    values = size * rng.standard_normal(knots)
    return np.interp(at / width, np.arange(knots), values)


def _followed_words(movement: Movement, at: Array, bar: float, rng: np.random.Generator) -> Array:
    """Ritardandi and accelerandi that are written, each up to the next word or four bars long."""
    change = np.zeros(len(at))
    places = [place for place, _ in movement.turns] + [movement.length]
    for i, (place, turn) in enumerate(movement.turns):
        end = min(places[i + 1], place + rng.uniform(2.0, 4.0) * bar)
        if turn == "back" or end <= place:
            continue
        depth = np.log(rng.uniform(0.7, 0.9) if turn == "slower" else rng.uniform(1.06, 1.2))
        inside = (at >= place) & (at < end)
        change[inside] += depth * (at[inside] - place) / (end - place)
    return change


def _surge(at: Array, bar: float, rng: np.random.Generator) -> Array:
    """Now and then an accelerando nobody wrote, and the way back."""
    change = np.zeros(len(at))
    for _ in range(rng.poisson(at[-1] / (60.0 * bar))):
        begin, length = rng.uniform(0.0, at[-1]), rng.uniform(6.0, 16.0) * bar
        x = (at - begin) / length
        change += rng.uniform(-0.08, 0.12) * np.interp(x, [0.0, 0.7, 1.0], [0.0, 1.0, 0.0])
    return change


def _broadening(at: Array, length: float, bar: float, rng: np.random.Generator) -> Array:
    """The ritardando at the end (Friberg & Sundberg 1999: speed falls with the root of time)."""
    if rng.random() < 0.2:
        return np.zeros(len(at))
    span = rng.uniform(0.7, 3.0) * bar
    last = rng.uniform(0.5, 0.85)
    x = np.clip((at - (length - span)) / span, 0.0, 1.0)
    return 0.5 * np.log(1.0 + (last**2 - 1.0) * x)


def _holds(movement: Movement) -> list[tuple[float, float]]:
    """Fermatas; those of several parts that overlap are one."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(movement.holds):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _pauses(movement: Movement, changes: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Short silences before new tempos and after some fermatas."""
    places: dict[float, float] = {}
    for place in changes:
        bar = float(movement.starts[np.argmin(np.abs(movement.starts - place))])
        if 0.0 < bar < movement.length and rng.random() < 0.25:
            places[bar] = float(rng.uniform(0.05, 0.5))
    for _, end in _holds(movement):
        if 0.0 < end < movement.length and rng.random() < 0.3:
            places[end] = float(rng.uniform(0.1, 0.6))
    order = sorted(places)
    return np.array(order), np.array([places[place] for place in order])
