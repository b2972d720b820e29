"""What the two dresses consist of: surfaces, materials, weights, how finely each is painted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from retarget.rotation import Array

from . import accessories, gown, tailored, tailoring
from .arms import surface_with_forearm
from .figure import Weights, leg_weights, trunk_weights
from .hands import hand_surfaces, hand_weights, nail_surfaces
from .sdf import Field
from .surface import Surface, join, split

MATERIALS: Final = (
    "wool", "satin", "button", "linen", "pique", "trousers", "leather", "sole", "crepe", "skin",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A surface in the bind pose.

    Parameters
    ----------
    surface : Surface
        Its materials count for nothing.
    material : str
        One of MATERIALS.
    weights : callable
        Points (N, 3) to shares of the bones.
    texel : float
        Edge of a texel, metres.
    field : Field, or None
        Whose gradient is the normal, finer than the mesh; None: the mesh's own.
    rest : (N, 3) array, or None
        The vertices in the T-pose, where weights need them there.
    """

    surface: Surface
    material: str
    weights: Callable[[Array], Weights]
    texel: float
    field: Field | None = None
    rest: Array | None = None

    def shares(self) -> Weights:
        """Shares of the bones in the vertices."""
        return self.weights(self.surface.vertices if self.rest is None else self.rest)


def clothes(kind: str) -> list[Part]:
    """Everything of a "tailcoat" or a "gown" but skin."""
    return list(_tailcoat() if kind == "tailcoat" else _gown())


def neck(kind: str) -> list[Part]:
    """Skin in the collar or neckline."""
    weights = _neck_weights if kind == "tailcoat" else _chest_weights
    field = gown.throat_field if kind == "tailcoat" else gown.neck_field
    return [Part(gown.neck(with_chest=kind == "gown"), "skin", weights, 0.0016, field)]


def hands() -> list[Part]:
    """Both hands with their nails, which shade the cloth near them."""
    return [
        Part(surface_with_forearm(surface), "skin", partial(hand_weights, side=side), 0.0010)
        for side, *surfaces in zip("LR", hand_surfaces(0.0050), nail_surfaces(), strict=True)
        for surface in surfaces
    ]


def _tailcoat() -> Iterator[Part]:
    coat = tailored.coat_weights
    yield Part(tailored.coat(), "wool", coat, 0.0024, tailored.coat_field)
    yield Part(tailored.lapels(), "satin", coat, 0.0018, tailored.lapel_field)
    yield Part(tailored.buttons(), "button", coat, 0.0014)
    front, cuffs = _front_and_cuffs()
    yield Part(front, "linen", trunk_weights, 0.0018)
    yield cuffs
    yield Part(tailoring.waistcoat(), "pique", trunk_weights, 0.0018)
    neckwear = join(tailoring.wing_collar(), tailoring.bow_tie())
    yield Part(neckwear, "pique", trunk_weights, 0.0010)
    yield Part(tailored.trousers(), "trousers", leg_weights, 0.0038, tailored.trousers_field)
    upper, sole = _by_material(accessories.shoes())
    yield Part(upper, "leather", _shoe_weights, 0.0030)
    yield Part(sole, "sole", _shoe_weights, 0.0050)


def _gown() -> Iterator[Part]:
    yield Part(gown.dress(), "crepe", gown.dress_weights, 0.0028, gown.dress_field)


def _front_and_cuffs() -> tuple[Surface, Part]:
    cuffs, front = split(tailoring.shirt(with_studs=True), lambda p: 0.5 - np.abs(p[:, 0]))
    rest = cuffs.vertices
    return front, Part(surface_with_forearm(cuffs), "linen", _cuff_weights, 0.0014, rest=rest)


def _by_material(surface: Surface) -> list[Surface]:
    faces, kinds = surface.faces, surface.materials
    return [
        replace(surface, faces=faces[kinds == k], materials=kinds[kinds == k])
        for k in np.unique(kinds)
    ]


def _cuff_weights(p: Array) -> Weights:
    left = p[:, 0] > 0.0
    return {"forearm.L": left.astype(float), "forearm.R": (~left).astype(float)}


def _shoe_weights(p: Array) -> Weights:
    left = p[:, 0] > 0.0
    return {"foot.L": left.astype(float), "foot.R": (~left).astype(float)}


def _chest_weights(p: Array) -> Weights:
    shares = gown.dress_weights(p)
    throat = _neck_weights(p)
    rise = np.clip((p[:, 2] - 1.45) / 0.04, 0.0, 1.0)
    bones = shares.keys() | throat.keys()
    nothing = np.zeros(len(p))
    return {
        bone: shares.get(bone, nothing) * (1.0 - rise) + throat.get(bone, nothing) * rise
        for bone in sorted(bones)
    }


def _neck_weights(p: Array) -> Weights:
    # The line between neck and head rises to the back, as jaw and nape do.
    z = p[:, 2] - 0.25 * p[:, 1]
    head = np.clip((z - 1.515) / 0.08, 0.0, 1.0)
    neck = np.clip((z - 1.43) / 0.06, 0.0, 1.0)
    return {"chest": 1.0 - neck, "neck": neck * (1.0 - head), "head": neck * head}
