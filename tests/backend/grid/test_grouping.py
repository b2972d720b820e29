"""Groups of the beats in a bar, as meters write them."""

from pathlib import Path

import numpy as np
import pytest

from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducted_groups
from backend.grid.grouping import beat_groups, beat_lengths, meter_text
from backend.grid.meter import parse_meter
from retarget.errors import ConductorError


@pytest.mark.parametrize(("text", "groups"), [("2+3/8", (2, 3)), ("3+2+2/16", (3, 2, 2))])
def test_a_meter_with_groups_is_read_as_their_sum(text: str, groups: tuple[int, ...]) -> None:
    meter = parse_meter(text)
    assert meter[0] == sum(groups)
    assert meter_text(meter, groups) == text
    assert beat_groups(sum(groups), text) == groups


@pytest.mark.parametrize("text", ["2+/8", "+3/8", "2+0/8", "20+20/8", "2+3", "2,3/8", "2 + 3/8"])
def test_what_is_no_grouping_is_refused(text: str) -> None:
    with pytest.raises(ConductorError, match=r"is not a meter; .* or 2\+3/8 with its groups"):
        parse_meter(text)


def test_the_groups_are_kept_in_the_table_of_beats(tmp_path: Path) -> None:
    numbers = np.arange(10) % 5 + 1
    grid = BeatGrid(np.arange(10.0), numbers, np.full(10, 5), ("2+3/8",) * 10, np.ones(10))
    grid.save(tmp_path / "beats.txt")
    assert BeatGrid.load(tmp_path / "beats.txt").meters == grid.meters


@pytest.mark.parametrize("grouping", [(2, 3), (3, 2)])
def test_groups_are_conducted_beats_where_the_written_ones_are_too_fast(
    grouping: tuple[int, ...],
) -> None:
    assert conducted_groups((5, 8), 320.0, grouping=grouping) == grouping
    assert conducted_groups((5, 8), 120.0, grouping=grouping) == (1.0,) * 5
    # A ritardando across the limit does not change the beat, there or back.
    assert conducted_groups((5, 8), 190.0, previous=2, grouping=grouping) == grouping
    assert conducted_groups((5, 8), 230.0, previous=5, grouping=grouping) == (1.0,) * 5


def test_eight_eighths_can_be_three_unequal_beats() -> None:
    assert conducted_groups((8, 8), 240.0) == (2.0,) * 4
    assert conducted_groups((8, 8), 240.0, grouping=(3, 3, 2)) == (3.0, 3.0, 2.0)
    # What does not fill the bar is no grouping of it.
    assert conducted_groups((8, 8), 240.0, grouping=(3, 3)) == (2.0,) * 4


def test_unequal_beats_are_as_long_as_their_groups() -> None:
    assert beat_lengths(2, "2+3/8") == pytest.approx((0.8, 1.2))
    assert beat_lengths(3, "7/8") == pytest.approx((6 / 7, 6 / 7, 9 / 7))
    assert beat_lengths(5, "2+3/8") == beat_lengths(5, "5/8") == (1.0,) * 5
    assert beat_groups(2, "2+3/8") == beat_groups(5, "5/8") == ()
