"""A rig's bone map and T-pose in Blender: set by the panel's buttons, kept with the file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_SETUP = """
import os, sys
import numpy as np
from mathutils import Euler
sys.path[:0] = [os.path.abspath("."), os.path.abspath("tests/retarget")]
from sample_rigs import bone_rows
import blender_addon
from blender_addon import bone_map, rig_view
from blender_addon.armature import fit_armature, read_rig
from retarget import rotation
from retarget.errors import ConductorError
blender_addon.register()
ops = bpy.ops.virtual_conductor


def build(rows, name="Rig"):
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (parent, head, tail) in rows.items():
        bone = data.edit_bones.new(bone_name)
        bone.head, bone.tail = head, tail
        if parent:
            bone.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="POSE")
    return rig


def person(name="Rig", **changes):
    rows = bone_rows(**changes)
    for side in "LR":
        parent, head, tail = rows[f"hand.{side}"]
        rows[f"claw.{side}"] = (f"forearm.{side}", head, tail)
    return build(rows, name)


def select(rig, *names):
    for bone in rig.pose.bones:
        (bone if hasattr(bone, "select") else bone.bone).select = bone.name in names


def bones(rig, joint):
    return fit_armature(rig).map.strands.get(joint)


def said(do, *arguments, **options):
    try:
        do(*arguments, **options)
    except (ConductorError, RuntimeError) as error:
        return str(error).strip().removeprefix("Error: ")
    return None
"""


@pytest.fixture(scope="module")
def blender(run_in_each_blender: Callable[..., Any]) -> Callable[..., Any]:
    def run(script: str, **variables: Any) -> Any:
        return run_in_each_blender(_SETUP + script, **variables)

    return run


def test_selected_bones_play_a_joint_in_the_saved_file_too(
    blender: Callable[..., Any], tmp_path: Path
) -> None:
    answer = blender(
        """
rig = person()
before = [bones(rig, "hand.L"), bone_map.MAP in rig]
select(rig, "claw.L")
ops.set_selected_bones(joint="hand.L")
after = [bones(rig, "hand.L"), fit_armature(rig).map.label]
bpy.ops.object.mode_set(mode="OBJECT")
nothing = said(ops.set_selected_bones, joint="head")
bpy.ops.wm.save_as_mainfile(filepath=file)
blender_addon.unregister()
bpy.ops.wm.open_mainfile(filepath=file)
reopened = bones(bpy.data.objects["Rig"], "hand.L")
answer = [before, after, nothing, reopened]
""",
        file=str(tmp_path / "rig.blend"),
    )
    before, after, nothing, reopened = answer
    assert before == [[["hand.L"]], False]
    assert after == [[["claw.L"]], "conductor avatar"]
    assert nothing.startswith("No bone of 'Rig' is selected")
    assert reopened == [["claw.L"]]


def test_bones_of_edit_mode_count_new_ones_too(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rig = person()
bpy.ops.object.mode_set(mode="EDIT")
for bone in rig.data.edit_bones:
    bone.select = False
new = rig.data.edit_bones.new("new hand")
new.head, new.tail = rig.data.edit_bones["hand.L"].head, rig.data.edit_bones["hand.L"].tail
new.parent = rig.data.edit_bones["forearm.L"]
new.select = True
ops.set_selected_bones(joint="hand.L")
bpy.ops.object.mode_set(mode="OBJECT")
answer = bones(rig, "hand.L")
"""
    )
    assert answer == [["new hand"]]


def test_several_fingers_are_rows_that_may_be_changed_bone_by_bone(
    blender: Callable[..., Any],
) -> None:
    answer = blender(
        """
rig = person()
answer = []
select(rig, "claw.L")
ops.add_selected_bones(joint="fingers.L")
answer.append(bones(rig, "fingers.L"))
ops.pick_bone(joint="fingers.L", row=1, place=0, bone="thumb.01.L")
answer.append(bones(rig, "fingers.L"))
ops.remove_bone(joint="fingers.L", bone="fingers.02.L")
answer.append(bones(rig, "fingers.L"))
answer.append(bones(rig, "thumb.L"))
ops.pick_bone(joint="thumb.L", bone="thumb.01.L")
answer.append([bones(rig, "thumb.L"), bones(rig, "fingers.L")])
answer.append(said(ops.pick_bone, joint="hand.L", bone="claw.R"))
answer.append(bones(rig, "hand.L"))
ops.clear_joint(joint="fingers.L")
answer.append([bones(rig, "fingers.L"), list(fit_armature(rig).map.left_out)])
"""
    )
    fingers = ["fingers.01.L", "fingers.02.L", "fingers.03.L"]
    assert answer == [
        [fingers, ["claw.L"]],
        [fingers, ["thumb.01.L"]],
        [["fingers.01.L", "fingers.03.L"], ["thumb.01.L"]],
        [["thumb.02.L"]],
        [[["thumb.01.L", "thumb.02.L"]], [["fingers.01.L", "fingers.03.L"]]],
        "The bones for Left Hand do not hang from one another; choose one bone, or several in a "
        "row.",
        [["hand.L"]],
        [None, ["fingers.L"]],
    ]


def test_the_bones_of_a_joint_are_selected_to_be_seen(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rig = person()
select(rig, "head")
ops.select_joint_bones(joint="index.R")
chosen = [bone.name for bone in bpy.context.selected_pose_bones]
answer = [sorted(chosen), rig.data.bones.active.name, bone_map.MAP in rig]
bpy.ops.object.mode_set(mode="OBJECT")
answer.append(said(ops.select_joint_bones, joint="index.R"))
"""
    )
    chosen, active, has_map, refused = answer
    assert chosen == ["index.01.R", "index.02.R", "index.03.R"]
    assert (active, has_map) == ("index.01.R", False)
    assert refused.startswith("Go to Pose Mode with 'Rig'")


def test_one_side_is_mirrored_and_detection_begins_anew(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rig = person()
ops.pick_bone(joint="hand.L", row=0, place=0, bone="claw.L")
ops.mirror_bone_map(side="L")
answer = [bones(rig, "hand.R")]
ops.pick_bone(joint="hand.R", row=0, place=0, bone="hand.R")
ops.mirror_bone_map(side="R")
answer.append(bones(rig, "hand.L"))
ops.detect_bones()
answer += [bone_map.MAP in rig, bones(rig, "hand.R")]
"""
    )
    assert answer == [[["claw.R"]], [["hand.L"]], False, [["hand.R"]]]


def test_a_preset_gives_another_armature_the_same_map(
    blender: Callable[..., Any], tmp_path: Path
) -> None:
    answer = blender(
        """
rig = person()
ops.pick_bone(joint="hand.L", row=0, place=0, bone="claw.L")
ops.save_bone_map(filepath=file)
other = person("Other")
stranger = build({"lone": (None, (0, 0, 0), (0, 0, 1))}, "Stranger")
answer = []
for each in (other, stranger):
    scene.virtual_conductor.avatar = each
    answer.append(said(ops.load_bone_map, filepath=file))
    answer.append(bone_map.MAP in each)
answer.append(bones(other, "hand.L"))
answer.append(said(ops.load_bone_map, filepath=file + ".none"))
answer.append(said(ops.save_bone_map, filepath=file))
""",
        file=str(tmp_path / "own.toml"),
    )
    loaded, has_map, refused, stranger_has, hand, missing, nothing = answer
    assert (loaded, has_map, hand) == (None, True, [["claw.L"]])
    assert "which the armature 'Stranger' lacks" in refused
    assert not stranger_has
    assert "cannot be read" in missing
    assert nothing.startswith("The table has no bones yet")
    assert '"hand.L" = "claw.L"' in (tmp_path / "own.toml").read_text()


def test_a_rig_that_nobody_knows_is_mapped_bone_by_bone(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rows = bone_rows(fingers=False)
# In pieces that hang together nowhere, it has no shape either.
names = {bone: f"piece {k}" for k, bone in enumerate(rows)}
rig = build({names[b]: (None, head, tail) for b, (_, head, tail) in rows.items()})
answer = [said(fit_armature, rig), said(ops.detect_bones)]
ops.pick_bone(joint="hips", bone=names["hips"])
answer.append(said(fit_armature, rig))
for joint in ("upper_arm.L", "upper_arm.R", "forearm.L", "forearm.R"):
    ops.pick_bone(joint=joint, bone=names[joint])
answer += [said(fit_armature, rig), fit_armature(rig).map.label]
"""
    )
    unknown, again, half, whole, label = answer
    assert "say in a bone map which bones to use" in unknown
    assert again == unknown
    assert "has no bone for upper_arm.L and upper_arm.R" in half
    assert whole is None
    assert label == "bone map of your own"


def test_bones_that_are_gone_are_told_and_may_be_set_anew(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rig = person()
ops.pick_bone(joint="hand.L", row=0, place=0, bone="claw.L")
bpy.ops.object.mode_set(mode="EDIT")
rig.data.edit_bones.remove(rig.data.edit_bones["claw.L"])
bpy.ops.object.mode_set(mode="POSE")
answer = [said(fit_armature, rig)]
view = rig_view.look_at(rig)
answer.append([view.problem, sorted(view.gone), view.map.strands["hand.L"]])
ops.pick_bone(joint="hand.L", row=0, place=0, bone="hand.L")
answer += [said(fit_armature, rig), sorted(rig_view.look_at(rig).gone)]
rig[bone_map.MAP] = "version = 1\\n[joints]\\nhips = 3\\n"
answer.append(said(fit_armature, rig))
ops.detect_bones()
rig[bone_map.T_POSE] = '{"arm": [1, 0, 0, 0, 0, 0, 0]}'
answer.append(said(fit_armature, rig))
rig[bone_map.T_POSE] = '[1]'
answer.append(said(fit_armature, rig))
"""
    )
    said, view, mended, gone, damaged, lost, broken = answer
    assert said == (
        "The bone map stored in 'Rig' names the bone 'claw.L', which the armature no longer has; "
        "set the bones anew or choose Detect Again in the panel's Rig section."
    )
    assert view == [said, ["claw.L"], [["claw.L"]]]
    assert (mended, gone) == (None, [])
    assert damaged == (
        "The bone map stored in 'Rig' has no bone for the joint 'hips'; choose Detect Again in the "
        "panel's Rig section."
    )
    assert "T-pose stored in 'Rig' has the bone 'arm', which the armature no longer has" in lost
    assert "T-pose stored in 'Rig' is damaged" in broken


def test_the_current_pose_is_the_t_pose_until_the_rest_pose_is_again(
    blender: Callable[..., Any], tmp_path: Path
) -> None:
    answer = blender(
        """
rig = person(lowered=40.0, fingers=False)
guessed = fit_armature(rig)
for side, sign in (("L", 1.0), ("R", -1.0)):
    # Up to the T-pose, and turned about its length as no rest pose tells it.
    bone = rig.pose.bones[f"upper_arm.{side}"]
    bpy.context.view_layer.update()
    turn = Euler((0.3, sign * np.radians(-40.0), 0.0)).to_matrix().to_4x4()
    place = bone.matrix.to_translation()
    bone.matrix = turn @ bone.matrix
    bpy.context.view_layer.update()
    matrix = bone.matrix.copy()
    matrix.translation = place
    bone.matrix = matrix
bpy.context.view_layer.update()
rig.data.pose_position = "REST"
refused = said(ops.set_t_pose)
rig.data.pose_position = "POSE"
ops.set_t_pose()
pose = {bone.name: np.array(bone.matrix) for bone in rig.pose.bones}
for bone in rig.pose.bones:
    bone.matrix_basis.identity()
bpy.ops.wm.save_as_mainfile(filepath=file)
bpy.ops.wm.open_mainfile(filepath=file)
rig = bpy.data.objects["Rig"]
fit = fit_armature(rig)


def off(fit):
    turns = {
        bone: rotation.multiply(fit.axes, turn) for bone, turn in fit.aligned.items()
    }
    same = [abs(turn @ rotation.from_matrix(pose[bone][:3, :3])) for bone, turn in turns.items()]
    return float(np.degrees(2 * np.arccos(min(1.0, min(same)))))


stored = rig[bone_map.T_POSE]
answer = [off(guessed), off(fit), refused, list(fit.doubts), len(json.loads(stored))]
ops.rest_t_pose()
answer += [bone_map.T_POSE in rig, ops.rest_t_pose.poll()]
""",
        file=str(tmp_path / "rig.blend"),
    )
    guessed, told, refused, doubts, moved, has_t_pose, possible = answer
    assert guessed > 10.0
    assert told < 0.05
    assert "shows its rest position" in refused
    assert doubts == []
    # The arms alone: what hangs from them goes along.
    assert moved == 2
    assert (has_t_pose, possible) == (False, False)


def test_an_armature_of_another_file_is_refused(
    blender: Callable[..., Any], tmp_path: Path
) -> None:
    answer = blender(
        """
person()
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.wm.save_as_mainfile(filepath=file)
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(file, link=True) as (_, linked):
    linked.objects = ["Rig"]
rig = linked.objects[0]
bpy.context.scene.collection.objects.link(rig)
bpy.context.scene.virtual_conductor.avatar = rig
answer = said(ops.clear_joint, joint="head")
""",
        file=str(tmp_path / "rig.blend"),
    )
    assert answer.startswith("The armature 'Rig' is linked from another file")


def test_the_panel_sees_what_has_changed(blender: Callable[..., Any]) -> None:
    answer = blender(
        """
rig = person()
view = rig_view.look_at(rig)
answer = [view.map.label, view.sure, view.is_own, rig_view.rig_view(rig) is view]


def is_seen():
    rig_view._asked.clear()
    rig_view.rig_view(rig)
    return not rig_view._asked


answer.append(is_seen())
bone_map.store_map(rig, view.map)
answer.append(is_seen())
rig_view.look_at(rig)
answer.append(is_seen())
bpy.ops.object.mode_set(mode="EDIT")
rig.data.edit_bones["hand.L"].tail.z += 0.1
bpy.ops.object.mode_set(mode="POSE")
answer.append(is_seen())
rig_view._answer(rig.session_uid)
table = bpy.context.window_manager.virtual_conductor_rig
answer.append([row.name for row in table.rows][:6])
table.active = 6
answer.append(table.joint)
"""
    )
    assert answer[:4] == ["conductor avatar", 1.0, False, True]
    assert answer[4:8] == [True, False, True, False]
    assert answer[8] == ["Hips", "Spine", "Chest", "Neck", "Head", "Clavicle L"]
    assert answer[9] == "upper_arm.L"
