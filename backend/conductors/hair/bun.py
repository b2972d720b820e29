"""Drawn to a low chignon from a parting at the side, a soft strand before each ear."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..parts import Colour
from .brows import Brow
from .cap import Hairline, Line, cap, smooth
from .head import Head, angles, directions, unit
from .lashes import Lash
from .locks import Locks, Surface, arcs, grown, joined, solid, tapered
from .strands import Palette, strands

_TONES: Final = 8
BROW: Final = Brow(thickness=0.12, height=0.65, arch=0.16, count=28)
BROW_SHADE: Final = 1.9
LASH: Final = Lash(upper=0.24, lower=0.09)
ROUGHNESS: Final = 0.45
LINE: Final = Line(front=35.0, temple=28.0, corner=44.0, sideburn=4.0, nape=6.0)
FADE_DEG: Final = 0.0
_SEED: Final = 5
_PARTING_DEG: Final = 26.0
_BUN_DEG: Final = -30.0
_BUN_M: Final = 0.039


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Strands in columns from black to a brown gleam."""
    base = np.array(colour)
    gleam = np.array([0.05, 0.035, 0.025])
    palette = Palette(
        tuple(tuple(base * (0.8 + 0.5 * s) + gleam * s) for s in np.linspace(0.0, 1.0, _TONES)),
        contrast=0.26,
        sheen=0.15,
        roots=0.4,
        edges=0.45,
    )
    return strands(palette, _SEED)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    generator = np.random.default_rng(_SEED)
    hairline = Hairline(head, LINE)
    knot = head.point(np.array(180.0), np.array(_BUN_DEG), 0.008 * head.size)
    parts = [
        cap(
            head,
            hairline,
            lambda a, e: 0.62 * _height(head, a, e),
            lambda a, e: 0.0 * a + 1.2,
            _TONES,
            _SEED,
        )
    ]
    for side in (-1.0, 1.0):
        for starts, width, points, height in (
            (_rim(head, hairline, side, generator), 0.015, 11, 0.85),
            (_parting(hairline, side, generator), 0.021, 13, 1.0),
        ):
            locks = _drawn(head, hairline, starts, side, width, points, height, generator)
            parts.append(solid(locks, _TONES))
    parts.append(_chignon(head, knot, generator))
    parts.append(solid(_wisps(head, hairline, generator), _TONES))
    return joined(parts)


def _rim(head: Head, hairline: Hairline, side: float, generator: np.random.Generator) -> Array:
    """Azimuths and elevations (L, 2) of roots along the hairline from the temple to the nape."""
    ear = head.ear
    azimuth = np.concatenate(
        [
            np.linspace(47.0, ear.front - 3.0, 13),
            np.linspace(ear.back + 2.0, 178.0, 16),
        ]
    )
    azimuth = side * (azimuth + generator.normal(0.0, 0.3, len(azimuth)))
    elevation = hairline.elevation(azimuth) + generator.uniform(-0.5, 1.2, len(azimuth))
    return np.stack([azimuth, elevation], axis=1)


def _parting(hairline: Hairline, side: float, generator: np.random.Generator) -> Array:
    """Azimuths and elevations (L, 2) of roots along the parting to the crown."""
    share = np.linspace(0.0, 1.0, 17)
    edge = float(hairline.elevation(np.array(_PARTING_DEG)))
    elevation = edge + 0.6 + (96.0 - edge) * share
    elevation = elevation + generator.normal(0.0, 0.3, len(share))
    azimuth = np.where(elevation > 88.0, 180.0, _PARTING_DEG)
    elevation = np.where(elevation > 88.0, 176.0 - elevation, elevation)
    return np.stack([azimuth + side * 1.4 / np.cos(np.radians(elevation)), elevation], axis=1)


def _drawn(
    head: Head,
    hairline: Hairline,
    starts: Array,
    side: float,
    width: float,
    points: int,
    height: float,
    generator: np.random.Generator,
) -> Locks:
    """Locks from azimuths and elevations (L, 2) to the knot."""
    count = len(starts)
    start = directions(starts[:, 0], starts[:, 1])
    home = directions(np.array(180.0), np.array(_BUN_DEG))
    end = unit(home + np.array([side * 0.10, 0.0, 0.0]) + generator.normal(0.0, 0.02, (count, 3)))
    azimuth, elevation = np.abs(starts[:, 0]), starts[:, 1]
    # From the parting hair goes round the temple and over the ear, from the crown straight down.
    ahead = smooth(100.0 - azimuth, 0.0, 90.0) * (1.0 - smooth(elevation, 20.0, 88.0) ** 1.2)
    over = directions(side * np.full(count, 84.0), head.ear.top + 12.0 + 0.55 * (elevation + 8.0))
    middle = unit(start + end)
    # Behind the ears it goes straight there.
    share = (ahead * (azimuth < head.ear.front))[:, None]
    middle = unit((1.0 - share) * middle + share * over)
    ways = arcs(np.stack([start, middle, end], axis=1), points)
    around, up = angles(ways)
    full = _height(head, around, up) * height
    # One over the other by turns.
    turns = np.tile([0.90, 1.08], count)[:count]
    full = full * (turns + generator.normal(0.0, 0.02, count))[:, None]
    t = np.linspace(0.0, 1.0, points)
    begin = 0.0006 + 0.4 * full * smooth(up[:, :1] - hairline.elevation(around[:, :1]), 0.0, 9.0)
    lift = begin + (full - begin) * smooth(t, 0.0, 0.3)
    courses: Array = head.centre + ways * (head.radius(ways) + lift)[..., None]
    breadth = tapered(
        points, root=0.12 if height < 1.0 else 0.45, belly=0.4, sharpness=0.25, tip=0.3
    )
    breadth = head.size * width * generator.uniform(0.8, 1.25, count)[:, None] * breadth
    tone = np.round(2.4 + generator.normal(0.0, 0.9, count)).clip(0, _TONES - 1)
    return Locks(
        courses,
        breadth,
        0.17 * breadth,
        tone.astype(np.int64),
        side * 0.06 + generator.normal(0.0, 0.04, count),
        head.normal(courses),
    )


def _height(head: Head, azimuth: Array, elevation: Array) -> Array:
    """How high the hair lies over the scalp, in metres: fullest over the temples and the crown."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    soft = np.exp(-(((around - 75.0) / 30.0) ** 2)) * np.exp(-(((elevation - 18.0) / 20.0) ** 2))
    height: Array = 0.008 + 0.006 * soft + 0.004 * smooth(elevation, 20.0, 80.0)
    return head.size * height


def _chignon(head: Head, knot: Array, generator: np.random.Generator) -> Surface:
    """Coils wound about the knot."""
    size = head.size * _BUN_M
    away = head.normal(knot[None])[0]
    away = away / np.linalg.norm(away)
    across = np.array([1.0, 0.0, 0.0])
    up = np.cross(away, across)
    middle = knot + 0.22 * size * away
    turns, points, coils = 1.15, 17, 7
    t = np.linspace(0.0, 1.0, points)
    start = np.linspace(0.0, 2 * np.pi, coils, endpoint=False)
    angle = start[:, None] + 2 * np.pi * turns * t
    # From the rim over the dome to the middle.
    polar = np.radians(104.0 - 100.0 * t)[None, :]
    radius = size * (1.0 + 0.03 * generator.standard_normal(coils))[:, None]
    outward = (
        np.sin(polar)[..., None]
        * (np.cos(angle)[..., None] * across + np.sin(angle)[..., None] * up * 0.86)
        + 0.72 * np.cos(polar)[..., None] * away
    )
    courses = middle + radius[..., None] * outward
    width = size * 0.80 * tapered(points, root=0.5, belly=0.3, sharpness=0.35)
    width = np.broadcast_to(width, (coils, points))
    tones = np.round(3.0 + generator.normal(0.0, 1.2, coils)).clip(0, _TONES - 1)
    return solid(
        Locks(courses, width, 0.34 * width, tones.astype(np.int64), np.zeros(coils), outward),
        _TONES,
    )


def _wisps(head: Head, hairline: Hairline, generator: np.random.Generator) -> Locks:
    """A strand before each ear, the one opposite the parting longer."""
    azimuth = np.array([-58.0, -60.5, -63.0, 59.0, 62.0])
    length = head.size * np.array([0.135, 0.115, 0.09, 0.10, 0.08])
    elevation = hairline.elevation(azimuth) + 3.0
    roots = head.point(azimuth, elevation)
    side = np.sign(azimuth)

    def flow(at: Array, share: Array) -> Array:
        swing = np.sin(1.1 + 4.6 * share)
        return np.stack(
            [side * (0.55 * swing), -0.25 * np.cos(4.0 * share), -1.0 + 0.0 * share], axis=-1
        )

    def settle(at: Array, share: Array) -> Array:
        out = at - head.centre
        distance = np.linalg.norm(out, axis=1)
        ray = out / distance[:, None]
        surface = head.radius(ray)
        least = surface + 0.002 + 0.009 * head.size * smooth(share, 0.0, 0.35)
        return head.centre + ray * np.maximum(distance, least)[:, None]

    courses = grown(roots, flow, settle, length, 12)
    width = head.size * np.array([0.009, 0.007, 0.005, 0.008, 0.005])[:, None]
    width = width * tapered(12, root=0.5, belly=0.3, sharpness=0.8)
    return Locks(
        courses,
        width,
        0.4 * width,
        np.array([3, 4, 2, 3, 4]),
        generator.normal(0.0, 0.2, 5),
        head.normal(courses),
    )
