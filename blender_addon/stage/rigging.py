"""Armatures from tables of bones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np

from retarget.rotation import Array

BoneTable = dict[str, tuple[str | None, Array, Array]]
"""Bone name to (parent, head, tail), metres; parents come first."""

ARMATURE_NAME: Final = "Conductor"


def create_armature(scene: Any, collection: Any, bones: BoneTable) -> Any:
    """An armature of these bones, posed in quaternions."""
    data = bpy.data.armatures.new(ARMATURE_NAME)
    armature = bpy.data.objects.new(ARMATURE_NAME, data)
    collection.objects.link(armature)
    data.display_type = "STICK"
    armature.show_in_front = True
    with edit_mode(scene, armature):
        for name, (parent, start, end) in bones.items():
            bone = data.edit_bones.new(name)
            bone.head, bone.tail = start, end
            if parent is not None:
                bone.parent = data.edit_bones[parent]
                bone.use_connect = np.allclose(bone.parent.tail, start, atol=1e-5)
            # One roll law for all: the bone's z axis looks up, or forward for upright bones.
            upright = abs(end - start)[2] > 0.7 * np.linalg.norm(end - start)
            bone.align_roll((0.0, -1.0, 0.0) if upright else (0.0, 0.0, 1.0))
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


@contextmanager
def edit_mode(scene: Any, armature: Any) -> Iterator[None]:
    """Edit mode on one armature, with the user's active object and mode put back afterwards."""
    view_layer = scene.view_layers[0]
    previous = view_layer.objects.active
    mode = previous.mode if previous else "OBJECT"
    with bpy.context.temp_override(scene=scene, view_layer=view_layer):
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        view_layer.objects.active = armature
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            yield
        finally:
            bpy.ops.object.mode_set(mode="OBJECT")
            view_layer.objects.active = previous
            if mode != "OBJECT":
                bpy.ops.object.mode_set(mode=mode)
