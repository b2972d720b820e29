"""Few keys, with a bound on the error."""

import numpy as np
import pytest
from sample_motions import planted_motion

from retarget import rotation, skeleton
from retarget.euler import EULER_ORDERS, from_mode, to_mode
from retarget.keys import thin

TOLERANCE = np.radians(0.25)


@pytest.fixture(scope="module")
def arm():
    """The right upper arm of a smooth motion, (600, 4)."""
    return planted_motion(600, seed=5).rotations[:, skeleton.INDEX["upper_arm.R"]]


def _angles(a, b):
    a = rotation.normalize(a)
    return 4 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=-1), 0, 1))


def test_the_curve_stays_within_the_tolerance_at_every_frame(arm):
    for degrees in (0.05, 0.25, 1.0):
        keys = thin(arm, np.radians(degrees), kind="rotation")
        assert _angles(keys.evaluate(np.arange(len(arm))), arm).max() <= np.radians(degrees) + 1e-9


def test_a_looser_bound_takes_fewer_keys(arm):
    counts = [len(thin(arm, np.radians(d), kind="rotation")) for d in (0.05, 0.25, 1.0)]
    assert counts[0] > counts[1] > counts[2]


def test_smooth_movement_takes_a_fifth_of_the_keys_or_less(arm):
    assert len(thin(arm, TOLERANCE, kind="rotation")) <= len(arm) / 5


def test_no_key_can_be_left_out(arm):
    keys = thin(arm, TOLERANCE, kind="rotation")
    frames = np.arange(len(arm))
    for i in range(1, len(keys) - 1):
        rest = np.delete(np.arange(len(keys)), i)
        fewer = type(keys)(keys.frames[rest], keys.values[rest], keys.slopes[rest])
        assert _angles(fewer.evaluate(frames), arm).max() > TOLERANCE


def test_the_frames_of_the_beat_keep_their_keys(arm):
    ictus = np.array([17, 45, 46, 300])
    keys = thin(arm, np.radians(5), kind="rotation", keep=ictus)
    assert set(ictus) <= set(keys.frames.tolist())
    assert keys.values[np.isin(keys.frames, ictus)] == pytest.approx(arm[ictus])


def test_beats_outside_the_clip_are_no_keys(arm):
    keys = thin(arm, TOLERANCE, kind="rotation", keep=np.array([-3, 600, 9000]))
    assert keys.frames[0] == 0
    assert keys.frames[-1] == 599


def test_what_does_not_move_takes_one_key(arm):
    keys = thin(np.repeat(arm[:1], 100, axis=0), TOLERANCE, kind="rotation", keep=np.array([50]))
    assert len(keys) == 1
    assert keys.evaluate(np.arange(100)) == pytest.approx(np.repeat(arm[:1], 100, axis=0))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_shortest_clips_work(arm, count):
    keys = thin(arm[:count], 1e-6, kind="rotation")
    assert keys.evaluate(np.arange(count)) == pytest.approx(arm[:count], abs=1e-6)


def test_a_jump_is_kept():
    values = np.zeros((100, 3))
    values[50:] = 1.0
    keys = thin(values, 1e-3, kind="location")
    assert np.abs(keys.evaluate(np.arange(100)) - values).max() <= 1e-3


def test_handles_are_those_of_the_same_curve(arm):
    keys = thin(arm, TOLERANCE, kind="rotation")
    left, right = keys.handles()
    i, channel = 3, 2
    t = np.linspace(0, 1, 9)[:, None]
    a, b = (np.array([keys.frames[k], keys.values[k, channel]]) for k in (i, i + 1))
    p, q = right[i, channel], left[i + 1, channel]
    bezier = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * p + 3 * (1 - t) * t**2 * q + t**3 * b
    assert keys.evaluate(bezier[:, 0])[:, channel] == pytest.approx(bezier[:, 1], abs=1e-12)


def test_the_curve_has_no_corners(arm):
    keys = thin(arm, TOLERANCE, kind="rotation")
    step = 1e-5
    inner = keys.frames[1:-1].astype(float)
    before = (keys.evaluate(inner) - keys.evaluate(inner - step)) / step
    after = (keys.evaluate(inner + step) - keys.evaluate(inner)) / step
    assert after == pytest.approx(before, abs=1e-3)


@pytest.mark.parametrize("mode", ["AXIS_ANGLE", *EULER_ORDERS])
def test_in_every_rotation_mode_the_bone_stays_within_the_tolerance(arm, mode):
    keys = thin(to_mode(arm, mode), TOLERANCE, kind="rotation", mode=mode, keep=np.array([17]))
    posed = from_mode(keys.evaluate(np.arange(len(arm))), mode)
    # The two signs of a quaternion are one rotation.
    posed *= np.sign(np.sum(posed * arm, axis=-1, keepdims=True))
    assert _angles(posed, arm).max() <= TOLERANCE + 1e-9
    assert len(keys) <= len(arm) / 5
    assert 17 in keys.frames


def test_an_angle_counts_by_how_far_it_turns_the_bone():
    """About the poles of Euler angles the outer ones may swing and hardly turn anything."""
    swing = 0.3 * np.sin(np.arange(200) / 9.0)
    # With the middle one at 90° only the difference of the outer angles turns the bone.
    locked = np.stack([swing, np.full(200, np.pi / 2), swing], axis=-1)
    assert len(thin(locked, TOLERANCE, kind="rotation", mode="XYZ")) == 1
    assert len(thin(locked, TOLERANCE, kind="location")) > 10
