"""Smooth outlines without multisampling: the edge of every silhouette as a soft band.

Edges between a face that looks at the camera and one that does not (or none) are found anew for
every frame. The mesh draws in by half a pixel there, and a band one pixel wide, opaque within and
clear without, is blended over the place: a box filter of the outline, tested against true depth.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .surface import Surface

# Half the width of the band: a box filter of one pixel.
_HALF_PX: Final = 0.5
# How far a fringe reaches under what it grows from: as far as the band is wide.
_TUCKED_PX: Final = 1.0
# Where the outline turns sharply the band's outer corner moves out at most this many times its
# width, so that a tiny spike of the mesh does not become a long one of the picture.
_MITRE: Final = 1.6
# Cosine of half the turn under which the outline folds back on itself and has no outside.
_FOLDED: Final = 0.3
# Twice the area around a vertex under which its faces say nothing of the texture's course.
_SLIVER_PX2: Final = 0.2
# Edges shorter than this say little of where the outline goes; they count by their length.
_LONG_PX: Final = 2.0


@dataclass(frozen=True)
class Moved:
    """Drawn vertices that move in the picture.

    Parameters
    ----------
    vertices : (M,) int array
        Which.
    offsets : (M, 2) float32 array
        How far, pixels.
    uv : (M, 2) float32 array
        Their places in the texture, corrected so that the texture stays where it is.
    """

    vertices: NDArray
    offsets: NDArray[np.float32]
    uv: NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """Silhouette of one frame; E edges.

    Parameters
    ----------
    drawn_in : Moved
        What draws in along it.
    tucked : Moved
        What of the fringe moves out, under solid faces; after `drawn_in`, whose vertices may be
        among it.
    ends : (E, 2) int array
        Drawn vertices at both ends of each edge.
    outwards : (E, 2, 2) float32 array
        From the drawn-in ends to the outer side of the band, pixels.
    """

    drawn_in: Moved
    tucked: Moved
    ends: NDArray
    outwards: NDArray[np.float32]


def facing(surface: Surface, x: NDArray, y: NDArray, usable: NDArray) -> NDArray[np.bool_]:
    """Which faces (F,) look at the camera; `x`, `y` (V,) in pixels, y down.

    Faces with a vertex that is not `usable` (V,), because it lies behind the camera, do not.
    """
    a, b, c = surface.faces.T
    ax, ay = x[a], y[a]
    turn = (x[b] - ax) * (y[c] - ay) - (x[c] - ax) * (y[b] - ay)
    front = turn < 0.0
    if not usable.all():
        front &= usable[surface.faces].all(axis=1)
    return front


def find_outline(surface: Surface, x: NDArray, y: NDArray, front: NDArray[np.bool_]) -> Outline:
    """The silhouette of the solid faces where no fringe goes on beyond it."""
    seen = np.bincount(surface.edges[front].ravel(), minlength=len(surface.joins))
    solid = np.flatnonzero(front[: surface.solids])
    own, corner = np.nonzero(seen[surface.edges[solid]] == 1)
    face, after = solid[own], (corner + 1) % 3
    tail, head = surface.faces[face, corner], surface.faces[face, after]
    points = surface.points[np.stack([tail, head], axis=-1)]
    mitres = _mitres(points, x[head] - x[tail], y[head] - y[tail], len(surface.vertices))
    moves = _draw_in(surface, x, y, points, mitres)
    drawn_points = surface.points[surface.sources]
    moved = (moves[:, 0] != 0.0) | (moves[:, 1] != 0.0)
    rows = np.flatnonzero(moved[drawn_points])
    offsets = moves[drawn_points[rows]]
    ends = np.stack([surface.corners[face, corner], surface.corners[face, after]], axis=-1)
    uv = surface.uv[rows] + _texture_shift(surface, x, y, solid, rows, offsets)
    return Outline(
        drawn_in=Moved(rows, offsets, uv),
        tucked=_tuck(surface, x, y, front),
        ends=ends,
        outwards=2.0 * _HALF_PX * mitres[points],
    )


def _tuck(surface: Surface, x: NDArray, y: NDArray, front: NDArray[np.bool_]) -> Moved:
    """The fringe's borders, moved out: under the solid faces where it grows from them.

    Where those draw in, the background would shine through between them and the fringe. Its other
    borders are clear, wherever they lie.
    """
    face, corner = surface.hems[front[surface.hems[:, 0]]].T
    tail, head = surface.faces[face, corner], surface.faces[face, (corner + 1) % 3]
    points = surface.points[np.stack([tail, head], axis=-1)]
    mitres = _mitres(points, x[head] - x[tail], y[head] - y[tail], len(surface.vertices))
    ends = np.stack([surface.corners[face, corner], surface.corners[face, (corner + 1) % 3]])
    rows = np.unique(ends)
    offsets = _TUCKED_PX * mitres[surface.points[surface.sources[rows]]]
    fringe = surface.solids + np.flatnonzero(front[surface.solids :])
    uv = surface.uv[rows] + _texture_shift(surface, x, y, fringe, rows, offsets)
    return Moved(rows, offsets, uv)


def _mitres(points: NDArray, dx: NDArray, dy: NDArray, count: int) -> NDArray[np.float32]:
    """Outward step (count, 2) that moves both edges (E, 2) at a point out by one pixel."""
    length = np.sqrt(dx * dx + dy * dy)
    weight = np.minimum(length, _LONG_PX)
    unit = weight / np.maximum(length, 1e-6)
    both = points.T.ravel()
    # Seen from the front a face lies on the left of its edges; y points down.
    sum_x, sum_y, total = (
        np.bincount(both, np.concatenate([part, part]), count)
        for part in (-dy * unit, dx * unit, weight)
    )
    reach = np.sqrt(sum_x**2 + sum_y**2)
    # The mean of unit normals is as long as the cosine of half the turn.
    cosine = np.maximum(reach / np.maximum(total, 1e-6), 1e-6)
    scale = np.minimum(1.0 / cosine, _MITRE) * np.minimum(cosine / _FOLDED, 1.0)
    scale /= np.maximum(reach, 1e-6)
    return np.stack([sum_x * scale, sum_y * scale], axis=-1).astype(np.float32)


def _draw_in(
    surface: Surface,
    x: NDArray,
    y: NDArray,
    points: NDArray,
    mitres: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How all points move (P, 2): the outline's by half a pixel, and those it would pass by less.

    Where the surface turns away gently, its next points on either side lie within half a pixel of
    the outline; if they stayed they would stick out of it.
    """
    on_it = np.zeros(len(mitres), bool)
    on_it[points] = True
    moves = -_HALF_PX * mitres
    on = on_it[surface.joins]
    pairs = surface.joins[on[:, 0] != on[:, 1]]
    edge = np.where(on_it[pairs[:, 0]], pairs[:, 0], pairs[:, 1])
    near = pairs.sum(axis=1) - edge
    a, b = surface.vertices[edge], surface.vertices[near]
    inward = -mitres[edge]
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-6)
    missing = _HALF_PX - (x[b] - x[a]) * inward[:, 0] - (y[b] - y[a]) * inward[:, 1]
    passed = (missing > 0.0) & (missing < _HALF_PX)
    place, step = near[passed], inward[passed] * missing[passed, None]
    # The longest step of a point is written last.
    order = np.argsort(np.einsum("ni,ni->n", step, step), kind="stable")
    moves[place[order]] = step[order]
    return moves


def _texture_shift(
    surface: Surface,
    x: NDArray,
    y: NDArray,
    front: NDArray,
    rows: NDArray,
    offsets: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How far the texture goes on (M, 2) under drawn vertices `rows` that move by pixels."""
    place = np.full(len(surface.sources), -1)
    place[rows] = np.arange(len(rows))
    local = place[surface.corners[front]]
    touched = np.maximum(np.maximum(local[:, 0], local[:, 1]), local[:, 2]) >= 0
    local, faces = local[touched], front[touched]
    a, b, c = surface.faces[faces].T
    ux, uy, vx, vy = x[b] - x[a], y[b] - y[a], x[c] - x[a], y[c] - y[a]
    uv = surface.uv[surface.corners[faces]]
    su, sv = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    # Gradients of the texture in the picture, each times its face's area: slivers count little.
    area = vx * uy - ux * vy
    by_x = su * -vy[:, None] + sv * uy[:, None]
    by_y = su * vx[:, None] - sv * ux[:, None]
    own = local.ravel()
    used = np.flatnonzero(own >= 0)
    own, face = own[used], used // 3
    sums = np.stack(
        [np.bincount(own, term[face], len(rows)) for term in (*by_x.T, *by_y.T, area)], axis=-1
    )
    shift = offsets[:, :1] * sums[:, :2] + offsets[:, 1:] * sums[:, 2:4]
    shift = shift / (sums[:, 4:] + _SLIVER_PX2)
    return np.clip(shift, -surface.slack, surface.slack).astype(np.float32)
