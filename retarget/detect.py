"""Which rig is this: match an armature's bones to the rig families in `rigs/`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import skeleton
from .errors import ConductorError
from .rig import RigMap, RigRest, Strand

_RIGS = Path(__file__).parent / "rigs"


@dataclass(frozen=True)
class Match:
    """How well one family fits an armature.

    Parameters
    ----------
    map : RigMap
        The joints that were found.
    score : float
        Share of the required joints that are there and hang below the right joints, in [0, 1],
        plus a hundredth of the share of all joints, which tells families apart that share names.
    missing : tuple of str
        Bones of required joints that are not there.
    misplaced : tuple of str
        Bones of required joints that do not hang below the bone they should.
    """

    map: RigMap
    score: float
    missing: tuple[str, ...]
    misplaced: tuple[str, ...]


def detect_rig(rig: RigRest) -> RigMap:
    """The family that fits `rig`, and its bones.

    Raises
    ------
    ConductorError
        If no family fits; the message names the bones that the nearest one lacks.
    """
    best = max(matches(rig), key=lambda match: match.score)
    if not best.missing and not best.misplaced:
        return best.map
    if best.missing and best.score < 0.5:
        known = ", ".join(family["label"] for family in families().values())
        raise ConductorError(
            f"The armature '{rig.name}' is of no rig family known here ({known}); "
            "choose another armature or create the conductor avatar."
        )
    if best.missing:
        count = len(best.missing)
        shown = ", ".join(best.missing[:6]) + (f" and {count - 6} more" if count > 6 else "")
        noun = "the bone" if count == 1 else "the bones"
        raise ConductorError(
            f"The armature '{rig.name}' looks like a {best.map.label} rig but lacks {noun} "
            f"{shown}; restore or rename them."
        )
    raise ConductorError(
        f"The armature '{rig.name}' looks like a {best.map.label} rig but the parents of "
        f"{', '.join(best.misplaced[:6])} are not those of such a rig; mend the parents."
    )


def matches(rig: RigRest) -> list[Match]:
    """How well each family fits, in the order of the families' file names."""
    return [_match(rig, key, family) for key, family in families().items()]


@cache
def families() -> dict[str, dict[str, Any]]:
    """The rig families' data by key, in the order of their file names."""
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_RIGS.glob("*.toml"))
    }


def _match(rig: RigRest, key: str, family: dict[str, Any]) -> Match:
    bones = _bones_without_namespace(rig, family.get("namespace"))
    strands: dict[str, tuple[Strand, ...]] = {}
    joints = _by_side(family["joints"], family["sides"])
    for joint in skeleton.NAMES:
        if joint in joints:
            found = _find_strands(joints[joint], bones)
            if found:
                strands[joint] = found
    required = [_fill(joint, side, side) for joint in family["required"] for side in _sides(joint)]
    missing = tuple(_first_bone(joints[joint]) for joint in required if joint not in strands)
    followed = _by_side(family.get("follows", {}), family["sides"])
    parents = {
        bones[bone]: bones[leader]
        for bone, leader in followed.items()
        if bone in bones and leader in bones
    }
    properties = tuple(
        (bones[bone], name, float(value))
        for bone, values in _by_side(family.get("properties", {}), family["sides"]).items()
        if bone in bones
        for name, value in values.items()
    )
    misplaced = tuple(
        strands[joint][0][0]
        for joint in required
        if joint in strands and not _hangs_right(rig, strands, parents, joint)
    )
    good = len(required) - len(missing) - len(misplaced)
    score = good / len(required) + 0.01 * len(strands) / len(joints)
    return Match(
        map=RigMap(key, family["label"], strands, parents, properties),
        score=score,
        missing=missing,
        misplaced=misplaced,
    )


def _bones_without_namespace(rig: RigRest, separator: str | None) -> dict[str, str]:
    if separator is None:
        return {name: name for name in rig.bones}
    return {name.rsplit(separator, 1)[-1]: name for name in reversed(rig.bones)}


def _sides(text: str) -> tuple[str, ...]:
    return ("L", "R") if "{side}" in text else ("",)


def _fill(value: Any, side: str, word: str) -> Any:
    if isinstance(value, str):
        return value.replace("{side}", word)
    if isinstance(value, list):
        return [_fill(item, side, word) for item in value]
    return value


def _by_side(table: dict[str, Any], sides: dict[str, str]) -> dict[str, Any]:
    """The table with both sides written out.

    Keys that are joints take our letters, keys that are bones and all values take the family's.
    """
    full: dict[str, Any] = {}
    for key, value in table.items():
        for side in _sides(key):
            is_joint = key.replace("{side}", "L") in skeleton.INDEX
            word = sides.get(side, "")
            full[key.replace("{side}", side if is_joint else word)] = _fill(value, side, word)
    return full


def _find_strands(wanted: Any, bones: dict[str, str]) -> tuple[Strand, ...]:
    if isinstance(wanted, str):
        wanted = [[wanted]]
    elif isinstance(wanted[0], str):
        wanted = [wanted]
    strands = []
    for chain in wanted:
        strand: list[str] = []
        for names in chain:
            present = [bones[name] for name in names.split("|") if name in bones]
            strand += present[:1]
        if strand:
            strands.append(tuple(strand))
    return tuple(strands)


def _first_bone(wanted: Any) -> str:
    while not isinstance(wanted, str):
        wanted = wanted[0]
    return wanted.split("|")[0]


def _hangs_right(
    rig: RigRest, strands: dict[str, tuple[Strand, ...]], parents: dict[str, str], joint: str
) -> bool:
    """Whether the joint's bone lies below the bone of the nearest joint above it."""
    above = skeleton.PARENTS[skeleton.INDEX[joint]]
    while above >= 0 and skeleton.NAMES[above] not in strands:
        above = skeleton.PARENTS[above]
    if above < 0:
        return True
    wanted = strands[skeleton.NAMES[above]][0][-1]
    bone = strands[joint][0][0]
    for _ in rig.bones:
        if bone == wanted:
            return True
        parent = parents.get(bone)
        if parent is None:
            number = int(rig.parents[rig.index[bone]])
            if number < 0:
                return False
            parent = rig.bones[number]
        bone = parent
    return False
