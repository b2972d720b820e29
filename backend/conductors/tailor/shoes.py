"""Shoes."""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from .form import Form, hull_reach, unit
from .mesh import Sheet, grid_sheet, joined

_RINGS: Final = 20
_AROUND: Final = 20
_HIGH_M: Final = 0.092
"""Where the upper ends, under the trousers, for a body of 1.75 m."""
_ROOM_M: Final = 0.004


def build_shoe(form: Form, side: str, sole: float = 0.010, toe: float = 0.016) -> Sheet:
    """A low shoe: upper and sole.

    Parameters
    ----------
    side : str
        "L" or "R".
    sole : float
        Height of the sole, metres.
    toe : float
        How far the shoe reaches beyond the toes, metres.
    """
    ankle, tip = form.head(f"foot.{side}"), form.figure.tails[form.figure.bone(f"foot.{side}")]
    forward = unit((tip - ankle) * np.array([1.0, 1.0, 0.0]))
    across = np.cross(forward, np.array([0.0, 0, 1.0]))
    origin = np.array([ankle[0], ankle[1], 0.0])
    steps, sections = _foot_sections(form, side, origin, forward, across)
    sections[..., 1] = np.maximum(sections[..., 1], 0.6 * sole)
    steps, sections = _capped(steps, sections, toe)
    upper = np.empty((*sections.shape[:2], 3))
    upper[:] = origin + forward * steps[:, None, None] + sections[..., :1] * across
    upper[..., 2] = sections[..., 1]
    top = grid_sheet(upper, closed=True, flip=True)
    below = _sole(steps, sections, sole, origin, forward, across)
    return joined(top, below.painted(1))


def _foot_sections(
    form: Form, side: str, origin: Array, forward: Array, across: Array
) -> tuple[Array, Array]:
    """Places (R,) along the foot and its smooth outlines (R, AROUND, 2) there: across and up."""
    foot = (form.figure.part == 0) & (form.share(f"foot.{side}", f"shin.{side}") > 0.9)
    foot &= form.figure.vertices[:, 2] < 0.2 * form.scale
    place = (form.figure.vertices[foot & (form.share("foot") > 0.6)] - origin) @ forward
    steps = np.linspace(place.min() + 0.004, place.max() - 0.006, _RINGS)
    angles = 2 * np.pi * np.arange(_AROUND) / _AROUND
    rays = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    middles, reach = np.zeros((_RINGS, 2)), np.zeros((_RINGS, _AROUND))
    for i, step in enumerate(steps):
        flat = form.section(origin + forward * step, across, np.array([0.0, 0, 1.0]), foot)
        flat = flat.reshape(-1, 2)
        flat[:, 1] = np.minimum(flat[:, 1], _HIGH_M * form.scale)
        base = np.stack([flat[:, 0], np.zeros(len(flat))], axis=1)
        flat = np.concatenate([flat, base])
        middles[i] = 0.5 * (flat.min(axis=0) + flat.max(axis=0))
        reach[i] = hull_reach(flat, middles[i], rays)
    middles = gaussian_filter1d(middles, 1.5, axis=0, mode="nearest")
    reach = gaussian_filter1d(gaussian_filter1d(reach, 0.7, axis=1, mode="wrap"), 1.2, axis=0)
    return steps, middles[:, None] + (reach + _ROOM_M)[..., None] * rays


def _capped(steps: Array, sections: Array, toe: float) -> tuple[Array, Array]:
    """The shoe closed round at heel and toe."""
    first, last = sections[0], sections[-1]
    out_steps, out = [], []
    for t in (0.0, 0.35, 0.7, 0.9):
        size = np.sqrt(1 - (1 - t) ** 2)
        middle = np.array([first[:, 0].mean(), 0.45 * first[:, 1].max()])
        out_steps.append(steps[0] - 0.012 * (1 - t))
        out.append(middle + (first - middle) * (0.12 + 0.88 * size))
    out_steps += list(steps)
    out += list(sections)
    middle, low = last[:, 0].mean(), last[:, 1].min()
    for t in (0.25, 0.5, 0.75, 0.9, 1.0):
        across = middle + (last[:, 0] - middle) * (0.25 + 0.75 * np.sqrt(1 - t**2))
        up = low + (last[:, 1] - low) * (1.0 - 0.45 * t**2)
        out_steps.append(steps[-1] + toe * t)
        out.append(np.stack([across, up], axis=1))
    out_steps.append(steps[-1] + toe)
    out.append(out[-1].mean(axis=0) + 0.05 * (out[-1] - out[-1].mean(axis=0)))
    return np.array(out_steps), np.array(out)


def _sole(
    steps: Array, sections: Array, sole: float, origin: Array, forward: Array, across: Array
) -> Sheet:
    left, right = sections[..., 0].min(axis=1), sections[..., 0].max(axis=1)
    middle, half = 0.5 * (left + right), 0.5 * (right - left) + 0.002
    run = (steps - steps[0]) / (steps[-1] - steps[0])
    arch = 0.004 * np.exp(-(((run - 0.38) / 0.07) ** 2))
    rows = []
    for side, level in ((-0.98, sole), (-1.0, sole * 0.8), (-1.0, 0.0), (0.0, 0.0), (1.0, 0.0)):
        rows.append((middle + side * half, np.where(level == 0, arch, level)))
    rows.append((middle + half, np.full(len(steps), sole * 0.8)))
    rows.append((middle + 0.98 * half, np.full(len(steps), sole)))
    grid = np.empty((len(steps), len(rows), 3))
    for column, (x, z) in enumerate(rows):
        grid[:, column] = origin + forward * steps[:, None] + across * x[:, None]
        grid[:, column, 2] = z
    return grid_sheet(grid)
