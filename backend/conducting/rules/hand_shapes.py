"""What a free hand looks like: shapes by name, as turns of thumb, index and the other fingers."""

from typing import Final

import numpy as np

from retarget import rotation
from retarget.rotation import Array

# Thumb: 0 away from the palm, 1 closed against or across the fingers. Curls of the index and the
# other fingers, radians. How close the fingers lie: 0 easy, 1 side by side, below 0 fanned out.
# Fingers that are all straight and apart look like a rake: even open and flat hands bend them, and
# the less they are bent, the closer they lie.
RELAXED: Final = np.array([0.40, 0.50, 0.68, 1.2])
HANGING: Final = np.array([0.50, 0.58, 0.76, 1.2])
RESTING: Final = np.array([0.80, 0.84, 1.04, 2.4])
CUPPED: Final = np.array([0.55, 0.66, 0.82, 1.8])
OPEN: Final = np.array([0.15, 0.32, 0.46, 1.3])
FLAT: Final = np.array([0.60, 0.20, 0.28, 2.0])
POINTING: Final = np.array([0.80, 0.14, 1.95, 0.0])
OFFERED: Final = np.array([0.15, 0.25, 0.40, 1.5])
PINCH: Final = np.array([1.00, 1.52, 1.42, 0.0])
FIST: Final = np.array([1.00, 2.45, 2.35, 2.8])

_THUMB_OPEN: Final = np.array([0.0, 0.10, 0.05])
_THUMB_CLOSES: Final = np.array([0.0, 0.35, 0.35])
TOGETHER: Final = (0.085, -0.035)
"""How far index and fingers turn aside until they touch, radians."""


def shape_turns(side: str, shape: Array) -> dict[str, Array]:
    """Local rotations of thumb, index and fingers.

    Parameters
    ----------
    side : str
        "L" or "R".
    shape : (T, 4) array
        A mixture of the shapes above for each frame.
    """
    mirror = 1.0 if side == "L" else np.array([1.0, -1.0, -1.0])
    thumb, index, fingers, together = shape.T
    turned = _THUMB_OPEN + thumb[:, None] * _THUMB_CLOSES
    turns = {f"thumb.{side}": rotation.from_rotation_vector(mirror * turned)}
    for stem, curl, aside in (
        ("index", index, TOGETHER[0] * together),
        ("fingers", fingers, TOGETHER[1] * together),
    ):
        # Fingers go aside at the knuckle and are curled after it.
        bend, lean = (
            rotation.from_rotation_vector(mirror * axis * angle[:, None])
            for axis, angle in (
                (np.array([0.0, 1.0, 0.0]), curl),
                (np.array([0.0, 0.0, 1.0]), aside),
            )
        )
        turns[f"{stem}.{side}"] = rotation.multiply(bend, lean)
    return turns
