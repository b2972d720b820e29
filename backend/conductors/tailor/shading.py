"""Shade that stays with the cloth: darker in folds and under lapels, lighter on edges.

Workbench draws no shadows; black cloth would look flat in it. Each material gets a row of one small
picture, from its darkest shade to its lightest, and each vertex a place on that row.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..parts import Colour, Dress, Piece
from .form import quad_normals
from .mesh import Ids, averaging

PICTURE: Final = "Clothes"
_DARKEST: Final = 0.35
_LIGHTEST: Final = 1.45
_WIDTH: Final = 64
_ROW: Final = 16
_REACH_M: Final = 0.09
_NEIGHBOURS: Final = 96
_DEPTH: Final = 1.5
_CONTRAST: Final = 1.8
_BOUNCE: Final = 0.55


def shaded(dress: Dress) -> Dress:
    """The clothes with shade in a picture; their texture coordinates point into it."""
    shades = _shades(dress.pieces)
    materials = list(dict.fromkeys(m for piece in dress.pieces for m in piece.materials))
    pieces = []
    for piece, shade in zip(dress.pieces, shades, strict=True):
        rows = np.array([materials.index(m) for m in piece.materials])[piece.material]
        uv = np.empty((*piece.faces.shape, 2))
        uv[..., 0] = 0.02 + 0.96 * shade[np.where(piece.faces < 0, piece.faces[:, :1], piece.faces)]
        uv[..., 1] = ((rows + 0.5) / len(materials))[:, None]
        named = tuple(replace(m, texture=PICTURE) for m in piece.materials)
        pieces.append(replace(piece, uv=uv, materials=named))
    picture = _picture([m.colour for m in materials])
    return replace(dress, pieces=tuple(pieces), textures={**dress.textures, PICTURE: picture})


def _picture(colours: list[Colour]) -> NDArray[np.uint8]:
    """(16 · M, 64, 3): a row of shades for each colour, the first one at the bottom."""
    # Light bounces about in white cloth: it never gets as dark.
    contrast = 1.0 - _BOUNCE * np.mean(colours, axis=1)[:, None]
    factors = 1.0 + contrast * (np.linspace(_DARKEST, _LIGHTEST, _WIDTH) - 1.0)
    rows = np.clip(np.array(colours)[:, None] * factors[..., None], 0.0, 1.0)
    picture = np.repeat(rows[::-1], _ROW, axis=0)
    return np.round(255.0 * picture).astype(np.uint8)


def _shades(pieces: tuple[Piece, ...]) -> list[Array]:
    """For each piece the place (V,) of its vertices between darkest (0) and lightest (1)."""
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
        factor = 0.5 * factor + 0.5 * (mean @ factor)
        out.append(np.clip((factor - _DARKEST) / (_LIGHTEST - _DARKEST), 0.0, 1.0))
    return out


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
