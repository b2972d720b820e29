"""Which of several armatures conducts, in both Blenders."""

from collections.abc import Callable
from typing import Any

import pytest

_SCENES = """
import sys
sys.path.insert(0, "tests/retarget")
from sample_rigs import bone_rows
import blender_addon
from blender_addon.chosen_armature import find_armature
from retarget.errors import ConductorError
blender_addon.register()

def new(name, data):
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    return item

def rig(name, rows):
    data = bpy.data.armatures.new(name)
    item = new(name, data)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, (parent, head, tail) in rows.items():
        edited = data.edit_bones.new(bone)
        edited.head, edited.tail = head, tail
        if parent:
            edited.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = None
    return item

def person(name):
    return rig(name, bone_rows())

def curtain(name):
    return rig(name, {f"fold{i}": (None, (i, 0, 0), (i, 0, 2)) for i in range(90)})

def body(owner, bent=True):
    mesh = bpy.data.meshes.new("Body")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [], [(0, 1, 2)])
    item = new("Body " + owner.name, mesh)
    if bent:
        item.modifiers.new("Armature", "ARMATURE").object = owner
    else:
        item.parent = owner
    return item

def active(item):
    bpy.context.view_layer.objects.active = item

def found(name=None):
    try:
        return find_armature(bpy.context.scene, name).name
    except ConductorError as fault:
        return str(fault)

def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)

answer = {"none": found()}
first, second = person("First"), person("Second")
body(first), body(second, bent=False)
answer["several"] = found()
answer["named"] = [found("Second"), found("Third")]
active(second)
answer["active"] = found()
active(bpy.data.objects["Body First"])
answer["bent"] = found()
active(bpy.data.objects["Body Second"])
answer["hangs"] = found()
active(new("Lamp", bpy.data.lights.new("Lamp", "POINT")))
answer["other"] = found() == answer["several"]
active(second)
bpy.context.scene.virtual_conductor.avatar = first
answer["panel"] = found()
bpy.context.scene.collection.objects.unlink(first)
answer["gone"] = found()

fresh()
metarig, shown, hidden = person("Metarig"), person("Shown"), person("Hidden")
body(shown)
body(hidden).hide_render = True
answer["seen"] = found()

fresh()
cloth, conductor = curtain("Curtain"), person("Conductor")
body(cloth), body(conductor)
answer["known"] = found()

fresh()
curtain("Curtain")
answer["alone"] = found()

fresh()
inside = bpy.data.collections.new("Crowd")
hidden = person("Hidden")
inside.objects.link(hidden)
bpy.context.scene.collection.objects.unlink(hidden)
instance = new("Instance", None)
instance.instance_type = "COLLECTION"
instance.instance_collection = inside
answer["instance"] = found()
"""


@pytest.fixture(scope="module")
def told(run_in_each_blender: Callable[..., Any]) -> dict[str, Any]:
    """Who was found in each scene, or what was said."""
    answers: dict[str, Any] = run_in_each_blender(_SCENES)
    return answers


def test_the_one_that_is_named_conducts_and_other_names_are_refused(told: dict[str, Any]) -> None:
    named, refused = told["named"]
    assert named == "Second"
    assert "no armature 'Third' but the armatures 'First' and 'Second'" in refused


def test_the_panels_choice_comes_before_the_active_object_while_it_is_in_the_scene(
    told: dict[str, Any],
) -> None:
    assert told["panel"] == "First"
    assert told["gone"] == "Second"


def test_the_active_armature_conducts_or_the_one_that_the_active_mesh_follows(
    told: dict[str, Any],
) -> None:
    assert (told["active"], told["bent"], told["hangs"]) == ("Second", "First", "Second")


def test_else_the_only_one_that_is_seen_or_the_only_one_that_is_a_body(
    told: dict[str, Any],
) -> None:
    assert (told["seen"], told["known"], told["alone"]) == ("Shown", "Conductor", "Curtain")


def test_several_that_may_conduct_are_named_in_one_sentence(told: dict[str, Any]) -> None:
    assert "the armatures 'First' and 'Second'; say which one conducts" in told["several"]
    assert "\n" not in told["several"]
    assert told["other"]


def test_a_scene_without_an_armature_says_so(told: dict[str, Any]) -> None:
    assert "no armature to animate" in told["none"]


def test_an_armature_that_an_instance_alone_shows_is_named_with_what_to_do(
    told: dict[str, Any],
) -> None:
    assert "'Hidden' is only shown by 'Instance'" in told["instance"]
    assert "make the instance real" in told["instance"]
