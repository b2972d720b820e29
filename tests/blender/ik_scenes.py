"""Runs inside bpy: what becomes of rigs with inverse kinematics and other constraints.

`ik_scenes.told()` plays all scenes and gives their answers by name, or the traceback of what went
wrong.
"""

import math
import traceback

import addon_utils
import bpy
import numpy as np
from mathutils import Euler, Vector
from sample_motions import planted_motion
from sample_rigs import bone_rows

from blender_addon.armature import fit_armature
from blender_addon.curves import curves_of
from blender_addon.guide_export import joints_at
from blender_addon.keyframes import apply_motion
from blender_addon.output_plan import plan_output
from retarget import rotation, skeleton
from retarget.errors import ConductorError

FRAMES = 20
MOTION = planted_motion(FRAMES, seed=7)
LIMBS = {"hand": ("forearm", "upper_arm", 1.0), "foot": ("shin", "thigh", -1.0)}


def rows_with_controls(lowered=0.0):
    """Our skeleton under a root, with a target at each hand and foot and a pole at each bend."""
    rows = {"root": (None, np.zeros(3), np.array([0.0, 0.0, 0.1]))}
    for bone, (parent, head, tail) in bone_rows(lowered=lowered).items():
        rows[bone] = (parent or "root", head, tail)
    for side in "LR":
        for stem, (middle, _, way) in LIMBS.items():
            rows[f"ik.{stem}.{side}"] = ("root", *rows[f"{stem}.{side}"][1:])
            out = np.array([0.0, way, 0.0])
            bend = rows[f"{middle}.{side}"][1] + 0.4 * out
            rows[f"pole.{stem}.{side}"] = ("root", bend, bend + 0.1 * out)
    return rows


def build(rows, *, seed=None, scale=1.0, y_up=False, mode="QUATERNION"):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rng = np.random.default_rng(seed)
    data = bpy.data.armatures.new("Maestro")
    rig = bpy.data.objects.new("Maestro", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, *ends) in rows.items():
        bone = data.edit_bones.new(name)
        for end, point in zip(("head", "tail"), ends, strict=True):
            x, y, z = (float(v) * scale for v in point)
            setattr(bone, end, (x, z, -y) if y_up else (x, y, z))
        if seed is not None:
            bone.roll = rng.uniform(-math.pi, math.pi)
        if parent:
            bone.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    return rig


def constrain(rig, bone, kind, **settings):
    constraint = rig.pose.bones[bone].constraints.new(kind)
    for name, value in settings.items():
        setattr(constraint, name, value)
    return constraint


def add_ik(rig, *, stems=("hand", "foot"), poles=True, count=2, **settings):
    """Constraints on forearms and shins; a pole's angle is the one that leaves the rest alone."""
    for side in "LR":
        for stem in stems:
            middle = LIMBS[stem][0]
            bone = rig.pose.bones[f"{middle}.{side}"]
            ik = constrain(
                rig,
                bone.name,
                "IK",
                target=rig,
                subtarget=f"ik.{stem}.{side}",
                chain_count=count,
                **settings,
            )
            if poles:
                ik.pole_target, ik.pole_subtarget = rig, f"pole.{stem}.{side}"
                first = [bone, *bone.parent_recursive][count - 1].bone
                ik.pole_angle = pole_angle(rig, first, bone.bone, ik.pole_subtarget)
    return rig


def pole_angle(rig, first, last, pole):
    along = (last.tail_local - first.head_local).normalized()
    way = rig.data.bones[pole].head_local - first.head_local
    way -= along * way.dot(along)
    x, _, z = (Vector(column) for column in np.array(first.matrix_local)[:3, :3].T)
    return math.atan2(way.dot(z), way.dot(x))


def played(rig, motion=MOTION, **how):
    """World heads and tails of all bones at all frames, (T, B, 2, 3), and what was told."""
    scene = bpy.context.scene
    scene.render.fps = int(motion.fps)
    keyed = apply_motion(scene, rig, motion, **how)
    points = np.empty((len(motion), len(rig.pose.bones), 2, 3))
    for frame in range(len(motion)):
        scene.frame_set(frame + 1)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = posed.matrix_world
        points[frame] = [(world @ b.head, world @ b.tail) for b in posed.pose.bones]
    return points, keyed


def angle(a, b):
    a, b = rotation.normalize(a), rotation.normalize(b)
    return float(np.degrees(2 * np.arcsin(0.5 * np.linalg.norm(a - b, axis=-1))).max())


def against_the_motion(rig, **how):
    """How far a rig of our own measures is from the motion: metres, degrees."""
    points, keyed = played(rig, **how)
    index = {bone.name: i for i, bone in enumerate(rig.pose.bones)}
    positions, _ = MOTION.world()
    # How the rig stands in the world, from its rest pose alone.
    heads = {b.name: np.array(rig.matrix_world @ b.head_local) for b in rig.data.bones}
    left = rotation.normalize(heads["upper_arm.L"] - heads["upper_arm.R"])
    up = rotation.normalize(heads["head"] - heads["hips"])
    up = rotation.normalize(up - left * (left @ up))
    stand = np.stack([left, np.cross(up, left), up], axis=-1)
    size = np.linalg.norm(heads["hips"] - heads["root"]) / skeleton.REST[0, 2]

    def joint(name):
        at = positions[:, skeleton.INDEX[name]] * size @ stand.T
        return at + heads["root"]

    shift = bend = hand = 0.0
    for side in "LR":
        for end, (middle, first, _) in LIMBS.items():
            # The hips may stand lower all the time, for straight legs to reach the ground.
            ours = points[:, index[f"{end}.{side}"], 0] - points[:, index[f"{first}.{side}"], 0]
            theirs = joint(f"{end}.{side}") - joint(f"{first}.{side}")
            if end == "hand":
                shift = max(shift, float(np.linalg.norm(ours - theirs, axis=-1).max()))
            ours = points[:, index[f"{middle}.{side}"], 0] - points[:, index[f"{first}.{side}"], 0]
            theirs = joint(f"{middle}.{side}") - joint(f"{first}.{side}")
            bend = max(bend, angle(ours, theirs))
        knuckle = f"index.01.{side}" if f"index.01.{side}" in index else f"fingers.01.{side}"
        for name, there in ((knuckle, knuckle.replace(".01", "")),):
            ours = points[:, index[name], 0] - points[:, index[f"hand.{side}"], 0]
            theirs = joint(there) - joint(f"hand.{side}")
            hand = max(hand, angle(ours, theirs))
    feet = [points[:, index[f"foot.{side}"], 0] for side in "LR"]
    slide = max(float(np.ptp(foot, axis=0).max()) for foot in feet)
    paths = {curve.data_path for curve in curves_of(keyed.action, keyed.action.slots[0])}
    return {
        "shift": shift / size,
        "bend": bend,
        "hand": hand,
        "slide": slide / size,
        "keyed": sorted({path.split('"')[1] for path in paths}),
        "influences": sorted(path.split('"')[1] for path in paths if path.endswith("influence")),
        "modes": sorted({bone.rotation_mode for bone in rig.pose.bones}),
        "notes": list(keyed.notes),
    }


def with_poles(**how):
    return lambda: against_the_motion(add_ik(build(rows_with_controls(), seed=5)), **how)


def without_poles():
    rig = build(rows_with_controls(lowered=40.0), seed=6, mode="XYZ")
    return against_the_motion(add_ik(rig, poles=False))


def whole_chains():
    rig = build(rows_with_controls(), seed=4)
    return against_the_motion(add_ik(rig, stems=("hand",), poles=False, count=0))


def from_the_clavicle():
    rig = build(rows_with_controls(), seed=4)
    return against_the_motion(add_ik(rig, stems=("hand",), count=3))


def imported():
    """Y up, centimetres, the object turned and scaled."""
    rig = add_ik(build(rows_with_controls(), seed=8, scale=100.0, y_up=True))
    rig.rotation_euler = Euler((math.pi / 2, 0.0, 0.0))
    rig.scale = (0.01, 0.01, 0.01)
    return against_the_motion(rig)


def hands_turn_with_targets():
    rig = add_ik(build(rows_with_controls(), seed=9))
    for side in "LR":
        # Targets that rest turned otherwise than the hands, as here, are copied as they are.
        constrain(rig, f"hand.{side}", "COPY_ROTATION", target=rig, subtarget=f"ik.hand.{side}")
    return against_the_motion(rig)


def targets_on_the_chest():
    rig = add_ik(build(rows_with_controls(), seed=3), stems=("hand",))
    for side in "LR":
        held = constrain(rig, f"ik.hand.{side}", "CHILD_OF", target=rig, subtarget="chest")
        held.inverse_matrix = rig.data.bones["chest"].matrix_local.inverted()
    return against_the_motion(rig)


def switched(value, **how):
    """The influence hangs on a property of the root."""

    def scene():
        rig = add_ik(build(rows_with_controls(), seed=3), stems=("hand",))
        rig.pose.bones["root"]["ik"] = value
        for side in "LR":
            driver = rig.pose.bones[f"forearm.{side}"].constraints[0].driver_add("influence").driver
            driver.type = "AVERAGE"
            target = driver.variables.new().targets[0]
            target.id, target.data_path = rig, 'pose.bones["root"]["ik"]'
        return against_the_motion(rig, **how)

    return scene


def rigify():
    """The same motion by keys of bones and by keys of targets; what is seen is compared."""
    points = {}
    answers = {}
    for output in ("fk", "ik"):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        addon_utils.enable("rigify", default_set=True)
        bpy.ops.object.armature_basic_human_metarig_add()
        bpy.ops.pose.rigify_generate()
        rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o.name != "metarig")
        plan = plan_output(rig, fit_armature(rig), output=output)
        points[output], keyed = played(rig, output=output)
        index = {bone.name: i for i, bone in enumerate(rig.pose.bones)}
        answers[output] = {
            "problems": list(plan.problems),
            "notes": list(keyed.notes),
            "keyed": sorted(
                {c.data_path.split('"')[1] for c in curves_of(keyed.action, keyed.action.slots[0])}
            ),
        }
        joints = joints_at(bpy.context.scene, rig, [5, 20])
        answers[output]["joints"] = joints[:, [skeleton.INDEX["hand.L"], skeleton.INDEX["foot.R"]]]

    def seen(output, bone, end=0):
        return points[output][:, index[bone], end]

    for side in "LR":
        for bone in ("hand", "foot"):
            name = f"ORG-{bone}.{side}"
            away = np.linalg.norm(seen("ik", name) - seen("fk", name), axis=-1).max()
            answers[f"{bone}.{side}"] = float(away)
            ways = (seen(o, name, 1) - seen(o, name) for o in ("ik", "fk"))
            answers[f"turn of {bone}.{side}"] = angle(*ways)
        for start, end in (("upper_arm", "forearm"), ("thigh", "shin")):
            ways = (
                seen(o, f"ORG-{end}.{side}") - seen(o, f"ORG-{start}.{side}") for o in ("ik", "fk")
            )
            answers[f"{start}.{side}"] = angle(*ways)
    answers["joints apart"] = float(
        np.linalg.norm(answers["fk"].pop("joints") - answers["ik"].pop("joints"), axis=-1).max()
    )
    return answers


def limit(degrees):
    edge = math.radians(degrees)
    sides = {f"use_limit_{a}": True for a in "xyz"} | {f"max_{a}": edge for a in "xyz"}
    return sides | {f"min_{a}": -edge for a in "xyz"} | {"owner_space": "LOCAL"}


OVERRIDES = {
    "limit": ("forearm.L", "LIMIT_ROTATION", limit(5)),
    "copy": ("upper_arm.L", "COPY_ROTATION", {"subtarget": "ik.hand.R"}),
    "copy all": ("hand.L", "COPY_TRANSFORMS", {"subtarget": "ik.hand.L"}),
    "damped track": ("forearm.L", "DAMPED_TRACK", {"subtarget": "ik.hand.L"}),
    "locked track": ("forearm.L", "LOCKED_TRACK", {"subtarget": "ik.hand.L"}),
    "track": ("forearm.L", "TRACK_TO", {"subtarget": "ik.hand.L"}),
    "stretch": ("forearm.L", "STRETCH_TO", {"subtarget": "ik.hand.L"}),
    "floor": ("hand.L", "FLOOR", {"subtarget": "ik.hand.L"}),
    "place": ("hips", "LIMIT_LOCATION", {"use_min_z": True, "min_z": 1.0}),
    "above": ("root", "LIMIT_LOCATION", {"use_min_z": True, "min_z": 1.0}),
    "spline": ("chest", "SPLINE_IK", {"chain_count": 2}),
}
INNOCENT = {
    "wide limit": ("forearm.L", "LIMIT_ROTATION", limit(179)),
    "muted": ("upper_arm.L", "COPY_ROTATION", {"subtarget": "ik.hand.R", "mute": True}),
    "without influence": (
        "upper_arm.L",
        "COPY_ROTATION",
        {"subtarget": "ik.hand.R", "influence": 0.0},
    ),
    "without target": ("upper_arm.L", "COPY_ROTATION", {"target": None}),
    "on nobody's bone": ("ik.hand.L", "COPY_ROTATION", {"subtarget": "hand.R"}),
}


def constrained(bone, kind, settings):
    rig = build(rows_with_controls(), seed=3)
    if kind == "SPLINE_IK":
        curve = bpy.data.curves.new("Spine", "CURVE")
        curve.splines.new("POLY").points.add(2)
        for point, z in zip(curve.splines[0].points, (1.0, 1.3, 1.5), strict=True):
            point.co = (0.2 * (z - 1.0), 0.3, z, 1.0)
        settings = settings | {"target": bpy.data.objects.new("Spine", curve)}
        bpy.context.scene.collection.objects.link(settings["target"])
    constraint = rig.pose.bones[bone].constraints.new(kind)
    if hasattr(constraint, "target"):
        constraint.target = rig
    for name, value in settings.items():
        setattr(constraint, name, value)
    return rig


def state():
    """All data-blocks, and every transform of bones."""
    names = [
        sorted(item.name for item in getattr(bpy.data, kind))
        for kind in ("objects", "scenes", "armatures", "actions", "collections")
    ]
    poses = [
        [list(map(list, bone.matrix_basis)), [c.influence for c in bone.constraints]]
        for rig in bpy.data.objects
        if rig.type == "ARMATURE"
        for bone in rig.pose.bones
    ]
    return names, poses


def refused(rig, **how):
    before = state()
    try:
        apply_motion(bpy.context.scene, rig, MOTION, **how)
    except ConductorError as fault:
        fix = getattr(fault, "fix", None)
        return {"sentence": str(fault), "fix": fix, "unchanged": state() == before}
    return {"sentence": "", "fix": None, "unchanged": False}


def overriding(name):
    def scene():
        told = refused(constrained(*OVERRIDES[name]))
        told |= {"muted": against_the_motion(constrained(*OVERRIDES[name]), mute=True)}
        # Known before there is a motion, too.
        rig = constrained(*OVERRIDES[name])
        told["early"] = list(plan_output(rig, fit_armature(rig)).problems)
        return told

    return scene


def innocent(name):
    return lambda: against_the_motion(constrained(*INNOCENT[name]))


def following_an_object():
    rig = build(rows_with_controls(), seed=3)
    empty = bpy.data.objects.new("Reach", None)
    bpy.context.scene.collection.objects.link(empty)
    for side in "LR":
        constrain(rig, f"forearm.{side}", "IK", target=empty, chain_count=2)
    told = refused(rig)
    told["fk"] = against_the_motion(rig, output="fk")
    return told


def ik_and_limit():
    def make():
        rig = constrained("forearm.L", "LIMIT_ROTATION", limit(5))
        return add_ik(rig, poles=False, stems=("hand",))

    told = refused(make())
    told["muted"] = against_the_motion(make(), mute=True)
    return told


def driven_by_the_object():
    """An influence that keys cannot set, and no property of a bone either."""
    rig = constrained(*OVERRIDES["copy"])
    rig["hold"] = 1.0
    driver = rig.pose.bones["upper_arm.L"].constraints[0].driver_add("influence").driver
    driver.type = "AVERAGE"
    target = driver.variables.new().targets[0]
    target.id, target.data_path = rig, '["hold"]'
    return refused(rig, mute=True)


SCENES = {
    "poles": with_poles(),
    "poles fk": with_poles(output="fk"),
    "no poles": without_poles,
    "whole chains": whole_chains,
    "from the clavicle": from_the_clavicle,
    "imported": imported,
    "hands turn with targets": hands_turn_with_targets,
    "targets on the chest": targets_on_the_chest,
    "switched on": switched(1.0),
    "switched on fk": switched(1.0, output="fk"),
    "switched off": switched(0.0),
    "switched off ik": switched(0.0, output="ik"),
    "rigify": rigify,
    **{f"override {name}": overriding(name) for name in OVERRIDES},
    **{f"innocent {name}": innocent(name) for name in INNOCENT},
    "object": following_an_object,
    "ik and limit": ik_and_limit,
    "driven by the object": driven_by_the_object,
}


def told():
    answers = {}
    for name, scene in SCENES.items():
        try:
            answers[name] = scene()
        except BaseException:
            answers[name] = traceback.format_exc()
    return answers
