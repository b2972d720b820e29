"""Buttons that change which of the avatar's bones play which joints."""

import os
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.rig import RigMap, RigRest
from retarget.rig_map_file import read_rig_map, write_rig_map
from retarget.rig_table import bone_rows, mirrored, with_bone, without

from ..armature import read_rig
from ..bone_map import gone_bones, map_to_change, store_map
from ..rig_view import shown_armature
from .rig_change import RigOperator

_SUFFIX: Final = ".toml"

# Blender reads the strings of a menu's items later, and does not keep them itself.
_choices: Final[list[tuple[str, str, str]]] = []


class SetSelectedOperator(RigOperator):
    """Have the selected bones, one or several in a row, play this joint"""

    bl_idname = "virtual_conductor.set_selected_bones"
    bl_label = "From Selected"

    joint: StringProperty(options={"SKIP_SAVE"})

    def change(self, context: Any, armature: Any) -> None:
        _set_selected(context, armature, self.joint, ())


class AddSelectedOperator(RigOperator):
    """Have the selected bones play this joint together with those that do"""

    bl_idname = "virtual_conductor.add_selected_bones"
    bl_label = "Add Selected"

    joint: StringProperty(options={"SKIP_SAVE"})

    def change(self, context: Any, armature: Any) -> None:
        rig_map = map_to_change(armature, _rig_of(armature))
        _set_selected(context, armature, self.joint, _bones_of(rig_map, self.joint))


def _bones(_operator: Any, context: Any) -> list[tuple[str, str, str]]:
    armature = shown_armature(context) if context is not None else None
    names = [] if armature is None else [bone.name for bone in armature.data.bones]
    _choices[:] = [(name, name, "") for name in names]
    return _choices


class PickBoneOperator(RigOperator):
    """Search for the bone that is to play this joint"""

    bl_idname = "virtual_conductor.pick_bone"
    bl_label = "Pick a Bone"
    bl_property = "bone"

    joint: StringProperty(options={"SKIP_SAVE"})
    row: IntProperty(default=-1, options={"SKIP_SAVE"})
    place: IntProperty(default=-1, options={"SKIP_SAVE"})
    bone: EnumProperty(name="Bone", items=_bones, options={"SKIP_SAVE"})

    def invoke(self, context: Any, _event: Any) -> set[str]:
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def change(self, _context: Any, armature: Any) -> None:
        rig = _rig_of(armature)
        rig_map = map_to_change(armature, rig)
        rows = rig_map.strands.get(self.joint, ())
        if 0 <= self.row < len(rows) and 0 <= self.place < len(rows[self.row]):
            changed = [list(row) for row in rows]
            changed[self.row][self.place] = self.bone
            rows = tuple(tuple(dict.fromkeys(row)) for row in changed)
        else:
            rows = bone_rows(rig, rig_map, self.joint, [*_bones_of(rig_map, self.joint), self.bone])
        store_map(armature, with_bone(rig_map, self.joint, rows))


class RemoveBoneOperator(RigOperator):
    """Have this bone play the joint no more"""

    bl_idname = "virtual_conductor.remove_bone"
    bl_label = "Remove Bone"

    joint: StringProperty(options={"SKIP_SAVE"})
    bone: StringProperty(options={"SKIP_SAVE"})

    def change(self, _context: Any, armature: Any) -> None:
        rig_map = map_to_change(armature, _rig_of(armature))
        rows = [
            kept
            for row in rig_map.strands.get(self.joint, ())
            if (kept := tuple(bone for bone in row if bone != self.bone))
        ]
        changed = with_bone(rig_map, self.joint, rows) if rows else without(rig_map, self.joint)
        store_map(armature, changed)


class ClearJointOperator(RigOperator):
    """Have no bone play this joint; the joint above it carries what it would do"""

    bl_idname = "virtual_conductor.clear_joint"
    bl_label = "Clear Joint"

    joint: StringProperty(options={"SKIP_SAVE"})

    def change(self, _context: Any, armature: Any) -> None:
        store_map(armature, without(map_to_change(armature, _rig_of(armature)), self.joint))


class MirrorOperator(RigOperator):
    """Give the joints of the other side the bones that mirror those of this one"""

    bl_idname = "virtual_conductor.mirror_bone_map"
    bl_label = "Mirror Bone Map"

    side: EnumProperty(
        name="From",
        items=(
            ("L", "Left to Right", "The left side is right"),
            ("R", "Right to Left", "The right side is right"),
        ),
    )

    def change(self, _context: Any, armature: Any) -> None:
        rig = _rig_of(armature)
        rig_map = map_to_change(armature, rig)
        gone = set(gone_bones(rig_map, rig))
        for joint in [j for j in rig_map.strands if gone.intersection(_bones_of(rig_map, j))]:
            rig_map = without(rig_map, joint)
        store_map(armature, mirrored(rig_map, rig, self.side))


class DetectOperator(RigOperator):
    """Forget the changes to the table and find the bones of all joints anew"""

    bl_idname = "virtual_conductor.detect_bones"
    bl_label = "Detect Again"

    def change(self, _context: Any, armature: Any) -> None:
        detect_rig(_rig_of(armature))
        store_map(armature, None)


class SaveMapOperator(RigOperator, ExportHelper):
    """Save the table as a preset file, for other files with this rig and to give to others"""

    bl_idname = "virtual_conductor.save_bone_map"
    bl_label = "Save Preset"

    filename_ext = _SUFFIX
    filter_glob: StringProperty(default=f"*{_SUFFIX}", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        name = bpy.path.clean_name(shown_armature(context).name)
        self.filepath = str(_folder() / f"{name}{_SUFFIX}")
        return ExportHelper.invoke(self, context, event)

    def change(self, _context: Any, armature: Any) -> None:
        rig_map = map_to_change(armature, _rig_of(armature))
        if not rig_map.strands:
            raise ConductorError("The table has no bones yet; set some first.")
        path = Path(bpy.path.abspath(self.filepath))
        write_rig_map(rig_map, path)
        self.report({"INFO"}, f"The bone map is in {path}")


class SelectBonesOperator(RigOperator):
    """Select this joint's bones in Pose Mode, to see where they are"""

    bl_idname = "virtual_conductor.select_joint_bones"
    bl_label = "Select Bones"

    joint: StringProperty(options={"SKIP_SAVE"})

    def change(self, _context: Any, armature: Any) -> None:
        if armature.mode != "POSE":
            raise ConductorError(f"Go to Pose Mode with '{armature.name}' to have bones selected.")
        bones = _bones_of(map_to_change(armature, read_rig(armature)), self.joint)
        for posed in armature.pose.bones:
            # Blender 5 selects posed bones, Blender 4 the bones themselves.
            holder = posed if hasattr(posed, "select") else posed.bone
            holder.select = posed.name in bones
        for bone in bones[:1]:
            armature.data.bones.active = armature.data.bones.get(bone)


class LoadMapOperator(RigOperator, ImportHelper):
    """Take the bones of all joints from a preset file"""

    bl_idname = "virtual_conductor.load_bone_map"
    bl_label = "Load Preset"

    filename_ext = _SUFFIX
    filter_glob: StringProperty(default=f"*{_SUFFIX}", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        self.filepath = f"{_folder()}{os.sep}"
        return ImportHelper.invoke(self, context, event)

    def change(self, _context: Any, armature: Any) -> None:
        path = Path(bpy.path.abspath(self.filepath))
        store_map(armature, read_rig_map(path, _rig_of(armature)))
        self.report({"INFO"}, f"The bone map of {path.name} is set")


def _folder() -> Path:
    """Where presets are looked for first: beside the .blend file."""
    return Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()


def _rig_of(armature: Any) -> RigRest:
    """The rest pose, with what has been done in Edit Mode."""
    if armature.mode == "EDIT":
        armature.update_from_editmode()
    return read_rig(armature)


def _set_selected(context: Any, armature: Any, joint: str, others: tuple[str, ...]) -> None:
    rig = _rig_of(armature)
    rig_map = map_to_change(armature, rig)
    bones = [*others, *_selected(context, armature)]
    store_map(armature, with_bone(rig_map, joint, bone_rows(rig, rig_map, joint, bones)))


def _selected(context: Any, armature: Any) -> list[str]:
    """The bones of an armature that are selected in Pose or Edit Mode.

    Raises
    ------
    ConductorError
        If there are none.
    """
    if armature.mode == "EDIT":
        bones = [bone.name for bone in armature.data.edit_bones if bone.select]
    elif armature.mode == "POSE":
        selected = context.selected_pose_bones_from_active_object or ()
        bones = [bone.name for bone in selected if bone.id_data == armature]
    else:
        bones = []
    if not bones:
        raise ConductorError(
            f"No bone of '{armature.name}' is selected; select one in Pose Mode, or pick it by "
            "its name."
        )
    return bones


def _bones_of(rig_map: RigMap, joint: str) -> tuple[str, ...]:
    return tuple(bone for row in rig_map.strands.get(joint, ()) for bone in row)


CLASSES: Final = (
    SetSelectedOperator,
    AddSelectedOperator,
    PickBoneOperator,
    RemoveBoneOperator,
    ClearJointOperator,
    MirrorOperator,
    DetectOperator,
    SelectBonesOperator,
    SaveMapOperator,
    LoadMapOperator,
)
