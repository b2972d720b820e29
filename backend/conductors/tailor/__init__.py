"""Clothes and shoes for a figure: `dress`."""

from collections.abc import Callable
from typing import Final

from ..parts import Dress, Figure
from .blouse import black_blouse
from .crossings import clipping, report
from .drawing import CREPE, SILK, WOOL, Folding
from .form import Form
from .gown import black_dress
from .shading import shaded
from .suit import dark_suit
from .tails import tailcoat

_MAKERS: Final[dict[str, tuple[Callable[[Form], Dress], Folding]]] = {
    "tailcoat": (tailcoat, WOOL),
    "black_dress": (black_dress, CREPE),
    "black_blouse": (black_blouse, SILK),
    "dark_suit": (dark_suit, WOOL),
}

OUTFITS: Final = tuple(_MAKERS)


def dress(figure: Figure, outfit: str) -> Dress:
    """What a figure wears.

    Parameters
    ----------
    figure : Figure
        Any adult body in its rest pose.
    outfit : str
        One of `OUTFITS`.

    Raises
    ------
    ValueError
        If there is no such outfit.
    """
    if outfit not in _MAKERS:
        raise ValueError(f'There is no outfit "{outfit}". Choose one of: {", ".join(OUTFITS)}.')
    form, (make, folding) = Form(figure), _MAKERS[outfit]
    return shaded(make(form), form, folding)


__all__ = ["OUTFITS", "clipping", "dress", "report"]
