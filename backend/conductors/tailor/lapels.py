"""Lapels and collars."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from ..curves import smoothstep
from .coat import Coat, Opening
from .form import Surface, unit
from .mesh import Sheet, grid_sheet

_POINTS: Final = 35
"""Of a collar, from end to end."""
_TURN: Final = 10
"""Of them, how many lead from a collar's end to its fall."""


@dataclass(frozen=True)
class LapelCut:
    """How lapels are cut.

    Parameters
    ----------
    width : float
        From the roll line to the tip, metres.
    gorge : float
        Where along the roll line the collar begins, 0 to 1 from the button up.
    tip : float
        How high the tip is, along the roll line; above `gorge` for a peaked lapel.
    notch : float
        How much of the gorge the collar covers, 0 to 1.
    collar : float
        Width of the collar's fall, metres.
    stand : float
        How far the collar stands up behind, metres.
    clear : float
        Least room between neck and collar, metres.
    """

    width: float = 0.085
    gorge: float = 0.80
    tip: float = 0.74
    notch: float = 0.55
    collar: float = 0.045
    stand: float = 0.026
    clear: float = 0.005


def roll_line(coat: Coat, opening: Opening, side: str) -> Array:
    """(P, 3): the coat's edge from the button to the neck."""
    edge = coat.edge(side)
    return edge[edge[:, 2] >= opening.button - 0.004]


def along(line: Array, at: Array) -> Array:
    """Points of an open curve (P, 3) at shares (N,) of its length."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    share = length / length[-1]
    return np.stack([np.interp(at, share, line[:, i]) for i in range(3)], axis=1)


def _outward(line: Array, side: str) -> Array:
    """The direction in which a lapel reaches, square to its roll line, in the front view."""
    sign = 1.0 if side == "L" else -1.0
    run = unit(line[-1] - line[0])
    return unit(np.array([abs(run[2]) * sign, 0.0, -abs(run[0])]))


def lapel(coat: Coat, opening: Opening, cut: LapelCut, side: str, surface: Surface) -> Sheet:
    """One lapel, turned back on the coat."""
    line = roll_line(coat, opening, side)
    outward, run = _outward(line, side), unit(line[-1] - line[0])
    size = np.linalg.norm(line[-1] - line[0])
    n, m = 16, 6
    s = np.linspace(0.0, 1.0, n)
    roll = along(line, s * cut.gorge)
    belly = np.sin(np.pi * s) * 0.08
    reach = cut.width * np.clip(s**0.8 + belly, 0.0, None)
    rise = (s * cut.tip) * size
    outer = along(line, np.zeros(1)) + rise[:, None] * run + reach[:, None] * outward
    u = np.linspace(0.0, 1.0, m)
    flat = roll[:, None] * (1 - u[:, None]) + outer[:, None] * u[:, None]
    height = 0.0035 + 0.008 * np.exp(-(((u - 0.12) / 0.16) ** 2)) + 0.0015 * u
    height = height[None] * smoothstep(s, -0.12, 0.12)[:, None] + np.zeros((n, 1))
    height[:, 0] = 0.0
    laid = surface.lay(flat.reshape(-1, 3), height.ravel()).reshape(flat.shape)
    inside = smoothstep(np.minimum(np.arange(n), np.arange(n)[::-1]), 0, 4)[:, None, None]
    laid += inside * (gaussian_filter1d(laid, 2.0, axis=0, mode="nearest") - laid)
    laid = surface.push_out(laid.reshape(-1, 3), 0.8 * height.ravel()).reshape(flat.shape)
    laid[:, 0] = roll
    return grid_sheet(laid, flip=side == "R")


def collar(coat: Coat, opening: Opening, cut: LapelCut, surface: Surface, body: Surface) -> Sheet:
    """The collar, from gorge to gorge around the neck, `cut.clear` away from the body."""
    halves = []
    for side in ("L", "R"):
        line = roll_line(coat, opening, side)
        halves.append(along(line, np.linspace(cut.gorge, 1.0, 10)))
    ring = coat.sheet.vertices[coat.grid[-1]][1:-1]
    path = np.concatenate([halves[0], ring, halves[1][::-1]])
    share = np.linspace(0.0, 1.0, _POINTS)
    base = along(path, share)
    base = gaussian_filter1d(base, 0.7, axis=0, mode="nearest")
    ends = [_collar_end(coat, opening, cut, side) for side in ("L", "R")]
    middle = base.mean(axis=0) * np.array([1.0, 1.0, 0.0])
    away = unit(base * np.array([1.0, 1.0, 0.0]) - middle)
    away = unit(gaussian_filter1d(away, 3.0, axis=0, mode="nearest"))
    behind = smoothstep(np.minimum(share, 1 - share), 0.03, 0.44)
    back = np.clip(away[:, 1], 0.0, 1.0)
    top = base + np.array([0, 0, 1.0]) * (cut.stand * behind)[:, None] + away * 0.003
    fall = np.maximum(cut.collar + 0.006 * back - 0.5 * cut.stand * behind, 0.55 * cut.collar)
    edge = base + away * (fall * (0.9 - 0.5 * back))[:, None]
    edge[:, 2] -= fall * (0.35 + 0.55 * back)
    for end, order in ((ends[0], slice(0, _TURN)), (ends[1], slice(-1, -_TURN - 1, -1))):
        onto = smoothstep(np.arange(_TURN), 0, _TURN - 1)[:, None]
        edge[order] = (1 - onto) * (end + base[order] - base[order][0]) + onto * edge[order]
    edge[2:-2] = gaussian_filter1d(edge, 2.2, axis=0, mode="nearest")[2:-2]
    edge = surface.lay(edge, 0.005)
    rows = [
        base + away * 0.003 - np.array([0, 0, 0.005]),
        base * 0.5 + top * 0.5 - away * 0.001,
        top,
    ]
    for t in (0.15, 0.6, 1.0):
        mid = top + (edge - top) * t
        bulge = 0.006 * float(np.sin(np.pi * min(t * 1.2, 1.0)))
        mid = mid + (away * 0.6 + np.array([0, 0, 0.5])) * bulge
        rows.append(surface.push_out(mid, 0.0055 + 0.002 * (1 - t)))
    rows[2] = rows[2] + np.array([0, 0, 0.002])
    rows[1:3] = [body.push_out(row, cut.clear) for row in rows[1:3]]
    return grid_sheet(np.stack(rows)[::-1])


def _collar_end(coat: Coat, opening: Opening, cut: LapelCut, side: str) -> Array:
    line = roll_line(coat, opening, side)
    outward, run = _outward(line, side), unit(line[-1] - line[0])
    size = np.linalg.norm(line[-1] - line[0])
    gorge = along(line, np.array([cut.gorge]))[0]
    tip = line[0] + cut.tip * size * run + cut.width * outward
    lift = 0.022 if cut.tip < cut.gorge else 0.004
    return gorge + (tip - gorge) * cut.notch + run * lift
