"""Hands that are modelled further: knuckles, the tendons behind them, a web that folds softly."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from retarget.rotation import Array, normalize

from .hand_skin import back_of_hand
from .paint import bell, smooth
from .parts import Figure
from .regions import vertex_normals

_FINGERS: Final = ("index", "middle", "ring", "pinky")
# How far knuckles stand out and how deep it is between them, the same of tendons, and how wide both
# are: metres.
_KNUCKLE_M: Final = (0.0016, 0.0013)
_TENDON_M: Final = (0.0007, 0.0006)
_WIDE_M: Final = (0.0085, 0.0055)
# Where tendons come to nothing: from the knuckle to the wrist, as a share.
_TENDON_ENDS: Final = (0.45, 0.85)
# How far around the fold between thumb and hand the bones' shares are evened out, in lengths of the
# way from the thumb's second joint to the index finger's knuckle, and how often.
_WEB: Final = 0.75
_EVENED: Final = 14


def modelled(figure: Figure) -> Figure:
    """The figure with the backs of its hands and the webs of its thumbs as one would model them."""
    faces = figure.faces
    normals, _ = vertex_normals(figure.vertices, faces)
    vertices, weights = figure.vertices.copy(), figure.weights.copy()
    neighbours = _neighbours(faces, len(vertices))
    for side in ("L", "R"):
        vertices += _relief(figure, side, normals)[:, None] * normals
        share = _web(figure, side)[:, None]
        for _ in range(_EVENED):
            weights += share * (neighbours @ weights - weights)
    return replace(figure, vertices=vertices, weights=weights)


def _relief(figure: Figure, side: str, normals: Array) -> Array:
    """How far each vertex (V,) of a hand's back is moved out, metres."""
    hand = figure.heads[figure.bone(f"hand.{side}")]
    back = back_of_hand(figure, side)
    bones = [figure.bone(f"{finger}.01.{side}") for finger in _FINGERS]
    own = figure.weights[:, [figure.bone(f"hand.{side}"), *bones]].sum(axis=1)
    dorsal = smooth(0.2, 0.7, normals @ back) * own
    knuckles = figure.heads[bones]
    ways = [_flat(hand - knuckle, back) for knuckle in knuckles]
    out = np.zeros(len(figure.vertices))
    for knuckle, way in zip(knuckles, ways, strict=True):
        out += _KNUCKLE_M[0] * _blob(figure.vertices, knuckle, back)
        out += _TENDON_M[0] * _ridge(figure.vertices, knuckle, way, back)
    for i in range(len(knuckles) - 1):
        between, way = knuckles[i : i + 2].mean(axis=0), 0.5 * (ways[i] + ways[i + 1])
        out -= _KNUCKLE_M[1] * _blob(figure.vertices, between, back)
        out -= _TENDON_M[1] * _ridge(figure.vertices, between, way, back)
    return out * dorsal


def _flat(way: Array, back: Array) -> Array:
    """A way (3,) as seen on the back of the hand."""
    return np.asarray(way - (way @ back) * back)


def _blob(points: Array, at: Array, back: Array) -> Array:
    place = points - at
    place = place - (place @ back)[:, None] * back
    return bell(np.linalg.norm(place, axis=1), _WIDE_M[0])


def _ridge(points: Array, start: Array, way: Array, back: Array) -> Array:
    """1 (V,) along a tendon behind its knuckle, on to nothing towards the wrist."""
    length = float(np.linalg.norm(way))
    along = way / length
    place = points - start
    at = (place @ along) / length
    aside = place @ np.cross(along, back)
    none, whole = _TENDON_ENDS[1], _TENDON_ENDS[0]
    return bell(aside, _WIDE_M[1]) * smooth(0.02, 0.2, at) * smooth(none, whole, at)


def _web(figure: Figure, side: str) -> Array:
    """How much of the fold between thumb and hand each vertex (V,) is, [0, 1]."""
    thumb, index = (
        figure.heads[figure.bone(f"{bone}.{side}")] for bone in ("thumb.02", "index.01")
    )
    width = _WEB * float(np.linalg.norm(index - thumb))
    middle = 0.5 * (thumb + index)
    middle = middle + 0.15 * width * normalize(middle - figure.heads[figure.bone(f"hand.{side}")])
    return bell(np.linalg.norm(figure.vertices - middle, axis=1), 0.6 * width)


def _neighbours(faces: NDArray[np.int64], count: int) -> csr_matrix:
    """What makes the mean (V, ...) of each vertex's neighbours."""
    a, b = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    links.data[:] = 1.0
    degree = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1.0)
    return csr_matrix(links.multiply(1.0 / degree[:, None]))
