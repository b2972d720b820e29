"""The body sheet: legs planted, trunk that sways and leans, a head that is never distorted."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

# The inverse of a map this close to identity: the error shrinks severalfold a round.
_ROUNDS: Final = 8


@dataclass(frozen=True)
class BodyPose:
    """How the body moves away from the photo, in pixels and radians; T frames.

    Parameters
    ----------
    hips : (T, 2) array
        Shift of the hips.
    lean : (T,) array
        Rotation of the trunk in the picture, positive clockwise.
    rise : (T,) array
        Shift of the shoulders along y on top of that.
    head_angle : (T,) array
        Rotation of the head in the picture.
    head_shift : (T, 2) array
        Shift of the head against the neck.
    shrug : (T, 2, 2) array
        Shift of the left and the right shoulder.
    """

    hips: Array
    lean: Array
    rise: Array
    head_angle: Array
    head_shift: Array
    shrug: Array

    def moved(self, scale: float) -> "BodyPose":
        """The same pose in a picture enlarged by `scale`."""
        return BodyPose(
            self.hips * scale,
            self.lean,
            self.rise * scale,
            self.head_angle,
            self.head_shift * scale,
            self.shrug * scale,
        )


@dataclass(frozen=True)
class BodyRig:
    """Where the body bends.

    Parameters
    ----------
    ground : float
        Height (y) below which nothing moves: the ankles, or the edge that cuts the body.
    hips, neck : (2,) arrays
        Pivots of the trunk and of the head.
    chin : float
        Height (y) above which the head is rigid.
    shoulders : (2, 2) array
        The left and the right shoulder joint.
    """

    ground: float
    hips: Array
    neck: Array
    chin: float
    shoulders: Array

    @classmethod
    def from_points(cls, points: dict[str, Array], ground: float) -> "BodyRig":
        """Place the pivots by the landmarks of an upright, frontal person."""
        shoulders = np.array([points["upper_arm.L"], points["upper_arm.R"]])
        middle = shoulders.mean(axis=0)
        across = float(np.linalg.norm(shoulders[0] - shoulders[1]))
        hips = (points["thigh.L"] + points["thigh.R"]) / 2
        if ground < hips[1] + 0.2 * across:
            # The photo ends above the legs: bend as low as can be seen.
            hips = np.array([hips[0], min(hips[1], ground - 0.1 * across)])
        mouth = (points["mouth.L"] + points["mouth.R"]) / 2
        # The chin lies about as far below the mouth as the mouth below the nose, and a bit.
        chin = float(mouth[1] + 1.15 * max(mouth[1] - points["nose"][1], 0.05 * across))
        chin = min(chin, float(middle[1] - 0.08 * across))
        neck = np.array([middle[0], middle[1] - 0.1 * across])
        return cls(ground, hips, neck, chin, shoulders)

    def moved(self, scale: float, shift: Array) -> "BodyRig":
        """The same rig after the picture was scaled and then shifted."""
        return BodyRig(
            self.ground * scale + float(shift[1]),
            self.hips * scale + shift,
            self.neck * scale + shift,
            self.chin * scale + float(shift[1]),
            self.shoulders * scale + shift,
        )

    def forward(self, points: Array, pose: BodyPose, frame: int) -> Array:
        """Where points (..., 2) of the photo go in a frame."""
        across = float(np.linalg.norm(self.shoulders[0] - self.shoulders[1]))
        y = points[..., 1]
        top = float(self.shoulders[:, 1].mean())
        planted = _ramp(y, self.ground, self.hips[1])
        trunk = _ramp(y, self.hips[1] + 0.1 * across, top + 0.3 * (self.hips[1] - top))
        head = _ramp(y, self.neck[1], self.chin)
        standing = points + planted[..., None] * pose.hips[frame]
        hips = self.hips + pose.hips[frame]
        rise = np.array([0.0, pose.rise[frame]])
        leaning = hips + _turn(points - self.hips, pose.lean[frame]) + rise
        out = standing + trunk[..., None] * (leaning - standing)
        for side in range(2):
            away = np.sum((points - self.shoulders[side]) ** 2, axis=-1) / (0.45 * across) ** 2
            out = out + np.exp(-away)[..., None] * pose.shrug[frame, side]
        neck = hips + _turn(self.neck - self.hips, pose.lean[frame]) + rise
        rigid = neck + _turn(points - self.neck, pose.head_angle[frame]) + pose.head_shift[frame]
        return out + head[..., None] * (rigid - out)

    def inverse(self, points: Array, pose: BodyPose, frame: int) -> Array:
        """Which point of the photo is seen at points (..., 2) of a frame."""
        source = points
        for _ in range(_ROUNDS):
            source = source + (points - self.forward(source, pose, frame))
        return source


def _ramp(values: Array, start: float, end: float) -> Array:
    """Smooth step from 0 at `start` to 1 at `end`, which may lie on either side."""
    t = np.clip((values - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _turn(vectors: Array, angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)
