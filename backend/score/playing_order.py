"""The order in which written bars are played: movements, repeats, endings, da capo, dal segno."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from backend.score.written_bar import Bar
from retarget.errors import ConductorError

MOST_PLAYED = 100_000
"""Bars as they are played, at most; the longest operas have some 10,000."""


def movements(bars: Sequence[Bar]) -> list[range]:
    """Stretches of bars that no sign leads out of; a whole quartet in one file is four of them.

    A movement begins where the numbers of the bars begin again, or after a final barline. A part
    of it may end in a final barline too, the minuet before its trio: such a part is told by what
    follows, a da capo or dal segno whose place is before the line, or the coda.
    """
    starts = [0, *_restarts(bars)]
    known = set(starts)
    starts = sorted(known | {i + 1 for i, bar in enumerate(bars[:-1]) if bar.final})
    found: list[range] = []
    for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True):
        if found and _belongs(bars, found[-1], range(start, stop), start in known):
            found[-1] = range(found[-1].start, stop)
        else:
            found.append(range(start, stop))
    return found


def playing_order(bars: Sequence[Bar]) -> list[int]:
    """Indices of bars as they are played: repeats, endings, da capo, dal segno, coda, fine.

    After a da capo or dal segno repeats are left out and the last endings are taken, as is usual.
    At the "fine" only the movement ends, or its part with the da capo: what follows is played.

    Raises
    ------
    ConductorError
        If more than `MOST_PLAYED` bars were to be played.
    """
    order: list[int] = []
    for stretch in movements(bars):
        for i in _Walk(_with_signs(bars[stretch.start : stretch.stop])).bars_played():
            order.append(stretch.start + i)
            if len(order) > MOST_PLAYED:
                raise ConductorError(
                    f"With its repeats the score is longer than {MOST_PLAYED:,} bars; "
                    "choose another score."
                )
    return order


def _restarts(bars: Sequence[Bar]) -> Iterator[int]:
    """Bars at which counting begins again, at 1 or with a pickup numbered 0."""
    last = 0
    for i, bar in enumerate(bars):
        if bar.number is None:
            continue
        if bar.number <= 1 < last:
            # An upbeat that is not counted, between the final barline and bar 1.
            yield i - 1 if i > 1 and bars[i - 1].number is None and bars[i - 2].final else i
        last = bar.number


def _belongs(bars: Sequence[Bar], before: range, own: range, counted_anew: bool) -> bool:
    """Whether a sign in the bars `own` leads back to those before them, or on from them."""
    earlier, here = (set().union(*(bars[i].marks for i in part)) for part in (before, own))
    closed = bars[own.start - 1]
    if "dacapo" in here and not here & {"fine", "tocoda"}:
        if "fine" in closed.marks:
            return True
        if not counted_anew and ("fine" in earlier or closed.meter == bars[own.start].meter):
            return True
    if "dalsegno" in here and "segno" not in here and "segno" in earlier:
        return True
    leaves = "tocoda" in earlier and "coda" not in earlier
    return leaves and "coda" in here and not counted_anew


def _with_signs(bars: Sequence[Bar]) -> list[Bar]:
    """Bars of one movement with the signs that are meant but not written.

    The first of two coda signs is where the coda is left for, and without a "fine" a minuet ends
    where its final barline is or its trio begins.
    """
    marks: set[str] = set().union(*(bar.marks for bar in bars))
    signs: dict[int, set[str]] = {}
    codas = [i for i, bar in enumerate(bars) if "coda" in bar.marks]
    if len(codas) > 1 and "tocoda" not in marks and marks & {"dacapo", "dalsegno"}:
        signs[codas[0]] = bars[codas[0]].marks - {"coda"} | {"tocoda"}
    if "dacapo" in marks and not marks & {"fine", "tocoda"}:
        jump = next(i for i, bar in enumerate(bars) if "dacapo" in bar.marks)
        inside = range(jump - 1, -1, -1)
        line = next((i for i in inside if bars[i].final or "trio" in bars[i + 1].marks), None)
        if line is not None:
            signs[line] = bars[line].marks | {"fine"}
    return [replace(bar, marks=signs[i]) if i in signs else bar for i, bar in enumerate(bars)]


@dataclass(frozen=True)
class _Ending:
    """Bars `start` to `stop`, both included, under a bracket; `group` is the highest number."""

    start: int
    stop: int
    numbers: frozenset[int]
    first: bool
    last: bool
    group: int


class _Walk:
    """Walks the bars of one movement as a player does."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._bars = bars
        self._endings = _endings(bars)
        self._inside = {i: e for e in self._endings.values() for i in range(e.start, e.stop + 1)}

    def bars_played(self) -> Iterator[int]:
        """Indices of bars in the order of playing."""
        i = section = origin = 0
        turn = 1
        jump: int | None = None
        jumps: set[int] = set()
        while i < len(self._bars):
            bar = self._bars[i]
            if bar.repeat_from and i != section:
                section, turn = i, 1
            ending = self._endings.get(i)
            if ending is not None and self._skips(ending, turn, jump is not None):
                i = ending.stop + 1
                continue
            yield i
            if jump is not None and ("fine" in bar.marks or i == jump):
                i = section = origin = jump + 1
                turn, jump = 1, None
                continue
            if jump is None and self._repeats(i, turn):
                i, turn = section, turn + 1
                continue
            inside = self._inside.get(i)
            if bar.repeat_times or (inside is not None and inside.last and inside.stop == i):
                section, turn = i + 1, 1
            coda = self._coda(i, jump)
            if coda is not None:
                i = section = coda
                turn, jump = 1, None
            elif jump is None and i not in jumps and bar.marks & {"dacapo", "dalsegno"}:
                jumps.add(i)
                jump, turn = i, 1
                i = section = self._target(i, origin)
            else:
                i += 1

    def _skips(self, ending: _Ending, turn: int, jumped: bool) -> bool:
        if ending.stop + 1 == len(self._bars):
            return False
        if not jumped:
            return turn not in ending.numbers
        return not ending.last or (ending.first and self._bars[ending.stop].repeat_times > 0)

    def _repeats(self, i: int, turn: int) -> bool:
        """Whether the barline after bar `i` leads back this time."""
        times = self._bars[i].repeat_times
        if not times:
            return False
        ending = self._inside.get(i)
        if ending is None:
            return turn < times
        return turn in ending.numbers and (ending.first or turn < ending.group)

    def _target(self, i: int, origin: int) -> int:
        """The bar a da capo or dal segno at bar `i` goes back to."""
        if "dalsegno" in self._bars[i].marks:
            return next((j for j in range(i, -1, -1) if "segno" in self._bars[j].marks), 0)
        # After an earlier da capo a new piece may begin, which then has its own "fine".
        return origin if any("fine" in bar.marks for bar in self._bars[origin : i + 1]) else 0

    def _coda(self, i: int, jump: int | None) -> int | None:
        """The bar to go on with after bar `i` where that leaves for the coda of a jump."""
        if jump is None or "tocoda" not in self._bars[i].marks:
            return None
        places = [j for j in range(i + 1, len(self._bars)) if "coda" in self._bars[j].marks]
        return next((j for j in places if j > jump), places[0] if places else None)


def _endings(bars: Sequence[Bar]) -> dict[int, _Ending]:
    """Endings by their first bar; one that no repeat leads to is played as it stands."""
    groups: list[list[tuple[int, int]]] = []
    for start, bar in enumerate(bars):
        if not bar.ending:
            continue
        follows = bool(groups) and groups[-1][-1][1] + 1 == start and 1 not in bar.ending
        if not (1 in bar.ending or (follows and _leads_back(bars, groups[-1][-1]))):
            continue
        if not follows:
            groups.append([])
        groups[-1].append((start, _ending_stop(bars, start)))
    found: dict[int, _Ending] = {}
    for group in groups:
        highest = max(max(bars[start].ending) for start, _ in group)
        for k, (start, stop) in enumerate(group):
            found[start] = _Ending(
                start, stop, bars[start].ending, k == 0, k + 1 == len(group), highest
            )
    return found


def _leads_back(bars: Sequence[Bar], span: tuple[int, int]) -> bool:
    inside = bars[span[0] : span[1] + 1]
    return any(bar.repeat_times or bar.marks & {"dacapo", "dalsegno"} for bar in inside)


def _ending_stop(bars: Sequence[Bar], start: int) -> int:
    """The last bar of the ending that starts at bar `start`; one left open is one bar long."""
    for i in range(start, len(bars)):
        bar = bars[i]
        if i > start and bar.ending:
            return start if 1 in bar.ending else i - 1
        if i > start and bar.repeat_from:
            return start
        if bar.ending_stops:
            return i
        if bar.repeat_times:
            return i if 1 in bars[start].ending else start
    return start
