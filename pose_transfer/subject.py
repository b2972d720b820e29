"""`Subject`: the photographed person, taken apart once per photo."""

import os
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .landmarks import Landmarks, detect_person
from .matte import (
    foreground_colours,
    keep_person,
    refine_matte,
    soften_hard_edge,
    spread_colours,
)
from .photo import Photo, read_photo

SIDES: Final = ("L", "R")

# Distances between joints on the canonical skeleton, metres (Winter, fig. 4.1).
_SHOULDER_WIDTH_M: Final = 0.345
_TORSO_M: Final = 0.50
_SEEN: Final = 0.5
# A cut-out is shown to the detector on this grey.
_PLAIN: Final = 128


@dataclass(frozen=True)
class Subject:
    """One person, front view.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo.
    foreground : (H, W, 3) uint8 array
        The person's own colours, also under soft edges and a little beyond.
    matte : (H, W) float32 array
        How far each pixel is the person, [0, 1].
    points : dict of str to (2,) array
        Landmarks in pixels, named as in `landmarks.Landmarks`.
    cutout : bool
        True if the photo has no background of its own.
    feet_seen : bool
        False where the lower edge of the photo cuts the body.
    hidden : str or None
        "L" or "R" if that arm cannot be used and the other one is mirrored for it.
    warnings : tuple of str
        What the user should know.
    """

    rgb: NDArray[np.uint8]
    foreground: NDArray[np.uint8]
    matte: NDArray[np.float32]
    points: dict[str, Array]
    cutout: bool
    feet_seen: bool
    hidden: str | None
    warnings: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    @property
    def ground(self) -> float:
        """Height (y) below which nothing moves: the ankles, or the edge that cuts the body."""
        if not self.feet_seen:
            return float(self.size[1])
        return float(max(self.points["foot.L"][1], self.points["foot.R"][1]))

    @property
    def pixels_per_metre(self) -> float:
        """Scale of the photo at the body, if the person is built like the canonical skeleton."""
        return _scale(self.points, hips_seen=self.feet_seen)

    @classmethod
    def from_landmarks(
        cls,
        photo: Photo,
        landmarks: Landmarks,
        matte: NDArray[np.float32],
        warnings: tuple[str, ...] = (),
    ) -> "Subject":
        """Build a subject from a known matte and known joints.

        Parameters
        ----------
        photo : Photo
            The picture; with an alpha channel it counts as a cut-out.
        landmarks : Landmarks
            The joints and how far each can be seen.
        matte : (H, W) float32 array
            The person in [0, 1].
        warnings : tuple of str
            Warnings so far; those about the pose are added.

        Raises
        ------
        ConductorError
            If the arms are crossed or neither can be seen, or the person stands sideways.
        """
        matte = keep_person(matte, np.array(list(landmarks.points.values())))
        hidden, more = _judge(landmarks, matte, photo.name)
        rows = np.flatnonzero((matte > 0.5).any(axis=1))
        if rows.size == 0:
            raise ConductorError(f"{photo.name} is transparent where the person is; mend its mask.")
        height = float(np.ptp(rows)) + 1.0
        return cls(
            rgb=photo.rgb,
            foreground=foreground_colours(photo.rgb, matte, height),
            matte=matte,
            points=landmarks.points,
            cutout=photo.alpha is not None,
            feet_seen=_feet_seen(landmarks, matte.shape[0]),
            hidden=hidden,
            warnings=(*warnings, *more),
        )


def read_subject(
    photo: str | os.PathLike[str] | Photo, progress: Progress = no_progress
) -> Subject:
    """Read a photo and find the person in it.

    Raises
    ------
    ConductorError
        If the file is no usable image, or the person in it cannot be made to conduct; one
        sentence says why.
    """
    picture = photo if isinstance(photo, Photo) else read_photo(photo)
    progress(0.1, "finding the person")
    shown = picture.rgb
    if picture.alpha is not None:
        solid = picture.alpha[..., None]
        shown = (picture.rgb * solid + _PLAIN * (1.0 - solid)).astype(np.uint8)
    detection = detect_person(shown, picture.name)
    progress(0.4, "cutting out the person")
    points = np.array(list(detection.landmarks.points.values()))
    if picture.alpha is not None:
        matte = soften_hard_edge(picture.alpha)
        if matte is not picture.alpha:
            # Along a hard cut the pixels are the person's or the old background's, never a blend.
            picture = replace(picture, rgb=spread_colours(picture.rgb, matte))
    else:
        matte = refine_matte(picture.rgb, detection.segmentation, float(np.ptp(points[:, 1])))
    subject = Subject.from_landmarks(picture, detection.landmarks, matte, detection.warnings)
    progress(1.0, "cutting out the person")
    return subject


def _scale(points: dict[str, Array], hips_seen: bool) -> float:
    shoulders = (points["upper_arm.L"] + points["upper_arm.R"]) / 2
    across = float(np.linalg.norm(points["upper_arm.L"] - points["upper_arm.R"]))
    by_width = across / _SHOULDER_WIDTH_M
    if not hips_seen:
        # The detector invents hips outside the picture.
        return by_width
    hips = (points["thigh.L"] + points["thigh.R"]) / 2
    return 0.5 * (by_width + float(np.linalg.norm(shoulders - hips)) / _TORSO_M)


def _feet_seen(landmarks: Landmarks, height: int) -> bool:
    return all(
        landmarks.visibility[f"foot.{side}"] > _SEEN
        and landmarks.points[f"foot.{side}"][1] < 0.99 * height
        for side in SIDES
    )


def _judge(
    landmarks: Landmarks, matte: NDArray[np.float32], name: str
) -> tuple[str | None, list[str]]:
    """Which arm has to be replaced by the other one, and the warnings about the pose."""
    points = landmarks.points
    shoulders = points["upper_arm.L"] - points["upper_arm.R"]
    middle = (points["upper_arm.L"] + points["upper_arm.R"]) / 2
    hips = (points["thigh.L"] + points["thigh.R"]) / 2
    if shoulders[0] <= 0.0:
        raise ConductorError(f"The person in {name} stands with their back to the camera; turn.")
    # Seen from the front the shoulders are about 0.7 of the torso's length.
    if shoulders[0] < 0.3 * abs(hips[1] - middle[1]):
        raise ConductorError(
            f"The person in {name} stands sideways; give a photo taken from the front."
        )
    usable = {side: _arm_seen(landmarks, matte, side) for side in SIDES}
    if not any(usable.values()):
        raise ConductorError(
            f"The arms of the person in {name} are cropped or hidden; give a photo that shows "
            "both arms and hands, a little away from the body."
        )
    warnings: list[str] = []
    hidden = None
    if all(usable.values()):
        if _crossed(points):
            raise ConductorError(
                f"The person in {name} has their arms crossed; give a photo with the arms hanging, "
                "a little away from the body."
            )
    else:
        hidden = next(side for side in SIDES if not usable[side])
        word = {"L": "left", "R": "right"}
        other = word["R" if hidden == "L" else "L"]
        warnings.append(
            f"The {word[hidden]} arm is cropped or hidden, so a mirror image of the {other} one "
            "takes its place."
        )
    for side in SIDES:
        wrist = points[f"hand.{side}"]
        inward = 1.0 if side == "R" else -1.0
        covers = (wrist[0] - points[f"thigh.{side}"][0]) * inward > 0.15 * shoulders[0]
        if usable[side] and covers and wrist[1] < hips[1] + 0.2 * abs(hips[1] - middle[1]):
            warnings.append(
                "An arm covers the body in the photo, and what is behind it is guessed; with the "
                "arms a little away from the body it looks better."
            )
            break
    return hidden, warnings


def _arm_seen(landmarks: Landmarks, matte: NDArray[np.float32], side: str) -> bool:
    height, width = matte.shape
    for joint in ("forearm", "hand"):
        x, y = landmarks.points[f"{joint}.{side}"]
        if landmarks.visibility[f"{joint}.{side}"] < _SEEN:
            return False
        if not (0 <= x < width and 0 <= y < height):
            return False
    wrist = landmarks.points[f"hand.{side}"]
    fingers = (landmarks.points[f"index.{side}"] + landmarks.points[f"little.{side}"]) / 2
    tip = wrist + 1.5 * (fingers - wrist)
    inside = 0 <= tip[0] < width and 0 <= tip[1] < height
    return bool(inside)


def _crossed(points: dict[str, Array]) -> bool:
    """True if a wrist lies beyond the other one or on the other half of the body."""
    if points["hand.L"][0] <= points["hand.R"][0]:
        return True
    middle = (points["upper_arm.L"] + points["upper_arm.R"])[0] / 2
    half = (points["upper_arm.L"] - points["upper_arm.R"])[0] / 2
    left, right = points["hand.L"][0], points["hand.R"][0]
    return bool(left < middle - 0.4 * half or right > middle + 0.4 * half)
