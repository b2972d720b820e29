"""The neck goes on into the head, so that no gap opens under a chin that is raised or turned."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX, Body
from retarget.rotation import Array

from .fit import BodyFit
from .pieces import Piece

# How far up towards the crown the neck goes on, share of the way from the head's joint.
_INTO_HEAD: Final = 0.45
# Edges this near to the top of a neck are its opening there, share of its height.
_RIM: Final = 0.1


def into_head(piece: Piece, fit: BodyFit, body: Body, faces: NDArray, kept: NDArray) -> Piece:
    """The trunk's piece with the opening at the top of its neck drawn together inside the head.

    Parameters
    ----------
    piece : Piece
        Made of `faces`, its vertices in the order of theirs.
    fit : BodyFit
        Where the head is.
    body : Body
        Faces and weights.
    faces : (F,) bool array over the body's faces
        The piece's.
    kept : (F,) bool array over the body's faces
        All that are drawn; the neck's opening is where they end.
    """
    used = np.unique(body.faces[faces])
    starts, ends = _opening(body, faces, kept)
    if not len(starts):
        return piece
    head = INDEX["head"]
    up = fit.rotations[head] @ (fit.shape.tails[head] - fit.shape.heads[head])
    rim = np.searchsorted(used, starts), np.searchsorted(used, ends)
    return closed(piece, *rim, piece.vertices[rim[0]].mean(axis=0) + _INTO_HEAD * up)


def top_opening(piece: Piece) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges of a neck, from and to (E,), around the opening at its top."""
    faces = piece.faces.astype(np.int64)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    # Where the picture has a seam, vertices stand twice.
    _, place = np.unique(np.round(piece.vertices, 6), axis=0, return_inverse=True)
    ends = place.ravel()[edges]
    keys = ends.min(axis=1) * len(piece.vertices) + ends.max(axis=1)
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    heights = piece.vertices[:, 2]
    least = heights.max() - _RIM * np.ptp(heights)
    at_top = (counts[which.ravel()] == 1) & (heights[edges].min(axis=1) > least)
    return edges[at_top, 0], edges[at_top, 1]


def closed(piece: Piece, starts: NDArray, ends: NDArray, apex: Array) -> Piece:
    """A piece with an opening drawn together to a point.

    Parameters
    ----------
    piece : Piece
        The piece.
    starts, ends : (E,) int arrays
        Edges around the opening, as its faces go round.
    apex : (3,) array
        The point, metres.
    """
    places = np.zeros((len(piece.vertices), 2))
    places[piece.faces.ravel()] = piece.uv.reshape(-1, 2)
    new = np.full(len(starts), len(piece.vertices))
    # Each strip upwards keeps the colour of the rim it starts from.
    uv = np.stack([places[ends], places[starts], places[starts]], axis=1)
    grown: dict[str, Array] = {
        bone: np.append(share, np.mean(np.asarray(share)[starts]))
        for bone, share in piece.weights.items()
    }
    part = piece.part
    return replace(
        piece,
        vertices=np.concatenate([piece.vertices, apex[None]]),
        faces=np.concatenate([piece.faces, np.stack([ends, starts, new], axis=1)]),
        uv=np.concatenate([piece.uv, uv]),
        weights=grown,
        part=part if isinstance(part, str) else np.append(part, part[starts[0]]),
    )


def _opening(
    body: Body, faces: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges of the piece, from and to (E,), beyond which faces are not drawn."""

    def edges(chosen: NDArray) -> NDArray[np.int64]:
        triangles = body.faces[chosen].astype(np.int64)
        return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])

    def keys(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return pairs.min(axis=1) * len(body.vertices) + pairs.max(axis=1)

    own = edges(faces)
    beyond = np.isin(keys(own), keys(edges(~kept)))
    return own[beyond, 0], own[beyond, 1]
