"""Left and right: pictures in which the landmarks of both sides have changed places."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from retarget.rotation import Array

from .landmarks import Landmarks

# Changed sides have to lie so much nearer to where the person was: a share of the distances, and
# shoulder breadths.
_NEARER, _BY = 0.5, 0.25
_TRUNK: Final = ("upper_arm", "thigh")
_ARM: Final = ("forearm", "hand")
_OF_ARM: Final = (*_ARM, "thumb", "index", "little")
_OTHER: Final = {"L": "R", "R": "L"}


def same_sides(landmarks: Landmarks, before: Mapping[str, Array], across: float) -> Landmarks:
    """Landmarks whose sides are those of a moment before.

    Detectors now and then take the left arm for the right one, or a person for one who is seen
    from behind, for a single picture.

    Parameters
    ----------
    landmarks : Landmarks
    before : mapping of str to (2,) array
        Where joints were, pixels.
    across : float
        Breadth of the shoulders, pixels.
    """
    if _changed(landmarks, before, (*_TRUNK, *_ARM), across):
        stems = {name.split(".")[0] for name in landmarks.points if "." in name}
        return _exchanged(landmarks, sorted(stems))
    if _changed(landmarks, before, _ARM, across):
        return _exchanged(landmarks, _OF_ARM)
    return landmarks


def _changed(
    landmarks: Landmarks, before: Mapping[str, Array], stems: Sequence[str], across: float
) -> bool:
    """Whether all these joints lie nearer to where those of the other side were."""
    for stem in stems:
        stayed = changed = 0.0
        for side, other in _OTHER.items():
            at = landmarks.points[f"{stem}.{side}"]
            stayed += float(np.linalg.norm(at - before[f"{stem}.{side}"]))
            changed += float(np.linalg.norm(at - before[f"{stem}.{other}"]))
        if changed > _NEARER * stayed or changed > stayed - _BY * across:
            return False
    return True


def _exchanged(landmarks: Landmarks, stems: Sequence[str]) -> Landmarks:
    names = {
        f"{stem}.{side}": f"{stem}.{other}" for stem in stems for side, other in _OTHER.items()
    }
    hands = landmarks.hands
    if "hand" in stems:
        hands = {_OTHER[side]: hand for side, hand in hands.items()}
    return replace(
        landmarks,
        points={name: landmarks.points[names.get(name, name)] for name in landmarks.points},
        visibility={n: landmarks.visibility[names.get(n, n)] for n in landmarks.visibility},
        world={name: landmarks.world[names.get(name, name)] for name in landmarks.world},
        hands=hands,
    )
