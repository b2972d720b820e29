import numpy as np
from scipy import ndimage

from pose_transfer.labels import ARM_L, BACKGROUND, HAND_L, TRUNK, PartLabels
from pose_transfer.outline_goal import OutlineGoal


def blobs(seed: int = 0) -> PartLabels:
    """A trunk, an arm and a hand of ragged outlines that touch each other, (90, 120)."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(90, 120)), 5.0)
    labels = np.full(noise.shape, BACKGROUND, np.uint8)
    labels[noise > 0.0] = TRUNK
    labels[noise > 0.04] = ARM_L
    labels[noise > 0.08] = HAND_L
    return PartLabels(labels)


def everywhere(shape: tuple[int, ...]) -> np.ndarray:
    """All pixels of a picture, x and y, (N, 2)."""
    rows, columns = np.indices(shape)
    return np.column_stack([columns.ravel(), rows.ravel()])


def test_the_goal_is_as_far_as_the_nearest_pixel_on_the_other_side() -> None:
    labels = blobs()
    mask = labels.mask(ARM_L)
    pixels = everywhere(mask.shape)
    distance, toward, _ = OutlineGoal.of(labels, ARM_L, 10.0).at(pixels)
    outside, inside = (ndimage.distance_transform_edt(side) for side in (~mask, mask))
    assert np.allclose(distance.reshape(mask.shape), np.where(mask, 0.5 - inside, outside - 0.5))
    assert np.allclose(np.linalg.norm(toward, axis=1), np.abs(distance) + 0.5)
    reached = pixels + toward.astype(int)
    assert (mask[reached[:, 1], reached[:, 0]] != mask[pixels[:, 1], pixels[:, 0]]).all()


def test_only_outlines_against_what_lies_behind_are_the_persons_own() -> None:
    labels = np.full((60, 60), BACKGROUND, np.uint8)
    labels[10:50, 20:40] = TRUNK
    labels[10:50, 30:40] = HAND_L
    goal = OutlineGoal.of(PartLabels(labels), TRUNK, 10.0)
    beside_nothing, beside_hand = [18, 30], [32, 30]
    _, _, own = goal.at(np.array([beside_nothing, beside_hand]))
    assert own.tolist() == [True, False]


def test_the_edge_of_the_picture_is_no_outline() -> None:
    labels = np.full((60, 60), BACKGROUND, np.uint8)
    labels[20:58, 20:40] = TRUNK
    _, toward, own = OutlineGoal.of(PartLabels(labels), TRUNK, 10.0).at(np.array([[30, 56]]))
    assert toward[0].tolist() == [0.0, 2.0]
    assert not own[0]


def test_where_there_is_no_outline_there_is_no_goal() -> None:
    nobody = PartLabels(np.full((20, 20), BACKGROUND, np.uint8))
    distance, _, own = OutlineGoal.of(nobody, TRUNK, 10.0).at(np.array([[5, 5]]))
    assert np.isinf(distance[0])
    assert not own[0]
