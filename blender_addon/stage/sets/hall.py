"""A concert hall: the orchestra under its organ, and stalls and balconies behind the conductor."""

from typing import Any, Final

import numpy as np

from retarget.rotation import Array

from ..noise import smoothstep
from .hues import Hue
from .orchestra import RISERS, Clear, orchestra
from .podium import FLOOR_Z, conductors_stand, podium, pool
from .shapes import Shape, around, ball, box, merged, sheet, turned
from .surfaces import Palette, add_shape, add_surface, picture_material

PALETTE: Final = Palette(
    (
        (0.66, 0.47, 0.31),  # wood
        (0.40, 0.26, 0.18),  # dark wood
        (0.50, 0.20, 0.18),  # plush
        (0.86, 0.71, 0.47),  # gilt
        (0.20, 0.18, 0.20),  # cloth
        (0.62, 0.44, 0.36),  # skin
        (0.16, 0.12, 0.11),  # dark hair
        (0.50, 0.37, 0.24),  # fair hair
        (0.60, 0.29, 0.13),  # varnish
        (0.90, 0.68, 0.30),  # brass
        (0.26, 0.24, 0.24),  # metal
        (0.93, 0.89, 0.80),  # paper
        (0.36, 0.13, 0.14),  # carpet
        (0.74, 0.70, 0.62),  # pipes
        (0.17, 0.12, 0.10),  # shade
    ),
    shadow=(0.24, 0.20, 0.25),
    air=(0.47, 0.36, 0.285),
)
# Metres from the conductor.
_STAGE_EDGE: Final = 1.7
_STAGE_HALF: Final = 11.0
_SHELL: Final = 10.2
_STALLS: Final = (4.6, 14.2)
_BALCONY: Final = 14.2
_WALL: Final = 17.0
_HALL_FLOOR: Final = -1.15
_CEILING: Final = 11.0
# Where the organ's pipes begin, behind the last players.
_ORGAN: Final = 1.15
# The hall lies within this angle of +Y, radians; the shell around the orchestra in the rest.
_OPENING: Final = np.radians(104.0)
_HALL_ARC: Final = (np.pi / 2.0 - _OPENING, np.pi / 2.0 + _OPENING)
_SHELL_ARC: Final = (_HALL_ARC[1] - 0.12, _HALL_ARC[0] + 2.0 * np.pi + 0.12)
_BAY: Final = np.radians(13.0)
"""Angle of one of the bays that repeat along the walls."""

_LAMP: Final = (1.0, 0.88, 0.66)


def build_hall(root: Any, clear: Clear) -> None:
    """Add the hall's objects below an empty, in canonical metres."""
    wood = picture_material("Wood and Cloth", PALETTE.pixels, glow=0.12)
    far = picture_material("Hall", PALETTE.pixels, glow=0.45)
    add_shape(root, "Podium", podium(), PALETTE, wood)
    add_shape(root, "Music Stand", conductors_stand(), PALETTE, wood)
    add_shape(
        root, "Orchestra", _in_air(merged([orchestra(clear), _risers()]), 0.68, 0.44), PALETTE, wood
    )
    _floor(root)
    add_shape(
        root, "Seats", _in_air(merged([_stalls(), _balconies(), _hall_floor()])), PALETTE, far
    )
    _walls(root)
    _shell(root, far)
    lamp = picture_material("Lamps", np.full((4, 4, 3), _LAMP), glow=6.0)
    add_shape(root, "Lamps", _lamps(), PALETTE, lamp)


def _in_air(shape: Shape, most: float = 0.74, least: float = 0.0) -> Shape:
    """With the haze of the distance from the podium."""
    away = np.linalg.norm(shape.vertices[:, :2], axis=1)
    return shape.hazed(least + (most - least) * smoothstep(away, 3.0, 16.0))


def _floor(root: Any) -> None:
    """Boards with a pool of light round the podium."""
    across = np.linspace(-_STAGE_HALF, _STAGE_HALF, 1024)
    x, y = np.meshgrid(across, np.linspace(-_SHELL, _STAGE_EDGE, 512))
    board = np.floor(x / 0.16)
    tone = np.sin(board * 12.9898 + np.floor(y / 2.4 + board * 0.37) * 4.1) * 43758.5453
    tone = (tone - np.floor(tone)) * 0.16 - 0.08
    seam = np.abs(x / 0.16 - board - 0.5) > 0.46
    value = 1.0 + tone - 0.16 * seam
    light = 0.56 + 0.34 * pool(x, y, 2.4) + 0.26 * pool(x, y + 4.0, 5.5)
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


def _risers() -> Shape:
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
        for inner, outer, height in RISERS
    ]
    edge = box(
        (-_STAGE_HALF, _STAGE_EDGE - 0.02, _HALL_FLOOR),
        (_STAGE_HALF, _STAGE_EDGE, FLOOR_Z),
        Hue.DARK_WOOD,
        (0.2, 0.8),
    )
    return merged([*steps, edge])


def _stalls() -> Shape:
    """Rows of folding seats in three blocks, rising."""
    seat = merged(
        [
            _backrest(),
            box((-0.225, -0.20, 0.36), (0.225, 0.17, 0.47), Hue.PLUSH, (0.15, 0.70)),
            box((-0.275, -0.16, 0.30), (-0.235, 0.22, 0.60), Hue.DARK_WOOD, (0.25, 0.80)),
        ]
    )
    rows: list[Array] = []
    for number, radius in enumerate(np.arange(*_STALLS, 0.95)):
        limit = _OPENING - 0.42
        # Each row looks between the heads of the one before.
        angles = np.arange(-limit, limit, 0.56 / radius) + 0.28 / radius * (number % 2)
        # Two aisles lead to the stage.
        angles = angles[np.abs(np.abs(angles) - 0.56) > 0.62 / radius]
        rows.append(around(radius, angles + np.pi, _row_height(radius)))
    return seat.copies(np.concatenate(rows))


def _backrest() -> Shape:
    """Upholstered, its upper corners round."""
    # Height, half the width, front, light.
    rows = np.array(
        [
            (0.34, 0.225, 0.15, 0.25),
            (0.62, 0.235, 0.15, 0.62),
            (0.84, 0.235, 0.18, 0.86),
            (0.93, 0.195, 0.20, 1.00),
            (0.965, 0.11, 0.22, 0.92),
        ]
    )
    z, half, front, light = rows.T
    back = np.full(len(rows), 0.26)
    ring = [(-half, front), (half, front), (half, back), (-half, back), (-half, front)]
    grid = np.stack([np.stack([x, y, z], axis=-1) for x, y in ring], axis=1)
    return sheet(grid, Hue.PLUSH, light[:, None])


def _row_height(radius: float) -> float:
    return _HALL_FLOOR + 0.085 * (radius - _STALLS[0])


def _hall_floor() -> Shape:
    profile = ((_WALL, _row_height(_WALL)), (_STALLS[0], _HALL_FLOOR), (0.5, _HALL_FLOOR))
    return turned(profile, 24, Hue.CARPET, (0.45, 0.55, 0.2), arc=_HALL_ARC, inside=True)


def _balconies() -> Shape:
    """Two horseshoes with gilt fronts, bright where their lamps hang."""
    count = 4 * round(2.0 * _OPENING / _BAY) * 2
    angle = np.linspace(*_HALL_ARC, count + 1)
    near_lamp = np.exp(-((_to_lamp(angle) / 0.045) ** 2))[::-1]
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


def _to_lamp(angle: Array) -> Array:
    """Angle to the next lamp along a balcony, radians."""
    step = _BAY / 2.0
    return (angle - np.pi / 2.0 + step / 2.0) % step - step / 2.0


def _lamps() -> Shape:
    """Small globes along the balconies' fronts."""
    step = _BAY / 2.0
    count = int(_OPENING / step)
    angles = np.pi + step * np.arange(-count, count + 1)
    globe = ball((0.0, -0.14, 0.0), (0.075, 0.075, 0.095), Hue.GILT, (1.0, 1.0), 7)
    rings = [(_BALCONY - 0.1, 3.30), (_BALCONY + 0.6, 6.90)]
    return globe.copies(np.concatenate([around(r, angles, z) for r, z in rings]))


def _walls(root: Any) -> None:
    """The walls behind the balconies, painted a little out of focus, and the ceiling."""
    low = _row_height(_WALL) - 0.4
    bays = 2.0 * _OPENING / _BAY
    shape = turned(
        ((_WALL, low), (_WALL, _CEILING), (9.0, _CEILING + 1.0), (0.0, _CEILING + 1.2)),
        64,
        Hue.WOOD,
        arc=_HALL_ARC,
        inside=True,
    )
    columns = np.tile(np.linspace(bays, 0.0, 65), 4)
    rows = np.repeat([0.0, 0.9, 0.97, 1.0], 65)
    pixels = _bay_picture(low)
    material = picture_material("Walls", pixels, roughness=0.9, glow=0.5, grain=True)
    add_surface(root, "Walls", shape, np.column_stack([columns, rows]), material)


def _bay_picture(low: float) -> Array:
    """One bay of the wall (512, 384, 3): panel, pilaster, sconce; a lit box above the balcony."""
    height = (_CEILING - low) / 0.9
    across = (np.arange(384) + 0.5) / 384.0 * _BAY * _WALL
    x, z = np.meshgrid(across - _BAY * _WALL / 2.0, low + (np.arange(512) + 0.5) / 512.0 * height)
    half = _BAY * _WALL / 2.0
    pilaster = smoothstep(np.abs(x), half - 0.50, half - 0.36)
    wall = np.array([0.52, 0.365, 0.26]) * (0.84 + 0.20 * smoothstep(z, low, 2.0))[..., None]
    wall = _mix(wall, (0.60, 0.46, 0.34), 0.75 * pilaster)
    for bottom, top in ((-0.2, 2.3), (3.9, 5.9), (7.5, 9.6)):
        panel = _window(x, half - 0.75, 0.12) * _window(
            z - (bottom + top) / 2.0, (top - bottom) / 2.0, 0.16
        )
        inner = (0.43, 0.285, 0.205) if bottom < 0.0 else (0.26, 0.155, 0.14)
        wall = _mix(wall, inner, 0.85 * panel)
        warm = np.exp(-((x / 0.95) ** 2) - (((z - bottom - 0.4) / 0.9) ** 2))
        wall = wall + np.array([0.20, 0.115, 0.055]) * (warm * panel * (bottom > 0.0))[..., None]
    for level in (6.2, 9.9):
        wall = _mix(wall, (0.62, 0.49, 0.33), 0.7 * _window(z - level, 0.07, 0.10))
    for level in (1.55, 5.0):
        away = np.hypot(np.abs(x) - half, (z - level) * 0.85)
        wall = wall + np.array([0.36, 0.25, 0.13]) * np.exp(-((away / 0.85) ** 2))[..., None]
        wall = _mix(wall, _LAMP, 0.95 * smoothstep(away, 0.22, 0.09))
    dim = smoothstep(z, _CEILING + 0.5, 6.0)[..., None]
    return np.array([0.15, 0.11, 0.105]) + (wall - np.array([0.15, 0.11, 0.105])) * dim


def _window(x: Array, half: float, soft: float) -> Array:
    """1 within ±half, 0 without, a soft edge between."""
    return smoothstep(np.abs(x), half + soft, half - soft)


def _mix(pixels: Array, colour: tuple[float, float, float], share: Array) -> Array:
    return pixels + (np.array(colour) - pixels) * share[..., None]


def _shell(root: Any, material: Any) -> None:
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
    shape = _in_air(merged([panels, *pipes, case]), 0.45)
    add_shape(root, "Shell", shape, PALETTE, material)
