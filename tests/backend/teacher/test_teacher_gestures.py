"""Left hand, gaze, breath and knees: what is shown beside the beat, and when."""

import numpy as np
import pytest
from teacher_scenes import INDEX, f_score, low_points, make_grid, perform, steady, track

from backend.audio.rates import FEATURE_RATE
from backend.style import Style
from backend.teacher.character import Character
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

GRID = steady(80, 4, 40)
SECONDS = np.arange(40 * 90) / FEATURE_RATE
OWN = Style(left_hand=0.94)
ENTRY = 20


def stepped(*steps: tuple[float, float]) -> Array:
    """Loudness that changes at once: (from second, level)."""
    times, levels = zip(*steps, strict=True)
    return np.array(levels)[np.searchsorted(times, SECONDS, side="right") - 1]


def frame(seconds: float) -> int:
    return round(seconds * 30)


def palm(motion: Motion) -> Array:
    """Direction of the left palm, (T, 3)."""
    return rotation.rotate(motion.world()[1][:, INDEX["hand.L"]], [0.0, 0.0, -1.0])


def gaze(motion: Motion) -> Array:
    """Direction of the face to the conductor's left, radians (T,)."""
    ahead = rotation.rotate(motion.world()[1][:, INDEX["head"]], [0.0, -1.0, 0.0])
    return np.arctan2(ahead[:, 0], -ahead[:, 1])


def entering(seed: int, left_hand: float) -> Motion:
    """Quiet for bars, then an entry on a downbeat."""
    entry = float(GRID.times[ENTRY])
    level = stepped((0.0, 0.6), (10.0, 0.08), (entry - 0.1, 0.8))
    return perform(GRID, loudness=level, style=Style(left_hand=left_hand), seed=seed)


@pytest.mark.parametrize("seed", range(4))
def test_an_entry_after_a_quiet_stretch_is_looked_at_before_it_comes(seed: int) -> None:
    look = gaze(entering(seed, 0.0))
    entry = frame(GRID.times[ENTRY])
    assert abs(look[entry - 8 : entry + 8].mean()) > 0.2
    # The eyes are there half a beat ahead.
    assert look[entry - 11] * look[entry] > 0.0
    assert abs(look[entry - 11]) > 0.7 * abs(look[entry])


@pytest.mark.parametrize("seed", range(4))
def test_the_left_hand_throws_the_cue_with_the_beat_and_to_the_same_side(seed: int) -> None:
    motion = entering(seed, 0.94)
    hand = track(motion, "hand.L")
    entry = frame(GRID.times[ENTRY])
    # Out to the players, lifted before the beat and thrown into it.
    assert hand[entry, 1] < -0.36
    lift = hand[entry - 20 : entry + 1, 2]
    assert lift.max() - hand[entry, 2] > 0.08
    assert 4 <= len(lift) - 1 - int(np.argmax(lift)) <= 18
    fingers = rotation.rotate(motion.world()[1][entry, INDEX["hand.L"]], [1.0, 0.0, 0.0])
    pointing = np.arctan2(fingers[0], -fingers[1])
    assert pointing * gaze(motion)[entry] > 0.0


def test_both_sides_are_cued() -> None:
    sides = {np.sign(gaze(entering(seed, 0.0))[frame(GRID.times[ENTRY])]) for seed in range(8)}
    assert sides == {-1.0, 1.0}


def test_a_sudden_piano_is_calmed_with_the_palm_down() -> None:
    change = float(GRID.times[24])
    level = stepped((0.0, 0.9), (change, 0.3))
    motion = perform(GRID, loudness=level, style=OWN, seed=1)
    shown = frame(change + 0.3)
    assert palm(motion)[shown, 2] < -0.8
    hand = track(motion, "hand.L")
    assert hand[shown, 1] < -0.33
    assert hand[frame(change + 1.5), 2] < hand[frame(change - 0.2), 2]


def test_a_fermata_is_held_by_a_raised_open_left_hand() -> None:
    times = np.r_[2.0 + 0.75 * np.arange(12), 14.5 + 0.75 * np.arange(12)]
    motion = perform(make_grid(times, 4), loudness=0.7, style=OWN, seed=1)
    middle = frame(12.5)
    hand = track(motion, "hand.L")
    assert hand[middle, 2] > 1.2
    assert palm(motion)[middle, 2] > 0.2
    assert np.ptp(hand[middle : middle + 15], axis=0).max() < 0.05


def test_long_notes_are_sustained_while_the_right_hand_beats_on() -> None:
    start, end = float(GRID.times[16]), float(GRID.times[26])
    attack = np.where((start + 0.3 < SECONDS) & (end > SECONDS), 0.0, 0.5)
    music = Character(attack, np.zeros(len(attack)), np.zeros(len(attack)))
    found = 0
    for seed in range(5):
        motion = perform(GRID, loudness=0.6, style=OWN, seed=seed, character=music)
        assert f_score(low_points(motion), GRID.times, 30.0) >= 0.98
        held = slice(frame(start + 2.5), frame(end - 1.5))
        high = track(motion, "hand.L")[held, 2].min() > 1.2
        found += bool(high and palm(motion)[held, 2].mean() > 0.2)
    assert found >= 3


def test_shoulders_and_chest_rise_with_the_breath_of_the_preparation() -> None:
    motion = perform(steady(80, 4, 12, start=5.0), style=Style(sway=0.0, weight=0.0))
    shoulder = track(motion, "upper_arm.L")[:, 2] - track(motion, "chest")[:, 2]
    waiting, breath = frame(4.15), frame(4.62)
    assert shoulder[breath] > shoulder[waiting] + 0.004


def test_knees_give_into_heavy_downbeats_and_never_lock() -> None:
    def bends(weight: float) -> Array:
        motion = perform(steady(70, 4, 24), loudness=0.9, style=Style(weight=weight, sway=0.8))
        knee = rotation.to_rotation_vector(motion.rotations[:, skeleton.INDEX["shin.L"]])
        return np.degrees(np.linalg.norm(knee, axis=1))

    light, heavy = bends(0.0), bends(1.0)
    assert np.ptp(heavy) > 1.5 * np.ptp(light)
    assert heavy.max() < 40.0


def test_a_change_of_tempo_is_led_by_a_larger_beat() -> None:
    before, after = np.full(16, 0.6), np.full(16, 0.85)
    changed = make_grid(3.0 + np.r_[0.0, np.cumsum(np.r_[before, after])], 4)
    steadily = make_grid(3.0 + np.r_[0.0, np.cumsum(np.full(32, 0.6))], 4)

    def rise(grid, beat: int) -> float:  # type: ignore[no-untyped-def]  # a BeatGrid
        z = track(perform(grid, fps=60.0), "hand.R")[:, 2]
        a, b = np.round(grid.times[beat : beat + 2] * 60).astype(int)
        return float(np.ptp(z[a:b]))

    # The last upbeat at the old tempo already belongs to the new one.
    assert rise(changed, 15) > 1.1 * rise(steadily, 15)
    assert rise(changed, 8) == pytest.approx(rise(steadily, 8), rel=0.02)


def test_a_crescendo_is_shown_before_it_is_heard() -> None:
    level = np.interp(SECONDS, [0.0, 14.0, 20.0, 40.0], [0.25, 0.25, 0.9, 0.9])
    motion = perform(GRID, loudness=level, style=Style(expression=1.0), fps=60.0)
    z = track(motion, "hand.R")[:, 2]
    frames = np.round(GRID.times * 60).astype(int)
    bars = np.array([np.ptp(z[frames[i] : frames[i + 4]]) for i in range(0, 36, 4)])
    middles = GRID.times[2:38:4]
    growth = np.interp(0.5, (bars - bars.min()) / np.ptp(bars), middles)
    # Half the way in size comes clearly before half the way in loudness, at 17 s.
    assert growth < 16.8


@pytest.mark.parametrize(("subdivision", "clicks"), [(0.0, 1), (0.5, 1), (1.0, 2)])
def test_slow_beats_are_divided_as_far_as_the_style_says(subdivision: float, clicks: int) -> None:
    grid = steady(44, 4, 12)
    motion = perform(grid, style=Style(subdivision=subdivision))
    lows = low_points(motion)
    beat = 60.0 / 44
    wanted = grid.times
    if clicks == 2:
        wanted = np.sort(np.r_[wanted, grid.times[:-1] + 0.5 * beat])
    assert f_score(lows, wanted, 30.0) >= 0.98
    # At 0.5 there is a halt where the half falls.
    z = track(motion, "hand.R")[:, 2]
    halves = np.round((grid.times[4:-1] + 0.5 * beat) * 30).astype(int)
    speed = np.abs(np.gradient(z))[halves].mean()
    if subdivision == 0.5:
        assert speed < 0.1 * np.abs(np.gradient(z)).mean()


def test_quick_beats_are_not_divided() -> None:
    grid = steady(80, 4, 12)
    one, two = (perform(grid, style=Style(subdivision=value)) for value in (0.0, 1.0))
    np.testing.assert_array_equal(one.rotations, two.rotations)
