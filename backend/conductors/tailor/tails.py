"""Evening dress: tailcoat, white waistcoat, wing collar, bow tie, trousers with satin stripes."""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Dress, Material, Piece
from .bodice import ANGLES, Bodice, Cut, build_bodice, hung, neck_ring
from .coat import Coat, Opening, clear_of, creased, open_coat
from .folds import Noise
from .form import SIDES, Form, Surface, unit
from .lapels import LapelCut, collar, lapel
from .legs import LegCut, build_trousers
from .mesh import Sheet, grid_sheet, hemmed, joined, sheet_surface, with_hem
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
from .shirt import CUFF_OUTSIDE, bow_tie, cuff, front, wing_collar
from .suit import on_bodice
from .trimmings import button
from .weights import nearest, of_bones, rigid

WOOL: Final = Material("Black barathea", "cloth", (0.122, 0.121, 0.132), 0.8)
SATIN: Final = Material("Black satin", "satin", (0.20, 0.20, 0.22), 0.3)
PIQUE: Final = Material("White piqué", "cloth", (0.88, 0.88, 0.87), 0.7)
COTTON: Final = Material("White cotton", "cloth", (0.93, 0.93, 0.94), 0.6)
PEARL: Final = Material("Pearl studs", "metal", (0.80, 0.79, 0.76), 0.25)
PATENT: Final = Material("Patent leather", "leather", (0.07, 0.07, 0.08), 0.12)

_SIDE: Final = np.radians(78.0)
"""Where the tails begin at the waist, from the front."""


def tailcoat(form: Form) -> Dress:
    """White tie."""
    s = form.scale
    waist = form.waist - 0.005 * s
    rows = row_heights(form, waist - 0.05 * s, 0.032)
    bodice = build_bodice(
        form,
        Cut(
            rows,
            np.interp(rows, [rows[0], form.waist, rows[-1]], [0.016, 0.013, 0.015]) * s,
            chest=0.014 * s,
            shoulder=0.006 * s,
            pad=0.009 * s,
            neck=0.016,
            sleeve=(0.009 * s, 0.009 * s, 0.007 * s),
            sleeve_end=0.93,
            convex=0.1,
        ),
    )
    opening = Opening(form.waist + 0.07 * s, -0.030 * s, 0.035 * s, form.waist + 0.06 * s)
    hem = np.interp(waist, bodice.rows[:, 0, 2], np.arange(len(bodice.rows)))
    from_front = np.abs((ANGLES + np.pi) % (2 * np.pi) - np.pi)
    hem = hem * smoothstep(from_front, np.radians(14), np.radians(60))
    coat = creased(open_coat(bodice, opening, hem), 7, 0.006 * s, form.waist, arm_joints(form))
    body = body_without_hands(form)
    coat = clear_of(coat, body, 0.011)
    bones = top_weights(form, coat)
    outer, old = hemmed(coat.sheet, 0.003, 0.0)
    details, hard = _details(form, coat, opening, body)
    legs = build_trousers(
        form, LegCut(form.waist + 0.01 * s, 0.010, width=0.070, seed=2, stripe=True)
    )
    below = sheet_surface(legs.outside)
    skirts = [_tail(form, coat, side, waist) for side in SIDES]
    skirts = [tail.moved(below.push_out(tail.vertices, 0.009)) for tail in skirts]
    tail_sheet = joined(*(with_hem(t, 0.003) for t in skirts))
    parts = [bones[old], nearest(details.vertices, coat.sheet.vertices, bones)]
    parts += [rigid(sheet, coat.sheet.vertices, bones) for sheet in hard]
    parts.append(_tail_weights(form, tail_sheet.vertices, waist, coat, bones))
    pieces = [
        piece(
            "Tailcoat",
            joined(outer, details, *hard, tail_sheet),
            np.concatenate(parts),
            WOOL,
            SATIN,
        )
    ]
    linen, covering = _linen(form, bodice, coat, bones, waist, below)
    pieces += linen
    pieces.append(piece("Trousers", legs.sheet, legs.weights, WOOL, SATIN))
    pieces += shoes(form, PATENT)
    covered = covered_skin(form, [coat.sheet, *covering], np.zeros((0, 3)), collar=0.006)
    return Dress(tuple(pieces), covered | below_collar(form, -0.004 * s))


def _details(form: Form, coat: Coat, opening: Opening, body: Surface) -> tuple[Sheet, list[Sheet]]:
    """What is sewn on: soft and hard."""
    s, ground = form.scale, coat.surface
    cut = LapelCut(
        0.082 * s,
        gorge=0.80,
        tip=0.93,
        notch=0.42,
        collar=0.042 * s,
        stand=0.020 * s,
        clear=0.015,
    )
    sewn = [with_hem(lapel(coat, opening, cut, side, ground), 0.002).painted(1) for side in SIDES]
    sewn.append(with_hem(collar(coat, opening, cut, ground, body), 0.002))
    hard = []
    for side in SIDES:
        edge, sign = coat.edge(side), 1.0 if side == "L" else -1.0
        for drop, out in ((-0.005, 0.030), (0.035, 0.026), (0.075, 0.024)):
            z = opening.button - drop * s
            x = np.interp(z, edge[:, 2], edge[:, 0]) + sign * out * s
            at = np.array([x, np.interp(z, edge[:, 2], edge[:, 1]), z])
            hard.append(button(ground, at, 0.0085 * s).painted(1))
    return joined(*sewn), hard


def _tail(form: Form, coat: Coat, side: str, waist: float) -> Sheet:
    """One tail, from the waist seam to the hollow of the knee."""
    s, sign = form.scale, 1.0 if side == "L" else -1.0
    levels = np.linspace(waist, form.head(f"shin.{side}")[2] - 0.02 * s, 16)
    middle, reach = _hanging(form, coat, levels)
    down = np.linspace(0.0, 1.0, len(levels))
    edge = _SIDE + (np.radians(142.0) - _SIDE) * (0.35 * down + 0.65 * smoothstep(down, 0.0, 0.9))
    t = np.linspace(0.0, 1.0, 11)
    angles = edge[:, None] + (np.pi + np.radians(2.5) - edge[:, None]) * t
    flute = Noise(11 if side == "L" else 12).ripple(3 * angles, 4)
    room = 0.012 * s * flute * smoothstep(down, 0.1, 0.8)[:, None] + 0.006 * s * down[:, None]
    room = room + (0.008 if side == "L" else 0.0) * smoothstep(t, 0.6, 1.0)
    points = np.empty((*angles.shape, 3))
    for i, z in enumerate(levels):
        turn = angles[i] * sign
        size = np.interp(turn % (2 * np.pi), ANGLES, reach[i], period=2 * np.pi) + room[i]
        ray = unit(np.stack([1.45 * np.sin(turn), -np.cos(turn)], axis=1))
        points[i, :, :2] = middle + ray * size[:, None]
        points[i, :, 2] = z
    return grid_sheet(points[::-1], flip=side == "R")


def _hanging(form: Form, coat: Coat, levels: Array) -> tuple[Array, Array]:
    """Middle (2,) and reach (R, COLUMNS) of cloth that falls from the coat's waist seam."""
    seam = coat.sheet.vertices[coat.grid[0]]
    middle = np.array([0.0, seam[:, 1].mean()])
    outline = form.outline(levels, ANGLES)[..., :2] - middle
    rings = [seam[:, :2] - middle, *outline]
    turns = [np.arctan2(ring[:, 0] / 1.45, -ring[:, 1]) % (2 * np.pi) for ring in rings]
    sizes = [np.linalg.norm(ring, axis=1) for ring in rings]
    reach = np.array(
        [
            np.interp(ANGLES, turn, size, period=2 * np.pi)
            for turn, size in zip(turns, sizes, strict=True)
        ]
    )
    top = reach[0]
    body = gaussian_filter1d(reach[1:], 2.0, axis=1, mode="wrap") + 0.020 * form.scale
    body[0] = top
    straight = hung(levels[::-1], body[::-1])[::-1]
    straight = gaussian_filter1d(straight, 2.0, axis=0, mode="nearest")
    down = np.linspace(0.0, 1.0, len(levels))[:, None]
    return middle, top + (straight - top) * smoothstep(down, 0.0, 0.25)


def _tail_weights(form: Form, vertices: Array, waist: float, coat: Coat, bones: Array) -> Array:
    """The seam's from the coat, below that hips, a little of the thighs."""
    seam = nearest(vertices, coat.sheet.vertices, bones)
    depth = (waist - vertices[:, 2]) / form.scale
    left = smoothstep(vertices[:, 0], -0.06, 0.06)
    share = 0.6 * smoothstep(depth, 0.1, 0.4)
    hanging = of_bones(
        form,
        {"hips": 1.0 - share, "thigh.L": share * left, "thigh.R": share * (1.0 - left)},
        len(vertices),
    )
    t = smoothstep(depth, 0.0, 0.12)[:, None]
    return (1.0 - t) * seam + t * hanging


def _linen(
    form: Form, bodice: Bodice, coat: Coat, bones: Array, waist: float, trousers: Surface
) -> tuple[list[Piece], list[Sheet]]:
    """Shirt, waistcoat, bow tie, cuffs; and what of them covers skin."""
    s, body = form.scale, body_without_hands(form)
    angles = np.radians(np.linspace(-54, 54, 15))
    low, high = np.full(15, form.waist + 0.085 * s), np.full(15, form.tall)
    bosom = grid_sheet(front(bodice, body, low, high, angles, 0.015, 0.001))
    stand = wing_collar(form, body)
    stand_hem = with_hem(stand, 0.0012)
    cuffs = [cuff(coat.sheet.vertices[at], 0.015 * s) for at in coat.sleeves]
    ground, studs = coat.sheet.vertices, _studs(form, bodice, bosom)
    soft = joined(bosom, *(grid_sheet(rings, closed=True) for rings in cuffs))
    shirt_bones = [nearest(soft.vertices, ground, bones)]
    shirt_bones += [rigid(stud, ground, bones) for stud in studs]
    shirt_bones.append(neck_weights(form, stand_hem.vertices))
    vest, pearls = _waistcoat(form, bodice, body, waist, trousers)
    vest_bones = [nearest(vest.vertices, ground, bones)]
    vest_bones += [rigid(pearl, ground, bones) for pearl in pearls]
    ring = neck_ring(form, 0.012, 0.008 * s)
    knot = ring[0] - np.array([0.0, 0.006 * s, 0.0])
    tie = bow_tie(form, knot, unit(np.array([0.0, -1.0, 0.25])))
    held = np.broadcast_to(neck_weights(form, ring[:1]), (len(tie.vertices), bones.shape[1]))
    pieces = [
        piece("Shirt", joined(soft, *studs, stand_hem), np.concatenate(shirt_bones), COTTON, PEARL),
        piece("Waistcoat", joined(vest, *pearls), np.concatenate(vest_bones), PIQUE, PEARL),
        piece("Bow tie", tie, held, PIQUE),
    ]
    tubes = [grid_sheet(rings[:CUFF_OUTSIDE], closed=True) for rings in cuffs]
    return pieces, [bosom, stand, *tubes]


def _studs(form: Form, bodice: Bodice, bosom: Sheet) -> list[Sheet]:
    studs, ground = [], sheet_surface(bosom)
    for drop in (0.06, 0.125):
        at = on_bodice(bodice, bodice.rows[-1, 0, 2] - drop * form.scale, 0.0)
        studs.append(button(ground, at, 0.0045 * form.scale, domed=True).painted(1))
    return studs


def _waistcoat(
    form: Form, bodice: Bodice, body: Surface, waist: float, trousers: Surface
) -> tuple[Sheet, list[Sheet]]:
    """The waistcoat and its buttons."""
    s = form.scale
    angles = np.radians(np.linspace(-50, 50, 21))
    away = np.abs(angles)
    v_low, v_high = form.waist + 0.115 * s, form.armpits[0][2] + 0.05 * s
    high = v_low + (v_high - v_low) * np.clip((away - np.radians(1)) / np.radians(34), 0, 1)
    point = np.exp(-(((away - np.radians(7)) / np.radians(9)) ** 2))
    low = waist + 0.015 * s - 0.075 * s * point * smoothstep(-away, -0.6, -0.1)
    panel = grid_sheet(front(bodice, body, low, high, angles, 0.0055, 0.006))
    low_part = panel.vertices[:, 2] < waist + 0.01 * s
    raised = np.where(low_part[:, None], trousers.push_out(panel.vertices, 0.005), panel.vertices)
    panel = panel.moved(raised)
    cloth = with_hem(panel, 0.002)
    ground = sheet_surface(panel)
    pearls = []
    for drop in (0.025, 0.065, 0.105):
        at = on_bodice(bodice, v_low - drop * s, 0.0)
        pearls.append(button(ground, at, 0.007 * s, domed=True).painted(1))
    return cloth, pearls
