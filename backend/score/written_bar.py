"""A written bar of a score: its length, meter, tempo marks and the signs that lead from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Final

ROUNDING: Final = Fraction(1, 16)
"""Bars off by less, in quarter notes, are sums of rounded tuplets, not other meters."""

# Letters of what cannot be read that a message repeats.
_SHOWN: Final = 40


@dataclass(frozen=True)
class TempoMark:
    """A tempo: quarter notes a minute, or how many times the tempo before it if `relative`.

    Of several at one place the one of the highest `rank` is meant.
    """

    value: float
    rank: int
    relative: bool = False


@dataclass
class WrittenNotes:
    """Where notes sound in a bar, quarter notes from its beginning; None where none does.

    Parameters
    ----------
    first : Fraction, optional
        The first one begins.
    last : Fraction, optional
        The last one that is not tied to one before begins.
    end : Fraction, optional
        The longest ends.
    """

    first: Fraction | None = None
    last: Fraction | None = None
    end: Fraction | None = None

    def add(self, at: Fraction, duration: Fraction, *, tied: bool) -> None:
        """Take in a note, `tied` to one before or not."""
        end = at + duration
        if self.first is None or at < self.first:
            self.first = at
        if self.end is None or end > self.end:
            self.end = end
        if not tied and (self.last is None or at > self.last):
            self.last = at


@dataclass
class Bar:
    """A written bar, gathered over all parts; lengths and places in quarter notes.

    Parameters
    ----------
    number : int, optional
        As printed; None if there is none or it is no number.
    counted : bool
        False for a pickup, or the rest of a bar that a repeat splits, where the file says so.
    opens_next, closes_before : bool, int
        A repeat that is written on the other side of the barline than it is meant for: from the
        next bar, or up to the bar before as many times as `repeat_times` says.
    final : bool
        Whether it closes with a thin and a thick line and no repeat.
    marks : set of str
        Places: "segno", "coda", "tocoda", "fine", "trio" and "title", the heading of a dance.
        Jumps: "dacapo" and "dalsegno", and what they say: "alfine", "alcoda", "alsegno",
        "withrepeats". A sign with a name stands there twice, as "segno" and "segno=name".
    meters : list of (int, int)
        Those its parts write; `settle_meters` says which of them is `meter`.
    notes : WrittenNotes
        Where in it notes sound.
    unread : set of str
        What is written in it and cannot be read: "the meter 4/3".
    """

    length: Fraction = Fraction(0)
    meter: tuple[int, int] = (4, 4)
    meters: list[tuple[int, int]] = field(default_factory=list)
    tempos: dict[Fraction, TempoMark] = field(default_factory=dict)
    repeat_from: bool = False
    repeat_times: int = 0
    opens_next: bool = False
    closes_before: int = 0
    ending: frozenset[int] = frozenset()
    ending_stops: bool = False
    final: bool = False
    marks: set[str] = field(default_factory=set)
    number: int | None = None
    counted: bool = True
    notes: WrittenNotes = field(default_factory=WrittenNotes)
    unread: set[str] = field(default_factory=set)

    @property
    def nominal(self) -> Fraction:
        """Length in quarter notes that the meter asks for."""
        return _length(self.meter)

    def cannot_read(self, what: str) -> None:
        """Remember that `what`, cut to a few words, is taken as if it was not written."""
        text = " ".join(what.split())
        self.unread.add(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

    @property
    def closes(self) -> bool:
        """Whether a section ends with it, at a repeat or a final barline."""
        return self.final or self.repeat_times > 0


def settle_meters(bars: Sequence[Bar]) -> None:
    """Choose the meter of each bar where its parts write several.

    It is the first that fills the bar; that of the next bar or of the one before, where none does,
    as in a pickup; or the first.
    """
    filling = [
        next((it for it in bar.meters if abs(_length(it) - bar.length) <= ROUNDING), None)
        for bar in bars
    ]
    for i, bar in enumerate(bars):
        near = (filling[i], *filling[i + 1 : i + 2], *filling[max(i - 1, 0) : i])
        bar.meter = next((it for it in near if it in bar.meters), (bar.meters or [bar.meter])[0])


def settle_repeats(bars: Sequence[Bar]) -> None:
    """Put each repeat sign on the side of its barline that it is meant for.

    The one sign between two repeated sections may be written as the beginning of the second only.
    """
    inside = False
    for bar, after in pairwise(bars):
        bar.repeat_times = max(bar.repeat_times, after.closes_before)
        inside |= bar.repeat_from
        if bar.opens_next:
            after.repeat_from = True
            if inside:
                bar.repeat_times = max(bar.repeat_times, 2)
        inside &= not bar.repeat_times


def _length(meter: tuple[int, int]) -> Fraction:
    return Fraction(4 * meter[0], meter[1])
