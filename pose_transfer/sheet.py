"""The photo resampled to the picture it will be drawn in, a little finer than that picture."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .subject import Subject

FINENESS: Final = 1.5
"""Texture pixels per output pixel: linear lookups then neither blur nor shimmer visibly."""

# Texture beyond each edge of the picture, as a share of its longer side: what sways into view.
_MARGIN: Final = 0.06


@dataclass(frozen=True)
class Sheet:
    """The person as texture.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The person's own colours, not premultiplied.
    matte : (H, W) float32 array
        The person in [0, 1].
    offset : (2,) array
        Texture pixel of the picture's pixel (0, 0): texture = FINENESS · picture + offset.
    """

    rgb: NDArray[np.uint8]
    matte: NDArray[np.float32]
    offset: Array

    def at(self, points: Array) -> Array:
        """Picture points (..., 2) to texture points."""
        return points * FINENESS + self.offset

    def mirrored(self) -> "Sheet":
        """The sheet seen in a mirror."""
        return replace(
            self,
            rgb=np.ascontiguousarray(self.rgb[:, ::-1]),
            matte=np.ascontiguousarray(self.matte[:, ::-1]),
        )

    def mirrored_points(self, points: Array) -> Array:
        """Where picture points (..., 2) of this sheet are on the mirrored one."""
        texture = self.at(points)
        texture[..., 0] = self.matte.shape[1] - 1 - texture[..., 0]
        return (texture - self.offset) / FINENESS


def make_sheet(subject: Subject, scale: float, shift: Array, size: tuple[int, int]) -> Sheet:
    """Resample the person to a picture of `size` (width, height), picture = scale · photo + shift.

    Where the lower edge of the photo cuts the body, its last row goes on below, so that no gap
    opens when the body sways up.
    """
    margin = round(_MARGIN * max(size))
    factor = scale * FINENESS
    offset = np.full(2, FINENESS * (margin + 0.5) - 0.5)
    texture_shift = FINENESS * shift + offset
    width, height = (round((n + 2 * margin) * FINENESS) for n in size)
    extra = 0 if subject.feet_seen else round(0.15 * subject.size[1])
    layers = []
    for image in (subject.foreground, subject.matte):
        extended = cv2.copyMakeBorder(image, 0, extra, 0, 0, cv2.BORDER_REPLICATE)
        layers.append(resample(extended, factor, texture_shift, (width, height)))
    return Sheet(layers[0], np.clip(layers[1], 0.0, 1.0), offset)


def resample(
    image: NDArray, scale: float, shift: Array, size: tuple[int, int], border: int | None = None
) -> NDArray:
    """Scale and shift an image: out = scale · in + shift, without aliasing.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array
    scale, shift : float, (2,) array
        In pixel centres at whole numbers.
    size : (int, int)
        Width and height of the result.
    border : int, optional
        OpenCV's border mode; empty unless given.
    """
    factors = np.full(2, scale)
    shift = np.asarray(shift, dtype=np.float64)
    if scale < 1.0:
        height, width = image.shape[:2]
        small = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        done = np.array([small[0] / width, small[1] / height])
        factors = scale / done
        # (p + ½)·done − ½ is where the smaller copy holds pixel p.
        shift = shift + scale * (0.5 / done - 0.5)
    matrix = np.array([[factors[0], 0.0, shift[0]], [0.0, factors[1], shift[1]]])
    mode = cv2.BORDER_CONSTANT if border is None else border
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=mode)
