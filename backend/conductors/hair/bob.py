"""Chin-length, parted at the side, swept over the forehead, with soft ends that turn in."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..parts import Colour
from .brows import Brow
from .cap import Hairline, Line, cap, smooth
from .head import Head, angles
from .lashes import Lash
from .locks import Locks, Surface, cut, grown, joined, solid, tapered
from .sowing import along_hairline, over_scalp
from .strands import Palette, strands

_TONES: Final = 8
BROW: Final = Brow(thickness=0.15, height=0.72, arch=0.18, count=30)
BROW_SHADE: Final = 0.55
LASH: Final = Lash(upper=0.19, lower=0.09)
_SEED: Final = 11
_PARTING_DEG: Final = 24.0
_STEPS: Final = 31


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Strands in columns from the grey of the nape to the white of the fringe."""
    shades = np.linspace(0.74, 1.12, _TONES)
    base = np.array(colour)
    palette = Palette(
        tuple(tuple(np.clip(s * base, 0.0, 0.95)) for s in shades),
        contrast=0.13,
        sheen=0.10,
        roots=0.38,
        edges=0.4,
    )
    return strands(palette, _SEED)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    generator = np.random.default_rng(_SEED)
    hairline = Hairline(head, Line(front=36.0, temple=36.0, sideburn=2.0, nape=6.0))
    shape = _Shape(head, hairline)
    under = cap(
        head,
        hairline,
        lambda a, e: 0.55 * shape.height(a, e),
        lambda a, e: 0.0 * a + 0.2,
        _TONES,
        _SEED,
    )
    parts = [under]
    low = along_hairline(head, hairline, np.linspace(-178.0, 178.0, 60), generator)
    azimuth, _ = angles(low - head.centre)
    low = low[np.abs(azimuth) > 66.0]
    crown = over_scalp(head, hairline, 150, generator, margin=8.0)
    parting = _parting(head, hairline, generator)
    for roots, layer, width, points in (
        (low, -0.5, (0.016, 0.024), 8),
        (crown, 0.0, (0.020, 0.030), 10),
        (parting, 0.6, (0.018, 0.026), 12),
    ):
        parts.append(solid(_locks(head, shape, roots, layer, width, points, generator), _TONES))
    return joined(parts)


def _parting(head: Head, hairline: Hairline, generator: np.random.Generator) -> Array:
    """Roots on both sides of the parting and around the crown."""
    share = np.linspace(0.0, 1.0, 13)
    edge = float(hairline.elevation(np.array(_PARTING_DEG)))
    elevation = edge + 1.0 + (82.0 - edge) * share
    roots = []
    for side in (-1.0, 1.0):
        azimuth = _PARTING_DEG + side * (1.6 / np.cos(np.radians(elevation)))
        roots.append(head.point(azimuth + generator.normal(0.0, 0.3, len(share)), elevation))
    around = np.arange(-170.0, 180.0, 24.0) + 8.0
    roots.append(head.point(around, np.full(len(around), 80.0)))
    return np.concatenate(roots)


def _locks(
    head: Head,
    shape: "_Shape",
    roots: Array,
    over: float,
    widths: tuple[float, float],
    points: int,
    generator: np.random.Generator,
) -> Locks:
    count = len(roots)
    layer = over + generator.uniform(-0.4, 0.4, count)
    phase = generator.uniform(0.0, 2 * np.pi, count)
    side = shape.side(roots)

    def flow(at: Array, share: Array) -> Array:
        along = shape.flow(at, side)
        across = np.cross(head.normal(at), along)
        return along + across * (0.10 * np.sin(phase + 5.0 * share))[:, None]

    def settle(at: Array, share: Array) -> Array:
        return shape.settle(at, share, layer)

    long = grown(roots, flow, settle, np.full(count, 0.34 * head.size), _STEPS)
    foot = shape.foot(long) + (0.010 * head.size * generator.uniform(-1.0, 0.6, count))[:, None]
    courses = cut(long, foot, points)
    width = tapered(points, root=0.4, belly=0.5, sharpness=0.38)
    width = head.size * generator.uniform(*widths, count)[:, None] * width
    azimuth, _ = angles(courses[:, points // 3] - head.centre)
    tone = 3.4 + 1.6 * over + 2.0 * np.exp(-((azimuth / 50.0) ** 2))
    tone += generator.normal(0.0, 0.7, count)
    return Locks(
        courses,
        width,
        0.24 * width,
        np.round(tone).clip(0, _TONES - 1).astype(np.int64),
        generator.normal(0.0, 0.10, count),
        head.normal(courses),
    )


class _Shape:
    """How the hair falls."""

    def __init__(self, head: Head, hairline: Hairline) -> None:
        self._head, self._hairline = head, hairline
        self._chin = head.centre[2] - 0.142 * head.size

    def height(self, azimuth: Array, elevation: Array) -> Array:
        high = smooth(elevation, 10.0, 70.0)
        back = smooth(np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0), 90.0, 150.0)
        return self._head.size * (0.013 + 0.003 * high + 0.006 * back * (1.0 - high))

    def foot(self, at: Array) -> Array:
        """Height (...) of the ends: a little longer ahead than at the nape."""
        azimuth, _ = angles(at - self._head.centre)
        return self._chin + 0.022 * self._head.size * smooth(np.abs(azimuth), 90.0, 180.0)

    def side(self, roots: Array) -> Array:
        """On which side (L,) of the parting roots lie: −1 is the figure's right."""
        azimuth, _ = angles(roots - self._head.centre)
        return np.where((azimuth < _PARTING_DEG) & (azimuth > _PARTING_DEG - 180.0), -1.0, 1.0)

    def flow(self, at: Array, side: Array) -> Array:
        out = at - self._head.centre
        azimuth, elevation = angles(out)
        ahead = (1.0 - smooth(np.abs(azimuth), 52.0, 74.0)) * smooth(elevation, -50.0, -10.0)
        top = smooth(elevation, 35.0, 75.0)
        x = side * (1.3 * ahead + 0.35 * top)
        y = 0.50 * ahead + 0.12
        z = -(1.0 - 0.55 * ahead)
        wished = np.stack([x, y, z], axis=-1)
        normal = self._head.normal(at)
        cling = smooth(elevation, -30.0, 0.0)[:, None]
        # Below the ears hair falls, and its ends turn in to the neck.
        flat = out * [1.0, 1.0, 0.0]
        flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
        turn = smooth(self._chin + 0.045 * self._head.size - at[:, 2], 0.0, 0.04)
        fall = np.array([0.0, 0.0, -1.0]) - 0.55 * turn[:, None] * flat
        tangent = wished - normal * (wished * normal).sum(axis=1, keepdims=True)
        return cling * tangent + (1.0 - cling) * fall

    def settle(self, at: Array, share: Array, layer: Array) -> Array:
        out = at - self._head.centre
        distance = np.linalg.norm(out, axis=1)
        azimuth, elevation = angles(out)
        ray = out / distance[:, None]
        full = self.height(azimuth, elevation) * (1.0 + 0.25 * layer)
        inside = smooth(elevation - self._hairline.elevation(azimuth), -2.0, 10.0)
        begin = 0.001 + 0.5 * full * inside
        wished = begin + (full - begin) * smooth(share, 0.0, 0.25)
        now = distance - self._head.radius(ray)
        cling = smooth(elevation, -30.0, 0.0)
        height = cling * wished + (1.0 - cling) * np.maximum(now, 0.008 * self._head.size)
        return self._head.centre + ray * (self._head.radius(ray) + height)[:, None]
