"""A pose that the user declares to be the T-pose is the T-pose, whatever the rest pose is."""

from dataclasses import replace

import numpy as np
import pytest
from odd_rigs import BACK, OddRig, Recipe, make
from sample_motions import planted_motion
from sample_rigs import pose

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.fit import Fit, fit_rig
from retarget.solve import solve

A_POSE = {"upper_arm": (0, 45, 0)}
# Nothing tells how these hands are turned: there are no fingers, and the elbows are straight.
PALMS_FORWARD = {"upper_arm": (-70, 0, 0)}
FINGERS = ("thumb", "index", "fingers")
CROUCHING = {
    "hips": (25, 0, 0),
    "spine": (20, 0, 0),
    "upper_arm": (0, 50, -40),
    "thigh": (-120, 0, 10),
    "shin": (120, 0, 0),
}
SLEEPWALKING = {"upper_arm": (0, 0, -85)}
RIGS = {
    "palms forward, no fingers": Recipe(PALMS_FORWARD, lacks=FINGERS),
    "crouches": Recipe(CROUCHING),
    "sleepwalks, bones across": Recipe(SLEEPWALKING, across=True),
    "y up, centimetres, facing aside": Recipe(A_POSE, y_up=True, scale=100.0, faces=90.0),
}
MOTION = planted_motion(8, fps=6.0, seed=3)
_, WORLD = MOTION.world()


def declared(recipe: Recipe, pose: Recipe | None = None) -> tuple[OddRig, Fit]:
    """A rig whose T-pose is declared: its true one, or the pose of another recipe."""
    rig = make(recipe)
    t_pose = make(pose or replace(recipe, pose={})).rest.matrices
    up = rotation.rotate(rig.axes, [0.0, 0.0, 1.0])
    return rig, fit_rig(rig.rest, rig.map, up, t_pose=t_pose)


def apart(a, b) -> float:
    """Most degrees between rotations."""
    dots = np.clip(np.abs(np.sum(a * b, axis=-1)), 0.0, 1.0)
    return float(np.degrees(2.0 * np.arccos(dots)).max())


@pytest.mark.parametrize("name", RIGS)
def test_every_bone_is_turned_from_the_declared_pose_as_the_motion_has_it(name: str) -> None:
    rig, fit = declared(RIGS[name])
    posed = pose(rig.rest, solve(fit, MOTION))
    turned = rotation.from_matrix(posed[..., :3, :3])
    turned = rotation.multiply(rotation.conjugate(rig.axes), turned)
    for joint in ("hips", "chest", "head", "upper_arm.L", "forearm.R", "hand.L", "hand.R"):
        row = rig.rest.index[rig.map.strands[joint][0][-1]]
        wanted = rotation.multiply(WORLD[:, skeleton.INDEX[joint]], rig.t_pose[row])
        assert apart(turned[:, row], wanted) < 0.1, joint
    assert fit.doubts == ()


def test_without_it_the_palms_of_that_rig_cannot_be_told() -> None:
    rig = make(RIGS["palms forward, no fingers"])
    fit = fit_rig(rig.rest, rig.map)
    row = rig.rest.index["hand.L"]
    assert apart(fit.aligned["hand.L"], rig.t_pose[row]) > 45.0


def test_the_rest_rotations_stay_the_rigs_own() -> None:
    rig, fit = declared(RIGS["crouches"])
    plain = fit_rig(rig.rest, rig.map)
    assert apart(fit.rest_rotations, plain.rest_rotations) < 1e-3
    assert np.allclose(fit.rig.heads, plain.rig.heads)


@pytest.mark.parametrize("name", RIGS)
def test_hips_and_feet_stand_where_they_do_in_the_declared_pose(name: str) -> None:
    rig, fit = declared(RIGS[name])
    t_rig = make(replace(RIGS[name], pose={})).rest
    for joint in ("hips", "foot.L", "foot.R"):
        place = rotation.rotate(rotation.conjugate(rig.axes), t_rig.heads[t_rig.index[joint]])
        assert fit.standing[joint] == pytest.approx(place, abs=1e-4 * rig.scale)
    assert fit.stands == (name != "crouches")


def test_a_body_that_is_carried_off_in_the_declared_pose_stands_there() -> None:
    rig = make(Recipe(CROUCHING))
    pose = make(Recipe()).rest.matrices.copy()
    pose[:, :3, 3] += [0.1, 0.0, 0.3]
    fit = fit_rig(rig.rest, rig.map, t_pose=pose)
    for joint in ("hips", "foot.L"):
        assert fit.standing[joint] == pytest.approx(pose[rig.rest.index[joint], :3, 3], abs=1e-4)


def test_a_declared_pose_that_lies_is_stood_up_as_a_whole() -> None:
    rig, fit = declared(Recipe(A_POSE, lies=BACK))
    assert any("leans by 90 degrees" in doubt for doubt in fit.doubts)
    for joint in ("hips", "hand.L", "foot.R"):
        row = rig.rest.index[joint]
        assert apart(fit.aligned[joint], rig.t_pose[row]) < 1e-3
    assert fit.standing["foot.L"][2] == pytest.approx(fit.standing["foot.R"][2])


@pytest.mark.parametrize(
    ("pose", "said"),
    [
        ({"upper_arm": (0, 80, 0)}, "the arms hang"),
        (A_POSE, "the arms are 45 degrees away from a T-pose"),
        ({"forearm": (0, 0, -60)}, "the arms are 60 degrees away"),
        ({"hand.R": (-80, 0, 0)}, "the right hand is turned by 80 degrees"),
    ],
)
def test_what_is_odd_about_the_declared_pose_is_said(pose, said: str) -> None:
    _, fit = declared(Recipe(A_POSE), Recipe(pose))
    assert len(fit.doubts) == 1
    assert said in fit.doubts[0]
    assert "declare it again" in fit.doubts[0]


def test_scales_of_the_posed_bones_do_not_count() -> None:
    rig = make(Recipe(A_POSE))
    pose = make(Recipe()).rest.matrices
    scaled = pose.copy()
    scaled[:, :3, :3] *= np.linspace(0.5, 3.0, len(pose))[:, None, None]
    one, other = (fit_rig(rig.rest, rig.map, t_pose=each) for each in (pose, scaled))
    for bone, turn in one.aligned.items():
        assert apart(turn, other.aligned[bone]) < 1e-3


def test_a_map_without_an_arm_is_refused_in_a_sentence() -> None:
    rig = make(Recipe())
    strands = {joint: rows for joint, rows in rig.map.strands.items() if joint != "upper_arm.L"}
    with pytest.raises(ConductorError, match=r"has no bone for upper_arm\.L, without which"):
        fit_rig(rig.rest, replace(rig.map, strands=strands))


@pytest.mark.parametrize("seed", range(12))
def test_any_part_of_a_map_is_fitted_and_conducts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rig = make(Recipe(A_POSE, across=bool(seed % 2)))
    needed = ("hips", "upper_arm.L", "upper_arm.R")
    share = rng.uniform(0.0, 1.0)
    strands = {
        joint: rows
        for joint, rows in rig.map.strands.items()
        if joint in needed or rng.uniform() < share
    }
    t_pose = make(Recipe()).rest.matrices if seed % 3 else None
    fit = fit_rig(rig.rest, replace(rig.map, strands=strands), t_pose=t_pose)
    assert np.isfinite(solve(fit, MOTION).rotations).all()


def test_fingers_without_their_hand_stay_still_and_it_is_said() -> None:
    rig = make(Recipe())
    strands = {joint: rows for joint, rows in rig.map.strands.items() if joint != "hand.R"}
    fit = fit_rig(rig.rest, replace(rig.map, strands=strands))
    assert "index.01.R" not in solve(fit, MOTION).bones
    assert "thumb.R, index.R, fingers.R, baton but none for the hand" in fit.doubts[0]
