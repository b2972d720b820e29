"""Rigs with whole hands for tests: the human body's, with its skin, and an auto-rigger's."""

from dataclasses import dataclass

import numpy as np
from sample_rigs import MIXAMO_WORDS, bone_rows, rig_from_rows

from retarget import rotation, skeleton
from retarget.body.model import BONES, PARENTS, load_body
from retarget.detect import detect_rig
from retarget.fit import Fit, fit_rig
from retarget.hands.grip import bulb_end
from retarget.motion import Motion
from retarget.rig import RigRest
from retarget.rotation import Array

FINGERS = ("index", "middle", "ring", "pinky")
# Knuckle beside the canonical left hand, lengths of the bones, direction: straight, as auto-riggers
# lay them, the thumb at some 40 degrees.
_DIGITS = {
    "Thumb": ((0.750, -0.026, 1.412), (0.042, 0.032, 0.027), (0.75, -0.60, -0.28)),
    "Index": ((0.815, -0.026, 1.420), (0.045, 0.026, 0.022), (1.0, -0.06, 0.0)),
    "Middle": ((0.818, -0.004, 1.422), (0.048, 0.030, 0.024), (1.0, 0.0, 0.0)),
    "Ring": ((0.812, 0.016, 1.420), (0.044, 0.028, 0.023), (1.0, 0.05, 0.0)),
    "Pinky": ((0.800, 0.034, 1.416), (0.034, 0.020, 0.019), (1.0, 0.12, 0.0)),
}


@dataclass(frozen=True)
class HandRig:
    """A rig, and the names of its digits' bones by joint ("thumb", "index", "middle", ...)."""

    rig: RigRest
    fit: Fit
    name: str

    def bone(self, finger: str, number: int, side: str) -> str:
        if self.name == "mixamo":
            word = {"L": "Left", "R": "Right"}[side]
            return f"mixamorig:{word}Hand{finger.capitalize()}{number}"
        return f"{finger}.{number:02d}.{side}"


def body_rig() -> HandRig:
    """The human body at rest, with a baton's bone in its right palm."""
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    rows = {
        name: (None if parent < 0 else BONES[parent], head, tail)
        for name, parent, head, tail in zip(BONES, PARENTS, shape.heads, shape.tails, strict=True)
    }
    wrist = shape.heads[BONES.index("hand.R")]
    along = rotation.normalize(shape.tails[BONES.index("hand.R")] - wrist)
    knuckles = shape.heads[[BONES.index(f"{finger}.01.R") for finger in FINGERS]]
    across = knuckles[-1] - knuckles[0]
    hinge = rotation.normalize(across - along * (across @ along))
    palm = float(np.linalg.norm(knuckles.mean(axis=0) - wrist))
    start = wrist + bulb_end(along, hinge, palm, 1.0)
    rows["baton"] = ("hand.R", start, start + 0.4 * along)
    return _made("body", rows)


def mixamo_rig() -> HandRig:
    """What an auto-rigger makes, without a bone for the baton."""

    def name(bone: str) -> str:
        stem, _, side = bone.partition(".")
        return f"mixamorig:{ {'L': 'Left', 'R': 'Right', '': ''}[side] }{MIXAMO_WORDS[stem]}"

    base = bone_rows(fingers=False)
    base.pop("baton")
    rows = {name(b): (p and name(p), head, tail) for b, (p, head, tail) in base.items()}
    for word, sign in (("Left", 1.0), ("Right", -1.0)):
        for finger, (knuckle, lengths, way) in _DIGITS.items():
            head, parent = np.array(knuckle) * [sign, 1, 1], f"mixamorig:{word}Hand"
            for k, length in enumerate(lengths, start=1):
                tail = head + length * rotation.normalize(np.array(way) * [sign, 1, 1])
                bone = f"mixamorig:{word}Hand{finger}{k}"
                rows[bone] = (parent, head, tail)
                head, parent = tail, bone
    return _made("mixamo", rows)


def _made(name: str, rows: dict) -> HandRig:  # type: ignore[type-arg]  # rows of bones
    rig = rig_from_rows(rows, seed=21)
    return HandRig(rig, fit_rig(rig, detect_rig(rig)), name)


def hands_motion(
    thumb: Array,
    index: Array,
    fingers: Array,
    lean: Array | None = None,
    baton: Array | None = None,
) -> Motion:
    """Both hands in the T-pose, curled alike.

    Parameters
    ----------
    thumb, index, fingers : (T,) arrays
        How far the thumb is closed, 0 to 1, and curls, radians.
    lean : (T,) array, optional
        How far the index finger leans to the others, radians.
    baton : (T, 3) array, optional
        Rotation vectors of the baton in the right hand.
    """
    count = len(index)
    zero = np.zeros(count)
    vectors = {
        "thumb": np.stack([zero, 0.10 + 0.35 * thumb, 0.05 + 0.35 * thumb], axis=1),
        "index": np.stack([zero, index, zero], axis=1),
        "fingers": np.stack([zero, fingers, zero], axis=1),
    }
    local = rotation.identity((count, len(skeleton.NAMES)))
    for side, mirror in (("L", np.ones(3)), ("R", np.array([1.0, -1.0, -1.0]))):
        for stem, vector in vectors.items():
            joint = skeleton.INDEX[f"{stem}.{side}"]
            local[:, joint] = rotation.from_rotation_vector(vector * mirror)
        if lean is not None:
            joint = skeleton.INDEX[f"index.{side}"]
            aside = np.stack([zero, zero, lean], axis=1) * mirror
            aside = rotation.from_rotation_vector(aside)
            local[:, joint] = rotation.multiply(local[:, joint], aside)
    if baton is not None:
        local[:, skeleton.INDEX["baton"]] = rotation.from_rotation_vector(baton)
    return Motion(30.0, local, np.tile(skeleton.REST[0], (count, 1)))
