"""A rehearsal room: wooden walls, daylight from tall windows, chairs and music stands."""

from itertools import pairwise
from typing import Any, Final

import numpy as np

from retarget.rotation import Array

from ..noise import smoothstep
from .hues import Hue
from .orchestra import Clear, empty_seats
from .podium import FLOOR_Z, conductors_stand, podium, pool
from .shapes import Shape, box, merged, rod, sheet
from .surfaces import Palette, add_shape, add_surface, picture_material

PALETTE: Final = Palette(
    (
        (0.80, 0.66, 0.49),  # wood
        (0.45, 0.33, 0.24),  # dark wood
        (0.30, 0.38, 0.42),  # plush
        (0.78, 0.70, 0.56),  # gilt
        (0.16, 0.17, 0.19),  # cloth
        (0.74, 0.56, 0.46),  # skin
        (0.18, 0.14, 0.12),  # dark hair
        (0.52, 0.40, 0.27),  # fair hair
        (0.62, 0.34, 0.17),  # varnish
        (0.86, 0.68, 0.36),  # brass
        (0.34, 0.35, 0.37),  # metal
        (0.96, 0.95, 0.91),  # paper
        (0.44, 0.47, 0.48),  # carpet
        (0.80, 0.80, 0.78),  # pipes
        (0.36, 0.37, 0.39),  # shade
        (0.88, 0.70, 0.58),  # fair skin
        (0.45, 0.30, 0.22),  # deep skin
        (0.60, 0.59, 0.58),  # grey hair
        (0.45, 0.22, 0.12),  # red hair
        (0.80, 0.46, 0.28),  # copper
    ),
    shadow=(0.34, 0.31, 0.33),
    air=(0.72, 0.68, 0.62),
)
# The room's walls, metres from the conductor: to the right, left, front and back.
_LEFT: Final = -5.6
_RIGHT: Final = 5.6
_FRONT: Final = -7.4
_BACK: Final = 4.4
_TOP: Final = 4.6
# The windows are to the conductor's right.
_WINDOWS_Y: Final = (-5.6, -3.2, -0.8, 1.6, 3.4)
_WINDOW_HALF: Final = 0.72
_WINDOW_Z: Final = (0.75, 3.75)
_DAY: Final = (0.93, 0.97, 1.0)
_ACROSS: Final = (1, 3)
"""Which of the four walls are the front and the back one."""


def build_rehearsal(root: Any, clear: Clear, behind: float) -> None:
    """Add the room's objects below an empty, in canonical metres.

    Parameters
    ----------
    clear : callable
        At which places a seat hides nothing of the conductor.
    behind : float
        Direction in which the camera sees the conductor, radians anticlockwise from +X.
    """
    wood = picture_material("Wood and Metal", PALETTE.pixels, glow=0.08)
    add_shape(root, "Podium", podium(), PALETTE, wood)
    add_shape(root, "Music Stand", conductors_stand(behind), PALETTE, wood)
    seats = empty_seats(clear)
    far = np.linalg.norm(seats.vertices[:, :2], axis=1)
    add_shape(root, "Seats", seats.hazed(0.45 * smoothstep(far, 2.5, 9.0)), PALETTE, wood)
    add_shape(
        root, "Furniture", merged([_piano(), _chairs_by_the_wall(), _frames()]), PALETTE, wood
    )
    _floor(root)
    _walls(root)
    day = picture_material("Daylight", np.full((4, 4, 3), _DAY), glow=2.5)
    add_shape(root, "Windows", _panes(), PALETTE, day)


def _floor(root: Any) -> None:
    """Light parquet with daylight falling across it."""
    x, y = np.meshgrid(np.linspace(_LEFT, _RIGHT, 512), np.linspace(_FRONT, _BACK, 512))
    board = np.floor(y / 0.09)
    tone = np.sin(board * 12.9898 + np.floor(x / 1.1 + board * 0.41) * 4.7) * 43758.5453
    tone = (tone - np.floor(tone)) * 0.12 - 0.06
    value = 1.0 + tone
    light = 0.72 + 0.12 * pool(x, y, 3.0) - 0.10 * smoothstep(x, 1.0, 5.6)
    light = light + 0.20 * sum(_beam(x - _LEFT, y - at, 1.0, 3.2) for at in _WINDOWS_Y)
    pixels = np.array([0.74, 0.60, 0.44]) * (value * light)[..., None]
    corners = np.array([[(_LEFT, _FRONT), (_RIGHT, _FRONT)], [(_LEFT, _BACK), (_RIGHT, _BACK)]])
    grid = np.concatenate([corners, np.full((2, 2, 1), FLOOR_Z)], axis=-1)
    uv = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    material = picture_material("Parquet", pixels, roughness=0.4, glow=0.1, grain=True)
    add_surface(root, "Floor", sheet(grid, Hue.WOOD, smooth=False), uv, material)


def _beam(away: Array, along: Array, near: float, far: float) -> Array:
    """A window's light on the floor, slanting back as it goes away from the wall."""
    across = along - 0.35 * away
    return (
        smoothstep(np.abs(across), _WINDOW_HALF + 0.10, _WINDOW_HALF - 0.12)
        * smoothstep(away, near, near + 0.35)
        * smoothstep(away, far + 0.5, far)
    )


def _walls(root: Any) -> None:
    """Slatted wood all round, one picture: the back and front walls, then the sides."""
    height = _TOP - FLOOR_Z
    corners = [(_RIGHT, _BACK), (_LEFT, _BACK), (_LEFT, _FRONT), (_RIGHT, _FRONT), (_RIGHT, _BACK)]
    # Seen from inside the columns run the other way.
    outline = np.array(corners[::-1], dtype=np.float64)
    sides = []
    uv: list[tuple[float, float]] = []
    for number, (a, b) in enumerate(pairwise(outline)):
        rows = [[(*a, z), (*b, z)] for z in (FLOOR_Z, _TOP)]
        sides.append(sheet(np.array(rows), Hue.WOOD, smooth=False))
        uv += [((number + u) / 4.0, v) for v in (0.0, 1.0) for u in (0.0, 1.0)]
    lengths = np.linalg.norm(np.diff(outline, axis=0), axis=1)
    pixels = np.concatenate(
        [_slats(length, height, number) for number, length in enumerate(lengths)], axis=1
    )
    material = picture_material("Slats", pixels, roughness=0.8, glow=0.12, grain=True)
    add_surface(root, "Walls", merged(sides), uv, material)
    ceiling = np.array([[(_LEFT, _BACK), (_RIGHT, _BACK)], [(_LEFT, _FRONT), (_RIGHT, _FRONT)]])
    grid = np.concatenate([ceiling, np.full((2, 2, 1), _TOP)], axis=-1)
    white = picture_material("Ceiling", np.full((4, 4, 3), (0.80, 0.79, 0.76)), glow=0.25)
    add_surface(root, "Ceiling", sheet(grid, Hue.WOOD, smooth=False), np.zeros((4, 2)), white)


def _slats(length: float, height: float, side: int) -> Array:
    """A wall (384, 768, 3): slats over a plain dado, lit from the windows."""
    x, z = np.meshgrid(
        (np.arange(768) + 0.5) / 768.0 * length, (np.arange(384) + 0.5) / 384.0 * height
    )
    slat = np.abs((x / 0.155) % 1.0 - 0.5)
    edge = smoothstep(slat, 0.47, 0.38)
    number = np.floor(x / 0.155)
    tone = np.sin(number * 12.9898 + side) * 43758.5453
    tone = (tone - np.floor(tone)) * 0.10 - 0.05
    wood = np.array([0.66, 0.505, 0.36]) * (1.0 + tone)[..., None]
    gap = np.array([0.40, 0.295, 0.215])
    wall = gap + (wood - gap) * edge[..., None]
    dado = smoothstep(z, 0.80, 0.77)[..., None]
    wall = wall + (np.array([0.50, 0.37, 0.26]) - wall) * dado
    rail = smoothstep(np.abs(z - 0.79), 0.045, 0.030)[..., None]
    wall = wall + (np.array([0.72, 0.57, 0.42]) - wall) * rail
    light = 0.66 + 0.16 * smoothstep(z, 0.0, 1.4) - 0.24 * smoothstep(z, 2.8, height)
    light = light * (0.84 + 0.16 * smoothstep(np.minimum(x, length - x), 0.0, 0.8))
    if side not in _ACROSS:
        return wall * (light + 0.06)[..., None]
    # On the walls at right angles to the windows their light draws slanted panes.
    away = x if side == _ACROSS[1] else length - x
    light = light + 0.12 * smoothstep(away, 9.0, 1.0)
    for at in (2.5, 4.6, 6.7, 8.8):
        across = np.abs(away - at + 0.42 * (z - 2.0))
        pane = smoothstep(across, 0.70, 0.56) * smoothstep(across, 0.015, 0.045)
        bars = smoothstep(np.abs((z - 0.55) % 0.78 - 0.39), 0.02, 0.05)
        inside = smoothstep(np.abs(z - 2.12), 1.26, 1.06)
        light = light + (0.34 - 0.02 * at) * pane * bars * inside
    return wall * light[..., None]


def _panes() -> Shape:
    low, high = _WINDOW_Z
    panes = []
    for y in _WINDOWS_Y:
        rows = [
            [(_LEFT + 0.03, y + side * _WINDOW_HALF, z) for side in (-1.0, 1.0)]
            for z in (low, high)
        ]
        panes.append(sheet(np.array(rows), Hue.PAPER, smooth=False))
    return merged(panes)


def _frames() -> Shape:
    """Window frames with bars, and the sills."""
    low, high = _WINDOW_Z
    parts = []
    for y in _WINDOWS_Y:
        for at in (-_WINDOW_HALF, 0.0, _WINDOW_HALF):
            wide = 0.03 if at == 0.0 else 0.06
            parts.append(
                box(
                    (_LEFT, y + at - wide, low),
                    (_LEFT + 0.07, y + at + wide, high),
                    Hue.PIPES,
                    (0.7, 0.9),
                )
            )
        for z in np.linspace(low, high, 4):
            parts.append(
                box(
                    (_LEFT, y - _WINDOW_HALF, z - 0.03),
                    (_LEFT + 0.07, y + _WINDOW_HALF, z + 0.03),
                    Hue.PIPES,
                    (0.7, 1.0),
                )
            )
        parts.append(
            box(
                (_LEFT, y - 0.85, low - 0.10),
                (_LEFT + 0.22, y + 0.85, low - 0.05),
                Hue.PIPES,
                (0.6, 1.0),
            )
        )
    return merged(parts)


def _piano() -> Shape:
    """A grand piano by the back wall, its lid up."""
    angle = np.linspace(0.0, np.pi, 9)
    curve = np.column_stack([0.72 * np.cos(angle), 1.05 * np.sin(angle)])
    rim = np.concatenate([[(0.72, -0.62)], curve * (1.0, 0.9), [(-0.72, -0.62)], [(0.72, -0.62)]])
    levels = np.array([0.62, 0.98])
    grid = np.array([[(x, y, z) for x, y in rim] for z in levels])
    body = sheet(grid, Hue.CLOTH, np.array([[0.2], [1.0]]) * np.ones((2, len(rim))))
    top = sheet(
        np.stack([np.column_stack([rim * k, np.full(len(rim), 0.98)]) for k in (1.0, 0.01)]),
        Hue.CLOTH,
        0.75,
        smooth=False,
    )
    keys = box((-0.68, -0.86, 0.66), (0.68, -0.60, 0.76), Hue.PAPER, (0.4, 1.0))
    legs = [
        rod((x, y, 0.0), (x, y, 0.64), (0.05, 0.07), Hue.CLOTH, 0.4)
        for x, y in ((-0.6, -0.5), (0.6, -0.5), (0.0, 0.7))
    ]
    return merged([body, top, keys, *legs]).moved((3.9, 2.5, FLOOR_Z), 2.2)


def _chairs_by_the_wall() -> Shape:
    """Stacked chairs."""
    seat = box((-0.22, -0.22, 0.0), (0.22, 0.22, 0.04), Hue.SHADE, (0.5, 0.9))
    back = box((-0.21, 0.20, 0.05), (0.21, 0.24, 0.42), Hue.SHADE, (0.5, 1.0))
    leg = [
        rod((x, y, -0.42), (x, y, 0.0), (0.014, 0.014), Hue.METAL, 0.6, 4)
        for x in (-0.2, 0.2)
        for y in (-0.2, 0.2)
    ]
    stack = merged(
        [merged([seat, back, *leg]).moved((0.0, 0.02 * n, 0.42 + 0.12 * n)) for n in range(4)]
    )
    return stack.copies([(x, _BACK - 0.45, FLOOR_Z, 0.0) for x in (-4.6, -3.9, -3.2)])
