"""Beat grids for tests."""

import numpy as np

from backend.grid.beat_grid import BeatGrid


def grid_in(beats: int, count: int, bpm: float) -> BeatGrid:
    """`count` even beats from 0 s on in bars of `beats`."""
    return BeatGrid(
        np.arange(count) * 60.0 / bpm,
        np.arange(count) % beats + 1,
        np.full(count, beats),
        (f"{beats}/4",) * count,
        np.ones(count),
    )
