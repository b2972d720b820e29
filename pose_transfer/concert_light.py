"""How a photo is lit and taken, as far as clothes under its head must follow."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

# Linear red and blue over green of skin under neutral light: a middle of light and dark skins, set
# by eye. It only steers a small correction.
_SKIN_CAST: Final = np.array([1.62, 0.66])
_FEWEST: Final = 64
_DARK_HAIR: Final = 8.0


@dataclass(frozen=True)
class Light:
    """Light and camera of a photo.

    Parameters
    ----------
    skin : (3,) array
        Mean colour of the face as it appears, sRGB 0 to 255.
    side : float
        Where the key stands: −1 the picture's left, 0 in front, 1 its right.
    contrast : float
        0 for light from everywhere, 1 for a single hard lamp.
    cast : (3,) array
        Colour of the light, linear, mean 1.
    black : float
        sRGB level of what gives no light at all: haze, flare, faded prints.
    pixel : float
        Edge of a pixel of the photo at the head, metres; 0 for as fine as can be.
    grain : float
        Standard deviation of the photo's noise, sRGB levels.
    """

    skin: Array
    side: float = -0.4
    contrast: float = 0.45
    cast: Array = field(default_factory=lambda: np.ones(3))
    black: float = 4.0
    pixel: float = 0.0
    grain: float = 1.0


def estimate_light(
    rgb: NDArray[np.uint8], face: NDArray[np.bool_], head_height_px: float, head_height_m: float
) -> Light:
    """Read light, colours, sharpness and grain off a head.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 array
        The photo, or the part of it with the head.
    face : (h, w) bool array
        Skin of the face, without hair, eyes and beard if they can be told.
    head_height_px, head_height_m : float
        Chin to crown, in pixels of `rgb` and in metres.

    Raises
    ------
    ConductorError
        If there is hardly any face.
    """
    if int(face.sum()) < _FEWEST:
        raise ConductorError("The face is too small to match clothes to; take a larger photo.")
    linear = to_linear(rgb)
    skin = linear[face]
    bright = skin @ np.array([0.2126, 0.7152, 0.0722])
    # Highlights and brows aside.
    low, middle, high = np.percentile(bright, (12, 50, 88))
    body = skin[(bright >= low) & (bright <= high)].mean(axis=0)

    _, columns = np.nonzero(face)
    across = (columns - np.median(columns)) / max(float(np.std(columns)), 1.0)
    slope = float(np.mean(across * (bright / bright.mean() - 1.0)))
    ratio = np.array([body[0], body[2]]) / max(float(body[1]), 1e-6)
    # Only part of the deviation is the lamp's; people differ too.
    cast = np.ones(3)
    cast[[0, 2]] = np.clip((ratio / _SKIN_CAST) ** 0.25, 0.88, 1.14)
    grey = rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return Light(
        skin=from_linear(body),
        side=float(np.clip(slope / 0.16, -1.0, 1.0)),
        contrast=float(np.clip((high - low) / max(float(middle), 1e-6) / 1.5, 0.1, 1.0)),
        cast=cast / cast.mean(),
        # The darkest hair and pupils are not black themselves.
        black=float(np.clip(np.percentile(grey, 1.0) - _DARK_HAIR, 0.0, 12.0)),
        pixel=head_height_m / max(head_height_px, 1.0) * _blur(grey, face),
        grain=float(np.clip(_noise(grey, face), 0.0, 6.0)),
    )


def to_linear(rgb: NDArray) -> Array:
    """sRGB 0 to 255 to linear light 0 to 1."""
    v = np.asarray(rgb, dtype=np.float64) / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def from_linear(light: Array) -> Array:
    """Linear light to sRGB 0 to 255, not rounded."""
    v = np.clip(light, 0.0, 1.0)
    return 255.0 * np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1.0 / 2.4) - 0.055)


def _noise(grey: Array, face: NDArray[np.bool_]) -> float:
    """Standard deviation of the noise on skin (Immerkaer 1996), edges left out."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    response = np.abs(cv2.filter2D(grey, cv2.CV_64F, kernel))[face]
    return float(np.median(response) / 0.6745 / 6.0)


def _blur(grey: Array, face: NDArray[np.bool_]) -> float:
    """How many pixels an edge takes: 1 in a sharp photo, more in one that was enlarged."""
    grown = cv2.dilate(face.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    fine = np.abs(cv2.Laplacian(grey, cv2.CV_64F))[grown]
    coarse = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.5), cv2.CV_64F))[grown]
    # On a step edge blurred by s the second derivative falls as 1 / (s² + σ²).
    strong = np.percentile(fine, 98) / max(float(np.percentile(coarse, 98)), 1e-6)
    return float(np.clip(1.5 / np.sqrt(max(float(strong) - 1.0, 0.1)), 1.0, 4.0))
