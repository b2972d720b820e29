"""Retouching of anny's face: lips that meet at rest, lids that meet when the eyes close.

Its mouth and lids are drawn for an average face; larger eyes and fuller lips leave a gap.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .atlas import HEAD, LID, MOUTH, skin_layout
from .eyes import Side, eyeball
from .parts import Figure, Shape
from .regions import grid_distance, seam

# Rings about the inner edge of lips, of lids, among which the edge lies that one sees.
_LIPS_EDGE: Final = (2, 4)
_LIDS_EDGE: Final = (1, 4)
# The upper lid follows the gaze: how much of which action goes with a look.
_FOLLOWS: Final = {"Down": ("eyeBlink", 0.26), "Up": ("eyeWide", 0.55)}
# How far the lips' shift reaches, rings: all of it, none of it.
_LIPS_REACH: Final = (4.0, 10.0)
# How far the edges go past each other: subdivision makes lips and lids thinner.
_LIPS_OVERLAP_M: Final = 0.0011
_CORNER_M: Final = 0.003
# How far from its end the mouth is closed to a line, what counts as its end, and from which ring on
# less and less.
_CORNER_REACH_M: Final = 0.007
_CORNER_TIP_M: Final = 0.0015
_CORNER_RINGS: Final = (4.5, 9.0)
_LIDS_OVERLAP_DEG: Final = 1.2
# Skin lies this far over the eyeball, of its radius.
_OVER_EYE: Final = 1.02


def retouch(figure: Figure) -> Figure:
    """The figure with lips that meet at rest, lids that meet in a blink and follow the gaze."""
    layout = skin_layout(figure)
    count = len(figure.vertices)
    to_lips = grid_distance(layout.faces, count, seam(layout, HEAD, MOUTH))
    to_lids = grid_distance(layout.faces, count, seam(layout, HEAD, LID))
    outside = np.zeros(count, dtype=bool)
    outside[layout.faces[layout.part == HEAD]] = True
    figure = replace(figure, vertices=_lips_closed(figure, to_lips, outside))
    shapes = dict(figure.shapes)
    for side in ("L", "R"):
        ending = "Left" if side == "L" else "Right"
        blink = f"eyeBlink{ending}"
        shapes[blink] = _lids_closed(figure, shapes[blink], side, to_lids, outside)
        for look, (action, share) in _FOLLOWS.items():
            name = f"eyeLook{look}{ending}"
            shapes[name] = _added(shapes[name], shapes[f"{action}{ending}"], share, count)
    return replace(figure, shapes=shapes)


def _added(one: Shape, other: Shape, share: float, count: int) -> Shape:
    """A shape of `count` vertices' offsets plus a share of another's."""
    offsets = np.zeros((count, 3))
    offsets[one.vertices] += one.offsets
    offsets[other.vertices] += share * other.offsets
    moved = np.union1d(one.vertices, other.vertices)
    return Shape(moved, offsets[moved])


def _lips_closed(figure: Figure, to_lips: Array, outside: NDArray[np.bool_]) -> Array:
    """Vertices (V, 3) with upper and lower lip moved towards each other until they touch."""
    vertices = figure.vertices
    jaw = figure.shapes["jawOpen"]
    drop = np.zeros(len(vertices))
    drop[jaw.vertices] = np.linalg.norm(jaw.offsets, axis=1)
    lips = to_lips <= _LIPS_REACH[1]
    lower = drop > 0.5 * drop[lips].max()
    across = np.linspace(*_extent(vertices[outside & (to_lips == _LIPS_EDGE[0]), 0]), 41)
    edges = [
        (
            _curve(vertices, outside & (to_lips == ring) & ~lower, across),
            _curve(vertices, outside & (to_lips == ring) & lower, across),
        )
        for ring in range(_LIPS_EDGE[1] + 1)
    ]
    seen = edges[_LIPS_EDGE[0] :]
    gap = np.min([up for up, _ in seen], axis=0) - np.max([low for _, low in seen], axis=0)
    # The corners are a hole that one looks into from the side: its depth closes too.
    depth = np.max([up - low for up, low in edges[: _LIPS_EDGE[0]]], axis=0)
    corner = np.clip(np.abs(across) / across[-1] - 0.6, 0.0, 0.25) / 0.25
    gap = np.clip(gap + corner * np.clip(depth - gap, 0.0, _CORNER_M) + _LIPS_OVERLAP_M, 0.0, None)
    near = np.clip((_LIPS_REACH[1] - to_lips) / (_LIPS_REACH[1] - _LIPS_REACH[0]), 0.0, 1.0)
    shift = 0.5 * np.interp(vertices[:, 0], across, gap) * near * near * (3.0 - 2.0 * near)
    moved = vertices.copy()
    moved[:, 2] += np.where(lower, shift, -shift)
    return _corners_closed(moved, to_lips, outside)


def _corners_closed(vertices: Array, to_lips: Array, outside: NDArray[np.bool_]) -> Array:
    """Vertices (V, 3) with the pits at the corners of the mouth closed to a line."""
    closed = vertices.copy()
    for side in (1.0, -1.0):
        x = side * vertices[:, 0]
        seen = outside & (to_lips >= _LIPS_EDGE[0]) & (to_lips <= _LIPS_EDGE[1])
        end = x[seen].max()
        corner = vertices[seen & (x > end - _CORNER_TIP_M)].mean(axis=0)
        start = vertices[seen & (np.abs(x - end + _CORNER_REACH_M) < _CORNER_TIP_M)].mean(axis=0)
        along = np.clip((x - end + _CORNER_REACH_M) / _CORNER_REACH_M, 0.0, 1.0)
        line = start[2] + along * (corner[2] - start[2])
        inside = np.clip((_CORNER_RINGS[1] - to_lips) / np.subtract(*_CORNER_RINGS[::-1]), 0.0, 1.0)
        share = outside * (along > 0.0) * inside * np.clip(2.0 * along, 0.0, 1.0) ** 2
        closed[:, 2] += share * (line - vertices[:, 2])
        # What lies behind the corner comes forward to it.
        closed[:, 1] += np.minimum(share * (corner[1] - vertices[:, 1]), 0.0)
    return closed


def _extent(values: Array) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _curve(vertices: Array, chosen: NDArray[np.bool_], across: Array) -> Array:
    """Height of some vertices at places across the face."""
    points = vertices[chosen]
    order = np.argsort(points[:, 0], kind="stable")
    return np.interp(across, points[order, 0], points[order, 2])


def _lids_closed(
    figure: Figure, blink: Shape, side: Side, to_lids: Array, outside: NDArray[np.bool_]
) -> Shape:
    """The blink with its upper lid turned about the eyeball until it lies on the lower one."""
    ball = eyeball(figure, side)
    offsets = np.zeros_like(figure.vertices)
    offsets[blink.vertices] = blink.offsets
    there = figure.vertices + offsets - ball.centre
    rest = figure.vertices - ball.centre
    own = np.linalg.norm(rest, axis=1) < 2.5 * ball.radius
    azimuth = np.degrees(np.arctan2(there[:, 0], -there[:, 1]))
    height = np.degrees(np.arctan2(there[:, 2], np.hypot(there[:, 0], there[:, 1])))
    upper = _upper_lid(rest, own & outside, to_lids)
    across = np.linspace(*_extent(azimuth[own & outside & (to_lids == 0)]), 61)
    upper_edge = np.full(len(across), np.inf)
    lower_edge = np.full(len(across), -np.inf)
    flat = np.stack([azimuth, azimuth, height], axis=1)
    for ring in range(_LIDS_EDGE[0], _LIDS_EDGE[1] + 1):
        on_ring = own & outside & (to_lids == ring)
        upper_edge = np.minimum(upper_edge, _curve(flat, on_ring & upper, across))
        lower_edge = np.maximum(lower_edge, _curve(flat, on_ring & ~upper, across))
    gap = np.clip(upper_edge - lower_edge + _LIDS_OVERLAP_DEG, 0.0, None)
    # As far as the blink itself moves each vertex, of what it moves the edge.
    drop = np.linalg.norm(offsets, axis=1)
    edge_drop = np.percentile(drop[own & outside & upper & (to_lids <= _LIDS_EDGE[1])], 75)
    share = np.clip(drop / edge_drop, 0.0, 1.0) * upper * own
    share[own & upper & (to_lids <= _LIDS_EDGE[1])] = 1.0
    turn = np.radians(np.interp(azimuth, across, gap) * share)
    closed = _lowered(there, turn)
    distance = np.linalg.norm(closed, axis=1)
    sunk = own & outside & (to_lids >= 1) & (distance < _OVER_EYE * ball.radius)
    closed[sunk] *= (_OVER_EYE * ball.radius / distance[sunk])[:, None]
    offsets = np.where(own[:, None], closed - rest, offsets)
    moved = np.flatnonzero(np.linalg.norm(offsets, axis=1) > 2e-5)
    return Shape(moved, offsets[moved])


def _upper_lid(rest: Array, near: NDArray[np.bool_], to_lids: Array) -> NDArray[np.bool_]:
    """Which vertices (V,) lie above the line through the corners of the eye."""
    edge = np.flatnonzero(near & (to_lids == 2))
    a, b = rest[edge[rest[edge, 0].argmin()]], rest[edge[rest[edge, 0].argmax()]]
    line = a[2] + (rest[:, 0] - a[0]) * (b[2] - a[2]) / (b[0] - a[0])
    return np.asarray(rest[:, 2] > line)


def _lowered(points: Array, angle: Array) -> Array:
    """Points (V, 3) turned down by angles (V,) about the axis across the eye."""
    y, z = points[:, 1], points[:, 2]
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([points[:, 0], cosine * y - sine * z, cosine * z + sine * y], axis=1)
