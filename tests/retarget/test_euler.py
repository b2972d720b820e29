"""Rotation modes: against SciPy, and without jumps."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from retarget import rotation
from retarget.euler import EULER_ORDERS, from_axis_angle, from_mode, to_axis_angle, to_mode

MODES = ("QUATERNION", "AXIS_ANGLE", *EULER_ORDERS)


def _smooth_walk(seed, count=3000):
    """A rotation that wanders everywhere, (count, 4), a few degrees a frame."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, 0.12, (count + 20, 3))
    steps = np.stack([np.convolve(axis, np.ones(21) / 21, "valid") for axis in steps.T], axis=-1)
    turns = [rotation.identity(())]
    for step in rotation.from_rotation_vector(steps[1:]):
        turns.append(rotation.multiply(turns[-1], step))
    return rotation.make_continuous(rotation.normalize(np.array(turns)))


def _apart(a, b):
    """Angles between rotations, radians."""
    return np.linalg.norm(
        rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(a), b)), axis=-1
    )


def _scipy(values, mode):
    if mode == "AXIS_ANGLE":
        axes = rotation.normalize(values[:, 1:])
        turns = Rotation.from_rotvec(axes * values[:, :1])
    else:
        turns = Rotation.from_euler(mode.lower(), values[:, ["XYZ".index(axis) for axis in mode]])
    return turns.as_quat()[:, [3, 0, 1, 2]]


@pytest.mark.parametrize("mode", ["AXIS_ANGLE", *EULER_ORDERS])
def test_values_mean_what_they_mean_to_scipy(mode):
    values = np.random.default_rng(3).uniform(-9.0, 9.0, (500, 4 if "_" in mode else 3))
    assert _apart(from_mode(values, mode), _scipy(values, mode)).max() < 1e-7


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_rotation_comes_back_from_its_values(mode, seed):
    turns = _smooth_walk(seed)
    assert _apart(from_mode(to_mode(turns, mode), mode), turns).max() < 1e-7


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_angles_go_on_where_the_frame_before_left_them(order):
    turns = _smooth_walk(7)
    angles = to_mode(turns, order)
    moved = np.abs(np.diff(angles, axis=0)).max(axis=-1)
    # About the lock the outer angles have to swing; elsewhere they move as the bone does.
    middle = angles[:, "XYZ".index(order[1])]
    free = np.abs(np.cos(middle)) > 0.3
    step = _apart(turns[1:], turns[:-1])
    assert (moved <= 4.0 * step + 1e-9)[free[1:] & free[:-1]].all()
    assert moved.max() < np.pi


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_no_other_set_of_angles_is_much_nearer(order):
    """Greedy choice among all sets, frame by frame, travels no less."""
    turns = _smooth_walk(11, 1500)
    places = ["XYZ".index(axis) for axis in order]
    found = to_mode(turns, order)[:, places]
    own = Rotation.from_quat(turns[:, [1, 2, 3, 0]]).as_euler(order.lower())
    other = own + np.pi
    other[:, 1] = np.pi - own[:, 1]
    last, travelled = found[0], 0.0
    for sets in np.stack([own, other], axis=1)[1:]:
        near = sets + 2 * np.pi * np.round((last - sets) / (2 * np.pi))
        best = near[np.argmin(np.linalg.norm(near - last, axis=-1))]
        travelled += np.linalg.norm(best - last)
        last = best
    assert np.linalg.norm(np.diff(found, axis=0), axis=-1).sum() <= 1.05 * travelled


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_whole_turns_are_counted_on(order):
    spin = np.zeros((400, 3))
    spin[:, "XYZ".index(order[2])] = np.linspace(0.0, 6 * np.pi, 400)
    turns = from_mode(spin, order)
    turns[::3] *= -1.0
    assert to_mode(turns, order) == pytest.approx(spin, abs=1e-9)


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_the_way_through_the_lock_is_straight(order):
    """The middle angle swings beyond 90°, where the other set of angles would be the smaller."""
    swing = np.zeros((301, 3))
    swing[:, "XYZ".index(order[1])] = np.pi / 2 * (1.0 + np.linspace(-0.5, 0.5, 301))
    swing[:, "XYZ".index(order[0])] = 0.2
    assert to_mode(from_mode(swing, order), order) == pytest.approx(swing, abs=1e-9)


def test_all_frames_in_the_lock_are_held():
    locked = np.tile([0.3, np.pi / 2, -0.2], (50, 1))
    turns = from_mode(locked, "XYZ")
    angles = to_mode(turns, "XYZ")
    assert _apart(from_mode(angles, "XYZ"), turns).max() < 1e-7
    assert np.ptp(angles, axis=0).max() < 1e-12


def test_the_first_frame_takes_the_smaller_angles():
    for order in EULER_ORDERS:
        turns = _smooth_walk(5, 40)
        for start in range(0, 40, 8):
            first = to_mode(turns[start:], order)[0]
            assert np.abs(first).max() <= np.pi + 1e-12
            assert np.abs(first["XYZ".index(order[1])]) <= np.pi / 2 + 1e-12


def test_a_bone_that_swings_through_rest_keeps_its_axis():
    axis = rotation.normalize([1.0, 2.0, -2.0])
    angle = 0.5 * np.cos(np.arange(100) / 7.0)
    angle[20] = 0.0
    values = to_axis_angle(from_axis_angle(np.c_[angle, np.tile(axis, (100, 1))]))
    assert values[:, 0] == pytest.approx(angle, abs=1e-9)
    assert values[:, 1:] == pytest.approx(np.tile(axis, (100, 1)), abs=1e-9)


def test_a_bone_at_rest_turns_about_nothing():
    still = rotation.identity((4,))
    assert to_mode(still, "AXIS_ANGLE").tolist() == [[0.0, 0.0, 1.0, 0.0]] * 4
    assert np.abs(to_mode(still, "ZXY")).max() == 0.0
    assert from_mode(np.zeros((1, 4)), "AXIS_ANGLE").tolist() == [[1.0, 0.0, 0.0, 0.0]]
