"""Rigs whose mesh goes with bones that copy either chain of controls."""

from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_SCRIPT = """
import sys
sys.path[:0] = PATHS
import bpy
import numpy as np
from ik_scenes import MOTION, build, constrain, rows_with_controls
from blender_addon.keyframes import apply_motion
from retarget.errors import ConductorError

STEMS = ("upper_arm", "forearm", "hand")

def shown(owner, value):
    rows = rows_with_controls()
    for side in "LR":
        above = {"show": f"clavicle.{side}", "other": f"clavicle.{side}"}
        for stem in STEMS:
            for chain in above:
                bone = f"{chain}.{stem}.{side}"
                rows[bone] = (above[chain], *rows[f"{stem}.{side}"][1:])
                above[chain] = bone
    rig = build(rows, seed=None)
    scene = bpy.context.scene
    scene.render.fps = int(MOTION.fps)
    has = {"bone": rig.pose.bones["root"], "object": rig}.get(owner)
    if has is not None:
        has["other"] = value
    for side in "LR":
        for stem in STEMS:
            bone = f"show.{stem}.{side}"
            constrain(rig, bone, "COPY_TRANSFORMS", target=rig, subtarget=f"{stem}.{side}")
            other = constrain(
                rig, bone, "COPY_TRANSFORMS", target=rig, subtarget=f"other.{stem}.{side}"
            )
            if has is None:
                other.influence = value
                continue
            driver = other.driver_add("influence").driver
            driver.type = "AVERAGE"
            target = driver.variables.new().targets[0]
            path = 'pose.bones["root"]["other"]' if owner == "bone" else '["other"]'
            target.id, target.data_path = rig, path
    return rig

def told(owner, value, **how):
    rig = shown(owner, value)
    try:
        keyed = apply_motion(bpy.context.scene, rig, MOTION, **how)
    except ConductorError as fault:
        return {"sentence": str(fault), "fix": getattr(fault, "fix", None)}
    off = 0.0
    for frame in (1, 8, 15):
        bpy.context.scene.frame_set(frame)
        pose = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        for side in "LR":
            for stem in STEMS:
                a, b = (pose[f"{x}{stem}.{side}"].matrix for x in ("", "show."))
                off = max(off, (a.translation - b.translation).length)
    return {"off": off, "notes": list(keyed.notes)}

def loose():
    rows = rows_with_controls()
    for side in "LR":
        rows[f"hand.{side}"] = ("root", *rows[f"hand.{side}"][1:])
    rig = build(rows, seed=None)
    bpy.context.scene.render.fps = int(MOTION.fps)
    return list(apply_motion(bpy.context.scene, rig, MOTION).notes)

answer = {
    "loose": loose(),
    "on": told("bone", 0.0),
    "bone": told("bone", 1.0),
    "object": told("object", 1.0),
    "none": told("none", 1.0),
    "muted": told("none", 1.0, mute=True),
}
"""


@pytest.fixture(scope="module")
def told(run_in_each_blender):
    return run_in_each_blender(_SCRIPT, PATHS=[str(_HERE), str(_HERE.parent / "retarget")])


def test_a_rig_that_shows_the_keyed_bones_is_left_as_it_is(told):
    assert told["on"]["off"] < 1e-4
    assert not any("switched" in note for note in told["on"]["notes"])


def test_a_rig_that_shows_its_other_bones_is_switched_in_the_action(told):
    assert told["bone"]["off"] < 1e-4
    assert any("'other' of 'root'" in note for note in told["bone"]["notes"])


def test_what_no_property_of_a_bone_switches_is_named_before_anything_is_written(told):
    assert "'show.upper_arm.L'" in told["object"]["sentence"]
    assert "A driver sets its influence" in told["object"]["sentence"]


def test_what_no_driver_switches_is_muted_in_the_action_if_asked_for(told):
    assert "'show.upper_arm.L'" in told["none"]["sentence"]
    assert told["none"]["fix"]
    assert told["muted"]["off"] < 1e-4


def test_hands_that_neither_hang_from_their_arms_nor_are_led_there_are_told(told):
    for side in "LR":
        wanted = f"'hand.{side}' neither hangs from 'forearm.{side}' nor is led there"
        assert any(wanted in note for note in told["loose"])
    assert not any("neither hangs" in note for note in told["on"]["notes"])
