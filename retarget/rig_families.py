"""The rig families of `rigs/`, written out and matched against an armature's bones."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from . import skeleton
from .rig import IkControl, RigMap, RigRest, Strand
from .rig_names import squash
from .rig_parts import split_trunk

_RIGS = Path(__file__).parent / "rigs"
_REQUIRED: Final = [
    "hips", "chest", "head", "upper_arm.{side}", "forearm.{side}", "hand.{side}",
]  # fmt: skip
_FINGERS: Final = ("middle", "ring", "pinky")
# A joint whose bone is there but hangs from the wrong one.
_MISPLACED: Final = 0.5

Keys = Mapping[str, Sequence[str]]
"""What a name is looked up by, to the bones that have it."""


@dataclass(frozen=True)
class Match:
    """How well one family fits an armature.

    Parameters
    ----------
    map : RigMap
        The joints that were found.
    score : float
        Share of the required joints that are there and hang below the right joints, in [0, 1],
        plus a hundredth of the share of all joints, and as much for bones that only this family
        has: that tells families apart that share names.
    missing : tuple of str
        Bones of required joints that are not there.
    misplaced : tuple of str
        Bones of required joints that do not hang below the bone they should.
    whole : bool
        Whether every joint the family knows is there, the baton aside.
    """

    map: RigMap
    score: float
    missing: tuple[str, ...]
    misplaced: tuple[str, ...]
    whole: bool

    @property
    def complete(self) -> bool:
        """Whether every required joint is there and in its place."""
        return not self.missing and not self.misplaced


# Names for one bone, the first that is there counts; a row of them; rows side by side.
_Slot = tuple[str, ...]
_Rows = tuple[tuple[_Slot, ...], ...]


@dataclass(frozen=True)
class _Family:
    """A family with both sides written out."""

    key: str
    label: str
    joints: dict[str, _Rows]
    required: tuple[str, ...]
    follows: tuple[tuple[_Slot, _Slot], ...]
    properties: tuple[tuple[_Slot, str, float], ...]
    ik: tuple[tuple[str, _Slot, _Slot | None, tuple[tuple[_Slot, str, float], ...]], ...]
    marks: tuple[re.Pattern[str], ...]

    @cached_property
    def names(self) -> tuple[frozenset[str], ...]:
        """For each required joint, the names that its bones may have."""
        return tuple(
            frozenset(name for row in self.joints[joint] for slot in row for name in slot)
            for joint in self.required
        )

    @cached_property
    def arms(self) -> frozenset[str]:
        """The names that forearms may have: these tell families apart soonest."""
        rows = [row for side in "LR" for row in self.joints[f"forearm.{side}"]]
        return frozenset(name for row in rows for slot in row for name in slot)

    @cached_property
    def squashed_arms(self) -> frozenset[str]:
        """The same without case and separators."""
        return frozenset(map(_squashed, self.arms))

    @cached_property
    def squashed(self) -> tuple[frozenset[str], ...]:
        """The same without case and separators."""
        return tuple(frozenset(map(_squashed, names)) for names in self.names)


@cache
def families() -> dict[str, dict[str, Any]]:
    """The rig families' data by key, in the order of their file names.

    What a file shares with others is written out: `like`, `digits` and `trunk` are resolved.
    """
    raw = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_RIGS.glob("*.toml"))
    }
    return {key: _resolved(key, raw) for key in raw}


def _resolved(key: str, raw: dict[str, dict[str, Any]]) -> dict[str, Any]:
    data = raw[key]
    family: dict[str, Any] = {"required": _REQUIRED, "joints": {}}
    if "like" in data:
        family |= {k: v for k, v in _resolved(data["like"], raw).items() if k != "marks"}
    joints = dict(family["joints"])
    family |= {k: v for k, v in data.items() if k not in ("joints", "digits", "trunk", "like")}
    if "trunk" in data:
        joints.pop("spine", None)
        joints["chest"] = {"trunk": data["trunk"]}
    joints |= _digit_joints(data.get("digits", {})) | data.get("joints", {})
    family["joints"] = joints
    return family


def _digit_joints(digits: dict[str, Any]) -> dict[str, Any]:
    """Joints of digits whose bones are all named alike."""
    if not digits:
        return {}
    pattern, numbers = digits["bone"], digits["numbers"]
    rows = {
        digit: [
            pattern.replace("{digit}", word).replace("{number}", str(number))
            for number in (digits.get("thumb_numbers", numbers) if digit == "thumb" else numbers)
        ]
        for digit, word in digits.items()
        if digit in ("thumb", "index", *_FINGERS)
    }
    joints = {f"{digit}.{{side}}": rows[digit] for digit in ("thumb", "index") if digit in rows}
    others = [rows[digit] for digit in _FINGERS if digit in rows]
    return joints | ({"fingers.{side}": others} if others else {})


@cache
def _written_out() -> tuple[_Family, ...]:
    return tuple(_write_out(key, family) for key, family in families().items())


def _write_out(key: str, family: dict[str, Any]) -> _Family:
    sides = {
        side: (words,) if isinstance(words, str) else tuple(words)
        for side, words in family.get("sides", {}).items()
    }
    joints: dict[str, _Rows] = {}
    for joint, wanted in family["joints"].items():
        for side in _sides(joint):
            joints[joint.replace("{side}", side)] = _rows(wanted, sides.get(side, ()))
    ordered = {joint: joints[joint] for joint in skeleton.NAMES if joint in joints}
    return _Family(
        key=key,
        label=family["label"],
        joints=ordered,
        required=tuple(
            joint.replace("{side}", side) for joint in family["required"] for side in _sides(joint)
        ),
        follows=tuple(
            (_slot(bone, sides.get(side, ())), _slot(leader, sides.get(side, ())))
            for bone, leader in family.get("follows", {}).items()
            for side in _sides(bone)
        ),
        properties=tuple(
            row
            for bone, values in family.get("properties", {}).items()
            for side in _sides(bone)
            for row in _values({bone: values}, sides, side)
        ),
        ik=tuple(
            (
                joint.replace("{side}", side),
                _slot(control["target"], sides.get(side, ())),
                _slot(control["pole"], sides.get(side, ())) if "pole" in control else None,
                tuple(_values(control.get("properties", {}), sides, side)),
            )
            for joint, control in family.get("ik", {}).items()
            for side in _sides(joint)
        ),
        marks=tuple(re.compile(mark) for mark in family.get("marks", ())),
    )


def _values(
    table: dict[str, Any], sides: dict[str, tuple[str, ...]], side: str
) -> list[tuple[_Slot, str, float]]:
    return [
        (_slot(bone, sides.get(side, ())), name, float(value))
        for bone, values in table.items()
        for name, value in values.items()
    ]


def _sides(text: str) -> tuple[str, ...]:
    return ("L", "R") if "{side}" in text else ("",)


def _slot(names: str, words: tuple[str, ...]) -> _Slot:
    """All names "a|b" stands for, with every word for the side."""
    return tuple(
        name.replace("{side}", word)
        for name in names.split("|")
        for word in (words if "{side}" in name else ("",))
    )


def _rows(wanted: Any, words: tuple[str, ...]) -> _Rows:
    if isinstance(wanted, dict):
        wanted = wanted["trunk"]
    if isinstance(wanted, str):
        wanted = [[wanted]]
    elif isinstance(wanted[0], str):
        wanted = [wanted]
    return tuple(tuple(_slot(names, words) for names in row) for row in wanted)


def exact_keys(rig: RigRest) -> dict[str, tuple[str, ...]]:
    """Bones by their names as written, and by what follows a namespace."""
    keys: dict[str, tuple[str, ...]] = dict(zip(rig.bones, zip(rig.bones), strict=True))
    # Most armatures have no namespace at all.
    spaced = [name for name in rig.bones if ":" in name] if ":" in "".join(rig.bones) else []
    for name in spaced:
        bare = name.rsplit(":", 1)[-1]
        keys[bare] = (*keys.get(bare, ()), name)
    return keys


def matches(rig: RigRest, keys: Keys, *, squashed: bool = False) -> list[Match]:
    """How well each family fits, in the order of the families' file names.

    Parameters
    ----------
    rig : RigRest
        The armature.
    keys : mapping
        What to look names up by: `exact_keys` or `rig_names.name_keys`.
    squashed : bool
        Whether names are looked up without case and separators.
    """
    found = []
    for family in _written_out():
        if keys.keys().isdisjoint(family.squashed_arms if squashed else family.arms):
            continue
        names = family.squashed if squashed else family.names
        there = sum(any(name in keys for name in row) for row in names)
        if 2 * there > len(names):
            found.append(_Finder(rig, family, keys, squashed).match())
    return found


@cache
def _squashed(name: str) -> str:
    return squash(name)


class _Finder:
    """Looks the bones of one family up in an armature."""

    def __init__(self, rig: RigRest, family: _Family, keys: Keys, squashed: bool) -> None:
        self._rig = rig
        self._family = family
        self._keys = keys
        self._squashed = squashed

    def match(self) -> Match:
        family = self._family
        parents = {
            bone: leader
            for names, leaders in family.follows
            if (bone := self._first(names)) and (leader := self._first(leaders))
        }
        best: Match | None = None
        bodies: list[Match] = []
        hips = [
            bone for row in family.joints["hips"] for slot in row for bone in self._candidates(slot)
        ]
        # Where several bones have the name of the hips, their bodies are tried one by one.
        for root in hips[:4] if hips else [""]:
            match = self._match(root, parents)
            if best is None or match.score > best.score + 1e-9:
                best = match
            if match.complete and all(_apart(match.map, other.map) for other in bodies):
                bodies.append(match)
        assert best is not None
        if len(bodies) < 2:
            return best
        doubt = (
            f"The armature '{self._rig.name}' holds {len(bodies)} bodies; the one with the bone "
            f"'{best.map.strands['hips'][0][0]}' is taken."
        )
        return replace(best, map=replace(best.map, doubts=(doubt,)))

    def _match(self, hips: str, parents: dict[str, str]) -> Match:
        family = self._family
        strands: dict[str, tuple[Strand, ...]] = {}
        for joint, rows in family.joints.items():
            found = ((hips,),) if joint == "hips" and hips else self._strands(rows, hips, parents)
            if found:
                strands[joint] = found
        if "chest" in strands and "spine" not in family.joints:
            spine, chest = split_trunk(list(strands["chest"][0]))
            strands["chest"] = (chest,)
            if spine:
                strands["spine"] = (spine,)
                strands = {joint: strands[joint] for joint in skeleton.NAMES if joint in strands}
        missing = tuple(
            family.joints[joint][0][0][0] for joint in family.required if joint not in strands
        )
        wrong = {joint for joint in strands if not _hangs_right(self._rig, strands, parents, joint)}
        misplaced = tuple(strands[joint][0][0] for joint in family.required if joint in wrong)
        good = len(family.required) - len(missing) - len(misplaced)
        score = good / len(family.required) + 0.01 * len(strands) / len(skeleton.NAMES)
        score += 0.01 * self._marked()
        rig_map = RigMap(
            family=family.key,
            label=family.label,
            strands=strands,
            parents=parents,
            properties=self._properties(family.properties),
            sure={joint: _MISPLACED if joint in wrong else 1.0 for joint in strands},
            ik=self._ik(),
        )
        whole = all(joint in strands or joint == "baton" for joint in family.joints)
        return Match(rig_map, score, missing, misplaced, whole)

    def _marked(self) -> float:
        """1 where the family's marks are all there, −1 where they are not, 0 without any."""
        marks = self._family.marks
        if not marks:
            return 0.0
        bones = self._rig.bones
        return 1.0 if all(any(m.fullmatch(bone) for bone in bones) for m in marks) else -1.0

    def _candidates(self, slot: _Slot) -> list[str]:
        if self._squashed:
            return [bone for name in slot for bone in self._keys.get(_squashed(name), ())]
        return [bone for name in slot for bone in self._keys.get(name, ())]

    def _first(self, slot: _Slot) -> str:
        return next(iter(self._candidates(slot)), "")

    def _strands(self, rows: _Rows, hips: str, parents: dict[str, str]) -> tuple[Strand, ...]:
        strands = []
        for row in rows:
            strand: list[str] = []
            for slot in row:
                bone = self._in_body(self._candidates(slot), hips, parents)
                if bone and bone not in strand:
                    strand.append(bone)
            if strand:
                strands.append(tuple(strand))
        return tuple(strands)

    def _in_body(self, bones: list[str], hips: str, parents: dict[str, str]) -> str:
        """The first of some bones that belongs to the body of these hips, if several are there."""
        if len(bones) < 2 or not hips:
            return bones[0] if bones else ""
        inside = (b for b in bones if _is_below(self._rig, parents, b, hips))
        return next(inside, bones[0])

    def _properties(
        self, wanted: tuple[tuple[_Slot, str, float], ...]
    ) -> tuple[tuple[str, str, float], ...]:
        return tuple(
            (bone, name, value) for slot, name, value in wanted if (bone := self._first(slot))
        )

    def _ik(self) -> dict[str, IkControl]:
        return {
            joint: IkControl(
                target, (self._first(pole) or None) if pole else None, self._properties(properties)
            )
            for joint, slot, pole, properties in self._family.ik
            if (target := self._first(slot))
        }


def _apart(a: RigMap, b: RigMap) -> bool:
    return not set(a.bones) & set(b.bones)


def _is_below(rig: RigRest, parents: dict[str, str], bone: str, wanted: str) -> bool:
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
    return _is_below(rig, parents, strands[joint][0][0], wanted)
