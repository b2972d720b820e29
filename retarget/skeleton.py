"""The canonical conductor skeleton: names, parents, rest pose.

Metres, Z up, the conductor faces −Y and +X is the conductor's left (Blender's convention). In the
rest pose every joint's local axes are parallel to the world's, so identity rotations give the
T-pose: arms along ±X, palms down, thumbs forward. The measures are those of a 1.75 m adult
(segment lengths after Winter, Biomechanics and Motor Control of Human Movement, 4th ed., fig. 4.1).
"""

from collections.abc import Container
from typing import Final

import numpy as np

from .rotation import Array

HEIGHT: Final = 1.75
"""Stature of the canonical skeleton in metres."""

# Half of the body; the other half is its mirror image. name: (parent, head, tail)
_Row = tuple[str | None, tuple[float, float, float], tuple[float, float, float]]
_CENTRE: Final[dict[str, _Row]] = {
    "hips": (None, (0.0, 0.0, 0.95), (0.0, 0.0, 1.06)),
    "spine": ("hips", (0.0, 0.0, 1.06), (0.0, 0.005, 1.24)),
    "chest": ("spine", (0.0, 0.005, 1.24), (0.0, 0.01, 1.46)),
    "neck": ("chest", (0.0, 0.01, 1.46), (0.0, -0.005, 1.555)),
    "head": ("neck", (0.0, -0.005, 1.555), (0.0, -0.005, 1.75)),
}
_LEFT: Final[dict[str, _Row]] = {
    "clavicle": ("chest", (0.02, -0.01, 1.43), (0.18, 0.0, 1.42)),
    "upper_arm": ("clavicle", (0.18, 0.0, 1.42), (0.465, 0.0, 1.42)),
    "forearm": ("upper_arm", (0.465, 0.0, 1.42), (0.72, 0.0, 1.42)),
    "hand": ("forearm", (0.72, 0.0, 1.42), (0.81, 0.0, 1.42)),
    "thumb": ("hand", (0.745, -0.03, 1.41), (0.795, -0.065, 1.405)),
    "index": ("hand", (0.81, -0.025, 1.42), (0.895, -0.03, 1.42)),
    "fingers": ("hand", (0.81, 0.012, 1.418), (0.895, 0.014, 1.416)),
    "thigh": ("hips", (0.095, 0.0, 0.92), (0.095, 0.0, 0.49)),
    "shin": ("thigh", (0.095, 0.0, 0.49), (0.095, 0.02, 0.08)),
    "foot": ("shin", (0.095, 0.02, 0.08), (0.105, -0.14, 0.02)),
}
_RIGHT_ONLY: Final[dict[str, _Row]] = {
    # Held between thumb and fingers, it goes on in the line of the hand.
    "baton": ("hand.R", (-0.79, -0.03, 1.395), (-1.17, -0.03, 1.395)),
    "baton_tip": ("baton", (-1.17, -0.03, 1.395), (-1.20, -0.03, 1.395)),
}


def _mirror(point: tuple[float, float, float]) -> tuple[float, float, float]:
    return (-point[0], point[1], point[2])


def _build() -> dict[str, _Row]:
    rows = dict(_CENTRE)
    for side in ("L", "R"):
        for name, (parent, head, tail) in _LEFT.items():
            full_parent = parent if parent in _CENTRE else f"{parent}.{side}"
            if side == "R":
                head, tail = _mirror(head), _mirror(tail)
            rows[f"{name}.{side}"] = (full_parent, head, tail)
    return rows | _RIGHT_ONLY


_ROWS: Final = _build()

NAMES: Final[tuple[str, ...]] = tuple(_ROWS)
"""Joint names; a parent always stands before its children."""

INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(NAMES)}
"""Joint name to its place in NAMES."""

PARENTS: Final[tuple[int, ...]] = tuple(
    -1 if row[0] is None else INDEX[row[0]] for row in _ROWS.values()
)
"""Index of each joint's parent, −1 for the root."""

REST: Final[Array] = np.array([row[1] for row in _ROWS.values()])
"""Joint positions of the rest pose in world space, (J, 3) metres."""

TAILS: Final[Array] = np.array([row[2] for row in _ROWS.values()])
"""Where each joint's bone ends in the rest pose, (J, 3) metres: its direction is TAILS − REST."""

# Face points in the head joint's frame, metres, for the 13-joint 2D layout.
FACE_POINTS: Final[dict[str, tuple[float, float, float]]] = {
    "nose": (0.0, -0.115, 0.065),
    "eye.L": (0.032, -0.088, 0.1),
    "eye.R": (-0.032, -0.088, 0.1),
    "ear.L": (0.076, -0.005, 0.08),
    "ear.R": (-0.076, -0.005, 0.08),
}

# ConductorMotion100's order: the first 13 COCO keypoints, left before right.
JOINTS_2D: Final[tuple[str, ...]] = (
    "nose",
    "eye.L",
    "eye.R",
    "ear.L",
    "ear.R",
    "upper_arm.L",
    "upper_arm.R",
    "forearm.L",
    "forearm.R",
    "hand.L",
    "hand.R",
    "thigh.L",
    "thigh.R",
)


def mirror_name(name: str) -> str:
    """The joint on the other side ("hand.L" for "hand.R"); centre joints are their own mirror."""
    if name.endswith(".L"):
        return name[:-2] + ".R"
    if name.endswith(".R"):
        return name[:-2] + ".L"
    return name


def joint_above(name: str, joints: Container[str]) -> str | None:
    """The nearest joint above one that is among `joints`; None where there is none."""
    above = PARENTS[INDEX[name]]
    while above >= 0 and NAMES[above] not in joints:
        above = PARENTS[above]
    return NAMES[above] if above >= 0 else None
