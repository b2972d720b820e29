"""Runs inside bpy: exports a scene, imports it again and tells what came back.

`python export_scenes.py FOLDER PYTHON` writes `answers.json` to FOLDER: a case by name, or the
traceback of what went wrong. PYTHON is that of Virtual Conductor, which reads the music.
"""

import json
import math
import os
import re
import struct
import sys
import traceback
from pathlib import Path

import bpy
import numpy as np
from mathutils.kdtree import KDTree
from sample_motions import planted_motion
from sample_rigs import bone_rows

from blender_addon.exports.export import export_scene
from blender_addon.exports.formats import format_of
from blender_addon.keyframes import apply_motion
from blender_addon.scene_sound import Music
from blender_addon.timeline import add_sound, set_timeline

FOLDER, PYTHON = Path(sys.argv[1]), Path(sys.argv[2])
NTSC_24, NTSC_30, NTSC_60 = 24_000 / 1001, 30_000 / 1001, 60_000 / 1001
CASES = {
    ".fbx": (24.0, NTSC_24, NTSC_30, NTSC_60, 12.5),
    ".glb": (25.0, NTSC_24, NTSC_30, NTSC_60, 12.5),
    ".bvh": (NTSC_30, NTSC_60),
    ".usda": (NTSC_24, NTSC_30),
    ".gltf": (30.0,),
    ".usdc": (30.0,),
}
FIRST, SECONDS = 11, 0.8
JOINTS = ("head", "forearm.L", "forearm.R", "hand.L", "hand.R")
KTIME_HZ = 46_186_158_000


def build(fps: float) -> tuple:
    """A scene whose conductor is Y-up, in centimetres, led by IK, an NLA strip and drivers."""
    scene = bpy.context.scene
    rows = bone_rows(fingers=False)
    rows.pop("baton")
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    rig.rotation_euler = (math.pi / 2, 0.0, 0.0)
    rig.scale, rig.location = (0.01, 0.01, 0.01), (0.3, -0.2, 0.1)
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head, tail) in rows.items():
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = ((100 * x, 100 * z, -100 * y) for x, y, z in (head, tail))
        bone.roll = len(name)
        bone.parent = data.edit_bones[parent] if parent else None
    goal = data.edit_bones.new("goal")
    goal.head, goal.tail = data.edit_bones["hand.R"].head, data.edit_bones["hand.R"].tail
    goal.use_deform = False
    bpy.ops.object.mode_set(mode="OBJECT")
    motion = planted_motion(frames=round(FIRST + SECONDS * fps) + 3, fps=fps, seed=3)
    set_timeline(scene, motion)
    apply_motion(scene, rig, motion)
    action, slot = rig.animation_data.action, rig.animation_data.action_slot
    rig.animation_data.action = None
    strip = rig.animation_data.nla_tracks.new().strips.new("Strip", 1, action)
    strip.action_slot = slot
    led = rig.pose.bones["forearm.R"].constraints.new("IK")
    led.target, led.subtarget, led.chain_count = rig, "goal", 2
    for frame in range(1, scene.frame_end + 1, 3):
        rig.pose.bones["goal"].location = np.sin(np.array([1, 2, 3]) * frame / fps) * 15.0
        rig.pose.bones["goal"].keyframe_insert("location", frame=frame)
    scene.use_preview_range = True
    scene.frame_preview_start = FIRST
    scene.frame_preview_end = FIRST + round(SECONDS * fps)
    bpy.context.view_layer.update()
    add_body(scene, rig)
    add_stick(scene, rig)
    return scene, rig


def add_body(scene, rig) -> None:
    """A cube round every bone's head, which subdivides; one key is animated, one driven."""
    corners = 0.02 * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    bones = [bone for bone in rig.data.bones if bone.use_deform]
    heads = np.array([rig.matrix_world @ bone.head_local for bone in bones])
    points = (heads[:, None] + corners).reshape(-1, 3)
    mesh = bpy.data.meshes.new("Body")
    all_faces = [tuple(8 * i + v for v in face) for i in range(len(bones)) for face in faces]
    mesh.from_pydata(points.tolist(), [], all_faces)
    body = bpy.data.objects.new("Body", mesh)
    scene.collection.objects.link(body)
    body.parent, body.matrix_parent_inverse = rig, rig.matrix_world.inverted()
    for i, bone in enumerate(bones):
        body.vertex_groups.new(name=bone.name).add(range(8 * i, 8 * i + 8), 1.0, "REPLACE")
    body.vertex_groups.new(name="goal").add(range(len(points)), 0.7, "REPLACE")
    paint(body)
    body.modifiers.new("Armature", "ARMATURE").object = rig
    body.modifiers.new("Smooth", "SUBSURF").levels = 1
    for name, way in (("Basis", 0.0), ("jawOpen", 0.01), ("fix", -0.02)):
        block = body.shape_key_add(name=name)
        moved = points + np.array([0.0, 0.0, way])
        block.data.foreach_set("co", moved.astype(np.float32).ravel())
    blocks = mesh.shape_keys.key_blocks
    for frame in range(1, scene.frame_end + 1):
        blocks["jawOpen"].value = 0.5 + 0.5 * math.sin(frame)
        blocks["jawOpen"].keyframe_insert("value", frame=frame)
    driver = blocks["fix"].driver_add("value").driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.type = "TRANSFORMS"
    target = variable.targets[0]
    target.id, target.bone_target, target.transform_type = rig, "upper_arm.L", "ROT_X"
    target.transform_space = "LOCAL_SPACE"


def paint(body) -> None:
    """Materials with pictures that lie packed in the file, or in another one, and have no path."""
    colours = {"Red": (1, 0, 0), "Blue": (0, 0, 1), "Green": (0, 1, 0), "Yellow": (1, 1, 0)}
    materials = {name: material_of(name, colour) for name, colour in colours.items()}
    linked = ("Green", "Yellow")
    library = FOLDER / "library.blend"
    if not library.is_file():
        bpy.data.libraries.write(str(library), {materials[name] for name in linked})
    for name in linked:
        bpy.data.images.remove(bpy.data.images[name])
        bpy.data.materials.remove(materials[name])
    with bpy.data.libraries.load(str(library), link=True) as (_, to):
        to.materials = list(linked)
    for material in (materials["Red"], None, *to.materials):
        body.data.materials.append(material)
    body.material_slots[1].link = "OBJECT"
    body.material_slots[1].material = materials["Blue"]
    for face in body.data.polygons:
        face.material_index = face.index % len(colours)
    body.data.uv_layers.new(name="UVMap")


def material_of(name: str, colour: tuple):
    image = bpy.data.images.new(name, 8, 8)
    image.pixels.foreach_set(np.tile(np.float32([*colour, 1.0]), 64))
    image.pack()
    image.filepath = ""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    picture = tree.nodes.new("ShaderNodeTexImage")
    picture.image = image
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(picture.outputs["Color"], surface.inputs["Base Color"])
    return material


def add_stick(scene, rig) -> None:
    """A baton that is an object on the hand, and turns in it; one hidden, which is not exported."""
    mesh = bpy.data.meshes.new("Stick")
    mesh.from_pydata([(0, 0, 0), (0.01, 0, 0), (0, 0.3, 0.02)], [], [(0, 1, 2)])
    for name in ("Stick", "Spare"):
        stick = bpy.data.objects.new(name, mesh)
        scene.collection.objects.link(stick)
        stick.parent, stick.parent_type, stick.parent_bone = rig, "BONE", "hand.R"
        stick.scale, stick.hide_render = (100.0, 100.0, 100.0), name == "Spare"
        for frame in (1, scene.frame_end):
            stick.rotation_euler = (0.4, 0.0, frame / 30.0)
            stick.keyframe_insert("rotation_euler", frame=frame)


def at(scene, frame: float) -> None:
    whole = math.floor(frame + 1e-4)
    scene.frame_set(whole, subframe=min(max(frame - whole, 0.0), 0.9999))


def seen(scene, frames, rig, named) -> dict:
    """Joints (T, J, 3), the points of the body and the baton's tip, in the world."""
    told = {"joints": [], "body": [], "tip": []}
    for frame in frames:
        at(scene, frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        posed = rig.evaluated_get(depsgraph)
        told["joints"].append(
            [posed.matrix_world @ posed.pose.bones[named(j)].head for j in JOINTS]
        )
        for name, key in (("Body", "body"), ("Stick", "tip")):
            meshes = [o for o in scene.objects if o.type == "MESH" and o.name.startswith(name)]
            if meshes:
                item = meshes[0].evaluated_get(depsgraph)
                points = np.array([item.matrix_world @ v.co for v in item.data.vertices])
                far = np.linalg.norm(points - told["joints"][-1][-1], axis=1).argmax()
                told[key].append(points if key == "body" else points[far])
    return {key: [np.array(each) for each in value] for key, value in told.items()}


def last_second(path: Path, count: int) -> float:
    """When the last pose of a file is due, as the file itself says."""
    if path.suffix == ".fbx":
        from io_scene_fbx import parse_fbx

        times = []

        def walk(element) -> None:
            times.extend(element.props[0][-1:] if element.id == b"KeyTime" else ())
            for child in element.elems:
                walk(child)

        walk(parse_fbx.parse(str(path))[0])
        return max(times) / KTIME_HZ
    if path.suffix in (".glb", ".gltf"):
        content = path.read_bytes()
        if path.suffix == ".glb":
            content = content[20 : 20 + struct.unpack("<I", content[12:16])[0]]
        told = json.loads(content)
        inputs = [s["input"] for a in told["animations"] for s in a["samplers"]]
        assert len(told["animations"]) == 1
        return max(told["accessors"][i]["max"][0] for i in inputs)
    text = path.read_text()
    if path.suffix == ".bvh":
        assert f"Frames: {count}\n" in text
        return float(re.search(r"Frame Time: (\S+)", text)[1]) * (count - 1)
    codes = float(re.search(r"timeCodesPerSecond = (\S+)", text)[1])
    return float(re.search(r"endTimeCode = (\S+)", text)[1]) / codes


def imported(path: Path) -> tuple:
    """A fresh scene with the file in it, its armature, and the frame of second 0."""
    # Only importing bpy makes this module known.
    import addon_utils

    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name in ("io_scene_fbx", "io_scene_gltf2", "io_anim_bvh"):
        addon_utils.enable(name)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.0
    first = 0
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
        first = 1
    elif path.suffix in (".glb", ".gltf"):
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path))
        first = 1
    else:
        bpy.ops.wm.usd_import(filepath=str(path))
    return scene, next(o for o in scene.objects if o.type == "ARMATURE"), first


def farthest(here: list, there: list) -> float:
    """Greatest distance of a point from the nearest of the other points, over all samples."""
    worst = 0.0
    for points, others in zip(here, there, strict=True):
        tree = KDTree(len(others))
        for i, point in enumerate(others):
            tree.insert(point, i)
        tree.balance()
        worst = max(worst, max(tree.find(point)[2] for point in points))
    return worst


def round_trip(ending: str, fps: float) -> dict:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene, rig = build(fps)
    add_sound(scene, Music(FOLDER / "click.wav", 0.25))
    last = scene.frame_preview_end
    out = FOLDER / f"{ending[1:]}_{fps:.3f}" / f"take{ending}"
    out.parent.mkdir()
    # The source at the file's own samples: whole frames, or a whole number a second.
    rate = fps
    if format_of(out) in ("fbx", "gltf"):
        rate = {12.5: 25.0}.get(fps, float(round(fps)))
    count = math.ceil((last - FIRST) / fps * rate - 1e-3) + 1
    wanted = [k for k in range(0, count, 5) if FIRST + k / rate * fps <= last]
    source = seen(scene, [FIRST + k / rate * fps for k in wanted], rig, lambda name: name)
    made = export_scene(scene, rig, out, python=PYTHON)
    told = {
        "files": [str(file) for file in made.files],
        "notes": list(made.notes),
        "folder": str(out.parent),
    }
    if ending != ".usdc":
        told["seconds"] = [last_second(out, count), (count - 1) / rate]
    scene, rig, first = imported(out)
    shown = scene.render.fps / scene.render.fps_base if ending != ".bvh" else 1.0
    # A BVH is imported with a pose a frame, a USD with a time code a frame, whatever they last.
    frames = wanted if format_of(out) in ("bvh", "usd") else [k / rate * shown for k in wanted]
    back = seen(
        scene,
        [first + frame for frame in frames],
        rig,
        lambda name: name if name in rig.pose.bones else name.replace(".", "_"),
    )
    told["joints_mm"] = 1000 * float(
        np.linalg.norm(np.array(source["joints"]) - np.array(back["joints"]), axis=-1).max()
    )
    told["bones"] = sorted(bone.name for bone in rig.data.bones)
    told["root"] = next(bone.name for bone in rig.data.bones if bone.parent is None)
    told["meshes"] = sorted(
        o.name for o in scene.objects if o.type == "MESH" and o.data.materials is not None
    )
    images = [image for image in bpy.data.images if image.size[0] == 8]
    told["pictures"] = sorted(np.rint(image.pixels[:3]).tolist() for image in images)
    if back["body"]:
        told["body_mm"] = 1000 * farthest(source["body"], back["body"])
        told["tip_mm"] = 1000 * float(
            np.linalg.norm(np.array(source["tip"]) - np.array(back["tip"]), axis=-1).max()
        )
    return told


def main() -> None:
    answers = {}
    for ending, rates in CASES.items():
        for fps in rates:
            try:
                answers[f"{ending} {fps:.3f}"] = round_trip(ending, fps)
            except Exception:
                answers[f"{ending} {fps:.3f}"] = traceback.format_exc()
    (FOLDER / "answers.json").write_text(json.dumps(answers))


main()
sys.stdout.flush()
os._exit(0)
