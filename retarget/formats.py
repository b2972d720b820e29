"""Motions for other programs: BVH and CSV."""

import os
from typing import Final

import numpy as np

from . import skeleton
from .atomic import atomic_path
from .bvh import BvhSkeleton, open_text, write_rows, write_skeleton
from .errors import ConductorError
from .motion import Motion, forward_kinematics

_CHUNK: Final = 2048
"""Frames formatted at once, so that memory does not grow with the length."""


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
    bones = BvhSkeleton(skeleton.NAMES, np.array(skeleton.PARENTS), skeleton.REST, skeleton.TAILS)
    write_skeleton(path, bones, motion.fps, motion.rotations, {0: motion.root})


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
    with atomic_path(path) as temporary, open_text(temporary) as out:
        columns = [f"{name}.{axis}" for name in skeleton.NAMES for axis in "xyz"]
        out.write(",".join(["time", *columns]) + "\n")
        for start in range(0, len(motion), _CHUNK):
            rows = slice(start, start + _CHUNK)
            positions, _ = forward_kinematics(motion.rotations[rows], motion.root[rows])
            times = motion.times[rows, None]
            write_rows(out, np.hstack([times, positions.reshape(len(times), -1)]), ",")


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
    with atomic_path(path) as temporary, open_text(temporary) as out:
        out.write(",".join(["frame", "time", *motion.face_names]) + "\n")
        for start in range(0, len(motion), _CHUNK):
            rows = slice(start, start + _CHUNK)
            times = motion.times[rows]
            table = np.column_stack([start + np.arange(len(times)), times, motion.face[rows]])
            write_rows(out, table, ",", first="%d")
