"""The cameras frame whoever conducts, and the stage comes along."""

import math
from itertools import pairwise

import pytest

_SCENE = """
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Euler, Matrix, Vector
from blender_addon.armature import fit_armature
from blender_addon.guide_export import export_guide, joints_at
from blender_addon.keyframes import apply_motion
from blender_addon.stage import scenery
from blender_addon.stage.camera_moves import phrase_starts
from blender_addon.stage.conductor import create_conductor
from blender_addon.stage.place import place_of
from blender_addon.staging import STAGES, Staging
from blender_addon.timeline import set_timeline
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.solve import rest_motion

def conducting(seconds=8.0, fps=24.0, wide=1.0):
    # Both arms sweep wide, high and low, each in its own time; beats in four.
    count = round(seconds * fps)
    rest = rest_motion()
    turns = np.repeat(rest.rotations, count, axis=0)
    time = np.arange(count) / fps
    for side, sign, pace in (("L", 1.0, 0.31), ("R", -1.0, 0.47)):
        down = np.radians(35 + wide * 50 * np.cos(2 * np.pi * pace * time)) * sign
        ahead = np.radians(-55 + wide * 40 * np.sin(2 * np.pi * 0.73 * time)) * sign
        bent = np.radians(-60 + wide * 45 * np.sin(2 * np.pi * pace * time)) * sign
        for joint, axis, angle in (
            (f"upper_arm.{side}", (0, 1, 0), down),
            (f"upper_arm.{side}", (0, 0, 1), ahead),
            (f"forearm.{side}", (0, 0, 1), bent),
        ):
            i = skeleton.INDEX[joint]
            turn = rotation.from_axis_angle(np.array(axis, float), angle)
            turns[:, i] = rotation.multiply(turn, turns[:, i])
    beats = np.arange(0.25, seconds, 0.5)
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(turns),
        root=np.repeat(rest.root, count, axis=0),
        beats=beats,
        beat_numbers=np.arange(len(beats)) % 4 + 1,
    )

def perform(motion, matrix=Matrix()):
    armature = create_conductor(scene)
    armature.matrix_world = matrix
    set_timeline(scene, motion)
    apply_motion(scene, armature, motion)
    return armature

def seen(points, camera):
    flat = np.array(points).reshape(-1, 3)
    return np.array([world_to_camera_view(scene, camera, Vector(p)) for p in flat])

def shown(armature, camera, step=3):
    # In the picture, (N, 3) each: the crown, and hands with fingertips and baton tip.
    frames = list(range(scene.frame_start, scene.frame_end + 1, step))
    place = place_of(scene, armature)
    joints = joints_at(scene, armature, frames)
    crown = joints[:, skeleton.INDEX["head"]] + place.turn[:, 2] * place.scale * place.crown
    hands = []
    for side in "LR":
        wrist, knuckle = (
            joints[:, skeleton.INDEX[f"{joint}.{side}"]] for joint in ("hand", "index")
        )
        hands += [wrist, knuckle, knuckle + (knuckle - wrist)]
    hands.append(joints[:, skeleton.INDEX["baton_tip"]])
    return seen(crown, camera), seen(hands, camera)

def followed(armature, camera):
    # Of every frame: the baton hand's joints in the picture, (F, 4, 3), and what a hand of 18 cm
    # takes of its height; of what the camera aims at: keys, its way, (F, 3), canonical metres.
    frames = list(range(scene.frame_start, scene.frame_end + 1))
    place = place_of(scene, armature)
    joints = joints_at(scene, armature, frames)
    hand = joints[:, [skeleton.INDEX[f"{j}.R"] for j in ("hand", "thumb", "index", "fingers")]]
    aim, picture, height, way = camera.constraints[0].target, [], [], []
    for frame, points in zip(frames, hand):
        scene.frame_set(frame)
        picture.append(seen(points, camera))
        corners = [Vector(c) for c in camera.data.view_frame(scene=scene)]
        tall = (corners[0] - corners[1]).length / -corners[0].z
        height.append(0.18 * place.scale / (tall * picture[-1][:, 2].mean()))
        way.append(place.canonical(np.array(aim.matrix_world.translation)))
    curves = aim.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
    keys = [k.co[0] for k in curves[0].keyframe_points]
    return np.array(picture), np.array(height), keys, np.array(way)

def place_in_world(scale, heading, where):
    turn = Euler((0, 0, np.radians(heading)))
    return Matrix.LocRotScale(Vector(where), turn, Vector([scale] * 3))
"""

_USUAL = (1.0, 0.0, (0.0, 0.0, 0.0))
_PLACES = {
    "usual": _USUAL,
    "0.3 m tall": (0.3 / 1.75, 0.0, (0.0, 0.0, 0.0)),
    "20 m tall, far off and turned": (20.0 / 1.75, 137.0, (310.0, -45.0, 12.0)),
    "turned about": (1.0, 180.0, (-3.0, 7.0, -2.0)),
}


@pytest.mark.parametrize("name", _PLACES)
def test_every_camera_shows_the_whole_motion_of_an_avatar_of_any_size_and_heading(
    run_in_blender, name
):
    answer = run_in_blender(
        _SCENE
        + """
motion = conducting(4.0)
armature = perform(motion, place_in_world(*place))
answer = []
for size in ((960, 540), (600, 600), (540, 960)):
    scene.render.resolution_x, scene.render.resolution_y = size
    answer.append({})
    for name in ("front", "three-quarter", "hall"):
        scene.camera = None
        camera = scenery.build_stage(
            scene, armature, motion, staging=Staging("studio", name)
        ).camera
        bpy.context.view_layer.update()
        crown, hands = shown(armature, camera)
        feet = seen([place_of(scene, armature).matrix[:3, 3]], camera)[0]
        answer[-1][name] = {
            "crown": [crown.min(0).tolist(), crown.max(0).tolist()],
            "hands": [hands.min(0).tolist(), hands.max(0).tolist()],
            "feet": feet.tolist(),
            "clipping": [camera.data.clip_start, camera.data.clip_end],
        }
""",
        place=_PLACES[name],
    )
    for cameras in answer:
        for shows in cameras.values():
            for low, high in (shows[part] for part in ("hands", "crown")):
                assert min(low[:2]) >= 0.0
                assert max(high[:2]) <= 1.0
                assert low[2] > 2.0 * shows["clipping"][0]
                assert high[2] < 0.5 * shows["clipping"][1]
        width = {
            name: shows["hands"][1][0] - shows["hands"][0][0] for name, shows in cameras.items()
        }
        assert width["front"] > width["hall"]
    for cameras in answer[:2]:
        front = cameras["front"]
        top = max(front["hands"][1][1], front["crown"][1][1])
        assert top - max(front["feet"][1], 0.0) > 0.8
    # A picture that is taller than the reach is wide shows the conductor down to the feet.
    tall = answer[2]["front"]
    assert tall["hands"][1][0] - tall["hands"][0][0] > 0.8
    above = 1.0 - max(tall["hands"][1][1], tall["crown"][1][1])
    assert tall["feet"][1] == pytest.approx(above, abs=0.06)


@pytest.mark.parametrize("name", _PLACES)
def test_the_camera_of_the_hands_glides_close_with_the_baton_hand(run_in_blender, name):
    answer = run_in_blender(
        _SCENE
        + """
armature = create_conductor(scene)
armature.matrix_world = place_in_world(*place)
answer = []
for wide in (0.5, 1.0):
    motion = conducting(6.0, wide=wide)
    set_timeline(scene, motion)
    apply_motion(scene, armature, motion)
    for size in ((960, 540), (540, 960)):
        scene.render.resolution_x, scene.render.resolution_y = size
        camera = scenery.build_stage(scene, armature, staging=Staging(camera="hands")).camera
        hand, height, keys, way = followed(armature, camera)
        speeds = np.linalg.norm(np.diff(way, axis=0), axis=1) * motion.fps
        jolts = np.linalg.norm(np.diff(way, 2, axis=0), axis=1) * motion.fps**2
        answer.append([hand.min((0, 1)).tolist(), hand.max((0, 1)).tolist(),
                       height.min(), len(keys), speeds.max(), jolts.max(),
                       camera.data.dof.focus_object == camera.constraints[0].target,
                       [camera.data.clip_start, camera.data.clip_end]])
""",
        place=_PLACES[name],
    )
    for low, high, _, keys, speed, jolt, focused, clipping in answer:
        assert min(low[:2]) > 0.0
        assert max(high[:2]) < 1.0
        assert 2.0 * clipping[0] < low[2] < high[2] < 0.5 * clipping[1]
        # Of the hand's way, metres a second: a glide, on few keys.
        assert speed < 0.8
        assert jolt < 6.5
        assert keys < 24
        assert focused
    wide_picture, tall_picture, *_ = answer
    assert wide_picture[2] > 0.32
    assert tall_picture[2] > 0.19


def test_a_moving_camera_of_the_hands_keeps_the_hand_and_is_renewed_with_the_stage(
    run_in_blender,
):
    answer = run_in_blender(
        _SCENE
        + """
import blender_addon
from blender_addon.layers import find_layers
blender_addon.register()
answer = []
for wide in (0.5, 0.8):
    motion = conducting(12.0, wide=wide)
    if wide == 0.5:
        armature = perform(motion, place_in_world(0.4, 70.0, (5.0, 2.0, 1.0)))
        scene.virtual_conductor.avatar = armature
        scene.virtual_conductor.stage = "studio"
        scene.virtual_conductor.camera = "hands"
        scene.virtual_conductor.camera_move = True
    else:
        apply_motion(scene, armature, motion)
    bpy.ops.virtual_conductor.set_stage()
    hand, height, keys, way = followed(armature, scene.camera)
    guide = export_guide(scene, armature)
    aims = [thing for thing in scene.objects if thing.name.startswith("Hand aim")]
    answer.append([hand[..., :2].min(), hand[..., :2].max(), way[::24].tolist(), len(aims),
                   float(np.abs(guide.view[0] - guide.view[100]).max()),
                   scene.camera.parent.name, find_layers(scene) is None])
"""
    )
    for low, high, _, aims, moved, parent, drawn_whole in answer:
        assert low > 0.0
        assert high < 1.0
        assert aims == 1
        assert moved > 0.0
        assert parent.startswith("Camera move")
        assert drawn_whole
    assert answer[0][2] != answer[1][2]


def test_without_a_motion_the_camera_of_the_hands_shows_the_reach_of_both(run_in_blender):
    low, high, constraints = run_in_blender(
        _SCENE
        + """
from blender_addon.stage.cameras import in_reach
armature = create_conductor(scene)
camera = scenery.build_stage(scene, armature, staging=Staging("studio", "hands")).camera
bpy.context.view_layer.update()
reach = in_reach(place_of(scene, armature))
hands = seen(reach[:, [skeleton.INDEX[f"index.{side}"] for side in "LR"]], camera)
answer = [hands.min(0).tolist(), hands.max(0).tolist(), len(camera.constraints)]
"""
    )
    assert min(low[:2]) > 0.0
    assert max(high[:2]) < 1.0
    assert high[0] - low[0] > 0.5
    assert constraints == 0


def test_rigs_of_others_stand_on_the_podium_and_in_the_picture(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
import sys
sys.argv = ["", "."]
sys.path[:0] = ["tests/blender", "tests/retarget"]
import retarget_scenes
motion = conducting(4.0)
answer = {}
for name in ("turned", "mixamo", "full_metarig"):
    rig = retarget_scenes.RIGS[name]()
    bpy.context.view_layer.update()
    # Somebody in a tall hat, bound to the rig with everything else.
    place = place_of(scene, rig)
    above = place.rest[skeleton.INDEX["head"]] + (0.0, 0.0, 0.4)
    hat, sole = place.world(np.array([above, (0.1, -0.1, -0.05)]))
    mesh = bpy.data.meshes.new("Body")
    inward = np.linalg.inv(np.array(rig.matrix_world))
    mesh.from_pydata([inward[:3, :3] @ p + inward[:3, 3] for p in (hat, sole)], [], [])
    body = bpy.data.objects.new("Body", mesh)
    body.parent = rig
    scene.collection.objects.link(body)
    body.modifiers.new("Armature", "ARMATURE").object = rig
    set_timeline(scene, motion)
    apply_motion(scene, rig, motion)
    scene.camera = None
    stage = scenery.build_stage(scene, rig, motion, staging=Staging("studio", "front"))
    bpy.context.view_layer.update()
    _, hands = shown(rig, stage.camera)
    podium = next(t for t in stage.collection.objects if t.name.startswith("Podium"))
    corners = np.array([podium.matrix_world @ Vector(c) for c in podium.bound_box])
    top = (corners - sole) @ place.turn[:, 2] / place.scale
    joints = joints_at(scene, rig, [1])[0]
    chest = joints[skeleton.INDEX["chest"]]
    before = (np.array(stage.camera.matrix_world.translation) - chest) @ -place.turn[:, 1]
    answer[name] = [hands.min(0).tolist(), hands.max(0).tolist(),
                    seen(hat, stage.camera)[0].tolist(), top.max(), before / place.scale]
"""
    )
    for low, high, hat, podium, before in answer.values():
        assert min(low[:2]) >= 0.0
        assert max(high[:2]) <= 1.0
        assert 0.0 < hat[0] < 1.0
        assert 0.6 < hat[1] < 1.0
        assert podium == pytest.approx(0.0, abs=0.02)
        assert before > 2.0


def test_a_moving_camera_turns_back_at_phrases_and_never_cuts_a_hand(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
motion = conducting(21.0)
armature = perform(motion, place_in_world(0.4, 70.0, (5.0, 2.0, 1.0)))
stage = scenery.build_stage(scene, armature, motion, staging=Staging("studio", "front", True))
low, high, places = np.ones(2), np.zeros(2), []
for frame in range(scene.frame_start, scene.frame_end + 1, 6):
    scene.frame_set(frame)
    camera = stage.camera.matrix_world.normalized()
    place = place_of(scene, armature)
    joints = joints_at(scene, armature, [frame])
    hands = seen(joints[:, [skeleton.INDEX[j] for j in ("index.L", "index.R", "baton_tip")]],
                 stage.camera)
    crown = joints[0, skeleton.INDEX["head"]] + place.turn[:, 2] * place.scale * place.crown
    points = np.concatenate([hands, seen(crown, stage.camera)])[:, :2]
    low, high = np.minimum(low, points.min(0)), np.maximum(high, points.max(0))
    places.append(place.canonical(np.array(camera.translation)).tolist())
curves = [c for thing in (stage.camera, stage.camera.parent)
          for c in thing.animation_data.action.layers[0].strips[0].channelbags[0].fcurves]
guide = export_guide(scene, armature)
keys = [[k.co[0] for k in c.keyframe_points] for c in curves]
answer = [low.tolist(), high.tolist(), places, keys,
          float(np.abs(guide.view[0] - guide.view[100]).max())]
""",
    )
    low, high, places, keys, moved = answer
    assert min(low) >= 0.0
    assert max(high) <= 1.0
    # Downbeats are at 0.25 s and every two seconds from there; phrases have four bars.
    assert keys == [[1.0, 199.0, 505.0]] * 4
    ways = [math.dist(a, b) for a, b in pairwise(places)]
    assert 0.3 < sum(ways) < 4.0
    # A quarter of a second of it is nowhere more than a drift.
    assert max(ways) < 0.08
    assert moved > 0.0


def test_a_scene_with_a_camera_keeps_it_and_gets_a_stage_only_if_one_is_asked_for(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
mine = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
scene.collection.objects.link(mine)
mine.location = (1.0, -4.0, 2.0)
scene.camera = mine
armature = create_conductor(scene)
before = set(bpy.data.objects)
answer = []
nothing = scenery.build_stage(scene, armature)
answer.append([nothing is None, set(bpy.data.objects) == before, scene.camera.name])
stage = scenery.build_stage(scene, armature, staging=Staging(stage="studio"))
answer.append([stage.camera is None, len(stage.lights) > 2, scene.camera.name])
stage = scenery.build_stage(scene, armature, staging=Staging(camera="hall"))
answer.append([scene.camera == stage.camera, stage.lights == (), list(mine.location)])
"""
    )
    assert answer == [[True, True, "Mine"], [True, True, "Mine"], [True, True, [1.0, -4.0, 2.0]]]


def test_every_stage_is_few_objects_as_large_as_the_conductor_and_stands_under_the_feet(
    run_in_blender,
):
    answer = run_in_blender(
        _SCENE
        + """
answer = []
for factor in (1.0, 8.0):
    armature = create_conductor(scene)
    armature.matrix_world = place_in_world(factor, 90.0, (10.0, 0.0, 3.0))
    for name in STAGES:
        scene.camera = scene.world = None
        stage = scenery.build_stage(scene, armature, staging=Staging(name))
        bpy.context.view_layer.update()
        things = list(stage.collection.all_objects)
        faces = sum(len(t.data.polygons) for t in things if t.type == "MESH")
        podium = next(t for t in things if t.name.startswith("Podium"))
        corners = np.array([podium.matrix_world @ Vector(c) for c in podium.bound_box])
        lit = sum(light.data.energy for light in stage.lights)
        # The conductor faces the world's +X here.
        ahead = stage.camera.matrix_world.translation.x - 10.0
        answer.append([len(things), faces, corners[:, 2].max(), corners[:, 0].mean(), lit,
                       ahead, all(i.packed_file for i in bpy.data.images if i.users)])
"""
    )
    for (count, faces, top, middle, lit, ahead, packed), large in zip(
        answer[:3], answer[3:], strict=True
    ):
        assert count < 22
        assert faces < 50_000
        assert top == pytest.approx(3.0, abs=0.02)
        assert middle == pytest.approx(10.0, abs=0.25)
        assert packed
        assert ahead > 2.0
        assert large[2] == pytest.approx(3.0, abs=0.16)
        assert large[4] / lit == pytest.approx(64.0, rel=0.05)
        assert large[5] / ahead == pytest.approx(8.0, rel=0.05)


def test_nobody_of_the_orchestra_sits_between_the_camera_and_the_conductor(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
scene.render.resolution_x, scene.render.resolution_y = 540, 960
armature = create_conductor(scene)
answer = []
for camera in ("front", "three-quarter", "hall"):
    scene.camera = None
    stage = scenery.build_stage(scene, armature, staging=Staging("hall", camera))
    bpy.context.view_layer.update()
    players = next(t for t in stage.collection.objects if t.name.startswith("Orchestra"))
    points = np.array([v.co for v in players.data.vertices])
    heads = points[points[:, 2] > 0.9]
    x, y, depth = seen(heads, stage.camera).T
    conductor = seen((0.0, 0.0, 1.2), stage.camera)[0, 2]
    before = (x > 0) & (x < 1) & (y > 0) & (y < 1) & (depth > 0) & (depth < conductor)
    answer.append([int(before.sum()), len(heads)])
"""
    )
    for before, heads in answer:
        assert before == 0
        assert heads > 1000


def test_the_panel_sets_another_stage_and_leaves_what_the_user_put_on_the_first(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
import blender_addon
blender_addon.register()
scene.virtual_conductor.stage = "studio"
bpy.ops.virtual_conductor.create_avatar()
first = scene.camera
mine = bpy.data.objects.new("Mine", None)
first.users_collection[0].objects.link(mine)
scene.virtual_conductor.stage = "rehearsal"
scene.virtual_conductor.camera = "hall"
scene.virtual_conductor.camera_move = True
scene.frame_end = 200
bpy.ops.virtual_conductor.set_stage()
names = [thing.name.split(".")[0] for thing in scene.objects]
armature = scene.virtual_conductor.avatar
behind = scene.camera.matrix_world.translation.y
answer = [scene.camera.name, names.count("Backdrop"), names.count("Windows"),
          names.count("Music Stand"), names.count("Key"), "Mine" in names,
          behind > 0.0, scene.camera.parent.name]
"""
    )
    assert answer == ["Hall", 0, 1, 1, 1, True, True, "Camera move"]
