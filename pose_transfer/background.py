"""What is behind the person in the photo: where they stood, it is filled in."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .fill import Mask, Picture, fill_hole
from .stains import find_stains

Image = NDArray[np.uint8]

# Holes are filled on a copy of this size, which is as much as their content can be guessed.
_FILL_SIDE: Final = 360
# How far the hole reaches past the matte's faintest edge, as a share of the person's height.
_GROWTH: Final = 0.010
# Sharpness copied from the sources into the hole; a little soft, a guess looks like depth of field.
_DETAIL: Final = 0.8


def clean_background(
    rgb: Image,
    matte: NDArray[np.float32],
    person_height: float,
    *,
    ankles: float | None = None,
) -> Image:
    """Remove the person and the shadow they cast on a plain wall.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    matte : (H, W) float32 array
        The person in [0, 1].
    person_height : float
        Height of the person in pixels.
    ankles : float, optional
        Height (y) of the ankles if the feet are seen; the shadow they stand on then stays.

    Returns
    -------
    (H, W, 3) uint8 array
        Equal to the photo away from the person. The same input gives the same output.
    """
    radius = max(2, round(_GROWTH * person_height))
    hole = _grown(matte > 0.02, radius)
    if not hole.any():
        return rgb
    scale = min(1.0, _FILL_SIDE / max(hole.shape))
    size = max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    floor = None if ankles is None else ankles * scale
    stains = find_stains(small, _shrunk(hole, size), person_height * scale, floor)
    if stains.any():
        enlarged = cv2.resize(stains.astype(np.float32), hole.shape[::-1])
        hole |= enlarged > 0.25
    filled, source = fill_hole(small, _grown(_shrunk(hole, size), 1))
    guess = _enlarged(rgb, small, filled, source)
    # The fill comes in over the hole's own rim, which lies outside the person.
    near = cv2.blur(hole.astype(np.float32), (radius | 1, radius | 1))
    inner = np.clip(near * 2.0 - 1.0, 0.0, 1.0)[..., None]
    out = rgb + (guess - rgb) * inner
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def _enlarged(rgb: Image, small: Picture, filled: Picture, source: NDArray[np.int32]) -> Picture:
    """The small fill at the photo's size, with the fine detail of where its pixels came from."""
    height, width = rgb.shape[:2]
    size = (width, height)
    large = np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC), np.float32)
    detail = rgb - np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.float32)
    h, w = small.shape[:2]
    rows, columns = np.mgrid[:h, :w]
    offset = (source - np.stack([columns, rows], axis=-1)) * np.array([width / w, height / h])
    offset = cv2.resize(offset.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    taken = cv2.remap(
        detail,
        np.rint(columns + offset[..., 0]),
        np.rint(rows + offset[..., 1]),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    noise = np.random.default_rng(0).normal(0.0, 0.5, (height, width, 1)).astype(np.float32)
    return np.asarray(large + _DETAIL * taken + noise, np.float32)


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    """A smaller mask, set wherever the large one is touched."""
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0)


def _grown(mask: Mask, radius: int) -> Mask:
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(away <= radius)
