"""What the hands look like: the baton in line with the arm, a shape for every gesture."""

import numpy as np
import pytest
from teacher_scenes import INDEX, perform, steady, track

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules import hand_shapes
from backend.conducting.rules.arms import HandPose
from backend.conducting.rules.left import LeftHand
from backend.conducting.rules.left_part import with_left
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion, forward_kinematics
from retarget.rotation import Array

GRID = steady(80, 4, 48)
SECONDS = np.arange(46 * 90) / FEATURE_RATE
OWN = Style(left_hand=0.94)
LAST = float(GRID.times[-1])


def frame(seconds: float) -> int:
    return round(seconds * 30)


def curls(motion: Motion, joint: str) -> Array:
    """How far a joint of a hand points down, degrees (T,), towards the palm."""
    turns = rotation.to_rotation_vector(motion.rotations[:, INDEX[joint]])[:, 1]
    return np.degrees(turns if joint.endswith("L") else -turns)


def loudness(*steps: tuple[float, float]) -> Array:
    """Level that goes from one to the next: (second, level)."""
    times, levels = zip(*steps, strict=True)
    return np.interp(SECONDS, times, levels)


def quiet_then_entering(seed: int) -> Motion:
    entry = float(GRID.times[20])
    level = loudness((9.0, 0.6), (10.0, 0.08), (entry - 0.2, 0.08), (entry, 0.8))
    return perform(GRID, loudness=level, style=OWN, seed=seed)


def test_the_baton_is_in_line_with_the_forearm() -> None:
    motion = perform(GRID, style=Style(), seed=2)
    positions = motion.joints_3d()
    beating = slice(frame(GRID.times[2]), frame(GRID.times[-2]))

    def way(a: str, b: str) -> Array:
        return rotation.normalize(positions[beating, INDEX[b]] - positions[beating, INDEX[a]])

    arm, baton = way("forearm.R", "hand.R"), way("baton", "baton_tip")
    middle = [rotation.normalize(each.mean(axis=0)) for each in (arm, baton)]
    # A little above it: a baton that goes on straight looks as if it hung.
    assert np.degrees(np.arccos(middle[0] @ middle[1])) < 11.0
    assert 0.0 < np.degrees(np.arcsin(middle[1][2]) - np.arcsin(middle[0][2])) < 12.0
    apart = np.degrees(np.arccos(np.clip(np.sum(arm * baton, axis=1), -1.0, 1.0)))
    assert np.median(apart) < 25.0
    # In the hand it lies a little to the left, on the side of the thumb.
    turn = rotation.conjugate(motion.world()[1][beating, INDEX["hand.R"]])
    lie = rotation.rotate(turn, baton)
    assert 3.0 < np.degrees(np.arctan2(-lie[:, 1], -lie[:, 0])).mean() < 15.0


def test_the_right_hand_stays_closed_around_the_baton() -> None:
    motion = perform(GRID, style=Style(), seed=2)
    assert curls(motion, "index.R").min() > 40.0
    assert curls(motion, "fingers.R").min() > 90.0


def test_an_entry_is_pointed_at_or_offered_an_open_hand() -> None:
    seen = set()
    for seed in range(10):
        motion = quiet_then_entering(seed)
        entry = frame(GRID.times[20])
        hand = track(motion, "hand.L")[entry]
        if hand[1] > -0.36:
            continue
        index, fingers = (curls(motion, f"{stem}.L")[entry] for stem in ("index", "fingers"))
        assert index < 20.0
        assert fingers < 30.0 or fingers > 90.0
        seen.add("points" if fingers > 90.0 else "offers")
    assert seen == {"points", "offers"}


def test_a_calming_hand_is_flat_with_the_fingers_side_by_side() -> None:
    change = float(GRID.times[24])
    level = loudness((0.0, 0.9), (change - 0.01, 0.9), (change, 0.3))
    motion = perform(GRID, loudness=level, style=OWN, seed=1)
    shown = frame(change + 0.5)
    assert curls(motion, "index.L")[shown] < 14.0
    assert curls(motion, "fingers.L")[shown] < 19.0
    ways = [
        rotation.rotate(
            motion.rotations[shown, INDEX[joint]],
            skeleton.TAILS[INDEX[joint]] - skeleton.REST[INDEX[joint]],
        )
        for joint in ("index.L", "fingers.L")
    ]
    aside = [np.degrees(np.arctan2(way[1], way[0])) for way in ways]
    # At rest the index finger stands off the others by 4.7 degrees.
    assert aside[1] - aside[0] < -1.0


@pytest.mark.parametrize(
    "name", ["RELAXED", "HANGING", "RESTING", "CUPPED", "OPEN", "FLAT", "OFFERED"]
)
def test_no_hand_is_a_rake(name: str) -> None:
    """Even flat and open hands bend their fingers, towards the little one more, and close them."""
    _, index, fingers, _ = np.degrees(getattr(hand_shapes, name))
    assert 11.0 < index < fingers - 4.0
    turns = hand_shapes.shape_turns("L", getattr(hand_shapes, name)[None])
    aside = []
    for stem in ("index.L", "fingers.L"):
        along = skeleton.TAILS[INDEX[stem]] - skeleton.REST[INDEX[stem]]
        x, y, z = rotation.rotate(turns[stem], along)[0]
        aside.append(np.degrees(np.arctan2(y, np.hypot(x, z))))
    assert aside[0] - aside[1] > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_a_hand_at_rest_waits_before_the_waist_softly_curled(seed: int) -> None:
    motion = perform(GRID, loudness=0.4, style=OWN, seed=seed)
    inner = slice(frame(GRID.times[8]), frame(GRID.times[40]))
    positions, world = motion.world()
    wrist = positions[inner, INDEX["hand.L"]]
    pelvis = positions[inner, INDEX["hips"]]
    palm, ahead = (
        rotation.rotate(world[inner, INDEX["hand.L"]], way)
        for way in ([0.0, 0.0, -1.0], [1.0, 0.0, 0.0])
    )
    hand = wrist + 0.09 * ahead - pelvis
    assert 0.08 < hand[:, 0].min() < hand[:, 0].max() < 0.22
    # The belly is some 13 cm before the middle of the body.
    assert -0.40 < hand[:, 1].min() < hand[:, 1].max() < -0.28
    assert palm[:, 0].max() < -0.4
    assert palm[:, 2].max() < -0.5
    elbow = positions[inner, INDEX["forearm.L"]] - positions[inner, INDEX["upper_arm.L"]]
    assert elbow[:, 0].min() > 0.06
    fore = rotation.normalize(wrist - positions[inner, INDEX["forearm.L"]])
    assert np.degrees(np.arccos(np.sum(fore * ahead, axis=1))).max() < 20.0
    index, fingers = (curls(motion, f"{stem}.L")[inner] for stem in ("index", "fingers"))
    assert 38.0 < index.min() < index.max() < 62.0
    assert (fingers > index + 5.0).all()


@pytest.mark.parametrize(
    ("level", "least", "most"), [(0.12, 0.0, 0.012), (0.4, 0.016, 0.042), (0.8, 0.02, 0.045)]
)
def test_a_hand_at_rest_goes_with_the_beat_a_little(
    level: float, least: float, most: float
) -> None:
    resting = []
    motion = perform(GRID, loudness=level, style=OWN, seed=1)
    height = track(motion, "hand.L")[:, 2]
    for beat in GRID.times[8:40]:
        one = height[frame(beat) : frame(beat) + 22]
        if one.max() < 1.16:
            resting.append(np.ptp(one))
    assert len(resting) > 6
    assert least < np.median(resting) < most


def test_a_crescendo_is_raised_in_a_cupped_hand_that_opens() -> None:
    level = loudness((20.0, 0.2), (27.0, 0.9))
    found = 0
    for seed in range(6):
        motion = perform(GRID, loudness=level, style=OWN, seed=seed)
        up = rotation.rotate(motion.world()[1][:, INDEX["hand.L"]], [0.0, 0.0, -1.0])[:, 2]
        rising = np.flatnonzero(up[frame(20.0) : frame(27.5)] > 0.2) + frame(20.0)
        if len(rising) < 60:
            continue
        fingers = curls(motion, "fingers.L")
        found += bool(fingers[rising[5]] > fingers[rising[-5]] + 12.0)
    assert found >= 2


@pytest.mark.parametrize(
    ("level", "index", "fingers"), [(0.45, (80, 95), (75, 90)), (0.9, (125, 150), (125, 150))]
)
def test_the_end_is_taken_away_between_the_tips_or_with_the_fist(
    level: float, index: tuple[float, float], fingers: tuple[float, float]
) -> None:
    sound = loudness((0.0, level), (LAST + 0.9, level), (LAST + 1.0, 0.0))
    motion = perform(GRID, loudness=sound, style=Style(left_hand=0.2), seed=1)
    ending = slice(frame(LAST), len(motion))
    low, high = index
    assert low < curls(motion, "index.L")[ending].max() < high
    low, high = fingers
    assert low < curls(motion, "fingers.L")[ending].max() < high


def test_shapes_change_without_haste() -> None:
    for seed in range(3):
        motion = quiet_then_entering(seed)
        for stem in ("thumb", "index", "fingers"):
            turns = motion.rotations[:, INDEX[f"{stem}.L"]]
            steps = rotation.multiply(rotation.conjugate(turns[:-1]), turns[1:])
            angles = np.degrees(np.linalg.norm(rotation.to_rotation_vector(steps), axis=1))
            assert angles.max() < 22.0, stem
            # No jolt: a change grows over frames.
            assert np.abs(np.diff(angles)).max() < 5.0, stem


def test_fingers_of_a_beating_left_hand_move_with_the_beat() -> None:
    motion = perform(GRID, style=Style(left_hand=0.0), seed=1)
    fingers = curls(motion, "fingers.L")
    beats = [frame(time) for time in GRID.times[4:40]]
    # Within each beat, which leaves out what wanders from one to the next.
    moved = [np.ptp(fingers[beat : beat + 22]) for beat in beats]
    assert np.median(moved) > 3.0


def test_a_hanging_left_arm_goes_with_its_shoulder_whoever_moves_the_body() -> None:
    """Else it would sink into the flank of whoever leans or stands aside."""
    lean = np.radians([0.0, -6.0, 6.0])
    local = rotation.identity((3, len(skeleton.NAMES)))
    local[:, INDEX["chest"]] = rotation.from_axis_angle([1.0, 0.0, 0.0], lean)
    root = np.tile(skeleton.REST[INDEX["hips"]], (3, 1))
    one = np.ones(3)
    pose = HandPose(
        np.tile([0.24, -0.08, 0.91], (3, 1)), -0.1 * one, -1.2 * one, 1.35 * one, 0 * one
    )
    hand = LeftHand(pose, np.tile(hand_shapes.HANGING, (3, 1)), one, one)
    for name, turn in with_left(local, root, hand, np.array([0.0, 0.03, -0.03])).items():
        local[:, INDEX[name]] = turn
    positions, _ = forward_kinematics(local, root)
    hangs = positions[:, INDEX["hand.L"]] - positions[:, INDEX["upper_arm.L"]]
    np.testing.assert_allclose(hangs, hangs[[0, 0, 0]], atol=0.01)
