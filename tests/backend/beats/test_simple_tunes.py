"""Simple tunes by ear, as anybody can count them: beats, bars and meter."""

import mir_eval
import numpy as np
import pytest

from backend.audio.decode import load_audio
from backend.audio.features import analyse, analyse_file
from backend.audio.rates import SAMPLE_RATE
from backend.beats.hear import hear_beats
from backend.corpus.simple_tunes import Timbre, notes_of, simple_tunes, sound_of, true_beats
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score

TUNES = {tune.title: tune for tune in simple_tunes()}


def assert_alike(found: BeatGrid, truth: BeatGrid) -> None:
    assert mir_eval.beat.f_measure(truth.times, found.times) > 0.95
    assert mir_eval.beat.f_measure(truth.downbeats, found.downbeats) > 0.9
    bars = (np.bincount(grid.beats_in_bar).argmax() for grid in (found, truth))
    assert len(set(bars)) == 1


@pytest.mark.parametrize("meter", [None, "4/4"])
def test_the_demo_is_heard_in_four_at_its_tempo(meter: str | None) -> None:
    truth = beats_from_score(demo_file("ode_to_joy.mid")).grid
    found = hear_beats(analyse_file(demo_file("ode_to_joy.ogg")), meter=meter).grid
    sounding = (found.times > truth.times[0] - 0.1) & (found.times < truth.times[-1] + 0.1)
    assert set(found.beats_in_bar.tolist()) == {4}
    assert found.tempo == pytest.approx(132.0, rel=0.02)
    assert_alike(found.selected(sounding), truth)


def test_three_that_is_told_of_a_tune_in_four_is_conducted_and_contradicted() -> None:
    heard = hear_beats(analyse_file(demo_file("ode_to_joy.ogg")), meter="3/4")
    assert set(heard.grid.beats_in_bar.tolist()) == {3}
    assert heard.sounds_like == "4/4"
    assert heard.grid.confidence.mean() < 0.6


@pytest.mark.parametrize(("before", "after"), [(0.5, 0.0), (2.0, 0.0), (5.0, 5.0)])
def test_silence_around_the_music_changes_nothing(before: float, after: float) -> None:
    truth = beats_from_score(demo_file("ode_to_joy.mid")).grid.shifted(before)
    sound = load_audio(demo_file("ode_to_joy.ogg"))
    silences = [np.zeros(round(one * SAMPLE_RATE), np.float32) for one in (before, after)]
    found = hear_beats(analyse(np.r_[silences[0], sound, silences[1]])).grid
    sounding = (found.times > truth.times[0] - 0.1) & (found.times < truth.times[-1] + 0.1)
    assert set(found.beats_in_bar.tolist()) == {4}
    assert_alike(found.selected(sounding), truth)


def test_music_goes_on_after_a_pause_as_before() -> None:
    tune = TUNES["Auld Lang Syne"]
    truth = true_beats(tune, tune.tempo, 1)
    sound = sound_of(notes_of(tune, tune.tempo, 1), "struck")
    pause = np.zeros(round(20.0 * SAMPLE_RATE), np.float32)
    found = hear_beats(analyse(np.r_[sound, pause, sound])).grid
    later = len(sound) / SAMPLE_RATE + 20.0
    for again in (truth, truth.shifted(later)):
        beside = np.abs(found.times - again.times.mean()) < again.times[-1] - again.times.mean() + 1
        assert_alike(found.selected(beside), again)
    assert not ((found.times > truth.times[-1] + 1.0) & (found.times < later - 0.2)).any()


# Chords broken in threes of eighths, which are heard as beats of three.
IN_THREES = pytest.mark.xfail(strict=True, reason="its eighths are heard in threes")


@pytest.mark.parametrize(
    ("title", "faster", "timbre"),
    [
        ("Auld Lang Syne", 0.85, "blown"),
        ("Auld Lang Syne", 1.0, "struck"),
        ("God Save the King", 1.0, "struck"),
        ("Ach, du lieber Augustin", 1.0, "blown"),
        ("Scarborough Fair", 1.18, "struck"),
        ("Amazing Grace", 0.85, "blown"),
        pytest.param("Amazing Grace", 1.0, "struck", marks=IN_THREES),
        ("Amazing Grace", 1.18, "struck"),
        ("Greensleeves", 1.18, "struck"),
        ("Scarborough Fair", 1.0, "blown"),
        ("Greensleeves", 1.0, "struck"),
        ("Pop! Goes the Weasel", 1.0, "struck"),
        ("Row, Row, Row Your Boat", 1.0, "blown"),
        ("Twinkle, Twinkle, Little Star", 0.85, "blown"),
        ("Oh! Susanna", 1.0, "struck"),
        ("Yankee Doodle", 1.0, "struck"),
    ],
)
def test_a_simple_tune_comes_out_right(title: str, faster: float, timbre: Timbre) -> None:
    tune = TUNES[title]
    tempo = tune.tempo * faster
    sound = sound_of(notes_of(tune, tempo, 2), timbre)
    assert_alike(hear_beats(analyse(sound)).grid, true_beats(tune, tempo, 2))
