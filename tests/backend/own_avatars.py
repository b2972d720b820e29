"""Avatars' files of a user's own, written by Blender in a process of its own."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]

_WRITE = """
import os, sys
sys.path[:0] = [os.getcwd(), "tests/retarget"]
import bpy
from sample_rigs import bone_rows

path, kind = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
render = scene.render
render.fps, scene.frame_start, scene.frame_end = 12, 1, 40
render.resolution_x, render.resolution_y = 193, 109
render.engine = next(
    name for name in ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE")
    if name in render.bl_rna.properties["engine"].enum_items
)
data = bpy.data.armatures.new("Odd")
rig = bpy.data.objects.new("Odd", data)
scene.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
rows = bone_rows(fingers=False)
rows.pop("baton")
if kind == "table":
    rows = {f"leg{i}": (None, (i % 2, i // 2, 0.7), (i % 2, i // 2, 0)) for i in range(4)}
for name, (parent, head, tail) in rows.items():
    bone = data.edit_bones.new(name)
    bone.head, bone.tail = head, tail
    if parent:
        bone.parent = data.edit_bones[parent]
bpy.ops.object.mode_set(mode="OBJECT")
if kind == "resting":
    data.pose_position = "REST"
mesh = bpy.data.meshes.new("Body")
mesh.from_pydata([(-0.2, 0, 0), (0.2, 0, 0), (0, 0, 1.7)], [], [(0, 1, 2)])
body = bpy.data.objects.new("Body", mesh)
scene.collection.objects.link(body)
body.modifiers.new("Armature", "ARMATURE").object = rig
body.parent = rig
camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
camera.location, camera.rotation_euler.x = (0.0, -4.0, 1.0), 1.57
scene.collection.objects.link(camera)
scene.camera = camera
bpy.ops.wm.save_as_mainfile(filepath=path)
os._exit(0)
"""


def write_avatar(path: Path, kind: str) -> Path:
    """A rig with a triangle for a body, in a scene with a camera.

    Parameters
    ----------
    path : Path
        The .blend file to write.
    kind : str
        "odd": without fingers; "resting": the same, held at rest; "table": four legs and no body.
    """
    command = [sys.executable, "-c", _WRITE, str(path), kind]
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, timeout=120)
    return path
