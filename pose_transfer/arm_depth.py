"""How deep arms are: a photo shows how wide they are, and arms are about as deep as wide."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from retarget.body.model import INDEX, Body
from retarget.rotation import Array

from .fit import BodyFit

# Slices across each bone of an arm, and how many of them are taken together.
_SLICES: Final = 16
_SMOOTH: Final = 1.5
# Slices with fewer vertices say nothing.
_FEWEST: Final = 6
# A bone that points at the camera more than this (cosine) does not show how wide it is.
_END_ON: Final = 0.95
# The photo looks along +y.
_VIEW: Final = np.array([0.0, 1.0, 0.0])


def as_deep_as_wide(vertices: Array, fit: BodyFit, body: Body) -> Array:
    """Vertices (V, 3) whose arms stand out in depth no further than across the picture.

    Growing to an outline that lies beside the bone makes a limb as deep all round as its farthest
    side; what is taken for the depth is the fitted body's own shape, grown as much as the width.

    Parameters
    ----------
    vertices : (V, 3) array
        The body with the photo's outline, in the photo's pose.
    fit : BodyFit
        The same pose without clothes.
    body : Body
        Weights.
    """
    change = np.zeros_like(vertices)
    for side in "LR":
        line = fit.positions[[INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")]]
        for start, stem in enumerate(("upper_arm", "forearm")):
            share = body.weights[:, INDEX[f"{stem}.{side}"]]
            rows = np.flatnonzero(share > 0.0)
            moved = _flattened(
                vertices[rows], fit.vertices[rows], share[rows], line[start], line[start + 1]
            )
            change[rows] += share[rows, None] * moved
    return vertices + change


def _flattened(places: Array, bare: Array, share: Array, start: Array, end: Array) -> Array:
    """How far the places (N, 3) of a limb from `start` to `end` go towards its middle in depth."""
    way = end - start
    length = float(np.linalg.norm(way))
    way = way / length
    if abs(float(way @ _VIEW)) > _END_ON:
        return np.zeros_like(places)
    across = np.cross(way, _VIEW)
    across /= np.linalg.norm(across)
    deep = np.cross(way, across)
    along = np.clip((bare - start) @ way / length, 0.0, 1.0)
    own = share > 0.5
    mine = np.minimum((along * _SLICES).astype(int), _SLICES - 1)
    middle, scale = np.full(_SLICES, np.nan), np.full(_SLICES, np.nan)
    for k in range(_SLICES):
        here = own & (mine == k)
        if np.count_nonzero(here) < _FEWEST:
            continue
        wide = np.ptp(places[here] @ across) / np.ptp(bare[here] @ across)
        depth = (places[here] - start) @ deep
        middle[k] = 0.5 * (depth.min() + depth.max())
        scale[k] = min(1.0, wide * np.ptp(bare[here] @ deep) / np.ptp(depth))
    if not np.isfinite(scale).any():
        return np.zeros_like(places)
    at = np.linspace(0.0, 1.0, 2 * _SLICES + 1)[1::2]
    depth = (places - start) @ deep
    moved = (_at(scale, at, along) - 1.0) * (depth - _at(middle, at, along))
    return np.asarray(moved[:, None] * deep, np.float64)


def _at(values: NDArray[np.float64], at: Array, along: Array) -> Array:
    known = np.isfinite(values)
    smooth = gaussian_filter1d(np.interp(at, at[known], values[known]), _SMOOTH, mode="nearest")
    return np.asarray(np.interp(along, at, smooth), np.float64)
