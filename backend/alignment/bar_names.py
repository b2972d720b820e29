"""What a user finds played bars by, and where they begin in a recording."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from backend.alignment.piece import Piece
from backend.score.movement import Movement


class BarNames:
    """Names of played bars.

    Parameters
    ----------
    movement : Movement
        The whole score.
    begins : sequence of int
        Bars with which its movements begin.
    """

    def __init__(self, movement: Movement, begins: Sequence[int]) -> None:
        self._begins = sorted(begins)
        self._bars = movement.bars
        self._numbers: list[int] = []
        written: list[Fraction] = []
        for place, bar in enumerate(movement.bars):
            if place in self._begins:
                written = []
            at = bisect_left(written, bar.start)
            if at == len(written) or written[at] != bar.start:
                written.insert(at, bar.start)
            self._numbers.append(at + 1)

    def movement(self, bar: int) -> int:
        """The number of its movement, from 1 on."""
        return sum(begin <= bar for begin in self._begins)

    def number(self, bar: int) -> int:
        """Which of the written bars of its movement it is, from 1 on."""
        return self._numbers[bar]

    def begin(self, bar: int) -> int:
        """The first bar of its movement."""
        return self._begins[self.movement(bar) - 1]

    def written(self, first: int, stop: int) -> set[Fraction]:
        """Where bars stand in the score."""
        return {bar.start for bar in self._bars[first:stop]}

    def names(self, first: int, stop: int) -> str:
        """What a user finds the bars by, `stop` not included."""
        a, b = self.number(first), self.number(stop - 1)
        if a == b or self.movement(first) != self.movement(stop - 1):
            return self.name(first) + ("" if a == b else f" to {self.name(stop - 1)}")
        of = "" if len(self._begins) == 1 else f" of movement {self.movement(first)}"
        return f"bars {a} to {b}{of}"

    def name(self, bar: int) -> str:
        """What a user finds it by."""
        name = f"bar {self.number(bar)}"
        return name if len(self._begins) == 1 else f"{name} of movement {self.movement(bar)}"


@dataclass(frozen=True)
class BarBegin:
    """Where a bar of the score begins.

    Parameters
    ----------
    seconds : float
        In the recording.
    bar : int
        Which of the played bars of the whole score it is.
    """

    seconds: float
    bar: int


def bar_begins(pieces: Sequence[Piece]) -> list[BarBegin]:
    """Where the bars of pieces begin, in the order of time."""
    found = []
    for piece in pieces:
        bars = [bar for first, stop in piece.runs for bar in range(first, stop)]
        seconds = piece.seconds(piece.movement.starts[: len(bars)]).tolist()
        found += [BarBegin(at, bar) for at, bar in zip(seconds, bars, strict=True)]
    return found
