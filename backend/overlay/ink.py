"""Smooth lines, discs and letters on a frame, at fractions of a pixel."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from backend.overlay.colours import DARK, Colour

Frame = NDArray[np.uint8]
_Mask = NDArray[np.uint8]

# Shapes are drawn this many times as large and then reduced.
_FINER: Final = 4
# Bits of the fraction of coordinates, for OpenCV.
_SHIFT: Final = 4
_FURTHEST: Final = 2**24
# Letters are emboldened by this share of their size.
_BOLDER: Final = 0.02
_HALO: Final = 0.42


class Ink:
    """Draws on one frame; coordinates are pixels from the corner of the picture, y down.

    Parameters
    ----------
    frame : (H, W, 3) or (H, W, 4) uint8 array
        RGB, or RGBA with straight alpha; it is drawn upon.
    halo : float
        Radius of the dark seam around what is drawn, pixels; 0 for none.
    """

    def __init__(self, frame: Frame, halo: float = 0.0) -> None:
        self.frame = frame
        self._halo = halo

    def stroke(
        self,
        points: ArrayLike,
        width: ArrayLike,
        colour: Colour,
        opacity: ArrayLike = 1.0,
    ) -> None:
        """A line through points (N, 2) with round ends.

        Width in pixels and opacity in [0, 1] are for the whole, or (N,) at the points; what comes
        later lies on top. Nothing is drawn to or from points that are not finite.
        """
        places = np.asarray(points, dtype=np.float64)
        widths = np.broadcast_to(np.asarray(width, dtype=np.float64), len(places))
        values = np.round(255.0 * np.broadcast_to(opacity, len(places))).astype(int)
        there = np.isfinite(places).all(axis=1)
        if not there.any():
            return

        def paint(mask: _Mask, origin: NDArray[np.float64]) -> None:
            at = _fixed(places, origin)
            for i in range(1, len(places)):
                if there[i - 1] and there[i]:
                    thickness = max(1, round(_FINER * float(widths[i])))
                    value = [float(values[i])]
                    cv2.line(mask, at[i - 1], at[i], value, thickness, shift=_SHIFT)

        self._lay(places[there], widths[there].max() / 2.0, paint, colour)

    def dots(
        self, points: ArrayLike, radius: ArrayLike, colour: Colour, opacity: ArrayLike = 1.0
    ) -> None:
        """Discs around points (N, 2); radius in pixels and opacity as in `stroke`."""
        self._round(points, radius, colour, opacity, None)

    def rings(
        self,
        points: ArrayLike,
        radius: ArrayLike,
        width: float,
        colour: Colour,
        opacity: ArrayLike = 1.0,
    ) -> None:
        """Circles around points (N, 2), with lines of `width` pixels."""
        self._round(points, radius, colour, opacity, width)

    def plate(
        self, box: tuple[float, float, float, float], radius: float, colour: Colour, opacity: float
    ) -> None:
        """A rectangle (left, top, right, bottom) with round corners, filled, without a seam."""
        left, top, right, bottom = box
        corners = np.array([[left, top], [right, bottom]])

        def paint(mask: _Mask, origin: NDArray[np.float64]) -> None:
            (x0, y0), (x1, y1) = np.round((corners - origin) * _FINER).tolist()
            drawn = Image.new("L", (mask.shape[1], mask.shape[0]))
            ImageDraw.Draw(drawn).rounded_rectangle(
                (x0, y0, x1 - 1, y1 - 1), radius * _FINER, fill=round(255 * opacity)
            )
            mask[:] = np.asarray(drawn)

        self._lay(corners, 0.0, paint, colour, halo=0.0)

    def text(
        self,
        at: tuple[float, float],
        words: str,
        size: float,
        colour: Colour,
        *,
        anchor: str = "mm",
        opacity: float = 1.0,
    ) -> None:
        """Letters of `size` pixels at a place; anchors are Pillow's ("mm": in the middle)."""
        font = _font(round(size * _FINER))
        bold = round(size * _FINER * _BOLDER)

        def paint(mask: _Mask, origin: NDArray[np.float64]) -> None:
            drawn = Image.new("L", (mask.shape[1], mask.shape[0]))
            x, y = (np.asarray(at) - origin) * _FINER
            pen = ImageDraw.Draw(drawn)
            grey = round(255 * opacity)
            pen.text((x, y), words, fill=grey, font=font, anchor=anchor, stroke_width=bold)
            mask[:] = np.asarray(drawn)

        box = np.array(font.getbbox(words, anchor=anchor, stroke_width=bold)) / _FINER
        self._lay(np.asarray(at) + box.reshape(2, 2), 0.0, paint, colour)

    def _round(
        self,
        points: ArrayLike,
        radius: ArrayLike,
        colour: Colour,
        opacity: ArrayLike,
        width: float | None,
    ) -> None:
        places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        radii = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(places))
        values = np.round(255.0 * np.broadcast_to(opacity, len(places))).astype(int)
        there = np.isfinite(places).all(axis=1) & (values > 0)
        if not there.any():
            return
        thickness = -1 if width is None else max(1, round(_FINER * width))

        def paint(mask: _Mask, origin: NDArray[np.float64]) -> None:
            at = _fixed(places, origin)
            for i in np.flatnonzero(there).tolist():
                size = round(float(radii[i]) * _FINER * 2**_SHIFT)
                value = [float(values[i])]
                cv2.circle(mask, at[i], size, value, thickness, cv2.LINE_AA, _SHIFT)

        self._lay(places[there], radii[there].max() + (width or 0.0), paint, colour)

    def _lay(
        self,
        points: NDArray[np.float64],
        reach: float,
        paint: Callable[[_Mask, NDArray[np.float64]], None],
        colour: Colour,
        halo: float | None = None,
    ) -> None:
        """Paint a mask over the box of some points and lay a colour through it."""
        halo = self._halo if halo is None else halo
        margin = reach + 3.0 * halo + 2.0
        height, width = self.frame.shape[:2]
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + margin), 0, (width, height)).astype(int)
        (x0, y0), (x1, y1) = low, high
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros(((y1 - y0) * _FINER, (x1 - x0) * _FINER), np.uint8)
        paint(mask, low.astype(np.float64))
        cover = cv2.resize(mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        share = cover.astype(np.float32) / np.float32(255.0)
        area = self.frame[y0:y1, x0:x1]
        if halo > 0.0:
            wider = cv2.GaussianBlur(cv2.dilate(share, _disc(round(halo))), (0, 0), halo)
            # Squared, so that what fades does not leave a stain.
            _over(area, DARK, wider * wider * np.float32(_HALO))
        _over(area, colour, share)


def unit_of(size: tuple[int, int]) -> float:
    """How many pixels a pixel of a 640 × 360 picture is in one of another size and shape."""
    return float(np.sqrt(size[0] * size[1] / (640.0 * 360.0)))


def text_width(words: str, size: float) -> float:
    """Pixels that `Ink.text` needs across."""
    return float(_font(round(size * _FINER)).getlength(words)) / _FINER


def _over(area: Frame, colour: Colour, share: NDArray[np.float32]) -> None:
    """Lay a colour over an area, RGB or RGBA with straight alpha, by shares (h, w)."""
    if area.shape[2] == 3:
        plain = np.full(area.shape, colour, np.uint8)
        area[:] = cv2.blendLinear(plain, area, share, np.float32(1.0) - share)
        return
    below = area[..., :3].astype(np.float32)
    ink = np.array(colour, np.float32)
    over = share[..., None]
    alpha = area[..., 3:].astype(np.float32) / np.float32(255.0)
    whole = over + alpha * (1.0 - over)
    mixed = (over * ink + (1.0 - over) * alpha * below) / np.maximum(whole, np.float32(1e-6))
    area[..., :3] = np.where(over > 0.0, np.rint(mixed), below)
    area[..., 3:] = np.rint(whole * np.float32(255.0))


def _fixed(points: NDArray[np.float64], origin: NDArray[np.float64]) -> Sequence[tuple[int, int]]:
    """Places in the larger mask as OpenCV takes them: whole numbers of 1/16, pixel middles at 0."""
    fine = ((points - origin) * _FINER - 0.5) * 2**_SHIFT
    whole = np.clip(np.nan_to_num(np.rint(fine)), -_FURTHEST, _FURTHEST).astype(int)
    return [(int(x), int(y)) for x, y in whole]


@lru_cache(maxsize=128)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(max(size, 4))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=16)
def _disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
