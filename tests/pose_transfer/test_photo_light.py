"""Tests of how a photo's light is read off the person's form."""

import numpy as np
import pytest

from pose_transfer.coverage import CoverageRenderer
from pose_transfer.deform import vertex_normals
from pose_transfer.labels import BACKGROUND, PartLabels, vertex_labels
from pose_transfer.lighting import USUAL_LIGHT, light_on, light_on_faces
from pose_transfer.photo_light import find_light
from pose_transfer.sitting import Sitting
from retarget.body.model import load_body
from retarget.rotation import Array

# What each label is painted in: background, trunk, head, arms, hands.
PAINT = np.array([0, 60, 140, 90, 90, 140, 140], np.float64)


def lit_body(sitting: Sitting, light: Array, pattern: float = 0.0) -> Array:
    """The light found in a painting of a sitting's body under `light`, with noise of a cloth."""
    body, vertices = load_body(), sitting.vertices
    height, width = sitting.matte.shape
    with CoverageRenderer((width, height)) as renderer:
        cover = renderer.draw(sitting.fit.camera.to_pixels(vertices), body.faces)
    x, y, z = vertex_normals(vertices, body.faces)[body.faces].mean(axis=1).T
    normals = np.stack([x, z, -y]) / np.linalg.norm([x, y, z], axis=0)
    of_face = vertex_labels(body)[body.faces[:, 0]]
    labels = np.where(cover.inside, of_face[cover.face], BACKGROUND)
    shade = light_on(normals.astype(np.float32), light)[cover.face]
    stripes = 1.0 - pattern * (np.arange(height)[:, None] // 6 % 2)
    grey = np.where(cover.inside, PAINT[labels] * shade * stripes, 0.0)
    painting = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    face = sitting.landmarks.face
    assert face is not None
    matte = cover.inside.astype(np.float32)
    found = PartLabels(labels.astype(np.uint8))
    return find_light(painting, matte, found, face, sitting.fit, vertices, body)


@pytest.mark.parametrize("light", [(0.4, 0.1, 0.2), (-0.4, 0.2, 0.1), (0.0, 0.3, 0.3)])
def test_the_light_a_body_was_painted_with_is_found(
    sitting: Sitting, light: tuple[float, float, float]
) -> None:
    plain = lit_body(sitting, np.array(light))
    assert np.linalg.norm(plain - light) < 0.12
    striped = lit_body(sitting, np.array(light), pattern=0.4)
    assert np.linalg.norm(striped - light) < np.linalg.norm(USUAL_LIGHT - light)


def test_a_light_is_never_so_hard_that_what_faces_away_is_black(sitting: Sitting) -> None:
    found = lit_body(sitting, np.array([0.95, 0.0, 0.1]))
    assert 0.4 < np.linalg.norm(found) <= 0.5 + 1e-9


def test_a_face_turned_to_the_camera_shows_a_light_from_the_front_best() -> None:
    front, side, behind = (
        light_on_faces(0.4 * np.array(v)) for v in ((0, 0, 1), (1, 0, 0), (0, 0, -1))
    )
    assert front == pytest.approx(1.4)
    assert front > side > 1.0 > behind
