"""Combed back with volume, some length at the nape, grey at the temples."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..parts import Colour
from .brows import Brow
from .cap import Hairline, Line, cap, smooth
from .head import Head, angles
from .lashes import Lash
from .locks import Locks, Surface, grown, joined, solid, tapered
from .sowing import along_hairline, over_scalp
from .strands import Palette, strands

_TONES: Final = 8
BROW: Final = Brow(thickness=0.24, height=0.62, arch=0.12, count=30)
BROW_SHADE: Final = 0.85
LASH: Final = Lash(upper=0.13, lower=0.09)
ROUGHNESS: Final = 0.55
LINE: Final = Line(front=37.0, temple=40.0, corner=38.0, sideburn=13.0, nape=4.0)
FADE_DEG: Final = 0.0
_SEED: Final = 7


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Strands in columns from dark to grey."""
    dark = np.array(colour)
    grey = np.array([0.66, 0.65, 0.64])
    shares = np.array([0.0, 0.04, 0.10, 0.18, 0.32, 0.5, 0.68, 0.85])
    palette = Palette(
        tuple(tuple((1 - s) * dark + s * grey) for s in shares), contrast=0.2, sheen=0.05, edges=0.4
    )
    return strands(palette, _SEED)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    generator = np.random.default_rng(_SEED)
    hairline = Hairline(head, LINE)
    volume = _Volume(head, hairline)
    under = cap(
        head,
        hairline,
        volume.under,
        lambda a, e: _tone(a, e) - 0.6,
        _TONES,
        _SEED,
    )
    roots = over_scalp(head, hairline, 142, generator, margin=4.0)
    front = along_hairline(head, hairline, (-62.0, 62.0), 46, generator)
    crest = np.linspace(-36.0, 36.0, 12) + generator.normal(0.0, 1.0, 12)
    second = head.point(crest, hairline.elevation(crest) + 12.0)
    ear = head.ear
    sides = np.concatenate(
        [
            along_hairline(head, hairline, (side * start, side * end), count, generator)
            for side in (-1.0, 1.0)
            for start, end, count in (
                (62.0, ear.front + 5.0, 8),
                (ear.front + 5.0, ear.back, 5),
            )
        ]
    )
    nape = along_hairline(head, hairline, (ear.back, 360.0 - ear.back), 24, generator)
    kinds = [
        (roots, (0.075, 0.110), (0.018, 0.027), 9),
        (second, (0.080, 0.120), (0.018, 0.025), 9),
        (front, (0.080, 0.120), (0.012, 0.020), 9),
        (sides, (0.030, 0.045), (0.009, 0.013), 7),
        (nape, (0.014, 0.022), (0.014, 0.019), 6),
    ]
    parts = [under]
    for place, lengths, widths, points in kinds:
        parts.append(solid(_locks(head, volume, place, lengths, widths, points, generator), _TONES))
    return joined(parts)


def _locks(
    head: Head,
    volume: "_Volume",
    roots: Array,
    lengths: tuple[float, float],
    widths: tuple[float, float],
    points: int,
    generator: np.random.Generator,
) -> Locks:
    count = len(roots)
    layer = generator.uniform(-1.0, 1.0, count)
    phase = generator.uniform(0.0, 2 * np.pi, count)
    sway = generator.uniform(0.1, 0.34, count)
    reach = head.size * generator.uniform(*lengths, count)
    reach = np.minimum(reach, volume.room(roots) * generator.uniform(0.9, 1.15, count))

    def flow(at: Array, share: Array) -> Array:
        along = volume.flow(at)
        across = np.cross(head.normal(at), along)
        return along + across * (sway * np.sin(phase + 4.5 * share))[:, None]

    def settle(at: Array, share: Array) -> Array:
        return volume.settle(at, share, layer)

    courses = grown(roots, flow, settle, reach, points)
    width = head.size * generator.uniform(*widths, count)[:, None] * tapered(points)
    azimuth, elevation = angles(courses[:, points // 3] - head.centre)
    tone = _tone(azimuth, elevation) + generator.normal(0.0, 0.45, count)
    return Locks(
        courses,
        width,
        0.27 * width,
        np.round(tone).clip(0, _TONES - 1).astype(np.int64),
        generator.normal(0.0, 0.16, count),
        head.normal(courses),
    )


def _tone(azimuth: Array, elevation: Array) -> Array:
    """Dark on top, grey at the temples and over the ears."""
    around = np.abs((azimuth + 180.0) % 360.0 - 180.0)
    side = smooth(around, 35.0, 62.0) * (1.0 - 0.75 * smooth(around, 105.0, 150.0))
    low = 1.0 - smooth(elevation, -5.0, 42.0)
    return 1.2 + 5.2 * side * low


def _over_brow(around: Array, elevation: Array) -> Array:
    """1 where hair is combed up from the forehead, 0 away from there."""
    share: Array = np.exp(-((around / 42.0) ** 2)) * np.exp(-(((elevation - 50.0) / 22.0) ** 2))
    return share


class _Volume:
    """How high the hair stands and where it is combed to."""

    def __init__(self, head: Head, hairline: Hairline) -> None:
        self._head, self._hairline = head, hairline

    def height(self, azimuth: Array, elevation: Array) -> Array:
        around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
        high = smooth(elevation, -5.0, 50.0)
        quiff = _over_brow(around, elevation)
        back = smooth(around, 110.0, 160.0) * (1.0 - high)
        return self._head.size * (0.006 + 0.014 * high + 0.011 * quiff + 0.005 * back)

    def under(self, azimuth: Array, elevation: Array) -> Array:
        """Height of the cap: lower over the brow, where locks rise slowly."""
        around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
        share: Array = 0.76 - 0.30 * _over_brow(around, elevation)
        return share * self.height(azimuth, elevation)

    def room(self, at: Array) -> Array:
        """How long, in metres, locks rooted at points (L, 3) may be: not far over the hairline."""
        azimuth, elevation = angles(at - self._head.centre)
        around = np.abs(azimuth)
        foot = self._hairline.elevation(azimuth)
        ear = self._head.ear
        burn = (around < ear.front + 2.0) & (elevation < ear.top + 18.0)
        foot = np.where(burn, ear.top - LINE.sideburn, foot)
        down = np.radians(np.maximum(elevation - foot, 0.0)) * 0.098 * self._head.size
        over_ear = (around >= ear.front + 2.0) & (around < ear.back + 6.0)
        over_ear &= elevation < ear.top + 14.0
        free = (1.0 - smooth(around, 88.0, 108.0)) * ~burn * ~over_ear * self._head.size
        behind_ear = (around >= ear.back + 6.0) & (around < 132.0)
        least = np.select([burn, over_ear, behind_ear], [0.006, 0.020, 0.022], 0.009)
        return down + self._head.size * least + free

    def flow(self, at: Array) -> Array:
        out = at - self._head.centre
        azimuth, elevation = angles(out)
        around = np.abs(azimuth)
        side = np.tanh(out[:, 0] / (0.03 * self._head.size))
        behind = smooth(around, 100.0, 165.0)
        low = 1.0 - smooth(elevation, 0.0, 60.0)
        ear = self._head.ear
        near_ear = smooth(around, 44.0, 60.0)
        near_ear *= 1.0 - smooth(around, ear.back - 4.0, ear.back + 12.0)
        # Before the ears short hair falls; on top it is combed a little over to one side.
        burn = smooth(around, 55.0, 66.0) * (1.0 - smooth(around, 80.0, 88.0))
        burn = burn * (1.0 - smooth(elevation - self._head.ear.top, 0.0, 18.0))
        nape = smooth(around, ear.back - 6.0, ear.back + 8.0)
        nape *= 1.0 - smooth(elevation, -30.0, 5.0)
        x = side * (0.05 * (1.0 - behind) - 0.3 * behind * low) - 0.16 * (1.0 - low)
        y = 1.0 - 0.75 * behind - 0.92 * burn - 0.6 * nape
        z = -(0.05 + 0.42 * low * (1.0 - near_ear) + 1.0 * behind + 0.8 * burn + 1.3 * nape)
        wished = np.stack([x, y, z], axis=-1)
        normal = self._head.normal(at)
        return wished - normal * (wished * normal).sum(axis=1, keepdims=True)

    def settle(self, at: Array, share: Array, layer: Array) -> Array:
        out = at - self._head.centre
        azimuth, elevation = angles(out)
        full = self.height(azimuth, elevation)
        inside = smooth(elevation - self._hairline.elevation(azimuth), -2.0, 12.0)
        root = 0.0005 + 0.35 * full * inside
        height = root + (full * (1.0 + 0.11 * layer) - root) * smooth(share, 0.0, 0.5)
        # Tips lie down on what is under them.
        height = height * (1.0 - 0.24 * smooth(share, 0.65, 1.0))
        ray = out / np.linalg.norm(out, axis=1, keepdims=True)
        # Ends that leave the nape stand off the neck.
        away = 0.0045 * self._head.size * smooth(share, 0.6, 1.0) * smooth(-elevation, 30.0, 50.0)
        return self._head.centre + ray * (self._head.radius(ray) + height + away)[:, None]
