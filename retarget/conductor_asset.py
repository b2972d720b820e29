"""`ConductorAsset`: a built-in conductor as it is stored, and its file."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import ConductorError
from .npz import load_npz, read_json, save_npz
from .rotation import Array

CONDUCTORS: Final = {"viktor": "Viktor", "aiko": "Aiko", "ruth": "Ruth", "marcus": "Marcus"}
"""Names of the built-in conductors and what the panel calls them; the first one is the default."""

DEFAULT_CONDUCTOR: Final = next(iter(CONDUCTORS))

VERSION: Final = 1

MAX_VERTICES: Final = 200_000
"""Most vertices of one mesh."""
MAX_TEXTURE_BYTES: Final = 16 << 20

_KIND: Final = "conductor"
_WEIGHT_STEPS: Final = 1000
_POSITION_STEPS: Final = 65_535
_OFFSET_STEPS: Final = 32_767
_LAYOUT: Final = {
    "version": "i0",
    "about": "U0",
    "bones": "U1",
    "parents": "i1",
    "heads": "f2",
    "tails": "f2",
}
_MESH_LAYOUT: Final = {
    "bounds": "f2",
    "vertices": "i2",
    "faces": "i2",
    "material": "i1",
    "uv": "f2",
    "corners": "i2",
    "weight_bones": "i2",
    "weights": "i2",
    "shape_sizes": "i1",
    "shape_steps": "f1",
    "shape_vertices": "i1",
    "shape_offsets": "i2",
}


def chosen_avatar(text: str) -> Path | str:
    """Whom somebody means by a word: the file of that path, or the built-in conductor of that name.

    Names may be written in any letter case.

    Raises
    ------
    ConductorError
        If there is neither; the sentence says which conductors there are.
    """
    path = Path(text)
    if path.is_file():
        return path
    if text.lower() in CONDUCTORS:
        return text.lower()
    if path.suffix or path.name != text:
        raise ConductorError(f"The avatar {text} does not exist; check the path.")
    raise ConductorError(
        f"There is no conductor '{text}'; choose {', '.join(CONDUCTORS)}, or a file of your own."
    )


@dataclass(frozen=True)
class Surface:
    """How a surface looks.

    Parameters
    ----------
    name : str
        As an animator reads it.
    kind : str
        What light does on it: "skin", "eye", "hair", "cloth", "satin", "leather", "metal", "wood".
    colour : (r, g, b)
        sRGB, 0 to 1, where there is no texture.
    roughness : float
        [0, 1].
    texture : str
        Name of the picture that colours it; "" without one.
    """

    name: str
    kind: str
    colour: tuple[float, float, float]
    roughness: float
    texture: str = ""


@dataclass(frozen=True)
class Follower:
    """A bone that undoes or takes part in another one's turn about its own length.

    Parameters
    ----------
    bone : str
        The twist bone.
    leader : str
        Whose turn it is.
    share : float
        How much of it the twist bone turns about its own length; below zero against it.
    """

    bone: str
    leader: str
    share: float


@dataclass(frozen=True)
class Corrective:
    """A shape key that grows as a bone comes near a direction.

    Parameters
    ----------
    shape : str
        The shape key, in every mesh that has one of that name.
    bone : str
        The bone, whose direction counts while its parents rest.
    toward : (3,) tuple
        The direction of the full shape, unit.
    start : float
        Cosine of the angle to `toward` at which it begins to grow, linearly in the cosine.
    """

    shape: str
    bone: str
    toward: tuple[float, float, float]
    start: float


@dataclass(frozen=True)
class AssetMesh:
    """A mesh of the conductor.

    Parameters
    ----------
    name : str
        Name of the object.
    vertices : (V, 3) array
        Metres, in the rest pose.
    faces : (F, 4) int array
        Counter-clockwise from outside; −1 in the last column for triangles.
    uv : (F, 4, 2) array
        Texture coordinates of the corners, v up.
    surfaces : tuple of int
        Which of the asset's surfaces the mesh has.
    material : (F,) int array
        Place in `surfaces` of each face's.
    weight_bones, weights : (V, K) arrays
        Bones and their shares; rows add up to one.
    shapes : dict
        Shape keys: vertices (M,) and what they are moved by (M, 3), metres.
    """

    name: str
    vertices: Array
    faces: NDArray[np.int64]
    uv: Array
    surfaces: tuple[int, ...]
    material: NDArray[np.int64]
    weight_bones: NDArray[np.int64]
    weights: Array
    shapes: dict[str, tuple[NDArray[np.int64], Array]] = field(default_factory=dict)


@dataclass(frozen=True)
class ConductorAsset:
    """A built-in conductor at rest: arms in an A, facing −Y, feet on z = 0.

    Parameters
    ----------
    title : str
        As the panel shows it.
    bones : tuple of str
        A parent before its children.
    parents : (B,) int array
        Place of each bone's parent, −1 for the root.
    heads, tails : (B, 3) arrays
        Ends of the bones, metres.
    meshes : tuple of AssetMesh
    surfaces : tuple of Surface
    textures : dict
        Pictures by name, as the bytes of a PNG or JPEG file.
    followers : tuple of Follower
    correctives : tuple of Corrective
    """

    title: str
    bones: tuple[str, ...]
    parents: NDArray[np.int64]
    heads: Array
    tails: Array
    meshes: tuple[AssetMesh, ...]
    surfaces: tuple[Surface, ...]
    textures: dict[str, bytes] = field(default_factory=dict)
    followers: tuple[Follower, ...] = ()
    correctives: tuple[Corrective, ...] = ()

    def save(self, path: Path) -> None:
        """Write it; the same content gives the same bytes."""
        about = {
            "title": self.title,
            "surfaces": [asdict(surface) for surface in self.surfaces],
            "followers": [asdict(follower) for follower in self.followers],
            "correctives": [asdict(corrective) for corrective in self.correctives],
            "meshes": [
                {"name": mesh.name, "surfaces": list(mesh.surfaces), "shapes": list(mesh.shapes)}
                for mesh in self.meshes
            ],
            "textures": list(self.textures),
        }
        arrays: dict[str, NDArray[Any]] = {
            "version": np.array(VERSION),
            "about": np.array(json.dumps(about)),
            "bones": np.array(self.bones),
            "parents": np.asarray(self.parents, dtype=np.int16),
            "heads": self.heads.astype(np.float32),
            "tails": self.tails.astype(np.float32),
        }
        for i, mesh in enumerate(self.meshes):
            arrays |= {f"mesh{i}_{key}": value for key, value in _packed(mesh).items()}
        for i, content in enumerate(self.textures.values()):
            arrays[f"texture{i}"] = np.frombuffer(content, dtype=np.uint8)
        save_npz(path, arrays)

    @classmethod
    def load(cls, path: Path) -> "ConductorAsset":
        """Read it.

        Raises
        ------
        ConductorError
            If it is missing, damaged, too large, or of another version.
        """
        arrays = load_npz(path, _KIND, _LAYOUT)
        if int(arrays["version"]) != VERSION:
            raise ConductorError(f"{path.name} is of another version; install the extension again.")
        try:
            return cls._unpack(arrays)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ConductorError(
                f"{path.name} is damaged ({error}); install the extension again."
            ) from error

    @classmethod
    def _unpack(cls, arrays: dict[str, NDArray[Any]]) -> "ConductorAsset":
        about = read_json(arrays, "about")
        bones = tuple(str(name) for name in arrays["bones"])
        count = len(bones)
        parents = arrays["parents"].astype(np.int64)
        _require(
            arrays["heads"].shape == arrays["tails"].shape == (count, 3)
            and len(parents) == count
            and bool((parents >= -1).all() and (parents < np.arange(count)).all()),
            "bones",
        )
        _require(
            bool(np.isfinite(arrays["heads"]).all() and np.isfinite(arrays["tails"]).all()), "bones"
        )
        surfaces = tuple(
            Surface(**{**row, "colour": _triple(row["colour"])}) for row in about["surfaces"]
        )
        correctives = tuple(
            Corrective(**{**row, "toward": _triple(row["toward"])}) for row in about["correctives"]
        )
        meshes = tuple(
            _unpacked(row, _columns(arrays, f"mesh{i}_"), count, len(surfaces))
            for i, row in enumerate(about["meshes"])
        )
        textures = {
            str(name): _texture(arrays[f"texture{i}"]) for i, name in enumerate(about["textures"])
        }
        followers = tuple(Follower(**row) for row in about["followers"])
        named = {f.bone for f in followers} | {f.leader for f in followers}
        _require(named | {c.bone for c in correctives} <= set(bones), "bones")
        return cls(
            title=str(about["title"]),
            bones=bones,
            parents=parents,
            heads=arrays["heads"].astype(np.float64),
            tails=arrays["tails"].astype(np.float64),
            meshes=meshes,
            surfaces=surfaces,
            textures=textures,
            followers=followers,
            correctives=correctives,
        )


def _packed(mesh: AssetMesh) -> dict[str, NDArray[Any]]:
    low = mesh.vertices.min(axis=0)
    span = float(np.ptp(mesh.vertices, axis=0).max()) or 1.0
    steps = np.round((mesh.vertices - low) / span * _POSITION_STEPS)
    uv = np.round(mesh.uv.reshape(-1, 2) * 16384.0) / 16384.0
    points, corners = np.unique(uv, axis=0, return_inverse=True)
    sizes, scales, moved, offsets = [], [], [], []
    for vertices, offset in mesh.shapes.values():
        largest = float(np.abs(offset).max(initial=0.0)) or 1.0
        sizes.append(len(vertices))
        scales.append(largest / _OFFSET_STEPS)
        moved.append(vertices)
        offsets.append(np.round(offset / largest * _OFFSET_STEPS))
    none = np.zeros(0)
    return {
        "bounds": np.array([low, np.full(3, span)], dtype=np.float32),
        "vertices": steps.astype(np.uint16),
        "faces": mesh.faces.astype(np.int32),
        "material": mesh.material.astype(np.uint8),
        "uv": points.astype(np.float32),
        "corners": corners.reshape(-1, 4).astype(np.int32),
        "weight_bones": mesh.weight_bones.astype(np.uint8),
        "weights": _weight_steps(mesh.weights),
        "shape_sizes": np.array(sizes, dtype=np.int32),
        "shape_steps": np.array(scales, dtype=np.float64),
        "shape_vertices": np.concatenate([none, *moved]).astype(np.int32),
        "shape_offsets": np.concatenate([none.reshape(0, 3), *offsets]).astype(np.int16),
    }


def _weight_steps(weights: Array) -> NDArray[np.uint16]:
    """Shares (V, K) in whole steps that add up to `_WEIGHT_STEPS` in each row."""
    exact = weights / weights.sum(axis=1, keepdims=True) * _WEIGHT_STEPS
    steps = np.floor(exact).astype(np.int64)
    missing = _WEIGHT_STEPS - steps.sum(axis=1)
    # The largest remainders take what rounding down left over.
    rank = np.argsort(np.argsort(-(exact - steps), axis=1, kind="stable"), axis=1, kind="stable")
    return (steps + (rank < missing[:, None])).astype(np.uint16)


def _columns(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    columns = {}
    for key, form in _MESH_LAYOUT.items():
        array = arrays[prefix + key]
        right = array.ndim == int(form[1:]) and (array.dtype.kind in "iu" or form[0] == "f")
        _require(right and array.dtype.kind in "iuf", key)
        columns[key] = array
    return columns


def _unpacked(
    row: dict[str, Any], data: dict[str, NDArray[Any]], bones: int, surfaces: int
) -> AssetMesh:
    low, span = data["bounds"].astype(np.float64)
    count = len(data["vertices"])
    faces = data["faces"].astype(np.int64)
    _require(0 < count <= MAX_VERTICES and data["vertices"].shape[1] == 3, "vertices")
    _require(bool(np.isfinite(data["bounds"]).all()), "bounds")
    _require(
        faces.shape[1] == 4
        and faces[:, :3].min() >= 0
        and -1 <= faces.min() <= faces.max() < count,
        "faces",
    )
    own = tuple(int(i) for i in row["surfaces"])
    _require(len(own) > 0 and all(0 <= i < surfaces for i in own), "surfaces")
    material = data["material"].astype(np.int64)
    _require(len(material) == len(faces) and 0 <= material.max() < len(own), "material")
    corners = data["corners"]
    _require(corners.shape == faces.shape and corners.min() >= 0, "uv")
    weights = data["weights"].astype(np.float64)
    _require(
        weights.shape == data["weight_bones"].shape
        and len(weights) == count
        and 0 <= data["weight_bones"].min() <= data["weight_bones"].max() < bones
        and bool((weights.sum(axis=1) > 0.0).all()),
        "weights",
    )
    return AssetMesh(
        name=str(row["name"]),
        vertices=low + data["vertices"] * (span[0] / _POSITION_STEPS),
        faces=faces,
        uv=data["uv"].astype(np.float64)[corners],
        surfaces=own,
        material=material,
        weight_bones=data["weight_bones"].astype(np.int64),
        weights=weights / weights.sum(axis=1, keepdims=True),
        shapes=dict(_shapes([str(name) for name in row["shapes"]], data, count)),
    )


def _shapes(
    names: list[str], data: dict[str, NDArray[Any]], count: int
) -> Iterator[tuple[str, tuple[NDArray[np.int64], Array]]]:
    sizes = data["shape_sizes"].astype(np.int64)
    vertices = data["shape_vertices"].astype(np.int64)
    offsets = data["shape_offsets"]
    steps = data["shape_steps"]
    _require(
        len(names) == len(sizes) == len(steps)
        and bool((sizes >= 0).all())
        and int(sizes.sum()) == len(vertices) == len(offsets)
        and offsets.shape[1] == 3
        and (not len(vertices) or 0 <= vertices.min() <= vertices.max() < count),
        "shapes",
    )
    stops = np.cumsum(sizes)
    for name, start, stop, step in zip(names, stops - sizes, stops, steps, strict=True):
        yield name, (vertices[start:stop], offsets[start:stop] * float(step))


def _texture(content: NDArray[Any]) -> bytes:
    right = content.dtype == np.uint8 and content.ndim == 1
    _require(right and len(content) <= MAX_TEXTURE_BYTES, "texture")
    return content.tobytes()


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _require(fine: bool, what: str) -> None:
    if not fine:
        raise ValueError(what)
