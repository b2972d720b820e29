"""The endings of repeated sections: which bars each has, and for which passes it is."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    start: int
    stop: int
    numbers: frozenset[int]
    first: bool
    last: bool
    straight: bool
    group: int


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
    return {ending.start: ending for group in groups for ending in _of_section(bars, group)}


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
