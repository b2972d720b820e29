"""A long black concert dress."""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Dress, Material
from .bodice import ANGLES, COLUMNS, HOLE, YOKE, Bodice, Cut, build_bodice
from .coat import clear_of, closed_top, creased
from .draping import hanging, skirt_drop
from .form import Form, unit
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
    hip = form.crotch[2] + 0.05 * s
    # Cloth that falls straight needs fewer rows.
    upper = row_heights(form, hip, 0.026)
    skirt = np.linspace(0.040 * s, hip, round((hip - 0.040 * s) / (0.046 * s)), endpoint=False)
    rows = np.concatenate([skirt, upper])
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
    top = clear_of(top, body_without_hands(form), 0.008)
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
    """The part below the hips falls straight from where they are widest, in a few soft folds."""
    s = form.scale
    rows = bodice.rows.copy()
    z = bodice.rows[:, 0, 2]
    low = np.flatnonzero(z < form.waist - 0.055 * s)
    middle = rows[int(np.argmin(np.abs(z - form.crotch[2])))].mean(axis=0)
    spokes = (rows[low] - middle) * np.array([1.0, 1.0, 0.0])
    size = np.linalg.norm(spokes, axis=2)
    # Downwards no row is narrower than those above it.
    falling = np.maximum.accumulate(size[::-1], axis=0)[::-1]
    falling = gaussian_filter1d(gaussian_filter1d(falling, 1.0, axis=0), 2.0, axis=1, mode="wrap")
    size = np.maximum(size, falling)
    drop = skirt_drop(form, z[low])[:, None]
    behind = 0.5 - 0.5 * np.cos(ANGLES)
    flare = (0.060 + 0.035 * behind) * s * drop**1.3
    fold = 0.058 * s * drop * (0.35 + 0.65 * drop) * (hanging(ANGLES, drop) - 0.45)
    rows[low] = middle + unit(spokes) * (size + flare + fold)[..., None]
    rows[low, :, 2] = z[low, None]
    # The hem is a little shorter in front, over the shoes.
    rows[0, :, 2] += 0.012 * s * (1.0 - behind)
    return Bodice(rows, bodice.sleeves)


def _weights(form: Form, sheet: Sheet, bones: Array) -> Array:
    """Skirt below the hips: hips, and some of the legs, from whose knees it hangs."""
    v, s = sheet.vertices, form.scale
    depth = (form.crotch[2] + 0.05 * s - v[:, 2]) / s
    left = smoothstep(v[:, 0], -0.14 * s, 0.14 * s)
    share = 0.65 * smoothstep(depth, 0.0, 0.45)
    # What a thigh does at the knee, thigh and shin together do down to the foot.
    knee = form.head("shin.L")[2]
    shin = 0.5 * smoothstep(-v[:, 2], -knee, -0.2 * knee)
    shares: dict[str, Array | float] = {"hips": 1.0 - share}
    for side, part in (("L", left), ("R", 1.0 - left)):
        shares[f"thigh.{side}"] = share * part * (1.0 - shin)
        shares[f"shin.{side}"] = share * part * shin
    hung = of_bones(form, shares, len(v))
    t = smoothstep(depth, -0.06, 0.1)[:, None]
    return spread((1.0 - t) * bones + t * hung, sheet.faces, 4)


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
