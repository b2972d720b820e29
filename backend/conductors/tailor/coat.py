"""Coats: the opened bodice with its front edges, lapels, collar, pockets, buttons."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..curves import smoothstep
from .bodice import COLUMNS, HOLE, SIDE_COLUMNS, YOKE, Bodice
from .folds import Noise
from .form import Surface, quad_normals, unit
from .mesh import Ids, Sheet, averaging, grid_sheet, joined, kept, sheet_surface, welded

FRONT: Final = 9
"""Quads from a front edge to the armhole's columns."""
_FIRST: Final = SIDE_COLUMNS["L"] - HOLE // 2
_BACK: Final = COLUMNS - 2 * _FIRST
NECK_ANGLE: Final = np.radians(62.0)
_ROUND: Final = 2.4


@dataclass(frozen=True)
class Opening:
    """How a front opens.

    Parameters
    ----------
    button : float
        Height of the topmost closed button, where the lapels begin, metres.
    overlap : float
        How far each edge crosses the middle, metres.
    sweep : float
        How far the edges give way at the hem, metres.
    sweep_from : float
        Height from which on they do.
    """

    button: float
    overlap: float = 0.014
    sweep: float = 0.0
    sweep_from: float = 0.0


@dataclass(frozen=True)
class Coat:
    """An opened top.

    Parameters
    ----------
    sheet : Sheet
        Trunk and sleeves in one.
    grid : (R, C) int array
        The trunk's vertices, from left edge by the back to the right edge, rows up.
    sleeves : two (S, LOOP) int arrays
    """

    sheet: Sheet
    grid: Ids
    sleeves: tuple[Ids, Ids]

    @property
    def surface(self) -> Surface:
        """Its outer side, to lay things on."""
        return sheet_surface(self.sheet)

    def edge(self, side: str) -> Array:
        """(R, 3): the front edge of a side."""
        return self.sheet.vertices[self.grid[:, 0 if side == "L" else -1]]


def edge_angles(bodice: Bodice, rows: Array, opening: Opening, side: str) -> Array:
    """(R,): at which angle from the front a side's edge lies in each row."""
    sign = 1.0 if side == "L" else -1.0
    angles = np.radians(np.arange(-25.0, 64.1, 0.5))
    top = bodice.at(np.array([len(bodice.rows) - 1.0]), np.array([sign * NECK_ANGLE]))[0]
    points = bodice.at(*np.meshgrid(rows, sign * angles, indexing="ij"))
    x, z = points[..., 0] * sign, points[..., 2]
    start = -opening.overlap
    rise = np.clip((z - opening.button) / (top[2] - opening.button), 0.0, 1.0)
    line = start + (top[0] * sign - start) * rise
    down = np.clip((opening.sweep_from - z) / max(opening.sweep_from - z.min(), 1e-6), 0.0, 1.0)
    round_off = 1.0 - (1.0 - down**_ROUND) ** (1.0 / _ROUND)
    line = line + opening.sweep * round_off
    beyond = x - line
    beyond[:, -1] = np.maximum(beyond[:, -1], 1e-6)
    last = (beyond > 0).argmax(axis=1)
    last = np.maximum(last, 1)
    before, after = np.take_along_axis(beyond, np.stack([last - 1, last], 1), axis=1).T
    t = np.clip(-before / np.maximum(after - before, 1e-9), 0.0, 1.0)
    found = angles[last - 1] + t * np.radians(0.5)
    return np.minimum(gaussian_filter1d(found, 0.8, mode="nearest"), NECK_ANGLE)


def trunk_columns(edge: Array, side: str) -> Array:
    """(R, FRONT + 1): angles from an edge to the first column of the armhole."""
    t = np.linspace(0.0, 1.0, FRONT + 1)
    t = t * (0.75 + 0.25 * t)
    limit = 2 * np.pi * _FIRST / COLUMNS
    angles = edge[:, None] + (limit - edge[:, None]) * t
    return angles if side == "L" else -angles


def open_coat(bodice: Bodice, opening: Opening, hem: Array | None = None) -> Coat:
    """The bodice opened in front.

    Parameters
    ----------
    bodice : Bodice
    opening : Opening
    hem : (COLUMNS,) array, optional
        Row of the bodice where the hem lies, by column; the first row otherwise.
    """
    count = len(bodice.rows)
    levels = np.arange(count, dtype=float)
    left = trunk_columns(edge_angles(bodice, levels, opening, "L"), "L")
    right = trunk_columns(edge_angles(bodice, levels, opening, "R"), "R")
    back = 2 * np.pi * np.arange(_FIRST + 1, COLUMNS - _FIRST) / COLUMNS
    middle = np.broadcast_to(back, (count, len(back)))
    angles = np.concatenate([left, middle, right[:, ::-1]], axis=1)
    rows = np.broadcast_to(levels[:, None], angles.shape).copy()
    if hem is not None:
        at = np.interp(angles[0] % (2 * np.pi), 2 * np.pi * np.arange(COLUMNS) / COLUMNS, hem)
        scale = (bodice.yoke - at) / bodice.yoke
        low = levels < bodice.yoke
        rows[low] = at + levels[low, None] * scale
    points = bodice.at(rows, angles)
    points = _overlapped(points, opening)
    return _with_sleeves(bodice, points)


def _overlapped(points: Array, opening: Opening) -> Array:
    """The left front lies over the right one."""
    closed = smoothstep(-points[:, 0, 2], -opening.button - 0.03, -opening.button + 0.01)
    normal = np.array([0.0, -1.0, 0.0])
    out = points.copy()
    for column in range(5):
        lift = 0.0045 * closed * (1 - column / 5)
        out[:, column] += lift[:, None] * normal
        out[:, -1 - column] -= 0.3 * lift[:, None] * normal
    return out


def closed_top(bodice: Bodice, top: Array) -> Coat:
    """The bodice without an opening in front.

    Parameters
    ----------
    top : (COLUMNS,) array
        Row of the bodice where the neckline lies, by column; above the armholes beside them.
    """
    count = len(bodice.rows)
    rows = np.repeat(np.arange(count, dtype=float)[:, None], COLUMNS, axis=1)
    over = bodice.yoke + 1 + HOLE
    share = (top - over) / (count - 1 - over)
    rows = np.where(rows > over, over + (rows - over) * share, rows)
    low = bodice.yoke + 2
    sunk = np.minimum(top, over)
    share = (sunk - low) / (over - low)
    below = np.clip(rows, low, over)
    rows = np.where(rows > low, low + (below - low) * share + np.maximum(rows - over, 0.0), rows)
    angles = np.broadcast_to(2 * np.pi * np.arange(COLUMNS) / COLUMNS, rows.shape)
    return _with_sleeves(bodice, bodice.at(rows, angles), closed=True)


def _with_sleeves(bodice: Bodice, points: Array, closed: bool = False) -> Coat:
    rows, columns = points.shape[:2]
    points = points.copy()
    open_quads = np.ones((rows - 1, columns - (not closed)), dtype=bool)
    for middle in SIDE_COLUMNS.values():
        first = middle - HOLE // 2 - (0 if closed else _FIRST - FRONT)
        start = rows - 1 - YOKE + 1
        open_quads[start : start + HOLE, first : first + HOLE] = False
        hole = points[start : start + HOLE + 1, first : first + HOLE + 1]
        across = np.linspace(0.0, 1.0, HOLE + 1)[:, None]
        # Nothing is there; the cloth's measures are taken as if there were.
        hole[1:-1] = hole[1:-1, :1] * (1.0 - across) + hole[1:-1, -1:] * across
    sheet = grid_sheet(points, closed=closed)
    left, right = (grid_sheet(rings, closed=True) for rings in bodice.sleeves)
    trunk, used = kept(sheet, open_quads.ravel())
    number = np.full(rows * columns, -1)
    number[used] = np.arange(len(used))
    whole, place = welded(joined(trunk, left, right))
    heads = np.concatenate([rings[0] for rings in bodice.sleeves])
    whole = _rounded(whole, heads)
    grid = np.where(number < 0, -1, place[number]).reshape(rows, columns)
    ends = np.cumsum([len(trunk.vertices), len(left.vertices), len(right.vertices)])
    shape = bodice.sleeves[0].shape[:2]
    loops = [place[a:b].reshape(shape) for a, b in pairwise(ends)]
    return Coat(whole, grid, (loops[0], loops[1]))


def _rounded(sheet: Sheet, armholes: Array) -> Sheet:
    """The sheet with soft shoulders: what lies around the armholes' upper halves evened out."""
    v = sheet.vertices
    upper = armholes[armholes[:, 2] > np.median(armholes[:, 2])]
    gap, _ = cKDTree(upper).query(v)
    share = 0.5 * smoothstep(-gap, -0.05, -0.015)[:, None]
    mean = averaging(sheet.faces, len(v))
    for _ in range(5):
        v = v + share * (mean @ v - v)
    return sheet.moved(v)


def creased(
    coat: Coat,
    seed: int,
    size: float,
    waist: float,
    joints: Array,
    cuffs: float = 0.45,
    upper: float = 1.0,
) -> Coat:
    """The coat with folds at elbows, armpits and waist.

    Parameters
    ----------
    seed : int
        Which folds.
    size : float
        Height of the deepest ones, metres.
    waist : float
        Height at which the trunk bends.
    joints : (2, 3, 3) array
        Shoulder, elbow, wrist of either arm.
    cuffs : float
        Size of the folds above the cuffs, relative.
    upper : float
        Size of the folds around the upper arms, relative.
    """
    v = coat.sheet.vertices
    normals = quad_normals(v, coat.sheet.faces)
    height = np.zeros(len(v))
    for side, (loops, (shoulder, elbow, wrist)) in enumerate(
        zip(coat.sleeves, joints, strict=True)
    ):
        noise = Noise(seed + 10 * side)
        rings = v[loops]
        middle = rings.mean(axis=1)
        run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
        bend = run[np.argmin(np.linalg.norm(middle - elbow, axis=1))]
        inner = unit(unit(shoulder - elbow) + unit(wrist - elbow))
        facing = unit(rings - middle[:, None]) @ inner
        around = 2 * np.pi * np.arange(loops.shape[1]) / loops.shape[1]
        s, a = np.broadcast_arrays(run[:, None], around[None])
        at_elbow = np.exp(-(((s - bend) / 0.09) ** 2)) * (0.75 + 0.25 * facing)
        at_pit = np.exp(-(((s - 0.1) / 0.06) ** 2)) * (0.5 + 0.5 * np.cos(a)) * 0.7
        at_cuff = np.exp(-(((s - run[-1] + 0.06) / 0.05) ** 2)) * cuffs
        rise = noise.wave(s, a, 0.066) * (at_elbow + at_cuff) + noise.wave(s, a, 0.075) * at_pit
        rise = rise + 0.35 * noise.wave(s, a, 0.13, 3.0)
        rise = rise * (upper + (1.0 - upper) * smoothstep(s, bend - 0.02, bend + 0.06))
        rise = rise * smoothstep(s, 0.015, 0.07) * smoothstep(-s, -run[-1], -run[-1] + 0.03)
        height[loops] = size * rise
    grid = coat.grid
    there = grid >= 0
    points = v[np.where(there, grid, 0)]
    noise = Noise(seed + 5)
    angle = np.arctan2(points[..., 0], -points[..., 1])
    at_waist = np.exp(-(((points[..., 2] - waist) / 0.085) ** 2)) * 0.7
    rise = noise.wave(points[..., 2], angle, 0.085, 3.0) * at_waist
    below = smoothstep(-points[..., 2], -waist - 0.22, -waist - 0.05)
    rise = rise + 0.35 * noise.wave(points[..., 2], angle, 0.17, 4.0) * below
    edge = np.minimum(np.arange(grid.shape[1]), np.arange(grid.shape[1])[::-1])
    rise = rise * smoothstep(edge, 1, 6)
    rise = rise * smoothstep(np.arange(len(grid)), 0, 4)[:, None]
    # Inner layers lie close below: folds of the trunk rise more than they sink.
    height[grid[there]] += (size * np.maximum(rise, -0.2))[there]
    return Coat(coat.sheet.moved(v + height[:, None] * normals), grid, coat.sleeves)


def clear_of(coat: Coat, body: Surface, room: float) -> Coat:
    """The coat with none of it closer to the body than `room`."""
    return Coat(coat.sheet.moved(body.push_out(coat.sheet.vertices, room)), coat.grid, coat.sleeves)
