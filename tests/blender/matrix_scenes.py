"""The rigs of the matrix in Blender: armature objects, in a scene where other things stand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
from matrix_rigs import (
    IDENTITY,
    KNOWN,
    Known,
    Placed,
    as_imported,
    auto_rig_pro,
    with_bones_between,
    with_controls,
)

from blender_addon.armature import read_rig
from retarget import rotation

FPS = 12
MODES = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE", "QUATERNION")


@dataclass(frozen=True)
class Case:
    """A rig of the matrix and what is done to it in Blender.

    Parameters
    ----------
    make : callable
        Builds the armature object in the scene; gives it and what is known of it.
    settings : dict
        Settings of the panel.
    also_keyed : tuple of str
        Bones beside those that play joints that are to have keys: targets, poles, what an earlier
        animation left turned.
    """

    make: Callable[[], tuple[Any, Known]]
    settings: dict[str, Any] = field(default_factory=dict)
    also_keyed: tuple[str, ...] = ()


def fresh_scene() -> Any:
    """A scene of a user's: a cube that moves, a camera, a light, another armature, markers."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    scene.frame_start, scene.frame_end, scene.frame_current = 1, 250, 7
    mesh = bpy.data.meshes.new("Cube")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    cube = bpy.data.objects.new("Cube", mesh)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    for item in (cube, camera, lamp):
        scene.collection.objects.link(item)
    scene.camera = camera
    cube.keyframe_insert("location", frame=1)
    cube.location.x = 2.0
    cube.keyframe_insert("location", frame=20)
    for name, frame in (("1", 3), ("Bar 3", 9), ("Chorus", 12)):
        scene.timeline_markers.new(name, frame=frame)
    other = build(_stick(), "Other")
    other.pose.bones["stick"].rotation_mode = "XYZ"
    other.pose.bones["stick"].rotation_euler = (0.1, 0.2, 0.3)
    return scene


def build_known(known: Known, name: str = "Rig") -> Any:
    """An armature object of what is known of a rig, as it stands in the world."""
    rest = known.rest
    rig = build(
        [
            (
                bone,
                rest.bones[parent] if parent >= 0 else None,
                rest.matrices[i],
                float(np.linalg.norm(rest.tails[i] - rest.matrices[i, :3, 3])),
            )
            for i, (bone, parent) in enumerate(zip(rest.bones, rest.parents.tolist(), strict=True))
        ],
        name,
    )
    rig.location = known.place.location
    rig.rotation_mode = "QUATERNION"
    rig.rotation_quaternion = Quaternion(known.place.rotation.tolist())
    rig.scale = (known.place.scale,) * 3
    return rig


def build(bones: list[tuple[str, str | None, Any, float]], name: str) -> Any:
    """An armature object of bones: name, parent, rest matrix, length."""
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, parent, matrix, length in bones:
        edited = data.edit_bones.new(bone)
        edited.tail = (0.0, length, 0.0)
        edited.matrix = Matrix(matrix.tolist())
        if parent:
            edited.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _stick() -> list[tuple[str, str | None, Any, float]]:
    return [("stick", None, np.eye(4), 1.0)]


def _built(known: Callable[[], Known], *changes: Callable[[Any, Known], None]) -> Any:
    """Build what is known, then change the object."""
    told = known()
    rig = build_known(told)
    for change in changes:
        change(rig, told)
    return rig, told


def _all_modes(rig: Any, _known: Known) -> None:
    for number, bone in enumerate(rig.pose.bones):
        bone.rotation_mode = MODES[number % len(MODES)]


def _under_empties(rig: Any, _known: Known) -> None:
    """As glTF and FBX files hang a model below objects that are turned and scaled."""
    above = None
    for number in range(2):
        empty = bpy.data.objects.new(f"Empty {number}", None)
        bpy.context.scene.collection.objects.link(empty)
        empty.parent = above
        empty.rotation_euler = (0.0, 0.0, 0.7)
        empty.scale = (0.2, 0.2, 0.2) if above else (3.0, 3.0, 3.0)
        above = empty
    rig.parent = above


def _alone(rig: Any, _known: Known) -> None:
    """Bones that do not turn or grow with their parents, as some riggers set them."""
    for bone in rig.data.bones:
        if bone.name.endswith(("Arm", "Neck", "Spine1")):
            bone.use_inherit_rotation = False
        bone.inherit_scale = "NONE"


def _left_over(rig: Any, known: Known) -> None:
    """The pose and the Action of an earlier animation, on bones that nobody plays and others."""
    rig.animation_data_create().action = bpy.data.actions.new("Former")
    _turn(rig, ("Extra", "ExtraLeft", known.bones["head"]))
    for bone in ("Extra", "ExtraLeft", known.bones["head"]):
        rig.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=1)
    _turn(rig, ("ExtraRight",))
    rig.pose.bones[known.bones["upper_arm.L"]].location = (0.2, 0.1, 0.0)
    rig.pose.bones[known.bones["hand.R"]].scale = (1.5, 1.5, 1.5)


def _in_the_nla(rig: Any, _known: Known) -> None:
    """A strip that goes on moving a bone nobody plays."""
    _turn(rig, ("Extra",))
    rig.pose.bones["Extra"].keyframe_insert("rotation_quaternion", frame=1)
    data = rig.animation_data
    track = data.nla_tracks.new()
    track.strips.new("Strip", 1, data.action)
    data.action = None


def _turn(rig: Any, bones: tuple[str, ...]) -> None:
    for bone in bones:
        rig.pose.bones[bone].rotation_mode = "QUATERNION"
        rig.pose.bones[bone].rotation_quaternion = Quaternion((0.3, 0.5, 0.8), 0.9)


def _limited(rig: Any, known: Known) -> None:
    for side in "LR":
        for stem in ("upper_arm", "forearm"):
            bone = rig.pose.bones[known.bones[f"{stem}.{side}"]]
            limit = bone.constraints.new("LIMIT_ROTATION")
            limit.owner_space = "LOCAL"
            limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True


def _led(rig: Any, known: Known, ends: tuple[str, ...] = ("hand",), poles: bool = True) -> None:
    """Inverse kinematics on limbs; hands turn with their targets."""
    for end in (f"{end}.{side}" for end in ends for side in "LR"):
        side = end[-1]
        middle = f"{'forearm' if end.startswith('hand') else 'shin'}.{side}"
        bone = rig.pose.bones[known.bones[middle]]
        leading = bone.constraints.new("IK")
        leading.target, leading.subtarget = rig, f"target.{end}"
        leading.chain_count = 2
        if poles:
            leading.pole_target, leading.pole_subtarget = rig, f"pole.{end}"
            _set_pole_angle(rig, leading, known.bones[middle])
        turning = rig.pose.bones[known.bones[end]].constraints.new("COPY_ROTATION")
        turning.target, turning.subtarget = rig, f"target.{end}"


def _set_pole_angle(rig: Any, leading: Any, bone: str) -> None:
    """The angle with which the limb rests where it rests, as riggers seek it."""
    rest = np.array(rig.data.bones[bone].matrix_local)[:3, :3]

    def off(angle: float) -> float:
        leading.pole_angle = angle
        bpy.context.view_layer.update()
        return float(np.abs(np.array(rig.pose.bones[bone].matrix)[:3, :3] - rest).sum())

    centre, reach = 0.0, np.pi
    for _ in range(7):
        centre = min(np.linspace(centre - reach, centre + reach, 13), key=off)
        reach /= 5.0
    off(float(centre))


def _auto_rig_pro() -> tuple[Any, Known]:
    """Its controls with the switches between FK and IK, by which the bones beside them go."""
    known = auto_rig_pro()
    rig = build_known(known)
    for side in "lr":
        target = rig.pose.bones[f"c_hand_ik.{side}"]
        target["ik_fk_switch"] = 0.0
        rig.pose.bones[f"c_foot_ik.{side}"]["ik_fk_switch"] = 0.0
        _follow(rig, f"arm_fk_pre_pole.{side}", f"c_shoulder.{side}")
        for leader, expression in ((f"c_hand_ik.{side}", "1 - s"), (f"c_hand_fk.{side}", "s")):
            follower = _follow(rig, f"hand.{side}", leader)
            driver = follower.driver_add("influence").driver
            variable = driver.variables.new()
            variable.name = "s"
            variable.targets[0].id = rig
            variable.targets[0].data_path = f'{target.path_from_id()}["ik_fk_switch"]'
            driver.expression = expression
    return rig, known


def _follow(rig: Any, bone: str, leader: str) -> Any:
    following = rig.pose.bones[bone].constraints.new("ARMATURE")
    target = following.targets.new()
    target.target, target.subtarget = rig, leader
    return following


def _rigify(kind: str) -> tuple[Any, Known]:
    """What Rigify generates; the bones that carry the mesh are measured, not the controls."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)
    getattr(bpy.ops.object, f"armature_{kind}_metarig_add")()
    metarig = bpy.context.object
    bpy.ops.pose.rigify_generate()
    rig = next(
        item
        for item in bpy.data.objects
        if item.type == "ARMATURE" and "DEF-spine" in item.data.bones and item != metarig
    )
    words = {"hips": "spine", "chest": "spine.003", "head": "spine.006"}
    words |= {digit: f"f_{digit}.01" for digit in ("index", "middle", "ring", "pinky")}
    stems = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
    bones = {}
    for stem in (*words, *stems):
        for side in ("",) if stem in ("hips", "chest", "head") else (".L", ".R"):
            bone = f"DEF-{words.get(stem, stem)}{side}"
            if bone in rig.data.bones:
                bones[f"{stem}{side}"] = bone
    rest = read_rig(rig)
    turns = rotation.from_matrix(rest.matrices[:, :3, :3])
    # It stands, so that it keeps the posture of its trunk.
    trunk = [bones[joint] for joint in ("hips", "chest", "head")]
    t_pose = {bone: turns[rest.index[bone]] for bone in trunk}
    heads = {name: rest.heads[rest.index[bones[name]]] for name in ("toe.L", "foot.L")}
    return rig, Known(
        *(rest, bones, t_pose, IDENTITY, float(np.ptp(rest.heads[:, 2])) / 1.75, Placed()),
        family="rigify_rig",
        equal=False,
        hands_by_axis=True,
        toe=heads["toe.L"] - heads["foot.L"],
    )


def _controlled() -> Known:
    return with_controls(as_imported("mixamo with underscores"))


def _leaders(*stems: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{side}" for stem in stems for side in "LR")


CASES: dict[str, Case] = {
    **{name: Case(partial(_built, known)) for name, known in KNOWN.items()},
    "auto-rig pro": Case(_auto_rig_pro),
    "rigify, basic human": Case(partial(_rigify, "basic_human")),
    "rigify, human": Case(partial(_rigify, "human")),
    "rotation modes of all kinds": Case(partial(_built, KNOWN["vroid"], _all_modes)),
    "below turned and scaled objects": Case(partial(_built, KNOWN["unreal 5"], _under_empties)),
    "bones that go alone": Case(partial(_built, KNOWN["mixamo"], _alone)),
    "an earlier animation": Case(
        partial(_built, with_bones_between, _left_over),
        also_keyed=("Extra", "ExtraLeft", "ExtraRight"),
    ),
    "an animation in the NLA": Case(
        partial(_built, with_bones_between, _in_the_nla), also_keyed=("Extra",)
    ),
    "limited arms, muted": Case(
        partial(_built, KNOWN["mixamo"], _limited), {"mute_constraints": True}
    ),
    "arms led by IK": Case(
        partial(_built, _controlled, _led), also_keyed=_leaders("target.hand", "pole.hand")
    ),
    "arms led by IK without poles": Case(
        partial(_built, _controlled, partial(_led, poles=False)),
        also_keyed=_leaders("target.hand"),
    ),
    "limbs led by IK": Case(
        partial(_built, _controlled, partial(_led, ends=("hand", "foot"))),
        also_keyed=_leaders("target.hand", "pole.hand", "target.foot", "pole.foot"),
    ),
    "limbs led by IK, keyed as FK": Case(
        partial(_built, _controlled, partial(_led, ends=("hand", "foot"))),
        {"rig_output": "fk", "mute_constraints": True},
    ),
}
"""The matrix: a rig by its name."""
