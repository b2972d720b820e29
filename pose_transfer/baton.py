"""The baton, drawn: a light tapering shaft and a cork handle, antialiased."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .warp import Tile

# Metres. Shafts are 3 mm at the handle and 1 mm at the tip; drawn true they vanish in a video.
_SHAFT_AT_HANDLE_M: Final = 0.0055
_SHAFT_AT_TIP_M: Final = 0.0025
_THINNEST_PX: Final = 1.1
_HANDLE_M: Final = 0.055
_HANDLE_THICK_M: Final = 0.020
_SHAFT_RGB: Final = (244, 240, 230)
_HANDLE_RGB: Final = (96, 66, 44)
_FINER: Final = 4


def draw_baton(grip: Array, tip: Array, scale: float, size: tuple[int, int]) -> Tile | None:
    """Draw the baton.

    Parameters
    ----------
    grip, tip : (2,) arrays
        Where it is held and where it ends, picture pixels.
    scale : float
        Pixels per metre at the hand.
    size : (int, int)
        Width and height of the picture.

    Returns
    -------
    Tile or None
        None if nothing of it is inside the picture.
    """
    pad = _HANDLE_M * scale + 2.0
    low = np.maximum(np.floor(np.minimum(grip, tip) - pad), 0.0).astype(int)
    high = np.minimum(np.ceil(np.maximum(grip, tip) + pad), np.array(size)).astype(int)
    if (low >= high).any():
        return None
    width, height = (int(n) for n in high - low)
    vector = tip - grip
    length = float(np.linalg.norm(vector))
    along = vector / length if length > 1e-3 else np.array([0.0, -1.0])
    across = np.array([-along[1], along[0]])
    thick = max(_SHAFT_AT_HANDLE_M * scale, _THINNEST_PX) / 2
    thin = max(_SHAFT_AT_TIP_M * scale, 0.75 * _THINNEST_PX) / 2
    shaft = np.array(
        [
            grip + across * thick,
            grip - across * thick,
            tip - across * thin,
            tip + across * thin,
        ]
    )
    angles = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    # A pear: fuller at the end that lies in the palm.
    swell = _HANDLE_THICK_M / 2 * (1.0 - 0.35 * np.cos(angles))
    handle = (
        grip
        + np.cos(angles)[:, None] * along * (_HANDLE_M / 2 * scale * min(1.0, length / pad))
        + (np.sin(angles) * swell)[:, None] * across * scale
    )
    pixels = np.zeros((height, width, 4), np.float32)
    for shape, colour in ((shaft, _SHAFT_RGB), (handle, _HANDLE_RGB)):
        cover = _coverage(shape - low, (width, height))[..., None]
        rgba = np.array([*colour, 255.0], np.float32)
        pixels = pixels * (1.0 - cover) + cover * rgba
    return Tile(np.clip(pixels + 0.5, 0.0, 255.0).astype(np.uint8), int(low[0]), int(low[1]))


def _coverage(corners: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    """Share of each pixel that a convex shape covers."""
    width, height = size
    mask = np.zeros((height * _FINER, width * _FINER), np.uint8)
    # fillConvexPoly takes fixed-point numbers; pixel centres are at whole numbers there too.
    fixed = np.round(((corners + 0.5) * _FINER - 0.5) * 16.0).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, (255,), cv2.LINE_AA, shift=4)
    return cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
