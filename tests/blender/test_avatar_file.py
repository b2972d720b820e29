"""Avatars from FBX, glTF and VRM files, in Blender 4.5 LTS and 5.0."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "retarget"))

from sample_motions import planted_motion

_FILES = """
import math, os, sys
from pathlib import Path
sys.path[:0] = ["tests/retarget"]
import numpy as np
from sample_rigs import MIXAMO_WORDS, bone_rows
import blender_addon
from blender_addon.stage.rigging import create_armature

blender_addon.register()
WORDS = {"L": "Left", "R": "Right", "": ""}


def fresh():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


def mixamo(name):
    stem, _, side = name.partition(".")
    return f"mixamorig:{WORDS[side]}{MIXAMO_WORDS[stem]}"


def vroid(name):
    stem, _, side = name.partition(".")
    words = {"upper_arm": "UpperArm", "forearm": "LowerArm", "clavicle": "Shoulder",
             "thigh": "UpperLeg", "shin": "LowerLeg"}
    return f"J_Bip_{side or 'C'}_{words.get(stem, stem.title())}"


def plain(name):
    return name


def person(scene, named, folder, *, units=1.0, y_up=False, scale=1.0, picture="skin.png"):
    # A box round each bone, all with one picture.
    rows = bone_rows(fingers=False, lowered=30.0)
    rows.pop("baton")
    turned = lambda p: units * np.array([p[0], p[2], -p[1]] if y_up else p)
    table = {
        named(bone): (above and named(above), turned(head), turned(tail))
        for bone, (above, head, tail) in rows.items()
    }
    armature = create_armature(scene, scene.collection, table)
    corners = 0.03 * units * np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new("Skin")
    places, around = [], []
    for number, (_, head, tail) in enumerate(table.values()):
        places += [tuple(point) for end in (head, tail) for point in corners + end]
        around += [
            tuple(16 * number + 8 * end + i for i in face) for end in (0, 1) for face in faces
        ]
    mesh.from_pydata(places, [], around)
    mesh.uv_layers.new(name="UVMap")
    skin = bpy.data.objects.new("Skin", mesh)
    scene.collection.objects.link(skin)
    skin.parent = armature
    for number, bone in enumerate(table):
        group = skin.vertex_groups.new(name=bone)
        group.add(list(range(16 * number, 16 * number + 16)), 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    image = bpy.data.images.new("skin", 4, 4)
    image.filepath_raw, image.file_format = str(Path(folder) / picture), "PNG"
    image.save()
    material = bpy.data.materials.new("Skin")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    mesh.materials.append(material)
    armature.scale = (scale,) * 3
    if y_up:
        armature.rotation_euler = (math.pi / 2, 0.0, 0.0)
    bpy.context.view_layer.update()
    return armature


def wave(armature, bone):
    posed = armature.pose.bones[bone]
    for frame, angle in ((1, 0.0), (10, 0.6)):
        posed.rotation_quaternion = (math.cos(angle / 2), 0.0, 0.0, math.sin(angle / 2))
        posed.keyframe_insert("rotation_quaternion", frame=frame)


def write_fbx(path, animated=False, **how):
    bpy.ops.export_scene.fbx(
        filepath=str(path), bake_anim=animated, add_leaf_bones=False, **how
    )


def write_gltf(path, form="GLB"):
    bpy.ops.export_scene.gltf(
        filepath=str(path), export_format=form, export_animations=False, export_cameras=True
    )
"""

_MAKE = (
    _FILES
    + """
folder = Path(folder)
# Y up and in centimetres, under an object that is turned and scaled.
scene = fresh()
armature = person(scene, mixamo, folder, units=100.0, y_up=True, scale=0.01)
wave(armature, "mixamorig:LeftArm")
scene.render.fps, scene.frame_end = 25, 10
write_fbx(folder / "mixamo.fbx", animated=True, path_mode="COPY", embed_textures=True)
scene = fresh()
person(scene, mixamo, folder, scale=0.01)
write_fbx(folder / "tiny.fbx", path_mode="COPY", embed_textures=True)
for scale, name in ((1.0, "vroid"), (0.01, "small")):
    scene = fresh()
    person(scene, vroid, folder, scale=scale)
    write_gltf(folder / f"{name}.glb")
    (folder / f"{name}.glb").rename(folder / f"{name}.vrm")
scene = fresh()
person(scene, mixamo, folder)
write_fbx(folder / "beside.fbx", path_mode="RELATIVE")
scene = fresh()
person(scene, plain, folder)
write_gltf(folder / "plain.glb")
write_gltf(folder / "parts.gltf", "GLTF_SEPARATE")
# A camera that looks at the person, and one that does not.
for name, where in (("seen.glb", (0.0, -6.0, 1.0)), ("past.glb", (0.0, 6.0, 1.0))):
    camera = bpy.data.objects.new("Eye", bpy.data.cameras.new("Eye"))
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = where, (math.pi / 2, 0.0, 0.0)
    write_gltf(folder / name)
    bpy.data.objects.remove(camera)
scene = fresh()
scene.collection.objects.link(bpy.data.objects.new("Box", bpy.data.meshes.new("Box")))
write_gltf(folder / "nobody.glb")
(folder / "lone").mkdir()
scene = fresh()
person(scene, mixamo, folder / "lone", picture="gone.png")
write_fbx(folder / "lone" / "lone.fbx", path_mode="RELATIVE")
(folder / "lone" / "gone.png").unlink()
bytes_of = (folder / "mixamo.fbx").read_bytes()
(folder / "cut.fbx").write_bytes(bytes_of[: len(bytes_of) // 2])
(folder / "empty.fbx").write_bytes(b"")
bytes_of = (folder / "plain.glb").read_bytes()
(folder / "cut.glb").write_bytes(bytes_of[: len(bytes_of) // 2])
(folder / "words.gltf").write_text("Not a model.")
answer = sorted(path.name for path in folder.iterdir())
"""
)

_PLAY = (
    _FILES
    + """
import contextlib, io
from blender_addon.commands import run
from blender_addon.chosen_armature import find_armature
from blender_addon.guide_export import joints_at
from blender_addon.stage.place import place_of
from retarget import skeleton

folder, out = Path(folder), Path(out)


def command(*options):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = run(options)
    lines = [line.split(" ", 1)[1] for line in told.getvalue().splitlines()
             if line.startswith("@virtual-conductor ")]
    lines = [json.loads(line) for line in lines]
    return code, {kind: [line[1] for line in lines if line[0] == kind]
                  for kind in ("error", "warning", "result")}


answer = {"played": {}, "refused": {}}
for name in played:
    scene_file = out / f"{Path(name).name}.blend"
    stage = ("--stage", "studio") if name in simple else ()
    code, told = command(
        "animate", "--motion", motion, "--avatar", str(folder / name), "--out", str(scene_file),
        *stage,
    )
    if code:
        answer["played"][name] = told["error"]
        continue
    bpy.ops.wm.open_mainfile(filepath=str(scene_file))
    scene = bpy.context.scene
    armature = find_armature(scene)
    place = place_of(scene, armature)
    joints = place.canonical(joints_at(scene, armature, list(range(1, 31, 5))))
    camera = scene.camera
    answer["played"][name] = {
        "warnings": [one for one in told["warning"] if "no fingers" not in one],
        "scale": place.scale,
        "turn": place.turn.tolist(),
        "ground": float(place.matrix[2, 3]),
        "joints": joints.tolist(),
        "balls": [item.name for item in bpy.data.objects if "sphere" in item.name.lower()],
        "pictures": [[bool(image.packed_file), image.has_data or bool(image.pixels[:4])]
                     for image in bpy.data.images if image.users and "skin" in image.name],
        "batons": sum("conducting_baton" in item for item in bpy.data.objects),
        "collections": [c.name for c in scene.collection.children],
        "actions": {a.name: a.use_fake_user for a in bpy.data.actions},
        "action": armature.animation_data.action.name,
        "camera": camera.name,
        "stage": "Stage" in bpy.data.collections,
        "rate": scene.render.fps,
        "range": [scene.frame_start, scene.frame_end],
        "engine": scene.render.engine,
        "size": [scene.render.resolution_x, scene.render.resolution_y],
        "links": [len(node.outputs[0].links) for material in bpy.data.materials
                  if material.node_tree and material.name.startswith("Skin")
                  for node in material.node_tree.nodes if node.type == "TEX_IMAGE"],
    }
report = command("check_rig", "--avatar", str(folder / "mixamo.fbx"))[1]["result"][0]
answer["rate"] = json.loads(report)["motion_fps"]
for name in refused:
    code, told = command("check_rig", "--avatar", str(folder / name))
    answer["refused"][name] = [code, told["error"]]
"""
)

_PLAYED = (
    "mixamo.fbx",
    "tiny.fbx",
    "beside.fbx",
    "vroid.vrm",
    "small.vrm",
    "parts.gltf",
    "seen.glb",
    "past.glb",
    "lone/lone.fbx",
)
_SIMPLE = ("tiny.fbx", "beside.fbx", "vroid.vrm", "small.vrm", "parts.gltf", "lone/lone.fbx")
_SMALL = ("tiny.fbx", "small.vrm")
_REFUSED = (
    "cut.fbx",
    "empty.fbx",
    "cut.glb",
    "words.gltf",
    "nobody.glb",
    "alone/parts.gltf",
    "none.fbx",
)
_MOTION = planted_motion(30, seed=7)


@pytest.fixture(scope="module")
def files(run_in_blender, tmp_path_factory):
    """Avatars as other programs write them; made once, by Blender 4.5's exporters."""
    folder = tmp_path_factory.mktemp("avatars")
    run_in_blender(_MAKE, folder=str(folder))
    (folder / "alone").mkdir()
    (folder / "alone" / "parts.gltf").write_bytes((folder / "parts.gltf").read_bytes())
    return folder


@pytest.fixture(scope="module")
def told(run_in_each_blender, files, tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes")
    _MOTION.save(out / "motion.npz")
    return run_in_each_blender(
        _PLAY,
        folder=str(files),
        out=str(out),
        motion=str(out / "motion.npz"),
        played=_PLAYED,
        simple=_SIMPLE,
        refused=_REFUSED,
    )


@pytest.fixture(scope="module")
def played(told):
    assert {name: one for name, one in told["played"].items() if isinstance(one, list)} == {}
    return told["played"]


@pytest.mark.parametrize("name", _PLAYED)
def test_an_imported_avatar_stands_on_the_floor_in_its_size(played, name):
    avatar = played[name]
    size = 0.01 if name in _SMALL else 1.0
    assert avatar["scale"] == pytest.approx(size, rel=0.08)
    assert abs(avatar["ground"]) < 0.04 * size
    np.testing.assert_allclose(avatar["turn"], np.eye(3), atol=1e-3)


@pytest.mark.parametrize("name", _PLAYED)
def test_it_conducts_as_the_motion_does(played, name):
    from retarget import rotation, skeleton

    ours = np.array(played[name]["joints"])
    expected = _MOTION.joints_3d()[::5]
    for joint, after in (("forearm.R", "hand.R"), ("upper_arm.L", "forearm.L")):
        a, b = skeleton.INDEX[joint], skeleton.INDEX[after]
        ways = [rotation.normalize(these[:, b] - these[:, a]) for these in (ours, expected)]
        assert np.degrees(np.arccos(np.sum(ways[0] * ways[1], axis=-1))).max() < 2.0
    tip, grip = skeleton.INDEX["baton_tip"], skeleton.INDEX["baton"]
    ways = [rotation.normalize(these[:, tip] - these[:, grip]) for these in (ours, expected)]
    assert np.degrees(np.arccos(np.sum(ways[0] * ways[1], axis=-1))).max() < 2.0
    assert played[name]["batons"] == 1


def test_its_scene_is_as_one_that_is_made_for_a_built_conductor(played):
    avatar = played["mixamo.fbx"]
    assert avatar["stage"]
    assert avatar["camera"] == "Front"
    assert avatar["engine"] == "BLENDER_WORKBENCH"
    assert avatar["size"] == [960, 540]
    assert avatar["range"] == [1, 30]
    assert avatar["rate"] == 30


def test_a_motion_for_a_file_with_a_frame_rate_is_made_at_it(told):
    assert told["rate"] == 25


def test_nothing_that_only_an_importer_needs_is_left(played):
    assert all(avatar["balls"] == [] for avatar in played.values())
    assert "parts" in played["parts.gltf"]["collections"]


def test_pictures_are_inside_the_scene(played):
    for name in ("mixamo.fbx", "beside.fbx", "vroid.vrm", "parts.gltf"):
        assert played[name]["pictures"] == [[True, True]]
        assert played[name]["links"] == [1]
        assert played[name]["warnings"] == []


def test_a_missing_picture_is_told_once_and_leaves_the_surface_plain(played):
    avatar = played["lone/lone.fbx"]
    assert len(avatar["warnings"]) == 1
    assert "gone.png of lone.fbx is missing" in avatar["warnings"][0]
    assert avatar["links"] == [0]


def test_the_animation_that_came_with_it_is_kept(played):
    actions = dict(played["mixamo.fbx"]["actions"])
    assert actions.pop(played["mixamo.fbx"]["action"], None) is not None
    assert any(kept for name, kept in actions.items() if "Baton" not in name)


def test_only_a_camera_that_sees_the_avatar_takes_the_stages_place(played):
    assert played["seen.glb"]["camera"] == "Eye"
    assert not played["seen.glb"]["stage"]
    assert any("has a camera" in warning for warning in played["seen.glb"]["warnings"])
    assert played["past.glb"]["camera"] == "Front"
    assert played["past.glb"]["stage"]


def test_files_that_are_no_avatars_are_refused_in_one_sentence(told):
    refused = told["refused"]
    assert {name: one[0] for name, one in refused.items()} == dict.fromkeys(_REFUSED, 2)
    sentences = {name: one[1][0] for name, one in refused.items()}
    for name in ("cut.fbx", "empty.fbx"):
        assert sentences[name].startswith(f"{name} is damaged or no FBX file")
    for name in ("cut.glb", "words.gltf"):
        assert "is damaged or no" in sentences[name]
    assert sentences["nobody.glb"].startswith("nobody.glb has no armature")
    assert "needs parts.bin beside it" in sentences["alone/parts.gltf"]
    assert "does not exist" in sentences["none.fbx"]
    assert "Traceback" not in json.dumps(sentences)


_PANEL = (
    _FILES
    + """
folder = Path(folder)


def names():
    return sorted(
        block.name
        for blocks in (bpy.data.objects, bpy.data.meshes, bpy.data.images, bpy.data.actions,
                       bpy.data.collections, bpy.data.armatures, bpy.data.materials)
        for block in blocks
    )


def load(name):
    try:
        return sorted(bpy.ops.virtual_conductor.import_avatar(filepath=str(folder / name)))
    except RuntimeError as fault:
        return str(fault)


answer = {}
bpy.ops.wm.read_homefile(use_factory_startup=True)
scene = bpy.context.scene
answer["startup"] = [load("vroid.vrm"), "Cube" in scene.objects, scene.camera.name,
                     scene.virtual_conductor.avatar.name, scene.virtual_conductor.owns_timeline]
scene = fresh()
camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
scene.collection.objects.link(camera)
scene.camera = camera
scene.render.fps, scene.frame_start, scene.frame_end = 48, 5, 77
scene.frame_set(33)
result = load("mixamo.fbx")
avatar = scene.virtual_conductor.avatar
answer["mine"] = [result, scene.camera.name, scene.render.fps, scene.frame_start, scene.frame_end,
                  scene.frame_current, avatar.type, [c.name for c in avatar.users_collection],
                  bpy.context.view_layer.objects.active == avatar,
                  [item.name for item in bpy.context.selected_objects] == [avatar.name],
                  "Stage" in bpy.data.collections]
before = names()
answer["refused"] = [load(name) for name in ("cut.fbx", "nobody.glb", "skin.png")]
answer["left"] = names() == before
answer["chosen"] = scene.virtual_conductor.avatar == avatar
"""
)


@pytest.fixture(scope="module")
def panel(run_in_each_blender, files):
    return run_in_each_blender(_PANEL, folder=str(files))


def test_the_button_imports_into_the_startup_scene_as_a_built_conductor_is_made(panel):
    assert panel["startup"] == [["FINISHED"], False, "Front", "Conductor", True]


def test_the_button_leaves_a_scene_of_the_users_own_as_it_is(panel):
    assert panel["mine"] == [
        ["FINISHED"],
        *("Mine", 48, 5, 77, 33),
        *("ARMATURE", ["mixamo"]),
        *(True, True, False),
    ]


def test_a_file_that_cannot_be_imported_leaves_nothing_behind(panel):
    assert "is damaged" in panel["refused"][0]
    assert "has no armature" in panel["refused"][1]
    assert "is no such avatar" in panel["refused"][2]
    assert panel["left"]
    assert panel["chosen"]
