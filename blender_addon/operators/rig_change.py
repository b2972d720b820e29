"""Buttons that change what is known of the avatar's rig."""

from typing import Any, ClassVar

import bpy

from retarget.errors import ConductorError

from ..rig_view import look_at, shown_armature
from ..working import redraw


class RigOperator(bpy.types.Operator):
    """An operator that changes the map or the T-pose of the armature that the panel shows."""

    bl_options: ClassVar[set[str]] = {"UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = shown_armature(context)
        if armature is None:
            cls.poll_message_set("Choose an avatar, or select its armature")
            return False
        return cls.is_possible(armature)

    @classmethod
    def is_possible(cls, armature: Any) -> bool:
        """Whether there is something to do for an armature."""
        return True

    def change(self, context: Any, armature: Any) -> None:
        """Do it.

        Raises
        ------
        ConductorError
            If it cannot be done; nothing has been changed then.
        """
        raise NotImplementedError

    def execute(self, context: Any) -> set[str]:
        armature = shown_armature(context)
        try:
            self.change(context, armature)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        look_at(armature)
        redraw(context)
        return {"FINISHED"}
