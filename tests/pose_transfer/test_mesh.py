"""The bending of body and arms."""

import numpy as np

from pose_transfer.mesh.body import BodyPose, BodyRig
from pose_transfer.mesh.skinning import Strip, StripPose, shared_bend, source_points, turned
from pose_transfer.subject import Subject


def _pose() -> BodyPose:
    return BodyPose(
        hips=np.array([[7.0, -3.0]]),
        lean=np.array([0.06]),
        rise=np.array([2.0]),
        head_angle=np.array([-0.1]),
        head_shift=np.array([[3.0, 2.0]]),
        shrug=np.array([[[0.0, -6.0], [2.0, 4.0]]]),
    )


def test_the_face_moves_rigidly(subject: Subject) -> None:
    rig = BodyRig.from_points(subject.points, subject.ground)
    rng = np.random.default_rng(1)
    face = subject.points["nose"] + rng.uniform(-1, 1, (30, 2)) * [28, 38]
    face = face[face[:, 1] < rig.chin]
    moved = rig.forward(face, _pose(), 0)
    assert np.linalg.norm(moved - face, axis=1).min() > 1.0
    before = np.linalg.norm(face[:, None] - face, axis=-1)
    after = np.linalg.norm(moved[:, None] - moved, axis=-1)
    # Shoulders that rise reach up to the chin by far less than anyone can see.
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_the_feet_stay_and_the_inverse_leads_back(subject: Subject) -> None:
    rig = BodyRig.from_points(subject.points, subject.ground)
    feet = np.array([subject.points["foot.L"], subject.points["foot.R"]])
    np.testing.assert_allclose(rig.forward(feet, _pose(), 0), feet, atol=1e-3)
    everywhere = np.stack(np.meshgrid(np.arange(100, 420, 20.0), np.arange(40, 700, 20.0)), -1)
    back = rig.forward(rig.inverse(everywhere, _pose(), 0), _pose(), 0)
    np.testing.assert_allclose(back, everywhere, atol=0.25)


def test_a_limb_at_rest_is_the_photo() -> None:
    strip = Strip(np.array([10.0, 20.0]), np.array([40.0, 110.0]), 14.0, 10.0)
    pose = StripPose(strip.head, strip.tail, 1.0, 1.0, 0.0, 0.0)
    points = np.random.default_rng(0).uniform(-20, 140, (50, 2))
    np.testing.assert_allclose(source_points(points, strip, pose), points, atol=1e-9)


def test_a_foreshortened_limb_keeps_its_ends_and_its_width() -> None:
    strip = Strip(np.zeros(2), np.array([0.0, 100.0]), 12.0, 12.0)
    pose = StripPose(np.array([50.0, 50.0]), np.array([80.0, 50.0]), 1.0, 1.0, 0.0, 0.0)
    ends = np.array([[50.0, 50.0], [80.0, 50.0]])
    np.testing.assert_allclose(source_points(ends, strip, pose), [[0, 0], [0, 100]], atol=1e-9)
    side = source_points(np.array([[65.0, 60.0]]), strip, pose)
    np.testing.assert_allclose(abs(side[0, 0]), 10.0, atol=1e-9)


def test_strips_that_share_a_joint_show_the_same_cloth_there() -> None:
    upper = Strip(np.zeros(2), np.array([0.0, 80.0]), 14.0, 12.0)
    fore = Strip(np.array([0.0, 80.0]), np.array([0.0, 150.0]), 12.0, 9.0)
    elbow, wrist = np.array([0.0, 80.0]), np.array([70.0, 80.0])
    bend = shared_bend(0.0, turned(fore, elbow, wrist, 0.0))
    assert abs(abs(bend) - np.pi / 2) < 1e-9
    first = StripPose(np.zeros(2), elbow, 1.0, 1.0, 0.0, bend)
    second = StripPose(elbow, wrist, 1.0, 1.0, bend, 0.0)
    bisector = elbow + np.array([[1.0, -1.0], [-1.0, 1.0]]) * 6.0
    a, b = source_points(bisector, upper, first), source_points(bisector, fore, second)
    np.testing.assert_allclose(a, b, atol=0.5)
