"""Painting of the skin: blush, lips, lids, brows, nails, lines of age, shade in hollows."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .atlas import BODY, HEAD, Layout, Texels, skin_layout, texels
from .hair import brows, shorn
from .hand_skin import hand_regions
from .paint import bell, noise, smooth, tint
from .parts import Figure
from .recipes import Recipe
from .regions import Landmarks, creases, ears, landmarks, occlusion, rings, vertex_normals

HEAD_TEXTURE: Final = "skin_head"
BODY_TEXTURE: Final = "skin_body"

_OCCLUSION_MAX: Final = 0.55
# From rings about the lips' inner edge: where their red ends.
_LIP_EDGE: Final = 5.7
_LASH_RING: Final = 2.6


@dataclass(frozen=True)
class _Canvas:
    """What the paint of one picture is put on: all (N, ...) at its pixels."""

    texels: Texels
    points: Array
    normals: Array
    hollow: Array
    fold: Array


def paint_skin(figure: Figure, recipe: Recipe, size: int = 1024) -> dict[str, NDArray[np.uint8]]:
    """Pictures (size, size, 3) of head and body, for the places of `skin_layout`."""
    layout = skin_layout(figure)
    normals, areas = vertex_normals(figure.vertices, layout.faces)
    hollow = occlusion(figure.vertices, normals, areas)
    fold = creases(figure.vertices, normals, layout.faces)
    marks = landmarks(figure, layout)
    pictures = {}
    for part, name in ((HEAD, HEAD_TEXTURE), (BODY, BODY_TEXTURE)):
        cells = texels(layout, part, size)
        canvas = _Canvas(
            cells,
            cells.sample(figure.vertices),
            cells.sample(normals),
            cells.soften(cells.sample(hollow), 3.0),
            cells.soften(cells.sample(fold), 3.0),
        )
        colours = _ground(canvas, recipe)
        if part == HEAD:
            colours = _face(colours, canvas, figure, layout, marks, recipe)
            # The lids are mostly lit: the hollow of the eyes would else look ill.
            eyes = np.linalg.norm(canvas.points[:, None] - marks.eyes, axis=2).min(axis=1)
            canvas = replace(
                canvas, hollow=canvas.hollow * (1.0 - 0.72 * bell(eyes, 0.55 * marks.unit))
            )
        else:
            colours = _hands(colours, canvas, figure, recipe)
            # Fingers and arms move: what hides the sky at rest does not for long.
            canvas = replace(canvas, hollow=0.6 * canvas.hollow)
        pictures[name] = cells.picture(_shaded(colours, canvas))
    return pictures


def _ground(canvas: _Canvas, recipe: Recipe) -> Array:
    """The skin's own colour, a little warmer here and cooler there."""
    points = canvas.points
    skin = np.array(recipe.skin)
    colours = np.broadcast_to(skin, (len(points), 3)).copy()
    blotch = noise(points, 0.022, 1)
    colours *= 1.0 + blotch[:, None] * np.array([0.005, -0.009, -0.010])
    colours *= 1.0 + 0.009 * noise(points, 0.004, 2)[:, None]
    return colours


def _shaded(colours: Array, canvas: _Canvas) -> Array:
    """Hollows darker and redder: light that enters skin comes out red."""
    depth = np.clip((canvas.hollow - 0.05) / 0.60, 0.0, 1.0) ** 1.15 * _OCCLUSION_MAX
    fold = np.clip((canvas.fold - 25.0) / 180.0, 0.0, 1.0) * 0.16
    # Less of the sky reaches what looks down: under chin, nose and lip.
    below = 0.13 * np.clip(-canvas.normals[:, 2], 0.0, 1.0)
    dark = 1.0 - (1.0 - depth) * (1.0 - fold) * (1.0 - below)
    return colours * (1.0 - dark[:, None] * np.array([0.86, 1.06, 1.08]))


def _face(
    colours: Array,
    canvas: _Canvas,
    figure: Figure,
    layout: Layout,
    marks: Landmarks,
    recipe: Recipe,
) -> Array:
    unit = marks.unit
    to_lips, to_lids = rings(figure, layout)
    cells, points = canvas.texels, canvas.points
    lip_ring = cells.soften(cells.sample(np.minimum(to_lips, 40.0)), 5.0)
    lid_ring = cells.soften(cells.sample(np.minimum(to_lids, 40.0)), 2.5)
    ahead = np.clip(-canvas.normals[:, 1], 0.0, 1.0)
    # Across and up in distances of the eyes, from the middle between them.
    x = np.abs(points[:, 0]) / unit
    z = (points[:, 2] - marks.between()[2]) / unit
    depth = (points[:, 1] - marks.nose[1]) / unit
    front = smooth(1.35, 0.9, depth)
    nose_z = (marks.nose[2] - marks.between()[2]) / unit
    mouth_z = (marks.mouth[2] - marks.between()[2]) / unit
    chin_z = (marks.chin[2] - marks.between()[2]) / unit
    flush = recipe.flush

    # Forehead yellower, the middle third redder, jaw cooler.
    third = smooth(0.25, 0.75, z) * front
    colours = tint(colours, third * 0.25, (1.01, 1.00, 0.95))
    jaw = smooth(mouth_z + 0.15, chin_z, z) * front
    colours = tint(colours, jaw * 0.5, (0.97, 0.985, 1.00))
    # High and towards the ears, as warmth is; amid the cheek it would be rouge.
    cheek_z = z - 0.70 * nose_z - 0.22 * (x - 0.66)
    cheek = bell(x - 0.74, 0.42) * bell(cheek_z, 0.30) * smooth(0.15, 0.5, ahead + 0.25)
    colours = tint(colours, flush * cheek * 0.75, (1.01, 0.90, 0.885))
    tip = bell(np.linalg.norm(points - marks.nose, axis=1) / unit, 0.22)
    wing = bell(x - 0.24, 0.10) * bell(z - nose_z - 0.02, 0.12) * front
    colours = tint(colours, flush * np.maximum(tip, 0.8 * wing) * 0.8, (1.00, 0.86, 0.85))
    chin = bell(x, 0.18) * bell(z - chin_z, 0.14) * front
    colours = tint(colours, flush * chin * 0.5, (1.0, 0.90, 0.89))
    ear = cells.soften(cells.sample(ears(figure, layout)), 3.0)
    colours = tint(colours, flush * ear * 0.8, (1.0, 0.84, 0.82))

    colours = _around_eyes(colours, points, marks, lid_ring, recipe)
    if recipe.lines > 0.0:
        colours = _lines(colours, points, marks, lid_ring, lip_ring, front, recipe)
    if recipe.freckles > 0.0:
        where = np.clip(cheek + tip + bell(x, 0.3) * bell(z - 0.5 * nose_z, 0.2), 0.0, 1.0)
        spot = smooth(1.5, 2.2, noise(points, 0.0009, 5))
        colours = tint(colours, recipe.freckles * where * spot, (0.88, 0.78, 0.70))
    if recipe.stubble > 0.0:
        beard = _beard(x, z, depth, nose_z, mouth_z, chin_z, lip_ring)
        grain = 0.85 + 0.15 * np.clip(noise(points, 0.0007, 6), -1.0, 1.0)
        colours = tint(colours, recipe.stubble * beard * grain, (0.78, 0.77, 0.80))
    roots, hair = shorn(figure, recipe.hair, recipe.hair_colour, points)
    colours += (0.92 * roots)[:, None] * (hair - colours)
    brow = brows.grown(recipe.brow, points, marks.eyes)
    colours += (0.92 * brow)[:, None] * (np.array(recipe.brow_colour) - colours)
    return _lips(colours, points, marks, lip_ring, recipe)


def _around_eyes(
    colours: Array, points: Array, marks: Landmarks, lid_ring: Array, recipe: Recipe
) -> Array:
    unit = marks.unit
    eye = marks.eyes[np.where(points[:, 0] >= 0.0, 0, 1)]
    up = (points[:, 2] - eye[:, 2]) / unit
    out = (np.abs(points[:, 0]) - np.abs(eye[:, 0])) / unit
    upper, lower = smooth(-0.02, 0.05, up), smooth(0.02, -0.05, up)
    near = smooth(13.0, 5.0, lid_ring)
    colours = tint(colours, near * lower * 0.3, (0.95, 0.90, 0.90))
    colours = tint(colours, smooth(11.0, 4.0, lid_ring) * upper * 0.45, (0.95, 0.87, 0.85))
    inner = bell(out + 0.24, 0.10) * bell(up - 0.02, 0.12)
    colours = tint(colours, inner * 0.45, (0.93, 0.82, 0.81))
    if recipe.eyeshadow > 0.0:
        lid = smooth(9.0, 6.0, lid_ring) * upper
        colours = tint(colours, recipe.eyeshadow * lid, (0.74, 0.62, 0.60))
    # Inside the lashes the lids are moist and pink, at their roots dark.
    waterline = smooth(2.3, 1.2, lid_ring)
    pink = np.array(recipe.skin) * np.array([0.98, 0.78, 0.75])
    colours += (0.8 * waterline)[:, None] * (pink - colours)
    away = np.abs(lid_ring - _LASH_RING - 0.25 * upper)
    lash = upper * smooth(1.25, 0.4, away) * recipe.lash_line
    lash = np.maximum(lash, 0.40 * lower * smooth(0.9, 0.2, away) * smooth(-0.15, 0.15, out))
    dark = np.array([0.11, 0.075, 0.06])
    return colours + (np.clip(lash, 0, 1) * 0.85)[:, None] * (dark - colours)


def _lips(
    colours: Array, points: Array, marks: Landmarks, lip_ring: Array, recipe: Recipe
) -> Array:
    unit = marks.unit
    x = np.abs(points[:, 0]) / unit
    red = smooth(_LIP_EDGE + 0.55, _LIP_EDGE - 0.55, lip_ring)
    lips = np.array(recipe.lips)
    upper = smooth(-0.01, 0.01, (points[:, 2] - marks.mouth[2]) / unit)
    tone = lips * (1.0 - 0.10 * upper)[:, None]
    # Fine lines across, a lighter lower lip, deeper colour inside.
    stripes = np.sin(points[:, 0] / unit * 95.0 + 2.5 * noise(points, 0.004, 8))
    tone = tone * (1.0 + 0.022 * stripes * smooth(0.6, 0.2, x))[:, None]
    shine = bell(x, 0.22) * bell(lip_ring - 3.4, 0.8) * (1.0 - upper)
    tone = tone * (1.0 + 0.10 * shine)[:, None]
    tone = tint(tone, smooth(1.9, 0.5, lip_ring), (0.62, 0.46, 0.46))
    return colours + (red * (0.92 - 0.25 * smooth(0.30, 0.42, x)))[:, None] * (tone - colours)


def _beard(
    x: Array,
    z: Array,
    depth: Array,
    nose_z: float,
    mouth_z: float,
    chin_z: float,
    lip_ring: Array,
) -> Array:
    """Where a beard would grow: upper lip, chin, jaw up to the ears (N,), [0, 1]."""
    line = mouth_z + 0.18 + 0.55 * np.clip(x - 0.42, 0.0, 1.0)
    jaw = smooth(line + 0.16, line - 0.16, z) * smooth(0.30, 0.55, x)
    chin = smooth(mouth_z - 0.10, mouth_z - 0.28, z)
    lip = smooth(0.42, 0.30, x) * smooth(nose_z - 0.12, nose_z - 0.20, z)
    under = smooth(chin_z - 0.75, chin_z - 0.35, z)
    beard = np.maximum(np.maximum(jaw, chin), lip) * under * smooth(2.05, 1.75, depth)
    return beard * smooth(_LIP_EDGE + 0.3, _LIP_EDGE + 2.0, lip_ring)


def _lines(
    colours: Array,
    points: Array,
    marks: Landmarks,
    lid_ring: Array,
    lip_ring: Array,
    front: Array,
    recipe: Recipe,
) -> Array:
    """Lines of age: forehead, crow's feet, beside the nose, under the eyes."""
    unit = marks.unit
    x = np.abs(points[:, 0]) / unit
    z = (points[:, 2] - marks.between()[2]) / unit
    nose_z = (marks.nose[2] - marks.between()[2]) / unit
    mouth_z = (marks.mouth[2] - marks.between()[2]) / unit
    sway = 0.05 * noise(points, 0.016, 11)
    broken = smooth(-0.9, 0.9, noise(points, 0.030, 12))
    line = np.zeros(len(points))
    for at, reach, strength in ((0.67, 0.42, 0.55), (0.84, 0.50, 0.6), (0.99, 0.36, 0.4)):
        place = at + 0.035 * np.cos(2.2 * np.pi * x) + 0.6 * sway
        line = np.maximum(
            line,
            strength
            * (0.35 + 0.65 * broken)
            * bell(z - place, 0.026)
            * smooth(reach + 0.2, reach - 0.15, x),
        )
    crow_x, crow_z = x - 0.5 - 0.30, z + 0.02
    angle = np.arctan2(crow_z, np.maximum(crow_x, 1e-6))
    far = np.hypot(crow_x, crow_z)
    fan = smooth(0.02, 0.08, far) * smooth(0.30, 0.18, far) * (crow_x > 0)
    for at in (-0.55, -0.15, 0.25, 0.62):
        line = np.maximum(line, 0.75 * fan * bell((angle - at + sway) * far, 0.014))
    # From the wing of the nose past the corner of the mouth.
    down = (nose_z + 0.06 - z) / (nose_z - mouth_z + 0.22)
    place = 0.28 + 0.27 * np.clip(down, 0.0, 1.0) ** 0.8
    beside = bell(x - place, 0.055) * smooth(0.0, 0.2, down) * smooth(1.05, 0.75, down)
    line = np.maximum(line, 0.55 * beside)
    under = bell(lid_ring - 10.0, 1.0) * smooth(-0.08, -0.14, z) * bell(x - 0.45, 0.2)
    line = np.maximum(line, 0.7 * under)
    return tint(colours, recipe.lines * line * front, (0.80, 0.68, 0.66))


def _hands(colours: Array, canvas: _Canvas, figure: Figure, recipe: Recipe) -> Array:
    """Red knuckles and finger tips, paler palms, tendons, creases and nails."""
    cells = canvas.texels
    regions = hand_regions(figure, canvas.points, cells.sample(figure.weights), canvas.normals)
    palm = np.array(recipe.palm)
    colours += (0.85 * regions.palm)[:, None] * (palm - colours)
    colours = tint(colours, recipe.flush * regions.knuckle * 0.7, (0.99, 0.84, 0.83))
    colours = tint(colours, recipe.flush * regions.tip * 0.5, (1.0, 0.88, 0.87))
    colours = tint(colours, regions.tendon * 0.8, (1.05, 1.04, 1.03))
    colours = tint(colours, regions.crease * 0.4, (0.85, 0.73, 0.71))
    skin = np.array(recipe.skin)
    bed = skin + 0.45 * (np.array([0.97, 0.80, 0.76]) - skin)
    nail = regions.nail[:, None]
    colours += 0.9 * nail * (bed - colours)
    white = skin + 0.62 * (np.array([0.97, 0.93, 0.89]) - skin)
    for share, colour in ((regions.free_edge, white), (regions.moon, white)):
        colours += (0.7 * share)[:, None] * (colour - colours)
    return tint(colours, regions.cuticle * 0.8, (0.84, 0.70, 0.68))
