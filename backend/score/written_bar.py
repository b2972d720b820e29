"""A written bar of a score: its length, meter, tempo marks and the signs that lead from it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Final

from backend.score.beat_groups import BeatGroups, is_uneven, likeliest_grouping
from backend.score.played_bars import nominal_length

ROUNDING: Final = Fraction(1, 16)
"""Bars off by less, in quarter notes, are sums of rounded tuplets, not other meters."""

# The share of bars that tell their grouping of which so many are alike where the others are too.
_AGREEING: Final = 0.75

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
    first : float, optional
        The first one begins.
    last : float, optional
        The last one that is not tied to one before begins.
    end : float, optional
        The longest ends.
    """

    first: float | None = None
    last: float | None = None
    end: float | None = None

    def join(self, other: "WrittenNotes") -> None:
        """Take in those of another part."""
        if other.first is not None and (self.first is None or other.first < self.first):
            self.first = other.first
        if other.last is not None and (self.last is None or other.last > self.last):
            self.last = other.last
        if other.end is not None and (self.end is None or other.end > self.end):
            self.end = other.end


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
    new_key : bool
        Whether it begins in another key than the bar before it.
    notes : WrittenNotes
        Where in it notes sound.
    unread : set of str
        What is written in it and cannot be read: "the meter 4/3".
    groups : BeatGroups
        What tells how its beats are grouped.
    grouping : tuple of int
        As in `PlayedBar`; set by `settle_groupings`.
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
    new_key: bool = False
    notes: WrittenNotes = field(default_factory=WrittenNotes)
    unread: set[str] = field(default_factory=set)
    groups: BeatGroups = field(default_factory=BeatGroups)
    grouping: tuple[int, ...] = ()

    @property
    def nominal(self) -> Fraction:
        """Length in quarter notes that the meter asks for."""
        return nominal_length(self.meter)

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
        next((it for it in bar.meters if abs(nominal_length(it) - bar.length) <= ROUNDING), None)
        for bar in bars
    ]
    for i, bar in enumerate(bars):
        near = (filling[i], *filling[i + 1 : i + 2], *filling[max(i - 1, 0) : i])
        bar.meter = next((it for it in near if it in bar.meters), (bar.meters or [bar.meter])[0])


def settle_groupings(bars: Sequence[Bar]) -> None:
    """Tell how the beats of each bar are grouped, once its meter and length are known.

    What the meter writes holds; else what the bar's own notes surely tell. Where they do not, it is
    as in most bars of the same meter around it, if those agree.
    """
    for meter, run in groupby(bars, key=lambda bar: bar.meter):
        stretch = list(run)
        for bar in stretch:
            bar.grouping = bar.groups.told.get(meter, ())
        if not is_uneven(meter):
            continue
        whole = [bar for bar in stretch if bar.length == bar.nominal]
        own = [likeliest_grouping(meter, bar.groups.fits(meter)) for bar in whole]
        counts = Counter(filter(None, own)).most_common(1)
        agree = counts and counts[0][1] >= _AGREEING * sum(map(bool, own))
        usual = counts[0][0] if agree else ()
        for bar, told in zip(whole, own, strict=True):
            bar.grouping = bar.grouping or told or usual


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
