"""What stands behind the person in the video: the clean photo, the stage, a wall or a picture."""

import re
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

from .frame import Framing
from .photo import read_photo

Image = NDArray[np.uint8]
_Picture = NDArray[np.float32]

BACKGROUNDS: Final = ("photo", "blur", "stage", "studio", "alpha")
"""Named backgrounds; a colour "#rrggbb" and a picture's file name are the other kinds."""

_COLOUR: Final = re.compile(r"^#[0-9a-fA-F]{6}$")
# Radius of the lens blur, as a share of the picture's longer side.
_BOKEH: Final = 0.022
# Beyond the photo's edges, which carry on smoothly, a copy of this size is enough.
_SMALL_SIDE: Final = 360
# Widths of the blurs between which the picture fades, as shares of its longer side.
_BLURS: Final = (0.0, 0.005, 0.012, 0.028, 0.065)
# Places among them: of the photo's edge, far beyond it, and everywhere where the photo covers
# little of the picture, so that it is no sharp island.
_AT_EDGE, _FAR, _EVEN = 2.2, 4.0, 3.4
# Shares of the picture that the photo covers, between which all goes out of focus.
_LITTLE, _MUCH = 0.35, 0.75
# Bands in which the focus goes, as shares of the longer side: inside the edge, which narrows with
# what lies beyond, and outside.
_INSIDE, _OUTSIDE = (0.03, 0.16), 0.14
# How far in from the edge the photo says what lies beyond it, as a share of the same.
_RIM: Final = 0.08
# Grain that keeps an encoder from drawing rings on smooth ground, 8-bit levels.
_LEAST_GRAIN: Final = 0.7
_MOST_GRAIN: Final = 2.0
_GAMMA: Final = 2.2


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

    The focus goes before the edge, so that the edge is not seen, and everywhere where the photo
    covers little of the picture.

    Parameters
    ----------
    background : (H, W, 3) uint8 array
    scale, shift : float, (2,) array
        picture = scale · photo + shift, pixel middles at whole numbers.
    size : (int, int)
        Width and height of the picture.
    """
    picture = resample(background, scale, shift, size)
    beyond = _beyond(background.shape[1::-1], scale, shift, size)
    if beyond.max() <= 0.5:
        return picture
    longest = max(size)
    covered = float((beyond <= 0.0).mean())
    inside = _EVEN * (1.0 - _smoothstep((covered - _LITTLE) / (_MUCH - _LITTLE)))
    band = float(np.clip(1.5 * beyond.max() / longest, *_INSIDE))
    place = np.interp(
        beyond / longest,
        (-band, 0.0, _OUTSIDE),
        (inside, max(inside, _AT_EDGE), _FAR),
    ).astype(np.float32)
    out = _out_of_focus(_carry_on_past(picture, beyond), picture, beyond < -1.0, place)
    out += _grain(picture, beyond <= -2.0) * np.clip(place, 0.0, 1.0)[..., None]
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def _beyond(photo: tuple[int, ...], scale: float, shift: Array, size: tuple[int, int]) -> _Picture:
    """How far each pixel lies beyond the photo's edges, (H, W) pixels; negative on the photo."""
    low, high = -0.5 * scale + shift, (np.array(photo) - 0.5) * scale + shift
    away = []
    for axis in (0, 1):
        at = np.arange(size[axis], dtype=np.float32)
        # Edges outside the picture have nothing beyond them that is seen.
        before = low[axis] - at if low[axis] > -0.5 else np.full_like(at, -np.inf)
        after = at - high[axis] if high[axis] < size[axis] - 0.5 else np.full_like(at, -np.inf)
        away.append(np.maximum(before, after))
    x, y = away[0][None, :], away[1][:, None]
    outside = np.hypot(np.maximum(x, 0.0), np.maximum(y, 0.0))
    return np.where(outside > 0.0, outside, np.maximum(np.maximum(x, y), -1e6)).astype(np.float32)


def _carry_on_past(picture: Image, beyond: _Picture) -> _Picture:
    """A small copy of the picture in linear light that goes on past the photo's edges."""
    height, width = beyond.shape
    longest = max(height, width)
    shrink = min(1.0, _SMALL_SIDE / longest)
    small = max(1, round(width * shrink)), max(1, round(height * shrink))
    light = _to_light(picture)

    def shrunk(weight: NDArray[np.bool_]) -> tuple[_Picture, _Picture]:
        share = weight.astype(np.float32)
        seen = _resized(light * share[..., None], small, cv2.INTER_AREA)
        return seen, _resized(share, small, cv2.INTER_AREA)

    # The middle of the photo, often lit for the person, would make a halo of the edge.
    past = _carry_on(*shrunk((beyond < -1.0) & (beyond > -1.0 - _RIM * longest)))
    seen, share = shrunk(beyond < -1.0)
    return np.asarray(seen + past * (1.0 - share)[..., None], np.float32)


def _out_of_focus(
    small: _Picture, picture: Image, known: NDArray[np.bool_], place: _Picture
) -> _Picture:
    """The picture blurred as `place` (H, W) says, a place among `_BLURS`.

    `small` is its smaller copy in linear light, which stands for it where it is not `known` (H, W).
    """
    size = place.shape[1], place.shape[0]
    weight = known.astype(np.float32)[..., None]
    out = _resized(small, size, cv2.INTER_LINEAR)
    out += (_to_light(picture) - out) * weight
    for i, sigma in enumerate(_BLURS[1:]):
        blurred = cv2.GaussianBlur(
            small, (0, 0), sigma * max(small.shape), borderType=cv2.BORDER_REPLICATE
        )
        out += (_resized(blurred, size, cv2.INTER_CUBIC) - out) * np.clip(place - i, 0.0, 1.0)[
            ..., None
        ]
    return _to_picture(out)


def _resized(values: NDArray[Any], size: tuple[int, int], interpolation: int) -> _Picture:
    return np.asarray(cv2.resize(values, size, interpolation=interpolation), np.float32)


def _to_light(picture: Image) -> _Picture:
    return np.asarray((picture.astype(np.float32) / 255.0) ** _GAMMA, np.float32)


def _to_picture(light: _Picture) -> _Picture:
    """Linear light to 0 to 255."""
    return np.asarray(255.0 * np.clip(light, 0.0, 1.0) ** (1.0 / _GAMMA), np.float32)


def _carry_on(seen: _Picture, share: _Picture) -> _Picture:
    """Fill what is missing from around it, the further away the smoother.

    Weighted means over ever larger areas take the place of what they surround (Gortler et al., The
    Lumigraph, 1996: pull and push).

    Parameters
    ----------
    seen : (h, w, 3) float32 array
        Values times `share`.
    share : (h, w) float32 array
        How far a pixel is known, [0, 1].
    """
    levels = [(seen, share)]
    while max(share.shape) > 1:
        share = np.asarray(cv2.pyrDown(share), np.float32)
        seen = np.asarray(cv2.pyrDown(seen), np.float32).reshape(*share.shape, 3)
        levels.append((seen, share))
    filled = _mean(*levels.pop())
    for seen, share in reversed(levels):
        around = np.asarray(cv2.pyrUp(filled, dstsize=share.shape[::-1]), np.float32)
        around = around.reshape(seen.shape)
        # A quarter of a pixel known is enough to say what it is.
        filled = around + (_mean(seen, share) - around) * np.clip(4.0 * share, 0.0, 1.0)[..., None]
    return filled


def _mean(seen: _Picture, share: _Picture) -> _Picture:
    return np.asarray(seen / np.maximum(share, 1e-6)[..., None], np.float32)


def _smoothstep(t: float) -> float:
    t = float(np.clip(t, 0.0, 1.0))
    return t * t * (3.0 - 2.0 * t)


def lens_blur(picture: Image, radius: float) -> Image:
    """Out of focus as through a lens: a disc of `radius` pixels, in linear light."""
    height, width = picture.shape[:2]
    # A disc of few pixels is smooth enough once enlarged.
    scale = min(1.0, 8.0 / max(radius, 1e-6))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(_to_light(picture), size, interpolation=cv2.INTER_AREA)
    half = int(np.ceil(radius * scale))
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    disc = np.clip(radius * scale + 0.5 - np.hypot(rows, columns), 0.0, 1.0).astype(np.float32)
    blurred = cv2.filter2D(small, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    out = _to_picture(np.asarray(large, np.float32))
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


def _grain(rgb: Image, seen: NDArray[np.bool_]) -> _Picture:
    """Noise as strong as the photo's own where it is seen, (H, W, 3)."""
    fine = rgb.astype(np.float32) - cv2.GaussianBlur(rgb, (0, 0), 1.5)
    # The median leaves edges and texture out.
    sigma = 1.4826 * np.median(np.abs(fine[seen]), axis=0) if seen.any() else np.zeros(3)
    noise = np.random.default_rng(0).normal(size=rgb.shape)
    return (noise * np.clip(sigma, _LEAST_GRAIN, _MOST_GRAIN)).astype(np.float32)
