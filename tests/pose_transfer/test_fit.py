"""The body fitted to a photo's landmarks."""

from dataclasses import replace

import numpy as np
import pytest
from posed_person import SIZE, joint_pixels, landmarks_of, standing_person, turned

from pose_transfer.fit import BodyFit, fit_body
from pose_transfer.landmarks import Landmarks
from retarget.body.model import INDEX

ARMS = [f"{stem}.{side}" for stem in ("upper_arm", "forearm", "hand") for side in "LR"]


@pytest.fixture(scope="module")
def person() -> BodyFit:
    return standing_person()


def _shoulders(fit: BodyFit) -> float:
    away = np.diff(fit.camera.to_pixels(fit.positions)[[INDEX[n] for n in ARMS[:2]], :2], axis=0)
    return float(np.linalg.norm(away))


@pytest.mark.parametrize(
    "turns",
    [
        {},
        {"upper_arm_L": (0.0, -0.8, 0.0), "forearm_R": (-1.2, 0.0, 0.0)},
        {"hips": (0.0, 0.0, 0.4)},
    ],
    ids=["hanging arms", "one arm up, one bent", "turned aside"],
)
def test_joints_of_a_posed_body_are_found_again(
    person: BodyFit, turns: dict[str, tuple[float, float, float]]
) -> None:
    unknowns = turned(person, **turns)
    truth = joint_pixels(person, unknowns)
    fit = fit_body(landmarks_of(person, unknowns), SIZE)
    found = fit.camera.to_pixels(fit.positions)[:, :2]
    off = [np.linalg.norm(found[INDEX[name]] - truth[name]) for name in ARMS]
    assert max(off) < 0.06 * _shoulders(person)


def test_landmarks_moved_by_some_pixels_move_the_body_as_far(person: BodyFit) -> None:
    landmarks = landmarks_of(person, person.unknowns)
    by = np.array([18.0, -11.0])
    moved = Landmarks(
        {name: at + by for name, at in landmarks.points.items()},
        landmarks.visibility,
        landmarks.world,
    )
    here, there = (fit_body(marks, SIZE) for marks in (landmarks, moved))
    away = there.camera.to_pixels(there.positions) - here.camera.to_pixels(here.positions)
    np.testing.assert_allclose(away[:, :2] - by, 0.0, atol=0.04 * _shoulders(person))


def test_an_arm_that_points_at_the_camera_does_not_point_away_from_it(person: BodyFit) -> None:
    landmarks = landmarks_of(person, turned(person, upper_arm_L=(-1.0, 0.0, 0.0)))
    fit = fit_body(landmarks, SIZE)
    assert fit.positions[INDEX["hand.L"], 1] < fit.positions[INDEX["upper_arm.L"], 1] - 0.1


def test_what_the_photo_does_not_show_stays_within_its_priors(person: BodyFit) -> None:
    landmarks = landmarks_of(person, person.unknowns)
    hidden = {name: 0.0 for name in landmarks.points if name.split(".")[0] in ("shin", "foot")}
    fit = fit_body(replace(landmarks, visibility=landmarks.visibility | hidden), SIZE)
    knee = fit.positions[INDEX["shin.L"]] - fit.positions[INDEX["thigh.L"]]
    assert knee[2] < -0.3
    assert abs(knee[0]) < 0.15
