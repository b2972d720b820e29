"""The Former Action comes back with the face and the baton that a motion has animated too."""

from collections.abc import Callable
from typing import Any

import pytest

_PLAY = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = ["tests/blender", "tests/retarget"]
import blender_addon
from blender_addon import scene as scenes
from blender_addon.held_baton import baton_of
from blender_addon.restore_former import restore_former
from blender_addon.stage.baton import add_baton
from own_scenes import motion_of, new, triangle, users_scene
from scene_dump import differences, dump

blender_addon.register()

def stage():
    scene, rig = users_scene(Path(folder))
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones.remove(rig.data.edit_bones["baton"])
    bpy.ops.object.mode_set(mode="OBJECT")
    # Follows the body's face.
    teeth = new("Teeth", triangle("Teeth"))
    teeth.parent = rig
    for name in ("Basis", "jawOpen"):
        teeth.shape_key_add(name=name)
    teeth.data.shape_keys.key_blocks["jawOpen"].value = 0.125
    bpy.context.view_layer.update()
    return scene, rig

def motion(seed):
    return replace(motion_of(30, seed=seed), source={"seed": seed})

def state(rig):
    # The former motion's Actions too: their names, and the values that they have led to.
    baton = baton_of(rig)
    keys = [item.data.shape_keys for item in rig.children if item.data.shape_keys]
    return {
        "played": [
            block.animation_data and block.animation_data.action.name
            for block in (rig, baton, bpy.data.objects["Body"].data.shape_keys)
        ],
        "drivers": [len(key.animation_data.drivers) if key.animation_data else 0 for key in keys],
        "baton": [list(baton.rotation_quaternion), baton.rotation_mode],
        "shapes": [[shape.value for shape in key.key_blocks] for key in keys],
    }

scene, rig = stage()
before = dump()
scenes.perform(scene, rig, motion(1))
performed = differences(before, dump(before))
first = state(rig)
scenes.perform(scene, rig, motion(2))
second = state(rig)
restore_former(scene, rig)
middle = [first, second, state(rig)]
restore_former(scene, rig)
once = differences(before, dump(before))

scene, rig = stage()
baton = add_baton(scene, rig)
baton.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
lies = [list(baton.rotation_quaternion), baton.animation_data is None]
scenes.perform(scene, rig, motion(1))
restore_former(scene, rig)
added = [lies, [list(baton.rotation_quaternion), baton.animation_data is None]]

scene, rig = stage()
scenes.perform(scene, rig, motion(1))
scene.virtual_conductor.baton = False
scenes.perform(scene, rig, replace(motion(2), face_names=(), face=None))
restore_former(scene, rig)
answer = {
    "performed": performed,
    "middle": middle,
    "once": once,
    "added": added,
    "of another": baton_of(rig) is not None,
}
"""
# What a performance leaves beside the animation: where the panel and the preview are, markers, and
# the motion's Actions, which stay in the file.
_LEFT = (
    "actions[Conducting ",
    "actions[Face ",
    "scenes[Scene].",
    'scenes[Scene]["virtual_conductor"]',
)


@pytest.fixture(scope="module")
def told(
    run_in_each_blender: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    answer: dict[str, Any] = run_in_each_blender(
        _PLAY, folder=str(tmp_path_factory.mktemp("former"))
    )
    return answer


def test_body_face_followers_and_baton_are_as_before_the_motion(told: dict[str, Any]) -> None:
    for place in ("objects[Baton]", "shape_keys[Key.001].animation_data.drivers.count"):
        assert place in told["performed"]
    assert any(place.startswith("shape_keys[Key].animation_data") for place in told["performed"])
    assert [place for place in told["once"] if not place.startswith(_LEFT)] == []


def test_one_motion_of_two_is_taken_back(told: dict[str, Any]) -> None:
    first, second, again = told["middle"]
    assert second["played"] != first["played"]
    assert second["baton"] != first["baton"]
    assert again == first


def test_a_baton_that_was_there_lies_as_it_did(told: dict[str, Any]) -> None:
    before, after = told["added"]
    assert after == before


def test_a_baton_of_an_earlier_motion_stays(told: dict[str, Any]) -> None:
    assert told["of another"]
