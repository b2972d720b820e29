"""Drawn to a low chignon from a parting at the side."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Colour
from .courses import Surface, arcs, evenly, joined
from .hairline import Hairline, Line
from .head import Head, angles, directions, unit
from .lashes import Lash
from .sheet import SIZE, Ridges, Room, as_picture, at, fibres, grid, places, ribbons, sheet

LASH: Final = Lash(length=0.17, wing=0.07)
ROUGHNESS: Final = 0.5
LINE: Final = Line(front=35.0, temple=29.0, corner=44.0, sideburn=-3.0, nape=6.0)
FADE_DEG: Final = 0.0
_SEED: Final = 5
_PARTING_DEG: Final = 24.0
_BUN_DEG: Final = -27.0
_BUN_M: Final = 0.039
_COLUMNS: Final = 61
_ROWS: Final = 16
_RIDGES: Final = Ridges(15, _SEED, split=0.3, sway=0.12)
_RIDGE_M: Final = 0.0030
_SIDES: Final = {1.0: Room(0.0, 0.47), -1.0: Room(0.47, 0.94)}
_KNOT: Final = Room(0.94, 1.0)
_LOCKS: Final = 7


def picture(colour: Colour) -> NDArray[np.uint8]:
    """The left side, the right side, the knot; roots below, where they meet above."""
    generator = np.random.default_rng(_SEED)
    u, v = places(SIZE, SIZE)
    streaks = fibres(SIZE, SIZE, generator)
    broad = fibres(SIZE, SIZE // 16, generator).repeat(16, axis=1)
    ridge = _RIDGES.height((u / 0.47) % 1.0, v)
    ridge = np.where(u < _KNOT.left, ridge, np.sin(np.pi * np.clip((u - 0.94) / 0.06, 0, 1)))
    shade = 1.0 + 0.20 * streaks + 0.06 * broad
    shade = shade * (1.0 - 0.45 * (1.0 - ridge) ** 2) * (1.0 - 0.25 * np.exp(-v / 0.05))
    shade = shade * (1.0 - 0.40 * smoothstep(v, 0.86, 1.0) * (u < _KNOT.left))
    # Black hair is made by its gleam, a band where it turns to the light.
    gleam = np.exp(-(((v - 0.36 - 0.03 * streaks) / 0.13) ** 2))
    gleam = np.where(u < _KNOT.left, gleam, np.sin(np.pi * v) ** 2 * 0.9)
    gleam = gleam * (0.35 + 0.65 * ridge) * (0.65 + 0.35 * np.clip(streaks, -1.2, 1.6))
    lit = np.array([0.235, 0.195, 0.175])
    return as_picture(np.array(colour) * shade[..., None] + lit * gleam[..., None])


def surface(head: Head) -> Surface:
    """The hair of a head."""
    hairline = Hairline(head, LINE)
    parts = []
    for side, room in _SIDES.items():
        drawn = _drawn(head, hairline, side)
        u, v = grid(drawn)
        grown = smoothstep(v, 0.0, 0.25) * (1.0 - 0.6 * smoothstep(v, 0.75, 1.0))
        # Both sides meet at the crown and at the nape.
        grown = grown * smoothstep(np.minimum(u, 1.0 - u), 0.0, 0.08)
        raised = head.size * _RIDGE_M * grown * (_RIDGES.height(u, v) - 0.5)
        body = drawn + raised[..., None] * head.normal(drawn)
        parts += [sheet(body, room), _single_locks(head, body, room)]
    return joined([*parts, *_chignon(head)])


def _starts(head: Head, hairline: Hairline, side: float) -> Array:
    """Directions (C, 3) of roots on one side: nape, ear, temple, forehead, parting, crown."""
    ear = head.ear
    around = np.concatenate(
        [
            np.linspace(180.0, ear.back + 2.0, 12),
            np.linspace(ear.back - 4.0, ear.front - 2.0, 5),
            np.linspace(ear.front - 8.0, 46.0, 8),
            np.linspace(42.0, side * _PARTING_DEG, 8),
        ]
    )
    rim = hairline.elevation(around)
    # Over the ear and before it hair is drawn up; what is too short for that is painted.
    beside = (around > 52.0) & (around < ear.back)
    rim = np.where(beside, np.maximum(rim, ear.top + 4.0), rim) + 0.4
    edge = float(rim[-1])
    up = np.linspace(edge + 3.0, 104.0, 14)
    parting = side * _PARTING_DEG + 0.6 / np.cos(np.radians(np.minimum(up, 82.0)))
    beyond = up > 88.0
    azimuth = np.concatenate([around, np.where(beyond, 180.0, parting)])
    elevation = np.concatenate([rim, np.where(beyond, 176.0 - up, up)])
    path = directions(side * azimuth, elevation)
    starts: Array = unit(evenly(path[None], _COLUMNS)[0])
    return starts


def _drawn(head: Head, hairline: Hairline, side: float) -> Array:
    """Courses (C, R, 3) of one side to the knot, ordered to the right as seen from outside."""
    start = _starts(head, hairline, side)
    around, elevation = angles(start)
    around = np.abs(around)
    home = directions(np.array(180.0), np.array(_BUN_DEG))
    way_in = np.linspace(-1.0, 1.0, len(start))
    end = unit(
        home + np.stack([side * 0.13 * (1.0 - way_in**4), 0 * way_in, 0.10 * way_in], axis=1)
    )
    # From the parting hair goes round the temple and over the ear, from the crown straight down.
    ahead = smoothstep(100.0 - around, 0.0, 90.0) * (1.0 - smoothstep(elevation, 20.0, 88.0) ** 1.2)
    over = directions(
        side * np.full(len(start), 84.0), head.ear.top + 13.0 + 0.55 * (elevation + 8)
    )
    share = (ahead * smoothstep(around, head.ear.front + 8.0, head.ear.front - 8.0))[:, None]
    middle = unit((1.0 - share) * unit(start + end) + share * over)
    way = arcs(np.stack([start, middle, end], axis=1), 25)
    azimuth, up = angles(way)
    full = _height(head, azimuth, up)
    t = np.linspace(0.0, 1.0, 25)
    # At the hairline it leaves the skin slowly, at the parting at once.
    inside = smoothstep(elevation - hairline.elevation(angles(start)[0]), 1.0, 10.0)[:, None]
    begin = -0.0008 + (0.10 * full[:, :1] + 0.0008) * inside
    lift = begin + (full - begin) * smoothstep(t, 0.0, 0.34)
    courses: Array = evenly(head.centre + way * (head.radius(way) + lift)[..., None], _ROWS)
    return courses if side > 0.0 else courses[::-1]


def _height(head: Head, azimuth: Array, elevation: Array) -> Array:
    """How high the hair lies over the scalp, in metres: fullest over the temples and the crown."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    soft = np.exp(-(((around - 78.0) / 30.0) ** 2)) * np.exp(-(((elevation - 22.0) / 20.0) ** 2))
    crown = smoothstep(elevation, 15.0, 75.0) * smoothstep(around, 20.0, 130.0)
    height: Array = (
        0.0075 + 0.005 * soft + 0.004 * smoothstep(elevation, 20.0, 80.0) + 0.006 * crown
    )
    return head.size * height


def _single_locks(head: Head, courses: Array, room: Room) -> Surface:
    """Locks that show on top of the others."""
    generator = np.random.default_rng(_SEED)
    points = 9
    middle = 0.30 + 0.62 * (np.arange(_LOCKS) + generator.uniform(0.2, 0.8, _LOCKS)) / _LOCKS
    first, last = generator.uniform(0.04, 0.2, _LOCKS), np.full(_LOCKS, 0.95)
    t = np.linspace(0.0, 1.0, points)
    v = first[:, None] + (last - first)[:, None] * t
    ways = at(courses, np.broadcast_to(middle[:, None], v.shape), v)
    outward = head.normal(ways)
    raised = 0.0032 * np.sin(np.pi * t) ** 0.6 - 0.0014
    ways = ways + head.size * raised[:, None] * outward
    width = head.size * generator.uniform(0.012, 0.018, _LOCKS)[:, None]
    width = width * (0.2 + 0.8 * np.sin(np.pi * np.clip(0.08 + 0.84 * t, 0.0, 1.0)))
    shifted = np.clip(middle + generator.normal(0.0, 0.03, _LOCKS), 0.05, 0.95)
    across = (shifted - 0.035, shifted + 0.035)
    return ribbons(ways, width, 0.15 * width, outward, across, (first, last), room)


def _chignon(head: Head) -> list[Surface]:
    """A ball, and coils wound about it."""
    knot = head.point(np.array(180.0), np.array(_BUN_DEG), 0.006 * head.size)
    size = head.size * _BUN_M
    away = head.normal(knot[None])[0]
    across = np.array([1.0, 0.0, 0.0])
    up = np.cross(away, across)
    axes = np.stack([across, 0.86 * up, 0.74 * away])
    middle = knot + 0.24 * size * away
    polar, turn = np.meshgrid(
        np.radians(np.linspace(112.0, 2.0, 7)), np.linspace(0.0, 2 * np.pi, 17), indexing="ij"
    )
    ball = _on_ball(polar, turn) @ axes
    parts = [sheet((middle + 0.92 * size * ball).transpose(1, 0, 2), _KNOT)]
    turns, points, coils = 1.05, 17, 6
    t = np.linspace(0.0, 1.0, points)
    start = np.linspace(0.0, 2 * np.pi, coils, endpoint=False)[:, None]
    polar = np.broadcast_to(np.radians(106.0 - 100.0 * t), (coils, points))
    outward = _on_ball(polar, start + 2 * np.pi * turns * t) @ axes
    courses = middle + 0.93 * size * outward
    width = size * 0.92 * np.sin(np.pi * np.clip(0.18 + 0.78 * t, 0.0, 1.0)) ** 0.8
    width = np.broadcast_to(width, (coils, points))
    zero, one = np.zeros(coils), np.ones(coils)
    parts.append(ribbons(courses, width, 0.26 * width, outward, (zero, one), (zero, one), _KNOT))
    return parts


def _on_ball(polar: Array, turn: Array) -> Array:
    """Unit vectors (..., 3) at angles from the last axis and about it."""
    return np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=-1
    )
