"""Shoes."""

from dataclasses import replace
from typing import Final

import numpy as np

from retarget.rotation import Array

from .form import Form, unit
from .mesh import Sheet, grid_sheet, joined

# The last, from heel (0) to toe (1): half its breadth to either side, beside that of the ball; how
# high the upper stands there and how thick the heel and sole are, metres for a body of 1.75 m; how
# boxy the section is: 1 an ellipse, more flat-topped.
_PLACES: Final = np.array(
    [0.0, 0.02, 0.07, 0.16, 0.27, 0.38, 0.50, 0.62, 0.73, 0.82, 0.90, 0.96, 1.0]
)
_INSIDE: Final = np.array(
    [0.0, 0.32, 0.54, 0.63, 0.63, 0.66, 0.78, 0.93, 0.97, 0.90, 0.72, 0.46, 0.0]
)
_OUTSIDE: Final = np.array(
    [0.0, 0.32, 0.54, 0.66, 0.72, 0.80, 0.93, 1.03, 1.00, 0.85, 0.62, 0.37, 0.0]
)
_HIGH_M: Final = np.array(
    [0.055, 0.064, 0.074, 0.086, 0.091, 0.086, 0.075, 0.063, 0.052, 0.045, 0.041, 0.037, 0.028]
)
_SOLE_M: Final = np.array(
    [0.022, 0.022, 0.022, 0.022, 0.021, 0.016, 0.012, 0.010, 0.010, 0.011, 0.012, 0.013, 0.013]
)
_GROUND_M: Final = np.array(
    [0.001, 0.0, 0.0, 0.0, 0.0, 0.011, 0.005, 0.001, 0.0, 0.0, 0.0015, 0.003, 0.004]
)
_BOXY: Final = np.array([1.0, 1.0, 1.1, 1.0, 0.9, 0.9, 0.95, 1.1, 1.25, 1.4, 1.5, 1.4, 1.2])
_ACROSS: Final = 11
_WELT_M: Final = 0.0035
_CAP: Final = 9
"""Row where the toe cap begins."""
_LONG_M: Final = 0.026
"""How much longer the last is than the foot."""


def build_shoe(form: Form, side: str) -> Sheet:
    """A low leather shoe with a toe cap: upper, and sole with heel as material 1.

    Parameters
    ----------
    side : str
        "L" or "R".
    """
    heel, forward, across, length, half = _foot(form, side)
    ground = _GROUND_M * form.scale
    sole = np.maximum(_SOLE_M * form.scale, ground + 0.004)
    high = np.maximum(_HIGH_M * form.scale, sole + 0.004)
    along = heel + forward * (_PLACES * length)[:, None]
    turn = np.linspace(0.0, np.pi, _ACROSS)
    out, up = np.cos(turn), np.sin(turn)[None] ** (1.0 / _BOXY[:, None])
    out = np.sign(out) * np.abs(out)[None] ** (1.0 / _BOXY[:, None])
    breadth = half * np.where(out > 0, _OUTSIDE[:, None], _INSIDE[:, None])
    upper = along[:, None] + across * (out * breadth)[..., None]
    upper[..., 2] = sole[:, None] + up * (high - sole)[:, None]
    leather = _capped(grid_sheet(upper, flip=side == "R"))
    return joined(leather, _sole(upper, ground, sole, side).painted(1))


def _foot(form: Form, side: str) -> tuple[Array, Array, Array, float, float]:
    """The last's heel on the ground, its ways forward and outwards, its length and half breadth."""
    figure = form.figure
    foot = (figure.part == 0) & (form.share(f"foot.{side}") > 0.6)
    points = figure.vertices[foot] * np.array([1.0, 1.0, 0.0])
    sign = 1.0 if side == "L" else -1.0
    back, front = points[:, 1].max(), points[:, 1].min()
    near, ball = (
        points[np.abs(points[:, 1] - (back + share * (front - back))) < 0.02 * form.scale, 0]
        for share in (0.12, 0.70)
    )
    heel = np.array([0.5 * (near.min() + near.max()), back + 0.004, 0.0])
    middle = np.array([0.5 * (ball.min() + ball.max()), back + 0.70 * (front - back), 0.0])
    forward = unit(middle - heel)
    across = sign * np.cross(forward, np.array([0.0, 0.0, 1.0]))
    across *= np.sign(across[0]) * sign
    length = float((points - heel).dot(forward).max()) + _LONG_M * form.scale
    return heel, forward, across, length, 0.47 * float(np.ptp(ball))


def _capped(leather: Sheet) -> Sheet:
    """The leather with the toe cap as a cut of its own: its seam is seen."""
    cap = np.arange(len(leather.faces)) >= _CAP * (_ACROSS - 1)
    return replace(leather, uv=leather.uv + np.where(cap, 1.0, 0.0)[:, None, None])


def _sole(upper: Array, ground: Array, sole: Array, side: str) -> Sheet:
    """Welt, edge of the sole, and the heel under it."""
    edge = np.concatenate([upper[:, 0], upper[::-1, -1]])
    middle = np.concatenate([upper.mean(axis=1), upper.mean(axis=1)[::-1]])
    out = unit((edge - middle) * np.array([1.0, 1.0, 0.0]))
    # Heel and toe end in a line.
    tip = unit(middle[len(upper) - 1] - middle[0])
    out[[0, -1]], out[[len(upper) - 1, len(upper)]] = -tip, tip
    floor = np.concatenate([ground, ground[::-1]])
    level = np.concatenate([sole, sole[::-1]])
    rows = []
    for room, height in ((-0.001, level + 0.002), (_WELT_M, level), (0.001, floor)):
        row = edge + out * room
        row[:, 2] = height
        rows.append(row)
    return grid_sheet(np.array(rows[::-1]), closed=True, flip=side == "L")
