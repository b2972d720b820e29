"""Pictures of strands: columns from dark to light, roots at the foot, tips at the head."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from retarget.rotation import Array

from ..parts import Colour

_SIZE: Final = 512


@dataclass(frozen=True)
class Palette:
    """What the columns look like.

    Parameters
    ----------
    colours : tuple of Colour
        One a column.
    contrast : float
        How far strands differ, as a share of the colour.
    sheen : float
        How much lighter hair is where it turns to the light.
    roots : float
        Darkness at the root, [0, 1].
    edges : float
        Darkness where a lock goes under its neighbours, [0, 1].
    """

    colours: tuple[Colour, ...]
    contrast: float = 0.22
    sheen: float = 0.10
    roots: float = 0.5
    edges: float = 0.5


def strands(palette: Palette, seed: int) -> NDArray[np.uint8]:
    """The picture (512, 512, 3) of all columns."""
    generator = np.random.default_rng(seed)
    width = _SIZE // len(palette.colours)
    columns = [_column(np.array(c), width, palette, generator) for c in palette.colours]
    picture = np.concatenate(columns, axis=1)[::-1]
    return np.round(255 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)


def _column(colour: Array, width: int, palette: Palette, generator: np.random.Generator) -> Array:
    """One column (512, width, 3), the root in its first row."""
    fibres = _fibres(width, generator)
    u = np.linspace(-1.0, 1.0, width)[None, :]
    v = np.linspace(0.0, 1.0, _SIZE)[:, None]
    shade = 1.0 + palette.contrast * fibres
    shade = shade * (1.0 - palette.roots * np.exp(-((v / 0.16) ** 2)))
    shade = shade * (1.0 - palette.edges * np.abs(u) ** 3) * (0.95 + 0.12 * v)
    bands = np.exp(-(((v - 0.36) / 0.10) ** 2)) + 0.5 * np.exp(-(((v - 0.68) / 0.08) ** 2))
    sheen = palette.sheen * bands * (1.0 - np.abs(u) ** 2) * (0.6 + 0.5 * fibres)
    return colour * shade[..., None] + np.clip(sheen, 0.0, None)[..., None] * (
        0.35 + 0.65 * colour / max(float(colour.max()), 1e-3)
    )


def _fibres(width: int, generator: np.random.Generator) -> Array:
    """Streaks (512, width) that sway a little, mean nought, mostly within ±1.5."""
    fine = generator.standard_normal((_SIZE, 3 * width))
    streaks = np.zeros_like(fine)
    for blur, along, weight in ((0.6, 70.0, 1.1), (1.8, 120.0, 0.8), (5.0, 160.0, 0.5)):
        layer = gaussian_filter(fine, (along, blur), mode="wrap")
        streaks += weight * layer / layer.std()
        fine = generator.standard_normal(fine.shape)
    sway = gaussian_filter1d(generator.standard_normal(_SIZE), 60.0)
    sway *= 0.06 * width / max(float(sway.std()), 1e-9)
    rows, columns = np.mgrid[0:_SIZE, 0:width].astype(np.float64)
    found: Array = map_coordinates(
        streaks, [rows, columns + width + sway[:, None]], order=1, mode="grid-wrap"
    )
    return found / found.std()
