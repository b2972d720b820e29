"""Filling a hole in a picture: walls go on evenly, patterns go on as patches of the rest."""

from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Half a patch: 7 × 7 pixels at every level, as Wexler et al. 2007 use.
_RADIUS: Final = 3
# Levels go down until the picture is about this many pixels on its shorter side.
_COARSEST_SIDE: Final = 24
# Principal components kept of a patch's 147 values.
_COMPONENTS: Final = 16
# How much a source may be preferred for lying near, above all at the same height: floors, rails
# and rows of windows run sideways. Levels of the 8-bit scale per picture height.
_SAME_COLUMN: Final = 30.0
_SAME_ROW: Final = 110.0
# Rounds of search and vote at a level, from the coarsest.
_ROUNDS: Final = (8, 5, 3, 1)
# The grey of a picture that is all hole.
_NOTHING_KNOWN: Final = 128.0
# Fewer whole patches than this are no texture to take from.
_FEWEST_SOURCES: Final = 60
# Width of the rim along which patches are fitted to the light around them, pixels, and the largest
# step that is not an edge of its own, 8-bit levels.
_RIM: Final = 3.0
_MOST_LACK: Final = 12.0
# Side of the squares a wall's grain is taken in, pixels.
_TILE: Final = 8
# Detail finer than this is copied, pixels.
_FINE: Final = 1.5
# Departures of a wall from evenness are finer than this, pixels.
_UNEVEN: Final = 6.0
# Departures from a local mean, 8-bit levels: below the first a wall is even, below the second it
# counts as plain, above the third as textured.
_EVEN: Final = 0.8
_PLAIN: Final = 2.0
_TEXTURED: Final = 5.0


def fill_hole(rgb: Picture, hole: Mask) -> tuple[Picture, NDArray[np.int32]]:
    """Carry on in the hole what is around it.

    Two answers are mixed by how rough the surroundings are: a smooth membrane for walls and soft
    light, and patches found over several scales (Wexler et al. 2007, search as in Barnes et al.
    2009 on principal components) for the rest.

    Parameters
    ----------
    rgb : (h, w, 3) float32 array
        8-bit scale. Time grows with its area; 360 pixels on the longer side are enough.
    hole : (h, w) bool array

    Returns
    -------
    filled : (h, w, 3) float32 array
        Equal to `rgb` outside the hole.
    source : (h, w, 2) int32 array
        x and y of the pixel each one was taken from; outside the hole its own place.
    """
    if hole.all():
        return np.full_like(rgb, _NOTHING_KNOWN), _grid(hole.shape)
    smooth = membrane(rgb, ~hole)
    seen = _roughness(rgb, hole)
    rough = membrane(seen[..., None], ~hole & _near(hole, 12))[..., 0]
    share = np.clip((rough - _PLAIN) / (_TEXTURED - _PLAIN), 0.0, 1.0)
    share = cv2.GaussianBlur(share, (0, 0), 4.0)[..., None]
    tiles = _tiles(hole, (seen < _PLAIN) & ~_near(hole, _TILE))
    grain, coarse = (rgb - _local_mean(rgb, hole, sigma) for sigma in (_FINE, _UNEVEN))
    plain, source = smooth + _taken(grain, tiles), tiles
    uneven = np.clip((rough - _EVEN) / (_PLAIN - _EVEN), 0.0, 1.0)[..., None]
    if uneven[hole].any():
        filled, patches = _patches(rgb, hole, smooth)
        filled += _seam(rgb, filled, hole)
        # Only the unevenness of an uneven wall is taken, without the steps between patches.
        plain += _taken(coarse - grain, patches) * uneven
        plain += (filled - plain) * share
        source = np.where(share < 0.5, tiles, patches)
    return np.where(hole[..., None], plain, rgb).astype(np.float32), source


def _seam(rgb: Picture, filled: Picture, hole: Mask) -> Picture:
    """What the fill lacks of its surroundings' light along the rim, fading inwards, (h, w, 3)."""
    lack = _local_mean(rgb, hole, _RIM) - _local_mean(filled, ~hole, _RIM)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    rim = hole & (depth < 1.5)
    spread = membrane(np.clip(lack, -_MOST_LACK, _MOST_LACK), rim | ~hole)
    return np.asarray(spread * (hole * np.exp(-depth / (4.0 * _RIM)))[..., None], np.float32)


def _tiles(hole: Mask, plain: Mask) -> NDArray[np.int32]:
    """Sources for the grain of a wall: small squares of its plain part, (h, w, 2), in any order.

    Patches that look alike would be chosen again and again, and repeated grain shows as stripes.
    """
    height, width = hole.shape
    away = [_TILE, height - _TILE, _TILE, width - _TILE]
    inner = np.zeros_like(plain)
    inner[away[0] : away[1], away[2] : away[3]] = plain[away[0] : away[1], away[2] : away[3]]
    places = np.argwhere(inner)
    grid = _grid(hole.shape)
    if len(places) == 0:
        return grid
    rows, columns = grid[..., 1] // _TILE, grid[..., 0] // _TILE
    chosen = np.random.default_rng(0).integers(0, len(places), (rows.max() + 1, columns.max() + 1))
    corner = places[chosen][rows, columns][..., ::-1]
    return np.where(hole[..., None], corner + grid % _TILE - _TILE // 2, grid).astype(np.int32)


def _taken(image: Picture, source: NDArray[np.int32]) -> Picture:
    return image[source[..., 1], source[..., 0]]


def membrane(image: Picture, known: Mask) -> Picture:
    """Smooth interpolation over unknown pixels (h, w, C): pull–push, then relaxed to a membrane.

    Gortler et al. 1996 for the start, Jacobi steps from coarse to fine for the evenness.
    """
    return _membrane(image, np.asarray(known, np.float32))


def _membrane(image: Picture, weight: NDArray[np.float32]) -> Picture:
    known = weight > 0.0
    if min(weight.shape) <= 2 or known.all():
        mean = (image * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        return np.where(known[..., None], image, mean).astype(np.float32)
    size = (weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2
    less = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    small = _resize(image * weight[..., None], size, cv2.INTER_AREA)
    coarse = _membrane(small / np.maximum(less, 1e-6)[..., None], np.asarray(less, np.float32))
    out = np.where(known[..., None], image, _resize(coarse, weight.shape[::-1], cv2.INTER_LINEAR))
    out = out.astype(np.float32)
    unknown = ~known
    for _ in range(12):
        mean = cv2.blur(out, (3, 3), borderType=cv2.BORDER_REPLICATE).reshape(out.shape)
        out[unknown] = mean[unknown]
    return out


def _patches(rgb: Picture, hole: Mask, start: Picture) -> tuple[Picture, NDArray[np.int32]]:
    """Fill from coarse to fine; (h, w, 3) and the sources (h, w, 2) of the finest level."""
    pictures, holes = [rgb], [hole]
    while min(holes[-1].shape) >= 2 * _COARSEST_SIDE:
        size = (holes[-1].shape[1] + 1) // 2, (holes[-1].shape[0] + 1) // 2
        share = cv2.resize((~holes[-1]).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        light = _resize(pictures[-1] * (~holes[-1])[..., None], size, cv2.INTER_AREA)
        pictures.append(light / np.maximum(share, 1e-6)[..., None])
        holes.append(share < 0.6)
    generator = np.random.default_rng(0)
    shape = holes[-1].shape
    filled = _resize(start, shape[::-1], cv2.INTER_AREA)
    source = _grid(shape)
    found = False
    for level in reversed(range(len(pictures))):
        picture, gap = pictures[level], holes[level]
        filled = _resize(filled, gap.shape[::-1], cv2.INTER_CUBIC)
        filled = np.where(gap[..., None], filled, picture).astype(np.float32)
        source = _finer(source, gap.shape) if found else _grid(gap.shape)
        whole = _whole(gap)
        if not gap.any() or np.count_nonzero(whole) < _FEWEST_SOURCES:
            continue
        rounds = _ROUNDS[min(len(pictures) - 1 - level, len(_ROUNDS) - 1)]
        filled, source = _synthesise(
            filled, gap, whole, source if found else None, rounds, generator
        )
        found = True
    if found:
        # Votes are means; what they lose in the fine comes from each pixel's own source.
        copied = _taken(rgb, source)
        filled = cv2.GaussianBlur(filled - copied, (0, 0), _FINE) + copied
    return filled, source


def _synthesise(
    filled: Picture,
    hole: Mask,
    whole: Mask,
    source: NDArray[np.int32] | None,
    rounds: int,
    generator: np.random.Generator,
) -> tuple[Picture, NDArray[np.int32]]:
    """Search and vote in turns at one level."""
    height, width = hole.shape
    touched = cv2.dilate(hole.astype(np.uint8), np.ones((2 * _RADIUS + 1,) * 2, np.uint8)) > 0
    rows, columns = np.nonzero(touched)
    places = np.flatnonzero(whole)
    nearest = np.full((height, width), -1, np.int64)
    depth = np.asarray(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    if source is not None:
        guess = source[..., 1].astype(np.int64) * width + source[..., 0]
        nearest[touched] = np.where(whole.ravel()[guess], guess, -1)[touched]
        lost = touched & (nearest < 0)
        nearest[lost] = generator.choice(places, np.count_nonzero(lost))
        # Copied, not enlarged: soft patches would be answered with dull ones.
        filled = filled.copy()
        filled[hole] = filled.reshape(-1, 3)[nearest[hole]]
    space = _PatchSpace(filled, places)
    features = np.zeros((height, width, space.size), np.float32)
    features[whole] = space.describe(filled, *np.nonzero(whole))
    for _ in range(rounds):
        features[rows, columns] = space.describe(filled, rows, columns)
        if source is None:
            tree = cKDTree(features[whole])
            _, at = tree.query(features[rows, columns], eps=0.5)
            nearest[rows, columns] = places[at]
        else:
            _search(features, nearest, rows, columns, whole, generator)
        filled = _vote(filled, hole, nearest, touched, features, depth)
    grid = _grid(hole.shape)
    taken = np.stack([nearest % width, nearest // width], axis=-1)
    return filled, np.where(hole[..., None], taken, grid).astype(np.int32)


class _PatchSpace:
    """Patches as points: their principal components, and where they lie in the picture."""

    def __init__(self, filled: Picture, places: NDArray[np.int64]) -> None:
        few = places[:: max(1, len(places) // 2000)]
        sample = self._patches(filled, *np.unravel_index(few, filled.shape[:2]))
        self._mean = sample.mean(axis=0)
        centred = sample - self._mean
        _, axes = np.linalg.eigh(centred.T @ centred)
        self._basis = axes[:, : -_COMPONENTS - 1 : -1]
        self.size = self._basis.shape[1] + 2

    def describe(self, filled: Picture, rows: NDArray, columns: NDArray) -> Picture:
        """The patches around these pixels, (N, size)."""
        patches = self._patches(filled, rows, columns)
        # Root mean square over the patch's pixels, so that levels and weights mean the same.
        parts = (patches - self._mean) @ self._basis / (2 * _RADIUS + 1)
        where = np.stack([columns * _SAME_COLUMN, rows * _SAME_ROW], axis=-1) / len(filled)
        return np.concatenate([parts, where], axis=-1).astype(np.float32)

    def _patches(self, filled: Picture, rows: NDArray, columns: NDArray) -> Picture:
        padded = np.pad(filled, ((_RADIUS,) * 2, (_RADIUS,) * 2, (0, 0)), "reflect")
        side = 2 * _RADIUS + 1
        # A row of a patch lies in one piece: it is copied far faster than pixel by pixel.
        windows = sliding_window_view(padded.reshape(len(padded), -1), (side, 3 * side))[:, ::3]
        return windows[rows, columns].reshape(len(rows), -1)


def _search(
    features: Picture,
    nearest: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    whole: Mask,
    generator: np.random.Generator,
) -> None:
    """Better sources from the neighbours' and from the vicinity (PatchMatch), in place."""
    height, width = whole.shape
    flat = features.reshape(-1, features.shape[-1])
    target = features[rows, columns]
    best = nearest[rows, columns]
    cost = ((flat[best] - target) ** 2).sum(axis=1)
    usable = whole.ravel()

    def offer(x: NDArray[np.int64], y: NDArray[np.int64]) -> None:
        nonlocal best, cost
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        guess = np.where(inside, y * width + x, 0)
        tried = np.flatnonzero(inside & usable[guess])
        guess = guess[tried]
        new = ((flat[guess] - target[tried]) ** 2).sum(axis=1)
        better = new < cost[tried]
        best[tried[better]], cost[tried[better]] = guess[better], new[better]

    for step in (4, 1, 2, 1):
        for dy, dx in ((0, step), (0, -step), (step, 0), (-step, 0)):
            y, x = np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)
            other = nearest[y, x]
            known = other >= 0
            offer(
                np.where(known, other % width - (x - columns), -1),
                np.where(known, other // width - (y - rows), -1),
            )
            nearest[rows, columns] = best
        for reach in (width // 3, width // 12, 3):
            jump = generator.integers(-reach, reach + 1, (2, len(best)))
            offer(best % width + jump[0], best // width + jump[1])
        nearest[rows, columns] = best


def _vote(
    filled: Picture,
    hole: Mask,
    nearest: NDArray[np.int64],
    touched: Mask,
    features: Picture,
    depth: NDArray[np.float32],
) -> Picture:
    """Every pixel of the hole as the mean of what the patches over it hold there."""
    width = hole.shape[1]
    rows, columns = np.nonzero(hole)
    flat = features.reshape(-1, features.shape[-1])
    cost = np.zeros(hole.shape, np.float32)
    cost[touched] = ((flat[nearest[touched]] - features[touched]) ** 2).sum(axis=1)
    scale = max(float(np.percentile(cost[touched], 75)), 1.0)
    # Patches near the rim know more of the truth.
    trust = np.exp(-cost / (2.0 * scale)) * 1.3 ** -np.minimum(depth, 30.0)
    colours = filled.reshape(-1, 3)
    total = np.zeros((len(rows), 3), np.float32)
    weight = np.zeros(len(rows), np.float32)
    # Patches around middles outside the picture have no share.
    shares = np.pad(trust.astype(np.float32), _RADIUS).ravel()
    middles = np.pad(nearest, _RADIUS).ravel()
    wide = width + 2 * _RADIUS
    place = (rows + _RADIUS) * wide + columns + _RADIUS
    for dy in range(-_RADIUS, _RADIUS + 1):
        for dx in range(-_RADIUS, _RADIUS + 1):
            at = place + (dy * wide + dx)
            # A whole patch lies inside the picture, so its middle can be stepped back from.
            taken = middles[at] - (dy * width + dx)
            share = shares[at]
            total += colours.take(taken, axis=0, mode="clip") * share[:, None]
            weight += share
    out = filled.copy()
    out[hole] = total / np.maximum(weight, 1e-12)[:, None]
    return out


def _whole(hole: Mask) -> Mask:
    """Middles of patches that lie inside the picture and outside the hole."""
    taken = np.pad(hole, _RADIUS, constant_values=True)
    kernel = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
    touched = np.asarray(cv2.dilate(taken.astype(np.uint8), kernel))
    return touched[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS] == 0


def _finer(source: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Sources of a level from those of the one half its size."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    offset = source - _grid(source.shape[:2])
    y = np.minimum(rows // 2, source.shape[0] - 1)
    x = np.minimum(columns // 2, source.shape[1] - 1)
    moved = _grid(shape) + 2 * offset[y, x]
    return np.clip(moved, 0, np.array([shape[1] - 1, shape[0] - 1])).astype(np.int32)


def _grid(shape: tuple[int, ...]) -> NDArray[np.int32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.stack([columns, rows], axis=-1).astype(np.int32)


def _roughness(rgb: Picture, hole: Mask) -> NDArray[np.float32]:
    """How far each known pixel's surroundings depart from a local mean, 8-bit levels, (h, w)."""
    clear, local = _local_mean(rgb, hole, 1.0), _local_mean(rgb, hole, _UNEVEN)
    square = np.abs(clear - local).max(axis=-1, keepdims=True) ** 2
    return np.sqrt(_local_mean(square, hole, _UNEVEN))[..., 0]


def _local_mean(image: Picture, hole: Mask, sigma: float) -> Picture:
    """Gaussian mean of the known pixels, (h, w, C)."""
    known = (~hole).astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)
    blurred = cv2.GaussianBlur(image * known[..., None], (0, 0), sigma)
    return np.asarray(blurred.reshape(image.shape) / weight[..., None], np.float32)


def _near(hole: Mask, distance: int) -> Mask:
    kernel = np.ones((2 * distance + 1,) * 2, np.uint8)
    return cv2.dilate(hole.astype(np.uint8), kernel) > 0


def _resize(image: Picture, size: tuple[int, ...], interpolation: int) -> Picture:
    resized = cv2.resize(image, (size[0], size[1]), interpolation=interpolation)
    return np.asarray(resized, np.float32).reshape(size[1], size[0], -1)
