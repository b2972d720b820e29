"""Where people are photographed: walls, light and a camera."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector

from retarget.rotation import Array

from ..stage.cameras import fit_camera
from ..stage.materials import Colour, create_material, linear
from .wardrobe import shade

WALLS: Final = ("plain", "brick", "panels", "foliage", "curtain")
SHOWS: Final[dict[str, tuple[float, float]]] = {
    "whole": (-0.04, 0.82),
    "knees": (0.50, 0.66),
    "waist": (0.98, 0.52),
}
"""How much of a person a picture shows: its lowest height, and half its width, metres at 1.75 m."""

# place, size in metres, watts, colour
_Lamp = tuple[tuple[float, float, float], float, float, tuple[float, float, float]]
LIGHTS: Final[dict[str, tuple[tuple[_Lamp, ...], float]]] = {
    "soft": (
        (((-2.2, -2.6, 2.6), 2.2, 95.0, (1, 1, 1)), ((2.6, -2.4, 1.7), 2.4, 60.0, (1, 1, 1))),
        0.40,
    ),
    "side": ((((-2.8, -1.0, 1.9), 0.8, 150.0, (1.0, 0.97, 0.92)),), 0.22),
    "top": ((((0.3, -1.6, 3.6), 1.0, 210.0, (1, 1, 1)),), 0.20),
    "warm": (
        (
            ((1.9, -2.2, 2.2), 0.7, 130.0, (1.0, 0.76, 0.50)),
            ((-2.4, -2.6, 1.8), 2.0, 35.0, (0.7, 0.82, 1.0)),
        ),
        0.16,
    ),
}
"""Area lights, and the strength of the light from all around."""


def build_set(
    scene: Any,
    *,
    wall: str,
    colour: Colour,
    light: str,
    shows: str,
    height: float,
    size: tuple[int, int],
    lens: float,
    seated: bool,
) -> None:
    """Wall, floor, lights, world and camera in a new collection.

    Parameters
    ----------
    wall, light, shows : str
        Of WALLS, LIGHTS, SHOWS.
    colour : (r, g, b)
        Of the wall.
    height : float
        The person's, as a factor of 1.75 m.
    size : (int, int)
        Picture in pixels.
    lens : float
        Focal length in mm on 36 mm film, along the longer side.
    seated : bool
        Whether there is a stool to sit on.
    """
    collection = bpy.data.collections.new("Set")
    scene.collection.children.link(collection)
    wall_material = create_material("Wall", colour, roughness=0.95, specular=0.05)
    if wall != "plain":
        _PAINTERS[wall](wall_material, colour)
    floor = create_material("Floor", shade(colour, 0.55), roughness=0.9, specular=0.1)
    # The wall stands apart from the floor: the camera looks along +Y.
    _sheet(collection, "Wall", [(-5, 1.6, -0.01), (5, 1.6, -0.01), (5, 1.6, 5), (-5, 1.6, 5)],
           wall_material)  # fmt: skip
    _sheet(collection, "Floor", [(-5, -5, 0), (5, -5, 0), (5, 1.6, 0), (-5, 1.6, 0)], floor)
    if seated:
        _stool(collection, height)
    lamps, ambient = LIGHTS[light]
    for k, (place, across, watts, tint) in enumerate(lamps):
        data = bpy.data.lights.new(f"Lamp {k + 1}", "AREA")
        data.size, data.energy, data.color = across, watts, tint
        lamp = bpy.data.objects.new(f"Lamp {k + 1}", data)
        lamp.location = place
        aim = Vector((0.0, 0.0, 1.2)) - Vector(place)
        lamp.rotation_euler = aim.to_track_quat("-Z", "Y").to_euler()
        collection.objects.link(lamp)
    world = bpy.data.worlds.new("Room")
    world.use_nodes = True
    around = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    around.inputs["Color"].default_value = (0.92, 0.96, 1.0, 1.0)
    around.inputs["Strength"].default_value = ambient
    scene.world = world
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    collection.objects.link(camera)
    low, half = SHOWS[shows]
    top = 1.84 - (0.36 if seated else 0.0)
    points = height * np.array([(-half, 0, low), (half, 0, low), (0, 0, top)])
    fit_camera(camera, points, Vector((0.0, -1.0, 0.02)), size, lens)
    scene.camera = camera


def _stool(collection: Any, height: float) -> None:
    material = create_material("Stool", (0.30, 0.22, 0.16), roughness=0.6)
    x, y0, y1, z = 0.21, -0.10, 0.26, 0.415 * height
    corners = np.array([(sx * x, y, k) for k in (0.0, z) for y in (y0, y1) for sx in (-1, 1)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    _sheet(collection, "Stool", corners, material, faces)


def _sheet(
    collection: Any,
    name: str,
    corners: Array | Sequence[tuple[float, ...]],
    material: Any,
    faces: Sequence[tuple[int, ...]] | None = None,
) -> None:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(map(float, c)) for c in corners], [], faces or [(0, 1, 2, 3)])
    mesh.materials.append(material)
    collection.objects.link(bpy.data.objects.new(name, mesh))


def _painted(material: Any, kind: str, inputs: dict[str, Any]) -> Any:
    """A texture node over world places (x, z, y) that gives the material's colour; the node."""
    tree = material.node_tree
    place = tree.nodes.new("ShaderNodeTexCoord")
    turned = tree.nodes.new("ShaderNodeMapping")
    turned.inputs["Rotation"].default_value = (-np.pi / 2.0, 0.0, 0.0)
    texture = tree.nodes.new(kind)
    tree.links.new(place.outputs["Object"], turned.inputs["Vector"])
    tree.links.new(turned.outputs["Vector"], texture.inputs["Vector"])
    for name, value in inputs.items():
        texture.inputs[name].default_value = value
    return texture


def _shaded(material: Any, texture: Any, dark: Colour, light: Colour, output: str) -> None:
    """Let a texture's value go from one colour to another."""
    tree = material.node_tree
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color = linear(dark)
    ramp.color_ramp.elements[1].color = linear(light)
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.25, 0.75
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    tree.links.new(texture.outputs[output], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])


def _brick(material: Any, colour: Colour) -> None:
    inputs = {
        "Color1": linear((0.55, 0.30, 0.23)),
        "Color2": linear((0.42, 0.22, 0.17)),
        "Mortar": linear((0.70, 0.67, 0.62)),
        "Scale": 4.0,
        "Mortar Size": 0.018,
    }
    texture = _painted(material, "ShaderNodeTexBrick", inputs)
    tree = material.node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])


def _panels(material: Any, colour: Colour) -> None:
    inputs = {"Color1": linear(colour), "Color2": linear(shade(colour, 0.72)), "Scale": 2.6}
    texture = _painted(material, "ShaderNodeTexChecker", inputs)
    tree = material.node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])


def _foliage(material: Any, colour: Colour) -> None:
    texture = _painted(material, "ShaderNodeTexNoise", {"Scale": 7.0, "Detail": 6.0})
    _shaded(material, texture, (0.05, 0.12, 0.04), (0.55, 0.66, 0.30), "Fac")


def _curtain(material: Any, colour: Colour) -> None:
    texture = _painted(material, "ShaderNodeTexWave", {"Scale": 3.2, "Distortion": 1.6})
    _shaded(material, texture, shade(colour, 0.45), shade(colour, 1.1), "Fac")


_PAINTERS: Final[dict[str, Callable[[Any, Colour], None]]] = {
    "brick": _brick,
    "panels": _panels,
    "foliage": _foliage,
    "curtain": _curtain,
}
