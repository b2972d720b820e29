"""Whether the person of a photo can be shown: warnings, or the sentence that says why not."""

from typing import Final

import cv2
import numpy as np

from retarget.errors import ConductorError
from retarget.rotation import Array

from .detectors import Crop, Image
from .face_landmarks import head_roll, head_yaw
from .face_mesh import CHIN, FOREHEAD, OVAL
from .persons import Face
from .photo import MAX_SIDE
from .pose_landmarks import Pose

MIN_FACE_PX: Final = 24.0
"""Narrower faces show no features when the person fills a video."""

# Beyond this turn of the head half of the face is missing.
_MAX_YAW: Final = np.radians(45.0)
_TURNED: Final = np.radians(30.0)
# A face that the mesh does not fit is one seen from the side from this turn of the body's head on.
_NO_MESH_YAW: Final = np.radians(35.0)
# A head leant further than this, and a trunk further than that, means that the photo is turned.
_MAX_ROLL: Final = np.radians(60.0)
_MAX_LEAN: Final = np.radians(110.0)
# Seen from behind, and from the side: turn of head and shoulders together.
_BACK: Final = np.radians(115.0)
_SIDE: Final = np.radians(50.0)
# Narrower faces show few features.
_SMALL_FACE_PX: Final = 48.0
_GOOD_FACE_PX: Final = 100
# Share of the face's outline that may lie outside the photo.
_MAX_CUT: Final = 0.2
# The top of the head is this far above the forehead's last point, in heights of the face.
_CROWN: Final = 0.3
# A trunk is about this many face widths long.
_TRUNK: Final = 3.0
# The eyes lie higher than the nose by so much of it.
_EYES: Final = 0.15
# A body belongs to a face if its trunk is so many face widths long: 1.3 to 3.8 on fifty people.
_TRUNKS: Final = (0.8, 7.0)
# Below a face there has to be a body, unless the photo ends within so many face widths.
_ROOM: Final = 2.5
# The middle of the face, in its width, as it is looked at for a drawing: side of the crop, and
# how the brightness of a drawing changes there: not at all over most of it (photos: equal
# neighbours below 0.25), with outlines and nothing between (least quarter over the mean: photos
# above 0.1), or everywhere, as hatching does (photos below 12).
_MIDDLE: Final = 0.4
_DRAWN_SIDE: Final = 96
_MAX_FLAT: Final = 0.45
_MIN_BETWEEN: Final = 0.06
_MAX_HATCHED: Final = 14.0
_SEEN: Final = 0.5
_SIDES: Final = {"L": "left", "R": "right"}
_QUARTERS: Final = {1: "a quarter to the left", 2: "by half a turn", 3: "a quarter to the right"}


def has_body(face: Face, pose: Pose | None, height: int) -> bool:
    """Whether below what looks like a face there is a body of its size, or no room for one.

    Parameters
    ----------
    face : Face
    pose : Pose or None
        The body that was found with it.
    height : int
        Of the photo, pixels.
    """
    if pose is None:
        return float(face.centre[1]) + _ROOM * face.width > height
    trunk = float(np.linalg.norm(pose.trunk)) / face.width
    return _TRUNKS[0] < trunk < _TRUNKS[1]


def is_drawn(rgb: Image, face: Face) -> bool:
    """Whether a face looks drawn: of flat colours, of outlines, or hatched."""
    if face.width < _SMALL_FACE_PX:
        return False
    reach = _MIDDLE * face.width
    low = np.maximum((face.centre - reach).astype(int), 0)
    high = (face.centre + reach).astype(int) + 1
    own = rgb[low[1] : high[1], low[0] : high[0]].astype(np.int16)
    flat = float((np.diff(own, axis=1) == 0).all(axis=2).mean())
    crop = Crop.cut(rgb, face.centre, reach, _DRAWN_SIDE).image
    bright = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float64)
    across, down = (cv2.Sobel(bright, cv2.CV_64F, *way) / 8.0 for way in ((1, 0), (0, 1)))
    change = np.hypot(across, down)
    outlined = np.percentile(change, 25) < _MIN_BETWEEN * change.mean()
    return bool(flat > _MAX_FLAT or outlined or change.mean() > _MAX_HATCHED)


def drawing(name: str) -> str:
    """The sentence on a drawing in which nobody can be made out."""
    return f"{name} looks like a drawing; give a photograph of a person, taken from the front."


def bodiless(name: str) -> str:
    """The sentence on a face without a body."""
    return f"Only a face was found in {name}; give a photo that shows the shoulders as well."


def why_faceless(pose: Pose | None, size: tuple[int, int], name: str) -> str:
    """One sentence on a photo in which no face was found.

    Parameters
    ----------
    pose : Pose or None
        The body, if there is one.
    size : (int, int)
        Width and height of the photo.
    name : str
        File name.
    """
    if pose is None:
        return (
            f"No person was found in {name}; give a photo of one person, taken from the front, "
            "with the whole head in it."
        )
    trunk = float(np.linalg.norm(pose.trunk))
    # Of somebody who bends down the head is lower than the hips only if the photo is turned.
    up = pose.point("nose") - pose.between("thigh")
    if _lean(up) > _MAX_ROLL and _lean(pose.trunk) > _MAX_ROLL:
        return _not_upright(up, name)
    if pose.seen("nose") == 0.0 or pose.point("nose")[1] < _EYES * trunk:
        return _cut_off(name)
    if _turned_away(pose):
        return _from_behind(name)
    if max(abs(pose.head_yaw), abs(pose.shoulder_yaw)) > _SIDE:
        return _from_the_side(name)
    if trunk < _TRUNK * MIN_FACE_PX:
        return _too_small(trunk / _TRUNK, size, name)
    return (
        f"No face can be made out on the person in {name}: it is turned away, covered, too dark or "
        "drawn; give a photo in which it can be seen."
    )


def judge_face(
    face: Face, mesh: Array | None, pose: Pose | None, size: tuple[int, int], name: str
) -> list[str]:
    """Warnings about a face.

    Parameters
    ----------
    face : Face
    mesh : (478, 3) array or None
    pose : Pose or None
        The body.
    size : (int, int)
        Width and height of the photo.
    name : str
        File name.

    Raises
    ------
    ConductorError
        If it cannot be used at all.
    """
    if face.width < MIN_FACE_PX:
        raise ConductorError(_too_small(face.width, size, name))
    if mesh is None:
        if pose is not None and _turned_away(pose):
            raise ConductorError(_from_behind(name))
        if pose is not None and abs(pose.head_yaw) > _NO_MESH_YAW:
            raise ConductorError(_from_the_side(name))
        raise ConductorError(
            f"The face of the person in {name} is covered or turned away; give a photo in which "
            "all of it can be seen, taken from the front."
        )
    outline = mesh[list(OVAL), :2]
    inside = ((outline > -0.5) & (outline < np.array(size) - 0.5)).all(axis=1)
    if 1.0 - inside.mean() > _MAX_CUT:
        raise ConductorError(_cut_off(name))
    if abs(head_roll(mesh)) > _MAX_ROLL:
        roll = head_roll(mesh)
        up = np.array([np.sin(roll), -np.cos(roll)]) if pose is None else pose.trunk
        raise ConductorError(_not_upright(up, name))
    yaw = abs(head_yaw(mesh))
    if yaw > _MAX_YAW:
        raise ConductorError(_from_the_side(name))
    if pose is not None and _upside_down(pose):
        raise ConductorError(_not_upright(pose.trunk, name))
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


def judge_arms(seen: dict[str, float]) -> list[str]:
    """Warnings about hands out of view; `seen` is `Landmarks.visibility`."""
    hidden = [word for side, word in _SIDES.items() if seen[f"hand.{side}"] < _SEEN]
    if len(hidden) == 2:
        return ["Neither hand can be seen in the photo; what they look like is guessed."]
    if hidden:
        return [f"The {hidden[0]} hand cannot be seen in the photo; what it looks like is guessed."]
    return []


def _upside_down(pose: Pose) -> bool:
    """Whether the body is, over which the mesh of a face may be laid upright all the same."""
    above = pose.between("mouth")[1] < pose.between("eye")[1]
    return bool(above or _lean(pose.trunk) > _MAX_LEAN)


def _lean(up: Array) -> float:
    """Angle between a direction in the picture and upwards, radians in [0, π]."""
    return float(abs(np.arctan2(up[0], -up[1])))


def _not_upright(up: Array, name: str) -> str:
    """The sentence on a photo that is turned; `up` is where the person's head points."""
    quarters = round(float(np.arctan2(up[0], -up[1])) / (np.pi / 2.0)) % 4
    how = _QUARTERS.get(quarters, "until they do")
    return f"The person in {name} does not stand upright; turn the photo {how}."


def _turned_away(pose: Pose) -> bool:
    return abs(pose.head_yaw) + abs(pose.shoulder_yaw) > 2.0 * _BACK


def _from_behind(name: str) -> str:
    return f"The person in {name} is seen from behind; give a photo taken from the front."


def _from_the_side(name: str) -> str:
    return f"The person in {name} is seen from the side; give a photo taken from the front."


def _cut_off(name: str) -> str:
    return f"The head of the person in {name} is cut off; give a photo that shows all of it."


def _too_small(width: float, size: tuple[int, int], name: str) -> str:
    remedy = "give a photo taken from nearer"
    if max(size) == MAX_SIDE:
        remedy = f"crop the photo to the person, for it is reduced to {MAX_SIDE} pixels,"
    return (
        f"The face of the person in {name} is too small, about {int(width)} pixels wide; "
        f"{remedy} so that it is {MIN_FACE_PX:.0f} pixels wide at least, better {_GOOD_FACE_PX}."
    )
