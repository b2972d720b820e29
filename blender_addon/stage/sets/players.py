"""Seated players: bodies in concert black, heads and hair of many kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

from .hues import Hue
from .shapes import Point, Shape, ball, box, loft, merged, ovals, sheet, tube

# Rows of height, half the width, least and greatest y, and light: metres, a player who sits on a
# chair at the origin and faces −Y.
_TRUNK: Final = np.array(
    [
        (0.44, 0.185, -0.12, 0.17, 0.10),
        (0.58, 0.165, -0.07, 0.17, 0.25),
        (0.80, 0.160, -0.09, 0.12, 0.45),
        (0.97, 0.195, -0.115, 0.11, 0.75),
        (1.05, 0.185, -0.095, 0.105, 1.00),
        (1.09, 0.105, -0.075, 0.08, 1.00),
        (1.12, 0.052, -0.055, 0.055, 0.80),
    ]
)
_HEAD: Final = np.array(
    [
        (1.06, 0.050, -0.055, 0.045, 0.30),
        (1.13, 0.046, -0.062, 0.040, 0.30),
        (1.142, 0.052, -0.100, 0.045, 0.62),
        (1.175, 0.064, -0.108, 0.070, 0.85),
        (1.215, 0.072, -0.108, 0.085, 0.95),
        (1.245, 0.074, -0.100, 0.090, 0.72),
        (1.275, 0.075, -0.106, 0.095, 1.00),
        (1.320, 0.066, -0.080, 0.085, 1.00),
    ]
)
_HAIR: Final[dict[str, Array]] = {
    "short": np.array(
        [
            (1.165, 0.050, 0.030, 0.080, 0.20),
            (1.225, 0.080, 0.005, 0.105, 0.45),
            (1.275, 0.085, -0.040, 0.112, 0.70),
            (1.305, 0.083, -0.098, 0.108, 0.90),
            (1.340, 0.064, -0.080, 0.085, 1.00),
            (1.358, 0.010, -0.010, 0.020, 1.00),
        ]
    ),
    "long": np.array(
        [
            (1.010, 0.090, 0.030, 0.125, 0.25),
            (1.140, 0.097, 0.000, 0.125, 0.45),
            (1.230, 0.093, -0.030, 0.120, 0.70),
            (1.300, 0.087, -0.088, 0.112, 0.90),
            (1.343, 0.066, -0.080, 0.085, 1.00),
            (1.362, 0.010, -0.010, 0.020, 1.00),
        ]
    ),
    "bald": np.array(
        [
            (1.165, 0.050, 0.030, 0.080, 0.20),
            (1.225, 0.080, 0.010, 0.103, 0.45),
            (1.290, 0.081, 0.020, 0.104, 0.70),
        ]
    ),
}
_BALD_TOP: Final = np.array([(1.320, 0.066, -0.080, 0.085, 1.0), (1.345, 0.01, -0.01, 0.02, 1.0)])
# From the waistcoat to the collar: a shirt, or what a dress leaves bare.
_FRONT: Final = np.array(
    [
        [(-0.008, -0.113, 0.86), (0.008, -0.113, 0.86)],
        [(-0.035, -0.134, 0.97), (0.035, -0.134, 0.97)],
        [(-0.048, -0.112, 1.055), (0.048, -0.112, 1.055)],
        [(-0.030, -0.068, 1.105), (0.030, -0.068, 1.105)],
    ]
)
_FRONT_LIGHT: Final = np.array([[0.55], [0.80], [0.90], [0.55]])
_NECK_TURNS_AT: Final = np.array([0.0, 0.0, 1.11])
# How the eye sockets and what the hair shades are darker than a face in the light.
_SOCKET: Final = 0.62

Limb = tuple[Point, Point, Point]
"""Shoulder, elbow, wrist; or hip, knee, ankle."""


@dataclass(frozen=True)
class Person:
    """Who plays.

    Parameters
    ----------
    skin, hair : Hue
        Colours.
    cut : {"short", "long", "bun", "bald"}
        Of the hair.
    shirt : bool
        Whether a white shirt shows under a tailcoat.
    """

    skin: Hue
    hair: Hue
    cut: str
    shirt: bool


def some_people(count: int, rng: np.random.Generator) -> list[Person]:
    """People of many kinds."""
    skins = rng.choice(
        [Hue.FAIR_SKIN, Hue.SKIN, Hue.DEEP_SKIN], count, p=(0.5, 0.34, 0.16)
    ).tolist()
    hairs = rng.choice(
        [Hue.DARK_HAIR, Hue.FAIR_HAIR, Hue.RED_HAIR, Hue.GREY_HAIR],
        count,
        p=(0.42, 0.28, 0.16, 0.14),
    ).tolist()
    shirts = rng.random(count) < 0.45
    cuts = np.where(
        shirts,
        rng.choice(["short", "bald"], count, p=(0.85, 0.15)),
        rng.choice(["long", "bun", "short"], count, p=(0.5, 0.35, 0.15)),
    ).tolist()
    return [
        Person(Hue(skin), Hue.DARK_HAIR if skin == Hue.DEEP_SKIN else Hue(hair), cut, bool(shirt))
        for skin, hair, cut, shirt in zip(skins, hairs, cuts, shirts, strict=True)
    ]


def head(person: Person, turn: Sequence[float] = (0.0, 0.0, 0.0), sides: int = 8) -> Shape:
    """Neck, face and hair.

    Parameters
    ----------
    turn : (3,) sequence
        Nod down, tilt to the left shoulder and turn to the left, radians.
    sides : int
        How round it is, even.
    """
    light = np.repeat(_HEAD[:, 4:], sides, axis=1)
    ahead = np.cos(np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False))
    # The sides of a face lie in shade, and so do the eyes beside the nose.
    light *= 0.72 + 0.28 * np.maximum(ahead, 0.0)
    sockets = (ahead > 0.3) & (ahead < 0.95)
    light[5, sockets] *= _SOCKET
    face = loft(ovals(_HEAD[:, :4], sides), person.skin, light)
    parts = [face, _nose(person.skin)]
    rows = _HAIR["short" if person.cut == "bun" else person.cut]
    parts.append(loft(ovals(rows[:, :4], sides), person.hair, rows[:, 4]))
    if person.cut == "bald":
        parts.append(loft(ovals(_BALD_TOP[:, :4], sides), person.skin, _BALD_TOP[:, 4]))
    if person.cut == "bun":
        parts.append(ball((0.0, 0.125, 1.275), (0.042, 0.04, 0.045), person.hair, (0.4, 1.0), 6))
    nod, tilt, look = turn
    matrix = _about_z(look) @ _about_y(tilt) @ _about_x(nod)
    return merged(parts).mapped(matrix, _NECK_TURNS_AT - matrix @ _NECK_TURNS_AT)


def trunk(person: Person, sides: int = 8) -> Shape:
    """From the seat to the collar, and what shows of a shirt."""
    body = loft(ovals(_TRUNK[:, :4], sides), Hue.CLOTH, _TRUNK[:, 4])
    if person.shirt:
        tie = box((-0.045, -0.085, 1.085), (0.045, -0.065, 1.11), Hue.CLOTH, (0.6, 0.9))
        return merged([body, sheet(_FRONT, Hue.PAPER, _FRONT_LIGHT), tie])
    return merged([body, sheet(_FRONT[1:], person.skin, _FRONT_LIGHT[1:])])


def arms(skin: Hue, left: Limb, right: Limb, *, fine: bool = True) -> Shape:
    """Sleeves and hands, and cuffs if they are seen near by."""
    return merged([part for limb in (left, right) for part in _arm(skin, limb, fine)])


def legs(spread: float, *, fine: bool = True) -> Shape:
    """Thighs on the chair, feet on the floor so far apart, metres; shoes if seen near by."""
    parts = []
    for side in (-1.0, 1.0):
        knee = (0.75 * spread * side, -0.40, 0.50)
        path = ((0.09 * side, 0.06, 0.52), knee, (spread * side, -0.36, 0.06))
        light = (0.3, 0.55, 0.10)
        parts.append(tube(path, (0.085, 0.066, 0.045), Hue.CLOTH, light, 5 if fine else 4))
        if fine:
            shoe = (spread * side, -0.42, 0.035)
            parts.append(ball(shoe, (0.045, 0.12, 0.04), Hue.CLOTH, (0.0, 0.6), 5))
    return merged(parts)


def long_legs() -> Shape:
    """Of one who stands with the seat at the height of `trunk`'s, down to z = −0.40."""
    path = ((0.10, 0.03, 0.50), (0.11, 0.0, 0.04), (0.12, 0.02, -0.38))
    leg = tube(path, (0.095, 0.07, 0.05), Hue.CLOTH, (0.3, 0.4, 0.1))
    return merged([leg, leg.moved((-0.22, 0.0, 0.0))])


def _arm(skin: Hue, limb: Limb, fine: bool) -> list[Shape]:
    shoulder, elbow, wrist = (np.array(joint) for joint in limb)
    ahead = 0.06 * (wrist - elbow) / np.linalg.norm(wrist - elbow)
    path, light = (shoulder, elbow, wrist), (1.0, 0.55, 0.8)
    sleeve = tube(path, (0.062, 0.050, 0.036), Hue.CLOTH, light, 5 if fine else 4)
    if not fine:
        fist = tube((wrist, wrist + ahead, wrist + 1.7 * ahead), (0.03, 0.042, 0.01), skin, 0.9, 4)
        return [sleeve, fist]
    x, y, z = (wrist + ahead).tolist()
    cuff = tube((wrist, wrist + 0.35 * ahead), 0.033, Hue.PAPER, 0.8)
    return [sleeve, cuff, ball((x, y, z), (0.042, 0.042, 0.042), skin, (0.5, 1.0), 5)]


def _nose(skin: Hue) -> Shape:
    grid = np.array(
        [
            [(-0.015, -0.100, 1.200), (0.0, -0.128, 1.206), (0.015, -0.100, 1.200)],
            [(-0.007, -0.100, 1.250), (0.0, -0.104, 1.250), (0.007, -0.100, 1.250)],
        ]
    )
    return sheet(grid, skin, np.array([[0.6, 1.0, 0.75], [0.8, 0.9, 0.8]]), smooth=False)


def _about_x(angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([(1.0, 0.0, 0.0), (0.0, cos, -sin), (0.0, sin, cos)])


def _about_y(angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([(cos, 0.0, sin), (0.0, 1.0, 0.0), (-sin, 0.0, cos)])


def _about_z(angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([(cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)])
