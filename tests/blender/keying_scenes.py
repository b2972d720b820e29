"""Runs inside bpy: what motions make of rigs that somebody has worked with before.

`keying_scenes.told()` plays all scenes and gives their answers by name, or the traceback of what
went wrong.
"""

import tempfile
import traceback
from functools import cache

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector
from sample_motions import planted_motion
from sample_rigs import bone_rows

from blender_addon.armature import fit_armature
from blender_addon.blocks import find_blocks, mend_blocks
from blender_addon.curves import curves_of
from blender_addon.keyframes import apply_motion
from blender_addon.restore_former import restore_former
from blender_addon.task import FixableError
from retarget.errors import Cancelled, ConductorError

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
FRAMES = (1, 13, 30)
LEADERS = ("led by", "idle", "read")
ODD = ("root", *LEADERS)
FORMER = ("none", "old", "kept", "layered", "limited", "saved")
MOTION = planted_motion(30, seed=3)


def maestro():
    """A rig with a root above the hips and a bone of nobody's between chest and neck."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rows = bone_rows()
    rows["root"] = (None, (0.0, 0.0, 0.0), (0.0, 0.3, 0.0))
    rows["hips"] = ("root", *rows["hips"][1:])
    head = rows["neck"][1]
    rows["between"] = ("chest", head - [0.0, 0.0, 0.05], head)
    rows["neck"] = ("between", *rows["neck"][1:])
    rows |= {
        name: (None, (2.0, 0.0, 0.1 * i), (2.0, 0.2, 0.1 * i)) for i, name in enumerate(LEADERS)
    }
    data = bpy.data.armatures.new("Maestro")
    rig = bpy.data.objects.new("Maestro", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name in rows:
        data.edit_bones.new(name)
    for name, (parent, head, tail) in rows.items():
        bone = data.edit_bones[name]
        bone.head, bone.tail = map(Vector, (head, tail))
        bone.roll = 0.7 * len(name)
        bone.parent = data.edit_bones.get(parent or "")
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.scene.render.fps = round(MOTION.fps)
    return bpy.context.scene, rig


def conduct(scene, rig, **options):
    return apply_motion(scene, rig, MOTION, **options)


def posed(scene, rig, frames=FRAMES):
    """Evaluated matrices (F, B, 4, 4) in armature space, of all bones but the odd ones."""
    matrices = []
    for frame in frames:
        scene.frame_set(frame)
        seen = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bones = (bone for bone in seen.pose.bones if bone.name not in ODD)
        matrices.append([np.array(bone.matrix) for bone in bones])
    return np.array(matrices)


@cache
def clean():
    """The pose that the motion gives a rig that nobody has touched."""
    scene, rig = maestro()
    conduct(scene, rig)
    return posed(scene, rig)


def bag(rig):
    data = rig.animation_data
    return list(curves_of(data.action, data.action_slot))


def keyed_beside(rig):
    """Bones that play nothing and have keys, and the keys of each of their curves."""
    mapped = set(fit_armature(rig).map.bones)
    found = {}
    for curve in bag(rig):
        bone = curve.data_path.split('"')[1]
        if bone not in mapped:
            name = f"{bone}.{curve.data_path.rpartition('.')[2]}"
            found[name] = max(found.get(name, 0), len(curve.keyframe_points))
    return found


def new_action(name, rig, curves, slots=1):
    """An Action with curves: (bone, channel, index) to keys (frame, value)."""
    action = bpy.data.actions.new(name)
    for spare in range(slots - 1):
        action.slots.new(id_type="OBJECT", name=f"Spare {spare}")
    slot = action.slots.new(id_type="OBJECT", name=rig.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    channelbag = strip.channelbag(slot, ensure=True)
    for (bone, channel, index), keys in curves.items():
        path = f'pose.bones["{bone}"]{channel}'
        curve = channelbag.fcurves.new(path, index=index)
        for frame, value in keys:
            curve.keyframe_points.insert(frame, value)
    return action, slot


def play(rig, action, slot):
    data = rig.animation_data or rig.animation_data_create()
    data.action = action
    bpy.context.view_layer.update()
    if data.action_slot != slot:
        data.action_slot = slot
    bpy.context.view_layer.update()


def strip_of(rig, action, slot, blend="REPLACE"):
    data = rig.animation_data or rig.animation_data_create()
    strip = data.nla_tracks.new().strips.new("Strip", 1, action)
    if strip.action_slot != slot:
        strip.action_slot = slot
    strip.blend_type = blend
    return strip


def modes_scene():
    scene, rig = maestro()
    frames = range(1, 31)
    conduct(scene, rig)
    expected = posed(scene, rig, frames)
    plain = sum(len(curve.keyframe_points) for curve in bag(rig)) / len(bag(rig))
    scene, rig = maestro()
    modes = {}
    for i, bone in enumerate(rig.pose.bones):
        bone.rotation_mode = modes[bone.name] = MODES[i % len(MODES)]
    conduct(scene, rig)
    found = posed(scene, rig, frames)
    turns = np.einsum("fbji,fbjk->fbik", expected[..., :3, :3], found[..., :3, :3])
    traces = np.clip((np.trace(turns, axis1=-2, axis2=-1) - 1.0) / 2.0, -1.0, 1.0)
    wrong = []
    for curve in bag(rig):
        bone, channel = curve.data_path.split('"')[1], curve.data_path.rpartition(".")[2]
        own = {"QUATERNION": "quaternion", "AXIS_ANGLE": "axis_angle"}.get(modes[bone], "euler")
        if channel not in (f"rotation_{own}", "location"):
            wrong.append(curve.data_path)
    return {
        "worst": float(np.degrees(np.arccos(traces)).max()),
        "same": {bone.name: bone.rotation_mode for bone in rig.pose.bones} == modes,
        "wrong": wrong,
        "keys": sum(len(curve.keyframe_points) for curve in bag(rig)) / len(bag(rig)) / plain,
    }


def touched(touch, **options):
    """What a motion makes of a rig after `touch`: how far off it is, extra keys and notes."""
    expected = clean()
    scene, rig = maestro()
    touch(scene, rig)
    keyed = conduct(scene, rig, **options)
    return {
        "off": float(np.abs(posed(scene, rig) - expected).max()),
        "beside": keyed_beside(rig),
        "curves": sorted({c.data_path for c in bag(rig) if len(c.keyframe_points) == 1}),
        "notes": list(keyed.notes),
    }


def bend_by_hand(_scene, rig):
    bones = rig.pose.bones
    bones["between"].rotation_mode = "ZXY"
    bones["between"].rotation_euler = Euler((0.7, 0.0, 0.1), "ZXY")
    bones["upper_arm.L"].scale = (1.3, 1.3, 1.3)
    bones["forearm.R"].location = (0.0, 0.05, 0.0)
    bones["baton"].rotation_quaternion = (0.9, 0.1, 0.0, 0.4)


def bend_by_an_action(scene, rig):
    curves = {
        ("between", ".rotation_quaternion", 0): [(1, 1.0), (20, 0.8)],
        ("between", ".rotation_quaternion", 2): [(1, 0.0), (20, 0.6)],
        ("head", ".scale", 1): [(1, 1.0), (20, 2.0)],
    }
    play(rig, *new_action("Old", rig, curves))
    scene.frame_set(20)


def bend_by_the_nla(_scene, rig):
    curves = {
        ("between", ".rotation_quaternion", 1): [(1, 0.0), (20, 0.5)],
        ("shin.L", ".location", 2): [(1, 0.0), (9, 0.2), (20, 0.0)],
    }
    strip_of(rig, *new_action("Layer", rig, curves), blend="ADD")


def calm_nla(scene, rig):
    """Tracks that play nothing of the body, or are muted."""
    bend_by_the_nla(scene, rig)
    rig.animation_data.nla_tracks[0].mute = True
    curves = {("between", ".location", 0): [(1, 0.0)], ("root", ".location", 0): [(1, 0.0)]}
    strip_of(rig, *new_action("Calm", rig, curves))


def move_the_root_by_an_action(scene, rig):
    curves = {
        ("root", ".location", 1): [(1, 0.0), (20, 3.0)],
        ("root", ".rotation_quaternion", 3): [(1, 0.0), (20, 1.0)],
    }
    play(rig, *new_action("Walk", rig, curves))
    scene.frame_set(20)


def move_the_root_by_the_nla(_scene, rig):
    curves = {("root", ".location", 1): [(1, 0.0), (20, 3.0)]}
    strip_of(rig, *new_action("Walk", rig, curves))


def placed_scene():
    """The root put somewhere by hand carries the whole figure."""
    expected = clean()
    scene, rig = maestro()
    rest = rig.data.bones["root"].matrix_local.copy()
    turned = Matrix.Translation((1.0, 2.0, 0.3)) @ Matrix.Rotation(1.2, 4, "Z")
    place = turned @ Matrix.Scale(1.5, 4)
    rig.pose.bones["root"].matrix_basis = rest.inverted() @ place @ rest
    keyed = conduct(scene, rig)
    there = np.einsum("ij,fbjk->fbik", np.array(place), expected)
    answer = {
        "off": float(np.abs(posed(scene, rig) - there).max()),
        "beside": keyed_beside(rig),
        "notes": list(keyed.notes),
    }
    scene, rig = maestro()
    root = rig.pose.bones["root"]
    root.rotation_mode = "XZY"
    tilt = Matrix.Rotation(0.6, 4, "X")
    root.matrix_basis = rest.inverted() @ turned @ tilt @ rest
    conduct(scene, rig)
    poses = posed(scene, rig)
    there = np.einsum("ij,fbjk->fbik", np.array(turned), expected)
    answer["tilted off"] = float(np.abs(poses - there).max())
    answer["tilted beside"] = keyed_beside(rig)
    return answer


def led_scene():
    """Bones that lead the body through constraints and drivers, and one that could but does not."""

    def build():
        scene, rig = maestro()
        bones = rig.pose.bones
        for leader, influence in (("led by", 1.0), ("idle", 0.0)):
            constraint = bones["between"].constraints.new("COPY_ROTATION")
            constraint.target, constraint.subtarget = rig, leader
            constraint.mix_mode = "ADD"
            constraint.target_space = constraint.owner_space = "LOCAL"
            constraint.influence = influence
        driver = bones["between"].driver_add("scale", 1).driver
        variable = driver.variables.new()
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = rig, "read"
        target.transform_type, target.transform_space = "SCALE_Y", "LOCAL_SPACE"
        driver.expression = variable.name
        return scene, rig

    scene, rig = build()
    conduct(scene, rig)
    expected = posed(scene, rig)
    plain = keyed_beside(rig)
    scene, rig = build()
    for leader in ("led by", "idle"):
        rig.pose.bones[leader].rotation_quaternion = (0.9, 0.3, 0.0, 0.1)
    rig.pose.bones["read"].scale = (1.0, 1.5, 1.0)
    conduct(scene, rig)
    names = [bone.name for bone in rig.pose.bones if bone.name not in ODD]
    rows = [names.index(bone) for bone in fit_armature(rig).map.bones]
    return {
        "off": float(np.abs(posed(scene, rig) - expected)[:, rows].max()),
        "beside": keyed_beside(rig),
        "plain": plain,
    }


def rigify_scene():
    """A generated rig that was placed by its root, and one whose chest was turned."""

    def build():
        # Only importing bpy makes this module known.
        import addon_utils

        bpy.ops.wm.read_factory_settings(use_empty=True)
        addon_utils.enable("rigify", default_set=True)
        bpy.ops.object.armature_basic_human_metarig_add()
        bpy.ops.pose.rigify_generate()
        bpy.context.scene.render.fps = round(MOTION.fps)
        return bpy.context.scene, bpy.context.object

    scene, rig = build()
    conduct(scene, rig)
    expected = posed(scene, rig)
    mapped = set(fit_armature(rig).map.bones)
    rows = [
        i
        for i, bone in enumerate(b for b in rig.pose.bones if b.name != "root")
        if bone.name in mapped or bone.name.startswith("DEF-")
    ]
    scene, rig = build()
    place = Matrix.Translation((1.0, 2.0, 0.0)) @ Matrix.Rotation(1.2, 4, "Z")
    rest = rig.data.bones["root"].matrix_local
    rig.pose.bones["root"].matrix_basis = rest.inverted() @ place @ rest
    conduct(scene, rig)
    there = np.einsum("ij,fbjk->fbik", np.array(place), expected)
    answer = {
        "placed off": float(np.abs(posed(scene, rig) - there)[:, rows].max()),
        "placed beside": keyed_beside(rig),
    }
    scene, rig = build()
    rig.pose.bones["chest"].rotation_quaternion = (0.9, 0.3, 0.0, 0.1)
    # What leads the arm only while inverse kinematics is on.
    rig.pose.bones["upper_arm_ik.L"].location = (0.1, 0.0, 0.0)
    conduct(scene, rig)
    answer["turned off"] = float(np.abs(posed(scene, rig) - expected)[:, rows].max())
    answer["turned beside"] = keyed_beside(rig)
    return answer


def driven_scene():
    """Nothing is keyed where a driver has the last word."""
    scene, rig = maestro()
    for index in range(3):
        rig.pose.bones["forearm.L"].driver_add("scale", index).driver.expression = "1.1"
    bpy.context.view_layer.update()
    scene.frame_set(2)
    conduct(scene, rig)
    return [curve.data_path for curve in bag(rig) if curve.data_path.endswith("scale")]


def at_rest(_scene, rig):
    rig.data.pose_position = "REST"


def solo(_scene, rig):
    curves = {("between", ".location", 0): [(1, 0.0)]}
    strip_of(rig, *new_action("Lone", rig, curves))
    rig.animation_data.nla_tracks[0].is_solo = True


def weak(_scene, rig):
    strip_of(rig, *new_action("Under", rig, {("head", ".location", 0): [(1, 0.0)]}))
    rig.animation_data.action_influence = 0.5


def added(scene, rig):
    weak(scene, rig)
    rig.animation_data.action_influence = 1.0
    rig.animation_data.action_blend_type = "ADD"


def driven(_scene, rig):
    rig.pose.bones["forearm.L"].driver_add("rotation_quaternion", 1).driver.expression = "0.5"
    bpy.context.view_layer.update()


def tweaked(_scene, rig):
    strip = strip_of(rig, *new_action("Inner", rig, {("head", ".location", 0): [(1, 0.0)]}))
    track = rig.animation_data.nla_tracks[0]
    rig.animation_data.nla_tracks.active = track
    track.select = strip.select = True
    rig.animation_data.use_tweak_mode = True


def in_edit_mode(_scene, rig):
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")


BLOCKS = {
    block.__name__: block for block in (at_rest, solo, weak, added, driven, tweaked, in_edit_mode)
}


def settings(rig):
    data = rig.animation_data
    return [
        rig.data.pose_position,
        data and [track.is_solo for track in data.nla_tracks],
        data and [data.action_influence, data.action_blend_type],
        data and [curve.mute for curve in data.drivers],
    ]


def blocks_scene():
    expected = clean()
    answers = {}
    for name, block in BLOCKS.items():
        scene, rig = maestro()
        block(scene, rig)
        before, actions = settings(rig), len(bpy.data.actions)
        try:
            conduct(scene, rig)
            refused, fix = "", ""
        except FixableError as fault:
            refused, fix = str(fault), fault.fix
        answer = {
            "refused": refused,
            "fix": fix,
            "unchanged": settings(rig) == before and len(bpy.data.actions) == actions,
            "mended": list(mend_blocks(rig)),
            "left": len(find_blocks(rig)),
        }
        conduct(scene, rig)
        answer["off"] = float(np.abs(posed(scene, rig) - expected).max())
        restore_former(scene, rig)
        answer["back"] = settings(rig) == before
        answers[name] = answer
    return answers


def harmless_scene():
    """Settings that look like blocks but hinder nothing."""
    scene, rig = maestro()
    rig.animation_data_create().action_influence = 0.5
    alone = len(find_blocks(rig))
    weak(scene, rig)
    rig.animation_data.use_nla = False
    return [alone, len(find_blocks(rig))]


def dump(scene, rig):
    """Everything of a rig's animation and pose, raw and as evaluated."""
    data = rig.animation_data
    raw = {}
    for bone in rig.pose.bones:
        owners = [bone, *bone.constraints]
        for owner in owners:
            for prop in owner.bl_rna.properties:
                if prop.type in ("FLOAT", "INT", "BOOLEAN", "ENUM") and not prop.is_readonly:
                    value = getattr(owner, prop.identifier)
                    if prop.identifier.startswith(("matrix", "bbone_custom")):
                        continue
                    value = list(value) if getattr(prop, "is_array", False) else value
                    raw[f"{bone.name}/{owner.name}/{prop.identifier}"] = repr(value)
        raw |= {f"{bone.name}/{key}": repr(bone[key]) for key in bone.keys()}  # noqa: SIM118
    action = data.action if data else None
    return [
        raw,
        data is None,
        action and [action.name, action.use_fake_user, action.users, data.action_slot.identifier],
        settings(rig),
        sorted(rig.keys()),
    ]


def worn(kind):
    """A rig in Euler modes with constraint, properties, pose and old animation."""
    scene, rig = maestro()
    for i, bone in enumerate(rig.pose.bones):
        bone.rotation_mode = MODES[i % len(MODES)]
        bone.location = (0.01, 0.0, 0.02)
    bones = rig.pose.bones
    bones["between"].rotation_euler = (0.2, 0.3, 0.4)
    bones["between"].rotation_axis_angle = (0.5, 0.0, 0.0, 1.0)
    bones["head"].scale = (1.1, 1.0, 0.9)
    bones["root"].location = (1.0, 1.0, 0.0)
    bones["head"]["IK_FK"] = 0.25
    bones["head"]["Count"] = 3
    bones["hand.L"].constraints.new("COPY_SCALE").influence = 0.0
    curves = {
        ("forearm.L", ".rotation_quaternion", 1): [(1, 0.1), (30, 0.7)],
        ("forearm.R", ".rotation_euler", 1): [(1, 0.1), (30, 0.7)],
        ("between", ".scale", 1): [(1, 1.0), (30, 1.4)],
        ("head", '["IK_FK"]', 0): [(1, 0.0), (30, 1.0)],
    }
    if kind != "none":
        action, slot = new_action("Old", rig, curves, slots=2)
        play(rig, action, slot)
        action.use_fake_user = kind == "kept"
    if kind == "limited":
        limit = bones["upper_arm.L"].constraints.new("LIMIT_ROTATION")
        limit.owner_space = "LOCAL"
        limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
        limit.influence = 0.75
    if kind == "layered":
        strip_of(rig, *new_action("Layer", rig, {("neck", ".location", 2): [(1, 0.0), (30, 0.3)]}))
    scene.frame_set(7)
    # An edit that nobody has keyed.
    bones["forearm.L"].location = (0.0, 0.1, 0.0)
    bpy.context.view_layer.update()
    return scene, rig


def former_scene(kind):
    scene, rig = worn(kind)
    expected = posed(scene, rig)
    scene, rig = worn(kind)
    before = dump(scene, rig)
    conduct(scene, rig, mute=True)
    if kind == "saved":
        with tempfile.TemporaryDirectory() as folder:
            bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/saved.blend")
            bpy.ops.wm.open_mainfile(filepath=f"{folder}/saved.blend")
        scene, rig = bpy.context.scene, bpy.data.objects["Maestro"]
    first = rig.animation_data.action
    bpy.context.view_layer.update()
    changed = dump(scene, rig) != before
    users = first.users
    restore_former(scene, rig)
    answer = {
        "changed": changed,
        "same": dump(scene, rig) == before,
        "differs": differing(dump(scene, rig), before),
        "kept": [first.use_fake_user, users - first.users],
        "off": float(np.abs(posed(scene, rig) - expected).max()),
    }
    # Twice in a row, with other frames looked at between.
    scene, rig = worn(kind)
    conduct(scene, rig, mute=True)
    first = rig.animation_data.action
    middle = posed(scene, rig)
    conduct(scene, rig, mute=True)
    posed(scene, rig)
    restore_former(scene, rig)
    answer["first again"] = rig.animation_data.action == first
    answer["middle off"] = float(np.abs(posed(scene, rig) - middle).max())
    restore_former(scene, rig)
    answer["off in the end"] = float(np.abs(posed(scene, rig) - expected).max())
    scene.frame_set(7)
    rig.pose.bones["forearm.L"].location = (0.0, 0.1, 0.0)
    answer["same in the end"] = differing(dump(scene, rig), before)
    return answer


def differing(now, before):
    if now[0].keys() != before[0].keys():
        return ["keys"]
    rows = [[k, now[0][k], v] for k, v in before[0].items() if now[0][k] != v]
    return rows + [[a, b] for a, b in zip(now[1:], before[1:], strict=True) if a != b]


def buttons_scene():
    """The two buttons, as the panel has them."""
    import blender_addon

    blender_addon.register()
    scene, rig = maestro()
    scene.virtual_conductor.avatar = rig
    action, slot = new_action("Mine", rig, {("head", ".location", 0): [(1, 0.1)]})
    play(rig, action, slot)
    at_rest(scene, rig)
    buttons = bpy.ops.virtual_conductor
    answer = {
        "too soon": buttons.restore_former.poll(),
        "mend": list(buttons.mend_blocks()),
        "mended": rig.data.pose_position,
    }
    conduct(scene, rig)
    answer["restore"] = list(buttons.restore_former())
    answer["restored"] = [rig.animation_data.action == action, rig.data.pose_position]
    answer["again"] = buttons.restore_former.poll()
    blender_addon.unregister()
    return answer


def refused_scene():
    scene, rig = maestro()
    answers = []
    for step in (
        lambda: None,
        lambda: play(rig, *new_action("Mine", rig, {("head", ".location", 0): [(1, 0.1)]})),
        lambda: (conduct(scene, rig), bpy.data.actions.remove(bpy.data.actions["Mine"])),
    ):
        step()
        before = dump(scene, rig)
        try:
            restore_former(scene, rig)
            answers.append(["", False])
        except ConductorError as fault:
            answers.append([str(fault), dump(scene, rig) == before])
    return answers


def cancelled_scene():
    """A cancel leaves all as it was, raw values too."""
    answers = []
    calls = []
    scene, rig = worn("layered")
    conduct(scene, rig, progress=lambda *call: calls.append(call))
    for stop_at in (0, len(calls) // 2, len(calls) - 2, len(calls) - 1):
        scene, rig = worn("layered")
        before = dump(scene, rig)
        left = [stop_at]

        def stop(_fraction, _phase, left=left, scene=scene):
            left[0] -= 1
            if left[0] < 0:
                # By now Blender may have played the new Action.
                bpy.context.view_layer.update()
                raise Cancelled

        try:
            conduct(scene, rig, progress=stop)
            answers.append("not cancelled")
        except Cancelled:
            answers.append(differing(dump(scene, rig), before))
    return answers


def steady_scene():
    """The same twice gives the same curves."""
    found = []
    for _ in range(2):
        scene, rig = worn("layered")
        conduct(scene, rig)
        rows = []
        for curve in bag(rig):
            points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
            curve.keyframe_points.foreach_get("co", points)
            rows.append((curve.data_path, curve.array_index, points.tobytes()))
        found.append(rows)
    return found[0] == found[1]


SCENES = {
    "modes": modes_scene,
    "by hand": lambda: touched(bend_by_hand),
    "by an action": lambda: touched(bend_by_an_action),
    "by the nla": lambda: touched(bend_by_the_nla),
    "calm": lambda: touched(calm_nla),
    "untouched": lambda: touched(lambda _scene, _rig: None),
    "root by an action": lambda: touched(move_the_root_by_an_action),
    "root by the nla": lambda: touched(move_the_root_by_the_nla),
    "placed": placed_scene,
    "led": led_scene,
    "driven": driven_scene,
    "blocks": blocks_scene,
    "harmless": harmless_scene,
    **{f"former {kind}": lambda kind=kind: former_scene(kind) for kind in FORMER},
    "buttons": buttons_scene,
    "refused": refused_scene,
    "cancelled": cancelled_scene,
    "steady": steady_scene,
    # Last, for what the add-on leaves behind minds that another file is opened.
    "rigify": rigify_scene,
}


def told():
    """The answers of all scenes."""
    answers = {"version": list(bpy.app.version)}
    for name, scene in SCENES.items():
        try:
            answers[name] = scene()
        except Exception:
            answers[name] = traceback.format_exc()
    return answers
