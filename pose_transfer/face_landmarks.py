"""The shape of the face: MediaPipe's face mesh, and how far the head is turned."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from .detectors import Crop, Detectors, Image
from .persons import Face

# The mesh moves by about a hundredth of the face's width with the crop it is found in; the middle
# of several crops (margins in face widths) is steadier.
_MARGINS: Final = (0.8, 0.9, 1.0, 1.2, 1.5)
_CROP_SIDE: Final = 384
# Irises have points of their own after the first 468.
_MESH: Final = 468

# Numbers of points of the mesh; right and left are the person's.
RIGHT_SIDE: Final = 234
LEFT_SIDE: Final = 454
# Closed outlines of eyes and lips.
# fmt: off
EYE_LEFT: Final = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
EYE_RIGHT: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LIPS: Final = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)
# fmt: on


def find_face_mesh(detectors: Detectors, rgb: Image, face: Face) -> Array | None:
    """The 478 points of a face (478, 3), or None where they cannot be made out.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    face : Face

    Returns
    -------
    (478, 3) array or None
        x and y in pixels, z in pixels away from the camera, its mean over the face 0.
    """
    found = []
    for margin in _MARGINS:
        crop = Crop.cut(rgb, face.centre, margin * face.width, _CROP_SIDE)
        for mesh in detectors.face_mesh.process(crop.image).multi_face_landmarks or []:
            points = crop.to_photo(mesh.landmark)
            points[:, 2] -= points[:_MESH, 2].mean()
            if np.linalg.norm(points[:_MESH, :2].mean(axis=0) - face.centre) < 0.5 * face.width:
                found.append(points)
    if not found:
        return None
    return np.asarray(np.median(found, axis=0))


def head_yaw(mesh: Array) -> float:
    """How far the head is turned, radians; positive towards the person's left.

    Parameters
    ----------
    mesh : (478, 3) array
    """
    across = mesh[LEFT_SIDE] - mesh[RIGHT_SIDE]
    return float(np.arctan2(across[2], np.hypot(across[0], across[1])))


def head_roll(mesh: Array) -> float:
    """How far the head leans in the picture, radians; 0 upright.

    Parameters
    ----------
    mesh : (478, 3) array
    """
    across = mesh[LEFT_SIDE] - mesh[RIGHT_SIDE]
    return float(np.arctan2(across[1], across[0]))
