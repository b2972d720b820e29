"""Where the movements of a score begin and end, told by numbers, final barlines and signs."""

from collections.abc import Iterator, Sequence
from typing import Final

from backend.score.sign_places import SignPlaces
from backend.score.written_bar import Bar

# A movement has at most a few parts; one with thousands is no music.
_MOST_PARTS: Final = 20


def movements(bars: Sequence[Bar]) -> list[range]:
    """Stretches of bars that no sign leads out of; a whole quartet in one file is four of them.

    A movement begins where the numbers of the bars begin again, or after a final barline. A part
    of it may do so too, the trio of a minuet or its coda: such a part is told by its heading and
    by what follows, a da capo or dal segno whose place is before it, or the coda.
    """
    anew = set(_restarts(bars))
    starts = sorted({0} | anew | {i + 1 for i, bar in enumerate(bars[:-1]) if bar.final})
    parts = _Parts(bars, anew)
    found: list[range] = []
    for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True):
        own = range(start, stop)
        for _ in range(parts.before(found, own)):
            own = range(found.pop().start, stop)
        found.append(own)
    return found


def _restarts(bars: Sequence[Bar]) -> Iterator[int]:
    """Bars at which counting begins again, at 1 or with a pickup numbered 0."""
    last = 0
    repeated = _inside_repeats(bars)
    for i, bar in enumerate(bars):
        if bar.number is None:
            continue
        if bar.number <= 1 < last:
            if not _counts_on(bars, i) or (i in repeated and not bars[i - 1].final):
                continue
            yield i - 1 if _is_upbeat(bars, i - 1) else i
        last = bar.number


def _counts_on(bars: Sequence[Bar], i: int) -> bool:
    """Whether the bars after bar `i`, numbered 0 or 1, count on from there.

    A pickup within a movement may be numbered 0 as well, and the count then goes on as before it.
    """
    numbers = (bar.number for bar in bars[i + 1 :] if bar.number is not None)
    return next(numbers, 0) <= (bars[i].number or 0) + 1


def _is_upbeat(bars: Sequence[Bar], i: int) -> bool:
    """Whether bar `i` is an upbeat without a number, and no rest of a bar that a repeat splits."""
    if i < 1 or bars[i].number is not None:
        return False
    return bars[i - 1].closes and not bars[i].closes


def _inside_repeats(bars: Sequence[Bar]) -> set[int]:
    """Bars after the first one of a repeat that has both its signs."""
    inside: set[int] = set()
    start: int | None = None
    for i, bar in enumerate(bars):
        if bar.repeat_from:
            start = i
        if bar.repeat_times and start is not None:
            inside.update(range(start + 1, i + 1))
            start = None
    return inside


class _Parts:
    """Tells which parts of a score are of one movement."""

    def __init__(self, bars: Sequence[Bar], anew: set[int]) -> None:
        self._bars = bars
        self._anew = anew
        self._signs = SignPlaces(bars)

    def before(self, found: Sequence[range], own: range) -> int:
        """How many of the parts `found` before the bars `own` are of one movement with them."""
        if not found:
            return 0
        signs = self._signs
        back = self._da_capo(found, own)
        if not back and signs.within(own, "dalsegno") and not signs.within(own, "segno"):
            back = self._back_to(found, own, "segno")
        if back:
            return back
        return int(self._goes_on(found[-1], own))

    def _da_capo(self, found: Sequence[range], own: range) -> int:
        """How many parts back a da capo in the bars `own` leads."""
        signs = self._signs
        jump = signs.first(own, "dacapo")
        if jump is None or signs.within(range(own.start, jump + 1), "fine", "tocoda"):
            return 0
        trio = self._begins_with(own, "trio")
        if not trio and (
            signs.within(range(own.start + 1, jump), "trio") or self._begins_with(own, "title")
        ):
            return 0
        closed = self._bars[own.start - 1]
        if trio or "fine" in closed.marks:
            return self._to_first(found)
        if own.start in self._anew:
            return 0
        same = closed.meter == self._bars[own.start].meter
        return self._back_to(found, own, "fine") or (self._to_first(found) if same else 0)

    def _back_to(self, found: Sequence[range], own: range, sign: str) -> int:
        """How many parts back the last one with a sign is, in the same count of bars; or 0."""
        for back, part in enumerate(reversed(found[-_MOST_PARTS:]), 1):
            if back > 1 and self._signs.within(part, "dacapo", "dalsegno"):
                return 0
            if self._signs.within(part, sign):
                return back
            if part.start in self._anew and not self._begins_with(part, "trio"):
                return 0
        return 0

    def _to_first(self, found: Sequence[range]) -> int:
        """How many parts back the one before all trios is."""
        back = 1
        while back < min(len(found), _MOST_PARTS) and self._begins_with(found[-back], "trio"):
            back += 1
        return back

    def _goes_on(self, part: range, own: range) -> bool:
        """Whether the coda of a jump in the bars `part` is in the bars `own`."""
        signs = self._signs
        jump = signs.last(part, "dacapo", "dalsegno")
        left = signs.within(part, "tocoda", "alcoda")
        if self._begins_with(own, "coda"):
            return left or jump is not None
        after = part if jump is None else range(jump + 1, part.stop)
        open_yet = left and not signs.within(after, "coda")
        return open_yet and own.start not in self._anew and signs.within(own, "coda")

    def _begins_with(self, part: range, sign: str) -> bool:
        """Whether the first bar has the sign, or the one after a pickup."""
        first = self._bars[part.start]
        bars = 2 if first.length < first.nominal else 1
        return self._signs.within(range(part.start, min(part.start + bars, part.stop)), sign)
