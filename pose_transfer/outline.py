"""Smooth outlines without multisampling: the edge of every silhouette as a soft band.

Edges between a face that looks at the camera and one that does not (or none) are found anew for
every frame. The mesh draws in by half a pixel there, and a band one pixel wide, opaque within and
clear without, is blended over the place: a box filter of the outline, tested against true depth.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .surface import Sides, Surface

Floats = NDArray[np.float32]

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
    offsets : (2, M) float32 array
        How far, pixels.
    uv : (M, 2) float32 array
        Their places in the texture, corrected so that the texture stays where it is.
    """

    vertices: NDArray
    offsets: Floats
    uv: Floats


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
    ends : (2, E) int array
        Drawn vertices at both ends of each edge.
    outwards : (2, 2, E) float32 array
        From the drawn-in ends (second axis) to the outer side of the band, pixels.
    """

    drawn_in: Moved
    tucked: Moved
    ends: NDArray
    outwards: Floats


def facing(surface: Surface, x: Floats, y: Floats, usable: NDArray) -> NDArray[np.bool_]:
    """Which faces (F,) look at the camera; `x`, `y` (N,) in pixels, y down.

    Faces with a drawn vertex that is not `usable` (N,), because it lies behind the camera, do not.
    """
    a, b, c = surface.corners
    ax, ay = x[a], y[a]
    front = (x[b] - ax) * (y[c] - ay) < (x[c] - ax) * (y[b] - ay)
    if not usable.all():
        front &= usable[surface.corners].all(axis=0)
    return front


def find_outline(surface: Surface, x: Floats, y: Floats, front: NDArray[np.bool_]) -> Outline:
    """The silhouette of the solid faces where no fringe goes on beyond it."""
    sides = _silhouette(surface, front)
    border = _Border.along(surface, x, y, sides)
    moves = _draw_in(surface, x, y, border)
    moved = (moves[0] != 0.0) | (moves[1] != 0.0)
    rows = np.flatnonzero(moved[surface.points])
    offsets = moves[:, surface.points[rows]]
    solid = front.copy()
    solid[surface.solids :] = False
    return Outline(
        drawn_in=_moved(surface, x, y, solid, rows, offsets),
        tucked=_tuck(surface, x, y, front),
        ends=np.stack([sides.tails, sides.heads]),
        outwards=2.0 * _HALF_PX * border.mitres[:, border.ends],
    )


def _silhouette(surface: Surface, front: NDArray[np.bool_]) -> Sides:
    """Edges that one face alone is seen with, a solid one."""
    seen = np.zeros(len(surface.joins[0]), np.uint8)
    for side in surface.sides:
        seen[: len(side)] += front[side.faces]
    alone = np.flatnonzero(seen == 1)
    found = []
    for side in surface.sides:
        own = alone[: np.searchsorted(alone, len(side))]
        face = side.faces[own]
        found.append(side[own[front[face] & (face < surface.solids)]])
    return Sides.joined(found)


@dataclass(frozen=True)
class _Border:
    """Points on an outline of E edges.

    Parameters
    ----------
    points : (M,) int array
        Which.
    ends : (2, E) int array
        Their places in `points`, at both ends of each edge.
    mitres : (2, M) float32 array
        Outward step that moves both edges at a point out by one pixel.
    """

    points: NDArray
    ends: NDArray
    mitres: Floats

    @classmethod
    def along(cls, surface: Surface, x: Floats, y: Floats, sides: Sides) -> "_Border":
        tails, heads = surface.points[sides.tails], surface.points[sides.heads]
        place = np.zeros(len(surface.vertices), np.intp)
        place[tails] = place[heads] = 1
        points = np.flatnonzero(place)
        place[points] = np.arange(len(points))
        ends = np.concatenate([place[tails], place[heads]])
        dx, dy = x[sides.heads] - x[sides.tails], y[sides.heads] - y[sides.tails]
        mitres = _mitres(ends, dx, dy, len(points))
        return cls(points, ends.reshape(2, -1), mitres)


def _mitres(ends: NDArray, dx: Floats, dy: Floats, count: int) -> Floats:
    """Steps (2, count) from edges `dx`, `dy` (E,) with `ends` (2E,): all tails, all heads."""
    length = np.sqrt(dx * dx + dy * dy)
    weight = np.minimum(length, _LONG_PX)
    unit = weight / np.maximum(length, 1e-6)
    # Seen from the front a face lies on the left of its edges; y points down.
    sum_x, sum_y, total = (
        np.bincount(ends, np.concatenate([part, part]), count)
        for part in (-dy * unit, dx * unit, weight)
    )
    reach = np.sqrt(sum_x**2 + sum_y**2)
    # The mean of unit normals is as long as the cosine of half the turn.
    cosine = np.maximum(reach / np.maximum(total, 1e-6), 1e-6)
    scale = np.minimum(1.0 / cosine, _MITRE) * np.minimum(cosine / _FOLDED, 1.0)
    scale /= np.maximum(reach, 1e-6)
    return np.stack([sum_x * scale, sum_y * scale]).astype(np.float32)


def _draw_in(surface: Surface, x: Floats, y: Floats, border: _Border) -> Floats:
    """How all points move (2, P): the outline's by half a pixel, and those it would pass by less.

    Where the surface turns away gently, its next points on either side lie within half a pixel of
    the outline; if they stayed they would stick out of it.
    """
    count = len(surface.vertices)
    moves = np.zeros((2, count), np.float32)
    moves[:, border.points] = -_HALF_PX * border.mitres
    on_it = np.zeros(count, bool)
    on_it[border.points] = True
    one, other = surface.joins
    leaving = np.flatnonzero(on_it[one] != on_it[other])
    one, other = one[leaving], other[leaving]
    starts = on_it[one]
    on, near = np.where(starts, one, other), np.where(starts, other, one)
    place = np.empty(count, np.intp)
    place[border.points] = np.arange(len(border.points))
    edge = place[on]
    inward = -border.mitres[:, edge]
    inward /= np.maximum(np.sqrt(inward[0] ** 2 + inward[1] ** 2), 1e-6)
    a, b = surface.vertices[on], surface.vertices[near]
    missing = _HALF_PX - (x[b] - x[a]) * inward[0] - (y[b] - y[a]) * inward[1]
    passed = np.flatnonzero((missing > 0.0) & (missing < _HALF_PX))
    # The longest step of a point is written last.
    passed = passed[np.argsort(missing[passed], kind="stable")]
    moves[:, near[passed]] = inward[:, passed] * missing[passed]
    return moves


def _tuck(surface: Surface, x: Floats, y: Floats, front: NDArray[np.bool_]) -> Moved:
    """The fringe's borders, moved out: under the solid faces where it grows from them.

    Where those draw in, the background would shine through between them and the fringe. Its other
    borders are clear, wherever they lie.
    """
    sides = surface.hems[front[surface.hems.faces]]
    border = _Border.along(surface, x, y, sides)
    place = np.full(len(surface.sources), -1)
    place[sides.tails], place[sides.heads] = border.ends
    rows = np.flatnonzero(place >= 0)
    offsets = _TUCKED_PX * border.mitres[:, place[rows]]
    fringe = front.copy()
    fringe[: surface.solids] = False
    return _moved(surface, x, y, fringe, rows, offsets)


def _moved(
    surface: Surface, x: Floats, y: Floats, shown: NDArray[np.bool_], rows: NDArray, offsets: Floats
) -> Moved:
    """Drawn vertices `rows` (M,) that move by `offsets` (2, M); their texture goes on.

    Its course is that of the faces `shown` (F,) around each.
    """
    own, faces = surface.faces_around(rows)
    chosen = np.flatnonzero(shown[faces])
    own, faces = own[chosen], faces[chosen]
    # The plane as complex numbers: half as many arrays to gather from.
    places, texels = _complex(x, y), surface.uv.view(np.complex64)[:, 0]
    a, b, c = (column[faces] for column in surface.corners)
    origin, texel = places[a], texels[a]
    u, v = places[b] - origin, places[c] - origin
    step = _complex(*offsets)[own]
    # Gradients of the texture in the picture, each times its face's area: slivers count little.
    course = (texels[b] - texel) * _cross(v, step) - (texels[c] - texel) * _cross(u, step)
    along_u, along_v, area = (
        np.bincount(own, term, len(rows)) for term in (course.real, course.imag, _cross(v, u))
    )
    shift = np.stack([along_u, along_v], axis=-1) / (area + _SLIVER_PX2)[:, None]
    uv = surface.uv[rows] + np.clip(shift, -surface.slack, surface.slack)
    return Moved(rows, offsets, uv.astype(np.float32))


def _complex(x: Floats, y: Floats) -> NDArray[np.complex64]:
    out = np.empty(len(x), np.complex64)
    out.real, out.imag = x, y
    return out


def _cross(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> Floats:
    return a.real * b.imag - a.imag * b.real
