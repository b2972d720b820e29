"""Looks at a map on its armature: sides, twist bones, and what is odd about it."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from .carrier import ancestors
from .errors import ConductorError
from .joint_words import joint_words
from .rig import RigMap, RigRest
from .rig_facing import facing
from .rig_names import squash
from .rig_parts import limb_twists
from .rig_structure import on_all_fours
from .rig_tree import RigTree
from .rotation import Array

_TWIST_WORDS: Final = ("twist", "roll", "twk", "捩")
_NOT_TWIST: Final = ("cor", "roller", "footroll", "foot_roll", "handroll")
# A bone is on the wrong side if it stands so far over there, beside the shoulders' distance.
_OVER: Final = 0.1
_SURE_ON_WRONG_SIDE: Final = 0.3
# So sure is a joint of the user's own map whose bones do not hang from one another.
_SURE_IF_LOOSE: Final = 0.5
_HANGS_FROM: Final = {"forearm": "upper_arm", "hand": "forearm"}
# The skeleton faces the other way than its names say from here on.
_BACKWARDS: Final = -0.35


def checked(rig: RigRest, rig_map: RigMap) -> RigMap:
    """The map with its twist bones, with what is odd about it told and taken for less sure.

    Parameters
    ----------
    rig : RigRest
        The armature.
    rig_map : RigMap
        A map with both upper arms, whose sides names have told.

    Raises
    ------
    ConductorError
        If it is an animal's.
    """
    tree = RigTree(rig)
    if _stands_on_all_fours(tree, _joints(rig, rig_map)):
        raise ConductorError(
            f"The armature '{rig.name}' stands on four legs; choose an armature with two arms, or "
            "say in a bone map which bones to use."
        )
    rig_map = doubted(rig, rig_map)
    return replace(rig_map, twists=_twists(tree, rig_map) | rig_map.twists)


def doubted(rig: RigRest, rig_map: RigMap) -> RigMap:
    """The map with what is odd about its sides told and taken for less sure.

    Parameters
    ----------
    rig : RigRest
        The armature.
    rig_map : RigMap
        A map; without the hips and both upper arms nothing can be told.
    """
    if not all(joint in rig_map.strands for joint in ("hips", "upper_arm.L", "upper_arm.R")):
        return rig_map
    tree = RigTree(rig)
    joints = _joints(rig, rig_map)
    left, up, width = _frame(tree, joints)
    doubts = list(rig_map.doubts)
    sure = dict(rig_map.sure)
    if width > 0.0:
        for joint in _wrong_sides(tree, joints, left, width):
            side = "left" if joint.endswith(".L") else "right"
            other = "right" if side == "left" else "left"
            doubts.append(
                f"The bone '{rig_map.strands[joint][0][0]}' is taken for a {side} one but stands "
                f"on the {other}."
            )
            sure[joint] = min(sure.get(joint, 1.0), _SURE_ON_WRONG_SIDE)
        if facing(tree, joints, left, up) < _BACKWARDS:
            doubts.append(
                f"The skeleton of '{rig.name}' faces the other way than its names for left and "
                "right say; look whether they are exchanged."
            )
            sure = {
                joint: min(value, 0.5) if joint[-2:] in (".L", ".R") else value
                for joint, value in sure.items()
            }
    return replace(rig_map, sure=sure, doubts=tuple(doubts))


def own_checked(rig: RigRest, rig_map: RigMap) -> RigMap:
    """A user's own map with what is odd about it told and taken for less sure: its sides, and bones
    that do not hang from one another."""
    rig_map = doubted(rig, rig_map)
    doubts, sure = list(rig_map.doubts), dict(rig_map.sure)
    for joint, rows in rig_map.strands.items():
        pairs = [pair for row in rows for pair in pairwise(row)]
        stem, _, side = joint.partition(".")
        before = rig_map.strands.get(f"{_HANGS_FROM.get(stem)}.{side}")
        if before is not None:
            pairs.append((before[0][-1], rows[0][0]))
        for leader, bone in pairs:
            if leader not in ancestors(rig, rig_map, bone):
                doubts.append(
                    f"The bone '{bone}' for {joint_words(joint)} does not hang from '{leader}'."
                )
                sure[joint] = min(sure.get(joint, 1.0), _SURE_IF_LOOSE)
    return replace(rig_map, sure=sure, doubts=tuple(doubts))


def _joints(rig: RigRest, rig_map: RigMap) -> dict[str, int]:
    return {joint: rig.index[rows[0][0]] for joint, rows in rig_map.strands.items()}


def _frame(tree: RigTree, joints: dict[str, int]) -> tuple[Array, Array, float]:
    """To the left and up, unit, and the shoulders' distance."""
    sided = [joint for joint in joints if joint.endswith(".L") and joint[:-1] + "R" in joints]
    across = (
        tree.heads[[joints[joint] for joint in sided]]
        - tree.heads[[joints[joint[:-1] + "R"] for joint in sided]]
    )
    ways = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    shoulders = np.array([tree.heads[joints[f"upper_arm.{side}"]] for side in "LR"])
    up = shoulders.mean(axis=0) - tree.heads[joints["hips"]]
    up = up / max(float(np.linalg.norm(up)), 1e-12)
    left = ways.sum(axis=0)
    left = left - up * (left @ up)
    left = left / max(float(np.linalg.norm(left)), 1e-12)
    return left, up, float(np.linalg.norm(shoulders[0] - shoulders[1]))


def _wrong_sides(tree: RigTree, joints: dict[str, int], left: Array, width: float) -> list[str]:
    """Joints that stand on the other side of the body; hands and feet may cross it."""
    middle = [bone for joint, bone in joints.items() if "." not in joint and joint != "baton"]
    centre = float(np.median(tree.heads[middle] @ left))
    names = [
        f"{stem}.{side}"
        for stem in ("clavicle", "upper_arm", "thigh")
        for side in ("L", "R")
        if f"{stem}.{side}" in joints
    ]
    out = tree.heads[[joints[name] for name in names]] @ left - centre
    return [
        name
        for name, away in zip(names, out.tolist(), strict=True)
        if (away if name.endswith("L") else -away) < -_OVER * width
    ]


def _stands_on_all_fours(tree: RigTree, joints: dict[str, int]) -> bool:
    ways = []
    for start, end in (("upper_arm", "hand"), ("thigh", "foot")):
        rows = [(f"{start}.{side}", f"{end}.{side}") for side in "LR"]
        if not all(joint in joints for row in rows for joint in row):
            return False
        ways.append(np.array([tree.heads[joints[b]] - tree.heads[joints[a]] for a, b in rows]))
    fingers = sum(f"{stem}.L" in joints for stem in ("thumb", "index", "fingers"))
    top = joints.get("chest", joints.get("head", joints["hips"]))
    trunk = tree.heads[top] - tree.heads[joints["hips"]]
    return fingers < 3 and on_all_fours(ways[0], ways[1], trunk)


def _twists(tree: RigTree, rig_map: RigMap) -> dict[str, tuple[str, ...]]:
    # Where mechanism bones stand between the controls, those are no twist bones.
    direct = {
        joint: rows
        for joint, rows in rig_map.strands.items()
        if not any(bone in rig_map.parents for row in rows for bone in row)
    }
    return limb_twists(tree, direct, _is_twist)


def _is_twist(bone: str, limb: str) -> bool:
    """Whether a bone is called a twist bone, or as the limb's bone but for a number or "part"."""
    name = bone.lower()
    if any(word in name for word in _NOT_TWIST):
        return False
    return any(word in name for word in _TWIST_WORDS) or _letters(bone) == _letters(limb)


def _letters(name: str) -> str:
    return "".join(char for char in squash(name) if char.isalpha()).replace("part", "")
