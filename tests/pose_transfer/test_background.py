import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.background import clean_background, extend, lens_blur, make_backdrop
from pose_transfer.frame import Framing
from retarget.errors import ConductorError

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


def identity(size: tuple[int, int]) -> Framing:
    return Framing(size, 1.0, np.zeros(2), size)


def test_on_the_photo_the_picture_is_the_photo():
    photo = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    assert np.array_equal(make_backdrop("photo", identity((120, 90)), photo=photo), photo)
    small = make_backdrop(
        "photo", Framing((60, 40), 1.0, np.array([-20, -30]), (120, 90)), photo=photo
    )
    assert np.array_equal(small, photo[30:70, 20:80])


def test_past_its_edges_a_wall_goes_on_evenly():
    wide = extend(np.clip(wall(), 0, 255).astype(np.uint8), 1.0, np.array([120.0, 0.0]), (480, 320))
    smooth = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 5.0)
    steps = np.abs(np.diff(smooth, axis=1))
    assert steps.max() < 1.5
    assert np.ptp(smooth[:, :120].mean(axis=(0, 2))) < 12.0


def test_past_its_edges_nothing_is_mirrored():
    photo = np.clip(gravel(), 0, 255).astype(np.uint8)
    cv2.circle(photo, (30, 160), 14, (255, 0, 0), -1)
    wide = extend(photo, 1.0, np.array([120.0, 0.0]), (480, 320)).astype(int)
    assert np.array_equal(wide[:, 160:320], photo[:, 40:200])
    red = wide[..., 0] - wide[..., 1]
    assert red[150:170, 80:100].mean() < 40
    beyond = wide[:, :60]
    assert (
        np.abs(np.diff(beyond, axis=1)).mean() < np.abs(np.diff(photo.astype(int), axis=1)).mean()
    )


def test_lens_blur_keeps_light_and_spreads_a_lamp_into_a_disc():
    photo = np.full((101, 101, 3), 40, np.uint8)
    photo[49:52, 49:52] = 255
    blurred = lens_blur(photo, 6.0)
    light = (np.array([photo, blurred]) / 255.0) ** 2.2
    assert light[1].sum() == pytest.approx(light[0].sum(), rel=0.05)
    assert blurred[50, 54].mean() > 60 > blurred[50, 62].mean()


def test_backdrops_by_name(tmp_path):
    size = (64, 48)
    framing = identity(size)
    colour = make_backdrop("#ff8000", framing)
    assert colour.shape == (48, 64, 3)
    assert (colour == (255, 128, 0)).all()
    assert make_backdrop(None, framing) is None
    assert make_backdrop("alpha", framing) is None
    cutout = make_backdrop("photo", framing, photo=None)
    assert np.array_equal(cutout, make_backdrop("studio", framing))
    plate = np.zeros((200, 400, 3), np.uint8)
    plate[:, 200:] = 255
    path = tmp_path / "hall.png"
    cv2.imwrite(str(path), plate)
    fitted = make_backdrop(str(path), framing)
    assert fitted.shape == (48, 64, 3)
    assert fitted[:, :28].max() == 0
    assert fitted[:, 36:].min() == 255
    with pytest.raises(ConductorError, match="'beach' is no background"):
        make_backdrop("beach", framing)
    with pytest.raises(ConductorError, match="empty stage"):
        make_backdrop("stage", framing)


def test_the_stage_lies_as_the_guide_s_camera_sees_it_whatever_size_it_was_rendered_at(tmp_path):
    plate = np.zeros((300, 400, 3), np.uint8)
    plate[100:200, 200:300] = 255
    path = tmp_path / "stage.png"
    cv2.imwrite(str(path), plate)
    # The guide's picture is half the plate's size; the crop begins at its pixel (80, 40).
    framing = Framing((100, 80), 1.0, np.array([-80.0, -40.0]), (200, 150))
    stage = make_backdrop("stage", framing, plate=path)
    assert stage[12:58, 22:68].min() == 255
    assert stage[:, :18].max() == 0
    assert stage[:8].max() == 0


def test_grain_is_taken_from_the_wall_and_not_from_what_hangs_on_it():
    ground, matte = wall(), person()
    ground[20:300, 200:235] += np.random.default_rng(3).normal(0.0, 60.0, (280, 35, 1))
    clean = clean_background(stand_before(ground, matte), matte, TALL).astype(float)
    fine = clean - cv2.GaussianBlur(clean, (0, 0), 2.0)
    assert np.abs(fine[matte > 0.9]).max() < 25.0
