"""One word from the user mends a grid: its level, its downbeat, its bar lines."""

import numpy as np
import pytest

from backend.grid.beat_grid import BeatGrid
from retarget.errors import ConductorError


def bars(*kinds: tuple[int, int, str], bpm: float = 60.0, pickup: int = 0) -> BeatGrid:
    """Even beats in (how many bars, beats in each, meter), after a pickup to the first."""
    rows = [
        (number, beats, meter)
        for count, beats, meter in kinds
        for _ in range(count)
        for number in range(1, beats + 1)
    ]
    _, beats, meter = kinds[0]
    rows = [(beats - pickup + i + 1, beats, meter) for i in range(pickup)] + rows
    numbers, in_bar, meters = zip(*rows, strict=True)
    times = 1.0 + np.arange(len(rows)) * 60.0 / bpm
    return BeatGrid(times, np.array(numbers), np.array(in_bar), meters, np.full(len(rows), 0.5))


def shape(grid: BeatGrid) -> list[tuple[int, int, str]]:
    """(beats, beats in the bar, meter) of each bar, as far as it is there."""
    starts = np.flatnonzero(np.r_[True, np.diff(grid.numbers) <= 0])
    lengths = np.diff(np.r_[starts, len(grid)])
    return [
        (int(length), int(grid.beats_in_bar[at]), grid.meters[at])
        for at, length in zip(starts, lengths, strict=True)
    ]


@pytest.mark.parametrize(
    ("bpm", "before", "after"),
    [
        (66, (3, 2, "2/4"), (2, 4, "4/4")),
        (66, (2, 2, "4/4"), (1, 4, "4/4")),
        (66, (2, 4, "4/4"), (4, 4, "4/8")),
        (70, (2, 6, "6/8"), (4, 6, "6/16")),
        (35, (2, 4, "4/4"), (1, 8, "4/4")),
        (70, (2, 3, "3/4"), (4, 3, "3/4")),
        (34, (2, 3, "3/4"), (1, 6, "3/4")),
        (60, (2, 1, "2/4"), (1, 2, "2/4")),
        (60, (2, 1, "3/8"), (1, 2, "2/4")),
        (60, (2, 2, "6/8"), (1, 4, "4/4")),
        (60, (2, 4, "12/8"), (4, 4, "4/4")),
        (60, (2, 5, "5/4"), (4, 5, "5/4")),
    ],
)
def test_doubled_beats_lie_in_bars_that_are_conducted(bpm, before, after):
    count, beats, meter = before
    grid = bars((count, beats, meter), bpm=bpm)
    twice = grid.doubled()
    np.testing.assert_allclose(twice.times[::2], grid.times)
    np.testing.assert_allclose(np.diff(twice.times), 30.0 / bpm)
    # Beats lie between beats, so the last bar lacks the second half of its last one.
    assert len(twice) == 2 * len(grid) - 1
    _, in_bar, written = after
    assert set(twice.beats_in_bar.tolist()) == {in_bar}
    assert set(twice.meters) == {written}
    np.testing.assert_array_equal(twice.numbers, np.arange(len(twice)) % in_bar + 1)
    assert set(grid.downbeats) <= set(twice.downbeats)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((3, 4, "4/4"), [(2, 2, "4/4")] * 3),
        ((3, 2, "2/4"), [(1, 1, "2/4")] * 3),
        ((2, 8, "4/4"), [(4, 4, "4/4")] * 2),
        ((2, 6, "6/8"), [(3, 3, "3/4")] * 2),
        ((2, 6, "3/4"), [(3, 3, "3/4")] * 2),
        ((4, 3, "3/4"), [(3, 3, "3/4")] * 2),
        ((4, 1, "3/4"), [(1, 1, "3/4")] * 2),
        ((3, 3, "3/4"), [(3, 3, "3/4"), (2, 3, "3/4")]),
    ],
)
def test_halved_beats_keep_the_downbeats(before, after):
    grid = bars(before, bpm=150)
    half = grid.halved()
    assert shape(half) == after
    np.testing.assert_allclose(half.times, grid.times[::2])
    assert set(half.downbeats) <= set(grid.downbeats)
    assert half.downbeats[0] == grid.times[0]


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ((2, 5, "5/8"), (3, 2)),
        ((2, 5, "2+3/8"), (2, 3)),
        ((2, 7, "7/8"), (2, 2, 3)),
        ((2, 7, "3+2+2/8"), (3, 2, 2)),
        ((2, 8, "3+3+2/8"), (3, 3, 2)),
    ],
)
def test_bars_of_groups_are_conducted_by_them_at_half_the_level(kind, groups):
    grid = bars(kind, bpm=300)
    half = grid.halved()
    assert shape(half) == [(len(groups), len(groups), kind[2])] * 2
    np.testing.assert_allclose(np.diff(half.times)[: len(groups)] / 0.2, groups)
    np.testing.assert_allclose(half.downbeats, grid.downbeats)
    back = half.doubled()
    np.testing.assert_allclose(back.times, grid.times[: len(back)])
    np.testing.assert_array_equal(back.numbers, grid.numbers[: len(back)])
    assert set(back.meters) == {kind[2]}


def test_the_other_phase_begins_a_beat_later_or_with_the_second_bar_of_an_odd_meter():
    four = bars((2, 4, "4/4")).halved(1)
    np.testing.assert_allclose(four.times, [2.0, 4.0, 6.0, 8.0])
    np.testing.assert_array_equal(four.numbers, [1, 2, 1, 2])
    three = bars((3, 3, "3/4")).halved(1)
    np.testing.assert_allclose(three.times, [2.0, 4.0, 6.0, 8.0])
    np.testing.assert_array_equal(three.numbers, [3, 1, 2, 3])


def test_a_single_odd_bar_among_even_ones_ends_with_a_long_beat():
    half = bars((1, 4, "4/4"), (1, 3, "3/4"), (1, 5, "5/4"), (1, 4, "4/4")).halved()
    assert shape(half) == [(2, 2, "4/4"), (1, 1, "3/4"), (2, 2, "5/4"), (2, 2, "4/4")]
    np.testing.assert_allclose(half.times - 1.0, [0, 2, 4, 7, 9, 12, 14])


@pytest.mark.parametrize(
    ("kind", "back"),
    [
        ((3, 4, "4/4"), "4/4"),
        ((4, 3, "3/4"), "3/4"),
        ((3, 5, "5/4"), "5/4"),
        ((3, 7, "7/4"), "7/4"),
        ((3, 6, "6/8"), "6/8"),
        ((3, 2, "4/4"), "4/4"),
        ((3, 2, "2/4"), "4/4"),
        ((3, 2, "6/8"), "4/4"),
        ((4, 1, "2/4"), "2/4"),
        ((3, 2, "2+3/8"), "2+3/8"),
    ],
)
@pytest.mark.parametrize("pickup", [0, 1])
def test_half_of_twice_as_many_beats_are_the_same_in_the_same_bars(kind, back, pickup):
    grid = bars(kind, bpm=66, pickup=pickup if kind[1] > 1 else 0)
    again = grid.doubled().halved()
    np.testing.assert_allclose(again.times, grid.times)
    np.testing.assert_array_equal(again.numbers, grid.numbers)
    np.testing.assert_array_equal(again.beats_in_bar, grid.beats_in_bar)
    assert set(again.meters) == {back}


@pytest.mark.parametrize("pickup", [0, 1, 3])
def test_bars_that_were_parted_join_again_after_a_long_pickup(pickup):
    grid = bars((3, 4, "4/4"), (2, 3, "3/4"), bpm=66, pickup=pickup)
    again = grid.doubled().halved()
    np.testing.assert_allclose(again.times, grid.times)
    np.testing.assert_array_equal(again.numbers, grid.numbers)
    assert again.meters == grid.meters


def test_fives_and_sevens_become_pairs_unless_they_are_too_fast_for_their_beats():
    assert shape(bars((2, 5, "5/4"), bpm=120).halved()) == [(5, 5, "5/4")]
    assert shape(bars((2, 5, "5/4"), bpm=240).halved()) == [(2, 2, "5/4")] * 2
    assert shape(bars((2, 5, "2+3/4"), bpm=120).halved()) == [(2, 2, "2+3/4")] * 2


def test_a_pickup_stays_one():
    grid = bars((2, 4, "4/4"), bpm=66, pickup=1)
    assert grid.doubled().numbers[:4].tolist() == [3, 4, 1, 2]
    assert grid.halved().numbers.tolist() == [1, 2, 1, 2]
    waltz = bars((4, 3, "3/4"), bpm=150, pickup=2).halved()
    assert waltz.numbers.tolist() == [3, 1, 2, 3, 1, 2, 3]


def test_no_beat_is_put_into_the_middle_of_a_pause():
    times = np.r_[np.arange(8), 30.0 + np.arange(8)].astype(float)
    number = np.tile([1, 2, 3, 4], 4)
    grid = BeatGrid(times, number, np.full(16, 4), ("4/4",) * 16, np.ones(16))
    twice = grid.doubled()
    np.testing.assert_allclose(twice.times[14:17], [7.0, 7.5, 30.0])


@pytest.mark.parametrize(
    ("seconds", "numbers"),
    [
        (1.0, [1, 2, 3, 4, 1, 2, 3, 4]),
        (3.2, [3, 4, 1, 2, 3, 4, 1, 2]),
        (2.0, [4, 1, 2, 3, 4, 1, 2, 3]),
        (8.0, [2, 3, 4, 1, 2, 3, 4, 1]),
    ],
)
def test_the_beat_that_is_pointed_at_is_one_and_bars_are_counted_to_both_sides(seconds, numbers):
    grid = bars((2, 4, "4/4"))
    moved = grid.with_downbeat_at(seconds)
    assert moved.numbers.tolist() == numbers
    np.testing.assert_array_equal(moved.times, grid.times)


def test_meters_that_change_move_with_their_bars():
    grid = bars((2, 4, "4/4"), (2, 3, "3/4"))
    later = grid.with_downbeat_at(2.0)
    assert shape(later) == [
        *[(1, 4, "4/4"), (4, 4, "4/4"), (4, 4, "4/4")],
        *[(3, 3, "3/4"), (2, 3, "3/4")],
    ]
    earlier = grid.with_downbeat_at(8.0)
    assert shape(earlier) == [
        *[(3, 4, "4/4"), (4, 4, "4/4")],
        *[(3, 3, "3/4"), (3, 3, "3/4"), (1, 3, "3/4")],
    ]
    assert later.downbeats.tolist() == [2.0, 6.0, 10.0, 13.0]


def test_a_downbeat_changes_nothing_beyond_a_long_break():
    times = np.r_[np.arange(8), 30.0 + np.arange(8)].astype(float)
    number = np.tile([1, 2, 3, 4], 4)
    grid = BeatGrid(times, number, np.full(16, 4), ("4/4",) * 16, np.ones(16))
    assert grid.with_downbeat_at(2.0).numbers.tolist() == [3, 4, 1, 2, 3, 4, 1, 2, *number[:8]]
    assert grid.with_downbeat_at(32.0).numbers.tolist() == [*number[:8], 3, 4, 1, 2, 3, 4, 1, 2]
    assert grid.bars_shifted(1).numbers.tolist() == [4, 1, 2, 3, 4, 1, 2, 3] * 2


@pytest.mark.parametrize(
    ("beats", "numbers"),
    [
        (0, [3, 1, 2, 3, 1, 2, 3]),
        (1, [2, 3, 1, 2, 3, 1, 2]),
        (-1, [1, 2, 3, 1, 2, 3, 1]),
        (3, [3, 1, 2, 3, 1, 2, 3]),
        (-100, [1, 2, 3, 1, 2, 3, 1]),
    ],
)
def test_bar_lines_move_by_beats(beats, numbers):
    grid = bars((2, 3, "3/4"), pickup=1)
    assert grid.bars_shifted(beats).numbers.tolist() == numbers


def test_what_cannot_be_changed_is_refused_in_one_sentence():
    none = BeatGrid.empty()
    for change in (none.doubled, none.halved, lambda: none.with_downbeat_at(1.0)):
        with pytest.raises(ConductorError, match="no beats whose level or bars"):
            change()
    with pytest.raises(ConductorError, match="no beats whose"):
        none.bars_shifted(1)
    grid = bars((2, 4, "4/4"))
    for far in (-3.0, 20.0, float("nan")):
        with pytest.raises(ConductorError, match=r"no beat near .* the nearest one is at"):
            grid.with_downbeat_at(far)
    with pytest.raises(ConductorError, match="too close together"):
        bars((2, 4, "4/4"), bpm=310).doubled()
    one = BeatGrid(np.ones(1), np.full(1, 2), np.full(1, 4), ("4/4",), np.ones(1))
    with pytest.raises(ConductorError, match="but one beat"):
        one.halved()
    assert len(one.doubled()) == 1
