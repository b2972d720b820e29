"""Very short and tightly curled: a dense cap of curls that fades into the skin at the sides."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Colour
from .courses import Surface
from .hairline import Hairline, Line, closed
from .head import Head, directions
from .lashes import Lash

LASH: Final = Lash(length=0.09, wing=0.0)
ROUGHNESS: Final = 0.9
LINE: Final = Line(front=35.0, temple=33.0, corner=45.0, sideburn=14.0, nape=2.0)
FADE_DEG: Final = 20.0
_SEED: Final = 3
_CURLS: Final = 1300
"""Curls that the whole sphere would have: they are some 8 mm apart on a head."""

_ROWS: Final = 30
_COLUMNS: Final = 84
_SIZE: Final = 512
_TILT: Final = np.radians(35.0)
"""The picture's middle lies behind the crown, so that nape and forehead are as far from it."""

_REACH: Final = np.radians(138.0)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    hairline = Hairline(head, LINE, FADE_DEG)
    azimuth = np.arange(_COLUMNS) * (360.0 / _COLUMNS)
    share = 1.0 - (1.0 - np.linspace(0.05, 1.0, _ROWS)) ** 1.12
    edge = hairline.elevation(azimuth)
    elevation = 90.0 - share[:, None] * (90.0 - edge)
    a, e = np.broadcast_to(azimuth, elevation.shape), elevation
    ray = directions(a, e)
    dome = _Curls(_CURLS).dome(ray)
    # It rises out of the skin slowly: what is shorter is painted there.
    rise = smoothstep(e - edge, 0.0, 15.0) ** 0.8
    height = head.size * _height(a, e) * (0.62 + 0.38 * dome)
    points = (
        head.centre + ray * (head.radius(ray) + rise * height - 0.0012 * (1.0 - rise))[..., None]
    )
    top = head.point(np.array(0.0), np.array(90.0), float(0.85 * _height(0.0, 90.0)) * head.size)
    vertices, faces = closed(top, points)
    uv = _to_picture(vertices - head.centre)
    return Surface(vertices, faces, uv[np.maximum(faces, 0)])


def picture(colour: Colour) -> NDArray[np.uint8]:
    """Curls seen from behind the crown, (512, 512, 3)."""
    v, u = np.mgrid[0:_SIZE, 0:_SIZE]
    ray = _from_picture(np.stack([u + 0.5, _SIZE - v - 0.5], axis=-1) / _SIZE)
    dome = _Curls(_CURLS).dome(ray)
    fine = _Curls(4 * _CURLS)
    hairs = 0.6 * fine.dome(ray) + 0.4 * fine.dome(ray) * fine.coil(ray)
    base = np.array(colour)
    shade = 0.55 + 0.55 * dome + 0.35 * hairs
    # The crown catches the light from above.
    gleam = 0.17 * dome**1.5 * np.clip(hairs, 0.0, 1.0) * smoothstep(ray[..., 2], 0.0, 0.9)
    painted = base * shade[..., None] + gleam[..., None] * np.array([0.95, 0.80, 0.72])
    return np.round(255 * np.clip(painted, 0.0, 1.0)).astype(np.uint8)


class _Curls:
    """Where so many curls lie, as directions from the middle of the head."""

    def __init__(self, count: int) -> None:
        generator = np.random.default_rng(_SEED)
        golden = np.pi * (3.0 - np.sqrt(5.0))
        index = np.arange(count)
        z = 1.0 - 2.0 * (index + 0.5) / count
        flat = np.sqrt(1.0 - z**2)
        around = golden * index
        rays = np.stack([flat * np.cos(around), flat * np.sin(around), z], axis=-1)
        spacing = np.sqrt(4 * np.pi / count)
        rays += generator.normal(0.0, 0.28 * spacing, rays.shape)
        self._rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        self._spacing = spacing
        self._tree = cKDTree(self._rays)
        self._phase = generator.uniform(0.0, 2 * np.pi, count)
        self._spin = generator.choice([-1.0, 1.0], count)
        self._length = generator.uniform(0.6, 1.0, count)

    def dome(self, ray: Array) -> Array:
        """How far up a curl directions (..., 3) lie: 0 between curls, 1 on the longest's top."""
        distance, nearest = self._tree.query(ray, k=2)
        share = (distance[..., 1] - distance[..., 0]) / (0.75 * self._spacing)
        return np.sqrt(np.clip(share, 0.0, 1.0)) * self._length[nearest[..., 0]]

    def coil(self, ray: Array) -> Array:
        """Where on its winding, −1 to 1."""
        distance, nearest = self._tree.query(ray)
        out = self._rays[nearest]
        across = np.cross(out, [0.3, 0.9, 0.2])
        across /= np.linalg.norm(across, axis=-1, keepdims=True)
        up = np.cross(out, across)
        away = ray - out
        angle = np.arctan2((away * up).sum(axis=-1), (away * across).sum(axis=-1))
        winding = 2 * np.pi * distance / (0.5 * self._spacing)
        return np.sin(winding + self._spin[nearest] * angle + self._phase[nearest])


def _height(azimuth: Array | float, elevation: Array | float) -> Array:
    """Length of the hair in metres on a middling head: shorter at the sides and the nape."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    side = smoothstep(around, 40.0, 80.0)
    high = np.asarray(elevation) - 20.0 * side
    return np.asarray(0.0045 + 0.0095 * smoothstep(high, -10.0, 45.0))


def _tilted(rays: Array, angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    result: Array = rays @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    return result


def _to_picture(vectors: Array) -> Array:
    """Equally spaced about the picture's middle: u, v in [0, 1] of vectors (..., 3)."""
    ray = _tilted(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), _TILT)
    polar = np.arccos(np.clip(ray[..., 2], -1.0, 1.0))
    flat = ray[..., :2] / np.maximum(np.linalg.norm(ray[..., :2], axis=-1, keepdims=True), 1e-9)
    return 0.5 + 0.5 * flat * (polar / _REACH)[..., None]


def _from_picture(uv: Array) -> Array:
    away = 2.0 * (uv - 0.5)
    distance = np.linalg.norm(away, axis=-1)
    polar = np.minimum(distance * _REACH, np.pi)
    flat = away / np.maximum(distance, 1e-9)[..., None]
    ray = np.concatenate([flat * np.sin(polar)[..., None], np.cos(polar)[..., None]], axis=-1)
    return _tilted(ray, -_TILT)
