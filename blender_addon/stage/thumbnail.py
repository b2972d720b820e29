"""A conductor's picture for lists: head and shoulders, rendered with Cycles."""

import os
from typing import Any, Final

import bpy
from mathutils import Vector

from ..render import render_still
from .looks import setup_render

PIXELS: Final = 160
_SAMPLES: Final = 48
_WALL: Final = (0.155, 0.165, 0.185, 1.0)
_CAMERA: Final = (-0.62, -1.9, 0.10)
"""Where the camera is, seen from what it looks at, metres."""
_DOWN_M: Final = 0.055
"""How far below the head's middle it looks."""
_LENS_MM: Final = 128.0
_LIGHTS: Final = (
    ("Key", (-1.5, -1.9, 1.3), 1.0, 48.0),
    ("Fill", (1.8, -1.5, 0.4), 1.6, 18.0),
    ("Rim", (0.9, 1.6, 1.0), 1.0, 22.0),
)


def render_thumbnail(scene: Any, armature: Any, path: str | os.PathLike[str]) -> None:
    """Render the conductor of an otherwise empty scene to a PNG file of `PIXELS` a side."""
    bone = armature.data.bones["head"]
    middle = armature.matrix_world @ (0.5 * (bone.head_local + bone.tail_local))
    aim = middle - Vector((0.0, 0.0, _DOWN_M))
    for name, offset, size, watts in _LIGHTS:
        light = bpy.data.lights.new(name, "AREA")
        light.size, light.energy = size, watts
        _place(scene, bpy.data.objects.new(name, light), aim, Vector(offset))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = _LENS_MM
    _place(scene, camera, aim, Vector(_CAMERA))
    scene.camera = camera
    scene.world = bpy.data.worlds.new("Wall")
    scene.world.use_nodes = True
    background = next(n for n in scene.world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = _WALL
    setup_render(scene, engine="cycles", size=(PIXELS, PIXELS))
    scene.cycles.samples = _SAMPLES
    scene.cycles.adaptive_threshold = 0.01
    render_still(scene, path)


def _place(scene: Any, thing: Any, aim: Vector, offset: Vector) -> None:
    scene.collection.objects.link(thing)
    thing.location = aim + offset
    thing.rotation_euler = (-offset).to_track_quat("-Z", "Y").to_euler()
