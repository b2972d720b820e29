"""Bare arms: shine and stains go, sleeves stay as they are."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from posed_person import SIZE, standing_person

from pose_transfer.bare_arms import even_skin
from pose_transfer.coverage import Coverage, CoverageRenderer
from pose_transfer.labels import ARM_L, TRUNK, PartLabels, vertex_labels
from pose_transfer.person_parts import PersonParts, face_labels
from retarget.body.model import INDEX, load_body

SKIN, CLOTH = np.array([214, 168, 144]), np.array([40, 60, 120])


@cache
def left_arm() -> tuple[Coverage, NDArray]:
    """What the left arm covers, and its faces."""
    body, fit = load_body(), standing_person()
    faces = body.faces[face_labels(vertex_labels(body), body.faces) == ARM_L]
    with CoverageRenderer(SIZE) as renderer:
        return renderer.draw(fit.camera.to_pixels(fit.vertices), faces), faces


def painted(
    sleeve_ends: float, stained: bool, skin: NDArray = SKIN, cloth: NDArray = CLOTH
) -> tuple[NDArray, NDArray, NDArray]:
    """An arm before and after, and the rows (H,) below its sleeve.

    The sleeve reaches so far down: 0 is the shoulder, 1 the wrist. Beside it is the trunk.
    """
    body, fit = load_body(), standing_person()
    cover, faces = left_arm()
    ends = fit.camera.to_pixels(fit.positions[[INDEX["upper_arm.L"], INDEX["hand.L"]]])[:, 1]
    rows = np.arange(SIZE[1]) > ends[0] + sleeve_ends * (ends[1] - ends[0])
    picture = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    picture[:] = np.where(rows[:, None, None], skin, cloth)
    if stained:
        middle = int(ends[0] + 0.75 * (ends[1] - ends[0]))
        picture[middle - 6 : middle + 6] = [255, 252, 250]
    trunk = ~cover.inside & ~rows[:, None]
    labels = np.where(cover.inside, ARM_L, np.where(trunk, TRUNK, 0)).astype(np.uint8)
    matte = (labels > 0).astype(np.float32)
    parts = PersonParts(
        picture, matte, PartLabels(labels), fit, fit.vertices, body, skin.astype(float)
    )
    return picture, even_skin(parts, ARM_L, picture, cover, faces), rows


def test_shine_on_a_bare_forearm_goes() -> None:
    before, after, _ = painted(0.35, stained=True)
    cover, _ = left_arm()
    middle = int(np.median(np.nonzero((before == 250).any(axis=-1))[0]))
    shown = cover.inside[middle]
    assert before[middle, shown].min() > 245
    assert np.abs(after[middle, shown] - SKIN).max(axis=-1).mean() < 35


def test_a_short_sleeve_keeps_its_colour() -> None:
    before, after, rows = painted(0.35, stained=False)
    cover, _ = left_arm()
    sleeve = cover.inside & ~rows[:, None]
    sleeve[np.flatnonzero(rows)[0] - 3 :] = False
    assert sleeve.any()
    np.testing.assert_array_equal(after[sleeve], before[sleeve])


def test_a_clothed_arm_is_not_touched() -> None:
    before, after, _ = painted(2.0, stained=False)
    np.testing.assert_array_equal(after, before)


def test_a_grey_sleeve_is_not_taken_for_pale_skin() -> None:
    pale, grey = np.array([226, 208, 202]), np.array([186, 186, 190])
    before, after, _ = painted(2.0, stained=False, skin=pale, cloth=grey)
    np.testing.assert_array_equal(after, before)
