"""Changes to a map, one joint at a time."""

from dataclasses import replace

import pytest
from family_rigs import RIGS, build, rows_for, scrambled

from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.rig_check import doubted, own_checked
from retarget.rig_names import mirrored_name
from retarget.rig_table import bone_rows, mirrored, with_bone, without


@pytest.fixture
def unreal():
    return detect_rig(build(rows_for("unreal 4")))


def test_a_joint_gets_another_bone_and_is_sure(unreal):
    changed = with_bone(unreal, "hips", ["root"])
    assert changed.strands["hips"] == (("root",),)
    assert changed.sure["hips"] == 1.0
    assert unreal.strands["hips"] == (("pelvis",),)


def test_a_bone_that_played_another_joint_leaves_it(unreal):
    changed = with_bone(unreal, "chest", ["spine_02", "spine_03"])
    assert changed.strands["chest"] == (("spine_02", "spine_03"),)
    assert changed.strands["spine"] == (("spine_01",),)
    assert "neck" not in with_bone(unreal, "head", ["neck_01", "head"]).strands


def test_fingers_take_rows_of_bones(unreal):
    rows = [("middle_01_l", "middle_02_l"), ("ring_01_l",)]
    assert with_bone(unreal, "fingers.L", rows).strands["fingers.L"] == tuple(rows)


def test_a_twist_bone_that_gets_a_joint_is_no_twist_bone_any_more(unreal):
    assert unreal.twists["forearm.L"] == ("lowerarm_twist_01_l",)
    changed = with_bone(unreal, "hand.L", ["lowerarm_twist_01_l"])
    assert "forearm.L" not in changed.twists


def test_a_joint_that_is_cleared_is_left_out(unreal):
    changed = without(unreal, "clavicle.L")
    assert changed.left_out == ("clavicle.L",)
    assert "clavicle.L" not in changed.sure


def test_joints_keep_their_order(unreal):
    changed = with_bone(without(unreal, "spine"), "spine", ["spine_01", "spine_02"])
    assert list(changed.strands) == list(unreal.strands)


@pytest.mark.parametrize("name", ["unreal 4", "mmd", "daz genesis 8", "robot expressive"])
@pytest.mark.parametrize("named", [True, False])
def test_one_side_is_mirrored_to_the_other_by_names_or_places(name, named):
    rig = build(rows_for(name))
    whole = detect_rig(rig)
    if not named:
        rig, old = scrambled(rig)
        new = {bone: other for other, bone in old.items()}
        whole = replace(
            whole,
            strands={
                joint: tuple(tuple(new[bone] for bone in row) for row in rows)
                for joint, rows in whole.strands.items()
            },
            twists={},
        )
    half = whole
    for joint in ("upper_arm.R", "hand.R", "fingers.R", "thigh.R"):
        half = without(half, joint)
    assert mirrored(half, rig, "L").strands == whole.strands


def test_bones_in_any_order_become_rows_that_hang_from_one_another(unreal):
    rig = build(rows_for("unreal 4"))
    fingers = [f"{finger}_0{k}_l" for k in (3, 1, 2) for finger in ("pinky", "middle", "ring")]
    assert bone_rows(rig, unreal, "fingers.L", fingers) == (
        ("middle_01_l", "middle_02_l", "middle_03_l"),
        ("ring_01_l", "ring_02_l", "ring_03_l"),
        ("pinky_01_l", "pinky_02_l", "pinky_03_l"),
    )
    # The bone between them is left out.
    assert bone_rows(rig, unreal, "chest", ["spine_03", "spine_01"]) == (("spine_01", "spine_03"),)


def test_controls_hang_from_what_they_follow(unreal):
    rig = build(rows_for("unreal 4"))
    led = replace(unreal, parents={"spine_03": "pelvis"})
    assert bone_rows(rig, led, "spine", ["spine_03", "pelvis"]) == (("pelvis", "spine_03"),)
    with pytest.raises(ConductorError, match="do not hang from one another"):
        bone_rows(rig, led, "spine", ["spine_03", "spine_02"])


def test_bones_that_do_not_hang_from_one_another_are_refused_for_one_limb(unreal):
    rig = build(rows_for("unreal 4"))
    with pytest.raises(ConductorError, match=r"bones for Left Hand do not hang .* in a row\."):
        bone_rows(rig, unreal, "hand.L", ["hand_l", "hand_r"])
    with pytest.raises(ConductorError, match="'Test rig' has no bone 'claw'"):
        bone_rows(rig, unreal, "hand.L", ["claw"])


def test_a_bone_of_the_users_on_the_wrong_side_is_told(unreal):
    rig = build(rows_for("unreal 4"))
    assert doubted(rig, unreal).doubts == ()
    crossed = with_bone(with_bone(unreal, "thigh.L", ["thigh_r"]), "thigh.R", ["thigh_l"])
    told = doubted(rig, crossed)
    assert any("'thigh_r' is taken for a left one" in doubt for doubt in told.doubts)
    assert told.sure["thigh.L"] < 0.5
    half = without(crossed, "upper_arm.L")
    assert doubted(rig, half) is half


def test_bones_that_do_not_hang_from_one_another_are_told(unreal):
    rig = build(rows_for("unreal 4"))
    assert own_checked(rig, unreal) == unreal
    odd = with_bone(unreal, "thumb.L", ["index_01_l", "thumb_02_l", "thumb_03_l"])
    told = own_checked(rig, with_bone(odd, "hand.R", ["clavicle_r"]))
    assert told.doubts == (
        "The bone 'thumb_02_l' for Left Thumb does not hang from 'index_01_l'.",
        "The bone 'clavicle_r' for Right Hand does not hang from 'lowerarm_r'.",
    )
    assert told.sure["thumb.L"] < unreal.sure["thumb.L"]
    assert told.sure["hand.R"] < unreal.sure["hand.R"]


def test_a_side_that_is_mirrored_is_sure(unreal):
    rig = build(rows_for("unreal 4"))
    unsure = replace(unreal, sure=dict.fromkeys(unreal.sure, 0.6))
    told = mirrored(unsure, rig, "R").sure
    assert (told["hand.R"], told["hand.L"], told["hips"]) == (1.0, 1.0, 0.6)


def test_an_unknown_joint_is_refused_with_the_known_ones(unreal):
    with pytest.raises(ConductorError, match=r"no joint 'elbow'; the joints are hips"):
        with_bone(unreal, "elbow", ["root"])
    with pytest.raises(ConductorError, match="No bone is given for the joint 'hips'"):
        with_bone(unreal, "hips", [])


@pytest.mark.parametrize("name", sorted(RIGS))
def test_the_name_of_a_bone_on_the_other_side_is_found_for_every_family(name):
    rig = build(rows_for(name))
    found = detect_rig(rig)
    for joint, rows in found.strands.items():
        if joint.endswith(".L"):
            for bone in (bone for row in rows for bone in row):
                other = mirrored_name(bone)
                assert other != bone
                assert other in rig.index
                assert mirrored_name(other) == bone
