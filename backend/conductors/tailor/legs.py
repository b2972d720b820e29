"""Trousers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from .bodice import hung
from .folds import Noise
from .form import SIDES, Form, Surface, body_surface, hull_reach, smoothstep, unit
from .mesh import (
    Ids,
    Sheet,
    averaging,
    grid_faces,
    grid_sheet,
    grid_uv,
    hemmed,
    joined,
    kept,
    relaxed,
    sheet_surface,
    smoothed,
)
from .shoes import build_shoe
from .weights import from_body, spread

COLUMNS: Final = 48
_HALF: Final = COLUMNS // 2
_CROTCH: Final = 6
"""Quads of the seam under the crotch."""
_RING: Final = _HALF + _CROTCH
_HIP_ROWS: Final = 8
_LEG_ROWS: Final = 34


@dataclass(frozen=True)
class LegCut:
    """How trousers are cut.

    Parameters
    ----------
    waist : float
        Height of the waistband, metres.
    ease : float
        Room at hip and thigh, metres.
    hem : float
        Height of the hem, metres.
    width : float
        Least distance from the middle of a leg to the cloth at the hem, metres.
    crease : float
        How far the pressed crease stands out, metres.
    band : float
        Room at the waistband, metres.
    seed : int
        Of the folds.
    """

    waist: float
    ease: float = 0.012
    hem: float = 0.03
    width: float = 0.098
    crease: float = 0.008
    band: float = 0.005
    seed: int = 1


@dataclass(frozen=True)
class Trousers:
    """Hips and legs in one.

    Parameters
    ----------
    hips : (R, COLUMNS, 3) array
        Downwards.
    legs : two (S, RING, 3) arrays
        Downwards; ring 0 lies at the crotch.
    outside, sheet : Sheet
        Without and with the hems that are turned in.
    weights : (V, B) array
        Of `sheet`.
    """

    hips: Array
    legs: tuple[Array, Array]
    outside: Sheet
    sheet: Sheet
    weights: Array


def build_trousers(form: Form, cut: LegCut) -> Trousers:
    """Trousers of a figure."""
    angles = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    fork = form.crotch[2] - 0.004 * form.scale
    heights = np.linspace(cut.waist, fork, _HIP_ROWS)
    rows = form.outline(heights, angles)
    middle = np.array([0.0, rows[:, :, 1].mean(), 0.0])
    out = unit((rows - middle) * np.array([1.0, 1.0, 0.0]))
    room = cut.ease * smoothstep(heights, heights[0], heights[2])[:, None, None]
    hips = gaussian_filter1d(rows, 1.0, axis=1, mode="wrap") + out * (cut.band + room)
    legs = tuple(_leg(form, cut, side, hips[-1]) for side in SIDES)
    return _sewn(form, cut, hips, (legs[0], legs[1]))


def _under(hips: Array, side: str) -> Array:
    """(RING, 3): the leg's first ring: half of the hips' last row, then under the crotch."""
    half = hips[: _HALF + 1] if side == "L" else hips[-np.arange(_HALF + 1)]
    t = (np.arange(1, _CROTCH) / _CROTCH)[:, None]
    seam = (1 - t) * half[-1] + t * half[0]
    seam[:, 2] -= 0.035 * np.sin(np.pi * t[:, 0]) ** 0.7
    return np.concatenate([half, seam])


def _leg(form: Form, cut: LegCut, side: str, last: Array) -> Array:
    sign = 1.0 if side == "L" else -1.0
    first = _under(last, side)
    heights = np.linspace(first[:, 2].mean(), cut.hem, _LEG_ROWS)
    centre = _leg_line(form, side, heights)
    offset = first[:, :2] - centre[0]
    start = np.unwrap(np.arctan2(offset[:, 0] * sign, -offset[:, 1]))
    even = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    even = even + (start - even).mean()
    row = np.arange(_LEG_ROWS)[:, None]
    turn = smoothstep(row, 0, 14)
    angles = (1 - turn) * start + turn * even
    rays = np.stack([np.sin(angles) * sign, -np.cos(angles)], axis=2)
    reach = _leg_reach(form, cut, sign, heights, centre, rays)
    rings = np.empty((_LEG_ROWS, _RING, 3))
    rings[:, :, :2] = centre[:, None] + rays * reach[:, :, None]
    rings[:, :, 2] = heights[:, None]
    onto = smoothstep(row, 0, 7)[:, :, None]
    rings = (1 - onto) * (first + (rings - rings[0]) * np.array([0, 0, 1.0])) + onto * rings
    rings[0] = first
    # The legs do not pass through each other.
    rings[1:, :, 0] = sign * np.maximum(sign * rings[1:, :, 0], 0.004)
    return _pressed(form, cut, side, rings, angles)


def _leg_line(form: Form, side: str, heights: Array) -> Array:
    """(R, 2): the middle of a leg of trousers, nearly straight from hip to ankle."""
    hip, ankle = form.head(f"thigh.{side}"), form.head(f"foot.{side}")
    knee = form.head(f"shin.{side}")
    line = np.array([ankle, 0.5 * knee + 0.25 * (hip + ankle), hip + np.array([0, 0.01, 0])])
    centre = np.stack([np.interp(heights, line[:, 2], line[:, i]) for i in (0, 1)], axis=1)
    return gaussian_filter1d(centre, 6.0, axis=0, mode="nearest")


def _leg_reach(
    form: Form, cut: LegCut, sign: float, heights: Array, centre: Array, rays: Array
) -> Array:
    """(R, RING): how far cloth that falls straight lies from the middle of its leg."""
    leg = (form.figure.part == 0) & (form.figure.vertices[:, 0] * sign > -0.005)
    leg &= form.arm < 0.35
    x, y = np.array([1.0, 0, 0]), np.array([0.0, 1, 0])
    reach = np.empty(rays.shape[:2])
    for i, z in enumerate(heights):
        origin = np.array([*centre[i], max(z, 0.09 * form.scale)])
        points = form.section(origin, x, y, leg).reshape(-1, 2)
        reach[i] = hull_reach(points, np.zeros(2), rays[i])
    reach = gaussian_filter1d(reach, 1.2, axis=1, mode="wrap") + cut.ease
    down = smoothstep(-heights, -heights[4], -cut.hem)[:, None]
    reach = np.maximum(reach, cut.width * down * form.scale)
    straight = hung(heights[::-1], reach[::-1])[::-1]
    return gaussian_filter1d(0.25 * reach + 0.75 * straight, 2.0, axis=0, mode="nearest")


def _pressed(form: Form, cut: LegCut, side: str, rings: Array, angles: Array) -> Array:
    """The leg with crease, folds at knee and shoe."""
    noise = Noise(cut.seed + (side == "R"))
    middle = rings.mean(axis=1, keepdims=True)
    out = unit((rings - middle) * np.array([1.0, 1.0, 0.0]))
    z = rings[:, :, 2]
    facing = (angles + np.pi) % (2 * np.pi) - np.pi
    behind = (angles % (2 * np.pi)) - np.pi
    row = np.arange(_LEG_ROWS)[:, None]
    crease = np.exp(-np.abs(facing) / 0.16) + 0.8 * np.exp(-np.abs(behind) / 0.16)
    height = cut.crease * crease * smoothstep(row, 6, 12)
    knee = form.head(f"shin.{side}")[2]
    s = form.scale
    back = 0.5 - 0.5 * np.cos(angles)
    at_knee = np.exp(-(((z - knee) / (0.07 * s)) ** 2)) * (0.3 + 0.7 * back)
    height = height + 0.008 * s * at_knee * noise.wave(z / s, angles, 0.06)
    at_shoe = np.exp(-(((z - cut.hem - 0.06 * s) / (0.06 * s)) ** 2))
    height = height + 0.010 * s * at_shoe * noise.wave(z / s, angles, 0.055)
    at_fork = smoothstep(row, 0, 3) * smoothstep(-row, -12, -4)
    height = height + 0.006 * s * at_fork * noise.wave(z / s, angles, 0.08)
    height = height + 0.003 * s * noise.wave(z / s, angles, 0.2, 3.0) * smoothstep(row, 4, 10)
    return rings + out * height[:, :, None]


def _sewn(form: Form, cut: LegCut, hips: Array, legs: tuple[Array, Array]) -> Trousers:
    """Hips and legs in one mesh, pulled smooth where they meet, with weights."""
    count = hips.shape[0] * COLUMNS
    vertices = [hips.reshape(-1, 3)]
    top = np.arange(count).reshape(-1, COLUMNS)
    faces = [grid_faces(top[::-1], closed=True)]
    uv = [grid_uv(hips[::-1], closed=True)]
    grids: list[Ids] = []
    seam = np.arange(count, count + _CROTCH - 1)
    vertices.append(0.5 * (legs[0][0, _HALF + 1 :] + legs[1][0, _HALF + 1 :]))
    vertices[-1][:, 0] = 0.0
    count += _CROTCH - 1
    for side, rings in zip(SIDES, legs, strict=True):
        half = top[-1, : _HALF + 1] if side == "L" else top[-1, -np.arange(_HALF + 1)]
        body = np.arange(count, count + rings[1:].size // 3).reshape(-1, _RING)
        count += body.size
        vertices.append(rings[1:].reshape(-1, 3))
        ids = np.concatenate([np.concatenate([half, seam])[None], body])
        grids.append(ids)
        order = ids[::-1] if side == "L" else ids[::-1, ::-1]
        flat = rings[::-1] if side == "L" else rings[::-1, ::-1]
        faces.append(grid_faces(order, closed=True))
        uv.append(grid_uv(flat, closed=True))
    mesh, quads = np.concatenate(vertices), np.concatenate(faces)
    mesh = _settled(form, cut, mesh, quads, top, grids)
    bones = _leg_weights(form, mesh, quads, grids)
    cloth = Sheet(mesh, quads, np.concatenate(uv), np.zeros(len(quads), dtype=np.int64))
    sheet, old = hemmed(cloth, 0.002, 0.02)
    shaped = (mesh[grids[0]], mesh[grids[1]])
    return Trousers(mesh[top], shaped, cloth, sheet, bones[old])


def _settled(form: Form, cut: LegCut, mesh: Array, quads: Ids, top: Ids, grids: list[Ids]) -> Array:
    body = body_surface(form, (form.figure.part == 0) & (form.arm < 0.35))
    held = np.ones(len(mesh), dtype=bool)
    held[top[4:].ravel()] = False
    for ids in grids:
        held[ids[:10].ravel()] = False
    mesh = relaxed(mesh, quads, held, body, 0.008, 14)
    for ids in grids:
        held[ids[:].ravel()] = False
    pushed = body.push_out(mesh, 0.005)
    low = mesh[:, 2] < 0.16 * form.scale
    shoes = joined(*(build_shoe(form, side) for side in SIDES))
    leather = _upward(sheet_surface(kept(shoes, shoes.material == 0)[0]))
    pushed[low] = leather.push_out(pushed[low], 0.006)
    mesh = np.where(held[:, None], mesh, pushed)
    mesh = smoothed(mesh, quads, held | (np.arange(len(mesh)) < COLUMNS), 2)
    mean = averaging(quads, len(mesh))
    for _ in range(6):
        mesh[low] = leather.push_out(mesh[low], 0.011)
        mesh[low] = 0.5 * mesh[low] + 0.5 * (mean @ mesh)[low]
    mesh[low] = leather.push_out(mesh[low], 0.008)
    return mesh


def _upward(surface: Surface) -> Surface:
    """The part of a surface that looks up: cloth slides over a shoe, not under it."""
    up = surface.normals[:, 2] > 0.1
    return Surface(surface.points[up], surface.normals[up])


def _leg_weights(form: Form, mesh: Array, quads: Ids, grids: list[Ids]) -> Array:
    skin = (form.figure.part == 0) & (form.arm < 0.2) & (form.share("chest", "spine") < 0.7)
    skin &= form.share("foot") < 0.95
    bones = from_body(form, mesh, skin)
    x = form.figure.vertices[:, 0]
    for sign, ids in zip((1.0, -1.0), grids, strict=True):
        lower = ids[6:].ravel()
        bones[lower] = from_body(form, mesh[lower], skin & (x * sign > 0))
    return spread(bones, quads, 6)


def satin_stripe(form: Form, trousers: Trousers, width: float) -> Sheet:
    """The stripe down the outer seams of evening trousers."""
    strips = []
    column = _HALF // 2
    for side, rings in zip(SIDES, trousers.legs, strict=True):
        upper = trousers.hips[:-1, column if side == "L" else COLUMNS - column]
        line = np.concatenate([upper, rings[:, column]])
        both = np.concatenate(
            [
                trousers.hips[:-1, (column + 1) if side == "L" else COLUMNS - column - 1]
                - trousers.hips[:-1, (column - 1) if side == "L" else COLUMNS - column + 1],
                rings[:, column + 1] - rings[:, column - 1],
            ]
        )
        across = unit(both)
        sign = 1.0 if side == "L" else -1.0
        normal = unit(np.cross(across, np.gradient(line, axis=0)))
        normal *= np.sign(normal[:, :1] * sign)
        steps = np.array([-0.5, -0.25, 0.25, 0.5])
        grid = line[:, None] + steps[:, None] * width * across[:, None]
        grid = grid + normal[:, None] * np.array([-0.001, 0.0025, 0.0025, -0.001])[:, None]
        strips.append(grid_sheet(grid[::-1], flip=side == "R"))
    return joined(*strips)


def waistband(trousers: Trousers, height: float) -> Sheet:
    """A band around the top of trousers."""
    top = trousers.hips[0]
    out = unit((top - top.mean(axis=0)) * np.array([1.0, 1.0, 0.0]))
    steps = np.array([-0.5, -0.1, 0.5])[:, None, None]
    grid = top + out * 0.005 + steps * np.array([0, 0, height])
    return hemmed(grid_sheet(grid, closed=True), 0.003, 0.003)[0]
