"""Buttons for the work in progress, for what it said, and to the preferences."""

from typing import Any

import bpy

from ..preferences import ConductorPreferences
from ..task import session
from ..working import redraw


class CancelOperator(bpy.types.Operator):
    """Stop the work in progress; the scene stays as it is"""

    bl_idname = "virtual_conductor.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        return session.task is not None and not session.task.cancelling

    def execute(self, context: Any) -> set[str]:
        if session.task is not None:
            session.task.cancel()
        redraw(context)
        return {"FINISHED"}


class DismissOperator(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "virtual_conductor.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: Any) -> set[str]:
        session.problem, session.notes = None, ()
        redraw(context)
        return {"FINISHED"}


class PreferencesOperator(bpy.types.Operator):
    """Show the preferences of Virtual Conductor"""

    bl_idname = "virtual_conductor.preferences"
    bl_label = "Open Preferences"

    def execute(self, _context: Any) -> set[str]:
        bpy.ops.preferences.addon_show(module=ConductorPreferences.bl_idname)
        return {"FINISHED"}
