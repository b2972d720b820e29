"""The stage: floor, backdrop, podium, music stand, three lights, camera."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector

from retarget import skeleton
from retarget.motion import Motion
from retarget.rotation import Array

from .materials import Colour, create_material, linear
from .noise import ripples, smoothstep

COLLECTION_NAME: Final = "Stage"
Point = tuple[float, float, float]
# The conductor stands on z = 0, the podium's top; the hall's floor lies below.
_FLOOR_Z: Final = -0.16
# How far the fingertips come from the shoulder joint, metres, and the lowest height to be seen:
# the middle of the thighs.
_REACH: Final = 0.72
_LOWEST: Final = 0.70
# What is left free around head, hands and baton, metres.
_AIR: Final = 0.09
_CAMERA_DIRECTION: Final = (-0.16, -1.0, 0.07)
"""From the beat towards the camera: the orchestra's seats, a little to the conductor's right."""
_LENS_MM: Final = 58.0
_TEXTURE: Final = 512


@dataclass(frozen=True)
class Stage:
    """What `build_stage` made.

    Parameters
    ----------
    collection : bpy.types.Collection
        Holds everything below.
    camera : bpy.types.Object
        The scene's camera.
    lights : tuple of bpy.types.Object
        Key, fill, rim.
    """

    collection: Any
    camera: Any
    lights: tuple[Any, Any, Any]


def build_stage(scene: Any, motion: Motion | None = None) -> Stage:
    """Build a neutral concert stage in a new collection and make its camera the scene's.

    The camera frames the motion for the scene's present render size; call `frame_beat` again when
    the size changes.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. A scene without a world gets a dim one; an existing world is left alone.
    motion : Motion, optional
        What is to be conducted; without it there is room for the whole reach of both hands.
    """
    collection = bpy.data.collections.new(COLLECTION_NAME)
    scene.collection.children.link(collection)
    _floor(collection)
    _backdrop(collection)
    _podium(collection)
    _music_stand(collection)
    lights = (
        _area_light(collection, "Key", (-2.3, -3.0, 3.4), 1.6, 215.0, (1.0, 0.93, 0.84)),
        _area_light(collection, "Fill", (3.2, -2.6, 1.9), 2.6, 80.0, (0.84, 0.91, 1.0)),
        _spot_light(collection, "Rim", (1.3, 1.9, 3.3), 46.0, 330.0, (0.92, 0.95, 1.0)),
    )
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    collection.objects.link(camera)
    scene.camera = camera
    frame_beat(scene, camera, motion)
    if scene.world is None:
        scene.world = _world()
    return Stage(collection, camera, lights)


def frame_beat(scene: Any, camera: Any, motion: Motion | None = None) -> None:
    """Place a camera so that head, hands and baton fit the scene's render size.

    Parameters
    ----------
    scene : bpy.types.Scene
        Gives the size.
    camera : bpy.types.Object
        Camera to place; its lens is set too.
    motion : Motion, optional
        What is to be seen; without it, wherever the hands can reach.
    """
    reach = _full_reach() if motion is None else _swept(motion)
    # Hands do not reach far behind the shoulders, nor matter below the thighs.
    reach = reach[(reach[:, 1] < 0.2) & (reach[:, 2] > _LOWEST)]
    legs = np.array([(x, 0.0, _LOWEST) for x in (-0.2, 0.2)])
    crown = skeleton.TAILS[skeleton.INDEX["head"]] + (0.0, 0.0, _AIR)
    points = np.concatenate([reach, legs, [crown]])
    size = (scene.render.resolution_x, scene.render.resolution_y)
    fit_camera(camera, points, Vector(_CAMERA_DIRECTION), size, _LENS_MM)


def _full_reach() -> Array:
    around, over = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 36), np.linspace(0.0, np.pi, 19))
    ball = _REACH * np.stack(
        [np.sin(over) * np.cos(around), -np.sin(over) * np.sin(around), np.cos(over)], axis=-1
    ).reshape(-1, 3)
    shoulders = [skeleton.REST[skeleton.INDEX[f"upper_arm.{side}"]] for side in "LR"]
    return np.concatenate([ball + shoulder for shoulder in shoulders])


def _swept(motion: Motion) -> Array:
    """Corners of the boxes that the hands and the baton pass through, with some air around."""
    joints = motion.joints_3d()
    moving = ("hand", "forearm", "index", "baton_tip")
    names = [name for name in skeleton.NAMES if name.startswith(moving)]
    corners: list[tuple[float, ...]] = []
    for name in names:
        path = joints[:, skeleton.INDEX[name]]
        low, high = path.min(axis=0) - _AIR, path.max(axis=0) + _AIR
        corners += list(product(*zip(low, high, strict=True)))
    return np.array(corners)


def fit_camera(
    camera: Any, points: Array, direction: Any, size: tuple[int, int], lens: float
) -> None:
    """Move a camera along a direction until all points lie in its picture.

    Parameters
    ----------
    camera : bpy.types.Object
        Camera to place.
    points : (N, 3) array
        World positions to be seen, metres.
    direction : (3,) vector
        From the points towards the camera.
    size : (int, int)
        Render size in pixels.
    lens : float
        Focal length in mm on a 36 mm film (along the longer side of the picture).
    """
    data = camera.data
    data.lens, data.sensor_width, data.sensor_fit = lens, 36.0, "AUTO"
    data.clip_start, data.clip_end = 0.05, 100.0
    back = Vector(direction).normalized()
    rotation = back.to_track_quat("Z", "Y")
    camera.rotation_mode = "XYZ"
    camera.rotation_euler = rotation.to_euler()
    axes = np.array(rotation.to_matrix())
    local = points @ axes
    longer = max(size)
    slope = np.array([size[0], size[1]]) / longer * 18.0 / lens
    # At distance d in front, |coordinate − centre| ≤ slope · d for every point: for each side of
    # the picture find where its plane must pass, then the apex that satisfies both.
    depth = local[:, 2]
    centre, apex = np.zeros(2), np.zeros(2)
    for axis in range(2):
        upper = (local[:, axis] + slope[axis] * depth).max()
        lower = (local[:, axis] - slope[axis] * depth).min()
        centre[axis] = (upper + lower) / 2.0
        apex[axis] = (upper - lower) / (2.0 * slope[axis])
    camera.location = Vector(axes @ np.array([centre[0], centre[1], apex.max()]))


def _world() -> Any:
    world = bpy.data.worlds.new(COLLECTION_NAME)
    colour = linear((0.20, 0.21, 0.24))
    world.color = colour[:3]
    world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = colour
    background.inputs["Strength"].default_value = 0.6
    return world


def _mesh_object(
    collection: Any, name: str, vertices: Array, faces: Sequence[tuple[int, ...]], material: Any
) -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces)
    mesh.materials.append(material)
    mesh.update()
    thing = bpy.data.objects.new(name, mesh)
    collection.objects.link(thing)
    return thing


def _picture_material(name: str, pixels: Array, roughness: float) -> Any:
    """A material that shows an image (H, W, 3) sRGB, in Workbench's texture mode too."""
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height)
    rgba = np.concatenate([pixels, np.ones((height, width, 1))], axis=2)
    image.pixels.foreach_set(np.clip(rgba, 0.0, 1.0).astype(np.float32).ravel())
    image.update()
    image.pack()
    mean = pixels.mean(axis=(0, 1))
    material = create_material(
        name, (float(mean[0]), float(mean[1]), float(mean[2])), roughness=roughness, specular=0.2
    )
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    texture.location = (-320.0, 280.0)
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    tree.nodes.active = texture
    return material


def _set_uv(thing: Any, uv_of_vertex: Array) -> None:
    mesh = thing.data
    layer = mesh.uv_layers.new(name="UVMap")
    index = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", index)
    layer.data.foreach_set("uv", uv_of_vertex[index].astype(np.float32).ravel())


def _floor(collection: Any) -> None:
    """Dark boards with a pool of light round the podium."""
    half = 5.0
    axis = np.linspace(-half, half, _TEXTURE)
    x, y = np.meshgrid(axis, axis)
    board = np.floor(x / 0.14)
    tone = np.sin(board * 12.9898) * 43758.5453
    tone = (tone - np.floor(tone)) * 0.20 - 0.10
    grain = ripples(np.stack([x * 6.0, y * 0.5, 0.0 * x], axis=-1).reshape(-1, 3), 0.5, 3)
    seam = np.abs(x / 0.14 - board - 0.5) > 0.46
    value = 1.0 + tone + 0.03 * grain.reshape(x.shape) - 0.25 * seam
    pool = 0.42 + 0.85 * np.exp(-(x**2 + (y + 0.3) ** 2) / 3.2)
    colour = np.array([0.315, 0.245, 0.195])
    material = _picture_material("Floor", colour * (value * pool)[..., None], 0.45)
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    vertices = np.column_stack([corners, np.full(4, _FLOOR_Z)])
    thing = _mesh_object(collection, "Floor", vertices, [(0, 1, 2, 3)], material)
    _set_uv(thing, corners / (2.0 * half) + 0.5)


def _backdrop(collection: Any) -> None:
    """A curved wall, lighter behind the conductor, so that black cloth stands out."""
    u = np.linspace(-1.0, 1.0, 33)
    v = np.linspace(0.0, 1.0, 25)
    angle = u * np.radians(62.0)
    radius, height, bend = 5.2, 5.0, 0.9
    rows = []
    for t in v:
        if t < 0.25:
            # A cove leads from the floor to the wall.
            a = t / 0.25 * np.pi / 2.0
            inward, z = bend * (1.0 - np.sin(a)), bend * (1.0 - np.cos(a))
        else:
            inward, z = 0.0, bend + (t - 0.25) / 0.75 * (height - bend)
        r = radius - inward
        rows.append(
            np.column_stack(
                [r * np.sin(angle), r * np.cos(angle) - 1.9, np.full_like(angle, z + _FLOOR_Z)]
            )
        )
    vertices = np.concatenate(rows)
    n = len(u)
    faces = [
        (i * n + j, i * n + j + 1, (i + 1) * n + j + 1, (i + 1) * n + j)
        for i in range(len(v) - 1)
        for j in range(n - 1)
    ]
    axis = np.linspace(-1.0, 1.0, _TEXTURE)
    x, y = np.meshgrid(axis, np.linspace(0.0, 1.0, _TEXTURE))
    glow = np.exp(-((x / 0.52) ** 2) - ((y - 0.40) / 0.33) ** 2)
    low, high = np.array([0.115, 0.145, 0.190]), np.array([0.44, 0.495, 0.565])
    pixels = low + (high - low) * glow[..., None]
    # Tall panels, barely there, give the wall a scale.
    panel = np.abs(x * 9.0 - np.round(x * 9.0))
    pixels *= 1.0 - 0.10 * smoothstep(panel.ravel(), 0.03, 0.0).reshape(panel.shape)[..., None]
    noise = np.random.default_rng(7).uniform(-1.0, 1.0, pixels.shape[:2])
    material = _picture_material("Backdrop", pixels + noise[..., None] * 0.004, 0.9)
    thing = _mesh_object(collection, "Backdrop", vertices, faces, material)
    thing.data.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    grid_u, grid_v = np.meshgrid(u / 2.0 + 0.5, v)
    _set_uv(thing, np.column_stack([grid_u.ravel(), grid_v.ravel()]))


def _podium(collection: Any) -> None:
    half_x, half_y, edge = 0.62, 0.52, 0.018
    material = create_material("Podium", (0.20, 0.165, 0.145), roughness=0.55, specular=0.25)
    rings = []
    for inset, z in ((0.0, _FLOOR_Z), (0.0, -edge), (edge * 0.3, -edge * 0.3), (edge, 0.0)):
        x, y = half_x - inset, half_y - inset
        rings.append([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)])
    vertices = np.array(rings).reshape(-1, 3)
    faces: list[tuple[int, ...]] = [
        (4 * k + i, 4 * k + (i + 1) % 4, 4 * k + 4 + (i + 1) % 4, 4 * k + 4 + i)
        for k in range(3)
        for i in range(4)
    ]
    faces.append((12, 13, 14, 15))
    _mesh_object(collection, "Podium", vertices, faces, material)


def _music_stand(collection: Any) -> None:
    """Low, so that it hides no hand: desk, open score, pole, foot."""
    metal = create_material("Stand", (0.10, 0.10, 0.11), roughness=0.4, specular=0.4)
    paper = create_material("Score", (0.86, 0.84, 0.78), roughness=0.9, specular=0.1)
    tilt = np.radians(24.0)
    back, up = (
        np.array([0.0, np.cos(tilt), -np.sin(tilt)]),
        np.array([0.0, np.sin(tilt), np.cos(tilt)]),
    )
    centre = np.array([0.0, -0.72, 0.66])

    def slab(name: str, offset: Array, half: tuple[float, float, float], material: Any) -> None:
        middle = centre + offset
        signs = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        vertices = np.array(
            [
                middle
                + np.array([sx * half[0], 0.0, 0.0])
                + sy * half[1] * back
                + sz * half[2] * up
                for sz in (-1, 1)
                for sx, sy in signs
            ]
        )
        sides = [(i, (i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4)]
        faces: list[tuple[int, ...]] = [(3, 2, 1, 0), (4, 5, 6, 7), *sides]
        _mesh_object(collection, name, vertices, faces, material)

    slab("Desk", np.zeros(3), (0.27, 0.17, 0.006), metal)
    slab("Page.L", np.array([0.118, 0.0, 0.0]) + up * 0.011, (0.114, 0.15, 0.004), paper)
    slab("Page.R", np.array([-0.118, 0.0, 0.0]) + up * 0.011, (0.114, 0.15, 0.004), paper)
    turn = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    profile = ((0.20, 0.0), (0.19, 0.015), (0.02, 0.03), (0.013, 0.06), (0.013, 0.81))
    vertices = np.array(
        [(r * np.cos(a), -0.72 + r * np.sin(a), _FLOOR_Z + z) for r, z in profile for a in turn]
    )
    n = len(turn)
    faces: list[tuple[int, ...]] = [
        (k * n + i, k * n + (i + 1) % n, (k + 1) * n + (i + 1) % n, (k + 1) * n + i)
        for k in range(len(profile) - 1)
        for i in range(n)
    ]
    pole = _mesh_object(collection, "Pole", vertices, faces, metal)
    pole.data.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))


def _area_light(
    collection: Any, name: str, location: Point, size: float, watts: float, colour: Colour
) -> Any:
    data = bpy.data.lights.new(name, "AREA")
    data.size = size
    return _aimed_light(collection, data, location, watts, colour)


def _spot_light(
    collection: Any, name: str, location: Point, degrees: float, watts: float, colour: Colour
) -> Any:
    """A lamp with a cone, for light from behind that must not spill onto the wall."""
    data = bpy.data.lights.new(name, "SPOT")
    data.spot_size, data.spot_blend = np.radians(degrees), 0.6
    data.shadow_soft_size = 0.25
    return _aimed_light(collection, data, location, watts, colour)


def _aimed_light(collection: Any, data: Any, location: Point, watts: float, colour: Colour) -> Any:
    data.energy, data.color = watts, colour
    light = bpy.data.objects.new(data.name, data)
    light.location = location
    aim = Vector((0.0, 0.0, 1.25)) - Vector(location)
    light.rotation_mode = "XYZ"
    light.rotation_euler = aim.to_track_quat("-Z", "Y").to_euler()
    collection.objects.link(light)
    return light
