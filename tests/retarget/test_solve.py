"""Motion to bone rotations and back, on rigs that differ in everything rigs differ in."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from family_rigs import build, rows_for
from sample_motions import planted_motion
from sample_rigs import bone_rows, pose, rig_from_rows

from retarget import rotation, skeleton
from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.fit import fit_rig
from retarget.readback import read_joints, rest_joints
from retarget.solve import rest_motion, solve

_Y_UP = rotation.from_axis_angle([1.0, 0.0, 0.0], np.asarray(-np.pi / 2))
_TURNED = rotation.from_axis_angle([0.0, 0.0, 1.0], np.asarray(np.pi / 2))

RIGS = {
    "as it is": rig_from_rows(bone_rows()),
    "rolled bones": rig_from_rows(bone_rows(), seed=1),
    "arms lowered": rig_from_rows(bone_rows(lowered=45.0), seed=2),
    "arms hanging": rig_from_rows(bone_rows(lowered=80.0), seed=3),
    "centimetres, Y up": rig_from_rows(bone_rows(lowered=30.0), seed=4, scale=100, turn=_Y_UP),
    "facing +X": rig_from_rows(bone_rows(), seed=5, turn=_TURNED),
    "long legs": rig_from_rows(bone_rows(legs=1.2, lowered=20.0), seed=6),
    "short legs and arms": rig_from_rows(bone_rows(legs=0.7, arms=0.8), seed=7),
    "no fingers": rig_from_rows(bone_rows(fingers=False), seed=8),
}
AIMS = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}


def _fit(rig):
    return fit_rig(rig, detect_rig(rig))


def _angle(a, b):
    """Degrees between directions."""
    a, b = rotation.normalize(a), rotation.normalize(b)
    return np.degrees(2 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=-1), 0, 1)))


def _to_canonical(fit, vectors):
    return rotation.rotate(rotation.conjugate(fit.axes), vectors)


@pytest.fixture(scope="module")
def motion():
    return planted_motion(90, seed=3)


@pytest.fixture(scope="module", params=list(RIGS), name="case")
def _case(request, motion):
    """A rig with the motion on it: armature-space matrices, and heads in the canonical axes."""
    rig = RIGS[request.param]
    fit = _fit(rig)
    solution = solve(fit, motion)
    posed = pose(rig, solution)
    heads = _to_canonical(fit, posed[..., :3, 3])
    return SimpleNamespace(rig=rig, fit=fit, solution=solution, posed=posed, heads=heads)


def test_arms_point_where_the_motion_points(case, motion):
    rig, heads = case.rig, case.heads
    positions = motion.joints_3d()
    for side in "LR":
        for stem in ("upper_arm", "forearm"):
            start, end = f"{stem}.{side}", f"{AIMS[stem]}.{side}"
            ours = heads[:, rig.index[end]] - heads[:, rig.index[start]]
            theirs = positions[:, skeleton.INDEX[end]] - positions[:, skeleton.INDEX[start]]
            assert _angle(ours, theirs).max() < 0.01, start


def test_hands_have_the_motions_roll(case, motion):
    if "index.01.L" not in case.rig.index:
        pytest.skip("without fingers the roll of the hand is the modeller's")
    rig, heads = case.rig, case.heads
    positions = motion.joints_3d()
    for side in "LR":
        knuckles = [f"index.{side}", f"fingers.{side}"]
        ours = np.subtract(*(heads[:, rig.index[k.replace(".", ".01.")]] for k in knuckles))
        theirs = np.subtract(*(positions[:, skeleton.INDEX[k]] for k in knuckles))
        assert _angle(ours, theirs).max() < 0.01


def test_a_fingers_chord_points_where_the_joint_does(case, motion):
    if "index.01.L" not in case.rig.index:
        pytest.skip("no fingers")
    rig, fit, posed = case.rig, case.fit, case.posed
    _, world = motion.world()
    last = rig.index["fingers.03.L"]
    length = np.linalg.norm(rig.tails[last] - rig.heads[last])
    tips = posed[:, last, :3, 3] + length * posed[:, last, :3, 1]
    chord = _to_canonical(fit, tips - posed[:, rig.index["fingers.01.L"], :3, 3])
    j = skeleton.INDEX["fingers.L"]
    wanted = rotation.rotate(world[:, j], skeleton.TAILS[j] - skeleton.REST[j])
    assert _angle(chord, wanted).max() < 0.01


def test_feet_that_stand_in_the_motion_stand_on_the_rig(case):
    rig, fit, posed = case.rig, case.fit, case.posed
    for side in "LR":
        i = rig.index[f"foot.{side}"]
        slip = np.linalg.norm(posed[:, i, :3, 3] - rig.heads[i], axis=-1) / fit.scale
        assert slip.max() < 1e-4
        assert np.abs(posed[:, i, :3, :3] - rig.matrices[i, :3, :3]).max() < 1e-4


def test_knees_keep_bending_forward(case):
    hip, knee, ankle = (case.heads[:, case.rig.index[f"{s}.L"]] for s in ("thigh", "shin", "foot"))
    assert (knee[:, 1] <= 0.5 * (hip[:, 1] + ankle[:, 1]) + 1e-6).all()


def test_the_hips_travel_as_far_as_the_legs_are_long(motion):
    rig = RIGS["short legs and arms"]
    fit = _fit(rig)
    hips = pose(rig, solve(fit, motion))[:, rig.index["hips"], :3, 3]
    assert fit.scale == pytest.approx(0.7, abs=1e-3)
    travel = (motion.root - skeleton.REST[0])[:, :2] * fit.scale
    assert hips[:, :2] - rig.heads[rig.index["hips"]][:2] == pytest.approx(travel, abs=1e-9)


def test_the_t_pose_stands_the_trunk_and_legs_as_they_were_modelled(case):
    rig, fit = case.rig, case.fit
    posed = pose(rig, solve(fit, rest_motion()))[0]
    for bone in ("hips", "spine", "chest", "head", "thigh.L", "shin.R", "foot.L"):
        i = rig.index[bone]
        assert posed[i] == pytest.approx(rig.matrices[i], abs=1e-3 * fit.scale)


def test_reading_the_pose_back_gives_the_motion(case, motion):
    fit = case.fit
    posed = case.posed[:, [case.rig.index[b] for b in fit.map.bones]]
    objects = np.tile(np.eye(4), (len(motion), 1, 1))
    positions, rotations = read_joints(fit, posed, objects)
    _, world = motion.world()
    legs = [j for j, n in enumerate(skeleton.NAMES) if n.startswith(("thigh", "shin"))]
    digits = [j for j, n in enumerate(skeleton.NAMES) if n.startswith(("thumb", "index", "fing"))]
    exact = np.setdiff1d(np.arange(len(skeleton.NAMES)), [*legs, *digits])
    canonical = rotation.multiply(rotation.conjugate(fit.axes), rotations)
    dots = np.abs(np.sum(canonical * world, axis=-1))
    assert np.degrees(2 * np.arccos(np.clip(dots[:, exact], 0, 1))).max() < 0.01
    assert np.isfinite(positions).all()


def test_on_the_canonical_rig_the_joints_come_back_where_they_were(motion):
    rig = RIGS["arms lowered"]
    fit = _fit(rig)
    posed = pose(rig, solve(fit, motion))[:, [rig.index[b] for b in fit.map.bones]]
    positions, _ = read_joints(fit, posed, np.tile(np.eye(4), (len(motion), 1, 1)))
    # The baton of this rig ends where the tip joint is.
    assert np.abs(positions - motion.joints_3d()).max() < 1e-3
    assert rest_joints(fit, np.eye(4)) == pytest.approx(skeleton.REST, abs=1e-3)


def test_joints_without_bones_follow_the_one_above():
    rig = RIGS["no fingers"]
    fit = _fit(rig)
    positions = rest_joints(fit, np.diag([2.0, 2.0, 2.0, 1.0]))
    assert positions == pytest.approx(2.0 * skeleton.REST, abs=2e-3)


def test_quaternions_are_unit_and_continuous(case):
    solution = case.solution
    assert np.linalg.norm(solution.rotations, axis=-1) == pytest.approx(1.0)
    assert (np.sum(solution.rotations[1:] * solution.rotations[:-1], axis=-1) > 0.9).all()


def test_bones_between_mapped_bones_change_nothing(motion):
    rows = bone_rows(lowered=40.0)
    parent, head, tail = rows["forearm.L"]
    middle = 0.5 * (rows["upper_arm.L"][1] + head)
    split = {}
    for name, row in rows.items():
        if name == "forearm.L":
            split["sleeve.L"] = (parent, middle, head)
            row = ("sleeve.L", head, tail)
        split[name] = row
    rig = rig_from_rows(split, seed=9)
    fit = _fit(rig)
    heads = pose(rig, solve(fit, motion))[..., :3, 3]
    positions = motion.joints_3d()
    ours = heads[:, rig.index["hand.L"]] - heads[:, rig.index["forearm.L"]]
    theirs = positions[:, skeleton.INDEX["hand.L"]] - positions[:, skeleton.INDEX["forearm.L"]]
    assert _angle(ours, theirs).max() < 0.01
    assert "sleeve.L" not in solve(fit, motion).bones


def test_hips_tied_to_a_parent_stay_and_the_legs_follow_them(motion):
    rig = RIGS["as it is"]
    tied = replace(rig, connected=np.arange(len(rig.bones)) == rig.index["hips"])
    solution = solve(_fit(tied), motion)
    assert np.abs(solution.location).max() == 0.0


def test_shoulders_and_hips_in_one_place_are_refused():
    rows = {name: (p, h * 0.0, t * 0.0 + [0, 0, 1]) for name, (p, h, t) in bone_rows().items()}
    with pytest.raises(ConductorError, match="in one place"):
        _fit(rig_from_rows(rows))


def test_keys_are_continuous_whatever_signs_the_rotations_come_with(motion) -> None:
    """Blender interpolates components: from q to −q a bone would spin through a whole turn."""
    flipped = motion.rotations.copy()
    flipped[1::2] *= -1.0
    solution = solve(_fit(RIGS["rolled bones"]), replace(motion, rotations=flipped))
    steps = np.sum(solution.rotations[1:] * solution.rotations[:-1], axis=-1)
    assert steps.min() > 0.0
    plain = solve(_fit(RIGS["rolled bones"]), motion)
    np.testing.assert_allclose(solution.rotations, plain.rotations, atol=1e-12)


def test_a_body_carried_from_far_below_its_pelvis_sways_about_the_pelvis(motion):
    rig = build(rows_for("mmd in english"))
    fit = _fit(rig)
    assert fit.map.strands["hips"] == (("Groove",),)
    posed = pose(rig, solve(fit, motion))
    pelvis = _to_canonical(fit, posed[:, rig.index["LowerBody"], :3, 3])
    assert pelvis == pytest.approx(motion.root, abs=1e-3)


def test_a_trunk_of_one_bone_carries_the_hands_where_spine_and_chest_would(motion):
    rig = build(rows_for("mixamo with one spine bone"))
    fit = _fit(rig)
    assert "spine" in fit.map.left_out
    heads = _to_canonical(fit, pose(rig, solve(fit, motion))[..., :3, 3])
    hips = heads[:, rig.index["mixamorig:Hips"]]
    positions, _ = motion.world()
    for side, word in (("L", "Left"), ("R", "Right")):
        ours = heads[:, rig.index[f"mixamorig:{word}Hand"]] - hips
        theirs = positions[:, skeleton.INDEX[f"hand.{side}"]] - motion.root
        assert np.linalg.norm(ours - theirs, axis=-1).max() < 0.008
