"""How the generator is told the place in beat and bar: versions, which never change.

A generator is told them as it was when it learned; its checkpoint names the version. Another way to
tell them is another version, which the next training takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid.beat_grid import BeatGrid
from backend.grid.grouping import beat_groups, beat_lengths
from retarget.rotation import Array

_COUNTS: Final = 12
# Beats further apart than this belong to different passages.
_PAUSE_S: Final = 3.0
_USUAL_S: Final = 0.6
# Sizes of groups that are told apart; larger ones are told as the largest.
_GROUP_SIZES: Final = (2, 3, 4)


@dataclass(frozen=True)
class GridEncoding:
    """One version.

    Parameters
    ----------
    channels : int
        Numbers for each frame.
    encode : callable
        Takes a grid with beats and times (T,) in seconds, gives (T, channels).
    """

    channels: int
    encode: Callable[[BeatGrid, Array], NDArray[np.float64]]


@dataclass(frozen=True)
class _Places:
    """Where times (T,) lie among beats.

    Parameters
    ----------
    here, then : (T,) int arrays
        The beat that a time lies in, and the next one.
    before, inside, after : (T,) bool arrays
        Before the first beat; between two beats of a passage; after the last beat.
    interval, phase : (T,) arrays
        Seconds from beat to beat, and how far in it, [0, 1).
    since, until : (T,) arrays
        Seconds, up to a pause.
    """

    here: NDArray[np.int64]
    then: NDArray[np.int64]
    before: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    after: NDArray[np.bool_]
    interval: Array
    phase: Array
    since: Array
    until: Array

    @classmethod
    def of(cls, times: Array, at: Array) -> "_Places":
        last = np.searchsorted(times, at + 1e-9, side="right") - 1
        before, after = last < 0, last >= len(times) - 1
        here = np.clip(last, 0, len(times) - 1)
        then = np.clip(last + 1, 0, len(times) - 1)
        interval = np.maximum(times[then] - times[here], 1e-3)
        inside = ~before & ~after & (interval < _PAUSE_S)
        return cls(
            here=here,
            then=then,
            before=before,
            inside=inside,
            after=after,
            interval=interval,
            phase=np.where(inside, (at - times[here]) / interval, 0.0),
            since=np.where(before, _PAUSE_S, np.clip(at - times[here], 0.0, _PAUSE_S)),
            until=np.where(after, _PAUSE_S, np.clip(times[then] - at, 0.0, _PAUSE_S)),
        )


def _bars_to_twelve(grid: BeatGrid, at: Array) -> NDArray[np.float64]:
    """Phases of beat and bar, time to the beats around, number and count of beats up to 12."""
    places = _Places.of(grid.times, at)
    here, inside = places.here, places.inside
    in_bar = grid.beats_in_bar[here]
    bar_phase = np.where(inside, (grid.numbers[here] - 1 + places.phase) / in_bar, 0.0)
    columns = [
        inside,
        places.since / _PAUSE_S,
        places.until / _PAUSE_S,
        inside * np.log2(places.interval / _USUAL_S),
        *_circle(places.phase, inside),
        *_circle(2.0 * places.phase, inside),
        *_circle(bar_phase, inside),
        ~places.before & (grid.numbers[here] == 1),
        ~places.after & (grid.numbers[places.then] == 1),
    ]
    number = np.eye(_COUNTS)[np.minimum(grid.numbers[here], _COUNTS) - 1]
    number = number * (~places.before)[:, None]
    length = np.eye(_COUNTS)[np.minimum(in_bar, _COUNTS) - 1]
    return np.hstack([np.stack(columns, axis=1).astype(np.float64), number, length])


def _with_groups(grid: BeatGrid, at: Array) -> NDArray[np.float64]:
    """`_bars_to_twelve`, and how the beats of a bar are grouped and how long each is."""
    places = _Places.of(grid.times, at)
    here, inside = places.here, places.inside
    beats = np.array(
        [
            _grouped(in_bar, meter)[number - 1]
            for in_bar, meter, number in zip(
                grid.beats_in_bar.tolist(), grid.meters, grid.numbers.tolist(), strict=True
            )
        ]
    )
    place, size, length = beats.T
    grouped = inside & (size[here] > 0.0)
    group_phase = (place[here] + places.phase) / np.maximum(size[here], 1.0)
    told_size = np.clip(size[here], _GROUP_SIZES[0], _GROUP_SIZES[-1])
    columns = [
        ~places.before & (size[here] > 0.0) & (place[here] == 0.0),
        ~places.after & (size[places.then] > 0.0) & (place[places.then] == 0.0),
        *_circle(group_phase, grouped),
        *(grouped & (told_size == each) for each in _GROUP_SIZES),
        inside * np.log2(length[here]),
        ~places.after * np.log2(length[places.then]),
    ]
    groups = np.stack(columns, axis=1).astype(np.float64)
    return np.hstack([_bars_to_twelve(grid, at), groups])


@cache
def _grouped(beats_in_bar: int, meter: str) -> tuple[tuple[float, float, float], ...]:
    """Place in the group, beats in it and length of each beat of a bar; 0 of 0 without groups."""
    groups = beat_groups(beats_in_bar, meter)
    places = [(place, size) for size in groups for place in range(size)]
    lengths = beat_lengths(beats_in_bar, meter)
    return tuple(
        (float(place), float(size), length)
        for (place, size), length in zip(places or [(0, 0)] * beats_in_bar, lengths, strict=True)
    )


def _circle(phase: NDArray, inside: NDArray) -> tuple[NDArray, NDArray]:
    angle = 2.0 * np.pi * phase
    return inside * np.cos(angle), inside * np.sin(angle)


GRID_ENCODINGS: Final[Mapping[int, GridEncoding]] = {
    1: GridEncoding(12 + 2 * _COUNTS, _bars_to_twelve),
    2: GridEncoding(12 + 2 * _COUNTS + 6 + len(_GROUP_SIZES), _with_groups),
}
"""Every version by its number; the highest is what a new generator learns with."""
