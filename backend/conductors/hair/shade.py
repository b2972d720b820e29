"""`shorn`: hair too short for a shape of its own, as paint on the skin."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..curves import smoothstep
from ..paint import noise
from ..parts import Figure
from .hairline import Hairline, Line
from .head import Head, angles

_ROOTS_DEG: Final = 6.0
"""Over how much of the skin hair's first roots get sparser; a third of it is inside the line."""

_OFF_M: Final = 0.005
"""What stands further off the head than this is an ear."""

_STROKE_DEG: Final = (1.0, 7.0)
"""Width and length of what tells single roots apart."""


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
    across, along = _STROKE_DEG
    place = np.stack([azimuth / across, elevation / along, 0.0 * azimuth], axis=1)
    strokes = np.clip(noise(place, 1.0, 31), -1.5, 1.5)
    share = (full - _ROOTS_DEG / 3.0 + 0.07 * _ROOTS_DEG * strokes) / width
    grown = smoothstep(share, -1.0, 0.0)
    off = np.abs(head.height(points))
    return (
        grown * (1.0 - smoothstep(off, 0.7 * _OFF_M, _OFF_M)) * smoothstep(elevation, -75.0, -65.0)
    )
