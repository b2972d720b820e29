"""What the pieces of a photographed person are made from, and which faces show which part."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX, Body
from retarget.character import PARTS
from retarget.rotation import Array

from .fit import BodyFit
from .labels import ARM_L, ARM_R, HAND_L, HAND_R, HEAD, TRUNK, PartLabels
from .lighting import USUAL_LIGHT


@dataclass(frozen=True)
class PersonParts:
    """What the pieces are made from.

    Parameters
    ----------
    foreground : (H, W, 3) uint8 array
        The person's own colours.
    matte : (H, W) float32 array
        The person in [0, 1].
    labels : PartLabels
        What each pixel shows.
    fit : BodyFit
        Camera and bones.
    vertices : (V, 3) array
        The body with the photo's outline, in the photo's pose.
    body : Body
        Faces and weights.
    tone : (3,) array
        The person's skin, RGB.
    light : (3,) array
        How the photo is lit, as `lighting.light_on` takes it.
    """

    foreground: NDArray[np.uint8]
    matte: NDArray[np.float32]
    labels: PartLabels
    fit: BodyFit
    vertices: Array
    body: Body
    tone: Array
    light: Array = field(default_factory=USUAL_LIGHT.copy)


def kept_faces(body: Body) -> NDArray[np.bool_]:
    """Faces of the body that are drawn: the head comes from the photo's relief."""
    head = body.weights[:, INDEX["head"]]
    return ~(head[body.faces] > 0.9).any(axis=1)


def face_labels(of_vertex: NDArray[np.int64], faces: NDArray) -> NDArray[np.int64]:
    """Label of each face (F,); what is left of the head counts as trunk."""
    corners = of_vertex[faces]
    label = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
    return np.where(label == HEAD, TRUNK, label)


def part_numbers(body: Body, used: NDArray[np.int64], part: int) -> NDArray:
    """Places in `character.PARTS` of vertices `used` that belong to a label."""
    names = {ARM_L: "arm.L", ARM_R: "arm.R", HAND_L: "hand.L", HAND_R: "hand.R"}
    if part in names:
        return np.full(len(used), PARTS.index(names[part]))
    legs = sum(
        body.weights[used, INDEX[f"{stem}.{side}"]]
        for stem in ("thigh", "shin", "foot")
        for side in "LR"
    )
    return np.where(legs > 0.5, PARTS.index("legs"), PARTS.index("trunk"))


def close_to(mask: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Pixels within `reach` of a mask."""
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) < reach
