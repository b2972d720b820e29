"""Beats and bars as the networks that come with the program hear them."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from beat_sounds import accompaniment, steady

from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.audio.rates import SAMPLE_RATE
from backend.beats.bar_states import BARS, Bar
from backend.beats.hear import hear_beats, suit_meter
from backend.grid.conducted import conducted_rates
from backend.models.beat_net import RATE
from retarget.errors import ConductorError


@pytest.fixture(scope="module")
def march() -> Analysis:
    return analyse(accompaniment(steady(112, 80), 4, 43.5, subdivision=2))


def counted(music: Analysis, meter: str) -> int:
    """Beats in most bars."""
    return int(np.bincount(hear_beats(music, meter=meter).grid.beats_in_bar).argmax())


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


@pytest.mark.parametrize(
    ("meter", "pulses_a_minute", "better", "worse"),
    [
        ((2, 4), 145, (1, 2), (1, 1)),
        ((2, 4), 180, (2, 1), (1, 2)),
        ((4, 4), 60, (1, 4), (1, 2)),
        ((2, 4), 100, (1, 2), (2, 4)),
        ((6, 8), 240, (3, 2), (1, 6)),
    ],
)
def test_a_given_meter_suits_the_tempo_in_some_bars_better(
    meter: tuple[int, int], pulses_a_minute: float, better: tuple[int, int], worse: tuple[int, int]
) -> None:
    """Bars as pulses per beat and beats."""
    pulses = np.arange(30) * 60.0 / pulses_a_minute * RATE
    weights = suit_meter(meter, pulses)
    good, bad = (
        weights[:, BARS.index(Bar(Fraction(level), beats))] for level, beats in (better, worse)
    )
    assert (good > bad).all()
    assert (good > -0.1).all()


def test_beats_are_heard_when_they_sound(march: Analysis) -> None:
    """Within a third of a video frame on the whole, which is less than can be seen."""
    true, found = steady(112, 80), hear_beats(march).grid.times
    late = np.array([time - true[np.abs(true - time).argmin()] for time in found])
    assert len(found) > 70
    assert abs(np.median(late)) < 0.015
    assert np.abs(late).max() < 1 / 30


def test_a_wrong_meter_is_one_sentence(march: Analysis) -> None:
    with pytest.raises(ConductorError, match="is not a meter"):
        hear_beats(march, meter="march")


@pytest.mark.parametrize("meter", [(2, 4), (2, 2), (3, 4), (4, 4), (6, 8), (11, 8)])
def test_every_tempo_of_a_meter_is_conducted_in_one_way(meter: tuple[int, int]) -> None:
    ranges = list(conducted_rates(meter).values())
    assert ranges[0][0] == 0.0
    assert ranges[-1][1] == np.inf
    assert all(slow[1] == fast[0] for slow, fast in pairwise(ranges))


def test_the_likeliest_other_reading_is_told(march: Analysis) -> None:
    heard = hear_beats(march)
    shares = [rival.share for rival in heard.rivals]
    assert sorted(shares, reverse=True) == shares
    assert 0.0 < sum(shares) < 1.0
    levels = [rival.level for rival in heard.rivals]
    assert sorted(levels, key=str) == [None, "double", "half"]
    for rival in heard.rivals:
        faster = {"double": 2.0, "half": 0.5, None: 1.0}[rival.level]
        assert rival.tempo == pytest.approx(heard.grid.tempo * faster)
        if rival.level is None:
            assert rival.beats_in_bar != np.bincount(heard.grid.beats_in_bar).argmax()


def test_a_meter_that_is_not_heard_is_counted_but_less_sure_and_said(march: Analysis) -> None:
    right, wrong = hear_beats(march, meter="4/4"), hear_beats(march, meter="3/4")
    assert np.bincount(wrong.grid.beats_in_bar).argmax() == 3
    assert set(wrong.grid.meters) == {"3/4"}
    assert wrong.sounds_like in ("2/4", "4/4")
    assert wrong.grid.confidence.mean() < 0.3 < 0.5 < right.grid.confidence.mean()


@pytest.mark.parametrize("meter", [None, "4/4", "2/4", "7/8"])
def test_a_meter_that_is_heard_or_rare_is_not_contradicted(
    march: Analysis, meter: str | None
) -> None:
    assert hear_beats(march, meter=meter).sounds_like is None


def test_silence_has_no_other_reading() -> None:
    silence = hear_beats(analyse(np.zeros(5 * SAMPLE_RATE, np.float32)))
    assert len(silence.grid) == 0
    assert silence.rivals == ()
