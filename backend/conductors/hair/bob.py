"""Chin-length, parted at the side, swept over the forehead, with soft ends that turn in."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..parts import Colour
from .brows import Brow
from .cap import Hairline, Line, cap, smooth
from .head import Head, angles, directions, unit
from .lashes import Lash
from .locks import Locks, Surface, arcs, eased, evenly, joined, solid, tapered
from .strands import Palette, strands

_TONES: Final = 8
BROW: Final = Brow(thickness=0.15, height=0.65, arch=0.18, count=28)
BROW_SHADE: Final = 0.55
LASH: Final = Lash(upper=0.19, lower=0.09)
ROUGHNESS: Final = 0.55
LINE: Final = Line(front=35.0, temple=30.0, sideburn=2.0, nape=6.0)
FADE_DEG: Final = 0.0
_SEED: Final = 11
_PARTING_DEG: Final = 24.0


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Strands in columns from the grey of the nape to the white of the fringe."""
    shades = np.linspace(0.80, 1.10, _TONES)
    base = np.array(colour)
    palette = Palette(
        tuple(tuple(np.clip(s * base, 0.0, 0.95)) for s in shades),
        contrast=0.20,
        sheen=0.07,
        roots=0.38,
        edges=0.3,
    )
    return strands(palette, _SEED)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    generator = np.random.default_rng(_SEED)
    hairline = Hairline(head, LINE)
    under = cap(
        head,
        hairline,
        lambda a, e: 0.5 * _height(head, a, e),
        lambda a, e: 0.0 * a + 0.2,
        _TONES,
        _SEED,
    )
    parts = [under]
    for layer in _LAYERS:
        for side in (-1.0, 1.0):
            parts.append(solid(_locks(head, hairline, layer, side, generator), _TONES))
    return joined(parts)


@dataclass(frozen=True)
class _Layer:
    """Locks side by side from the face round to the middle of the back.

    Parameters
    ----------
    count : int
        On each side.
    height : float
        How high they lie, as a share of the hair's full height.
    root : float
        Elevation in degrees of their roots; 90 is the parting.
    width : float
        Metres on a middling head.
    points : int
        Of a lock.
    longer : float
        Metres beyond the hair's length.
    first : float
        Azimuth in degrees of the foremost, where it hangs.
    """

    count: int
    height: float
    root: float
    width: float
    points: int
    longer: float
    first: float


_LAYERS: Final = (
    _Layer(12, 0.55, 8.0, 0.028, 8, -0.002, 66.0),
    _Layer(15, 0.80, 42.0, 0.030, 10, 0.003, 61.0),
    _Layer(21, 1.00, 90.0, 0.030, 14, 0.0, 53.0),
)


def _locks(
    head: Head, hairline: Hairline, layer: _Layer, side: float, generator: np.random.Generator
) -> Locks:
    count = layer.count
    share = (np.arange(count) + 0.5 * (layer.root < 90.0)) / (count - 0.5)
    share = np.clip(share + generator.normal(0.0, 0.16 / count, count), 0.0, 1.0)
    rim = side * (layer.first + (181.0 - layer.first) * share**0.92)
    start = _roots(head, hairline, layer, side, share, rim)
    foot = directions(rim, np.full(count, -6.0))
    # The fringe is combed low over the forehead before it falls.
    swept = np.exp(-((share / 0.22) ** 2)) * (layer.root >= 90.0)
    middle = unit(start + foot) + swept[:, None] * [0.0, -0.03, -0.10 if side < 0 else -0.02]
    way = arcs(np.stack([start, unit(middle), foot], axis=1), 13)
    azimuth, elevation = angles(way)
    full = _height(head, azimuth, elevation) * layer.height
    # One over the other by turns.
    turns = np.tile([0.93, 1.06], count)[:count]
    full = full * (turns + generator.normal(0.0, 0.015, count))[:, None]
    inside = smooth(elevation[:, :1] - hairline.elevation(azimuth[:, :1]), 0.0, 10.0)
    begin = 0.001 + 0.45 * full[:, :1] * inside
    height = begin + (full - begin) * smooth(np.linspace(0.0, 1.0, 13), 0.0, 0.45)
    over: Array = head.centre + way * (head.radius(way) + height)[..., None]
    fallen = _fall(head, over[:, -1], layer, generator)
    courses = evenly(eased(evenly(np.concatenate([over, fallen], axis=1), 40), 3.2), layer.points)
    width = tapered(layer.points, root=0.4, belly=0.45, sharpness=0.30, tip=0.22)
    width = head.size * layer.width * generator.uniform(0.8, 1.2, count)[:, None] * width
    tone = 2.6 + 2.2 * (layer.height - 0.55) * 2.0 + 1.6 * np.exp(-((rim / 85.0) ** 2))
    tone = np.round(tone + generator.normal(0.0, 0.45, count)).clip(0, _TONES - 1)
    # Each lies a little over the one behind it.
    tilt = side * 0.10 + generator.normal(0.0, 0.04, count)
    return Locks(courses, width, 0.17 * width, tone.astype(np.int64), tilt, _outward(head, courses))


def _roots(
    head: Head, hairline: Hairline, layer: _Layer, side: float, share: Array, rim: Array
) -> Array:
    """Directions (L, 3) where locks begin: on the parting, or above where they hang."""
    if layer.root < 90.0:
        inside = np.maximum(hairline.elevation(rim) + 4.0, layer.root)
        return directions(rim, inside)
    edge = float(hairline.elevation(np.array(_PARTING_DEG))) + 1.0
    crown = directions(np.array(180.0), np.array(74.0))
    front = directions(np.array(_PARTING_DEG), np.array(edge))
    along = np.clip(share / 0.8, 0.0, 1.0)[:, None]
    parting = unit((1.0 - along) * front + along * crown + 0.35 * along * (1 - along) * [0, 0, 1])
    return unit(parting + side * np.array([0.018, 0.0, 0.0]))


def _fall(head: Head, tops: Array, layer: _Layer, generator: np.random.Generator) -> Array:
    """How locks hang (L, P, 3) from the widest of the head: straight down, then turned in."""
    count = len(tops)
    out = unit((tops - head.centre) * [1.0, 1.0, 0.0])
    azimuth, _ = angles(tops - head.centre)
    chin = head.centre[2] - 0.142 * head.size
    behind = smooth(np.abs(azimuth), 85.0, 180.0)
    foot = chin + head.size * (0.004 + 0.030 * behind - layer.longer)
    foot = foot + head.size * generator.normal(0.0, 0.0035, count)
    t = np.linspace(0.0, 1.0, 12)[1:]
    ahead = 1.0 - smooth(np.abs(azimuth), 52.0, 85.0)
    turned_in = (0.010 + 0.012 * behind[:, None]) * smooth(t, 0.45, 1.15)
    turned_in = turned_in + 0.008 * ahead[:, None] * smooth(t, 0.0, 0.6)
    bulge = 0.004 * np.sin(np.pi * t) - turned_in
    bulge = bulge + generator.normal(0.0, 0.002, count)[:, None] * t
    side = np.stack([-out[:, 1], out[:, 0], 0.0 * out[:, 0]], axis=-1)
    wave = generator.normal(0.0, 0.0025, count)[:, None] * np.sin(np.pi * 1.2 * t)
    down = (tops[:, 2:3] + (foot - tops[:, 2])[:, None] * t)[..., None] * [0.0, 0.0, 1.0]
    flat = tops * [1.0, 1.0, 0.0]
    moved = out[:, None] * bulge[..., None] + side[:, None] * wave[..., None]
    return flat[:, None] + head.size * moved + down


def _outward(head: Head, courses: Array) -> Array:
    """Where backs face (L, N, 3): off the scalp, and level where hair hangs."""
    out = courses - head.centre
    _, elevation = angles(out)
    level = unit(out * [1.0, 1.0, 0.0])
    hanging = (1.0 - smooth(elevation, -25.0, 5.0))[..., None]
    return unit((1.0 - hanging) * head.normal(courses) + hanging * level)


def _height(head: Head, azimuth: Array, elevation: Array) -> Array:
    """How high the hair lies over the scalp, in metres."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    back = smooth(around, 90.0, 150.0) * (1.0 - smooth(elevation, 40.0, 80.0))
    return head.size * (0.0155 + 0.006 * back)
