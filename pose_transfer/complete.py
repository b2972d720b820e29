"""Carrying on the cloth and skin of one part where the photo does not show it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .fill import fill_hole, membrane

# Fills are found on copies of this size.
_SIDE: Final = 288
_GRAIN_SCALE: Final = 1.2
# Details finer than this are weave; stronger ones than this, 8-bit levels, are not.
_WEAVE_PX: Final = 3.0
_MOST: Final = 18.0
# Such details in the stronger third of plain cloth, and of patterns.
_PLAIN, _PATTERNED = 9.0, 16.0


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
    base = membrane(small, seen)
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
