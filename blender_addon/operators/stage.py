"""The button that builds set, light and camera round the avatar."""

from typing import Any, ClassVar

import bpy

from retarget.errors import ConductorError

from ..chosen_armature import find_armature
from ..restore import unchanged_on_failure
from ..span import played_frames
from ..stage.scenery import build_stage, remove_stage
from .scene import show_stage


class StageOperator(bpy.types.Operator):
    """Build the chosen stage and camera round the avatar, in place of those built before"""

    bl_idname = "virtual_conductor.set_stage"
    bl_label = "Set the Stage"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        scene = context.scene
        try:
            with unchanged_on_failure(scene):
                armature = find_armature(scene)
                before = list(scene.collection.children_recursive)
                staging = scene.virtual_conductor.staging
                first = played_frames(scene).start
                build_stage(scene, armature, frame_start=first, staging=staging)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        remove_stage(before)
        show_stage(context)
        return {"FINISHED"}
