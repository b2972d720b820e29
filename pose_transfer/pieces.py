"""Pieces of a character (trunk, an arm, the head …) and their packing into one mesh and texture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.camera import Camera
from retarget.character import FRINGE, PARTS, PATCH, SOLID, Character
from retarget.rotation import Array

_GUTTER: Final = 2
"""Pixels around every piece of the texture, so that filtering takes nothing of its neighbours."""


@dataclass(frozen=True)
class Bones:
    """The character's bones in the bind pose; fields as in `Character`."""

    names: tuple[str, ...]
    parents: NDArray[np.int16]
    heads: Array
    tails: Array
    turns: Array


@dataclass(frozen=True)
class Piece:
    """A mesh with a picture of its own.

    Parameters
    ----------
    vertices : (V, 3) array
        Bind pose, metres.
    faces : (F, 3) int array
        Counter-clockwise from outside.
    uv : (F, 3, 2) array
        Corners in pixels of `picture`: x right, y down, from the middle of the first pixel.
    picture : (h, w, 4) uint8 array
        Straight alpha. Of faces that are not fringe only the colours count.
    weights : dict of str to (V,) array
        Bone name to the share it has in each vertex; normalised when packed.
    part : (V,) array of int, or str
        What the vertices belong to: places in `character.PARTS`, or one name for all.
    fringe : (F,) bool array, or bool
        Whether faces are blended by the picture's alpha, after everything solid.
    patch : bool
        Whether all faces are a patch, seen only near to the bind pose.
    t_pose : (V, 3) array, optional
        As `Character.t_pose`.
    """

    vertices: Array
    faces: NDArray
    uv: NDArray
    picture: NDArray[np.uint8]
    weights: dict[str, Array]
    part: NDArray | str
    fringe: NDArray | bool = False
    patch: bool = False
    t_pose: Array | None = None

    def trimmed(self) -> "Piece":
        """The same with the picture cut down to what the corners need."""
        low = np.floor(self.uv.reshape(-1, 2).min(axis=0)).astype(int) - 1
        high = np.ceil(self.uv.reshape(-1, 2).max(axis=0)).astype(int) + 2
        low = np.maximum(low, 0)
        high = np.minimum(high, self.picture.shape[1::-1])
        picture = self.picture[low[1] : high[1], low[0] : high[0]]
        return replace(self, uv=self.uv - low, picture=picture)


def assemble(
    pieces: Sequence[Piece],
    bones: Bones,
    camera: Camera,
    *,
    backdrop: NDArray[np.uint8] | None = None,
    dress: str = "photo",
    warnings: tuple[str, ...] = (),
    light: Array | None = None,
) -> Character:
    """One character of all pieces, their pictures side by side in one texture."""
    pieces = [piece.trimmed() for piece in pieces]
    size, places = _shelves([piece.picture.shape[1::-1] for piece in pieces])
    texture = np.zeros((size[1], size[0], 4), np.uint8)
    uv = []
    for piece, (x, y) in zip(pieces, places, strict=True):
        padded = np.pad(piece.picture, ((_GUTTER,) * 2, (_GUTTER,) * 2, (0, 0)), mode="edge")
        texture[y : y + padded.shape[0], x : x + padded.shape[1]] = padded
        corners = (piece.uv + np.array([x, y]) + _GUTTER + 0.5) / np.array(size)
        uv.append(np.stack([corners[..., 0], 1.0 - corners[..., 1]], axis=-1))
    starts = np.cumsum([0, *[len(piece.vertices) for piece in pieces]])
    index, weights = _sparse(pieces, bones.names)
    return Character(
        vertices=np.concatenate([p.vertices for p in pieces]).astype(np.float32),
        t_pose=np.concatenate(
            [np.full(p.vertices.shape, np.nan) if p.t_pose is None else p.t_pose for p in pieces]
        ).astype(np.float32),
        faces=np.concatenate(
            [p.faces + start for p, start in zip(pieces, starts[:-1], strict=True)]
        ).astype(np.int32),
        kinds=np.concatenate(
            [
                np.where(np.broadcast_to(p.fringe, len(p.faces)), FRINGE, PATCH * p.patch + SOLID)
                for p in pieces
            ]
        ).astype(np.uint8),
        parts=np.concatenate([_part_numbers(p) for p in pieces]).astype(np.uint8),
        uv=np.concatenate(uv).astype(np.float32),
        texture=texture,
        weight_bones=index,
        weights=weights,
        bones=bones.names,
        parents=bones.parents,
        heads=bones.heads,
        tails=bones.tails,
        turns=bones.turns,
        camera=camera,
        backdrop=backdrop,
        dress=dress,
        warnings=warnings,
        light=light,
    )


def _part_numbers(piece: Piece) -> NDArray:
    if isinstance(piece.part, str):
        return np.full(len(piece.vertices), PARTS.index(piece.part))
    return piece.part


def _sparse(
    pieces: Sequence[Piece], names: tuple[str, ...]
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Places and shares of the bones of every vertex, (V, K) each, largest first."""
    tables = []
    for piece in pieces:
        table = np.zeros((len(piece.vertices), len(names)), np.float32)
        for bone, share in piece.weights.items():
            table[:, names.index(bone)] += share
        tables.append(table)
    full = np.concatenate(tables)
    full /= full.sum(axis=1, keepdims=True)
    most = max(1, int((full > 1e-4).sum(axis=1).max()))
    index = np.argsort(-full, axis=1, kind="stable")[:, :most]
    weights = np.take_along_axis(full, index, axis=1)
    weights = np.where(weights > 1e-4, weights, 0.0)
    index = np.where(weights > 0.0, index, 0)
    return index.astype(np.int16), (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _shelves(sizes: Sequence[tuple[int, ...]]) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Size of a texture and the places of the pictures in it: rows of falling height."""
    padded = [(w + 2 * _GUTTER, h + 2 * _GUTTER) for w, h in sizes]
    area = sum(w * h for w, h in padded)
    wide = max(max(w for w, _ in padded), int(np.sqrt(1.1 * area)))
    places = [(0, 0)] * len(padded)
    x = y = row = 0
    for i in sorted(range(len(padded)), key=lambda i: -padded[i][1]):
        w, h = padded[i]
        if x + w > wide:
            x, y, row = 0, y + row, 0
        places[i] = (x, y)
        x, row = x + w, max(row, h)
    return (wide, y + row), places
