"""`Shorn`: hair too short for a shape of its own, as paint on the skin."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..parts import Figure
from .cap import Hairline, Line, smooth
from .head import Head, angles

_ROOTS_DEG: Final = 3.5
"""How far down the skin hair's first roots show below the hairline."""

_OFF_M: Final = 0.005
"""What stands further off the head than this is an ear."""


def shorn(figure: Figure, line: Line, fade: float, points: Array) -> Array:
    """How much of the skin's colour at points (N, 3) is that of hair, [0, 1].

    Parameters
    ----------
    line : Line
        The natural hairline.
    fade : float
        How many degrees over it, at the sides and the nape, hair begins to have a shape.
    """
    head = Head(figure)
    azimuth, elevation = angles(points - head.centre)
    natural = elevation - Hairline(head, line).elevation(azimuth)
    full = elevation - Hairline(head, line, fade).elevation(azimuth)
    width = np.maximum(natural - full, 0.0) + _ROOTS_DEG
    grown = smooth(full / width, -1.0, 0.0) ** 0.8
    off = np.abs(head.height(points))
    return grown * (1.0 - smooth(off, 0.7 * _OFF_M, _OFF_M)) * smooth(elevation, -75.0, -65.0)
