"""A motion's face on shape keys."""

import pytest

_SCENE = """
from dataclasses import replace
from pathlib import Path
import numpy as np
import blender_addon
blender_addon.register()
from blender_addon.face_keys import TOLERANCE, key_face
from blender_addon.keyframes import apply_motion
from blender_addon.scene import perform
from blender_addon.stage.conductor import create_conductor
from blender_addon.stage.rigging import create_armature
from blender_addon.timeline import set_timeline
from retarget import rotation, skeleton
from retarget.errors import Cancelled, ConductorError
from retarget.face import ACTIONS
from retarget.motion import Motion

COUNT = 90
T = np.arange(COUNT) / 30.0
FACE = np.stack(
    [0.5 - 0.5 * np.cos(2 * np.pi * T * (0.3 + 0.02 * i) + i) for i in range(len(ACTIONS))], axis=1
)
MOTION = Motion(
    30.0,
    rotation.identity((COUNT, len(skeleton.NAMES))),
    skeleton.REST[:1].repeat(COUNT, 0),
    np.array([0.5, 1.0]),
    np.array([1, 2]),
    {},
    {"seed": 1},
    ACTIONS,
    FACE,
)
BARE = replace(MOTION, face_names=(), face=np.zeros((0, 0)))

def column(action):
    return FACE[:, ACTIONS.index(action)]

def person(**meshes):
    bones = {"hips": (None, np.array([0, 0, 0.9]), np.array([0, 0, 1.0]))}
    armature = create_armature(scene, scene.collection, bones)
    for name, keys in meshes.items():
        data = bpy.data.meshes.new(name)
        data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        thing = bpy.data.objects.new(name, data)
        scene.collection.objects.link(thing)
        thing.parent = armature
        for key in ("Basis", *keys):
            thing.shape_key_add(name=key, from_mix=False).value = 0.0
    scene.render.fps, scene.render.fps_base = 30, 1.0
    return armature

def block(name):
    return bpy.data.objects[name].data.shape_keys

def value(name, key):
    return bpy.data.objects[name].evaluated_get(
        bpy.context.evaluated_depsgraph_get()
    ).data.shape_keys.key_blocks[key].value

def played(name, key):
    values = []
    for frame in range(1, COUNT + 1):
        scene.frame_set(frame)
        values.append(block(name).key_blocks[key].value)
    return np.array(values)

def curves(action):
    return [
        c for layer in action.layers for strip in layer.strips
        for bag in strip.channelbags for c in bag.fcurves
    ]

def state():
    return [
        sorted((a.name, a.use_fake_user) for a in bpy.data.actions),
        [
            [
                k.animation_data is None,
                k.animation_data and k.animation_data.action and k.animation_data.action.name,
                len(k.animation_data.drivers) if k.animation_data else 0,
                [round(b.value, 5) for b in k.key_blocks],
            ]
            for k in sorted(bpy.data.shape_keys, key=lambda k: k.name)
        ],
    ]
"""


def test_a_built_in_conductor_plays_every_action_with_few_keys(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
armature = create_conductor(scene)
set_timeline(scene, MOTION)
bones = apply_motion(scene, armature, MOTION).action
(action,) = key_face(scene, armature, MOTION)
keys = block("Body")
worst = max(
    np.abs(played("Body", name) - column(name)).max() for name in ("jawOpen", "eyeBlinkLeft")
)
answer = {
    "paths": sorted(c.data_path for c in curves(action)),
    "wanted": sorted(f'key_blocks["{name}"].value' for name in ACTIONS),
    "slots": [slot.identifier for slot in action.slots],
    "in use": keys.animation_data.action == action,
    "bones": armature.animation_data.action == bones,
    "share": sum(len(c.keyframe_points) for c in curves(action)) / FACE.size,
    "range": [action.frame_start, action.frame_end],
    "worst": float(worst),
    "tolerance": TOLERANCE,
}
"""
    )
    assert answer["paths"] == answer["wanted"]
    assert answer["slots"] == ["KEBody"]
    assert answer["in use"]
    assert answer["bones"]
    assert answer["share"] < 0.2
    assert answer["range"] == [1, 90]
    assert answer["worst"] <= answer["tolerance"] + 1e-4


def test_renamed_keys_of_any_mesh_are_found_and_one_place_moves_all(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
armature = person(
    Head=("eyeBlink_L", "EYEBLINKRIGHT", "Jaw_Open", "Mouth_Smile_L", "Hat"),
    Teeth=("jawOpen",),
    Lashes=("eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft"),
)
actions = key_face(scene, armature, MOTION)
pairs = [
    ("Head", "eyeBlink_L", "eyeBlinkLeft"), ("Head", "EYEBLINKRIGHT", "eyeBlinkRight"),
    ("Head", "Jaw_Open", "jawOpen"), ("Head", "Mouth_Smile_L", "mouthSmileLeft"),
    ("Lashes", "eyeWideLeft", "eyeWideLeft"),
    ("Teeth", "jawOpen", "jawOpen"), ("Lashes", "eyeBlinkLeft", "eyeBlinkLeft"),
]
worst = []
for mesh, key, action in pairs:
    values = []
    for frame in range(1, COUNT + 1):
        scene.frame_set(frame)
        values.append(value(mesh, key))
    worst.append(float(np.abs(np.array(values) - column(action)).max()))
# The animator lowers the jaw in one place.
jaw = next(c for c in curves(actions[0]) if "Jaw_Open" in c.data_path)
for point in jaw.keyframe_points:
    point.co[1] = 0.25
    point.handle_left[1] = point.handle_right[1] = 0.25
jaw.update()
scene.frame_set(40)
answer = {
    "worst": worst,
    "animated": sorted(slot.identifier for a in actions for slot in a.slots),
    "drivers": sorted(
        (k.name, c.data_path, c.driver.type) for k in bpy.data.shape_keys if k.animation_data
        for c in k.animation_data.drivers
    ),
    "edited": [value("Head", "Jaw_Open"), value("Teeth", "jawOpen")],
    "hat": value("Head", "Hat"),
}
"""
    )
    assert max(answer["worst"]) < 0.013
    assert len(answer["animated"]) == 2
    assert [kind for *_, kind in answer["drivers"]] == ["SUM"] * 3
    assert answer["edited"] == pytest.approx([0.25, 0.25])
    assert answer["hat"] == 0.0


def test_edited_keys_stay_in_the_file_when_the_face_is_made_again(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
armature = person(Head=("jawOpen", "browInnerUp"), Teeth=("jawOpen",))
(first,) = key_face(scene, armature, MOTION)
curves(first)[0].keyframe_points[0].co[1] = 0.123
(second,) = key_face(scene, armature, MOTION)
edited = curves(first)[0].keyframe_points[0].co[1]
kept = first.use_fake_user
drivers = len(block("Teeth").animation_data.drivers)
in_use = block("Head").animation_data.action == second
bare = key_face(scene, armature, BARE)
answer = [
    edited, kept, drivers, in_use, bare, second.use_fake_user,
    block("Head").animation_data.action is None,
    [key.value for key in block("Head").key_blocks],
]
"""
    )
    edited, kept, drivers, in_use, bare, second_kept, free, values = answer
    assert edited == pytest.approx(0.123)
    assert kept
    assert second_kept
    assert drivers == 1
    assert in_use
    # A motion without a face leaves none of the last one behind.
    assert bare == []
    assert free
    assert values == [0.0, 0.0, 0.0]


def test_what_somebody_else_animates_is_left_alone(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
armature = person(Head=("jawOpen", "browInnerUp"))
keys = block("Head")
curve = keys.key_blocks["jawOpen"].driver_add("value")
curve.driver.expression = "0.75"
actions = key_face(scene, armature, MOTION)
scene.frame_set(30)
paths = [c.data_path for a in actions for c in curves(a)]
driven = value("Head", "jawOpen")
mine = bpy.data.actions.new("Mine")
keys.animation_data.action = mine
key_face(scene, armature, BARE)
stays = keys.animation_data.action == mine
key_face(scene, armature, MOTION)
nobody = person()
answer = [paths, driven, stays, mine.use_fake_user, key_face(scene, nobody, MOTION)]
"""
    )
    assert answer == [['key_blocks["browInnerUp"].value'], 0.75, True, True, []]


def test_a_face_that_fails_or_is_cancelled_changes_nothing(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
answer = []
for before in ("nothing", "ours", "mine"):
    armature = person(Head=("jawOpen", "browInnerUp"), Teeth=("jawOpen", "eyeWide_L"))
    if before == "ours":
        key_face(scene, armature, MOTION)
    if before == "mine":
        block("Head").animation_data_create().action = bpy.data.actions.new("Mine")
        block("Teeth").key_blocks["jawOpen"].value = 0.4
    for stop_at in (0, 20, 34, 35, 36):
        old, left = state(), [stop_at]
        def stop(fraction, phase):
            left[0] -= 1
            if left[0] < 0:
                raise Cancelled
        try:
            key_face(scene, armature, MOTION, progress=stop)
            answer.append("not cancelled")
        except Cancelled:
            answer.append(state() == old)
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item)
    for kind in (bpy.data.meshes, bpy.data.actions):
        bpy.data.batch_remove(list(kind))
"""
    )
    assert answer == [True] * 15


def test_a_performance_that_fails_at_its_sound_takes_the_face_back(run_in_blender, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    answer = run_in_blender(
        _SCENE
        + """
from blender_addon.scene_sound import Music
armature = create_conductor(scene)
perform(scene, armature, MOTION)
old = state()
music = Music(Path(broken), 0.0, None)
try:
    perform(scene, armature, replace(MOTION, source={"seed": 2}), music=music)
    answer = ["no fault"]
except ConductorError:
    answer = [state() == old, len(old[0])]
""",
        broken=str(tmp_path / "broken.wav"),
    )
    assert answer == [True, 2]
