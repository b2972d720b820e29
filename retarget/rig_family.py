"""The rig families of `rigs/`, read from their files and written out for both sides."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from . import skeleton
from .rig_names import squash

_RIGS = Path(__file__).parent / "rigs"
_REQUIRED: Final = [
    "hips", "chest", "head", "upper_arm.{side}", "forearm.{side}", "hand.{side}",
]  # fmt: skip
_FINGERS: Final = ("middle", "ring", "pinky")

# Names for one bone, the first that is there counts; a row of them; rows side by side.
Slot = tuple[str, ...]
Rows = tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True)
class Family:
    """A family with both sides written out.

    Parameters
    ----------
    key, label : str
        Its file's name, and what users call it.
    joints : dict
        Canonical joint to rows of bones, each by the names it may have.
    required : tuple of str
        Joints that must be played.
    follows, properties, ik
        As in the file, for both sides.
    marks : tuple of patterns
        Bone names that tell it from families with the same names.
    """

    key: str
    label: str
    joints: dict[str, Rows]
    required: tuple[str, ...]
    follows: tuple[tuple[Slot, Slot], ...]
    properties: tuple[tuple[Slot, str, float], ...]
    ik: tuple[tuple[str, Slot, Slot | None, tuple[tuple[Slot, str, float], ...]], ...]
    marks: tuple[re.Pattern[str], ...]

    @cached_property
    def names(self) -> tuple[frozenset[str], ...]:
        """For each required joint, the names that its bones may have."""
        return tuple(
            frozenset(name for row in self.joints[joint] for slot in row for name in slot)
            for joint in self.required
        )

    @cached_property
    def squashed(self) -> tuple[frozenset[str], ...]:
        """The same without case and separators."""
        return tuple(frozenset(map(squashed_name, names)) for names in self.names)


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
def forearm_names(key: str) -> frozenset[str]:
    """The names that forearms of a family may have: these tell families apart soonest, so that the
    others need not be written out."""
    family = families()[key]
    words = _side_words(family)
    return frozenset(
        name
        for side in "LR"
        for row in _rows(family["joints"]["forearm.{side}"], words.get(side, ()))
        for slot in row
        for name in slot
    )


@cache
def squashed_forearm_names(key: str) -> frozenset[str]:
    """The same without case and separators."""
    return frozenset(map(squashed_name, forearm_names(key)))


@cache
def written_out(key: str) -> Family:
    """A family with both sides written out."""
    return _write_out(key, families()[key])


def _side_words(family: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        side: (words,) if isinstance(words, str) else tuple(words)
        for side, words in family.get("sides", {}).items()
    }


def _write_out(key: str, family: dict[str, Any]) -> Family:
    sides = _side_words(family)
    joints: dict[str, Rows] = {}
    for joint, wanted in family["joints"].items():
        for side in _sides(joint):
            joints[joint.replace("{side}", side)] = _rows(wanted, sides.get(side, ()))
    ordered = {joint: joints[joint] for joint in skeleton.NAMES if joint in joints}
    return Family(
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
) -> list[tuple[Slot, str, float]]:
    return [
        (_slot(bone, sides.get(side, ())), name, float(value))
        for bone, values in table.items()
        for name, value in values.items()
    ]


def _sides(text: str) -> tuple[str, ...]:
    return ("L", "R") if "{side}" in text else ("",)


def _slot(names: str, words: tuple[str, ...]) -> Slot:
    """All names "a|b" stands for, with every word for the side."""
    return tuple(
        name.replace("{side}", word)
        for name in names.split("|")
        for word in (words if "{side}" in name else ("",))
    )


def _rows(wanted: Any, words: tuple[str, ...]) -> Rows:
    if isinstance(wanted, dict):
        wanted = wanted["trunk"]
    if isinstance(wanted, str):
        wanted = [[wanted]]
    elif isinstance(wanted[0], str):
        wanted = [wanted]
    return tuple(tuple(_slot(names, words) for names in row) for row in wanted)


@cache
def squashed_name(name: str) -> str:
    """`squash`, which is asked for the same names again and again."""
    return squash(name)
