"""Everything that a Blender file holds, as text by where it is, so that two states compare."""

from collections.abc import Iterator
from typing import Any

import bpy

# Working data of the program itself, and all the others once more.
_SKIPPED_BLOCKS = frozenset(
    {"window_managers", "screens", "workspaces", "libraries", "brushes", "all_ids"}
)
# What is told elsewhere, what is evaluated for the view or changes by being read, and the bulk of
# pictures.
_SKIPPED = frozenset(
    {
        *("rna_type", "bl_rna", "original", "users", "id_data", "depsgraph", "is_evaluated"),
        *("storage_type", "pixels"),
    }
)
_REFERENCES = ("PoseBone", "Bone")
# Of these some values can not be read where nothing has set them.
_SKIPPED_KINDS = ("ColorManagedInputColorspaceSettings", "View3DShading")


def dump(known: dict[str, str] | None = None) -> dict[str, str]:
    """Where a value is to what it is, over all data-blocks of the file.

    Parameters
    ----------
    known : dict, optional
        A state of before: of data-blocks that it lacks only the name is told.
    """
    told: dict[str, str] = {}
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and prop.identifier not in _SKIPPED_BLOCKS:
            for block in getattr(bpy.data, prop.identifier):
                place = f"{prop.identifier}[{block.name_full}]"
                told[place] = str(block.session_uid)
                if known is None or place in known:
                    told.update(_struct(block, place, set()))
    return told


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Where two states differ, sorted."""
    return sorted(
        place for place in before.keys() | after.keys() if before.get(place) != after.get(place)
    )


def _struct(thing: Any, place: str, seen: set[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    kind = thing.bl_rna.identifier
    if kind in _SKIPPED_KINDS or (thing.as_pointer(), kind) in seen:
        return
    seen.add((thing.as_pointer(), kind))
    for prop in thing.bl_rna.properties:
        name = prop.identifier
        if name in _SKIPPED:
            continue
        try:
            value = getattr(thing, name)
        except (AttributeError, RuntimeError, TypeError):
            continue
        yield from _value(prop, value, f"{place}.{name}", seen)
    try:
        keys = list(thing.keys())
    except (AttributeError, TypeError):
        return
    for key in keys:
        yield f'{place}["{key}"]', _plain(thing[key])


def _value(
    prop: Any, value: Any, place: str, seen: set[tuple[int, str]]
) -> Iterator[tuple[str, str]]:
    if prop.type == "POINTER":
        if value is None:
            yield place, "none"
        elif _is_reference(value):
            yield place, _name(value)
        elif isinstance(value, bpy.types.bpy_struct):
            yield from _struct(value, place, seen)
    elif prop.type == "COLLECTION":
        for key, item in zip(_keys(value), value, strict=True):
            if isinstance(item, bpy.types.ID):
                yield f"{place}[{key}]", _name(item)
            else:
                yield from _struct(item, f"{place}[{key}]", seen)
        yield f"{place}.count", str(len(value))
    else:
        yield place, _plain(value)


def _keys(collection: Any) -> list[str]:
    """Names of the items as paths of F-curves have them, or numbers where names do not tell."""
    names = [f'"{item.name}"' for item in collection if isinstance(getattr(item, "name", 0), str)]
    if len(set(names)) < len(collection):
        return [str(i) for i in range(len(collection))]
    return names


def _is_reference(value: Any) -> bool:
    if isinstance(value, bpy.types.ID):
        return not value.is_embedded_data
    return value.bl_rna.identifier in _REFERENCES


def _name(value: Any) -> str:
    if isinstance(value, bpy.types.ID):
        return f"{value.name_full} {value.session_uid}"
    return str(value.name)


def _plain(value: Any) -> str:
    if isinstance(value, float | int | str):
        return repr(value)
    if isinstance(value, bpy.types.ID):
        return _name(value)
    if hasattr(value, "to_dict"):
        return repr(value.to_dict())
    if isinstance(value, set):
        return repr(sorted(value))
    try:
        return repr([_plain(item) for item in value])
    except TypeError:
        return repr(value)
