"""`Guide`: what Blender hands the likeness pass for each frame of the edited animation."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from . import rotation, skeleton
from .atomic import atomic_path
from .errors import ConductorError
from .motion import FARTHEST_M
from .npz import load_npz, save_npz
from .rotation import Array

VERSION: Final = 1
"""Version of the guide file this code writes and reads."""

_LAYOUT: Final = {
    "version": "i0",
    "fps": "f0",
    "size": "i1",
    "names": "U1",
    "positions": "f3",
    "rotations": "f3",
    "rest": "f2",
    "view": "f3",
    "projection": "f3",
}
_MIN_FPS, _MAX_FPS = 0.01, 1000.0
# Blender's own limit.
_MAX_SIDE: Final = 65536
# Joints that are never at one place, and how near they may come, metres.
_SPANS: Final = (
    ("hips", "neck"),
    ("upper_arm.L", "upper_arm.R"),
    *((f"upper_arm.{side}", f"forearm.{side}") for side in "LR"),
    *((f"forearm.{side}", f"hand.{side}") for side in "LR"),
)
_SHORTEST_M: Final = 1e-5
# Determinant of a matrix that lays everything flat.
_FLATTEST: Final = 1e-30


@dataclass(frozen=True)
class Guide:
    """The avatar as evaluated after every edit, and the camera that sees it.

    Parameters
    ----------
    fps : float
        Frames per second of the scene.
    size : (int, int)
        Render size in pixels, width and height.
    positions : (T, J, 3) array
        World positions of the canonical joints on this avatar, metres.
    rotations : (T, J, 4) array
        Rotations of the canonical joints in world space, relative to the canonical T-pose.
    rest : (J, 3) array
        World positions of the joints in this avatar's own T-pose.
    view : (T, 4, 4) array
        World to camera space: x right, y up, the camera looks along −z.
    projection : (T, 4, 4) array
        Camera space to clip space (OpenGL convention, as Blender's `calc_matrix_camera`).
    """

    fps: float
    size: tuple[int, int]
    positions: Array
    rotations: Array
    rest: Array
    view: Array
    projection: Array

    def __len__(self) -> int:
        return len(self.positions)

    def to_camera(self, points: Array) -> Array:
        """World points (T, N, 3) to camera space (T, N, 3)."""
        rotated = np.einsum("tij,tnj->tni", self.view[:, :3, :3], points)
        return rotated + self.view[:, None, :3, 3]

    def to_pixels(self, points: Array) -> Array:
        """World points (T, N, 3) to pixels (T, N, 2), y down, and depth along the view (T, N, 1).

        Returns one array (T, N, 3): x, y, depth in metres in front of the camera.
        """
        camera = self.to_camera(points)
        homogeneous = np.concatenate([camera, np.ones((*camera.shape[:-1], 1))], axis=-1)
        clip = np.einsum("tij,tnj->tni", self.projection, homogeneous)
        ndc = clip[..., :2] / clip[..., 3:]
        width, height = self.size
        x = (ndc[..., 0] * 0.5 + 0.5) * width
        y = (0.5 - ndc[..., 1] * 0.5) * height
        return np.stack([x, y, -camera[..., 2]], axis=-1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the `.npz` guide file, atomically."""
        with atomic_path(path) as temporary:
            save_npz(
                temporary,
                {
                    "version": np.array(VERSION),
                    "fps": np.array(self.fps, dtype=np.float64),
                    "size": np.array(self.size, dtype=np.int64),
                    "names": np.array(skeleton.NAMES),
                    "positions": self.positions.astype(np.float32),
                    "rotations": self.rotations.astype(np.float32),
                    "rest": self.rest.astype(np.float32),
                    "view": self.view.astype(np.float32),
                    "projection": self.projection.astype(np.float32),
                },
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Guide":
        """Read a guide file.

        Raises
        ------
        ConductorError
            If it is missing, damaged, or made by another version.
        """
        arrays = load_npz(path, "guide file", _LAYOUT)
        name = Path(path).name
        names = tuple(str(n) for n in arrays["names"])
        if int(arrays["version"]) != VERSION or names != skeleton.NAMES:
            raise ConductorError(
                f"{name} was made by another version; export it again from the scene."
            )
        frames, joints = len(arrays["positions"]), len(skeleton.NAMES)
        expected = {
            "size": (2,),
            "positions": (frames, joints, 3),
            "rotations": (frames, joints, 4),
            "rest": (joints, 3),
            "view": (frames, 4, 4),
            "projection": (frames, 4, 4),
        }
        for key, shape in expected.items():
            if arrays[key].shape != shape or not np.isfinite(arrays[key]).all() or frames == 0:
                raise ConductorError(f"{name} is damaged ({key}); export it again from the scene.")
        width, height = (int(n) for n in arrays["size"])
        fps = float(arrays["fps"])
        places, rest = arrays["positions"], arrays["rest"]
        sound = {
            "fps": _MIN_FPS <= fps <= _MAX_FPS,
            "size": 1 <= min(width, height) <= max(width, height) <= _MAX_SIDE,
            "positions": _have_a_body(places),
            "rotations": rotation.are_unit(arrays["rotations"]),
            "rest": _have_a_body(rest),
            "view": _can_be_undone(arrays["view"]),
            "projection": _can_be_undone(arrays["projection"]),
        }
        for key, right in sound.items():
            if not right:
                raise ConductorError(f"{name} is damaged ({key}); export it again from the scene.")
        return cls(
            fps=fps,
            size=(width, height),
            positions=arrays["positions"].astype(np.float64),
            rotations=arrays["rotations"].astype(np.float64),
            rest=arrays["rest"].astype(np.float64),
            view=arrays["view"].astype(np.float64),
            projection=arrays["projection"].astype(np.float64),
        )


def _have_a_body(joints: Array) -> bool:
    """Whether joints (..., J, 3) span a trunk and arms, somewhere near."""
    spanned = np.stack(
        [
            np.linalg.norm(
                joints[..., skeleton.INDEX[a], :].astype(np.float64)
                - joints[..., skeleton.INDEX[b], :],
                axis=-1,
            )
            for a, b in _SPANS
        ]
    )
    return bool(np.abs(joints).max() <= FARTHEST_M and spanned.min() >= _SHORTEST_M)


def _can_be_undone(matrices: Array) -> bool:
    """Whether matrices (T, 4, 4) have an inverse."""
    determinants = np.linalg.det(matrices.astype(np.float64))
    return bool(np.isfinite(determinants).all() and (np.abs(determinants) > _FLATTEST).all())
