"""What the makers of skin, hair and clothes hand each other: `Figure`, `Piece`, `Material`."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

Colour = tuple[float, float, float]
"""sRGB, 0 to 1, as one would pick it."""

Kind = Literal["skin", "eye", "hair", "cloth", "satin", "leather", "metal", "wood", "lacquer"]
"""What light does on it: the scene's shader of that kind is taken."""


@dataclass(frozen=True)
class Material:
    """A named surface.

    Parameters
    ----------
    name : str
        As an animator reads it.
    kind : str
        One of `Kind`.
    colour : (r, g, b)
        Where there is no texture, sRGB.
    roughness : float
        [0, 1].
    texture : str
        Name of the asset's picture that colours it, by the piece's `uv`; "" without one.
    """

    name: str
    kind: Kind
    colour: Colour
    roughness: float = 0.6
    texture: str = ""


@dataclass(frozen=True)
class Shape:
    """A shape key: what some vertices are moved by at 1.

    Parameters
    ----------
    vertices : (M,) int array
        Which vertices of the piece.
    offsets : (M, 3) array
        Metres, in the rest pose.
    """

    vertices: NDArray[np.int64]
    offsets: Array


@dataclass(frozen=True)
class Piece:
    """A mesh that hangs on the figure's bones.

    Parameters
    ----------
    name : str
        Name of the object in the scene.
    vertices : (V, 3) array
        Metres, in the figure's rest pose.
    faces : (F, 4) int array
        Counter-clockwise from outside; −1 in the last column for triangles.
    weights : (V, B) array
        Share of each of the figure's bones; rows add up to one.
    materials : tuple of Material
        At least one.
    material : (F,) int array
        Which of them each face has.
    uv : (F, 4, 2) array, optional
        Texture coordinates of the corners, v up.
    shapes : dict
        Shape keys by name.
    """

    name: str
    vertices: Array
    faces: NDArray[np.int64]
    weights: Array
    materials: tuple[Material, ...]
    material: NDArray[np.int64]
    uv: Array | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """Somebody's body before it is dressed: at rest, arms in an A, facing −Y, feet on z = 0.

    Parameters
    ----------
    name : str
        Whose.
    vertices : (V, 3) array
        Metres: skin first, then tongue and eyeballs (`part`).
    faces : (F, 4) int array
        Quads, counter-clockwise from outside.
    uv : (F, 4, 2) array
        Texture coordinates of the corners in MakeHuman's layout, v up.
    part : (V,) int array
        0 skin, 1 tongue, 2 left eyeball, 3 right eyeball.
    bones : tuple of str
        Names; a parent before its children: those of `retarget.body.model.BONES`, then twist bones.
    parents : tuple of int
        Place of each bone's parent, −1 for the root.
    heads, tails : (B, 3) arrays
        Ends of the bones.
    weights : (V, B) array
        Share of each bone; rows add up to one.
    shapes : dict
        Facial actions by their ARKit names.
    """

    name: str
    vertices: Array
    faces: NDArray[np.int64]
    uv: Array
    part: NDArray[np.int64]
    bones: tuple[str, ...]
    parents: tuple[int, ...]
    heads: Array
    tails: Array
    weights: Array
    shapes: dict[str, Shape]

    def bone(self, name: str) -> int:
        """Place of a bone."""
        return self.bones.index(name)


@dataclass(frozen=True)
class Dress:
    """Clothes of a figure.

    Parameters
    ----------
    pieces : tuple of Piece
        What is worn.
    covered : (V,) bool array
        Vertices of the figure that are never seen under it, with some margin inside every hem: the
        skin there is left out, so that nothing can come through the cloth.
    textures : dict
        Pictures (H, W, 3) uint8 by the names that materials give.
    """

    pieces: tuple[Piece, ...]
    covered: NDArray[np.bool_]
    textures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
