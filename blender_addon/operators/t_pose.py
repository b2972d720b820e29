"""Buttons that say which pose is the avatar's T-pose."""

from typing import Any

import numpy as np

from retarget.errors import ConductorError

from ..armature import fit_armature, read_rig
from ..bone_map import T_POSE, store_t_pose
from .rig_change import RigOperator


class SetTPoseOperator(RigOperator):
    """Take the pose that the avatar is in now for its T-pose: arms out to the sides, palms down"""

    bl_idname = "virtual_conductor.set_t_pose"
    bl_label = "Use Current Pose as T-Pose"

    def change(self, context: Any, armature: Any) -> None:
        if armature.mode == "EDIT":
            raise ConductorError(
                f"'{armature.name}' is in Edit Mode, where it has no pose; go to Pose Mode first."
            )
        if armature.data.pose_position == "REST":
            raise ConductorError(
                f"'{armature.name}' shows its rest position; switch it to Pose Position (Object "
                "Data Properties, Skeleton) and pose it first."
            )
        rig = read_rig(armature)
        posed = armature.evaluated_get(context.evaluated_depsgraph_get()).pose.bones
        matrices = np.array([posed[bone].matrix for bone in rig.bones], dtype=np.float64)
        store_t_pose(armature, rig, matrices.reshape(-1, 4, 4))
        for doubt in fit_armature(armature).doubts:
            self.report({"WARNING"}, doubt)


class RestTPoseOperator(RigOperator):
    """Find the T-pose from the avatar's rest pose again"""

    bl_idname = "virtual_conductor.rest_t_pose"
    bl_label = "Back to Rest Pose as T-Pose"

    @classmethod
    def is_possible(cls, armature: Any) -> bool:
        return T_POSE in armature

    def change(self, _context: Any, armature: Any) -> None:
        store_t_pose(armature, read_rig(armature), None)
