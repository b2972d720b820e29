"""Shade that stays with the cloth, painted: folds, seams, the light on edges, dark under lapels.

Workbench draws no shadows; black cloth would look flat in it. Each cut of cloth has a chart on the
outfit's picture; small things share a strip of plain shades at its bottom.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..atlas import Layout, Texels, texels
from ..curves import smoothstep
from ..parts import Colour, Dress, Material, Piece
from .charts import Charts, Cloth, charts
from .drawing import Folding, folded
from .form import Form, quad_normals, unit
from .mesh import Ids, averaging

PICTURE: Final = "Clothes"
_SIZE: Final = 1024
_ROW: Final = 8
_DARKEST: Final = 0.35
_LIGHTEST: Final = 2.1
_REACH_M: Final = 0.09
_NEIGHBOURS: Final = 96
_DEPTH: Final = 1.5
_CONTRAST: Final = 1.2
_BROAD: Final = 22.0
"""How much darker broad folds get with each metre of depth."""
_WIDE: Final = 14
"""Steps of smoothing that tell folds from the form below them."""
_CLEAR: Final = 1.4
_BOUNCE: Final = 1.2
_SKY: Final = 0.38
_RIM: Final = 0.45
_EDGE: Final = 0.42
_EDGE_M: Final = 0.0032
_SEAM: Final = 0.45
_SEAM_M: Final = 0.0035
_SHADOW: Final = 0.55
_SHADOW_M: Final = 0.011
_STEP_M: Final = 0.0025


def shaded(dress: Dress, form: Form, folding: Folding) -> Dress:
    """The clothes with shade in a picture; their texture coordinates point into it."""
    materials = list(dict.fromkeys(m for piece in dress.pieces for m in piece.materials))
    cloth = Cloth.of(dress.pieces, materials)
    strip = _ROW * len(materials)
    placed = charts(cloth, _SIZE, float(form.crotch[2]), strip)
    shade = np.concatenate(_shades(dress.pieces))
    shade = np.clip(shade, _DARKEST, _LIGHTEST)
    uv = np.where(
        (placed.label < 0)[:, None, None], _on_strip(cloth, shade, len(materials)), placed.uv
    )
    pieces = tuple(
        replace(
            piece,
            uv=uv[first:last],
            materials=tuple(replace(m, texture=PICTURE) for m in piece.materials),
        )
        for piece, first, last in zip(
            dress.pieces, cloth.first_faces[:-1], cloth.first_faces[1:], strict=True
        )
    )
    picture = _painted(form, folding, dress.pieces, cloth, placed, shade, materials)
    picture[-strip:] = _strip([m.colour for m in materials])
    return replace(dress, pieces=pieces, textures={**dress.textures, PICTURE: picture})


def _on_strip(cloth: Cloth, shade: Array, count: int) -> Array:
    """Corners (F, 4, 2) on the strip of plain shades."""
    corners = np.where(cloth.faces < 0, cloth.faces[:, :1], cloth.faces)
    place = (shade[corners] - _DARKEST) / (_LIGHTEST - _DARKEST)
    out = np.empty((*cloth.faces.shape, 2))
    out[..., 0] = 0.01 + 0.98 * place
    out[..., 1] = ((count - 0.5 - cloth.material) * _ROW / _SIZE)[:, None]
    return out


def _strip(colours: list[Colour]) -> NDArray[np.uint8]:
    """(8 · M, size, 3): a row of shades for each colour, the first one on top."""
    factors = np.broadcast_to(np.linspace(_DARKEST, _LIGHTEST, _SIZE), (len(colours), _SIZE))
    rows = _coloured(np.array(colours)[:, None], factors)
    return np.asarray(np.round(255.0 * np.repeat(rows, _ROW, axis=0)), dtype=np.uint8)


def _coloured(colours: Array, factors: Array) -> Array:
    """Colours (..., 3) in a shade (...)."""
    # Light bounces about in white cloth: it never gets as dark. Black shows its form by more.
    contrast = _CLEAR - _BOUNCE * colours.mean(axis=-1)
    return np.clip(colours * (1.0 + contrast * (factors - 1.0))[..., None], 0.0, 1.0)


@dataclass(frozen=True)
class _Canvas:
    """What the pixels show: points (N, 3), normals (N, 3), chart, piece, material (N,)."""

    texels: Texels
    points: Array
    normals: Array
    chart: Ids
    piece: Ids
    material: Ids


def _painted(
    form: Form,
    folding: Folding,
    pieces: tuple[Piece, ...],
    cloth: Cloth,
    placed: Charts,
    shade: Array,
    materials: list[Material],
) -> NDArray[np.uint8]:
    canvas = _canvas(pieces, cloth, placed)
    factor = canvas.texels.soften(canvas.texels.sample(shade), 1.5)
    n = canvas.normals
    factor = factor * (1.0 + _SKY * n[:, 2])
    factor = factor + _RIM * smoothstep(np.abs(n[:, 0]), 0.6, 1.0)
    rims, seams = _lines(cloth, placed)
    factor = factor + _EDGE * _near(canvas, rims, _EDGE_M)
    factor = factor * (1.0 - _SEAM * _near(canvas, seams, _SEAM_M))
    factor = factor * (1.0 - _SHADOW * _under(canvas, rims))
    factor = factor * (1.0 + folded(form, folding, canvas.points, n, canvas.piece))
    colours = np.array([m.colour for m in materials])[canvas.material]
    factor = np.clip(factor, _DARKEST, _LIGHTEST)
    return canvas.texels.picture(_coloured(colours, factor))


def _canvas(pieces: tuple[Piece, ...], cloth: Cloth, placed: Charts) -> _Canvas:
    large = np.flatnonzero(placed.label >= 0)
    faces, uv = cloth.faces[large], placed.uv[large].copy()
    triangle = faces[:, 3] < 0
    faces = np.where(faces < 0, faces[:, :1], faces)
    uv[triangle, 3] = uv[triangle, 0]
    # Corners one by one: vertices are shared by charts that lie apart.
    corners = np.arange(faces.size).reshape(faces.shape)
    cells = texels(Layout(corners, uv, np.zeros(len(faces), dtype=np.int64)), 0, _SIZE)
    vertex, owner = faces.ravel(), large[cells.corners[:, 0] // 4]
    cells = replace(cells, corners=vertex[cells.corners])
    normals = np.concatenate([quad_normals(p.vertices, p.faces) for p in pieces])
    return _Canvas(
        cells,
        cells.sample(cloth.vertices),
        unit(cells.sample(normals)),
        placed.label[owner],
        np.searchsorted(cloth.first_faces, owner, side="right") - 1,
        cloth.material[owner],
    )


def _lines(cloth: Cloth, placed: Charts) -> tuple[Array, Array]:
    """Points (P, 4) along free edges and along seams: where, and which chart they bound."""
    faces, following = cloth.faces, np.roll(cloth.faces, -1, axis=1)
    triangle = faces[:, 3] < 0
    following[triangle, 2] = faces[triangle, 0]
    there = faces >= 0
    owner = np.broadcast_to(placed.label[:, None], faces.shape)[there]
    ends = np.sort(np.stack([faces[there], following[there]], axis=1), axis=1)
    edges, edge = np.unique(ends, axis=0, return_inverse=True)
    edge = edge.ravel()
    least, most = np.full(len(edges), len(faces)), np.full(len(edges), -1)
    np.minimum.at(least, edge, owner)
    np.maximum.at(most, edge, owner)
    alone = np.bincount(edge) == 1
    free = (most >= 0) & ((least < 0) | alone)
    sewn = (least >= 0) & (least != most)
    rims = _along(cloth.vertices[edges[free]], most[free])
    both = [_along(cloth.vertices[edges[sewn]], side[sewn]) for side in (least, most)]
    return rims, np.concatenate(both)


def _along(edges: Array, chart: Ids) -> Array:
    """Points (P, 4) along edges (E, 2, 3), with their charts."""
    length = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
    count = np.maximum(np.ceil(length / _STEP_M).astype(int), 1)
    which = np.repeat(np.arange(len(edges)), count)
    step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    t = ((step + 0.5) / count[which])[:, None]
    points = (1 - t) * edges[which, 0] + t * edges[which, 1]
    return np.column_stack([points, chart[which]])


def _near(canvas: _Canvas, lines: Array, width: float) -> Array:
    """How near (N,) pixels lie to lines of their own chart: 1 there, 0 some widths away."""
    if not len(lines):
        return np.zeros(len(canvas.points))
    gap, _ = cKDTree(lines).query(
        np.column_stack([canvas.points, canvas.chart]), distance_upper_bound=3.0 * width
    )
    return np.asarray(np.exp(-((gap / width) ** 2)))


def _under(canvas: _Canvas, rims: Array) -> Array:
    """How far (N,) pixels lie in the shade of an edge of other cloth above them."""
    tree = cKDTree(rims[:, :3])
    total = np.zeros(len(canvas.points))
    gap, at = tree.query(canvas.points, k=6, distance_upper_bound=2.5 * _SHADOW_M)
    for distance, which in zip(gap.T, at.T, strict=True):
        near = np.flatnonzero(np.isfinite(distance))
        rim = rims[which[near]]
        way = rim[:, :3] - canvas.points[near]
        high = np.einsum("pc,pc->p", way, canvas.normals[near])
        beside = np.sqrt(np.maximum(distance[near] ** 2 - high**2, 0.0))
        shade = np.exp(-((beside / _SHADOW_M) ** 2)) * smoothstep(high, 0.0005, 0.003)
        shade = np.where(rim[:, 3] != canvas.chart[near], shade, 0.0)
        total[near] = np.maximum(total[near], shade)
    return total


def _shades(pieces: tuple[Piece, ...]) -> list[Array]:
    """For each piece how light (V,) its vertices are, 1 on open flat cloth."""
    normals = [quad_normals(p.vertices, p.faces) for p in pieces]
    sizes = [_areas(p.vertices, p.faces) for p in pieces]
    points = np.concatenate([p.vertices for p in pieces])
    open_sky = np.exp(-_DEPTH * _occlusion(points, np.concatenate(normals), np.concatenate(sizes)))
    out, start = [], 0
    for piece, normal in zip(pieces, normals, strict=True):
        mean = averaging(piece.faces, len(piece.vertices))
        lit = open_sky[start : start + len(piece.vertices)]
        for _ in range(3):
            lit = 0.4 * lit + 0.6 * (mean @ lit)
        start += len(piece.vertices)
        hollow = np.einsum("vc,vc->v", mean @ piece.vertices - piece.vertices, normal)
        hollow = mean @ (hollow / np.sqrt(_areas(piece.vertices, piece.faces) + 1e-9))
        factor = lit * np.clip(1.0 - _CONTRAST * hollow, 0.6, 1.35)
        factor = factor * (1.0 - np.clip(_BROAD * _valley(piece, normal, mean), -0.6, 0.45))
        out.append(0.5 * factor + 0.5 * (mean @ factor))
    return out


def _valley(piece: Piece, normals: Array, mean: csr_matrix) -> Array:
    """How deep (V,) vertices lie in broad folds, metres; negative on ridges and swellings."""

    def smooth(values: Array) -> Array:
        for _ in range(_WIDE):
            values = 0.3 * values + 0.7 * (mean @ values)
        return values

    depth = np.einsum("vc,vc->v", smooth(piece.vertices) - piece.vertices, normals)
    return depth - smooth(depth)


def _occlusion(points: Array, normals: Array, areas: Array) -> Array:
    """How much of the sky nearby cloth takes from points (P,), disc by disc (Bunnell, 2005)."""
    tree = cKDTree(points)
    total = np.zeros(len(points))
    for first in range(0, len(points), 2000):
        some = slice(first, first + 2000)
        distance, at = tree.query(points[some], k=_NEIGHBOURS, distance_upper_bound=_REACH_M)
        near = np.isfinite(distance) & (distance > 1e-4)
        at = np.where(near, at, 0)
        way = (points[at] - points[some][:, None]) / np.maximum(distance, 1e-6)[..., None]
        seen = np.maximum(np.einsum("pkc,pc->pk", way, normals[some]) - 0.05, 0.0)
        turned = np.abs(np.einsum("pkc,pkc->pk", way, normals[at]))
        disc = areas[at] / (np.pi * np.where(near, distance, 1.0) ** 2 + areas[at])
        total[some] = np.where(near, seen * turned * disc, 0.0).sum(axis=1)
    return total


def _areas(vertices: Array, faces: Ids) -> Array:
    """Share (V,) of the faces' area that each vertex has, square metres."""
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    across = np.cross(
        vertices[faces[:, 2]] - vertices[faces[:, 0]], vertices[last] - vertices[faces[:, 1]]
    )
    size = 0.5 * np.linalg.norm(across, axis=1) / 4.0
    out = np.zeros(len(vertices))
    for corner in range(4):
        there = faces[:, corner] >= 0
        np.add.at(out, faces[there, corner], size[there])
    return out
