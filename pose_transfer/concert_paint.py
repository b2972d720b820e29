"""Pictures of concert dress: what cloth and skin look like under the light of a photo."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from retarget.rotation import Array

from .concert_light import Light, from_linear, to_linear

Floats = NDArray[np.float32]

UPSCALE: Final = 2
"""Texels of a picture per texel of the stored light, along each side."""

_NOTHING: Final = 255
_TILE: Final = 512
_BRIGHTEST: Final = 2.5


@dataclass(frozen=True)
class _Stuff:
    """A material: its colour under a white lamp (sRGB), strength of its fine grain, of its
    mottling, and how much more its shading differs than that of a white card."""

    colour: tuple[float, float, float]
    grain: float
    mottle: float
    depth: float = 1.0


_STUFFS: Final = {
    # Black cloth is lit by its nap and shows folds more strongly than white.
    "wool": _Stuff((37, 37, 39), 0.10, 0.03, 1.45),
    "trousers": _Stuff((36, 36, 38), 0.05, 0.03, 1.45),
    "satin": _Stuff((43, 43, 46), 0.03, 0.02, 1.25),
    "button": _Stuff((30, 30, 32), 0.03, 0.0),
    "linen": _Stuff((244, 244, 243), 0.005, 0.006),
    "pique": _Stuff((243, 242, 239), 0.018, 0.006),
    "leather": _Stuff((26, 25, 25), 0.03, 0.03),
    "sole": _Stuff((20, 19, 18), 0.05, 0.03),
    "crepe": _Stuff((36, 36, 38), 0.04, 0.03, 1.45),
}
# Blood gives shade on skin its colour: exponents of light in red, green, blue.
_SKIN_SHADE: Final = np.array([0.92, 1.01, 1.05], np.float32)
_REDDER: Final = np.array([1.08, 0.91, 0.90], np.float32)
# Mean light on a face of a person lit as the garments are, and how bright cloth comes out there.
_FACE_LEVEL: Final = 0.80
_EXPOSURE: Final = 0.92


def paint(
    material: NDArray[np.uint8],
    light: Array,
    names: tuple[str, ...],
    lamps: tuple[str, ...],
    texel: float,
    taken: Light,
    contrast: float,
    seed: int,
) -> NDArray[np.uint8]:
    """Picture (UPSCALE·h, UPSCALE·w, 4) of a piece.

    Parameters
    ----------
    material : (h, w) uint8 array
        Places in `names`, 255 where nothing is.
    light : (K, h, w) array
        Light of each of `lamps`.
    texel : float
        Edge of a texel of `material`, metres on the person.
    taken : Light
        The photo's.
    contrast : float
        Exponent of light: below 1 for softer shade.
    seed : int
        Of the grain.
    """
    nearest = distance_transform_edt(material == _NOTHING, return_distances=False,
                                     return_indices=True)  # fmt: skip
    at = tuple(nearest)
    kinds = _enlarged(material[at], cv2.INTER_NEAREST)
    mixed = np.tensordot(_mix(taken, lamps), light, axes=1)[at].astype(np.float32)
    lit = np.maximum(_enlarged(mixed, cv2.INTER_CUBIC), 0.0)
    lit = _FACE_LEVEL * (lit / _FACE_LEVEL) ** contrast

    rng = np.random.default_rng(seed)
    fine = _grain(rng, kinds.shape, 0.6)
    coarse = _grain(rng, kinds.shape, 0.022 / texel * UPSCALE)
    if (kinds == names.index("skin")).all():
        linear = _skin(lit, fine, coarse, taken)
    else:
        linear = _cloth(lit, kinds, names, fine, coarse, taken)
    linear = _sharpened_as(linear, taken.pixel, texel / UPSCALE)
    rgb = _developed(linear, taken)
    wide = max(0.5 * taken.pixel * UPSCALE / texel, 0.5)
    rgb += taken.grain * _grain(rng, kinds.shape, wide)[..., None]
    picture = np.full((*kinds.shape, 4), 255, np.uint8)
    picture[..., :3] = np.clip(np.round(rgb), 0, 255)
    return picture


def _cloth(
    lit: Floats,
    kinds: NDArray[np.uint8],
    names: tuple[str, ...],
    fine: Floats,
    coarse: Floats,
    taken: Light,
) -> Floats:
    """Linear colours of cloth, leather and buttons."""
    stuffs = [_STUFFS.get(name, _STUFFS["linen"]) for name in names]
    depth, grain, mottle = (
        np.array([getattr(stuff, what) for stuff in stuffs], np.float32)[kinds]
        for what in ("depth", "grain", "mottle")
    )
    level = _EXPOSURE * (lit / _FACE_LEVEL) ** depth
    level *= 1.0 + grain * fine + mottle * coarse
    colours = to_linear(np.array([stuff.colour for stuff in stuffs])) * taken.cast
    return level[..., None] * colours.astype(np.float32)[kinds]


def _skin(
    lit: Floats,
    fine: Floats,
    coarse: Floats,
    taken: Light,
) -> Floats:
    """Linear colours of skin."""
    shade = np.maximum(lit / _FACE_LEVEL, 1e-3)[..., None] ** _SKIN_SHADE
    blush = _REDDER ** (0.25 * coarse[..., None])
    colour = to_linear(taken.skin).astype(np.float32)
    return (colour * shade * blush * (1.0 + 0.02 * fine[..., None])).astype(np.float32)


def _mix(taken: Light, lamps: tuple[str, ...]) -> Array:
    """Share of each lamp; they add up to one."""
    key = 0.30 + 0.40 * taken.contrast
    shares = {
        "left": key * np.clip(0.5 - 0.5 * taken.side, 0.0, 1.0) * (0.4 + 0.6 * abs(taken.side)),
        "right": key * np.clip(0.5 + 0.5 * taken.side, 0.0, 1.0) * (0.4 + 0.6 * abs(taken.side)),
    }
    shares["sky"] = 0.62 * (1.0 - key)
    shares["front"] = 1.0 - sum(shares.values())
    return np.array([shares[lamp] for lamp in lamps])


def _developed(linear: Floats, taken: Light) -> Floats:
    """sRGB with the photo's own black, whites rolled off before they clip."""
    steps = np.linspace(0.0, 1.0, 4096) ** 2 * _BRIGHTEST
    shoulder = np.where(steps > 0.6, 0.6 + 0.32 * np.tanh((steps - 0.6) / 0.32), steps)
    curve = taken.black + from_linear(shoulder) * (255.0 - taken.black) / 255.0
    place = np.sqrt(np.clip(linear / _BRIGHTEST, 0.0, 1.0)) * 4095.0
    return curve.astype(np.float32)[place.astype(np.uint16)]


def _sharpened_as(linear: Floats, pixel: float, texel: float) -> Floats:
    sigma = 0.45 * pixel / texel
    if sigma <= 0.4:
        return linear
    return np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma), np.float32)


def _enlarged(picture: NDArray, how: int) -> NDArray:
    return cv2.resize(picture, None, fx=UPSCALE, fy=UPSCALE, interpolation=how)


def _grain(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Floats:
    """Noise of unit deviation, `sigma` texels wide, in tiles."""
    noise = rng.standard_normal((_TILE, _TILE)).astype(np.float32)
    noise = gaussian_filter(noise, sigma, mode="wrap")
    noise /= float(noise.std())
    repeats = (-(-shape[0] // _TILE), -(-shape[1] // _TILE))
    return np.tile(noise, repeats)[: shape[0], : shape[1]]
