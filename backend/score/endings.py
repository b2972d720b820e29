"""The endings of repeated sections: which bars each has, and for which passes it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from backend.score.written_bar import Bar

# Bars under a bracket, at most; the longest first endings have some fifty.
_LONGEST: Final = 200


@dataclass(frozen=True)
class Ending:
    """Bars `start` to `stop`, both included, under a bracket.

    Parameters
    ----------
    numbers : frozenset of int
        The passes it is for.
    first, last : bool
        Its place among the endings of its section.
    straight : bool
        Whether it is played where repeats are left out: the one with the "fine" or the way to
        the coda, or else the last, if the section goes on from there.
    group : int
        The highest number among them.
    leads_to : int, optional
        The bar after it; None for the one that is written there.
    """

    start: int
    stop: int
    numbers: frozenset[int]
    first: bool
    last: bool
    straight: bool
    group: int
    leads_to: int | None = None


def endings(bars: Sequence[Bar]) -> dict[int, Ending]:
    """Endings by their first bar; one that no repeat leads to is played as it stands."""
    groups: list[list[tuple[int, int]]] = []
    for start, bar in enumerate(bars):
        if not bar.ending:
            continue
        last = groups[-1][-1] if groups else (-1, -1)
        if last[0] < start <= last[1]:
            continue
        follows = last[1] + 1 == start > 0 and 1 not in bar.ending
        if not (1 in bar.ending or (follows and _leads_back(bars, last))):
            continue
        if not follows:
            groups.append([])
        groups[-1].append((start, _stop(bars, start)))
    found = {ending.start: ending for group in groups for ending in _of_section(bars, group)}
    for first, then in pairwise(groups):
        found |= {ending.start: ending for ending in _forked(bars, first, then, found)}
    return found


def _forked(
    bars: Sequence[Bar],
    first: Sequence[tuple[int, int]],
    then: Sequence[tuple[int, int]],
    found: Mapping[int, Ending],
) -> list[Ending]:
    """The endings of a refrain with verses, where `first` and `then` are those; else none.

    A refrain may have an ending for each verse and a last one, next to each other and without
    repeat signs, and the verses that lead back to it follow as endings of the same numbers.
    """
    verses = [found[start] for start, _ in then]
    numbers = sorted(number for verse in verses for number in verse.numbers)
    starts = [
        i for i in range(first[-1][0], then[0][0]) if bars[i].ending and not bars[i].repeat_times
    ]
    told = [number for i in starts for number in sorted(bars[i].ending)]
    inside = bars[starts[0] + 1 : then[-1][1] + 1] if starts else []
    if (
        told != [*numbers, numbers[-1] + 1]
        or any(bar.repeat_from for bar in inside)
        or not all(bars[verse.stop].repeat_times for verse in verses)
        or _leads_back(bars, (starts[0], then[0][0] - 1))
    ):
        return []
    after, last = then[-1][1] + 1, told[-1]
    stops = [*(i - 1 for i in starts[1:]), then[0][0] - 1]
    refrain = [
        Ending(
            start=start,
            stop=stop,
            numbers=bars[start].ending,
            first=k == 0,
            last=False,
            straight=stop == stops[-1],
            group=last,
            leads_to=after if stop == stops[-1] else None,
        )
        for k, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]
    return [*refrain, *(replace(verse, last=False, straight=False, group=last) for verse in verses)]


def _of_section(bars: Sequence[Bar], spans: Sequence[tuple[int, int]]) -> list[Ending]:
    """The endings of one section; a number that was there before stands for the next pass."""
    numbers: list[frozenset[int]] = []
    taken: frozenset[int] = frozenset()
    for start, _ in spans:
        numbers.append(bars[start].ending - taken or frozenset({max(taken) + 1}))
        taken |= numbers[-1]
    last = len(spans) - 1
    ways_out = [k for k, (a, b) in enumerate(spans) if _has(bars[a : b + 1], "fine", "tocoda")]
    # A first ending without a second leads back and nowhere else.
    alone = last == 0 and bars[spans[0][1]].repeat_times > 0
    straight = ways_out[-1] if ways_out else None if alone else last
    return [
        Ending(start, stop, numbers[k], k == 0, k == last, k == straight, max(taken))
        for k, (start, stop) in enumerate(spans)
    ]


def _has(bars: Sequence[Bar], *signs: str) -> bool:
    return any(not bar.marks.isdisjoint(signs) for bar in bars)


def _leads_back(bars: Sequence[Bar], span: tuple[int, int]) -> bool:
    inside = bars[span[0] : span[1] + 1]
    return any(bar.repeat_times or bar.marks & {"dacapo", "dalsegno"} for bar in inside)


def _stop(bars: Sequence[Bar], start: int) -> int:
    """The last bar of the ending that starts at bar `start`; one left open is one bar long.

    A bracket that a new system breaks may begin again there, with the same numbers, and one may
    be drawn over the first bars only of those before the repeat and the second ending.
    """
    numbers = bars[start].ending
    stop: int | None = None
    for i in range(start, min(start + _LONGEST, len(bars))):
        bar = bars[i]
        if i > start and bar.ending and bar.ending != numbers:
            return (start if 1 in bar.ending else i - 1) if stop is None else stop
        if i > start and bar.repeat_from:
            break
        follows = bars[i + 1].ending if i + 1 < len(bars) else frozenset()
        if bar.repeat_times:
            if stop is not None:
                return i if 1 in numbers and follows and 1 not in follows else stop
            return i if 1 in numbers or bar.ending_stops else start
        if bar.ending_stops and follows != numbers:
            stop = i if stop is None else stop
    return start if stop is None else stop
