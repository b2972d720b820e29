"""Twist bones share the turn of their limb about its length, beside it or in it."""

from dataclasses import replace

import numpy as np
import pytest
from odd_rigs import OddRig, Recipe, canonical_map, make
from sample_rigs import pose

from retarget import rotation, skeleton
from retarget.fit import fit_rig
from retarget.motion import Motion
from retarget.rotation import Array
from retarget.solve import solve

ANGLES = np.radians(np.linspace(0.0, 80.0, 9))


def rolled(joint: str) -> Motion:
    """The joint turned about its length, ever further; the rest stays in the T-pose."""
    rotations = rotation.identity((len(ANGLES), len(skeleton.NAMES)))
    vectors = ANGLES[:, None] * np.array([1.0, 0.0, 0.0])
    rotations[:, skeleton.INDEX[joint]] = rotation.from_rotation_vector(vectors)
    return Motion(10.0, rotations, np.tile(skeleton.REST[0], (len(ANGLES), 1)))


def beside(rows):
    """Two bones beside the left upper arm and the forearm: at their start and in their middle."""
    for stem in ("upper_arm", "forearm"):
        _, head, tail = rows[f"{stem}.L"]
        middle = 0.5 * (head + tail)
        rows[f"{stem}_twist_1.L"] = (f"{stem}.L", head, middle)
        rows[f"{stem}_twist_2.L"] = (f"{stem}.L", middle, tail)
    return rows


def inside(rows):
    """The second half of the left upper arm is a bone of its own, from which the forearm hangs."""
    made = {}
    for name, (parent, head, tail) in rows.items():
        if name == "forearm.L":
            start = rows["upper_arm.L"][1]
            made["upper_arm_twist.L"] = ("upper_arm.L", 0.5 * (start + head), head)
            parent = "upper_arm_twist.L"
        made[name] = (parent, head, tail)
    return made


def turned(rig: OddRig, motion: Motion) -> dict[str, Array]:
    """Bone to how far it is turned about x against the T-pose, degrees (T,)."""
    fit = fit_rig(rig.rest, rig.map)
    posed = pose(rig.rest, solve(fit, motion))
    whole = rotation.from_matrix(posed[..., :3, :3])
    turn = rotation.multiply(whole, rotation.conjugate(rig.t_pose))
    angles = np.degrees(2.0 * np.arctan2(turn[..., 1], turn[..., 0]))
    return {bone: (angles[:, i] + 180.0) % 360.0 - 180.0 for i, bone in enumerate(rig.rest.bones)}


def with_twists(recipe: Recipe, **twists: tuple[str, ...]) -> OddRig:
    rig = make(recipe)
    named = {f"{joint}.L": bones for joint, bones in twists.items()}
    return replace(rig, map=replace(rig.map, twists=named))


LOWERED = {"upper_arm": (0.0, 40.0, 0.0)}
BESIDE = {
    "upper_arm": ("upper_arm_twist_1.L", "upper_arm_twist_2.L"),
    "forearm": ("forearm_twist_1.L", "forearm_twist_2.L"),
}


@pytest.mark.parametrize("pose_of_rest", [{}, LOWERED, {"hand": (-60.0, 0.0, 0.0)}])
def test_bones_beside_the_forearm_turn_with_the_hand_more_towards_it(pose_of_rest) -> None:
    rig = with_twists(Recipe(pose_of_rest, rows=beside), **BESIDE)
    angles = turned(rig, rolled("hand.L"))
    roll = np.degrees(ANGLES)
    # Where the hand is turned at rest half of that is in the forearm already.
    first, second, arm = (
        angles[bone] - angles[bone][0]
        for bone in ("forearm_twist_1.L", "forearm_twist_2.L", "forearm.L")
    )
    assert first == pytest.approx(0.25 * roll, abs=0.1)
    assert second == pytest.approx(0.75 * roll, abs=0.1)
    assert arm == pytest.approx(0.0 * roll, abs=0.1)


def test_bones_beside_the_upper_arm_stay_behind_more_towards_the_shoulder() -> None:
    rig = with_twists(Recipe(LOWERED, rows=beside), **BESIDE)
    angles = turned(rig, rolled("upper_arm.L"))
    roll = np.degrees(ANGLES)
    assert angles["upper_arm_twist_1.L"] == pytest.approx(0.25 * roll, abs=0.1)
    assert angles["upper_arm_twist_2.L"] == pytest.approx(0.75 * roll, abs=0.1)
    assert angles["upper_arm.L"] == pytest.approx(roll, abs=0.1)


def test_a_bone_in_the_limb_takes_the_rest_of_its_turn() -> None:
    rig = with_twists(Recipe(LOWERED, rows=inside), upper_arm=("upper_arm_twist.L",))
    angles = turned(rig, rolled("upper_arm.L"))
    roll = np.degrees(ANGLES)
    assert angles["upper_arm.L"] == pytest.approx(0.5 * roll, abs=0.1)
    assert angles["upper_arm_twist.L"] == pytest.approx(roll, abs=0.1)
    assert angles["forearm.L"] == pytest.approx(roll, abs=0.1)


def test_twist_bones_that_are_not_in_the_map_are_not_solved() -> None:
    rig = make(Recipe(LOWERED, rows=beside))
    bones = solve(fit_rig(rig.rest, canonical_map(rig.rest)), rolled("hand.L")).bones
    assert not [bone for bone in bones if "twist" in bone]
