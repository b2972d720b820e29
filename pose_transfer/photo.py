"""Reading the photo: any common image file to 8-bit RGB and, where it has one, its alpha."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError

MAX_SIDE: Final = 2048
"""Longest side of the working copy in pixels; no output is larger than 1280."""

MIN_SIDE: Final = 128
"""Shortest side a photo may have in pixels."""

# Less than this share of transparent pixels is a stray alpha channel, not a cut-out.
_MIN_TRANSPARENT = 0.02


@dataclass(frozen=True)
class Photo:
    """A decoded photo, upright.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        Colours, not premultiplied.
    alpha : (H, W) float32 array, or None
        The user's own matte in [0, 1], where the file carries one.
    name : str
        File name, for messages.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32] | None
    name: str


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Decode JPEG, PNG, WebP, TIFF or BMP; 8 or 16 bits, grey or colour, turned as EXIF says.

    Raises
    ------
    ConductorError
        If it is missing, empty, no image, or too small to show a person.
    """
    name = Path(path).name
    try:
        data = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except FileNotFoundError as error:
        raise ConductorError(f"The photo {path} does not exist; check the path.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConductorError(
            f"The photo {path} cannot be read ({reason}); choose another file."
        ) from error
    if data.size == 0:
        raise ConductorError(f"{name} is empty; choose another photo.")
    pixels = _decode(data)
    if pixels is None:
        raise ConductorError(f"{name} is not an image; give a JPEG, PNG or WebP photo.")
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ConductorError(
            f"{name} is only {width}×{height} pixels; give a photo of at least "
            f"{MIN_SIDE} pixels on each side."
        )
    scale = MAX_SIDE / max(height, width)
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    rgb = np.ascontiguousarray(pixels[..., 2::-1])
    alpha = None
    if pixels.shape[2] == 4:
        matte = pixels[..., 3].astype(np.float32) / 255.0
        if float((matte < 0.5).mean()) >= _MIN_TRANSPARENT:
            alpha = matte
    return Photo(rgb, alpha, name)


def _decode(data: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """BGR or BGRA, 8 bits; None where OpenCV knows no such image."""
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if pixels is None:
            return None
        if pixels.ndim == 2 or pixels.shape[2] == 3:
            # Only this mode turns the picture as its EXIF tag says; it drops alpha.
            pixels = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        return None
    if pixels.dtype == np.uint16:
        pixels = (pixels / 257.0 + 0.5).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = (np.clip(np.nan_to_num(pixels), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return np.asarray(pixels, np.uint8)
