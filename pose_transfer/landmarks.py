"""Where the photographed person's joints, fingers and face are, and whether they can be shown."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

from .detectors import Detectors, Image, open_detectors
from .face_landmarks import find_face_mesh, head_roll, head_yaw
from .face_mesh import CHIN, FOREHEAD, OVAL
from .hand_landmarks import find_hands
from .persons import Face, choose_face, find_faces, is_face
from .pose_landmarks import POINTS, Pose, find_pose
from .segmentation import segment_person

# Beyond this turn of the head half of the face is missing.
_MAX_YAW: Final = np.radians(45.0)
_TURNED: Final = np.radians(30.0)
# A head leant further than this means that the photo lies on its side.
_MAX_ROLL: Final = np.radians(60.0)
# Narrower faces show no features, or few, when the person fills a video.
_MIN_FACE_PX: Final = 24.0
_SMALL_FACE_PX: Final = 48.0
# Share of the face's outline that may lie outside the photo.
_MAX_CUT: Final = 0.2
# The top of the head is this far above the forehead's last point, in heights of the face.
_CROWN: Final = 0.3
# Ear to ear over the width of the face where no mesh was found.
_EARS: Final = 0.9
_SEEN: Final = 0.5
# Breadth of the shoulders over the length of the trunk: about 0.7 from the front.
_SIDEWAYS: Final = 0.3
_SIDES: Final = {"L": "left", "R": "right"}


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
    """The person found in a photo: landmarks, a coarse matte (H, W) in [0, 1], warnings."""

    landmarks: Landmarks
    segmentation: NDArray[np.float32]
    warnings: tuple[str, ...]


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
    with open_detectors() as detectors:
        faces = find_faces(detectors, rgb)
        if not faces:
            faces = [_hidden_face(detectors, rgb, name)]
        face, others = choose_face(faces, (rgb.shape[1], rgb.shape[0]), name, person)
        mesh = find_face_mesh(detectors, rgb, face)
        warnings = _judge_face(face, mesh, rgb, name)
        pose = find_pose(detectors, rgb, face, others)
        if pose is None:
            raise ConductorError(
                f"Only a face was found in {name}; give a photo that shows the shoulders as well."
            )
        # The mesh is laid upright over a face that stands on its head; the body is not.
        if pose.point("mouth.L")[1] < pose.point("eye.L")[1]:
            raise ConductorError(_not_upright(name))
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
    warnings += _judge_arms(landmarks)
    return Detection(landmarks, segmentation, tuple(warnings))


def _hidden_face(detectors: Detectors, rgb: Image, name: str) -> Face:
    """A face that only the body leads to; where there is none, the reason.

    Raises
    ------
    ConductorError
        Always, unless a closer look at the head shows a face after all.
    """
    pose = find_pose(detectors, rgb, None)
    if pose is None:
        raise ConductorError(
            f"No person was found in {name}; give a photo of one person, taken from the front."
        )
    width = float(np.linalg.norm(pose.point("ear.L") - pose.point("ear.R"))) / _EARS
    face = Face(pose.point("nose"), max(width, 1.0))
    if width >= 0.5 * _MIN_FACE_PX and is_face(detectors, rgb, face):
        return face
    raise ConductorError(why_faceless(pose, rgb.shape[0], name))


def why_faceless(pose: Pose, height: int, name: str) -> str:
    """One sentence on a body without a visible face.

    Parameters
    ----------
    pose : Pose
    height : int
        Of the photo, pixels.
    name : str
        File name.
    """
    shoulders = pose.point("upper_arm.L") - pose.point("upper_arm.R")
    middle = (pose.point("upper_arm.L") + pose.point("upper_arm.R")) / 2
    hips = (pose.point("thigh.L") + pose.point("thigh.R")) / 2
    trunk = float(np.linalg.norm(hips - middle))
    if pose.seen("nose") == 0.0 or pose.point("nose")[1] < 0.02 * height:
        return f"The head of the person in {name} is cut off; give a photo that shows all of it."
    if shoulders[0] < -_SIDEWAYS * trunk:
        return (
            f"No face was found in {name}, the person seems to turn their back to the camera; "
            "give a photo taken from the front."
        )
    if abs(shoulders[0]) <= _SIDEWAYS * trunk:
        return (
            f"No face was found in {name}, the person seems to stand sideways; give a photo taken "
            "from the front."
        )
    if trunk < 4.0 * _MIN_FACE_PX:
        return _too_small(name)
    return (
        f"No face of a photographed person was found in {name}; give a photo, not a drawing, in "
        "which the face can be seen."
    )


def _judge_face(face: Face, mesh: Array | None, rgb: Image, name: str) -> list[str]:
    """Warnings about a face, unless it cannot be used at all."""
    if face.width < _MIN_FACE_PX:
        raise ConductorError(_too_small(name))
    if mesh is None:
        raise ConductorError(
            f"The face of the person in {name} is turned to the side or covered; give a photo "
            "taken from the front."
        )
    height, width = rgb.shape[:2]
    outline = mesh[list(OVAL), :2]
    inside = ((outline > -0.5) & (outline < np.array([width, height]) - 0.5)).all(axis=1)
    if 1.0 - inside.mean() > _MAX_CUT:
        raise ConductorError(
            f"The head of the person in {name} is cut off; give a photo that shows all of it."
        )
    if abs(head_roll(mesh)) > _MAX_ROLL:
        raise ConductorError(_not_upright(name))
    yaw = abs(head_yaw(mesh))
    if yaw > _MAX_YAW:
        raise ConductorError(
            f"The person in {name} is seen from the side; give a photo taken from the front."
        )
    warnings = []
    if yaw > _TURNED:
        warnings.append(
            "The head is turned to the side; a photo taken from the front looks better."
        )
    if face.width < _SMALL_FACE_PX:
        warnings.append(
            f"The face is only {face.width:.0f} pixels wide and will look blurred; a larger photo "
            "looks better."
        )
    crown = mesh[FOREHEAD] + _CROWN * (mesh[FOREHEAD] - mesh[CHIN])
    if crown[1] < 0.0:
        warnings.append("The top of the head is cut off in the photo and stays so in the video.")
    return warnings


def _not_upright(name: str) -> str:
    return f"The person in {name} does not stand upright; turn the photo."


def _too_small(name: str) -> str:
    return (
        f"The face of the person in {name} is too small; give a photo in which it is at least "
        f"{_SMALL_FACE_PX:.0f} pixels wide."
    )


def _judge_arms(landmarks: Landmarks) -> list[str]:
    hidden = [word for side, word in _SIDES.items() if landmarks.visibility[f"hand.{side}"] < _SEEN]
    if len(hidden) == 2:
        return ["Neither hand can be seen in the photo; what they look like is guessed."]
    if hidden:
        return [f"The {hidden[0]} hand cannot be seen in the photo; what it looks like is guessed."]
    return []
