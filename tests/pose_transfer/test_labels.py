"""The parts of the bundled photo's person, and the outline the body takes from them."""

import numpy as np

from pose_transfer.coverage import CoverageRenderer
from pose_transfer.labels import (
    ARM_L,
    ARM_R,
    BACKGROUND,
    HAND_L,
    HAND_R,
    HEAD,
    LABELS,
    TRUNK,
    label_parts,
    vertex_labels,
)
from pose_transfer.sitting import Sitting
from retarget.body.model import load_body


def middle(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


def test_every_pixel_of_the_person_has_one_part_and_no_other_has(sitting: Sitting) -> None:
    labels = sitting.labels.labels
    assert ((labels != BACKGROUND) == (sitting.matte > 0.5)).all()
    assert set(np.unique(labels)) == set(range(len(LABELS)))


def test_parts_lie_where_the_landmarks_say(sitting: Sitting) -> None:
    points, labels = sitting.landmarks.points, sitting.labels.labels

    def at(place: np.ndarray) -> int:
        x, y = np.round(place).astype(int)
        return int(labels[y, x])

    assert at(points["nose"]) == HEAD
    for side, arm, hand in (("L", ARM_L, HAND_L), ("R", ARM_R, HAND_R)):
        between = (points[f"upper_arm.{side}"] + 2.0 * points[f"forearm.{side}"]) / 3.0
        assert at(between) == arm
        assert at((points[f"forearm.{side}"] + points[f"hand.{side}"]) / 2.0) == arm
        assert at((points[f"index.{side}"] + points[f"little.{side}"]) / 2.0) == hand
    shoulders = (points["upper_arm.L"] + points["upper_arm.R"]) / 2.0
    hips = (points["thigh.L"] + points["thigh.R"]) / 2.0
    assert at((shoulders + hips) / 2.0) == TRUNK


def test_the_person_s_left_is_right_in_the_picture(sitting: Sitting) -> None:
    labels = sitting.labels
    trunk = middle(labels.mask(TRUNK))[0]
    assert middle(labels.mask(ARM_R))[0] < trunk < middle(labels.mask(ARM_L))[0]
    assert middle(labels.mask(HAND_R))[0] < middle(labels.mask(ARM_R))[0]


def test_labels_are_the_same_every_time(sitting: Sitting) -> None:
    again = label_parts(
        sitting.photo.rgb,
        sitting.matte,
        sitting.landmarks,
        sitting.fit,
        load_body(),
        sitting.fit.vertices,
    )
    once_more = label_parts(
        sitting.photo.rgb,
        sitting.matte,
        sitting.landmarks,
        sitting.fit,
        load_body(),
        sitting.fit.vertices,
    )
    np.testing.assert_array_equal(again.labels, once_more.labels)


def test_the_body_takes_the_outline_of_trunk_and_arms(sitting: Sitting) -> None:
    body, labels = load_body(), sitting.labels
    of_vertex = vertex_labels(body)
    camera = sitting.fit.camera
    with CoverageRenderer(camera.size) as renderer:
        for part in (TRUNK, ARM_L, ARM_R):
            faces = body.faces[(of_vertex[body.faces] == part).all(axis=1)]
            fitted, first = (
                renderer.draw(camera.to_pixels(vertices), faces).inside
                for vertices in (sitting.vertices, sitting.fit.vertices)
            )
            # What another part hides has no outline of its own.
            free = labels.mask(BACKGROUND, part)
            own = labels.mask(part)
            overlap, before = (
                np.count_nonzero(cover & own & free) / np.count_nonzero((cover | own) & free)
                for cover in (fitted, first)
            )
            assert overlap > 0.9, LABELS[part]
            assert overlap > before, LABELS[part]
