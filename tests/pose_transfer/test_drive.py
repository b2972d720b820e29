"""One truth: the person does what the camera sees the avatar do."""

from dataclasses import replace

import numpy as np
import pytest

from pose_transfer.drive import drive
from pose_transfer.guides import far_poses, guide_of
from pose_transfer.sitting import Sitting
from pose_transfer.staging import Take
from retarget import rotation, skeleton
from retarget.character import Character
from retarget.guide import Guide

WITHIN = 0.03
"""Of the shoulder breadth."""


def place(character: Character, take: Take, bone: str) -> np.ndarray:
    """Where the head of a bone goes, (T, 3)."""
    at = character.bone(bone)
    return take.matrices[:, at].astype(float) @ np.append(character.heads[at], 1.0)


def pixels(guide: Guide, places: np.ndarray) -> np.ndarray:
    return guide.to_pixels(places[:, None])[:, 0, :2]


def seen_from(guide: Guide, yaw: float, pitch: float) -> Guide:
    """The same avatar by a camera that went round it."""
    turn = rotation.multiply(
        rotation.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.asarray(np.radians(yaw))),
        rotation.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.asarray(np.radians(pitch))),
    )
    orbit = np.eye(4)
    orbit[:3, :3] = rotation.to_matrix(turn)
    middle = np.eye(4)
    middle[:3, 3] = [0.0, 0.0, 1.2]
    return replace(guide, view=guide.view @ middle @ orbit @ np.linalg.inv(middle))


@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (12.0, 5.0), (-20.0, -4.0)])
@pytest.mark.parametrize("size", [1.0, 1.35])
def test_arms_lie_where_the_camera_sees_the_avatar_s(
    sitting: Sitting, yaw: float, pitch: float, size: float
) -> None:
    guide = seen_from(far_poses(), yaw, pitch)
    guide = replace(guide, positions=size * guide.positions, rest=size * guide.rest)
    character = sitting.character
    take = drive(character, guide)
    avatar = {
        name: pixels(guide, guide.positions[:, skeleton.INDEX[name]])
        for name in ("upper_arm.L", "upper_arm.R", "forearm.L", "forearm.R", "hand.L", "hand.R")
    }
    breadth = np.linalg.norm(avatar["upper_arm.L"] - avatar["upper_arm.R"], axis=1)
    for name in ("forearm.L", "forearm.R", "hand.L", "hand.R"):
        away = np.linalg.norm(pixels(guide, place(character, take, name)) - avatar[name], axis=1)
        assert (away / breadth).max() < WITHIN, name


def test_the_head_goes_where_the_avatar_s_goes(sitting: Sitting) -> None:
    guide, character = far_poses(), sitting.character
    lean = rotation.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.asarray(np.radians(8.0)))
    middle = guide.positions[0, skeleton.INDEX["hips"]]
    leaning = replace(
        guide,
        positions=middle + rotation.rotate(lean, guide.positions - middle),
        rotations=rotation.multiply(lean, guide.rotations),
    )
    straight, moved = drive(character, guide), drive(character, leaning)
    index = skeleton.INDEX["head"]
    wanted = pixels(leaning, leaning.positions[:, index]) - pixels(guide, guide.positions[:, index])
    got = pixels(leaning, place(character, moved, "head")) - pixels(
        guide, place(character, straight, "head")
    )
    shoulders = guide.to_pixels(guide.positions)[
        0, [skeleton.INDEX["upper_arm.L"], skeleton.INDEX["upper_arm.R"]], 0
    ]
    breadth = abs(float(shoulders[0] - shoulders[1]))
    assert np.linalg.norm(wanted, axis=1).min() > 0.2 * breadth
    assert np.abs(got - wanted).max() < WITHIN * breadth


def test_a_head_that_turns_left_turns_left(sitting: Sitting) -> None:
    guide, character = far_poses(), sitting.character
    rotations = guide.rotations.copy()
    yaw = rotation.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.asarray(np.radians(20.0)))
    head = skeleton.INDEX["head"]
    rotations[:, head] = rotation.multiply(yaw, rotations[:, head])
    before, after = (
        drive(character, g).matrices[0, character.bone("head"), :, :3].astype(float)
        for g in (guide, replace(guide, rotations=rotations))
    )
    turned = after @ np.linalg.inv(before)
    # The face, −y, goes to the person's left, +x.
    assert (turned @ [0.0, -1.0, 0.0])[0] == pytest.approx(np.sin(np.radians(20.0)), abs=0.01)


def test_feet_stay_while_the_hips_sway(sitting: Sitting) -> None:
    guide, character = far_poses(), sitting.character
    sway = 0.05 * np.sin(np.linspace(0.0, 6.0, len(guide)))[:, None, None] * np.array([1.0, 0, 0])
    take = drive(character, replace(guide, positions=guide.positions + sway))
    hips = place(character, take, "hips")
    assert np.ptp(hips[:, 0]) > 0.08
    for side in "LR":
        assert np.ptp(place(character, take, f"foot.{side}"), axis=0).max() < 1e-4


def test_nothing_moves_if_nothing_has_moved(sitting: Sitting) -> None:
    character = sitting.character
    take = drive(character, guide_of(character))
    for bone in ("hips", "chest", "head", "upper_arm.L", "forearm.R", "hand.L", "foot.R"):
        matrix = take.matrices[0, character.bone(bone)].astype(float)
        np.testing.assert_allclose(matrix[:, :3], np.eye(3), atol=1e-3, err_msg=bone)
        np.testing.assert_allclose(matrix[:, 3], 0.0, atol=2e-3, err_msg=bone)


def test_on_a_stage_the_soles_are_on_the_floor(sitting: Sitting) -> None:
    guide, character = far_poses(), sitting.character
    take = drive(character, guide, grounded=True)
    feet = np.mean([place(character, take, f"foot.{side}")[:, 2] for side in "LR"])
    there = np.mean([guide.rest[skeleton.INDEX[f"foot.{side}"], 2] for side in "LR"])
    assert feet == pytest.approx(there, abs=1e-3)
