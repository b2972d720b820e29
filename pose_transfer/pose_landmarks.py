"""The joints of one person and where the person is in the photo (MediaPipe Pose, BlazePose)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .detectors import Detectors, Image
from .persons import Face

# BlazePose's numbering; its left is the person's left, as ours is.
POINTS: Final[dict[str, int]] = {
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
    "thumb.L": 21,
    "thumb.R": 22,
    "thigh.L": 23,
    "thigh.R": 24,
    "shin.L": 25,
    "shin.R": 26,
    "foot.L": 27,
    "foot.R": 28,
    "heel.L": 29,
    "heel.R": 30,
    "toe.L": 31,
    "toe.R": 32,
}
_NAMES: Final = tuple(POINTS)
_OTHER_SIDE: Final = np.array(
    [_NAMES.index(n.translate(str.maketrans("LR", "RL")) if "." in n else n) for n in _NAMES]
)

# Where a person's body is, in widths of the face around its middle: left and right, up, down. The
# first holds a standing person with the arms stretched out, the last keeps neighbours out.
_REACHES: Final = ((6.0, 3.0, 12.0), (4.0, 2.0, 11.0), (8.0, 5.0, 15.0), (2.5, 2.0, 7.0))
# The second look takes the box of what the first one saw, with these margins.
_MARGINS: Final = (0.12, 0.25, 0.45)
# A face may fill the photo so far that the detector needs empty space around it to see a person.
_PADDING: Final = (0.0, 0.4)
# Half axes of the patch over somebody else's face, in its width.
_COVER: Final = (0.65, 0.85)
_NOSE_OFF: Final = 0.6
_SEEN: Final = 0.5
_SURE: Final = 0.95
# Somebody is there if this many of six looks find them, their points this near the middle, in
# lengths of the trunk: of people seen from behind and from the side six looks agreed within 0.05
# (four within 0.1 on the worst), of a horse, cats, clouds and machines none.
_MIN_AGREE: Final = 4
_NEAR: Final = 0.15
_FIRM: Final = ("nose", "upper_arm.L", "upper_arm.R", "thigh.L", "thigh.R")


@dataclass(frozen=True)
class Pose:
    """A person's joints, in the order of `POINTS`.

    Parameters
    ----------
    points : (N, 2) array
        Pixel positions.
    visibility : (N,) array
        In [0, 1]; 0 outside the photo.
    world : (N, 3) array
        Metres from the middle of the hips, our axes.
    segmentation : (H, W) float32 array
        A coarse matte in [0, 1].
    """

    points: Array
    visibility: Array
    world: Array
    segmentation: NDArray[np.float32]

    def point(self, name: str) -> Array:
        """Pixel position (2,) of a joint."""
        return np.asarray(self.points[_NAMES.index(name)])

    def seen(self, name: str) -> float:
        """How sure it is that a joint can be seen, [0, 1]."""
        return float(self.visibility[_NAMES.index(name)])

    def between(self, name: str) -> Array:
        """Pixel position (2,) half-way between a joint of the left and of the right side."""
        return np.asarray((self.point(f"{name}.L") + self.point(f"{name}.R")) / 2)

    @property
    def trunk(self) -> Array:
        """From the hips up to the shoulders (2,), pixels."""
        return self.between("upper_arm") - self.between("thigh")

    @property
    def head_yaw(self) -> float:
        """How far the head is turned from the camera, radians; positive to the person's left."""
        ears = (self._in_space("ear.L") + self._in_space("ear.R")) / 2
        ahead = self._in_space("nose") - ears
        return float(np.arctan2(ahead[0], -ahead[1]))

    @property
    def shoulder_yaw(self) -> float:
        """How far the shoulders are turned from the camera, as `head_yaw`."""
        across = self._in_space("upper_arm.L") - self._in_space("upper_arm.R")
        return float(np.arctan2(across[1], across[0]))

    def _in_space(self, name: str) -> Array:
        return np.asarray(self.world[_NAMES.index(name)])


def find_pose(
    detectors: Detectors, rgb: Image, face: Face, others: Sequence[Face] = ()
) -> Pose | None:
    """The pose of the person with this face.

    The person is looked at several times, in regions of different size and in the mirror: the
    middle of the answers is steadier than each. Other people's faces are covered, and answers that
    are about somebody else all the same are left out.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    face : Face
    others : sequence of Face
        The faces of other people.
    """
    rgb = _cover(rgb, others)
    first = next(_looks(detectors, rgb, face), None)
    if first is None:
        return None
    looks = [again for again in _again(detectors.pose, rgb, first, face) if _belongs(again, face)]
    return _middle(looks or [first])


def glimpse_pose(
    detectors: Detectors, rgb: Image, face: Face, others: Sequence[Face] = ()
) -> Pose | None:
    """The first of the looks of `find_pose`: rough, but enough to see that there is a body.

    None where the shoulders are doubtful and nobody at all is seen when looked at again, as around
    a shoe that resembles a face.
    """
    rgb = _cover(rgb, others)
    first = next(_looks(detectors, rgb, face), None)
    if first is None or min(first.seen("upper_arm.L"), first.seen("upper_arm.R")) > _SURE:
        return first
    again = next(_again(detectors.pose, rgb, first, face), None)
    return None if again is None else first


def find_body(detectors: Detectors, rgb: Image) -> Pose | None:
    """The pose of whoever is in the photo, from behind and from the side as well.

    None where there is nobody, or what was found does not look the same in several looks.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    """
    height, width = rgb.shape[:2]
    for padding in _PADDING:
        region = 0, 0, width, height
        first = _look(detectors.faint_pose, rgb, region, mirrored=False, padding=padding)
        if first is None:
            continue
        looks = list(_again(detectors.faint_pose, rgb, first, None))
        if len(looks) >= _MIN_AGREE and _spread(looks) < _NEAR:
            return _middle(looks)
    return None


def _again(model: Any, rgb: Image, first: Pose, face: Face | None) -> Iterator[Pose]:
    """Second looks at who was found, plain and mirrored."""
    for region in _boxes(first, face, rgb.shape[1], rgb.shape[0]):
        for mirrored in (False, True):
            again = _look(model, rgb, region, mirrored)
            if again is not None:
                yield again


def _spread(looks: list[Pose]) -> float:
    """How far looks differ, in lengths of the trunk."""
    places = [_NAMES.index(name) for name in _FIRM]
    points = np.array([look.points[places] for look in looks])
    middle = _middle(looks)
    off = np.linalg.norm(points - middle.points[places], axis=2)
    return float(off.mean() / max(np.linalg.norm(middle.trunk), 1e-6))


def _middle(looks: list[Pose]) -> Pose:
    """The middle of several looks; what lies outside the photo is not seen."""
    points = np.median([look.points for look in looks], axis=0)
    visibility = np.median([look.visibility for look in looks], axis=0)
    height, width = looks[0].segmentation.shape
    inside = ((points > -0.5) & (points < np.array([width, height]) - 0.5)).all(axis=1)
    return Pose(
        points=points,
        visibility=np.where(inside, visibility, 0.0),
        world=np.median([look.world for look in looks], axis=0),
        segmentation=_mean_mask([look.segmentation for look in looks]),
    )


def _mean_mask(masks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of the looks that take a pixel in; NaN stands where a look does not reach."""
    total = np.zeros(masks[0].shape, np.float32)
    count = np.zeros(masks[0].shape, np.float32)
    for mask in masks:
        reached = np.isfinite(mask)
        total += np.where(reached, mask, np.float32(0.0))
        count += reached
    return np.asarray(total / np.maximum(count, 1.0), np.float32)


def _cover(rgb: Image, faces: Sequence[Face]) -> Image:
    covered = rgb.copy()
    for face in faces:
        middle = np.round(face.centre).astype(int)
        axes = np.ceil(face.width * np.array(_COVER)).astype(int)
        cv2.ellipse(covered, middle.tolist(), axes.tolist(), 0, 0, 360, (128, 128, 128), cv2.FILLED)
    return covered


def _looks(detectors: Detectors, rgb: Image, face: Face) -> Iterator[Pose]:
    """First looks at the person, the likeliest region first."""
    height, width = rgb.shape[:2]
    regions = [_around(face, reach, width, height) for reach in _REACHES]
    for padding in _PADDING:
        for region in regions:
            pose = _look(detectors.pose, rgb, region, mirrored=False, padding=padding)
            if pose is not None and _belongs(pose, face):
                yield pose


def _belongs(pose: Pose, face: Face) -> bool:
    return float(np.linalg.norm(pose.points[0] - face.centre)) < _NOSE_OFF * face.width


def _around(
    face: Face, reach: tuple[float, float, float], width: int, height: int
) -> tuple[int, int, int, int]:
    x, y = face.centre
    aside, up, down = (share * face.width for share in reach)
    return (
        max(0, int(x - aside)),
        max(0, int(y - up)),
        min(width, int(x + aside) + 1),
        min(height, int(y + down) + 1),
    )


def _boxes(
    pose: Pose, face: Face | None, width: int, height: int
) -> list[tuple[int, int, int, int]]:
    """The box of what was seen of the person, with several margins."""
    seen = pose.points[pose.visibility > _SEEN]
    if len(seen) == 0:
        seen = pose.points
    if face is not None:
        head = face.centre + face.width * np.array([[-0.8, -1.0], [0.8, 1.5]])
        seen = np.concatenate([seen, head])
    low, high = seen.min(axis=0), seen.max(axis=0)
    boxes = []
    for margin in _MARGINS:
        by = margin * float((high - low).max())
        x0, y0 = np.clip((low - by).astype(int), 0, [width - 2, height - 2])
        x1, y1 = np.clip((high + by).astype(int) + 1, [x0 + 2, y0 + 2], [width, height])
        boxes.append((int(x0), int(y0), int(x1), int(y1)))
    return boxes


def _look(
    model: Any,
    rgb: Image,
    region: tuple[int, int, int, int],
    mirrored: bool,
    padding: float = 0.0,
) -> Pose | None:
    x0, y0, x1, y1 = region
    crop = rgb[y0:y1, x0:x1]
    border = int(padding * max(x1 - x0, y1 - y0))
    if border:
        crop = np.pad(crop, ((border, border), (border, border), (0, 0)), constant_values=128)
    if mirrored:
        crop = crop[:, ::-1]
    result = model.process(np.ascontiguousarray(crop))
    if result.pose_landmarks is None:
        return None
    height, width = crop.shape[:2]
    order = list(POINTS.values())
    marks = [result.pose_landmarks.landmark[i] for i in order]
    solid = [result.pose_world_landmarks.landmark[i] for i in order]
    shares = np.array([[mark.x, mark.y] for mark in marks])
    visibility = np.array([mark.visibility for mark in marks])
    # MediaPipe's axes: x right in the picture, y down, z away from the camera.
    world = np.array([[mark.x, mark.z, -mark.y] for mark in solid])
    mask = result.segmentation_mask
    if mirrored:
        shares[:, 0] = 1.0 - shares[:, 0]
        world[:, 0] = -world[:, 0]
        shares, visibility, world = (a[_OTHER_SIDE] for a in (shares, visibility, world))
        mask = mask[:, ::-1]
    segmentation = np.full(rgb.shape[:2], np.nan, np.float32)
    segmentation[y0:y1, x0:x1] = mask[border : border + y1 - y0, border : border + x1 - x0]
    points = shares * [width, height] - 0.5 + [x0 - border, y0 - border]
    return Pose(points, visibility, world, segmentation)
