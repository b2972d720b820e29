"""The panel's Rig section: which of the avatar's bones play which joints, to see and to change."""

from typing import Any, ClassVar, Final

import bpy

from retarget.joint_words import joint_words

from .former import playing
from .operators.bone_map import (
    AddSelectedOperator,
    ClearJointOperator,
    DetectOperator,
    LoadMapOperator,
    MirrorOperator,
    PickBoneOperator,
    RemoveBoneOperator,
    SaveMapOperator,
    SelectBonesOperator,
    SetSelectedOperator,
)
from .operators.former import RestoreFormerOperator
from .operators.t_pose import RestTPoseOperator, SetTPoseOperator
from .panel_parts import MAIN_PANEL, ConductorPanel, draw_text
from .rig_view import JointRow, RigTable, RigView, last_view, rig_view, shown_armature

_SURE: Final = 0.9
_LIKELY: Final = 0.6
_CERTAIN: Final = 0.995
_ROWS: Final = 10


class JointList(bpy.types.UIList):
    """Our joint, your bones, how sure."""

    bl_idname = "VIRTUAL_CONDUCTOR_UL_joints"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
    ) -> None:
        """Draw a row."""
        armature = shown_armature(context)
        view = None if armature is None else last_view(armature)
        rows = () if view is None else view.map.strands.get(item.joint, ())
        sure = 0.0 if view is None else view.map.sure.get(item.joint, 1.0)
        is_gone = view is not None and any(bone in view.gone for row in rows for bone in row)
        columns = layout.split(factor=0.38)
        columns.label(text=item.name)
        columns = columns.split(factor=0.48)
        columns.label(text=bones_text(rows) if rows else "—")
        if is_gone:
            columns.label(text="gone", icon="ERROR")
        elif rows:
            # The mark alone says that nothing is doubted.
            columns.label(text="" if sure > _CERTAIN else f"{sure:.0%}", icon=_icon_of(sure))


class RigPanel(ConductorPanel):
    """The avatar's bones by joint, and its T-pose."""

    bl_idname = "VIEW3D_PT_virtual_conductor_rig"
    bl_parent_id = MAIN_PANEL
    bl_label = "Rig"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the panel."""
        layout = self.layout
        armature = shown_armature(context)
        if armature is None:
            draw_text(layout, context, "Choose an avatar, or select its armature.", "INFO")
            return
        view = rig_view(armature)
        table = context.window_manager.virtual_conductor_rig
        if view is None or not len(table.rows):
            layout.label(text=f"Looking at {armature.name}…", icon="TIME")
            return
        _draw_title(layout, context, armature, view)
        if context.scene.virtual_conductor.avatar is None:
            text = "Choose it as the avatar above to have it conduct."
            draw_text(layout.column(align=True), context, text, "INFO")
        layout.template_list(
            JointList.bl_idname, "", table, "rows", table, "active", rows=_ROWS, maxrows=_ROWS
        )
        _draw_joint(layout, view, table.joint)
        row = layout.row(align=True)
        row.label(text="Mirror", icon="MOD_MIRROR")
        row.operator(MirrorOperator.bl_idname, text="L to R").side = "L"
        row.operator(MirrorOperator.bl_idname, text="R to L").side = "R"
        layout.operator(DetectOperator.bl_idname, icon="FILE_REFRESH")
        row = layout.row(align=True)
        row.operator(SaveMapOperator.bl_idname, icon="EXPORT")
        row.operator(LoadMapOperator.bl_idname, icon="IMPORT")
        _draw_t_pose(layout, view)
        settings = context.scene.virtual_conductor
        layout.prop(settings, "rig_output")
        layout.prop(settings, "mute_constraints")
        if playing(armature) is not None:
            layout.operator(RestoreFormerOperator.bl_idname, icon="LOOP_BACK")
        _draw_doubts(layout, context, view)


CLASSES: Final = (JointRow, RigTable, JointList, RigPanel)


def bones_text(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of bones in one line."""
    return " | ".join(row[0] if len(row) == 1 else f"{row[0]} … {row[-1]}" for row in rows)


def _icon_of(sure: float) -> str:
    if sure >= _SURE:
        return "CHECKMARK"
    return "QUESTION" if sure >= _LIKELY else "ERROR"


def _draw_title(layout: Any, context: Any, armature: Any, view: RigView) -> None:
    column = layout.column(align=True)
    column.label(text=armature.name, icon="ARMATURE_DATA")
    if view.sure is not None:
        whose = "set by you" if view.is_own else "detected"
        label = view.map.label[:1].upper() + view.map.label[1:]
        column.label(text=label, icon=_icon_of(view.sure))
        column.label(text=f"{view.sure:.0%} sure, {whose}", icon="BLANK1")
    if view.problem is not None:
        draw_text(layout.box().column(align=True), context, view.problem, "ERROR")


def _draw_joint(layout: Any, view: RigView, joint: str) -> None:
    """The bones of the chosen joint, each with a button to change it and one to take it away."""
    box = layout.box().column(align=True)
    rows = view.map.strands.get(joint, ())
    title = box.row(align=True)
    title.label(text=f"Bones for {joint_words(joint)}", icon="BONE_DATA")
    show = title.operator(
        SelectBonesOperator.bl_idname, text="", icon="RESTRICT_SELECT_OFF", emboss=False
    )
    show.joint = joint
    for number, strand in enumerate(rows):
        for place, bone in enumerate(strand):
            line = box.row(align=True)
            icon = "ERROR" if bone in view.gone else "VIEWZOOM"
            pick = line.operator(PickBoneOperator.bl_idname, text=bone, icon=icon)
            pick.joint, pick.row, pick.place = joint, number, place
            remove = line.operator(RemoveBoneOperator.bl_idname, text="", icon="X")
            remove.joint, remove.bone = joint, bone
        if number + 1 < len(rows):
            box.separator(factor=0.5)
    more = box.operator(
        PickBoneOperator.bl_idname,
        text="Pick a Bone…" if not rows else "Pick One More…",
        icon="ADD",
    )
    more.joint, more.row, more.place = joint, -1, -1
    box.separator(factor=0.5)
    row = box.row(align=True)
    row.operator(SetSelectedOperator.bl_idname, icon="EYEDROPPER").joint = joint
    row.operator(AddSelectedOperator.bl_idname, icon="ADD").joint = joint
    box.operator(ClearJointOperator.bl_idname, icon="X").joint = joint


def _draw_t_pose(layout: Any, view: RigView) -> None:
    column = layout.column(align=True)
    state = "a pose of yours" if view.has_t_pose else "found from the rest pose"
    column.label(text=f"T-pose: {state}", icon="POSE_HLT")
    column.operator(SetTPoseOperator.bl_idname)
    if view.has_t_pose:
        column.operator(RestTPoseOperator.bl_idname)


def _draw_doubts(layout: Any, context: Any, view: RigView) -> None:
    column = layout.column(align=True)
    for doubt in view.doubts:
        draw_text(column, context, doubt, "ERROR")
    if view.map.strands and view.map.left_out:
        words = ", ".join(joint_words(joint) for joint in view.map.left_out)
        draw_text(column, context, f"Left out: {words}", "INFO")
