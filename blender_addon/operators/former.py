"""Buttons for what an armature played before, and for what keeps it from playing."""

from typing import Any

from ..blocks import mend_blocks
from ..former import playing
from ..restore_former import restore_former
from ..task import session
from .rig_change import RigOperator


class MendBlocksOperator(RigOperator):
    """Change the settings of the avatar that would keep its new Action from being seen"""

    bl_idname = "virtual_conductor.mend_blocks"
    bl_label = "Let the Rig Move"

    def change(self, _context: Any, armature: Any) -> None:
        notes = mend_blocks(armature)
        session.problem, session.notes = None, notes
        self.report({"INFO"}, " ".join(notes) or "Nothing was in the way")


class RestoreFormerOperator(RigOperator):
    """Have the avatar play and stand as it did before the last motion; that one's Action stays"""

    bl_idname = "virtual_conductor.restore_former"
    bl_label = "Restore Former Action"

    @classmethod
    def is_possible(cls, armature: Any) -> bool:
        if playing(armature) is None:
            cls.poll_message_set("The avatar plays no motion that something stood before")
            return False
        return True

    def change(self, context: Any, armature: Any) -> None:
        action = restore_former(context.scene, armature)
        name = "no Action, as before" if action is None else f"'{action.name}' again"
        self.report({"INFO"}, f"'{armature.name}' plays {name}")
