"""A long black concert dress."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..parts import Dress, Material
from .bodice import ANGLES, COLUMNS, HOLE, YOKE, Bodice, Cut, build_bodice
from .coat import clear_of, closed_top, creased
from .folds import Noise
from .form import Form, smoothstep, unit
from .mesh import Sheet, grid_sheet, hemmed, joined
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
from .weights import nearest, of_bones, spread

CREPE: Final = Material("Black crêpe", "cloth", (0.118, 0.116, 0.13), 0.7)
SATIN: Final = Material("Black satin", "satin", (0.16, 0.158, 0.175), 0.45)


def black_dress(form: Form) -> Dress:
    """A fitted bodice with a boat neck and three-quarter sleeves, a skirt to the ankles."""
    s = form.scale
    rows = row_heights(form, 0.045 * s, 0.026)
    hip = form.crotch[2] + 0.05 * s
    levels = [rows[0], hip, form.waist, rows[-1]]
    bodice = build_bodice(
        form,
        Cut(
            rows,
            np.interp(rows, levels, [0.035, 0.010, 0.006, 0.006]) * s,
            chest=0.006 * s,
            shoulder=0.004 * s,
            pad=0.008 * s,
            neck=0.007,
            sleeve=(0.008 * s, 0.008 * s, 0.009 * s),
            sleeve_end=0.62,
            sleeve_rings=22,
            convex=0.0,
        ),
    )
    bodice = _skirt(form, bodice)
    over = len(bodice.rows) - 1 - YOKE + 1 + HOLE
    front = smoothstep(np.cos(ANGLES), 0.2, 1.0)
    neckline = over + 2.6 - 2.2 * front - 0.6 * smoothstep(-np.cos(ANGLES), 0.2, 1.0)
    top = creased(closed_top(bodice, neckline), 51, 0.0045 * s, form.waist, arm_joints(form), 0.0)
    top = clear_of(top, body_without_hands(form), 0.006)
    bones = _weights(form, top.sheet, top_weights(form, top, 4, still=False))
    outer, old = hemmed(top.sheet, 0.002, 0.012)
    sash = _sash(form, bodice)
    weights = np.concatenate([bones[old], nearest(sash.vertices, top.sheet.vertices, bones)])
    pieces = (
        piece("Dress", joined(outer, sash.painted(1)), weights, CREPE, SATIN),
        *shoes(form),
    )
    return Dress(pieces, covered_skin(form, [top.sheet], edge_points(top.sheet, form.waist)))


def _skirt(form: Form, bodice: Bodice) -> Bodice:
    """The part below the hips falls from them in folds that open towards the hem."""
    s = form.scale
    rows = bodice.rows.copy()
    z = rows[:, 0, 2]
    middle = rows[int(np.argmin(np.abs(z - form.crotch[2])))].mean(axis=0)
    size = np.linalg.norm((rows - middle)[..., :2], axis=2)
    hips = (z > form.crotch[2]) & (z < form.waist - 0.05 * s)
    start = int(np.flatnonzero(hips)[np.argmax(size[hips].mean(axis=1))])
    drop = ((z[start] - z[:start]) / z[start])[:, None]
    noise = Noise(61)
    folds, slow = noise.ripple(ANGLES, 9, 0.8 * drop), noise.ripple(ANGLES, 4)
    flare = 0.10 * s * drop**1.25 * (1.0 + 0.12 * slow)
    flare = flare + 0.040 * s * (0.25 * drop + 0.75 * drop**2) * (folds + 0.4)
    reach = np.maximum(size[start] + flare, size[:start] + 0.5 * np.maximum(flare, 0.0))
    ray = unit((rows[start] - middle) * np.array([1.0, 1.0, 0.0]))
    cut = middle + ray * reach[..., None]
    cut[..., 2] = rows[:start, :, 2]
    t = smoothstep(drop, 0.0, 0.2)[..., None]
    rows[:start] = (1 - t) * rows[:start] + t * cut
    return Bodice(rows, bodice.sleeves)


def _weights(form: Form, sheet: Sheet, bones: Array) -> Array:
    """Skirt below the hips: hips, and some of the thighs."""
    v = sheet.vertices
    depth = (form.crotch[2] + 0.05 * form.scale - v[:, 2]) / form.scale
    left = smoothstep(v[:, 0], -0.14 * form.scale, 0.14 * form.scale)
    share = 0.85 * smoothstep(depth, 0.0, 0.5)
    hanging = of_bones(
        form,
        {"hips": 1.0 - share, "thigh.L": share * left, "thigh.R": share * (1.0 - left)},
        len(v),
    )
    t = smoothstep(depth, -0.06, 0.1)[:, None]
    return spread((1.0 - t) * bones + t * hanging, sheet.faces, 4)


def _sash(form: Form, bodice: Bodice) -> Sheet:
    """A narrow band at the waist."""
    s = form.scale
    count = np.arange(bodice.yoke, dtype=float)
    z = bodice.rows[: bodice.yoke, 0, 2]
    levels = form.waist + np.array([-0.014, -0.011, 0.0, 0.011, 0.014]) * s
    rows = np.interp(levels, z, count)
    points = bodice.at(*np.broadcast_arrays(rows[:, None], ANGLES[None, :COLUMNS]))
    out = unit((points - points.mean(axis=1, keepdims=True)) * np.array([1.0, 1.0, 0.0]))
    room = np.array([0.0015, 0.0028, 0.003, 0.0028, 0.0015])[:, None, None]
    return hemmed(grid_sheet(points + out * room, closed=True), 0.002, 0.004)[0]
