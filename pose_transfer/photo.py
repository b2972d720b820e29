"""Reading the photo: any common image file to 8-bit RGB and, where it has one, its alpha."""

import io
import os
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from retarget.errors import ConductorError

MAX_SIDE: Final = 2048
"""Longest side of the working copy in pixels; no output is larger than 1280."""

MIN_SIDE: Final = 128
"""Shortest side a photo may have in pixels."""

MAX_PIXELS: Final = 120_000_000
"""Most pixels a photo may have; more are refused before they take up memory."""

MAX_BYTES: Final = 500_000_000
"""Largest file; uncompressed, `MAX_PIXELS` of three bytes and one of alpha fit."""

# Pillow's names of what is read; the others it knows are left alone, for their readers are little
# used, and one of them (EPS) starts another program.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP")
# What these readers raise on a damaged file; AVIF's raises RuntimeError.
_DAMAGES: Final = (OSError, ValueError, SyntaxError, EOFError, RuntimeError, struct.error)
# Less than this share of transparent pixels is a stray alpha channel, not a cut-out, and less than
# this share of visible ones shows nobody.
_MIN_TRANSPARENT: Final = 0.02
_MIN_VISIBLE: Final = 0.005
# EXIF's orientations, and how each is turned upright.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# White in pictures whose brightness is a float or a whole number of 32 bits.
_WHITES: Final = (1.0, 255.0, 65535.0, 2.0**31)
# Rows of a deep picture that are brought to eight bits at once, which bounds memory.
_STRIP: Final = 256
_GROUND: Final = 160.0
_SOLID: Final = 0.5
# What a file that cannot be read begins with, at which byte, and what it is.
_KINDS: Final = (
    *((4, b"ftyp" + brand, "a HEIC photo") for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftypcrx", "a raw photo"),
    (4, b"ftypavif", "an AVIF photo of a kind"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (0, b"GIF8", "a GIF"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 photo"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"\xff\x0a", "a JPEG XL photo"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL photo"),
    (0, b"#?RADIANCE", "a Radiance picture"),
    (0, b"II*\x00", "a TIFF or raw photo of a kind"),
    (0, b"MM\x00*", "a TIFF or raw photo of a kind"),
)
# A picture whose brightness spans no more shows nothing.
_LEAST_SPAN: Final = 4


@dataclass(frozen=True)
class Photo:
    """A decoded photo, upright.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        Colours in sRGB, not premultiplied.
    alpha : (H, W) float32 array, or None
        The user's own matte in [0, 1], where the file carries one.
    name : str
        File name, for messages.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32] | None
    name: str

    def on_plain_ground(self) -> NDArray[np.uint8]:
        """The picture (H, W, 3) with a cut-out laid on grey, for detectors that need a ground."""
        if self.alpha is None:
            return self.rgb
        solid = self.alpha[..., None]
        return np.asarray(self.rgb * solid + _GROUND * (1.0 - solid) + 0.5, np.uint8)


def read_photo(path: str | os.PathLike[str], *, min_side: int = MIN_SIDE) -> Photo:
    """Decode JPEG, PNG, WebP, AVIF, TIFF or BMP; 8 or 16 bits, grey, palette, RGB or CMYK.

    The photo is turned as EXIF says, brought to sRGB by its colour profile and reduced to
    `MAX_SIDE`.

    Parameters
    ----------
    path : path
    min_side : int
        Shortest side it may have, pixels; pictures that need not show a person may be smaller.

    Raises
    ------
    ConductorError
        If it is missing, empty, damaged, no image, wholly transparent, of one colour, absurdly
        large or long, or too small to show a person.
    """
    name = Path(path).name
    image = _open(_bytes_of(Path(path)), name)
    width, height = image.size
    if min(height, width) < min_side:
        raise ConductorError(
            f"{name} is only {width}×{height} pixels; give a photo of at least "
            f"{min_side} pixels on each side."
        )
    if width * height > MAX_PIXELS:
        raise _too_large(name)
    if min(height, width) * MAX_SIDE < min_side * max(height, width):
        raise ConductorError(
            f"{name} is {width}×{height} pixels, too long for its breadth; crop it to the person."
        )
    rgb, matte = _decode(image, name)
    alpha = None
    if matte is not None:
        if float((matte > _SOLID).mean()) < _MIN_VISIBLE:
            raise ConductorError(f"{name} is wholly transparent; give a photo that shows a person.")
        if float((matte < 0.5).mean()) >= _MIN_TRANSPARENT:
            alpha = matte
    shown = rgb.reshape(-1, 3) if alpha is None else rgb[alpha > _SOLID]
    if min_side >= MIN_SIDE and np.ptp(shown, axis=0).max() < _LEAST_SPAN:
        raise ConductorError(
            f"{name} shows a single colour; give a photo in which a person can be seen."
        )
    return Photo(rgb, alpha, name)


def _bytes_of(path: Path) -> bytes:
    """What is in the file; a pipe or a device would never end."""
    try:
        if path.is_dir():
            raise ConductorError(f"{path} is a folder; give the photo itself.")
        if path.exists() and not path.is_file():
            raise ConductorError(f"{path} is no file; give a photo.")
        if path.stat().st_size > MAX_BYTES:
            raise ConductorError(
                f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB; save a smaller copy as "
                "JPEG."
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ConductorError(f"The photo {path} does not exist; check the path.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConductorError(
            f"The photo {path} cannot be read ({reason}); choose another file."
        ) from error
    if not data:
        raise ConductorError(f"{path.name} is empty; choose another photo.")
    return data


def _open(data: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures on its own terms; what is too large is decided here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except UnidentifiedImageError as error:
        for start, mark, kind in _KINDS:
            if data[start:].startswith(mark):
                remedy = "save a frame of it" if kind == "a video" else "save it"
                raise ConductorError(
                    f"{name} is {kind} that cannot be read; {remedy} as JPEG first."
                ) from error
        raise ConductorError(f"{name} is not an image; give a JPEG, PNG or WebP photo.") from error
    except _DAMAGES as error:
        raise _damaged(name) from error


def _decode(image: Image.Image, name: str) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Colours (H, W, 3) and alpha (H, W), upright and no longer than `MAX_SIDE`."""
    try:
        # A JPEG is decoded straight to the smallest copy that is still large enough.
        image.draft(None, (MAX_SIDE, MAX_SIDE))
        image.load()
        profile = image.info.get("icc_profile")
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        pixels = _reduced(_eight_bits(image))
        if turn is not None:
            pixels = pixels.transpose(turn)
        alpha = None
        if "A" in pixels.getbands():
            alpha = np.asarray(pixels.getchannel("A"), np.float32) / np.float32(255.0)
            pixels = pixels.convert("RGB")
        return np.array(_to_srgb(pixels, profile), np.uint8), alpha
    except _DAMAGES as error:
        raise _damaged(name) from error


def _eight_bits(image: Image.Image) -> Image.Image:
    """The same with eight bits a channel, without a palette."""
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in ("1", "P", "RGBX", "LAB", "HSV"):
        return image.convert("RGB")
    return image


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, whole numbers or floating point, to eight bits."""
    full = 65535.0
    if image.mode in ("I", "F"):
        # Such pictures do not say what white is: the lowest usual value that holds them all.
        highest = max(float(rows[np.isfinite(rows)].max(initial=0.0)) for _, rows in _rows(image))
        usual = _WHITES if image.mode == "F" else _WHITES[1:]
        full = next((white for white in usual if highest <= white), highest)
    grey = Image.new("L", image.size)
    for top, rows in _rows(image):
        bright = np.nan_to_num(rows, posinf=full, neginf=0.0) * (255.0 / full)
        pixels = (np.clip(bright, 0.0, 255.0) + 0.5).astype(np.uint8)
        grey.paste(Image.fromarray(pixels), (0, top))
    return grey


def _rows(image: Image.Image) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """A grey picture in strips: the place of the first row, and the rows (n, W)."""
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        yield top, np.asarray(strip, np.float32)


def _reduced(image: Image.Image) -> Image.Image:
    scale = MAX_SIDE / max(image.size)
    if scale >= 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Pillow weighs colours by their alpha here: what a cut-out hides does not bleed into its edge.
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            # A profile of another kind of picture, or a broken one: the colours are taken as sRGB.
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _too_large(name: str) -> ConductorError:
    return ConductorError(
        f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels; give a smaller copy."
    )


def _damaged(name: str) -> ConductorError:
    return ConductorError(f"{name} is damaged or of a kind that cannot be read; save it as JPEG.")
