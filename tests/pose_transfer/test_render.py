"""The likeness pass from a person whose joints are known to finished frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import make_guide
from numpy.typing import NDArray

from pose_transfer.mesh.body import BodyRig
from pose_transfer.posing import CHAIN, arm_lengths, bones_behind, pose_subject
from pose_transfer.render import likeness_frames
from pose_transfer.sheet import resample
from pose_transfer.subject import Subject
from retarget import skeleton
from retarget.errors import ConductorError
from retarget.guide import Guide

GREEN = "#00c000"


def _away_from_green(frame: np.ndarray) -> np.ndarray:
    return np.abs(frame.astype(int) - [0, 192, 0]).max(axis=-1)


def test_zero_motion_gives_the_photo_back_inside_the_mask(
    subject: Subject, still_guide: Guide
) -> None:
    frames = likeness_frames(still_guide, subject, size=(520, 720))
    scale, shift = frames.framing.scale, frames.framing.shift
    photo = resample(subject.rgb, scale, shift, frames.size).astype(float)
    matte = resample(subject.matte, scale, shift, frames.size)
    inside = cv2.erode((matte > 0.99).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    # The baton is new.
    tip = pose_subject(subject, _rig(subject), still_guide).baton[0] * scale + shift
    baton = np.zeros(inside.shape, np.uint8)
    cv2.line(baton, *(tuple(int(v) for v in p) for p in tip), (255,), 30)
    inside &= baton == 0
    error = np.abs(frames[0].astype(float) - photo).max(axis=-1)[inside]
    assert inside.sum() > 20_000
    assert error.mean() < 2.0
    assert np.percentile(error, 99) < 16.0


def test_frames_do_not_depend_on_the_order_they_are_drawn_in(
    subject: Subject, beating_guide: Guide
) -> None:
    frames = likeness_frames(beating_guide, subject, background=GREEN, size=(320, 240))
    drawn = list(frames)
    assert len(drawn) == frames.count == len(beating_guide)
    for number in (0, 7, 23):
        assert drawn[number].shape == (240, 320, 3)
        np.testing.assert_array_equal(drawn[number], frames[number])


def test_moving_arms_have_no_holes_along_their_bones(
    subject: Subject, beating_guide: Guide
) -> None:
    frames = likeness_frames(beating_guide, subject, background=GREEN, size=(640, 480))
    pose = pose_subject(subject, _rig(subject), beating_guide).moved(
        frames.framing.scale, frames.framing.shift
    )
    for number in range(0, len(frames), 3):
        away = _away_from_green(frames[number])
        for side in "LR":
            shoulder, elbow, wrist, tip = pose.arms[side].joints[number]
            palm = wrist + 0.4 * (tip - wrist)
            for start, end in ((shoulder, elbow), (elbow, wrist), (wrist, palm)):
                line = start + np.linspace(0, 1, 40)[:, None] * (end - start)
                x, y = np.round(line).astype(int).T
                assert away[y, x].min() > 60, (number, side)


def test_nothing_is_left_where_the_arms_were_in_the_photo(
    subject: Subject, beating_guide: Guide
) -> None:
    frames = likeness_frames(beating_guide, subject, background=GREEN, size=(640, 480))
    scale, shift = frames.framing.scale, frames.framing.shift
    raised = 12  # forearms up
    away = _away_from_green(frames[raised])
    for side in "LR":
        wrist = subject.points[f"hand.{side}"] * scale + shift
        knuckles = subject.points[f"index.{side}"] * scale + shift
        for point in (wrist, knuckles):
            x, y = np.round(point).astype(int)
            assert away[y - 4 : y + 5, x - 4 : x + 5].max() < 8


def test_the_whole_reach_of_arms_and_baton_is_in_the_picture(
    subject: Subject, beating_guide: Guide
) -> None:
    pose = pose_subject(subject, _rig(subject), beating_guide)
    for size in ((640, 360), (360, 640), (480, 480)):
        frames = likeness_frames(beating_guide, subject, background=GREEN, size=size)
        placed = pose.moved(frames.framing.scale, frames.framing.shift)
        points = np.concatenate(
            [placed.baton.reshape(-1, 2)] + [a.joints.reshape(-1, 2) for a in placed.arms.values()]
        )
        assert (points > 0).all()
        assert (points < size).all()


def test_dark_clothes_from_a_bright_wall_bring_no_halo(
    subject: Subject, still_guide: Guide
) -> None:
    frames = likeness_frames(still_guide, subject, background="#000000", size=(520, 720))
    frame = frames[0]
    scale, shift = frames.framing.scale, frames.framing.shift
    matte = resample(subject.matte, scale, shift, frames.size)
    # Beside the left thigh: cloth of (30, 30, 34) before a wall of (120, 130, 140).
    knee = subject.points["shin.L"] * scale + shift
    row = frame[int(knee[1]), int(knee[0]) :].max(axis=-1)
    soft = matte[int(knee[1]), int(knee[0]) :]
    edge = np.flatnonzero(soft < 0.05)[0]
    assert row[max(edge - 6, 0) : edge + 6].max() < 60


def test_on_the_stage_the_feet_stand_where_the_avatar_stands(
    subject: Subject, beating_guide: Guide, tmp_path: Path
) -> None:
    plate = np.zeros((540, 960, 3), np.uint8)
    plate[:, :, 1] = 192
    cv2.imwrite(str(tmp_path / "plate.png"), plate)
    frames = likeness_frames(
        beating_guide, subject, background="stage", plate=tmp_path / "plate.png"
    )
    assert frames.size == (960, 540)
    pixels = beating_guide.to_pixels(beating_guide.positions)[0]
    for name in ("foot", "upper_arm"):
        ours = (subject.points[f"{name}.L"] + subject.points[f"{name}.R"]) / 2
        ours = ours * frames.framing.scale + frames.framing.shift
        joints = [skeleton.INDEX[f"{name}.{side}"] for side in "LR"]
        assert np.abs(ours - pixels[joints, :2].mean(axis=0)).max() < 2.0


def test_the_default_size_is_even_and_not_too_large(subject: Subject, still_guide: Guide) -> None:
    frames = likeness_frames(still_guide, subject, background=GREEN)
    assert all(n % 2 == 0 for n in frames.size)
    assert 700 <= max(frames.size) <= 1280


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"background": "forest"}, "no background"),
        ({"background": "stage"}, "empty stage"),
        ({"background": GREEN, "size": (10, 10)}, "size"),
    ],
)
def test_options_that_make_no_sense_get_one_sentence(
    subject: Subject, still_guide: Guide, options: dict, words: str
) -> None:
    with pytest.raises(ConductorError, match=words):
        likeness_frames(still_guide, subject, **options)


def test_a_forearm_that_points_at_the_camera_is_seen_and_points_up(subject: Subject) -> None:
    def arms(_frame: int, side: str) -> NDArray:
        upper = [0.3 if side == "L" else -0.3, 0.0, -0.95]
        return np.array([upper, [0.0, -1.0, 0.0], [0.0, -1.0, 0.0]])

    pose = pose_subject(subject, _rig(subject), make_guide(arms, 2))
    full = arm_lengths(subject)
    for arm in pose.arms.values():
        forearm, hand = arm.joints[0, 2] - arm.joints[0, 1], arm.joints[0, 3] - arm.joints[0, 2]
        assert np.linalg.norm(forearm) > 0.4 * full[1]
        assert np.linalg.norm(hand) > 0.8 * full[2]
        assert forearm[1] < 0.0
        assert abs(forearm[0]) < 0.35 * abs(forearm[1])
    shaft = pose.baton[0, 1] - pose.baton[0, 0]
    assert np.linalg.norm(shaft) > 0.1 * subject.pixels_per_metre


def test_bones_in_the_plane_of_the_picture_keep_their_photographed_places(
    subject: Subject, still_guide: Guide
) -> None:
    pose = pose_subject(subject, _rig(subject), still_guide)
    for side, arm in pose.arms.items():
        photo = [subject.points[f"{name}.{side}"] for name in CHAIN]
        np.testing.assert_allclose(arm.joints[0, :3], photo, atol=0.5)


def test_an_arm_beside_the_body_does_not_flicker_between_front_and_back() -> None:
    trembling = -0.11 + 0.02 * np.resize([1.0, -1.0], 40)
    away = np.r_[np.zeros(5), trembling, np.full(5, -0.3), trembling, np.zeros(5)]
    behind = bones_behind(np.repeat(away[:, None], 4, axis=1))
    changes = np.abs(np.diff(behind.astype(int), axis=0)).sum(axis=0)
    assert not behind[:45].any()
    assert behind[45:90].all()
    np.testing.assert_array_equal(changes, 2)


def _rig(subject: Subject) -> BodyRig:
    return BodyRig.from_points(subject.points, subject.ground)
