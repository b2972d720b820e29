"""Pictures of the body's hands in a person's skin."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from retarget.body.model import Body, load_body
from retarget.rotation import Array

from .deform import vertex_normals
from .hand_map import HandMap, hand_map
from .lighting import USUAL_LIGHT, light_on, light_on_faces
from .skinwork import SKIN_SHADE

# The palm of dark skin is far lighter than the back; that of light skin is redder only. CIE Lab.
_PALM_L, _PALM_SHARE = 66.0, 0.55
_PALM_A, _PALM_B, _PALM_WARMER = 2.0, -1.0, 0.2
# What full redness, a vein, a nail and its free edge add, CIE Lab.
_RED: Final = np.array([-2.0, 6.0, 1.0])
# Skin that is this red (CIE a*) shows hardly any more blood; skin so much less red shows all.
_REDDEST, _REDDER = 28.0, 16.0
_VEIN: Final = np.array([-3.5, -3.0, -3.5])
_NAIL: Final = np.array([3.0, 4.0, -4.0])
_RIM_LAB: Final = np.array([86.0, 2.0, 9.0])
_RIM_SHARE: Final = 0.45
# Deviation of the fine grain of skin (share of its value) and of its blotches (redness).
_GRAIN, _BLOTCHES = 0.015, 0.16
_BLOTCH_TEXELS: Final = 7.0
# From the wrist's border the colour of a bare arm fades out over this way, metres.
_FADE_M: Final = 0.06
# So much of the arm's colour the whole hand takes, so that both are of one person.
_STAYS: Final = 0.5
_FLATTER: Final = 0.4
_MOSTLY: Final = 0.8
_NEIGHBOURS, _AROUND = 4, 40


@dataclass(frozen=True)
class Wrist:
    """Where a bare arm goes over into the hand.

    Parameters
    ----------
    vertices : (N,) int array
        The body's vertices on the border.
    colours : (N, 3) array
        Of the arm there, RGB, 0 to 255.
    """

    vertices: NDArray[np.int64]
    colours: Array


def hand_picture(
    tone: Array,
    body: Body,
    vertices: Array,
    own: NDArray[np.bool_],
    side: str,
    wrist: Wrist | None = None,
    light: Array | None = None,
) -> tuple[NDArray[np.uint8], Array]:
    """A picture of a hand (h, w, 3), and the places (F, 3, 2) of its faces' corners in it.

    Parameters
    ----------
    tone : (3,) array
        The person's skin, RGB, 0 to 255.
    body : Body
        Whose hand it is.
    vertices : (V, 3) array
        The body in the photo's pose, whose surface the light falls on.
    own : bool array over the body's faces
        The hand's faces.
    side : str
        "L" or "R".
    wrist : Wrist, optional
        Of a bare arm: there the hand takes its colours.
    light : (3,) array, optional
        How the photo is lit, as `light_on` takes it; without, the hand is as light as the tone.
    """
    faces = body.faces[own]
    shown = _map(np.packbits(own).tobytes(), len(own), side)
    x, y, z = vertex_normals(vertices, body.faces).T
    # The photo's camera looks along +y; what it does not see is lit as if in a mirror.
    shown_normals = np.stack([x, z, np.abs(y)]).astype(np.float32)
    lit = light_on(shown_normals, USUAL_LIGHT if light is None else light).astype(np.float64)
    usual = float(np.median(lit[np.unique(faces)]))
    lit /= usual
    if wrist is not None:
        # The arm's far side is painted in the colours of its lit one; the hand must not differ.
        lit = lit**_FLATTER
    skin = _coloured(np.asarray(tone, np.float64), shown, shown.spread(lit, faces))
    # Folds and blood take from the tone; on the whole it stays the person's.
    skin *= _MOSTLY * tone / np.median(skin[shown.palm < 0.5], axis=0) + (1.0 - _MOSTLY)
    if light is not None:
        # The tone is in part a lit face's.
        skin *= np.sqrt(usual / light_on_faces(light))
    if wrist is not None:
        skin *= _toward_arm(skin, shown, faces, vertices, wrist)
    return _picture(skin, shown), shown.uv


def _picture(skin: Array, shown: HandMap) -> NDArray[np.uint8]:
    """Colours (N, 3) of the texels as a picture (h, w, 3)."""
    picture = np.empty((*shown.inside.shape, 3), np.uint8)
    picture[:] = np.clip(np.median(skin, axis=0), 0, 255)
    picture[shown.inside] = np.clip(skin + 0.5, 0.0, 255.0)
    return picture


@lru_cache(maxsize=4)
def _map(own: bytes, count: int, side: str) -> HandMap:
    body = load_body()
    mask = np.unpackbits(np.frombuffer(own, np.uint8))[:count] > 0
    return hand_map(body, body.faces[mask], body.uv[mask], side)


def _coloured(tone: Array, shown: HandMap, light: Array) -> Array:
    """Skin (N, 3) RGB, 0 to 255."""
    rng = np.random.default_rng(0)
    size = shown.inside.shape
    skin = _lab(tone)
    lighter = _PALM_SHARE * max(0.0, _PALM_L - skin[0])
    palm = skin + np.array([lighter, _PALM_A, _PALM_B + _PALM_WARMER * lighter])
    lab = skin + shown.palm[..., None] * (palm - skin)
    blotches = gaussian_filter(rng.standard_normal(size), _BLOTCH_TEXELS)[shown.inside]
    red = shown.redness + _BLOTCHES * blotches / blotches.std() * (1.0 - shown.nail)
    blood = _RED * np.clip((_REDDEST - skin[1]) / _REDDER, 0.3, 1.0)
    lab += red[..., None] * blood + (shown.vein * (1.0 - shown.nail))[..., None] * _VEIN
    nail = palm * 0.5 + skin * 0.5 + _NAIL
    lab += shown.nail[..., None] * (nail - lab)
    pale = skin + _RIM_SHARE * (_RIM_LAB - skin)
    lab += shown.rim[..., None] * (pale - lab)
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0].astype(np.float64)
    grain = gaussian_filter(rng.standard_normal(size), 0.7)[shown.inside]
    grain *= _GRAIN / grain.std() * (1.0 - shown.nail)
    value = np.clip(shown.shade * light * (1.0 + grain), 0.05, 1.5)[..., None]
    exponent = np.where(value < 1.0, SKIN_SHADE, 1.0)
    return np.clip(rgb, 0.0, 1.0) * value**exponent * 255.0


def _toward_arm(
    skin: Array, shown: HandMap, faces: NDArray, vertices: Array, wrist: Wrist
) -> Array:
    """Factors (N, 3) that bring the hand's colours to those of the arm along their border."""
    border = vertices[wrist.vertices]
    places = shown.spread(vertices, faces)
    # What the hand's own colours are around each place of the border.
    _, around = cKDTree(places).query(border, k=_AROUND)
    ratio = np.log(np.clip(wrist.colours / np.maximum(skin[around].mean(axis=1), 1.0), 0.3, 2.5))
    away, nearest = cKDTree(border).query(places, k=min(_NEIGHBOURS, len(border)))
    weight = 1.0 / (away.reshape(len(places), -1) + 1e-3) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    mean = np.einsum("nk,nkc->nc", weight, ratio[nearest.reshape(len(places), -1)])
    t = np.clip(1.0 - away.reshape(len(places), -1)[:, 0] / _FADE_M, 0.0, 1.0)
    near = (t * t * (3.0 - 2.0 * t))[:, None]
    whole = _STAYS * np.median(ratio, axis=0)
    return np.exp(whole + near * (mean - whole))


def _lab(rgb: Array) -> Array:
    pixel = (np.asarray(rgb, np.float32) / 255.0).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_RGB2Lab), np.float64).reshape(3)
