"""Who can conduct: the judgement of poses, and the detector on real pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import draw_person, drawn_points
from numpy.typing import NDArray

from backend.demo import demo_file
from pose_transfer.landmarks import Landmarks
from pose_transfer.photo import Photo
from pose_transfer.subject import Subject, read_subject
from retarget.errors import ConductorError


def _subject(points: dict[str, NDArray], visibility: dict[str, float] | None = None) -> Subject:
    rgb, matte = draw_person(points)
    seen = dict.fromkeys(points, 1.0) | (visibility or {})
    return Subject.from_landmarks(Photo(rgb, None, "drawn.png"), Landmarks(points, seen), matte)


def test_an_a_pose_needs_no_warning() -> None:
    subject = _subject(drawn_points())
    assert subject.warnings == ()
    assert subject.feet_seen
    assert subject.hidden is None


def test_crossed_arms_are_refused() -> None:
    points = drawn_points()
    for name in ("hand", "index", "little"):
        points[f"{name}.L"], points[f"{name}.R"] = points[f"{name}.R"], points[f"{name}.L"]
    with pytest.raises(ConductorError, match="crossed"):
        _subject(points)


def test_a_person_seen_from_behind_is_refused() -> None:
    points = drawn_points()
    swapped = {
        name: points[name.replace(".L", ".x").replace(".R", ".L").replace(".x", ".R")]
        for name in points
    }
    with pytest.raises(ConductorError, match="back"):
        _subject(swapped)


def test_a_person_standing_sideways_is_refused() -> None:
    points = drawn_points()
    middle = points["nose"][0]
    narrow = {n: np.array([middle + 0.3 * (p[0] - middle), p[1]]) for n, p in points.items()}
    with pytest.raises(ConductorError, match="sideways"):
        _subject(narrow)


def test_one_hidden_arm_is_replaced_with_a_warning_and_two_are_refused() -> None:
    subject = _subject(drawn_points(), {"hand.L": 0.1})
    assert subject.hidden == "L"
    assert "left arm" in subject.warnings[0]
    with pytest.raises(ConductorError, match="cropped or hidden"):
        _subject(drawn_points(), {"hand.L": 0.1, "forearm.R": 0.2})


def test_an_arm_cut_by_the_edge_counts_as_cropped() -> None:
    points = drawn_points()
    points["index.R"] = points["little.R"] = np.array([-30.0, 400.0])
    assert _subject(points).hidden == "R"


def test_a_picture_without_a_person_is_refused() -> None:
    noise = np.random.default_rng(0).integers(90, 160, (300, 300, 3), dtype=np.uint8)
    with pytest.raises(ConductorError, match="No person"):
        read_subject(Photo(noise, None, "noise.png"))


def test_two_people_are_refused_and_a_half_hidden_portrait_too() -> None:
    skimage_data = pytest.importorskip("skimage.data")
    portrait = np.ascontiguousarray(skimage_data.astronaut())
    with pytest.raises(ConductorError, match="2 people"):
        read_subject(Photo(np.concatenate([portrait, portrait], axis=1), None, "pair.png"))
    with pytest.raises(ConductorError, match="cropped or hidden"):
        read_subject(Photo(portrait, None, "portrait.png"))


def test_two_people_side_by_side_are_refused(tmp_path: Path) -> None:
    one = cv2.imread(str(demo_file("photo.png")))
    cv2.imwrite(str(tmp_path / "two.png"), np.hstack([one, one]))
    with pytest.raises(ConductorError, match="2 people"):
        read_subject(tmp_path / "two.png")
