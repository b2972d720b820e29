"""Which armature of a scene conducts."""

from contextlib import suppress
from typing import Any

import bpy

from retarget.errors import ConductorError

from .armature import fit_armature


def find_armature(scene: Any, name: str | None = None) -> Any:
    """The scene's conductor.

    It is the one that is named; else the panel's choice, which is also who conducted last; else
    the active object, or the armature that it follows; else the only one that a visible mesh
    follows, or of several such the only one whose rig can be told.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    name : str, optional
        Name of the armature object.

    Raises
    ------
    ConductorError
        If there is no armature, none of that name, or several of which none is chosen.
    """
    armatures = [item for item in scene.objects if item.type == "ARMATURE"]
    if not armatures:
        raise ConductorError(_no_armature(scene))
    if name is not None:
        return _named(armatures, name)
    settings = getattr(scene, "virtual_conductor", None)
    for chosen in (settings and settings.avatar, followed(_active(scene))):
        if chosen in armatures:
            return chosen
    return only_one(scene, armatures)


def only_one(scene: Any, armatures: list[Any]) -> Any:
    """Of several armatures the only one that a visible mesh follows, or whose rig can be told.

    Raises
    ------
    ConductorError
        If that is none or several.
    """
    left = armatures
    if len(left) > 1:
        left = [item for item in left if is_seen(scene, item)] or armatures
    if len(left) > 1:
        left = [item for item in left if _is_known(item)] or left
    if len(left) > 1:
        raise ConductorError(
            f"The scene has the armatures {_listed(left)}; say which one conducts: choose it in "
            "the panel, make it the active object, or give --armature NAME."
        )
    return left[0]


def parts_of(scene: Any, armature: Any) -> set[Any]:
    """The armature and everything that hangs on it."""
    parts = {armature, *armature.children_recursive}
    for item in scene.objects:
        for modifier in item.modifiers:
            if modifier.type == "ARMATURE" and modifier.object == armature:
                parts |= {item, *item.children_recursive}
    return parts


def is_seen(scene: Any, armature: Any) -> bool:
    """Whether a mesh that is rendered follows the armature."""
    return any(
        item.type == "MESH" and not item.hide_render and item.name in scene.objects
        for item in parts_of(scene, armature)
    )


def _no_armature(scene: Any) -> str:
    """What to do about a scene without armatures, where instances of one may be shown."""
    for item in scene.objects:
        shown = item.instance_collection
        inside = (
            [each.name for each in shown.all_objects if each.type == "ARMATURE"] if shown else []
        )
        if inside:
            return (
                f"The armature '{inside[0]}' is only shown by '{item.name}', an instance of the "
                f"collection '{shown.name}'; make the instance real, or link the collection itself."
            )
    return "The scene has no armature to animate; choose or create an avatar first."


def _named(armatures: list[Any], name: str) -> Any:
    named = [item for item in armatures if item.name == name]
    if not named:
        verb = "armatures" if len(armatures) > 1 else "armature"
        raise ConductorError(
            f"The scene has no armature '{name}' but the {verb} {_listed(armatures)}; give one of "
            "these names."
        )
    return named[0]


def _active(scene: Any) -> Any:
    here = bpy.context.scene == scene
    return (bpy.context.view_layer if here else scene.view_layers[0]).objects.active


def followed(item: Any) -> Any:
    """An armature itself, or the one that an object is bent by or hangs on; None for none."""
    while item is not None and item.type != "ARMATURE":
        bent = [m.object for m in item.modifiers if m.type == "ARMATURE" and m.object is not None]
        item = bent[0] if bent else item.parent
    return item


def _is_known(armature: Any) -> bool:
    with suppress(ConductorError):
        fit_armature(armature)
        return True
    return False


def _listed(armatures: list[Any]) -> str:
    *others, last = sorted(f"'{item.name}'" for item in armatures)
    return f"{', '.join(others)} and {last}" if others else last
