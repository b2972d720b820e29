"""One truth: the person does what the camera sees the avatar do."""

from dataclasses import replace

import numpy as np
import pytest

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.style import load_style
from pose_transfer.drive import drive
from pose_transfer.guides import far_poses, guide_of
from pose_transfer.proportions import skull_of, stands, to_skull
from pose_transfer.sitting import Sitting
from pose_transfer.take import Take
from retarget import rotation, skeleton
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.guide import Guide

LIMBS = ("forearm.L", "forearm.R", "hand.L", "hand.R")
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


@pytest.fixture
def standing(sitting: Sitting) -> Character:
    """The same person with a longer neck."""
    character = sitting.character
    heads = character.heads.copy()
    heads[character.bone("neck"), 2] += 0.02
    heads[character.bone("head")] += [0.01, 0.0, 0.05]
    return replace(character, heads=heads)


def conducted(style: str) -> Guide:
    """Two bars of four at 120 beats a minute, on the avatar of `far_poses`."""
    beats = 0.4 + 0.5 * np.arange(8)
    numbers = np.arange(8) % 4 + 1
    grid = BeatGrid(beats, numbers, np.full(8, 4), ("4/4",) * 8, np.ones(8))
    loudness = np.full(450, 0.7)
    motion = conduct(
        grid, duration=5.0, loudness=loudness, style=load_style(style), seed=0, fps=10.0
    )
    positions, rotations = motion.world()
    still = far_poses()
    shape = (len(positions), 1, 1)
    return replace(
        still,
        positions=positions,
        rotations=rotations,
        view=np.tile(still.view[0], shape),
        projection=np.tile(still.projection[0], shape),
    )


def edited(guide: Guide) -> Guide:
    """A hand and the forearm moved by hand, as keys in Blender would, from one frame on."""
    positions = guide.positions.copy()
    for joint in ("forearm.L", "hand.L", "thumb.L", "index.L", "fingers.L"):
        share = 0.5 if joint == "forearm.L" else 1.0
        positions[20:, skeleton.INDEX[joint]] += share * np.array([0.08, -0.1, 0.22])
    return replace(guide, positions=positions)


def off(guide: Guide, character: Character, take: Take) -> dict[str, float]:
    """Largest distance in the picture of the person's joints from the avatar's, in breadths."""
    index = skeleton.INDEX
    seen = guide.to_pixels(guide.positions)[..., :2]
    shoulders = seen[:, index["upper_arm.L"]] - seen[:, index["upper_arm.R"]]
    # Not how narrow they look from the side.
    breadth = np.linalg.norm(shoulders, axis=1).max()
    avatar = {name: seen[:, index[name]] for name in LIMBS}
    person = {name: pixels(guide, place(character, take, name)) for name in LIMBS}
    turn = guide.rotations[:, index["head"]]
    avatar["head"] = pixels(
        guide, guide.positions[:, index["head"]] + rotation.rotate(turn, to_skull(guide.rest))
    )
    head = take.matrices[:, character.bone("head")].astype(float)
    person["head"] = pixels(guide, head @ np.append(skull_of(character), 1.0))
    return {
        name: float(np.linalg.norm(person[name] - avatar[name], axis=1).max() / breadth)
        for name in avatar
    }


@pytest.mark.parametrize("grounded", [False, True], ids=["photo", "stage"])
@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (12.0, 5.0), (-20.0, -4.0)])
@pytest.mark.parametrize("size", [1.0, 1.35])
def test_arms_and_head_lie_where_the_camera_sees_the_avatar_s(
    standing: Character, yaw: float, pitch: float, size: float, grounded: bool
) -> None:
    guide = seen_from(far_poses(), yaw, pitch)
    guide = replace(guide, positions=size * guide.positions, rest=size * guide.rest)
    away = off(guide, standing, drive(standing, guide, grounded=grounded))
    assert max(away.values()) < WITHIN, away


@pytest.mark.parametrize("grounded", [False, True], ids=["photo", "stage"])
@pytest.mark.parametrize("style", ["neutral", "grand"])
def test_every_style_and_every_edit_is_followed(
    standing: Character, style: str, grounded: bool
) -> None:
    plain = conducted(style)
    for guide in (plain, edited(plain)):
        away = off(guide, standing, drive(standing, guide, grounded=grounded))
        assert max(away.values()) < WITHIN, away


def test_the_person_looks_out_of_the_avatar_s_eyes(sitting: Sitting) -> None:
    guide, character = conducted("neutral"), sitting.character
    take = drive(character, guide)
    face = sitting.landmarks.face
    assert face is not None
    # Corners of both eyes in the mesh of the face.
    eyes = face[[33, 133, 362, 263], :2].mean(axis=0)
    depth = character.camera.to_pixels(character.heads[character.bone("head")])[2]
    bind = character.camera.to_world(np.append(eyes, depth))
    head = take.matrices[:, character.bone("head")].astype(float)
    ours = pixels(guide, head @ np.append(bind, 1.0))
    index = skeleton.INDEX
    middle = np.mean([skeleton.FACE_POINTS[f"eye.{side}"] for side in "LR"], axis=0)
    turn = guide.rotations[:, index["head"]]
    theirs = pixels(guide, guide.positions[:, index["head"]] + rotation.rotate(turn, middle))
    shoulders = guide.to_pixels(guide.positions)[:, [index["upper_arm.L"], index["upper_arm.R"]]]
    breadth = np.abs(np.diff(shoulders[..., 0], axis=1)).max()
    # The photo's own bearing of the head stays.
    assert np.linalg.norm(ours - theirs, axis=1).max() < 0.12 * breadth


def test_rigs_with_their_head_joint_in_the_neck_or_under_the_skull_carry_the_head_alike(
    standing: Character,
) -> None:
    low = conducted("neutral")
    index = skeleton.INDEX["head"]
    up = to_skull(low.rest)
    assert up[2] > 0.05
    rest, positions = low.rest.copy(), low.positions.copy()
    rest[index] += up
    positions[:, index] += rotation.rotate(low.rotations[:, index], up)
    high = replace(low, rest=rest, positions=positions)
    heads = [place(standing, drive(standing, guide), "head") for guide in (low, high)]
    np.testing.assert_allclose(*heads, atol=2e-3)


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


def test_on_a_stage_the_soles_are_on_the_floor(standing: Character) -> None:
    guide = far_poses()
    assert stands(standing)
    take = drive(standing, guide, grounded=True)
    feet = np.mean([place(standing, take, f"foot.{side}")[:, 2] for side in "LR"])
    there = np.mean([guide.rest[skeleton.INDEX[f"foot.{side}"], 2] for side in "LR"])
    assert feet == pytest.approx(there, abs=1e-3)


@pytest.mark.parametrize("taller", [0.8, 1.0, 1.25])
def test_legs_stretch_by_so_little_that_nobody_sees_it(standing: Character, taller: float) -> None:
    guide = far_poses()
    feet = [skeleton.INDEX[f"{stem}.{side}"] for stem in ("foot", "shin") for side in "LR"]
    rest = guide.rest.copy()
    rest[feet, 2] = rest[feet, 2] * taller - (taller - 1.0) * rest[skeleton.INDEX["neck"], 2]
    take = drive(standing, replace(guide, rest=rest), grounded=True)
    hips = take.matrices[0, standing.bone("hips"), :, :3].astype(float)
    size = np.cbrt(np.linalg.det(hips))
    for side in "LR":
        ends = [place(standing, take, f"{stem}.{side}")[0] for stem in ("upper_arm", "foot")]
        own = standing.heads[[standing.bone(f"{stem}.{side}") for stem in ("upper_arm", "foot")]]
        now, was = (np.linalg.norm(a - b) for a, b in (ends, size * own))
        assert abs(np.log(now / was)) < 0.1


@pytest.mark.parametrize(("joint", "height"), [("head", 0.5), ("foot.L", 9.0)])
def test_an_avatar_upside_down_is_refused_in_one_sentence(
    standing: Character, joint: str, height: float
) -> None:
    guide = far_poses()
    rest = guide.rest.copy()
    rest[skeleton.INDEX[joint], 2] = height
    with pytest.raises(ConductorError, match="The avatar does not hold the head"):
        drive(standing, replace(guide, rest=rest), grounded=True)


def test_who_is_cut_off_at_the_hips_is_not_set_on_the_floor(sitting: Sitting) -> None:
    guide, camera = far_poses(), sitting.character.camera
    hips = round(float(camera.to_pixels(sitting.character.heads[0])[1]))
    half = replace(sitting.character, camera=replace(camera, size=(camera.size[0], hips)))
    assert not stands(half)
    free, grounded = drive(half, guide), drive(half, guide, grounded=True)
    np.testing.assert_array_equal(free.matrices, grounded.matrices)


def test_a_seated_person_is_not_set_on_the_floor(standing: Character) -> None:
    heads = standing.heads.copy()
    for side in "LR":
        hip, knee, ankle = (standing.bone(f"{stem}.{side}") for stem in ("thigh", "shin", "foot"))
        thigh = np.linalg.norm(heads[knee] - heads[hip])
        heads[knee] = heads[hip] + thigh * np.array([0.0, -1.0, 0.0])
        heads[ankle] = heads[knee] + np.array([0.0, 0.0, -0.4])
    assert stands(standing)
    assert not stands(replace(standing, heads=heads))
