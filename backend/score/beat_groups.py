"""How the beats of a bar of five, seven or eight are grouped, told by beams, long notes and lines.

Gould, Behind Bars, on irregular meters: beams and note values show the grouping.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Final

Meter = tuple[int, int]
Grouping = tuple[int, ...]
Span = tuple[Fraction, Fraction]

# A grouping is told if it fits by so much more than every other one: two spans of one bar.
_SURE: Final = 2
# A line is worth more than all notes.
_LINE: Final = 100


@dataclass
class BeatGroups:
    """What a written bar tells; places in quarter notes from its beginning.

    Parameters
    ----------
    told : dict of (int, int) to tuple of int
        Groupings that its meters write: (3, 2) of 3+2/8.
    spans : list of (Fraction, Fraction)
        Where notes under one beam, and notes and rests longer than a written beat, begin and end.
    lines : set of Fraction
        Where lines within the bar stand.
    """

    told: dict[Meter, Grouping] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    lines: set[Fraction] = field(default_factory=set)

    def fits(self, meter: Meter) -> list[int]:
        """How well each of the possible groupings of a meter fits what is written."""
        beat = Fraction(4, meter[1])
        spans = [(begin / beat, end / beat) for begin, end in self.spans]
        lines = {line / beat for line in self.lines}
        return [_fit(grouping, spans, lines) for grouping in possible_groupings(meter)]


def is_uneven(meter: Meter) -> bool:
    """Whether the beats of a meter go in groups of different sizes that its figures do not tell."""
    count, unit = meter
    return bool(possible_groupings(meter)) and (count != 8 or unit >= 8)


@cache
def possible_groupings(meter: Meter) -> tuple[Grouping, ...]:
    """Groups of two and three beats in bars of 5, 7, 8, 10, 11 and 13; none in others."""
    count = meter[0]
    return tuple(_in_twos_and_threes(count)) if count in (5, 7, 8, 10, 11, 13) else ()


def likeliest_grouping(meter: Meter, fits: Sequence[int]) -> Grouping:
    """The grouping that surely fits best, empty if none does; `fits` as of `BeatGroups.fits`."""
    order = sorted(range(len(fits)), key=fits.__getitem__)
    if len(order) < 2 or fits[order[-1]] - fits[order[-2]] < _SURE or fits[order[-1]] <= 0:
        return ()
    return possible_groupings(meter)[order[-1]]


def _in_twos_and_threes(count: int) -> list[Grouping]:
    if count == 0:
        return [()]
    return [
        (first, *rest)
        for first in (2, 3)
        if first <= count
        for rest in _in_twos_and_threes(count - first)
    ]


def _fit(grouping: Grouping, spans: Sequence[Span], lines: set[Fraction]) -> int:
    """Spans that begin or end where a group does, less those that lie across that place."""
    total = sum(grouping)
    places = {sum(grouping[:i]) for i in range(1, len(grouping))}
    bounds = places | {0, total}
    fit = _LINE * (len(places & lines) - len(lines - places))
    for begin, end in spans:
        inner = sum(begin < place < end for place in places)
        met = (begin in places) + (end in places)
        fit += met if not inner else 0 if begin in bounds and end in bounds else -inner
    return fit
