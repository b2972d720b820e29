"""Which pixels are a part's own: shadows of arms on the trunk, cloth that both are made of."""

import numpy as np
from numpy.typing import NDArray

from pose_transfer.fit import SHOULDERS_M
from pose_transfer.labels import ARM_L, HAND_L, LABELS, TRUNK, PartLabels, _colour_costs
from pose_transfer.part_colours import _cast_shadow, known_pixels
from pose_transfer.person_parts import PersonParts, close_to
from pose_transfer.sitting import Sitting
from retarget.body.model import load_body

BREADTH = 60.0
ARM = np.s_[70:90, 40:120]


def folded() -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """A grey shirt from row 20 to 130 and black trousers below, an arm across, its shadow."""
    light = np.full((200, 160), 160.0)
    light[130:] = 14.0
    rows = np.arange(90, 120)
    light[90:120, 42:118] *= 0.3 + 0.7 * ((rows - 90) / 30.0)[:, None] ** 2
    rgb = np.repeat(light[..., None], 3, axis=2)
    rgb[ARM] = (210, 170, 150)
    limbs = np.zeros(light.shape, bool)
    limbs[ARM] = True
    known = np.zeros(light.shape, bool)
    known[20:190, 40:120] = True
    return rgb.astype(np.uint8), known & ~limbs, limbs


def test_the_shadow_below_an_arm_across_the_trunk_is_not_the_cloth_s_own() -> None:
    shadow = _cast_shadow(*folded(), BREADTH)
    assert shadow[92:106, 45:115].mean() > 0.95
    assert not shadow[:70].any()
    assert not shadow[124:].any()


def test_dark_trousers_below_a_shirt_are_no_shadow() -> None:
    rgb, known, limbs = folded()
    rgb[90:130, 40:120] = 14
    assert not _cast_shadow(rgb, known, limbs, BREADTH).any()


def test_blue_shorts_with_a_light_hem_are_no_shadow() -> None:
    rgb, known, limbs = folded()
    rgb[90:126, 40:120] = (50, 70, 130)
    rgb[126:132, 40:120] = 160
    assert not _cast_shadow(rgb, known, limbs, BREADTH).any()


def test_a_dark_band_further_down_is_no_shadow() -> None:
    rgb, known, limbs = folded()
    rgb[90:130, 40:120] = 160
    rgb[112:126, 40:120] = 60
    assert not _cast_shadow(rgb, known, limbs, BREADTH).any()


def test_an_arm_beside_the_trunk_casts_nothing_below_it() -> None:
    rgb, known, limbs = folded()
    known[:70] = False
    assert not _cast_shadow(rgb, known, limbs, BREADTH).any()


def test_colour_does_not_tell_an_arm_from_a_trunk_of_the_same_cloth() -> None:
    rows = np.arange(120)[:, None]
    stripes = np.where(rows // 8 % 2 == 0, 190, 90) * np.ones((1, 120))
    rgb = np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8)
    inside = np.ones((120, 120), bool)
    visible = np.full((120, 120), TRUNK)
    # The middle of the arm happens to lie in a light stripe more than in a dark one.
    visible[30:62, 90:] = ARM_L
    costs = _colour_costs(rgb, inside, visible, BREADTH)
    assert costs.shape == (120, 120, len(LABELS) - 1)
    np.testing.assert_array_equal(costs[..., TRUNK - 1], costs[..., ARM_L - 1])
    rgb[:, 90:] = (30, 60, 160)
    costs = _colour_costs(rgb, inside, visible, BREADTH)
    assert costs[50, 100, ARM_L - 1] < costs[50, 100, TRUNK - 1]


def test_cuffs_and_missed_fingers_beside_a_hand_are_not_the_trunk_s(sitting: Sitting) -> None:
    fit = sitting.fit
    breadth = fit.camera.focal * SHOULDERS_M / float(fit.camera.to_pixels(fit.positions[0])[2])
    rows, columns = np.indices(sitting.matte.shape)
    y, x = np.argwhere(sitting.labels.mask(TRUNK)).mean(axis=0)
    hand = np.hypot(rows - y, columns - x) < 0.15 * breadth
    labels = PartLabels(np.where(hand, HAND_L, sitting.labels.labels).astype(np.uint8))
    parts = PersonParts(
        sitting.photo.rgb,
        sitting.matte,
        labels,
        fit,
        sitting.vertices,
        load_body(),
        np.array([200.0, 160.0, 140.0]),
    )
    known = known_pixels(parts, TRUNK, labels.labels.astype(np.int64))
    near = close_to(hand, 0.1 * breadth)
    assert (near & labels.mask(TRUNK)).any()
    assert not (known & near).any()
    assert known.sum() > 0.5 * labels.mask(TRUNK).sum()
