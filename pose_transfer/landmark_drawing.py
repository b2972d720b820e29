"""Landmarks drawn over the photo, for looking them through."""

from typing import Final

import cv2
import numpy as np

from retarget.rotation import Array

from .detectors import Image
from .face_landmarks import EYE_LEFT, EYE_RIGHT, LIPS
from .face_mesh import OVAL
from .landmarks import Landmarks

# The person's left is orange, the right blue, what lies between white; of what cannot be seen only
# a thin grey is left.
_COLOURS: Final = {"L": (255, 150, 30), "R": (40, 150, 255), "": (255, 255, 255)}
_HEAD: Final = ("eye", "mouth", "nose")
_UNSEEN: Final = (150, 150, 150)
_SEEN: Final = 0.5
_LINES: Final = (
    ("upper_arm.L", "upper_arm.R"),
    ("thigh.L", "thigh.R"),
    *(
        (f"{a}.{side}", f"{b}.{side}")
        for side in "LR"
        for a, b in (
            ("upper_arm", "forearm"),
            ("forearm", "hand"),
            ("hand", "thumb"),
            ("hand", "index"),
            ("hand", "little"),
            ("index", "little"),
            ("upper_arm", "thigh"),
            ("thigh", "shin"),
            ("shin", "foot"),
            ("foot", "heel"),
            ("heel", "toe"),
            ("foot", "toe"),
        )
    ),
)
# Chains of the hand's points: the fingers, and the palm along their roots.
_FINGERS: Final = (
    (0, 1, 2, 3, 4),
    (0, 5, 6, 7, 8),
    (9, 10, 11, 12),
    (13, 14, 15, 16),
    (0, 17, 18, 19, 20),
    (5, 9, 13, 17),
)
# Line width over the longer side of the photo.
_WIDTH: Final = 1.0 / 700.0
# Positions are handed over in sixteenths of a pixel.
_SHIFT: Final = 4


def draw_landmarks(rgb: Image, landmarks: Landmarks) -> Image:
    """The photo with the joints, hands and face of a person in thin lines.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    landmarks : Landmarks

    Returns
    -------
    (H, W, 3) uint8 array
    """
    picture = rgb.copy()
    width = max(1, round(max(rgb.shape[:2]) * _WIDTH))
    if landmarks.face is not None:
        for outline, side in ((OVAL, ""), (LIPS, ""), (EYE_LEFT, "L"), (EYE_RIGHT, "R")):
            closed = landmarks.face[[*outline, outline[0]]]
            _path(picture, closed, _COLOURS[side], 1, under=False)
    for a, b in _LINES:
        if a not in landmarks.points or b not in landmarks.points:
            continue
        seen = min(landmarks.visibility[a], landmarks.visibility[b]) >= _SEEN
        side = a[-1] if a[-1] == b[-1] else ""
        ends = np.array([landmarks.points[a], landmarks.points[b]])
        _path(picture, ends, _COLOURS[side] if seen else _UNSEEN, width if seen else 1)
    for side, hand in landmarks.hands.items():
        for chain in _FINGERS:
            _path(picture, hand[list(chain)], _COLOURS[side], width)
    for key, point in landmarks.points.items():
        if landmarks.visibility[key] >= _SEEN and not key.startswith(_HEAD):
            _dot(picture, point, _COLOURS[key[-1] if "." in key else ""], 1.8 * width)
    return picture


def _path(
    picture: Image,
    points: Array,
    colour: tuple[int, int, int],
    width: int,
    *,
    under: bool = True,
) -> None:
    """A line along points (N, 2) or (N, 3), dark under it so that it shows on any ground."""
    scaled = np.round(points[:, :2] * 2**_SHIFT).astype(np.int32)
    if under:
        cv2.polylines(picture, [scaled], False, (30, 30, 30), width + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, [scaled], False, colour, width, cv2.LINE_AA, _SHIFT)


def _dot(picture: Image, point: Array, colour: tuple[int, int, int], radius: float) -> None:
    x, y = np.round(point[:2] * 2**_SHIFT).astype(int).tolist()
    reach = round(radius * 2**_SHIFT)
    cv2.circle(picture, (x, y), reach, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
