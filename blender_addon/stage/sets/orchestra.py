"""The orchestra before the conductor: who sits where, with which instrument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .hues import Hue
from .instruments import INSTRUMENTS, STANDING
from .players import arms, head, legs, long_legs, some_people, trunk
from .podium import FLOOR_Z, players_stand
from .shapes import Shape, around, box, merged, rod

Clear = Callable[[Array], NDArray[np.bool_]]
"""Which places (N, 3) hide nothing of the conductor."""


@dataclass(frozen=True)
class Section:
    """Players of an instrument in an arc.

    Parameters
    ----------
    radius : float
        Metres from the conductor.
    span : (float, float)
        Degrees from straight ahead, positive to the conductor's left, of the first and last place.
    count : int
        How many places: desks of two strings, or single players.
    step : int
        Which step they sit on, 0 being the floor.
    """

    instrument: str
    radius: float
    span: tuple[float, float]
    count: int
    step: int = 0


# As American orchestras sit: violins from the left, cellos and basses to the right.
SECTIONS: Final = (
    Section("violin", 2.75, (82.0, 14.0), 3),
    Section("viola", 2.75, (-17.0, -17.0), 1),
    Section("cello", 2.75, (-49.0, -82.0), 2),
    Section("violin", 3.95, (84.0, 3.0), 5),
    Section("viola", 3.95, (-17.0, -37.0), 2),
    Section("cello", 3.95, (-58.0, -80.0), 2),
    Section("violin", 5.1, (76.0, 12.0), 5),
    Section("viola", 5.1, (-5.0, -37.0), 3),
    Section("cello", 5.1, (-53.0, -69.0), 2),
    Section("flute", 6.3, (22.0, 2.0), 3, 1),
    Section("oboe", 6.3, (-7.0, -21.0), 3, 1),
    Section("harp", 6.5, (56.0, 56.0), 1),
    Section("horn", 6.3, (44.0, 30.0), 3, 1),
    Section("bass", 6.5, (-47.0, -74.0), 4),
    Section("clarinet", 7.5, (17.0, 2.0), 3, 2),
    Section("bassoon", 7.5, (-6.0, -19.0), 3, 2),
    Section("horn", 7.5, (38.0, 25.0), 3, 2),
    Section("trumpet", 7.5, (-26.0, -39.0), 3, 2),
    Section("timpani", 8.75, (4.0, 4.0), 1, 3),
    Section("bass drum", 8.75, (22.0, 22.0), 1, 3),
    Section("trombone", 8.75, (-14.0, -27.0), 3, 3),
    Section("tuba", 8.75, (-34.0, -34.0), 1, 3),
)
ROWS_OF_STRINGS: Final = (2.75, 3.95, 5.1)
"""Radii at which they sit on the floor."""
STEPS: Final = ((5.75, 6.95, 0.24), (6.95, 8.15, 0.48), (8.15, 9.6, 0.76))
"""Inner and outer radius and height of the steps that wind, brass and drums stand on."""
_STRINGS: Final = ("violin", "viola", "cello")
# Of those who share a desk.
_APART: Final = 0.68
_STAND_AHEAD: Final = 0.80
# Standing players' trunks are those of seated ones, so much higher.
_STANDING: Final = 0.40
# Up to here, metres from the conductor, players are built in all detail.
_NEAR: Final = 3.5
# From here on they are simplest.
_FAR: Final = 5.0


def orchestra(clear: Clear) -> Shape:
    """All players in arcs about the conductor.

    Parameters
    ----------
    clear : callable
        Only players at places that it allows are there.
    """
    rng = np.random.default_rng(5)
    playing = {kind: make() for kind, make in INSTRUMENTS.items()}
    stand, chairs = _stand(), {True: _chair(), False: _seat_and_back()}
    parts: list[Shape] = []
    for section, places, stands in seating():
        kind, held = section.instrument, playing[section.instrument]
        people = some_people(len(places), rng)
        fine = section.radius < _NEAR
        sides = 8 if fine else 6 if section.radius < _FAR else 5
        turns = rng.normal(0.0, (0.07, 0.04, 0.10), (len(places), 3))
        for place, person, turn in zip(places, people, turns, strict=True):
            if not clear(place[None, :3])[0]:
                continue
            body = merged(
                [
                    head(person, held.turn + turn, sides),
                    trunk(person, sides),
                    arms(person.skin, held.left, held.right, fine=fine),
                    long_legs() if kind in STANDING else legs(held.feet, fine=fine),
                    held.instrument,
                ]
            )
            lift = _STANDING if kind in STANDING else 0.0
            parts.append(body.moved((0.0, 0.0, lift)).copies(place))
            if kind not in STANDING:
                parts.append(chairs[fine].copies(place))
        parts.append(stand.copies(stands[clear(stands[:, :3])]))
    return merged(parts)


def empty_seats(clear: Clear) -> Shape:
    """Chairs and stands of the strings, without players."""
    strings = [rows for rows in seating() if rows[0].instrument in _STRINGS]
    seats = np.concatenate([places for _, places, _ in strings])
    stands = np.concatenate([places for _, _, places in strings])
    return merged(
        [
            _chair().copies(seats[clear(seats[:, :3])]),
            _stand().copies(stands[clear(stands[:, :3])]),
        ]
    )


def seating() -> list[tuple[Section, Array, Array]]:
    """Every section with where its players sit and its stands are, (N, 4) each, as in `around`."""
    rng = np.random.default_rng(5)
    return [(section, *_places(section, rng)) for section in SECTIONS]


def _places(section: Section, rng: np.random.Generator) -> tuple[Array, Array]:
    angles = np.radians(np.linspace(*section.span, section.count))
    height = FLOOR_Z + (STEPS[section.step - 1][2] if section.step else 0.0)
    stands = around(section.radius, angles, height)
    stands[:, 3] += rng.uniform(-0.10, 0.10, len(stands))
    if section.instrument not in _STRINGS:
        return stands, stands[:0] if section.instrument in STANDING else stands
    seats = np.repeat(stands, 2, axis=0)
    side = np.tile([-0.5, 0.5], len(stands)) * _APART
    seats[:, 0] += side * np.cos(seats[:, 3])
    seats[:, 1] += side * np.sin(seats[:, 3])
    # Both look at the stand between them.
    seats[:, 3] -= 0.30 * side + rng.uniform(-0.08, 0.08, len(seats))
    seats[:, :2] += rng.uniform(-0.04, 0.04, (len(seats), 2))
    return seats, stands


def _stand() -> Shape:
    return players_stand().moved((0.0, -_STAND_AHEAD, 0.0))


def _chair() -> Shape:
    legs = [
        rod((x, y, 0.0), (x, y, top), (0.013, 0.013), Hue.METAL, 0.4, 3)
        for x in (-0.19, 0.19)
        for y, top in ((-0.17, 0.42), (0.21, 0.86))
    ]
    return merged([_seat_and_back(), *legs])


def _seat_and_back() -> Shape:
    seat = box((-0.22, -0.20, 0.42), (0.22, 0.22, 0.46), Hue.SHADE, (0.2, 0.5))
    back = box((-0.20, 0.20, 0.60), (0.20, 0.23, 0.88), Hue.SHADE, (0.3, 0.7))
    return merged([seat, back])
