"""Rigs with inverse kinematics and other constraints, in Blender 4.5 LTS and 5.0."""

from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_SCRIPT = """
import sys
sys.path[:0] = PATHS
import ik_scenes
answer = ik_scenes.told()
"""
_HANDS = {"ik.hand.L", "ik.hand.R"}
_FEET = {"ik.foot.L", "ik.foot.R"}
_POLES = {f"pole.{stem}.{side}" for stem in ("hand", "foot") for side in "LR"}
_LED = {
    "poles": _HANDS | _FEET | _POLES,
    "no poles": _HANDS | _FEET,
    "whole chains": _HANDS,
    "from the clavicle": _HANDS | {"pole.hand.L", "pole.hand.R"},
    "imported": _HANDS | _FEET | _POLES,
    "hands turn with targets": _HANDS | _FEET | _POLES,
    "targets on the chest": _HANDS | {"pole.hand.L", "pole.hand.R"},
    "switched on": _HANDS | {"pole.hand.L", "pole.hand.R"},
    "switched off ik": _HANDS | {"pole.hand.L", "pole.hand.R"},
}
_OVERRIDES = {
    "limit": ("Limit Rotation", "forearm.L"),
    "copy": ("Copy Rotation", "upper_arm.L"),
    "copy all": ("Copy Transforms", "hand.L"),
    "damped track": ("Damped Track", "forearm.L"),
    "locked track": ("Locked Track", "forearm.L"),
    "track": ("Track To", "forearm.L"),
    "stretch": ("Stretch To", "forearm.L"),
    "floor": ("Floor", "hand.L"),
    "place": ("Limit Location", "hips"),
    "above": ("Limit Location", "root"),
    "spline": ("Spline IK", "chest"),
}
_INNOCENT = ("wide limit", "muted", "without influence", "without target", "on nobody's bone")


@pytest.fixture(scope="module")
def answers(run_in_each_blender):
    return run_in_each_blender(_SCRIPT, PATHS=[str(_HERE), str(_HERE.parent / "retarget")])


@pytest.fixture
def told(answers):
    def answer(scene):
        assert not isinstance(answers[scene], str), answers[scene]
        return answers[scene]

    return answer


def _follows_the_motion(answer):
    assert answer["shift"] < 0.01
    assert answer["bend"] < 1.5
    assert answer["hand"] < 1.5
    assert answer["slide"] < 0.004


@pytest.mark.parametrize("scene", _LED)
def test_limbs_that_inverse_kinematics_leads_are_keyed_by_targets_and_poles(told, scene):
    answer = told(scene)
    assert {bone for bone in answer["keyed"] if bone[:3] in ("ik.", "pol")} == _LED[scene]
    assert answer["influences"] == []
    _follows_the_motion(answer)


@pytest.mark.parametrize("scene", ["poles", "no poles", "imported"])
def test_feet_whose_targets_are_keyed_do_not_move_at_all(told, scene):
    assert told(scene)["slide"] < 2e-4


def test_bones_stay_in_their_own_rotation_mode(told):
    assert told("no poles")["modes"] == ["XYZ"]


def test_bones_are_keyed_instead_if_asked_for_and_that_is_told(told):
    answer = told("poles fk")
    assert answer["influences"] == ["forearm.L", "forearm.R", "shin.L", "shin.R"]
    assert not any(bone.startswith(("ik.", "pole.")) for bone in answer["keyed"])
    assert "'IK' on 'forearm.L'" in " ".join(answer["notes"])
    _follows_the_motion(answer)


@pytest.mark.parametrize("scene", ["switched on fk", "switched off", "switched off ik"])
def test_a_property_that_switches_inverse_kinematics_is_keyed_instead_of_the_influence(told, scene):
    answer = told(scene)
    assert answer["influences"] == []
    assert ("root" in answer["keyed"]) == (scene != "switched off")
    _follows_the_motion(answer)


def test_a_generated_rig_is_led_by_its_targets_as_by_its_bones(told):
    answer = told("rigify")
    for side in "LR":
        assert answer[f"hand.{side}"] < 0.01
        assert answer[f"foot.{side}"] < 0.01
        assert answer[f"turn of hand.{side}"] < 2.0
        assert answer[f"upper_arm.{side}"] < 5.0
        assert answer[f"thigh.{side}"] < 5.0
    assert {"hand_ik.L", "upper_arm_ik_target.L", "foot_ik.R"} <= set(answer["ik"]["keyed"])
    assert not any(bone.startswith(("forearm_fk", "shin_fk")) for bone in answer["ik"]["keyed"])
    assert not any("_ik" in bone for bone in answer["fk"]["keyed"])


def test_a_generated_rig_gives_no_false_alarm(told):
    for output in ("fk", "ik"):
        assert told("rigify")[output]["problems"] == []
        assert told("rigify")[output]["notes"] == []


def test_the_guide_reads_whichever_control_leads(told):
    assert told("rigify")["joints apart"] < 0.01


@pytest.mark.parametrize("name", _OVERRIDES)
def test_a_constraint_in_the_way_is_named_before_anything_is_written(told, name):
    answer = told(f"override {name}")
    constraint, bone = _OVERRIDES[name]
    named = f"The constraint '{constraint}' on '{bone}'"
    assert answer["sentence"].startswith(named)
    assert answer["sentence"].count("The constraint") == 1
    assert answer["fix"] == "virtual_conductor.mute_constraints"
    assert answer["unchanged"]
    assert answer["early"][0].startswith(named)


@pytest.mark.parametrize("name", _OVERRIDES)
def test_a_constraint_in_the_way_is_muted_in_the_action_if_asked_for(told, name):
    muted = told(f"override {name}")["muted"]
    assert muted["influences"] == [_OVERRIDES[name][1]]
    assert "Muted in the Action" in " ".join(muted["notes"])
    _follows_the_motion(muted)


@pytest.mark.parametrize("name", _INNOCENT)
def test_a_constraint_that_is_not_in_the_way_is_left_alone(told, name):
    answer = told(f"innocent {name}")
    assert answer["influences"] == []
    assert answer["notes"] == []
    _follows_the_motion(answer)


def test_targets_that_are_other_objects_are_named(told):
    answer = told("object")
    assert "'IK' on 'forearm.L', which follows 'Reach'," in answer["sentence"]
    assert answer["unchanged"]
    assert answer["fk"]["influences"] == ["forearm.L", "forearm.R"]
    _follows_the_motion(answer["fk"])


def test_a_limit_is_named_and_not_the_inverse_kinematics_that_it_spoils(told):
    answer = told("ik and limit")
    assert "'Limit Rotation'" in answer["sentence"]
    assert "'IK'" not in answer["sentence"]
    assert answer["muted"]["influences"] == ["forearm.L"]
    assert set(answer["muted"]["keyed"]) >= _HANDS
    _follows_the_motion(answer["muted"])


def test_an_influence_that_only_a_driver_sets_is_told(told):
    answer = told("driven by the object")
    assert "A driver sets its influence" in answer["sentence"]
    assert answer["fix"] is None
    assert answer["unchanged"]
