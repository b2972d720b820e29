"""What no overlay may cover: the face and the hands."""

from typing import Final

import numpy as np

from backend.overlay.seen import CHIN, CROWN, FINGERS, PHALANGES, Seen, end_of
from retarget.rotation import Array

# Middles of the discs over the head and their radius, as shares of the way from chin to crown.
_HEADS, _HEAD = (0.25, 0.5, 0.75), 0.46
# Radius around the middle of a hand, as a share of the way to its furthest joint; no less than
# this share of the way from chin to crown, also where the fingers point to the camera.
_HAND, _LEAST_HAND = 1.15, 0.4
# How far beyond these radii ink comes back, as a share of them.
_SOFT: Final = 0.22
# The joints of each.
_HANDS: Final = [
    [f"hand.{side}", *(end_of(f"{stem}.{side}", k) for stem in FINGERS for k in PHALANGES)]
    for side in "LR"
]


class Clearing:
    """Lets ink fade towards the conductor's face and hands.

    Parameters
    ----------
    seen : Seen
        Where they are.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def light(self, frame: int, pixels: Array) -> Array:
        """How much ink there may be at places (N, 2) of the picture: (N,) from 0 to 1."""
        light = np.ones(len(pixels))
        for middle, radius in self._discs(frame):
            if np.isfinite(radius) and radius > 0.0:
                away = np.hypot(*(pixels - middle).T) / radius - 1.0
                light = np.minimum(light, np.clip(away / _SOFT, 0.0, 1.0))
        return light * light * (3.0 - 2.0 * light)

    def _discs(self, frame: int) -> list[tuple[Array, float]]:
        """Middle (2,) and radius of each, pixels; NaN where there is none."""
        seen = self._seen
        chin, crown = seen.pixel(frame, CHIN), seen.pixel(frame, CROWN)
        head = float(np.hypot(*(crown - chin)))
        discs = [(chin + share * (crown - chin), _HEAD * head) for share in _HEADS]
        for names in _HANDS:
            points = np.stack([seen.points[name][frame] for name in names])
            pixels = seen.to_pixels(frame, points)
            pixels = pixels[np.isfinite(pixels).all(axis=1)]
            if len(pixels):
                middle = (pixels.min(axis=0) + pixels.max(axis=0)) / 2.0
                reach = _HAND * float(np.hypot(*(pixels - middle).T).max())
                discs.append((middle, float(np.fmax(reach, _LEAST_HAND * head))))
        return discs
