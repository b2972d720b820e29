"""Kinematics in torch agree with those in NumPy."""

import numpy as np
import pytest
import torch

from backend.models.kinematics import forward_kinematics, from_6d, joints_2d, to_6d
from retarget import rotation, skeleton
from retarget.motion import Motion


@pytest.fixture
def motion() -> Motion:
    rng = np.random.default_rng(0)
    turns = 0.4 * rng.standard_normal((20, len(skeleton.NAMES), 3))
    root = np.array([0.0, 0.0, 0.95]) + 0.02 * rng.standard_normal((20, 3))
    return Motion(fps=30.0, rotations=rotation.from_rotation_vector(turns), root=root)


def test_six_numbers_say_a_rotation(motion: Motion) -> None:
    matrices = torch.from_numpy(rotation.to_matrix(motion.rotations))
    torch.testing.assert_close(from_6d(to_6d(matrices)), matrices)
    torch.testing.assert_close(from_6d(3.0 * to_6d(matrices)), matrices)


def test_joints_are_where_the_motion_has_them(motion: Motion) -> None:
    local = torch.from_numpy(rotation.to_matrix(motion.rotations))[None]
    positions, world = forward_kinematics(local, torch.from_numpy(motion.root)[None])
    np.testing.assert_allclose(positions[0].numpy(), motion.joints_3d(), atol=1e-9)
    flat = joints_2d(positions, world)[0].numpy()
    np.testing.assert_allclose(flat, motion.joints_2d(), atol=1e-9)
