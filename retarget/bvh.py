"""Biovision hierarchies (BVH) of any skeleton.

Metres, Y up, facing +Z: what Blender's importer expects with its default settings (scale 1,
forward −Z, up Y).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from . import rotation
from .atomic import atomic_path
from .rotation import Array

_CHUNK: Final = 2048
"""Frames formatted at once, so that memory does not grow with the length."""

# X, Y, Z of the world (Z up, facing −Y) in BVH's axes (Y up, facing +Z): x, z, −y.
_TO_BVH: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
_ROTATIONS: Final = "Zrotation Xrotation Yrotation"
_POSITIONS: Final = "Xposition Yposition Zposition "


@dataclass(frozen=True)
class BvhSkeleton:
    """What the hierarchy of a BVH file says, in the world: metres, Z up, facing −Y.

    Parameters
    ----------
    names : tuple of str, length J
        Without white space.
    parents : (J,) int array
        Parents before their children; −1 for the one root, which is the first.
    heads : (J, 3) array
        Where joints are at rest.
    tails : (J, 3) array
        Where the bones that begin there end; of a joint without children it is the End Site.
    moving : frozenset of int
        Joints whose distance from their parent changes, so that they have channels for it; the
        root always has.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    heads: Array
    tails: Array
    moving: frozenset[int] = frozenset()


def write_skeleton(
    path: str | os.PathLike[str],
    skeleton: BvhSkeleton,
    fps: float,
    rotations: Array,
    positions: dict[int, Array],
) -> None:
    """Write a motion of a skeleton.

    The channels are Zrotation, Xrotation, Yrotation in degrees, positions before them.

    Parameters
    ----------
    path : path
        Where to, atomically. The same motion gives the same bytes.
    skeleton : BvhSkeleton
        J joints.
    fps : float
        Frames per second.
    rotations : (T, J, 4) array
        Of each joint beside its parent, unit quaternions (w, x, y, z) in the axes of the world; all
        are the identity at rest.
    positions : dict
        Of the root and every moving joint: (T, 3), the root's in the world, the others' beside
        their parent as it is turned; they take the place of OFFSET, as Blender reads them.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    with atomic_path(path) as temporary, open_text(temporary) as out:
        children: dict[int, list[int]] = {i: [] for i in range(-1, len(skeleton.names))}
        for joint, parent in enumerate(skeleton.parents):
            children[int(parent)].append(joint)
        out.write("HIERARCHY\n")
        order = list(_write_joint(out, skeleton, 0, children, 0))
        out.write(f"MOTION\nFrames: {len(rotations)}\nFrame Time: {1.0 / fps:.9f}\n")
        for start in range(0, len(rotations), _CHUNK):
            rows = slice(start, start + _CHUNK)
            angles = np.degrees(_zxy_angles(_turned(rotations[rows][:, order])))
            columns = []
            for i, joint in enumerate(order):
                if joint in positions:
                    columns.append(positions[joint][rows] @ _TO_BVH.T)
                columns.append(angles[:, i])
            write_rows(out, np.concatenate(columns, axis=1), " ")


def open_text(path: Path) -> TextIO:
    """A text file to write, the same bytes on every system."""
    return path.open("w", encoding="utf-8", newline="\n")


def write_rows(out: TextIO, table: Array, separator: str, first: str = "%.6f") -> None:
    """Write a table (rows, columns) with six decimals; `first` is the first column's format."""
    table = np.round(table, 6) + 0.0
    line = separator.join([first, *["%.6f"] * (table.shape[1] - 1)]) + "\n"
    out.write((line * len(table)) % tuple(table.ravel().tolist()))


def _write_joint(
    out: TextIO, skeleton: BvhSkeleton, joint: int, children: dict[int, list[int]], depth: int
) -> Iterator[int]:
    """Write a joint and all below it; yields the joints in the order of their channels."""
    pad = "  " * depth
    parent = int(skeleton.parents[joint])
    # The root's offset is zero, since its channels hold its place.
    origin = skeleton.heads[joint if parent < 0 else parent]
    moves = parent < 0 or joint in skeleton.moving
    out.write(f"{pad}{'ROOT' if parent < 0 else 'JOINT'} {skeleton.names[joint]}\n{pad}{{\n")
    out.write(f"{pad}  OFFSET {_offset(skeleton.heads[joint] - origin)}\n")
    out.write(f"{pad}  CHANNELS {6 if moves else 3} {_POSITIONS if moves else ''}{_ROTATIONS}\n")
    yield joint
    for child in children[joint]:
        yield from _write_joint(out, skeleton, child, children, depth + 1)
    if not children[joint]:
        end = _offset(skeleton.tails[joint] - skeleton.heads[joint])
        out.write(f"{pad}  End Site\n{pad}  {{\n{pad}    OFFSET {end}\n{pad}  }}\n")
    out.write(f"{pad}}}\n")


def _offset(vector: Array) -> str:
    # Adding zero turns −0 into 0.
    return " ".join(f"{value:.6f}" for value in np.round(_TO_BVH @ vector, 6) + 0.0)


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
