"""A plain studio: a curved backdrop without corners, lighter behind the conductor."""

from typing import Any, Final

import numpy as np

from retarget.rotation import Array

from ..noise import smoothstep
from .hues import Hue
from .podium import FLOOR_Z, conductors_stand, podium
from .shapes import turned
from .surfaces import Palette, add_shape, add_surface, picture_material

PALETTE: Final = Palette(
    tuple((0.30, 0.31, 0.33) if hue != Hue.PAPER else (0.92, 0.91, 0.88) for hue in Hue),
    shadow=(0.45, 0.45, 0.48),
    air=(0.5, 0.5, 0.52),
)
_RADIUS: Final = 6.5
_BEND: Final = 1.6
_HEIGHT: Final = 6.5
_LOW: Final = np.array([0.205, 0.228, 0.262])
_HIGH: Final = np.array([0.640, 0.655, 0.670])


def build_studio(root: Any, behind: float) -> None:
    """Add the studio's objects below an empty, in canonical metres.

    Parameters
    ----------
    behind : float
        Direction in which the camera sees the conductor, radians anticlockwise from +X: there the
        backdrop is light.
    """
    grey = picture_material("Grey", PALETTE.pixels)
    add_shape(root, "Podium", podium(), PALETTE, grey)
    add_shape(root, "Music Stand", conductors_stand(behind), PALETTE, grey)
    bend = np.linspace(0.0, np.pi / 2.0, 9)
    floor = np.array([(r, 0.0) for r in np.linspace(1e-3, _RADIUS - _BEND, 8)[:-1]])
    cove = np.column_stack([_RADIUS - _BEND + _BEND * np.sin(bend), _BEND - _BEND * np.cos(bend)])
    wall = np.array([(_RADIUS, z) for z in np.linspace(_BEND, _HEIGHT, 6)[1:]])
    profile = np.concatenate([floor, cove, wall]) + np.array([0.0, FLOOR_Z])
    segments = 72
    shape = turned(profile, segments, Hue.WOOD, inside=True)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    angle = np.linspace(2.0 * np.pi, 0.0, segments + 1) - behind + np.pi
    u = np.tile(angle / (2.0 * np.pi), len(profile))
    v = np.repeat(length / length[-1], segments + 1)
    material = picture_material(
        "Backdrop", _gradient(length[-1]), roughness=0.9, glow=0.18, grain=True
    )
    add_surface(root, "Backdrop", shape, np.column_stack([u, v]), material)


def _gradient(length: float) -> Array:
    """The backdrop unrolled (512, 1024, 3): by direction, and from the podium up the wall."""
    around, along = np.meshgrid(np.linspace(-np.pi, np.pi, 1024), np.linspace(0.0, length, 512))
    bend = _RADIUS - _BEND
    floor = smoothstep(along, bend + 1.0, 1.0)
    glow = np.exp(-((around / 0.62) ** 2) - (((along - bend - 2.9) / 2.2) ** 2))
    near = 0.55 * np.exp(-((along / 2.4) ** 2))
    value = np.clip(0.10 + 0.78 * glow + near + 0.10 * floor, 0.0, 1.0)
    return _LOW + (_HIGH - _LOW) * value[..., None]
