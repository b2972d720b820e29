"""`Character`: a person as a rigged, textured mesh, bound in the pose of their photo."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import rotation
from .atomic import atomic_path
from .camera import Camera
from .errors import ConductorError
from .motion import FARTHEST_M
from .npz import load_npz, read_json, save_npz
from .rotation import Array

VERSION: Final = 3
"""Version of the character file this code writes and reads."""

PARTS: Final = ("trunk", "head", "arm.L", "arm.R", "hand.L", "hand.R", "legs")
"""What a vertex belongs to; `Character.parts` holds places in this list."""

SOLID, FRINGE, PATCH = 0, 1, 2
"""Kinds of faces: `Character.kinds`. A fringe is blended by the texture's alpha, after all else.

A patch is a piece of the photo itself over the mesh, blended likewise, that fades away as soon as
the bones it hangs on turn against the chest.
"""

_ARRAYS: Final = {
    "vertices": (np.float32, 2),
    "t_pose": (np.float32, 2),
    "faces": (np.int32, 2),
    "kinds": (np.uint8, 1),
    "parts": (np.uint8, 1),
    "uv": (np.float32, 3),
    "texture": (np.uint8, 3),
    "weight_bones": (np.int16, 2),
    "weights": (np.float32, 2),
    "parents": (np.int16, 1),
    "heads": (np.float64, 2),
    "tails": (np.float64, 2),
    "turns": (np.float64, 2),
}
# Axes whose length is the same in every file.
_WIDTHS: Final = {
    "vertices": (3,),
    "t_pose": (3,),
    "faces": (3,),
    "uv": (3, 2),
    "heads": (3,),
    "tails": (3,),
    "turns": (4,),
}
# Bones that are always there, and the longest side of a picture in a file, pixels.
_NEEDED: Final = ("hips", "chest", "neck", "head", "hand.L", "hand.R")
_MAX_SIDE: Final = 16384


@dataclass(frozen=True)
class Character:
    """A person whose mesh, seen by the photo's camera in the bind pose, is the photo.

    World axes as everywhere: metres, Z up, the person faces −Y, +X is the person's left.

    Parameters
    ----------
    vertices : (V, 3) float32 array
        Bind pose, metres.
    t_pose : (V, 3) float32 array
        The vertices in the T-pose, metres, the head of the hips at the origin; NaN where they are
        what undoing the bones' turns makes of the bind pose.
    faces : (F, 3) int32 array
        Counter-clockwise from outside.
    kinds : (F,) uint8 array
        SOLID, FRINGE or PATCH.
    parts : (V,) uint8 array
        Places in PARTS.
    uv : (F, 3, 2) float32 array
        Texture coordinates of each face's corners, [0, 1], u right, v up (Blender, OpenGL).
    texture : (H, W, 4) uint8 array
        Straight alpha, first row on top.
    weight_bones, weights : (V, K) arrays
        Bones that move a vertex, and their shares, which add up to one. Unused places are 0.
    bones : tuple of str, length B
        Names of the conductor avatar's bones (`blender_addon.garments.bones.bone_table`): joints of
        `retarget.skeleton`, fingers as chains (`index.01.L` …), `baton` with its tail at the tip.
    parents : (B,) int array
        Place of each bone's parent, −1 for the root; a parent stands before its children.
    heads, tails : (B, 3) arrays
        Ends of the bones in the bind pose.
    turns : (B, 4) array
        Rotation (w, x, y, z) of each bone from the canonical T-pose to the bind pose, world axes.
    camera : Camera
        The photo's camera.
    backdrop : (h, w, 3) uint8 array, or None
        The photo without the person, `camera.size`; None if the photo had no background.
    dress : str
        "photo", "concert" (a tailcoat) or "gown".
    warnings : tuple of str
        What the user should know.
    light : (3,) array, or None
        How the photo is lit, as `pose_transfer.lighting.light_on` takes it; None if it does not
        say.
    """

    vertices: NDArray[np.float32]
    t_pose: NDArray[np.float32]
    faces: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    uv: NDArray[np.float32]
    texture: NDArray[np.uint8]
    weight_bones: NDArray[np.int16]
    weights: NDArray[np.float32]
    bones: tuple[str, ...]
    parents: NDArray[np.int16]
    heads: Array
    tails: Array
    turns: Array
    camera: Camera
    backdrop: NDArray[np.uint8] | None
    dress: str
    warnings: tuple[str, ...] = ()
    light: Array | None = None

    def bone(self, name: str) -> int:
        """Place of a bone."""
        return self.bones.index(name)

    def only(self, keep: NDArray[np.bool_]) -> "Character":
        """The same with some of its faces (F,) alone, and the vertices that they have."""
        used, faces = np.unique(self.faces[keep], return_inverse=True)
        return replace(
            self,
            vertices=self.vertices[used],
            t_pose=self.t_pose[used],
            faces=faces.reshape(-1, 3).astype(np.int32),
            kinds=self.kinds[keep],
            parts=self.parts[used],
            uv=self.uv[keep],
            weight_bones=self.weight_bones[used],
            weights=self.weights[used],
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the `.subject` file (a NumPy archive), atomically."""
        notes = {"dress": self.dress, "warnings": self.warnings}
        arrays = {name: getattr(self, name).astype(kind) for name, (kind, _) in _ARRAYS.items()}
        lens = [self.camera.focal, *self.camera.centre, *self.camera.size, *self.camera.position]
        empty = np.zeros((0, 0, 3), np.uint8)
        with atomic_path(path) as temporary:
            save_npz(
                temporary,
                arrays
                | {
                    "version": np.array(VERSION),
                    "bones": np.array(self.bones),
                    "camera": np.array(lens, dtype=np.float64),
                    "backdrop": empty if self.backdrop is None else self.backdrop,
                    "light": np.zeros(0) if self.light is None else self.light,
                    "notes": np.array(json.dumps(notes)),
                },
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Character":
        """Read a `.subject` file.

        Raises
        ------
        ConductorError
            If it is missing, damaged, or made by another version.
        """
        name = Path(path).name
        arrays = load_npz(path, "subject file", {"version": "i0"})
        if int(arrays["version"]) != VERSION:
            raise ConductorError(f"{name} was made by another version; make it again.")
        try:
            _check(arrays)
            notes = read_json(arrays, "notes")
            lens = arrays["camera"].astype(np.float64)
            camera = Camera(float(lens[0]), lens[1:3], (int(lens[3]), int(lens[4])), lens[5:8])
            return cls(
                **{key: arrays[key].astype(kind) for key, (kind, _) in _ARRAYS.items()},
                bones=tuple(str(bone) for bone in arrays["bones"]),
                camera=camera,
                backdrop=arrays["backdrop"] if arrays["backdrop"].size else None,
                dress=str(notes["dress"]),
                warnings=tuple(str(warning) for warning in notes["warnings"]),
                light=arrays["light"].astype(np.float64) if arrays["light"].size else None,
            )
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ConductorError(f"{name} is damaged ({error}); make it again.") from error


def _check(arrays: dict[str, NDArray]) -> None:
    """Whether arrays fit together; raises `ValueError` with the name of one that does not."""
    for key, (kind, axes) in _ARRAYS.items():
        given = arrays[key]
        wide = _WIDTHS.get(key, ())
        if (
            given.ndim != axes
            or given.dtype.kind not in "iuf"
            or given.shape[1:][: len(wide)] != wide
        ):
            raise ValueError(key)
        if np.issubdtype(kind, np.integer) and not np.array_equal(given, given.astype(kind)):
            raise ValueError(key)
        shown = given[np.isfinite(given)] if key == "t_pose" else given
        if not np.isfinite(shown).all() or np.abs(shown).max(initial=0) > FARTHEST_M:
            raise ValueError(key)
    vertices, faces, bones = len(arrays["vertices"]), len(arrays["faces"]), len(arrays["bones"])
    lengths = {
        "kinds": faces,
        "uv": faces,
        "parts": vertices,
        "t_pose": vertices,
        "weights": vertices,
        "weight_bones": vertices,
        "parents": bones,
        "heads": bones,
        "tails": bones,
        "turns": bones,
    }
    for key, length in lengths.items():
        if len(arrays[key]) != length:
            raise ValueError(key)
    if faces == 0 or arrays["faces"].min() < 0 or arrays["faces"].max() >= vertices:
        raise ValueError("faces")
    if arrays["weight_bones"].min() < 0 or arrays["weight_bones"].max() >= bones:
        raise ValueError("weight_bones")
    if arrays["weights"].shape != arrays["weight_bones"].shape:
        raise ValueError("weights")
    parents = arrays["parents"]
    if (parents >= np.arange(bones)).any() or parents.min() < -1:
        raise ValueError("parents")
    names = arrays["bones"].tolist()
    if arrays["bones"].dtype.kind != "U" or not set(_NEEDED) <= set(names):
        raise ValueError("bones")
    if not rotation.are_unit(arrays["turns"]):
        raise ValueError("turns")
    if arrays["kinds"].max() > PATCH or arrays["parts"].max() >= len(PARTS):
        raise ValueError("kinds")
    if arrays["light"].shape not in ((0,), (3,)) or not np.isfinite(arrays["light"]).all():
        raise ValueError("light")
    for key, channels in (("texture", 4), ("backdrop", 3)):
        picture = arrays[key]
        fits = picture.dtype == np.uint8 and picture.shape[2:] == (channels,)
        if not fits or max(picture.shape) > _MAX_SIDE:
            raise ValueError(key)
    if arrays["texture"].size == 0:
        raise ValueError("texture")
    lens = arrays["camera"]
    if lens.dtype.kind != "f" or lens.shape != (8,) or not np.isfinite(lens).all():
        raise ValueError("camera")
    if lens[0] <= 0.0 or lens[3:5].min() < 1.0 or np.abs(lens).max() > FARTHEST_M:
        raise ValueError("camera")
