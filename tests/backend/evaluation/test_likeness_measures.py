"""Measures of likeness on pictures whose figures are known."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter

from backend.evaluation.likeness_measures import (
    FACE_SIZE,
    PSNR_LIMIT,
    align_face,
    compare_faces,
    flicker,
    gmsd,
    landmark_error,
    ms_ssim,
    psnr,
    silhouette_iou,
    ssim,
)
from retarget.errors import ConductorError

SIDE = 192


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Smooth structure with edges, uint8."""
    noise = np.random.default_rng(4).normal(size=(SIDE, SIDE, 3))
    smooth = gaussian_filter(noise, (5.0, 5.0, 0.0))
    smooth = 127.0 + 60.0 * smooth / smooth.std()
    smooth[60:120, 60:130] += 50.0
    return np.clip(smooth, 0, 255).astype(np.uint8)


def _noisy(picture: np.ndarray, amount: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0.0, amount, picture.shape)
    return np.clip(picture + noise, 0.0, 255.0)


def test_equal_pictures_have_the_best_figures(picture):
    assert psnr(picture, picture) == PSNR_LIMIT
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ms_ssim(picture, picture) == pytest.approx(1.0)
    assert gmsd(picture, picture) == pytest.approx(0.0)


def test_psnr_of_8_bit_pictures_does_not_wrap_round():
    dark, bright = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert psnr(dark, bright) == pytest.approx(0.0)
    assert psnr(bright, bright - 10) == pytest.approx(20.0 * np.log10(25.5))
    assert psnr(bright - 10, bright) == psnr(bright, bright - 10)


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim])
def test_more_noise_is_less_alike(picture, measure):
    figures = [measure(picture, _noisy(picture, amount)) for amount in (2.0, 8.0, 32.0)]
    assert figures == sorted(figures, reverse=True)


def test_gradients_tell_blur_from_a_change_of_brightness(picture):
    blurred = gaussian_filter(picture.astype(float), (2.5, 2.5, 0.0))
    assert gmsd(picture, blurred) > 0.03
    assert gmsd(picture.astype(float), picture + 15.0) == pytest.approx(0.0, abs=1e-9)


def test_ms_ssim_is_the_product_of_contrasts_and_luminance():
    # Flat pictures have no contrast, which counts as equal: only the luminance is left.
    a, b = np.full((SIDE, SIDE, 3), 100.0), np.full((SIDE, SIDE, 3), 130.0)
    c1 = 2.55**2
    luminance = (2 * 100 * 130 + c1) / (100**2 + 130**2 + c1)
    assert ms_ssim(a, b) == pytest.approx(luminance**0.1333, rel=1e-6)


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim, gmsd])
def test_what_lies_far_outside_the_mask_does_not_count(picture, measure):
    other = picture.copy()
    other[:, 150:] = 255 - other[:, 150:]
    mask = np.zeros((SIDE, SIDE))
    mask[:32, :32] = 1.0
    assert measure(picture, other, mask) == pytest.approx(measure(picture, picture, mask), abs=1e-6)
    assert measure(picture, other) != pytest.approx(measure(picture, picture), abs=1e-3)


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim, gmsd])
def test_an_empty_mask_gives_no_figure(picture, measure):
    assert np.isnan(measure(picture, picture, np.zeros((SIDE, SIDE))))


def test_pictures_of_different_sizes_are_refused(picture):
    with pytest.raises(ConductorError, match="cannot be compared"):
        psnr(picture, picture[1:])


def test_ms_ssim_refuses_what_is_too_small_for_five_scales(picture):
    with pytest.raises(ConductorError, match="176"):
        ms_ssim(picture[:170], picture[:170])


def test_iou_of_outlines_that_share_a_half_is_a_third():
    a, b = np.zeros((4, 8), bool), np.zeros((4, 8), bool)
    a[:, :4], b[:, 2:6] = True, True
    assert silhouette_iou(a, b) == pytest.approx(1.0 / 3.0)
    assert silhouette_iou(a, np.zeros_like(a)) == 0.0
    assert np.isnan(silhouette_iou(np.zeros_like(a), np.zeros_like(a)))


def test_landmarks_are_measured_in_shoulder_widths():
    truth = {"upper_arm.L": (100.0, 50.0), "upper_arm.R": (60.0, 50.0), "nose": (80.0, 20.0)}
    found = truth | {"nose": (80.0, 30.0)}
    assert landmark_error(truth, found, ["nose"]) == pytest.approx(0.25)
    assert landmark_error(truth, found, ["nose", "upper_arm.L"]) == pytest.approx(0.125)


def test_a_trembling_video_flickers_and_a_frozen_one_does_not(picture):
    moving = [np.roll(picture, 2 * i * i, axis=1) for i in range(5)]
    trembling = [frame.astype(float) + 30.0 * (-1) ** i for i, frame in enumerate(moving)]
    assert flicker(moving, moving) == pytest.approx(1.0)
    assert flicker(moving, [moving[0]] * 5) == 0.0
    assert flicker(moving, trembling) > 1.2
    assert np.isnan(flicker([picture] * 3, moving[:3]))


def test_flicker_outside_the_person_does_not_count(picture):
    person = np.zeros((SIDE, SIDE))
    person[:, :90] = 1.0
    moving = [np.roll(picture, 2 * i * i, axis=0) for i in range(4)]
    disturbed = [frame.copy() for frame in moving]
    disturbed[1][:, 100:] = 0
    assert flicker(moving, disturbed, [person] * 4) == pytest.approx(1.0)


def test_a_face_that_is_turned_moved_and_larger_is_the_same_after_alignment(picture):
    spots = {"eye.L": (112.0, 80.0), "eye.R": (84.0, 80.0), "mouth.L": (106.0, 108.0)}
    spots["mouth.R"] = (90.0, 108.0)
    landmarks = {name: np.array(spot) for name, spot in spots.items()}
    angle, scale, shift = np.radians(12.0), 1.15, np.array([6.0, -4.0])
    centre = np.array([98.0, 94.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = {name: turn @ (spot - centre) + centre + shift for name, spot in landmarks.items()}
    # Rows are y: the same map with the axes exchanged, from the new picture back to the old one.
    back = np.linalg.inv(turn)[::-1, ::-1]
    offset = centre[::-1] - back @ (centre + shift)[::-1]
    other = np.stack(
        [affine_transform(picture[..., c].astype(float), back, offset, order=1) for c in range(3)],
        axis=2,
    )
    face = align_face(picture, landmarks)
    assert face.shape == (FACE_SIZE, FACE_SIZE, 3)
    assert psnr(face, align_face(other, moved)) > 35.0
    assert psnr(face, align_face(other, landmarks)) < 25.0


def test_faces_a_few_pixels_apart_are_compared_as_if_they_were_not(picture):
    face = picture[40:136, 40:136].astype(float)
    shifted = picture[43:139, 36:132].astype(float)
    figures = compare_faces(face, shifted)
    assert figures[0] > psnr(face, shifted) + 10.0
    assert figures[1] > 0.97
