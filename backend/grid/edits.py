"""What somebody knows of beats better than the ear: their level, the first downbeat, the bar lines.

Every function gives new beats of the kind it takes; a `BeatGrid`'s methods of the same names call
them.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from backend.grid.columns import BeatColumns
from backend.grid.conducted import conducted_groups, conducted_rates, uneven_groups
from backend.grid.grouping import beat_groups, written_groups
from backend.grid.meter import parse_meter
from retarget.errors import ConductorError
from retarget.rotation import Array

# The beats that tell how long a beat is at some place, and how many of it make a break: two
# movements, or a long silence; longer than so many seconds too.
_NEIGHBOURS: Final = 9
_BREAK_BEATS, _BREAK_S = 4.0, 4.0
# A longer beat than so many of its neighbours is held, or the music pauses in it.
_HELD: Final = 2.5
# Of a beat that stands alone, seconds.
_ALONE_S: Final = 1.0
# Nobody conducts beats closer than this, seconds.
_CLOSEST_S: Final = 0.1
# Meters of halves of bars, which hardly any score has.
_PARTED: Final = ("4/8", "4/16", "6/16", "8/16", "12/16")


Grid = TypeVar("Grid", bound=BeatColumns)


def doubled(grid: Grid) -> Grid:
    """Twice as many beats: one more between each two.

    A bar becomes one of twice as many beats where that is its meter, or so slow that its beats are
    subdivided (`backend.grid.conducted`); a two becomes a four; any other becomes two bars of as
    many beats as before, of half the note value where their number is even (4/4 becomes 4/8 and
    4/8), so that `halved` joins them again. Bars that are conducted by groups, as 5/8 in two, are
    then by their written beats.

    Raises
    ------
    ConductorError
        If there are no beats, or they lie too close together.
    """
    _require_beats(grid)
    parts, first, in_bar = _divided(grid)
    gaps, usual = np.diff(grid.times), _usual(grid.times)
    lengths = np.where(gaps > _HELD * usual[:-1], usual[:-1], gaps) / parts[:-1]
    if (lengths < _CLOSEST_S).any():
        at = grid.times[int(np.flatnonzero(lengths < _CLOSEST_S)[0])]
        raise ConductorError(
            f"The beats at {at:.2f} s lie too close together to have others between; take the "
            "beats as they are."
        )
    # Beats lie between beats, so the last one has none after it.
    parts[-1] = 1
    before = np.repeat(np.arange(len(parts)), parts)
    step = np.arange(len(before)) - np.repeat(np.cumsum(parts) - parts, parts)
    times = grid.times[before] + step * np.r_[lengths, 0.0][before]
    sure, following = grid.confidence, np.r_[grid.confidence[1:], 1.0]
    confidence = np.where(step == 0, sure[before], np.minimum(sure, following)[before])
    numbers, in_bar = first[before] + step, in_bar[before]
    meters = [grid.meters[i] for i in before]
    for meter, beats, places in _kinds(meters, in_bar):
        written = _doubled_meter(meter, beats, 120.0 / float(np.median(usual[before[places]])))
        if written is None:
            in_bar[places] = beats // 2
            numbers[places] = (numbers[places] - 1) % (beats // 2) + 1
        for i in places.tolist():
            meters[i] = written or _in_as_many(meter, beats // 2)
    return replace(
        grid,
        times=times,
        numbers=numbers,
        beats_in_bar=in_bar,
        meters=tuple(meters),
        confidence=confidence,
    )


def halved(grid: Grid, offset: int = 0) -> Grid:
    """Half as many beats: every other one, with the downbeats.

    A bar of an even number of beats keeps half of them. Of bars of three, which come in rows of one
    meter, two and two become one, and so do bars that `doubled` has parted; one that is left over
    has the half of its own beats. Bars of five or seven that are too fast to be conducted by their
    beats, and those whose meter says so, are conducted by their groups.

    Parameters
    ----------
    offset : 0 or 1
        1 takes the other beats: the second of an even bar becomes "one"; in a row of threes the
        second bar begins the first pair. Groups begin where they do.

    Raises
    ------
    ConductorError
        If there is but one beat, and it goes, or none.
    """
    _require_beats(grid)
    if offset not in (0, 1):
        raise ValueError("a beat has two phases at half its rate")
    keep = np.zeros(len(grid.times), bool)
    numbers, in_bar = grid.numbers.copy(), grid.beats_in_bar.copy()
    meters, usual = list(grid.meters), _usual(grid.times)
    for run in _runs(grid):
        beats, meter = int(grid.beats_in_bar[run.start]), grid.meters[run.start]
        groups = _groups_of(meter, beats, 60.0 / float(np.median(usual[run])))
        whole = _joined_meter(meter, beats)
        if groups:
            begins = np.cumsum([1, *groups[:-1]])
            numbers[run] = np.searchsorted(begins, grid.numbers[run], side="right")
            keep[run] = np.isin(grid.numbers[run], begins)
            in_bar[run] = len(groups)
        elif whole is None:
            place = grid.numbers[run] - 1 - offset
            keep[run] = place % 2 == 0
            numbers[run] = place // 2 % (beats // 2) + 1
            in_bar[run] = beats // 2
            meters[run] = [_halved_meter(meter, beats // 2)] * len(place)
        else:
            place = _places(grid.numbers[run], beats) - offset * beats
            if whole != meter and grid.numbers[run.start] > 1:
                # Its bars were parted in pairs, and there was half a bar before the first downbeat.
                place -= beats * (int((grid.numbers[run] == 1).sum()) % 2)
            keep[run] = place % 2 == 0
            numbers[run] = place // 2 % beats + 1
            meters[run] = [whole] * len(place)
            left = place >= place[-1] + 1 - (place[-1] + 1) % (2 * beats)
            if run.stop < len(keep) and beats > 1:
                # What follows begins a beat of its own: the last one here is longer, not shorter.
                keep[run] &= ~(left & (place % (2 * beats) == beats - 1))
                in_bar[run] = np.where(left, beats // 2, beats)
                numbers[run] = np.where(left, np.minimum(numbers[run], beats // 2), numbers[run])
                meters[run] = [meter if alone else whole for alone in left]
    if not keep.any():
        raise ConductorError(
            "There is but one beat, which cannot be halved; take a longer stretch."
        )
    return replace(
        grid.selected(keep),
        numbers=numbers[keep],
        beats_in_bar=in_bar[keep],
        meters=tuple(meters[i] for i in np.flatnonzero(keep)),
    )


def with_downbeat_at(grid: Grid, seconds: float) -> Grid:
    """The beat nearest to a time is "one"; all bar lines move by as many beats, the nearest way.

    Bars keep their lengths and their order. After a long break in the beats, as between movements,
    and before one, the bars stay as they are.

    Parameters
    ----------
    seconds : float
        In the time of the grid.

    Raises
    ------
    ConductorError
        If there are no beats, or none within half a beat of that time.
    """
    _require_beats(grid)
    at = int(np.abs(grid.times - seconds).argmin())
    nearest = float(grid.times[at])
    if not abs(nearest - seconds) <= 0.5 * _usual(grid.times)[at]:
        raise ConductorError(
            f"There is no beat near {seconds:.2f} s to be a downbeat; the nearest one is at "
            f"{nearest:.2f} s."
        )
    stretch = next(one for one in _stretches(grid.times) if one.start <= at < one.stop)
    ones = np.flatnonzero(grid.numbers[stretch] == 1) + stretch.start
    one = ones[np.abs(ones - at).argmin()] if len(ones) else at + 1 - grid.numbers[at]
    return _with_bars_later(grid, stretch, at - int(one))


def bars_shifted(grid: Grid, beats: int) -> Grid:
    """All bar lines so many beats later, below 0 earlier; bars keep their lengths and order.

    After a long break in the beats, as between movements, they begin anew.

    Raises
    ------
    ConductorError
        If there are no beats.
    """
    _require_beats(grid)
    for stretch in _stretches(grid.times):
        grid = _with_bars_later(grid, stretch, beats)
    return grid


def _with_bars_later(grid: Grid, stretch: slice, beats: int) -> Grid:
    """A stretch of the grid with its bars `beats` beats later, led on evenly at its ends."""
    first, last = stretch.start, stretch.stop - 1
    wanted = np.arange(first, last + 1) - beats
    source = np.clip(wanted, first, last)
    numbers, in_bar, meters = grid.numbers.copy(), grid.beats_in_bar.copy(), list(grid.meters)
    in_bar[stretch] = grid.beats_in_bar[source]
    numbers[stretch] = (grid.numbers[source] - 1 + wanted - source) % in_bar[stretch] + 1
    meters[stretch] = [grid.meters[i] for i in source]
    return replace(grid, numbers=numbers, beats_in_bar=in_bar, meters=tuple(meters))


def _require_beats(grid: BeatColumns) -> None:
    if not len(grid.times):
        raise ConductorError(
            "There are no beats whose level or bars could be changed; take a longer stretch of the "
            "music."
        )


def _usual(times: Array) -> Array:
    """How long a beat is about each beat, (B,) seconds."""
    if len(times) < 2:
        return np.full(len(times), _ALONE_S)
    gaps = np.diff(times)
    around = np.pad(np.r_[gaps, gaps[-1]], _NEIGHBOURS // 2, mode="edge")
    return np.asarray(np.median(sliding_window_view(around, _NEIGHBOURS), axis=1))


def _stretches(times: Array) -> list[slice]:
    """The beats between long breaks."""
    gaps = np.diff(times)
    broken = gaps > np.maximum(_BREAK_S, _BREAK_BEATS * _usual(times)[: len(gaps)])
    edges = [0, *(np.flatnonzero(broken) + 1).tolist(), len(times)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _runs(grid: BeatColumns) -> list[slice]:
    """Beats in a row whose bars have the same meter, conducted in as many beats."""
    kinds = list(zip(grid.meters, grid.beats_in_bar.tolist(), strict=True))
    changes = [i for i in range(1, len(kinds)) if kinds[i] != kinds[i - 1]]
    edges = [0, *changes, len(kinds)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _places(numbers: NDArray[np.int64], beats: int) -> NDArray[np.int64]:
    """Beats from the first downbeat of a run, below 0 before it, (n,)."""
    bars = np.cumsum(np.r_[0, np.diff(numbers) <= 0])
    return (bars - (numbers[0] != 1)) * beats + numbers - 1


def _kinds(
    meters: list[str], in_bar: NDArray[np.int64]
) -> list[tuple[str, int, NDArray[np.int64]]]:
    """Each meter and number of beats in a bar, and the beats of its bars."""
    keys = list(zip(meters, in_bar.tolist(), strict=True))
    return [
        (*key, np.array([i for i, other in enumerate(keys) if other == key]))
        for key in dict.fromkeys(keys)
    ]


def _divided(
    grid: BeatColumns,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """In how many each beat is divided, the number of its first part, and the parts in its bar."""
    parts = np.full(len(grid.times), 2)
    first, in_bar = 2 * grid.numbers - 1, 2 * grid.beats_in_bar
    for meter, beats, places in _kinds(list(grid.meters), grid.beats_in_bar):
        groups = _groups_in(meter, beats)
        if groups:
            place = grid.numbers[places] - 1
            parts[places] = np.array(groups)[place]
            first[places] = np.cumsum([1, *groups[:-1]])[place]
            in_bar[places] = sum(groups)
    return parts, first, in_bar


def _groups_in(meter: str, beats: int) -> tuple[int, ...]:
    """Written beats in each conducted one of a bar, if they are not alike; otherwise none."""
    groups = written_groups(meter)
    if not groups:
        return tuple(map(int, uneven_groups(parse_meter(meter)[0], beats)))
    return groups if len(groups) == beats else ()


def _groups_of(meter: str, beats: int, bpm: float) -> tuple[int, ...]:
    """Beats in each group of a bar that is conducted by its written beats.

    None if its meter tells none, unless nobody would conduct them so fast.
    """
    figures = parse_meter(meter)
    if figures[0] != beats:
        return ()
    slow = len(conducted_groups(figures, bpm)) >= beats
    return beat_groups(beats, meter) or (
        () if slow else tuple(map(int, uneven_groups(beats, beats // 2)))
    )


def _doubled_meter(meter: str, beats: int, bpm: float) -> str | None:
    """How a bar is written that has so many beats since it was doubled; None if it is two bars."""
    figures = parse_meter(meter)
    if beats in conducted_rates(figures):
        rate = bpm * figures[0] / beats
        if beats <= figures[0] or len(conducted_groups(figures, rate, beats)) == beats:
            return meter
    return f"{beats}/4" if beats in (2, 4) else None


def _in_as_many(meter: str, beats: int) -> str:
    """How each half of a doubled bar is written."""
    numerator, unit = parse_meter(meter)
    if beats == numerator and f"{numerator}/{2 * unit}" in _PARTED:
        return f"{numerator}/{2 * unit}"
    return meter if beats >= numerator else f"{beats}/4"


def _joined_meter(meter: str, beats: int) -> str | None:
    """How two bars together are written where they become one; None where bars stay."""
    if beats % 2:
        return meter
    numerator, unit = parse_meter(meter)
    return f"{numerator}/{unit // 2}" if meter in _PARTED and beats == numerator else None


def _halved_meter(meter: str, beats: int) -> str:
    """How a bar is written that has so many beats since it was halved."""
    numerator, unit = parse_meter(meter)
    compound = numerator % 3 == 0 and numerator > 3 and unit >= 8
    even = numerator % beats == 0 or beats % numerator == 0
    return f"{beats}/4" if (compound and 2 * beats == numerator) or not even else meter
