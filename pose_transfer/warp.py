"""Layers drawn where a frame has them: coarse inverse maps, refined and looked up by OpenCV."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .parts import Layer
from .sheet import FINENESS


@dataclass(frozen=True)
class Tile:
    """A drawn layer: premultiplied RGBA (h, w, 4) with its upper left corner in the picture."""

    pixels: NDArray[np.uint8]
    x: int
    y: int


def draw_layer(
    layer: Layer,
    bounds: tuple[float, float, float, float],
    size: tuple[int, int],
    source: Callable[[Array], Array],
    step: int,
) -> Tile | None:
    """Draw a layer.

    Parameters
    ----------
    layer : Layer
    bounds : (float, float, float, float)
        Left, top, right, bottom of the part of the picture it can reach.
    size : (int, int)
        Width and height of the picture.
    source : callable
        Picture points (..., 2) to the points of the photo seen there.
    step : int
        Pixels between the points at which `source` is asked. In between the map is linear, so
        that what moves rigidly stays rigid.

    Returns
    -------
    Tile or None
        None if nothing of it is inside the picture.
    """
    x0, y0 = max(0, int(np.floor(bounds[0]))), max(0, int(np.floor(bounds[1])))
    x1, y1 = min(size[0], int(np.ceil(bounds[2])) + 1), min(size[1], int(np.ceil(bounds[3])) + 1)
    if x0 >= x1 or y0 >= y1:
        return None
    columns, rows = -(-(x1 - x0) // step), -(-(y1 - y0) // step)
    # resize() puts node k at pixel (k + ½)·step − ½; one node more on each side keeps its clamping
    # outside the tile.
    xs = x0 + (np.arange(-1, columns + 1) + 0.5) * step - 0.5
    ys = y0 + (np.arange(-1, rows + 1) + 0.5) * step - 0.5
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1)
    coarse = (source(nodes) * FINENESS + layer.offset).astype(np.float32)
    fine = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)[
        step : step + y1 - y0, step : step + x1 - x0
    ]
    pixels = cv2.remap(layer.texture, fine[..., 0], fine[..., 1], cv2.INTER_LINEAR)
    return Tile(np.asarray(pixels, np.uint8), x0, y0)


LIMB_STEP: Final = 3
BODY_STEP: Final = 8
