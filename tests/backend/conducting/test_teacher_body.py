"""A body that could be a person's."""

import numpy as np
import pytest
from teacher_scenes import (
    INDEX,
    make_grid,
    perform,
    rubato,
    segment_distance,
    segments,
    steady,
    track,
)

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules.character import Character
from backend.conducting.rules.limits import keep_within, limit_of, turns_of
from backend.style import Style, presets
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

EXTREMES = {
    "largest": Style(size=1, plane_height=1, expression=1, rebound=1, sway=1, weight=1),
    "lowest": Style(size=1, plane_height=0, weight=0, sharpness=1, sway=1),
    "mirror": Style(left_hand=0, size=1, sharpness=0),
    "alone": Style(left_hand=1, sway=1, expression=1),
}
CASES = {**presets(), **EXTREMES}


@pytest.fixture(scope="module", params=sorted(CASES))
def performance(request: pytest.FixtureRequest) -> Motion:
    return eventful(CASES[request.param], 6 if request.param in ("mirror", "grand") else 4)


def eventful(style: Style, beats_in_bar: int, *, fps: float = 30.0, seed: int = 2) -> Motion:
    """Four and six, slow and fast, in one performance with all that can happen in music."""
    intervals = np.r_[np.full(15, 1.3), np.full(20, 0.75), 3.5, np.full(28, 0.32)]
    times = 2.5 + np.r_[0.0, np.cumsum(intervals)]
    grid = make_grid(times, beats_in_bar)
    duration = float(times[-1]) + 4.0
    seconds = np.arange(int(duration * FEATURE_RATE)) / FEATURE_RATE
    # Swells, a quiet stretch with an entry after it, and a sudden piano.
    level = 0.5 + 0.5 * np.sin(seconds / 2.5)
    for start, end, loud in ((20.0, 24.0, 0.05), (24.0, 29.0, 0.9), (29.0, 33.0, 0.15)):
        level[(seconds >= start) & (seconds < end)] = loud
    character = Character(
        0.5 + 0.5 * np.sin(seconds / 3.1),
        0.5 + 0.5 * np.sin(seconds / 4.3),
        (np.sin(seconds / 1.7) > 0.95).astype(float),
    )
    return perform(
        grid,
        duration=duration,
        loudness=level,
        style=style,
        seed=seed,
        fps=fps,
        character=character,
    )


def test_rotations_are_unit_and_continuous(performance: Motion) -> None:
    norms = np.linalg.norm(performance.rotations, axis=-1)
    np.testing.assert_allclose(norms, 1.0, atol=1e-9)
    assert (np.sum(performance.rotations[1:] * performance.rotations[:-1], axis=-1) > 0.9).all()


def test_joints_stay_within_their_limits(performance: Motion) -> None:
    for joint, name in enumerate(skeleton.NAMES):
        limit = limit_of(name)
        if limit is None:
            continue
        turns = turns_of(performance.rotations[:, joint], limit.axis)
        slack = 1e-6
        assert (turns >= limit.low - slack).all(), name
        assert (turns <= limit.high + slack).all(), name


def test_feet_do_not_move(performance: Motion) -> None:
    positions, world = performance.world()
    for name in ("foot.L", "foot.R"):
        assert np.ptp(positions[:, INDEX[name]], axis=0).max() < 1e-9
        assert np.ptp(world[:, INDEX[name]], axis=0).max() < 1e-9
        assert positions[0, INDEX[name], 2] == pytest.approx(skeleton.REST[INDEX[name], 2])


def test_hands_arms_and_baton_stay_outside_trunk_and_head(performance: Motion) -> None:
    bones = segments(performance)
    for solid, radius in _trunk(performance):
        for name in ("hand", "index", "fingers", "thumb"):
            for side in ("L", "R"):
                gap = segment_distance(bones[f"{name}.{side}"], solid) - radius
                assert gap.min() > 0.05, name
        for name in ("forearm.L", "forearm.R", "baton"):
            assert (segment_distance(bones[name], solid) - radius).min() > 0.02, name


def test_hands_stay_clear_of_each_other(performance: Motion) -> None:
    bones = segments(performance)
    assert segment_distance(bones["hand.L"], bones["hand.R"]).min() > 0.1
    for left in ("hand.L", "fingers.L", "forearm.L"):
        assert segment_distance(bones[left], bones["baton"]).min() > 0.04
    assert segment_distance(bones["fingers.L"], bones["fingers.R"]).min() > 0.04


def test_elbows_neither_lock_nor_fold(performance: Motion) -> None:
    for side in ("L", "R"):
        turns = turns_of(performance.rotations[:, INDEX[f"forearm.{side}"]], 0)
        flexion = np.degrees(np.abs(turns[:, 2]))
        assert flexion.min() > 8.0
        assert flexion.max() < 148.0


def test_baton_points_to_the_orchestra_while_conducting(performance: Motion) -> None:
    baton = segments(performance)["baton"]
    direction = rotation.normalize(baton[1] - baton[0])
    raised = track(performance, "hand.R")[:, 2] > 1.1
    beating = raised & (performance.times > 2.5)
    assert direction[beating, 1].mean() < -0.6
    forward = np.degrees(np.arctan2(direction[:, 0], -direction[:, 1]))[beating]
    assert abs(np.median(forward)) < 35.0


def test_right_palm_faces_down_or_in(performance: Motion) -> None:
    world = performance.world()[1][:, INDEX["hand.R"]]
    palm = rotation.rotate(world, [0.0, 0.0, -1.0])
    beating = (track(performance, "hand.R")[:, 2] > 1.1) & (performance.times > 2.5)
    assert palm[beating, 2].mean() < -0.35
    assert palm[beating, 2].max() < 0.35


def test_fingers_curl_towards_the_palm(performance: Motion) -> None:
    positions, world = performance.world()
    for side in ("L", "R"):
        joint = INDEX[f"fingers.{side}"]
        tail = skeleton.TAILS[joint] - skeleton.REST[joint]
        tip = rotation.rotate(world[:, joint], tail)
        palm = rotation.rotate(world[:, INDEX[f"hand.{side}"]], [0.0, 0.0, -1.0])
        assert (np.sum(tip * palm, axis=1) > 0.01).all()
    # The baton hand closes around the baton, more than the free hand.
    right = rotation.to_rotation_vector(performance.rotations[:, INDEX["fingers.R"]])
    left = rotation.to_rotation_vector(performance.rotations[:, INDEX["fingers.L"]])
    assert np.linalg.norm(right, axis=1).mean() > np.linalg.norm(left, axis=1).mean()
    assert positions.shape[1] == len(skeleton.NAMES)


@pytest.mark.parametrize("name", ["neutral", "alone"])
def test_motion_does_not_depend_on_the_frame_rate(name: str) -> None:
    slow, fast = (eventful(CASES[name], 4, fps=fps) for fps in (30.0, 60.0))
    np.testing.assert_allclose(slow.root, fast.root[::2][: len(slow)], atol=1e-9)
    np.testing.assert_allclose(
        np.abs(np.sum(slow.rotations * fast.rotations[::2][: len(slow)], axis=-1)), 1.0, atol=1e-9
    )


def test_events_of_the_music_are_met_without_pops() -> None:
    jumps = []
    for fps in (120.0, 240.0):
        velocity = np.diff(eventful(CASES["alone"], 4, fps=fps).joints_3d(), axis=0) * fps
        jumps.append(np.abs(np.diff(velocity, axis=0)).max())
    assert jumps[1] < 0.6 * jumps[0]


def test_bones_keep_their_length(performance: Motion) -> None:
    positions = performance.joints_3d()
    for joint, parent in enumerate(skeleton.PARENTS):
        if parent >= 0:
            length = np.linalg.norm(positions[:, joint] - positions[:, parent], axis=1)
            rest = np.linalg.norm(skeleton.REST[joint] - skeleton.REST[parent])
            np.testing.assert_allclose(length, rest, atol=1e-9)


def test_motion_has_no_pops() -> None:
    """Doubling the frame rate halves the steps of velocity: it is continuous."""
    grid = rubato(90, 4, 30)
    jumps = []
    for fps in (120.0, 240.0):
        points = perform(grid, fps=fps).joints_3d()
        velocity = np.diff(points, axis=0) * fps
        jumps.append(np.abs(np.diff(velocity, axis=0)).max())
    assert jumps[1] < 0.6 * jumps[0]


def test_acceleration_is_continuous_at_the_wrists() -> None:
    grid = rubato(90, 4, 30)
    jumps = []
    for fps in (240.0, 480.0):
        motion = perform(grid, fps=fps)
        for joint in ("hand.R", "hand.L"):
            acceleration = np.diff(track(motion, joint), 2, axis=0) * fps**2
            jumps.append(np.abs(np.diff(acceleration, axis=0)).max())
    assert jumps[2] < 0.65 * jumps[0]
    assert jumps[3] < 0.65 * jumps[1]


def test_jerk_is_a_persons() -> None:
    """Far below the 1.9 of a published generator, at a real orchestra's tempo."""
    motion = perform(rubato(80, 4, 60))
    for joint in ("hand.R", "hand.L"):
        path = track(motion, joint)
        ratio = np.abs(np.diff(path, 3, axis=0)).mean() / np.abs(np.diff(path, axis=0)).mean()
        assert ratio < 0.35


def test_head_nods_with_the_downbeats() -> None:
    motion = perform(steady(80, 4, 40))
    world = motion.world()[1][:, INDEX["head"]]
    down = rotation.rotate(world, [0.0, -1.0, 0.0])[:, 2]
    frames = np.round((3.0 + 0.75 * np.arange(4, 36)) * 30).astype(int)
    by_beat = down[frames].reshape(-1, 4).mean(axis=0)
    assert by_beat[0] == by_beat.min()


def test_limits_bend_instead_of_breaking() -> None:
    limit = limit_of("hand.R")
    assert limit is not None
    turns = np.zeros((400, 3))
    turns[:, 1] = np.linspace(-2.5, 2.5, 400)
    held = turns_of(keep_within(rotation.from_rotation_vector(turns), "hand.R"), limit.axis)
    assert held[:, 1].min() >= limit.low[1]
    assert held[:, 1].max() <= limit.high[1]
    assert np.abs(np.diff(held[:, 1], 2)).max() < 1e-3
    inside = np.abs(turns[:, 1]) < 0.5
    np.testing.assert_allclose(held[inside, 1], turns[inside, 1], atol=1e-9)


def test_limits_of_both_sides_mirror_each_other() -> None:
    for name in ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot"):
        left, right = limit_of(f"{name}.L"), limit_of(f"{name}.R")
        assert left is not None
        assert right is not None
        mirror = np.array([1.0, -1.0, -1.0])
        np.testing.assert_allclose(
            np.sort([left.low * mirror, left.high * mirror], axis=0)[0], right.low
        )


def _trunk(motion: Motion) -> list[tuple[tuple[Array, Array], float]]:
    """Trunk as two capsules side by side (36 cm wide, 24 cm deep), head as a ball."""
    positions, world = motion.world()

    def point(joint: str, offset: tuple[float, float, float]) -> Array:
        i = INDEX[joint]
        return positions[:, i] + rotation.rotate(world[:, i], np.array(offset))

    solids = [
        ((point("hips", (x, 0.0, -0.05)), point("chest", (x, 0.01, 0.15))), 0.12)
        for x in (-0.06, 0.06)
    ]
    solids.append(((point("head", (0, -0.01, 0.09)), point("head", (0, -0.01, 0.11))), 0.11))
    return solids
