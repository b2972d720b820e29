"""The figure's own pieces: visible skin with facial shapes, eyes, teeth and tongue."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .atlas import BODY, HEAD, LID, MOUTH, Layout, skin_layout
from .eyes import EYE_TEXTURE, eye_piece, paint_eye
from .parts import Figure, Material, Piece, Shape
from .recipes import Recipe
from .regions import grid_distance, seam
from .skin import BODY_TEXTURE, HEAD_TEXTURE, paint_skin
from .teeth import TEETH_TEXTURE, paint_teeth, teeth_piece

_LINING_RINGS: Final = 3


def body_pieces(
    figure: Figure, recipe: Recipe, covered: NDArray[np.bool_], size: int = 1024
) -> tuple[tuple[Piece, ...], dict[str, NDArray[np.uint8]]]:
    """Skin, eyes, teeth and tongue, and their pictures.

    Parameters
    ----------
    covered : (V,) bool array
        Vertices of the figure that clothes hide: faces of nothing else are left out.
    size : int
        Pixels of the skin's pictures.
    """
    pieces = (
        _skin(figure, recipe, covered),
        teeth_piece(figure, skin_layout(figure)),
        _tongue(figure),
        eye_piece(figure, "L"),
        eye_piece(figure, "R"),
    )
    textures = {
        **paint_skin(figure, recipe, size),
        TEETH_TEXTURE: paint_teeth(),
        EYE_TEXTURE: paint_eye(recipe.iris, age=recipe.lines, seed=len(figure.name)),
    }
    return pieces, textures


def _skin(figure: Figure, recipe: Recipe, covered: NDArray[np.bool_]) -> Piece:
    layout = skin_layout(figure)
    seen = ~covered[layout.faces].all(axis=1) & ~_behind_lids(figure, layout)
    material = np.zeros(len(layout.faces), dtype=np.int64)
    for place, part in enumerate((HEAD, BODY, MOUTH, LID)):
        material[layout.part == part] = place
    skin = recipe.skin
    inside_lid = (0.97 * skin[0], 0.74 * skin[1], 0.71 * skin[2])
    return cut(
        figure,
        "Body",
        layout.faces[seen],
        (
            Material("Skin of the Head", "skin", skin, 0.5, HEAD_TEXTURE),
            Material("Skin", "skin", skin, 0.55, BODY_TEXTURE),
            Material("Inside of the Mouth", "skin", (0.22, 0.07, 0.07), 0.5),
            Material("Inside of the Lids", "skin", inside_lid, 0.4),
        ),
        material[seen],
        layout.uv[seen],
    )


def _behind_lids(figure: Figure, layout: Layout) -> NDArray[np.bool_]:
    """Which of the skin's faces (F,) line the lids so deep that the eyeball hides them."""
    lining = layout.part == LID
    depth = grid_distance(layout.faces[lining], len(figure.vertices), seam(layout, HEAD, LID))
    return lining & (depth[layout.faces].min(axis=1) >= _LINING_RINGS)


def _tongue(figure: Figure) -> Piece:
    own = figure.part[figure.faces[:, 0]] == 1
    faces, uv = figure.faces[own], figure.uv[own]
    material = Material("Tongue", "skin", (0.58, 0.25, 0.25), 0.35)
    return cut(figure, "Tongue", faces, (material,), np.zeros(len(faces), dtype=np.int64), uv)


def cut(
    figure: Figure,
    name: str,
    faces: NDArray[np.int64],
    materials: tuple[Material, ...],
    material: NDArray[np.int64],
    uv: NDArray[np.float64],
) -> Piece:
    """A piece of some of the figure's faces, with the shapes that move it."""
    used, flat = np.unique(faces, return_inverse=True)
    place = np.full(len(figure.vertices), -1)
    place[used] = np.arange(len(used))
    shapes = {}
    for action, shape in figure.shapes.items():
        kept = place[shape.vertices] >= 0
        if kept.any():
            shapes[action] = Shape(place[shape.vertices[kept]], shape.offsets[kept])
    return Piece(
        name=name,
        vertices=figure.vertices[used],
        faces=flat.reshape(faces.shape),
        weights=figure.weights[used],
        materials=materials,
        material=material,
        uv=uv,
        shapes=shapes,
    )
