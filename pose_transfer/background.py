"""What is behind the person: the photo filled in where they stood, or another backdrop."""

import re
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

from .fill import Mask, Picture, fill_hole
from .frame import Framing
from .photo import read_photo
from .stains import find_stains

Image = NDArray[np.uint8]

BACKGROUNDS: Final = ("photo", "blur", "stage", "studio", "alpha")
"""Named backgrounds; a colour "#rrggbb" and a picture's file name are the other kinds."""

_COLOUR: Final = re.compile(r"^#[0-9a-fA-F]{6}$")
# Holes are filled on a copy of this size, which is as much as their content can be guessed.
_FILL_SIDE: Final = 360
# How far the hole reaches past the matte's faintest edge, as a share of the person's height.
_GROWTH: Final = 0.010
# Sharpness copied from the sources into the hole; a little soft, a guess looks like depth of field.
_DETAIL: Final = 0.8
# Radius of the lens blur, as a share of the picture's longer side.
_BOKEH: Final = 0.022
# Blurs past the photo's edges, and how far beyond they begin and are complete: shares of the same.
_BEYOND: Final = ((0.006, -0.03, 0.01), (0.014, -0.015, 0.06), (0.035, 0.0, 0.25))
# Grain that keeps an encoder from drawing rings on smooth ground, 8-bit levels.
_LEAST_GRAIN: Final = 0.7
_MOST_GRAIN: Final = 6.0


def clean_background(
    rgb: Image,
    matte: NDArray[np.float32],
    person_height: float,
    *,
    ankles: float | None = None,
) -> Image:
    """Remove the person and the shadow they cast on a plain wall.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    matte : (H, W) float32 array
        The person in [0, 1].
    person_height : float
        Height of the person in pixels.
    ankles : float, optional
        Height (y) of the ankles if the feet are seen; the shadow they stand on then stays.

    Returns
    -------
    (H, W, 3) uint8 array
        Equal to the photo away from the person. The same input gives the same output.
    """
    radius = max(2, round(_GROWTH * person_height))
    hole = _grown(matte > 0.02, radius)
    if not hole.any():
        return rgb
    scale = min(1.0, _FILL_SIDE / max(hole.shape))
    size = max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    floor = None if ankles is None else ankles * scale
    stains = find_stains(small, _shrunk(hole, size), person_height * scale, floor)
    if stains.any():
        enlarged = cv2.resize(stains.astype(np.float32), hole.shape[::-1])
        hole |= enlarged > 0.25
    filled, source = fill_hole(small, _grown(_shrunk(hole, size), 1))
    guess = _enlarged(rgb, small, filled, source)
    # The fill comes in over the hole's own rim, which lies outside the person.
    near = cv2.blur(hole.astype(np.float32), (radius | 1, radius | 1))
    inner = np.clip(near * 2.0 - 1.0, 0.0, 1.0)[..., None]
    out = rgb + (guess - rgb) * inner
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def check_background(kind: str | None) -> None:
    """Refuse a background that `make_backdrop` would not know.

    Raises
    ------
    ConductorError
        If it is neither a name, a colour nor a file.
    """
    if kind is None or kind in BACKGROUNDS or _COLOUR.match(kind) or Path(kind).is_file():
        return
    raise ConductorError(
        f"'{kind}' is no background; choose {', '.join(BACKGROUNDS)}, a colour like #203040 or "
        "a picture file."
    )


def make_backdrop(
    kind: str | None,
    framing: Framing,
    *,
    photo: Image | None = None,
    plate: Path | None = None,
) -> Image | None:
    """What stands behind the person in every frame.

    Parameters
    ----------
    kind : str or None
        "photo" (the clean photo), "blur" (the same far out of focus), "stage" (the plate, seen by
        the guide's camera), "studio" (a plain wall), a colour "#rrggbb", the path of a picture,
        which then fills the frame; "alpha" or None for nothing.
    framing : Framing
        Where photo and stage lie in the picture.
    photo : (H, W, 3) uint8 array, optional
        The photo without the person; left out for cut-outs, which get the studio in its stead.
    plate : path, optional
        Picture of the empty stage; needed for "stage".

    Returns
    -------
    (height, width, 3) uint8 array of `framing.size`, or None if transparent.

    Raises
    ------
    ConductorError
        If the kind is unknown or its picture is missing.
    """
    check_background(kind)
    size = framing.size
    if kind is None or kind == "alpha":
        return None
    if _COLOUR.match(kind):
        colour = np.frombuffer(bytes.fromhex(kind[1:]), np.uint8)
        return np.tile(colour, (size[1], size[0], 1))
    if kind == "stage":
        return _stage(framing, plate)
    if kind == "studio" or (kind in BACKGROUNDS and photo is None):
        return studio(size)
    if kind in BACKGROUNDS and photo is not None:
        picture = extend(photo, framing.scale, framing.shift, size)
        return lens_blur(picture, _BOKEH * max(size)) if kind == "blur" else picture
    return _cover(read_photo(kind, min_side=1).rgb, size)


def extend(background: Image, scale: float, shift: Array, size: tuple[int, int]) -> Image:
    """The background resampled to the picture; past the photo's edges it goes on out of focus.

    Parameters
    ----------
    background : (H, W, 3) uint8 array
    scale, shift : float, (2,) array
        picture = scale · photo + shift, pixel middles at whole numbers.
    size : (int, int)
        Width and height of the picture.
    """
    picture = resample(background, scale, shift, size)
    height, width = background.shape[:2]
    low, high = (np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]) * scale + shift).tolist()
    xs, ys = np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32)
    # Edges outside the picture have nothing beyond them that is seen.
    low = [edge if edge > -0.5 else -np.inf for edge in low]
    high = [edge if edge < n - 0.5 else np.inf for edge, n in zip(high, size, strict=True)]
    beyond_x = np.maximum(low[0] - xs, xs - high[0])
    beyond_y = np.maximum(low[1] - ys, ys - high[1])
    beyond = np.maximum(beyond_x[None, :], beyond_y[:, None])
    if beyond.max() <= 0.5:
        return picture
    shrink = min(1.0, _FILL_SIDE / max(size))
    small_size = max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))
    # Half a pixel inside the edge the photo counts alone, without the border's colour.
    hole = _grown(_shrunk(beyond > -1.0, small_size), 1)
    small = np.asarray(cv2.resize(picture, small_size, interpolation=cv2.INTER_AREA), np.float32)
    filled, _ = fill_hole(small, hole)
    # Seen sharp next to the photo, the guess would have an edge: it is out of focus, more and more.
    sharp = np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC), np.float32)
    out = np.where((beyond > -2.0 / shrink)[..., None], sharp, picture).astype(np.float32)
    longest = max(size)
    for sigma, start, end in _BEYOND:
        small_blur = cv2.GaussianBlur(filled, (0, 0), sigma * max(small_size))
        soft = cv2.resize(small_blur, size, interpolation=cv2.INTER_CUBIC)
        ramp = np.clip((beyond / longest - start) / (end - start), 0.0, 1.0)[..., None]
        out += (soft - out) * (ramp * ramp * (3.0 - 2.0 * ramp))
    out += _grain(picture, beyond <= -2.0) * np.clip(beyond + 1.0, 0.0, 1.0)[..., None]
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def lens_blur(picture: Image, radius: float) -> Image:
    """Out of focus as through a lens: a disc of `radius` pixels, in linear light."""
    height, width = picture.shape[:2]
    # A disc of few pixels is smooth enough once enlarged.
    scale = min(1.0, 8.0 / max(radius, 1e-6))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    light = (picture.astype(np.float32) / 255.0) ** 2.2
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    half = int(np.ceil(radius * scale))
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    disc = np.clip(radius * scale + 0.5 - np.hypot(rows, columns), 0.0, 1.0).astype(np.float32)
    blurred = cv2.filter2D(small, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    out = 255.0 * np.clip(large, 0.0, 1.0) ** (1.0 / 2.2)
    noise = np.random.default_rng(0).normal(0.0, _LEAST_GRAIN, (height, width, 1))
    return np.clip(out + noise + 0.5, 0.0, 255.0).astype(np.uint8)


def studio(size: tuple[int, int]) -> Image:
    """A plain studio wall with soft light, for cut-outs that bring no background."""
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((columns / width - 0.5) * 1.1, rows / height - 0.42)
    light = 214.0 - 78.0 * np.clip(away, 0.0, 1.2) ** 1.5
    noise = np.random.default_rng(0).normal(0.0, _LEAST_GRAIN, light.shape)
    tint = np.array([0.985, 0.99, 1.0])
    return np.clip((light + noise)[..., None] * tint, 0.0, 255.0).astype(np.uint8)


def resample(image: Image, scale: float, shift: Array, size: tuple[int, int]) -> Image:
    """Scale and shift an image without aliasing: out = scale · in + shift; its edge goes on.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
    scale, shift : float, (2,) array
        Pixel middles at whole numbers.
    size : (int, int)
        Width and height of the result.
    """
    factors, shift = np.full(2, scale), np.asarray(shift, dtype=np.float64)
    if scale < 1.0:
        height, width = image.shape[:2]
        small = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), np.uint8)
        done = np.array([small[0] / width, small[1] / height])
        factors = scale / done
        # (p + ½)·done − ½ is where the smaller copy holds pixel p.
        shift = shift + scale * (0.5 / done - 0.5)
    matrix = np.array([[factors[0], 0.0, shift[0]], [0.0, factors[1], shift[1]]])
    out = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(out, np.uint8)


def _stage(framing: Framing, plate: Path | None) -> Image:
    if plate is None:
        raise ConductorError(
            "The stage background needs a picture of the empty stage; render the scene first or "
            "choose another background."
        )
    picture = read_photo(plate, min_side=1).rgb
    # The plate may have been rendered at another size than the guide names.
    ratio = framing.source[0] / picture.shape[1]
    shift = framing.shift + framing.scale * (0.5 * ratio - 0.5)
    return extend(picture, framing.scale * ratio, shift, framing.size)


def _cover(picture: Image, size: tuple[int, int]) -> Image:
    """The middle of a picture, as large as fills `size`."""
    given = np.array(picture.shape[1::-1])
    scale = float((np.array(size) / given).max())
    shift = (np.array(size) - scale * given) / 2.0 + 0.5 * scale - 0.5
    return resample(picture, scale, shift, size)


def _enlarged(rgb: Image, small: Picture, filled: Picture, source: NDArray[np.int32]) -> Picture:
    """The small fill at the photo's size, with the fine detail of where its pixels came from."""
    height, width = rgb.shape[:2]
    size = (width, height)
    large = np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC), np.float32)
    detail = rgb - np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.float32)
    h, w = small.shape[:2]
    rows, columns = np.mgrid[:h, :w]
    offset = (source - np.stack([columns, rows], axis=-1)) * np.array([width / w, height / h])
    offset = cv2.resize(offset.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    taken = cv2.remap(
        detail,
        np.rint(columns + offset[..., 0]),
        np.rint(rows + offset[..., 1]),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    noise = np.random.default_rng(0).normal(0.0, 0.5, (height, width, 1)).astype(np.float32)
    return np.asarray(large + _DETAIL * taken + noise, np.float32)


def _grain(rgb: Image, seen: Mask) -> Picture:
    """Noise as strong as the photo's own where it is seen, (H, W, 3)."""
    fine = rgb.astype(np.float32) - cv2.GaussianBlur(rgb, (0, 0), 1.5)
    # The median leaves edges and texture out.
    sigma = 1.4826 * np.median(np.abs(fine[seen]), axis=0) if seen.any() else np.zeros(3)
    noise = np.random.default_rng(0).normal(size=rgb.shape)
    return (noise * np.clip(sigma, _LEAST_GRAIN, _MOST_GRAIN)).astype(np.float32)


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    """A smaller mask, set wherever the large one is touched."""
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0)


def _grown(mask: Mask, radius: int) -> Mask:
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(away <= radius)
