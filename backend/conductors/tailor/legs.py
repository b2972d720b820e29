"""Trousers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..curves import smoothstep
from .folds import Noise
from .form import SIDES, Form, Surface, body_surface, hull_reach, unit
from .mesh import (
    Ids,
    Sheet,
    averaging,
    grid_faces,
    grid_sheet,
    hemmed,
    joined,
    kept,
    relaxed,
    sheet_surface,
    smoothed,
)
from .shoes import build_shoe
from .weights import from_body, spread

# Columns from the middle of the front over the outer seam to the middle of the back, in quarters:
# 1 is the front crease, 2 the outer seam, 3 the back crease. Creases are sharp by near neighbours;
# on evening trousers the stripe lies between the two columns about the outer seam.
_QUARTERS: Final = np.array(
    [0, 0.35, 0.68, 0.93, 1, 1.07, 1.32, 1.65, 1.92, 2.08, 2.35, 2.68, 2.93, 3, 3.07, 3.32, 3.65, 4]
)
_HALF: Final = len(_QUARTERS) - 1
COLUMNS: Final = 2 * _HALF
_SEAM: Final = int(np.flatnonzero(_QUARTERS < 2)[-1])
_CROTCH: Final = 6
"""Quads of the seam under the crotch."""
_RING: Final = _HALF + _CROTCH
_HIP_ROWS: Final = 7
_LEG_ROWS: Final = 25
# Where the creases lie on the hips, from the front and from the back, degrees.
_CREASE: Final = (31.0, 34.0)


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
        Height of the hem at the heel, metres.
    width : float
        Half the breadth of a leg at the hem, for a body of 1.75 m, metres.
    crease : float
        How far the pressed crease stands out, metres.
    band : float
        Room at the waistband, metres.
    seed : int
        Of the folds.
    stripe : bool
        Whether a stripe of material 1 runs down the outer seams.
    """

    waist: float
    ease: float = 0.012
    hem: float = 0.024
    width: float = 0.070
    crease: float = 0.007
    band: float = 0.005
    seed: int = 1
    stripe: bool = False


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
    front, back = np.radians(_CREASE)
    half = np.interp(_QUARTERS, np.arange(5), [0.0, front, np.pi / 2, np.pi - back, np.pi])
    angles = np.concatenate([half, 2 * np.pi - half[-2:0:-1]])
    fork = form.crotch[2] - 0.010 * form.scale
    heights = np.linspace(cut.waist, fork, _HIP_ROWS)
    rows = form.outline(heights, angles)
    middle = np.array([0.0, rows[:, :, 1].mean(), 0.0])
    out = unit((rows - middle) * np.array([1.0, 1.0, 0.0]))
    room = cut.ease * smoothstep(heights, heights[0], heights[2])[:, None, None]
    hips = gaussian_filter1d(rows, 0.8, axis=1, mode="wrap") + out * (cut.band + room)
    legs = tuple(_leg(form, cut, side, hips[-1]) for side in SIDES)
    return _sewn(form, cut, hips, (legs[0], legs[1]))


def _under(hips: Array, side: str, drop: float) -> Array:
    """(RING, 3): the leg's first ring: half of the hips' last row, then under the crotch."""
    half = hips[: _HALF + 1] if side == "L" else hips[-np.arange(_HALF + 1)]
    t = (np.arange(1, _CROTCH) / _CROTCH)[:, None]
    seam = (1 - t) * half[-1] + t * half[0]
    seam[:, 2] -= drop * np.sin(np.pi * t[:, 0]) ** 0.6
    return np.concatenate([half, seam])


def _turns() -> Array:
    """(RING,): how far around a leg each column lies: 0 at the front crease, π at the back's."""
    outer = (_QUARTERS - 1.0) * (np.pi / 2)
    inner = outer[-1] + (outer[0] + 2 * np.pi - outer[-1]) * np.arange(1, _CROTCH) / _CROTCH
    return np.concatenate([outer, inner])


def _leg(form: Form, cut: LegCut, side: str, last: Array) -> Array:
    """(S, RING, 3): cloth that hangs straight from the hips to the shoe."""
    s, sign = form.scale, 1.0 if side == "L" else -1.0
    first, turns = _under(last, side, 0.022 * s), _turns()
    hem = _hem(form, cut, side, turns)
    knee = form.head(f"shin.{side}")[2]
    # Rows are closer where cloth breaks: under the crotch, at the knee, over the shoe.
    level = np.interp(
        np.linspace(0, 1, _LEG_ROWS),
        [0, 0.16, 0.40, 0.66, 0.80, 1],
        [0, 0.09, 0.36, 0.66, 0.86, 1],
    )
    down = level[:, None]
    rings = np.empty((_LEG_ROWS, _RING, 3))
    rings[..., 2] = (1 - down) * first[:, 2] + down * hem[:, 2]
    narrow = down**0.85
    rings[..., :2] = (1 - narrow[..., None]) * first[:, :2] + narrow[..., None] * hem[:, :2]
    # The inner seam falls straight: legs stand close and still are two.
    inside = 0.5 - 0.5 * np.cos(turns + np.pi / 2)
    inside = smoothstep(inside, 0.5, 0.9)
    straight = (1 - down) * first[:, 0] + down * hem[:, 0]
    rings[..., 0] += inside * (straight - rings[..., 0])
    rings = _around_leg(form, cut, side, rings)
    rings[..., 0] = np.where(
        down > 0, sign * np.maximum(sign * rings[..., 0], 0.003), rings[..., 0]
    )
    return _pressed(form, cut, side, rings, turns, knee)


def _hem(form: Form, cut: LegCut, side: str, turns: Array) -> Array:
    """(RING, 3): the hem, higher over the instep than at the heel."""
    s, sign = form.scale, 1.0 if side == "L" else -1.0
    ankle = form.head(f"foot.{side}")
    across, along = np.sin(turns), -np.cos(turns)
    breadth = cut.width * s
    # Wide legs stay two: the inner sides keep clear of the middle.
    inward = min(breadth, abs(ankle[0]) - 0.022 * s)
    ahead, behind = max(0.073 * s, 0.95 * breadth), max(0.056 * s, 0.95 * breadth)
    hem = np.empty((_RING, 3))
    hem[:, 0] = ankle[0] + sign * across * np.where(across > 0, breadth, inward)
    hem[:, 1] = ankle[1] + 0.004 * s + along * np.where(along < 0, ahead, behind)
    hem[:, 2] = cut.hem * s + 0.022 * s * (0.5 - 0.5 * along)
    return hem


def _around_leg(form: Form, cut: LegCut, side: str, rings: Array) -> Array:
    """The rings with room for the leg inside them."""
    sign = 1.0 if side == "L" else -1.0
    leg = (form.figure.part == 0) & (form.figure.vertices[:, 0] * sign > -0.005)
    leg &= form.arm < 0.35
    x, y = np.array([1.0, 0, 0]), np.array([0.0, 1, 0])
    short = np.zeros(rings.shape[:2])
    middles = 0.5 * (rings.min(axis=1) + rings.max(axis=1))
    spokes = rings[..., :2] - middles[:, None, :2]
    size = np.linalg.norm(spokes, axis=2)
    for i, middle in enumerate(middles):
        height = max(float(middle[2]), 0.10 * form.scale)
        points = form.section(np.array([middle[0], middle[1], height]), x, y, leg).reshape(-1, 2)
        need = hull_reach(points, np.zeros(2), spokes[i] / size[i][:, None])
        short[i] = np.maximum(need + 0.6 * cut.ease - size[i], 0.0)
    # Not at the fork, where both legs share their cloth.
    short *= smoothstep(np.arange(len(rings)), 0, 4)[:, None]
    short = np.maximum(short, gaussian_filter1d(short, 1.5, axis=0, mode="nearest"))
    short = gaussian_filter1d(gaussian_filter1d(short, 1.2, axis=1, mode="wrap"), 1.0, axis=0)
    out = rings.copy()
    out[..., :2] += spokes / size[..., None] * short[..., None]
    return out


def _pressed(form: Form, cut: LegCut, side: str, rings: Array, turns: Array, knee: float) -> Array:
    """The leg with creases, and folds at fork, knee and shoe."""
    s, noise = form.scale, Noise(cut.seed + (side == "R"))
    middle = 0.5 * (rings.min(axis=1, keepdims=True) + rings.max(axis=1, keepdims=True))
    out = unit((rings - middle) * np.array([1.0, 1.0, 0.0]))
    z = rings[..., 2]
    row = np.arange(len(rings))[:, None]
    facing = np.abs((turns + np.pi) % (2 * np.pi) - np.pi)
    behind = np.abs(turns - np.pi)
    front, back = 0.5 + 0.5 * np.cos(turns), 0.5 - 0.5 * np.cos(turns)
    crease = np.exp(-facing / 0.12) + np.exp(-behind / 0.12)
    height = cut.crease * s * crease * smoothstep(row, 3, 8)
    at_knee = np.exp(-(((z - knee + 0.02 * s) / (0.075 * s)) ** 2))
    height = height + 0.008 * s * at_knee * back * noise.wave(z / s, turns, 0.075)
    # The break: cloth that is longer than the way to the shoe folds in once above it.
    over = z - rings[-1, :, 2]
    fold = np.exp(-(((over - 0.085 * s) / (0.028 * s)) ** 2))
    dent = np.exp(-(((over - 0.040 * s) / (0.022 * s)) ** 2))
    height = height + s * (0.007 * fold - 0.007 * dent) * (0.25 + 0.75 * front**2)
    height = height + 0.006 * s * dent * noise.wave(z / s, turns, 0.07)
    at_fork = smoothstep(row, 0, 2) * smoothstep(-row, -9, -3)
    height = height + 0.004 * s * at_fork * front * noise.wave(z / s, turns, 0.09)
    return rings + out * height[..., None]


def _sewn(form: Form, cut: LegCut, hips: Array, legs: tuple[Array, Array]) -> Trousers:
    """Hips and legs in one mesh, pulled smooth where they meet, with weights."""
    top = np.arange(hips.size // 3).reshape(-1, COLUMNS)
    seam = top.size + np.arange(_CROTCH - 1)
    fork = 0.5 * (legs[0][0, _HALF + 1 :] + legs[1][0, _HALF + 1 :])
    fork[:, 0] = 0.0
    count, grids = top.size + len(seam), []
    for side, rings in zip(SIDES, legs, strict=True):
        half = top[-1, : _HALF + 1] if side == "L" else top[-1, -np.arange(_HALF + 1)]
        below = count + np.arange(rings[1:].size // 3).reshape(-1, _RING)
        count += below.size
        grids.append(np.concatenate([np.concatenate([half, seam])[None], below]))
    mesh = np.concatenate([hips.reshape(-1, 3), fork, *(leg[1:].reshape(-1, 3) for leg in legs)])
    panels = [
        panel
        for side, ids in zip(SIDES, grids, strict=True)
        for panel in _panels(top, ids, side, cut.stripe)
    ]
    quads = np.concatenate([_panel_faces(panel) for panel in panels])
    mesh = _settled(form, mesh, quads, top, grids)
    bones = _leg_weights(form, mesh, quads, grids)
    uv = np.concatenate([_panel_uv(mesh, panel, i) for i, panel in enumerate(panels)])
    material = np.concatenate(
        [np.full(len(_panel_faces(panel)), int(panel.shape[1] == 2)) for panel in panels]
    )
    cloth = Sheet(mesh, quads, uv, material)
    sheet, old = hemmed(cloth, 0.003, 0.0)
    # The upper edge is worn under something: it needs no hem.
    inside = (old[sheet.faces] < COLUMNS).all(axis=1)
    sheet, used = kept(sheet, ~inside)
    shaped = (mesh[grids[0]], mesh[grids[1]])
    return Trousers(mesh[top], shaped, cloth, sheet, bones[old[used]])


def _panels(top: Ids, leg: Ids, side: str, stripe: bool) -> list[Ids]:
    """One leg from waist to hem, cut at the outer and the inner seam: front, back and stripe.

    Returns
    -------
    list of (R, C) int arrays
        Vertices: rows upwards, columns to the right as seen from outside; −1 where hips have none.
        The stripe has two columns.
    """
    half = top[:-1, : _HALF + 1] if side == "L" else top[:-1, -np.arange(_HALF + 1)]
    none = np.full((len(half), _CROTCH - 1), -1)
    whole = np.concatenate([np.concatenate([half, none], axis=1), leg])
    inner = _HALF + _CROTCH // 2
    panels = [np.concatenate([whole[:, inner:], whole[:, : _SEAM + 1]], axis=1)]
    panels.append(whole[:, _SEAM + int(stripe) : inner + 1])
    if stripe:
        panels.append(whole[:, _SEAM : _SEAM + 2])
    return [(panel if side == "L" else panel[:, ::-1])[::-1] for panel in panels]


def _panel_faces(panel: Ids) -> Ids:
    faces = grid_faces(panel)
    return faces[(faces >= 0).all(axis=1)]


def _panel_uv(mesh: Array, panel: Ids, number: int) -> Array:
    """Places (F, 4, 2) on the cloth as it was cut, metres; panels lie apart."""
    there = panel >= 0
    step = np.linalg.norm(np.diff(mesh[panel], axis=1), axis=2)
    step = np.where(there[:, 1:] & there[:, :-1], step, 0.0)
    u = np.concatenate([np.zeros((len(panel), 1)), np.cumsum(step, axis=1)], axis=1)
    middle = panel.shape[1] // 2
    u = u - u[:, middle : middle + 1] + 2.0 * number
    rise = np.linalg.norm(np.diff(mesh[panel[:, middle]], axis=0), axis=1)
    v = np.broadcast_to(np.concatenate([[0.0], np.cumsum(rise)])[:, None], u.shape)
    places = np.full((len(mesh), 2), np.nan)
    places[panel[there]] = np.stack([u[there], v[there]], axis=1)
    return places[_panel_faces(panel)]


def _settled(form: Form, mesh: Array, quads: Ids, top: Ids, grids: list[Ids]) -> Array:
    """Smooth about the fork, and outside of the shoes."""
    body = body_surface(form, (form.figure.part == 0) & (form.arm < 0.35))
    # Near the fork alone: farther out hips and legs are one piece of cloth already.
    near = np.linalg.norm(mesh - mesh[grids[0][0, -_CROTCH // 2]], axis=1) / form.scale
    free = smoothstep(-near, -0.15, -0.07)
    inner = np.zeros(len(mesh), dtype=bool)
    inner[np.concatenate([top[3:].ravel(), *(ids[:6].ravel() for ids in grids)])] = True
    free = np.where(inner, free, 0.0)[:, None]
    pulled = relaxed(mesh, quads, free[:, 0] == 0.0, body, 0.007, 8)
    mesh = mesh + free * (pulled - mesh)
    mesh = smoothed(mesh, quads, free[:, 0] < 0.3, 2)
    low = mesh[:, 2] < 0.14 * form.scale
    shoes = joined(*(build_shoe(form, side) for side in SIDES))
    leather = _upward(sheet_surface(kept(shoes, shoes.material == 0)[0]))
    mean = averaging(quads, len(mesh))
    for _ in range(4):
        mesh[low] = leather.push_out(mesh[low], 0.007)
        mesh[low] = 0.7 * mesh[low] + 0.3 * (mean @ mesh)[low]
    mesh[low] = leather.push_out(mesh[low], 0.006)
    for ids in grids:
        # Stitched hems run level from column to column.
        mesh[ids[-1], 2] = gaussian_filter1d(mesh[ids[-1], 2], 1.5, mode="wrap")
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
        lower = ids[4:].ravel()
        bones[lower] = from_body(form, mesh[lower], skin & (x * sign > 0))
    return spread(bones, quads, 4)


def waistband(trousers: Trousers, height: float) -> Sheet:
    """A band around the top of trousers."""
    top = trousers.hips[0]
    out = unit((top - top.mean(axis=0)) * np.array([1.0, 1.0, 0.0]))
    steps = np.array([-0.5, -0.1, 0.5])[:, None, None]
    grid = top + out * 0.005 + steps * np.array([0, 0, height])
    return hemmed(grid_sheet(grid, closed=True), 0.003, 0.003)[0]
