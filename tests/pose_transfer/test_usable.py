"""An answer to every photo that cannot be used, each with the right word."""

import re

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from backend.demo import demo_file
from pose_transfer.landmarks import detect_person
from pose_transfer.persons import Face
from pose_transfer.photo import MAX_SIDE
from pose_transfer.pose_landmarks import POINTS, Pose
from pose_transfer.usable import has_body, is_drawn, judge_face, why_faceless
from retarget.errors import ConductorError


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """The bundled photo at half its size."""
    photo = cv2.imread(str(demo_file("photo.png")))
    half = cv2.resize(photo, (512, 640), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(half[..., ::-1])


def _answer(picture: NDArray[np.uint8]) -> str:
    with pytest.raises(ConductorError) as refusal:
        detect_person(np.ascontiguousarray(picture), "it.png")
    sentence = str(refusal.value)
    assert "it.png" in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("quarters", "words"),
    [(1, "a quarter to the right"), (2, "by half a turn"), (3, "a quarter to the left")],
)
@pytest.mark.parametrize("name", ["portrait", "astronaut"])
def test_a_turned_photo_is_told_how_to_turn_it(
    portrait: NDArray[np.uint8], name: str, quarters: int, words: str
) -> None:
    upright = portrait if name == "portrait" else skimage.data.astronaut()
    assert _answer(np.rot90(upright, quarters)).endswith(f"turn the photo {words}.")


@pytest.mark.parametrize("name", ["chelsea", "coffee", "horse", "rocket", "stereo_motorcycle"])
def test_animals_and_things_are_nobody(name: str) -> None:
    picture = getattr(skimage.data, name)()
    if isinstance(picture, tuple):
        picture = picture[0]
    if picture.ndim == 2:
        picture = np.repeat(np.asarray(picture * 255, np.uint8)[..., None], 3, axis=2)
    assert "No person was found" in _answer(picture)


def test_a_real_person_from_the_side_is_said_to_be_so() -> None:
    assert "from the side" in _answer(np.repeat(skimage.data.camera()[..., None], 3, axis=2))


def test_heads_cut_off_and_small_faces_have_words_of_their_own(
    portrait: NDArray[np.uint8],
) -> None:
    assert "head of the person in it.png is cut off" in _answer(portrait[70:])
    small = np.full((640, 640, 3), 150, np.uint8)
    small[400:600, 400:560] = cv2.resize(portrait, (160, 200), interpolation=cv2.INTER_AREA)
    sentence = _answer(small)
    assert "too small" in sentence
    width = re.search(r"about (\d+) pixels", sentence)
    assert width is not None
    assert 12 <= int(width[1]) < 24
    assert "24 pixels wide at least" in sentence


def test_lines_on_paper_are_called_a_drawing() -> None:
    grey = cv2.medianBlur(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY), 5)
    grey = cv2.resize(grey, (900, 900), interpolation=cv2.INTER_CUBIC)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 5)
    assert "looks like a drawing" in _answer(np.repeat(lines[..., None], 3, axis=2))


def test_flat_colours_are_taken_for_a_drawing_and_photos_are_not(
    portrait: NDArray[np.uint8],
) -> None:
    astronaut = skimage.data.astronaut()
    face = Face(np.array([226.0, 121.0]), 116.0)
    assert not is_drawn(astronaut, face)
    assert not is_drawn(portrait, Face(np.array([255.0, 72.0]), 56.0))
    flat = cv2.medianBlur(astronaut, 9) // 48 * 48
    assert is_drawn(flat, face)
    found = detect_person(flat, "it.png")
    assert any("drawing" in warning for warning in found.warnings)


def _standing(yaw: float, *, top: float = 100.0, tall: float = 1.0, roll: float = 0.0) -> Pose:
    """A body as the detector gives it, turned by `yaw` from the camera and in the picture."""
    space = {
        "nose": (0.0, -0.10, 0.60),
        "ear": (0.07, 0.0, 0.62),
        "eye": (0.03, -0.08, 0.63),
        "mouth": (0.02, -0.08, 0.56),
        "upper_arm": (0.17, 0.0, 0.45),
        "thigh": (0.10, 0.0, 0.0),
    }
    world = np.zeros((len(POINTS), 3))
    for i, name in enumerate(POINTS):
        joint, _, side = name.partition(".")
        x, y, z = space.get(joint, (0.0, 0.0, -0.3))
        world[i] = (-x if side == "R" else x), y, z
    turn, lean = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]), roll
    world[:, :2] = world[:, :2] @ turn.T
    flat = np.column_stack([world[:, 0], -world[:, 2]]) * 500.0 * tall
    lie = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    flat = flat @ lie.T
    points = flat - flat[0] + [300.0, top]
    seen = ((points >= 0.0) & (points < 600.0)).all(axis=1).astype(float)
    return Pose(points, seen, world, np.zeros((600, 600), np.float32))


@pytest.mark.parametrize(
    ("pose", "words"),
    [
        (_standing(np.radians(180.0)), "from behind"),
        (_standing(np.radians(140.0)), "from behind"),
        (_standing(np.radians(80.0)), "from the side"),
        (_standing(np.radians(-60.0)), "from the side"),
        (_standing(0.0, top=-20.0), "cut off"),
        (_standing(0.0, top=20.0), "cut off"),
        (_standing(0.0, tall=0.2), "too small"),
        (_standing(0.0, top=300.0, roll=np.radians(90.0)), "a quarter to the left"),
        (_standing(0.0, top=500.0, roll=np.radians(180.0)), "by half a turn"),
        (_standing(0.0), "No face can be made out"),
        (None, "No person was found"),
    ],
)
def test_a_body_without_a_face_is_told_by_how_it_stands(pose: Pose | None, words: str) -> None:
    assert words in why_faceless(pose, (600, 600), "it.png")


def test_a_small_face_in_a_large_photo_is_told_to_be_cropped() -> None:
    with pytest.raises(ConductorError, match="crop the photo"):
        judge_face(Face(np.zeros(2), 20.0), None, None, (MAX_SIDE, 1500), "it.png")
    with pytest.raises(ConductorError, match="taken from nearer"):
        judge_face(Face(np.zeros(2), 20.0), None, None, (800, 600), "it.png")


def test_what_has_no_body_of_its_size_below_it_is_no_face() -> None:
    pose = _standing(0.0)
    assert has_body(Face(pose.point("nose"), 75.0), pose, 600)
    assert not has_body(Face(pose.point("nose"), 20.0), pose, 600)
    assert not has_body(Face(np.array([300.0, 100.0]), 75.0), None, 600)
    # Of a portrait that ends below the chin no body can be asked.
    assert has_body(Face(np.array([300.0, 450.0]), 300.0), None, 600)
