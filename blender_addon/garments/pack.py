"""One piece of the asset: parts unwrapped together, lit, and written as small arrays."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retarget.character import PARTS
from retarget.rotation import Array

from . import light
from .arms import to_forearm
from .atlas import Texels, rasterise, unwrap
from .parts import MATERIALS, Part

VERTEX_STEP: Final = 5e-5
"""Metres per unit of stored vertices."""
LIGHT_RANGE: Final = 2.5
"""Stored light is the square root of light over this, in 255 steps."""
NOTHING: Final = 255
"""Stored material where no face lies."""
_BONES_EACH: Final = 4
_FOLD_GAIN: Final = 1.6
# Strength and exponent of the highlight, and how far light creeps into the shade.
_FINISH: Final = {
    "satin": (1.1, 14.0, 0.05),
    "button": (2.5, 30.0, 0.0),
    "leather": (2.6, 40.0, 0.0),
    "skin": (0.16, 14.0, 0.30),
    "linen": (0.0, 1.0, 0.12),
    "pique": (0.0, 1.0, 0.10),
    "crepe": (0.25, 5.0, 0.10),
}


def pack(
    parts: Sequence[Part], kind: str, bones: tuple[str, ...], neighbours: Sequence[Part]
) -> dict[str, NDArray[Any]]:
    """Arrays of a piece, as `pose_transfer.concert` reads them.

    Parameters
    ----------
    parts : sequence of Part
        What the piece consists of.
    kind : str
        "clothes" or "neck".
    bones : tuple of str
        Names that weights refer to.
    neighbours : sequence of Part
        What else casts shadows on it.
    """
    vertices, normals, faces, material, owner = _joined(parts)
    texel = np.array([part.texel for part in parts])[owner]
    atlas = unwrap(vertices, faces, owner, texel)
    texels = rasterise(atlas)
    places, facing = _surface_points(parts, atlas.source[atlas.faces], texels, owner, vertices,
                                     normals)  # fmt: skip
    finish = np.array([_FINISH.get(name, (0.0, 1.0, 0.0)) for name in MATERIALS])[
        material[texels.face]
    ]
    lit = _light(kind, places, facing, finish, neighbours)
    w, h = atlas.size
    pictures = np.zeros((len(light.LAMPS), h, w), np.uint8)
    for k, lamp in enumerate(light.LAMPS):
        level = np.sqrt(np.clip(lit[lamp] / LIGHT_RANGE, 0.0, 1.0))
        pictures[k, texels.rows, texels.columns] = np.round(255.0 * level)
    kinds = np.full((h, w), NOTHING, np.uint8)
    kinds[texels.rows, texels.columns] = material[texels.face]
    index, shares = _sparse_weights(parts, bones)
    return {
        "vertices": np.round(vertices[atlas.source] / VERTEX_STEP).astype(np.int16),
        "faces": _differences(atlas.faces.astype(np.int32).ravel()).reshape(-1, 3),
        "uv": np.round(atlas.uv * 16.0).astype(np.uint16),
        "weight_bones": index[atlas.source],
        "weights": shares[atlas.source],
        "parts": _body_parts(kind, parts, vertices)[atlas.source],
        "material": _differences(kinds),
        "light": _differences(pictures),
        "texel": np.array(parts[0].texel),
    }


def points_of(parts: Sequence[Part], step: float = 0.003) -> Array:
    """Points all over the surfaces, about `step` metres apart, (N, 3)."""
    clouds = []
    for part in parts:
        v, faces = part.surface.vertices, _triangles(part.surface.faces)
        a, b, c = (v[faces[:, k]] for k in range(3))
        longest = np.linalg.norm(np.stack([b - a, c - b, a - c]), axis=2).max(axis=0)
        for n in np.unique(count := np.ceil(longest / step).astype(int).clip(1, 24)):
            here = count == n
            i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
            inside = i + j <= n
            s, t = i[inside] / n, j[inside] / n
            corners = a[here, None] * (1.0 - s - t)[:, None]
            corners = corners + b[here, None] * s[:, None] + c[here, None] * t[:, None]
            clouds.append(corners.reshape(-1, 3))
    return np.concatenate(clouds)


def _light(
    kind: str, places: Array, facing: Array, finish: Array, neighbours: Sequence[Part]
) -> dict[str, Array]:
    """Light on texels. Forearms move most: they shade themselves, never the trunk."""
    everything = points_of(neighbours)
    outer = _beyond_elbow(everything)
    trunk_side = np.concatenate([everything[outer < 0.60], _head_points()])
    lower = _beyond_elbow(places) > 0.56
    result = {lamp: np.zeros(len(places)) for lamp in light.LAMPS}
    for here, occluders in ((~lower, trunk_side), (lower, everything[outer > 0.40])):
        if not here.any():
            continue
        f = finish[here]
        lit = light.bake(places[here], facing[here], f[:, :2], f[:, 2], occluders)
        for lamp, values in lit.items():
            result[lamp][here] = values
    return result


def _beyond_elbow(p: Array) -> Array:
    """Place along the forearm in the T-pose; 0 for points of the trunk."""
    return np.where(np.abs(p[:, 0]) > 0.25, to_forearm(p)[:, 0], 0.0)


def _head_points() -> Array:
    """A head, which shades collar and neck."""
    k = np.arange(20000) + 0.5
    z, turn = 1.0 - 2.0 * k / 20000, np.pi * (1.0 + np.sqrt(5.0)) * k
    r = np.sqrt(1.0 - z * z)
    ball = np.stack([r * np.cos(turn), r * np.sin(turn), z], axis=1)
    return ball * np.array([0.074, 0.092, 0.115]) + np.array([0.0, -0.012, 1.638])


def _joined(parts: Sequence[Part]) -> tuple[Array, Array, NDArray, NDArray, NDArray]:
    """Vertices, normals, triangles, and material and part of each triangle."""
    vertices = np.concatenate([part.surface.vertices for part in parts])
    normals = np.concatenate([part.surface.normals for part in parts])
    starts = np.cumsum([0, *[len(part.surface) for part in parts]])
    triangles = [_triangles(part.surface.faces) for part in parts]
    faces = np.concatenate([t + s for t, s in zip(triangles, starts[:-1], strict=True)])
    owner = np.repeat(np.arange(len(parts)), [len(t) for t in triangles])
    material = np.array([MATERIALS.index(part.material) for part in parts])[owner]
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    solid = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-10
    return vertices, normals, faces[solid], material[solid], owner[solid]


def _triangles(faces: NDArray) -> NDArray:
    second = faces[faces[:, 3] >= 0][:, [0, 2, 3]]
    return np.concatenate([faces[:, :3], second])


def _surface_points(
    parts: Sequence[Part], faces: NDArray, texels: Texels, owner: NDArray, vertices: Array,
    normals: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Place and normal of each texel, (N, 3) both."""
    corners = faces[texels.face]
    places = (vertices[corners] * texels.shares[..., None]).sum(axis=1)
    mesh = (normals[corners] * texels.shares[..., None]).sum(axis=1)
    mesh /= np.maximum(np.linalg.norm(mesh, axis=1, keepdims=True), 1e-9)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    area = np.linalg.norm(flat, axis=1)
    flat = (flat / np.maximum(area, 1e-12)[:, None])[texels.face]
    facing = mesh.copy()
    for k, part in enumerate(parts):
        here = np.flatnonzero(owner[texels.face] == k)
        if part.field is None or not len(here):
            continue
        step = 0.0012
        slope = np.stack(
            [
                part.field(places[here] + step * axis) - part.field(places[here] - step * axis)
                for axis in np.eye(3)
            ],
            axis=1,
        )
        slope /= np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
        # Hems and linings look elsewhere than the field they were cut from.
        agrees = (slope * mesh[here]).sum(axis=1) > 0.4
        # Cloth is lit a little more uneven than it is cut: so thin folds show in soft light.
        gain = 1.0 if part.material == "skin" else _FOLD_GAIN
        strong = mesh[here] + gain * (slope - mesh[here])
        strong /= np.maximum(np.linalg.norm(strong, axis=1, keepdims=True), 1e-9)
        facing[here[agrees]] = strong[agrees]
    # Slivers of a cut look anywhere.
    hem = ((facing * flat).sum(axis=1) < 0.3) & (area[texels.face] > 2e-6)
    facing[hem] = flat[hem]
    return places, facing


def _sparse_weights(
    parts: Sequence[Part], bones: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    tables = []
    for part in parts:
        table = np.zeros((len(part.surface), len(bones)))
        for bone, share in part.shares().items():
            table[:, bones.index(bone)] += share
        tables.append(table)
    full = np.concatenate(tables)
    index = np.argsort(-full, axis=1, kind="stable")[:, :_BONES_EACH]
    shares = np.take_along_axis(full, index, axis=1)
    shares = np.round(255.0 * shares / shares.sum(axis=1, keepdims=True))
    return np.where(shares > 0, index, 0).astype(np.uint8), shares.astype(np.uint8)


def _body_parts(kind: str, parts: Sequence[Part], vertices: Array) -> NDArray[np.uint8]:
    """Places in PARTS: an arm is what mostly follows an arm's bones."""
    if kind == "neck":
        return np.full(len(vertices), PARTS.index("trunk"), np.uint8)
    result = []
    for part in parts:
        shares = part.shares()
        groups = {name: np.zeros(len(part.surface)) for name in PARTS}
        for bone, share in shares.items():
            stem, _, side = bone.partition(".")
            where = "trunk"
            if stem in ("upper_arm", "forearm"):
                where = f"arm.{side}"
            elif stem in ("thigh", "shin", "foot"):
                where = "legs"
            groups[where] += share
        result.append(np.stack([groups[name] for name in PARTS], axis=1).argmax(axis=1))
    return np.concatenate(result).astype(np.uint8)


def _differences(array: NDArray) -> NDArray:
    """Differences along the last axis, modulo the type's range: they deflate far better."""
    result = array.copy()
    result[..., 1:] = array[..., 1:] - array[..., :-1]
    return result
