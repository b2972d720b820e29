"""A written bar of a score: its length, meter, tempo marks and the signs that lead from it."""

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Bar:
    """A written bar, gathered over all parts; lengths and places in quarter notes.

    Parameters
    ----------
    number : int, optional
        As printed; None for one that is not counted.
    final : bool
        Whether it closes with a thin and a thick line and no repeat.
    marks : set of str
        Of "dacapo", "dalsegno", "tocoda", "fine", "segno" and "coda".
    """

    length: Fraction = Fraction(0)
    meter: tuple[int, int] = (4, 4)
    tempos: dict[Fraction, float] = field(default_factory=dict)
    repeat_from: bool = False
    repeat_times: int = 0
    ending: frozenset[int] = frozenset()
    ending_stops: bool = False
    final: bool = False
    marks: set[str] = field(default_factory=set)
    number: int | None = None
