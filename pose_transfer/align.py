"""Alignment: where the surface of a drawn person is seen in a picture of the real one."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.camera import Camera
from retarget.character import SOLID, Character
from retarget.rotation import Array

from .coverage import CoverageRenderer
from .fit import BodyFit
from .gl_context import OffScreen
from .markers import Markers
from .track import Sights

Frame = NDArray[np.uint8]

# Points lie so far apart, shoulder breadths.
_SPACING: Final = 0.08
# A picture's noise and what the drawing's light is off, 8-bit levels.
_NOISE: Final = 12.0
# Neighbourhood whose contrast counts, shoulder breadths, and of how many pixels one speaks.
_WINDOW: Final = 0.035
# Flow is not surer than this, pixels; further than this, shoulder breadths, it has lost its way.
_SUREST_PX: Final = 0.35
_FARTHEST: Final = 0.22
# The flow needs so many pixels a side.
_LEAST_PX: Final = 48
# Forward and backward flow agree so well, pixels.
_AGREE_PX: Final = 1.0


class Aligner(OffScreen):
    """Looks for a character's surface in pictures.

    Parameters
    ----------
    first : BodyFit
        The character's bind pose.
    character : Character
    across : float
        Shoulder breadth, pixels.
    """

    def __init__(self, first: BodyFit, character: Character, across: float) -> None:
        self._first, self._character, self._across = first, character, across
        self._camera: Camera = character.camera
        self._faces = character.faces[character.kinds == SOLID]
        self._renderer = CoverageRenderer(self._camera.size)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def release(self) -> None:
        self._renderer.release()

    def look(
        self, matrices: NDArray[np.float32], drawn: Frame, frame: Frame, fine: bool = True
    ) -> Sights:
        """Where points of the surface are in a frame.

        Parameters
        ----------
        matrices : (B + 1, 3, 4) array
            Of the bones, as `drawn` has them.
        drawn : (H, W, 3) uint8 array
            The character in that pose.
        frame : (H, W, 3) uint8 array
            What is seen.
        fine : bool
            Whether to look at every pixel; at every other one is four times as fast.
        """
        character = self._character
        index = character.weight_bones
        weights = character.weights.astype(np.float64)
        blended = np.einsum("vk,vkij->vij", weights, matrices.astype(np.float64)[index])
        places = np.einsum("vij,vj->vi", blended[:, :, :3], character.vertices)
        pixels = self._camera.to_pixels(places + blended[:, :, 3])
        chosen = self._choose(pixels)
        at = pixels[chosen, :2]
        ours, theirs = (
            np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
            for picture in (drawn, frame)
        )
        self._flow.setFinestScale(0 if fine else 1)
        window = self._around(pixels)
        forward, backward = np.zeros((2, *ours.shape, 2), np.float32)
        for flow, pair in ((forward, (ours, theirs)), (backward, (theirs, ours))):
            a, b = (np.ascontiguousarray(picture[window]) for picture in pair)
            flow[window] = self._flow.calc(a, b, np.zeros((*a.shape, 2), np.float32))
        away = _sample(forward, at)
        apart = np.linalg.norm(away + _sample(backward, at + away), axis=1)
        far = np.linalg.norm(away, axis=1)
        good = (apart < _AGREE_PX) & (far < _FARTHEST * self._across)
        sharpness = self._sharpness(ours, theirs, at, away)
        height, width = ours.shape
        inside = ((at > 2) & (at < np.array([width, height]) - 3)).all(axis=1)
        use = good & inside
        rows = chosen[use]
        bones = np.minimum(index[rows].astype(np.int64), len(self._first.positions) - 1)
        markers = Markers.fixed(
            self._first, character.vertices[rows].astype(np.float64), bones, weights[rows]
        )
        return Sights(markers, at[use] + away[use], sharpness[use])

    def _around(self, pixels: Array) -> tuple[slice, slice]:
        """Rows and columns in which the person is and flow may lead to."""
        width, height = self._camera.size
        reach = 1.5 * _FARTHEST * self._across
        low = np.maximum(pixels[:, :2].min(axis=0) - reach, 0.0).astype(int)
        high = np.minimum(pixels[:, :2].max(axis=0) + reach, [width, height]).astype(int)
        if (high - low).min() < _LEAST_PX:
            return slice(None), slice(None)
        return slice(low[1], high[1]), slice(low[0], high[0])

    def _choose(self, pixels: Array) -> NDArray[np.int64]:
        """Vertices in sight, spread evenly over the picture."""
        cover = self._renderer.draw(pixels, self._faces)
        step = max(2, round(_SPACING * self._across))
        face = cover.face[step // 2 :: step, step // 2 :: step]
        return np.unique(self._faces[face[face >= 0], 0]).astype(np.int64)

    def _sharpness(self, ours: Frame, theirs: Frame, at: Array, flow: Array) -> Array:
        """Square roots (M, 2, 2) of how much the contrast around points says about their offset."""
        grey = ours.astype(np.float32)
        x, y = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
        sigma = max(1.0, _WINDOW * self._across)
        tensor = np.stack([x * x, x * y, y * y], axis=-1)
        tensor = cv2.GaussianBlur(tensor, (0, 0), sigma)
        xx, xy, yy = _sample(tensor, at).T
        # What is left after the flow is light or something else altogether.
        mine = _sample(cv2.GaussianBlur(grey, (0, 0), sigma)[..., None], at)[:, 0]
        seen = cv2.GaussianBlur(theirs.astype(np.float32), (0, 0), sigma)[..., None]
        off = _sample(seen, at + flow)[:, 0] - mine
        noise = _NOISE * np.sqrt(1.0 + (off / _NOISE) ** 2)
        matrix = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2).astype(np.float64)
        values, vectors = np.linalg.eigh(matrix)
        root = np.sqrt(np.maximum(values, 0.0)) / noise[:, None]
        root = root / np.sqrt(1.0 + (root * _SUREST_PX) ** 2)
        return np.asarray(root[:, :, None] * np.swapaxes(vectors, 1, 2))


def _sample(field: NDArray, at: Array) -> Array:
    """Values (M, C) of a picture (H, W, C) at pixel positions (M, 2)."""
    x, y = (np.ascontiguousarray(at[:, None, i], np.float32) for i in range(2))
    values = cv2.remap(np.ascontiguousarray(field, np.float32), x, y, cv2.INTER_LINEAR,
                       borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.asarray(values.reshape(len(at), -1), np.float64)
