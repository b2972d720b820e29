"""Cloth that goes on where the photo does not show it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.complete import complete

SIZE = 96
HOLE = np.s_[34:62, 30:66]


def completed(rows: NDArray[np.floating], badge: bool = False) -> NDArray[np.uint8]:
    """A picture whose rows have these levels, with the hole filled from the rest."""
    picture = np.repeat(np.repeat(rows[:, None, None], SIZE, axis=1), 3, axis=2)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    if badge:
        picture[10:18, 10:20] = (40, 160, 60)
    everywhere = np.ones((SIZE, SIZE), bool)
    known = everywhere.copy()
    known[HOLE] = False
    hidden = picture.copy()
    hidden[HOLE] = (200, 60, 60)
    return complete(hidden, known, everywhere, known)


@pytest.mark.parametrize("badge", [False, True])
def test_a_shirt_does_not_fade_into_the_trousers(badge: bool) -> None:
    rows = np.where(np.arange(SIZE) < 48, 230.0, 30.0)
    filled = completed(rows, badge)[HOLE].astype(float).mean(axis=-1)
    between = (filled > 70.0) & (filled < 190.0)
    assert between.mean() < 0.12
    assert filled[:8].mean() > 200.0
    assert filled[-8:].mean() < 60.0


def test_a_shaded_cloth_stays_smooth() -> None:
    filled = completed(np.linspace(230.0, 30.0, SIZE)).astype(float).mean(axis=-1)
    steps = np.abs(np.diff(filled[30:66, 34:62], axis=0))
    assert steps.max() < 14.0
