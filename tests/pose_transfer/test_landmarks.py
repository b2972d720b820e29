"""Finding the person of a photo: people, faces, hands."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from backend.demo import demo_file
from pose_transfer.landmark_drawing import draw_landmarks
from pose_transfer.landmark_file import load_landmarks, save_landmarks
from pose_transfer.landmarks import Detection, Landmarks, detect_person
from pose_transfer.pose_landmarks import POINTS
from retarget.errors import ConductorError

SIZE: Final = (1024, 1280)
"""Width and height of the bundled photo."""


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """The bundled photo: one person in an A-pose, all of them in view."""
    return np.ascontiguousarray(cv2.imread(str(demo_file("photo.png")))[..., ::-1])


@pytest.fixture(scope="module")
def standing(portrait: NDArray[np.uint8]) -> Detection:
    return detect_person(portrait, "photo.png")


@pytest.fixture(scope="module")
def seated() -> Detection:
    """A half-body photo of a real person; both hands are out of view."""
    return detect_person(skimage.data.astronaut(), "astronaut.png")


@pytest.fixture(scope="module")
def couple(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two people: the bundled photo's on the left, the astronaut on the right."""
    other = cv2.resize(skimage.data.astronaut(), (320, 320), interpolation=cv2.INTER_AREA)
    left = cv2.resize(portrait, (512, 640), interpolation=cv2.INTER_AREA)
    return np.hstack([left, np.pad(other, ((40, 280), (0, 0), (0, 0)), mode="edge")])


def test_the_points_of_a_standing_person_lie_where_the_person_is(standing: Detection) -> None:
    points = standing.landmarks.points
    assert set(points) == set(POINTS)
    # Measured in the picture by eye.
    for key, x, y in (
        ("nose", 510, 140),
        ("hand.L", 880, 550),
        ("hand.R", 145, 550),
        ("foot.L", 570, 1215),
        ("foot.R", 450, 1215),
    ):
        assert np.linalg.norm(points[key] - [x, y]) < 40.0
    assert min(standing.landmarks.visibility.values()) > 0.5
    assert standing.warnings == ()
    inside = standing.segmentation > 0.5
    assert inside[400, 510]
    assert not inside[:, :50].any()


def test_points_in_space_have_our_axes(standing: Detection) -> None:
    world = standing.landmarks.world
    assert world["hand.L"][0] > 0.3
    assert world["hand.R"][0] < -0.3
    assert world["nose"][2] > 0.4
    assert world["foot.L"][2] < -0.4
    # The face looks at the camera: the nose is in front of the ears.
    assert world["nose"][1] < world["ear.L"][1]


def test_each_hand_and_the_face_are_found_at_their_places(standing: Detection) -> None:
    marks = standing.landmarks
    assert set(marks.hands) == {"L", "R"}
    for side, hand in marks.hands.items():
        assert hand.shape == (21, 3)
        assert np.linalg.norm(hand[0, :2] - marks.points[f"hand.{side}"]) < 50.0
        tip, root = hand[12], hand[9]
        assert tip[1] > root[1]
        assert hand[0, 2] == 0.0
    assert marks.face is not None
    assert marks.face.shape == (478, 3)
    assert np.linalg.norm(marks.face[1, :2] - marks.points["nose"]) < 25.0
    # The tip of the nose is nearer to the camera than the sides of the face.
    assert marks.face[1, 2] < marks.face[[234, 454], 2].min()


def test_hands_out_of_view_are_a_warning_and_points_outside_the_photo_unseen(
    seated: Detection,
) -> None:
    assert seated.landmarks.hands == {}
    assert seated.landmarks.visibility["foot.L"] == 0.0
    assert seated.landmarks.visibility["upper_arm.L"] > 0.9
    assert any("hand" in warning for warning in seated.warnings)


def test_a_bare_face_is_enough() -> None:
    head = skimage.data.astronaut()[10:190, 130:320]
    found = detect_person(head, "head.png").landmarks
    assert found.face is not None
    assert found.visibility["thigh.L"] == 0.0


def test_of_two_people_one_has_to_be_named(couple: NDArray[np.uint8]) -> None:
    with pytest.raises(ConductorError, match=r"couple\.png shows 2 people.*--person N"):
        detect_person(couple, "couple.png")
    with pytest.raises(ConductorError, match="2 people, so there is no person 3"):
        detect_person(couple, "couple.png", person=3)
    left = detect_person(couple, "couple.png", person=1)
    assert left.landmarks.points["nose"][0] < 512
    assert (left.segmentation[:, 530:] > 0.5).mean() < 0.002
    assert left.segmentation[200, 255] > 0.5


def test_landmarks_come_back_from_their_file_as_they_were(
    standing: Detection, tmp_path: Path
) -> None:
    path = tmp_path / "marks.json"
    save_landmarks(path, standing.landmarks, SIZE)
    back = load_landmarks(path, SIZE)
    for key, point in standing.landmarks.points.items():
        np.testing.assert_allclose(back.points[key], point, atol=0.006)
        np.testing.assert_allclose(back.world[key], standing.landmarks.world[key], atol=1e-4)
        assert back.visibility[key] == pytest.approx(standing.landmarks.visibility[key], abs=1e-3)
    for side, hand in standing.landmarks.hands.items():
        np.testing.assert_allclose(back.hands[side], hand, atol=0.006)
    assert back.face is not None
    assert standing.landmarks.face is not None
    np.testing.assert_allclose(back.face, standing.landmarks.face, atol=0.006)
    text = path.read_text()
    path.write_text(text.replace('"nose": [5', '"nose": [6', 1))
    assert load_landmarks(path, SIZE).points["nose"][0] > back.points["nose"][0] + 90.0


def test_a_slip_in_the_landmark_file_is_named(tmp_path: Path) -> None:
    points = dict.fromkeys(POINTS, np.array([10.0, 20.0]))
    path = tmp_path / "marks.json"
    world = dict.fromkeys(POINTS, np.zeros(3))
    save_landmarks(path, Landmarks(points, dict.fromkeys(POINTS, 1.0), world), (80, 60))
    good = path.read_text()
    for old, new, words in (
        ("{", "", "not JSON"),
        ('"points"', '"point"', 'no "points"'),
        ('"version": 1', '"version": 9', "version 9"),
        ('"nose"', '"noze"', 'unknown point "noze"'),
        ("10.0", '"ten"', "point nose"),
        ("10.0", "NaN", "no pixel position"),
        ("10.0", "1" * 400, "point nose"),
        ("10.0", "1" * 5000, "not a landmark file"),
        ("10.0", "[" * 100_000, "not a landmark file"),
        (", 1.0]", ", 1.5]", "visibility of nose"),
        ('"world"', '"word"', "world point nose"),
        ('"hands": {}', '"hands": {"M": []}', 'hand "M"'),
        ('"face": null', '"face": [[1, 2, 3]]', "face in"),
    ):
        path.write_text(good.replace(old, new, 1))
        with pytest.raises(ConductorError, match=words):
            load_landmarks(path, (80, 60))
    with pytest.raises(ConductorError, match="do not exist"):
        load_landmarks(tmp_path / "none.json", (80, 60))


def test_landmarks_of_another_photo_or_outside_it_are_refused(tmp_path: Path) -> None:
    path, size = tmp_path / "marks.json", (80, 60)
    points = dict.fromkeys(POINTS, np.array([10.0, 20.0]))
    seen = dict.fromkeys(POINTS, 1.0)
    world = dict.fromkeys(POINTS, np.zeros(3))
    hand, face = np.full((21, 3), 30.0), np.full((478, 3), 30.0)

    def given_back(**changed: Any) -> Landmarks:
        marks = Landmarks(points, seen, world, {"L": hand}, face)
        save_landmarks(path, replace(marks, **changed), size)
        return load_landmarks(path, size)

    given_back()
    with pytest.raises(ConductorError, match=r"photo of 80×60 pixels, but this one has 60×80"):
        load_landmarks(path, (60, 80))
    outside = {**points, "hand.L": np.array([95.0, 20.0])}
    with pytest.raises(ConductorError, match=r"point hand\.L .* outside the photo"):
        given_back(points=outside)
    hidden = {**seen, "hand.L": 0.0}
    assert given_back(points=outside, visibility=hidden).points["hand.L"][0] == 95.0
    with pytest.raises(ConductorError, match="far outside the photo"):
        given_back(points={**points, "hand.L": np.array([0.0, -900.0])}, visibility=hidden)
    with pytest.raises(ConductorError, match=r"hand L .* outside the photo"):
        given_back(hands={"L": hand + 200.0})
    with pytest.raises(ConductorError, match=r"face .* outside the photo"):
        given_back(face=face - 200.0)


def test_drawn_landmarks_change_only_what_lies_near_them(
    portrait: NDArray[np.uint8], standing: Detection
) -> None:
    drawn = draw_landmarks(portrait, standing.landmarks)
    changed = (drawn != portrait).any(axis=2)
    assert 0.001 < changed.mean() < 0.05
    x, y = np.round(standing.landmarks.points["forearm.L"]).astype(int)
    assert changed[y, x]
    assert not changed[:, :60].any()
