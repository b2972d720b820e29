"""The fingers: MediaPipe's hands, looked for where the pose says a hand is."""

from itertools import product
from typing import Final

import numpy as np

from retarget.rotation import Array

from .detectors import Crop, Detectors, Image
from .pose_landmarks import Pose

# Half the side of the crops, in widths of the face: a hand is about as long as a face is wide.
_REACHES: Final = (0.8, 1.1, 1.5, 2.0)
_CROP_SIDE: Final = 384
# How far the wrist may lie from the pose's and the fingers' roots from the pose's, in face widths.
_WRIST_OFF: Final = 0.45
_ROOTS_OFF: Final = 0.55
# A palm, from the wrist to the root of the middle finger, is this many face widths long.
_PALM: Final = (0.22, 1.1)
# Answers belong together if their points are this near, in palm lengths, and this many of the
# sixteen have to agree: a single answer may be a fold of the cloth.
_NEAR: Final = 0.25
_MIN_AGREE: Final = 3
# Two hands are one and the same if their points are this near, in palm lengths.
_SAME: Final = 0.5
_MIN_VISIBILITY: Final = 0.2

_WRIST, _INDEX_ROOT, _MIDDLE_ROOT, _LITTLE_ROOT = 0, 5, 9, 17


def find_hands(detectors: Detectors, rgb: Image, pose: Pose, face_width: float) -> dict[str, Array]:
    """The 21 points of each hand that can be made out.

    The side is the pose's: the hand model's own is unreliable.

    Parameters
    ----------
    detectors : Detectors
    rgb : (H, W, 3) uint8 array
    pose : Pose
    face_width : float
        Pixels; what sizes are measured by.

    Returns
    -------
    dict of str to (21, 3) array
        "L", "R": x and y in pixels, z in pixels away from the camera, 0 at the wrist.
    """
    hands = {
        side: hand
        for side in "LR"
        if (hand := _agreed(_answers(detectors, rgb, pose, side, face_width))) is not None
    }
    if len(hands) == 2 and _apart(hands["L"], hands["R"]) < _SAME:
        # One hand, seen from both wrists: it belongs to the nearer one.
        off = {
            side: np.linalg.norm(h[0, :2] - pose.point(f"hand.{side}")) for side, h in hands.items()
        }
        del hands["L" if off["L"] > off["R"] else "R"]
    return hands


def _answers(
    detectors: Detectors, rgb: Image, pose: Pose, side: str, face_width: float
) -> list[Array]:
    """What the model sees around a wrist in crops of several sizes, plain and mirrored."""
    wrist = pose.point(f"hand.{side}")
    roots = (pose.point(f"index.{side}") + pose.point(f"little.{side}")) / 2
    if pose.seen(f"hand.{side}") < _MIN_VISIBILITY:
        return []
    along = roots - wrist
    upright = float(np.arctan2(along[0], -along[1]))
    answers = []
    for share, turn, mirrored in product(_REACHES, (0.0, upright), (False, True)):
        centre = wrist + 0.8 * along
        crop = Crop.cut(rgb, centre, share * face_width, _CROP_SIDE, turn=turn, mirrored=mirrored)
        best: tuple[float, Array] | None = None
        for marks in detectors.hands.process(crop.image).multi_hand_landmarks or []:
            hand = crop.to_photo(marks.landmark)
            hand[:, 2] -= hand[_WRIST, 2]
            off = _misfit(hand, wrist, roots, face_width)
            if off is not None and (best is None or off < best[0]):
                best = off, hand
        if best is not None:
            answers.append(best[1])
    return answers


def _misfit(hand: Array, wrist: Array, roots: Array, face_width: float) -> float | None:
    """How far a hand lies from where the pose has it, in face widths; None if it cannot be it."""
    palm = float(np.linalg.norm(hand[_MIDDLE_ROOT] - hand[_WRIST])) / face_width
    own_roots = (hand[_INDEX_ROOT, :2] + hand[_LITTLE_ROOT, :2]) / 2
    wrist_off = float(np.linalg.norm(hand[_WRIST, :2] - wrist)) / face_width
    roots_off = float(np.linalg.norm(own_roots - roots)) / face_width
    if not _PALM[0] < palm < _PALM[1] or wrist_off > _WRIST_OFF or roots_off > _ROOTS_OFF:
        return None
    return wrist_off + roots_off


def _agreed(answers: list[Array]) -> Array | None:
    """The middle of the largest group of answers that are alike."""
    groups = [[other for other in answers if _apart(hand, other) < _NEAR] for hand in answers]
    group = max(groups, key=len, default=[])
    if len(group) < _MIN_AGREE:
        return None
    return np.asarray(np.median(group, axis=0))


def _apart(hand: Array, other: Array) -> float:
    palm = float(np.linalg.norm(hand[_MIDDLE_ROOT] - hand[_WRIST]))
    return float(np.linalg.norm((hand - other)[:, :2], axis=1).mean()) / max(palm, 1e-6)
