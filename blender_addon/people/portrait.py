"""A studio portrait of an avatar, fit to be the photo of the likeness pass."""

import os
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Quaternion, Vector

from retarget import rotation

from ..render import render_still
from ..stage.cameras import fit_camera
from ..stage.looks import setup_render
from ..stage.materials import create_material

SIZE: Final = (1024, 1280)
_SAMPLES: Final = 24
_ARM_ANGLE: Final = np.radians(47.0)
"""How far the arms come down from the T-pose: they then stand 43° off the body."""
_FINGER_CURL: Final = np.radians(9.0)
_FRAME: Final = ((-0.74, 0.90), (0.74, 0.90), (0.0, -0.05), (0.0, 1.84))
"""What the picture shows, (x, z) at y = 0: the hands, the feet, a little above the head."""


def render_portrait(scene: Any, armature: Any, path: str | os.PathLike[str]) -> None:
    """Pose an avatar, light it softly before a plain wall, and render it with Cycles.

    Parameters
    ----------
    scene : bpy.types.Scene
        Scene with the avatar in it; gets lights, wall and camera of its own. Use a fresh one.
    armature : bpy.types.Object
        From `avatar.create_avatar`.
    path : path
        PNG file, 1024 × 1280.
    """
    pose_for_photo(armature)
    build_studio(scene)
    setup_render(scene, engine="cycles", size=SIZE)
    scene.cycles.samples = _SAMPLES
    scene.cycles.adaptive_threshold = 0.01
    scene.cycles.denoising_quality = "HIGH"
    scene.cycles.denoising_prefilter = "ACCURATE"
    render_still(scene, path)


def pose_for_photo(armature: Any) -> None:
    """A-pose: arms about 43° off the body, fingers relaxed."""
    for side, sign in (("L", 1.0), ("R", -1.0)):
        turn_bone(armature, f"upper_arm.{side}", (0.0, sign, 0.0), _ARM_ANGLE)
        # Palms towards the thighs, thumbs forward.
        turn_bone(armature, f"hand.{side}", (sign, 0.0, 0.0), -np.radians(12.0))
        for finger in ("index", "middle", "ring", "pinky"):
            for i in (1, 2, 3):
                turn_bone(armature, f"{finger}.{i:02d}.{side}", (0.0, sign, 0.0), _FINGER_CURL)


def turn_bone(armature: Any, bone: str, axis: tuple[float, float, float], angle: float) -> None:
    """Rotate a pose bone about an axis given in the armature's rest space."""
    pose_bone = armature.pose.bones[bone]
    rest = np.array(pose_bone.bone.matrix_local.to_quaternion())
    turn = rotation.from_axis_angle(np.asarray(axis), np.asarray(angle))
    local = rotation.multiply(rotation.multiply(rotation.conjugate(rest), turn), rest)
    pose_bone.rotation_mode = "QUATERNION"
    current = np.array(pose_bone.rotation_quaternion)
    pose_bone.rotation_quaternion = Quaternion(rotation.multiply(local, current))


def build_studio(scene: Any) -> None:
    """Wall, floor, soft light and a camera for a portrait."""
    collection = bpy.data.collections.new("Studio")
    scene.collection.children.link(collection)
    paper = create_material("Studio paper", (0.70, 0.71, 0.72), roughness=0.95, specular=0.05)
    turn = np.linspace(0.0, np.pi / 2.0, 12)
    profile = [(-4.0, 0.0), *((1.2 + np.sin(a), 1.0 - np.cos(a)) for a in turn), (2.2, 5.0)]
    vertices = [(x, y, z) for y, z in profile for x in (-5.0, 5.0)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    mesh = bpy.data.meshes.new("Paper")
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(paper)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    collection.objects.link(bpy.data.objects.new("Paper", mesh))
    for name, place, size, watts in (
        ("Window", (-2.2, -2.6, 2.6), 2.2, 120.0),
        ("Reflector", (2.6, -2.4, 1.7), 2.4, 60.0),
        ("Hair light", (0.9, 1.0, 3.0), 0.9, 12.0),
    ):
        light = bpy.data.lights.new(name, "AREA")
        light.size, light.energy = size, watts
        lamp = bpy.data.objects.new(name, light)
        lamp.location = place
        aim = Vector((0.0, 0.0, 1.35)) - Vector(place)
        lamp.rotation_euler = aim.to_track_quat("-Z", "Y").to_euler()
        collection.objects.link(lamp)
    world = bpy.data.worlds.new("Studio")
    world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.9, 0.95, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.28
    scene.world = world
    camera = bpy.data.objects.new("Portrait camera", bpy.data.cameras.new("Portrait camera"))
    collection.objects.link(camera)
    points = np.array([(x, 0.0, z) for x, z in _FRAME])
    fit_camera(camera, points, Vector((0.0, -1.0, 0.03)), SIZE, 75.0)
    scene.camera = camera
