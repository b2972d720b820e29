"""Where bones really end: importers guess tails, and bones may lie across what they move."""

from itertools import pairwise
from typing import Final

import numpy as np

from . import rotation, skeleton
from .rig import RigMap, RigRest, Strand
from .rotation import Array

DIGITS: Final = ("thumb", "index", "fingers")
"""Joints whose curl is spread over the bones of a strand."""

LIMBS: Final = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}
"""The joint that a limb's bone points at. Heads are where the modeller put them; tails are not."""

# Joints whose bones run to the next one on every rig whose axes mean something.
_IN_LINE: Final = {
    "neck": "head",
    **{f"{stem}.{side}": f"{aim}.{side}" for side in "LR" for stem, aim in LIMBS.items()},
}
# Share of such bones that must run along one of their own axes, and how near to it.
_AGREED: Final = 0.7
_ALONG_COSINE: Final = np.cos(np.radians(15.0))
# What comes last in a chain is bent against the bone before it by less than this; a bone that
# nobody plays is its end if it lies nearer than this, that of a head nearer still.
_BENT_COSINE: Final = np.cos(np.radians(110.0))
_END_COSINE: Final = np.cos(np.radians(75.0))
_CROWN_COSINE: Final = np.cos(np.radians(30.0))
# A hand's own tail may lie so far beside its knuckles.
_KNUCKLES_COSINE: Final = np.cos(np.radians(25.0))
# The last bone of a digit beside the one before it: usually, and at most.
_LAST: Final = 0.8
_LAST_AT_MOST: Final = 1.5
# The foot, from the ankle to where its bone ends, beside the shin: usually, and at most.
_FOOT: Final = 0.4
_FOOT_AT_MOST: Final = 0.7
# How much of the line of a hand the index finger tells where another one stands for all the rest.
_INDEX_SHARE: Final = 0.324
# A length that is none, as a share of the rig's size.
_NOTHING: Final = 1e-4
_TAIL: Final = np.array([0.0, 1.0, 0.0])


def bone_ends(rig: RigRest, rig_map: RigMap) -> Array:
    """Where the bones end, (B, 3), armature space: tails only where the rig's tails tell it.

    The last bones of limbs and digits, hands, heads and feet have no next joint to point at. Where
    the other bones run along their own y axis their tails count; else bones that nobody plays
    (ends, toes), else the axis along which the other bones of their side run, else they go on as
    the bone before them. A foot of which nothing is known ends where it starts.
    """
    ends = rig.tails.copy()
    axes = {side: _axis_along(rig, rig_map, side) for side in ("", "L", "R")}
    for joint, strands in rig_map.strands.items():
        stem, _, side = joint.partition(".")
        axis = axes[side if stem != "baton" else "R"]
        for strand in strands:
            last = rig.index[strand[-1]]
            if stem == "foot":
                ends[last] = _toe(rig, rig_map, joint, last, axis)
            elif _is_last(rig_map, joint):
                ends[last] = _end(rig, rig_map, joint, strand, axis)
        if stem == "hand":
            aim = knuckles(rig, rig_map, side)
            last = rig.index[strands[0][-1]]
            if aim is not None and not _beside(rig, last, aim, ends[last], axis):
                ends[last] = aim
    return ends


def knuckles(rig: RigRest, rig_map: RigMap, side: str) -> Array | None:
    """What a hand points at, (3,): the middle finger's first joint, or None without fingers."""
    index, fingers = (
        [rig.heads[rig.index[strand[0]]] for strand in rig_map.strands.get(f"{stem}.{side}", ())]
        for stem in ("index", "fingers")
    )
    if len(fingers) == 1 and index:
        return _INDEX_SHARE * index[0] + (1.0 - _INDEX_SHARE) * fingers[0]
    return next(iter([*fingers, *index]), None)


def nothing(rig: RigRest) -> float:
    """Length below which two places of the rig are one, armature units."""
    return _NOTHING * max(rig.spread, 1e-9)


def _is_last(rig_map: RigMap, joint: str) -> bool:
    stem, _, side = joint.partition(".")
    if stem in LIMBS:
        return f"{LIMBS[stem]}.{side}" not in rig_map.strands
    return stem in (*DIGITS, "hand", "head", "baton")


def _axis_along(rig: RigRest, rig_map: RigMap, side: str) -> Array | None:
    """The axis (3,), in their own rest axes, along which the bones of one side run, or of all for
    the middle; None where they do not agree."""
    pairs = [
        pair
        for joint, strands in rig_map.strands.items()
        if joint.endswith(f".{side}") or not side
        for strand in strands
        for pair in pairwise(strand)
    ]
    pairs += [
        (rig_map.strands[joint][0][-1], rig_map.strands[after][0][0])
        for joint, after in _IN_LINE.items()
        if (joint.endswith(f".{side}") or not side)
        and joint in rig_map.strands
        and after in rig_map.strands
    ]
    numbers = [[rig.index[bone] for bone in pair] for pair in pairs]
    rows = np.array(numbers, dtype=np.int64).reshape(-1, 2)
    ways = rig.heads[rows[:, 1]] - rig.heads[rows[:, 0]]
    told = np.linalg.norm(ways, axis=-1) > nothing(rig)
    if not told.any():
        return None
    own = np.einsum("nij,ni->nj", rig.matrices[rows[told, 0], :3, :3], ways[told])
    own = rotation.normalize(own)
    near = own @ own.T > _ALONG_COSINE
    best = int(near.sum(axis=0).argmax())
    if near[best].mean() < _AGREED:
        return None
    axis = rotation.normalize(own[near[best]].mean(axis=0))
    return _TAIL if axis @ _TAIL > _ALONG_COSINE else axis


def _bone_before(rig: RigRest, rig_map: RigMap, joint: str, strand: Strand) -> Array | None:
    """Where the bone before the last one of a strand starts, (3,)."""
    if len(strand) > 1:
        return rig.heads[rig.index[strand[-2]]]
    above = skeleton.joint_above(joint, rig_map.strands)
    return None if above is None else rig.heads[rig.index[rig_map.strands[above][0][-1]]]


def _end(rig: RigRest, rig_map: RigMap, joint: str, strand: Strand, axis: Array | None) -> Array:
    bone = rig.index[strand[-1]]
    head = rig.heads[bone]
    before = _bone_before(rig, rig_map, joint, strand)
    ahead = np.zeros(3) if before is None else head - before
    usual = float(np.linalg.norm(ahead))
    small = nothing(rig)

    def goes_on(way: Array, cosine: float) -> bool:
        length = float(np.linalg.norm(way))
        return length > small and float(way @ ahead) >= cosine * length * usual

    tail = rig.tails[bone] - head
    if axis is _TAIL and goes_on(tail, _BENT_COSINE):
        length = float(np.linalg.norm(tail))
        if len(strand) > 1 and length > _LAST_AT_MOST * usual > 0.0:
            return np.asarray(head + tail * _LAST_AT_MOST * usual / length)
        return rig.tails[bone]
    cosine = _CROWN_COSINE if joint == "head" else _END_COSINE
    ways = [rig.heads[i] - head for i in _unmapped_children(rig, rig_map, bone)]
    ways = [way for way in ways if goes_on(way, cosine)]
    if ways and joint != "baton":
        return np.asarray(head + np.mean(ways, axis=0))
    if axis is not None:
        way = _LAST * usual * rotation.normalize(rig.matrices[bone, :3, :3] @ axis)
        if goes_on(way, _BENT_COSINE):
            return np.asarray(head + way)
    return np.asarray(head + _LAST * ahead)


def _toe(rig: RigRest, rig_map: RigMap, joint: str, bone: int, axis: Array | None) -> Array:
    head = rig.heads[bone]
    tail = rig.tails[bone] - head
    length = float(np.linalg.norm(tail))
    if axis is _TAIL and length > nothing(rig):
        shin = _bone_before(rig, rig_map, joint, ())
        usual = 0.0 if shin is None else float(np.linalg.norm(head - shin))
        # Importers give bones that end a chain any length.
        if length > _FOOT_AT_MOST * usual > 0.0:
            return np.asarray(head + tail * _FOOT * usual / length)
        return rig.tails[bone]
    ends = [rig.heads[i] for i in _unmapped_children(rig, rig_map, bone)]
    return max(ends, key=lambda end: float(np.linalg.norm(end - head)), default=head)


def _unmapped_children(rig: RigRest, rig_map: RigMap, bone: int) -> list[int]:
    mapped = {rig.index[name] for name in rig_map.bones}
    return [int(i) for i in np.flatnonzero(rig.parents == bone) if int(i) not in mapped]


def _beside(rig: RigRest, hand: int, aim: Array, end: Array, axis: Array | None) -> bool:
    """Whether a hand's own tail may count beside its knuckles."""
    if axis is not _TAIL:
        return False
    ways = np.array([aim, end]) - rig.heads[hand]
    if np.linalg.norm(ways, axis=-1).min() < nothing(rig):
        return False
    a, b = rotation.normalize(ways)
    return bool(a @ b > _KNUCKLES_COSINE)
