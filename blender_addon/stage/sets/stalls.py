"""The stalls: rows of folding seats that rise from the stage, and who sits in them."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from .hues import Hue
from .players import Person, some_people
from .shapes import Shape, around, box, loft, merged, ovals, sheet, turned

ROWS: Final = (4.6, 12.3)
"""Radii of the first row and behind the last one, metres from the conductor."""
FLOOR: Final = -1.15
"""Height of the hall's floor before the first row, metres."""
_SLOPE: Final = 0.085
_BETWEEN_ROWS: Final = 0.95
_SEAT: Final = 0.56
# Two aisles lead to the stage, radians from the middle; half as wide, metres.
_AISLES: Final = 0.56
_AISLE_HALF: Final = 0.62
# Share of the seats that are taken.
_TAKEN: Final = 0.80
# Of who sits there: height, half the width, least and greatest y, light.
_BODY: Final = np.array(
    [
        (0.45, 0.20, -0.08, 0.14, 0.10),
        (0.80, 0.19, -0.06, 0.14, 0.40),
        (0.98, 0.205, -0.04, 0.14, 0.80),
        (1.045, 0.17, -0.02, 0.13, 1.00),
        (1.085, 0.055, 0.00, 0.10, 0.60),
    ]
)
_HEAD: Final = np.array(
    [
        (1.07, 0.045, 0.005, 0.095, 0.35),
        (1.125, 0.048, -0.020, 0.100, 0.45),
        (1.150, 0.064, -0.050, 0.115, 0.80),
        (1.215, 0.078, -0.050, 0.145, 0.90),
        (1.275, 0.081, -0.045, 0.150, 1.00),
        (1.330, 0.058, -0.015, 0.115, 1.00),
        (1.350, 0.008, 0.030, 0.060, 1.00),
    ]
)
_LONG_HAIR: Final = np.array(
    [(1.04, 0.085, 0.05, 0.17, 0.4), (1.18, 0.098, 0.0, 0.165, 0.7), (1.31, 0.07, 0.0, 0.13, 1.0)]
)
_DIM_SKIN: Final = {Hue.FAIR_SKIN: Hue.SKIN}
_EARS, _BROW = 1.14, 1.26
_CLOTHES: Final = (Hue.CLOTH, Hue.SHADE, Hue.CARPET, Hue.DARK_WOOD, Hue.METAL)
# Up to here, metres from the conductor, people are rounder.
_NEAR: Final = 5.0
_KINDS: Final = 17


def stalls(half: float) -> Shape:
    """Rows of seats to this angle either side of +Y, radians, four in five of them taken."""
    rng = np.random.default_rng(11)
    rows: list[Array] = []
    for number, radius in enumerate(np.arange(*ROWS, _BETWEEN_ROWS)):
        # Each row looks between the heads of the one before.
        angles = np.arange(-half, half, _SEAT / radius) + 0.5 * _SEAT / radius * (number % 2)
        angles = angles[np.abs(np.abs(angles) - _AISLES) > _AISLE_HALF / radius]
        rows.append(around(radius, angles + np.pi, row_height(radius)))
    places = np.concatenate(rows)
    near = np.hypot(places[:, 0], places[:, 1]) < _NEAR
    taken = rng.random(len(places)) < _TAKEN
    parts = [
        _seat().copies(places[~taken]),
        _backrest().copies(places[taken & near]),
        _backrest(sides=False).copies(places[taken & ~near]),
    ]
    # Nobody sits just so: a little aside, a little turned.
    places[:, :2] += rng.normal(0.0, 0.035, (len(places), 2))
    places[:, 3] += rng.normal(0.0, 0.22, len(places))
    who = rng.integers(0, _KINDS, len(places))
    for number, person in enumerate(some_people(_KINDS, rng)):
        tall, wide, light = rng.uniform(0.93, 1.05), rng.uniform(0.88, 1.08), rng.uniform(0.45, 1.0)
        for fine, which in ((True, near), (False, ~near)):
            listener = _listener(person, _CLOTHES[number % len(_CLOTHES)], fine)
            listener = listener.mapped(np.diag([wide, 1.0, tall])).lit(light)
            parts.append(listener.copies(places[taken & which & (who == number)]))
    return merged(parts)


def hall_floor(radius: float, arc: tuple[float, float]) -> Shape:
    """Carpet from before the first row to a wall."""
    profile = ((radius, row_height(radius)), (ROWS[0], FLOOR), (0.5, FLOOR))
    return turned(profile, 24, Hue.CARPET, (0.30, 0.40, 0.2), arc=arc, inside=True)


def row_height(radius: float) -> float:
    """Of the floor so far from the conductor."""
    return FLOOR + _SLOPE * (radius - ROWS[0])


def _listener(person: Person, clothes: Hue, fine: bool) -> Shape:
    sides, body, head = 6, _BODY, _HEAD
    if not fine:
        sides, body, head = 5, _BODY[[0, 2, 4]], _HEAD[[1, 2, 4, 5, 6]]
    shape = loft(ovals(head[:, :4], sides), person.hair, head[:, 4])
    # Faces of the shape go round from the front, row by row from below: neck, face, brow and hair.
    skin = np.zeros((len(head) - 1, sides), dtype=bool)
    skin[head[:-1, 0] < _EARS] = True
    skin[head[:-1, 0] < _BROW, 0] = skin[head[:-1, 0] < _BROW, -1] = True
    # Lit by what falls from the stage: a fair face would be the brightest thing in the picture.
    shape.hue[skin.ravel()] = _DIM_SKIN.get(person.skin, person.skin)
    parts = [loft(ovals(body[:, :4], sides), clothes, body[:, 4]), shape]
    if fine and person.cut in ("long", "bun"):
        parts.append(loft(ovals(_LONG_HAIR[:, :4], sides), person.hair, _LONG_HAIR[:, 4]))
    return merged(parts)


def _seat() -> Shape:
    cushion = box((-0.225, -0.20, 0.36), (0.225, 0.17, 0.47), Hue.PLUSH, (0.10, 0.60))
    return merged([_backrest(), cushion])


def _backrest(*, sides: bool = True) -> Shape:
    """Upholstered, its upper corners round; the front alone without sides."""
    # Height, half the width, front, light.
    rows = np.array(
        [
            (0.34, 0.225, 0.15, 0.15),
            (0.62, 0.235, 0.15, 0.50),
            (0.86, 0.225, 0.18, 0.85),
            (0.955, 0.14, 0.21, 1.00),
        ]
    )
    z, half, front, light = rows.T
    back = np.full(len(rows), 0.26)
    ring = [(-half, back), (-half, front), (half, front), (half, back)]
    ring = ring if sides else ring[1:3]
    grid = np.stack([np.stack([x, y, z], axis=-1) for x, y in ring], axis=1)
    return sheet(grid, Hue.PLUSH, light[:, None])
