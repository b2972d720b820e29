"""`grow`: hair and lashes of a figure; `shorn`: what of it is paint on the skin."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..parts import Colour, Figure, Material, Piece
from . import bob, bun, cropped, shade, swept
from .courses import Surface
from .face_surface import Face
from .head import Head, angles
from .lashes import lashes
from .lashes import shapes as lash_shapes

_MAKERS: Final[dict[str, Any]] = {"swept": swept, "bun": bun, "bob": bob, "cropped": cropped}

_LASHES: Final = (0.07, 0.055, 0.05)

STYLES: Final = tuple(_MAKERS)
"""What `grow` knows."""


def grow(
    figure: Figure, style: str, colour: Colour
) -> tuple[tuple[Piece, ...], dict[str, NDArray[np.uint8]]]:
    """A figure's hair and lashes, and their pictures.

    Raises
    ------
    ValueError
        If the style is none of `STYLES`.
    """
    if style not in _MAKERS:
        raise ValueError(f'No hair style "{style}"; choose one of {", ".join(STYLES)}.')
    maker = _MAKERS[style]
    head, face = Head(figure), Face(figure)
    hair = Material("Hair", "hair", colour, roughness=maker.ROUGHNESS, texture="hair")
    lash = lashes(face, maker.LASH)
    pieces = (
        _on_head(figure, "Hair", maker.surface(head), hair),
        replace(
            _on_head(
                figure,
                "Lashes",
                Surface(lash.vertices, lash.faces, np.zeros((len(lash.faces), 4, 2))),
                Material("Lashes", "hair", _LASHES, roughness=0.8),
            ),
            shapes=lash_shapes(face, lash),
        ),
    )
    return pieces, {"hair": maker.picture(colour)}


def shorn(figure: Figure, style: str, colour: Colour, points: Array) -> tuple[Array, Array]:
    """Roots and fades: how much of the skin's colour at points (N, 3) is that of hair, and which.

    Returns
    -------
    (N,) array, (N, 3) array
        Shares in [0, 1], and colours.
    """
    maker = _MAKERS[style]
    share = shade.shorn(figure, maker.LINE, maker.FADE_DEG, points)
    away = points - Head(figure).centre
    colours = np.broadcast_to(np.array(colour), points.shape)
    if hasattr(maker, "root_colours"):
        colours = maker.root_colours(colour, *angles(away))
    return share, colours


def _on_head(figure: Figure, name: str, surface: Surface, material: Material) -> Piece:
    """A piece that moves with the head alone."""
    weights: Array = np.zeros((len(surface.vertices), len(figure.bones)))
    weights[:, figure.bone("head")] = 1.0
    return Piece(
        name=name,
        # Sums differ in the last digits by how they lie in memory.
        vertices=np.round(surface.vertices, 7),
        faces=surface.faces,
        weights=weights,
        materials=(material,),
        material=np.zeros(len(surface.faces), dtype=np.int64),
        uv=surface.uv,
    )
