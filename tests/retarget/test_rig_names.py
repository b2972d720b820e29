"""What bone names say, whatever their case, separators, prefixes and words for sides."""

import pytest
from family_rigs import Rows, build, rows_for, rows_of

from retarget.detect import detect_rig
from retarget.rig_names import mirrored_name, name_keys, read_names, side_of, squash

_BODY = """
{root} @ground
  {hips} @hips
    {spine} @trunk.2
      {chest} @trunk.5
        {neck} @neck
          {head} @head
        *{clavicle} @clavicle
          *{upper_arm} @upper_arm
            *{forearm} @forearm
              *{hand} @hand
    *{thigh} @thigh
      *{shin} @shin
        *{foot} @foot
          *{toe} @toe
"""
_JOINTS = (
    "root", "hips", "spine", "chest", "neck", "head", "clavicle", "upper_arm", "forearm", "hand",
    "thigh", "shin", "foot", "toe",
)  # fmt: skip
_MAKERS = {
    "FINAL FANTASY XIV": (
        "l r",
        "n_hara j_kosi j_sebo_a j_sebo_b j_kubi j_kao j_sako_{s} j_ude_a_{s} j_ude_b_{s} j_te_{s} "
        "j_asi_a_{s} j_asi_b_{s} j_asi_d_{s} j_asi_e_{s}",
    ),
    "Roblox": (
        "Left Right",
        "Root LowerTorso Spine UpperTorso Neck Head {s}Shoulder {s}UpperArm {s}LowerArm {s}Hand "
        "{s}UpperLeg {s}LowerLeg {s}Foot {s}Toe",
    ),
    "Maya, joints": (
        "L R",
        "C_root_jnt C_pelvis_jnt C_spine_01_jnt C_chest_jnt C_neck_jnt C_head_jnt {s}_clavicle_jnt "
        "{s}_shoulder_jnt {s}_elbow_jnt {s}_wrist_jnt {s}_hip_jnt {s}_knee_jnt {s}_ankle_jnt "
        "{s}_ball_jnt",
    ),
    "Maya, segments": (
        "lf rt",
        "cn_root_bind cn_hip_bind cn_spine1_bind cn_spine2_bind cn_neck_bind cn_head_bind "
        "{s}_clav_bind {s}_upArm_bind {s}_loArm_bind {s}_hand_bind {s}_upLeg_bind {s}_loLeg_bind "
        "{s}_foot_bind {s}_toe_bind",
    ),
    "The Sims": (
        "L R",
        "b__ROOT_bind__ b__Pelvis__ b__Spine0__ b__Spine1__ b__Neck__ b__Head__ b__{s}_Clavicle__ "
        "b__{s}_UpperArm__ b__{s}_Forearm__ b__{s}_Hand__ b__{s}_Thigh__ b__{s}_Calf__ "
        "b__{s}_Foot__ b__{s}_Toe__",
    ),
    "ARKit": (
        "left right",
        "root hips_joint spine_1_joint spine_7_joint neck_1_joint head_joint {s}_shoulder_1_joint "
        "{s}_arm_joint {s}_forearm_joint {s}_hand_joint {s}_upLeg_joint {s}_leg_joint "
        "{s}_foot_joint {s}_toes_joint",
    ),
    "MB-Lab": (
        "L R",
        "root pelvis spine01 spine02 neck head clavicle_{s} upperarm_{s} lowerarm_{s} hand_{s} "
        "thigh_{s} calf_{s} foot_{s} toes_{s}",
    ),
    "CloudRig": (
        "L R",
        "root FK-Hips FK-Spine FK-Chest FK-Neck FK-Head FK-Clavicle.{s} FK-UpperArm.{s} "
        "FK-Forearm.{s} FK-Wrist.{s} FK-Thigh.{s} FK-Knee.{s} FK-Foot.{s} FK-Toes.{s}",
    ),
    "capitals": (
        "LEFT RIGHT",
        "ROOT HIPS SPINE CHEST NECK HEAD {s}_SHOULDER {s}_ARM {s}_FOREARM {s}_HAND {s}_THIGH "
        "{s}_SHIN {s}_FOOT {s}_TOE",
    ),
    "nothing between": (
        "l r",
        "root hips spine chest neck head shoulder{s} upperarm{s} lowerarm{s} hand{s} thigh{s} "
        "calf{s} foot{s} toe{s}",
    ),
    "duplicated": (
        "L R",
        "Root.001 Hips.001 Spine.001 Spine1.001 Neck.001 Head.001 Shoulder.{s}.001 "
        "UpperArm.{s}.001 LowerArm.{s}.001 Hand.{s}.001 UpperLeg.{s}.001 LowerLeg.{s}.001 "
        "Foot.{s}.001 Toe.{s}.001",
    ),
    "French": (
        "G D",
        "Racine Bassin Dos1 Dos2 Cou Tete Clavicule_{s} Bras_{s} AvantBras_{s} Main_{s} Cuisse_{s} "
        "Mollet_{s} Pied_{s} Orteil_{s}",
    ),
    "numbers and sides": (
        "L R",
        "Bone Bone.001 Bone.002 Bone.003 Bone.004 Bone.005 Bone.006.{s} Bone.007.{s} Bone.008.{s} "
        "Bone.009.{s} Bone.010.{s} Bone.011.{s} Bone.012.{s} Bone.013.{s}",
    ),
}


def _body(maker: str) -> tuple[dict[str, str], tuple[str, str], Rows]:
    sides, names = _MAKERS[maker]
    words = dict(zip(_JOINTS, names.split(), strict=True))
    tree = _BODY
    for joint, word in words.items():
        tree = tree.replace("{" + joint + "}", word)
    left, right = sides.split()
    return words, (left, right), rows_of(tree, (left, right))


@pytest.mark.parametrize("maker", sorted(_MAKERS))
def test_rigs_of_other_makers_are_found(maker):
    words, sides, rows = _body(maker)
    found = detect_rig(build(rows))
    assert found.doubts == ()
    for joint, word in words.items():
        if joint in ("root", "toe"):
            continue
        if "{s}" not in word:
            assert found.strands[joint] == ((word,),), joint
            continue
        for letter, side in zip("LR", sides, strict=True):
            assert found.strands[f"{joint}.{letter}"] == ((word.replace("{s}", side),),), joint


@pytest.mark.parametrize(
    ("name", "side", "words"),
    [
        ("mixamorig:LeftForeArm", "L", {"fore", "arm"}),
        ("upper_arm.R.001", "R", {"upper", "arm"}),
        ("lShldr", "L", {"shldr"}),
        ("rightupperarm", "R", {"upperarm"}),
        ("thighl", "L", {"thigh"}),
        ("左ひじ", "L", {"ひじ"}),
        ("腕.R", "R", {"腕"}),
        ("NPC L Calf [LClf]", "L", {"calf"}),
        ("FootL", "L", {"foot"}),
        ("Collar", "", {"collar"}),
        ("Pelvis", "", {"pelvis"}),
    ],
)
def test_side_and_words_of_a_name(name, side, words):
    assert side_of(name) == side
    (read,) = read_names([name])
    assert read.words == words


def test_helpers_and_copies_rank_behind_controls():
    kinds = {
        name.bone: name.kind
        for name in read_names(
            ["arm_fk.L", "arm.L", "DEF-arm.L", "ORG-arm.L", "MCH-arm.L", "arm_ik.L", "arm_twist.L"]
        )
    }
    assert kinds["arm_fk.L"] == kinds["arm.L"] == 0
    assert kinds["arm.L"] < kinds["DEF-arm.L"] < kinds["ORG-arm.L"]
    assert kinds["MCH-arm.L"] == kinds["arm_ik.L"] == kinds["arm_twist.L"] == -1


def test_names_are_the_same_in_any_spelling():
    assert squash("Upper_Arm.L") == squash("upperarm-l") == squash("UPPER ARM (L)")
    assert squash("左足ＩＫ") == squash("左足IK")


def test_a_shared_prefix_is_no_part_of_the_name():
    keys = name_keys(rows_for("valve"))
    assert keys["lforearm"] == ("ValveBiped.Bip01_L_Forearm",)
    small = {bone.lower().replace(":", ""): row for bone, row in rows_for("mixamo").items()}
    assert name_keys(small)["leftforearm"] == ("mixamorigleftforearm",)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("LeftArm", "RightArm"),
        ("arm.l", "arm.r"),
        ("lShldr", "rShldr"),
        ("LThumb", "RThumb"),
        ("Palm2L", "Palm2R"),
        ("Bip01 L UpperArm", "Bip01 R UpperArm"),
        ("upper_arm.R.001", "upper_arm.L.001"),
        ("左腕", "右腕"),
        ("LEFT_HAND", "RIGHT_HAND"),
        ("lower", "lower"),
        ("Spine", "Spine"),
    ],
)
def test_the_name_on_the_other_side(name, other):
    assert mirrored_name(name) == other
    assert mirrored_name(other) == name
