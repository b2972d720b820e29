"""A person watched through a video, and their character doing the same."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.follow import follow
from pose_transfer.landmarks import Landmarks
from pose_transfer.sitting import Sitting
from pose_transfer.watch import watch
from retarget.body.model import INDEX

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
    bone = INDEX["chest"]
    before, after = (
        sitting.fit.camera.to_pixels(m[bone, :, :3] @ sitting.fit.positions[bone] + m[bone, :, 3])
        for m in take.matrices
    )
    np.testing.assert_allclose((after - before)[:2], [MOVED, 0.0], atol=0.25 * MOVED)
