"""What is told of an aligned grid beside the true one: beats that are near, too many, and bars."""

from dataclasses import replace

import numpy as np

from backend.evaluation.alignment import agreement
from backend.grid.beat_grid import BeatGrid

COUNT = 80
TRUTH = BeatGrid(
    1.0 + 0.6 * np.arange(COUNT),
    np.arange(COUNT) % 4 + 1,
    np.full(COUNT, 4),
    ("4/4",) * COUNT,
    np.ones(COUNT),
)


def test_the_truth_agrees_with_itself() -> None:
    found = agreement(TRUTH, TRUTH)
    assert found.near == (1.0, 1.0)
    assert found.extra == 0.0
    assert found.bars == 1.0


def test_beats_that_are_50_ms_late_are_within_70_and_not_within_30() -> None:
    found = agreement(TRUTH.shifted(0.05), TRUTH)
    assert found.near == (1.0, 0.0)
    assert abs(found.late_s - 0.05) < 1e-9


def test_beats_between_the_true_ones_are_too_many() -> None:
    found = agreement(TRUTH.doubled(), TRUTH)
    assert found.near == (1.0, 1.0)
    assert abs(found.extra - 0.5) < 0.01


def test_bars_are_right_where_they_begin_and_have_as_many_beats() -> None:
    assert agreement(TRUTH.bars_shifted(1), TRUTH).bars == 0.0
    five = replace(TRUTH, beats_in_bar=np.full(COUNT, 5))
    assert agreement(five, TRUTH).bars == 0.0


def test_bars_at_a_seam_are_not_counted() -> None:
    late = np.abs(TRUTH.times - 25.0) < 2.0
    numbers = np.where(late, TRUTH.numbers % 4 + 1, TRUTH.numbers)
    assert agreement(replace(TRUTH, numbers=numbers), TRUTH).bars < 1.0
    assert agreement(replace(TRUTH, numbers=numbers), TRUTH, (25.0,)).bars == 1.0
