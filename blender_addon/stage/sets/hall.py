"""A concert hall: the orchestra under its organ, and stalls and balconies behind the conductor."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from retarget.rotation import Array

from ..noise import smoothstep
from .hues import Hue
from .orchestra import ROWS_OF_STRINGS, STEPS, Clear, orchestra
from .podium import FLOOR_Z, conductors_stand, podium, pool
from .shapes import Shape, around, ball, box, merged, sheet, turned
from .stalls import FLOOR, hall_floor, row_height, stalls
from .surfaces import Palette, add_shape, add_surface, picture_material

_HUES: Final = (
    (0.70, 0.48, 0.30),  # wood
    (0.34, 0.21, 0.14),  # dark wood
    (0.56, 0.17, 0.15),  # plush
    (0.95, 0.74, 0.42),  # gilt
    (0.115, 0.11, 0.125),  # cloth
    (0.84, 0.60, 0.45),  # skin
    (0.15, 0.11, 0.10),  # dark hair
    (0.66, 0.49, 0.28),  # fair hair
    (0.72, 0.32, 0.12),  # varnish
    (1.0, 0.80, 0.36),  # brass
    (0.22, 0.21, 0.22),  # metal
    (1.0, 0.96, 0.86),  # paper
    (0.36, 0.12, 0.12),  # carpet
    (0.80, 0.74, 0.64),  # pipes
    (0.16, 0.12, 0.11),  # shade
    (0.94, 0.74, 0.60),  # fair skin
    (0.50, 0.32, 0.23),  # deep skin
    (0.60, 0.58, 0.56),  # grey hair
    (0.46, 0.20, 0.10),  # red hair
    (0.86, 0.46, 0.26),  # copper
)
_SHADOW: Final = (0.20, 0.16, 0.18)
PALETTE: Final = Palette(_HUES, _SHADOW, air=(0.190, 0.128, 0.098))
# The air above the players is lit: black cloth stands out from black cloth behind it.
ON_STAGE: Final = Palette(_HUES, _SHADOW, air=(0.460, 0.305, 0.205))
# Metres from the conductor.
_STAGE_EDGE: Final = 1.7
_STAGE_HALF: Final = 11.0
_SHELL: Final = 10.2
_BALCONY: Final = 14.2
_WALL: Final = 17.0
_CEILING: Final = 11.0
# Where the organ's pipes begin, behind the last players.
_ORGAN: Final = 1.15
# The hall lies within this angle of +Y, radians; the shell around the orchestra in the rest.
_OPENING: Final = np.radians(104.0)
_HALL_ARC: Final = (np.pi / 2.0 - _OPENING, np.pi / 2.0 + _OPENING)
_SHELL_ARC: Final = (_HALL_ARC[1] - 0.12, _HALL_ARC[0] + 2.0 * np.pi + 0.12)
_BAY: Final = np.radians(13.0)
"""Angle of one of the bays that repeat along the walls."""

_DARK: Final = np.array([0.075, 0.052, 0.045])
_LAMP: Final = (1.0, 0.88, 0.66)


def build_hall(root: Any, clear: Clear, behind: float) -> None:
    """Add the hall's objects below an empty, in canonical metres.

    Parameters
    ----------
    clear : callable
        At which places players hide nothing of the conductor.
    behind : float
        Direction in which the camera sees the conductor, radians anticlockwise from +X: there the
        light is, which falls into darkness to the sides.
    """
    wood = picture_material("Wood and Cloth", PALETTE.pixels, glow=0.12)
    far = picture_material("Hall", PALETTE.pixels, glow=0.45)
    add_shape(root, "Podium", podium(), PALETTE, wood)
    add_shape(root, "Music Stand", conductors_stand(behind), PALETTE, wood)
    stage = picture_material("Orchestra", ON_STAGE.pixels, glow=0.12)
    players = merged([orchestra(clear), _steps()])
    add_shape(root, "Orchestra", _dimmed(players, behind, _ON_STAGE), ON_STAGE, stage)
    _floor(root, behind)
    seats = merged([stalls(_OPENING - 0.42), hall_floor(_WALL, _HALL_ARC)])
    add_shape(root, "Seats", _dimmed(seats, behind, _IN_HALL), PALETTE, far)
    add_shape(root, "Balconies", _dimmed(_balconies(), behind, _IN_BALCONIES), PALETTE, far)
    _walls(root, behind)
    add_shape(root, "Shell", _dimmed(_shell(), behind, _ON_STAGE), PALETTE, far)
    lamp = picture_material("Lamps", np.full((4, 4, 3), _LAMP), glow=6.0)
    add_shape(root, "Lamps", _lamps(), PALETTE, lamp)


@dataclass(frozen=True)
class _Dimming:
    """How light falls off with the distance from the podium and from the middle of the picture.

    Parameters
    ----------
    reach : float
        Metres from the conductor at which light and air have come to their end.
    near, far : float
        Share of the light 3 m from the conductor and at that end.
    aside : float
        Share that is left far to the sides.
    wide : float
        Angle over which it falls off, radians.
    thin, thick : float
        How much of the air lies before what is 3 m from the conductor and at that end, [0, 1].
    """

    reach: float
    near: float
    far: float
    aside: float
    wide: float
    thin: float
    thick: float


_ON_STAGE: Final = _Dimming(10.0, 1.3, 1.0, 0.50, 0.85, 0.12, 0.55)
_IN_HALL: Final = _Dimming(12.0, 0.42, 0.42, 0.20, 0.42, 0.40, 0.80)
_IN_BALCONIES: Final = _Dimming(16.0, 1.0, 0.85, 0.30, 0.60, 0.0, 0.35)


def _dimmed(shape: Shape, behind: float, dimming: _Dimming) -> Shape:
    x, y, _ = shape.vertices.T
    away = smoothstep(np.hypot(x, y), 3.0, dimming.reach)
    light = dimming.near + (dimming.far - dimming.near) * away
    light = light * _beside(np.arctan2(y, x) - behind, dimming)
    return shape.lit(light).hazed(dimming.thin + (dimming.thick - dimming.thin) * away)


def _beside(angle: Array, dimming: _Dimming) -> Array:
    """Share of the light at angles from the middle of the picture, radians."""
    apart = np.angle(np.exp(1j * angle)) / dimming.wide
    return dimming.aside + (1.0 - dimming.aside) * np.exp(-(apart**2))


def _floor(root: Any, behind: float) -> None:
    """Boards with a pool of light round the podium."""
    across = np.linspace(-_STAGE_HALF, _STAGE_HALF, 1024)
    x, y = np.meshgrid(across, np.linspace(-_SHELL, _STAGE_EDGE, 512))
    board = np.floor(x / 0.16)
    tone = np.sin(board * 12.9898 + np.floor(y / 2.4 + board * 0.37) * 4.1) * 43758.5453
    tone = (tone - np.floor(tone)) * 0.16 - 0.08
    seam = np.abs(x / 0.16 - board - 0.5) > 0.46
    value = 1.0 + tone - 0.16 * seam
    light = 0.34 + 0.50 * pool(x, y, 2.2) + 0.40 * pool(x, y + 4.0, 5.0)
    light = light * _beside(np.arctan2(y, x) - behind, replace(_ON_STAGE, aside=0.6))
    for radius in ROWS_OF_STRINGS:
        light = light * (1.0 - 0.40 * np.exp(-(((np.hypot(x, y) - radius - 0.1) / 0.42) ** 2)))
    pixels = np.array([0.64, 0.45, 0.30]) * (value * light)[..., None]
    grid = np.stack(np.meshgrid([-1.0, 1.0], [0.0, 1.0]), axis=-1)
    corners = np.stack(
        [
            grid[..., 0] * _STAGE_HALF,
            -_SHELL + grid[..., 1] * (_SHELL + _STAGE_EDGE),
            np.full((2, 2), FLOOR_Z),
        ],
        axis=-1,
    )
    uv = np.stack([grid[..., 0] / 2.0 + 0.5, grid[..., 1]], axis=-1).reshape(-1, 2)
    material = picture_material("Boards", pixels, roughness=0.45, glow=0.05, grain=True)
    add_surface(root, "Floor", sheet(corners, Hue.WOOD, smooth=False), uv, material)


def _steps() -> Shape:
    steps = [
        turned(
            ((inner, FLOOR_Z), (inner, FLOOR_Z + height), (outer, FLOOR_Z + height)),
            40,
            Hue.WOOD,
            (0.25, 0.62, 0.70),
            arc=(1.08 * np.pi, 1.92 * np.pi),
            inside=True,
            smooth=False,
        )
        for inner, outer, height in STEPS
    ]
    edge = box(
        (-_STAGE_HALF, _STAGE_EDGE - 0.02, FLOOR),
        (_STAGE_HALF, _STAGE_EDGE, FLOOR_Z),
        Hue.DARK_WOOD,
        (0.2, 0.8),
    )
    return merged([*steps, edge])


def _balconies() -> Shape:
    """Two horseshoes with gilt fronts, bright where their lamps hang."""
    count = 3 * round(2.0 * _OPENING / _BAY) * 2
    angle = np.linspace(*_HALL_ARC, count + 1)
    near_lamp = np.exp(-((_from_middle(angle, _BAY / 2.0) / 0.045) ** 2))[::-1]
    fronts = []
    for radius, low in ((_BALCONY, 2.75), (_BALCONY + 0.7, 6.35)):
        profile = low * np.array([0.0, 1.0]) + np.array(
            [
                (_WALL, 0.15),
                (radius + 0.4, 0.0),
                (radius, 0.08),
                (radius - 0.1, 0.35),
                (radius - 0.1, 0.72),
                (radius, 0.82),
                (radius + 0.12, 0.88),
                (_WALL, 0.80),
            ]
        )
        base = np.array([0.12, 0.20, 0.36, 0.28, 0.34, 0.62, 0.92, 0.22])
        lamps = np.array([0.0, 0.10, 0.35, 0.62, 0.62, 0.45, 0.3, 0.0])
        light = base[:, None] + lamps[:, None] * near_lamp
        fronts.append(turned(profile, count, Hue.GILT, light, arc=_HALL_ARC, inside=True))
    return merged(fronts)


def _from_middle(angle: Array, bay: float) -> Array:
    """Angle from the middle of the bay that it lies in, radians; bays are counted from +Y."""
    return (angle - np.pi / 2.0 + bay / 2.0) % bay - bay / 2.0


def _lamps() -> Shape:
    """Small globes along the balconies' fronts."""
    step = _BAY / 2.0
    count = int(_OPENING / step)
    angles = np.pi + step * np.arange(-count, count + 1)
    globe = ball((0.0, -0.14, 0.0), (0.075, 0.075, 0.095), Hue.GILT, (1.0, 1.0), 6)
    rings = [(_BALCONY - 0.1, 3.30), (_BALCONY + 0.6, 6.90)]
    return globe.copies(np.concatenate([around(r, angles, z) for r, z in rings]))


def _walls(root: Any, behind: float) -> None:
    """The walls behind the balconies, painted a little out of focus, and the ceiling."""
    low = row_height(_WALL) - 0.4
    shape = turned(
        ((_WALL, low), (_WALL, _CEILING), (9.0, _CEILING + 1.0), (0.0, _CEILING + 1.2)),
        64,
        Hue.WOOD,
        arc=_HALL_ARC,
        inside=True,
    )
    columns = np.tile(np.linspace(0.0, 1.0, 65), 4)
    rows = np.repeat([0.0, 0.9, 0.97, 1.0], 65)
    material = picture_material("Walls", _wall(low, behind), roughness=0.9, glow=0.5, grain=True)
    add_surface(root, "Walls", shape, np.column_stack([columns, rows]), material)


def _wall(low: float, behind: float) -> Array:
    """The wall unrolled (320, 1536, 3): panels, pilasters with sconces, lit boxes."""
    height = (_CEILING - low) / 0.9
    angle, z = np.meshgrid(
        np.linspace(_HALL_ARC[1], _HALL_ARC[0], 1536), low + (np.arange(320) + 0.5) / 320.0 * height
    )
    half = 0.5 * _BAY * _WALL
    x = (_from_middle(angle, _BAY)) * _WALL
    pilaster = smoothstep(np.abs(x), half - 0.50, half - 0.36)
    wall = np.array([0.36, 0.235, 0.155]) * (0.55 + 0.45 * smoothstep(z, low, 2.4))[..., None]
    wall = _mix(wall, (0.46, 0.33, 0.22), 0.75 * pilaster)
    for bottom, top in ((-0.2, 2.3), (3.9, 5.9), (7.5, 9.6)):
        panel = _window(x, half - 0.75, 0.12) * _window(
            z - (bottom + top) / 2.0, (top - bottom) / 2.0, 0.16
        )
        wall = _mix(
            wall, (0.20, 0.115, 0.085) if bottom < 0.0 else (0.15, 0.08, 0.07), 0.85 * panel
        )
        warm = np.exp(-((x / 0.95) ** 2) - (((z - bottom - 0.4) / 0.9) ** 2))
        wall = wall + np.array([0.26, 0.14, 0.06]) * (warm * panel * (bottom > 0.0))[..., None]
    for level in (6.2, 9.9):
        wall = _mix(wall, (0.52, 0.38, 0.22), 0.7 * _window(z - level, 0.07, 0.10))
    wall = wall * _beside(angle - behind, _IN_BALCONIES)[..., None]
    for level in (1.55, 5.0):
        away = np.hypot(np.abs(x) - half, (z - level) * 0.85)
        wall = wall + np.array([0.46, 0.29, 0.13]) * np.exp(-((away / 0.80) ** 2))[..., None]
        wall = _mix(wall, _LAMP, 0.95 * smoothstep(away, 0.24, 0.10))
    dim = smoothstep(z, _CEILING + 0.5, 5.0)[..., None]
    return _DARK + (wall - _DARK) * dim


def _window(x: Array, half: float, soft: float) -> Array:
    """1 within ±half, 0 without, a soft edge between."""
    return smoothstep(np.abs(x), half + soft, half - soft)


def _mix(pixels: Array, colour: tuple[float, float, float], share: Array) -> Array:
    return pixels + (np.array(colour) - pixels) * share[..., None]


def _shell() -> Shape:
    """The wooden shell behind the orchestra, with the organ's pipes."""
    folds = 36
    angle = np.linspace(*_SHELL_ARC, folds + 1)
    radius = _SHELL + 0.22 * (np.arange(folds + 1) % 2)
    levels = np.array([FLOOR_Z, 0.5, 2.4, 4.6, 7.5])
    grid = np.stack(
        [
            (radius * np.cos(angle))[None] * np.ones((5, 1)),
            (radius * np.sin(angle))[None] * np.ones((5, 1)),
            np.repeat(levels[:, None], folds + 1, axis=1),
        ],
        axis=-1,
    )[:, ::-1]
    glow = np.exp(-(((angle - 1.5 * np.pi) / 0.9) ** 2))[::-1]
    light = np.array([0.45, 0.66, 0.78, 0.62, 0.34])[:, None] * (0.62 + 0.55 * glow)
    panels = sheet(grid, Hue.WOOD, light, smooth=False)
    place = np.linspace(-0.60, 0.60, 31)
    tall = 1.6 + 1.9 * np.abs(np.cos(place * 7.2)) + 0.8 * np.exp(-((place / 0.2) ** 2))
    pipes = []
    for where, length in zip(place, tall, strict=True):
        profile = ((0.05, 0.0), (0.135, 0.5), (0.135, length), (0.1, length + 0.02))
        pipe = turned(profile, 7, Hue.PIPES, (0.35, 0.6, 0.95, 0.5))
        pipes.append(pipe.copies(around(_SHELL - 0.35, [where], _ORGAN)))
    case = turned(
        ((_SHELL - 0.55, FLOOR_Z), (_SHELL - 0.55, _ORGAN), (_SHELL - 0.1, _ORGAN + 0.02)),
        24,
        Hue.DARK_WOOD,
        (0.4, 0.9, 0.7),
        arc=(1.5 * np.pi - 0.66, 1.5 * np.pi + 0.66),
        inside=True,
    )
    return merged([panels, *pipes, case])
