"""Where the signs stand among the bars of a score."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from backend.score.written_bar import Bar


class SignPlaces:
    """The bars that have each sign; finds them in the logarithm of their number.

    Parameters
    ----------
    bars : sequence of Bar
        Bars by index; signs as in `Bar.marks`.
    """

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._at: dict[str, list[int]] = defaultdict(list)
        for i, bar in enumerate(bars):
            for sign in bar.marks:
                self._at[sign].append(i)

    def first(self, part: range, *signs: str) -> int | None:
        """The first bar of a stretch that has one of the signs."""
        found = (self._bounded(sign, bisect_left(self._at[sign], part.start)) for sign in signs)
        return min((i for i in found if i is not None and i < part.stop), default=None)

    def last(self, part: range, *signs: str) -> int | None:
        """The last bar of a stretch that has one of the signs."""
        found = (self._bounded(sign, bisect_left(self._at[sign], part.stop) - 1) for sign in signs)
        return max((i for i in found if i is not None and i >= part.start), default=None)

    def within(self, part: range, *signs: str) -> bool:
        """Whether one of the signs is in a stretch."""
        return self.first(part, *signs) is not None

    def all(self, *signs: str) -> list[int]:
        """All bars that have one of the signs, rising."""
        return sorted({i for sign in signs for i in self._at[sign]})

    def _bounded(self, sign: str, place: int) -> int | None:
        at = self._at[sign]
        return at[place] if 0 <= place < len(at) else None
