"""Eyeballs: meshes that turn about their centres, and the picture of sclera and iris."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .paint import bell, smooth
from .parts import Colour, Figure, Material, Piece, Shape

Side = Literal["L", "R"]
EYE_TEXTURE: Final = "eye"

# Of the eyeball, degrees from the middle of the pupil: a little more iris than life, the pupil of
# a lit room, and no back, which nothing shows.
IRIS_DEG: Final = 29.0
_PUPIL_DEG: Final = 11.5
_EDGE_DEG: Final = 112.0
_RINGS: Final = (0.0, 10.0, 20.0, 29.0, 36.0, 48.0, 62.0, 78.0, 95.0, 112.0)
_SEGMENTS: Final = 24
# The cornea stands this far out of the sphere in its middle, of the radius.
_CORNEA: Final = 0.045
# How far an eye turns at 1, degrees.
LOOKS_DEG: Final = {"Up": 18.0, "Down": 27.0, "In": 28.0, "Out": 28.0}
# The spot of light in the eye: where (to the figure's right and up, as a lamp at the left of the
# picture is seen) and how wide, degrees. It stays half behind where the eye turns, as a mirror's
# picture of a lamp does.
_LIGHT_DEG: Final = (-10.5, 10.5)
_LIGHT_WIDTH_DEG: Final = (4.8, 1.8)
_LIGHT_TURNS: Final = 0.5
_PART: Final = {"L": 2, "R": 3}


@dataclass(frozen=True)
class Eyeball:
    """A sphere: centre (3,) and radius, metres."""

    centre: Array
    radius: float


def eyeball(figure: Figure, side: Side) -> Eyeball:
    """The sphere of one of the figure's eyes."""
    points = figure.vertices[figure.part == _PART[side]]
    rows = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    solved = np.linalg.lstsq(rows, (points**2).sum(axis=1), rcond=None)[0]
    centre = solved[:3]
    return Eyeball(centre, float(np.sqrt(solved[3] + centre @ centre)))


def eye_piece(figure: Figure, side: Side) -> Piece:
    """One eyeball, with the shapes that turn it ("eyeLookInLeft" and so on)."""
    ball = eyeball(figure, side)
    unit, faces, angles, azimuths = _ball()
    lights = [_light(width, where) for width, where in _lights()]
    lamp = np.concatenate([points for points, _ in lights])
    vertices = np.concatenate([unit, lamp])
    faces_of_lamp = []
    start = len(unit)
    for points, local in lights:
        faces_of_lamp.append(np.where(local >= 0, local + start, -1))
        start += len(points)
    every = np.concatenate([faces, *faces_of_lamp])
    is_lamp = np.arange(len(vertices)) >= len(unit)
    material = is_lamp[every[:, 0]].astype(np.int64)
    shapes = {}
    for look, (axis, sign) in _turns(side).items():
        degrees = sign * LOOKS_DEG[look] * np.where(is_lamp, _LIGHT_TURNS, 1.0)
        offsets = ball.radius * (_turned(vertices, axis, degrees) - vertices)
        name = f"eyeLook{look}{'Left' if side == 'L' else 'Right'}"
        shapes[name] = Shape(np.arange(len(vertices)), offsets)
    radial = 0.5 * angles / _EDGE_DEG
    uv = np.stack([0.5 + radial * np.sin(azimuths), 0.5 + radial * np.cos(azimuths)], axis=-1)
    uv = np.concatenate([uv, np.full((len(lamp), 2), 0.5)])
    weights = np.zeros((len(vertices), len(figure.bones)))
    weights[:, figure.bone("head")] = 1.0
    return Piece(
        name=f"Eye.{side}",
        vertices=ball.centre + ball.radius * vertices,
        faces=every,
        weights=weights,
        materials=(
            Material("Eye", "eye", (0.95, 0.94, 0.92), 0.12, EYE_TEXTURE),
            Material("Light in the Eye", "eye", (1.0, 1.0, 1.0), 0.05),
        ),
        material=material,
        uv=uv[np.maximum(every, 0)],
        shapes=shapes,
    )


def _turns(side: Side) -> dict[str, tuple[Array, float]]:
    """Axis and sign of each look: the figure faces −y, its left is +x."""
    up, across = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    outward = 1.0 if side == "L" else -1.0
    return {"Up": (up, -1.0), "Down": (up, 1.0), "Out": (across, outward), "In": (across, -outward)}


def _turned(points: Array, axis: Array, degrees: Array) -> Array:
    """Points (V, 3) turned about an axis through the origin by degrees (V,)."""
    angle = np.radians(degrees)[:, None]
    along = (points @ axis)[:, None] * axis
    return along + np.cos(angle) * (points - along) + np.sin(angle) * np.cross(axis, points)


def _direction(angle: Array, azimuth: Array) -> Array:
    """Unit vectors at an angle from straight ahead; azimuth 0 is up, 90 degrees the left (+x)."""
    return np.stack(
        [np.sin(angle) * np.sin(azimuth), -np.cos(angle), np.sin(angle) * np.cos(azimuth)], axis=-1
    )


def _ball() -> tuple[Array, NDArray[np.int64], Array, Array]:
    """Vertices (V, 3) for radius 1, faces, angles from ahead (degrees) and azimuths (radians)."""
    angles = np.concatenate([[0.0], np.repeat(_RINGS[1:], _SEGMENTS)])
    round_about = np.arange(_SEGMENTS) * (2 * np.pi / _SEGMENTS)
    azimuths = np.concatenate([[0.0], np.tile(round_about, len(_RINGS) - 1)])
    bulge = 1.0 + _CORNEA * np.clip(1.0 - (angles / (1.25 * IRIS_DEG)) ** 2, 0.0, None)
    points = _direction(np.radians(angles), azimuths) * bulge[:, None]
    return points, _rings(len(_RINGS) - 1, _SEGMENTS), angles, azimuths


def _rings(rings: int, segments: int) -> NDArray[np.int64]:
    """Faces of a disc: a middle, then rings about it, clockwise as seen by who looks at it."""
    here = np.arange(segments)
    following = (here + 1) % segments
    fan = np.stack([np.zeros_like(here), 1 + following, 1 + here, np.full_like(here, -1)], axis=1)
    bands = [fan]
    for ring in range(rings - 1):
        a = 1 + ring * segments
        b = a + segments
        bands.append(np.stack([a + here, a + following, b + following, b + here], axis=1))
    return np.concatenate(bands)


def _lights() -> tuple[tuple[float, tuple[float, float]], ...]:
    """Width and place of the spots of light, degrees: a window, and what is thrown back below."""
    side, up = _LIGHT_DEG
    big, small = _LIGHT_WIDTH_DEG
    return (big, (side, up)), (small, (-side, -up))


def _light(width: float, where: tuple[float, float]) -> tuple[Array, NDArray[np.int64]]:
    """A spot of light on the eye of radius 1."""
    segments = 12
    radii = np.concatenate([[0.0], np.ones(segments)]) * width
    azimuths = np.concatenate([[0.0], np.arange(segments) * (2 * np.pi / segments)])
    across = np.radians(where[0] + radii * np.sin(azimuths))
    up = np.radians(where[1] + radii * np.cos(azimuths))
    directions = np.stack(
        [np.sin(across) * np.cos(up), -np.cos(across) * np.cos(up), np.sin(up)], axis=-1
    )
    angle = np.degrees(np.arccos(np.clip(-directions[:, 1], -1.0, 1.0)))
    bulge = 1.0 + _CORNEA * np.clip(1.0 - (angle / (1.25 * IRIS_DEG)) ** 2, 0.0, None)
    # A hair above the cornea.
    return directions * (bulge + 0.012)[:, None], _rings(1, segments)


def paint_eye(
    iris: Colour, *, size: int = 512, age: float = 0.5, seed: int = 0
) -> NDArray[np.uint8]:
    """Picture (size, size, 3) of an eye, straight ahead in its middle.

    Parameters
    ----------
    iris : (r, g, b)
        sRGB.
    size : int
        Pixels.
    age : float
        [0, 1]: a yellower white and a paler rim of the iris.
    seed : int
        Which fibres the iris has.
    """
    rows, columns = np.mgrid[0:size, 0:size]
    x = (columns + 0.5) / size * 2 - 1
    y = 1 - (rows + 0.5) / size * 2
    angle = np.hypot(x, y) * _EDGE_DEG
    azimuth = np.arctan2(x, y)
    # A white that is not lit as brightly as the skin about it would glare.
    white = np.array([0.845, 0.825, 0.80]) - age * np.array([0.01, 0.015, 0.035])
    picture = np.broadcast_to(white, (size, size, 3)).copy()
    # Towards the corners the white is redder, under the upper lid it lies in shadow.
    red = np.clip((angle - 34.0) / 40.0, 0.0, 1.0)[..., None]
    picture *= 1.0 - red * np.array([0.10, 0.26, 0.26])
    up = y * _EDGE_DEG
    picture *= 1.0 - (0.42 * smooth(4.0, 34.0, up) + 0.08 * smooth(-12.0, -45.0, up))[
        ..., None
    ] * np.array([0.86, 0.98, 1.0])
    inside = smooth(IRIS_DEG + 1.2, IRIS_DEG - 1.2, angle)[..., None]
    picture += inside * (_iris(np.array(iris), angle, azimuth, y, age, seed) - picture)
    return (255 * np.clip(picture, 0.0, 1.0) + 0.5).astype(np.uint8)


def _iris(colour: Array, angle: Array, azimuth: Array, y: Array, age: float, seed: int) -> Array:
    """Fibres, a dark rim, a light lower half (what the cornea gathers) and the pupil."""
    rng = np.random.default_rng(seed)
    r = np.clip((angle - _PUPIL_DEG) / (IRIS_DEG - _PUPIL_DEG), 0.0, 1.0)
    fibres = np.zeros_like(angle)
    for waves in (17, 29, 43, 61):
        turn = rng.uniform(0, 2 * np.pi)
        sway = rng.uniform(0.5, 1.5)
        fibres += np.sin(waves * azimuth + turn + sway * np.sin(3 * azimuth + 6 * r)) / 4
    tone = 1.0 + 0.16 * fibres * smooth(0.0, 0.25, r) * smooth(1.0, 0.7, r)
    tone *= 0.88 + 0.20 * smooth(0.95, 0.15, r)
    collar = bell(r - 0.22, 0.14)
    light = smooth(0.15, -0.9, y * _EDGE_DEG / IRIS_DEG)
    picture = colour * (tone * (1.0 + 0.35 * light))[..., None]
    picture += (0.08 * collar)[..., None] * np.array([1.0, 0.72, 0.35])
    # The rim makes the look: from afar it is what one sees of an eye.
    rim = smooth(0.55, 0.98, r)[..., None]
    picture *= 1.0 - (0.80 - 0.15 * age) * rim
    shade = 1.0 - 0.34 * smooth(0.0, 0.9, y * _EDGE_DEG / IRIS_DEG)
    picture *= shade[..., None]
    pupil = smooth(_PUPIL_DEG + 1.2, _PUPIL_DEG - 0.8, angle)[..., None]
    return picture * (1.0 - pupil) + pupil * np.array([0.025, 0.02, 0.02])
