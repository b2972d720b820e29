"""The bones of a conductor in the T-pose: names, parents, ends. Needs NumPy alone."""

from typing import Final

import numpy as np

from retarget import skeleton
from retarget.rotation import Array

from . import hands

# The skeleton's joints that stand for chains of bones.
_FINGER_JOINTS: Final = ("thumb", "index", "fingers")


def bone_table() -> dict[str, tuple[str | None, Array, Array]]:
    """The bones of `retarget.skeleton`, with fingers as chains, in its rest pose.

    Name to (parent, head, tail), metres; parents come first.

    Fingers are `index.01.L` … `index.03.L`, likewise middle, ring and pinky; `thumb.01.L`,
    `thumb.02.L`. The baton is one bone with its tail at the tip.
    """
    table: dict[str, tuple[str | None, Array, Array]] = {}
    for name, parent, at, end in zip(
        skeleton.NAMES, skeleton.PARENTS, skeleton.REST, skeleton.TAILS, strict=True
    ):
        if name.split(".")[0] in _FINGER_JOINTS or name == "baton_tip":
            continue
        if name == "baton":
            end = skeleton.TAILS[skeleton.INDEX["baton_tip"]]
        table[name] = (None if parent < 0 else skeleton.NAMES[parent], at, end)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        for finger, (joints, _) in hands.FINGERS.items():
            above = f"hand.{side}"
            for i in range(len(joints) - 1):
                name = f"{finger}.{i + 1:02d}.{side}"
                start, end = np.asarray(joints[i : i + 2]) * mirror
                table[name] = (above, start, end)
                above = name
    return table
