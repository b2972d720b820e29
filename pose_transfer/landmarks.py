"""Where the photographed person's joints, fingers and face are, and whether they can be shown."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

from .detectors import Detectors, Image, open_detectors
from .face_landmarks import find_face_mesh
from .hand_landmarks import find_hands
from .persons import Face, choose_face, find_faces, is_face
from .pose_landmarks import POINTS, find_body, find_pose, glimpse_pose
from .segmentation import segment_person
from .usable import (
    MIN_FACE_PX,
    bodiless,
    drawing,
    has_body,
    is_drawn,
    judge_arms,
    judge_face,
    why_faceless,
)

# Ear to ear over the width of the face where no mesh was found.
_EARS: Final = 0.9


@dataclass(frozen=True)
class Landmarks:
    """Named points of one person.

    Pixel positions count from the middle of the first pixel, x right, y down.

    Parameters
    ----------
    points : dict of str to (2,) array
        Pixel positions: "nose", "eye.L", "ear.R", "mouth.L", "upper_arm.L" (shoulder), "forearm.L"
        (elbow), "hand.L" (wrist), "thumb.L", "index.L", "little.L" (finger roots), "thigh.L" (hip),
        "shin.L" (knee), "foot.L" (ankle), "heel.L", "toe.L", and the same for ".R".
    visibility : dict of str to float
        How sure the detector is that the point can be seen, [0, 1]; 0 outside the photo.
    world : dict of str to (3,) array
        The same points in space as the detector guesses them: metres from the middle of the hips,
        x right in the picture, y away from the camera, z up. Empty where nobody guessed.
    hands : dict of str to (21, 3) array
        "L", "R": the hands that were made out, in MediaPipe's order (wrist, then four points of
        each finger from thumb to little finger); x and y in pixels, z in pixels away from the
        camera, 0 at the wrist.
    face : (478, 3) array, or None
        MediaPipe's face mesh with irises; x and y in pixels, z in pixels away from the camera,
        its mean 0.
    """

    points: dict[str, Array]
    visibility: dict[str, float]
    world: dict[str, Array] = field(default_factory=dict)
    hands: dict[str, Array] = field(default_factory=dict)
    face: Array | None = None


@dataclass(frozen=True)
class Detection:
    """The person found in a photo: landmarks, a coarse matte (H, W) in [0, 1], warnings.

    `others` are the faces of everybody else.
    """

    landmarks: Landmarks
    segmentation: NDArray[np.float32]
    warnings: tuple[str, ...]
    others: tuple[Face, ...] = ()


def detect_person(rgb: Image, name: str, *, person: int | None = None) -> Detection:
    """Find the person of a photo.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo; cut-outs should lie on a plain ground.
    name : str
        File name, for messages.
    person : int, optional
        Who is meant where there are several: the number of the person counted from the left.

    Raises
    ------
    ConductorError
        If there is nobody, nobody's face can be seen well enough, or it is unclear who is meant.
        How the arms lie is no reason; what of them cannot be seen has low visibility.
    """
    size = rgb.shape[1], rgb.shape[0]
    with open_detectors() as detectors:
        face, others = choose_face(_people(detectors, rgb, name), size, name, person)
        mesh = find_face_mesh(detectors, rgb, face)
        pose = find_pose(detectors, rgb, face, others)
        warnings = judge_face(face, mesh, pose, size, name)
        if pose is None:
            raise ConductorError(drawing(name) if is_drawn(rgb, face) else bodiless(name))
        hands = find_hands(detectors, rgb, pose, face.width)
        segmentation = segment_person(detectors, rgb, pose, face, others)
    landmarks = Landmarks(
        points=dict(zip(POINTS, pose.points, strict=True)),
        visibility={key: float(v) for key, v in zip(POINTS, pose.visibility, strict=True)},
        world=dict(zip(POINTS, pose.world, strict=True)),
        hands=hands,
        face=mesh,
    )
    if others and person is None:
        warnings.append("The photo shows several people; the one in front was taken.")
    if is_drawn(rgb, face):
        warnings.append("The picture looks like a drawing; photographs look better.")
    warnings += judge_arms(landmarks.visibility)
    return Detection(landmarks, segmentation, tuple(warnings), tuple(others))


def _people(detectors: Detectors, rgb: Image, name: str) -> list[Face]:
    """The faces that have bodies, widest first; at least one.

    Raises
    ------
    ConductorError
        If there is none.
    """
    found = find_faces(detectors, rgb)
    people = []
    for face in found:
        others = [other for other in found if other is not face]
        if has_body(face, glimpse_pose(detectors, rgb, face, others), rgb.shape[0]):
            people.append(face)
    if people:
        return people
    if any(is_drawn(rgb, face) for face in found):
        raise ConductorError(drawing(name))
    pose = find_body(detectors, rgb)
    if pose is not None:
        # A closer look at the head may show a face after all.
        width = float(np.linalg.norm(pose.point("ear.L") - pose.point("ear.R"))) / _EARS
        face = Face(pose.point("nose"), max(width, 1.0))
        if width >= 0.5 * MIN_FACE_PX and is_face(detectors, rgb, face):
            return [face]
    raise ConductorError(why_faceless(pose, (rgb.shape[1], rgb.shape[0]), name))
