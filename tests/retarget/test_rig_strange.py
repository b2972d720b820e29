"""Armatures that are no body, or more than one, or hide it among bones that play no joint."""

import numpy as np
import pytest
from family_rigs import build, lowered, place, rows_for, rows_of, scrambled

from retarget.detect import detect_rig
from retarget.errors import ConductorError

_HORSE = {
    "Root": (None, (0.0, 0.0, 1.2)),
    "Back1": ("Root", (0.0, -0.3, 1.25)),
    "Back2": ("Back1", (0.0, -0.6, 1.3)),
    "Back3": ("Back2", (0.0, -0.9, 1.3)),
    "Neck1": ("Back3", (0.0, -1.1, 1.45)),
    "Neck2": ("Neck1", (0.0, -1.3, 1.7)),
    "Head": ("Neck2", (0.0, -1.5, 1.9)),
    "Muzzle": ("Head", (0.0, -1.8, 1.7)),
    "Tail1": ("Root", (0.0, 0.3, 1.2)),
    "Tail2": ("Tail1", (0.0, 0.4, 0.9)),
}


_FACE = """
head @head
  jaw @jaw
    chin @chin
  *eye.{s} @eye
  *ear.{s} @ear
    *tip.{s} @hair
      *end.{s} @hair2
"""


def _horse():
    rows = dict(_HORSE)
    for side, x in (("L", 0.15), ("R", -0.15)):
        for stem, parent, y in (("Front", "Back3", -0.9), ("Hind", "Root", 0.05)):
            above = parent
            for part, z, off in (
                ("UpperLeg", 1.1, 0.0),
                ("LowerLeg", 0.65, 0.08),
                ("Foot", 0.2, 0.0),
                ("Hoof", 0.03, -0.08),
            ):
                bone = f"{stem}{part}.{side}"
                rows[bone] = (above, (x, y + off, z))
                above = bone
    return {bone: (parent, np.array(head)) for bone, (parent, head) in rows.items()}


def _refused(rows, said):
    for rig in (build(rows), scrambled(build(rows))[0]):
        with pytest.raises(ConductorError, match=said) as failure:
            detect_rig(rig)
        assert str(failure.value).count(". ") == 0
        assert "bone map" in str(failure.value)


def test_an_animal_is_refused():
    _refused(_horse(), "stands on four legs")


def test_an_animal_with_the_names_of_a_man_is_refused():
    words = {
        "FrontUpperLeg": "upper_arm",
        "FrontLowerLeg": "forearm",
        "FrontFoot": "hand",
        "HindUpperLeg": "thigh",
        "HindLowerLeg": "shin",
        "HindFoot": "foot",
        "Back1": "spine",
        "Back3": "chest",
        "Root": "hips",
        "Head": "head",
    }

    def name(bone):
        stem, dot, side = bone.partition(".")
        return words.get(stem, stem) + dot + side

    rows = {name(b): (p and name(p), head) for b, (p, head) in _horse().items()}
    with pytest.raises(ConductorError, match="stands on four legs"):
        detect_rig(build(rows))


def test_a_lone_arm_is_refused():
    rows = {
        b: r
        for b, r in rows_for("unreal 4").items()
        if b.endswith("_l")
        and "ik" not in b
        and not b.startswith(("thigh", "calf", "foot", "ball"))
    }
    rows["clavicle_l"] = (None, rows["clavicle_l"][1])
    _refused(rows, "no body with two arms can be told")


def test_a_face_is_refused():
    _refused(rows_of(_FACE, ("L", "R")), "no body with two arms can be told")


def test_an_empty_armature_is_refused():
    rig = build({"Bone": (None, np.zeros(3))})
    with pytest.raises(ConductorError, match="no two limbs alike"):
        detect_rig(rig)


@pytest.mark.parametrize("named", [True, False])
def test_of_two_bodies_one_is_taken_whole_and_that_is_told(named):
    first = rows_for("mixamo")
    second = {
        bone.replace("mixamorig:", "mixamorig2:"): (
            parent and parent.replace("mixamorig:", "mixamorig2:"),
            head + np.array([1.5, 0.0, 0.0]),
        )
        for bone, (parent, head) in first.items()
    }
    rows = first | second
    rows = {bone: rows[bone] for bone in sorted(rows, key=lambda b: list(first | second).index(b))}
    rig = build(rows)
    old = {bone: bone for bone in rig.bones}
    if not named:
        rig, old = scrambled(rig)
    found = detect_rig(rig)
    assert any(" bodies; the one with" in doubt for doubt in found.doubts)
    prefixes = {old[bone].split(":")[0] for bone in found.bones}
    assert len(prefixes) == 1


def test_ten_thousand_bones_are_looked_through():
    rows = dict(rows_for("unreal 5"))
    rng = np.random.default_rng(2)
    for strand in range(400):
        above = "head" if strand % 2 else "pelvis"
        at = rows[above][1] + 0.1 * rng.normal(size=3)
        for k in range(25):
            bone = f"strand_{strand}_{k}"
            at = at + 0.05 * rng.normal(size=3)
            rows[bone] = (above, at)
            above = bone
    rig, old = scrambled(build(rows))
    found = detect_rig(rig)
    assert old[found.strands["hand.L"][0][0]] == "hand_l"
    assert old[found.strands["foot.R"][0][0]] == "foot_r"
    assert old[found.strands["hips"][0][0]] == "pelvis"


_EXTRAS = """
hips @hips
  tail @tail
    tail2 @tail2
      tail3 @tail3
  *skirt.{s} @skirt
    *skirt2.{s} @skirt2
      *skirt3.{s} @skirt3
        *skirt4.{s} @skirt4
  *upleg.{s} @thigh
    *upleg_twist.{s} @thigh.5
    *leg.{s} @shin
      *foot.{s} @foot
        *toe.{s} @toe
        *heel.{s} @heel
  back1 @trunk.3
    back2 @trunk.6
      *wing.{s} @wing
        *wing2.{s} @wing2
          *wing3.{s} @wing3
            *wing4.{s} @wing4
      *breast.{s} @breast
      cape @back
      neck @neck
        head @head
          jaw @jaw
          *eye.{s} @eye
          *ear.{s} @ear
          *hair.{s} @hair
            *hair2.{s} @hair2
              *hair3.{s} @hair3
                *hair4.{s} @hair4
      *collar.{s} @clavicle
        *arm.{s} @upper_arm
          *sleeve.{s} @upper_arm.5
          *lower.{s} @forearm
            *palm.{s} @hand
              +digits {d}{n}.{s} thumb,index,middle,ring,pinky 1,2,3
"""


@pytest.mark.parametrize("weapon", [False, True])
@pytest.mark.parametrize("lowered_by", [0.0, 45.0])
def test_hair_skirts_tails_wings_and_weapons_are_left_alone(lowered_by, weapon):
    rows = rows_of(_EXTRAS, ("L", "R"))
    if weapon:
        for bone, parent, at in (
            ("sword", "palm.R", "grip"),
            ("blade", "sword", "blade"),
            ("point", "blade", "point"),
        ):
            rows[bone] = (parent, place(at) * [-1.0, 1.0, 1.0])
    rig, old = scrambled(build(lowered(rows, lowered_by)))
    found = detect_rig(rig)
    told = {joint: old[strands[0][0]] for joint, strands in found.strands.items()}
    assert told["hips"] == "hips"
    assert told["chest"] == "back2"
    assert told["head"] == "head"
    for side in "LR":
        words = (
            ("upper_arm", "arm"),
            ("forearm", "lower"),
            ("hand", "palm"),
            ("thigh", "upleg"),
            ("shin", "leg"),
            ("foot", "foot"),
            ("clavicle", "collar"),
            ("index", "index1"),
        )
        for stem, word in words:
            assert told[f"{stem}.{side}"] == f"{word}.{side}", stem


@pytest.mark.parametrize(
    "gone",
    [
        ("collar.{s}",),
        ("neck",),
        (
            "upleg.{s}",
            "upleg_twist.{s}",
            "leg.{s}",
            "foot.{s}",
            "toe.{s}",
            "heel.{s}",
            "skirt.{s}",
            "skirt2.{s}",
            "skirt3.{s}",
            "skirt4.{s}",
        ),
        ("thumb", "index", "middle", "ring", "pinky"),
        ("toe.{s}", "heel.{s}"),
    ],
    ids=["clavicles", "neck", "legs", "fingers", "toes"],
)
def test_shape_finds_bodies_that_lack_some_parts(gone):
    whole = rows_of(_EXTRAS, ("L", "R"))
    cut = {bone.replace("{s}", side) for bone in gone for side in "LR"}
    cut |= {b for b in whole if any(b.startswith(word) for word in gone if "." not in word)}
    rows = {}
    for bone, (parent, head) in whole.items():
        if bone in cut and bone not in ("head",):
            continue
        while parent in cut:
            parent = whole[parent][0]
        rows[bone] = (parent, head)
    rig, old = scrambled(build(rows))
    found = detect_rig(rig)
    told = {joint: old[strands[0][0]] for joint, strands in found.strands.items()}
    assert told["hips"] == "hips"
    assert told["head"] == "head"
    for side in "LR":
        assert told[f"upper_arm.{side}"] == f"arm.{side}"
        assert told[f"hand.{side}"] == f"palm.{side}"
        assert (f"clavicle.{side}" in told) == ("collar.{s}" not in gone)
        assert (f"index.{side}" in told) == ("index" not in gone)
        assert (f"thigh.{side}" in told) == ("upleg.{s}" not in gone)
    assert ("neck" in told) == ("neck" not in gone)


def test_controls_are_taken_before_deform_and_mechanism_bones():
    tree = """
root @ground
  hips @hips
    spine @trunk.3
      chest @trunk.6
        neck @neck
          head @head
        *CTRL-shoulder.{s} @clavicle
          *CTRL-upper_arm_fk.{s} @upper_arm
            *CTRL-forearm_fk.{s} @forearm
              *CTRL-hand_fk.{s} @hand
          *MCH-upper_arm.{s} @upper_arm
            *MCH-forearm.{s} @forearm
              *MCH-hand.{s} @hand
          *CTRL-upper_arm_ik.{s} @upper_arm
            *CTRL-forearm_ik.{s} @forearm
        *ORG-shoulder.{s} @clavicle
          *ORG-upper_arm.{s} @upper_arm
            *ORG-forearm.{s} @forearm
              *ORG-hand.{s} @hand
        *DEF-shoulder.{s} @clavicle
          *DEF-upper_arm.{s} @upper_arm
            *DEF-forearm.{s} @forearm
              *DEF-hand.{s} @hand
    *ORG-thigh.{s} @thigh
      *ORG-shin.{s} @shin
        *ORG-foot.{s} @foot
    *DEF-thigh.{s} @thigh
      *DEF-shin.{s} @shin
        *DEF-foot.{s} @foot
  *CTRL-hand_ik.{s} @hand
  *CTRL-elbow_pole.{s} @elbow_pole
"""
    found = detect_rig(build(rows_of(tree, ("L", "R"))))
    assert found.family == "names"
    for stem in ("upper_arm", "forearm", "hand"):
        assert found.strands[f"{stem}.L"] == ((f"CTRL-{stem}_fk.L",),)
    assert found.strands["clavicle.R"] == (("CTRL-shoulder.R",),)
    assert found.strands["thigh.L"] == (("DEF-thigh.L",),)


def test_a_bone_on_the_wrong_side_is_told_and_less_sure():
    rows = dict(rows_for("unreal 4"))
    swap = {
        "thigh_l": "thigh_r",
        "thigh_r": "thigh_l",
        "calf_l": "calf_r",
        "calf_r": "calf_l",
        "foot_l": "foot_r",
        "foot_r": "foot_l",
        "ball_l": "ball_r",
        "ball_r": "ball_l",
    }
    heads = {bone: head for bone, (_, head) in rows.items()}
    rows = {b: (parent, heads[swap.get(b, b)]) for b, (parent, _) in rows.items()}
    found = detect_rig(build(rows))
    assert any(
        "'thigh_l' is taken for a left one but stands on the right" in d for d in found.doubts
    )
    assert found.sure["thigh.L"] < 0.5
    assert found.sure["upper_arm.L"] == 1.0


def test_a_skeleton_that_faces_away_from_what_its_names_say_is_told():
    rows = {
        bone: (parent, head * [-1.0, 1.0, 1.0])
        for bone, (parent, head) in rows_for("unreal 4").items()
    }
    found = detect_rig(build(rows))
    assert any("faces the other way" in doubt for doubt in found.doubts)
    assert found.sure["upper_arm.L"] <= 0.5


def test_sides_in_names_help_where_the_rest_of_a_name_says_nothing():
    rig = build(rows_for("biovision"))
    nameless, old = scrambled(rig)
    words = {"Left": "_L", "Right": "_R"}
    names = tuple(
        new + next((s for word, s in words.items() if old[new].startswith(word)), "")
        for new in nameless.bones
    )
    back = dict(zip(names, rig.bones, strict=True))
    # Mirrored, so that the shape alone would say the opposite.
    mirrored = build({b: (p, h * [-1.0, 1.0, 1.0]) for b, (p, h) in rows_for("biovision").items()})
    found = detect_rig(type(mirrored)(**{**vars_of(mirrored), "bones": names}))
    assert back[found.strands["upper_arm.L"][0][0]] == "LeftShoulder"


def vars_of(rig):
    return {name: getattr(rig, name) for name in rig.__dataclass_fields__}


def test_joints_that_names_leave_open_are_told_by_shape():
    rows = {
        ("knuckles" if b == "hand_l" else b): ("knuckles" if p == "hand_l" else p, head)
        for b, (p, head) in rows_for("unreal 4").items()
    }
    found = detect_rig(build(rows))
    assert found.family == "unreal_4"
    assert found.strands["hand.L"] == (("knuckles",),)
    assert found.sure["hand.L"] < 1.0
    assert found.sure["hand.R"] == 1.0
