"""The players before the conductor, suggested: seated figures with instruments and stands."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .hues import Hue
from .podium import FLOOR_Z, players_stand
from .shapes import Point, Shape, around, ball, box, merged, rod

Clear = Callable[[Array], NDArray[np.bool_]]
"""Which places (N, 3) hide nothing of the conductor."""

# Radius, number of places, half the angle they cover in degrees, height of the floor, instrument.
_ROWS: Final = (
    (2.7, 9, 84.0, 0.0, "strings"),
    (3.8, 12, 82.0, 0.0, "strings"),
    (4.9, 15, 78.0, 0.0, "strings"),
    (6.1, 14, 58.0, 0.25, "wind"),
    (7.3, 13, 50.0, 0.50, "brass"),
)
# Outside of this angle, to the conductor's right, the strings are cellos.
_CELLOS: Final = np.radians(-38.0)
RISERS: Final = ((5.5, 6.7, 0.25), (6.7, 8.3, 0.50))
"""Inner and outer radius and height of the steps that wind and brass sit on."""

_STAND_AHEAD: Final = 0.78


def orchestra(clear: Clear) -> Shape:
    """All players in arcs about the conductor.

    Parameters
    ----------
    clear : callable
        Only players at places that it allows are there.
    """
    rng = np.random.default_rng(5)
    figures = {
        kind: [_player(kind, hair) for hair in (Hue.DARK_HAIR, Hue.FAIR_HAIR, Hue.VARNISH)]
        for kind in ("violin", "cello", "wind", "brass")
    }
    seats: dict[tuple[str, int], list[Array]] = {}
    for radius, count, half, height, instrument in _ROWS:
        angles = np.linspace(-np.radians(half), np.radians(half), count)
        places = around(radius, angles, FLOOR_Z + height)
        places[:, 3] += rng.uniform(-0.12, 0.12, count)
        places[:, :2] += rng.uniform(-0.05, 0.05, (count, 2))
        hair = rng.choice(3, count, p=(0.6, 0.25, 0.15))
        for place, angle, which in zip(places, angles, hair, strict=True):
            strings = "cello" if angle < _CELLOS else "violin"
            kind = strings if instrument == "strings" else instrument
            seats.setdefault((kind, int(which)), []).append(place)
    rows = [
        figures[kind][which].copies(np.array(places)[clear(np.array(places)[:, :3])])
        for (kind, which), places in sorted(seats.items())
    ]
    return merged(rows)


def empty_seats(clear: Clear, rows: int = 3) -> Shape:
    """Chairs and stands in the same arcs, without players."""
    seat = merged([_chair(), _stand()])
    places = np.concatenate(
        [
            around(radius, np.linspace(-np.radians(half), np.radians(half), count), FLOOR_Z)
            for radius, count, half, _, _ in _ROWS[:rows]
        ]
    )
    places[:, 3] += np.random.default_rng(5).uniform(-0.2, 0.2, len(places))
    return seat.copies(places[clear(places[:, :3])])


def _stand() -> Shape:
    return players_stand().moved((0.0, -_STAND_AHEAD, 0.0))


def _chair() -> Shape:
    seat = box((-0.22, -0.20, 0.42), (0.22, 0.22, 0.47), Hue.SHADE, (0.5, 0.9))
    back = box((-0.21, 0.20, 0.55), (0.21, 0.24, 0.88), Hue.SHADE, (0.6, 1.0))
    legs = [
        rod((x, y, 0.0), (x, y, top), (0.014, 0.014), Hue.METAL, 0.5, 4)
        for x in (-0.19, 0.19)
        for y, top in ((-0.17, 0.42), (0.21, 0.86))
    ]
    return merged([seat, back, *legs])


def _player(kind: str, hair: Hue) -> Shape:
    trunk = [
        ball((0.0, 0.04, 0.80), (0.185, 0.125, 0.32), Hue.CLOTH, (0.25, 0.9)),
        ball((0.0, 0.03, 1.02), (0.215, 0.105, 0.10), Hue.CLOTH, (0.6, 1.0)),
        rod((0.0, 0.02, 1.05), (0.0, -0.01, 1.17), (0.05, 0.045), Hue.SKIN, 0.6, 6),
        ball((0.0, -0.03, 1.24), (0.072, 0.088, 0.11), Hue.SKIN, (0.35, 0.9)),
        ball((0.0, 0.01, 1.28), (0.088, 0.098, 0.10), hair, (0.4, 1.0)),
    ]
    legs = [
        part
        for side in (-1.0, 1.0)
        for part in (
            rod(
                (0.09 * side, 0.05, 0.53),
                (0.14 * side, -0.40, 0.52),
                (0.085, 0.065),
                Hue.CLOTH,
                0.55,
            ),
            rod(
                (0.14 * side, -0.40, 0.54),
                (0.15 * side, -0.38, 0.03),
                (0.065, 0.045),
                Hue.CLOTH,
                0.35,
            ),
        )
    ]
    return merged([*trunk, *legs, *_INSTRUMENTS[kind](), _chair(), _stand()])


def _arm(shoulder: Point, elbow: Point, wrist: Point) -> list[Shape]:
    return [
        rod(shoulder, elbow, (0.055, 0.045), Hue.CLOTH, 0.8),
        rod(elbow, wrist, (0.045, 0.035), Hue.CLOTH, 0.75),
        ball(wrist, (0.045, 0.045, 0.045), Hue.SKIN, (0.6, 1.0), 5),
    ]


def _violin() -> list[Shape]:
    return [
        *_arm((0.20, 0.02, 1.03), (0.30, -0.16, 0.86), (0.20, -0.45, 1.06)),
        *_arm((-0.20, 0.02, 1.03), (-0.36, -0.12, 0.84), (-0.16, -0.36, 1.00)),
        ball((0.11, -0.24, 1.09), (0.085, 0.18, 0.03), Hue.VARNISH, (0.5, 1.0), 7),
        rod((-0.32, -0.42, 0.95), (0.34, -0.26, 1.16), (0.008, 0.006), Hue.METAL, 1.0, 3),
    ]


def _cello() -> list[Shape]:
    return [
        *_arm((0.20, 0.02, 1.03), (0.36, -0.16, 0.92), (0.10, -0.22, 1.10)),
        *_arm((-0.20, 0.02, 1.03), (-0.36, -0.22, 0.80), (-0.22, -0.50, 0.62)),
        ball((0.0, -0.34, 0.52), (0.20, 0.10, 0.36), Hue.VARNISH, (0.3, 1.0)),
        rod((0.0, -0.34, 0.80), (0.07, -0.12, 1.30), (0.025, 0.02), Hue.DARK_WOOD, 0.8, 4),
        rod((-0.34, -0.52, 0.62), (0.26, -0.44, 0.70), (0.009, 0.007), Hue.METAL, 1.0, 3),
    ]


def _wind() -> list[Shape]:
    return [
        *_arm((0.20, 0.02, 1.03), (0.27, -0.12, 0.80), (0.03, -0.30, 0.92)),
        *_arm((-0.20, 0.02, 1.03), (-0.27, -0.14, 0.76), (-0.03, -0.36, 0.80)),
        rod((0.0, -0.12, 1.17), (0.0, -0.46, 0.68), (0.016, 0.03), Hue.METAL, 0.9),
    ]


def _brass() -> list[Shape]:
    return [
        *_arm((0.20, 0.02, 1.03), (0.31, -0.14, 0.88), (0.06, -0.30, 1.10)),
        *_arm((-0.20, 0.02, 1.03), (-0.31, -0.14, 0.88), (-0.04, -0.26, 1.10)),
        rod((0.0, -0.13, 1.18), (0.0, -0.56, 1.08), (0.018, 0.018), Hue.BRASS, 0.8),
        rod((0.0, -0.50, 1.095), (0.0, -0.68, 1.05), (0.02, 0.085), Hue.BRASS, 1.0, 8),
    ]


_INSTRUMENTS: Final = {"violin": _violin, "cello": _cello, "wind": _wind, "brass": _brass}
