"""Targets and poles from the solved pose: hands and feet stay where they are."""

from dataclasses import replace

import numpy as np
import pytest
from odd_rigs import Recipe, make
from sample_motions import planted_motion
from sample_rigs import pose

from retarget import rotation
from retarget.fit import Fit, fit_rig
from retarget.ik_controls import ControlPoses, ik_controls
from retarget.rig import IkControl, RigRest
from retarget.rotation import Array
from retarget.solve import Solution, solve

LIMBS = {"hand": ("upper_arm", "forearm"), "foot": ("thigh", "shin")}
MOTION = planted_motion(8, fps=6.0, seed=4)


def with_controls(rows, *, far: bool = False):
    """A target at each hand and foot, a pole behind each elbow and before each knee.

    The feet's targets are at the heels; `far` puts those of the hands somewhere else.
    """
    made = {"root": (None, np.zeros(3), np.array([0.0, 0.0, 0.1]))}
    made |= {name: (parent or "root", head, tail) for name, (parent, head, tail) in rows.items()}
    for side in "LR":
        for stem, (_, middle) in LIMBS.items():
            head, tail = rows[f"{stem}.{side}"][1:]
            if stem == "foot":
                head = head + np.array([0.0, 0.05, -0.06])
            elif far:
                head = head + np.array([0.0, -0.5, 0.6])
            made[f"ik.{stem}.{side}"] = (f"{stem}.{side}", head, tail)
            way = np.array([0.0, 0.4 if stem == "hand" else -0.4, 0.0])
            elbow = rows[f"{middle}.{side}"][1] + way
            upper = rows[f"{middle}.{side}"][0]
            made[f"pole.{stem}.{side}"] = (upper, elbow, elbow + way)
    return made


def freed(rig: RigRest) -> RigRest:
    """Targets hang from the root, poles from the targets."""
    parents = rig.parents.copy()
    for i, bone in enumerate(rig.bones):
        if bone.startswith("ik."):
            parents[i] = 0
        elif bone.startswith("pole."):
            parents[i] = rig.index[bone.replace("pole", "ik")]
    return replace(rig, parents=parents)


def solved(recipe: Recipe) -> tuple[RigRest, Fit, Solution, ControlPoses]:
    rig = make(replace(recipe, change=freed))
    controls = {
        f"{stem}.{side}": IkControl(f"ik.{stem}.{side}", f"pole.{stem}.{side}")
        for stem in LIMBS
        for side in "LR"
    }
    fit = fit_rig(rig.rest, replace(rig.map, ik=controls), np.array([0.0, 0.0, 1.0]))
    solution = solve(fit, MOTION)
    return rig.rest, fit, solution, ik_controls(fit, solution)


def posed_controls(rig: RigRest, controls: ControlPoses) -> dict[str, Array]:
    """Armature-space matrices (T, 4, 4) of targets and poles as Blender poses them."""
    count = len(controls.locations)
    found: dict[str, Array] = {}
    for bone in sorted(controls.bones, key=rig.index.__getitem__):
        k = controls.bones.index(bone)
        basis = np.tile(np.eye(4), (count, 1, 1))
        basis[:, :3, :3] = rotation.to_matrix(controls.rotations[:, k])
        basis[:, :3, 3] = controls.locations[:, k]
        i = rig.index[bone]
        parent = int(rig.parents[i])
        above = found.get(rig.bones[parent], rig.matrices[parent])
        found[bone] = above @ np.linalg.inv(rig.matrices[parent]) @ rig.matrices[i] @ basis
    return found


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(rows=with_controls),
        Recipe({"upper_arm": (0, 45, 0)}, rows=with_controls, scale=50.0, seed=3),
        Recipe({"forearm": (0, 0, -60)}, rows=with_controls, across=True),
    ],
)
def test_targets_go_with_hands_and_feet_and_poles_lie_where_the_limb_bends(recipe: Recipe) -> None:
    rig, fit, solution, controls = solved(recipe)
    posed = pose(rig, solution)
    found = posed_controls(rig, controls)
    for stem, (upper, middle) in LIMBS.items():
        for side in "LR":
            i, j = rig.index[f"{stem}.{side}"], rig.index[f"ik.{stem}.{side}"]
            held = posed[:, i] @ np.linalg.inv(rig.matrices[i]) @ rig.matrices[j]
            off = np.abs(found[f"ik.{stem}.{side}"] - held)
            assert off[:, :3, 3].max() < 1e-6 * fit.scale
            assert off[:, :3, :3].max() < 1e-6
            start, elbow, end = (
                posed[:, rig.index[f"{part}.{side}"], :3, 3] for part in (upper, middle, stem)
            )
            pole = found[f"pole.{stem}.{side}"][:, :3, 3]
            assert np.linalg.norm(pole - elbow, axis=-1) == pytest.approx(0.4 * fit.scale, rel=1e-6)
            span = rotation.normalize(end - start)
            across, toward = (
                way - span * np.sum(way * span, axis=-1, keepdims=True)
                for way in (elbow - start, pole - elbow)
            )
            bent = np.linalg.norm(across, axis=-1) > 0.1 * fit.scale
            a, b = rotation.normalize(across[bent]), rotation.normalize(toward[bent])
            assert np.sum(a * b, axis=-1).min(initial=1.0) > np.cos(np.radians(15.0))


def test_a_target_that_rests_elsewhere_goes_to_the_wrist() -> None:
    rig, _, solution, controls = solved(Recipe(rows=lambda rows: with_controls(rows, far=True)))
    posed = pose(rig, solution)
    found = posed_controls(rig, controls)
    for side in "LR":
        wrist = posed[:, rig.index[f"hand.{side}"], :3, 3]
        assert found[f"ik.hand.{side}"][:, :3, 3] == pytest.approx(wrist, abs=1e-6)


def test_controls_are_unit_and_continuous() -> None:
    *_, controls = solved(Recipe({"upper_arm": (0, 45, 0)}, rows=with_controls))
    assert np.linalg.norm(controls.rotations, axis=-1) == pytest.approx(1.0)
    assert (np.sum(controls.rotations[1:] * controls.rotations[:-1], axis=-1) > 0.0).all()


def test_controls_that_are_not_there_are_left_out() -> None:
    rig = make(Recipe(rows=with_controls, change=freed))
    strands = {joint: found for joint, found in rig.map.strands.items() if joint[:4] != "shin"}
    ik = {
        "hand.L": IkControl("ik.hand.L", "nobody"),
        "hand.R": IkControl("nobody"),
        "foot.L": IkControl("ik.foot.L"),
    }
    fit = fit_rig(rig.rest, replace(rig.map, strands=strands, ik=ik))
    assert ik_controls(fit, solve(fit, MOTION)).bones == ("ik.hand.L",)
