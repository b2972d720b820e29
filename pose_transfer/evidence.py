"""What a photo shows of a person's trunk and arms: enough to draw the rest from it, or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX, Body
from retarget.rotation import Array

from .coverage import CoverageRenderer
from .face_mesh import face_width
from .fit import SHOULDERS_M, BodyFit
from .labels import ARM_L, ARM_R, PartLabels
from .person_parts import close_to
from .persons import Face

# Shares are counted on a copy of this size, with so much room around it, in shoulder breadths, for
# limbs that leave the photo.
_SIDE: Final = 560
_ROOM: Final = 2.5
# Borders of matte and parts may be off by this share of the shoulder breadth.
_SLACK: Final = 0.02
# Colours are compared in Lab, light and shade counting little; a median of fewer pixels than this
# share of the squared shoulder breadth says nothing.
_LAB_WEIGHTS: Final = (0.4, 1.2, 1.2)
_FEWEST: Final = 0.004

# Bounds between persons who came out well and who did not, as far from both as may be. So much of
# the trunk below the shoulders must be in the picture, metres.
_LEAST_TRUNK_M: Final = 0.30
# Well from 0.65 on, not from 0.50 down (arms behind others or beyond the edge).
_LEAST_IN_MATTE: Final = 0.575
# Well from 0.57 on (arms folded in sleeves), not below 0.49.
_LEAST_UPPER: Final = 0.52
# With less of a forearm than this the upper arm says what it looks like: of one cloth up to a
# distance of 5, of two from 14 on.
_LEAST_FORE: Final = 0.25
_OTHER_CLOTH: Final = 9.0
# Well up to 29 degrees, not from 46 on.
_MOST_YAW: Final = np.radians(37.0)
_SMALLEST_FACE_PX: Final = 32.0
# Another person's face so near, in widths of the own, is that of somebody whose shoulder or arm
# lies over the person's; farther below, of somebody in front.
_ARM_IN_ARM: Final = 2.6
_BELOW: Final = 3.0


@dataclass(frozen=True)
class LimbEvidence:
    """What is seen of an upper arm or a forearm.

    Parameters
    ----------
    in_matte : float
        Share of the fitted body's limb that lies within the photo and the matte.
    seen : float
        Share of it that nothing hides and that the parts give to the arm.
    colour : (3,) array, or None
        Median of what is seen, weighted Lab; None where too little is.
    """

    in_matte: float
    seen: float
    colour: Array | None


@dataclass(frozen=True)
class Evidence:
    """What the photo shows of one person.

    Parameters
    ----------
    trunk_m : float
        How much of the trunk below the shoulders is in the picture, metres.
    yaw : float
        Turn of the shoulders away from the camera, radians.
    face_px : float
        Width of the face.
    crowded : bool
        Whether another person's face is in the matte, or so near that the bodies overlap.
    limbs : dict of str to LimbEvidence
        "upper_arm.L", "forearm.L" and the same for ".R".
    """

    trunk_m: float
    yaw: float
    face_px: float
    crowded: bool
    limbs: dict[str, LimbEvidence]

    def fault(self) -> str | None:
        """Why the photo's own clothes and arms cannot be completed, the start of a sentence."""
        if self.trunk_m < _LEAST_TRUNK_M:
            return "The photo ends at the chest"
        if self.crowded:
            return "Another person is so close that arms lie over each other"
        if min(limb.in_matte for limb in self.limbs.values()) < _LEAST_IN_MATTE:
            return "An arm leaves the photo or is hidden behind something"
        if min(self._seen("upper_arm")) < _LEAST_UPPER:
            return "Hardly anything is seen of an arm"
        if min(self._seen("forearm")) < _LEAST_FORE and self._changes_at_elbow():
            return "Too little is seen of a forearm to tell what it looks like"
        if abs(self.yaw) > _MOST_YAW:
            return "The body is turned to the side"
        if self.face_px < _SMALLEST_FACE_PX:
            return "The person is too small in the photo"
        return None

    def _seen(self, stem: str) -> list[float]:
        return [self.limbs[f"{stem}.{side}"].seen for side in "LR"]

    def _changes_at_elbow(self) -> bool:
        """Whether forearms look unlike upper arms, as far as is known."""
        above, below = (
            [self.limbs[f"{stem}.{side}"].colour for side in "LR"]
            for stem in ("upper_arm", "forearm")
        )
        known = [(a, b) for a in above for b in below if a is not None and b is not None]
        return any(float(np.linalg.norm(a - b)) > _OTHER_CLOTH for a, b in known)


def gather_evidence(
    rgb: NDArray[np.uint8],
    matte: NDArray[np.float32],
    face: Array,
    others: Sequence[Face],
    labels: PartLabels,
    fit: BodyFit,
    body: Body,
) -> Evidence:
    """Look at the photo where the fitted body says that trunk and arms are.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo.
    matte : (H, W) array in [0, 1]
        The person.
    face : (478, 3) array
        The person's face mesh, pixels.
    others : sequence of Face
        Faces of other people.
    labels : PartLabels
        The person's parts.
    fit : BodyFit
        The body in the photo's pose.
    body : Body
        Faces and weights.
    """
    left, right = (fit.positions[INDEX[f"upper_arm.{side}"]] for side in "LR")
    middle = fit.camera.to_pixels((left + right) / 2)
    across = left - right
    return Evidence(
        trunk_m=float((matte.shape[0] - middle[1]) * middle[2] / fit.camera.focal),
        yaw=float(np.arctan2(across[1], across[0])),
        face_px=face_width(face),
        crowded=_crowded(matte, face, others),
        limbs=_limbs(rgb, matte, labels, fit, body),
    )


def _crowded(matte: NDArray[np.float32], face: Array, others: Sequence[Face]) -> bool:
    width = face_width(face)
    centre = face[:, :2].mean(axis=0)
    for other in others:
        near = np.abs(other.centre - centre) / width
        if near[0] < _ARM_IN_ARM and near[1] < _BELOW:
            return True
        reach = max(1, round(0.25 * other.width))
        x, y = np.round(other.centre).astype(int)
        window = matte[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        if window.size and float(window.mean()) > 0.5:
            return True
    return False


def _limbs(
    rgb: NDArray[np.uint8],
    matte: NDArray[np.float32],
    labels: PartLabels,
    fit: BodyFit,
    body: Body,
) -> dict[str, LimbEvidence]:
    height, width = matte.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    points = fit.camera.to_pixels(fit.vertices)
    breadth = scale * fit.camera.focal * SHOULDERS_M / float(np.median(points[:, 2]))
    room = round(_ROOM * breadth)
    points[:, :2] = (points[:, :2] + 0.5) * scale - 0.5 + room

    def small(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return np.pad(share > 0.5, room)

    slack = max(1.5, _SLACK * breadth)
    person = close_to(small(matte > 0.5), slack)
    arms = {"L": small(labels.mask(ARM_L)), "R": small(labels.mask(ARM_R))}
    picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab).astype(np.float64) * _LAB_WEIGHTS
    lab = np.pad(lab, ((room, room), (room, room), (0, 0)))
    bones = np.argmax(body.weights, axis=1)[body.faces]
    limbs = {}
    with CoverageRenderer((size[0] + 2 * room, size[1] + 2 * room)) as renderer:
        nearest = renderer.draw(points, body.faces)
        for name in ("upper_arm.L", "upper_arm.R", "forearm.L", "forearm.R"):
            faces = (bones == INDEX[name]).all(axis=1)
            own = renderer.draw(points, body.faces[faces]).inside
            area = max(np.count_nonzero(own), 1)
            frontmost = own & nearest.inside & faces[nearest.face]
            arm = arms[name[-1]]
            shown = lab[frontmost & arm]
            enough = len(shown) > _FEWEST * breadth**2
            limbs[name] = LimbEvidence(
                in_matte=np.count_nonzero(own & person) / area,
                seen=np.count_nonzero(frontmost & close_to(arm, slack)) / area,
                colour=np.median(shown, axis=0) if enough else None,
            )
    return limbs
