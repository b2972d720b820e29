"""Maps of rigs as files: TOML that a person can read and write.

    version = 1
    label = "my robot"

    [joints]
    hips = "Root"
    spine = ["Belly", "Ribs"]
    "fingers.L" = [["Mid1", "Mid2"], ["Ring1", "Ring2"]]

`[twists]` gives joints' twist bones, `[parents]` which bone another moves with where mechanism
bones stand between them, `[properties]` the custom properties that put the bones in control, and
`[ik]` the controls of inverse kinematics; see `retarget/rigs`.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

from . import skeleton
from .atomic import atomic_path
from .errors import ConductorError
from .rig import IkControl, RigMap, RigRest, Strand

VERSION: Final = 1
OWN_LABEL: Final = "bone map of your own"
"""What a map that has no label is called."""
_TABLES: Final = {"joints", "twists", "parents", "properties", "ik", "sure"}
_ENDS: Final = ("hand.L", "hand.R", "foot.L", "foot.R")


def read_rig_map(path: Path, rig: RigRest) -> RigMap:
    """A map from a file, for an armature that has its bones.

    Raises
    ------
    ConductorError
        If the file cannot be read, is no map, is of a later version, or names joints or bones that
        do not exist; one sentence that says which.
    """
    what = f"The bone map '{path}'"
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConductorError(f"{what} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ConductorError(f"{what} is no TOML file: {error}.") from error
    return parse_rig_map(text, what, rig)


def parse_rig_map(text: str, what: str, rig: RigRest | None) -> RigMap:
    """A map from its text.

    Parameters
    ----------
    text : str
        TOML.
    what : str
        How messages begin: "The bone map 'robot.toml'".
    rig : RigRest or None
        The armature that must have its bones; with None they are not looked for.

    Raises
    ------
    ConductorError
        As `read_rig_map`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConductorError(f"{what} is no TOML file: {error}.") from error
    return _Reader(what, rig).read(data)


def write_rig_map(rig_map: RigMap, path: Path) -> None:
    """Write a map to a file, so that `read_rig_map` gives it back.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    with atomic_path(path) as part:
        part.write_text(rig_map_text(rig_map), encoding="utf-8")


def rig_map_text(rig_map: RigMap) -> str:
    """A map as TOML, so that `parse_rig_map` gives it back but for its family and doubts."""
    lines = [f"version = {VERSION}", f"label = {_text(rig_map.label)}", "", "[joints]"]
    for joint, rows in rig_map.strands.items():
        lines.append(f"{_key(joint)} = {_rows_text(rows)}")
    if rig_map.twists:
        lines += ["", "[twists]"]
        lines += [f"{_key(joint)} = {_list_text(row)}" for joint, row in rig_map.twists.items()]
    if rig_map.parents:
        lines += ["", "[parents]"]
        lines += [f"{_key(bone)} = {_text(leader)}" for bone, leader in rig_map.parents.items()]
    if rig_map.properties:
        lines += ["", *_property_lines("properties", rig_map.properties)]
    for joint, control in rig_map.ik.items():
        table = f"ik.{_key(joint)}"
        lines += ["", f"[{table}]", f"target = {_text(control.target)}"]
        if control.pole is not None:
            lines.append(f"pole = {_text(control.pole)}")
        if control.properties:
            lines += _property_lines(f"{table}.properties", control.properties)
    unsure = {joint: value for joint, value in rig_map.sure.items() if value < 1.0}
    if unsure:
        lines += ["", "[sure]"]
        lines += [f"{_key(joint)} = {value:.2f}" for joint, value in unsure.items()]
    return "\n".join(lines) + "\n"


def map_template(rig: RigRest) -> str:
    """A map to fill in, as TOML: every joint and every bone of an armature, all commented out."""
    lines = [
        f"version = {VERSION}",
        f"label = {_text(rig.name)}",
        "",
        "# Take the # away from the joints that bones of this armature play, and write their names",
        "# between the quotes. Needed are hips and both upper_arms; left and right are the body's.",
        '# Several bones in a row, from the hips up or the hand out, stand so: ["Belly", "Ribs"].',
        "[joints]",
        *(f'# {_key(joint)} = ""' for joint in skeleton.NAMES if joint != "baton_tip"),
        "",
        f"# The bones of {_text(rig.name)}, each below the one that it hangs from:",
    ]
    children: dict[int, list[int]] = {}
    for i, parent in enumerate(rig.parents.tolist()):
        children.setdefault(parent, []).append(i)
    rows = [(i, 0) for i in reversed(children.get(-1, []))]
    while rows:
        i, depth = rows.pop()
        lines.append(f"# {'  ' * depth}{_text(rig.bones[i])}")
        rows += [(child, depth + 1) for child in reversed(children.get(i, []))]
    return "\n".join(lines) + "\n"


class _Reader:
    """Checks a file's tables against the armature while it makes a map of them."""

    def __init__(self, what: str, rig: RigRest | None) -> None:
        self._what = what
        self._rig = rig

    def read(self, data: dict[str, Any]) -> RigMap:
        version = data.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise self._error("has no version; begin it with 'version = 1'")
        if version > VERSION:
            raise self._error(
                f"is of version {version}, which a later release wrote; update the add-on"
            )
        if unknown := set(data) - _TABLES - {"version", "label"}:
            raise self._error(f"has the unknown entry '{min(unknown)}'; remove it")
        tables = {name: data.get(name, {}) for name in _TABLES}
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise self._error(f"needs a table '[{name}]' for its {name}")
        if not tables["joints"]:
            raise self._error("maps no joints; give its bones below '[joints]'")
        label = data.get("label", OWN_LABEL)
        if not isinstance(label, str):
            raise self._error("has a label that is no text")
        strands = {
            joint: self._rows(joint, rows)
            for joint, rows in ((self._joint(j), rows) for j, rows in tables["joints"].items())
        }
        self._no_bone_twice(strands)
        return RigMap(
            family="map",
            label=label,
            strands={joint: strands[joint] for joint in skeleton.NAMES if joint in strands},
            parents={
                self._bone(bone): self._bone(leader) for bone, leader in tables["parents"].items()
            },
            properties=self._properties(tables["properties"]),
            sure=dict.fromkeys(strands, 1.0) | self._sure(tables["sure"], strands),
            twists={
                self._joint(joint): self._rows(joint, row)[0]
                for joint, row in tables["twists"].items()
            },
            ik={joint: self._ik(joint, control) for joint, control in tables["ik"].items()},
        )

    def _error(self, what: str) -> ConductorError:
        return ConductorError(f"{self._what} {what}.")

    def _joint(self, joint: str) -> str:
        if joint not in skeleton.INDEX or joint == "baton_tip":
            known = ", ".join(name for name in skeleton.NAMES if name != "baton_tip")
            raise self._error(f"names the joint '{joint}', which there is not; use {known}")
        return joint

    def _bone(self, bone: Any) -> str:
        if not isinstance(bone, str):
            raise self._error(f"has {bone!r} where the name of a bone is due")
        if self._rig is not None and bone not in self._rig.index:
            raise self._error(
                f"names the bone '{bone}', which the armature '{self._rig.name}' lacks"
            )
        return bone

    def _rows(self, joint: str, wanted: Any) -> tuple[Strand, ...]:
        if isinstance(wanted, str):
            wanted = [wanted]
        if not isinstance(wanted, list) or not wanted:
            raise self._error(f"has no bone for the joint '{joint}'; remove the line or give one")
        if not isinstance(wanted[0], list):
            wanted = [wanted]
        if not all(isinstance(row, list) and row for row in wanted):
            raise self._error(f"mixes bones and rows of bones for the joint '{joint}'")
        return tuple(tuple(self._bone(bone) for bone in row) for row in wanted)

    def _no_bone_twice(self, strands: dict[str, tuple[Strand, ...]]) -> None:
        seen: dict[str, str] = {}
        for joint, rows in strands.items():
            for bone in (bone for row in rows for bone in row):
                if bone in seen:
                    raise self._error(
                        f"gives the bone '{bone}' to both '{seen[bone]}' and '{joint}'"
                    )
                seen[bone] = joint

    def _properties(self, table: dict[str, Any]) -> tuple[tuple[str, str, float], ...]:
        found = []
        for bone, values in table.items():
            if not isinstance(values, dict):
                raise self._error(f"has no properties for the bone '{bone}'")
            for name, value in values.items():
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise self._error(f"gives the property '{name}' of '{bone}' no number")
                found.append((self._bone(bone), name, float(value)))
        return tuple(found)

    def _sure(
        self, table: dict[str, Any], strands: dict[str, tuple[Strand, ...]]
    ) -> dict[str, float]:
        for joint, value in table.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise self._error(f"is sure of the joint '{joint}' by no number from 0 to 1")
        return {joint: float(value) for joint, value in table.items() if joint in strands}

    def _ik(self, joint: str, control: Any) -> IkControl:
        if joint not in _ENDS:
            raise self._error(f"has IK controls for '{joint}'; they are for {', '.join(_ENDS)}")
        if not isinstance(control, dict) or "target" not in control:
            raise self._error(f"has no target for the IK controls of '{joint}'")
        pole = control.get("pole")
        properties = control.get("properties", {})
        if not isinstance(properties, dict):
            raise self._error(f"has properties that are no table for the IK controls of '{joint}'")
        return IkControl(
            target=self._bone(control["target"]),
            pole=None if pole is None else self._bone(pole),
            properties=self._properties(properties),
        )


def _text(text: str) -> str:
    # JSON's strings are TOML's, but that TOML wants the delete character escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _text(name)


def _list_text(row: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, row))}]"


def _rows_text(rows: tuple[Strand, ...]) -> str:
    if len(rows) > 1:
        return f"[{', '.join(map(_list_text, rows))}]"
    return _text(rows[0][0]) if len(rows[0]) == 1 else _list_text(rows[0])


def _property_lines(table: str, properties: tuple[tuple[str, str, float], ...]) -> list[str]:
    by_bone: dict[str, list[str]] = {}
    for bone, name, value in properties:
        by_bone.setdefault(bone, []).append(f"{_key(name)} = {value!r}")
    return [f"[{table}]", *(f"{_key(b)} = {{ {', '.join(v)} }}" for b, v in by_bone.items())]
