"""Where on hands palms, knuckles, tendons, creases, finger tips and nails are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from retarget.rotation import Array

from .paint import bell, smooth
from .parts import Figure

_FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
# Lines of heart, head and life in the palm: along from the wrist to the middle finger's knuckle,
# and across from the index finger's knuckle (0) to the little finger's (1).
_LINES: Final = (
    ((0.70, 1.10), (0.76, 0.80), (0.82, 0.50), (0.94, 0.22)),
    ((0.74, -0.15), (0.69, 0.15), (0.61, 0.48), (0.50, 0.80)),
    ((0.74, -0.15), (0.62, 0.20), (0.42, 0.40), (0.12, 0.42)),
)
_LINE_M: Final = 0.0016
_CREASE_M: Final = 0.0015
_TENDON_M: Final = 0.0024


@dataclass(frozen=True)
class HandRegions:
    """Shares (N,), [0, 1], of points on the skin."""

    palm: Array
    crease: Array
    tendon: Array
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
        back = back_of_hand(figure, side)
        across = normals @ back
        palm = on_hand**2 * smooth(0.30, -0.35, across)
        found["palm"] = np.maximum(found["palm"], palm)
        near = np.flatnonzero(weights[:, hand] > 0.3)
        if len(near):
            lines = palm[near] * _palm_lines(figure, side, back, points[near])
            found["crease"][near] = np.maximum(found["crease"][near], lines)
            dorsal = on_hand[near] * smooth(0.3, 0.8, across[near])
            tendons = dorsal * _tendons(figure, side, back, points[near])
            found["tendon"][near] = np.maximum(found["tendon"][near], tendons)
        for finger in _FINGERS:
            _finger(found, figure, finger, side, points, weights, normals, back)
    return HandRegions(**found)


def back_of_hand(figure: Figure, side: str) -> Array:
    """Unit vector (3,) out of the back of the hand."""
    hand, index, pinky = (
        figure.heads[figure.bone(f"{bone}.{side}")] for bone in ("hand", "index.01", "pinky.01")
    )
    normal = np.cross(index - hand, pinky - hand) * (1.0 if side == "L" else -1.0)
    return np.asarray(normal / np.linalg.norm(normal))


def _palm_lines(figure: Figure, side: str, back: Array, points: Array) -> Array:
    """How much of a line of the palm there is at points (N, 3) on it, [0, 1]."""
    wrist, index, middle, pinky = (
        figure.heads[figure.bone(f"{bone}.{side}")]
        for bone in ("hand", "index.01", "middle.01", "pinky.01")
    )
    along, across = middle - wrist, pinky - index
    start = index - along
    flat = points - (points @ back)[:, None] * back
    share = np.zeros(len(points))
    for line in _LINES:
        t = np.linspace(0.0, len(line) - 1.0, 160)
        u, v = (CubicSpline(np.arange(len(line)), column)(t) for column in np.transpose(line))
        course = start + u[:, None] * along + v[:, None] * across
        course = course - (course @ back)[:, None] * back
        distance, at = cKDTree(course).query(flat)
        ends = smooth(0.0, 40.0, at) * smooth(159.0, 90.0, at)
        share = np.maximum(share, ends * bell(distance, _LINE_M))
    return share


def _tendons(figure: Figure, side: str, back: Array, points: Array) -> Array:
    """How much of a tendon there is at points (N, 3) on the back of the hand, [0, 1]."""
    wrist = figure.heads[figure.bone(f"hand.{side}")]
    share = np.zeros(len(points))
    for finger in _FINGERS[1:]:
        knuckle = figure.heads[figure.bone(f"{finger}.01.{side}")]
        way = wrist - knuckle
        way = way - (way @ back) * back
        length = float(np.linalg.norm(way))
        place = points - knuckle
        at = place @ way / length**2
        aside = place @ np.cross(way / length, back)
        course = smooth(0.05, 0.2, at) * smooth(0.85, 0.5, at)
        share = np.maximum(share, course * bell(aside, _TENDON_M))
    return share


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
    for joint, strength in ((first, 0.4), (middle, 0.75), (last, 0.6)):
        at = points - figure.heads[joint]
        turn = figure.tails[joint] - figure.heads[joint]
        bone = turn / np.linalg.norm(turn)
        if joint == first:
            # Behind the knuckle's middle: where the palm ends and the finger begins.
            at = at - 0.45 * turn
        beside = at @ bone
        close = np.linalg.norm(at - beside[:, None] * bone, axis=1) < 0.016
        facing = smooth(0.0, -0.5, normals @ dorsal)
        line = strength * own * close * facing * bell(beside, _CREASE_M)
        if joint != first:
            # Over the joint the skin lies in folds.
            folds = bell(beside - 0.0018, _CREASE_M) + bell(beside + 0.0018, _CREASE_M)
            line = line + 0.35 * own * close * folds * smooth(0.5, 0.9, normals @ dorsal)
        found["crease"] = np.maximum(found["crease"], line)
    place = points - head
    along = (place @ way) / length
    across = place @ np.cross(way, dorsal)
    found["tip"] = np.maximum(found["tip"], on_tip * smooth(0.55, 1.0, along))
    up = normals @ dorsal
    chosen = (on_tip > 0.5) & (along > 0.3) & (up > 0.0)
    if not chosen.any():
        return
    wide = 0.70 * np.abs(across[(on_tip > 0.5) & (along > 0.3)]).max()
    end = along[on_tip > 0.5].max()
    start, stop = end - 0.56, end - 0.07
    middle_place, half = 0.5 * (start + stop), 0.5 * (stop - start)
    u, v = across / wide, (along - middle_place) / half
    # A rounded oblong: |u|³ + |v|³ = 1.
    inside = (np.abs(u) ** 3 + np.abs(v) ** 3) ** (1.0 / 3.0)
    above = smooth(0.05, 0.25, up) * (on_tip > 0.3)
    nail = smooth(1.04, 0.94, inside) * above
    found["nail"] = np.maximum(found["nail"], nail)
    found["free_edge"] = np.maximum(found["free_edge"], nail * smooth(0.80, 0.92, v))
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
