"""A texture atlas brought to the resolution at which it is shown, chart by chart."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

# Between these texels per pixel bilinear sampling is sharp and hardly aliases: such a chart stays.
# Others are brought to the third: a second sampling off the grid blurs, so more than one is needed.
# Measured on a noisy photo against one sampling by area: 37 dB and 0.6 of its sharpness with 1.0
# texel per pixel, 39 dB and 0.75 with 1.2, 41 dB and 0.8 to 1.2 with 1.5.
_COARSEST, _FINEST, _WANTED = 0.95, 1.6, 1.5
# An enlarged texture shows nothing new; beyond this it only costs memory.
_MOST_ENLARGED: Final = 3.0
# Pixels kept around a chart, as `pieces.assemble` leaves them.
_GUTTER: Final = 2
# Pixels that single precision may be off in a large texture.
_ROUNDING: Final = 1.0 / 64.0
# Density of a chart is that of its best seen faces, not of those that the photo saw at a slant.
_SEEN_BEST: Final = 0.8


def resample_atlas(
    texture: NDArray[np.uint8],
    uv: NDArray,
    faces: NDArray,
    vertices: NDArray,
    pixels_per_metre: float,
) -> tuple[NDArray[np.uint8], NDArray]:
    """An atlas whose texels are about as large as the picture's pixels.

    Parameters
    ----------
    texture : (H, W, C) uint8 array
        Straight alpha.
    uv : (F, 3, 2) array
        Corners, [0, 1], first row at 0.
    faces, vertices : (F, 3) int and (V, 3) arrays
        The mesh, metres.
    pixels_per_metre : float
        Of the picture, where the person stands.

    Returns
    -------
    texture, uv
        The same arrays if the resolution suits everywhere.
    """
    size = np.array(texture.shape[1::-1])
    pixels = uv * size
    charts = _charts(pixels, faces)
    count = int(charts.max()) + 1
    density = _densities(pixels, faces, vertices, charts, count) / pixels_per_metre
    suits = (density > _COARSEST) & (density < _FINEST)
    if suits.all():
        return texture, uv
    factors = np.where(suits, 1.0, np.minimum(_WANTED / density, _MOST_ENLARGED))
    low = np.full((count, 2), np.inf)
    high = np.full((count, 2), -np.inf)
    np.minimum.at(low, charts, pixels.min(axis=1))
    np.maximum.at(high, charts, pixels.max(axis=1))
    low = np.clip(np.floor(low + _ROUNDING) - _GUTTER, 0, size - 1).astype(int)
    high = np.clip(np.ceil(high - _ROUNDING) + _GUTTER, low + 1, size).astype(int)
    tiles = []
    for (x, y), (right, bottom), factor in zip(low, high, factors, strict=True):
        tile: NDArray = texture[y:bottom, x:right]
        if factor != 1.0:
            fitted = np.maximum(np.round(np.array(tile.shape[1::-1]) * factor), 1).astype(int)
            how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
            tile = cv2.resize(tile, [int(n) for n in fitted], interpolation=how)
        padded = cv2.copyMakeBorder(tile, *(_GUTTER,) * 4, cv2.BORDER_REPLICATE)
        tiles.append(np.asarray(padded, np.uint8))
    packed, places = _pack(tiles)
    ratio = np.array([np.array(t.shape[1::-1]) - 2 * _GUTTER for t in tiles]) / (high - low)
    moved = (pixels - low[charts][:, None]) * ratio[charts][:, None]
    moved += places[charts][:, None] + _GUTTER
    return packed, moved / np.array(packed.shape[1::-1])


def _charts(pixels: NDArray, faces: NDArray) -> NDArray:
    """Which chart each face belongs to, (F,): faces that hang together in mesh and texture."""
    fine = np.round(pixels.reshape(-1, 2) / _ROUNDING).astype(np.int64)
    rows = np.column_stack([faces.ravel(), fine])
    corners = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1, 3)
    a, b = corners[:, [0, 1]].ravel(), corners[:, [1, 2]].ravel()
    number = int(corners.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(number, number))
    return connected_components(graph, directed=False)[1][corners[:, 0]]


def _densities(
    pixels: NDArray, faces: NDArray, vertices: NDArray, charts: NDArray, count: int
) -> NDArray:
    """Texels per metre of each chart, (count,)."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    metres = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    u, v = pixels[:, 1] - pixels[:, 0], pixels[:, 2] - pixels[:, 0]
    texels = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    density = np.sqrt(texels / np.maximum(metres, 1e-12))
    order = np.lexsort((density, charts))
    texels, density, charts = texels[order] + 1e-9, density[order], charts[order]
    starts = np.searchsorted(charts, np.arange(count + 1))
    found = np.ones(count)
    for chart in range(count):
        own = slice(starts[chart], starts[chart + 1])
        summed = np.cumsum(texels[own])
        found[chart] = density[own][np.searchsorted(summed, _SEEN_BEST * summed[-1])]
    return np.maximum(found, 1e-3)


def _pack(tiles: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], NDArray]:
    """All tiles in one texture, in rows of falling height, and their places (N, 2)."""
    area = sum(tile.shape[0] * tile.shape[1] for tile in tiles)
    wide = max(*(tile.shape[1] for tile in tiles), int(np.sqrt(1.1 * area)), 1)
    places = np.zeros((len(tiles), 2), int)
    x = y = row = 0
    for i in sorted(range(len(tiles)), key=lambda i: -tiles[i].shape[0]):
        height, width = tiles[i].shape[:2]
        if x + width > wide:
            x, y, row = 0, y + row, 0
        places[i] = x, y
        x, row = x + width, max(row, height)
    packed = np.zeros((y + row, wide, tiles[0].shape[2]), np.uint8)
    for (x, y), tile in zip(places, tiles, strict=True):
        packed[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return packed, places
