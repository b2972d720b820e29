"""`Motion`: a conducting performance on the canonical skeleton, and its file."""

import json
import os
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from . import rotation, skeleton
from .atomic import atomic_path
from .errors import ConductorError
from .npz import load_npz, read_json, save_npz
from .rotation import Array

VERSION: Final = 1
"""Version of the motion file this code writes and reads."""

_MIN_FPS, _MAX_FPS = 1.0, 240.0

FARTHEST_M: Final = 1e5
"""Farthest from the origin that anything in a file may be, metres."""

_LAYOUT: Final = {
    "version": "i0",
    "fps": "f0",
    "names": "U1",
    "rotations": "f3",
    "root": "f2",
    "beats": "f1",
    "beat_numbers": "i1",
}
# ConductorMotion100's 2D normalisation.
_SHOULDER_WIDTH_2D = 0.2
_MAX_FACE_ACTIONS: Final = 128
# So many frames of all joints stay in a core's cache.
_BLOCK_FRAMES: Final = 4096
HIPS_2D: Final = (0.5, 0.75)
"""Where the mean hip centre lies in the picture."""

_SHOULDERS = skeleton.REST[[skeleton.INDEX["upper_arm.L"], skeleton.INDEX["upper_arm.R"]]]
SCALE_2D: Final = _SHOULDER_WIDTH_2D / float(np.linalg.norm(_SHOULDERS[0] - _SHOULDERS[1]))
"""Width of the picture in a metre."""


@dataclass(frozen=True)
class Motion:
    """Rotations of every joint over time, and the beats they conduct.

    Parameters
    ----------
    fps : float
        Frames per second, 1 to 240. Frame i is the pose at i / fps seconds.
    rotations : (T, J, 4) array
        Local rotations, unit quaternions (w, x, y, z), sign-continuous in time, in the order of
        `skeleton.NAMES`.
    root : (T, 3) array
        World position of the hips in metres.
    beats : (B,) array
        Times of the conducted beats in seconds, rising.
    beat_numbers : (B,) int array
        Number of each beat in its bar, 1 = downbeat.
    style, source : dict
        How it was made: the style's values, and the music, model, seed and versions. JSON values.
    face_names : tuple of str
        Names of the facial actions (ARKit's, `retarget.face`), if the face plays too; else empty.
    face : (T, F) array
        How far each action goes at each frame, in [0, 1].
    """

    fps: float
    rotations: Array
    root: Array
    beats: Array = field(default_factory=lambda: np.zeros(0))
    beat_numbers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    style: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    face_names: tuple[str, ...] = ()
    face: Array = field(default_factory=lambda: np.zeros((0, 0)))

    def __len__(self) -> int:
        return len(self.rotations)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self) / self.fps

    @property
    def times(self) -> Array:
        """Time of each frame in seconds, (T,)."""
        return np.arange(len(self)) / self.fps

    def world(self) -> tuple[Array, Array]:
        """Forward kinematics: joint positions (T, J, 3) and world rotations (T, J, 4)."""
        return forward_kinematics(self.rotations, self.root)

    def joints_3d(self) -> Array:
        """World positions of the joints, (T, J, 3) metres."""
        return self.world()[0]

    def joints_2d(self) -> Array:
        """The front view in ConductorMotion100's layout, (T, 13, 2).

        Orthographic, x to the viewer's right, y down. One scale and one shift for the whole clip:
        the rest pose's shoulder width becomes 1/5 and the mean hip centre (0.5, 0.75).
        """
        return _centred(_front_view(*self.world()))

    def resample(self, fps: float) -> "Motion":
        """The same performance at another frame rate (slerp between neighbouring frames)."""
        if fps == self.fps or len(self) < 2:
            return replace(self, fps=fps)
        count = max(1, round(self.duration * fps))
        at = np.minimum(np.arange(count) * (self.fps / fps), len(self) - 1)
        low = np.minimum(at.astype(int), len(self) - 2)
        t = at - low
        rotations = rotation.slerp(self.rotations[low], self.rotations[low + 1], t[:, None])
        root = self.root[low] + (self.root[low + 1] - self.root[low]) * t[:, None]
        face = self.face
        if self.face_names:
            face = face[low] + (face[low + 1] - face[low]) * t[:, None]
        return replace(
            self, fps=fps, rotations=rotation.make_continuous(rotations), root=root, face=face
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the `.npz` motion file, atomically and with the same bytes for the same motion.

        Raises
        ------
        ConductorError
            If the file cannot be written.
        """
        joints_3d = np.empty((len(self), len(skeleton.NAMES), 3), np.float32)
        front = np.empty((len(self), len(skeleton.JOINTS_2D), 2))
        # Block by block, which takes no more memory for longer music than its file.
        for first in range(0, len(self), _BLOCK_FRAMES):
            block = slice(first, first + _BLOCK_FRAMES)
            places, turns = forward_kinematics(self.rotations[block], self.root[block])
            joints_3d[block], front[block] = places, _front_view(places, turns)
        arrays: dict[str, NDArray[Any]] = {
            "version": np.array(VERSION, dtype=np.int64),
            "fps": np.array(self.fps, dtype=np.float64),
            "names": np.array(skeleton.NAMES),
            "parents": np.array(skeleton.PARENTS, dtype=np.int64),
            "rest": skeleton.REST.astype(np.float32),
            "rotations": self.rotations.astype(np.float32),
            "root": self.root.astype(np.float32),
            "joints_3d": joints_3d,
            "joints_2d": _centred(front).astype(np.float32),
            "beats": np.asarray(self.beats, dtype=np.float64),
            "beat_numbers": np.asarray(self.beat_numbers, dtype=np.int64),
            "style": np.array(json.dumps(self.style, sort_keys=True)),
            "source": np.array(json.dumps(self.source, sort_keys=True)),
        }
        if self.face_names:
            arrays["face_names"] = np.array(self.face_names)
            arrays["face"] = self.face.astype(np.float32)
        with atomic_path(path) as temporary:
            # Movement has too much noise in it for compression to take off more than a sixth.
            save_npz(temporary, arrays, compress=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Motion":
        """Read a motion file.

        Raises
        ------
        ConductorError
            If the file is missing, is no motion file, was written by a newer version, or its
            arrays disagree in shape or hold values that are not finite.
        """
        arrays = load_npz(path, "motion file", _LAYOUT)
        name = Path(path).name
        version = int(arrays["version"])
        if version != VERSION:
            raise ConductorError(
                f"{name} has motion format {version}, this version reads {VERSION}; "
                "make the motion again or update Virtual Conductor."
            )
        if tuple(str(n) for n in arrays["names"]) != skeleton.NAMES:
            raise ConductorError(
                f"{name} was made for another skeleton; make the motion again with this version."
            )
        rotations, root = arrays["rotations"], arrays["root"]
        beats, numbers = arrays["beats"], arrays["beat_numbers"]
        frames = len(rotations)
        shapes_agree = (
            rotations.shape == (frames, len(skeleton.NAMES), 4)
            and root.shape == (frames, 3)
            and beats.shape == numbers.shape
            and frames > 0
        )
        if not shapes_agree:
            raise ConductorError(
                f"{name} is damaged: its arrays do not fit together; make it again."
            )
        fps = float(arrays["fps"])
        numeric = (rotations, root, beats)
        if not all(np.isfinite(a).all() for a in numeric) or not _MIN_FPS <= fps <= _MAX_FPS:
            raise ConductorError(
                f"{name} is damaged: it holds values that are not numbers; make it again."
            )
        if not rotation.are_unit(rotations) or np.abs(root).max() > FARTHEST_M:
            raise ConductorError(
                f"{name} is damaged: it holds poses that no body takes; make it again."
            )
        if (np.diff(beats) <= 0.0).any():
            raise ConductorError(
                f"{name} is damaged: its beats do not follow each other; make it again."
            )
        return cls(
            fps=fps,
            rotations=rotation.normalize(rotations),
            root=root.astype(np.float64),
            beats=beats.astype(np.float64),
            beat_numbers=numbers.astype(np.int64),
            style=read_json(arrays, "style"),
            source=read_json(arrays, "source"),
            **_read_face(arrays, frames, name),
        )


def _read_face(arrays: dict[str, NDArray[Any]], frames: int, name: str) -> dict[str, Any]:
    """Names and values of the face, if the file has any; files without it are whole."""
    if "face" not in arrays and "face_names" not in arrays:
        return {}
    nothing = np.zeros(0)
    names, values = arrays.get("face_names", nothing), arrays.get("face", nothing)
    fits = (
        names.dtype.kind == "U"
        and names.ndim == 1
        and 0 < len(names) <= _MAX_FACE_ACTIONS
        and len(np.unique(names)) == len(names)
        and values.dtype.kind == "f"
        and values.shape == (frames, len(names))
        # Also false for what is no number.
        and bool(((values >= 0.0) & (values <= 1.0)).all())
    )
    if not fits:
        raise ConductorError(f"{name} is damaged (face); make it again.")
    return {"face_names": tuple(names.tolist()), "face": values.astype(np.float64)}


def forward_kinematics(rotations: Array, root: Array) -> tuple[Array, Array]:
    """Joint positions and world rotations from local rotations on the canonical skeleton.

    Parameters
    ----------
    rotations : (T, J, 4) array
        Local unit quaternions.
    root : (T, 3) array
        World position of the hips.

    Returns
    -------
    positions : (T, J, 3) array
        World positions in metres.
    world_rotations : (T, J, 4) array
        World rotations.
    """
    positions = np.empty((*rotations.shape[:2], 3))
    world = np.empty(rotations.shape)
    for first in range(0, len(rotations), _BLOCK_FRAMES):
        block = slice(first, first + _BLOCK_FRAMES)
        # Joint by joint: what is worked on then lies together.
        local = np.ascontiguousarray(rotations[block].swapaxes(0, 1))
        places, turns = np.empty((*local.shape[:2], 3)), np.empty(local.shape)
        for joint, parent in enumerate(skeleton.PARENTS):
            if parent < 0:
                places[joint], turns[joint] = root[block], local[joint]
                continue
            offset = skeleton.REST[joint] - skeleton.REST[parent]
            places[joint] = places[parent] + rotation.rotate(turns[parent], offset)
            turns[joint] = rotation.multiply(turns[parent], local[joint])
        positions[block], world[block] = places.swapaxes(0, 1), turns.swapaxes(0, 1)
    return positions, world


def joint_in_world(rotations: Array, root: Array, name: str) -> tuple[Array, Array]:
    """Forward kinematics of a single joint.

    Parameters
    ----------
    rotations, root
        As for `forward_kinematics`.
    name : str
        A canonical joint.

    Returns
    -------
    position : (T, 3) array
        World position in metres.
    world_rotation : (T, 4) array
        World rotation.
    """
    joint = skeleton.INDEX[name]
    chain = [joint]
    while skeleton.PARENTS[chain[0]] >= 0:
        chain.insert(0, skeleton.PARENTS[chain[0]])
    position, world = root, rotations[:, chain[0]]
    for parent, joint in pairwise(chain):
        position = position + rotation.rotate(world, skeleton.REST[joint] - skeleton.REST[parent])
        world = rotation.multiply(world, rotations[:, joint])
    return position, world


def _front_view(positions: Array, rotations: Array) -> Array:
    """The points of `Motion.joints_2d` in its scale, of what `forward_kinematics` gives."""
    head = skeleton.INDEX["head"]
    flat = np.empty((len(positions), len(skeleton.JOINTS_2D), 2))
    for i, name in enumerate(skeleton.JOINTS_2D):
        if name in skeleton.FACE_POINTS:
            offset = rotation.rotate(rotations[:, head], np.array(skeleton.FACE_POINTS[name]))
            flat[:, i] = positions[:, head, ::2] + offset[:, ::2]
        else:
            flat[:, i] = positions[:, skeleton.INDEX[name], ::2]
    return flat * np.array([SCALE_2D, -SCALE_2D])


def _centred(front: Array) -> Array:
    """The points (T, 13, 2) with the mean hip centre where `Motion.joints_2d` has it."""
    hips = front[:, -2:].mean(axis=(0, 1)) if len(front) else np.zeros(2)
    return front - hips + np.array(HIPS_2D)
