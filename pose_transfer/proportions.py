"""Measures of the person and of the avatar, and the scale that suits both best."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.rotation import Array

# How much each measure has to say about the scale; what it leaves over, the body stretches.
_WEIGHTS: Final = {"breadth": 2.0, "arm": 2.0, "head": 1.0, "stature": 2.0}
# Most that trunk and legs stretch or shrink to stand on the floor, as a logarithm.
_MOST_STRETCH: Final = 0.08
# A leg is stood on if the ankle lies this share of its length below the hip.
_STRAIGHT: Final = 0.85
_UP: Final = np.array([0.0, 0.0, 1.0])
# The body's head joint lies under the skull, the skeleton's in the neck: from the latter to the
# former, metres of the canonical skeleton, both seen from the middle of the eyes.
_SKULL: Final = np.array([0.0, -0.011, 0.058])
# So high over the shoulders a skull begins, as a share of their breadth. The head joints of rigs
# lie anywhere between.
_SKULL_HEIGHT: Final = (
    skeleton.REST[skeleton.INDEX["head"], 2]
    + _SKULL[2]
    - skeleton.REST[skeleton.INDEX["upper_arm.L"], 2]
) / (2.0 * skeleton.REST[skeleton.INDEX["upper_arm.L"], 0])


@dataclass(frozen=True)
class Proportions:
    """Measures of an upright body, metres.

    Parameters
    ----------
    breadth : float
        From shoulder joint to shoulder joint.
    arm : float
        From shoulder to wrist along the arm, mean of both sides.
    head : float
        Height of the skull's joint over the shoulders; see `skull_of`.
    stature : float
        Height of the shoulders over the ankles.
    """

    breadth: float
    arm: float
    head: float
    stature: float


def proportions_of_rest(rest: Array) -> Proportions:
    """Of joints (J, 3) in the T-pose, which may be turned any way."""
    turn = stance(rest)
    joints = {name: rest[i] for name, i in skeleton.INDEX.items()}
    skull = joints["head"] + rotation.rotate(turn, to_skull(rest))
    return _measure(joints, skull, up=rotation.rotate(turn, _UP))


def proportions_of(character: Character) -> Proportions:
    """Of a person as they stand in their photo."""
    joints = dict(zip(character.bones, character.heads, strict=True))
    return _measure(joints, skull_of(character), up=_UP)


def to_skull(rest: Array) -> Array:
    """From the head joint of an avatar with this T-pose (J, 3) to where its skull sits, (3,).

    In the axes of the head, metres.
    """
    index = skeleton.INDEX
    shoulders = (rest[index["upper_arm.L"]] + rest[index["upper_arm.R"]]) / 2.0
    height = float((rest[index["head"]] - shoulders) @ rotation.rotate(stance(rest), _UP))
    breadth = _breadth(rest)
    most = _SKULL * (breadth / _breadth(skeleton.REST))
    missing = (_SKULL_HEIGHT * breadth - height) / most[2]
    return np.asarray(most * np.clip(missing, 0.0, 1.0))


def skull_of(character: Character) -> Array:
    """Where the person's skull sits on the spine in the bind pose, (3,) metres."""
    at = character.bone("head")
    if character.dress == "photo":
        return character.heads[at]
    left, right = (character.heads[character.bone(f"upper_arm.{side}")] for side in "LR")
    size = float(np.linalg.norm(left - right)) / _breadth(skeleton.REST)
    return character.heads[at] + rotation.rotate(character.turns[at], size * _SKULL)


def rest_like(character: Character) -> Array:
    """The canonical T-pose (J, 3) with a person's proportions."""
    wanted = proportions_of(character)
    canonical = proportions_of_rest(skeleton.REST)
    size = wanted.breadth / canonical.breadth
    rest = skeleton.REST * size
    index = skeleton.INDEX
    shoulders = rest[index["upper_arm.L"], 2]
    for side in "LR":
        upper, *lower = (index[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand"))
        along = (rest[lower] - rest[upper]) * wanted.arm / (canonical.arm * size)
        rest[lower] = rest[upper] + along
    # A low skull sits on a joint in the neck, a high one on its own.
    low = wanted.head < _SKULL_HEIGHT * wanted.breadth
    rest[index["head"], 2] = shoulders + wanted.head - (size * _SKULL[2] if low else 0.0)
    rest[[index["foot.L"], index["foot.R"]], 2] = shoulders - wanted.stature
    return rest


def scale_between(person: Proportions, avatar: Proportions, *, stature: bool) -> float:
    """Size of the avatar over that of the person, all measures considered.

    Parameters
    ----------
    person, avatar : Proportions
    stature : bool
        Whether the height of the shoulders over the floor counts too.

    Raises
    ------
    ConductorError
        If the head of one of them is not above the shoulders, or those not above the feet.
    """
    counted = [name for name in _WEIGHTS if stature or name != "stature"]
    for who, measures in (("person of the photo", person), ("avatar", avatar)):
        if not all(0.0 < getattr(measures, name) < np.inf for name in counted):
            raise ConductorError(
                f"The {who} does not hold the head above the shoulders, or those above the feet; "
                "choose another."
            )
    logs = {name: float(np.log(getattr(avatar, name) / getattr(person, name))) for name in counted}
    total = sum(_WEIGHTS[name] for name in counted)
    mean = sum(_WEIGHTS[name] * logs[name] for name in counted) / total
    if stature:
        tall = logs["stature"]
        mean = float(np.clip(mean, tall - _MOST_STRETCH, tall + _MOST_STRETCH))
    return float(np.exp(mean))


def cut_off(character: Character) -> bool:
    """Whether the photo's lower edge cuts the person; concert dress goes on below it."""
    lowest = float(character.camera.to_pixels(character.vertices)[:, 1].max())
    return character.dress == "photo" and lowest > character.camera.size[1] - 0.5


def stands(character: Character) -> bool:
    """Whether the person is seen to stand: neither cut off above the feet nor seated."""
    camera = character.camera
    for side in "LR":
        hip, knee, ankle = (
            character.heads[character.bone(f"{stem}.{side}")] for stem in ("thigh", "shin", "foot")
        )
        if character.dress == "photo" and camera.to_pixels(ankle)[1] > camera.size[1]:
            return False
        length = np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)
        if hip[2] - ankle[2] < _STRAIGHT * length:
            return False
    return True


def stance(rest: Array) -> Array:
    """Rotation (4,) of the canonical T-pose to joints (J, 3) in theirs."""
    return rotation.multiply(_axes(rest), rotation.conjugate(_axes(skeleton.REST)))


def _measure(joints: dict[str, Array], skull: Array, up: Array) -> Proportions:
    left, right = joints["upper_arm.L"], joints["upper_arm.R"]
    middle = (left + right) / 2.0
    arms = [
        np.linalg.norm(joints[f"{end}.{side}"] - joints[f"{start}.{side}"])
        for start, end in (("upper_arm", "forearm"), ("forearm", "hand"))
        for side in "LR"
    ]
    ankles = (joints["foot.L"] + joints["foot.R"]) / 2.0
    return Proportions(
        breadth=float(np.linalg.norm(left - right)),
        arm=float(np.sum(arms)) / 2.0,
        head=float((skull - middle) @ up),
        stature=float((middle - ankles) @ up),
    )


def _breadth(joints: Array) -> float:
    left, right = (joints[skeleton.INDEX[f"upper_arm.{side}"]] for side in "LR")
    return float(np.linalg.norm(left - right))


def _axes(rest: Array) -> Array:
    """Rotation (4,) of an upright frame on shoulders and spine."""
    index = skeleton.INDEX
    left = rest[index["upper_arm.L"]] - rest[index["upper_arm.R"]]
    up = rest[index["neck"]] - rest[index["hips"]]
    left = rotation.normalize(left)
    up = rotation.normalize(up - left * (up @ left))
    return rotation.from_matrix(np.stack([left, np.cross(up, left), up], axis=-1))
