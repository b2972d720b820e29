"""Folds drawn on cloth: where arms bend it, where the trunk pulls at it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from retarget.rotation import Array

from .form import SIDES, Form, smoothstep, unit
from .mesh import Ids

_OUTSIDE_M: Final = 0.1
"""How far outside the body paths are planned, before they are laid on the outermost cloth."""
_STEPS: Final = 40
_SPARSE: Final = 3
_SOFT: Final = 3.0
"""How far a path laid on cloth is smoothed, in its steps."""
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


# Folds about an elbow: how far up the arm from it they begin in its crook and how steeply they
# run up around it, in metres; how far around they reach, radians; their depth.
_ELBOW: Final = (
    (0.036, 0.010, 2.3, 0.42),
    (0.004, 0.004, 2.6, 0.50),
    (-0.030, -0.012, 2.2, 0.40),
)
# Folds that twist up the upper arm from below it: shares of the upper arm where they begin and end,
# angles from below by the front where they do, radians, depth.
_UPPER: Final = (
    (0.26, 0.52, 0.3, 2.0, 0.45),
    (0.36, 0.66, -0.4, -2.1, 0.40),
    (0.30, 0.16, 0.5, 1.9, 0.50),
    (0.30, 0.15, -0.5, -1.9, 0.45),
)
# Folds of the trunk, mirrored: heights over the armpit (True) or the waist (False) and angles from
# the front, where they begin and end, metres and degrees; depth.
_TRUNK: Final = (
    (True, (0.000, 64.0), (-0.10, 36.0), 0.40),
    (True, (-0.035, 70.0), (-0.15, 50.0), 0.30),
    (False, (0.045, 76.0), (0.005, 34.0), 0.36),
    (False, (-0.030, 72.0), (0.000, 28.0), 0.30),
    (True, (-0.010, 122.0), (-0.15, 154.0), 0.40),
    (True, (0.040, 128.0), (-0.05, 158.0), 0.30),
    (False, (0.060, 112.0), (0.015, 158.0), 0.34),
    (False, (-0.015, 108.0), (0.000, 150.0), 0.30),
)
# Folds that cloth makes above a cuff: share of the forearm, how they run, around from to, depth.
_CUFF: Final = ((0.80, 0.03, -0.2, 2.3, 0.35), (0.70, -0.03, 2.6, 4.6, 0.35))


def folded(form: Form, points: Array, normals: Array, piece: Ids) -> Array:
    """How much lighter (N,) folds make points of the cloth, relative; negative is darker.

    Parameters
    ----------
    points, normals : (N, 3) arrays
        Of all the outfit's cloth.
    piece : (N,) int array
        Of which piece.
    """
    some = slice(None, None, _SPARSE)
    outermost = cKDTree(points[some])
    cloth = cKDTree(np.column_stack([points, piece]))
    total = np.zeros(len(points))
    for stroke in _strokes(form):
        _, at = outermost.query(stroke.path)
        path = gaussian_filter1d(points[some][at], _SOFT, axis=0, mode="nearest")
        reached = cloth.query_ball_point(
            np.column_stack([path, piece[some][at]]), 4.0 * stroke.width
        )
        near = np.unique(np.concatenate([np.asarray(r, dtype=np.int64) for r in reached]))
        if len(near):
            total[near] += _drawn(stroke, path, points[near], normals[near])
    return np.clip(total, -0.75, 1.2)


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
    return np.asarray(stroke.depth * size * (0.9 * ridge - valley))


def _strokes(form: Form) -> list[Stroke]:
    out: list[Stroke] = []
    for side in SIDES:
        out += _on_arm(form, side)
        out += _on_trunk(form, side)
    return out


def _on_arm(form: Form, side: str) -> list[Stroke]:
    shoulder, elbow, hand = (form.head(f"{b}.{side}") for b in ("upper_arm", "forearm", "hand"))
    crook = unit(unit(shoulder - elbow) + unit(hand - elbow))
    upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(hand - elbow)
    sign = 1.0 if side == "L" else -1.0
    out = []
    for start, rise, reach, depth in _ELBOW:
        turn = np.linspace(-reach, reach, _STEPS)
        along = upper - form.scale * (start + rise * np.abs(turn))
        path = _around(form, side, along, turn, crook)
        out.append(Stroke(path, 0.0075 * form.scale, depth, sign))
    below = unit(np.array([0.0, 0.0, -1.0]))
    for first, last, begin, end, depth in _UPPER:
        along = np.linspace(first, last, _STEPS) * upper
        path = _around(form, side, along, np.linspace(begin, end, _STEPS), below)
        out.append(Stroke(path, 0.007 * form.scale, depth, np.sign(end) * sign))
    for where, rise, begin, end, depth in _CUFF:
        turn = np.linspace(begin, end, _STEPS)
        along = upper + lower * where + rise * form.scale * np.linspace(-0.5, 0.5, _STEPS)
        path = _around(form, side, along, turn, crook)
        out.append(Stroke(path, 0.005 * form.scale, depth, sign))
    return out


def _on_trunk(form: Form, side: str) -> list[Stroke]:
    sign, scale = (1.0 if side == "L" else -1.0), form.scale
    middle, out = float(form.head("chest")[1]), []
    t = np.linspace(0.0, 1.0, _STEPS)
    for by_armpit, begin, end, depth in _TRUNK:
        height = form.armpits[0][2] if by_armpit else form.waist
        z = height + scale * (begin[0] + (end[0] - begin[0]) * t**1.3)
        turn = np.radians(begin[1] + (end[1] - begin[1]) * t)
        reach = 0.17 * scale + _OUTSIDE_M * scale * 0.5
        x, y = 1.25 * reach * np.sin(turn) * sign, middle - reach * np.cos(turn)
        out.append(Stroke(np.stack([x, y, z], axis=1), 0.008 * scale, depth, sign))
    return out


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
