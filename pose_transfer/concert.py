"""Concert dress: a tailcoat or a black dress with a neck, to stand under a person's head.

The garments come ready modelled and lit from `garments.npz` (`python -m blender_addon.garments`
writes it); here they get the person's size, skin and the light of the photo.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from retarget import skeleton
from retarget.npz import load_npz
from retarget.rotation import Array

from .concert_light import Light
from .concert_paint import UPSCALE, paint
from .pieces import Bones, Piece

Dress = Literal["tailcoat", "gown"]

HEADS: Final = 7.5
"""Stature of an adult in heads, chin to crown: the canon of Richer, Anatomie artistique (1890)."""

_ASSET: Final = Path(__file__).with_name("garments.npz")
_CHIN_DEPTH: Final = -0.078
# Chins so often leave the neck in the light that strong shade baked there would be wrong most of
# the time.
_SKIN_CONTRAST: Final = 0.6


@dataclass(frozen=True)
class HeadPlace:
    """Where the head belongs on the body, bind pose, metres.

    Parameters
    ----------
    crown, chin : (3,) arrays
        Top of the head and foremost point under the chin.
    neck : (3,) array
        Middle of the neck's upper edge, inside the head.
    neck_radius : float
        Half the neck's breadth there.
    """

    crown: Array
    chin: Array
    neck: Array
    neck_radius: float


def head_place(head_height_m: float) -> HeadPlace:
    """Where a head of that height, chin to crown, belongs on the body of `concert_pieces`."""
    scale = _scale(head_height_m)
    crown = skeleton.TAILS[skeleton.INDEX["head"]]
    height = skeleton.HEIGHT / HEADS
    return HeadPlace(
        crown=crown * scale,
        chin=np.array([0.0, _CHIN_DEPTH, crown[2] - height]) * scale,
        neck=np.array([0.0, 0.004, 1.572]) * scale,
        neck_radius=0.049 * scale,
    )


def concert_pieces(
    kind: Dress, head_height_m: float, skin_rgb: Array, light: Light | None = None
) -> tuple[list[Piece], Bones]:
    """Body of a person in concert dress: clothes and neck, without head and hands.

    Parameters
    ----------
    kind : "tailcoat" or "gown"
        White tie, or a long-sleeved black dress.
    head_height_m : float
        Chin to crown, metres; the body is 7.5 of it.
    skin_rgb : (3,) array
        Colour of the person's skin as the photo shows it, sRGB 0 to 255.
    light : Light, optional
        Light of the photo (`concert_light.estimate_light`); its `skin` gives way to `skin_rgb`.

    Returns
    -------
    pieces : list of Piece
        Clothes (part trunk, arms, legs) and neck (trunk), in this order.
    bones : Bones
        The avatar's bones in the bind pose, arms lowered and bent.
    """
    asset = _asset()
    skin = np.asarray(skin_rgb, dtype=np.float64)
    taken = Light(skin) if light is None else replace(light, skin=skin)
    scale = _scale(head_height_m)
    names = (f"{kind}.clothes", f"{kind}.neck")
    pieces = [_piece(asset, name, scale, taken, seed) for seed, name in enumerate(names)]
    bones = Bones(
        names=tuple(str(name) for name in asset["bones"]),
        parents=asset["parents"],
        heads=asset["heads"] * scale,
        tails=asset["tails"] * scale,
        turns=asset["turns"],
    )
    return pieces, bones


def _scale(head_height_m: float) -> float:
    return head_height_m * HEADS / skeleton.HEIGHT


_LAYOUT: Final = {"version": "i0", "materials": "U1", "lamps": "U1", "steps": "f1", "bones": "U1"}


@lru_cache(maxsize=1)
def _asset() -> dict[str, NDArray[Any]]:
    return load_npz(_ASSET, "garment file", _LAYOUT)


def _piece(
    asset: dict[str, NDArray[Any]], name: str, scale: float, taken: Light, seed: int
) -> Piece:
    step, light_range = asset["steps"]
    material, faces = _sums(asset[f"{name}.material"]), asset[f"{name}.faces"]
    light = (_sums(asset[f"{name}.light"]) / 255.0) ** 2 * light_range
    vertices = asset[f"{name}.vertices"] * step
    faces = np.cumsum(faces.ravel(), dtype=np.int32).reshape(-1, 3)
    uv = asset[f"{name}.uv"] / 16.0
    picture = paint(
        material,
        light,
        tuple(str(m) for m in asset["materials"]),
        tuple(str(lamp) for lamp in asset["lamps"]),
        float(asset[f"{name}.texel"]) * scale,
        taken,
        1.0 if name.endswith("clothes") else _SKIN_CONTRAST,
        seed,
    )
    return Piece(
        vertices=vertices * scale,
        faces=faces,
        uv=((uv + 0.5) * UPSCALE - 0.5)[faces],
        picture=picture,
        weights=_weights(asset, name),
        part=asset[f"{name}.parts"],
    )


def _sums(differences: NDArray) -> NDArray:
    """What was stored as differences along the last axis."""
    return np.cumsum(differences, axis=-1, dtype=differences.dtype)


def _weights(asset: dict[str, NDArray[Any]], name: str) -> dict[str, Array]:
    index, shares = asset[f"{name}.weight_bones"], asset[f"{name}.weights"] / 255.0
    return {
        str(asset["bones"][bone]): np.where(index == bone, shares, 0.0).sum(axis=1)
        for bone in np.unique(index)
    }
