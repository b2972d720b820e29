"""Edges of cut-outs, flanks beside arms, and walls that go on past the photo."""

import numpy as np
from conftest import draw_person, drawn_points

from pose_transfer.flank import mend_flank
from pose_transfer.inpaint import extend
from pose_transfer.matte import soften_hard_edge, spread_colours


def test_a_soft_edge_is_left_alone() -> None:
    _, matte = draw_person(drawn_points())
    assert soften_hard_edge(matte) is matte


def test_a_hard_cut_loses_its_stairs_and_its_outermost_pixel() -> None:
    hard = np.zeros((60, 60), np.float32)
    hard[np.add.outer(np.arange(60), np.arange(60)) < 60] = 1.0
    soft = soften_hard_edge(hard)
    assert ((soft > 0.1) & (soft < 0.9)).any()
    assert soft[hard == 0.0].max() < 0.1
    assert soft[20, 20] == 1.0
    assert soft[29, 30] < 0.5


def test_no_old_background_is_left_along_a_hard_cut() -> None:
    rgb, matte = draw_person(drawn_points())
    bright = (matte[..., None] > 0.3) * rgb.astype(int) + (matte[..., None] <= 0.3) * 255
    hard = (matte > 0.3).astype(np.float32)
    soft = soften_hard_edge(hard)
    colours = spread_colours(bright.astype(np.uint8), soft)
    trousers = (soft[500:640] > 0.02).nonzero()
    assert colours[500:640][trousers].max() < 70


def test_a_plain_wall_goes_on_past_the_photo_without_a_seam() -> None:
    rng = np.random.default_rng(2)
    wall = np.tile(np.linspace(110.0, 150.0, 200)[None, :, None], (160, 1, 3))
    wall = (wall + rng.normal(0.0, 2.5, wall.shape)).astype(np.uint8)
    size = (300, 160)
    picture = extend(wall, 1.0, np.array([50.0, 0.0]), size).astype(float)
    columns = picture.mean(axis=(0, 2))
    assert np.abs(np.diff(columns)).max() < 1.6
    outside, inside = picture[:, :40], picture[:, 60:100]

    def grain(part: np.ndarray) -> float:
        return float(np.diff(part, axis=0).std())

    assert 0.6 < grain(outside) / grain(inside) < 1.6


def test_a_dark_gap_and_a_rest_of_the_wall_beside_an_arm_become_cloth() -> None:
    body = np.zeros((200, 160), np.float32)
    body[:, 40:120] = 1.0
    beside = np.zeros_like(body)
    beside[60:, 120:] = 1.0
    rgb = np.full((200, 160, 3), 120, np.uint8)
    rgb[:, 60:90] = 200  # a shirt front
    rgb[100:, 112:120] = 20  # the gap
    rgb[62:66, 116:120] = 240  # the wall in the armpit
    mended = mend_flank(rgb, body, beside, 100.0)
    assert np.abs(mended[60:, 95:118].astype(int) - 120).max() < 12
    np.testing.assert_array_equal(mended[:, :90], rgb[:, :90])


def test_dark_cloth_with_bright_lapels_keeps_its_folds() -> None:
    body = np.zeros((200, 160), np.float32)
    body[:, 40:120] = 1.0
    beside = np.zeros_like(body)
    beside[60:, 120:] = 1.0
    rgb = np.full((200, 160, 3), 30, np.uint8)
    rgb[:, 95:104] = 130  # a lapel
    rgb[70:, 114:118] = 12  # a fold
    np.testing.assert_array_equal(mend_flank(rgb, body, beside, 100.0), rgb)
