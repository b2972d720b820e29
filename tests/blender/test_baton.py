"""A baton for rigs that have no bone for one, in Blender 4.5 LTS and 5.0."""

import numpy as np
import pytest

_RIGS = """
import math, sys
sys.path[:0] = ["tests/retarget"]
import numpy as np
from mathutils import Euler, Matrix
from sample_motions import planted_motion
from sample_rigs import bone_rows
import blender_addon
from blender_addon.stage.rigging import create_armature
from retarget import skeleton

blender_addon.register()
motion = planted_motion(40, seed=7)


def fresh():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


def rig(scene, *, fingers=True, roll=None, y_up=False, units=1.0):
    rows = bone_rows(fingers=fingers, lowered=20.0)
    rows.pop("baton")
    turned = lambda p: units * np.array([p[0], p[2], -p[1]] if y_up else p)
    table = {name: (above, turned(a), turned(b)) for name, (above, a, b) in rows.items()}
    armature = create_armature(scene, scene.collection, table)
    if roll is not None:
        bpy.context.view_layer.objects.active = armature
        bpy.ops.object.mode_set(mode="EDIT")
        generator = np.random.default_rng(roll)
        for bone in armature.data.edit_bones:
            bone.use_connect = False
        for bone in armature.data.edit_bones:
            bone.roll = generator.uniform(-3.0, 3.0)
            # Sideways and of no length that tells anything, as FBX has them.
            bone.tail = bone.head + units * 0.03 * (bone.matrix.to_3x3() @ Matrix()[0].to_3d())
        bpy.ops.object.mode_set(mode="OBJECT")
    body = bpy.data.collections.new("Body")
    scene.collection.children.link(body)
    skin = bpy.data.objects.new("Skin", bpy.data.meshes.new("Skin"))
    body.objects.link(skin)
    skin.parent = armature
    return armature


def sized(scene, scale, **how):
    armature = rig(scene, **how)
    armature.scale = (scale,) * 3
    armature.rotation_euler = Euler((0.0, 0.0, 0.7))
    armature.location = (1.0, 2.0, 0.0)
    return armature


def imported(scene):
    armature = rig(scene, roll=3, y_up=True, units=100.0)
    armature.rotation_euler = Euler((math.pi / 2, 0.0, 0.0))
    armature.scale = (0.01,) * 3
    return armature


def relative(scene):
    armature = rig(scene, roll=5)
    armature.data.bones["hand.R"].use_relative_parent = True
    return armature


def controlled(scene):
    # A control that moves no skin, and the bone that follows it and does.
    armature = rig(scene)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    control = armature.data.edit_bones["hand.R"]
    skin = armature.data.edit_bones.new("DEF-hand.R")
    skin.head, skin.tail, skin.roll = control.head, control.tail, control.roll
    skin.parent = armature.data.edit_bones["forearm.R"]
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.data.bones["hand.R"].use_deform = False
    copy = armature.pose.bones["DEF-hand.R"].constraints.new("COPY_TRANSFORMS")
    copy.target, copy.subtarget = armature, "hand.R"
    return armature


def play(scene, armature, motion=motion, **options):
    from blender_addon.scene import perform

    scene.virtual_conductor.owns_timeline = True
    perform(scene, armature, motion, **options)


def batons():
    return [item for item in bpy.data.objects if "conducting_baton" in item]
"""

_LIES = (
    _RIGS
    + """
from blender_addon.held_baton import baton_of, tip_of

RIGS = {
    "plain": lambda scene: rig(scene),
    "without fingers": lambda scene: rig(scene, fingers=False),
    "sideways": lambda scene: rig(scene, roll=1),
    "tiny": lambda scene: sized(scene, 0.01, roll=2),
    "huge": lambda scene: sized(scene, 20.0),
    "imported": imported,
    "relative": relative,
    "controlled": controlled,
}
positions, turns = motion.world()
hand, forearm, grip, tip = (
    skeleton.INDEX[joint] for joint in ("hand.R", "forearm.R", "baton", "baton_tip")
)
answer = {}
for name, make in RIGS.items():
    scene = fresh()
    armature = make(scene)
    play(scene, armature)
    baton = baton_of(armature)
    way = positions[:, tip] - positions[:, grip]
    away = positions[:, grip] - positions[:, hand]
    angles, misses, length = [], [], 0.0
    graph = bpy.context.evaluated_depsgraph_get()
    turn = np.array(armature.matrix_world.to_3x3().normalized())
    if name == "imported":
        turn = np.eye(3)
    bones = armature.data.bones
    metre = armature.scale[0] * (bones["shin.R"].head_local - bones["foot.R"].head_local).length
    metre /= np.linalg.norm(
        skeleton.REST[skeleton.INDEX["shin.R"]] - skeleton.REST[skeleton.INDEX["foot.R"]]
    )
    for frame in range(len(motion)):
        scene.frame_set(frame + 1)
        seen = np.array(baton.evaluated_get(graph).matrix_world)
        posed = armature.evaluated_get(graph)
        wrist = np.array(posed.matrix_world @ posed.pose.bones["hand.R"].head)
        points = seen[:3, :3] @ tip_of(baton)
        length = float(np.linalg.norm(points)) / metre
        cosine = points @ turn @ way[frame] / np.linalg.norm(points) / np.linalg.norm(way[frame])
        angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))))
        there = (seen[:3, 3] - wrist) @ turn / metre
        misses.append(float(np.linalg.norm(there - away[frame])))
    answer[name] = {
        "angle": max(angles),
        "miss": max(misses),
        "length": length,
        "bone": baton.parent_bone,
        "collection": [collection.name for collection in baton.users_collection],
        "keys": max(
            len(curve.keyframe_points)
            for curve in baton.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
        ),
    }
"""
)


@pytest.fixture(scope="module")
def lies(run_in_each_blender):
    return run_in_each_blender(_LIES)


def test_the_tip_points_where_the_motions_does_on_any_rig(lies):
    assert {name: lie["angle"] for name, lie in lies.items() if lie["angle"] > 2.0} == {}


def test_it_starts_in_the_hand_where_the_canonical_one_does(lies):
    # From the end of the bulb to the place where it is held are some centimetres.
    assert {name: lie["miss"] for name, lie in lies.items() if lie["miss"] > 0.035} == {}


def test_its_length_is_the_bodys(lies):
    lengths = [lie["length"] for lie in lies.values()]
    np.testing.assert_allclose(lengths, 0.41, atol=0.01)


def test_it_hangs_on_the_bone_that_moves_the_hands_skin(lies):
    assert lies["plain"]["bone"] == "hand.R"
    assert lies["controlled"]["bone"] == "DEF-hand.R"


def test_it_is_in_the_collection_of_the_meshes_with_few_keys(lies):
    assert all(lie["collection"] == ["Body"] for lie in lies.values())
    assert all(2 <= lie["keys"] < 40 for lie in lies.values())


_GRIP = (
    _RIGS
    + """
from blender_addon.stage.baton import baton_of
armature = rig(fresh(), roll=4)
scene = bpy.context.scene
play(scene, armature)
baton = baton_of(armature)
graph = bpy.context.evaluated_depsgraph_get()
away = {"thumb.02.R": [], "index.02.R": []}
for frame in range(1, 41, 4):
    scene.frame_set(frame)
    seen = baton.evaluated_get(graph).matrix_world
    start, along = np.array(seen.translation), -np.array(seen.to_3x3().normalized())[:, 0]
    posed = armature.evaluated_get(graph)
    for name, distances in away.items():
        bone = posed.pose.bones[name]
        point = np.array(posed.matrix_world @ bone.head) - start
        distances.append(float(np.linalg.norm(point - along * (point @ along))))
answer = {name: max(distances) for name, distances in away.items()}
"""
)


def test_thumb_and_index_finger_are_at_it(run_in_each_blender):
    away = run_in_each_blender(_GRIP)
    assert max(away.values()) < 0.04, away


_HAVING = (
    _RIGS
    + """
from blender_addon.chosen_armature import parts_of
from blender_addon.stage.baton import baton_of
from blender_addon.stage.conductor import create_conductor

answer = {}
scene = fresh()
armature = rig(scene)
play(scene, armature)
first = baton_of(armature)
first.location.x = 0.02
play(scene, armature)
answer["again"] = [len(batons()), baton_of(armature) == first, round(first.location.x, 4)]
answer["part"] = first in parts_of(scene, armature)
materials = len(bpy.data.materials)
bpy.ops.virtual_conductor.remove_baton()
answer["removed"] = [
    len(batons()), scene.virtual_conductor.baton,
    [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith("Baton")],
]
play(scene, armature)
answer["off"] = len(batons())
bpy.ops.virtual_conductor.add_baton()
answer["added"] = [len(batons()), scene.virtual_conductor.baton]
try:
    bpy.ops.virtual_conductor.add_baton()
except RuntimeError as fault:
    answer["second"] = str(fault)
bpy.data.objects.remove(baton_of(armature))
answer["deleted"] = baton_of(armature) is None
try:
    bpy.ops.virtual_conductor.remove_baton()
except RuntimeError as fault:
    answer["nothing"] = str(fault)
from blender_addon.guide_export import joints_at
answer["joints without"] = bool(np.isfinite(joints_at(scene, armature, [1, 5])).all())
play(scene, armature)
answer["regenerated"] = len(batons())

scene = fresh()
armature = rig(scene)
mine = bpy.data.objects.new("My old baton", bpy.data.meshes.new("Mine"))
scene.collection.objects.link(mine)
mine.parent, mine.parent_type, mine.parent_bone = armature, "BONE", "index.01.R"
before = [list(row) for row in mine.matrix_parent_inverse]
play(scene, armature)
answer["mine"] = [
    len(batons()), [list(row) for row in mine.matrix_parent_inverse] == before,
    mine.animation_data is None,
]

scene = fresh()
play(scene, create_conductor(scene))
answer["its own"] = len(batons())

scene = fresh()
scene.virtual_conductor.baton = False
play(scene, None)
built = scene.virtual_conductor.avatar
answer["built without"] = [
    len(batons()), [item.name for item in built.children if "Baton" in item.name]
]
"""
)


@pytest.fixture(scope="module")
def having(run_in_each_blender):
    return run_in_each_blender(_HAVING)


_OVERRIDDEN = (
    _RIGS
    + """
scene = fresh()
armature = rig(scene)
group = bpy.data.collections.new("Group")
scene.collection.children.link(group)
for item in (armature, *armature.children):
    group.objects.link(item)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/library.blend")
scene = fresh()
with bpy.data.libraries.load(folder + "/library.blend", link=True) as (_, to):
    to.collections = ["Group"]
bpy.data.collections["Group"].override_hierarchy_create(scene, bpy.context.view_layer)
armature = next(item for item in scene.objects if item.type == "ARMATURE")
play(scene, armature)
answer = [[len(batons()), [c.name for c in item.users_collection]] for item in batons()]
"""
)


def test_an_armature_that_overrides_another_files_holds_one(run_in_each_blender, tmp_path):
    assert run_in_each_blender(_OVERRIDDEN, folder=str(tmp_path)) == [[1, ["Scene Collection"]]]


def test_another_performance_keeps_the_baton_and_where_it_was_moved_to(having):
    assert having["again"] == [1, True, 0.02]
    assert having["part"]


def test_it_can_be_taken_away_and_given_back(having):
    assert having["removed"] == [0, False, []]
    assert having["off"] == 0
    assert having["added"] == [1, True]
    assert "holds a baton already" in having["second"]


def test_deleting_it_by_hand_leaves_everything_working(having):
    assert having["deleted"]
    assert having["joints without"]
    assert "holds no baton" in having["nothing"]
    assert having["regenerated"] == 1


def test_batons_of_the_user_and_of_the_rig_are_left_alone(having):
    assert having["mine"] == [0, True, True]
    assert having["its own"] == 0


def test_a_built_conductor_holds_none_where_none_is_wanted(having):
    assert having["built without"] == [0, []]


_FAILING = (
    _RIGS
    + """
from blender_addon.guide_export import joints_at
from blender_addon.stage.baton import baton_of
from retarget.errors import Cancelled


def late(fraction, phase):
    if fraction >= 0.95:
        raise Cancelled


def failed(scene, armature):
    try:
        play(scene, armature, planted_motion(30, seed=9), progress=late)
    except Cancelled:
        return True
    return False


def state():
    return [
        sorted(block.name for blocks in (bpy.data.objects, bpy.data.meshes, bpy.data.actions,
            bpy.data.materials) for block in blocks),
        [(item.animation_data.action.name, item.animation_data.action.use_fake_user,
          item.animation_data.action_slot.identifier, item.parent_bone,
          [list(row) for row in item.matrix_parent_inverse], list(item.rotation_quaternion))
         for item in batons()],
    ]


answer = {}
scene = fresh()
armature = rig(scene)
before = state()
answer["first"] = [failed(scene, armature), state() == before]
play(scene, armature)
before = state()
answer["second"] = [failed(scene, armature), state() == before]

baton, tip = baton_of(armature), skeleton.INDEX["baton_tip"]
there = joints_at(scene, armature, [1, 20])[:, tip]
baton.scale.x = 2.0
joints = joints_at(scene, armature, [1, 20])
answer["longer"] = np.linalg.norm(joints[:, tip] - joints[:, tip - 1], axis=-1).tolist()
bpy.data.objects.remove(baton)
without = joints_at(scene, armature, [1, 20])[:, tip]
answer["moved"] = np.linalg.norm(there - without, axis=-1).tolist()
"""
)


@pytest.fixture(scope="module")
def failing(run_in_each_blender):
    return run_in_each_blender(_FAILING)


def test_a_cancelled_performance_leaves_no_baton_and_no_change_to_one(failing):
    assert failing["first"] == [True, True]
    assert failing["second"] == [True, True]


def test_the_guide_takes_the_tip_from_the_baton_as_it_was_edited(failing):
    np.testing.assert_allclose(failing["longer"], 0.82, atol=0.02)
    # The bone of the hand alone does not know how the fingers turn it.
    assert min(failing["moved"]) > 0.01


_COMMAND = (
    _RIGS
    + """
from blender_addon.commands import run

motion.save(folder + "/motion.npz")
answer = {}
for name, more in (("held", ()), ("empty", ("--no-baton",))):
    scene_file = f"{folder}/{name}.blend"
    code = run([
        "animate", "--motion", folder + "/motion.npz", "--out", scene_file, "--stage", "studio",
        *more,
    ])
    bpy.ops.wm.open_mainfile(filepath=scene_file)
    answer[name] = [code, any("Baton" in item.name for item in bpy.data.objects)]
"""
)


def test_the_command_leaves_the_hand_empty_where_it_is_told_to(run_in_blender, tmp_path):
    answer = run_in_blender(_COMMAND, folder=str(tmp_path))
    assert answer == {"held": [0, True], "empty": [0, False]}
