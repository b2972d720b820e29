"""Who is in the photo: the faces of people, told from everything that merely resembles one."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.errors import ConductorError
from retarget.rotation import Array

from .detectors import Crop, Detectors, Image

# The detector sees a small square, so the photo is looked at in windows of these shares of its
# shorter side as well, overlapping by half; windows below the smallest side show only blur.
_WINDOWS: Final = (1.0, 0.5, 0.25)
_OVERLAP: Final = 0.5
_MIN_WINDOW_PX: Final = 96
# What only one window shows has to be this clear; smaller things are never a face to work with.
_CLEAR: Final = 0.75
_MIN_WIDTH_PX: Final = 12.0
# A face is one if the detector for near faces, shown it enlarged with these margins (in face
# widths), finds it in the middle most times: all eighteen faces on eleven photos passed, and of
# eleven shoes, knees, cups and patterns one did.
_MARGINS: Final = (0.75, 1.0, 1.5)
_MIN_CONFIRMED: Final = 2
_CONFIRM_SIDE: Final = 256
_MAX_OFF: Final = 0.5
_SIZES: Final = (0.5, 2.0)
# Whoever's face has at least this share of the widest one's width may be meant, and from the
# second share on who is meant is unclear.
_COUNTED: Final = 0.4
_RIVAL: Final = 0.6


@dataclass(frozen=True)
class Face:
    """Where a face is: its centre (2,) and width, pixels."""

    centre: Array
    width: float


def find_faces(detectors: Detectors, rgb: Image) -> list[Face]:
    """All faces of people, widest first.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    """
    seen: list[tuple[float, Face]] = []
    for x0, y0, x1, y1 in _windows(rgb.shape[1], rgb.shape[0]):
        crop = np.ascontiguousarray(rgb[y0:y1, x0:x1])
        for found in detectors.distant_face.process(crop).detections or []:
            box = found.location_data.relative_bounding_box
            middle = np.array([box.xmin + box.width / 2, box.ymin + box.height / 2])
            centre = middle * [x1 - x0, y1 - y0] + [x0, y0] - 0.5
            seen.append((float(found.score[0]), Face(centre, box.width * (x1 - x0))))
    seen.sort(key=lambda entry: -entry[0])
    groups: list[list[tuple[float, Face]]] = []
    for score, face in seen:
        group = next((group for group in groups if _overlap(face, group[0][1])), None)
        if group is None:
            groups.append([(score, face)])
        else:
            group.append((score, face))
    likely = [g[0][1] for g in groups if len(g) > 1 or g[0][0] >= _CLEAR]
    faces = [face for face in likely if face.width >= _MIN_WIDTH_PX]
    return sorted(
        (face for face in faces if is_face(detectors, rgb, face)), key=lambda face: -face.width
    )


def is_face(detectors: Detectors, rgb: Image, face: Face) -> bool:
    """Whether what was taken for a face is one when looked at enlarged."""
    confirmed = 0
    for margin in _MARGINS:
        crop = Crop.cut(rgb, face.centre, margin * face.width, _CONFIRM_SIDE)
        for found in detectors.close_face.process(crop.image).detections or []:
            box = found.location_data.relative_bounding_box
            middle = np.array([box.xmin + box.width / 2, box.ymin + box.height / 2])
            off = float(np.linalg.norm(middle - 0.5)) * 2.0 * margin
            if off < _MAX_OFF and _SIZES[0] < box.width * 2.0 * margin < _SIZES[1]:
                confirmed += 1
                break
    return confirmed >= _MIN_CONFIRMED


def choose_face(
    faces: list[Face], size: tuple[int, int], name: str, person: int | None
) -> tuple[Face, list[Face]]:
    """The face of the person who is meant, and the other faces.

    Parameters
    ----------
    faces : list of Face
        At least one, widest first.
    size : (int, int)
        Width and height of the photo.
    name : str
        File name, for messages.
    person : int, optional
        Number of the person, counted from the left of the photo, from 1 on.

    Raises
    ------
    ConductorError
        If there is no such person, or several might be meant.
    """
    counted = [face for face in faces if face.width >= _COUNTED * faces[0].width]
    if person is not None:
        if not 1 <= person <= len(counted):
            people = "1 person" if len(counted) == 1 else f"{len(counted)} people"
            raise ConductorError(
                f"{name} shows {people}, so there is no person {person}; count from the left, "
                "beginning with 1."
            )
        chosen = sorted(counted, key=lambda face: float(face.centre[0]))[person - 1]
    else:
        rivals = [face for face in faces if face.width >= _RIVAL * faces[0].width]
        if len(rivals) > 1:
            raise ConductorError(
                f"{name} shows {len(counted)} people; say which one is meant with --person N, "
                "counted from the left."
            )
        chosen = faces[0]
    return chosen, [face for face in faces if face is not chosen]


def _windows(width: int, height: int) -> list[tuple[int, int, int, int]]:
    windows = [(0, 0, width, height)]
    for share in _WINDOWS:
        side = int(share * min(width, height))
        if side < _MIN_WINDOW_PX:
            break
        windows += [
            (x, y, x + side, y + side) for y in _starts(height, side) for x in _starts(width, side)
        ]
    return windows


def _starts(length: int, side: int) -> list[int]:
    count = 1 + int(np.ceil((length - side) / (side * (1.0 - _OVERLAP))))
    return [int(start) for start in np.linspace(0, length - side, count)]


def _overlap(face: Face, other: Face) -> bool:
    apart = float(np.linalg.norm(face.centre - other.centre))
    return apart <= 0.5 * max(face.width, other.width)
