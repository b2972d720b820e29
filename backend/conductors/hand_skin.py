"""Where on hands palms, knuckles, finger tips and nails are."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

from .paint import bell, smooth
from .parts import Figure

_FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class HandRegions:
    """Shares (N,), [0, 1], of points on the skin."""

    palm: Array
    knuckle: Array
    tip: Array
    nail: Array
    moon: Array
    free_edge: Array
    cuticle: Array


def hand_regions(figure: Figure, points: Array, weights: Array, normals: Array) -> HandRegions:
    """Regions of points (N, 3) with weights (N, B) and normals (N, 3)."""
    count = len(points)
    found = {name: np.zeros(count) for name in HandRegions.__annotations__}
    for side in ("L", "R"):
        fingers = [figure.bone(f"{f}.{i:02d}.{side}") for f in _FINGERS for i in (1, 2, 3)]
        hand = figure.bone(f"hand.{side}")
        on_hand = np.clip(weights[:, [hand, *fingers]].sum(axis=1), 0.0, 1.0)
        back = _back_of_hand(figure, side)
        across = normals @ back
        found["palm"] = np.maximum(found["palm"], on_hand**2 * smooth(0.30, -0.35, across))
        for finger in _FINGERS:
            _finger(found, figure, finger, side, points, weights, normals, back)
    return HandRegions(**found)


def _back_of_hand(figure: Figure, side: str) -> Array:
    """Unit vector (3,) out of the back of the hand."""
    hand, index, pinky = (
        figure.heads[figure.bone(f"{bone}.{side}")] for bone in ("hand", "index.01", "pinky.01")
    )
    normal = np.cross(index - hand, pinky - hand) * (1.0 if side == "L" else -1.0)
    return np.asarray(normal / np.linalg.norm(normal))


def _finger(
    found: dict[str, Array],
    figure: Figure,
    finger: str,
    side: str,
    points: Array,
    weights: Array,
    normals: Array,
    back: Array,
) -> None:
    first, middle, last = (figure.bone(f"{finger}.{i:02d}.{side}") for i in (1, 2, 3))
    head, tail = figure.heads[last], figure.tails[last]
    way = tail - head
    length = float(np.linalg.norm(way))
    way = way / length
    own = weights[:, [first, middle, last]].sum(axis=1)
    on_tip = own * weights[:, last]
    dorsal = back if finger != "thumb" else _thumb_back(figure, side, back)
    dorsal = dorsal - (dorsal @ way) * way
    dorsal = dorsal / np.linalg.norm(dorsal)
    for joint, size in ((first, 0.011), (middle, 0.008), (last, 0.006)):
        distance = np.linalg.norm(points - figure.heads[joint], axis=1)
        near = bell(distance, 1.35 * size) * smooth(0.2, 0.7, normals @ dorsal)
        found["knuckle"] = np.maximum(found["knuckle"], near)
    place = points - head
    along = (place @ way) / length
    across = place @ np.cross(way, dorsal)
    found["tip"] = np.maximum(found["tip"], on_tip * smooth(0.55, 1.0, along))
    up = normals @ dorsal
    chosen = (on_tip > 0.5) & (along > 0.3) & (up > 0.0)
    if not chosen.any():
        return
    wide = 0.80 * np.abs(across[(on_tip > 0.5) & (along > 0.3)]).max()
    end = along[on_tip > 0.5].max()
    start, stop = end - 0.60, end - 0.06
    middle_place, half = 0.5 * (start + stop), 0.5 * (stop - start)
    u, v = across / wide, (along - middle_place) / half
    # A rounded oblong: |u|⁴ + |v|⁴ = 1.
    inside = (u**4 + v**4) ** 0.25
    above = smooth(0.05, 0.25, up) * (on_tip > 0.3)
    nail = smooth(1.04, 0.94, inside) * above
    found["nail"] = np.maximum(found["nail"], nail)
    found["free_edge"] = np.maximum(found["free_edge"], nail * smooth(0.70, 0.86, v))
    found["moon"] = np.maximum(
        found["moon"], nail * 0.5 * smooth(0.42, 0.28, np.hypot(u, (v + 0.95) / 1.1))
    )
    rim = bell(inside - 1.06, 0.09) * above * smooth(0.75, 0.45, v)
    found["cuticle"] = np.maximum(found["cuticle"], rim)


def _thumb_back(figure: Figure, side: str, back: Array) -> Array:
    """Out of the thumb's nail: the thumb bends about another axis than the fingers."""
    index = figure.heads[figure.bone(f"index.01.{side}")]
    pinky = figure.heads[figure.bone(f"pinky.01.{side}")]
    to_thumb = (index - pinky) / np.linalg.norm(index - pinky)
    return np.asarray(0.75 * back + 0.65 * to_thumb)
