"""Photos as users have them: turned, deep, grey, transparent, huge, broken."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pose_transfer.photo import MAX_SIDE, read_photo
from retarget.errors import ConductorError


def _ramp(height: int = 200, width: int = 300) -> np.ndarray:
    ramp = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 3))
    ramp[..., 2] = 40
    return ramp.astype(np.uint8)


def test_a_jpeg_is_turned_as_its_exif_tag_says(tmp_path: Path) -> None:
    picture = _ramp()
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    # Orientation 6: turn clockwise to see it upright.
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + entry + bytes(4)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path = tmp_path / "turned.jpg"
    path.write_bytes(data[:2] + segment + data[2:])
    photo = read_photo(path)
    assert photo.rgb.shape == (300, 200, 3)
    expected = np.rot90(picture, -1)[..., ::-1].astype(int)
    assert np.abs(photo.rgb.astype(int) - expected).mean() < 3.0


def test_sixteen_bits_and_grey_become_eight_bit_colour(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), _ramp().astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_photo(tmp_path / "deep.png").rgb, _ramp()[..., ::-1])
    cv2.imwrite(str(tmp_path / "grey.png"), _ramp()[..., 0])
    np.testing.assert_array_equal(read_photo(tmp_path / "grey.png").rgb[..., 1], _ramp()[..., 0])


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_transparency_is_kept_and_an_opaque_alpha_is_not_taken_for_a_cutout(
    tmp_path: Path, suffix: str
) -> None:
    alpha = np.full((200, 300), 255, np.uint8)
    path = tmp_path / f"photo{suffix}"
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    cv2.imwrite(str(path), np.dstack([_ramp(), alpha]), options)
    assert read_photo(path).alpha is None
    alpha[:, :150] = 0
    cv2.imwrite(str(path), np.dstack([_ramp(), alpha]), options)
    found = read_photo(path).alpha
    assert found is not None
    assert found[:, :140].max() == 0.0
    assert found[:, 160:].min() == 1.0


def test_a_huge_photo_is_worked_on_smaller(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "huge.jpg"), np.zeros((3000, 4000, 3), np.uint8))
    assert read_photo(tmp_path / "huge.jpg").rgb.shape[:2] == (MAX_SIDE * 3 // 4, MAX_SIDE)


def test_files_that_are_no_photo_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture")
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((20, 20, 3), np.uint8))
    for name, words in (
        ("empty.png", "is empty"),
        ("text.jpg", "not an image"),
        ("tiny.png", "only 20×20"),
        ("missing.png", "does not exist"),
    ):
        with pytest.raises(ConductorError, match=words):
            read_photo(tmp_path / name)
    with pytest.raises(ConductorError, match="cannot be read"):
        read_photo(tmp_path)
