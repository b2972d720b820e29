"""Maps as files: what is written is read back, and what is wrong in one is said in one sentence."""

from dataclasses import replace

import pytest
from family_rigs import build, rows_for

from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.joint_words import PLAYED
from retarget.rig_map_file import (
    map_template,
    parse_rig_map,
    read_rig_map,
    rig_map_text,
    write_rig_map,
)

_LEAST = 'version = 1\n[joints]\nhips = "pelvis"\n'


def _read(tmp_path, text, rig=None):
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    return read_rig_map(path, rig if rig is not None else build(rows_for("unreal 4")))


@pytest.mark.parametrize("name", ["unreal 5", "auto-rig pro", "mmd", "biped"])
def test_a_map_that_is_written_is_read_back(tmp_path, name):
    rig = build(rows_for(name))
    found = detect_rig(rig)
    path = tmp_path / "rig.toml"
    write_rig_map(found, path)
    again = read_rig_map(path, rig)
    assert again.family == "map"
    sure = {joint: round(value, 2) for joint, value in found.sure.items()}
    assert again == replace(found, family="map", sure=sure)


def test_how_sure_joints_are_is_kept(tmp_path):
    rig = build(rows_for("unreal 4"))
    found = detect_rig(rig)
    unsure = replace(found, sure=found.sure | {"hips": 0.25, "head": 0.999})
    path = tmp_path / "rig.toml"
    write_rig_map(unsure, path)
    again = read_rig_map(path, rig)
    assert (again.sure["hips"], again.sure["head"], again.sure["chest"]) == (0.25, 1.0, 1.0)


def test_a_map_as_text_is_read_without_its_armature(tmp_path):
    found = detect_rig(build(rows_for("unreal 4")))
    again = parse_rig_map(rig_map_text(found), "The map", None)
    assert again.strands == found.strands
    with pytest.raises(ConductorError, match="The map has no version"):
        parse_rig_map("", "The map", None)


def test_a_map_written_by_hand_may_be_short(tmp_path):
    text = 'version = 1\n[joints]\nspine = ["spine_01", "spine_02"]\nhips = "pelvis"\n'
    found = _read(tmp_path, text)
    assert found.strands == {"hips": (("pelvis",),), "spine": (("spine_01", "spine_02"),)}
    assert "chest" in found.left_out


def test_strange_bone_names_survive(tmp_path):
    rows = {
        ('odd "name"\\ =\t#\x7f' if b == "pelvis" else b): r
        for b, r in rows_for("unreal 4").items()
    }
    odd = next(iter(bone for bone in rows if bone.startswith("odd")))
    rows = {b: (odd if parent == "pelvis" else parent, head) for b, (parent, head) in rows.items()}
    rig = build(rows)
    found = replace(
        detect_rig(build(rows_for("unreal 4"))),
        properties=((odd, "a b", 0.5),),
        parents={odd: "root"},
    )
    found.strands["hips"] = ((odd,),)
    path = tmp_path / "rig.toml"
    write_rig_map(found, path)
    again = read_rig_map(path, rig)
    assert again.strands["hips"] == ((odd,),)
    assert again.properties == ((odd, "a b", 0.5),)
    assert again.parents == {odd: "root"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[joints]\nhips = 'pelvis'\n", "has no version"),
        (_LEAST.replace("1", "2"), "of version 2, which a later release wrote"),
        (_LEAST.replace("1", "true"), "has no version"),
        ("version = 1\n", "maps no joints"),
        ("version = 1\njoints = 3\n", r"needs a table '\[joints\]'"),
        (_LEAST + "knee = 'calf_l'\n", "names the joint 'knee', which there is not; use hips"),
        (_LEAST.replace("pelvis", "Pelvis"), "names the bone 'Pelvis', which the armature"),
        (_LEAST + "chest = 'pelvis'\n", "gives the bone 'pelvis' to both 'hips' and 'chest'"),
        (_LEAST + "chest = []\n", "has no bone for the joint 'chest'"),
        (_LEAST + "chest = [['spine_01'], 'spine_02']\n", "mixes bones and rows of bones"),
        (_LEAST + "chest = 3\n", "has no bone for the joint 'chest'"),
        (_LEAST + "chest = [3]\n", "has 3 where the name of a bone is due"),
        (_LEAST + "[arms]\n", "has the unknown entry 'arms'"),
        (_LEAST + "[sure]\nhips = 2\n", "is sure of the joint 'hips' by no number from 0 to 1"),
        (_LEAST + "[properties]\npelvis = {a = 'x'}\n", "gives the property 'a' of 'pelvis' no"),
        (_LEAST + "[ik.spine]\ntarget = 'root'\n", "has IK controls for 'spine'"),
        (_LEAST + "[ik.'hand.L']\npole = 'root'\n", "has no target for the IK controls"),
        ("version = = 1", "is no TOML file"),
    ],
)
def test_what_is_wrong_in_a_map_is_said(tmp_path, text, said):
    with pytest.raises(ConductorError, match=said) as failure:
        _read(tmp_path, text)
    assert str(failure.value).endswith(".")
    assert "\n" not in str(failure.value).replace("TOML file", "")


def test_a_map_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConductorError, match="cannot be read"):
        read_rig_map(tmp_path / "none.toml", build(rows_for("unreal 4")))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    found = detect_rig(build(rows_for("unreal 4")))
    with pytest.raises(ConductorError, match="does not exist"):
        write_rig_map(found, tmp_path / "none" / "rig.toml")


def test_a_map_to_fill_in_has_every_joint_and_bone_and_is_a_map_once_filled(tmp_path):
    rig = build(rows_for("mmd"))
    text = map_template(rig)
    lines = text.splitlines()
    for joint in PLAYED:
        key = f'"{joint}"' if "." in joint else joint
        assert f'# {key} = ""' in lines
    named = [line.removeprefix("#").strip() for line in lines]
    assert all(f'"{bone}"' in named for bone in rig.bones)
    with pytest.raises(ConductorError, match="maps no joints"):
        _read(tmp_path, text, rig)
    filled = text.replace('# hips = ""', f'hips = "{rig.bones[3]}"')
    assert _read(tmp_path, filled, rig).strands == {"hips": ((rig.bones[3],),)}
