"""Rigs of games and cameras, whose names are those of a family or plain but for something."""

import numpy as np
import pytest
from family_rigs import build, rows_of, scrambled

from retarget import rotation, skeleton, t_pose
from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.ik_controls import solved_pose
from retarget.solve import solve
from retarget.typical_poses import typical_poses

_LETTERS = ("L", "R")
_SECOND_LIFE = """
mPelvis @hips
  mSpine1 @trunk.3
    mSpine2 @hips
      mTorso @trunk.3
        mChest @trunk.6
          mNeck @neck
            mHead @head
          *mCollar{s} @clavicle
            *mShoulder{s} @upper_arm
              *mElbow{s} @forearm
                *mWrist{s} @hand
                  +digits mHand{d}{n}{s} Thumb,Index,Middle,Ring,Pinky 1,2,3
  *mHip{s} @thigh
    *mKnee{s} @shin
      *mAnkle{s} @foot
        *mFoot{s} @toe
          *mToe{s} @toe_end
"""
_KINECT = """
SpineBase @hips
  SpineMid @trunk.4
    SpineShoulder @trunk.8
      Neck @neck
        Head @head
      *Shoulder{s} @upper_arm
        *Elbow{s} @forearm
          *Wrist{s} @hand
            *Hand{s} @grip
  *Hip{s} @thigh
    *Knee{s} @shin
      *Ankle{s} @foot
        *Foot{s} @toe
"""
_BESIDE = """
NPC Root [Root] @ground
  NPC COM [COM ] @hips
    NPC Pelvis [Pelv] @hips
      *NPC {s} Thigh [{s}Thg] @thigh
        *NPC {s} Calf [{s}Clf] @shin
          *NPC {s} Foot [{s}ft ] @foot
    NPC Spine [Spn0] @trunk.15
      NPC Spine1 [Spn1] @trunk.4
        NPC Spine2 [Spn2] @trunk.65
          NPC Neck [Neck] @neck
            NPC Head [Head] @head
          *NPC {s} Clavicle [{s}Clv] @clavicle
            *NPC {s} UpperArm [{s}Uar] @upper_arm
              *NPC {s} Forearm [{s}Lar] @forearm
                *NPC {s} Hand [{s}Hnd] @hand
                  +digits NPC~{s}~Finger{d}{n}~[{s}F{d}{n}] 0,1,2,3,4 0,1,2
"""
_SIMS = """
b__ROOT__ @ground
  b__ROOT_bind__ @hips
    b__Pelvis__ @hips
      *b__{s}_Thigh__ @thigh
        *b__{s}_Calf__ @shin
          *b__{s}_Foot__ @foot
    b__Spine0__ @trunk.15
      b__Spine1__ @trunk.4
        b__Spine2__ @trunk.65
          b__Neck__ @neck
            b__Head__ @head
          *b__{s}_Clavicle__ @clavicle
            *b__{s}_UpperArm__ @upper_arm
              *b__{s}_Forearm__ @forearm
                *b__{s}_Hand__ @hand
                  +digits b__{s}_{d}{n}__ Thumb,Index,Mid,Ring,Pinky 0,1,2
"""
_SHORT_FORMS = """
master_torso @hips
  spine_1_fk @trunk.2
    spine_2_fk @trunk.6
      neck_1_fk @neck
        head_fk @head
      *shoulder_{s} @clavicle
        *arm_fk_{s} @upper_arm
          *forearm_fk_{s} @forearm
            *hand_fk_{s} @hand
              +digits fing_{d}_{n}_{s} thumb,ind,mid,ring,lit 1,2,3
              *sword_{s} @grip
                *blade_{s} @blade
  *thigh_fk_{s} @thigh
    *shin_fk_{s} @shin
      *foot_fk_{s} @foot
"""


def _strands(tree, sides=_LETTERS):
    return detect_rig(build(rows_of(tree, sides))).strands


@pytest.mark.parametrize("tree", [_SECOND_LIFE, _KINECT], ids=["second life", "kinect"])
def test_ankles_and_wrists_with_bones_of_their_own_end_the_limbs(tree):
    prefix = "m" if tree is _SECOND_LIFE else ""
    found = _strands(tree, ("Left", "Right"))
    assert found["foot.L"] == ((f"{prefix}AnkleLeft",),)
    assert found["hand.R"] == ((f"{prefix}WristRight",),)


def test_fingers_numbered_in_two_figures_start_at_the_knuckles():
    found = _strands(_BESIDE)
    assert found["index.L"][0][0] == "NPC L Finger10 [LF10]"
    assert [row[0] for row in found["fingers.R"]] == [
        f"NPC R Finger{k}0 [RF{k}0]" for k in (2, 3, 4)
    ]
    assert found["thumb.L"][0][0] == "NPC L Finger00 [LF00]"


def test_digits_that_a_family_lacks_are_filled_though_hips_are_taken_elsewhere():
    found = _strands(_SIMS)
    assert found["index.L"] == (("b__L_Index0__", "b__L_Index1__", "b__L_Index2__"),)
    assert len(found["fingers.R"]) == 3


def test_short_forms_of_some_digits_are_told_by_their_places_and_no_sword_is():
    found = _strands(_SHORT_FORMS)
    assert found["index.L"][0][0] == "fing_ind_1_L"
    assert [row[0] for row in found["fingers.L"]] == [
        f"fing_{word}_1_L" for word in ("mid", "ring", "lit")
    ]
    assert not any("sword" in bone for rows in found.values() for row in rows for bone in row)


_LOOSE_ENDS = """
Root @ground
  Hips @hips
    Spine1 @trunk.2
      Spine2 @trunk.6
        Neck @neck
          Head @head
        *Shoulder.{s} @clavicle
          *UpperArm.{s} @upper_arm
            *LowerArm.{s} @forearm
    *UpperLeg.{s} @thigh
      *LowerLeg.{s} @shin
  *Hand.{s} @hand
    +digits {d}{n}.{s} Thumb,Index,Middle,Ring,Pinky 1,2,3
  *HandPole.{s} @elbow_pole
  *Foot.{s} @foot
"""
_ONE_TRUNK_BONE = """
Root @ground
  Body @trunk.1
    Head @neck
    *UpperArm.{s} @upper_arm
      *LowerArm.{s} @forearm
        *Hand.{s} @hand
    *UpperLeg.{s} @thigh
      *LowerLeg.{s} @shin
        *Foot.{s} @foot
"""
_BLOCKS = """
root @ground
  body @trunk.1
    head @neck
    *{s}Arm @upper_arm
    *{s}Leg @thigh
"""
_WITH_A_JAW = """
Hips @hips
  Spine @trunk.2
    Chest @trunk.6
      Neck @neck
        Head @head
          Jaw @jaw
      *{s}Shoulder @clavicle
        *{s}UpperArm @upper_arm
          *{s}LowerArm @forearm
            *{s}Hand @hand
              +digits {s}{d}{n} Thumb,Index,Middle,Ring,Little 1,2,3
  *{s}UpperLeg @thigh
    *{s}LowerLeg @shin
      *{s}Foot @foot
        *{s}Toes @toe
"""


def test_hands_and_feet_that_do_not_hang_from_their_limbs_are_found():
    found = _strands(_LOOSE_ENDS)
    assert found["hand.L"] == (("Hand.L",),)
    assert found["foot.R"] == (("Foot.R",),)
    assert found["index.R"][0][0] == "Index1.R"
    assert found["forearm.L"] == (("LowerArm.L",),)


def test_a_bone_that_arms_and_legs_hang_from_is_the_whole_trunk():
    found = _strands(_ONE_TRUNK_BONE)
    assert found["hips"] == (("Body",),)
    assert "chest" not in found
    assert found["head"] == (("Head",),)
    assert found["hand.R"] == (("Hand.R",),)


def test_limbs_of_one_bone_conduct_as_far_as_they_can_and_that_is_told():
    rig_map = detect_rig(build(rows_of(_BLOCKS, ("left", "right"))))
    assert rig_map.strands["upper_arm.L"] == (("leftArm",),)
    assert rig_map.strands["thigh.R"] == (("rightLeg",),)
    assert any("no bones for its forearms, hands, shins and feet" in d for d in rig_map.doubts)


def test_a_jaw_before_the_head_is_not_taken_for_it():
    rig, old = scrambled(build(rows_of(_WITH_A_JAW, ("Left", "Right"))))
    found = detect_rig(rig).strands
    assert [old[bone] for bone in found["neck"][0]] == ["Neck"]
    assert old[found["head"][0][0]] == "Head"


_SPANISH = """
Cadera @hips
  Columna @trunk.2
    Pecho @trunk.6
      Cuello @neck
        Cabeza @head
      *Hombro.{s} @clavicle
        *Brazo.{s} @upper_arm
          *Antebrazo.{s} @forearm
            *Mano.{s} @hand
  *Muslo.{s} @thigh
    *Pantorrilla.{s} @shin
      *Pie.{s} @foot
"""


def test_sides_in_other_languages_come_before_where_modellers_use_to_have_them():
    rows = rows_of(_SPANISH, ("Der", "Izq"))
    assert detect_rig(build(rows)).strands["upper_arm.L"] == (("Brazo.Izq",),)


_LATE_SPINE = """
Hips @hips
  Spine @trunk.3
    Spine1 @trunk.5
      Spine2 @trunk.7
        Neck @neck
          Head @head
        *{s}Shoulder @clavicle
          *{s}Arm @upper_arm
            *{s}ForeArm @forearm
              *{s}Hand @hand
  *{s}UpLeg @thigh
    *{s}Leg @shin
      *{s}Foot @foot
"""


def test_a_spine_that_bends_elsewhere_carries_the_neck_where_ours_does():
    rig = build(rows_of(_LATE_SPINE, ("Left", "Right")))
    fit = fit_rig(rig, detect_rig(rig))
    motion = typical_poses()
    for joint, degrees in (("spine", 3.0), ("chest", 3.0)):
        turn = rotation.from_axis_angle([1.0, 0.0, 0.0], np.asarray(np.radians(degrees)))
        motion.rotations[:, skeleton.INDEX[joint]] = turn
    pose = solved_pose(fit, solve(fit, motion))
    places, turns = motion.world()
    hips, neck = (skeleton.INDEX[joint] for joint in ("hips", "neck"))
    away = (pose.position("Neck") - pose.position("Hips")) / fit.scale
    assert np.linalg.norm(away - places[:, neck] + places[:, hips], axis=-1).max() < 0.005
    chest = rotation.multiply(turns[:, skeleton.INDEX["chest"]], fit.aligned["Spine2"])
    assert np.abs(np.sum(pose.rotation("Spine2") * chest, axis=-1)).min() > 1.0 - 1e-9


def test_arms_of_one_bone_point_to_the_wrists():
    rig = build(rows_of(_BLOCKS, ("left", "right")))
    fit = fit_rig(rig, detect_rig(rig))
    motion = typical_poses()
    pose = solved_pose(fit, solve(fit, motion))
    places, _ = motion.world()
    for side, bone in (("L", "leftArm"), ("R", "rightArm")):
        start, end = (skeleton.INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "hand"))
        way = rotation.normalize(places[:, end] - places[:, start])
        turned = rotation.multiply(pose.rotation(bone), rotation.conjugate(fit.aligned[bone]))
        ours = rotation.rotate(turned, t_pose.canonical_direction(f"upper_arm.{side}"))
        assert np.sum(ours * way, axis=-1).min() > np.cos(np.radians(1.0))
