"""Instruments, suggested, and how they are held: by a player at the origin who faces −Y."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from retarget.rotation import Array, normalize

from .hues import Hue
from .players import Limb
from .shapes import Shape, ball, box, loft, merged, rod, sheet, tube, turned


@dataclass(frozen=True)
class Playing:
    """An instrument and who holds it.

    Parameters
    ----------
    instrument : Shape
        With bow or sticks.
    left, right : (3, 3) tuple
        Shoulder, elbow and wrist of either arm.
    turn : (3,) tuple
        The head's; see `players.head`.
    feet : float
        How far the feet are from the middle, metres.
    """

    instrument: Shape
    left: Limb
    right: Limb
    turn: tuple[float, float, float] = (0.10, 0.0, 0.0)
    feet: float = 0.15


_LEFT: Final = (0.175, 0.01, 1.02)
_RIGHT: Final = (-0.175, 0.01, 1.02)


# Share of a fiddle's length from its tail, and of its width.
_OUTLINE: Final = np.array(
    [
        *((0.0, 0.42), (0.06, 0.78), (0.18, 0.99), (0.32, 0.92), (0.44, 0.62), (0.56, 0.58)),
        *((0.68, 0.72), (0.82, 0.80), (0.94, 0.60), (1.0, 0.22)),
    ]
)


def _violin(length: float = 0.36) -> Playing:
    tail, along = np.array([0.08, -0.11, 1.10]), normalize(np.array([0.42, -0.90, 0.04]))
    up = np.array([-0.12, 0.0, 1.0])
    at = tail + 0.62 * length * along + 0.05 * up
    bow = _bow(at, normalize(np.array([-0.85, -0.42, -0.30])), 0.42)
    hand = tail + 0.486 * along - np.array([0.0, 0.0, 0.05])
    frog = at + 0.40 * normalize(np.array([-0.85, -0.42, -0.30]))
    return Playing(
        merged([_fiddle(tail, along, up, length, 0.58 * length), bow]),
        (_LEFT, (0.27, -0.22, 0.82), _point(hand)),
        (_RIGHT, (-0.33, -0.16, 0.88), _point(frog + np.array([0.0, 0.03, 0.01]))),
        (0.12, 0.22, 0.30),
    )


def _viola() -> Playing:
    return _violin(0.42)


def _cello() -> Playing:
    tail, along = np.array([0.0, -0.47, 0.20]), normalize(np.array([0.05, 0.34, 1.0]))
    front = np.array([0.0, -1.0, 0.3])
    at = tail + 0.32 * along + 0.13 * front
    way = np.array([-1.0, 0.0, -0.10])
    return Playing(
        merged(
            [
                _fiddle(tail, along, front, 0.75, 0.44),
                _bow(at, way, 0.40),
                rod(_point(tail), (0.0, -0.55, 0.0), (0.008, 0.006), Hue.METAL, 0.8, 3),
            ]
        ),
        (_LEFT, (0.36, -0.14, 0.92), (0.11, -0.17, 1.08)),
        (_RIGHT, (-0.38, -0.18, 0.80), _point(at + 0.38 * way + np.array([0.0, 0.04, 0.02]))),
        (0.18, -0.10, -0.25),
        0.26,
    )


def _bass() -> Playing:
    """Held by one who stands; the floor is at z = −0.40."""
    tail, along = np.array([0.10, -0.34, -0.25]), normalize(np.array([0.06, 0.10, 1.0]))
    front = np.array([-0.15, -1.0, 0.05])
    at = tail + 0.70 * along + 0.20 * front
    way = np.array([-1.0, -0.05, -0.12])
    return Playing(
        merged([_fiddle(tail, along, front, 1.08, 0.64), _bow(at, way, 0.34)]),
        (_LEFT, (0.36, -0.12, 1.02), (0.20, -0.20, 1.20)),
        (_RIGHT, (-0.34, -0.20, 0.76), _point(at + 0.32 * way + np.array([0.0, 0.04, 0.03]))),
        (0.18, -0.10, -0.25),
    )


def _flute() -> Playing:
    pipe = tube(((0.06, -0.135, 1.165), (-0.56, -0.19, 1.12)), 0.012, Hue.PIPES, 1.0, 5)
    return Playing(
        pipe,
        (_LEFT, (0.26, -0.22, 0.92), (-0.02, -0.22, 1.10)),
        (_RIGHT, (-0.38, -0.10, 0.92), (-0.32, -0.20, 1.08)),
        (0.05, -0.15, 0.35),
    )


def _reed(hue: Hue, bell: float, length: float) -> Playing:
    mouth = np.array([0.0, -0.125, 1.165])
    end = np.array([0.0, -0.14 - 0.55 * length, 1.165 - 0.80 * length])

    def along(share: float) -> Array:
        return mouth + share * (end - mouth)

    pipe = tube((mouth, along(0.85), end), (0.010, 0.014, bell), hue, 0.9, 6)
    rings = [tube((along(k), along(k + 0.02)), 0.018, Hue.PIPES) for k in (0.30, 0.55)]
    return Playing(
        merged([pipe, *rings]),
        (_LEFT, (0.28, -0.12, 0.84), _point(along(0.38) + np.array([0.03, 0.02, 0.0]))),
        (_RIGHT, (-0.28, -0.12, 0.78), _point(along(0.65) + np.array([-0.03, 0.02, 0.0]))),
    )


def _clarinet() -> Playing:
    return _reed(Hue.CLOTH, 0.036, 0.60)


def _oboe() -> Playing:
    return _reed(Hue.DARK_WOOD, 0.022, 0.56)


def _bassoon() -> Playing:
    joint = tube(((-0.22, -0.10, 0.50), (0.16, -0.34, 1.56)), (0.038, 0.028), Hue.RED_HAIR, 0.9, 6)
    ring = tube(((0.153, -0.335, 1.54), (0.163, -0.342, 1.57)), 0.034, Hue.PAPER, 0.9, 6)
    bocal = tube(((0.0, -0.13, 1.165), (0.02, -0.26, 1.17)), 0.006, Hue.PIPES, 1.0, 3)
    return Playing(
        merged([joint, ring, bocal]),
        (_LEFT, (0.30, -0.18, 0.92), (0.07, -0.29, 1.16)),
        (_RIGHT, (-0.34, -0.10, 0.76), (-0.13, -0.20, 0.82)),
    )


def _horn() -> Playing:
    angle = np.linspace(0.0, 2.0 * np.pi, 11)
    middle = np.array([-0.10, -0.28, 0.92])
    coil = middle + 0.15 * np.column_stack([np.cos(angle), 0.3 * np.cos(angle), np.sin(angle)])
    bell = tube(
        (
            middle + np.array([0.02, -0.02, -0.13]),
            middle + np.array([-0.12, 0.02, -0.14]),
            middle + np.array([-0.27, 0.10, -0.10]),
        ),
        (0.02, 0.045, 0.155),
        Hue.BRASS,
        (0.5, 0.8, 1.0),
        9,
    )
    lead = tube(
        ((0.0, -0.13, 1.17), middle + np.array([0.10, 0.0, 0.12])), 0.010, Hue.BRASS, 1.0, 4
    )
    inner = tube(middle + 0.62 * (coil - middle), 0.012, Hue.BRASS, 0.75, 4)
    return Playing(
        merged([tube(coil, 0.016, Hue.BRASS, 0.95, 5), inner, bell, lead]),
        (_LEFT, (0.30, -0.16, 0.84), (0.04, -0.33, 0.98)),
        (_RIGHT, (-0.34, 0.06, 0.80), (-0.33, -0.20, 0.84)),
    )


def _trumpet() -> Playing:
    mouth, end = np.array([0.0, -0.135, 1.17]), np.array([0.0, -0.62, 1.10])
    path = (mouth, mouth + 0.75 * (end - mouth), end)
    pipe = tube(path, (0.010, 0.014, 0.07), Hue.BRASS, (0.7, 0.8, 1.0), 9)
    loop = box((-0.03, -0.46, 1.06), (-0.005, -0.26, 1.135), Hue.BRASS, (0.5, 0.95))
    return Playing(
        merged([pipe, loop]),
        (_LEFT, (0.31, -0.16, 0.90), (0.04, -0.33, 1.09)),
        (_RIGHT, (-0.31, -0.16, 0.90), (-0.05, -0.36, 1.10)),
        (0.02, 0.0, 0.0),
    )


def _trombone() -> Playing:
    mouth, end = np.array([-0.02, -0.135, 1.165]), np.array([-0.06, -0.95, 0.98])
    slide = [
        tube((mouth + by, end + by), 0.009, Hue.BRASS, 0.9, 4)
        for by in (np.zeros(3), np.array([-0.06, 0.0, -0.05]))
    ]
    bell = tube(
        ((0.10, 0.20, 1.22), (0.10, -0.28, 1.16), (0.10, -0.42, 1.145)),
        (0.014, 0.03, 0.105),
        Hue.BRASS,
        (0.6, 0.8, 1.0),
        9,
    )
    return Playing(
        merged([*slide, bell]),
        (_LEFT, (0.32, -0.12, 0.92), (0.05, -0.22, 1.12)),
        (_RIGHT, (-0.30, -0.28, 0.92), (-0.08, -0.52, 1.06)),
        (0.02, 0.0, 0.0),
    )


def _tuba() -> Playing:
    body = turned(
        ((0.05, 0.50), (0.10, 0.60), (0.11, 0.85), (0.09, 1.08), (0.12, 1.24), (0.24, 1.40)),
        10,
        Hue.BRASS,
        (0.3, 0.5, 0.8, 0.8, 0.9, 1.0),
    ).moved((0.13, -0.24, 0.0))
    return Playing(
        body,
        (_LEFT, (0.36, -0.14, 0.84), (0.24, -0.32, 0.86)),
        (_RIGHT, (-0.30, -0.16, 0.84), (0.0, -0.36, 0.84)),
    )


def _drums() -> Playing:
    """Four timpani round one who stands; the floor is at z = −0.40."""
    profile = ((0.05, -0.36), (0.22, -0.20), (0.33, 0.10), (0.35, 0.38), (0.36, 0.42))
    places = np.array([(-0.86, -0.22), (-0.36, -0.66), (0.36, -0.66), (0.86, -0.22)])
    bowls = turned(profile, 14, Hue.COPPER, (0.15, 0.4, 0.7, 1.0, 0.8))
    skin = turned(((0.36, 0.42), (0.001, 0.422)), 14, Hue.PAPER, (0.75, 0.95))
    rims = turned(((0.37, 0.40), (0.37, 0.43)), 14, Hue.PIPES, 0.9)
    kettles = merged([bowls, skin, rims]).copies(
        np.column_stack([places, np.zeros(4), np.zeros(4)])
    )
    sticks = []
    for side in (-1.0, 1.0):
        hand, tip = (0.20 * side, -0.30, 0.66), (0.34 * side, -0.62, 0.62)
        sticks.append(rod(hand, tip, (0.009, 0.009), Hue.FAIR_HAIR, 1.0, 3))
        sticks.append(ball(tip, (0.035, 0.035, 0.03), Hue.PAPER, (0.6, 1.0), 5))
    return Playing(
        merged([kettles, *sticks]),
        (_LEFT, (0.30, -0.06, 0.76), (0.20, -0.27, 0.68)),
        (_RIGHT, (-0.30, -0.06, 0.76), (-0.20, -0.27, 0.68)),
    )


def _bass_drum() -> Playing:
    """Beside one who stands; the floor is at z = −0.40."""
    hoop = np.array([(0.46, -0.17), (0.47, -0.16), (0.47, 0.16), (0.46, 0.17), (0.001, 0.17)])
    drum = turned(hoop, 18, Hue.VARNISH, (0.6, 0.9, 0.9, 0.7, 0.9))
    face = turned(((0.001, -0.172), (0.46, -0.172)), 18, Hue.PAPER, (0.95, 0.8))
    on_edge = np.array([(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)])
    shape = merged([drum, face]).mapped(on_edge, (-0.52, -0.38, 0.42))
    feet = box((-0.80, -0.52, -0.40), (-0.24, -0.24, -0.02), Hue.SHADE, (0.1, 0.4))
    return Playing(
        merged([shape, feet]),
        (_LEFT, (0.27, -0.08, 0.76), (0.04, -0.30, 0.72)),
        (_RIGHT, (-0.32, -0.06, 0.78), (-0.30, -0.30, 0.82)),
    )


def _harp() -> Playing:
    """A frame of gilt wood and its strings, to the right of the player's left knee."""
    column = tube(
        ((0.10, -0.86, 0.05), (0.10, -0.86, 1.68)), (0.05, 0.045), Hue.GILT, (0.5, 1.0), 6
    )
    neck = tube(
        ((0.10, -0.86, 1.70), (0.10, -0.66, 1.66), (0.10, -0.40, 1.50), (0.10, -0.16, 1.44)),
        (0.05, 0.05, 0.045, 0.05),
        Hue.GILT,
        0.95,
        5,
    )
    board = tube(
        ((0.10, -0.78, 0.12), (0.10, -0.14, 1.42)), (0.14, 0.05), Hue.VARNISH, (0.4, 1.0), 5
    )
    strings = [
        rod(
            (0.10, -0.78 + 0.62 * k, 0.16 + 1.24 * k),
            (0.10, -0.84 + 0.64 * k, 1.66 - 0.25 * k),
            (0.003, 0.003),
            Hue.PAPER,
            0.8,
            3,
        )
        for k in np.linspace(0.05, 0.9, 9).tolist()
    ]
    foot = box((-0.02, -0.95, 0.0), (0.22, -0.70, 0.07), Hue.GILT, (0.2, 0.7))
    return Playing(
        merged([column, neck, board, foot, *strings]),
        (_LEFT, (0.38, -0.16, 0.90), (0.16, -0.48, 1.06)),
        (_RIGHT, (-0.26, -0.22, 0.90), (0.03, -0.46, 1.00)),
        (0.10, 0.0, 0.2),
        0.24,
    )


INSTRUMENTS: Final[dict[str, Callable[[], Playing]]] = {
    "violin": _violin,
    "viola": _viola,
    "cello": _cello,
    "bass": _bass,
    "flute": _flute,
    "oboe": _oboe,
    "clarinet": _clarinet,
    "bassoon": _bassoon,
    "horn": _horn,
    "trumpet": _trumpet,
    "trombone": _trombone,
    "tuba": _tuba,
    "timpani": _drums,
    "bass drum": _bass_drum,
    "harp": _harp,
}
STANDING: Final = ("bass", "timpani", "bass drum")
"""Whose players stand."""


def _fiddle(tail: Array, along: Array, up: ArrayLike, length: float, width: float) -> Shape:
    """A body of this length and width from its tail, neck, fingerboard and tailpiece upwards."""
    front = np.asarray(up, dtype=np.float64)
    front = normalize(front - (front @ along) * along)
    across = np.cross(along, front)
    deep = (0.10 if length < 0.5 else 0.16) * width
    middle = tail + length * _OUTLINE[:, :1] * along
    side = 0.5 * width * _OUTLINE[:, 1:] * across
    low, high = middle - deep * front, middle + deep * front
    ring = np.stack([low - side, low + side, high + side, high - side], axis=1)
    light = np.array([[0.30, 0.30, 1.0, 1.0]]) * (0.75 + 0.25 * _OUTLINE[:, 1:])
    parts = [loft(ring, Hue.VARNISH, light, smooth=False)]

    def point(share: float, height: float, aside: float = 0.0) -> Array:
        return tail + length * share * along + height * front + aside * across

    neck = (point(0.94, 0.8 * deep), point(1.42, 0.5 * deep), point(1.52, 0.1 * deep))
    parts.append(tube(neck, (0.07 * width, 0.055 * width, 0.09 * width), Hue.VARNISH, 0.7, 4))
    board = (point(0.62, 1.5 * deep), point(1.40, 1.2 * deep))
    parts.append(tube(board, (0.05 * width, 0.04 * width), Hue.SHADE, 0.6, 4))
    piece = (point(0.06, 1.15 * deep), point(0.30, 1.35 * deep))
    parts.append(tube(piece, (0.03 * width, 0.065 * width), Hue.SHADE, 0.6, 4))
    if length > 0.5:
        # The holes beside the bridge; on a violin nobody sees them.
        for sign in (-1.0, 1.0):
            hole = [
                [point(k, 1.04 * deep, sign * width * (at + half)) for half in (-0.014, 0.014)]
                for k, at in ((0.32, 0.19), (0.40, 0.17), (0.47, 0.13))
            ]
            parts.append(sheet(np.array(hole), Hue.SHADE, 0.1))
    return merged(parts)


def _bow(at: Array, way: Array, reach: float) -> Shape:
    """A bow whose frog is `reach` from the string in this direction, 0.74 m to its tip."""
    frog, tip = at + reach * way, at - (0.74 - reach) * way
    lift = np.array([0.0, 0.0, 0.035])
    stick = rod(_point(frog + lift), _point(tip + 0.6 * lift), (0.008, 0.006), Hue.RED_HAIR, 1.0, 3)
    hair = rod(_point(frog), _point(tip), (0.005, 0.005), Hue.PAPER, 0.9, 3)
    return merged([stick, hair])


def _point(where: Array) -> tuple[float, float, float]:
    return float(where[0]), float(where[1]), float(where[2])
