"""Layers over a background, premultiplied, with the soft shadow of the arms on the body."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .warp import Tile

Image = NDArray[np.uint8]

_SHADOW: Final = 0.30
_FOLD_SHADOW: Final = 0.24
# Blur and fall of the shadow as shares of the shoulder width.
_SHADOW_BLUR: Final = 0.07
_SHADOW_FALL: Final = 0.05


def over(picture: Image, tile: Tile) -> None:
    """Lay a tile over the picture (H, W, 3), in place."""
    height, width = tile.pixels.shape[:2]
    place = picture[tile.y : tile.y + height, tile.x : tile.x + width]
    rgb, alpha = tile.pixels[..., :3], tile.pixels[..., 3]
    rest = cv2.merge([cv2.bitwise_not(alpha)] * 3)
    place[...] = cv2.add(cv2.multiply(place, rest, scale=1.0 / 255.0), rgb)


def shade(body: Tile, shadow: Image, still: Image) -> Tile:
    """The body tile, darkened where arms throw a shadow they do not throw in the photo.

    Parameters
    ----------
    body : Tile
    shadow, still : (H, W) uint8 arrays
        Shadows over the whole picture: of this frame, and of the arms as they are in the photo,
        which contains those already.
    """
    height, width = body.pixels.shape[:2]
    place = slice(body.y, body.y + height), slice(body.x, body.x + width)
    return _darkened(body, np.asarray(cv2.subtract(shadow[place], still[place])), _SHADOW)


def shade_fold(under: Tile, above: Sequence[Tile], across: float, share: float) -> Tile:
    """An arm's tile, darkened at the bend by what lies folded over it.

    Parameters
    ----------
    under : Tile
    above : sequence of Tile
    across : float
        Shoulder width in pixels.
    share : float
        How far the arm is folded, [0, 1]; straight as in the photo, nothing changes.
    """
    height, width = under.pixels.shape[:2]
    placed = [Tile(tile.pixels, tile.x - under.x, tile.y - under.y) for tile in above]
    shadow = soft_shadow(placed, (width, height), 0.7 * across)
    return _darkened(under, shadow, _FOLD_SHADOW * share)


def _darkened(tile: Tile, shadow: Image, strength: float) -> Tile:
    light = cv2.convertScaleAbs(shadow, alpha=-strength, beta=255.0)
    shaded = cv2.multiply(
        tile.pixels, cv2.merge([light, light, light, np.full_like(light, 255)]), scale=1.0 / 255.0
    )
    return Tile(np.asarray(shaded, np.uint8), tile.x, tile.y)


def soft_shadow(arms: Sequence[Tile], size: tuple[int, int], across: float) -> Image:
    """The soft shadow that arms throw on what is close behind them.

    Parameters
    ----------
    arms : sequence of Tile
    size : (int, int)
        Width and height of the picture.
    across : float
        Shoulder width in pixels, which sets the shadow's size.

    Returns
    -------
    (H, W) uint8 array
        0 lit to 255 in full shadow.
    """
    width, height = size
    cover = np.zeros((height, width), np.uint8)
    fall = round(_SHADOW_FALL * across)
    for arm in arms:
        h, w = arm.pixels.shape[:2]
        x, y = arm.x, arm.y + fall
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x0 < x1 and y0 < y1:
            part = arm.pixels[y0 - y : y1 - y, x0 - x : x1 - x, 3]
            np.maximum(cover[y0:y1, x0:x1], part, out=cover[y0:y1, x0:x1])
    # The shadow has no detail: a quarter of the size is enough.
    small = cv2.resize(cover, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.6, _SHADOW_BLUR * across / 4))
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)
