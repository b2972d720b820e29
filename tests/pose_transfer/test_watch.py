"""A person watched through a video, and their character doing the same."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.follow import follow
from pose_transfer.landmarks import Landmarks
from pose_transfer.sitting import Sitting
from pose_transfer.watch import watch
from retarget.character import PARTS
from retarget.rotation import Array

MOVED = 9


@pytest.fixture(scope="module")
def frames(sitting: Sitting) -> list[NDArray[np.uint8]]:
    """The photo, the photo moved to the right, and nobody."""
    rgb = sitting.photo.rgb
    moved = np.pad(rgb, ((0, 0), (MOVED, 0), (0, 0)), mode="edge")[:, : rgb.shape[1]]
    return [rgb, moved, np.full_like(rgb, 128)]


@pytest.fixture(scope="module")
def seen(sitting: Sitting, frames: list[NDArray[np.uint8]]) -> list[Landmarks | None]:
    return watch(frames, sitting.landmarks)


def test_what_moved_is_seen_where_it_went(sitting: Sitting, seen: list[Landmarks | None]) -> None:
    found = seen[1]
    assert found is not None
    names = ("upper_arm.L", "upper_arm.R", "nose")
    away = [found.points[name] - sitting.landmarks.points[name] for name in names]
    np.testing.assert_allclose(np.mean(away, axis=0), [MOVED, 0.0], atol=0.4 * MOVED)


def test_where_nobody_is_nobody_is_seen(seen: list[Landmarks | None]) -> None:
    assert seen[2] is None


def test_the_character_moves_as_the_person_does(
    sitting: Sitting, frames: list[NDArray[np.uint8]], seen: list[Landmarks | None]
) -> None:
    take = follow(sitting, frames[:2], seen[:2])
    before, after = (_seen_at(sitting, matrices) for matrices in take.matrices)
    for part in ("trunk", "head"):
        own = sitting.character.parts == PARTS.index(part)
        away = (after - before)[own].mean(axis=0)
        np.testing.assert_allclose(away, [MOVED, 0.0], atol=0.1 * MOVED)


def _seen_at(sitting: Sitting, matrices: NDArray[np.float32]) -> Array:
    """Where the photo's camera sees the vertices of a character, (V, 2) pixels."""
    character = sitting.character
    blended = np.einsum("vk,vkij->vij", character.weights, matrices[character.weight_bones])
    places = np.einsum("vij,vj->vi", blended[:, :, :3], character.vertices) + blended[:, :, 3]
    return character.camera.to_pixels(places.astype(np.float64))[:, :2]
