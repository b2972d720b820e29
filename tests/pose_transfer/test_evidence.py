"""What is seen of trunk and arms, on the bundled photo and with parts of it hidden."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pose_transfer.evidence import Evidence, gather_evidence
from pose_transfer.face_mesh import face_width
from pose_transfer.fit import BodyFit
from pose_transfer.labels import ARM_L, BACKGROUND, TRUNK, PartLabels
from pose_transfer.persons import Face
from pose_transfer.photo import Photo
from pose_transfer.sitting import Sitting, sit
from retarget.body.model import load_body
from retarget.rotation import Array, from_axis_angle, rotate

SKIN = (214, 160, 130)


def gathered(
    sitting: Sitting,
    *,
    rgb: np.ndarray | None = None,
    matte: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    face: Array | None = None,
    fit: BodyFit | None = None,
    others: Sequence[Face] = (),
) -> Evidence:
    """The evidence of the bundled photo with some of what it is gathered from changed."""
    own_face = sitting.landmarks.face
    assert own_face is not None
    return gather_evidence(
        sitting.photo.rgb if rgb is None else rgb,
        sitting.matte if matte is None else matte,
        own_face if face is None else face,
        others,
        sitting.labels if labels is None else PartLabels(labels),
        sitting.fit if fit is None else fit,
        load_body(),
    )


def forearm(sitting: Sitting, side: str) -> np.ndarray:
    """Pixels around a forearm, (H, W)."""
    points = sitting.landmarks.points
    elbow, wrist = points[f"forearm.{side}"], points[f"hand.{side}"]
    rows, columns = np.indices(sitting.matte.shape)
    away = np.stack([columns, rows], axis=-1) - elbow
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    t = away @ along
    across = np.abs(away @ np.array([-along[1], along[0]]))
    return (t > 0.0) & (t < 1.1 * np.linalg.norm(wrist - elbow)) & (across < 40)


def test_all_of_both_arms_is_seen_on_the_bundled_photo(sitting: Sitting) -> None:
    evidence = gathered(sitting)
    assert evidence.fault() is None
    assert min(limb.in_matte for limb in evidence.limbs.values()) > 0.95
    assert min(limb.seen for limb in evidence.limbs.values()) > 0.85
    assert abs(evidence.yaw) < 0.1


def test_a_forearm_behind_a_post_is_named(sitting: Sitting) -> None:
    post = forearm(sitting, "L")
    evidence = gathered(
        sitting,
        matte=np.where(post, np.float32(0.0), sitting.matte),
        labels=np.where(post, np.uint8(BACKGROUND), sitting.labels.labels),
    )
    assert evidence.limbs["forearm.L"].in_matte < 0.3
    assert evidence.limbs["forearm.R"].in_matte > 0.9
    assert "hidden behind something" in str(evidence.fault())


def test_an_arm_beyond_the_edge_of_the_photo_is_named(sitting: Sitting) -> None:
    last = int(sitting.landmarks.points["forearm.L"][0])
    narrow = np.s_[:, :last]
    camera = replace(sitting.fit.camera, size=(last, sitting.matte.shape[0]))
    evidence = gathered(
        sitting,
        rgb=sitting.photo.rgb[narrow],
        matte=sitting.matte[narrow],
        labels=sitting.labels.labels[narrow],
        fit=replace(sitting.fit, camera=camera),
    )
    assert evidence.limbs["forearm.L"].in_matte < 0.2
    assert "leaves the photo" in str(evidence.fault())


def test_an_arm_that_was_not_told_from_the_trunk_is_named(sitting: Sitting) -> None:
    labels = sitting.labels.labels
    evidence = gathered(sitting, labels=np.where(labels == ARM_L, np.uint8(TRUNK), labels))
    assert evidence.limbs["upper_arm.L"].seen < 0.1
    assert "Hardly anything" in str(evidence.fault())


def test_a_hidden_forearm_is_a_fault_only_where_sleeves_are_short(sitting: Sitting) -> None:
    labels = sitting.labels.labels
    folded = np.where(forearm(sitting, "L") & (labels == ARM_L), np.uint8(TRUNK), labels)
    assert gathered(sitting, labels=folded).fault() is None
    bare = sitting.photo.rgb.copy()
    bare[forearm(sitting, "R")] = SKIN
    assert "of a forearm" in str(gathered(sitting, labels=folded, rgb=bare).fault())


@pytest.mark.parametrize(
    ("right", "down", "crowded"),
    [(1.8, 0.3, True), (-2.0, -1.0, True), (5.0, 0.0, False), (0.0, 4.5, True)],
)
def test_another_face_beside_the_own_or_in_the_matte_is_a_crowd(
    sitting: Sitting, right: float, down: float, crowded: bool
) -> None:
    face = sitting.landmarks.face
    assert face is not None
    width = face_width(face)
    other = Face(face[:, :2].mean(axis=0) + width * np.array([right, down]), width)
    assert gathered(sitting, others=[other]).crowded == crowded


def test_a_turned_body_is_named(sitting: Sitting) -> None:
    turn = from_axis_angle(np.array([0.0, 0.0, 1.0]), np.radians(50.0))
    turned = replace(sitting.fit, positions=rotate(turn, sitting.fit.positions))
    evidence = gathered(sitting, fit=turned)
    assert np.degrees(abs(evidence.yaw)) == pytest.approx(50.0, abs=5.0)
    assert replace(gathered(sitting), yaw=evidence.yaw).fault() == "The body is turned to the side"


def test_a_small_person_and_a_chest_alone_are_named(sitting: Sitting) -> None:
    evidence = gathered(sitting)
    assert "too small" in str(replace(evidence, face_px=0.3 * evidence.face_px).fault())
    shoulders = sitting.landmarks.points["upper_arm.L"][1]
    low = int(shoulders + 0.2 * evidence.face_px)
    cut = gathered(
        sitting,
        rgb=sitting.photo.rgb[:low],
        matte=sitting.matte[:low],
        labels=sitting.labels.labels[:low],
    )
    assert cut.fault() == "The photo ends at the chest"


def test_a_person_beside_another_wears_a_tailcoat_and_is_told_why(sitting: Sitting) -> None:
    face = sitting.landmarks.face
    assert face is not None
    apart = round(1.9 * face_width(face))
    rgb = sitting.photo.rgb
    # The second of the two stands behind the first.
    behind = np.roll(rgb, apart, axis=1)
    both = np.where(sitting.matte[..., None] > 0.5, rgb, behind)
    pair = sit(Photo(np.ascontiguousarray(both), None, "pair.png"), person=1).character
    assert pair.dress == "concert"
    assert any("Another person" in warning for warning in pair.warnings)
