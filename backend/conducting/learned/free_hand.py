"""A free hand that is softly rounded: what a network has averaged lies flat and fanned out."""

from typing import Final

import numpy as np

from backend.conducting.rules.curves import smoothstep
from backend.conducting.rules.hand_shapes import TOGETHER
from retarget import rotation, skeleton
from retarget.rotation import Array

ROUNDED: Final = {"index": 0.72, "fingers": 0.98}
"""Curls of index and other fingers that less curled ones come near to, radians."""

# How much of the way they come; the rest of it leaves the hand its life.
_WAY: Final = 0.7
# So far they lean to each other, as a share of what makes straight ones touch: rounded ones taper.
_LEAN: Final = 2.2
# Curls this far above are as they were, radians; so far below the fingers lie side by side.
_BAND: Final = 0.2


def rounded(local: Array, side: str) -> Array:
    """The rotations (T, J, 4) with one hand's fingers softly curled and close together.

    Fingers that are curled more than a rounded hand's stay as they are.

    Parameters
    ----------
    local : (T, J, 4) array
        Local rotations of the canonical joints.
    side : str
        "L" or "R".
    """
    local = local.copy(order="K")
    sign = 1.0 if side == "L" else -1.0
    hinge, across = sign * np.array([0.0, 1.0, 0.0]), sign * np.array([0.0, 0.0, 1.0])
    for stem, aside in zip(("index", "fingers"), TOGETHER, strict=True):
        joint = skeleton.INDEX[f"{stem}.{side}"]
        turn = local[:, joint]
        # The same rotation has quaternions of either sign.
        curl = 2.0 * np.arctan(sign * turn[:, 2] / np.maximum(np.abs(turn[:, 0]), 1e-9))
        curl *= np.sign(turn[:, 0])
        above = np.clip((curl - ROUNDED[stem]) / _BAND, None, 1.0)
        # From the whole lift to none along a parabola.
        lift = _BAND * ((np.maximum(above + 1.0, 0.0) ** 2) / 4.0 - above)
        bend = rotation.from_axis_angle(hinge, _WAY * lift)
        lean = rotation.from_axis_angle(across, _LEAN * aside * smoothstep(0.5 - 0.5 * above))
        local[:, joint] = rotation.multiply(bend, rotation.multiply(turn, lean))
    return local
