"""The order in which written bars are played: repeats, endings, da capo, dal segno."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from backend.score.endings import Ending, endings
from backend.score.jumps import da_capo_start, label, named_targets, segno_before, with_meant_signs
from backend.score.movement_bounds import movements
from backend.score.sign_places import SignPlaces
from backend.score.written_bar import Bar
from retarget.errors import ConductorError

MOST_PLAYED = 100_000
"""Bars as they are played, at most; the longest operas have some 10,000."""


@dataclass(frozen=True)
class PlayingOrder:
    """Indices of bars as they are played; iterates over those of all movements.

    Parameters
    ----------
    movements : tuple of tuple of int
        Those of each movement.
    doubts : tuple of str
        Sentences: the jumps and endings that could not be followed.
    """

    movements: tuple[tuple[int, ...], ...]
    doubts: tuple[str, ...]

    def __iter__(self) -> Iterator[int]:
        return (i for movement in self.movements for i in movement)


def playing_order(bars: Sequence[Bar]) -> PlayingOrder:
    """Bars as they are played: repeats, endings, da capo, dal segno, coda, fine.

    After a da capo or dal segno repeats are left out and the last endings are taken, as is usual,
    unless the words ask for the repeats. At the "fine" only the movement ends, or its part with
    the da capo: what follows is played. A jump whose target is missing is not followed.

    Raises
    ------
    ConductorError
        If more than `MOST_PLAYED` bars were to be played.
    """
    found: list[tuple[int, ...]] = []
    doubts: list[str] = []
    left = MOST_PLAYED
    for stretch in movements(bars):
        meant, lost = with_meant_signs(bars[stretch.start : stretch.stop])
        walk = _Walk(meant)
        order = [stretch.start + i for i in islice(walk.bars_played(), left + 1)]
        left -= len(order)
        if left < 0:
            raise ConductorError(
                f"With its repeats the score is longer than {MOST_PLAYED:,} bars; "
                "choose another score."
            )
        found.append(tuple(order))
        doubts += lost
        doubts += walk.unheard_endings(set(order), stretch.start)
    return PlayingOrder(tuple(found), tuple(doubts))


class _Walk:
    """Walks the bars of one movement as a player does."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._bars = bars
        self._signs = SignPlaces(bars)
        self._endings = endings(bars)
        self._inside = {i: e for e in self._endings.values() for i in range(e.start, e.stop + 1)}
        self._nested = _nested(bars, self._inside)
        self._section, self._turn = 0, 1
        self._outer: list[tuple[int, int]] = []

    def bars_played(self) -> Iterator[int]:
        """Indices of bars in the order of playing."""
        i = origin = 0
        jump: int | None = None
        jumps: set[int] = set()
        while i < len(self._bars):
            bar = self._bars[i]
            straight = jump is not None and "withrepeats" not in self._bars[jump].marks
            ending = self._endings.get(i)
            if ending is not None and self._skips(ending, straight):
                if self._leaves(ending.stop):
                    self._close(ending.stop)
                i = ending.stop + 1
                continue
            if bar.repeat_from and i != self._section:
                self._open(i)
            yield i
            if not straight and self._repeats(i):
                i, self._turn = self._section, self._turn + 1
                continue
            if bar.repeat_times or self._leaves(i):
                self._close(i)
            if jump is not None and (after := self._after_jump(i, jump)) is not None:
                i = origin = after
                jump = None
                self._begin(i)
            elif jump is None and i not in jumps and bar.marks & {"dacapo", "dalsegno"}:
                jumps.add(i)
                jump, i = i, self._target(i, origin)
                self._begin(i)
            else:
                i = self._after(i)

    def unheard_endings(self, played: set[int], first: int) -> list[str]:
        """Sentences about the endings that no pass reaches.

        Parameters
        ----------
        played : set of int
            Indices of the bars that are.
        first : int
            What they are counted from in the score.
        """
        lost = (e for e in self._endings.values() if first + e.start not in played)
        return [
            f"The ending for pass {', '.join(map(str, sorted(e.numbers)))} at bar "
            f"{label(self._bars, e.start)} is left out: no repeat leads to it."
            for e in lost
        ]

    def _after(self, i: int) -> int:
        """The bar after bar `i` where nothing leads back."""
        ending = self._inside.get(i)
        if ending is None or ending.stop != i or ending.leads_to is None:
            return i + 1
        self._close(ending.leads_to - 1)
        return ending.leads_to

    def _begin(self, i: int) -> None:
        """Go on at bar `i` after a jump."""
        self._section, self._turn = i, 1
        self._outer.clear()

    def _open(self, i: int) -> None:
        """Enter the repeated section that begins with bar `i`."""
        if i in self._nested:
            self._outer.append((self._section, self._turn))
        self._section, self._turn = i, 1

    def _close(self, i: int) -> None:
        """Leave the repeated section that ends with bar `i`, for the one around it if any."""
        self._section, self._turn = self._outer.pop() if self._outer else (i + 1, 1)

    def _leaves(self, i: int) -> bool:
        """Whether bar `i` ends the last ending of a section, and no new one began in it."""
        ending = self._inside.get(i)
        if ending is None or not ending.last or ending.stop != i:
            return False
        # A first ending alone is the last one only where it leads back.
        real = not ending.first or self._bars[i].repeat_times > 0
        return real and (self._section < ending.start or ending.first)

    def _skips(self, ending: Ending, straight: bool) -> bool:
        if ending.stop + 1 == len(self._bars):
            return False
        # The next section may begin with the last ending.
        if not ending.first and ending.start == self._section:
            return False
        return not ending.straight if straight else self._turn not in ending.numbers

    def _repeats(self, i: int) -> bool:
        """Whether the barline after bar `i` leads back this time."""
        times = self._bars[i].repeat_times
        if not times:
            return False
        ending = self._inside.get(i)
        if ending is None:
            return self._turn < times
        return self._turn in ending.numbers and (ending.first or self._turn < ending.group)

    def _target(self, i: int, origin: int) -> int:
        """The bar a da capo or dal segno at bar `i` goes back to."""
        if "dalsegno" in self._bars[i].marks:
            return segno_before(self._signs, i, self._bars[i].marks) or 0
        # After an earlier da capo a new piece may begin, which then has its own "fine".
        start = origin if self._signs.within(range(origin, i + 1), "fine") else 0
        return da_capo_start(self._bars, self._signs, start, i)

    def _after_jump(self, i: int, jump: int) -> int | None:
        """The bar to go on with after bar `i` where what was jumped back to ends with it."""
        marks = self._bars[i].marks
        coda = self._coda(i, jump) if "tocoda" in marks else None
        if coda is not None and self._signs.within(range(jump + 1, coda), "dacapo", "dalsegno"):
            # The coda comes after the last of several trios.
            return jump + 1
        if coda is not None:
            return coda
        return jump + 1 if "fine" in marks or i == jump else None

    def _coda(self, i: int, jump: int) -> int | None:
        """The bar of the coda that is left for after bar `i`."""
        count = len(self._bars)
        later = range(max(i, jump) + 1, count)
        named = self._signs.first(later, *named_targets(self._bars[i].marks, "tocoda", "coda"))
        found = self._signs.first(later, "coda") if named is None else named
        return self._signs.first(range(i + 1, count), "coda") if found is None else found


def _nested(bars: Sequence[Bar], inside: dict[int, Ending]) -> set[int]:
    """First bars of the repeated sections that lie within another one."""
    found: set[int] = set()
    within: list[tuple[int, set[int]]] = []
    for i, bar in enumerate(bars):
        ending = inside.get(i)
        begins_last = ending is not None and not ending.first and ending.start == i
        if bar.repeat_from:
            if begins_last and within:
                found |= within.pop()[1]
            within.append((i, set()))
        section = within[-1][0] if within else -1
        if ending is None or ending.start <= section:
            leaves = bar.repeat_times > 0
        else:
            leaves = ending.last and ending.stop == i
        if leaves and within:
            start, inner = within.pop()
            found |= inner
            if within:
                within[-1][1].add(start)
        if bar.final or bar.marks & {"dacapo", "dalsegno"}:
            within.clear()
    return found
