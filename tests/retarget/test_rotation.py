import numpy as np
import pytest

from retarget import rotation


@pytest.fixture
def quaternions():
    return rotation.normalize(np.random.default_rng(3).normal(size=(200, 4)))


def test_matrix_and_quaternion_agree_both_ways(quaternions):
    matrices = rotation.to_matrix(quaternions)
    assert np.allclose(rotation.to_matrix(rotation.from_matrix(matrices)), matrices)
    vector = np.array([0.3, -0.8, 0.5])
    assert np.allclose(matrices @ vector, rotation.rotate(quaternions, vector))


def test_product_rotates_by_the_second_first(quaternions):
    a, b = quaternions[:100], quaternions[100:]
    vector = np.array([1.0, 2.0, 3.0])
    one_by_one = rotation.rotate(a, rotation.rotate(b, vector))
    assert np.allclose(rotation.rotate(rotation.multiply(a, b), vector), one_by_one)


def test_exponential_undoes_logarithm(quaternions):
    again = rotation.from_rotation_vector(rotation.to_rotation_vector(quaternions))
    assert np.allclose(np.abs(np.sum(again * quaternions, axis=-1)), 1.0)
    assert np.allclose(rotation.from_rotation_vector(np.zeros(3)), [1, 0, 0, 0])


def test_between_turns_one_direction_into_the_other_even_when_opposite():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 50, 3))
    a[0], b[0] = [1, 0, 0], [-1, 0, 0]
    turned = rotation.rotate(rotation.between(a, b), a)
    unit = turned / np.linalg.norm(turned, axis=-1, keepdims=True)
    assert np.allclose(unit, b / np.linalg.norm(b, axis=-1, keepdims=True), atol=1e-7)


def test_slerp_goes_halfway_along_the_shorter_arc():
    a = rotation.identity(())
    b = -rotation.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(1.0))
    half = rotation.to_rotation_vector(rotation.slerp(a, b, np.array(0.5)))
    assert np.allclose(half, [0, 0, 0.5])


def test_continuous_quaternions_never_change_hemisphere(quaternions):
    flipped = quaternions * np.where(np.arange(200) % 3 == 0, -1.0, 1.0)[:, None]
    smooth = rotation.make_continuous(flipped)
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) >= 0).all()
    assert np.allclose(np.abs(np.sum(smooth * flipped, axis=-1)), 1.0)
