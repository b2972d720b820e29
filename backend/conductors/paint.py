"""Strokes that skin, hands and eyes are painted with."""

import numpy as np

from retarget.rotation import Array

from .curves import smoothstep
from .parts import Colour


def tint(colours: Array, share: Array, factor: Colour) -> Array:
    """Colours (N, 3) times a factor, by a share (N,)."""
    return np.asarray(
        colours * (1.0 + np.clip(share, 0.0, 1.0)[:, None] * (np.array(factor) - 1.0))
    )


def smooth(start: float | Array, end: float | Array, value: Array) -> Array:
    """0 at and before `start`, 1 at and after `end`, smooth between; either may be the larger."""
    return smoothstep(value, start, end)


def bell(value: Array, width: float | Array) -> Array:
    """1 at 0, e⁻¹ at `width`."""
    return np.asarray(np.exp(-((value / width) ** 2)))


def noise(points: Array, size: float, seed: int) -> Array:
    """Smooth noise (N,) of unit variance at points (N, 3); `size` of its blotches in metres."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    grid = gaussian_filter(
        np.random.default_rng(seed).standard_normal((48, 48, 48)), 1.2, mode="wrap"
    )
    grid /= grid.std()
    return np.asarray(map_coordinates(grid, points.T / (0.5 * size), order=1, mode="grid-wrap"))
