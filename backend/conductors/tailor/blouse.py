"""A silk blouse with full sleeves over wide trousers."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Dress, Material
from .bodice import LOOP, Bodice, Cut, build_bodice
from .coat import Coat, Opening, clear_of, creased, open_coat
from .folds import Noise
from .form import Form, Surface, quad_normals, unit
from .lapels import LapelCut, collar
from .legs import LegCut, build_trousers, waistband
from .mesh import Sheet, grid_sheet, hemmed, joined, sheet_surface, with_hem
from .sewing import (
    arm_joints,
    body_without_hands,
    covered_skin,
    edge_points,
    piece,
    row_heights,
    shoes,
    top_weights,
)
from .trimmings import button
from .weights import nearest, rigid

SILK: Final = Material("Black silk", "satin", (0.135, 0.131, 0.148), 0.55)
CREPE: Final = Material("Black crêpe", "cloth", (0.108, 0.107, 0.116), 0.8)
BUTTONS: Final = Material("Jet buttons", "leather", (0.05, 0.05, 0.06), 0.2)


def black_blouse(form: Form) -> Dress:
    """A blouse with an open neck and sleeves gathered at the cuffs, wide trousers, low shoes."""
    s = form.scale
    hem = form.waist - 0.012 * s
    rows = row_heights(form, hem, 0.018)
    levels = [hem, form.waist + 0.024 * s, form.waist + 0.065 * s, rows[-1]]
    bodice = build_bodice(
        form,
        Cut(
            rows,
            np.interp(rows, levels, [0.001, 0.003, 0.034, 0.020]) * s,
            chest=0.013 * s,
            shoulder=0.012 * s,
            pad=0.008 * s,
            neck=0.015,
            sleeve=(0.011 * s, 0.013 * s, 0.019 * s),
            sleeve_end=0.93,
            convex=0.0,
        ),
    )
    bodice = _draped(form, bodice)
    opening = Opening(form.armpits[0][2] - 0.025 * s, 0.008 * s)
    top = creased(open_coat(bodice, opening), 21, 0.007 * s, form.waist, arm_joints(form), 0.2, 0.5)
    legs = build_trousers(
        form,
        LegCut(
            form.waist + 0.01 * s, 0.012, hem=0.018, width=0.080, crease=0.005, band=0.012, seed=9
        ),
    )
    body = body_without_hands(form)
    top = clear_of(_fluted(form, top), body, 0.009)
    top = _tucked(form, top, sheet_surface(legs.outside))
    bones = top_weights(form, top, 12, still=False)
    outer, old = hemmed(top.sheet, 0.002, 0.0)
    soft, hard = _details(form, top, opening, body)
    ground = top.sheet.vertices
    weights = [bones[old], nearest(soft.vertices, ground, bones)]
    weights += [rigid(sheet, ground, bones) for sheet in hard]
    band = waistband(legs, 0.034 * s)
    worn = [legs.weights, nearest(band.vertices, legs.sheet.vertices, legs.weights)]
    pieces = (
        piece("Blouse", joined(outer, soft, *hard), np.concatenate(weights), SILK, BUTTONS),
        piece("Trousers", joined(legs.sheet, band), np.concatenate(worn), CREPE),
        *shoes(form),
    )
    edges = edge_points(top.sheet, opening.button)
    return Dress(pieces, covered_skin(form, [top.sheet, legs.outside, *_cuffs(top)], edges))


def _draped(form: Form, bodice: Bodice) -> Bodice:
    """Soft folds that rise from the waist and run into the cuffs, which take the sleeves in."""
    s = form.scale
    noise = Noise(31)
    rows = bodice.rows.copy()
    low = rows[: bodice.yoke]
    middle = low.mean(axis=1, keepdims=True)
    angle = np.arctan2(low[..., 0], middle[..., 1] - low[..., 1])
    above = (low[..., 2] - form.waist) / s
    depth = smoothstep(above, 0.02, 0.05) * smoothstep(low[-1, 0, 2] - low[..., 2], 0.0, 0.12)
    flute = noise.ripple(angle, 14, 9.0 * above) * depth * 0.009 * s
    rows[: bodice.yoke] = low + unit((low - middle) * np.array([1, 1, 0])) * flute[..., None]
    sleeves = tuple(_gathered(rings, s, Noise(40 + i)) for i, rings in enumerate(bodice.sleeves))
    return Bodice(rows, (sleeves[0], sleeves[1]))


def _fluted(form: Form, top: Coat) -> Coat:
    """Soft folds that fall from the shoulders over the breast."""
    s, grid = form.scale, top.grid
    v, there = top.sheet.vertices.copy(), top.grid >= 0
    points = v[np.where(there, grid, 0)]
    noise = Noise(71)
    angle = np.arctan2(points[..., 0], -points[..., 1])
    above = (points[..., 2] - form.waist) / s
    high = float(points[-1, :, 2].min() - form.waist) / s
    depth = smoothstep(above, 0.08, 0.2) * smoothstep(-above, -high, -high + 0.1)
    edge = np.minimum(np.arange(grid.shape[1]), np.arange(grid.shape[1])[::-1])
    depth = depth * smoothstep(edge, 1, 5)
    rise = (noise.ripple(angle, 11, 5.0 * above) + 0.4) * depth * 0.006 * s
    normals = quad_normals(v, top.sheet.faces)
    v[grid[there]] += rise[there][:, None] * normals[grid[there]]
    return Coat(top.sheet.moved(v), grid, top.sleeves)


def _tucked(form: Form, top: Coat, trousers: Surface) -> Coat:
    """The blouse with its hem inside the trousers."""
    v = top.sheet.vertices
    height, normal = trousers.height(v)
    low = smoothstep(-v[:, 2], -form.waist - 0.034 * form.scale, -form.waist - 0.020 * form.scale)
    trunk = np.zeros(len(v), dtype=bool)
    trunk[top.grid[top.grid >= 0]] = True
    sink = np.where(trunk, low * np.maximum(height + 0.004, 0.0), 0.0)
    return Coat(top.sheet.moved(v - sink[:, None] * normal), top.grid, top.sleeves)


def _gathered(rings: Array, s: float, noise: Noise) -> Array:
    middle = rings.mean(axis=1, keepdims=True)
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(middle[:, 0], axis=0), axis=1))])
    left = (run[-1] - run)[:, None]
    around = 2 * np.pi * np.arange(LOOP) / LOOP
    spokes = rings - middle
    reach = np.linalg.norm(spokes, axis=2)
    wrist = reach[-1].mean() - 0.011 * s
    taken = smoothstep(-left, -0.035 * s, -0.004 * s)
    full = reach + 0.006 * s * np.exp(-(((left - 0.045 * s) / (0.025 * s)) ** 2))
    pleat = noise.ripple(around, 5, 4.0 * left / s) * 0.0055 * s
    pleat = pleat * smoothstep(-left, -0.26 * s, -0.02 * s)
    size = (1 - taken) * full + taken * wrist + pleat * (1 - 0.75 * taken)
    return middle + unit(spokes) * size[..., None]


def _cuffs(top: Coat) -> list[Sheet]:
    """Bands that hold the sleeves' ends."""
    out = []
    for loops in top.sleeves:
        rings = top.sheet.vertices[loops]
        middle = rings[-1].mean(axis=0)
        run = unit(middle - rings[-5].mean(axis=0))
        spokes = rings[-1] - middle
        spokes = unit(spokes - (spokes @ run)[:, None] * run)
        size = np.linalg.norm(rings[-1] - middle, axis=1).mean()
        steps = ((-0.010, 0.001), (-0.006, 0.003), (0.016, 0.002), (0.026, 0.001))
        grid = np.stack([middle + run * t + spokes * (size + r) for t, r in steps])
        out.append(with_hem(grid_sheet(grid, closed=True), 0.002))
    return out


def _details(form: Form, top: Coat, opening: Opening, body: Surface) -> tuple[Sheet, list[Sheet]]:
    """Collar and cuffs; buttons."""
    s, ground = form.scale, top.surface
    cut = LapelCut(0.028 * s, 0.06, 0.05, 0.9, collar=0.030 * s, stand=0.018 * s, clear=0.013)
    soft = with_hem(collar(top, opening, cut, ground, body), 0.0015)
    edge, hard = top.edge("L"), []
    for drop in (0.012, 0.082, 0.152):
        z = opening.button - drop * s
        at = np.array([0.0, np.interp(z, edge[:, 2], edge[:, 1]), z])
        hard.append(button(ground, at, 0.006 * s).painted(1))
    return joined(soft, *_cuffs(top)), hard
