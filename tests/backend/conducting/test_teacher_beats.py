"""Where and when the hand clicks."""

import numpy as np
import pytest
from teacher_scenes import (
    accelerando,
    f_score,
    low_points,
    make_grid,
    perform,
    rubato,
    steady,
    track,
)

from backend.conducting.rules.patterns import pattern_for
from backend.grid.beat_grid import BeatGrid
from backend.style import Style, presets
from retarget.rotation import Array

# Where the hand goes through each ictus, as the conductor sees it (+x is the conductor's left).
STROKES = {
    2: [None, "up"],
    3: [None, "right", "up"],
    4: [None, "left", "right", "up"],
    6: [None, "left", "left", "right", "right", "up"],
}


@pytest.mark.parametrize("beats_in_bar", range(1, 13))
@pytest.mark.parametrize("bpm", [40, 80, 132, 200])
def test_one_low_point_for_each_beat_in_every_meter_and_tempo(
    beats_in_bar: int, bpm: float
) -> None:
    grid = steady(bpm, beats_in_bar, 24)
    motion = perform(grid)
    assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98


@pytest.mark.parametrize("name", sorted(presets()))
def test_rubato_stays_on_the_grid_in_every_style(name: str) -> None:
    grid = rubato(96, 4, 60)
    motion = perform(grid, style=presets()[name], seed=4)
    assert f_score(low_points(motion), grid.times, motion.fps) >= 0.98


@pytest.mark.parametrize("fps", [12.0, 24.0, 30.0, 60.0])
def test_ictus_does_not_depend_on_the_frame_rate(fps: float) -> None:
    grid = accelerando(60, 150, 3, 40)
    motion = perform(grid, fps=fps)
    assert f_score(low_points(motion), grid.times, fps) >= 0.98


def test_low_points_are_exact_in_continuous_time() -> None:
    grid = rubato(80, 4, 20)
    frames = low_points(perform(grid, fps=240.0))
    assert len(frames) == len(grid)
    np.testing.assert_allclose(frames / 240.0, grid.times, atol=1.01 / 240.0)


def test_baton_tip_clicks_with_the_beat() -> None:
    grid = steady(80, 4, 32)
    motion = perform(grid)
    tips = low_points(motion, "baton_tip")
    tips = tips[(tips > grid.times[0] * 30 - 8) & (tips < grid.times[-1] * 30 + 8)]
    assert f_score(tips, grid.times, 30.0) >= 0.98


def test_meter_changes_and_pickup_are_conducted_as_the_grid_says() -> None:
    bars = [(4, [4]), (4, [1, 2, 3, 4]), (3, [1, 2, 3]), (2, [1, 2]), (4, [1, 2, 3, 4])]
    numbers = np.array([n for _, beats in bars for n in beats])
    in_bar = np.array([size for size, beats in bars for _ in beats])
    times = 2.0 + 0.6 * np.arange(len(numbers))
    meters = tuple(f"{n}/4" for n in in_bar)
    motion = perform(BeatGrid(times, numbers, in_bar, meters, np.ones(len(times))))
    assert f_score(low_points(motion), times, 30.0) >= 0.98


@pytest.mark.parametrize("beats_in_bar", sorted(STROKES))
def test_strokes_go_the_way_the_pattern_says(beats_in_bar: int) -> None:
    grid = steady(80, beats_in_bar, 6 * beats_in_bar)
    motion = perform(grid, fps=120.0)
    wrist = track(motion, "hand.R")
    velocity = np.gradient(wrist, 1 / 120, axis=0)
    bar = range(2 * beats_in_bar, 3 * beats_in_bar)
    frames = np.round(grid.times * 120).astype(int)
    for beat, stroke in zip(bar, STROKES[beats_in_bar], strict=True):
        frame = frames[beat]
        if stroke == "left":
            assert velocity[frame, 0] > 0.15
        elif stroke == "right":
            assert velocity[frame, 0] < -0.15
        elif stroke == "up":
            # The last beat clicks highest and rebounds to the highest point of the bar.
            assert wrist[frame, 2] == max(wrist[frames[i], 2] for i in bar)
            top = wrist[frame : frame + 90, 2].max()
            assert top == pytest.approx(wrist[frames[bar[0]] : frame + 90, 2].max())


@pytest.mark.parametrize("beats_in_bar", [2, 3, 4, 6])
def test_downbeat_is_vertical_and_others_are_not(beats_in_bar: int) -> None:
    grid = steady(80, beats_in_bar, 5 * beats_in_bar)
    wrist = track(perform(grid, fps=120.0), "hand.R")
    slant = []
    for beat in range(2 * beats_in_bar, 3 * beats_in_bar):
        frame = round(grid.times[beat] * 120)
        fall = wrist[frame - 42 : frame + 1]
        slant.append(abs(np.ptp(fall[:, 0])) / np.ptp(fall[:, 2]))
    assert slant[0] < 0.2
    assert slant[0] == min(slant)
    assert np.mean(slant[1:]) > 0.3


def test_second_beat_lies_left_of_the_first_in_four_and_right_of_it_in_three() -> None:
    for beats_in_bar, sign in ((4, 1.0), (3, -1.0)):
        grid = steady(80, beats_in_bar, 4 * beats_in_bar)
        wrist = track(perform(grid), "hand.R")
        frames = np.round(grid.times * 30).astype(int).reshape(4, beats_in_bar)
        across = wrist[frames[1:, 1], 0] - wrist[frames[1:, 0], 0]
        assert (sign * across > 0.04).all()


def test_hand_passes_through_the_ictus_with_the_speed_of_a_conductor() -> None:
    grid = steady(80, 4, 40)
    wrist = track(perform(grid, fps=240.0), "hand.R")
    speed = np.linalg.norm(np.gradient(wrist, 1 / 240, axis=0), axis=1)
    peaks, ratios, advances, amplitudes = [], [], [], []
    for time in grid.times[4:36]:
        frame = round(time * 240)
        before = speed[frame - 90 : frame + 1]
        peaks.append(before.max())
        ratios.append(speed[frame] / before.max())
        advances.append((90 - before.argmax()) / 240)
        amplitudes.append(np.ptp(wrist[frame : frame + 180, 2]))
    assert 0.25 < np.mean(amplitudes) < 0.40
    assert 1.2 < np.mean(peaks) < 2.6
    assert 0.45 < np.mean(ratios) < 0.65
    assert 0.08 < np.mean(advances) < 0.16


def test_lead_moves_the_whole_gesture_ahead_of_the_sound() -> None:
    grid = steady(90, 4, 24)
    motion = perform(grid, style=Style(lead=0.2))
    assert f_score(low_points(motion), grid.times - 0.2, 30.0) >= 0.98
    np.testing.assert_array_equal(motion.beats, grid.times)


def test_every_count_up_to_24_has_a_pattern() -> None:
    for count in range(1, 25):
        pattern = pattern_for(count)
        assert pattern.ictus.shape == pattern.rebound.shape == pattern.through.shape == (count, 2)
        assert (pattern.ictus[0, 1] <= pattern.ictus[1:, 1] + 1e-9).all()
        # Every rebound is higher than the beats on both its sides, or the hand could not click.
        following = np.roll(pattern.ictus[:, 1], -1)
        assert (pattern.rebound[:, 1] > np.maximum(pattern.ictus[:, 1], following) + 0.1).all()
        assert pattern.rebound[-1, 1] == pattern.rebound[:, 1].max()


def test_preparation_shows_the_tempo_before_the_first_beat() -> None:
    grid = steady(80, 4, 12, start=4.0)
    z = track(perform(grid), "hand.R")[:, 2]
    first = 120
    top = first - 25 + int(np.argmax(z[first - 25 : first]))
    assert z[top] - z[first] > 0.2
    assert 0.25 < (first - top) / 30 < 0.5
    # A beat earlier the hand waits, and before that the arms hang.
    assert np.ptp(z[first - 34 : first - 24]) < 0.02
    assert z[0] < 1.0


def test_music_that_starts_at_once_finds_the_hand_in_motion() -> None:
    grid = steady(100, 3, 12, start=0.0)
    motion = perform(grid)
    assert f_score(low_points(motion), grid.times[1:], 30.0) >= 0.98
    z = track(motion, "hand.R")[:, 2]
    assert z[0] == min(z[:10])


def test_cut_off_lifts_loops_and_sinks() -> None:
    grid = steady(80, 4, 16, start=1.0)
    end = grid.times[-1]
    motion = perform(
        grid, duration=end + 5.0, loudness=np.r_[np.full(int((end + 1) * 90), 0.6), np.zeros(360)]
    )
    wrist = track(motion, "hand.R")
    z = wrist[:, 2]
    last = round(end * 30)
    lift = last + int(np.argmax(z[last : last + 30]))
    assert z[lift] - z[last] > 0.08
    stop = lift + 12
    assert z[lift] - z[stop] > 0.06
    # The loop goes outwards and comes back.
    loop = wrist[lift : stop + 8, 0]
    assert loop.min() < min(loop[0], loop[-1]) - 0.03
    assert z[-1] < 1.0


def paused() -> tuple[BeatGrid, Array]:
    """Two passages of eight beats with 4.8 s between them, and time for a loudness."""
    times = np.r_[2.0 + 0.6 * np.arange(8), 11.0 + 0.6 * np.arange(8)]
    return make_grid(times, 4), np.arange(20 * 90) / 90.0


def test_general_pause_stops_and_prepares_anew() -> None:
    grid, seconds = paused()
    silence = (seconds > 6.5) & (seconds < 10.9)
    motion = perform(grid, loudness=np.where(silence, 0.0, 0.6))
    assert f_score(low_points(motion), grid.times, 30.0) >= 0.98
    wrist = track(motion, "hand.R")
    z = wrist[:, 2]
    held = wrist[round(7.2 * 30) : round(10.2 * 30)]
    assert np.ptp(held, axis=0).max() < 0.03
    assert held[:, 2].min() > z[round(6.2 * 30)]
    assert z[round(10.4 * 30) : round(11.0 * 30)].max() > held[:, 2].max() + 0.1


def test_fermata_drifts_on_until_the_next_preparation() -> None:
    grid, _ = paused()
    motion = perform(grid, loudness=0.6)
    assert f_score(low_points(motion), grid.times, 30.0) >= 0.98
    wrist = track(motion, "hand.R")
    held = wrist[round(7.0 * 30) : round(10.2 * 30)]
    speed = np.linalg.norm(np.diff(held, axis=0), axis=1) * 30
    # Never still, never fast, one way.
    assert 0.08 < np.linalg.norm(held[-1] - held[0]) < 0.25
    assert speed[10:-10].min() > 0.01
    assert speed.max() < 0.15
    assert (np.diff(held[:, 2]) > -1e-4).all()


def test_fermata_that_falls_silent_is_closed_with_a_level_loop() -> None:
    grid, seconds = paused()
    silence = (seconds > 8.3) & (seconds < 10.9)
    motion = perform(grid, loudness=np.where(silence, 0.0, 0.6), fps=60.0)
    assert f_score(low_points(motion), grid.times, 60.0) >= 0.98
    wrist = track(motion, "hand.R")[round(7.6 * 60) : round(9.6 * 60)]
    out = int(np.argmin(wrist[:, 0]))
    assert 0 < out < len(wrist) - 1
    assert wrist[-1, 0] - wrist[out, 0] > 0.05
    assert np.ptp(wrist[out:, 2]) < 0.04
    after = track(motion, "hand.R")[round(9.2 * 60) : round(10.2 * 60)]
    assert np.ptp(after, axis=0).max() < 0.03


@pytest.mark.parametrize("bpm", [40, 96, 200])
@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("beats_in_bar", [1, 3, 7, 12])
def test_fermatas_and_pauses_click_only_on_their_beats(
    beats_in_bar: int, silent: bool, bpm: float
) -> None:
    grid = steady(bpm, beats_in_bar, 30)
    beat = 60.0 / bpm
    times = grid.times + np.where(np.arange(30) >= 13, max(2.0 * beat, 2.4), 0.0)
    seconds = np.arange(int((times[-1] + 5.0) * 90)) / 90.0
    gone = (seconds > times[12] + 1.4 * beat) & (seconds < times[13] - 0.1) & silent
    motion = perform(make_grid(times, beats_in_bar), loudness=np.where(gone, 0.0, 0.7), seed=3)
    assert f_score(low_points(motion), times, 30.0) >= 0.98


def test_long_pause_lowers_the_arms() -> None:
    times = np.r_[2.0 + 0.6 * np.arange(8), 26.0 + 0.6 * np.arange(8)]
    z = track(perform(make_grid(times, 4)), "hand.R")[:, 2]
    assert z[round(15.0 * 30)] < 1.0


def test_single_beat_is_conducted() -> None:
    grid = steady(80, 4, 1)
    motion = perform(grid, duration=8.0)
    assert f_score(low_points(motion), grid.times, 30.0) == 1.0


def test_beats_after_the_end_are_not_conducted() -> None:
    grid = steady(80, 4, 40, start=1.0)
    motion = perform(grid, duration=10.0)
    assert len(motion) == 300
    assert motion.beats.max() < 10.0
    assert f_score(low_points(motion), motion.beats, 30.0) >= 0.95


def test_without_beats_the_conductor_stands_and_listens() -> None:
    empty = BeatGrid(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64), (), np.zeros(0))
    motion = perform(empty, duration=6.0)
    assert len(motion) == 180
    for joint in ("hand.L", "hand.R"):
        path = track(motion, joint)
        assert path[:, 2].max() < 1.0
        assert np.ptp(path, axis=0).max() < 0.08
    # Calm, not frozen.
    assert np.ptp(track(motion, "head"), axis=0).max() > 0.001


def test_very_short_music_gives_one_frame() -> None:
    assert len(perform(steady(80, 4, 4, start=0.0), duration=0.01)) == 1
