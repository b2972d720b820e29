"""Style, seed and loudness change what is seen."""

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from teacher_scenes import INDEX, f_score, low_points, perform, played, rubato, steady, track

from backend.audio.rates import FEATURE_RATE
from backend.conducting.learned.conditioning import STYLE_CONDITIONS
from backend.conducting.rules.dynamics import Dynamics
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation
from retarget.motion import Motion
from retarget.rotation import Array

GRID = steady(80, 4, 32)
BEATS = np.round(GRID.times * 60).astype(int)


def at_sixty(**values: float) -> Motion:
    return perform(GRID, style=Style(**values), fps=60.0)


def rises(motion: Motion) -> Array:
    """Height of each rebound over its ictus, metres."""
    z = track(motion, "hand.R")[:, 2]
    return np.array([np.ptp(z[a:b]) for a, b in pairwise(BEATS)])


def conducting(motion: Motion, joint: str) -> Array:
    return track(motion, joint)[BEATS[0] : BEATS[-1]]


def test_size_makes_the_pattern_larger() -> None:
    small, large = at_sixty(size=0.1), at_sixty(size=0.9)
    assert rises(large).mean() > 1.6 * rises(small).mean()
    widths = [np.ptp(conducting(m, "hand.R")[:, 0]) for m in (small, large)]
    assert widths[1] > 1.4 * widths[0]


def test_sharpness_makes_the_click_harder_and_stops_on_top() -> None:
    round_, sharp = at_sixty(sharpness=0.0), at_sixty(sharpness=1.0)

    def click_over_size(motion: Motion) -> float:
        z = track(motion, "hand.R")[:, 2]
        bend = (z[BEATS + 1] - 2 * z[BEATS] + z[BEATS - 1]) * 3600
        return float(bend[:-1].mean() / rises(motion).mean())

    def stillness(motion: Motion) -> float:
        speed = np.linalg.norm(np.diff(conducting(motion, "hand.R"), axis=0), axis=1)
        return float((speed < 0.25 * speed.mean()).mean())

    assert click_over_size(sharp) > 1.4 * click_over_size(round_)
    assert stillness(sharp) > 1.3 * stillness(round_)


def test_rebound_springs_higher() -> None:
    low, high = at_sixty(rebound=0.0), at_sixty(rebound=1.0)
    inner = np.arange(31) % 4 != 3
    assert rises(high)[inner].mean() > 1.4 * rises(low)[inner].mean()


def test_plane_height_lifts_the_beat_plane_from_belt_to_shoulders() -> None:
    belt, shoulders = (
        track(at_sixty(plane_height=v, size=0.2), "hand.R")[BEATS, 2].mean() for v in (0.0, 1.0)
    )
    assert 0.98 < belt < 1.1
    assert 1.3 < shoulders < 1.45


def test_expression_lets_size_follow_loudness() -> None:
    level = np.interp(np.arange(32 * 90) / FEATURE_RATE, [0, 12, 14, 32], [0.2, 0.2, 0.9, 0.9])

    def growth(expression: float) -> float:
        motion = perform(GRID, loudness=level, style=Style(expression=expression), fps=60.0)
        heights = rises(motion)
        return float(heights[18:30].mean() / heights[2:10].mean())

    assert growth(0.0) == pytest.approx(1.0, abs=0.12)
    assert growth(1.0) > 1.8
    assert growth(0.4) < growth(1.0)


def test_size_grows_with_the_beat_that_gets_louder_not_after_it() -> None:
    level = np.where(np.arange(32 * 90) / FEATURE_RATE < GRID.times[16], 0.2, 0.9)
    heights = rises(perform(GRID, loudness=level, style=Style(expression=1.0), fps=60.0))
    # The rebound before beat 17 already prepares its size.
    assert heights[15] > 1.3 * heights[11]


def test_left_hand_mirrors_at_zero_and_goes_its_own_way_at_one() -> None:
    def likeness(value: float) -> float:
        motion = at_sixty(left_hand=value)
        right, left = conducting(motion, "hand.R")[:, 2], conducting(motion, "hand.L")[:, 2]
        return float(np.corrcoef(right, left)[0, 1])

    assert likeness(0.0) > 0.95
    mirrored = at_sixty(left_hand=0.0)
    right, left = conducting(mirrored, "hand.R")[:, 0], conducting(mirrored, "hand.L")[:, 0]
    assert np.corrcoef(right, left)[0, 1] < -0.85
    own = conducting(at_sixty(left_hand=1.0), "hand.L")
    still = own[360:-240]
    assert np.ptp(still[:, 2]) < 0.15
    assert still[:, 2].mean() < 1.2


def test_left_hand_rises_in_a_crescendo_and_sinks_palm_down_in_a_diminuendo() -> None:
    times = np.arange(32 * 90) / FEATURE_RATE
    level = np.interp(times, [0, 9, 13, 18, 22, 32], [0.2, 0.2, 0.9, 0.9, 0.2, 0.2])
    motion = perform(GRID, loudness=level, style=Style(left_hand=1.0))
    z = track(motion, "hand.L")[:, 2]
    assert z[round(13.0 * 30)] > z[round(9.2 * 30)] + 0.2
    assert z[round(21.8 * 30)] < z[round(18.2 * 30)] - 0.15
    palm = rotation.rotate(motion.world()[1][:, INDEX["hand.L"]], [0.0, 0.0, -1.0])[:, 2]
    assert palm[round(12.0 * 30)] > 0.1
    assert palm[round(20.5 * 30)] < -0.6


def test_sway_moves_trunk_and_head() -> None:
    def travel(value: float) -> float:
        return float(np.ptp(conducting(at_sixty(sway=value), "neck")[:, 0]))

    assert travel(1.0) > 2.5 * travel(0.1)


def test_weight_moves_the_elbow_and_lightness_the_wrist() -> None:
    light, heavy = at_sixty(weight=0.0), at_sixty(weight=1.0)
    out = [-conducting(m, "forearm.R")[:, 0].mean() for m in (light, heavy)]
    assert out[1] > out[0] + 0.03

    def flick(motion: Motion) -> float:
        bend = rotation.to_rotation_vector(motion.rotations[:, INDEX["hand.R"]])[:, 1]
        return float(np.mean([np.ptp(bend[beat - 8 : beat + 8]) for beat in BEATS[:-1]]))

    assert flick(light) > 1.15 * flick(heavy)


def test_every_value_of_the_style_but_the_face_s_changes_the_motion() -> None:
    level = 0.5 + 0.4 * np.sin(np.arange(36 * 90) / FEATURE_RATE)
    short = played(36.0, attack=0.9, detachment=0.9)
    slow = steady(45, 4, 18)

    def moves(style: Style, grid: BeatGrid) -> Array:
        return perform(grid, loudness=level, style=style, character=short).joints_3d()

    neutral = Style(left_hand=0.2)
    medium = {name: moves(neutral, grid) for name, grid in (("usual", GRID), ("slow", slow))}
    for value in STYLE_CONDITIONS:
        style = dataclasses.replace(neutral, **{value: 0.3 if value == "lead" else 1.0})
        # Only slow beats are divided.
        name, grid = ("slow", slow) if value == "subdivision" else ("usual", GRID)
        assert np.abs(moves(style, grid) - medium[name]).max() > 0.02, value
    assert set(STYLE_CONDITIONS) == set(Style().as_dict()) - {"face"}
    assert np.array_equal(moves(dataclasses.replace(neutral, face=1.0), GRID), medium["usual"])


def test_seed_changes_the_path_but_not_the_timing() -> None:
    grid = rubato(90, 4, 40)
    first, second = (perform(grid, seed=seed) for seed in (1, 2))
    difference = np.linalg.norm(track(first, "hand.R") - track(second, "hand.R"), axis=1)
    assert difference.mean() > 0.01
    assert np.abs(track(first, "head") - track(second, "head")).max() > 0.005
    for motion in (first, second):
        assert f_score(low_points(motion), grid.times, 30.0) >= 0.98


def test_bars_of_one_performance_are_not_copies() -> None:
    wrist = track(at_sixty(), "hand.R")
    bars = np.array([wrist[a : a + 180] for a in BEATS[4:28:4]])
    assert np.linalg.norm(bars - bars.mean(axis=0), axis=-1).mean() > 0.004


def test_same_input_gives_the_same_bytes(tmp_path) -> None:  # type: ignore[no-untyped-def]  # fixture
    for name in ("a.npz", "b.npz"):
        perform(GRID, seed=7).save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_faster_music_is_beaten_smaller() -> None:
    heights = []
    for bpm in (60, 100, 160, 200):
        grid = steady(bpm, 4, 24)
        z = track(perform(grid, fps=60.0), "hand.R")[:, 2]
        frames = np.round(grid.times * 60).astype(int)
        heights.append(np.mean([np.ptp(z[a:b]) for a, b in pairwise(frames)]))
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 0.5 * heights[0]


def test_silence_and_missing_loudness_are_conducted_too() -> None:
    for level in (np.zeros(36 * 90), np.zeros(0), np.full(36 * 90, np.nan)):
        motion = perform(GRID, loudness=level)
        assert np.isfinite(motion.rotations).all()
        assert f_score(low_points(motion, prominence=0.004), GRID.times, 30.0) >= 0.98


def test_swells_are_found_where_the_music_swells() -> None:
    times = np.arange(30 * 90) / FEATURE_RATE
    found = Dynamics.of(
        np.interp(times, [0, 8, 13, 18, 22, 30], [0.2, 0.2, 0.9, 0.9, 0.3, 0.3])
    ).swells()
    assert [swell.rise > 0 for swell in found] == [True, False]
    assert found[0].start == pytest.approx(8.0, abs=1.0)
    assert found[1].end == pytest.approx(22.0, abs=1.0)


def test_every_value_has_a_picture_of_its_ends() -> None:
    folder = Path(__file__).parents[3] / "docs" / "styles"
    assert {path.stem for path in folder.glob("*.png")} == {*STYLE_CONDITIONS, "face"}
    for path in folder.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size < 60_000
