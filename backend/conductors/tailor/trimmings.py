"""What is sewn on a garment: buttons, flaps, welts."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from .form import Surface, unit
from .mesh import Sheet, grid_sheet

_SIDES: Final = 10
"""Corners of a button."""


def patch(
    surface: Surface, corner: Array, across: Array, up: Array, size: tuple[int, int], height: float
) -> Sheet:
    """A flat patch (pocket, flap) sewn on: a grid of quads from its lower left corner."""
    u, v = np.linspace(0, 1, size[0] + 1), np.linspace(0, 1, size[1] + 1)
    flat = corner + u[None, :, None] * across + v[:, None, None] * up
    laid = surface.lay(flat.reshape(-1, 3), height).reshape(flat.shape)
    return grid_sheet(laid)


def button(surface: Surface, at: Array, radius: float, domed: bool = False) -> Sheet:
    """A round button laid on cloth: with a rim, or domed as a stud."""
    height = 0.003
    middle = 1.25 if domed else 0.7
    around = 2 * np.pi * np.arange(_SIDES) / _SIDES
    place = surface.lay(at[None], 0.0015)
    _, normal = surface.height(place)
    across = unit(np.cross(np.array([0.0, 0, 1.0]), normal[0]))
    up = np.cross(normal[0], across)
    spokes = np.cos(around)[:, None] * across + np.sin(around)[:, None] * up
    rings = [
        place + radius * spokes,
        place + 0.9 * radius * spokes + normal * height,
        place + 0.05 * radius * spokes + normal * height * middle,
    ]
    return grid_sheet(np.stack(rings), closed=True)
