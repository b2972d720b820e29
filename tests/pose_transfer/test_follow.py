"""A person followed through a video."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from posed_person import SIZE, joint_pixels, landmarks_of, standing_person, turned

from pose_transfer.align import Aligner
from pose_transfer.drawing import Painter
from pose_transfer.fit import BodyFit
from pose_transfer.follow import take_of
from pose_transfer.person import person_bones
from pose_transfer.pieces import Piece, assemble
from pose_transfer.sides import same_sides
from pose_transfer.track import Tracker
from retarget.body.model import BONES, load_body
from retarget.character import Character

RAISED = {"upper_arm_L": (-0.4, -0.7, 0.0), "forearm_L": (-0.9, 0.0, 0.0)}
# Detectors have the joints a little elsewhere than the body has them.
BIAS = {
    "forearm.L": (6.0, -4.0),
    "forearm.R": (-5.0, 3.0),
    "hand.L": (-3.0, 5.0),
    "thigh.L": (4.0, -9.0),
    "upper_arm.R": (2.0, 5.0),
    "nose": (0.0, 3.0),
}
ARM = ("forearm.L", "hand.L")


@pytest.fixture(scope="module")
def person() -> BodyFit:
    return standing_person()


@pytest.fixture(scope="module")
def tracker(person: BodyFit) -> Tracker:
    return Tracker(person, landmarks_of(person, person.unknowns, BIAS), 25.0)


def test_a_person_who_keeps_still_is_found_in_the_photos_own_pose(
    person: BodyFit, tracker: Tracker
) -> None:
    found = tracker.find(landmarks_of(person, person.unknowns, BIAS), person.unknowns)
    np.testing.assert_allclose(found, person.unknowns, atol=0.01)


def test_a_raised_arm_is_found_where_it_is(person: BodyFit, tracker: Tracker) -> None:
    pose = turned(person, **RAISED)
    found = tracker.find(landmarks_of(person, pose), person.unknowns)
    have, truth = joint_pixels(person, found), joint_pixels(person, pose)
    for name in ARM:
        assert np.linalg.norm(have[name] - truth[name]) < 0.1 * tracker.across


def test_an_arm_turned_to_the_camera_comes_round_from_behind(
    person: BodyFit, tracker: Tracker
) -> None:
    behind = turned(person, upper_arm_L=(0.9, 0.0, 0.0))
    ahead = turned(person, upper_arm_L=(-0.9, 0.0, 0.0))
    found = tracker.find(landmarks_of(person, ahead), behind)
    have, truth = joint_pixels(person, found), joint_pixels(person, ahead)
    assert np.linalg.norm(have["hand.L"] - truth["hand.L"]) < 0.15 * tracker.across


def test_without_landmarks_the_pose_stays(person: BodyFit, tracker: Tracker) -> None:
    pose = tracker.find(landmarks_of(person, turned(person, **RAISED)), person.unknowns)
    np.testing.assert_array_equal(tracker.find(None, pose), pose)


@pytest.mark.parametrize("stems", [("forearm", "hand", "index", "little", "thumb"), None])
def test_sides_that_change_places_for_a_picture_are_noticed(
    person: BodyFit, tracker: Tracker, stems: tuple[str, ...] | None
) -> None:
    pose = turned(person, **RAISED)
    right = landmarks_of(person, pose)
    points, world = dict(right.points), dict(right.world)
    for name in right.points:
        stem, _, side = name.partition(".")
        if side and (stems is None or stem in stems):
            other = f"{stem}.{'R' if side == 'L' else 'L'}"
            points[name], world[name] = right.points[other], right.world[other]
    wrong = replace(right, points=points, world=world)
    mended = same_sides(wrong, joint_pixels(person, person.unknowns), tracker.across)
    for name in right.points:
        np.testing.assert_array_equal(mended.points[name], right.points[name])


def test_crossed_hands_keep_their_sides(person: BodyFit, tracker: Tracker) -> None:
    before = joint_pixels(person, person.unknowns)
    marks = landmarks_of(person, person.unknowns)
    points = dict(marks.points)
    middle = (points["hand.L"] + points["hand.R"]) / 2
    points["hand.L"], points["hand.R"] = middle - 8.0, middle + 8.0
    crossed = replace(marks, points=points)
    assert same_sides(crossed, before, tracker.across) is crossed


def test_the_drawn_person_is_moved_onto_the_one_in_the_frame(
    person: BodyFit, tracker: Tracker
) -> None:
    character = _character(person)
    truth = turned(person, root=(0.02, 0.0, 0.0), upper_arm_L=(0.0, -0.06, 0.0))
    start = person.unknowns
    with (
        Painter(character, SIZE, backdrop=_noise(5, 40.0)) as painter,
        Aligner(person, character, tracker.across) as aligner,
    ):
        frame, drawn = (painter.draw(take_of(person, p[None]), 0) for p in (truth, start))
        sights = aligner.look(take_of(person, start[None]).matrices[0], drawn, frame)
    found = tracker.find(None, start, start, sights)
    have, want, before = (joint_pixels(person, p) for p in (found, truth, start))
    for name in ("chest", "upper_arm.R", *ARM):
        gap = np.linalg.norm(before[name] - want[name])
        assert gap > 2.0
        assert np.linalg.norm(have[name] - want[name]) < 0.35 * gap


def test_a_picture_without_contrast_says_nothing(person: BodyFit, tracker: Tracker) -> None:
    character = _character(person)
    plain = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    with Aligner(person, character, tracker.across) as aligner:
        matrices = take_of(person, person.unknowns[None]).matrices[0]
        sights = aligner.look(matrices, plain, plain)
    assert len(sights.targets) > 0
    np.testing.assert_allclose(sights.sharpness, 0.0, atol=1e-6)


def _noise(seed: int, strength: float) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.normal(128.0, strength, (SIZE[1] // 6 + 1, SIZE[0] // 6 + 1, 3))
    picture = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _character(person: BodyFit) -> Character:
    """The bare body with noise projected on it."""
    body = load_body()
    rgb = _noise(3, 60.0)
    places = np.clip(person.camera.to_pixels(person.vertices)[:, :2], 0, np.array(SIZE) - 1.0)
    return assemble(
        [
            Piece(
                person.vertices,
                body.faces,
                places[body.faces],
                np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]),
                {bone: body.weights[:, i] for i, bone in enumerate(BONES)},
                "trunk",
            )
        ],
        person_bones(person),
        person.camera,
    )
