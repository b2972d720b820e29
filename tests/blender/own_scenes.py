"""Runs inside bpy: performances in a scene of the user's own, and what they leave of it.

`play(folder)` gives what came of it; the test beside it says what that should be.
"""

import wave
from dataclasses import replace

import bpy
import numpy as np
from sample_motions import planted_motion
from sample_rigs import bone_rows
from scene_dump import differences, dump

import blender_addon
from blender_addon import scene as scenes
from blender_addon.guide_export import export_guide
from blender_addon.render import render_frames
from blender_addon.scene_sound import Music
from blender_addon.staging import Staging
from blender_addon.timeline import add_beat_markers
from blender_addon.video import render_video
from retarget.errors import Cancelled, ConductorError


def users_scene(folder):
    """A scene in which much is set that nobody but its user may change."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.fps, render.fps_base = 24, 1.001
    scene.frame_start, scene.frame_end, scene.frame_step = 41, 300, 2
    render.resolution_x, render.resolution_y, render.resolution_percentage = 129, 97, 50
    render.engine, render.film_transparent, render.filepath = "CYCLES", True, "//shots/"
    render.pixel_aspect_x = 1.5
    scene.sync_mode, scene.use_audio_scrub = "NONE", False
    scene.view_settings.exposure = 0.7
    scene.world = bpy.data.worlds.new("Sky")
    scene["shot"] = 12
    camera = new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = (0.0, -4.0, 1.2)
    camera.rotation_euler.x = np.pi / 2
    scene.camera = camera
    cube = new("Cube", triangle("Cube"))
    cube.keyframe_insert("location", frame=1)
    cube.location.x = 2.0
    cube.keyframe_insert("location", frame=120)
    for name, frame in (("1", 50), ("Bar 3", 60), ("2", 2000), ("Chorus", 70)):
        scene.timeline_markers.new(name, frame=frame)
    scene.timeline_markers.new("Cut", frame=1).camera = camera
    scene.timeline_markers["Chorus"].select = False
    strips = scene.sequence_editor_create().strips
    strips.new_sound(
        name="Speech", filepath=str(tone(folder / "speech.wav")), channel=3, frame_start=1
    )
    hidden = bpy.data.collections.new("Hidden")
    scene.collection.children.link(hidden)
    bpy.context.view_layer.layer_collection.children["Hidden"].exclude = True
    scene.view_layers.new("Second")
    rig = build(scene)
    bpy.context.view_layer.objects.active = cube
    scene.frame_set(77, subframe=0.25)
    rig.pose.bones["jaw_free"].rotation_euler.x = 0.4
    bpy.context.view_layer.update()
    return scene, rig


def new(name, data):
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    return item


def triangle(name):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    return mesh


def build(scene):
    """A rig with an Action, a bone and a property of its own, and a mesh with a face."""
    data = bpy.data.armatures.new("Maestro")
    rig = new("Maestro", data)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head, tail) in bone_rows().items():
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = head, tail
        if parent:
            bone.parent = data.edit_bones[parent]
    free = data.edit_bones.new("jaw_free")
    free.head, free.tail, free.parent = (0, 0, 1.6), (0, -0.1, 1.6), data.edit_bones["head"]
    bpy.ops.object.mode_set(mode="OBJECT")
    for number, bone in enumerate(rig.pose.bones):
        bone.rotation_mode = ("XYZ", "QUATERNION", "AXIS_ANGLE", "ZYX")[number % 4]
    rig.pose.bones["head"]["mood"] = 0.5
    rig.pose.bones["head"].rotation_euler = (0.1, 0.2, 0.3)
    chest = rig.pose.bones["chest"]
    path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
    path = path.get(chest.rotation_mode, "rotation_euler")
    chest.keyframe_insert(path, frame=1)
    getattr(chest, path)[1] = 0.3
    chest.keyframe_insert(path, frame=100)
    rig.keyframe_insert("location", frame=1)
    body = new("Body", triangle("Body"))
    body.parent = rig
    body.modifiers.new("Armature", "ARMATURE").object = rig
    body.shape_key_add(name="Basis")
    for name in ("jawOpen", "eyeBlinkLeft"):
        body.shape_key_add(name=name)
    keys = body.data.shape_keys
    keys.key_blocks["jawOpen"].value = 0.2
    keys.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
    return rig


def motion_of(frames, seed=0):
    face = 0.5 - 0.5 * np.cos(np.arange(frames) / 9.0)
    return replace(
        planted_motion(frames, fps=24.0, seed=seed), face_names=("jawOpen",), face=face[:, None]
    )


def tone(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.full(8000, 900, np.int16).tobytes())
    return path


def played_twice(folder):
    scene, rig = users_scene(folder)
    before = dump()
    music = Music(tone(folder / "music.wav"), 0.25)
    first_notes = scenes.perform(scene, rig, motion_of(60), music=music)
    changed = differences(before, dump())
    told = scenes.describe(scene)
    ours = sorted((m.frame, m.name) for m in scene.timeline_markers)
    second_notes = scenes.perform(scene, rig, motion_of(36, seed=2), music=music)
    third_notes = scenes.perform(scene, rig, motion_of(36, seed=3), music=music)
    return {
        "changed": changed,
        "notes": [first_notes, second_notes, third_notes],
        "described": told,
        "markers": ours,
        "markers_later": sorted((m.frame, m.name) for m in scene.timeline_markers),
        "preview_later": [scene.frame_preview_start, scene.frame_preview_end],
        "strips": [s.name for s in scene.sequence_editor.strips],
        "beats": scenes.beat_table(scene, 0.25),
    }


def shown(folder):
    """What our videos show of a scene in which some frames are previewed."""
    scene, rig = users_scene(folder)
    render = scene.render
    render.engine, render.use_border, render.use_crop_to_border = "BLENDER_WORKBENCH", True, True
    render.border_min_x, render.border_max_x = 0.1, 0.6
    scenes.perform(scene, rig, motion_of(5))
    before = dump()
    render_video(scene, folder / "v.mp4")
    render_frames(scene, folder, numbers=range(43, 44))
    guide = export_guide(scene, rig)
    return {"guide": len(guide), "changed": differences(before, dump())}


def taken_over(folder):
    scene, rig = users_scene(folder)
    scenes.perform(scene, rig, motion_of(60), own_timeline=True)
    render = scene.render
    return {
        "range": [scene.frame_start, scene.frame_end, scene.use_preview_range],
        "rate": render.fps / render.fps_base,
        "sync": [scene.sync_mode, scene.use_audio_scrub],
        "engine": render.engine,
        "size": [render.resolution_x, render.resolution_y, render.resolution_percentage],
    }


def owners(folder):
    """Which scenes are ours from a conductor's building on."""
    told = {}
    for name in ("empty", "startup", "saved", "moved", "furnished", "camera", "cut"):
        startup = name in ("startup", "saved", "moved")
        bpy.ops.wm.read_factory_settings(use_empty=not startup)
        if name == "saved":
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / "saved.blend"))
        scene = bpy.context.scene
        if name == "moved":
            scene.objects["Cube"].location.x = 2.0
        scene.frame_end = 90
        if name == "furnished":
            new("Chair", triangle("Chair"))
        elif name == "camera":
            scene.camera = new("Camera", bpy.data.cameras.new("Camera"))
        elif name == "cut":
            scene.sequence_editor_create().strips.new_effect(
                name="Title", type="TEXT", channel=1, frame_start=1, **_length(scene, 50)
            )
        engine = scene.render.engine
        scenes.perform(scene, None, motion_of(20), staging=Staging("studio"))
        told[name] = [
            scene.virtual_conductor.owns_timeline,
            scene.frame_end,
            scene.use_preview_range,
            scene.render.engine == engine,
        ]
        scenes.perform(scene, scene.virtual_conductor.avatar, motion_of(30))
        told[name].append(scene.frame_end)
    return told


def _length(scene, frames):
    """5.1 gives effects a length where before they were given an end."""
    return {"length": frames} if bpy.app.version >= (5, 0) else {"frame_end": 1 + frames}


def stopped(folder):
    """Differences that a cancel or a fault leaves, by when it came."""
    left = {}
    calls = []
    scene, rig = users_scene(folder)
    scenes.perform(
        scene,
        rig,
        motion_of(30),
        staging=Staging("studio", "three-quarter", True),
        progress=lambda fraction, _: calls.append(fraction),
    )
    for share in (0.0, 0.5, 0.9, 1.0):
        at = round(share * (len(calls) - 1))
        left[f"after {share}"] = _stopped(
            folder, at, None, False, Staging("studio", "three-quarter", True)
        )
    for share in (0.5, 1.0):
        at = round(share * (len(calls) - 1))
        left[f"again after {share}"] = _stopped(folder, at, None, True, None)
    text = folder / "notes.wav"
    text.write_text("this is no sound")
    return left | {"deaf": _stopped(folder, None, Music(text), True, None), "calls": len(calls)}


def _stopped(folder, at, music, was_performed, staging):
    scene, rig = users_scene(folder)
    if was_performed:
        scenes.perform(scene, rig, motion_of(24, seed=4))
        scene.frame_set(50)
    before = dump()
    left = [at]

    def stop(_fraction, _phase):
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                raise Cancelled

    try:
        scenes.perform(scene, rig, motion_of(30), music=music, staging=staging, progress=stop)
    except (Cancelled, ConductorError):
        return differences(before, dump())
    return ["not stopped"]


def own_markers(folder):
    """Beats where the user has marked some."""
    scene, _ = users_scene(folder)
    motion = motion_of(60)
    add_beat_markers(scene, motion, frame_start=41)
    once = sorted((m.frame, m.name) for m in scene.timeline_markers)
    add_beat_markers(scene, motion, frame_start=41)
    return {"once": once, "again": sorted((m.frame, m.name) for m in scene.timeline_markers)}


def play(folder):
    """All of it."""
    blender_addon.register()
    parts = (played_twice, shown, taken_over, owners, stopped, own_markers)
    return {part.__name__: part(folder) for part in parts}
