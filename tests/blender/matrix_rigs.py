"""The rigs of the matrix: what other programs make, and what is odd about some, with what is known
of each: which bone is which, how it is turned in the T-pose, where it stands in the world."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import family_rigs
import numpy as np
import odd_rigs
from odd_rigs import BACK, FRONT, SIDE, Recipe
from sample_rigs import MIXAMO_WORDS, bone_rows, rig_from_rows

from retarget import rotation, skeleton
from retarget.rig import RigRest
from retarget.rotation import Array

Rows = family_rigs.Rows

IDENTITY = rotation.identity(())
# Armature space with y up, as files of other programs have it, and objects that set it upright.
Y_UP = BACK
UPRIGHT = rotation.conjugate(Y_UP)
X_ALONG = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""Columns turn a bone that runs along its y axis into one that runs along its x."""


@dataclass(frozen=True)
class Placed:
    """How an armature object stands in the world: location, rotation (w, x, y, z), scale."""

    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: Array = field(default_factory=lambda: IDENTITY)
    scale: float = 1.0


@dataclass(frozen=True)
class Known:
    """A rig and what is known of it without looking for it.

    Parameters
    ----------
    rest : RigRest
        The armature at rest.
    bones : dict
        What is measured to its bone: canonical joints, and "index.L", "middle.L", "ring.L",
        "pinky.L", "toe.L" … for the first bones of digits and toes.
    t_pose : dict
        Bone to its orientation (4,) in the T-pose, canonical axes, where it is known.
    stand : (4,) array
        Canonical axes to armature space, as it is to stand.
    units : float
        Armature units per metre of a body of 1.75 m.
    place : Placed
        Its object.
    family : str
        As what it is to be found.
    never : frozenset of str
        Bones that must never have a key: hair, skirts, eyes, toes, poles …
    equal : bool
        Whether its proportions are the canonical ones.
    lies : bool
        Whether its hips are elsewhere once it stands.
    hands_by_axis : bool
        Whether hands point along the y axes of their bones, whatever their fingers do.
    toe : (3,) array
        From the left ankle to the toe in the T-pose, canonical axes; the right one is mirrored.
    """

    rest: RigRest
    bones: dict[str, str]
    t_pose: dict[str, Array]
    stand: Array
    units: float
    place: Placed
    family: str
    never: frozenset[str] = frozenset()
    equal: bool = True
    lies: bool = False
    hands_by_axis: bool = False
    toe: Array = field(default_factory=lambda: family_rigs.place("toe") - family_rigs.place("foot"))


# Hips, chest, head, arm, first bones of index, middle, ring and little finger, leg, toe.
_MEASURED = (
    *("hips", "chest", "head", "upper_arm", "forearm", "hand"),
    *("index", "middle", "ring", "pinky", "thigh", "shin", "foot", "toe"),
)
_CENTRE = ("hips", "chest", "head")
_HUMAN_IK = (
    "{p}Hips {p}Spine2 {p}Head {p}{s}Arm {p}{s}ForeArm {p}{s}Hand {p}{s}HandIndex1 "
    "{p}{s}HandMiddle1 {p}{s}HandRing1 {p}{s}HandPinky1 {p}{s}UpLeg {p}{s}Leg {p}{s}Foot "
    "{p}{s}ToeBase"
)
_BIPED = (
    "Bip01|Pelvis Bip01|Spine2 Bip01|Head Bip01|{s}|UpperArm Bip01|{s}|Forearm Bip01|{s}|Hand "
    "Bip01|{s}|Finger1 Bip01|{s}|Finger2 Bip01|{s}|Finger3 Bip01|{s}|Finger4 Bip01|{s}|Thigh "
    "Bip01|{s}|Calf Bip01|{s}|Foot Bip01|{s}|Toe0"
)
_UNREAL = (
    "pelvis spine_0{n} head upperarm_{s} lowerarm_{s} hand_{s} index_01_{s} middle_01_{s} "
    "ring_01_{s} pinky_01_{s} thigh_{s} calf_{s} foot_{s} ball_{s}"
)
_PLAIN = (
    "Pelvis Chest Head Arm{j}{s} Forearm{j}{s} Hand{j}{s} - - - - Leg{j}{s} Knee{j}{s} Foot{j}{s} -"
)
_WORDS, _LETTERS, _SMALL = ("Left", "Right"), ("L", "R"), ("l", "r")
_MMD = (
    "腰 上半身2 頭 {s}腕 {s}ひじ {s}手首 {s}人指１ {s}中指１ {s}薬指１ {s}小指１ "
    "{s}足 {s}ひざ {s}足首 {s}つま先"
)


def _ik(prefix: str, chest: str = "Spine2") -> str:
    return _HUMAN_IK.replace("{p}", prefix).replace("Spine2", chest)


NAMED: dict[str, tuple[str, tuple[str, str]]] = {
    "mixamo": (_ik("mixamorig:"), _WORDS),
    "mixamo, other namespace": (_ik("mixamorig1:"), _WORDS),
    "mixamo of glTF": (_ik("mixamorig"), _WORDS),
    "mixamo with underscores": (_ik("mixamorig_"), _WORDS),
    "mixamo in small letters": (_ik("mixamorig").lower(), ("left", "right")),
    "mixamo with one spine bone": (_ik("mixamorig:", "Spine"), _WORDS),
    "mixamo with two spine bones": (_ik("mixamorig:", "Spine1"), _WORDS),
    "ready player me": (_ik(""), _WORDS),
    "human ik": (_ik(""), _WORDS),
    "human ik, character 1": (_ik("Character1_"), _WORDS),
    "unreal 4": (_UNREAL.replace("{n}", "3"), _SMALL),
    "unreal 5": (_UNREAL.replace("{n}", "5"), _SMALL),
    "vrm with unity's names": (
        "hips upperChest head {s}UpperArm {s}LowerArm {s}Hand {s}IndexProximal {s}MiddleProximal "
        "{s}RingProximal {s}LittleProximal {s}UpperLeg {s}LowerLeg {s}Foot {s}Toes",
        ("left", "right"),
    ),
    "vroid": (
        "J_Bip_C_Hips J_Bip_C_UpperChest J_Bip_C_Head J_Bip_{s}_UpperArm J_Bip_{s}_LowerArm "
        "J_Bip_{s}_Hand J_Bip_{s}_Index1 J_Bip_{s}_Middle1 J_Bip_{s}_Ring1 J_Bip_{s}_Little1 "
        "J_Bip_{s}_UpperLeg J_Bip_{s}_LowerLeg J_Bip_{s}_Foot J_Bip_{s}_ToeBase",
        _LETTERS,
    ),
    "biped": (_BIPED.replace("|", "~"), _LETTERS),
    "biped of glTF": (_BIPED.replace("Bip01|", "Bip001_").replace("|", "_"), _LETTERS),
    "valve": (_BIPED.replace("Bip01|", "ValveBiped.Bip01_").replace("|", "_"), _LETTERS),
    "character creator": (
        "CC_Base_Hip CC_Base_Spine02 CC_Base_Head CC_Base_{s}_Upperarm CC_Base_{s}_Forearm "
        "CC_Base_{s}_Hand CC_Base_{s}_Index1 CC_Base_{s}_Mid1 CC_Base_{s}_Ring1 "
        "CC_Base_{s}_Pinky1 CC_Base_{s}_Thigh CC_Base_{s}_Calf CC_Base_{s}_Foot "
        "CC_Base_{s}_ToeBase",
        _LETTERS,
    ),
    "daz genesis 8": (
        "hip chestUpper head {s}ShldrBend {s}ForearmBend {s}Hand {s}Index1 {s}Mid1 {s}Ring1 "
        "{s}Pinky1 {s}ThighBend {s}Shin {s}Foot {s}Toe",
        _SMALL,
    ),
    "daz genesis 9": (
        "hip spine4 head {s}_upperarm {s}_forearm {s}_hand {s}_index1 {s}_mid1 {s}_ring1 "
        "{s}_pinky1 {s}_thigh {s}_shin {s}_foot {s}_toes",
        _SMALL,
    ),
    "mmd": (_MMD, ("左", "右")),
    "mmd, sides behind": (
        " ".join(word[3:] + ".{s}" if "{s}" in word else word for word in _MMD.split()),
        _LETTERS,
    ),
    "mmd in english": (
        "LowerBody UpperBody2 Head Arm_{s} Elbow_{s} Wrist_{s} IndexFinger1_{s} MiddleFinger1_{s} "
        "RingFinger1_{s} LittleFinger1_{s} Leg_{s} Knee_{s} Ankle_{s} LegTipEX_{s}",
        _LETTERS,
    ),
    "smpl": (
        "m_avg_Pelvis m_avg_Spine3 m_avg_Head m_avg_{s}_Shoulder m_avg_{s}_Elbow m_avg_{s}_Wrist "
        "- - - - m_avg_{s}_Hip m_avg_{s}_Knee m_avg_{s}_Ankle m_avg_{s}_Foot",
        _LETTERS,
    ),
    "smpl x": (
        "pelvis spine3 head {s}_shoulder {s}_elbow {s}_wrist {s}_index1 {s}_middle1 {s}_ring1 "
        "{s}_pinky1 {s}_hip {s}_knee {s}_ankle {s}_foot",
        ("left", "right"),
    ),
    "auto-rig pro": (
        "c_root_master.x c_spine_02.x c_head.x c_arm_fk.{s} c_forearm_fk.{s} c_hand_fk.{s} "
        "c_index1.{s} c_middle1.{s} c_ring1.{s} c_pinky1.{s} c_thigh_fk.{s} c_leg_fk.{s} "
        "c_foot_fk.{s} c_toes_fk.{s}",
        _SMALL,
    ),
    "auto-rig pro export": (
        "root.x spine_02.x head.x arm_stretch.{s} forearm_stretch.{s} hand.{s} c_index1.{s} "
        "c_middle1.{s} c_ring1.{s} c_pinky1.{s} thigh_stretch.{s} leg_stretch.{s} foot.{s} "
        "toes_01.{s}",
        _SMALL,
    ),
    "cmu": (
        _ik("", "Spine1").replace("{s}HandMiddle1 {s}HandRing1 {s}HandPinky1", "- - -"),
        _WORDS,
    ),
    "biovision": (
        "Hips Chest4 Head {s}Shoulder {s}Elbow {s}Wrist - - - - {s}Hip {s}Knee {s}Ankle {s}Toe",
        _WORDS,
    ),
    "xsens": (
        "Pelvis T8 Head {s}UpperArm {s}ForeArm {s}Hand - - - - {s}UpperLeg {s}LowerLeg {s}Foot "
        "{s}Toe",
        _WORDS,
    ),
    "optitrack": (
        "Skeleton_Hip Skeleton_Chest Skeleton_Head Skeleton_{s}UArm Skeleton_{s}FArm "
        "Skeleton_{s}Hand Skeleton_{s}Index1 Skeleton_{s}Middle1 Skeleton_{s}Ring1 "
        "Skeleton_{s}Pinky1 Skeleton_{s}Thigh Skeleton_{s}Shin Skeleton_{s}Foot Skeleton_{s}Toe",
        _LETTERS,
    ),
    "perception neuron": (_ik("", "Spine3").replace("{s}ToeBase", "-"), _WORDS),
    "rokoko": (
        "Hips Spine4 Head {s}Arm {s}ForeArm {s}Hand {s}Finger2Proximal {s}Finger3Proximal "
        "{s}Finger4Proximal {s}Finger5Proximal {s}Thigh {s}Shin {s}Foot {s}Toe",
        _WORDS,
    ),
    "makehuman": (
        "root spine01 head upperarm01.{s} lowerarm01.{s} wrist.{s} finger2-1.{s} finger3-1.{s} "
        "finger4-1.{s} finger5-1.{s} upperleg01.{s} lowerleg01.{s} foot.{s} toe1-1.{s}",
        _LETTERS,
    ),
    "robot expressive": (
        "Hips Torso Head UpperArm{s} LowerArm{s} Palm2{s} Index1{s} Middle1{s} Ring1{s} - "
        "UpperLeg{s} LowerLeg{s} - -",
        _LETTERS,
    ),
    "advanced skeleton": (
        "Root_M Chest_M Head_M Shoulder_{s} Elbow_{s} Wrist_{s} IndexFinger1_{s} MiddleFinger1_{s} "
        "RingFinger1_{s} PinkyFinger1_{s} Hip_{s} Knee_{s} Ankle_{s} Toes_{s}",
        _LETTERS,
    ),
    "cats": (
        "Hips Chest Head {s}~arm {s}~elbow {s}~wrist - - - - {s}~leg {s}~knee {s}~ankle {s}~toe",
        _WORDS,
    ),
    "plain, sides after a dot": (_PLAIN.replace("{j}", "."), _LETTERS),
    "plain, small sides": (_PLAIN.replace("{j}", "_").lower(), _SMALL),
    "plain, words for sides": (_PLAIN.replace("{j}", "~"), _WORDS),
}
"""Which bones of a rig of `family_rigs` are measured, and its words for the sides."""

# What nobody plays, by its place.
_NEVER = (
    *("top", "jaw", "chin", "tail", "eye", "ear", "hair", "hair2", "hair3", "hair4", "breast"),
    *("skirt", "skirt2", "skirt3", "skirt4", "toe", "toe_end", "heel", "knee_pole", "elbow_pole"),
)


def measured_bones(name: str) -> dict[str, str]:
    """What is measured of a rig of `NAMED`, to its bone."""
    pattern, sides = NAMED[name]
    bones = {}
    for joint, word in zip(_MEASURED, pattern.split(), strict=True):
        if word == "-":
            continue
        word = word.replace("~", " ")
        if joint in _CENTRE:
            bones[joint] = word
            continue
        for side, letter in zip(sides, "LR", strict=True):
            bones[f"{joint}.{letter}"] = word.replace("{s}", side)
    return bones


def never_keyed(rows: Rows) -> frozenset[str]:
    """The bones of rows that stand where nobody plays anything."""
    places = np.array([family_rigs.PLACES[name] for name in _NEVER])
    places = np.concatenate([places, places * [-1.0, 1.0, 1.0]])
    return frozenset(
        bone
        for bone, (_, head) in rows.items()
        if np.linalg.norm(places - head, axis=1).min() < 1e-9
    )


def from_rows(
    rows: Rows,
    bones: dict[str, str],
    family: str,
    *,
    lay: str = "along",
    arms: tuple[float, tuple[float, float, float]] = (0.0, (0.0, 1.0, 0.0)),
    stand: Array = IDENTITY,
    units: float = 1.0,
    place: Placed | None = None,
    seed: int = 0,
) -> Known:
    """A rig of rows in the T-pose.

    Parameters
    ----------
    lay : str
        How its bones lie: "along" their y axes, "x along", all "alike", or "random".
    arms : (degrees, axis)
        How far the left arm is turned about the shoulder at rest, the right one mirrored.
    """
    degrees, axis = arms
    rows = _with_hands_in_line(rows, bones)
    lowered = family_rigs.lowered(rows, degrees, axis)
    ways = _ways(rows, bones)
    # What an arm's bones run along goes down with the arm; axes that are all alike do not.
    down = np.array([_lowering(head, degrees, axis) for _, head in rows.values()])
    turns = _laid(rotation.rotate(down, ways), lay, stand, seed)
    t_pose = dict(zip(rows, rotation.multiply(rotation.conjugate(down), turns), strict=True))
    index = {bone: i for i, bone in enumerate(rows)}
    matrices = np.tile(np.eye(4), (len(rows), 1, 1))
    matrices[:, :3, :3] = rotation.to_matrix(rotation.multiply(stand, turns))
    heads = np.array([head for _, head in lowered.values()])
    matrices[:, :3, 3] = units * rotation.rotate(stand, heads)
    lengths = units * np.linalg.norm(ways, axis=-1)
    rest = RigRest(
        name="Test rig",
        bones=tuple(rows),
        parents=np.array([-1 if p is None else index[p] for p, _ in rows.values()]),
        matrices=matrices,
        tails=matrices[:, :3, 3] + lengths[:, None] * matrices[:, :3, 1],
        connected=np.zeros(len(rows), dtype=bool),
        inherit_rotation=np.ones(len(rows), dtype=bool),
    )
    return Known(
        *(rest, bones, t_pose, stand, units, place or Placed(), family, never_keyed(rows)),
    )


def _with_hands_in_line(rows: Rows, bones: dict[str, str]) -> Rows:
    """Rows whose hands' ends, where these have no fingers, lie in the hands' line."""
    made = dict(rows)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        grip = family_rigs.place("grip") * [sign, 1.0, 1.0]
        end = family_rigs.place("hand") * [sign, 1.0, 1.0] + [0.09 * sign, 0.0, 0.0]
        for bone, (parent, head) in rows.items():
            if f"middle.{side}" not in bones and np.allclose(head, grip):
                made[bone] = (parent, end)
    return made


def _ways(rows: Rows, bones: dict[str, str]) -> Array:
    """Where each bone runs to, from its head, metres: to what hangs from it, else on, (B, 3)."""
    children: dict[str, list[str]] = {bone: [] for bone in rows}
    for bone, (parent, _) in rows.items():
        if parent is not None:
            children[parent].append(bone)
    hands = {bones[f"hand.{side}"]: bones.get(f"middle.{side}") for side in "LR"}
    ways: dict[str, Array] = {}
    for bone, (parent, head) in rows.items():
        below = [rows[child][1] - head for child in children[bone]]
        below = [way for way in below if np.linalg.norm(way) > 0.005]
        inside = [way for way in below if abs(head[0] + way[0]) < 1e-6] if head[0] == 0.0 else []
        if hands.get(bone):
            ways[bone] = rows[hands[bone]][1] - head
        elif bone in hands:
            ways[bone] = np.array([np.copysign(0.09, head[0]), 0.0, 0.0])
        elif inside:
            # In the middle of the body what leads up, not to the eyes.
            ways[bone] = max(inside, key=lambda way: float(way[2]))
        elif below:
            ways[bone] = below[0]
        else:
            ways[bone] = np.array([0.0, 0.0, 0.2]) if parent is None else 0.7 * ways[parent]
    return np.array(list(ways.values()))


def _lowering(head: Array, degrees: float, axis: tuple[float, float, float]) -> Array:
    """How `family_rigs.lowered` turns what starts at a place of the T-pose."""
    in_arm = abs(head[0]) > 0.175 and 1.30 < head[2] < 1.50
    angle = np.radians(degrees) * np.sign(head[0]) if in_arm else 0.0
    return rotation.from_axis_angle(list(axis), np.asarray(angle))


def _laid(ways: Array, lay: str, stand: Array, seed: int) -> Array:
    """Orientations (B, 4) of bones that run along ways, canonical axes."""
    rng = np.random.default_rng(seed)
    if lay == "alike":
        return np.tile(rotation.conjugate(stand), (len(ways), 1))
    if lay == "random":
        return rotation.normalize(rng.normal(size=(len(ways), 4)))
    along = rotation.between([0.0, 1.0, 0.0], ways)
    rolls = rotation.from_axis_angle([0.0, 1.0, 0.0], rng.uniform(-np.pi, np.pi, len(ways)))
    turns = rotation.multiply(along, rolls)
    if lay == "x along":
        turns = rotation.multiply(turns, rotation.from_matrix(X_ALONG))
    return turns


def from_recipe(recipe: Recipe, place: Placed | None = None, *, lies: bool = False) -> Known:
    """A rig of `odd_rigs`, with Mixamo's names."""
    rig = odd_rigs.make(replace(recipe, lacks=(*recipe.lacks, "baton")))
    names = {bone: mixamo_name(bone) for bone in rig.rest.bones}
    stems = {"index": "index.01", "middle": "fingers.01"}
    bones = {}
    for joint in _MEASURED:
        stem = stems.get(joint, joint)
        for side in ("",) if joint in _CENTRE else (".L", ".R"):
            if f"{stem}{side}" in names:
                bones[f"{joint}{side}"] = names[f"{stem}{side}"]
    return Known(
        rest=replace(rig.rest, bones=tuple(names.values())),
        bones=bones,
        t_pose=dict(zip(names.values(), rig.t_pose, strict=True)),
        stand=rig.axes,
        units=rig.scale,
        place=place or Placed(),
        family="mixamo",
        never=frozenset(names[bone] for bone in names if bone.startswith("toe")),
        lies=lies,
        toe=skeleton.TAILS[skeleton.INDEX["foot.L"]] - skeleton.REST[skeleton.INDEX["foot.L"]],
    )


def mixamo_name(bone: str) -> str:
    """Mixamo's name of a bone of our own rigs."""
    stem, _, rest = bone.partition(".")
    word = {"L": "Left", "R": "Right"}.get(bone[-1] if rest else "", "")
    digits = {"thumb": "Thumb", "index": "Index", "fingers": "Middle"}
    if stem in digits:
        return f"mixamorig:{word}Hand{digits[stem]}{int(rest[:2])}"
    return f"mixamorig:{word}{MIXAMO_WORDS.get(stem, {'toe': 'ToeBase'}.get(stem, stem))}"


def nameless(known: Known) -> Known:
    """The same rig with names that say nothing."""
    rest, old = family_rigs.scrambled(known.rest)
    new = {was: name for name, was in old.items()}
    return replace(
        known,
        rest=rest,
        bones={joint: new[bone] for joint, bone in known.bones.items()},
        t_pose={new[bone]: turn for bone, turn in known.t_pose.items()},
        never=frozenset(new[bone] for bone in known.never),
        family="structure",
    )


def _about(axis: tuple[float, float, float], degrees: float) -> Array:
    return rotation.from_axis_angle(list(axis), np.asarray(np.radians(degrees)))


ASKEW = rotation.normalize(np.array([0.3, 0.5, -0.6, 0.4]))
CENTIMETRES = {"stand": Y_UP, "units": 100.0, "place": Placed(rotation=UPRIGHT, scale=0.01)}
"""As FBX files come in: y up, in centimetres, set upright and scaled by the object."""
A_POSE = {"arms": (45.0, (0.0, 1.0, 0.0))}

# How other programs' files lie in Blender after import.
_AS_IMPORTED: dict[str, dict[str, Any]] = {
    "mixamo": CENTIMETRES,
    "mixamo of glTF": {"lay": "alike"},
    "mixamo with underscores": A_POSE,
    "mixamo in small letters": {"lay": "random", **CENTIMETRES},
    "ready player me": {"lay": "random"},
    "unreal 4": {"lay": "x along", **CENTIMETRES, **A_POSE},
    "unreal 5": {"lay": "x along", **A_POSE},
    "vrm with unity's names": {"lay": "alike", "place": Placed(rotation=_about((0, 0, 1), 180))},
    "vroid": {"stand": _about((0, 0, 1), 180)},
    "biped": {"lay": "x along", **CENTIMETRES},
    "biped of glTF": {"lay": "random", "stand": Y_UP, "place": Placed(rotation=UPRIGHT)},
    "valve": {"lay": "x along", "units": 40.0, "place": Placed(scale=0.0254)},
    "character creator": {**CENTIMETRES, "arms": (35.0, (0.0, 1.0, 0.0))},
    "daz genesis 8": {"lay": "x along", "arms": (40.0, (0.0, 1.0, 0.0))},
    "mmd": {"arms": (38.0, (0.0, 1.0, 0.0)), "units": 0.08 * 12.5},
    "mmd in english": {"arms": (38.0, (0.0, 1.0, 0.0))},
    "smpl": {"lay": "alike", "stand": Y_UP, "place": Placed(rotation=UPRIGHT)},
    "smpl x": {"lay": "alike", "stand": Y_UP, "place": Placed(rotation=UPRIGHT)},
    "cmu": {"lay": "alike", "units": 5.6, "place": Placed(rotation=UPRIGHT), "stand": Y_UP},
    "biovision": {"arms": (85.0, (0.0, 1.0, 0.0)), "units": 39.0},
    "xsens": {"arms": (80.0, (0.0, 1.0, 0.0))},
    "robot expressive": {"lay": "random", "units": 2.0},
    "makehuman": {"arms": (40.0, (0.0, 1.0, 0.0)), "units": 10.0},
    "plain, small sides": {"place": Placed((3.0, -1.0, 0.5), _about((0, 0, 1), 115.0), 1.7)},
}


def as_imported(name: str) -> Known:
    """A rig of `family_rigs` as its file lies in Blender."""
    family, rows = family_rigs.RIGS[name]
    seed = sorted(family_rigs.RIGS).index(name)
    return from_rows(rows, measured_bones(name), family, seed=seed, **_AS_IMPORTED.get(name, {}))


def makehuman_game_engine() -> Known:
    """Unreal's names without twist and IK bones."""
    rows = {
        bone: row
        for bone, row in family_rigs.rows_for("unreal 4").items()
        if "twist" not in bone and not bone.startswith("ik_")
    }
    return from_rows(rows, measured_bones("unreal 4"), "unreal_4", arms=(40.0, (0.0, 1.0, 0.0)))


def spine_of(count: int) -> Known:
    """Mixamo's names with so many bones between hips and neck."""
    rows: Rows = {}
    spine = [f"mixamorig:Spine{k or ''}" for k in range(count)]
    for bone, (parent, head) in family_rigs.rows_for("mixamo").items():
        if "Spine" in bone:
            continue
        rows[bone] = (spine[-1] if parent and "Spine" in parent else parent, head)
    for k, bone in enumerate(spine):
        above = spine[k - 1] if k else "mixamorig:Hips"
        rows[bone] = (above, family_rigs.place(f"trunk.{round(900 * (k + 1) / (count + 1)):03d}"))
    bones = measured_bones("mixamo") | {"chest": spine[-1]}
    return from_rows(family_rigs._sorted(rows), bones, "mixamo", seed=count)


def lacking(*stems: str) -> Known:
    """A Mixamo rig without some bones; what hung from them hangs from what they hung from."""
    rows = dict(family_rigs.rows_for("mixamo"))
    gone = {bone for bone in rows if any(stem in bone for stem in stems)}
    kept: Rows = {}
    for bone, (parent, head) in rows.items():
        while parent in gone:
            parent = rows[parent][0]
        if bone not in gone:
            kept[bone] = (parent, head)
    bones = {j: bone for j, bone in measured_bones("mixamo").items() if bone in kept}
    return from_rows(kept, bones, "mixamo", seed=5, **A_POSE)


HANGING = {"upper_arm": (0.0, 80.0, 0.0)}
SITTING = {"thigh": (-85.0, 0.0, 0.0), "shin": (85.0, 0.0, 0.0), **HANGING}
CROUCHING = {
    "hips": (25.0, 0.0, 0.0),
    "spine": (20.0, 0.0, 0.0),
    "chest": (15.0, 0.0, 0.0),
    "neck": (-30.0, 0.0, 0.0),
    "upper_arm": (0.0, 50.0, -40.0),
    "thigh": (-120.0, 0.0, 10.0),
    "shin": (120.0, 0.0, 0.0),
    "foot": (-25.0, 0.0, 0.0),
}
LEAPING = {
    "hips": (42.0, 5.0, 10.0),
    "spine": (0.0, 0.0, 10.0),
    "chest": (-10.0, 0.0, 15.0),
    "neck": (-20.0, 0.0, 0.0),
    "clavicle": (0.0, -35.0, 0.0),
    "upper_arm": (0.0, -50.0, -20.0),
    "thigh.L": (-70.0, 10.0, 0.0),
    "shin.L": (80.0, 0.0, 0.0),
    "thigh.R": (10.0, 5.0, 0.0),
    "shin.R": (50.0, 0.0, 0.0),
    "foot": (35.0, 0.0, 0.0),
}


def in_a_row() -> Known:
    """All bones along x at rest: nothing but their lengths tells one from the other."""
    t_rows = odd_rigs.with_toes(bone_rows())
    t_rows.pop("baton")
    made: dict[str, Any] = {}
    turns = {}
    for bone, (parent, head, tail) in t_rows.items():
        way = np.array([-1.0 if bone.endswith(".R") else 1.0, 0.0, 0.0])
        start = np.zeros(3)
        if parent:
            start = made[parent][1] + np.linalg.norm(head - t_rows[parent][1]) * way
        made[bone] = (parent, start, start + np.linalg.norm(tail - head) * way)
        turns[bone] = way
    names = {bone: mixamo_name(bone) for bone in made}
    rest = replace(rig_from_rows(made), bones=tuple(names.values()))
    bones = {
        f"{joint}.{side}": mixamo_name(f"{joint}.{side}")
        for joint in ("upper_arm", "forearm", "hand")
        for side in "LR"
    }
    return Known(rest, bones, {}, IDENTITY, 1.0, Placed(), "mixamo", equal=False, lies=True)


def with_controls(known: Known) -> Known:
    """The rig with bones that inverse kinematics can follow: "target.hand.L", "pole.hand.L" and the
    same for the feet."""
    rest = known.rest
    names, matrices = list(rest.bones), list(rest.matrices)
    forward = rotation.rotate(known.stand, [0.0, -0.6 * known.units, 0.0])
    for side in "LR":
        for end, middle, way in (("hand", "forearm", -forward), ("foot", "shin", forward)):
            target = rest.matrices[rest.index[known.bones[f"{end}.{side}"]]]
            pole = np.eye(4)
            pole[:3, 3] = rest.heads[rest.index[known.bones[f"{middle}.{side}"]]] + way
            names += [f"target.{end}.{side}", f"pole.{end}.{side}"]
            matrices += [target, pole]
    added = len(names) - len(rest.bones)
    stacked = np.array(matrices)
    ends = stacked[-added:, :3, 3] + 0.1 * known.units * stacked[-added:, :3, 1]
    rest = RigRest(
        name=rest.name,
        bones=tuple(names),
        parents=np.concatenate([rest.parents, np.full(added, -1)]),
        matrices=stacked,
        tails=np.concatenate([rest.tails, ends]),
        connected=np.concatenate([rest.connected, np.zeros(added, dtype=bool)]),
        inherit_rotation=np.concatenate([rest.inherit_rotation, np.ones(added, dtype=bool)]),
    )
    return replace(known, rest=rest)


_FINGERS = ("HandIndex", "HandMiddle", "HandRing", "HandPinky")


def auto_rig_pro() -> Known:
    """Its controls; what constraints alone hold has no parent."""
    family, rows = family_rigs.RIGS["auto-rig pro"]
    held = {f"arm_fk_pre_pole.{side}" for side in "lr"}
    rows = {b: (None if b in held else parent, head) for b, (parent, head) in rows.items()}
    return from_rows(rows, measured_bones("auto-rig pro"), family)


def with_bones_between() -> Known:
    """A Mixamo rig with bones in its chains that nobody plays."""
    rows: Rows = {}
    above = {"mixamorig:Spine2": "Extra"}
    for word in _WORDS:
        above[f"mixamorig:{word}Arm"] = f"Extra{word}"
    for bone, (parent, head) in family_rigs.rows_for("mixamo").items():
        if bone in above:
            rows[above[bone]] = (parent, head + np.array([0.0, 0.01, 0.0]))
            parent = above[bone]
        rows[bone] = (parent, head)
    return from_rows(rows, measured_bones("mixamo"), "mixamo", seed=8)


KNOWN: dict[str, Callable[[], Known]] = {
    **{name: partial(as_imported, name) for name in NAMED if name != "auto-rig pro"},
    "makehuman, game engine": makehuman_game_engine,
    **{f"spine of {count}": partial(spine_of, count) for count in (1, 2, 4, 6)},
    "without clavicles": lambda: replace(lacking("Shoulder"), equal=False),
    "without a neck": partial(lacking, "Neck"),
    "without fingers": partial(lacking, "HandThumb", *_FINGERS),
    "with thumbs alone": partial(lacking, *_FINGERS),
    "arms hang": partial(from_recipe, Recipe(HANGING)),
    "arms forward": partial(from_recipe, Recipe({"upper_arm": (0.0, 0.0, -85.0)})),
    "sits": partial(from_recipe, Recipe(SITTING), lies=True),
    "crouches": partial(from_recipe, Recipe(CROUCHING), lies=True),
    "leaps": partial(from_recipe, Recipe(LEAPING, across=True), lies=True),
    "lies on its back": partial(
        from_recipe, Recipe({"upper_arm": (0.0, 45.0, 0.0)}, lies=BACK), lies=True
    ),
    "lies on its front": partial(from_recipe, Recipe(CROUCHING, lies=FRONT), lies=True),
    "lies on its side": partial(from_recipe, Recipe(HANGING, lies=SIDE), lies=True),
    "lies, y up": partial(
        from_recipe,
        Recipe({"upper_arm": (0.0, 45.0, 0.0)}, y_up=True, lies=BACK, scale=100.0),
        Placed(rotation=UPRIGHT, scale=0.01),
        lies=True,
    ),
    "bones in a row": in_a_row,
    "a hundredth in size": partial(
        from_recipe, Recipe({"upper_arm": (0.0, 45.0, 0.0)}), Placed(scale=0.01)
    ),
    "twenty times as large": partial(
        from_recipe, Recipe(HANGING, across=True), Placed((40.0, 0.0, -3.0), scale=20.0)
    ),
    "a hundred units tall": partial(from_recipe, Recipe({}, scale=60.0)),
    "object turned any way": partial(
        from_recipe,
        Recipe({"upper_arm": (0.0, 45.0, 0.0)}),
        Placed((1.0, 2.0, 3.0), ASKEW, 0.5),
    ),
    "facing 35 degrees": partial(from_recipe, Recipe(HANGING, faces=35.0)),
    **{
        f"nameless: {name}": partial(lambda name: nameless(as_imported(name)), name)
        for name in ("unreal 5", "vroid", "mmd", "daz genesis 8", "makehuman")
    },
}
"""A rig of the matrix by its name."""
