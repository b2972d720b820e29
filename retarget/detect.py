"""Which bones of an armature play which joints: by family, by names, by shape."""

from dataclasses import replace
from typing import Final

from . import skeleton
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rig_check import checked
from .rig_families import Match, exact_keys, families, matches
from .rig_named import map_by_names
from .rig_names import name_keys, read_names
from .rig_structure import FOUR_LEGS, map_by_structure

__all__ = ["detect_rig", "families"]

# From this part of the required joints on an armature is of a family, though it lacks some.
_OF_FAMILY: Final = 0.6
REQUIRED: Final = (
    "hips",
    "chest",
    "head",
    *(f"{stem}.{side}" for stem in ("upper_arm", "forearm", "hand") for side in "LR"),
)
"""Joints without which no rig can conduct."""


def detect_rig(rig: RigRest) -> RigMap:
    """The bones of `rig` by joint.

    The families of `rigs/` are looked for by their names, first as written, then in any case and
    with any separators and prefixes; then names in general; then the shape of the skeleton alone,
    which also gives the joints that names leave open.

    Raises
    ------
    ConductorError
        If no body with two arms can be told; the message says what was found.
    """
    best = _best(matches(rig, exact_keys(rig)))
    if best is None or not (best.complete and best.whole):
        loose = _best(matches(rig, name_keys(rig.bones), squashed=True))
        if best is None or (loose is not None and loose.score > best.score):
            best = loose
    if best is not None and best.complete:
        return checked(rig, best.map)
    names = read_names(rig.bones)
    named = map_by_names(rig, names)
    if named is not None and all(joint in named.strands for joint in REQUIRED):
        return checked(rig, named)
    sides = {name.bone: name.side for name in names if name.side}
    shaped, found = map_by_structure(rig, sides)
    known = best.map if best is not None and best.score >= _OF_FAMILY else named
    if shaped is not None:
        if known is None:
            return checked(rig, shaped, told_by_shape=True)
        joined = _completed(known, shaped)
        if joined is not None:
            return checked(rig, joined)
    if best is not None and best.score >= _OF_FAMILY and found != FOUR_LEGS:
        raise ConductorError(_what_is_wrong(rig, best))
    raise ConductorError(
        f"In the armature '{rig.name}' no body with two arms can be told, neither by bones named "
        f"as Mixamo, Rigify, Unreal, VRM and others name them nor by its shape: "
        f"{found or 'its names and its shape say different things'}; choose another armature, or "
        "say in a bone map which bones to use."
    )


def _best(found: list[Match]) -> Match | None:
    return max(found, key=lambda match: (match.complete, match.score), default=None)


def _completed(known: RigMap, shaped: RigMap) -> RigMap | None:
    """A map with the joints it lacks from the skeleton's shape; None if the two disagree."""
    for joint in REQUIRED:
        mine, other = known.strands.get(joint), shaped.strands.get(joint)
        if mine is None and other is None:
            return None
        if mine and other and joint != "chest" and mine[0][-1] != other[0][-1]:
            return None
    used = set(known.bones)
    strands, sure = {}, {}
    for joint in skeleton.NAMES:
        if joint in known.strands:
            strands[joint], sure[joint] = known.strands[joint], known.sure.get(joint, 1.0)
        elif joint in shaped.strands:
            bones = {bone for row in shaped.strands[joint] for bone in row}
            if not bones & used:
                strands[joint], sure[joint] = shaped.strands[joint], shaped.sure[joint]
    return replace(known, strands=strands, sure=sure, doubts=(*known.doubts, *shaped.doubts))


def _what_is_wrong(rig: RigRest, best: Match) -> str:
    if best.missing:
        count = len(best.missing)
        shown = ", ".join(best.missing[:6]) + (f" and {count - 6} more" if count > 6 else "")
        noun = "the bone" if count == 1 else "the bones"
        return (
            f"The armature '{rig.name}' looks like a {best.map.label} rig but lacks {noun} "
            f"{shown}; restore them, or say in a bone map which bones to use."
        )
    return (
        f"The armature '{rig.name}' looks like a {best.map.label} rig but the parents of "
        f"{', '.join(best.misplaced[:6])} are not those of such a rig; mend the parents."
    )
