"""Where beats are uncertain the runner-up is offered with the option that takes it."""

import numpy as np
import pytest

from backend.beat_doubts import beat_doubt, level_doubt
from backend.beats.rival import HeardBeats, Rival
from backend.grid.beat_grid import BeatGrid
from backend.options import HearingOptions


def doubt(grid: BeatGrid, *rivals: Rival, sounds_like: str | None = None, **said) -> str | None:
    of_score = said.pop("of_score", False)
    options = HearingOptions(**said)
    return beat_doubt(HeardBeats(grid, rivals, sounds_like), options, of_score=of_score)


def heard(
    in_bar: int = 4, bpm: float = 136.0, meter: str = "4/4", sure: float = 0.7, bars: int = 8
) -> BeatGrid:
    count = bars * in_bar
    return BeatGrid(
        np.arange(count) * 60.0 / bpm,
        np.arange(count) % in_bar + 1,
        np.full(count, in_bar),
        (meter,) * count,
        np.full(count, sure),
    )


def test_another_level_is_offered_as_it_would_be_conducted():
    grid = heard()
    half = grid.halved()
    assert (int(half.beats_in_bar[0]), round(half.tempo)) == (2, 68)
    assert doubt(grid, Rival("half", 4, 68.0, 0.4)) == (
        "The beats are uncertain: heard in four at 136 a minute; or in two at 68: "
        "--beat-level half."
    )
    assert doubt(heard(2, 68.0, "2/4"), Rival("double", 4, 136.0, 0.4)) == (
        "The beats are uncertain: heard in two at 68 a minute; or in four at 136: "
        "--beat-level double."
    )


@pytest.mark.parametrize(
    ("grid", "beats", "meter"),
    [
        (heard(3, meter="3/4"), 4, "4/4"),
        (heard(2, meter="2/4"), 3, "3/4"),
        (heard(2, meter="6/8"), 3, "9/8"),
        (heard(4), 6, "6/8"),
    ],
)
def test_other_bars_are_offered_as_a_meter(grid, beats, meter):
    said = doubt(grid, Rival(None, beats, grid.tempo, 0.4))
    assert said is not None
    assert said.startswith("The bars are uncertain: heard in ")
    assert said.endswith(f": --meter {meter}.")


def test_other_bars_and_another_level_are_both_offered_where_both_are_likely():
    grid = heard(3, 66.0, "3/4", sure=0.4)
    both = Rival(None, 4, 66.0, 0.3), Rival("double", 4, 132.0, 0.2)
    assert doubt(grid, *both) == (
        "The beats are uncertain: heard in three at 66 a minute; or in four: --meter 4/4; "
        "or in three at 132: --beat-level double."
    )
    unlikely = Rival("double", 4, 132.0, 0.05)
    assert doubt(grid, both[0], unlikely) == (
        "The bars are uncertain: heard in three; or in four: --meter 4/4."
    )


def test_a_meter_that_does_not_sound_is_said_beside_what_does():
    said = doubt(heard(3, meter="3/4"), sounds_like="4/4", meter="3/4")
    assert said == (
        "You said 3/4, but it sounds like 4/4; the bars are as you said: leave --meter out to "
        "hear them otherwise."
    )


def test_a_tempo_that_was_not_found_is_said():
    assert doubt(heard(bpm=132.0), tempo=100.0) == (
        "You said 100 beats a minute, but it sounds like 132, which is taken; correct --tempo or "
        "leave it out."
    )
    assert doubt(heard(bpm=132.0), tempo=128.0) is None
    assert doubt(heard(bpm=132.0), tempo=100.0, of_score=True) is None


def test_a_clear_reading_is_not_doubted():
    assert doubt(heard(), Rival("half", 4, 68.0, 0.1)) is None
    assert doubt(heard()) is None
    # Of other ears only their own confidence is known.
    assert doubt(heard(bars=1)) is None


def test_low_confidence_is_enough_to_say_what_else():
    said = doubt(heard(sure=0.4), Rival("half", 4, 68.0, 0.05))
    assert said is not None
    assert "--beat-level half" in said


@pytest.mark.parametrize(
    ("rival", "options"),
    [
        (Rival("half", 4, 68.0, 0.4), {"beat_level": "double"}),
        (Rival("half", 4, 68.0, 0.4), {"tempo": 136.0}),
        (Rival("half", 4, 24.0, 0.4), {}),
        (Rival("double", 4, 272.0, 0.4), {}),
        (Rival(None, 3, 136.0, 0.4), {"meter": "4/4"}),
        (Rival(None, 8, 136.0, 0.4), {}),
    ],
)
def test_what_was_said_or_cannot_be_conducted_is_not_offered(rival, options):
    assert doubt(heard(), rival, **options) is None
    said = doubt(heard(sure=0.4), rival, **options)
    assert said is not None
    assert said.startswith("The beats are uncertain; give")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ({}, "--tempo, --meter, --score or an edited --beats file"),
        ({"tempo": 136.0}, "--meter, --score or an edited --beats file"),
        ({"meter": "4/4", "tempo": 136.0}, "--score or an edited --beats file"),
        ({"of_score": True}, "an edited --beats file"),
    ],
)
def test_what_was_given_is_not_advised(said, advice):
    assert doubt(heard(sure=0.4), **said) == f"The beats are uncertain; give {advice}."


def test_too_few_bars_are_said_unless_the_meter_is_known():
    short = heard(8, 46.0, bars=2)
    rival = Rival("half", 6, 23.0, 0.05)
    said = doubt(short, rival)
    assert said == "This stretch is too short to hear its bars; give --meter, or a longer stretch."
    assert doubt(short, rival, meter="4/4") is None


def test_a_level_that_nobody_conducts_is_said():
    double, half = HearingOptions(beat_level="double"), HearingOptions(beat_level="half")
    said = level_doubt(heard(bpm=240.0), double)
    assert said is not None
    assert "--beat-level double there are 240 beats a minute" in said
    assert level_doubt(heard(bpm=30.0), half) is not None
    assert level_doubt(heard(bpm=136.0), double) is None
    assert level_doubt(heard(bpm=160.0), double) is not None
    assert level_doubt(heard(bpm=240.0), HearingOptions()) is None
    assert level_doubt(BeatGrid.empty(), double) is None
