import cv2
import numpy as np
from numpy.typing import NDArray

from pose_transfer.background import clean_background

SIZE = (240, 320)  # width, height
TALL = 260.0
SUIT = (220, 40, 30)


def person() -> NDArray[np.float32]:
    """Matte of a figure with one arm out, its feet cut by the lower edge."""
    matte = np.zeros((SIZE[1], SIZE[0]), np.float32)
    cv2.ellipse(matte, (120, 85), (18, 24), 0, 0, 360, 1.0, -1, cv2.LINE_8)
    cv2.rectangle(matte, (90, 110), (150, 319), 1.0, -1)
    cv2.line(matte, (95, 120), (50, 200), 1.0, 18)
    return cv2.GaussianBlur(matte, (0, 0), 1.0)


def stand_before(ground: NDArray, matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    mixed = ground * (1.0 - matte[..., None]) + np.array(SUIT) * matte[..., None]
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def wall() -> NDArray[np.float64]:
    """A wall with light falling from the upper left, with grain of 3 levels."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    light = 190.0 - 0.12 * columns - 0.1 * rows
    grain = np.random.default_rng(1).normal(0.0, 3.0, (*light.shape, 1))
    return light[..., None] * np.array([0.9, 0.85, 1.0]) + grain


def gravel() -> NDArray[np.float64]:
    """Coarse grey texture."""
    noise = np.random.default_rng(2).normal(0.0, 1.0, (SIZE[1], SIZE[0]))
    coarse = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.repeat((120.0 + 30.0 * coarse / coarse.std())[..., None], 3, axis=2)


def far_from(mask: NDArray, pixels: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * pixels + 1,) * 2, np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel) == 0


def test_a_wall_goes_on_evenly_and_with_its_grain():
    ground, matte = wall(), person()
    clean = clean_background(stand_before(ground, matte), matte, TALL).astype(float)
    gone = matte > 0.02
    even = cv2.GaussianBlur(clean, (0, 0), 4.0) - cv2.GaussianBlur(ground, (0, 0), 4.0)
    assert np.abs(even[gone]).max() < 6.0
    fine = clean - cv2.GaussianBlur(clean, (0, 0), 2.0)
    assert 0.5 < fine[matte > 0.9].std() / fine[far_from(gone, 20)].std() < 1.5


def test_the_shadow_on_the_wall_goes_with_the_person():
    ground, matte = wall(), person()
    shade = cv2.warpAffine(matte, np.array([[1.0, 0.0, 22.0], [0.0, 1.0, 8.0]]), SIZE)
    dark = 1.0 - 0.45 * cv2.GaussianBlur(shade, (0, 0), 3.0)[..., None]
    clean = clean_background(stand_before(ground * dark, matte), matte, TALL).astype(float)
    left = cv2.GaussianBlur(clean, (0, 0), 2.0) / cv2.GaussianBlur(ground, (0, 0), 2.0)
    assert left.min() > 0.93


def test_the_shadow_the_feet_stand_on_stays():
    ground, matte = wall(), person()
    matte[290:] = 0.0
    shade = np.zeros_like(matte)
    cv2.ellipse(shade, (120, 292), (60, 8), 0, 0, 360, 1.0, -1)
    ground *= 1.0 - 0.5 * cv2.GaussianBlur(shade, (0, 0), 2.0)[..., None]
    photo = stand_before(ground, matte)
    beside = np.s_[289:296, 165:172]
    kept = clean_background(photo, matte, TALL, ankles=275.0)
    assert np.abs(kept[beside].astype(float) - ground[beside]).max() < 20.0
    gone = clean_background(photo, matte, TALL)
    assert gone[beside].mean() > 1.3 * ground[beside].mean()


def test_a_darker_floor_stays():
    ground, matte = wall(), person()
    matte[290:] = 0.0
    ground[262:] *= 0.55
    clean = clean_background(stand_before(ground, matte), matte, 0.6 * SIZE[0] / 0.35, ankles=281.0)
    floor = np.s_[266:282]
    for columns in (np.s_[:70], np.s_[175:]):
        off = clean[floor, columns].astype(float) - ground[floor, columns]
        assert np.abs(cv2.GaussianBlur(off, (0, 0), 2.0)).max() < 6.0


def test_a_picture_on_the_wall_stays():
    ground, matte = wall(), person()
    ground[40:120, 165:230] = (70, 60, 50)
    photo = stand_before(ground, matte)
    clean = clean_background(photo, matte, TALL)
    assert np.abs(clean[42:118, 170:228].astype(int) - photo[42:118, 170:228]).max() <= 1


def test_texture_goes_on_without_the_person_s_colours():
    ground, matte = gravel(), person()
    clean = clean_background(stand_before(ground, matte), matte, TALL).astype(float)
    assert np.ptp(clean, axis=-1).max() < 12
    assert clean[matte > 0.9].std() > 0.7 * ground.std()


def test_away_from_the_person_the_photo_is_unchanged_and_a_second_run_is_equal():
    matte = person()
    photo = stand_before(gravel(), matte)
    clean = clean_background(photo, matte, TALL)
    away = far_from(matte > 0.02, 12)
    assert np.array_equal(clean[away], photo[away])
    assert np.array_equal(clean, clean_background(photo, matte, TALL))


def test_a_photo_full_of_person_and_one_without_are_answered():
    photo = np.full((80, 60, 3), SUIT, np.uint8)
    full = clean_background(photo, np.ones((80, 60), np.float32), 80.0)
    assert np.ptp(full.astype(int), axis=-1).max() <= 1
    assert np.array_equal(clean_background(photo, np.zeros((80, 60), np.float32), 80.0), photo)


def test_grain_is_taken_from_the_wall_and_not_from_what_hangs_on_it():
    ground, matte = wall(), person()
    ground[20:300, 200:235] += np.random.default_rng(3).normal(0.0, 60.0, (280, 35, 1))
    clean = clean_background(stand_before(ground, matte), matte, TALL).astype(float)
    fine = clean - cv2.GaussianBlur(clean, (0, 0), 2.0)
    assert np.abs(fine[matte > 0.9]).max() < 25.0
