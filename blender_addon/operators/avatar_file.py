"""The button that imports an avatar from another program's file."""

import os
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import StringProperty

from retarget.errors import ConductorError

from ..avatar_file import ENDINGS, words_on_missing
from ..chosen_armature import parts_of
from ..scene import add_avatar
from ..task import session
from ..working import redraw
from .scene import select_only, show_stage


class ImportAvatarOperator(bpy.types.Operator):
    """Import an FBX, glTF or VRM file as the avatar; an empty scene also gets stage and camera"""

    bl_idname = "virtual_conductor.import_avatar"
    bl_label = "Import Avatar"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=";".join(f"*{one}" for one in ENDINGS), options={"HIDDEN"})

    def invoke(self, context: Any, _event: Any) -> set[str]:
        # Without a folder the browser would suggest the name of the .blend file.
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = f"{folder}{os.sep}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        scene, path = context.scene, Path(bpy.path.abspath(self.filepath))
        session.problem, session.notes = None, ()
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        try:
            if path.suffix.lower() not in ENDINGS:
                told = "No file is chosen" if path.is_dir() else f"{path.name} is no such avatar"
                raise ConductorError(f"{told}; choose a file that ends in {', '.join(ENDINGS)}.")
            armature = add_avatar(scene, path, scene.virtual_conductor.staging)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        words = words_on_missing(list(parts_of(scene, armature)), path)
        session.notes = () if words is None else (words,)
        select_only(context, armature)
        show_stage(context)
        redraw(context)
        return {"FINISHED"}
