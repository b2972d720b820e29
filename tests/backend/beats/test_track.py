"""Beats, meter and downbeats heard in sound."""

import numpy as np
import pytest
from beat_sounds import accompaniment, steady

from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.audio.rates import SAMPLE_RATE
from backend.beats.track import track_beats
from backend.grid.beat_grid import BeatGrid
from retarget.errors import Cancelled, ConductorError


def heard(beats: np.ndarray, grid: BeatGrid) -> np.ndarray:
    """Distance of each true beat from the nearest one found, seconds."""
    return np.abs(grid.times[:, None] - beats).min(axis=0)


@pytest.fixture(scope="module")
def waltz() -> Analysis:
    return analyse(accompaniment(steady(126, 60), 3, 29.5))


def test_beats_stand_on_the_sound_within_a_video_frame() -> None:
    beats = steady(108, 48)
    grid = track_beats(analyse(accompaniment(beats, 4, 27.5)))
    assert heard(beats, grid).max() < 1 / 30
    assert grid.tempo == pytest.approx(108, rel=0.01)


@pytest.mark.parametrize("in_bar", [2, 3])
def test_duple_and_triple_meters_and_their_downbeats_are_found(in_bar: int) -> None:
    beats = steady(116, 60)
    grid = track_beats(analyse(accompaniment(beats, in_bar, 31.5)))
    assert set(grid.beats_in_bar.tolist()) == {in_bar}
    downs = grid.downbeats[(grid.downbeats > beats[0] - 0.1) & (grid.downbeats < beats[-1])]
    assert np.abs(downs[:, None] - beats[::in_bar]).min(axis=1).max() < 0.05


def test_beats_that_fall_into_three_are_written_as_compound() -> None:
    beats = steady(84, 44)
    grid = track_beats(analyse(accompaniment(beats, 2, 32.0, subdivision=3)), tempo=84)
    assert set(grid.meters) == {"6/8"}
    assert set(grid.beats_in_bar.tolist()) == {2}


def test_rubato_is_followed() -> None:
    periods = 0.5 * np.exp(0.25 * np.sin(np.linspace(0, 4 * np.pi, 70)))
    beats = 0.5 + np.cumsum(periods)
    grid = track_beats(analyse(accompaniment(beats, 2, float(beats[-1]) + 0.5)))
    assert (heard(beats, grid) < 0.07).mean() > 0.95


def test_the_beat_goes_on_through_a_rest_and_stops_with_the_sound() -> None:
    beats = steady(120, 60, start=3.0)
    sounding = np.r_[beats[:30], beats[34:]]
    grid = track_beats(analyse(accompaniment(sounding, 30, 40.0)))
    assert heard(beats, grid).max() < 0.1
    assert grid.times[0] > 2.3
    assert grid.times[-1] < 34.5
    assert np.diff(grid.times).max() < 0.7


def test_a_given_meter_wins(waltz: Analysis) -> None:
    grid = track_beats(waltz, meter="4/4")
    assert set(grid.meters) == {"4/4"}
    assert set(grid.beats_in_bar.tolist()) == {4}
    assert track_beats(waltz).meters[0] == "3/4"


def test_a_given_five_is_counted_to_five(waltz: Analysis) -> None:
    grid = track_beats(waltz, meter="5/4")
    assert set(grid.numbers.tolist()) == {1, 2, 3, 4, 5}


def test_a_given_six_eight_is_in_two_when_fast_and_in_six_when_slow() -> None:
    fast = analyse(accompaniment(steady(88, 40), 2, 28.0, subdivision=3))
    assert set(track_beats(fast, meter="6/8", tempo=88).beats_in_bar.tolist()) == {2}
    slow = analyse(accompaniment(steady(100, 48), 6, 29.5))
    assert set(track_beats(slow, meter="6/8", tempo=100).beats_in_bar.tolist()) == {6}


def test_a_given_tempo_chooses_the_level() -> None:
    analysis = analyse(accompaniment(steady(80, 36), 2, 27.5, subdivision=2))
    assert track_beats(analysis, tempo=80).tempo == pytest.approx(80, rel=0.03)
    assert track_beats(analysis, tempo=160).tempo == pytest.approx(160, rel=0.03)


def test_silence_has_no_beats() -> None:
    assert len(track_beats(analyse(np.zeros(5 * SAMPLE_RATE, np.float32)))) == 0


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0, 3.0])
def test_the_shortest_clips_work(seconds: float) -> None:
    sound = accompaniment(steady(120, 8, start=0.0), 2, 4.0)
    grid = track_beats(analyse(sound[: int(seconds * SAMPLE_RATE)]))
    assert (grid.times >= 0).all()
    assert (grid.times <= seconds).all()


def test_confidence_is_high_for_a_plain_beat_and_low_for_noise_and_held_sounds() -> None:
    rng = np.random.default_rng(0)
    plain = track_beats(analyse(accompaniment(steady(116, 50), 2, 26.5)))
    noise = track_beats(analyse((0.1 * rng.standard_normal(20 * SAMPLE_RATE)).astype(np.float32)))
    tone = np.sin(2 * np.pi * 220 * np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE)
    held = track_beats(analyse((0.3 * tone).astype(np.float32)))
    assert plain.confidence.mean() > 0.6
    assert noise.confidence.mean() < 0.2
    assert held.confidence.mean() < 0.2


def test_a_wrong_meter_is_one_sentence(waltz: Analysis) -> None:
    with pytest.raises(ConductorError, match="is not a meter"):
        track_beats(waltz, meter="waltz")


def test_it_can_be_cancelled(waltz: Analysis) -> None:
    def stop(fraction: float, phase: str, /) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        track_beats(waltz, progress=stop)
