"""Which bones of an armature play which joints: by family, by names, by shape."""

from dataclasses import replace
from typing import Final

from . import skeleton
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rig_check import checked
from .rig_families import Match, exact_keys, matches
from .rig_family import families
from .rig_named import map_by_names
from .rig_names import name_keys, read_names
from .rig_structure import FOUR_LEGS, map_by_structure

__all__ = ["detect_rig", "families"]

# From this part of the required joints on an armature is of a family, though it lacks some.
_OF_FAMILY: Final = 0.6
_DIGITS: Final = ("thumb", "index", "fingers")
_PARTS: Final = {
    "forearm": "forearms",
    "hand": "hands",
    "thigh": "thighs",
    "shin": "shins",
    "foot": "feet",
}
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
    if best is not None and best.complete and best.whole:
        return checked(rig, best.map)
    as_written = best
    loose = _best(matches(rig, name_keys(rig.bones), squashed=True))
    if best is None or (loose is not None and _rank(loose) > _rank(best)):
        best = loose
    names = read_names(rig.bones)
    named = map_by_names(rig, names)
    shaped, found = map_by_structure(rig, {name.bone: name.side for name in names if name.side})
    if best is not None and best.complete:
        return checked(rig, _filled(best.map, named, shaped))
    # Where arms and legs hang from one bone, names find no chest beside the hips.
    if named is not None and all(joint in named.strands for joint in REQUIRED if joint != "chest"):
        return checked(rig, _filled(named, shaped))
    known = best.map if best is not None and best.score >= _OF_FAMILY else named
    if shaped is not None:
        if known is None:
            return shaped
        if all(joint in known.strands or joint in shaped.strands for joint in REQUIRED):
            joined = _filled(known, shaped)
            if joined is not known:
                return checked(rig, joined)
    sparse = map_by_names(rig, names, sparse=True)
    whose = 0.0 if as_written is None else as_written.score
    if sparse is not None and found != FOUR_LEGS and whose < _OF_FAMILY:
        return checked(rig, _with_doubt_of_parts(rig, sparse))
    if best is not None and best.score >= _OF_FAMILY and found != FOUR_LEGS:
        raise ConductorError(_what_is_wrong(rig, best))
    raise ConductorError(
        f"In the armature '{rig.name}' no body with two arms can be told, neither by bones named "
        f"as Mixamo, Rigify, Unreal, VRM and others name them nor by its shape: "
        f"{found or 'its names and its shape say different things'}; choose another armature, or "
        "say in a bone map which bones to use."
    )


def _with_doubt_of_parts(rig: RigRest, sparse: RigMap) -> RigMap:
    """The map with what it lacks told."""
    lacks = [
        word
        for stem, word in _PARTS.items()
        if any(f"{stem}.{side}" not in sparse.strands for side in "LR")
    ]
    if not lacks:
        return sparse
    listed = " and ".join([", ".join(lacks[:-1]), lacks[-1]] if len(lacks) > 1 else lacks)
    doubt = f"'{rig.name}' has no bones for its {listed}, so it conducts as far as it can."
    return replace(sparse, doubts=(*sparse.doubts, doubt))


def _best(found: list[Match]) -> Match | None:
    return max(found, key=_rank, default=None)


def _rank(match: Match) -> tuple[bool, bool, float]:
    # Controls come before the bones they move.
    return match.complete, match.complete and bool(match.map.parents), match.score


def _filled(known: RigMap, *others: RigMap | None) -> RigMap:
    """A map with the joints it lacks from others that agree with it; itself where none does."""
    if known.parents:
        # Controls: what hangs where tells nothing of what moves what.
        return known
    filled = known
    for other in others:
        if other is not None and _agree(filled, other):
            filled = _filled_from(filled, other)
    return filled


def _agree(known: RigMap, other: RigMap) -> bool:
    """Whether two maps have the same bones for head and arms where both have any; of hips and what
    carries them either may have been taken."""
    pairs = ((known.strands.get(joint), other.strands.get(joint)) for joint in REQUIRED)
    return all(
        mine is None or its is None or mine[0][-1] == its[0][-1]
        for (mine, its), joint in zip(pairs, REQUIRED, strict=True)
        if joint not in ("hips", "chest")
    )


def _filled_from(known: RigMap, other: RigMap) -> RigMap:
    strands, sure = dict(known.strands), dict(known.sure)
    used = set(known.bones)
    for joint, rows in other.strands.items():
        bones = {bone for row in rows for bone in row}
        stem, _, side = joint.partition(".")
        if joint in strands or (
            stem in _DIGITS and any(f"{d}.{side}" in known.strands for d in _DIGITS)
        ):
            continue
        if joint == "spine" and "chest" in other.strands:
            # A family that knows one bone of the trunk by its name may have taken any of them.
            trunk = bones | {bone for row in other.strands["chest"] for bone in row}
            if {bone for row in strands.get("chest", ()) for bone in row} <= trunk:
                strands["chest"], used = other.strands["chest"], used - trunk
        if not bones & used:
            strands[joint], sure[joint] = rows, other.sure[joint]
            used |= bones
    if strands == known.strands:
        return known
    ordered = {joint: strands[joint] for joint in skeleton.NAMES if joint in strands}
    return replace(known, strands=ordered, sure={joint: sure[joint] for joint in ordered})


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
