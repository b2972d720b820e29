"""Left hand, gaze, breath and knees: what is shown beside the beat, and when."""

import numpy as np
import pytest
from teacher_scenes import INDEX, f_score, low_points, make_grid, perform, steady, track

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules.character import Character
from backend.style import Style
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


def mirrored(motion: Motion) -> Array:
    """Whether the left hand does what the right one does, over a second and a half, (T,)."""
    right, left = (
        np.gradient(track(motion, f"hand.{side}")[:, [0, 2]], 1.0 / 30.0, axis=0) for side in "RL"
    )

    def mean(values: Array) -> Array:
        return np.convolve(values.sum(axis=1), np.full(45, 1.0 / 45.0), "same")

    together = mean(right * [-1.0, 1.0] * left)
    own, other = mean(left**2), mean(right**2) + 1e-9
    likeness = together / np.sqrt(own * other + 1e-12)
    beaten = (motion.times > GRID.times[0]) & (motion.times < GRID.times[-1])
    return ((likeness > 0.6) & (own > 0.12 * other))[beaten]


def waves(seed: int) -> Array:
    """Loudness that comes and goes by phrases."""
    return 0.5 + 0.4 * np.sin(SECONDS / (1.7 + 0.3 * seed) + seed)


def test_the_left_hand_joins_the_beat_a_third_of_the_time_and_less_the_freer_it_is() -> None:
    shares = {
        freedom: np.mean(
            [
                mirrored(
                    perform(GRID, loudness=waves(seed), style=Style(left_hand=freedom), seed=seed)
                )
                for seed in range(4)
            ]
        )
        for freedom in (0.0, 0.2, 0.4, 0.8)
    }
    assert shares[0.0] > 0.95
    assert shares[0.2] < 0.75
    assert shares[0.4] < 0.36
    assert shares[0.8] < 0.2


def test_it_joins_where_the_music_is_loudest() -> None:
    level = np.interp(SECONDS, [0.0, 15.0, 17.0, 24.0, 26.0, 40.0], [0.4, 0.4, 0.9, 0.9, 0.4, 0.4])
    loud, soft = [], []
    for seed in range(6):
        joins = mirrored(perform(GRID, loudness=level, style=Style(left_hand=0.35), seed=seed))
        times = GRID.times[0] + np.arange(len(joins)) / 30.0
        loud.append(joins[(times > 17.5) & (times < 23.5)].mean())
        soft.append(joins[(times > 8.0) & (times < 14.0)].mean())
    assert np.mean(loud) > np.mean(soft) + 0.3


def test_a_line_is_carried_up_with_the_palm_up_and_down_with_the_palm_down() -> None:
    """Slower than what counts as a swell, so that only the line is carried."""
    level = 0.45 + 0.16 * np.sin(SECONDS / 3.6)
    turns, heights = [], []
    growth = np.interp(np.arange(40 * 30) / 30.0 + 0.5, SECONDS, np.gradient(level))
    louder = np.interp(np.arange(40 * 30) / 30.0 + 0.5, SECONDS, level)
    for seed in range(4):
        motion = perform(GRID, loudness=level, style=OWN, seed=seed)
        inner = slice(frame(9.0), frame(28.0))
        turns.append(np.corrcoef(palm(motion)[inner, 2], growth[inner])[0, 1])
        heights.append(np.corrcoef(track(motion, "hand.L")[inner, 2], louder[inner])[0, 1])
    assert np.median(turns) > 0.3
    assert np.median(heights) > 0.3


def test_a_new_voice_within_the_music_is_cued() -> None:
    entry = float(GRID.times[ENTRY])
    level = stepped((0.0, 0.45), (entry - 0.1, 0.8))
    look = [abs(gaze(perform(GRID, loudness=level, seed=seed))[frame(entry)]) for seed in range(4)]
    assert np.median(look) > 0.2
    hand = track(perform(GRID, loudness=level, style=OWN, seed=1), "hand.L")
    at = frame(entry)
    assert hand[at, 1] < -0.36
    assert hand[at - 20 : at + 1, 2].max() - hand[at, 2] > 0.08


@pytest.mark.parametrize("seed", range(4))
def test_in_steady_music_from_mezzo_forte_on_no_eight_bars_are_rested_through(seed: int) -> None:
    """Bars of a second; softer music is waited through."""
    grid = steady(120, 2, 140)
    inner = slice(frame(grid.times[8]), frame(grid.times[-8]))
    runs = {}
    for level in (0.3, 0.6):
        motion = perform(grid, loudness=level, style=Style(), seed=seed)
        hand = track(motion, "hand.L")[inner]
        rests = (hand[:, 2] < 1.17) & (hand[:, 1] > -0.34)
        edges = np.flatnonzero(np.diff(np.r_[0, rests.astype(int), 0])).reshape(-1, 2)
        runs[level] = np.diff(edges, axis=1).max() / 30.0
        if level > 0.5:
            lines = palm(motion)[inner, 2] > -0.3
            assert lines.mean() > 0.1
    assert 2.0 < runs[0.6] < 7.5
    assert runs[0.3] > 12.0
