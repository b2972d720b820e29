"""Motions for other programs: BVH and CSV."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from . import rotation, skeleton
from .atomic import atomic_path
from .errors import ConductorError
from .motion import Motion, forward_kinematics
from .rotation import Array

_CHUNK: Final = 2048
"""Frames formatted at once, so that memory does not grow with the length."""

# Canonical X, Y, Z (Z up, facing −Y) in BVH's axes (Y up, facing +Z): x, z, −y.
_TO_BVH: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def write_bvh(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write a Biovision hierarchy.

    Metres, Y up, facing +Z: what Blender's importer expects with its default settings (scale 1,
    forward −Z, up Y). The joints carry the canonical names; the channels are Zrotation, Xrotation,
    Yrotation in degrees, the root's position before them. Ends of limbs have an End Site.

    Parameters
    ----------
    motion : Motion
        T frames.
    path : path
        Where to, atomically. The same motion gives the same bytes.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    with atomic_path(path) as temporary, _open(temporary) as out:
        children: dict[int, list[int]] = {i: [] for i in range(-1, len(skeleton.NAMES))}
        for joint, parent in enumerate(skeleton.PARENTS):
            children[parent].append(joint)
        out.write("HIERARCHY\n")
        order = list(_write_joint(out, children[-1][0], children, 0))
        out.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {1.0 / motion.fps:.9f}\n")
        for start in range(0, len(motion), _CHUNK):
            rows = slice(start, start + _CHUNK)
            angles = np.degrees(_zxy_angles(_turned(motion.rotations[rows][:, order])))
            root = motion.root[rows] @ _TO_BVH.T
            table = np.concatenate([root, angles.reshape(len(root), -1)], axis=1)
            _write_rows(out, table, " ")


def write_csv(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write a table of joint positions: a heading, then one line per frame.

    The first column is `time` in seconds, then come `<joint>.x`, `<joint>.y`, `<joint>.z` for
    every joint in the order of `skeleton.NAMES`: world positions in metres, Z up, the conductor
    faces −Y and +X is the conductor's left.

    Parameters
    ----------
    motion : Motion
        T frames.
    path : path
        Where to, atomically. The same motion gives the same bytes.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    with atomic_path(path) as temporary, _open(temporary) as out:
        columns = [f"{name}.{axis}" for name in skeleton.NAMES for axis in "xyz"]
        out.write(",".join(["time", *columns]) + "\n")
        for start in range(0, len(motion), _CHUNK):
            rows = slice(start, start + _CHUNK)
            positions, _ = forward_kinematics(motion.rotations[rows], motion.root[rows])
            times = motion.times[rows, None]
            _write_rows(out, np.hstack([times, positions.reshape(len(times), -1)]), ",")


def write_face_csv(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write a table of the facial actions, which neither BVH nor a table of joints can hold.

    A heading, then one line per frame: `frame` from 0 on, `time` in seconds, and how far each
    action goes, 0 to 1, in columns with ARKit's names ("eyeBlinkLeft").

    Parameters
    ----------
    motion : Motion
        T frames.
    path : path
        Where to, atomically. The same motion gives the same bytes.

    Raises
    ------
    ConductorError
        If the motion has no face, or the file cannot be written.
    """
    if not motion.face_names:
        raise ConductorError("This motion has no face to write; make it with one.")
    with atomic_path(path) as temporary, _open(temporary) as out:
        out.write(",".join(["frame", "time", *motion.face_names]) + "\n")
        for start in range(0, len(motion), _CHUNK):
            rows = slice(start, start + _CHUNK)
            times = motion.times[rows]
            table = np.column_stack([start + np.arange(len(times)), times, motion.face[rows]])
            _write_rows(out, table, ",", first="%d")


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="ascii", newline="\n")


def _write_joint(
    out: TextIO, joint: int, children: dict[int, list[int]], depth: int
) -> Iterator[int]:
    """Write a joint and all below it; yields the joints in the order of their channels."""
    pad = "  " * depth
    parent = skeleton.PARENTS[joint]
    # The root's offset is zero, since its channels hold its place.
    origin = skeleton.REST[joint if parent < 0 else parent]
    position = "Xposition Yposition Zposition " if parent < 0 else ""
    rotations = "Zrotation Xrotation Yrotation"
    out.write(f"{pad}{'ROOT' if parent < 0 else 'JOINT'} {skeleton.NAMES[joint]}\n{pad}{{\n")
    out.write(f"{pad}  OFFSET {_offset(skeleton.REST[joint] - origin)}\n")
    out.write(f"{pad}  CHANNELS {6 if parent < 0 else 3} {position}{rotations}\n")
    yield joint
    for child in children[joint]:
        yield from _write_joint(out, child, children, depth + 1)
    if not children[joint]:
        end = _offset(skeleton.TAILS[joint] - skeleton.REST[joint])
        out.write(f"{pad}  End Site\n{pad}  {{\n{pad}    OFFSET {end}\n{pad}  }}\n")
    out.write(f"{pad}}}\n")


def _offset(vector: Array) -> str:
    # Adding zero turns −0 into 0.
    return " ".join(f"{value:.6f}" for value in np.round(_TO_BVH @ vector, 6) + 0.0)


def _write_rows(out: TextIO, table: Array, separator: str, first: str = "%.6f") -> None:
    table = np.round(table, 6) + 0.0
    line = separator.join([first, *["%.6f"] * (table.shape[1] - 1)]) + "\n"
    out.write((line * len(table)) % tuple(table.ravel().tolist()))


def _turned(rotations: Array) -> Array:
    """Rotations in BVH's axes: the rotation's axis turns as any vector does."""
    return np.concatenate([rotations[..., :1], rotations[..., 1:] @ _TO_BVH.T], axis=-1)


def _zxy_angles(rotations: Array) -> Array:
    """Euler angles (…, 3) about z, then x, then y of the turned axes: R = Rz·Rx·Ry, radians."""
    m = rotation.to_matrix(rotations)
    sine = np.clip(m[..., 2, 1], -1.0, 1.0)
    # With x at ±90° only the sum of the other two counts, and z takes it all.
    locked = np.abs(sine) > 1.0 - 1e-9
    z = np.where(
        locked,
        np.arctan2(m[..., 1, 0], m[..., 0, 0]),
        np.arctan2(-m[..., 0, 1], m[..., 1, 1]),
    )
    y = np.where(locked, 0.0, np.arctan2(-m[..., 2, 0], m[..., 2, 2]))
    return np.stack([z, np.arcsin(sine), y], axis=-1)
