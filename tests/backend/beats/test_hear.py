"""Beats and bars as the networks that come with the program hear them."""

from itertools import pairwise

import numpy as np
import pytest
from beat_sounds import accompaniment, steady

from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.beats.conducted import conducted_rates
from backend.beats.hear import hear_beats
from retarget.errors import ConductorError


@pytest.fixture(scope="module")
def march() -> Analysis:
    return analyse(accompaniment(steady(112, 80), 4, 43.5, subdivision=2))


def counted(music: Analysis, meter: str) -> int:
    """Beats in most bars."""
    return int(np.bincount(hear_beats(music, meter=meter).beats_in_bar).argmax())


@pytest.mark.parametrize(
    ("meter", "beats"), [("4/4", 4), ("2/4", 2), ("3/4", 3), ("5/4", 5), ("7/8", 7)]
)
def test_a_given_meter_is_counted_at_a_walking_tempo(
    march: Analysis, meter: str, beats: int
) -> None:
    assert counted(march, meter) == beats


def test_a_given_six_eight_is_in_six_when_slow_and_in_two_when_fast() -> None:
    slow = analyse(accompaniment(steady(92, 60), 6, 40.0))
    assert counted(slow, "6/8") == 6
    fast = analyse(accompaniment(steady(88, 60), 2, 41.5, subdivision=3))
    assert counted(fast, "6/8") == 2


def test_a_fast_two_four_is_not_in_one_at_the_tempo_of_its_beats() -> None:
    fast = analyse(accompaniment(steady(150, 100), 2, 40.5, subdivision=2))
    grid = hear_beats(fast, meter="2/4")
    assert (grid.beats_in_bar == 2).all() or grid.tempo < 90.0


def test_a_wrong_meter_is_one_sentence(march: Analysis) -> None:
    with pytest.raises(ConductorError, match="is not a meter"):
        hear_beats(march, meter="march")


@pytest.mark.parametrize("meter", [(2, 4), (2, 2), (3, 4), (4, 4), (6, 8), (11, 8)])
def test_every_tempo_of_a_meter_is_conducted_in_one_way(meter: tuple[int, int]) -> None:
    ranges = list(conducted_rates(meter).values())
    assert ranges[0][0] == 0.0
    assert ranges[-1][1] == np.inf
    assert all(slow[1] == fast[0] for slow, fast in pairwise(ranges))
