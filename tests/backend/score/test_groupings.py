"""Bars whose groups are known, as they are conducted."""

from fractions import Fraction

import numpy as np
import pytest

from backend.score.played_bars import PlayedBar, TempoMap, grid_from_bars


@pytest.mark.parametrize("grouping", [(2, 3), (3, 2)])
def test_fast_fives_are_conducted_in_their_groups(grouping: tuple[int, ...]) -> None:
    length = Fraction(5, 2)
    bars = [PlayedBar(n * length, length, (5, 8), grouping) for n in range(3)]
    grid = grid_from_bars(bars, TempoMap.from_marks({Fraction(0): 150.0}))
    eighth = 0.2
    np.testing.assert_allclose(np.diff(grid.times), np.tile(grouping, 3)[:-1] * eighth)
    assert set(grid.meters) == {f"{grouping[0]}+{grouping[1]}/8"}
    assert grid.beats_in_bar.tolist() == [2] * 6


def test_slow_fives_keep_their_groups_in_the_meter() -> None:
    length = Fraction(5, 4) * 4
    bars = [PlayedBar(n * length, length, (5, 4), (2, 3)) for n in range(2)]
    grid = grid_from_bars(bars, TempoMap.from_marks({Fraction(0): 90.0}))
    assert grid.numbers.tolist() == [1, 2, 3, 4, 5] * 2
    assert set(grid.meters) == {"2+3/4"}
