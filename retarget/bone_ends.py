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

# Joints whose bones end at the next one on every rig whose tails mean something.
_IN_LINE: Final = {
    "neck": "head",
    **{f"{stem}.{side}": f"{aim}.{side}" for side in "LR" for stem, aim in LIMBS.items()},
}
_ALONG_COSINE: Final = np.cos(np.radians(15.0))
# Share of such bones whose tails must point along for the tails of the others to be believed.
_BELIEVED: Final = 0.7
# Bones at a limb's end go on in its line at least so far.
_ONWARD_COSINE: Final = np.cos(np.radians(75.0))
# A hand's own tail may lie so far beside its knuckles.
_KNUCKLES_COSINE: Final = np.cos(np.radians(25.0))
# The last bone of a digit beside the one before it: usually, and at most.
_LAST: Final = 0.8
_LAST_AT_MOST: Final = 1.5
# How much of the line of a hand the index finger tells where another one stands for all the rest.
_INDEX_SHARE: Final = 0.324
# A length that is none, as a share of the rig's size.
_NOTHING: Final = 1e-4


def bone_ends(rig: RigRest, rig_map: RigMap) -> Array:
    """Where the bones end, (B, 3), armature space: tails only where the rig's tails tell it.

    The last bone of a digit, a hand, a head and a foot have no next joint to point at. Their own
    tails count where most bones of the rig point at the next ones, else bones that nobody plays
    (ends, toes), else they go on as the bone before them; a foot of which nothing is known ends
    where it starts.
    """
    ends = rig.tails.copy()
    believed = tails_are_believed(rig, rig_map)
    for joint, strands in rig_map.strands.items():
        stem, _, side = joint.partition(".")
        for strand in strands:
            last = rig.index[strand[-1]]
            if stem == "foot":
                ends[last] = _toe(rig, rig_map, last, believed)
            elif stem in (*DIGITS, "hand", "head"):
                before = _bone_before(rig, rig_map, joint, strand)
                ends[last] = _onward(rig, rig_map, last, before, believed)
                if stem in DIGITS and len(strand) > 1:
                    ends[last] = _not_too_long(rig, last, before, ends[last])
        if stem == "hand":
            aim = knuckles(rig, rig_map, side)
            last = rig.index[strands[0][-1]]
            if aim is not None and not _beside(rig, last, aim, ends[last], believed):
                ends[last] = aim
    return ends


def tails_are_believed(rig: RigRest, rig_map: RigMap) -> bool:
    """Whether most mapped bones point with their tails at the next ones."""
    pairs = [
        pair
        for strands in rig_map.strands.values()
        for strand in strands
        for pair in pairwise(strand)
    ]
    for joint, after in _IN_LINE.items():
        if joint in rig_map.strands and after in rig_map.strands:
            pairs.append((rig_map.strands[joint][0][-1], rig_map.strands[after][0][0]))
    rows = np.array([[rig.index[bone] for bone in pair] for pair in pairs]).reshape(-1, 2)
    ways = rig.heads[rows[:, 1]] - rig.heads[rows[:, 0]]
    own = rig.tails[rows[:, 0]] - rig.heads[rows[:, 0]]
    lengths = np.linalg.norm(ways, axis=-1) * np.linalg.norm(own, axis=-1)
    told = lengths > nothing(rig) ** 2
    if not told.any():
        return False
    along = np.sum(ways * own, axis=-1)[told] / lengths[told]
    return bool((along > _ALONG_COSINE).mean() >= _BELIEVED)


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
    return _NOTHING * max(float(np.ptp(rig.heads, axis=0).max()), 1e-9)


def _bone_before(rig: RigRest, rig_map: RigMap, joint: str, strand: Strand) -> Array | None:
    """Where the bone before the last one of a strand starts, (3,)."""
    if len(strand) > 1:
        return rig.heads[rig.index[strand[-2]]]
    above = skeleton.PARENTS[skeleton.INDEX[joint]]
    while above >= 0 and skeleton.NAMES[above] not in rig_map.strands:
        above = skeleton.PARENTS[above]
    if above < 0:
        return None
    return rig.heads[rig.index[rig_map.strands[skeleton.NAMES[above]][0][-1]]]


def _onward(
    rig: RigRest, rig_map: RigMap, bone: int, before: Array | None, believed: bool
) -> Array:
    head = rig.heads[bone]
    ahead = np.zeros(3) if before is None else head - before
    small = nothing(rig)

    def goes_on(way: Array) -> bool:
        length = float(np.linalg.norm(way))
        least = _ONWARD_COSINE * length * float(np.linalg.norm(ahead))
        return length > small and float(way @ ahead) >= least

    if believed and goes_on(rig.tails[bone] - head):
        return rig.tails[bone]
    children = [rig.heads[i] for i in _unmapped_children(rig, rig_map, bone)]
    children = [child for child in children if goes_on(child - head)]
    if children:
        return np.asarray(np.mean(children, axis=0))
    return np.asarray(head + _LAST * ahead)


def _not_too_long(rig: RigRest, bone: int, before: Array | None, end: Array) -> Array:
    head = rig.heads[bone]
    if before is None:
        return end
    most = _LAST_AT_MOST * float(np.linalg.norm(head - before))
    length = float(np.linalg.norm(end - head))
    return np.asarray(head + (end - head) * most / length) if length > most > 0.0 else end


def _toe(rig: RigRest, rig_map: RigMap, bone: int, believed: bool) -> Array:
    head = rig.heads[bone]
    if believed and np.linalg.norm(rig.tails[bone] - head) > nothing(rig):
        return rig.tails[bone]
    ends = [rig.heads[i] for i in _unmapped_children(rig, rig_map, bone)]
    return max(ends, key=lambda end: float(np.linalg.norm(end - head)), default=head)


def _unmapped_children(rig: RigRest, rig_map: RigMap, bone: int) -> list[int]:
    mapped = {rig.index[name] for name in rig_map.bones}
    return [int(i) for i in np.flatnonzero(rig.parents == bone) if int(i) not in mapped]


def _beside(rig: RigRest, hand: int, aim: Array, end: Array, believed: bool) -> bool:
    """Whether a hand's own tail may count beside its knuckles."""
    if not believed:
        return False
    ways = np.array([aim, end]) - rig.heads[hand]
    lengths = np.linalg.norm(ways, axis=-1)
    if lengths.min() < nothing(rig):
        return False
    a, b = rotation.normalize(ways)
    return bool(a @ b > _KNUCKLES_COSINE)
