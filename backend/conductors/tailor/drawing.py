"""Folds drawn on cloth: where arms bend it, where the trunk pulls at it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..curves import smoothstep
from .draping import skirt_light, trouser_light
from .form import SIDES, Form, unit
from .mesh import Ids

_OUTSIDE_M: Final = 0.1
"""How far outside the body paths are planned, before they are laid on the outermost cloth."""
_BESIDE_M: Final = 0.035
"""The same for the trunk, whose sides lie close to the sleeves."""
_STEPS: Final = 40
_SPARSE: Final = 3
_SOFT: Final = 3.0
"""How far a path laid on cloth is smoothed, in its steps."""
_SLEEVE_END: Final = 0.92
"""Share of the forearm where gathers begin."""
_SEAM: Final = 0.42
_SEAM_M: Final = 0.0028
_THROUGH_M: Final = 0.012
"""How far above or below a stroke cloth still takes part."""


@dataclass(frozen=True)
class Stroke:
    """A fold: dark in its valley, light on its ridge.

    Parameters
    ----------
    path : (K, 3) array
        Near the cloth, metres.
    width : float
        Of the valley, metres.
    depth : float
        How dark it gets, 0 to 1.
    ridge : float
        On which side the ridge lies, 1 to the left as seen from outside along the path, or −1.
    """

    path: Array
    width: float
    depth: float
    ridge: float = 1.0


@dataclass(frozen=True)
class Folding:
    """How a kind of cloth folds.

    Parameters
    ----------
    elbow : tuple of (up, rise, reach, depth)
        Folds about an elbow: how far up the arm from it they lie in its crook, and how much
        further up at each radian around, metres; how far around they reach, radians.
    upper : tuple of (first, last, begin, end, depth)
        Folds that twist up the upper arm: shares of the upper arm where they begin and end, angles
        from below by the front where they do, radians.
    cuff : tuple of (where, rise, begin, end, depth)
        Folds above a cuff: share of the forearm, how much further down at the end, metres; angles
        from the crook where they begin and end, radians.
    trunk : tuple of (by_armpit, begin, end, depth)
        Folds of the trunk, mirrored: begin and end are heights over the armpit or the waist,
        metres, and angles from the front, degrees.
    seams : tuple of (begin, end)
        Seams of the trunk, mirrored, from the armpit's height to the waist's: what is added to
        these, metres, and angles from the front, degrees.
    gathers : int
        Folds that rise from the cuff.
    width : float
        Of the valleys, metres.
    below : callable
        What folds about the legs make of the light on points (N, 3) with normals (N, 3): (N,).
    """

    elbow: tuple[tuple[float, float, float, float], ...]
    upper: tuple[tuple[float, float, float, float, float], ...]
    cuff: tuple[tuple[float, float, float, float, float], ...]
    trunk: tuple[tuple[bool, tuple[float, float], tuple[float, float], float], ...]
    seams: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()
    gathers: int = 0
    width: float = 0.0075
    below: Callable[[Form, Array, Array], Array] = trouser_light


_ELBOW: Final = (
    (0.040, 0.014, 2.0, 0.28),
    (0.006, 0.006, 1.7, 0.34),
    (-0.030, -0.016, 2.1, 0.26),
)
_UPPER: Final = (
    (0.26, 0.52, 0.3, 2.0, 0.45),
    (0.36, 0.66, -0.4, -2.1, 0.40),
    (0.30, 0.16, 0.5, 1.9, 0.50),
    (0.30, 0.15, -0.5, -1.9, 0.45),
)
_BACK: Final = (
    (True, (-0.010, 122.0), (-0.15, 154.0), 0.40),
    (True, (0.040, 128.0), (-0.05, 158.0), 0.30),
    (False, (0.060, 112.0), (0.015, 158.0), 0.34),
    (False, (-0.015, 108.0), (0.000, 150.0), 0.30),
)
WOOL: Final = Folding(
    _ELBOW,
    _UPPER,
    ((0.80, 0.03, -0.2, 2.3, 0.35), (0.70, -0.03, 2.6, 4.6, 0.35)),
    (
        (True, (0.000, 64.0), (-0.10, 36.0), 0.40),
        (True, (-0.035, 70.0), (-0.15, 50.0), 0.30),
        (False, (0.045, 76.0), (0.005, 34.0), 0.36),
        (False, (-0.030, 72.0), (0.000, 28.0), 0.30),
        *_BACK,
    ),
    (((0.10, 179.5), (-0.06, 179.5)), ((0.02, 126.0), (-0.05, 142.0))),
)
SILK: Final = Folding(
    ((0.035, 0.020, 2.2, 0.24), (-0.020, -0.022, 2.0, 0.26)),
    _UPPER,
    (),
    (
        (True, (0.075, 30.0), (-0.09, 40.0), 0.32),
        (True, (0.085, 44.0), (-0.05, 56.0), 0.28),
        (True, (-0.010, 66.0), (-0.12, 34.0), 0.34),
        *(
            (False, (0.030, angle), (0.030 + high, angle - 3.0), 0.34)
            for angle, high in (
                (12.0, 0.10),
                (25.0, 0.14),
                (40.0, 0.09),
                (57.0, 0.13),
                (75.0, 0.09),
            )
        ),
        *(
            (False, (0.030, angle), (0.030 + high, angle + 4.0), 0.34)
            for angle, high in ((112.0, 0.10), (128.0, 0.15), (147.0, 0.11), (166.0, 0.14))
        ),
        (True, (-0.010, 122.0), (-0.12, 150.0), 0.36),
        (True, (0.040, 128.0), (-0.05, 158.0), 0.28),
    ),
    gathers=11,
    width=0.006,
)
CREPE: Final = Folding(
    _ELBOW,
    _UPPER,
    (),
    (
        (True, (0.005, 62.0), (-0.06, 40.0), 0.34),
        (False, (0.040, 74.0), (0.018, 40.0), 0.26),
        (False, (0.075, 70.0), (0.050, 44.0), 0.22),
        (True, (-0.010, 122.0), (-0.13, 150.0), 0.34),
        (False, (0.050, 112.0), (0.020, 152.0), 0.26),
    ),
    (((0.03, 58.0), (0.015, 25.0)), ((0.04, 124.0), (0.015, 152.0))),
    width=0.007,
    below=skirt_light,
)


def folded(form: Form, folding: Folding, points: Array, normals: Array, piece: Ids) -> Array:
    """How much lighter (N,) folds make points of the cloth, relative; negative is darker.

    Parameters
    ----------
    folding : Folding
        How they fold.
    points, normals : (N, 3) arrays
        Of all the outfit's cloth.
    piece : (N,) int array
        Of which piece.
    """
    some = slice(None, None, _SPARSE)
    outermost = cKDTree(points[some])
    cloth = cKDTree(np.column_stack([points, piece]))
    total = np.zeros(len(points))
    for stroke in _strokes(form, folding):
        _, at = outermost.query(stroke.path)
        path = gaussian_filter1d(points[some][at], _SOFT, axis=0, mode="nearest")
        reached = cloth.query_ball_point(
            np.column_stack([path, piece[some][at]]), 4.0 * stroke.width + _step(path)
        )
        near = np.unique(np.concatenate([np.asarray(r, dtype=np.int64) for r in reached]))
        if len(near):
            total[near] += _drawn(
                stroke, _dense(path, 0.5 * stroke.width), points[near], normals[near]
            )
    total += folding.below(form, points, normals)
    return np.clip(total, -0.75, 1.2)


def _step(path: Array) -> float:
    """The longest step of a path (K, 3), metres."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).max())


def _dense(path: Array, step: float) -> Array:
    """The path (K, 3) in steps of about a length, metres."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0.0, length[-1], max(2, int(np.ceil(length[-1] / step)) + 1))
    return np.stack([np.interp(at, length, path[:, i]) for i in range(3)], axis=1)


def _drawn(stroke: Stroke, path: Array, points: Array, normals: Array) -> Array:
    """Light and dark (N,) of a stroke laid along a path (K, 3)."""
    _, at = cKDTree(path).query(points)
    way, run = points - path[at], unit(np.gradient(path, axis=0)[at])
    lateral = np.einsum("pc,pc->p", way, np.cross(normals, run)) * stroke.ridge
    beyond = np.einsum("pc,pc->p", way, run)
    high = np.abs(np.einsum("pc,pc->p", way, normals))
    taper = np.sin(np.pi * np.clip(at / (len(path) - 1.0), 0.02, 0.98)) ** 0.6
    width = stroke.width * (0.55 + 0.45 * taper)
    valley = np.exp(-((lateral / width) ** 2))
    ridge = np.exp(-(((lateral - 1.9 * width) / (1.3 * width)) ** 2))
    size = taper * np.exp(-((beyond / width) ** 2)) * (high < _THROUGH_M)
    return np.asarray(stroke.depth * size * (0.8 * ridge - valley))


def _strokes(form: Form, folding: Folding) -> list[Stroke]:
    out: list[Stroke] = []
    for side in SIDES:
        out += _on_arm(form, folding, side)
        out += _on_trunk(form, folding, side)
    return out


def _on_arm(form: Form, folding: Folding, side: str) -> list[Stroke]:
    shoulder, elbow, hand = (form.head(f"{b}.{side}") for b in ("upper_arm", "forearm", "hand"))
    crook = unit(unit(shoulder - elbow) + unit(hand - elbow))
    below = np.array([0.0, 0.0, -1.0])
    upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(hand - elbow)
    sign, width = (1.0 if side == "L" else -1.0), folding.width * form.scale
    t = np.linspace(0.0, 1.0, _STEPS)
    out: list[Stroke] = []
    for up, rise, reach, depth in folding.elbow:
        turn = reach * (2.0 * t - 1.0)
        along = upper - form.scale * (up + rise * np.abs(turn))
        out.append(Stroke(_around(form, side, along, turn, crook), width, depth, sign))
    for first, last, begin, end, depth in folding.upper:
        path = _around(
            form, side, upper * (first + (last - first) * t), begin + (end - begin) * t, below
        )
        out.append(Stroke(path, width, depth, np.sign(end) * sign))
    for where, rise, begin, end, depth in folding.cuff:
        along = upper + lower * where + rise * form.scale * (t - 0.5)
        path = _around(form, side, along, begin + (end - begin) * t, crook)
        out.append(Stroke(path, 0.7 * width, depth, sign))
    chance = np.random.default_rng(5)
    for number in range(folding.gathers):
        place = 2.0 * np.pi * (number + chance.uniform(-0.2, 0.2)) / folding.gathers
        high = chance.uniform(0.16, 0.42)
        along = upper + lower * (_SLEEVE_END - high * t)
        turn = place + chance.uniform(-0.3, 0.3) * t
        path = _around(form, side, along, turn, crook)
        out.append(Stroke(path, 0.8 * width, chance.uniform(0.3, 0.5), sign))
    return out


def _on_trunk(form: Form, folding: Folding, side: str) -> list[Stroke]:
    sign, scale = (1.0 if side == "L" else -1.0), form.scale
    out: list[Stroke] = []
    t = np.linspace(0.0, 1.0, _STEPS)
    for by_armpit, begin, end, depth in folding.trunk:
        height = form.armpits[0][2] if by_armpit else form.waist
        z = height + scale * (begin[0] + (end[0] - begin[0]) * t**1.3)
        turn = np.radians(begin[1] + (end[1] - begin[1]) * t)
        path = _outside_trunk(form, z, turn * sign)
        out.append(Stroke(path, folding.width * scale, depth, sign))
    for (rise, start), (over, stop) in folding.seams:
        top, low = form.armpits[0][2] + rise * scale, form.waist + over * scale
        z = top + (low - top) * t
        turn = np.radians(start + (stop - start) * t**0.6)
        path = _outside_trunk(form, z, turn * sign)
        out.append(Stroke(path, _SEAM_M * scale, _SEAM, sign))
    return out


def _outside_trunk(form: Form, heights: Array, turn: Array) -> Array:
    """Points (K, 3) around the trunk, outside it, at angles from the front to the left."""
    body = np.stack(
        [form.outline(heights[i : i + 1], turn[i : i + 1])[0, 0] for i in range(len(turn))]
    )
    away = np.stack([np.sin(turn), -np.cos(turn), np.zeros(len(turn))], axis=1)
    return body + _BESIDE_M * form.scale * away


def _around(form: Form, side: str, along: Array, turn: Array, first: Array) -> Array:
    """Points (K, 3) outside an arm: `along` it from the shoulder, metres, at angles from a way."""
    joints = [form.head(f"{b}.{side}") for b in ("upper_arm", "forearm", "hand")]
    sizes = [np.linalg.norm(b - a) for a, b in pairwise(joints)]
    lengths = np.cumsum([0.0, *sizes])
    centre = np.stack([np.interp(along, lengths, [j[i] for j in joints]) for i in range(3)], 1)
    bent = smoothstep(along, lengths[1] - 0.03 * form.scale, lengths[1] + 0.03 * form.scale)
    upper, lower = unit(joints[1] - joints[0]), unit(joints[2] - joints[1])
    run = unit(upper + (lower - upper) * bent[:, None])
    below = unit(first - run * (run @ first)[:, None])
    front = np.cross(run, below)
    front *= -np.sign(front[:, 1].mean())
    spoke = np.cos(turn)[:, None] * below + np.sin(turn)[:, None] * front
    return centre + _OUTSIDE_M * form.scale * spoke
