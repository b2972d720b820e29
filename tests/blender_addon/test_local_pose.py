"""Matrices in the world to keys of bones under their parents."""

import numpy as np

from blender_addon.exports.local_pose import inverse


def test_a_matrix_that_moves_turns_scales_shears_and_mirrors_is_undone() -> None:
    matrices = np.tile(np.eye(4), (7, 3, 1, 1))
    matrices[..., :3, :] = np.random.default_rng(5).normal(size=(7, 3, 3, 4))
    matrices[0, :, :3, :3] *= 1e-3
    matrices[1, :, :3, :3] *= 1e3
    assert (np.linalg.det(matrices) < 0.0).any()
    undone = inverse(matrices)
    np.testing.assert_allclose(undone, np.linalg.inv(matrices), rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(inverse(matrices[2, 1]), undone[2, 1])
