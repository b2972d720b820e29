"""Small things that are worn or held: glasses, earrings, the baton."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from retarget.rotation import Array

from .hair.face_surface import Face
from .hair.head import Head
from .parts import Figure, Material, Piece

_SIDES: Final = 12
_CORK: Final = Material("Cork", "wood", (0.74, 0.53, 0.33), roughness=0.85)
_SHAFT: Final = Material("Baton", "lacquer", (0.99, 0.985, 0.96), roughness=0.3)
_FRAME: Final = Material("Glasses", "metal", (0.20, 0.17, 0.15), roughness=0.35)
_GOLD: Final = Material("Earrings", "metal", (0.86, 0.68, 0.36), roughness=0.25)

# The bulb's half profile, metres from its end and off the axis: a pear, fullest in the palm.
_BULB: Final = np.array(
    [
        [0.0000, 0.0000],
        [0.0006, 0.0035],
        [0.0030, 0.0068],
        [0.0075, 0.0092],
        [0.0135, 0.0101],
        [0.0205, 0.0096],
        [0.0285, 0.0080],
        [0.0370, 0.0061],
        [0.0460, 0.0046],
        [0.0550, 0.0040],
        [0.0630, 0.0037],
        [0.0650, 0.0033],
        [0.0655, 0.0020],
    ]
)
# Stouter than a real one, so that it is seen in small pictures.
_SHAFT_RADII_M: Final = (0.0031, 0.0016)


def baton(figure: Figure) -> Piece:
    """The baton along its bone: a cork bulb from the bone's head on, a white shaft to its tail.

    Parameters
    ----------
    figure : Figure
        With the bone "baton".
    """
    bone = figure.bone("baton")
    start, end = figure.heads[bone], figure.tails[bone]
    length = float(np.linalg.norm(end - start))
    stem = _BULB[-1, 0] - 0.004
    shaft = np.array(
        [
            [stem, _SHAFT_RADII_M[0]],
            [0.5 * (stem + length), 0.52 * sum(_SHAFT_RADII_M)],
            [length - 0.002, _SHAFT_RADII_M[1]],
            [length - 0.0004, 0.7 * _SHAFT_RADII_M[1]],
            [length, 0.0],
        ]
    )
    bulb_vertices, bulb_faces = _turned(start, end, _BULB)
    shaft_vertices, shaft_faces = _turned(start, end, shaft)
    vertices = np.concatenate([bulb_vertices, shaft_vertices])
    faces = np.concatenate([bulb_faces, _moved(shaft_faces, len(bulb_vertices))])
    material = np.repeat([0, 1], [len(bulb_faces), len(shaft_faces)])
    return _piece(figure, "Baton", "baton", vertices, faces, (_CORK, _SHAFT), material)


def glasses(figure: Figure) -> Piece:
    """Thin round rims before the eyes, their bridge on the nose, their temples over the ears."""
    head, face = Head(figure), Face(figure)
    unit = float(abs(face.eyes[0, 0]))
    parts = []
    radius = 0.72 * unit
    wire = 0.042 * unit
    front = float(face.eyes[0, 1]) - 0.92 * unit
    ear = head.point(np.array(head.ear.front + 4.0), np.array(head.ear.top + 1.0), 0.003)
    hook = head.point(np.array(head.ear.back - 2.0), np.array(head.ear.top - 6.0), 0.004)
    turn = np.linspace(0.0, 2 * np.pi, 33)[:-1]
    for side in (1.0, -1.0):
        centre = np.array([side * 1.02 * unit, front, face.eyes[0, 2] - 0.12 * unit])
        # Rims are bowed about the face and lean with the cheeks.
        x, z = radius * 1.06 * np.cos(turn), 0.92 * radius * np.sin(turn)
        y = 0.20 * side * x * (1.0 + 0.0 * x) - 0.10 * z
        parts.append(_tube(centre + np.stack([x, y, z], axis=-1), wire, closed=True))
        outer = centre + np.array([side * 1.06 * radius, 0.20 * 1.06 * radius, 0.1 * radius])
        hinge = outer + np.array([side * 0.12 * unit, 0.10 * unit, 0.03 * unit])
        over = np.array([side * (ear[0] + 0.04 * unit), ear[1], ear[2]])
        behind = np.array([side * hook[0], hook[1], hook[2] - 0.2 * unit])
        parts.append(_tube(_curve([outer, hinge, over, behind], 14), wire, closed=False))
    inner = 1.02 * unit - 1.06 * radius
    bridge_z = face.eyes[0, 2] + 0.02 * unit
    bridge_y = front - 0.2 * 1.06 * radius
    bridge = [
        np.array(
            [x * inner, bridge_y - (1 - x * x) * 0.08 * unit, bridge_z + (1 - x * x) * 0.1 * unit]
        )
        for x in np.linspace(-1.0, 1.0, 7)
    ]
    parts.append(_tube(np.array(bridge), wire, closed=False))
    vertices, faces = _together(parts)
    return _piece(figure, "Glasses", "head", vertices, faces, (_FRAME,), None)


def earrings(figure: Figure) -> Piece:
    """A small drop at each ear's lobe."""
    head = Head(figure)
    lobe = head.lobe
    size = 0.0032 * head.size
    ball = np.array(
        [[size * (1 - np.cos(a)), size * np.sin(a)] for a in np.linspace(0.0, np.pi, 8)]
    )
    parts = []
    for side in (1.0, -1.0):
        at = lobe * [side, 1.0, 1.0] + np.array([side * 0.3 * size, -0.4 * size, 0.2 * size])
        parts.append(_turned(at, at - [0.0, 0.0, 1.0], ball))
        below = at - [0.0, 0.0, 2.3 * size]
        drop = np.array([[0, 0], [0.5, 0.12], [1.6, 0.55], [2.6, 0.9], [3.3, 0.7], [3.6, 0.0]])
        parts.append(
            _turned(below + np.array([0.0, 0.0, 0.4 * size]), below - [0.0, 0.0, 1.0], size * drop)
        )
    vertices, faces = _together(parts)
    return _piece(figure, "Earrings", "head", vertices, faces, (_GOLD,), None)


def _piece(
    figure: Figure,
    name: str,
    bone: str,
    vertices: Array,
    faces: NDArray[np.int64],
    materials: tuple[Material, ...],
    material: NDArray[np.int64] | None,
) -> Piece:
    """A piece on one bone."""
    weights = np.zeros((len(vertices), len(figure.bones)))
    weights[:, figure.bone(bone)] = 1.0
    if material is None:
        material = np.zeros(len(faces), dtype=np.int64)
    return Piece(name, vertices, faces, weights, materials, material)


def _turned(start: Array, towards: Array, profile: Array) -> tuple[Array, NDArray[np.int64]]:
    """A profile (N, 2) of way along and radius, turned about the axis from start on."""
    axis = (towards - start) / np.linalg.norm(towards - start)
    across = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    up = np.cross(axis, across)
    turn = np.linspace(0.0, 2 * np.pi, _SIDES, endpoint=False)
    ring = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * up
    points = start + profile[:, None, :1] * axis + profile[:, None, 1:] * ring
    return points.reshape(-1, 3), _sleeve(len(profile), _SIDES, closed=False)


def _tube(course: Array, radius: float, closed: bool) -> tuple[Array, NDArray[np.int64]]:
    """A wire along a course (N, 3)."""
    if closed:
        along = np.roll(course, -1, axis=0) - np.roll(course, 1, axis=0)
    else:
        along = np.gradient(course, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0.31, 0.87, 0.38])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(along, across)
    turn = np.linspace(0.0, 2 * np.pi, 6, endpoint=False)
    ring = np.cos(turn)[:, None] * across[:, None] + np.sin(turn)[:, None] * up[:, None]
    points = course[:, None] + radius * ring
    return points.reshape(-1, 3), _sleeve(len(course), 6, closed)


def _sleeve(rings: int, sides: int, closed: bool) -> NDArray[np.int64]:
    """Quads between rings of points, each ring counter-clockwise about the way to the next."""
    index = np.arange(rings * sides).reshape(rings, sides)
    here, on = (index, np.roll(index, -1, axis=0)) if closed else (index[:-1], index[1:])
    quads = [here, np.roll(here, -1, axis=1), np.roll(on, -1, axis=1), on]
    return np.stack(quads, axis=-1).reshape(-1, 4)


def _curve(knots: list[Array], count: int) -> Array:
    """A smooth course through knots."""
    points = np.array(knots)
    place = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    course: Array = PchipInterpolator(place, points)(np.linspace(0.0, place[-1], count))
    return course


def _together(parts: list[tuple[Array, NDArray[np.int64]]]) -> tuple[Array, NDArray[np.int64]]:
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    faces = [_moved(f, int(start)) for (_, f), start in zip(parts, starts, strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)


def _moved(faces: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    return np.where(faces < 0, -1, faces + start)
