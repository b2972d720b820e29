"""How good a character is: drawn in the photo's own pose and in far ones, and measured."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.character import PARTS, SOLID, Character
from retarget.rotation import Array

from .coverage import CoverageRenderer
from .drawing import Painter
from .drive import drive
from .face_landmarks import head_roll
from .face_mesh import oval_mask
from .guides import HELD, POSES, far_poses, guide_of
from .labels import PartLabels
from .landmarks import Landmarks
from .photo import Photo

# Inside the person, where the matte leaves no doubt.
_INSIDE: Final = 0.95
_SEEN: Final = 0.6
# Poses are drawn at this size to be measured.
_SIDE: Final = 360
# Concert dress: a pixel of the face further off the photo than this, 8-bit levels, is covered, and
# so much of the lower half of the face may be.
_COVERED_LEVELS: Final = 30.0
_MOST_COVERED: Final = 0.03
# Heads that leaned 14 degrees sat well, those that leaned 23 did not.
_MOST_ROLL: Final = np.radians(19.0)
# What can be shown to friends: the photo returned, dB; holes in the trunk, share of it; the area
# of a hand over its squared length (0.19 to 0.43 in a person); the share of an arm that the matte
# misses, which would stay behind in the background.
_LEAST_DB: Final = 34.0
_MOST_HOLES: Final = 0.015
_HAND_AREA: Final = (0.08, 0.9)
_MOST_LEFT: Final = 0.35


@dataclass(frozen=True)
class Quality:
    """Measures of a character.

    Parameters
    ----------
    returned_db, face_db : float
        PSNR against the photo when nothing moves: inside the person, and the face alone.
    holes : float
        Largest share of the trunk that shows the background in a far pose.
    hand_areas : (float, float)
        Smallest and largest area of a hand over its squared length in far poses.
    left_behind : float
        Share of the seen arms outside the matte.
    """

    returned_db: float
    face_db: float
    holes: float
    hand_areas: tuple[float, float]
    left_behind: float

    def fault(self) -> str | None:
        """What makes it unfit to be shown, the start of a sentence; None if it is good."""
        if self.left_behind > _MOST_LEFT:
            return "An arm could not be told from the background"
        if self.returned_db < _LEAST_DB:
            return "The photo could not be rebuilt well"
        if self.holes > _MOST_HOLES:
            return "The clothes tear when the arms move"
        low, high = self.hand_areas
        if low < _HAND_AREA[0] or high > _HAND_AREA[1]:
            return "The hands could not be made well"
        return None


@dataclass(frozen=True)
class HeadQuality:
    """Measures of a photographed head on concert dress.

    Parameters
    ----------
    face_db : float
        PSNR of the face against the photo when nothing moves.
    covered : float
        Share of the lower half of the face that shows something else.
    roll : float
        How far the head leans, radians.
    """

    face_db: float
    covered: float
    roll: float

    def fault(self) -> str | None:
        """What is poor about it, a sentence; None if it is good."""
        if self.covered > _MOST_COVERED:
            return (
                "Neck or collar cover part of the face; a photo with the head upright looks better."
            )
        if self.face_db < _LEAST_DB:
            return "The face could not be rebuilt well; a larger or sharper photo looks better."
        if abs(self.roll) > _MOST_ROLL:
            return (
                "The head leans and sits askew on the collar; a photo with the head upright looks "
                "better."
            )
        return None


def check_head(
    character: Character, photo: Photo, matte: NDArray[np.float32], face: Array
) -> HeadQuality:
    """Draw a character in concert dress as the photo shows it, and measure its face.

    Parameters
    ----------
    character : Character
        In concert dress.
    photo, matte
        What it was made from.
    face : (478, 3) array
        Face mesh, pixels.
    """
    off = own_pose(character, photo).astype(np.float64) - photo.rgb
    inside = (matte > _INSIDE) & oval_mask(face, matte.shape)
    rows = np.arange(len(matte))[:, None]
    lower = inside & (rows > face[:, 1].mean())
    covered = np.abs(off).max(axis=-1) > _COVERED_LEVELS
    return HeadQuality(
        face_db=_decibels((off**2).mean(axis=-1), inside),
        covered=np.count_nonzero(covered & lower) / max(np.count_nonzero(lower), 1),
        roll=head_roll(face),
    )


def check(
    character: Character,
    photo: Photo,
    matte: NDArray[np.float32],
    labels: PartLabels,
    landmarks: Landmarks,
) -> Quality:
    """Draw and measure a character in its photo's clothes.

    Parameters
    ----------
    character : Character
        In the photo's dress.
    photo, matte, labels, landmarks
        What it was made from.
    """
    returned = own_pose(character, photo)
    face = np.where(_face(landmarks, matte.shape), matte, 0.0)
    holes, areas = _far(character)
    return Quality(
        returned_db=returned_db(returned, photo.rgb, matte),
        face_db=returned_db(returned, photo.rgb, face),
        holes=holes,
        hand_areas=areas,
        left_behind=_left_behind(landmarks, matte),
    )


def returned_db(
    returned: NDArray[np.uint8], photo: NDArray[np.uint8], matte: NDArray[np.floating]
) -> float:
    """PSNR of a photo (H, W, 3) given back in its own pose, dB, where the matte is sure."""
    error = ((returned.astype(np.float64) - photo) ** 2).mean(axis=-1)
    return _decibels(error, matte > _INSIDE)


def own_pose(character: Character, photo: Photo) -> NDArray[np.uint8]:
    """The character as the photo shows it, without a baton, (H, W, 3)."""
    take = drive(character, guide_of(character))
    take.baton[:] = np.nan
    backdrop = photo.rgb if character.backdrop is None else character.backdrop
    with Painter(character, character.camera.size, backdrop=backdrop) as painter:
        return painter.draw(take, 0)


def _decibels(error: Array, mask: NDArray[np.bool_]) -> float:
    if not mask.any():
        return float("nan")
    return float(10.0 * np.log10(255.0**2 / max(float(error[mask].mean()), 1e-3)))


def _face(landmarks: Landmarks, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.uint8)
    if landmarks.face is not None:
        hull = cv2.convexHull(np.round(landmarks.face[:, :2]).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, (1,))
    return mask > 0


def _far(character: Character) -> tuple[float, tuple[float, float]]:
    """Share of holes in the trunk, and areas of the hands, over all far poses."""
    guide = far_poses()
    take = drive(character, guide)
    scale = _SIDE / max(take.size)
    size = round(take.size[0] * scale), round(take.size[1] * scale)
    of_face = character.parts[character.faces[:, 0]]
    solid = character.kinds == SOLID
    trunk = character.faces[solid & (of_face == PARTS.index("trunk"))]
    index, weights = character.weight_bones, character.weights.astype(np.float64)
    holes, areas = [0.0], [0.3]
    with CoverageRenderer(size) as renderer:
        for frame in range(HELD // 2, len(POSES) * HELD, HELD):
            matrices = take.matrices[frame].astype(np.float64)
            blended = np.einsum("vk,vkij->vij", weights, matrices[index])
            places = np.einsum("vij,vj->vi", blended[:, :, :3], character.vertices)
            pixels = guide.to_pixels((places + blended[:, :, 3])[None])[0]
            pixels[:, :2] *= scale
            holes.append(_holes(renderer.draw(pixels, trunk).inside))
            for side in "LR":
                part = PARTS.index(f"hand.{side}")
                own = renderer.draw(pixels, character.faces[solid & (of_face == part)]).inside
                vertices = pixels[character.parts == part, :2]
                length = float(np.linalg.norm(np.ptp(vertices, axis=0)))
                areas.append(np.count_nonzero(own) / max(length**2, 1.0))
    return max(holes), (min(areas), max(areas))


def _holes(inside: NDArray[np.bool_]) -> float:
    """Share of a shape that is enclosed but not covered."""
    outside = np.pad(~inside, 1, constant_values=True).astype(np.uint8)
    cv2.floodFill(outside, None, (0, 0), (2,))
    enclosed = np.count_nonzero(outside == 1)
    return enclosed / max(np.count_nonzero(inside), 1)


def _left_behind(landmarks: Landmarks, matte: NDArray[np.float32]) -> float:
    """Largest share of a seen limb's middle line that lies outside the matte."""
    worst = 0.0
    height, width = matte.shape
    for side in "LR":
        for a, b in (("upper_arm", "forearm"), ("forearm", "hand")):
            names = f"{a}.{side}", f"{b}.{side}"
            if min(landmarks.visibility[name] for name in names) < _SEEN:
                continue
            start, end = (landmarks.points[name] for name in names)
            line = start + np.linspace(0.1, 0.9, 24)[:, None] * (end - start)
            at = np.round(line).astype(int)
            at = at[((at >= 0) & (at < [width, height])).all(axis=1)]
            if len(at):
                worst = max(worst, float((matte[at[:, 1], at[:, 0]] < 0.5).mean()))
    return worst
