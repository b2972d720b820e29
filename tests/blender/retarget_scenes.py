"""Runs inside bpy: animates rigs and tells what came of it.

`python retarget_scenes.py FOLDER` writes `answers.json` (scene by name, or the traceback of what
went wrong) and one `.npz` per rig to FOLDER.
"""

import json
import math
import os
import sys
import traceback
import wave
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Euler, Vector
from sample_motions import planted_motion
from sample_rigs import bone_rows

from blender_addon import armature as armatures
from blender_addon import face_keys, guide_export, keyframes, motion_notes, timeline
from blender_addon.people.avatar import create_avatar
from blender_addon.people.wardrobe import GUEST
from blender_addon.scene_sound import Music
from blender_addon.stage.conductor import create_conductor
from retarget import skeleton
from retarget.errors import Cancelled, ConductorError
from retarget.formats import write_bvh
from retarget.solve import solve

FOLDER = Path(sys.argv[1])
MIXAMO = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Spine2",
    "neck": "Neck",
    "head": "Head",
    "clavicle": "Shoulder",
    "upper_arm": "Arm",
    "forearm": "ForeArm",
    "hand": "Hand",
    "thigh": "UpLeg",
    "shin": "Leg",
    "foot": "Foot",
}


def enable(name):
    # Only importing bpy makes this module known.
    import addon_utils

    addon_utils.enable(name, default_set=True)


def build(rows, *, roll_seed=None, y_up=False, scale=1.0, name="Rig"):
    """An armature object from rows of (parent, head, tail)."""
    rng = np.random.default_rng(roll_seed)
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (parent, head, tail) in rows.items():
        bone = data.edit_bones.new(bone_name)
        for end, point in (("head", head), ("tail", tail)):
            x, y, z = (float(v) * scale for v in point)
            setattr(bone, end, (x, z, -y) if y_up else (x, y, z))
        if roll_seed is not None:
            bone.roll = rng.uniform(-math.pi, math.pi)
        if parent:
            bone.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def mixamo():
    """What an imported Mixamo file looks like: Y up, centimetres, object turned and scaled."""

    def name(bone):
        stem, _, side = bone.partition(".")
        word = {"L": "Left", "R": "Right", "": ""}[side]
        return f"mixamorig:{word}{MIXAMO.get(stem, stem)}"

    rows = bone_rows(fingers=False)
    rows.pop("baton")
    renamed = {name(b): (p and name(p), head, tail) for b, (p, head, tail) in rows.items()}
    rig = build(renamed, roll_seed=11, y_up=True, scale=100.0)
    rig.rotation_euler = (math.pi / 2, 0.0, 0.0)
    rig.scale = (0.01, 0.01, 0.01)
    return rig


def turned():
    rig = build(bone_rows(lowered=35.0, legs=1.1), roll_seed=12)
    rig.rotation_mode = "XYZ"
    rig.rotation_euler = Euler((0.1, -0.2, 2.0))
    rig.location = (3.0, -1.0, 0.5)
    rig.scale = (1.7, 1.7, 1.7)
    return rig


def metarig(kind):
    def make():
        enable("rigify")
        add = getattr(bpy.ops.object, f"armature_{kind}_metarig_add")
        add()
        return bpy.context.object

    return make


def generated_metarig():
    metarig("basic_human")()
    bpy.ops.pose.rigify_generate()
    return next(o for o in bpy.data.objects if o.type == "ARMATURE" and o.name != "metarig")


RIGS = {
    "avatar": lambda: create_avatar(bpy.context.scene, GUEST),
    "conductor": lambda: create_conductor(bpy.context.scene),
    "turned": turned,
    "mixamo": mixamo,
    "basic_metarig": metarig("basic_human"),
    "full_metarig": metarig("human"),
    "generated_metarig": generated_metarig,
}


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def channelbag(action):
    return action.layers[0].strips[0].channelbags[0]


def evaluated(scene, rig):
    return rig.evaluated_get(bpy.context.evaluated_depsgraph_get())


def read_back(name):
    """Pose of every bone at every frame, through Blender's own evaluation."""
    scene = fresh()
    rig = RIGS[name]()
    motion = planted_motion(60, seed=7)
    timeline.set_timeline(scene, motion)
    modes = {bone.name: bone.rotation_mode for bone in rig.pose.bones}
    action = keyframes.apply_motion(scene, rig, motion).action
    bones = [bone.name for bone in rig.data.bones]
    posed = np.empty((60, len(bones), 4, 4))
    for frame in range(60):
        scene.frame_set(frame + 1)
        posed[frame] = [np.array(b.matrix) for b in evaluated(scene, rig).pose.bones]
    found = armatures.fit_armature(rig).map
    np.savez(
        FOLDER / f"{name}.npz",
        bones=bones,
        posed=posed,
        rest=[np.array(bone.matrix_local) for bone in rig.data.bones],
        lengths=[bone.length for bone in rig.data.bones],
        world=np.array(rig.matrix_world),
    )
    curves = channelbag(action).fcurves
    return {
        "strands": found.strands,
        "switches": sorted({bone for bone, _, _ in found.properties}),
        "keys": sum(len(c.keyframe_points) for c in curves),
        "dense": 60 * len(curves),
        "curve_paths": sorted({c.data_path for c in curves}),
        "same_modes": modes == {bone.name: bone.rotation_mode for bone in rig.pose.bones},
    }


def action_scene():
    scene = fresh()
    rig = build(bone_rows(), name="Maestro")
    rig.pose.bones["head"].rotation_mode = "XYZ"
    rig.data.bones["baton"].name = "stick"
    old = bpy.data.actions.new("Mine")
    rig.animation_data_create().action = old
    scene.render.fps, scene.render.fps_base = 24, 1.0
    motion = planted_motion(90, fps=30.0, seed=1)
    action = keyframes.apply_motion(scene, rig, motion, frame_start=101).action
    curves = channelbag(action).fcurves
    played = motion.resample(24.0)
    solution = solve(armatures.fit_armature(rig), played)
    worst, jump = 0.0, 0.0
    for i, bone in enumerate(solution.bones):
        is_euler = bone == "head"
        path = f'pose.bones["{bone}"].rotation_' + ("euler" if is_euler else "quaternion")
        curve = [curves.find(path, index=k) for k in range(3 if is_euler else 4)]
        now = np.array([[c.evaluate(101 + f) for c in curve] for f in range(len(played))])
        if is_euler:
            now = np.array([Euler(row, "XYZ").to_quaternion() for row in now])
            now *= np.sign(np.sum(now * solution.rotations[:, i], axis=-1, keepdims=True))
        now /= np.linalg.norm(now, axis=-1, keepdims=True)
        half = 0.5 * np.linalg.norm(now - solution.rotations[:, i], axis=-1)
        worst = max(worst, float(4 * np.arcsin(half).max()))
        jump = max(jump, float(-np.sum(now[1:] * now[:-1], axis=-1).min()))
    frames = [p.co[0] for c in curves for p in c.keyframe_points]
    arm = curves.find('pose.bones["upper_arm.R"].rotation_quaternion', index=0)
    first = action.name
    second = keyframes.apply_motion(scene, rig, replace(motion, source={"seed": 2})).action
    return {
        "first": first,
        "second": second.name,
        "in_use": rig.animation_data.action.name,
        "slot": rig.animation_data.action_slot.identifier,
        "actions": {a.name: a.use_fake_user for a in bpy.data.actions},
        "worst": worst,
        "jump": jump,
        "range": [min(frames), max(frames)],
        "whole": all(f == round(f) for f in frames),
        "arm_frames": [p.co[0] for p in arm.keyframe_points],
        "arm_handles": sorted({p.handle_left_type for p in arm.keyframe_points}),
        "beat_frames": (101 + np.round(motion.beats * 24)).tolist(),
        "groups": {c.group.name for c in curves} == set(solution.bones),
        "group_of_arm": arm.group.name,
        "properties": {
            key: action[key]
            for key in (motion_notes.STYLE_KEY, motion_notes.SOURCE_KEY, motion_notes.SEED_KEY)
        },
        "stick_keyed": any("stick" in c.data_path for c in curves),
        "mode_of_stick": rig.pose.bones["stick"].rotation_mode,
        "dense_frames": len(played),
    }


def face_scene():
    scene = fresh()
    rig = create_conductor(scene)
    blocks = {child.name: child.data.shape_keys for child in rig.children}
    values = [key.value for block in blocks.values() if block for key in block.key_blocks[1:]]
    scene.render.fps, scene.render.fps_base = 30, 1.0
    jaw = 0.5 - 0.5 * np.cos(np.arange(60) / 9.0)
    motion = replace(planted_motion(60), face_names=("jawOpen",), face=jaw[:, None])
    timeline.set_timeline(scene, motion)
    actions = []
    for _ in range(2):
        keyframes.apply_motion(scene, rig, motion)
        actions += face_keys.key_face(scene, rig, motion)
    played = []
    for frame in range(60):
        scene.frame_set(frame + 1)
        played.append(blocks["Body"].key_blocks["jawOpen"].value)
    return {
        "at_rest": max(values),
        "worst": float(np.abs(np.array(played) - jaw).max()),
        "tolerance": face_keys.TOLERANCE,
        "in_use": blocks["Body"].animation_data.action == actions[1],
        "kept": actions[0].use_fake_user,
    }


def state(scene, rig):
    """All that must not change when something fails."""
    data = rig.animation_data
    return [
        sorted(a.name for a in bpy.data.actions),
        [a.use_fake_user for a in bpy.data.actions],
        data.action.name if data and data.action else None,
        data is None,
        [b.rotation_mode for b in rig.pose.bones],
        scene.frame_current,
    ]


def failing_scene():
    answers = {"unchanged": []}
    for with_action in (False, True):
        scene = fresh()
        rig = build(bone_rows())
        for bone in rig.pose.bones:
            bone.rotation_mode = "XYZ"
        if with_action:
            rig.animation_data_create().action = bpy.data.actions.new("Mine")
        motion = planted_motion(20)
        calls = []

        def note(fraction, phase, calls=calls):
            calls.append((fraction, phase))

        keyframes.apply_motion(scene, rig, motion, progress=note)
        answers["fractions"] = [c[0] for c in calls]
        answers["phases"] = list(dict.fromkeys(c[1] for c in calls))
        for stop_at in {0, len(calls) // 2, len(calls) - 3, len(calls) - 1}:
            scene = fresh()
            rig = build(bone_rows())
            for bone in rig.pose.bones:
                bone.rotation_mode = "XYZ"
            if with_action:
                rig.animation_data_create().action = bpy.data.actions.new("Mine")
            before = state(scene, rig)
            left = [stop_at]

            def stop(_fraction, _phase, left=left):
                left[0] -= 1
                if left[0] < 0:
                    raise Cancelled

            try:
                keyframes.apply_motion(scene, rig, motion, progress=stop)
                answers["unchanged"].append("not cancelled")
            except Cancelled:
                answers["unchanged"].append(state(scene, rig) == before)

    def refused(rig):
        before = state(scene, rig) if rig is not None and rig.type == "ARMATURE" else None
        try:
            keyframes.apply_motion(scene, rig, motion)
        except ConductorError as error:
            same = before is None or state(scene, rig) == before
            return [str(error), same]
        return ["", False]

    scene = fresh()
    rows = bone_rows()
    answers["lacking"] = refused(
        build(
            {
                k: v
                for k, v in rows.items()
                if "forearm.L" not in k
                and k.split(".")[0] not in ("hand", "thumb", "index", "fingers", "baton")
            }
        )
    )
    uneven = build(rows, name="Uneven")
    uneven.scale = (1.0, 1.0, 1.4)
    bpy.context.view_layer.update()
    answers["uneven"] = refused(uneven)
    mirrored = build(rows, name="Mirrored")
    mirrored.scale = (-1.0, 1.0, 1.0)
    bpy.context.view_layer.update()
    answers["mirrored"] = refused(mirrored)
    answers["empty"] = refused(bpy.data.objects.new("Empty", None))
    answers["nothing"] = refused(None)
    tweaked = build(rows, name="Tweaked")
    keyframes.apply_motion(scene, tweaked, motion)
    data = tweaked.animation_data
    strip = data.nla_tracks.new().strips.new("s", 1, data.action)
    data.action = None
    strip.select = True
    data.nla_tracks[0].select = True
    data.nla_tracks.active = data.nla_tracks[0]
    data.use_tweak_mode = True
    answers["tweaked"] = refused(tweaked)
    return answers


def timeline_scene():
    scene = fresh()
    answers = {"rates": []}
    for fps in (30.0, 24.0, 24000 / 1001, 30000 / 1001, 12.5, 25.0):
        motion = planted_motion(50, fps=fps)
        timeline.set_timeline(scene, motion, frame_start=11)
        render = scene.render
        answers["rates"].append([fps, render.fps, render.fps_base])
    answers["range"] = [scene.frame_start, scene.frame_end, scene.frame_current]
    motion = replace(
        planted_motion(300),
        beats=np.array([0.4, 1.0, 1.5, 2.0, 2.51]),
        beat_numbers=np.array([3, 1, 2, 3, 1]),
    )
    timeline.set_timeline(scene, motion)
    markers = scene.timeline_markers
    markers.new("Chorus", frame=40)
    markers.new("3", frame=61)
    markers.new("Bar 3", frame=200)
    camera = bpy.data.objects.new("Cam", bpy.data.cameras.new("Cam"))
    scene.collection.objects.link(camera)
    markers.new("2", frame=250).camera = camera
    timeline.add_beat_markers(scene, motion)
    timeline.add_beat_markers(scene, motion)
    answers["markers"] = sorted([m.frame, m.name] for m in markers)
    markers["Bar 1\u00a0"].frame += 3
    markers.new("4", frame=70)
    markers.new("bar 9", frame=100)
    times, numbers = timeline.read_beat_markers(scene)
    answers["read"] = [times.tolist(), numbers.tolist()]
    return answers


def sound_scene():
    scene = fresh()
    rate = 48_000
    samples = np.zeros(rate * 4, np.int16)
    samples[2 * rate : 2 * rate + 20] = 30_000
    music = FOLDER / "click.wav"
    with wave.open(str(music), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    timeline.set_timeline(scene, planted_motion(100))
    editor = scene.sequence_editor_create()
    strips = timeline._strips(editor)
    strips.new_sound(name="Mine", filepath=str(music), channel=1, frame_start=1).mute = True
    heard = []
    for start in (0.0, 0.01, 1.23, 1.999):
        strip = timeline.add_sound(scene, Music(music, start))
        mix = FOLDER / "mix.wav"
        bpy.ops.sound.mixdown(filepath=str(mix), container="WAV", codec="PCM", format="S16")
        with wave.open(str(mix)) as got:
            sound = np.frombuffer(got.readframes(got.getnframes()), np.int16)
            channel = np.abs(sound.reshape(-1, got.getnchannels())[:, 0].astype(int))
            heard.append([2.0 - start, int(np.argmax(channel > 5000)) / got.getframerate()])
    names = sorted(s.name for s in strips)
    answers = {
        "heard": heard,
        "names": names,
        "first_frame": timeline._timing(strip, "content_start") + round(1.999 * 30),
        "channel": strip.channel,
        "sync": [scene.sync_mode, scene.use_audio_scrub],
        "sounds": len(bpy.data.sounds),
    }
    text = FOLDER / "notes.wav"
    text.write_text("this is no sound")
    for key, path in (("deaf", text), ("missing", FOLDER / "nowhere.wav")):
        try:
            timeline.add_sound(scene, Music(path))
            answers[key] = ""
        except ConductorError as error:
            answers[key] = str(error)
    answers["after_faults"] = sorted(s.name for s in strips)
    answers["sounds_after"] = len(bpy.data.sounds)
    return answers


def camera_at(scene, name, location):
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera.location = location
    camera.rotation_euler = (math.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    return camera


def guide_scene():
    scene = fresh()
    rig = create_avatar(scene, GUEST)
    motion = planted_motion(40, seed=4)
    timeline.set_timeline(scene, motion)
    keyframes.apply_motion(scene, rig, motion)
    scene.render.resolution_x, scene.render.resolution_y = 642, 480
    scene.render.resolution_percentage = 50
    scene.camera = camera_at(scene, "Near", (0.1, -3.0, 1.4))
    scene.camera.data.shift_x = 0.1
    scene.camera.scale = (2.0, 2.0, 2.0)
    scene.frame_set(17)
    calls = []
    guide = guide_export.export_guide(scene, rig, progress=lambda f, _p: calls.append(f))
    np.savez(FOLDER / "guide.npz", positions=guide.positions, rotations=guide.rotations)
    expected = motion.joints_3d()
    hand = skeleton.INDEX["hand.L"]
    point = Vector(guide.positions[16, hand])
    seen = world_to_camera_view(scene, scene.camera, point)
    width, height = guide.size
    answers = {
        "size": guide.size,
        "length": len(guide),
        "off": float(np.abs(guide.positions - expected)[:, : skeleton.INDEX["baton"]].max()),
        "rest_off": float(np.abs(guide.rest - skeleton.REST)[:-1].max()),
        "pixels": [
            guide.to_pixels(guide.positions)[16, hand].tolist(),
            [seen.x * width, (1 - seen.y) * height, seen.z],
        ],
        "frame": scene.frame_current,
        "scenes": len(bpy.data.scenes),
        "rising": calls == sorted(calls),
        "done": calls[-1],
    }
    # Edits of every kind: a moved object, a constraint, a cut to another camera.
    rig.location.x = 0.5
    look = rig.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    look.owner_space = "LOCAL"
    look.use_limit_x = look.use_limit_y = look.use_limit_z = True
    far = camera_at(scene, "Far", (0.0, -9.0, 1.4))
    scene.timeline_markers.new("a", frame=1).camera = scene.camera
    scene.timeline_markers.new("b", frame=21).camera = far
    edited = guide_export.export_guide(scene, rig)
    head, neck = skeleton.INDEX["head"], skeleton.INDEX["neck"]
    answers["moved"] = (edited.positions - guide.positions)[:, hand].mean(axis=0).tolist()
    answers["head_against_neck"] = float(
        np.abs(np.abs(np.sum(edited.rotations[:, head] * edited.rotations[:, neck], -1)) - 1).max()
    )
    answers["head_against_neck_before"] = float(
        np.abs(np.abs(np.sum(guide.rotations[:, head] * guide.rotations[:, neck], -1)) - 1).max()
    )
    depth = edited.to_pixels(edited.positions)[:, hand, 2]
    answers["cut"] = [float(depth[19]), float(depth[20])]

    def stop(fraction, _phase):
        if fraction > 0.3:
            raise Cancelled

    try:
        guide_export.export_guide(scene, rig, progress=stop)
    except Cancelled:
        answers["after_cancel"] = [len(bpy.data.scenes), scene.frame_current]
    scene.timeline_markers.clear()
    scene.camera = None
    try:
        guide_export.export_guide(scene, rig)
    except ConductorError as error:
        answers["blind"] = str(error)
    return answers


def bvh_scene():
    scene = fresh()
    enable("io_anim_bvh")
    motion = planted_motion(30, seed=6)
    path = FOLDER / "motion.bvh"
    write_bvh(motion, path)
    scene.render.fps = 30
    bpy.ops.import_anim.bvh(filepath=str(path))
    rig = bpy.context.object
    expected = motion.joints_3d()
    worst = 0.0
    for frame in range(30):
        scene.frame_set(frame + 1)
        posed = evaluated(scene, rig)
        for j, name in enumerate(skeleton.NAMES):
            place = posed.matrix_world @ posed.pose.bones[name].head
            worst = max(worst, float(np.abs(np.array(place) - expected[frame, j]).max()))
    return {"worst": worst, "bones": len(rig.data.bones)}


SCENES = {
    "action": action_scene,
    "face": face_scene,
    "failing": failing_scene,
    "timeline": timeline_scene,
    "sound": sound_scene,
    "guide": guide_scene,
    "bvh": bvh_scene,
    **{name: (lambda name=name: read_back(name)) for name in RIGS},
}


def main():
    answers = {"version": list(bpy.app.version)}
    for name, scene in SCENES.items():
        try:
            answers[name] = scene()
        except Exception:
            answers[name] = traceback.format_exc()
    (FOLDER / "answers.json").write_text(json.dumps(answers))
    sys.stdout.flush()
    # Rigify's registered classes can keep bpy from shutting down.
    os._exit(0)


if __name__ == "__main__":
    main()
