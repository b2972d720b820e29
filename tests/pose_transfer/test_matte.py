"""The person's matte: its edges, gaps beside the arms, cut-outs, and colours along it."""

import cv2
import numpy as np
import pytest
from drawn_person import draw_person, drawn_points
from numpy.typing import NDArray

from pose_transfer.landmarks import Detection, Landmarks
from pose_transfer.matte import cut_out, foreground_colours, soften_hard_edge, spread_colours
from pose_transfer.photo import Photo
from retarget.errors import ConductorError


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


def _detection(points: dict[str, NDArray], coarse: NDArray) -> Detection:
    return Detection(Landmarks(points, dict.fromkeys(points, 1.0)), coarse, ())


def test_a_coarse_matte_is_brought_to_the_edge_of_the_person() -> None:
    points = drawn_points()
    rgb, truth = draw_person(points)
    coarse = cv2.GaussianBlur(np.roll(truth, 3, axis=1), (0, 0), 3.0)
    _, matte = cut_out(Photo(rgb, None, "drawn.png"), _detection(points, coarse))
    assert np.abs(matte - truth).mean() < 0.3 * np.abs(coarse - truth).mean()
    assert ((matte > 0.1) & (matte < 0.9)).any()


def test_a_gap_between_forearm_and_body_that_the_network_closed_is_opened() -> None:
    points = drawn_points(0.17)
    rgb, truth = draw_person(points)
    closed = truth.copy()
    closed[290:350] = cv2.morphologyEx(truth[290:350], cv2.MORPH_CLOSE, np.ones((1, 61)))
    gap = (truth < 0.02) & (closed > 0.98)
    assert gap.sum() > 500
    _, matte = cut_out(Photo(rgb, None, "drawn.png"), _detection(points, closed))
    assert (matte[gap] < 0.5).mean() > 0.75


def test_bricks_the_colour_of_shaded_skin_beside_dark_clothes_are_background() -> None:
    points = drawn_points()
    rgb, truth = draw_person(points)
    skin = np.median(rgb[120:150][truth[120:150] > 0.99], axis=0)
    rows, columns = np.indices(truth.shape)
    shade = np.where(np.abs(rgb - skin).sum(axis=-1) < 40, 0.45 + 0.55 * (columns * 7 % 40) / 40, 1)
    brick = np.where((rows // 16 + columns // 40) % 2, 0.35, 0.6)[..., None] * skin
    brick += 8.0 * np.random.default_rng(0).standard_normal(truth.shape)[..., None]
    share = truth[..., None]
    photo = np.clip(share * rgb * shade[..., None] + (1.0 - share) * brick, 0, 255).astype(np.uint8)
    coarse = cv2.GaussianBlur(truth, (0, 0), 2.0)
    _, matte = cut_out(Photo(photo, None, "drawn.png"), _detection(points, coarse))
    trousers = np.s_[480:640]
    wrong = (matte[trousers] > 0.5) & (truth[trousers] < 0.02)
    assert wrong.mean() < 0.001


def test_the_users_own_matte_is_kept_and_other_people_in_it_are_dropped() -> None:
    points = drawn_points()
    rgb, truth = draw_person(points)
    alpha = truth.copy()
    alpha[500:600, 20:60] = 1.0
    _, matte = cut_out(Photo(rgb, alpha, "cut.png"), _detection(points, truth))
    np.testing.assert_array_equal(matte[:, 100:], truth[:, 100:])
    assert matte[510:590, 30:50].max() == 0.0


def test_a_matte_that_misses_the_person_is_refused() -> None:
    points = drawn_points()
    rgb, truth = draw_person(points)
    elsewhere = np.zeros_like(truth)
    elsewhere[:60, :60] = 1.0
    with pytest.raises(ConductorError, match="cannot be told from the background"):
        cut_out(Photo(rgb, elsewhere, "cut.png"), _detection(points, truth))


def test_the_persons_colours_hold_nothing_of_the_background() -> None:
    rgb = np.zeros((80, 120, 3), np.float32)
    matte = np.clip((np.arange(120) - 50.0) / 6.0, 0.0, 1.0)[None].repeat(80, axis=0)
    person, wall = np.array([180.0, 60.0, 40.0]), np.array([20.0, 220.0, 60.0])
    rgb = person * matte[..., None] + wall * (1.0 - matte[..., None])
    colours = foreground_colours(rgb.astype(np.uint8), matte.astype(np.float32), 400.0)
    assert np.abs(colours[:, 52:].astype(float) - person).max() < 20.0
    assert np.abs(colours[:, :45].astype(float) - person).max() < 25.0
