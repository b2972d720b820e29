"""Bars as they are played, and the beats conducted in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducted_groups
from backend.grid.grouping import meter_text
from retarget.rotation import Array

DEFAULT_BPM: Final = 120.0
"""Quarter notes a minute before the first tempo mark, as in MIDI."""

MOST_BARS: Final = 20_000
"""Bars of a score, at most; Götterdämmerung has some 6,000."""

# A tempo this many times another one, from bar to bar, is a new one; less is led from one to the
# other, and the beat stays as it is.
_NEW_TEMPO: Final = 1.15


@dataclass(frozen=True)
class PlayedBar:
    """A bar in the order of playing.

    Parameters
    ----------
    start : Fraction
        Where it stands in the score, quarter notes from its beginning.
    length : Fraction
        Quarter notes it lasts; less than the meter's for a pickup or a bar that a repeat cuts.
    meter : (int, int)
        Written meter.
    grouping : tuple of int
        How its written beats are grouped, (3, 2) of five; empty where that is not known.
    """

    start: Fraction
    length: Fraction
    meter: tuple[int, int]
    grouping: tuple[int, ...] = ()

    @cached_property
    def nominal(self) -> Fraction:
        """Length in quarter notes that the meter asks for."""
        return nominal_length(self.meter)


def nominal_length(meter: tuple[int, int]) -> Fraction:
    """Quarter notes in a bar of a meter."""
    return Fraction(4 * meter[0], meter[1])


@dataclass(frozen=True)
class TempoMap:
    """Tempo along the score, constant from each mark to the next.

    Parameters
    ----------
    starts : (M,) array
        Positions in quarter notes, rising, the first 0.
    bpm : (M,) array
        Quarter notes a minute from there on.
    """

    starts: Array
    bpm: Array

    @classmethod
    def from_marks(cls, marks: dict[Fraction, float]) -> "TempoMap":
        """Position to quarter notes a minute; before the first mark it is 120."""
        marks = {Fraction(0): DEFAULT_BPM, **marks}
        starts = sorted(marks)
        return cls(np.array([float(s) for s in starts]), np.array([marks[s] for s in starts]))

    @cached_property
    def _at(self) -> Array:
        """Seconds at which each mark is reached."""
        return np.r_[0.0, np.cumsum(np.diff(self.starts) * 60.0 / self.bpm[:-1])]

    def seconds(self, quarters: Array) -> Array:
        """Time of positions in the score played from its beginning without repeats."""
        i = np.maximum(np.searchsorted(self.starts, quarters, side="right") - 1, 0)
        return self._at[i] + (quarters - self.starts[i]) * 60.0 / self.bpm[i]

    def quarters_per_minute(self, start: Fraction, length: Fraction) -> float:
        """Mean tempo over a stretch of the score."""
        begin, end = self.seconds(np.array([float(start), float(start + length)]))
        return float(length) * 60.0 / (end - begin)


@dataclass(frozen=True)
class BeatPlaces:
    """Conducted beats by their place in the music, before anybody plays it; all of length B.

    Parameters
    ----------
    bar : (B,) int array
        Index of the played bar.
    offset : (B,) array
        Quarter notes from its beginning.
    numbers, beats_in_bar, meters
        As in `BeatGrid`.
    """

    bar: NDArray[np.int64]
    offset: Array
    numbers: NDArray[np.int64]
    beats_in_bar: NDArray[np.int64]
    meters: tuple[str, ...]

    def at(self, times: Array) -> BeatGrid:
        """The grid of these beats played at `times`, (B,) seconds."""
        return BeatGrid(
            times, self.numbers, self.beats_in_bar, self.meters, np.ones(len(self.numbers))
        )


def grid_from_bars(bars: Sequence[PlayedBar], tempo: TempoMap) -> BeatGrid:
    """The conducted beats of bars played one after the other; the first begins where it stands."""
    places = beat_places(bars, tempo)
    return places.at(seconds_played(bars, tempo, places.bar, places.offset))


def seconds_played(
    bars: Sequence[PlayedBar], tempo: TempoMap, index: NDArray[np.int64], offset: Array
) -> Array:
    """When places are reached in bars played one after the other, (N,) seconds.

    Parameters
    ----------
    bars, tempo
        As for `grid_from_bars`.
    index : (N,) int array
        Played bars.
    offset : (N,) array
        Quarter notes from their beginnings.
    """
    span = _spans(bars, tempo)
    begins = span[0, 0] + np.r_[0.0, np.cumsum(span[:-1, 1] - span[:-1, 0])]
    starts = np.array([float(bar.start) for bar in bars])
    return begins[index] + tempo.seconds(starts[index] + offset) - span[index, 0]


def _spans(bars: Sequence[PlayedBar], tempo: TempoMap) -> Array:
    """Where bars begin and end in the score played without repeats, (K, 2) seconds."""
    edges = [(float(bar.start), float(bar.start + bar.length)) for bar in bars]
    return tempo.seconds(np.array(edges).ravel()).reshape(-1, 2)


def beat_places(bars: Sequence[PlayedBar], tempo: TempoMap) -> BeatPlaces:
    """Where the conducted beats of played bars lie, at the tempo they are felt in.

    A short bar at the beginning, or one that completes the short bar before it, counts on to the
    end of its meter: a pickup of one beat in 4/4 is beat 4. A bar longer than its meter is beaten
    as several.
    """
    where: list[int] = []
    offsets: list[float] = []
    numbers: list[int] = []
    in_bar: list[int] = []
    meters: list[str] = []
    level: int | None = None
    rate_before = 0.0
    before: PlayedBar | None = None
    filled = Fraction(0)
    begins, ends = _spans(bars, tempo).T
    lengths = np.array([float(bar.length) for bar in bars])
    tempi = (lengths * 60.0 / (ends - begins)).tolist()
    for index, bar in enumerate(bars):
        after = bars[index + 1] if index + 1 < len(bars) else None
        same = before is not None and before.meter == bar.meter
        offset = _offset(bar, filled if same else Fraction(0), before, after)
        filled = (offset + bar.length) % bar.nominal
        per_quarter = Fraction(bar.meter[1], 4)
        rate = tempi[index] * float(per_quarter)
        led = same and rate_before / _NEW_TEMPO < rate < rate_before * _NEW_TEMPO
        groups = conducted_groups(bar.meter, rate, level if led else None, bar.grouping)
        level, rate_before, before = len(groups), rate, bar
        edges = np.r_[0.0, np.cumsum(groups)] / float(per_quarter)
        repeats = int((offset + bar.length) // bar.nominal) + 1
        starts = (np.arange(repeats)[:, None] * edges[-1] + edges[:-1]).ravel() - float(offset)
        # A bar that exceeds its meter by less than a quarter of a written beat has no beat more.
        end = float(bar.length) - (0.25 / float(per_quarter) if bar.length > bar.nominal else 1e-6)
        inside = np.flatnonzero((starts > -1e-6) & (starts < end))
        where.extend([index] * len(inside))
        offsets.extend(starts[inside])
        numbers.extend(inside % level + 1)
        in_bar.extend([level] * len(inside))
        meters.extend([meter_text(bar.meter, bar.grouping)] * len(inside))
    return BeatPlaces(
        np.array(where, dtype=np.int64),
        np.array(offsets),
        np.array(numbers, dtype=np.int64),
        np.array(in_bar, dtype=np.int64),
        tuple(meters),
    )


def _offset(
    bar: PlayedBar, filled: Fraction, before: PlayedBar | None, after: PlayedBar | None
) -> Fraction:
    """Where in its meter a bar begins; more than 0 for pickups and completions."""
    missing = bar.nominal - bar.length
    if missing <= 0:
        return Fraction(0)
    if filled > 0 and filled <= missing:
        return filled
    # The half of a bar before a repeat is no upbeat to the bar that the repeat leads back to.
    whole_next = (
        after is not None
        and after.start == bar.start + bar.length
        and after.meter == bar.meter
        and after.length >= after.nominal
    )
    upbeat = bar.length <= bar.nominal / 2 and whole_next
    return missing if before is None or upbeat else Fraction(0)
