"""Which pixels are the person: the pose model's mask, around the head with another model's help."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .detectors import Crop, Detectors, Image
from .persons import Face
from .pose_landmarks import Pose

# Selfie segmentation is shown head and shoulders, as it was trained on: half the crop's side, in
# widths of the face.
_REACHES: Final = (2.0, 2.5)
_CROP_SIDE: Final = 256
# It has a say up to this far from the middle of the head, and less and less up to the second.
_HEAD: Final = (1.5, 2.1)
_HEAD_UP: Final = 0.4
# What the pose model does not hold for possible at all (neighbours, the wall) stays out, and of
# what it is sure stays in.
_BELIEVED: Final = 30.0
_SURE: Final = 0.9


def segment_person(
    detectors: Detectors, rgb: Image, pose: Pose, face: Face, others: Sequence[Face]
) -> NDArray[np.float32]:
    """A coarse matte (H, W) in [0, 1] of one person.

    The pose model tells the person from others and knows arms and legs, but it leaves out brims of
    hats and long hair; around the head selfie segmentation decides.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    pose : Pose
    face : Face
    others : sequence of Face
        Other people's faces; a head that touches another is left to the pose model.
    """
    size = rgb.shape[1], rgb.shape[0]
    apart = [float(np.linalg.norm(face.centre - other.centre)) for other in others]
    if apart and min(apart) < _HEAD[1] * 1.5 * face.width:
        return pose.segmentation
    masks = []
    for reach in _REACHES:
        for mirrored in (False, True):
            crop = Crop.cut(rgb, face.centre, reach * face.width, _CROP_SIDE, mirrored=mirrored)
            masks.append(crop.paste(detectors.selfie.process(crop.image).segmentation_mask, size))
    people = np.mean(masks, axis=0, dtype=np.float32)
    rows, columns = np.mgrid[: size[1], : size[0]].astype(np.float32)
    x, y = face.centre - [0.0, _HEAD_UP * face.width]
    away = np.hypot(columns - x, rows - y) / face.width
    share = np.clip((_HEAD[1] - away) / (_HEAD[1] - _HEAD[0]), 0.0, 1.0)
    head = np.minimum(people, _BELIEVED * pose.segmentation)
    head = np.where(pose.segmentation > _SURE, pose.segmentation, head)
    return (share * head + (1.0 - share) * pose.segmentation).astype(np.float32)
