"""Where the joints of the photographed person are (MediaPipe Pose and Face Detection)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

# BlazePose's numbering; its left is the person's left, as ours is.
_POINTS: Final[dict[str, int]] = {
    "nose": 0,
    "eye.L": 2,
    "eye.R": 5,
    "ear.L": 7,
    "ear.R": 8,
    "mouth.L": 9,
    "mouth.R": 10,
    "upper_arm.L": 11,
    "upper_arm.R": 12,
    "forearm.L": 13,
    "forearm.R": 14,
    "hand.L": 15,
    "hand.R": 16,
    "little.L": 17,
    "little.R": 18,
    "index.L": 19,
    "index.R": 20,
    "thigh.L": 23,
    "thigh.R": 24,
    "shin.L": 25,
    "shin.R": 26,
    "foot.L": 27,
    "foot.R": 28,
}

_MIN_FACE_SCORE: Final = 0.5
# Another face at least this share of the main one's width makes the choice unclear.
_RIVAL: Final = 0.6
# Faces smaller than this share are passers-by or pictures on the wall.
_MINOR: Final = 0.25
_MIN_PERSON_PX: Final = 96
# A photo this many times as long as it is broad is long.
_LONG: Final = 1.25


@dataclass(frozen=True)
class Landmarks:
    """Named points of one person.

    Parameters
    ----------
    points : dict of str to (2,) array
        Pixel positions (x, y), pixel centres at whole numbers: "nose", "eye.L", "mouth.R",
        "upper_arm.L" (shoulder), "forearm.L" (elbow), "hand.L" (wrist), "index.L", "little.L"
        (finger roots), "thigh.L" (hip), "shin.L" (knee), "foot.L" (ankle), and the same for ".R".
    visibility : dict of str to float
        How sure the detector is that the point can be seen, [0, 1].
    """

    points: dict[str, Array]
    visibility: dict[str, float]


@dataclass(frozen=True)
class Detection:
    """The person found in a photo: landmarks, a coarse matte (H, W) in [0, 1], warnings."""

    landmarks: Landmarks
    segmentation: NDArray[np.float32]
    warnings: tuple[str, ...]


def detect_person(rgb: NDArray[np.uint8], name: str) -> Detection:
    """Find the one person of a photo.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo; cut-outs should lie on a plain ground.
    name : str
        File name, for messages.

    Raises
    ------
    ConductorError
        If there is nobody, more than one, nobody's face, or the person is too small.
    """
    with _without_native_logs():
        return _detect(rgb, name)


@contextmanager
def _without_native_logs() -> Iterator[None]:
    """MediaPipe's libraries log to the descriptor itself, whatever their log level is set to."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _detect(rgb: NDArray[np.uint8], name: str) -> Detection:
    # Importing MediaPipe takes seconds; commands that need no photo go without it.
    import mediapipe

    solutions = mediapipe.solutions
    warnings: list[str] = []
    faces = _faces(solutions, rgb)
    main = faces[0] if faces else None
    rivals = [face for face in faces[1:] if main is not None and face[2] >= _MINOR * main[2]]
    if main is not None and rivals:
        if rivals[0][2] >= _RIVAL * main[2]:
            raise ConductorError(
                f"{name} shows {len(rivals) + 1} people; give a photo of one person, or crop it."
            )
        warnings.append("The photo shows several people; the one in front was taken.")
    whole = (0, 0, rgb.shape[1], rgb.shape[0])
    region = _around(main, rgb) if main is not None and rivals else whole
    found = _pose(solutions, rgb, region)
    if found is None:
        raise ConductorError(f"No person was found in {name}; give a photo of one person standing.")
    landmarks, segmentation = found
    body = np.array(list(landmarks.points.values()))
    if float(np.ptp(body[:, 1])) < _MIN_PERSON_PX:
        raise ConductorError(
            f"The person in {name} is too small; give a photo in which they fill most of the "
            "height."
        )
    if main is None and not _shows_face(solutions, rgb, landmarks):
        raise ConductorError(
            f"The face of the person in {name} cannot be seen; give a photo taken from the front."
        )
    return Detection(landmarks, segmentation, tuple(warnings))


def _pose(
    solutions: Any, rgb: NDArray[np.uint8], region: tuple[int, int, int, int]
) -> tuple[Landmarks, NDArray[np.float32]] | None:
    x0, y0, x1, y1 = region
    crop = np.ascontiguousarray(rgb[y0:y1, x0:x1])
    with solutions.pose.Pose(
        static_image_mode=True, model_complexity=1, enable_segmentation=True
    ) as model:
        result = model.process(crop)
    if result.pose_landmarks is None:
        return None
    height, width = crop.shape[:2]
    marks = result.pose_landmarks.landmark
    points = {
        key: np.array([marks[i].x * width + x0 - 0.5, marks[i].y * height + y0 - 0.5])
        for key, i in _POINTS.items()
    }
    visibility = {key: float(marks[i].visibility) for key, i in _POINTS.items()}
    segmentation = np.zeros(rgb.shape[:2], np.float32)
    segmentation[y0:y1, x0:x1] = result.segmentation_mask
    return Landmarks(points, visibility), segmentation


def _faces(solutions: Any, rgb: NDArray[np.uint8]) -> list[tuple[float, float, float]]:
    """Centre and width in pixels of every face, widest first.

    The detector sees a small square: a long photo is looked at in overlapping squares as well.
    """
    height, width = rgb.shape[:2]
    side = min(height, width)
    regions = {(0, 0, width, height)}
    if max(height, width) > _LONG * side:
        count = int(np.ceil(2.0 * max(height, width) / side)) - 1
        for at in np.linspace(0, max(height, width) - side, count).astype(int).tolist():
            x, y = (at, 0) if width > height else (0, at)
            regions.add((x, y, x + side, y + side))
    faces: list[tuple[float, float, float]] = []
    with solutions.face_detection.FaceDetection(
        model_selection=1, min_detection_confidence=_MIN_FACE_SCORE
    ) as model:
        for x0, y0, x1, y1 in sorted(regions):
            crop = np.ascontiguousarray(rgb[y0:y1, x0:x1])
            for found in model.process(crop).detections or []:
                box = found.location_data.relative_bounding_box
                across = box.width * (x1 - x0)
                x = x0 + (box.xmin + box.width / 2) * (x1 - x0)
                y = y0 + (box.ymin + box.height / 2) * (y1 - y0)
                if all(np.hypot(x - a, y - b) > 0.5 * max(across, c) for a, b, c in faces):
                    faces.append((x, y, across))
    return sorted(faces, key=lambda face: -face[2])


def _shows_face(solutions: Any, rgb: NDArray[np.uint8], landmarks: Landmarks) -> bool:
    """Look again for a face, enlarged: in a wide photo it may be only a few pixels."""
    points = landmarks.points
    shoulders = float(np.linalg.norm(points["upper_arm.L"] - points["upper_arm.R"]))
    reach = max(0.6 * shoulders, 12.0)
    x, y = points["nose"]
    height, width = rgb.shape[:2]
    x0, x1 = max(0, int(x - reach)), min(width, int(x + reach) + 1)
    y0, y1 = max(0, int(y - reach)), min(height, int(y + reach) + 1)
    if x1 - x0 < 8 or y1 - y0 < 8:
        return False
    crop = cv2.resize(rgb[y0:y1, x0:x1], (320, 320), interpolation=cv2.INTER_CUBIC)
    return bool(_faces(solutions, np.asarray(crop, np.uint8)))


def _around(face: tuple[float, float, float], rgb: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The part of the photo a person with this face takes up: x0, y0, x1, y1."""
    x, y, size = face
    height, width = rgb.shape[:2]
    return (
        max(0, int(x - 4.0 * size)),
        max(0, int(y - 2.0 * size)),
        min(width, int(x + 4.0 * size)),
        min(height, int(y + 11.0 * size)),
    )
