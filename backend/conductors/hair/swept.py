"""Combed back with volume, some length at the nape, grey at the temples."""

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
from .sheet import SIZE, Ridges, as_picture, at, fibres, grid, places, ribbons, sheet

LASH: Final = Lash(length=0.07, wing=0.0)
ROUGHNESS: Final = 0.55
LINE: Final = Line(front=33.0, temple=42.0, corner=38.0, sideburn=13.0, nape=2.0)
FADE_DEG: Final = 0.0
_SEED: Final = 7
_COLUMNS: Final = 77
_ROWS: Final = 20
_RIDGES: Final = Ridges(18, _SEED, split=0.45, sway=0.18)
_RIDGE_M: Final = 0.0048
_LOCKS: Final = 30
_GREY: Final = np.array([0.63, 0.62, 0.605])


def picture(colour: Colour) -> NDArray[np.uint8]:
    """From the left temple over the forehead's hair to the right one, the nape on top."""
    generator = np.random.default_rng(_SEED)
    u, v = places(SIZE, SIZE)
    streaks = fibres(SIZE, SIZE, generator)
    broad = fibres(SIZE, SIZE // 16, generator).repeat(16, axis=1)
    ridge = _RIDGES.height(u, v)
    edge = np.minimum(u, 1.0 - u)
    # Strand by strand: all of them over the ears, here and there one on top.
    grey = smoothstep(edge + 0.030 * streaks + 0.030 * broad, 0.26, 0.03)
    grey = np.clip(0.92 * grey + 0.10 * smoothstep(streaks, 0.8, 2.0), 0.0, 1.0)
    colours = np.array(colour) + grey[..., None] * (_GREY - np.array(colour))
    shade = 1.0 + 0.13 * streaks + 0.06 * broad
    shade = shade * (1.0 - 0.42 * (1.0 - ridge) ** 2 * smoothstep(v, 0.0, 0.15))
    shade = shade * (1.0 - 0.30 * np.exp(-v / 0.05)) * (1.0 - 0.30 * smoothstep(v, 0.82, 1.0))
    gleam = np.exp(-(((v - 0.24 - 0.02 * streaks) / 0.10) ** 2)) * ridge
    gleam = gleam * (0.6 + 0.4 * np.clip(streaks, -1.0, 1.0))
    return as_picture(colours * shade[..., None] + gleam[..., None] * (0.05 + 0.16 * colours))


def root_colours(colour: Colour, azimuth: Array, elevation: Array) -> Array:
    """Colours (N, 3) of hair on the skin at azimuths and elevations in degrees."""
    around = np.abs((azimuth + 180.0) % 360.0 - 180.0)
    grey = smoothstep(around, 42.0, 58.0) * (1.0 - smoothstep(around, 130.0, 160.0))
    grey = 0.8 * grey * (1.0 - smoothstep(elevation, 18.0, 40.0))
    colours: Array = np.array(colour) + grey[:, None] * (0.8 * _GREY - np.array(colour))
    return colours


def surface(head: Head) -> Surface:
    """The hair of a head."""
    courses = _combed(head, Hairline(head, LINE))
    u, v = grid(courses)
    edge = np.minimum(u, 1.0 - u)
    grown = (
        smoothstep(v, 0.0, 0.16)
        * (1.0 - 0.4 * smoothstep(v, 0.85, 1.0))
        * smoothstep(edge, 0.0, 0.06)
    )
    raised = head.size * _RIDGE_M * grown * (_RIDGES.height(u, v) - 0.55)
    body = courses + raised[..., None] * head.normal(courses)
    return joined([sheet(body), _single_locks(head, body)])


def _combed(head: Head, hairline: Hairline) -> Array:
    """Courses (C, R, 3) from the hairline back: left ear, forehead, right ear."""
    ear = head.ear
    u = np.linspace(0.0, 1.0, _COLUMNS)
    side = np.where(u < 0.5, 1.0, -1.0)
    aside = np.abs(2.0 * u - 1.0)
    # Rooted from amid the forehead to the front of the ear, ended from the nape to behind it.
    front = side * np.interp(aside, [0.0, 0.55, 0.8, 1.0], [0.0, 40.0, 56.0, ear.front - 7.0])
    inside = np.interp(aside, [0.0, 0.8, 1.0], [0.5, 0.5, 0.0])
    low = ear.top + np.interp(aside, [0.75, 1.0], [30.0, 1.0])
    inside = inside + 1.2 * _RIDGES.tip(u) * smoothstep(aside, 0.9, 0.7)
    up = np.minimum(hairline.elevation(front) + inside, np.where(aside > 0.75, low, 90.0))
    back = side * (180.0 - aside * (180.0 - ear.back - 7.0))
    nape = hairline.elevation(back) - 4.0 - 4.0 * smoothstep(aside, 1.0, 0.3)
    nape = nape - 0.7 * _RIDGES.tip(u)
    top = 90.0 - (90.0 - ear.top - 7.5) * aside**1.25
    over = directions(side * (96.0 + 14.0 * aside), top)
    # Combed a little over to one side.
    over = unit(over + (0.10 * (1.0 - aside**2))[:, None] * np.array([-1.0, 0.0, 0.0]))
    way = arcs(np.stack([directions(front, up), over, directions(back, nape)], axis=1), 33)
    azimuth, elevation = angles(way)
    full = _height(head, azimuth, elevation) * (0.30 + 0.70 * smoothstep(aside, 1.0, 0.78))[:, None]
    t = np.linspace(0.0, 1.0, 33)
    root = -0.0010 + 0.0 * t
    height = root + (full - root) * smoothstep(t, 0.0, 0.17 + 0.0 * aside[:, None]) ** 0.8
    # The ends lie down, but for a little flick at the nape.
    height = height * (1.0 - 0.55 * smoothstep(t, 0.72, 0.96)) + 0.003 * smoothstep(t, 0.93, 1.0)
    courses: Array = head.centre + way * (head.radius(way) + height)[..., None]
    return evenly(courses, _ROWS)


def _height(head: Head, azimuth: Array, elevation: Array) -> Array:
    """How high the hair stands, in metres: highest where it is combed up from the forehead."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    high = smoothstep(elevation, -5.0, 50.0)
    quiff = np.exp(-((around / 40.0) ** 2)) * np.exp(-(((elevation - 56.0) / 20.0) ** 2))
    back = smoothstep(around, 110.0, 160.0) * (1.0 - high)
    height: Array = head.size * (0.006 + 0.013 * high + 0.012 * quiff + 0.006 * back)
    return height


def _single_locks(head: Head, courses: Array) -> Surface:
    """Locks that part from the others."""
    generator = np.random.default_rng(_SEED)
    points = 9
    middle = (np.arange(_LOCKS) + generator.uniform(0.2, 0.8, _LOCKS)) / _LOCKS
    middle = 0.06 + 0.88 * middle
    first = generator.uniform(0.02, 0.5, _LOCKS)
    last = np.minimum(first + generator.uniform(0.35, 0.5, _LOCKS), 0.985)
    t = np.linspace(0.0, 1.0, points)
    v = first[:, None] + (last - first)[:, None] * t
    drift = generator.normal(0.0, 0.022, _LOCKS)[:, None] * t
    ways = at(courses, np.clip(middle[:, None] + drift, 0.03, 0.97), v)
    outward = head.normal(ways)
    lift = generator.uniform(0.0042, 0.0062, _LOCKS)[:, None]
    raised = lift * np.sin(np.pi * t**0.85) ** 0.6 - 0.0018
    ways = ways + head.size * raised[..., None] * outward
    width = head.size * generator.uniform(0.012, 0.020, _LOCKS)[:, None]
    width = width * (0.2 + 0.8 * np.sin(np.pi * np.clip(0.10 + 0.80 * t, 0.0, 1.0)))
    shifted = np.clip(middle + generator.normal(0.0, 0.015, _LOCKS), 0.03, 0.97)
    spread = 0.5 * generator.uniform(0.018, 0.026, _LOCKS)
    across = (shifted - spread, shifted + spread)
    return ribbons(ways, width, 0.2 * width, outward, across, (first, last))
