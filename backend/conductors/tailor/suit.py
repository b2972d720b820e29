"""The dark suit: jacket, open shirt, trousers, shoes."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Dress, Material
from .bodice import Bodice, Cut, above_neck, build_bodice
from .coat import Coat, Opening, clear_of, creased, open_coat
from .form import SIDES, Form, Surface, unit
from .lapels import LapelCut, collar, lapel
from .legs import LegCut, build_trousers
from .mesh import Sheet, grid_sheet, hemmed, joined, kept, sheet_surface, welded, with_hem
from .sewing import (
    arm_joints,
    below_collar,
    body_without_hands,
    covered_skin,
    neck_weights,
    piece,
    row_heights,
    shoes,
    top_weights,
)
from .shirt import CUFF_OUTSIDE, cuff, half_fronts, turned_collar
from .trimmings import button, patch
from .weights import nearest, rigid

CLOTH: Final = Material("Navy wool", "cloth", (0.108, 0.132, 0.205), 0.8)
FACING: Final = Material("Navy lapels", "cloth", (0.130, 0.158, 0.243), 0.7)
HORN: Final = Material("Horn buttons", "leather", (0.11, 0.085, 0.07), 0.35)
SHIRT: Final = Material("White shirt", "cloth", (0.88, 0.89, 0.92), 0.6)
LEATHER: Final = Material("Black leather", "leather", (0.075, 0.07, 0.07), 0.25)
LINEN: Final = Material("Pocket square", "cloth", (0.82, 0.83, 0.86), 0.7)


def dark_suit(form: Form) -> Dress:
    """A two-button jacket with notched lapels over an open white shirt, trousers, shoes."""
    s = form.scale
    hem = form.crotch[2] - 0.015 * s
    rows = row_heights(form, hem, 0.029)
    rows = rows[0] + (rows[-1] - rows[0]) * ((rows - rows[0]) / (rows[-1] - rows[0])) ** 1.3
    bodice = build_bodice(
        form,
        Cut(
            rows,
            np.interp(rows, [hem, form.waist, rows[-1]], [0.018, 0.011, 0.013]) * s,
            chest=0.012 * s,
            shoulder=0.008 * s,
            pad=0.010 * s,
            neck=0.017,
            sleeve=(0.010 * s, 0.010 * s, 0.008 * s),
            sleeve_end=0.93,
            convex=0.25,
        ),
    )
    opening = Opening(form.waist + 0.035 * s, 0.014 * s, 0.10 * s, form.waist - 0.06 * s)
    coat = creased(open_coat(bodice, opening), 3, 0.006 * s, form.waist, arm_joints(form))
    body = body_without_hands(form)
    coat = clear_of(coat, body, 0.010)
    legs = build_trousers(form, LegCut(form.waist - 0.02 * s, width=0.070, seed=4))
    coat = _over(coat, sheet_surface(legs.outside), hem + 0.14 * s)
    bones = top_weights(form, coat)
    outer, old = hemmed(coat.sheet, 0.003, 0.0)
    details, hard = _details(form, bodice, coat, opening, body)
    fronts = half_fronts(form, bodice, body, opening.button - 0.06 * s)
    halves, _ = welded(joined(*(grid_sheet(grid) for grid in fronts)))
    collar_sheet = turned_collar(form, body, np.radians(17))
    cuffs = [cuff(coat.sheet.vertices[at], 0.011 * s) for at in coat.sleeves]
    tubes = [grid_sheet(rings, closed=True) for rings in cuffs]
    shirt = joined(halves, with_hem(collar_sheet, 0.0015), *tubes)
    shown = legs.sheet.vertices[legs.sheet.faces][..., 2].max(axis=1) < hem + 0.12 * s
    trousers, used = kept(legs.sheet, shown)
    ground = coat.sheet.vertices
    sewn_on = [nearest(sheet.vertices, ground, bones) for sheet in details]
    sewn_on += [rigid(sheet, ground, bones) for sheet in hard]
    jacket = joined(outer, *details, *hard)
    edges = np.concatenate(
        [fronts[0][6:, 0], fronts[1][6:, -1], *(rings[CUFF_OUTSIDE - 1] for rings in cuffs)]
    )
    shirt_bones = nearest(shirt.vertices, ground, bones)
    stands = smoothstep(above_neck(form, shirt.vertices), -0.006 * s, 0.028 * s)[:, None]
    shirt_bones += stands * (neck_weights(form, shirt.vertices) - shirt_bones)
    pieces = (
        piece("Jacket", jacket, np.concatenate([bones[old], *sewn_on]), CLOTH, FACING, HORN, LINEN),
        piece("Shirt", shirt, shirt_bones, SHIRT),
        piece("Trousers", trousers, legs.weights[used], CLOTH),
        *shoes(form, LEATHER),
    )
    outside = [grid_sheet(rings[:CUFF_OUTSIDE], closed=True) for rings in cuffs]
    covered = covered_skin(form, [coat.sheet, halves, collar_sheet, *outside], edges, collar=0.010)
    beside = np.abs(form.figure.vertices[:, 0]) > 0.055 * s
    return Dress(pieces, covered | (below_collar(form, 0.008 * s) & beside))


def _over(coat: Coat, trousers: Surface, below: float) -> Coat:
    """The coat with its skirts outside the trousers, falling straight from the seat.

    Parameters
    ----------
    below : float
        Height of the seat, metres.
    """
    v = coat.sheet.vertices.copy()
    skirt = coat.grid[v[coat.grid[:, len(coat.grid[0]) // 2], 2] < below]
    points = v[skirt]
    raised = trousers.push_out(points.reshape(-1, 3), 0.009).reshape(points.shape)
    middle = np.array([0.0, raised[..., 1].mean(), 0.0])
    spokes = (raised - middle) * np.array([1.0, 1.0, 0.0])
    reach = np.linalg.norm(spokes, axis=2)
    falling = np.maximum.accumulate(reach[::-1], axis=0)[::-1]
    v[skirt] = raised + unit(spokes) * (falling - reach)[..., None]
    return Coat(coat.sheet.moved(v), coat.grid, coat.sleeves)


def _details(
    form: Form, bodice: Bodice, coat: Coat, opening: Opening, body: Surface
) -> tuple[list[Sheet], list[Sheet]]:
    """What is sewn on: soft and hard."""
    s, ground = form.scale, coat.surface
    lapels = LapelCut(
        0.078 * s, tip=0.735, notch=0.5, collar=0.042 * s, stand=0.020 * s, clear=0.017
    )
    sewn = [
        with_hem(lapel(coat, opening, lapels, side, ground), 0.002).painted(1) for side in SIDES
    ]
    sewn.append(with_hem(collar(coat, opening, lapels, ground, body), 0.002).painted(1))
    edge, hard = coat.edge("L"), []
    for drop in (0.006, 0.115):
        z = opening.button - drop * s
        at = np.array([0.0, np.interp(z, edge[:, 2], edge[:, 1]), z])
        hard.append(button(ground, at, 0.0105 * s).painted(2))
    for side in SIDES:
        sewn.append(_flap(form, bodice, ground, side))
    sewn.append(_breast_pocket(form, bodice, ground))
    return sewn, hard


def on_bodice(bodice: Bodice, height: float, angle: float) -> Array:
    """The point (3,) of the bodice at a height and an angle, below the yoke or in front."""
    count = np.arange(len(bodice.rows), dtype=float)
    z = bodice.at(count, np.full(len(count), angle))[:, 2]
    row = np.interp(height, z, count)
    return bodice.at(np.array([row]), np.array([angle]))[0]


def _flap(form: Form, bodice: Bodice, ground: Surface, side: str) -> Sheet:
    s, sign = form.scale, 1.0 if side == "L" else -1.0
    corner = on_bodice(bodice, form.waist - 0.085 * s, sign * np.radians(24))
    across = np.array([sign * 0.14 * s, 0.0, 0.012 * s])
    flap = patch(ground, corner, across, np.array([0, 0, 0.045 * s]), (5, 2), 0.003)
    return with_hem(flap if sign > 0 else flap.turned(), 0.002)


def _breast_pocket(form: Form, bodice: Bodice, ground: Surface) -> Sheet:
    s = form.scale
    corner = on_bodice(bodice, form.armpits[0][2] - 0.028 * s, np.radians(37))
    across, up = np.array([0.060 * s, 0.0, 0.010 * s]), np.array([0.0, 0.0, 0.018 * s])
    welt = patch(ground, corner, across, up, (5, 2), 0.003)
    square = patch(ground, corner + up * 0.6 + across * 0.1, across * 0.8, up * 1.1, (4, 2), 0.0022)
    return joined(with_hem(square, 0.0015).painted(3), with_hem(welt, 0.002))
