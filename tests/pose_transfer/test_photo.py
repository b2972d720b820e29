"""Photos as users have them: turned, deep, grey, transparent, huge, broken."""

import io
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pose_transfer.photo import MAX_BYTES, MAX_PIXELS, MAX_SIDE, read_photo
from retarget.errors import ConductorError


def _ramp(height: int = 200, width: int = 300) -> np.ndarray:
    """RGB that tells left from right and top from bottom."""
    ramp = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 3))
    ramp[..., 0] = 40
    ramp[..., 1] = np.linspace(20, 200, height)[:, None]
    return ramp.astype(np.uint8)


@pytest.mark.parametrize(
    ("suffix", "alpha"), [(".jpg", False), (".png", True), (".webp", True), (".tif", True)]
)
@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_a_photo_is_turned_as_its_exif_tag_says_with_and_without_alpha(
    tmp_path: Path, suffix: str, alpha: bool, orientation: int, turns: int
) -> None:
    picture = _ramp()
    pixels = Image.fromarray(picture)
    if alpha:
        matte = np.zeros((200, 300), np.uint8)
        matte[:, 100:] = 255
        pixels.putalpha(Image.fromarray(matte))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned{suffix}"
    pixels.save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    photo = read_photo(path)
    expected = np.rot90(picture, turns).astype(int)
    assert photo.rgb.shape == expected.shape
    seen = np.ones(expected.shape[:2], bool)
    if alpha:
        assert photo.alpha is not None
        np.testing.assert_array_equal(photo.alpha, np.rot90(matte, turns) / 255.0)
        seen = photo.alpha > 0.5
    assert np.abs(photo.rgb.astype(int) - expected)[seen].mean() < 3.0


def test_sixteen_bits_and_grey_become_eight_bit_colour(tmp_path: Path) -> None:
    deep = _ramp().astype(np.uint16) * 257
    for suffix in (".png", ".tif"):
        cv2.imwrite(str(tmp_path / f"deep{suffix}"), deep[..., ::-1])
        np.testing.assert_array_equal(read_photo(tmp_path / f"deep{suffix}").rgb, _ramp())
        cv2.imwrite(str(tmp_path / f"deep_grey{suffix}"), deep[..., 2])
        grey = read_photo(tmp_path / f"deep_grey{suffix}").rgb
        np.testing.assert_array_equal(grey, np.repeat(_ramp()[..., 2:], 3, axis=2))
    cv2.imwrite(str(tmp_path / "grey.jpg"), _ramp()[..., 2])
    grey = read_photo(tmp_path / "grey.jpg").rgb.astype(int)
    assert np.abs(grey - _ramp()[..., 2:]).max() < 6


@pytest.mark.parametrize(
    ("kind", "white"),
    [("f4", 1.0), ("f4", 255.0), ("f4", 65535.0), ("i4", 255.0), ("i4", 65535.0), ("u2", 65535.0)],
)
def test_a_grey_scan_of_any_depth_keeps_its_brightness(
    tmp_path: Path, kind: str, white: float
) -> None:
    grey = _ramp(700)[..., 2]
    deep = (grey.astype(np.float64) / 255.0 * white).astype(kind)
    for compression in (None, "tiff_lzw"):
        Image.fromarray(deep).save(tmp_path / "scan.tif", compression=compression)
        rgb = read_photo(tmp_path / "scan.tif").rgb.astype(int)
        assert np.abs(rgb - grey[..., None]).max() <= 1


def test_pixels_that_are_no_numbers_do_not_darken_the_rest(tmp_path: Path) -> None:
    grey = _ramp()[..., 2]
    deep = grey.astype(np.float32) / 255.0
    deep[:5], deep[5:10], deep[10:15] = np.inf, np.nan, -np.inf
    Image.fromarray(deep).save(tmp_path / "scan.tif")
    rgb = read_photo(tmp_path / "scan.tif").rgb
    assert (rgb[:5] == 255).all()
    assert (rgb[5:15] == 0).all()
    assert np.abs(rgb[15:].astype(int) - grey[15:, :, None]).max() <= 1


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    Image.fromarray(_ramp()).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    rgb = read_photo(tmp_path / "print.jpg").rgb.astype(int)
    assert np.abs(rgb - _ramp()).mean() < 4.0


def test_a_palette_keeps_its_transparency(tmp_path: Path) -> None:
    index = np.zeros((200, 300), np.uint8)
    index[:, 150:] = 1
    pixels = Image.fromarray(index, "P")
    pixels.putpalette([10, 20, 30, 200, 100, 50])
    pixels.save(tmp_path / "palette.png", transparency=0)
    photo = read_photo(tmp_path / "palette.png", min_side=1)
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, index)
    np.testing.assert_array_equal(
        photo.rgb[:, 150:], np.broadcast_to([200, 100, 50], (200, 150, 3))
    )


def test_a_colour_profile_is_followed_and_a_broken_one_ignored(tmp_path: Path) -> None:
    picture = Image.fromarray(_ramp())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(tmp_path / "tagged.png", icc_profile=profile)
    tagged = read_photo(tmp_path / "tagged.png").rgb.astype(int)
    assert np.abs(tagged - _ramp()).max() <= 1
    picture.save(tmp_path / "broken.png", icc_profile=b"no profile")
    np.testing.assert_array_equal(read_photo(tmp_path / "broken.png").rgb, _ramp())


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_transparency_is_kept_and_an_opaque_alpha_is_not_taken_for_a_cutout(
    tmp_path: Path, suffix: str
) -> None:
    alpha = np.full((200, 300), 255, np.uint8)
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(np.dstack([_ramp(), alpha])).save(path, lossless=True)
    assert read_photo(path).alpha is None
    alpha[:, :150] = 0
    Image.fromarray(np.dstack([_ramp(), alpha])).save(path, lossless=True)
    photo = read_photo(path)
    assert photo.alpha is not None
    assert photo.alpha[:, :140].max() == 0.0
    assert photo.alpha[:, 160:].min() == 1.0
    grounded = photo.on_plain_ground()
    assert np.ptp(grounded[:, :140].reshape(-1, 3), axis=0).max() == 0
    np.testing.assert_array_equal(grounded[:, 160:], _ramp()[:, 160:])


def test_a_huge_photo_is_worked_on_smaller(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "huge.jpg"), _ramp(3000, 4000))
    assert read_photo(tmp_path / "huge.jpg").rgb.shape[:2] == (MAX_SIDE * 3 // 4, MAX_SIDE)


def test_what_a_cutout_hides_does_not_bleed_into_its_edge_when_it_is_reduced(
    tmp_path: Path,
) -> None:
    pixels = np.zeros((1500, 3001, 4), np.uint8)
    pixels[..., 1] = 255  # hidden green
    pixels[:, 1503:] = (200, 30, 30, 255)
    Image.fromarray(pixels).save(tmp_path / "cut.png", compress_level=1)
    photo = read_photo(tmp_path / "cut.png", min_side=1)
    assert photo.alpha is not None
    assert photo.rgb[photo.alpha > 0.1][:, 1].max() < 40


def test_a_photo_of_absurd_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    side = int(MAX_PIXELS**0.5) + 1
    for width in (side, 20 * side):
        header = width.to_bytes(4, "big") + side.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
        chunk = b"IHDR" + header
        data = b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4, "big") + chunk
        data += zlib.crc32(chunk).to_bytes(4, "big") + b"\x00\x00\x00\x00IDAT"
        (tmp_path / "absurd.png").write_bytes(data)
        with pytest.raises(ConductorError, match="million pixels"):
            read_photo(tmp_path / "absurd.png")


def test_a_file_of_absurd_length_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "long.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ConductorError, match="larger than 500 MB"):
        read_photo(tmp_path / "long.jpg")


def test_a_damaged_avif_is_told_as_such(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(_ramp()).save(whole, "AVIF")
    content = bytearray(whole.getvalue())
    content[-200:-100] = bytes(100)
    (tmp_path / "photo.avif").write_bytes(content)
    with pytest.raises(ConductorError, match="damaged"):
        read_photo(tmp_path / "photo.avif")


def test_what_is_read_is_what_is_promised_whatever_else_pillow_knows(tmp_path: Path) -> None:
    picture = Image.fromarray(_ramp())
    for kind in ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF", "BMP"):
        picture.save(tmp_path / "photo.jpg", kind)
        assert read_photo(tmp_path / "photo.jpg").rgb.shape == (200, 300, 3)
    # EPS would start Ghostscript.
    for kind, words in (
        ("EPS", "is a PostScript file that cannot be read; save it as JPEG"),
        ("GIF", "is a GIF"),
        ("JPEG2000", "is a JPEG 2000 photo"),
        ("TGA", "is not an image"),
        ("PPM", "is not an image"),
    ):
        picture.save(tmp_path / "photo.jpg", kind)
        with pytest.raises(ConductorError, match=words):
            read_photo(tmp_path / "photo.jpg")


def test_files_that_are_no_photo_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "phone.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((20, 20, 3), np.uint8))
    Image.fromarray(np.zeros((200, 200, 4), np.uint8)).save(tmp_path / "clear.png")
    shape = np.zeros((200, 200, 4), np.uint8)
    shape[50:150, 50:150, 3] = 255
    Image.fromarray(shape).save(tmp_path / "shape.png")
    Image.fromarray(_ramp(130, 3000)).save(tmp_path / "strip.png")
    (tmp_path / "clip.jpg").write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(100))
    (tmp_path / "paper.jpg").write_bytes(b"%PDF-1.7" + bytes(100))
    (tmp_path / "raw.dng").write_bytes(b"II*\x00" + bytes(100))
    os.mkfifo(tmp_path / "pipe.jpg")
    for suffix in ("JPEG", "PNG"):
        whole = io.BytesIO()
        Image.fromarray(_ramp()).save(whole, suffix)
        (tmp_path / f"half.{suffix}").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    for name, words in (
        ("empty.png", "is empty"),
        ("text.jpg", "not an image"),
        ("phone.heic", "HEIC"),
        ("tiny.png", "only 20×20"),
        ("clear.png", "wholly transparent"),
        ("half.JPEG", "damaged"),
        ("half.PNG", "damaged"),
        ("missing.png", "does not exist"),
        ("shape.png", "single colour"),
        ("strip.png", "too long for its breadth"),
        ("clip.jpg", "is a video"),
        ("paper.jpg", "is a PDF"),
        ("raw.dng", "TIFF or raw"),
        ("pipe.jpg", "is no file"),
    ):
        with pytest.raises(ConductorError, match=words):
            read_photo(tmp_path / name)
    with pytest.raises(ConductorError, match="is a folder"):
        read_photo(tmp_path)


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_floating_point_pictures_keep_their_brightness(tmp_path: Path, white: float) -> None:
    grey = _ramp()[..., 2]
    Image.fromarray(grey.astype(np.float32) * np.float32(white / 255.0)).save(tmp_path / "f.tif")
    assert np.abs(read_photo(tmp_path / "f.tif").rgb[..., 0].astype(int) - grey).max() <= 1
