"""Places on MediaPipe's face mesh."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

# The oval round the face, from the forehead on, the person's left first.
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
FOREHEAD, CHIN, NOSE = 10, 152, 1
EARS: Final = (234, 454)
COUNT: Final = 468
"""Points of the surface; those after them are the irises."""


def face_width(face: Array) -> float:
    """Width of the face from ear to ear in pixels, however it is turned; `face` is (478, 3)."""
    return float(np.linalg.norm(face[EARS[0]] - face[EARS[1]]))


def oval_mask(face: Array, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels within the face's oval, (H, W)."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(face[list(OVAL), :2]).astype(np.int32)], (1,))
    return mask > 0
