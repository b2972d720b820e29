"""Which way a body faces, by what sticks out where: toes, knees, elbows, thumbs, eyes."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .rig_tree import RigTree
from .rotation import Array

# How much each sign says.
_TOES: Final = 4.0
_KNEES: Final = 2.0
_ELBOWS: Final = 1.5
_THUMBS: Final = 1.5
_HANDS: Final = 2.0
_EYES: Final = 1.5
_SKULL: Final = 0.7
_HABIT: Final = 1.0
# Toes stand farther before the ankle than this part of the leg.
_NO_TOE: Final = 0.02
# The face is asked only where limbs say less than this: toes on both feet, for instance.
_ENOUGH: Final = 8.0


def facing(tree: RigTree, joints: Mapping[str, int], left: Array, up: Array) -> float:
    """How sure it is that a body with this left side faces forward, in [−1, 1].

    Negative where everything points to the back: then left is right.

    Parameters
    ----------
    tree : RigTree
        The armature.
    joints : mapping
        Canonical joint to its bone, as many as are known.
    left, up : (3,) arrays
        To the side taken for the left, and up; unit, at right angles.
    """
    forward = np.cross(left, up)
    votes = [_habit(left, up)]
    for side in ("L", "R"):
        votes += _leg(tree, joints, side, forward)
        votes += _arm(tree, joints, side, forward, up)
    if sum(weight for _, weight in votes) < _ENOUGH:
        votes += _face(tree, joints, forward, left)
    total = sum(weight for _, weight in votes)
    if total <= 0.0:
        return 0.0
    return float(sum(vote * weight for vote, weight in votes) / total)


def _limited(vote: float) -> float:
    return max(-1.0, min(1.0, vote))


def _habit(left: Array, up: Array) -> tuple[float, float]:
    """Modellers have +X to the left of a body that stands along +Z or +Y."""
    upright = max(up[2], up[1]) > 0.8 and abs(left[0]) > 0.8
    return (_limited(100.0 * float(left[0])), _HABIT if upright else 0.0)


def _leg(
    tree: RigTree, joints: Mapping[str, int], side: str, forward: Array
) -> list[tuple[float, float]]:
    names = [f"{stem}.{side}" for stem in ("thigh", "shin", "foot")]
    if not all(name in joints for name in names):
        return []
    hip, knee, ankle = (tree.heads[joints[name]] for name in names)
    length = float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))
    votes = [_bend(hip, knee, ankle, forward, length, _KNEES)]
    foot = joints[f"foot.{side}"]
    out = _farthest(tree, np.flatnonzero(tree.rig.parents == foot), ankle, forward) / length
    if abs(out) <= _NO_TOE:
        out = _farthest(tree, np.array(tree.below(foot)[1:60]), ankle, forward) / length
    votes.append((_limited(out / 0.08), _TOES * (abs(out) > _NO_TOE)))
    return votes


def _farthest(tree: RigTree, bones: NDArray, place: Array, forward: Array) -> float:
    """How far the one of some bones that is farthest before or behind a place stands there."""
    if len(bones) == 0:
        return 0.0
    away = (tree.heads[bones] - place) @ forward
    return float(away[int(np.argmax(np.abs(away)))])


def _arm(
    tree: RigTree, joints: Mapping[str, int], side: str, forward: Array, up: Array
) -> list[tuple[float, float]]:
    names = [f"{stem}.{side}" for stem in ("upper_arm", "forearm", "hand")]
    if not all(name in joints for name in names):
        return []
    shoulder, elbow, wrist = (tree.heads[joints[name]] for name in names)
    length = float(np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow))
    vote, weight = _bend(shoulder, elbow, wrist, forward, length, _ELBOWS)
    # Arms that are held out are held forward.
    out = float((wrist - shoulder) @ forward) / max(length, 1e-12)
    votes = [(-vote, weight), (_limited(100.0 * out), _HANDS * (abs(out) > 0.5))]
    thumb, other = joints.get(f"thumb.{side}"), joints.get(f"fingers.{side}")
    if thumb is not None and other is not None:
        away = (tree.heads[thumb] - tree.heads[other]) / max(length, 1e-12)
        out = float(away @ forward)
        # Thumbs point forward where palms face down or to the body.
        votes.append((_limited(out / 0.05), _THUMBS * (abs(out) > 0.01)))
    return votes


def _bend(
    start: Array, middle: Array, end: Array, forward: Array, length: float, weight: float
) -> tuple[float, float]:
    """How far the middle joint stands before the line between the others."""
    way = end - start
    share = float((middle - start) @ way) / max(float(way @ way), 1e-12)
    out = float((middle - start - share * way) @ forward) / max(length, 1e-12)
    return (_limited(out / 0.03), weight * (abs(out) > 0.004))


def _face(
    tree: RigTree, joints: Mapping[str, int], forward: Array, left: Array
) -> list[tuple[float, float]]:
    if "head" not in joints:
        return []
    head = joints["head"]
    votes = []
    ends = [bone for bone in tree.below(head)[1:400] if not tree.children[bone]]
    if len(ends) >= 2:
        away = tree.heads[ends] - tree.heads[head]
        pairs = np.abs(away @ left) > 0.02 * np.linalg.norm(away, axis=1)
        if pairs.any():
            out = float((away[pairs] @ forward).mean())
            size = float(np.linalg.norm(away[pairs], axis=1).mean())
            share = out / max(size, 1e-12)
            votes.append((_limited(3.0 * share), _EYES * (abs(share) > 0.1)))
    base = joints.get("neck", joints.get("chest"))
    if base is not None:
        way = tree.heads[head] - tree.heads[base]
        out = float(way @ forward) / max(float(np.linalg.norm(way)), 1e-12)
        votes.append((_limited(4.0 * out), _SKULL * (abs(out) > 0.03)))
    return votes
