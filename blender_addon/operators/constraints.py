"""The button of a rig whose constraints are in the way."""

from typing import Any, ClassVar

import bpy

from ..output_plan import MUTE_OPERATOR
from ..task import session


class MuteConstraintsOperator(bpy.types.Operator):
    """Have the Action mute the constraints that would turn bones away from the motion"""

    bl_idname = MUTE_OPERATOR
    bl_label = "Mute in the Action"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        context.scene.virtual_conductor.mute_constraints = True
        session.problem = None
        self.report({"INFO"}, "Constraints that are in the way will be muted; Generate again")
        return {"FINISHED"}
