"""Drawn to a low chignon from a parting at the side, a soft strand before each ear."""

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
BROW: Final = Brow(thickness=0.15, height=0.74, arch=0.16, count=30)
BROW_SHADE: Final = 1.0
LASH: Final = Lash(upper=0.24, lower=0.09)
_SEED: Final = 5
_PARTING_DEG: Final = 26.0
_BUN_DEG: Final = -30.0
_BUN_M: Final = 0.036


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Strands in columns from black to a brown gleam."""
    base = np.array(colour)
    gleam = np.array([0.05, 0.035, 0.025])
    palette = Palette(
        tuple(tuple(base * (0.8 + 0.5 * s) + gleam * s) for s in np.linspace(0.0, 1.0, _TONES)),
        contrast=0.26,
        sheen=0.10,
        roots=0.4,
        edges=0.45,
    )
    return strands(palette, _SEED)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    generator = np.random.default_rng(_SEED)
    hairline = Hairline(head, Line(front=38.0, temple=35.0, corner=46.0, sideburn=4.0, nape=8.0))
    drawn = _Drawn(head, hairline)
    parts = [
        cap(
            head,
            hairline,
            lambda a, e: 0.6 * drawn.height(a, e),
            lambda a, e: 0.0 * a + 0.2,
            _TONES,
            _SEED,
        )
    ]
    edge = np.concatenate(
        [
            np.linspace(-62, 62, 34),
            np.linspace(66, 128, 13),
            -np.linspace(66, 128, 13),
            np.linspace(132, 228, 16),
        ]
    )
    rim = along_hairline(head, hairline, edge, generator)
    inner = over_scalp(head, hairline, 80, generator, margin=10.0)
    for roots, widths, points in ((rim, (0.012, 0.018), 11), (inner, (0.018, 0.026), 9)):
        parts.append(solid(_locks(head, drawn, roots, widths, points, generator), _TONES))
    parts.append(_chignon(head, drawn, generator))
    parts.append(solid(_wisps(head, hairline, generator), _TONES))
    return joined(parts)


def _locks(
    head: Head,
    drawn: "_Drawn",
    roots: Array,
    widths: tuple[float, float],
    points: int,
    generator: np.random.Generator,
) -> Locks:
    count = len(roots)
    layer = generator.uniform(-1.0, 1.0, count)
    side = drawn.side(roots)

    def flow(at: Array, share: Array) -> Array:
        return drawn.flow(at, side, share)

    def settle(at: Array, share: Array) -> Array:
        return drawn.settle(at, share, layer)

    reach = 1.12 * np.linalg.norm(roots - drawn.knot, axis=1)
    courses = grown(roots, flow, settle, reach, points)
    width = tapered(points, root=0.35, belly=0.4, sharpness=0.3)
    width = head.size * generator.uniform(*widths, count)[:, None] * width
    tone = 2.6 + generator.normal(0.0, 1.3, count)
    return Locks(
        courses,
        width,
        0.17 * width,
        np.round(tone).clip(0, _TONES - 1).astype(np.int64),
        generator.normal(0.0, 0.06, count),
        head.normal(courses),
    )


def _chignon(head: Head, drawn: "_Drawn", generator: np.random.Generator) -> Surface:
    """Coils wound about the knot."""
    size = head.size * _BUN_M
    away = head.normal(drawn.knot[None])[0]
    away = away / np.linalg.norm(away)
    across = np.array([1.0, 0.0, 0.0])
    up = np.cross(away, across)
    middle = drawn.knot + 0.30 * size * away
    turns, points, coils = 1.15, 17, 7
    t = np.linspace(0.0, 1.0, points)
    start = np.linspace(0.0, 2 * np.pi, coils, endpoint=False)
    ring = np.linspace(1.0, 0.35, coils) if False else np.ones(coils)
    angle = start[:, None] + 2 * np.pi * turns * t
    # From the rim over the dome to the middle.
    polar = np.radians(100.0 - 86.0 * t)[None, :] * ring[:, None]
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


class _Drawn:
    """How tight the hair lies and where it is drawn to."""

    def __init__(self, head: Head, hairline: Hairline) -> None:
        self._head, self._hairline = head, hairline
        self.knot = head.point(np.array(180.0), np.array(_BUN_DEG), 0.008 * head.size)
        """Where it all comes together (3,)."""

    def height(self, azimuth: Array, elevation: Array) -> Array:
        around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
        soft = np.exp(-(((around - 75.0) / 30.0) ** 2)) * np.exp(
            -(((elevation - 15.0) / 22.0) ** 2)
        )
        return self._head.size * (0.007 + 0.005 * soft + 0.004 * smooth(elevation, 20.0, 80.0))

    def side(self, roots: Array) -> Array:
        """On which side (L,) of the parting roots lie: −1 is the figure's right."""
        azimuth, _ = angles(roots - self._head.centre)
        return np.where((azimuth < _PARTING_DEG) & (azimuth > _PARTING_DEG - 180.0), -1.0, 1.0)

    def flow(self, at: Array, side: Array, share: Array) -> Array:
        azimuth, elevation = angles(at - self._head.centre)
        ahead = 1.0 - smooth(np.abs(azimuth), 35.0, 100.0)
        ahead = ahead * (1.0 - 0.6 * smooth(elevation, 50.0, 85.0))
        home = self.knot - at
        home = home / np.maximum(np.linalg.norm(home, axis=1, keepdims=True), 1e-9)
        parted = np.stack([1.1 * side, np.full(len(at), 0.75), np.full(len(at), -0.25)], axis=-1)
        wished = home + 1.2 * ahead[:, None] * parted
        normal = self._head.normal(at)
        return wished - normal * (wished * normal).sum(axis=1, keepdims=True)

    def settle(self, at: Array, share: Array, layer: Array) -> Array:
        out = at - self._head.centre
        azimuth, elevation = angles(out)
        ray = out / np.linalg.norm(out, axis=1, keepdims=True)
        full = self.height(azimuth, elevation) * (1.0 + 0.14 * layer)
        inside = smooth(elevation - self._hairline.elevation(azimuth), -2.0, 9.0)
        begin = 0.0006 + 0.5 * full * inside
        height = begin + (full - begin) * smooth(share, 0.0, 0.3)
        return self._head.centre + ray * (self._head.radius(ray) + height)[:, None]
