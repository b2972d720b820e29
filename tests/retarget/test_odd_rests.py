"""Motion on rigs that lie, sit, leap or lie across their bones at rest, whatever they lack."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from odd_rigs import (
    BACK,
    FRONT,
    HEADSTAND,
    SIDE,
    OddRig,
    Recipe,
    canonical_map,
    in_parts,
    make,
    with_toes,
)
from sample_motions import planted_motion
from sample_rigs import bone_rows, pose, rig_from_rows

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.fit import fit_rig
from retarget.readback import read_joints
from retarget.rig import RigRest
from retarget.rotation import Array
from retarget.solve import solve

A_POSE = {"upper_arm": (0, 45, 0)}
HANGING = {"upper_arm": (0, 80, 0)}
FORWARD = {"upper_arm": (0, 0, -85)}
OVERHEAD = {"clavicle": (0, -25, 0), "upper_arm": (0, -60, 0)}
BENT = {"upper_arm": (0, 40, 0), "forearm": (0, 0, -60), "thigh": (-20, 0, 0), "shin": (30, 0, 0)}
PALMS_FORWARD = {"hand": (-80, 0, 0)}
SITTING = {"thigh": (-85, 0, 0), "shin": (85, 0, 0), **HANGING}
CROUCHING = {
    "hips": (25, 0, 0),
    "spine": (20, 0, 0),
    "chest": (15, 0, 0),
    "neck": (-30, 0, 0),
    "upper_arm": (0, 50, -40),
    "thigh": (-120, 0, 10),
    "shin": (120, 0, 0),
    "foot": (-25, 0, 0),
}
LEAPING = {
    "hips": (42, 5, 10),
    "spine": (0, 0, 10),
    "chest": (-10, 0, 15),
    "neck": (-20, 0, 0),
    "clavicle": (0, -35, 0),
    "upper_arm": (0, -50, -20),
    "thigh.L": (-70, 10, 0),
    "shin.L": (80, 0, 0),
    "thigh.R": (10, 5, 0),
    "shin.R": (50, 0, 0),
    "foot": (35, 0, 0),
}
KNEELING = {"shin": (90, 0, 0), "foot": (40, 0, 0)}


def _fist() -> dict[str, tuple[float, float, float]]:
    curls = {f"{stem}.{k:02d}": 80 for stem in ("index", "fingers") for k in (1, 2, 3)}
    bends = {f"{name}.{side}": (0, c, 0) for name, c in curls.items() for side in "LR"}
    thumb = {f"thumb.02.{side}": (0, 0, 60 if side == "L" else -60) for side in "LR"}
    return bends | thumb


def _no_clavicle_length(rows):
    for side in "LR":
        parent, _, tail = rows[f"clavicle.{side}"]
        rows[f"clavicle.{side}"] = (parent, tail, tail + np.array([0.0, 0.0, 1e-9]))
    return rows


def _with_bones_between(rows):
    made = {}
    for name, (parent, head, tail) in rows.items():
        if name.split(".")[0] in ("forearm", "chest", "hand", "shin"):
            start = rows[parent][1]
            made[f"between.{name}"] = (parent, 0.5 * (start + head) + [0.0, 0.03, 0.0], head)
            parent = f"between.{name}"
        made[name] = (parent, head, tail)
    return made


def _below_a_root(rows):
    """Hips, spine and legs side by side below a bone on the floor."""
    made = {"root": (None, np.zeros(3), np.array([0.0, 0.0, 0.2]))}
    for name, (parent, head, tail) in rows.items():
        below = name in ("hips", "spine", "thigh.L", "thigh.R")
        made[name] = ("root" if below else parent, head, tail)
    return made


def _parts(rows, spine: int = 1, **counts: int):
    for bone, count in {"spine": spine, **counts}.items():
        rows = in_parts(rows, bone, count) if count > 1 else rows
    return rows


def _limbs_in_two(rows):
    for side in "LR":
        for stem in ("upper_arm", "forearm", "thigh", "shin"):
            rows = in_parts(rows, f"{stem}.{side}", 2)
    return rows


def _not_inheriting(rig: RigRest) -> RigRest:
    alone = [bone.split(".")[0] in ("upper_arm", "neck", "shin", "spine") for bone in rig.bones]
    return replace(rig, inherit_rotation=~np.array(alone))


def _scaled_matrices(rig: RigRest) -> RigRest:
    matrices = rig.matrices.copy()
    matrices[:, :3, :3] *= np.linspace(1.0, 7.0, len(matrices))[:, None, None]
    return replace(rig, matrices=matrices)


def _tails_of_importers(rig: RigRest) -> RigRest:
    """Bones at the ends get some length, in a direction of their own."""
    leaves = np.setdiff1d(np.arange(len(rig.bones)), rig.parents)
    tails = rig.tails.copy()
    tails[leaves] = rig.heads[leaves] + [0.0, 0.8, 0.6]
    return replace(rig, tails=tails)


RIGS = {
    "T": Recipe(),
    "A": Recipe(A_POSE),
    "arms hang": Recipe(HANGING),
    "arms forward": Recipe(FORWARD),
    "arms overhead": Recipe(OVERHEAD),
    "elbows and knees bent": Recipe(BENT),
    "palms forward": Recipe(PALMS_FORWARD),
    "fists": Recipe(_fist() | A_POSE),
    "bones across": Recipe(A_POSE, across=True),
    "bones across, all tails alike": Recipe(A_POSE, across=True, seed=None),
    "bones across, fists": Recipe(_fist(), across=True),
    "tails of importers": Recipe(A_POSE, change=_tails_of_importers, across=True),
    "sits": Recipe(SITTING),
    "sits, bones across": Recipe(SITTING, across=True),
    "crouches": Recipe(CROUCHING),
    "leaps": Recipe(LEAPING),
    "leaps, bones across, facing aside": Recipe(LEAPING, faces=90.0, across=True),
    "kneels": Recipe(KNEELING),
    "lies on its back": Recipe(A_POSE, lies=BACK),
    "lies on its front": Recipe(A_POSE, lies=FRONT),
    "lies on its side": Recipe(HANGING, lies=SIDE),
    "lies crouched": Recipe(CROUCHING, lies=FRONT),
    "stands on its head": Recipe(A_POSE, lies=HEADSTAND),
    "y up": Recipe(A_POSE, y_up=True, scale=100.0),
    "y up, lies on its back": Recipe(A_POSE, y_up=True, lies=BACK),
    "facing aside": Recipe(A_POSE, faces=-90.0),
    "facing 35 degrees": Recipe(A_POSE, faces=35.0),
    "tiny": Recipe(A_POSE, scale=0.01),
    "huge": Recipe(HANGING, scale=20.0),
    "spine of two": Recipe(A_POSE, rows=partial(_parts, spine=2)),
    "spine of six": Recipe(CROUCHING, rows=partial(_parts, spine=4, chest=2)),
    "limbs in two": Recipe({"upper_arm.01": (0, 45, 0)}, rows=_limbs_in_two),
    "clavicles without length": Recipe(A_POSE, rows=_no_clavicle_length),
    "bones between": Recipe(A_POSE, rows=_with_bones_between),
    "hips beside spine and legs": Recipe(A_POSE, rows=_below_a_root),
    "hips beside spine and legs, lies": Recipe(A_POSE, rows=_below_a_root, lies=FRONT),
    "rotation not inherited": Recipe(A_POSE, change=_not_inheriting),
    "matrices with a scale": Recipe(A_POSE, change=_scaled_matrices),
}
LACKING = {
    "no clavicles": Recipe(A_POSE, lacks=("clavicle",)),
    "no neck": Recipe(A_POSE, lacks=("neck",)),
    "no fingers": Recipe(A_POSE, lacks=("thumb", "index", "fingers")),
    "thumbs alone": Recipe(PALMS_FORWARD | HANGING, lacks=("index", "fingers")),
    "no legs": Recipe(A_POSE, lacks=("thigh", "shin", "foot", "toe")),
    "no feet": Recipe(SITTING, lacks=("foot", "toe")),
    "no spine": Recipe(A_POSE, lacks=("spine",)),
    "no spine, leaps": Recipe(LEAPING, lacks=("spine", "clavicle", "neck")),
    "no chest": Recipe(CROUCHING, lacks=("chest",)),
    "no fingers, bones across, elbows bent": Recipe(
        {"upper_arm": (-60, 40, 0), "forearm": (0, 0, -60)},
        lacks=("thumb", "index", "fingers"),
        across=True,
    ),
}
MOTION = planted_motion(8, fps=6.0, seed=3)
POSITIONS, WORLD = MOTION.world()
AIMS = {"neck": "head", "upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}
WHOLE = AIMS | {"spine": "chest", "chest": "neck", "clavicle": "upper_arm"}


class Odd:
    """A rig with a motion on it; its bones in canonical axes and metres."""

    def __init__(self, recipe: Recipe) -> None:
        self.rig = make(recipe)
        up = rotation.rotate(self.rig.axes, [0.0, 0.0, 1.0])
        self.fit = fit_rig(self.rig.rest, self.rig.map, up)
        self.posed = pose(self.rig.rest, solve(self.fit, MOTION))
        back = rotation.conjugate(self.rig.axes)
        sizes = np.linalg.norm(self.posed[..., :3, :3], axis=-2, keepdims=True)
        turned = rotation.from_matrix(self.posed[..., :3, :3] / sizes)
        self.turned = rotation.multiply(back, turned)
        self.places = rotation.rotate(back, self.posed[..., :3, 3]) / self.rig.scale

    def row(self, joint: str, bone: int = 0) -> int:
        """Of one of the bones that play a joint."""
        return self.rig.rest.index[self.rig.map.strands[joint][0][bone]]


@cache
def odd(name: str) -> Odd:
    return Odd((RIGS | LACKING)[name])


def joint(name: str) -> Array:
    """Where a joint of the motion is, (T, 3)."""
    return POSITIONS[:, skeleton.INDEX[name]]


def apart(a: Array, b: Array) -> float:
    """Most degrees between rotations."""
    dots = np.clip(np.abs(np.sum(a * b, axis=-1)), 0.0, 1.0)
    return float(np.degrees(2.0 * np.arccos(dots)).max())


def angle(a: Array, b: Array) -> float:
    """Most degrees between directions."""
    a, b = rotation.normalize(a), rotation.normalize(b)
    return float(
        np.degrees(2 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=-1), 0, 1))).max()
    )


@pytest.mark.parametrize("name", [*RIGS, *LACKING])
def test_bones_point_where_the_motion_points(name: str) -> None:
    case = odd(name)
    strands = case.rig.map.strands
    for start in strands:
        stem, _, side = start.partition(".")
        end = (WHOLE if name in RIGS else AIMS).get(stem, "") + (f".{side}" if side else "")
        # A spine of several bones is a curve.
        if end not in strands or (stem in ("spine", "chest") and len(strands[start][0]) > 1):
            continue
        if name == "clavicles without length" and stem == "clavicle":
            continue
        way = case.places[:, case.row(end)] - case.places[:, case.row(start)]
        assert angle(way, joint(end) - joint(start)) < 2.0, start


@pytest.mark.parametrize("name", RIGS)
def test_wrists_are_where_the_motion_has_them(name: str) -> None:
    case = odd(name)
    hips = case.places[:, case.rig.rest.index["hips"]] - joint("hips")
    # Curves of several bones bend otherwise, and shoulders do not go with what has no length.
    limit = 0.03 if "spine of" in name or "without length" in name else 0.01
    for wrist in ("hand.L", "hand.R"):
        off = case.places[:, case.row(wrist)] - hips - joint(wrist)
        assert np.linalg.norm(off, axis=-1).max() < limit


@pytest.mark.parametrize("name", [*RIGS, *LACKING])
def test_hands_and_trunk_are_turned_as_the_motion_has_them(name: str) -> None:
    case = odd(name)
    limits = {"hand": 10.0, **dict.fromkeys(("hips", "spine", "chest", "neck", "head"), 3.0)}
    for played in case.rig.map.strands:
        row = case.row(played, -1)
        wanted = rotation.multiply(WORLD[:, skeleton.INDEX[played]], case.rig.t_pose[row])
        limit = limits.get(played.split(".")[0], 180.1)
        assert apart(wanted, case.turned[:, row]) < limit, played


@pytest.mark.parametrize("name", [*RIGS, *LACKING])
def test_feet_stand_flat_where_the_motions_do(name: str) -> None:
    case = odd(name)
    for foot in ("foot.L", "foot.R"):
        if foot not in case.rig.map.strands:
            continue
        ankle = case.places[:, case.row(foot)]
        assert np.abs(ankle - ankle[0]).max() < 1e-3
        toe = case.places[:, case.rig.rest.index[foot.replace("foot", "toe")]] - ankle
        assert angle(toe, skeleton.TAILS[skeleton.INDEX[foot]] - joint(foot)[0]) < 3.0
        if not case.fit.stands:
            rows = [case.rig.rest.index[bone] for bone in case.fit.map.bones]
            heads = case.rig.rest.heads[rows]
            rest = rotation.rotate(rotation.conjugate(case.rig.axes), heads)
            # The armature's floor, or that of a body which reaches below it.
            floor = min(0.0, rest[:, 2].min()) / case.rig.scale
            assert ankle[0, 2] == pytest.approx(floor + joint(foot)[0, 2], abs=0.02)


@pytest.mark.parametrize("name", [*RIGS, *LACKING])
def test_the_pose_of_an_odd_rig_reads_back_as_the_motion(name: str) -> None:
    case = odd(name)
    rows = [case.rig.rest.index[bone] for bone in case.fit.map.bones]
    objects = np.tile(np.eye(4), (len(MOTION), 1, 1))
    _, turns = read_joints(case.fit, case.posed[:, rows], objects)
    turns = rotation.multiply(rotation.conjugate(case.fit.axes), turns)
    for played in ("hips", "chest", "head", "upper_arm.L", "forearm.R", "hand.L", "foot.L"):
        if played in case.fit.map.strands:
            row = skeleton.INDEX[played]
            # A trunk of one bone leans beside the chest, so that it carries the neck as two do.
            limit = 2.1 if played == "chest" and "spine" not in case.fit.map.strands else 0.1
            assert apart(turns[:, row], WORLD[:, row]) < limit, played


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sits", "legs"),
        ("crouches", "leans by"),
        ("leaps", "leans by"),
        ("lies on its back", "on its back"),
        ("lies on its front", "on its front"),
        ("lies on its side", "on its side"),
        ("stands on its head", "on its head"),
        ("y up, lies on its back", "on its back"),
        ("no fingers", "no fingers"),
    ],
)
def test_what_is_odd_is_said(name: str, said: str) -> None:
    assert any(said in doubt for doubt in odd(name).fit.doubts)


@pytest.mark.parametrize("name", ["T", "A", "y up", "bones across", "facing 35 degrees", "no legs"])
def test_nothing_is_said_of_a_rig_that_stands(name: str) -> None:
    assert odd(name).fit.doubts == ()


def test_without_a_word_on_what_is_up_bodies_along_y_that_face_z_stand() -> None:
    for recipe in (Recipe(A_POSE), Recipe(A_POSE, y_up=True), Recipe(LEAPING, y_up=True)):
        rig = make(recipe)
        assert rotation.to_matrix(fit_rig(rig.rest, rig.map).axes) == pytest.approx(
            rotation.to_matrix(rig.axes), abs=1e-9
        )


def test_a_model_that_stands_keeps_its_own_posture() -> None:
    rig = make(Recipe({"spine": (8, 0, 0), "chest": (-14, 0, 0), "thigh": (0, -9, 0)}))
    fit = fit_rig(rig.rest, rig.map)
    assert fit.stands
    for bone in ("hips", "spine", "chest", "head", "thigh.L", "shin.R", "clavicle.L"):
        rest = fit.rest_rotations[rig.rest.index[bone]]
        assert np.abs(fit.aligned[bone] @ rest) == pytest.approx(1.0, abs=1e-12)


def in_a_row(mirrored: bool) -> RigRest:
    """All bones along x: lengths alone tell one from the other."""
    rows = with_toes(bone_rows(fingers=False))
    rows.pop("baton")
    made = {}
    for name, (parent, head, tail) in rows.items():
        way = np.array([-1.0 if mirrored and name.endswith(".R") else 1.0, 0.0, 0.0])
        length = np.linalg.norm(tail - head)
        start = np.zeros(3)
        if parent:
            start = made[parent][1] + np.linalg.norm(head - rows[parent][1]) * way
        made[name] = (parent, start, start + length * way)
    return rig_from_rows(made)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_rig_whose_bones_lie_in_a_row_points_where_the_motion_points(mirrored: bool) -> None:
    rest = in_a_row(mirrored)
    fit = fit_rig(rest, canonical_map(rest))
    assert any("in a row" in doubt for doubt in fit.doubts)
    places = pose(rest, solve(fit, MOTION))[..., :3, 3]
    ways = [(f"{stem}.{side}", f"{AIMS[stem]}.{side}") for stem in AIMS for side in "LR"]
    for start, end in [*[way for way in ways if way[0] in rest.index], ("neck", "head")]:
        way = places[:, rest.index[end]] - places[:, rest.index[start]]
        if not start.startswith(("thigh", "shin")):
            assert angle(way, joint(end) - joint(start)) < 2.0, start
        else:
            # The legs hang from one place, so that they cannot stand apart.
            assert angle(way, joint(end) - joint(start)) < 20.0, start


def _exchanged(rig: OddRig, *stems: str) -> OddRig:
    strands = {
        skeleton.mirror_name(joint) if not stems or joint.split(".")[0] in stems else joint: found
        for joint, found in rig.map.strands.items()
    }
    return replace(rig, map=replace(rig.map, strands=strands))


@pytest.mark.parametrize("name", ["T", "sits", "leaps", "bones across", "lies on its front"])
def test_sides_the_wrong_way_round_are_refused(name: str) -> None:
    rig = _exchanged(odd(name).rig)
    with pytest.raises(ConductorError, match="are exchanged"):
        fit_rig(rig.rest, rig.map, up=rotation.rotate(rig.axes, [0.0, 0.0, 1.0]))


def test_arms_and_legs_with_different_sides_are_refused() -> None:
    rig = _exchanged(odd("A").rig, "thigh", "shin", "foot")
    with pytest.raises(ConductorError, match="other way round"):
        fit_rig(rig.rest, rig.map)


def test_hips_tied_to_a_root_stay_where_they_are() -> None:
    rows = _below_a_root(with_toes(bone_rows()))
    rows["spine"] = ("hips", *rows["spine"][1:])
    for side in "LR":
        rows[f"thigh.{side}"] = ("hips", *rows[f"thigh.{side}"][1:])
    rest = rig_from_rows(rows, seed=3)
    rest = replace(rest, connected=np.array([bone == "hips" for bone in rest.bones]))
    solution = solve(fit_rig(rest, canonical_map(rest)), MOTION)
    assert np.abs(solution.location).max() == 0.0
    assert "root" not in solution.bones


def test_a_bone_on_the_floor_carries_the_hips() -> None:
    case = odd("hips beside spine and legs")
    assert case.fit.map.strands["hips"] == (("root", "hips"),)
    assert case.places[:, case.rig.rest.index["hips"]] == pytest.approx(MOTION.root, abs=1e-6)
