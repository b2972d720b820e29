"""The baton hand carries its baton: it never hangs, and its beat is as clear as before."""

from itertools import pairwise

import numpy as np
import pytest
from teacher_scenes import INDEX, perform, steady, track

from backend.conducting.rules.baton_hand import carry_baton, ease_left
from backend.style import Style, presets
from retarget import rotation
from retarget.motion import Motion
from retarget.rotation import Array

GRID = steady(80, 3, 36)
BEATS = np.round(GRID.times * 60).astype(int)


def performed(style: Style) -> Motion:
    return perform(GRID, loudness=0.7, style=style, fps=60.0)


def elevation(motion: Motion, joint: str, end: str) -> Array:
    """Degrees above the horizon, while the music is beaten."""
    way = rotation.normalize(track(motion, end) - track(motion, joint))
    return np.degrees(np.arcsin(way[BEATS[0] : BEATS[-1], 2]))


def bend(motion: Motion) -> Array:
    """How far the right wrist bends to the palm, degrees, (T,)."""
    return -np.degrees(rotation.to_rotation_vector(motion.rotations[:, INDEX["hand.R"]])[:, 1])


def hanging(motion: Motion, degrees: float) -> Array:
    """The motion's rotations with a right hand that is bent further down, (T, J, 4)."""
    local = motion.rotations.copy()
    drop = rotation.from_axis_angle([0.0, -1.0, 0.0], np.full(len(motion), np.radians(degrees)))
    local[:, INDEX["hand.R"]] = rotation.multiply(local[:, INDEX["hand.R"]], drop)
    return local


def carrying(motion: Motion, local: Array) -> Motion:
    """The motion with rotations (T, J, 4) whose right hand carries its baton."""
    carried = local.copy()
    carried[:, INDEX["hand.R"]] = carry_baton(local, motion.root, motion.fps)
    return Motion(motion.fps, carried, motion.root)


def jolt(motion: Motion) -> float:
    """Largest change of the tip's pace from one frame to the next, metres."""
    steps = [np.linalg.norm(b - a) for a, b in pairwise(track(motion, "baton_tip"))]
    return float(np.abs(np.diff(steps)).max())


@pytest.mark.parametrize("name", sorted(presets()))
def test_the_tip_is_neither_on_the_floor_nor_in_the_air(name: str) -> None:
    motion = performed(presets()[name])
    tip = elevation(motion, "baton", "baton_tip")
    # It dips for a moment where the hand clicks.
    assert tip.min() > -8.0
    assert np.percentile(tip, 5.0) > 0.0
    assert np.percentile(tip, 95.0) < 62.0
    beating = bend(motion)[BEATS[0] : BEATS[-1]]
    assert -45.0 < beating.min() < beating.max() < 19.0


def test_a_wrist_that_hangs_is_raised_and_the_beat_stays() -> None:
    motion = performed(Style())
    mended = carrying(motion, hanging(motion, 30.0))
    assert elevation(mended, "baton", "baton_tip").min() > -8.0
    assert bend(mended)[BEATS[0] : BEATS[-1]].max() < 19.0


def test_the_flick_of_the_wrist_stays() -> None:
    motion = performed(Style())

    def flick(of: Array) -> float:
        around = [np.ptp(of[beat - 8 : beat + 8]) for beat in BEATS[2:-2]]
        return float(np.mean(around))

    lower = Motion(motion.fps, hanging(motion, 10.0), motion.root)
    mended = carrying(motion, lower.rotations)
    assert flick(bend(mended)) > 0.85 * flick(bend(lower))
    # And without a jolt.
    assert jolt(mended) < 1.25 * jolt(lower)


def test_an_arm_that_hangs_is_left_alone() -> None:
    motion = performed(Style())
    low = track(motion, "hand.R")[:, 2] < 0.93
    assert low.sum() > 30
    carried = carry_baton(motion.rotations, motion.root, motion.fps)
    was = motion.rotations[:, INDEX["hand.R"]]
    np.testing.assert_allclose(carried[low], was[low], atol=1e-9)


def test_the_left_hand_does_not_hang_either() -> None:
    motion = performed(Style())
    hand = motion.rotations[:, INDEX["hand.L"]]
    drop = rotation.from_axis_angle([0.0, 1.0, 0.0], np.full(len(motion), np.radians(40.0)))
    eased = ease_left(rotation.multiply(hand, drop))
    bends = np.degrees(rotation.to_rotation_vector(eased)[:, 1])
    assert bends.max() < 19.0
    np.testing.assert_allclose(ease_left(hand), hand, atol=0.03)
