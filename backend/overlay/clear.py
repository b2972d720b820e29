"""What no overlay may cover: the face and the hands."""

from typing import Final

import numpy as np

from backend.overlay.seen import CHIN, CROWN, FINGERS, PHALANGES, Seen, end_of
from retarget.rotation import Array

# Radius around the middle of the head, as a share of the way from chin to crown.
_HEAD: Final = 0.56
# Radius around the middle of a hand, as a share of the way to its furthest point.
_HAND: Final = 1.1
# How far beyond these radii ink comes back, as a share of them.
_SOFT: Final = 0.22


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
        discs = [((chin + crown) / 2.0, _HEAD * float(np.hypot(*(crown - chin))))]
        for side in "LR":
            names = [end_of(f"{stem}.{side}", PHALANGES[-1]) for stem in FINGERS]
            points = np.stack([seen.pixel(frame, name) for name in (f"hand.{side}", *names)])
            points = points[np.isfinite(points).all(axis=1)]
            if len(points):
                middle = points.mean(axis=0)
                discs.append((middle, _HAND * float(np.hypot(*(points - middle).T).max())))
        return discs
