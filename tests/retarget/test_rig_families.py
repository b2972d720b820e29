"""Armatures as other programs name their bones, and the same ones with names that say nothing."""

import numpy as np
import pytest
from family_rigs import RIGS, build, lowered, rows_for, rows_of, scrambled

from retarget import rotation, skeleton
from retarget.detect import detect_rig, families
from retarget.rig import RigMap
from retarget.rig_families import exact_keys, matches

_LIMBS = [
    f"{stem}.{side}"
    for stem in ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
    for side in ("L", "R")
]
_DIGITS = [f"{stem}.{side}" for stem in ("thumb", "index", "fingers") for side in ("L", "R")]
# Mechanism bones stand in the place of controls: shape cannot tell which of them moves what.
_NAMES_NEEDED = {"auto-rig pro"}
_SHAPED = sorted(set(RIGS) - _NAMES_NEEDED)
_TURNS = {
    "as it is": (1.0, 0.0, 0.0, 0.0),
    "facing aside": rotation.from_axis_angle([0.0, 0.0, 1.0], np.asarray(np.pi / 2)),
    "lying": rotation.from_axis_angle([1.0, 0.0, 0.0], np.asarray(np.pi / 2)),
    "askew": rotation.normalize(np.array([0.3, 0.5, -0.6, 0.4])),
}
_POSES = {
    "T": lambda rows: rows,
    "A": lambda rows: lowered(rows, 45.0),
    "hanging": lambda rows: lowered(rows, 80.0),
    "forward": lambda rows: lowered(rows, -88.0, (0.0, 0.0, 1.0)),
}


# Each bone bears the name of the joint it ends at.
_OPENPOSE = """
MidHip @hips
  Neck @neck
    *{s}Eye @eye
  *{s}Shoulder @clavicle
    *{s}Elbow @upper_arm
      *{s}Wrist @forearm
  *{s}Hip @hips
    *{s}Knee @thigh
      *{s}Ankle @shin
        *{s}BigToe @foot
"""


def _places(found: RigMap, rig) -> dict[str, np.ndarray]:
    return {
        joint: np.mean([rig.heads[rig.index[row[0]]] for row in rows], axis=0)
        for joint, rows in found.strands.items()
    }


@pytest.mark.parametrize("name", sorted(RIGS))
def test_a_rig_is_found_by_its_names(name):
    family, rows = RIGS[name]
    rig = build(rows)
    found = detect_rig(rig)
    assert found.family == family
    assert found.doubts == ()
    wanted = {"hips", "chest", "neck", "head", *_LIMBS}
    assert wanted <= set(found.strands)
    if family != "names":
        whole = [joint for joint in wanted if not (name == "robot expressive" and "foot" in joint)]
        assert all(found.sure[joint] == 1.0 for joint in whole)
    places = _places(found, rig)
    for joint in wanted | {f"clavicle.{side}" for side in "LR"}:
        side = {"L": 1.0, "R": -1.0}.get(joint[-1] if "." in joint else "", 0.0)
        assert np.sign(np.round(places[joint][0], 6)) == side, joint


@pytest.mark.parametrize("name", sorted(RIGS))
def test_fingers_are_found_where_a_rig_has_them(name):
    _, rows = RIGS[name]
    found = detect_rig(build(rows))
    digits = [bone for bone in rows if "index" in bone.lower() or "人指" in bone]
    if not digits or name == "cmu":
        return
    counts = {joint: [len(row) for row in found.strands[joint]] for joint in _DIGITS}
    each = 2 if name == "robot expressive" else 3
    others = 2 if name == "robot expressive" else 3
    for side in "LR":
        assert counts[f"thumb.{side}"] == [each]
        assert counts[f"index.{side}"] == [each]
        assert counts[f"fingers.{side}"] == [each] * others


@pytest.mark.parametrize("name", _SHAPED)
def test_a_body_is_found_by_its_shape_alone(name):
    _, rows = RIGS[name]
    rig = build(rows)
    named = detect_rig(rig)
    nameless, old = scrambled(rig)
    found = detect_rig(nameless)
    assert found.family == "structure"
    told = {
        joint: tuple(tuple(old[bone] for bone in row) for row in bones)
        for joint, bones in found.strands.items()
    }
    for joint in ("spine", "chest", "neck", "head"):
        assert told.get(joint) == named.strands.get(joint), joint
    for joint in _LIMBS:
        if name == "robot expressive" and joint.startswith("foot"):
            continue
        assert told[joint] == named.strands[joint], joint
    for joint in _DIGITS:
        if joint in named.strands and name != "cmu":
            assert told[joint] == named.strands[joint], joint
    places, wanted = _places(found, nameless), _places(named, rig)
    assert np.linalg.norm(places["hips"] - wanted["hips"]) < 0.05
    assert all(0.0 < found.sure[joint] < 1.0 for joint in found.strands)


@pytest.mark.parametrize("pose", sorted(_POSES))
@pytest.mark.parametrize("turn", sorted(_TURNS))
@pytest.mark.parametrize("name", ["mixamo", "unreal 5", "makehuman", "vroid", "biovision", "mmd"])
def test_shape_tells_left_from_right_in_any_rest(name, turn, pose):
    rows = _POSES[pose](rows_for(name))
    rig = build(rows, turn=_TURNS[turn], scale=0.01 if turn == "askew" else 1.0)
    named = detect_rig(rig)
    nameless, old = scrambled(rig)
    found = detect_rig(nameless)
    for joint in _LIMBS:
        assert old[found.strands[joint][0][0]] == named.strands[joint][0][0], joint


@pytest.mark.parametrize("count", range(1, 7))
def test_spines_of_one_to_six_bones_are_spine_and_chest(count):
    rows = {b: r for b, r in rows_for("mixamo").items() if "Spine" not in b}
    above = "mixamorig:Hips"
    for k in range(count):
        bone = f"mixamorig:Spine{k or ''}"
        rows[bone] = (above, np.array([0.0, 0.005, 0.95 + 0.4 * (k + 1) / (count + 1)]))
        above = bone
    rows = {
        bone: (above if "Spine" in (parent or "") and "Spine" not in bone else parent, head)
        for bone, (parent, head) in rows.items()
    }
    order = ["mixamorig:Hips", *(b for b in rows if "Spine" in b)]
    rig = build({bone: rows[bone] for bone in [*order, *(b for b in rows if b not in order)]})
    nameless, old = scrambled(rig)
    for armature, names in ((rig, {bone: bone for bone in rig.bones}), (nameless, old)):
        found = detect_rig(armature)
        trunk = [*found.strands.get("spine", ((),))[0], *found.strands["chest"][0]]
        assert [names[bone] for bone in trunk] == order[1:]
        assert len(found.strands["chest"][0]) == max(1, count // 2)
        assert ("spine" in found.left_out) == (count == 1)


def test_a_rig_without_hands_leaves_them_out():
    rows = rows_of(_OPENPOSE, ("L", "R"))
    for side in "LR":
        rows[f"{side}Hip"] = (None, rows["MidHip"][1])
    found = detect_rig(build(rows))
    assert found.family == "openpose"
    assert found.strands["upper_arm.L"] == (("LElbow",),)
    assert found.strands["forearm.R"] == (("RWrist",),)
    assert {"hand.L", "hand.R", "chest"} <= set(found.left_out)


def test_twist_bones_are_found_in_a_limb_and_beside_it():
    inside = detect_rig(build(rows_for("daz genesis 8")))
    assert inside.twists["upper_arm.L"] == ("lShldrTwist",)
    assert inside.twists["thigh.R"] == ("rThighTwist",)
    assert detect_rig(build(rows_for("makehuman"))).twists["shin.L"] == ("lowerleg02.L",)
    parts = detect_rig(build(rows_for("advanced skeleton"))).twists
    assert parts["upper_arm.R"] == ("ShoulderPart1_R",)
    beside = detect_rig(build(rows_for("unreal 5")))
    assert beside.twists["upper_arm.L"] == ("upperarm_twist_01_l", "upperarm_twist_02_l")
    assert beside.twists["forearm.R"] == ("lowerarm_twist_02_r", "lowerarm_twist_01_r")
    assert "upperarm_bicep_l" not in str(beside.twists)
    assert detect_rig(build(rows_for("mixamo"))).twists == {}
    rows = {
        b.replace("ShldrTwist", "Sleeve"): (p and p.replace("ShldrTwist", "Sleeve"), head)
        for b, (p, head) in rows_for("daz genesis 8").items()
    }
    assert "upper_arm.L" not in detect_rig(build(rows)).twists


def test_controls_of_a_rig_with_both_kinematics_are_told_with_their_switches():
    found = detect_rig(build(rows_for("auto-rig pro")))
    assert found.strands["upper_arm.L"] == (("c_arm_fk.l",),)
    assert found.parents["c_hand_fk.l"] == "c_forearm_fk.l"
    assert ("c_hand_ik.l", "ik_fk_switch", 1.0) in found.properties
    control = found.ik["hand.L"]
    assert (control.target, control.pole) == ("c_hand_ik.l", "c_arms_pole.l")
    assert control.properties == (("c_hand_ik.l", "ik_fk_switch", 0.0),)
    assert found.twists == {}


def test_controls_come_before_the_bones_they_move():
    rows = rows_for("mixamo") | _of_family("mixamo_control")
    rows["Ctrl_Hand_IK_Left"] = (None, skeleton.REST[skeleton.INDEX["hand.L"]])
    found = detect_rig(build(rows))
    assert found.family == "mixamo_control"
    assert found.strands["hand.L"] == (("Ctrl_Hand_FK_Left",),)
    assert found.ik["hand.L"].target == "Ctrl_Hand_IK_Left"


def test_every_family_is_tried_by_a_rig_of_its_own_names():
    tried = {family for family, _ in RIGS.values()} - {"names"}
    here = {"canonical", "rigify_metarig", "rigify_rig"}
    built = {key for key in families() if key not in tried | here}
    for key in built:
        rig = build(_of_family(key))
        found = matches(rig, exact_keys(rig))
        assert key in {match.map.family for match in found if match.complete}, key


def _of_family(key):
    """Rows with the first name of each of a family's joints, hung as our own skeleton is."""
    family = families()[key]
    rows = {}
    bones = {}
    for j, joint in enumerate(skeleton.NAMES):
        side = joint[-1] if "." in joint else ""
        wanted = family["joints"].get(
            joint, family["joints"].get(joint.replace(f".{side}", ".{side}"))
        )
        if wanted is None:
            continue
        names = wanted["trunk"] if isinstance(wanted, dict) else wanted
        while not isinstance(names, str):
            names = names[0]
        word = family["sides"][side] if side else ""
        word = word if isinstance(word, str) else word[0]
        bone = names.split("|")[0].replace("{side}", word)
        above = skeleton.PARENTS[j]
        while above >= 0 and skeleton.NAMES[above] not in bones:
            above = skeleton.PARENTS[above]
        rows[bone] = (bones[skeleton.NAMES[above]] if above >= 0 else None, skeleton.REST[j])
        bones[joint] = bone
    return rows
