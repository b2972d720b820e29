"""Changes to a map of a rig, one joint at a time: what a table of joints and bones needs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from . import skeleton
from .carrier import ancestors
from .errors import ConductorError
from .joint_words import joint_words
from .rig import RigMap, RigRest, Strand
from .rig_names import mirrored_name
from .rig_tree import RigTree

# How far beside its mirror image a bone's partner may stand, as a part of the armature's size.
_FAR: Final = 0.02


def with_bone(rig_map: RigMap, joint: str, bones: Sequence[str] | Sequence[Strand]) -> RigMap:
    """The map with other bones for one joint; they are taken from joints that have them.

    Parameters
    ----------
    rig_map : RigMap
        The map.
    joint : str
        A canonical joint.
    bones : sequence
        Bones in a row, from the body outwards, or rows of them for joints that stand for several
        fingers.

    Raises
    ------
    ConductorError
        If there is no such joint, or no bone is given.
    """
    _check(joint)
    rows = tuple((row,) if isinstance(row, str) else tuple(row) for row in bones)
    if bones and isinstance(bones[0], str):
        rows = (tuple(bone for row in rows for bone in row),)
    if not rows or not all(rows):
        raise ConductorError(f"No bone is given for the joint '{joint}'; choose one or clear it.")
    taken = {bone for row in rows for bone in row}
    cleared = rig_map
    for other, strands in rig_map.strands.items():
        if other != joint and any(bone in taken for row in strands for bone in row):
            left = tuple(
                kept for row in strands if (kept := tuple(b for b in row if b not in taken))
            )
            cleared = _put(cleared, other, left, rig_map.sure.get(other, 1.0))
    twists = {
        name: kept
        for name, row in cleared.twists.items()
        if (kept := tuple(bone for bone in row if bone not in taken))
    }
    return replace(_put(cleared, joint, rows, 1.0), twists=twists)


def bone_rows(
    rig: RigRest, rig_map: RigMap, joint: str, bones: Sequence[str]
) -> tuple[Strand, ...]:
    """Bones as the rows in which they hang from one another, for one joint.

    Parameters
    ----------
    rig : RigRest
        Their armature.
    rig_map : RigMap
        The map: rows of fingers are put in order by how far they start from the index finger or
        the thumb.
    joint : str
        A canonical joint.
    bones : sequence of str
        In any order.

    Raises
    ------
    ConductorError
        If there is no such joint, no bone is given, one is not the armature's, or there are several
        rows for a joint that is no more than one.
    """
    _check(joint)
    if gone := [bone for bone in bones if bone not in rig.index]:
        raise ConductorError(f"The armature '{rig.name}' has no bone '{gone[0]}'; choose another.")
    rows: list[list[str]] = []
    above = {bone: ancestors(rig, rig_map, bone) for bone in bones}
    for bone in sorted(above, key=lambda bone: len(above[bone])):
        leader = next((other for other in above[bone] if other in above), None)
        row = next((row for row in rows if row[-1] == leader), None)
        if row is None:
            rows.append([bone])
        else:
            row.append(bone)
    if len(rows) > 1 and joint.partition(".")[0] != "fingers":
        raise ConductorError(
            f"The bones for {joint_words(joint)} do not hang from one another; choose one bone, or "
            "several in a row."
        )
    side = joint.partition(".")[2]
    beside = next((j for j in (f"index.{side}", f"thumb.{side}") if j in rig_map.strands), None)
    if beside is not None and rig_map.strands[beside][0][0] in rig.index:
        start = rig.heads[rig.index[rig_map.strands[beside][0][0]]]
        rows.sort(key=lambda row: float(np.linalg.norm(rig.heads[rig.index[row[0]]] - start)))
    return tuple(map(tuple, rows))


def without(rig_map: RigMap, joint: str) -> RigMap:
    """The map in which nobody plays a joint.

    Raises
    ------
    ConductorError
        If there is no such joint.
    """
    _check(joint)
    return _put(rig_map, joint, (), 0.0)


def mirrored(rig_map: RigMap, rig: RigRest, side: str) -> RigMap:
    """The map whose other side plays what this one does.

    A bone's partner is the one with the other side's word in its name, or else the one that stands
    where the mirror image of it does. A joint without partners stays as it is.

    Parameters
    ----------
    rig_map : RigMap
        The map.
    rig : RigRest
        Its armature.
    side : str
        "L" or "R": where the bones are right.
    """
    partners = _Partners(rig, rig_map)
    for joint in [j for j in skeleton.NAMES if j.endswith(f".{side}") and j in rig_map.strands]:
        rows = tuple(tuple(partners.find(bone) for bone in row) for row in rig_map.strands[joint])
        other = skeleton.mirror_name(joint)
        if all(all(row) for row in rows):
            # Whoever mirrors a side has looked at it.
            rig_map = replace(rig_map, sure=rig_map.sure | {joint: 1.0})
            rig_map = with_bone(rig_map, other, rows)
            twists = tuple(partners.find(bone) for bone in rig_map.twists.get(joint, ()))
            if all(twists) and twists:
                rig_map = replace(rig_map, twists=rig_map.twists | {other: twists})
    return rig_map


class _Partners:
    """Finds the bones on the other side."""

    def __init__(self, rig: RigRest, rig_map: RigMap) -> None:
        self._rig = rig
        self._tree = RigTree(rig)
        pairs = [
            (rows[0][0], rig_map.strands[skeleton.mirror_name(joint)][0][0])
            for joint, rows in rig_map.strands.items()
            if joint.endswith(".L") and skeleton.mirror_name(joint) in rig_map.strands
        ]
        heads = rig.heads
        across = np.sum([heads[rig.index[a]] - heads[rig.index[b]] for a, b in pairs], axis=0)
        self._left = across / max(float(np.linalg.norm(across)), 1e-12)
        middle = [
            rig.index[rows[0][0]]
            for joint, rows in rig_map.strands.items()
            if "." not in joint and joint != "baton"
        ]
        self._centre = heads[middle].mean(axis=0) if middle else heads.mean(axis=0)
        self._size = float(np.linalg.norm(np.ptp(heads, axis=0)))

    def find(self, bone: str) -> str:
        """The bone on the other side, "" where there is none."""
        named = mirrored_name(bone)
        if named != bone and named in self._rig.index:
            return named
        heads = self._rig.heads
        away = heads[self._rig.index[bone]] - self._centre
        image = self._centre + away - 2.0 * (away @ self._left) * self._left
        far = np.linalg.norm(heads - image, axis=1) / self._size
        if far.min() > _FAR:
            return ""
        # Of several in one place, an IK target for instance, it is the one that hangs as deep.
        near = [int(i) for i in np.flatnonzero(far < far.min() + 0.1 * _FAR)]
        found = self._rig.bones[min(near, key=lambda i: (self._unlike(bone, i), far[i]))]
        return found if found != bone else ""

    def _unlike(self, bone: str, other: int) -> int:
        mine = self._rig.index[bone]
        tree = self._tree
        depths = abs(len(tree.above(mine)) - len(tree.above(other)))
        return depths + abs(len(tree.below(mine)) - len(tree.below(other)))


def _check(joint: str) -> None:
    if joint not in skeleton.INDEX or joint == "baton_tip":
        raise ConductorError(
            f"There is no joint '{joint}'; the joints are "
            f"{', '.join(name for name in skeleton.NAMES if name != 'baton_tip')}."
        )


def _put(rig_map: RigMap, joint: str, rows: tuple[Strand, ...], sure: float) -> RigMap:
    strands = {name: rows for name, rows in rig_map.strands.items() if name != joint}
    sures = {name: value for name, value in rig_map.sure.items() if name != joint}
    twists = {name: row for name, row in rig_map.twists.items() if name != joint or rows}
    if rows:
        strands[joint], sures[joint] = rows, sure
    return replace(
        rig_map,
        strands={name: strands[name] for name in skeleton.NAMES if name in strands},
        sure=sures,
        twists=twists,
    )
