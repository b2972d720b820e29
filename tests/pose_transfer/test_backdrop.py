import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.backdrop import extend, lens_blur, make_backdrop
from pose_transfer.frame import Framing
from retarget.errors import ConductorError


def identity(size: tuple[int, int]) -> Framing:
    return Framing(size, 1.0, np.zeros(2), size)


def test_on_the_photo_the_picture_is_the_photo():
    photo = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    assert np.array_equal(make_backdrop("photo", identity((120, 90)), photo=photo), photo)
    small = make_backdrop(
        "photo", Framing((60, 40), 1.0, np.array([-20, -30]), (120, 90)), photo=photo
    )
    assert np.array_equal(small, photo[30:70, 20:80])


def gravel() -> NDArray[np.uint8]:
    """A grey photo full of detail, (320, 240, 3)."""
    grey = np.random.default_rng(1).normal(128.0, 40.0, (320, 240))
    grey = cv2.GaussianBlur(grey, (0, 0), 1.5) * 2.0 - 128.0
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def wall() -> NDArray[np.uint8]:
    """A wall, lighter on top."""
    light = np.linspace(200.0, 120.0, 320)[:, None, None]
    return np.tile(light, (1, 240, 3)).astype(np.uint8)


def detail(picture: NDArray) -> float:
    """Mean step from pixel to pixel, grain left out."""
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.5)
    return float(np.abs(np.diff(smooth, axis=1)).mean())


def test_past_its_edges_a_wall_goes_on_evenly():
    wide = extend(wall(), 1.0, np.array([120.0, 0.0]), (480, 320))
    smooth = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 5.0)
    assert np.abs(np.diff(smooth, axis=1)).max() < 1.5
    light = np.array([wide[:, columns].mean() for columns in (slice(0, 110), slice(180, 300))])
    assert abs(light[0] - light[1]) < 8.0


def test_past_its_edges_nothing_is_mirrored_or_drawn_into_streaks():
    photo = gravel()
    cv2.circle(photo, (30, 160), 14, (255, 0, 0), -1)
    photo[:, 225:] = np.where(np.arange(320)[:, None, None] // 8 % 2 == 0, 255, 0)
    wide = extend(photo, 1.0, np.array([120.0, 0.0]), (480, 320)).astype(int)
    red = wide[..., 0] - wide[..., 1]
    assert red[150:170, 80:100].mean() < 40
    assert detail(wide[:, :60]) < 0.5 * detail(photo)
    assert wide[:, 430:].mean(axis=(1, 2)).std() < 8.0


def test_a_photo_that_covers_most_of_the_picture_stays_sharp_in_its_middle():
    photo = gravel()
    wide = extend(photo, 1.0, np.array([30.0, 0.0]), (300, 320))
    assert np.array_equal(wide[:, 110:190], photo[:, 80:160])


def test_the_edge_of_the_photo_is_not_seen():
    photo = gravel()
    photo[:, 120:] //= 3
    wide = extend(photo, 1.0, np.array([40.0, 0.0]), (320, 320)).astype(float).mean(axis=(0, 2))
    steps = np.abs(np.diff(wide))
    edges = np.concatenate([steps[30:50], steps[270:290]])
    assert edges.max() < 2.0


@pytest.mark.parametrize("shift", [(20.0, 10.0), (200.0, 160.0)])
def test_a_photo_that_covers_little_of_the_picture_is_no_sharp_island(shift):
    photo = gravel()
    small = extend(photo, 0.5, np.array(shift), (640, 360))
    left, top = (round(n) for n in shift)
    inside = small[top + 20 : top + 140, left + 20 : left + 100]
    assert detail(inside) < 0.1 * detail(cv2.resize(photo, (120, 160)))
    light = (photo / 255.0) ** 2.2
    assert ((small / 255.0) ** 2.2).mean() == pytest.approx(light.mean(), rel=0.1)


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
