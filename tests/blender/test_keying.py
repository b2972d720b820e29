"""Motions on rigs that somebody has worked with before, in Blender 4.5 LTS and 5.0."""

from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_SCRIPT = """
import sys
sys.path[:0] = PATHS
import keying_scenes
answer = keying_scenes.told()
"""
_BLOCKS = {
    "at_rest": "rest position",
    "solo": "plays alone",
    "weak": "counts only for 50%",
    "added": "is added to its NLA tracks",
    "driven": "A driver turns the bone 'forearm.L'",
    "tweaked": "leave tweak mode",
    "in_edit_mode": "is in Edit Mode",
}
_BENT = ("by hand", "by an action", "by the nla", "root by an action", "root by the nla")


_FORMER = ("none", "old", "kept", "layered", "limited", "saved")


@pytest.fixture(scope="module")
def answers(run_in_each_blender):
    return run_in_each_blender(_SCRIPT, PATHS=[str(_HERE), str(_HERE.parent / "retarget")])


@pytest.fixture
def told(answers):
    def answer(scene):
        assert not isinstance(answers[scene], str), answers[scene]
        return answers[scene]

    return answer


def test_every_bone_keeps_its_rotation_mode_and_turns_as_it_should(told):
    answer = told("modes")
    assert answer["same"]
    assert answer["wrong"] == []
    # Both sides of the comparison are within a quarter of a degree.
    assert answer["worst"] < 0.5


def test_other_rotation_modes_take_about_as_few_keys(told):
    assert told("modes")["keys"] < 1.25


@pytest.mark.parametrize("scene", _BENT)
def test_what_was_left_in_the_chains_does_not_bend_the_motion(told, scene):
    assert told(scene)["off"] < 1e-5
    assert "not at rest" in " ".join(told(scene)["notes"])


def test_what_is_left_over_takes_one_key_in_the_bones_own_mode(told):
    assert told("by hand")["beside"] == {"between.rotation_euler": 1}
    assert {'pose.bones["upper_arm.L"].scale', 'pose.bones["forearm.R"].location'} <= set(
        told("by hand")["curves"]
    )
    assert told("by an action")["beside"] == {"between.rotation_quaternion": 1}
    assert told("by the nla")["beside"] == {"between.rotation_quaternion": 1}


@pytest.mark.parametrize("scene", ["untouched", "calm"])
def test_where_nothing_is_left_over_no_bone_of_nobodys_is_keyed(told, scene):
    assert told(scene)["beside"] == {}
    assert told(scene)["notes"] == []
    assert told(scene)["off"] == 0.0


def test_a_root_that_a_hand_has_put_somewhere_carries_the_figure_there(told):
    assert told("placed")["off"] < 1e-5
    assert told("placed")["beside"] == {}


def test_a_root_that_tilts_the_figure_is_stood_up_where_it_is(told):
    assert told("placed")["tilted off"] < 1e-5
    assert told("placed")["tilted beside"] == {"root.rotation_euler": 1}


def test_bones_that_lead_the_body_through_constraints_and_drivers_are_put_to_rest(told):
    assert told("led")["off"] < 1e-5
    assert told("led")["plain"] == {}
    assert told("led")["beside"] == {"led by.rotation_quaternion": 1, "read.scale": 1}


def test_a_generated_rig_is_carried_by_its_root(told):
    assert told("rigify")["placed off"] < 1e-4
    # The rig's switches stand on bones of their own.
    assert not any(name.startswith("root.") for name in told("rigify")["placed beside"])


def test_a_control_that_bends_a_generated_rig_is_put_to_rest(told):
    assert told("rigify")["turned off"] < 1e-4
    assert told("rigify")["turned beside"]["chest.rotation_quaternion"] == 1
    assert "upper_arm_ik.L.location" not in told("rigify")["turned beside"]


def test_a_value_that_a_driver_sets_gets_no_keys(told):
    assert told("driven") == []


@pytest.mark.parametrize("block", _BLOCKS)
def test_what_would_hide_the_action_is_said_before_anything_is_written(told, block):
    answer = told("blocks")[block]
    assert _BLOCKS[block] in answer["refused"]
    assert answer["fix"] == "virtual_conductor.mend_blocks"
    assert answer["unchanged"]


@pytest.mark.parametrize("block", _BLOCKS)
def test_what_would_hide_the_action_can_be_mended(told, block):
    answer = told("blocks")[block]
    assert len(answer["mended"]) == 1
    assert answer["left"] == 0
    assert answer["off"] < 1e-5


@pytest.mark.parametrize("block", sorted(_BLOCKS.keys() - {"tweaked", "in_edit_mode"}))
def test_what_was_mended_is_as_before_when_the_former_action_is(told, block):
    assert told("blocks")[block]["back"]


def test_settings_without_effect_are_no_blocks(told):
    assert told("harmless") == [0, 0]


@pytest.mark.parametrize("kind", _FORMER)
def test_the_former_action_comes_back_with_every_value_of_the_pose(told, kind):
    answer = told(f"former {kind}")
    assert answer["changed"]
    assert answer["differs"] == []
    assert answer["off"] == 0.0
    # The motion's own Action stays, in use by nobody.
    assert answer["kept"] == [True, 0]


@pytest.mark.parametrize("kind", _FORMER)
def test_several_motions_are_taken_back_one_by_one_whatever_was_looked_at_between(told, kind):
    answer = told(f"former {kind}")
    assert answer["first again"]
    assert answer["middle off"] == 0.0
    assert answer["off in the end"] == 0.0
    assert answer["same in the end"] == []


def test_the_buttons_mend_and_restore(told):
    answer = told("buttons")
    assert not answer["too soon"]
    assert answer["mend"] == ["FINISHED"]
    assert answer["mended"] == "POSE"
    assert answer["restore"] == ["FINISHED"]
    assert answer["restored"] == [True, "REST"]
    assert not answer["again"]


def test_where_nothing_can_be_restored_that_is_said(told):
    nothing, not_ours, deleted = told("refused")
    assert "no Action of Virtual Conductor" in nothing[0]
    assert "no Action of Virtual Conductor" in not_ours[0]
    assert "was deleted" in deleted[0]
    assert nothing[1]
    assert not_ours[1]
    assert deleted[1]


def test_a_cancel_leaves_every_value_as_it_was(told):
    assert told("cancelled") == [[], [], [], []]


def test_the_same_motion_gives_the_same_curves(told):
    assert told("steady")
