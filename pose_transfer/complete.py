"""Carrying on the cloth and skin of one part where the photo does not show it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from retarget.rotation import Array

from .fill import fill_hole, membrane

# Fills are found on copies of this size.
_SIDE: Final = 288
_GRAIN_SCALE: Final = 1.2
# Details finer than this are weave; stronger ones than this, 8-bit levels, are not.
_WEAVE_PX: Final = 3.0
_MOST: Final = 18.0
# Such details in the stronger third of plain cloth, and of patterns.
_PLAIN, _PATTERNED = 9.0, 16.0
# Cloths differ by so much (CIE Lab), and over two pixels at their border by this share of it: a
# fold or a shadow fades, a hem does not. A pattern this strong is one cloth. What is rarer than the
# share below, a button or a badge, is no cloth of its own.
_CLOTHS, _APART, _CRISP, _ONE_CLOTH = 4, 18.0, 0.5, 0.5
_RARER: Final = 0.03
# How soft the border of two cloths is carried on, pixels.
_HEM_PX: Final = 0.8


def complete(
    picture: NDArray[np.uint8],
    known: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    source: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """The picture with a part's unseen pixels filled from what is seen of it.

    Parameters
    ----------
    picture : (h, w, 3) uint8 array
        Colours; those that are not known do not count.
    known : (h, w) bool array
        Where the part is seen.
    wanted : (h, w) bool array
        Where colours are needed; elsewhere they go on smoothly.
    source : (h, w) bool array
        The known pixels whose colours carry on.

    Returns
    -------
    (h, w, 3) uint8 array
        Equal to `picture` where it is known.
    """
    if not source.any():
        return picture
    height, width = known.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    share = cv2.resize(source.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    light = cv2.resize(
        (picture * source[..., None]).astype(np.float32), size, interpolation=cv2.INTER_AREA
    )
    small = (light / np.maximum(share, 1e-3)[..., None]).astype(np.float32)
    seen = share > 0.5
    if np.count_nonzero(seen) < 40:
        seen = share > 0.0
    base = _carried_on(small, seen)
    need = cv2.resize(wanted.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0
    need = cv2.dilate(need.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    hole = ~seen & need
    if hole.any() and np.count_nonzero(seen) >= 200:
        # What is not of the part must not serve as a source of patches.
        rows, columns = (
            np.flatnonzero((seen | hole).any(axis=1)),
            np.flatnonzero((seen | hole).any(axis=0)),
        )
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        filled, _ = fill_hole(np.where(seen[..., None], small, base)[window], (~seen)[window])
        # Patches bring the weave; the colour of plain cloth goes on from the edges. Stripes and
        # checks are patches altogether.
        weave = filled - cv2.GaussianBlur(filled, (0, 0), _WEAVE_PX)
        plain = base[window] + np.clip(weave, -_MOST, _MOST)
        mixed = plain + _pattern(small, seen) * (filled - plain)
        base[window] = np.where(hole[window][..., None], mixed, base[window])
    full = cv2.resize(base, (width, height), interpolation=cv2.INTER_CUBIC)
    full = full + _grain(picture, known)
    rim = cv2.blur(known.astype(np.float32), (3, 3))[..., None]
    out = np.where(known[..., None], picture, full)
    # The seam is one pixel soft on the side that was filled.
    out = np.where(known[..., None], out, out * (1.0 - rim) + rim * cv2.blur(out, (3, 3)))
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def _carried_on(picture: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Colours going on smoothly, each cloth on its own: no shirt fades into the trousers."""
    smooth = membrane(picture, seen)
    if _pattern(picture, seen) > _ONE_CLOTH:
        return smooth
    cloths = _cloths(picture, seen)
    count = int(cloths.max()) + 1
    if count < 2:
        return smooth
    of_cloth = np.stack([cloths == i for i in range(count)], axis=-1).astype(np.float32)
    near = membrane(of_cloth, seen)
    chosen = np.eye(count, dtype=np.float32)[near.argmax(axis=-1)]
    share = cv2.GaussianBlur(chosen, (0, 0), _HEM_PX)
    out = sum(share[..., i, None] * membrane(picture, cloths == i) for i in range(count))
    return np.where(seen[..., None], smooth, out).astype(np.float32)


def _cloths(picture: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which cloth (h, w) a seen pixel belongs to, from 0; -1 where nothing is seen."""
    light = np.clip(picture / 255.0, 0.0, 1.0).astype(np.float32)
    lab = cv2.cvtColor(light, cv2.COLOR_RGB2Lab).astype(np.float64)
    colours = lab[seen]
    middle = np.linalg.norm(colours - np.median(colours, axis=0), axis=1).argmin()
    centres: Array = colours[[middle]]
    while len(centres) < _CLOTHS:
        away = np.linalg.norm(colours[:, None] - centres, axis=-1).min(axis=1)
        far = np.argsort(away, kind="stable")[int((1.0 - _RARER) * len(away))]
        if away[far] < _APART:
            break
        centres = np.vstack([centres, colours[far]])
    centres, of_colour = kmeans2(colours, centres, iter=12, minit="matrix", missing="warn")
    known = np.full(seen.shape, -1)
    known[seen] = of_colour
    name = np.arange(len(centres))
    for a in range(len(centres)):
        for b in range(a):
            if not _parted(lab, known, centres, a, b):
                name[name == name[a]] = name[b]
    _, compact = np.unique(name, return_inverse=True)
    return np.where(seen, compact[known], -1)


def _parted(lab: Array, known: NDArray[np.int64], centres: Array, a: int, b: int) -> bool:
    """Whether two clusters of colours are two cloths."""
    apart = float(np.linalg.norm(centres[a] - centres[b]))
    if apart < _APART:
        return False
    steps = []
    for axis in (0, 1):
        first = np.arange(known.shape[axis] - 2)
        second = first + 2
        one, other = known.take(first, axis), known.take(second, axis)
        border = ((one == a) & (other == b)) | ((one == b) & (other == a))
        off = np.linalg.norm(lab.take(first, axis) - lab.take(second, axis), axis=-1)
        steps.append(off[border])
    step = np.concatenate(steps)
    return len(step) == 0 or float(np.median(step)) > _CRISP * apart


def _pattern(picture: NDArray[np.float32], seen: NDArray[np.bool_]) -> float:
    """How much of a pattern the cloth has, from 0 (plain, folds at most) to 1 (stripes, checks)."""
    core = cv2.erode(seen.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if np.count_nonzero(core) < 100:
        return 0.0
    fine = picture - cv2.GaussianBlur(picture, (0, 0), _WEAVE_PX)
    strength = float(np.percentile(np.abs(fine[core]).max(axis=-1), 70))
    return float(np.clip((strength - _PLAIN) / (_PATTERNED - _PLAIN), 0.0, 1.0))


def _grain(picture: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Noise as fine and as strong as the part's own."""
    core = cv2.erode(known.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not core.any():
        return np.zeros(picture.shape, np.float32)
    fine = picture.astype(np.float32) - cv2.GaussianBlur(picture, (0, 0), 1.5)
    sigma = 1.4826 * np.median(np.abs(fine[core]), axis=0)
    noise = np.random.default_rng(0).normal(size=picture.shape[:2]).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * _GRAIN_SCALE
    return noise[..., None] * np.clip(sigma, 0.3, 5.0).astype(np.float32)
