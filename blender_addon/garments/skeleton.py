"""The avatar's bones in the bind pose."""

from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.rotation import Array

from ..stage import hands
from .arms import BENT, UPPER_TURN, mirror_turn

_FINGER_JOINTS: Final = ("thumb", "index", "fingers")
_Row = tuple[str | None, Array, Array]


def bind_bones() -> tuple[tuple[str, ...], list[int], Array, Array, Array]:
    """Names, parents (−1 for the root), heads, tails and turns from the T-pose; parents first."""
    rest = _rest_bones()
    names = tuple(rest)
    parents = [-1 if parent is None else names.index(parent) for parent, _, _ in rest.values()]
    start = np.array([at for _, at, _ in rest.values()])
    end = np.array([tail for _, _, tail in rest.values()])
    heads, tails, turns = start.copy(), end.copy(), rotation.identity((len(names),))
    own = {"upper_arm.L": UPPER_TURN, "forearm.L": BENT}
    own |= {name.replace(".L", ".R"): mirror_turn(turn) for name, turn in own.items()}
    for k, parent in enumerate(parents):
        if parent >= 0:
            turns[k] = turns[parent]
            heads[k] = heads[parent] + rotation.rotate(turns[parent], start[k] - start[parent])
        if names[k] in own:
            turns[k] = rotation.multiply(turns[k], own[names[k]])
        tails[k] = heads[k] + rotation.rotate(turns[k], end[k] - start[k])
    return names, parents, heads, tails, turns


def _rest_bones() -> dict[str, _Row]:
    """Name to (parent, head, tail) in the T-pose; the same as `stage.avatar.bone_table`."""
    rest: dict[str, _Row] = {}
    for name, parent, at, end in zip(
        skeleton.NAMES, skeleton.PARENTS, skeleton.REST, skeleton.TAILS, strict=True
    ):
        if name.split(".")[0] in _FINGER_JOINTS or name == "baton_tip":
            continue
        if name == "baton":
            end = skeleton.TAILS[skeleton.INDEX["baton_tip"]]
        rest[name] = (None if parent < 0 else skeleton.NAMES[parent], at, end)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        for finger, (joints, _) in hands.FINGERS.items():
            above = f"hand.{side}"
            for k in range(len(joints) - 1):
                ends = np.asarray(joints[k : k + 2]) * np.array([sign, 1.0, 1.0])
                name = f"{finger}.{k + 1:02d}.{side}"
                rest[name] = (above, ends[0], ends[1])
                above = name
    return rest
