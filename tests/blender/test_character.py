"""The person of a photo in Blender: T-pose and back, a rig like others, what is in the file."""

from typing import Any

import numpy as np
import pytest

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from pose_transfer.pieces import Bones, Piece, assemble
from retarget import rotation, skeleton
from retarget.body.kinematics import pose_bones
from retarget.body.model import BONES, INDEX, PARENTS, alignment, load_body
from retarget.camera import Camera
from retarget.character import Character
from retarget.rotation import Array

RED, GREEN = (230, 20, 20), (20, 220, 20)
# How the person of the photo stands, beyond arms held away from the body: radians about an axis.
POSE = {
    "hips": (0.0, 0.0, 0.3),
    "chest": (0.15, 0.0, 0.0),
    "forearm.L": (-1.3, 0.0, 0.0),
    "upper_arm.R": (-0.6, 0.0, 0.4),
    "thigh.L": (-0.5, 0.0, 0.0),
    "shin.L": (0.7, 0.0, 0.0),
}
BOX = np.array([(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
BOX_FACES = np.array(
    [
        *((0, 2, 3), (0, 3, 1), (4, 5, 7), (4, 7, 6), (0, 1, 5), (0, 5, 4)),
        *((2, 6, 7), (2, 7, 3), (0, 4, 6), (0, 6, 2), (1, 3, 7), (1, 7, 5)),
    ]
)


def character() -> Character:
    """Red boxes along bones, each sharing its first end with the bone before, and a flag of hair.

    The flag stands above the head, 0.4 m wide: its left half in the picture is green, the right
    one clear.
    """
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    local = np.zeros((len(BONES), 3))
    for bone, vector in POSE.items():
        local[INDEX[bone]] = vector
    turned = rotation.to_matrix(rotation.from_rotation_vector(local))
    heads, matrices = pose_bones(shape.heads, turned, np.array([0.3, -0.2, 1.1]))
    turns = rotation.multiply(rotation.from_matrix(matrices), alignment(shape))
    tails = heads + (matrices @ (shape.tails - shape.heads)[..., None])[..., 0]
    hand = INDEX["hand.R"]
    grip = skeleton.REST[skeleton.INDEX["baton"]] - skeleton.REST[skeleton.INDEX["hand.R"]]
    start = heads[hand] + rotation.rotate(turns[hand], grip)
    bones = Bones(
        (*BONES, "baton"),
        np.array([*PARENTS, hand], dtype=np.int16),
        np.vstack([heads, start]),
        np.vstack([tails, start + rotation.rotate(turns[hand], np.array([-0.4, 0.0, 0.0]))]),
        np.vstack([turns, turns[hand]]),
    )
    pieces = [_box(bones, bone) for bone in ("chest", "head", "forearm.L", "hand.R", "shin.L")]
    crown = tails[INDEX["head"]] + [0.0, 0.0, 0.15]
    corners = np.array([(-0.2, 0, 0), (0.2, 0, 0), (0.2, 0, 0.2), (-0.2, 0, 0.2)])
    flag = np.zeros((8, 16, 4), np.uint8)
    flag[..., :3] = GREEN
    flag[:, :8, 3] = 255
    at = np.array([(0.0, 7.0), (15.0, 7.0), (15.0, 0.0), (0.0, 0.0)])
    faces = np.array([(0, 1, 2), (0, 2, 3)])
    pieces.append(
        Piece(
            crown + rotation.rotate(turns[INDEX["head"]], corners),
            faces,
            at[faces],
            flag,
            {"head": np.ones(4)},
            "head",
            fringe=True,
        )
    )
    camera = Camera(800.0, np.array([99.5, 149.5]), (200, 300), np.array([0.0, -3.0, 1.2]))
    return assemble(pieces, bones, camera)


def _box(bones: Bones, bone: str) -> Piece:
    i = bones.names.index(bone)
    start, way = bones.heads[i], bones.tails[i] - bones.heads[i]
    around = rotation.between(np.array([0.0, 0.0, 1.0]), way)
    size = np.array([0.1, 0.1, np.linalg.norm(way)])
    points = start + rotation.rotate(around, (BOX - [0.5, 0.5, 0.0]) * size)
    shares = {bone: np.where(BOX[:, 2] > 0, 1.0, 0.6)}
    parent = int(bones.parents[i])
    shares[bones.names[parent]] = np.where(BOX[:, 2] > 0, 0.0, 0.4)
    # Of solid faces only the colours count.
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[..., :3] = RED
    return Piece(points, BOX_FACES, np.full((12, 3, 2), 1.5), picture, shares, "trunk")


@pytest.fixture(scope="module")
def person() -> Character:
    return character()


@pytest.fixture(scope="module")
def told(run_in_blender, person: Character, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What Blender says of the person, built, conducting, saved and opened again."""
    folder = tmp_path_factory.mktemp("character")
    person.save(folder / "me.subject")
    (folder / "broken.subject").write_bytes(b"nothing")
    grid = BeatGrid(
        np.array([0.5, 1.0]), np.array([1, 2]), np.array([2, 2]), ("2/4",) * 2, np.ones(2)
    )
    motion = conduct(
        grid, duration=1.2, loudness=np.full(108, 0.5), style=Style(), seed=0, fps=10.0
    )
    motion.save(folder / "motion.npz")
    return run_in_blender(_SCRIPT, folder=str(folder)), motion


_SCRIPT = """
import contextlib, io
import numpy as np
from pathlib import Path
import blender_addon
from blender_addon import commands
from blender_addon.armature import fit_armature
from blender_addon.guide_export import export_guide
from blender_addon.scene import find_armature
from blender_addon.stage.character import create_character
from blender_addon.stage.looks import setup_render
from retarget import rotation, skeleton
from retarget.character import Character

folder = Path(folder)
person = Character.load(folder / "me.subject")
answer = {}

def part(armature, name):
    return next(c for c in armature.children if c.name.split('.00')[0] == name)

def points(thing):
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(float)

# Built, and turned as in the photo.
armature = create_character(scene, person)
rest = points(part(armature, "Person"))
for i, name in enumerate(person.bones):
    bone = armature.pose.bones[name]
    own = np.array(bone.bone.matrix_local.to_quaternion())
    above = person.parents[i]
    before = person.turns[above] if above >= 0 else rotation.identity(())
    turn = rotation.multiply(rotation.conjugate(before), person.turns[i])
    bone.rotation_quaternion = rotation.multiply(
        rotation.multiply(rotation.conjugate(own), turn), own)
bpy.context.view_layer.update()
answer["bind"] = [points(part(armature, name)).tolist() for name in ("Person", "Fringe")]
answer["hips"] = list(armature.data.bones["hips"].head_local)
answer["lowest"] = float(rest[:, 2].min())
for bone in armature.pose.bones:
    bone.rotation_quaternion = (1, 0, 0, 0)

# Known to be a rig of ours, in the T-pose.
fit = fit_armature(armature)
answer["family"] = fit.map.label
played = fit.map.strands
answer["unplayed"] = [n for n in skeleton.NAMES if n not in played and "baton" not in n]
answer["turned"] = {}
for bone in fit.map.bones:
    here = rotation.conjugate(fit.rest_rotations[fit.rig.index[bone]])
    turn = rotation.multiply(fit.aligned[bone], here)
    answer["turned"][bone] = float(np.degrees(np.linalg.norm(rotation.to_rotation_vector(turn))))

# Conducting, saved and opened again.
blender_addon.register()
said = io.StringIO()
animate = ["animate", "--motion", str(folder / "motion.npz"), "--size", "96x96"]
animate += ["--out", str(folder / "scene.blend"), "--avatar"]
with contextlib.redirect_stdout(said):
    code = commands.run([*animate, str(folder / "broken.subject")])
answer["broken"] = [code, said.getvalue()]
answer["animated"] = commands.run([*animate, str(folder / "me.subject")])
(folder / "me.subject").rename(folder / "moved.subject")
bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
scene = bpy.context.scene
armature = find_armature(scene)
guide = export_guide(scene, armature)
answer["guide"] = guide.positions.tolist()
skin, fringe = part(armature, "Person"), part(armature, "Fringe")
answer["groups"] = sorted(group.name for group in skin.vertex_groups)
answer["sums"] = [sum(g.weight for g in v.groups) for v in skin.data.vertices]
answer["bones"] = [bone.name for bone in armature.data.bones]
answer["images"] = {
    thing.name: [bool(node.image.packed_file) for node in thing.data.materials[0].node_tree.nodes
                 if node.type == "TEX_IMAGE"]
    for thing in (skin, fringe)}
answer["parts"] = sorted(child.name for child in armature.children)

# Seen from the front, without the set.
for item in scene.objects:
    item.hide_render = item not in (skin, fringe)
scene.frame_set(1)
armature.data.pose_position = "REST"
camera = scene.camera
camera.data.type, camera.data.ortho_scale = "ORTHO", 2.4
camera.location, camera.rotation_euler = (0.0, -4.0, 1.2), (np.pi / 2, 0.0, 0.0)
scene.render.filepath = str(folder / "seen.png")
bpy.ops.render.render(write_still=True)
image = bpy.data.images.load(str(folder / "seen.png"))
pixels = np.array(image.pixels[:]).reshape(96, 96, 4)[..., :3]
red = (pixels[..., 0] > 0.3) & (pixels[..., 1] < 0.2)
green = (pixels[..., 1] > 0.3) & (pixels[..., 0] < 0.2)
answer["red"], answer["green"] = int(red.sum()), int(green.sum())
answer["green_left"] = float(np.flatnonzero(green.any(axis=0)).mean())

# The panel's button, with a person who is read already.
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
settings = scene.virtual_conductor
bpy.ops.virtual_conductor.create_avatar()
before = settings.avatar
objects = len(bpy.data.objects)
settings.photo = str(folder / "broken.subject")
try:
    bpy.ops.virtual_conductor.create_character()
except RuntimeError as fault:
    answer["refused"] = [str(fault), len(bpy.data.objects) == objects, settings.avatar == before]
settings.photo = str(folder / "moved.subject")
bpy.ops.virtual_conductor.create_character()
made = settings.avatar
answer["made"] = [made != before, bool(part(made, "Person")), made.select_get(),
                  bpy.context.view_layer.objects.active == made,
                  before.hide_render and all(c.hide_render for c in before.children),
                  made.hide_render]
"""


def test_bones_turned_as_in_the_photo_bring_back_its_mesh(told: Any, person: Character) -> None:
    answer, _ = told
    solid = np.unique(person.faces[person.kinds == 0])
    fringe = np.unique(person.faces[person.kinds == 1])
    shift = np.array(answer["hips"]) - person.heads[0]
    for points, own in zip(answer["bind"], (solid, fringe), strict=True):
        assert np.abs(np.array(points) - (person.vertices[own] + shift)).max() < 1e-4


def test_the_rig_is_a_conductor_avatar_that_rests_in_the_t_pose_on_the_floor(told: Any) -> None:
    answer, _ = told
    assert answer["family"] == "conductor avatar"
    assert answer["unplayed"] == []
    assert max(answer["turned"].values()) < 1.0
    assert -0.02 < answer["lowest"] < 0.2


def test_what_it_conducts_is_the_motion(told: Any) -> None:
    answer, motion = told
    assert answer["animated"] == 0
    theirs, ours = motion.joints_3d(), np.array(answer["guide"])
    assert ours.shape == theirs.shape
    for start, end in (
        ("upper_arm.R", "forearm.R"),
        ("forearm.L", "hand.L"),
        ("baton", "baton_tip"),
    ):
        a, b = _ways(ours, start, end), _ways(theirs, start, end)
        assert np.degrees(np.arccos(np.clip((a * b).sum(axis=-1), -1.0, 1.0))).max() < 1.5, end


def _ways(positions: Array, start: str, end: str) -> Array:
    return rotation.normalize(
        positions[:, skeleton.INDEX[end]] - positions[:, skeleton.INDEX[start]]
    )


def test_the_saved_scene_holds_pictures_and_weights_and_needs_no_other_file(told: Any) -> None:
    answer, _ = told
    assert answer["parts"] == ["Baton", "Fringe", "Person"]
    assert answer["images"] == {"Person": [True], "Fringe": [True, True]}
    assert set(answer["groups"]) <= set(answer["bones"])
    assert {"chest", "forearm.L", "hand.R"} <= set(answer["groups"])
    assert answer["sums"] == pytest.approx([1.0] * len(answer["sums"]), abs=1e-5)


def test_workbench_shows_the_texture_and_the_fringe_where_it_is_opaque(told: Any) -> None:
    answer, _ = told
    assert answer["red"] > 50
    # 0.2 m × 0.2 m at 40 pixels per metre, on the picture's left of the middle.
    assert 45 <= answer["green"] <= 90
    assert answer["green_left"] < 47.5


def test_a_damaged_subject_file_is_told_in_one_sentence(told: Any) -> None:
    code, said = told[0]["broken"]
    assert code == 2
    assert "broken.subject" in said
    assert "Traceback" not in said


def test_the_panel_builds_a_person_from_a_subject_file_and_hides_the_avatar_before(
    told: Any,
) -> None:
    assert told[0]["made"] == [True, True, True, True, True, False]


def test_a_file_that_is_refused_leaves_the_scene_as_it_was(told: Any) -> None:
    sentence, same_objects, same_avatar = told[0]["refused"]
    assert "broken.subject" in sentence
    assert same_objects
    assert same_avatar
