"""What the conductor stands on and reads from."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..noise import smoothstep
from .hues import Hue
from .shapes import Shape, box, merged, rod, turned

FLOOR_Z: Final = -0.16
"""Height of the floor, canonical metres: the conductor stands on z = 0, the podium's top."""

# Half the sides of the podium's top, its edge, and what the step below sticks out.
_HALF: Final = (0.62, 0.54)
_EDGE: Final = 0.02
_STEP: Final = 0.16

# Radians from the camera, seen from the conductor.
_ASIDE: Final = np.radians(44.0)
_DESK_TILT: Final = np.radians(24.0)
_DESK: Final = np.array([0.0, -0.72, 0.66])


def podium() -> Shape:
    """A step and a carpeted top with a light edge."""
    x, y = _HALF
    low = box(
        (-x - _STEP, -y - 0.04, FLOOR_Z),
        (x + _STEP, y + _STEP, FLOOR_Z / 2),
        Hue.DARK_WOOD,
        (0.45, 0.9),
    )
    body = box((-x, -y, FLOOR_Z / 2), (x, y, -_EDGE), Hue.WOOD, (0.5, 0.9))
    lip = box((-x - 0.03, -y - 0.03, -_EDGE), (x + 0.03, y + 0.03, -0.006), Hue.GILT, (0.5, 0.7))
    top = box((-x, -y, -0.01), (x, y, 0.0), Hue.CARPET, (0.5, 1.0))
    return merged([low, body, lip, top])


def conductors_stand(behind: float) -> Shape:
    """Low, so that it hides no hand: desk, open score, pole, foot.

    It stands ahead of the conductor, or as far beside that as it takes to hide no leg.

    Parameters
    ----------
    behind : float
        Direction in which the camera sees the conductor, radians anticlockwise from +X.
    """
    camera = float(np.angle(np.exp(1j * (behind - 0.5 * np.pi))))
    aside = max(0.0, camera + _ASIDE) if camera <= 0.0 else min(0.0, camera - _ASIDE)
    desk = _tilted(box((-0.27, -0.17, -0.006), (0.27, 0.17, 0.006), Hue.METAL, (0.5, 0.8)))
    ledge = _tilted(box((-0.27, 0.16, 0.0), (0.27, 0.175, 0.03), Hue.METAL, (0.6, 1.0)))
    pages = [
        _tilted(box((x - 0.114, -0.15, 0.007), (x + 0.114, 0.15, 0.013), Hue.PAPER, (0.7, 1.0)))
        for x in (-0.118, 0.118)
    ]
    pole = _pole(0.66 - FLOOR_Z).moved((0.0, _DESK[1], FLOOR_Z))
    return merged([desk, ledge, *pages, pole]).moved(turned=aside)


def players_stand() -> Shape:
    """A music stand of the orchestra on z = 0, its reader to +Y."""
    desk = box((-0.24, -0.015, -0.14), (0.24, 0.0, 0.14), Hue.METAL, (0.2, 0.7))
    pages = box((-0.21, 0.002, -0.12), (0.21, 0.012, 0.19), Hue.PAPER, (0.75, 1.0))
    tilt = np.array([(1.0, 0.0, 0.0), (0.0, 0.9, -0.436), (0.0, 0.436, 0.9)])
    feet = [
        rod((0.0, 0.0, 0.12), (x, y, 0.0), (0.011, 0.011), Hue.METAL, 0.5, 3)
        for x, y in ((0.0, 0.24), (0.21, -0.12), (-0.21, -0.12))
    ]
    pole = rod((0.0, 0.0, 0.06), (0.0, 0.0, 0.84), (0.012, 0.010), Hue.METAL, 0.5, 4)
    return merged([merged([desk, pages]).mapped(tilt, (0.0, -0.01, 0.86)), pole, *feet])


def pool(x: Array, y: Array, radius: float) -> Array:
    """Light on the floor round the podium, 1 in the middle, 0 beyond twice the radius."""
    return smoothstep(np.hypot(x, y + 0.4), 2.0 * radius, 0.2 * radius)


def _pole(height: float, sides: int = 12) -> Shape:
    profile = ((0.20, 0.0), (0.19, 0.015), (0.02, 0.03), (0.013, 0.06), (0.013, height))
    return turned(profile, sides, Hue.METAL, (0.4, 0.7, 0.5, 0.6, 0.8))


def _tilted(shape: Shape) -> Shape:
    """A flat shape about the origin as the desk lies: its far edge up."""
    cos, sin = np.cos(_DESK_TILT), np.sin(_DESK_TILT)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cos, sin], [0.0, -sin, cos]])
    return shape.mapped(turn, _DESK)
