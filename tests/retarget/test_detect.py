"""Which rig family an armature is of, and what is said when it is of none."""

from dataclasses import replace

import pytest
from sample_rigs import MIXAMO_WORDS, bone_rows, rig_from_rows

from retarget import skeleton
from retarget.detect import detect_rig, families
from retarget.errors import ConductorError

_METARIG = {
    "hips": ["spine"],
    "spine": ["spine.001", "spine.002"],
    "chest": ["spine.003"],
    "neck": ["spine.004"],
    "head": ["spine.006"],
}


def _renamed(names):
    rows = bone_rows(fingers=False)
    return rig_from_rows(
        {
            names(bone): (parent and names(parent), head, tail)
            for bone, (parent, head, tail) in rows.items()
        }
    )


def _mixamo_name(bone):
    stem, _, side = bone.partition(".")
    word = {"L": "Left", "R": "Right", "": ""}[side]
    return f"mixamorig1:{word}{MIXAMO_WORDS.get(stem, stem)}"


def test_canonical_names_are_the_avatar_with_its_finger_chains():
    found = detect_rig(rig_from_rows(bone_rows()))
    assert found.family == "canonical"
    assert found.strands["index.L"] == (("index.01.L", "index.02.L", "index.03.L"),)
    assert set(found.strands) == set(skeleton.NAMES) - {"baton_tip"}


def test_mixamo_is_found_under_any_namespace_and_keeps_full_bone_names():
    found = detect_rig(_renamed(_mixamo_name))
    assert found.family == "mixamo"
    assert found.strands["upper_arm.R"] == (("mixamorig1:RightArm",),)


def test_a_trunk_of_several_bones_is_one_joint():
    def name(bone):
        stem, _, side = bone.partition(".")
        if stem in _METARIG:
            return _METARIG[stem][0]
        return f"shoulder.{side}" if stem == "clavicle" else bone

    rig = _renamed(name)
    found = detect_rig(rig)
    assert found.family == "rigify_metarig"
    assert found.strands["spine"] == (("spine.001",),)


def test_missing_bones_are_named():
    rows = {k: v for k, v in bone_rows(fingers=False).items() if not k.startswith(("hand", "bat"))}
    with pytest.raises(ConductorError, match=r"lacks the bones hand\.L, hand\.R"):
        detect_rig(rig_from_rows(rows))


def test_a_bone_below_the_wrong_parent_is_named():
    rows = bone_rows(fingers=False)
    rows["forearm.L"] = ("hips", *rows["forearm.L"][1:])
    with pytest.raises(ConductorError, match=r"parents of forearm\.L"):
        detect_rig(rig_from_rows(rows))


def test_an_armature_of_no_known_family_is_refused_with_the_known_ones():
    rig = rig_from_rows({"Bone": (None, (0, 0, 0), (0, 0, 1))})
    with pytest.raises(ConductorError, match="Mixamo"):
        detect_rig(replace(rig, name="Cube rig"))


def test_every_family_maps_joints_of_the_skeleton_only():
    for key, family in families().items():
        for joint in family["joints"]:
            assert joint.replace("{side}", "L") in skeleton.INDEX, (key, joint)
        assert set(family["required"]) <= set(family["joints"]), key
