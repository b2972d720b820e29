"""The place without the person: the photo's background filled in, and carried on past its edges."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .sheet import resample

Image = NDArray[np.uint8]

# The hole is filled on a copy of this size, which is as much as its content can be guessed.
_FILL_SIDE: Final = 320

# The mirrored surroundings grow softer outward in this many steps, each twice the one before.
_EXTENSION_BLURS: Final = 2

# Blur of a plain wall before it goes on past the edges, as a share of the photo's longer side.
_EVEN: Final = 0.02

# Blur of the wall past the edges, as a share of the picture's longer side.
_EVEN_OUTSIDE: Final = 0.06

# Departures from a local mean, 8-bit levels: below, a wall counts as plain.
_PLAIN_BELOW: Final = 7.0


def clean_background(rgb: Image, matte: NDArray[np.float32], person_height: float) -> Image:
    """Remove the person.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    matte : (H, W) float32 array
        The person in [0, 1].
    person_height : float
        Height of the person in pixels.

    Returns
    -------
    (H, W, 3) uint8 array
        Equal to the photo away from the person.
    """
    grow = 2 * max(2, round(0.018 * person_height)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow))
    hole = cv2.dilate((matte > 0.02).astype(np.uint8), kernel)
    if not hole.any():
        return rgb
    height, width = hole.shape
    scale = min(1.0, _FILL_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole, size, interpolation=cv2.INTER_LINEAR)
    small_hole = cv2.dilate((small_hole > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    filled = _fill(np.asarray(small, np.uint8), np.asarray(small_hole, np.uint8))
    enlarged = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    # The fill comes in over the hole's own rim, which lies outside the person.
    rim = grow // 2 | 1
    near = cv2.blur(hole.astype(np.float32), (rim, rim))
    inner = np.clip(near * 2.0 - 1.0, 0.0, 1.0)[..., None]
    out = rgb * (1.0 - inner) + (enlarged + _grain(rgb, np.asarray(hole, np.uint8))) * inner
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def extend(background: Image, scale: float, shift: Array, size: tuple[int, int]) -> Image:
    """The background resampled to the picture; past the photo's edges it goes on.

    A plain wall goes on evenly, with its grain; anything else is mirrored and blurred.

    Parameters
    ----------
    background : (H, W, 3) uint8 array
    scale, shift : float, (2,) array
        picture = scale · photo + shift.
    size : (int, int)
        Width and height of the picture.
    """
    picture = resample(background, scale, shift, size, border=cv2.BORDER_REFLECT)
    height, width = background.shape[:2]
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]) * scale + shift
    xs, ys = np.arange(size[0]), np.arange(size[1])
    beyond_x = np.maximum(corners[0, 0] - xs, xs - corners[1, 0])
    beyond_y = np.maximum(corners[0, 1] - ys, ys - corners[1, 1])
    beyond = np.maximum(beyond_x[None, :], beyond_y[:, None])
    if beyond.max() <= 0.5:
        return picture
    out = picture.astype(np.float32)
    reach = 0.01 * max(size)
    frame = np.ones((height, width), np.uint8)
    frame[2:-2, 2:-2] = 0
    if _is_plain(background, frame):
        # In floating point: whole levels would go on as streaks.
        even = cv2.GaussianBlur(background.astype(np.float32), (0, 0), _EVEN * max(width, height))
        wall = resample(even, scale, shift, size, border=cv2.BORDER_REPLICATE)
        wall = cv2.GaussianBlur(wall, (0, 0), _EVEN_OUTSIDE * max(size))
        weight = np.clip(beyond / (6.0 * reach), 0.0, 1.0)[..., None].astype(np.float32)
        grain = _grain(picture, (beyond > 0.0).astype(np.uint8))
        out += (wall + grain - out) * weight
        return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)
    for level in range(_EXTENSION_BLURS):
        sigma = reach * 2.0**level * 0.6
        blurred = cv2.GaussianBlur(out, (0, 0), sigma)
        weight = np.clip((beyond - reach * (2.0**level - 1.0)) / (reach * 2.0**level), 0.0, 1.0)
        out += (blurred - out) * weight[..., None].astype(np.float32)
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def studio(size: tuple[int, int]) -> Image:
    """A plain studio wall with soft light, for cut-outs that bring no background."""
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((columns / width - 0.5) * 1.1, rows / height - 0.42)
    light = 214.0 - 78.0 * np.clip(away, 0.0, 1.2) ** 1.5
    # A little noise, or the encoder draws rings.
    noise = np.random.default_rng(0).normal(0.0, 0.8, light.shape)
    tint = np.array([0.985, 0.99, 1.0])
    return np.clip((light + noise)[..., None] * tint, 0.0, 255.0).astype(np.uint8)


def _fill(rgb: Image, hole: NDArray[np.uint8]) -> Image:
    """Carry on what is around the hole.

    Plain walls and soft light are interpolated; patterns and lines go on as patches (shift maps,
    Pritch et al. 2009), which would leave seams on the former.
    """
    if _is_plain(rgb, hole):
        smooth = _pull_push(rgb.astype(np.float32), hole == 0)
        blurred = cv2.GaussianBlur(smooth, (0, 0), 4.0)
        depth = cv2.distanceTransform(hole, cv2.DIST_L2, 5)[..., None]
        inner = np.clip(depth / 8.0, 0.0, 1.0)
        return np.clip(smooth + (blurred - smooth) * inner + 0.5, 0.0, 255.0).astype(np.uint8)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    # Stray colours of the person must not be found as patches: start from a neutral fill.
    lab[hole > 0] = 0
    known = ((hole == 0) * 255).astype(np.uint8)
    filled = np.zeros_like(lab)
    cv2.setRNGSeed(0)
    cv2.xphoto.inpaint(lab, known, filled, cv2.xphoto.INPAINT_SHIFTMAP)
    return np.asarray(cv2.cvtColor(filled, cv2.COLOR_Lab2RGB), np.uint8)


def _is_plain(rgb: Image, hole: NDArray[np.uint8]) -> bool:
    """True if there is next to nothing but gradients and noise around the hole."""
    ring = (cv2.dilate(hole, np.ones((41, 41), np.uint8)) > 0) & (hole == 0)
    if not ring.any():
        return True
    known = (hole == 0).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), 6.0)[..., None]
    local = cv2.GaussianBlur(rgb * known[..., None], (0, 0), 6.0) / np.maximum(weight, 1e-3)
    rough = np.abs(cv2.GaussianBlur(rgb, (0, 0), 1.0)[ring] - local[ring]).max(axis=-1)
    return bool(np.percentile(rough, 95) < _PLAIN_BELOW)


def _grain(rgb: Image, hole: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Noise as strong as the photo's own around the hole, (H, W, 3)."""
    ring = (cv2.dilate(hole, np.ones((31, 31), np.uint8)) > 0) & (hole == 0)
    if not ring.any():
        return np.zeros(rgb.shape, np.float32)
    fine = rgb[ring].astype(np.float32) - cv2.GaussianBlur(rgb, (0, 0), 1.5)[ring]
    # The median leaves edges and texture out.
    sigma = 1.4826 * np.median(np.abs(fine), axis=0)
    noise = np.random.default_rng(0).normal(size=rgb.shape).astype(np.float32)
    # A little at least, or smooth fills show steps.
    return noise * np.clip(sigma, 0.7, 6.0).astype(np.float32)


def _pull_push(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Smooth interpolation over unknown pixels (pull–push, Gortler et al. 1996)."""
    weight = known.astype(np.float32)
    if min(image.shape[:2]) <= 2 or known.all():
        mean = (image * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        return np.where(known[..., None], image, mean).astype(np.float32)
    size = (image.shape[1] + 1) // 2, (image.shape[0] + 1) // 2
    small_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(image * weight[..., None], size, interpolation=cv2.INTER_AREA)
    small = small / np.maximum(small_weight, 1e-6)[..., None]
    filled = _pull_push(np.asarray(small, np.float32), small_weight > 0.0)
    enlarged = cv2.resize(filled, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.where(known[..., None], image, enlarged).astype(np.float32)
