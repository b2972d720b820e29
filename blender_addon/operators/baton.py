"""Buttons that put a baton into the avatar's hand, and take it away."""

from typing import Any, ClassVar

import bpy

from retarget.errors import ConductorError

from ..chosen_armature import find_armature
from ..restore import unchanged_on_failure
from ..stage.baton import add_baton, remove_baton


class AddBatonOperator(bpy.types.Operator):
    """Put a baton into the right hand of the avatar"""

    bl_idname = "virtual_conductor.add_baton"
    bl_label = "Add Baton"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        scene = context.scene
        try:
            with unchanged_on_failure(scene):
                add_baton(scene, find_armature(scene))
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        scene.virtual_conductor.baton = True
        return {"FINISHED"}


class RemoveBatonOperator(bpy.types.Operator):
    """Take away the baton that the avatar was given; it conducts without one from now on"""

    bl_idname = "virtual_conductor.remove_baton"
    bl_label = "Remove Baton"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        scene = context.scene
        try:
            remove_baton(find_armature(scene))
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        scene.virtual_conductor.baton = False
        return {"FINISHED"}
