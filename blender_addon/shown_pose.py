"""Poses of mapped bones as they are seen, whichever of several controls leads the limbs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from retarget.rotation import Array

from .ik_limbs import shown_bones


class ShownPose:
    """Reads the posed matrices of bones from those that show what comes of them.

    Where a rig has bones that follow one control or another, as a switch says, the mapped control
    may lie idle; the bone that follows is read and its own rest taken off.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    bones : sequence of str
        Mapped bones.
    """

    def __init__(self, armature: Any, bones: Sequence[str]) -> None:
        shown = shown_bones(armature, bones)
        rest = {bone.name: bone.matrix_local for bone in armature.data.bones}
        self._bones = [shown.get(bone, bone) for bone in bones]
        self._offsets = np.array(
            [
                rest[seen].inverted() @ rest[own]
                for seen, own in zip(self._bones, bones, strict=True)
            ]
        ).reshape(-1, 4, 4)

    def matrices(self, evaluated: Any) -> Array:
        """Armature-space matrices (N, 4, 4) of the bones, of the evaluated armature object."""
        pose = evaluated.pose.bones
        found = np.array([pose[bone].matrix for bone in self._bones]).reshape(-1, 4, 4)
        return np.asarray(found @ self._offsets, dtype=np.float64)
