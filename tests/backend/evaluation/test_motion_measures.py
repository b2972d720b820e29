"""Measures of motion: what is right scores high, what is wrong low."""

from dataclasses import replace

import numpy as np
import pytest

from backend.conducting.rules import conduct
from backend.evaluation.motion import (
    bodily,
    diversity,
    frechet_distance,
    legible,
    on_the_beat,
    rhythm_density_error,
    strength_contour_error,
)
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion

SECONDS = 24.0


def grid(bpm: float, in_bar: int) -> BeatGrid:
    times = 1.0 + np.arange(int((SECONDS - 2.0) * bpm / 60.0)) * 60.0 / bpm
    count = len(times)
    numbers = np.arange(count) % in_bar + 1
    return BeatGrid(times, numbers, np.full(count, in_bar), ("4/4",) * count, np.ones(count))


def taught(beats: BeatGrid, seed: int = 0, lead: float = 0.0) -> Motion:
    loudness = np.full(int(SECONDS * 90), 0.6)
    style = Style(lead=lead)
    return conduct(beats, duration=SECONDS, loudness=loudness, style=style, seed=seed, fps=30.0)


@pytest.fixture(scope="module")
def beats() -> BeatGrid:
    return grid(90.0, 4)


@pytest.fixture(scope="module")
def motion(beats: BeatGrid) -> Motion:
    return taught(beats)


def test_low_points_on_the_beat_are_found_and_chance_is_far_below(
    motion: Motion, beats: BeatGrid
) -> None:
    found = on_the_beat(motion, beats.times)
    assert found.f > 0.97
    assert found.random_f < 0.6
    still = replace(
        motion,
        rotations=np.repeat(motion.rotations[:1], len(motion), axis=0),
        root=np.repeat(motion.root[:1], len(motion), axis=0),
    )
    assert on_the_beat(still, beats.times).best_f == 0.0


def test_a_constant_lag_is_found(beats: BeatGrid) -> None:
    found = on_the_beat(taught(beats, lead=0.16), beats.times)
    assert found.f < 0.2
    assert found.best_f > 0.97
    assert found.lag == pytest.approx(-0.16, abs=0.05)


def test_bars_are_read_from_the_right_motion_alone(motion: Motion, beats: BeatGrid) -> None:
    right = legible(motion, beats.times, beats.numbers)
    assert right.bars > 0.9
    assert right.vertical > 0.9
    other = grid(90.0, 3)
    assert legible(motion, other.times, other.numbers).bars < 0.3


def test_errors_are_none_against_itself_and_grow_with_the_difference(motion: Motion) -> None:
    joints = motion.joints_2d()
    other = taught(grid(70.0, 3), seed=2).joints_2d()
    still = np.repeat(joints[:1], len(joints), axis=0)
    for error in (rhythm_density_error, strength_contour_error):
        assert error(joints, joints) == 0.0
        assert error(joints, other) > 0.0
        assert error(joints, still) > 0.0
    rng = np.random.default_rng(0)
    features = rng.standard_normal((500, 8))
    assert frechet_distance(features, features) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(features, features + 1.0) == pytest.approx(8.0, abs=1e-6)


def test_what_no_body_can_do_is_seen(motion: Motion) -> None:
    fine = bodily(motion)
    assert fine.limits == 0.0
    assert fine.bones < 1e-9
    assert fine.feet < 1e-6
    turned = motion.rotations.copy()
    elbow = skeleton.INDEX["forearm.R"]
    turned[100:200, elbow] = rotation.from_axis_angle([0.0, 0.0, 1.0], np.full(100, 3.0))
    broken = bodily(
        replace(
            motion,
            rotations=turned,
            root=motion.root
            + [[0.1, 0, 0]] * np.array([[0.0]] * 300 + [[1.0]] * (len(motion) - 300)),
        )
    )
    assert broken.limits == pytest.approx(100 / len(motion), abs=0.01)
    assert broken.feet == pytest.approx(0.1, abs=1e-3)
    assert broken.jerk > fine.jerk


def test_diversity_is_none_between_copies(motion: Motion, beats: BeatGrid) -> None:
    assert diversity([motion, motion]) == 0.0
    assert diversity([motion, taught(beats, seed=5)]) > 0.002
