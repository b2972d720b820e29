"""Armatures as other programs make them, for tests: their real bone names, parents and extra bones.

Each rig is written as a tree: a bone a line, indented below its parent, and after `@` the place of
the body where it starts. A line with `*` stands for both sides; `{s}` is the word for the side.
`+digits` adds the fingers' bones: the pattern of their names, the words for thumb to little finger,
and their numbers. Bones lie sideways, as imported ones do, so that no tail tells anything.
"""

from dataclasses import replace

import numpy as np

from retarget import rotation
from retarget.rig import RigRest

_TRUNK = np.array([[0.0, 0.0, 0.95], [0.0, 0.005, 1.24], [0.0, 0.01, 1.46]])
# Of the left side and the middle, metres; the conductor faces −Y.
PLACES = {
    "ground": (0.0, 0.0, 0.0),
    "hips": (0.0, 0.0, 0.95),
    "centre": (0.0, 0.0, 0.70),
    "neck": (0.0, 0.01, 1.46),
    "neck2": (0.0, 0.0, 1.51),
    "head": (0.0, -0.005, 1.555),
    "top": (0.0, -0.005, 1.75),
    "jaw": (0.0, -0.03, 1.57),
    "chin": (0.0, -0.11, 1.53),
    "back": (0.0, 0.12, 1.30),
    "tail": (0.0, 0.12, 0.97),
    "tail2": (0.0, 0.35, 0.85),
    "tail3": (0.0, 0.55, 0.70),
    "eye": (0.032, -0.088, 1.655),
    "ear": (0.076, 0.0, 1.64),
    "hair": (0.05, 0.09, 1.70),
    "hair2": (0.07, 0.16, 1.45),
    "hair3": (0.08, 0.18, 1.15),
    "hair4": (0.08, 0.18, 0.85),
    "breast": (0.09, -0.12, 1.28),
    "skirt": (0.14, -0.10, 0.93),
    "skirt2": (0.18, -0.16, 0.70),
    "skirt3": (0.21, -0.20, 0.48),
    "skirt4": (0.23, -0.22, 0.28),
    "wing": (0.05, 0.12, 1.35),
    "wing2": (0.45, 0.30, 1.75),
    "wing3": (1.00, 0.40, 1.60),
    "wing4": (1.40, 0.45, 1.20),
    "pelvis": (0.06, 0.0, 0.95),
    "clavicle": (0.02, -0.01, 1.43),
    "upper_arm": (0.18, 0.0, 1.42),
    "upper_arm.3": (0.27, 0.003, 1.42),
    "upper_arm.5": (0.32, 0.004, 1.42),
    "upper_arm.7": (0.38, 0.005, 1.42),
    "forearm": (0.465, 0.008, 1.42),
    "forearm.3": (0.54, 0.006, 1.42),
    "forearm.5": (0.59, 0.004, 1.42),
    "forearm.7": (0.65, 0.002, 1.42),
    "hand": (0.72, 0.0, 1.42),
    "grip": (0.79, -0.02, 1.40),
    "blade": (0.79, -0.50, 1.40),
    "point": (0.79, -1.20, 1.40),
    "thigh": (0.095, 0.0, 0.92),
    "thigh.5": (0.095, -0.007, 0.70),
    "shin": (0.095, -0.012, 0.49),
    "shin.5": (0.095, 0.004, 0.28),
    "foot": (0.095, 0.02, 0.08),
    "toe": (0.10, -0.10, 0.02),
    "toe_end": (0.10, -0.17, 0.02),
    "heel": (0.095, 0.07, 0.02),
    "knee_pole": (0.095, -0.50, 0.49),
    "elbow_pole": (0.465, 0.50, 1.42),
}
# Knuckle, where its bone of the palm starts, lengths, direction.
_DIGITS = (
    ((0.750, -0.026, 1.412), (0.735, -0.015, 1.415), (0.042, 0.032, 0.027), (0.75, -0.60, -0.28)),
    ((0.815, -0.026, 1.420), (0.745, -0.012, 1.420), (0.045, 0.026, 0.022), (1.0, -0.06, 0.0)),
    ((0.818, -0.004, 1.422), (0.746, -0.002, 1.422), (0.048, 0.030, 0.024), (1.0, 0.0, 0.0)),
    ((0.812, 0.016, 1.420), (0.745, 0.008, 1.420), (0.044, 0.028, 0.023), (1.0, 0.05, 0.0)),
    ((0.800, 0.034, 1.416), (0.742, 0.016, 1.416), (0.034, 0.020, 0.019), (1.0, 0.12, 0.0)),
)
_ARM = ("clavicle", "upper_arm", "forearm", "hand", "grip", "blade", "point", "elbow_pole")

Rows = dict[str, tuple[str | None, np.ndarray]]
"""Bone to its parent and head."""


def place(name: str) -> np.ndarray:
    """Where a place is; "trunk.4" is four tenths of the way from the hips to the neck."""
    if name.startswith("trunk."):
        share = float(name[5:])
        return np.array([np.interp(share, [0.0, 0.57, 1.0], _TRUNK[:, i]) for i in range(3)])
    return np.array(PLACES[name])


def digit_places(digit: int) -> list[np.ndarray]:
    """Palm, knuckle, the next two joints and the tip of a left digit, the thumb being 0."""
    knuckle, palm, lengths, way = _DIGITS[digit]
    step = rotation.normalize(np.array(way))
    heads = [np.array(knuckle)]
    for length in lengths:
        heads.append(heads[-1] + length * step)
    return [np.array(palm), *heads]


def rows_of(tree: str, sides: tuple[str, str]) -> Rows:
    """The rows that a tree is written for, with the words for left and right."""
    rows: Rows = {}
    stack: list[tuple[int, str]] = []
    for line in tree.replace("\\\n", "").strip("\n").splitlines():
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while stack and stack[-1][0] >= depth:
            stack.pop()
        text = line.strip()
        parent = stack[-1][1] if stack else None
        if text.startswith("+digits"):
            _add_digits(rows, text.split()[1:], parent, sides)
            continue
        name, at = text.lstrip("*").rsplit("@", 1)
        name = name.strip()
        both = text.startswith("*")
        for side, word in zip((1.0, -1.0), sides, strict=True):
            bone = name.replace("{s}", word)
            above = parent.replace("{s}", word) if parent else None
            head = place(at.strip()) * [side if both else 1.0, 1.0, 1.0]
            rows.setdefault(bone, (above, head))
            if not both:
                break
        stack.append((depth, name))
    return _sorted(rows)


def _add_digits(rows: Rows, words: list[str], parent: str | None, sides: tuple[str, str]) -> None:
    """The bones of `+digits PATTERN thumb,index,… 1,2,3 [palm=PATTERN] [first=1,2]`.

    In a pattern {d} is the digit's word, {k} its place from the thumb on, {n} the bone's number.
    """
    assert parent is not None
    pattern, digits, numbers = words[:3]
    more = dict(word.split("=") for word in words[3:])
    pattern, palm = (text.replace("~", " ") for text in (pattern, more.get("palm", "")))
    for side, word in zip((1.0, -1.0), sides, strict=True):
        hand = parent.replace("{s}", word)
        for k, digit in enumerate(digits.split(",")):
            if digit == "-":
                continue
            places = digit_places(k)
            above = hand
            if palm and k > 0:
                bone = palm.replace("{s}", word).replace("{d}", digit).replace("{k}", str(k))
                rows[bone] = (above, places[0] * [side, 1.0, 1.0])
                above = bone
            chosen = more.get("first", numbers) if k == 0 else numbers
            for number, at in zip(chosen.split(","), places[1:], strict=False):
                bone = pattern.replace("{s}", word).replace("{d}", digit).replace("{n}", number)
                rows[bone] = (above, at * [side, 1.0, 1.0])
                above = bone


def _sorted(rows: Rows) -> Rows:
    """A parent before its children, as the add-on reads them: by how deep they hang."""

    def depth(bone: str) -> int:
        parent = rows[bone][0]
        return 0 if parent is None else 1 + depth(parent)

    return {bone: rows[bone] for bone in sorted(rows, key=depth)}


def lowered(rows: Rows, degrees: float, axis: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Rows:
    """The arms turned about the shoulders: an A-pose about Y, arms forward about Z."""
    turned: Rows = {}
    for bone, (parent, head) in rows.items():
        side = np.sign(head[0])
        shoulder = place("upper_arm") * [side, 1.0, 1.0]
        in_arm = abs(head[0]) > 0.175 and 1.30 < head[2] < 1.50
        if in_arm:
            about = rotation.from_axis_angle(list(axis), np.asarray(np.radians(degrees) * side))
            head = shoulder + rotation.rotate(about, head - shoulder)
        turned[bone] = (parent, head)
    return turned


def build(rows: Rows, *, seed: int = 0, scale: float = 1.0, turn=(1.0, 0.0, 0.0, 0.0)) -> RigRest:
    """The armature with bones that lie any way, scaled and turned about the origin."""
    rng = np.random.default_rng(seed)
    names = tuple(rows)
    index = {name: i for i, name in enumerate(names)}
    heads = rotation.rotate(turn, scale * np.array([row[1] for row in rows.values()]))
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    matrices[:, :3, :3] = rotation.to_matrix(rotation.normalize(rng.normal(size=(len(names), 4))))
    matrices[:, :3, 3] = heads
    return RigRest(
        name="Test rig",
        bones=names,
        parents=np.array([-1 if row[0] is None else index[row[0]] for row in rows.values()]),
        matrices=matrices,
        tails=heads + 0.1 * scale * matrices[:, :3, 1],
        connected=np.zeros(len(names), dtype=bool),
        inherit_rotation=np.ones(len(names), dtype=bool),
    )


def scrambled(rig: RigRest, seed: int = 1) -> tuple[RigRest, dict[str, str]]:
    """The same armature with names that say nothing, and the old name of each new one."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(len(rig.bones))
    names = tuple(f"bone_{number:03d}" for number in numbers)
    return replace(rig, bones=names), dict(zip(names, rig.bones, strict=True))


_HUMAN_IK = """
{p}Hips @hips
  {p}Spine @trunk.2
    {p}Spine1 @trunk.4
      {p}Spine2 @trunk.65
        {p}Neck @neck
          {p}Head @head
            {p}HeadTop_End @top
            *{p}{s}Eye @eye
        *{p}{s}Shoulder @clavicle
          *{p}{s}Arm @upper_arm
            *{p}{s}ForeArm @forearm
              *{p}{s}Hand @hand
                +digits {p}{s}Hand{d}{n} Thumb,Index,Middle,Ring,Pinky 1,2,3,4
  *{p}{s}UpLeg @thigh
    *{p}{s}Leg @shin
      *{p}{s}Foot @foot
        *{p}{s}ToeBase @toe
          *{p}{s}Toe_End @toe_end
"""
_WORDS = ("Left", "Right")
_LETTERS = ("L", "R")
_SMALL = ("l", "r")


def _without(tree: str, *bones: str) -> str:
    """A tree without some lines; what hangs below moves up to their parent."""
    lines, cut = [], []
    for line in tree.strip("\n").splitlines():
        depth = len(line) - len(line.lstrip())
        cut = [c for c in cut if c < depth]
        if any(line.strip().lstrip("*").startswith(f"{bone} @") for bone in bones):
            cut.append(depth)
            continue
        lines.append(line[2 * len(cut) :])
    return "\n".join(lines)


_UNREAL_4 = """
root @ground
  pelvis @hips
    spine_01 @trunk.15
      spine_02 @trunk.35
        spine_03 @trunk.6
          neck_01 @neck
            head @head
          *clavicle_{s} @clavicle
            *upperarm_{s} @upper_arm
              *upperarm_twist_01_{s} @upper_arm.3
              *lowerarm_{s} @forearm
                *lowerarm_twist_01_{s} @forearm.7
                *hand_{s} @hand
                  +digits {d}_0{n}_{s} thumb,index,middle,ring,pinky 1,2,3
    *thigh_{s} @thigh
      *thigh_twist_01_{s} @thigh.5
      *calf_{s} @shin
        *calf_twist_01_{s} @shin.5
        *foot_{s} @foot
          *ball_{s} @toe
  ik_foot_root @ground
    *ik_foot_{s} @foot
  ik_hand_root @ground
    ik_hand_gun @ground
      *ik_hand_{s} @hand
"""
_UNREAL_5 = """
root @ground
  pelvis @hips
    spine_01 @trunk.1
      spine_02 @trunk.25
        spine_03 @trunk.4
          spine_04 @trunk.55
            spine_05 @trunk.75
              neck_01 @neck
                neck_02 @neck2
                  head @head
              *clavicle_{s} @clavicle
                *clavicle_out_{s} @upper_arm
                *upperarm_{s} @upper_arm
                  *upperarm_correctiveRoot_{s} @upper_arm
                  *upperarm_twist_01_{s} @upper_arm.3
                    *upperarm_twistCor_01_{s} @upper_arm.3
                  *upperarm_twist_02_{s} @upper_arm.7
                    *upperarm_bicep_{s} @upper_arm.7
                  *lowerarm_{s} @forearm
                    *lowerarm_twist_02_{s} @forearm.3
                    *lowerarm_twist_01_{s} @forearm.7
                    *hand_{s} @hand
                      *wrist_outer_{s} @hand
                      +digits {d}_0{n}_{s} thumb,index,middle,ring,pinky 1,2,3 \
palm={d}_metacarpal_{s}
    *thigh_{s} @thigh
      *thigh_twist_01_{s} @thigh.5
      *calf_{s} @shin
        *foot_{s} @foot
          *ball_{s} @toe
  ik_foot_root @ground
    *ik_foot_{s} @foot
  ik_hand_root @ground
    ik_hand_gun @ground
      *ik_hand_{s} @hand
  interaction @ground
  center_of_mass @ground
"""
_UNITY = """
Armature @ground
  hips @hips
    spine @trunk.2
      chest @trunk.4
        upperChest @trunk.65
          neck @neck
            head @head
              *{s}Eye @eye
              *hair_front_{s} @hair
                *hair_front2_{s} @hair2
          *{s}Shoulder @clavicle
            *{s}UpperArm @upper_arm
              *{s}LowerArm @forearm
                *{s}Hand @hand
                  +digits {s}{d}{n} Thumb,Index,Middle,Ring,Little Proximal,Intermediate,Distal
          *bust_{s} @breast
    *{s}UpperLeg @thigh
      *{s}LowerLeg @shin
        *{s}Foot @foot
          *{s}Toes @toe
    *skirt_{s}_1 @skirt
      *skirt_{s}_2 @skirt2
        *skirt_{s}_3 @skirt3
          *skirt_{s}_4 @skirt4
"""
_VROID = """
Root @ground
  J_Bip_C_Hips @hips
    J_Bip_C_Spine @trunk.2
      J_Bip_C_Chest @trunk.4
        J_Bip_C_UpperChest @trunk.65
          J_Bip_C_Neck @neck
            J_Bip_C_Head @head
              *J_Adj_{s}_FaceEye @eye
              *J_Sec_Hair1_{s} @hair
                *J_Sec_Hair2_{s} @hair2
                  *J_Sec_Hair3_{s} @hair3
                    *J_Sec_Hair4_{s} @hair4
          *J_Sec_{s}_Bust1 @breast
          *J_Bip_{s}_Shoulder @clavicle
            *J_Bip_{s}_UpperArm @upper_arm
              *J_Bip_{s}_LowerArm @forearm
                *J_Bip_{s}_Hand @hand
                  +digits J_Bip_{s}_{d}{n} Thumb,Index,Middle,Ring,Little 1,2,3
    *J_Bip_{s}_UpperLeg @thigh
      *J_Sec_{s}_SkirtSide1 @skirt
        *J_Sec_{s}_SkirtSide2 @skirt2
      *J_Bip_{s}_LowerLeg @shin
        *J_Bip_{s}_Foot @foot
          *J_Bip_{s}_ToeBase @toe
"""
_BIPED = """
Bip01 @hips
  Bip01 Pelvis @hips
    Bip01 Spine @trunk.15
      Bip01 Spine1 @trunk.4
        Bip01 Spine2 @trunk.65
          Bip01 Neck @neck
            Bip01 Head @head
              Bip01 HeadNub @top
            *Bip01 {s} Clavicle @clavicle
              *Bip01 {s} UpperArm @upper_arm
                *Bip01 {s} Forearm @forearm
                  *Bip01 {s} ForeTwist @forearm
                    *Bip01 {s} ForeTwist1 @forearm.5
                  *Bip01 {s} Hand @hand
                    +digits Bip01~{s}~Finger{d}{n} 0,1,2,3,4 ,1,2
      *Bip01 {s} Thigh @thigh
        *Bip01 {s} Calf @shin
          *Bip01 {s} Foot @foot
            *Bip01 {s} Toe0 @toe
"""
_CC_BASE = """
RL_BoneRoot @ground
  CC_Base_Hip @hips
    CC_Base_Pelvis @hips
      *CC_Base_{s}_Thigh @thigh
        *CC_Base_{s}_ThighTwist01 @thigh
          *CC_Base_{s}_ThighTwist02 @thigh.5
        *CC_Base_{s}_Calf @shin
          *CC_Base_{s}_CalfTwist01 @shin
          *CC_Base_{s}_Foot @foot
            *CC_Base_{s}_ToeBase @toe
    CC_Base_Waist @trunk.15
      CC_Base_Spine01 @trunk.35
        CC_Base_Spine02 @trunk.6
          CC_Base_NeckTwist01 @neck
            CC_Base_NeckTwist02 @neck2
              CC_Base_Head @head
                CC_Base_FacialBone @jaw
                  *CC_Base_{s}_Eye @eye
          *CC_Base_{s}_Breast @breast
          *CC_Base_{s}_Clavicle @clavicle
            *CC_Base_{s}_Upperarm @upper_arm
              *CC_Base_{s}_UpperarmTwist01 @upper_arm
                *CC_Base_{s}_UpperarmTwist02 @upper_arm.5
              *CC_Base_{s}_Forearm @forearm
                *CC_Base_{s}_ForearmTwist01 @forearm
                  *CC_Base_{s}_ForearmTwist02 @forearm.5
                *CC_Base_{s}_Hand @hand
                  +digits CC_Base_{s}_{d}{n} Thumb,Index,Mid,Ring,Pinky 1,2,3
"""
_DAZ_8 = """
hip @hips
  pelvis @hips
    *{s}ThighBend @thigh
      *{s}ThighTwist @thigh.5
        *{s}Shin @shin
          *{s}Foot @foot
            *{s}Metatarsals @foot
              *{s}Toe @toe
  abdomenLower @trunk.1
    abdomenUpper @trunk.3
      chestLower @trunk.5
        chestUpper @trunk.75
          neckLower @neck
            neckUpper @neck2
              head @head
                *{s}Eye @eye
                lowerJaw @jaw
          *{s}Collar @clavicle
            *{s}ShldrBend @upper_arm
              *{s}ShldrTwist @upper_arm.5
                *{s}ForearmBend @forearm
                  *{s}ForearmTwist @forearm.5
                    *{s}Hand @hand
                      +digits {s}{d}{n} Thumb,Index,Mid,Ring,Pinky 1,2,3 palm={s}Carpal{k}
        *{s}Pectoral @breast
"""
_DAZ_9 = """
hip @hips
  pelvis @hips
    *{s}_thigh @thigh
      *{s}_thightwist1 @thigh
      *{s}_shin @shin
        *{s}_foot @foot
          *{s}_toes @toe
  spine1 @trunk.1
    spine2 @trunk.3
      spine3 @trunk.5
        spine4 @trunk.75
          neck1 @neck
            neck2 @neck2
              head @head
                *{s}_eye @eye
          *{s}_shoulder @clavicle
            *{s}_upperarm @upper_arm
              *{s}_upperarmtwist1 @upper_arm
              *{s}_upperarmtwist2 @upper_arm.5
              *{s}_forearm @forearm
                *{s}_forearmtwist1 @forearm
                *{s}_hand @hand
                  +digits {s}_{d}{n} thumb,index,mid,ring,pinky 1,2,3 palm={s}_{d}metacarpal
"""
_MMD = """
全ての親 @ground
  センター @centre
    グルーブ @centre
      腰 @hips
        下半身 @hips
          *{s}足 @thigh
            *{s}ひざ @shin
              *{s}足首 @foot
                *{s}つま先 @toe
          *{s}スカート1 @skirt
            *{s}スカート2 @skirt2
              *{s}スカート3 @skirt3
        上半身 @trunk.2
          上半身2 @trunk.6
            首 @neck
              頭 @head
                *{s}目 @eye
                *{s}髪1 @hair
                  *{s}髪2 @hair2
                    *{s}髪3 @hair3
            *{s}肩P @clavicle
              *{s}肩 @clavicle
                *{s}肩C @upper_arm
                  *{s}腕 @upper_arm
                    *{s}腕捩 @upper_arm.5
                      *{s}ひじ @forearm
                        *{s}手捩 @forearm.5
                          *{s}手首 @hand
                            +digits {s}{d}指{n} 親,人,中,薬,小 １,２,３ first=０,１,２
            *{s}胸 @breast
  *{s}足IK親 @foot
    *{s}足ＩＫ @foot
      *{s}つま先ＩＫ @toe
"""
_MMD_ENGLISH = """
ParentNode @ground
  Center @centre
    Groove @centre
      LowerBody @hips
        *Leg_{s} @thigh
          *Knee_{s} @shin
            *Ankle_{s} @foot
              *LegTipEX_{s} @toe
      UpperBody @trunk.2
        UpperBody2 @trunk.6
          Neck @neck
            Head @head
              *Eye_{s} @eye
          *Shoulder_{s} @clavicle
            *Arm_{s} @upper_arm
              *ArmTwist_{s} @upper_arm.5
                *Elbow_{s} @forearm
                  *HandTwist_{s} @forearm.5
                    *Wrist_{s} @hand
                      +digits {d}{n}_{s} Thumb,IndexFinger,MiddleFinger,RingFinger,LittleFinger \
1,2,3 first=0,1,2
  *LegIK_{s} @foot
"""
_SMPL = """
m_avg_root @ground
  m_avg_Pelvis @hips
    *m_avg_{s}_Hip @thigh
      *m_avg_{s}_Knee @shin
        *m_avg_{s}_Ankle @foot
          *m_avg_{s}_Foot @toe
    m_avg_Spine1 @trunk.15
      m_avg_Spine2 @trunk.35
        m_avg_Spine3 @trunk.5
          m_avg_Neck @neck
            m_avg_Head @head
          *m_avg_{s}_Collar @clavicle
            *m_avg_{s}_Shoulder @upper_arm
              *m_avg_{s}_Elbow @forearm
                *m_avg_{s}_Wrist @hand
                  *m_avg_{s}_Hand @grip
"""
_SMPL_X = """
root @ground
  pelvis @hips
    *{s}_hip @thigh
      *{s}_knee @shin
        *{s}_ankle @foot
          *{s}_foot @toe
    spine1 @trunk.15
      spine2 @trunk.35
        spine3 @trunk.5
          neck @neck
            head @head
              jaw @jaw
              *{s}_eye_smplhf @eye
          *{s}_collar @clavicle
            *{s}_shoulder @upper_arm
              *{s}_elbow @forearm
                *{s}_wrist @hand
                  +digits {s}_{d}{n} thumb,index,middle,ring,pinky 1,2,3
"""
_AUTO_RIG_PRO = """
c_pos @ground
  c_traj @ground
    c_root_master.x @hips
      c_root.x @hips
        root.x @hips
      c_spine_01.x @trunk.2
        spine_01.x @trunk.2
        c_spine_02.x @trunk.5
          spine_02.x @trunk.5
            c_neck.x @neck
              neck.x @neck
                c_head.x @head
                  head.x @head
                    *c_eye.{s} @eye
            *c_shoulder.{s} @clavicle
              *shoulder.{s} @clavicle
                *arm.{s} @upper_arm
                  *arm_twist.{s} @upper_arm
                *arm_ik.{s} @upper_arm
                *c_arm_ik.{s} @upper_arm
            *arm_fk_pre_pole.{s} @upper_arm
              *c_arm_fk.{s} @upper_arm
                *arm_fk.{s} @upper_arm
                *c_forearm_fk.{s} @forearm
                  *forearm_fk.{s} @forearm
                    *c_hand_fk_scale_fix.{s} @hand
                      *c_hand_fk.{s} @hand
                        *hand_fk.{s} @hand
      *c_thigh_b.{s} @thigh
        *c_thigh_fk.{s} @thigh
          *thigh_fk.{s} @thigh
          *c_leg_fk.{s} @shin
            *c_foot_fk.{s} @foot
              *c_toes_fk.{s} @toe
    *arm_stretch.{s} @upper_arm.5
    *forearm_stretch.{s} @forearm
    *forearm.{s} @forearm
      *forearm_twist.{s} @forearm.5
      *hand.{s} @hand
        +digits c_{d}{n}.{s} thumb,index,middle,ring,pinky 1,2,3 palm=c_{d}1_base.{s}
    *thigh_stretch.{s} @thigh
    *leg_stretch.{s} @shin
    *c_hand_ik.{s} @hand
    *c_foot_ik.{s} @foot
    *c_arms_pole.{s} @elbow_pole
    *c_leg_pole.{s} @knee_pole
"""
_AUTO_RIG_PRO_EXPORT = """
root.x @hips
  spine_01.x @trunk.2
    spine_02.x @trunk.5
      neck.x @neck
        head.x @head
      *shoulder.{s} @clavicle
        *arm_stretch.{s} @upper_arm
          *arm_twist.{s} @upper_arm.3
          *forearm_stretch.{s} @forearm
            *forearm_twist.{s} @forearm.5
            *hand.{s} @hand
              +digits c_{d}{n}.{s} thumb,index,middle,ring,pinky 1,2,3
  *thigh_stretch.{s} @thigh
    *thigh_twist.{s} @thigh.5
    *leg_stretch.{s} @shin
      *foot.{s} @foot
        *toes_01.{s} @toe
"""
_CMU = """
Hips @hips
  *{l}HipJoint @pelvis
    *{s}UpLeg @thigh
      *{s}Leg @shin
        *{s}Foot @foot
          *{s}ToeBase @toe
  LowerBack @trunk.1
    Spine @trunk.3
      Spine1 @trunk.6
        Neck @neck
          Neck1 @neck2
            Head @head
        *{s}Shoulder @clavicle
          *{s}Arm @upper_arm
            *{s}ForeArm @forearm
              *{s}Hand @hand
                *{s}FingerBase @grip
                  *{s}HandIndex1 @grip
"""
_BIOVISION = """
Hips @hips
  *{s}Hip @thigh
    *{s}Knee @shin
      *{s}Ankle @foot
        *{s}Toe @toe
  Chest @trunk.15
    Chest2 @trunk.35
      Chest3 @trunk.5
        Chest4 @trunk.7
          Neck @neck
            Head @head
          *{s}Collar @clavicle
            *{s}Shoulder @upper_arm
              *{s}Elbow @forearm
                *{s}Wrist @hand
"""
_XSENS = """
Pelvis @hips
  L5 @trunk.1
    L3 @trunk.3
      T12 @trunk.45
        T8 @trunk.65
          Neck @neck
            Head @head
          *{s}Shoulder @clavicle
            *{s}UpperArm @upper_arm
              *{s}ForeArm @forearm
                *{s}Hand @hand
  *{s}UpperLeg @thigh
    *{s}LowerLeg @shin
      *{s}Foot @foot
        *{s}Toe @toe
"""
_OPTITRACK = """
Skeleton @ground
  Skeleton_Hip @hips
    Skeleton_Ab @trunk.2
      Skeleton_Chest @trunk.6
        Skeleton_Neck @neck
          Skeleton_Head @head
        *Skeleton_{s}Shoulder @clavicle
          *Skeleton_{s}UArm @upper_arm
            *Skeleton_{s}FArm @forearm
              *Skeleton_{s}Hand @hand
                +digits Skeleton_{s}{d}{n} Thumb,Index,Middle,Ring,Pinky 1,2,3
    *Skeleton_{s}Thigh @thigh
      *Skeleton_{s}Shin @shin
        *Skeleton_{s}Foot @foot
          *Skeleton_{s}Toe @toe
"""
_ROKOKO = """
Root @ground
  Hips @hips
    *{s}Thigh @thigh
      *{s}Shin @shin
        *{s}Foot @foot
          *{s}Toe @toe
            *{s}ToeTip @toe_end
    Spine1 @trunk.1
      Spine2 @trunk.3
        Spine3 @trunk.5
          Spine4 @trunk.7
            Neck @neck
              Head @head
            *{s}Shoulder @clavicle
              *{s}Arm @upper_arm
                *{s}ForeArm @forearm
                  *{s}Hand @hand
                    +digits {s}Finger{d}{n} 1,2,3,4,5 Proximal,Medial,Distal,Tip \
palm={s}Finger{d}Metacarpal first=Metacarpal,Proximal,Distal,Tip
"""
_MAKEHUMAN = """
root @hips
  *pelvis.{s} @pelvis
    *upperleg01.{s} @thigh
      *upperleg02.{s} @thigh.5
        *lowerleg01.{s} @shin
          *lowerleg02.{s} @shin.5
            *foot.{s} @foot
              *toe1-1.{s} @toe
                *toe1-2.{s} @toe_end
  spine05 @trunk.05
    spine04 @trunk.2
      spine03 @trunk.4
        spine02 @trunk.6
          spine01 @trunk.8
            neck01 @neck
              neck02 @neck2
                neck03 @neck2
                  head @head
                    jaw @jaw
                    *eye.{s} @eye
            *clavicle.{s} @clavicle
              *shoulder01.{s} @upper_arm
                *upperarm01.{s} @upper_arm
                  *upperarm02.{s} @upper_arm.5
                    *lowerarm01.{s} @forearm
                      *lowerarm02.{s} @forearm.5
                        *wrist.{s} @hand
                          +digits finger{d}-{n}.{s} 1,2,3,4,5 1,2,3 palm=metacarpal{k}.{s}
          *breast.{s} @breast
"""
_ROBOT = """
Bone @ground
  *Foot{s} @foot
  Body @hips
    Hips @hips
      Abdomen @trunk.2
        Torso @trunk.5
          Neck @neck
            Head @head
          *Shoulder{s} @clavicle
            *UpperArm{s} @upper_arm
              *LowerArm{s} @forearm
                *Palm2{s} @hand
                  +digits {d}{n}{s} Thumb,Index,Middle,Ring,- 1,2
      *UpperLeg{s} @thigh
        *LowerLeg{s} @shin
          *LowerLeg{s}_end @foot
  *PoleTarget{s} @knee_pole
"""
_ADVANCED = """
Root_M @hips
  *Hip_{s} @thigh
    *HipPart1_{s} @thigh.5
      *Knee_{s} @shin
        *Ankle_{s} @foot
          *Toes_{s} @toe
  Spine1_M @trunk.3
    Chest_M @trunk.6
      Neck_M @neck
        Head_M @head
      *Scapula_{s} @clavicle
        *Shoulder_{s} @upper_arm
          *ShoulderPart1_{s} @upper_arm.5
            *Elbow_{s} @forearm
              *Wrist_{s} @hand
                +digits {d}Finger{n}_{s} Thumb,Index,Middle,Ring,Pinky 1,2,3,4
"""
_CATS = """
Hips @hips
  Spine @trunk.2
    Chest @trunk.6
      Neck @neck
        Head @head
      *{s} shoulder @clavicle
        *{s} arm @upper_arm
          *{s} elbow @forearm
            *{s} wrist @hand
  *{s} leg @thigh
    *{s} knee @shin
      *{s} ankle @foot
        *{s} toe @toe
"""
_PLAIN = """
Root @ground
  Pelvis @hips
    Spine @trunk.2
      Chest @trunk.6
        Neck @neck
          Head @head
        *Shoulder{j}{s} @clavicle
          *Arm{j}{s} @upper_arm
            *Forearm{j}{s} @forearm
              *Hand{j}{s} @hand
    *Leg{j}{s} @thigh
      *Knee{j}{s} @shin
        *Foot{j}{s} @foot
"""
_NEURON = """
Hips @hips
  *{s}UpLeg @thigh
    *{s}Leg @shin
      *{s}Foot @foot
  Spine @trunk.15
    Spine1 @trunk.3
      Spine2 @trunk.5
        Spine3 @trunk.7
          Neck @neck
            Head @head
          *{s}Shoulder @clavicle
            *{s}Arm @upper_arm
              *{s}ForeArm @forearm
                *{s}Hand @hand
                  +digits {s}Hand{d}{n} Thumb,Index,Middle,Ring,Pinky 1,2,3 palm={s}InHand{d}
"""


def _ik(prefix: str) -> str:
    return _HUMAN_IK.replace("{p}", prefix)


def _cmu() -> Rows:
    tree = _CMU.replace("{l}HipJoint", "{s}HipJoint")
    rows = rows_of(tree, _WORDS)
    short = {"LeftHipJoint": "LHipJoint", "RightHipJoint": "RHipJoint"}
    rows = {short.get(b, b): (short.get(p or "", p), head) for b, (p, head) in rows.items()}
    for side, word in ((1.0, "Left"), (-1.0, "Right")):
        thumb = digit_places(0)[1] * [side, 1.0, 1.0]
        rows[f"{word[0]}Thumb"] = (f"{word}Hand", thumb)
    return _sorted(rows)


def _side_behind(bone: str) -> str:
    """As mmd_tools renames bones: 左腕 becomes 腕.L."""
    return bone[1:] + {"左": ".L", "右": ".R"}[bone[0]] if bone[0] in "左右" else bone


def _underscored(prefix: str) -> str:
    tree = _BIPED.replace("Bip01~", prefix).replace("Bip01 {s} ", f"{prefix}{{s}}_")
    return tree.replace("{s}~", "{s}_").replace("Bip01 ", prefix).replace(f"{prefix}@", "Bip01 @")


RIGS: dict[str, tuple[str, Rows]] = {
    "mixamo": ("mixamo", rows_of(_ik("mixamorig:"), _WORDS)),
    "mixamo, other namespace": ("mixamo", rows_of(_ik("mixamorig1:"), _WORDS)),
    "mixamo of glTF": ("mixamo", rows_of(_ik("mixamorig"), _WORDS)),
    "mixamo with underscores": ("mixamo", rows_of(_ik("mixamorig_"), _WORDS)),
    "mixamo in small letters": ("mixamo", rows_of(_ik("mixamorig").lower(), ("left", "right"))),
    "mixamo with one spine bone": (
        "mixamo",
        rows_of(_without(_ik("mixamorig:"), "mixamorig:Spine1", "mixamorig:Spine2"), _WORDS),
    ),
    "mixamo with two spine bones": (
        "mixamo",
        rows_of(_without(_ik("mixamorig:"), "mixamorig:Spine2"), _WORDS),
    ),
    "ready player me": ("ready_player_me", rows_of(_ik(""), _WORDS)),
    "human ik": ("human_ik", rows_of(_without(_ik(""), "HeadTop_End", "{s}Eye"), _WORDS)),
    "human ik, character 1": ("human_ik", rows_of(_without(_ik("Character1_"), "{s}Eye"), _WORDS)),
    "unreal 4": ("unreal_4", rows_of(_UNREAL_4, _SMALL)),
    "unreal 5": ("unreal_5", rows_of(_UNREAL_5, _SMALL)),
    "vrm with unity's names": ("unity", rows_of(_UNITY, ("left", "right"))),
    "vroid": ("vroid", rows_of(_VROID, _LETTERS)),
    "biped": ("biped", rows_of(_BIPED, _LETTERS)),
    "biped of glTF": ("biped", rows_of(_underscored("Bip001_"), _LETTERS)),
    "valve": ("biped", rows_of(_underscored("ValveBiped.Bip01_"), _LETTERS)),
    "character creator": ("character_creator", rows_of(_CC_BASE, _LETTERS)),
    "daz genesis 8": ("daz_genesis_8", rows_of(_DAZ_8, _SMALL)),
    "daz genesis 9": ("daz_genesis_9", rows_of(_DAZ_9, _SMALL)),
    "mmd": ("mmd", rows_of(_MMD, ("左", "右"))),
    "mmd, sides behind": (
        "mmd",
        {
            _side_behind(bone): (parent and _side_behind(parent), head)
            for bone, (parent, head) in rows_of(_MMD, ("左", "右")).items()
        },
    ),
    "mmd in english": ("mmd_english", rows_of(_MMD_ENGLISH, _LETTERS)),
    "smpl": ("smpl", rows_of(_SMPL, _LETTERS)),
    "smpl x": ("smpl_x", rows_of(_SMPL_X, ("left", "right"))),
    "auto-rig pro": ("auto_rig_pro", rows_of(_AUTO_RIG_PRO, _SMALL)),
    "auto-rig pro export": ("auto_rig_pro_export", rows_of(_AUTO_RIG_PRO_EXPORT, _SMALL)),
    "cmu": ("cmu", _cmu()),
    "biovision": ("biovision", rows_of(_BIOVISION, _WORDS)),
    "xsens": ("xsens", rows_of(_XSENS, _WORDS)),
    "optitrack": ("optitrack", rows_of(_OPTITRACK, _LETTERS)),
    "perception neuron": ("perception_neuron", rows_of(_NEURON, _WORDS)),
    "rokoko": ("rokoko", rows_of(_ROKOKO, _WORDS)),
    "makehuman": ("makehuman", rows_of(_MAKEHUMAN, _LETTERS)),
    "robot expressive": ("robot_expressive", rows_of(_ROBOT, _LETTERS)),
    "advanced skeleton": ("advanced_skeleton", rows_of(_ADVANCED, _LETTERS)),
    "cats": ("cats", rows_of(_CATS, _WORDS)),
    "plain, sides after a dot": ("names", rows_of(_PLAIN.replace("{j}", "."), _LETTERS)),
    "plain, small sides": ("names", rows_of(_PLAIN.replace("{j}", "_").lower(), _SMALL)),
    "plain, words for sides": ("names", rows_of(_PLAIN.replace("{j}", " "), _WORDS)),
}
"""A rig by what it is, with the family it should be found as."""


def rows_for(name: str) -> Rows:
    """The rows of one of `RIGS`."""
    return RIGS[name][1]
