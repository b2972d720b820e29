"""Feet below the hips, and weight that goes from leg to leg."""

from itertools import pairwise

import numpy as np
import pytest
from teacher_scenes import INDEX, make_grid, perform, steady

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules.cues import CUE_DRAWS, find_cues
from backend.conducting.rules.dynamics import Dynamics
from backend.conducting.rules.plan import make_plan
from backend.conducting.rules.stance import weight_on_legs, with_weight
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array


def entering() -> tuple[Array, Array]:
    """Beats, and loudness with quiet stretches that are broken at 20, 40 and 60 seconds."""
    seconds = np.arange(80 * FEATURE_RATE) / FEATURE_RATE
    quiet = np.zeros(len(seconds), dtype=bool)
    for entry in (20.0, 40.0, 60.0):
        quiet |= (seconds > entry - 7.0) & (seconds < entry)
    return 2.0 + 0.6 * np.arange(125), np.where(quiet, 0.05, 0.8)


@pytest.fixture(scope="module")
def minute() -> Motion:
    return perform(steady(100.0, 4, 100))


def knee(motion: Motion, side: str) -> Array:
    """Bend of a knee (T,), radians."""
    place = [motion.joints_3d()[:, INDEX[f"{stem}.{side}"]] for stem in ("thigh", "shin", "foot")]
    upper, lower = (rotation.normalize(b - a) for a, b in pairwise(place))
    return np.arccos(np.clip(np.sum(upper * lower, axis=1), -1.0, 1.0))


def tilt(motion: Motion, stem: str) -> Array:
    """How much higher the left one of two joints is than the right one, metres, (T,)."""
    joints = motion.joints_3d()
    return joints[:, INDEX[f"{stem}.L"], 2] - joints[:, INDEX[f"{stem}.R"], 2]


def test_feet_stand_below_the_hips_with_toes_a_little_out(minute: Motion) -> None:
    positions, world = minute.world()
    hip = skeleton.REST[INDEX["thigh.L"], 0]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        assert 0.75 * hip < sign * positions[0, INDEX[f"foot.{side}"], 0] < hip
        toes = rotation.rotate(world[0, INDEX[f"foot.{side}"]], np.array([0.0, -1.0, 0.0]))
        assert 8.0 < np.degrees(np.arctan2(sign * toes[0], -toes[1])) < 15.0


def test_one_leg_bears_the_weight_and_the_other_knee_gives(minute: Motion) -> None:
    aside = minute.root[:, 0]
    left, right = aside > 0.012, aside < -0.012
    assert left.mean() > 0.15
    assert right.mean() > 0.15
    bends = {side: knee(minute, side) for side in "LR"}
    for bearing, standing, free in ((left, "L", "R"), (right, "R", "L")):
        straight, soft = (np.degrees(np.median(bends[s][bearing])) for s in (standing, free))
        assert straight < 13.0
        assert 17.0 < soft < 30.0


def test_the_hip_rises_over_the_bearing_leg_and_the_shoulder_sinks(minute: Motion) -> None:
    aside = minute.root[:, 0]
    for bearing, sign in ((aside > 0.012, 1.0), (aside < -0.012, -1.0)):
        assert sign * tilt(minute, "thigh")[bearing].mean() > 0.005
    shoulders = tilt(minute, "upper_arm")
    assert shoulders[aside > 0.012].mean() < shoulders[aside < -0.012].mean() - 0.005


def test_weight_goes_slowly(minute: Motion) -> None:
    assert np.abs(np.gradient(minute.root[:, 0]) * minute.fps).max() < 0.08


def test_what_is_above_the_neck_stays_as_it_was() -> None:
    rng = np.random.default_rng(3)
    names = ("hips", "spine", "chest", "neck")
    turns = {
        name: rotation.from_rotation_vector(0.05 * rng.standard_normal((20, 3))) for name in names
    }
    stood = with_weight(turns, np.linspace(-1.0, 1.0, 20))

    def above(local: dict[str, Array]) -> Array:
        world = local["hips"]
        for name in names[1:]:
            world = rotation.multiply(world, local[name])
        return rotation.to_matrix(world)

    np.testing.assert_allclose(above(stood), above(turns), atol=1e-9)
    assert (
        np.abs(rotation.to_matrix(stood["hips"]) - rotation.to_matrix(turns["hips"])).max() > 0.05
    )


@pytest.mark.parametrize("seed", range(4))
def test_weight_goes_towards_who_enters(seed: int) -> None:
    times, loudness = entering()
    dynamics = Dynamics.of(loudness)
    grid = make_grid(times, 4)
    plan = make_plan(grid, 80.0, dynamics, Style())
    cues = find_cues(plan, dynamics, np.random.default_rng([seed, CUE_DRAWS]))
    assert len(cues) >= 2
    at = np.array([cue.time for cue in cues]) + 0.5
    weight = weight_on_legs(plan, grid, dynamics, seed, at)
    assert (weight * np.sign([cue.yaw for cue in cues]) > 0.4).all()


def test_nobody_steps_in_a_general_pause() -> None:
    times = np.r_[2.0 + 0.6 * np.arange(16), 24.0 + 0.6 * np.arange(16)]
    seconds = np.arange(40 * FEATURE_RATE) / FEATURE_RATE
    loudness = np.where((seconds > 11.6) & (seconds < 23.8), 0.0, 0.6)
    grid, dynamics = make_grid(times, 4), Dynamics.of(loudness)
    plan = make_plan(grid, 40.0, dynamics, Style())
    at = np.arange(11.5, 23.0, 0.1)
    for seed in range(6):
        assert np.ptp(weight_on_legs(plan, grid, dynamics, seed, at)) < 0.35


def test_the_same_seed_stands_the_same_at_any_rate_and_another_otherwise() -> None:
    grid, dynamics = steady(100.0, 4, 60), Dynamics.of(np.full(int(45 * FEATURE_RATE), 0.5))
    plan = make_plan(grid, 45.0, dynamics, Style())
    slow, fast = (np.arange(0.0, 40.0, 1.0 / rate) for rate in (10.0, 20.0))
    weights = [weight_on_legs(plan, grid, dynamics, 1, at) for at in (slow, fast)]
    np.testing.assert_allclose(weights[0], weights[1][::2], atol=1e-12)
    assert not np.allclose(weights[0], weight_on_legs(plan, grid, dynamics, 2, slow), atol=0.1)


def test_more_sway_goes_further() -> None:
    grid = steady(100.0, 4, 60)
    still, swaying = (perform(grid, style=Style(sway=sway)) for sway in (0.0, 1.0))
    assert np.ptp(still.root[:, 0]) < 0.05
    assert np.ptp(swaying.root[:, 0]) > 0.07
