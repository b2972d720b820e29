"""How cloth falls about legs: folds of skirts and trousers, the light they catch."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from retarget.rotation import Array

from ..curves import smoothstep
from .folds import Noise
from .form import SIDES, Form

_FOLDS: Final = 8
_SEED: Final = 61
_SIDEWAYS: Final = 1.45
"""The outline's angles are those of an ellipse so much broader than deep."""


def hanging(angle: ArrayLike, drop: ArrayLike) -> Array:
    """Folds of a skirt: 0 in their narrow valleys to 1 on their broad backs.

    Parameters
    ----------
    angle : array
        From the front by the figure's left, as of `Form.outline`, radians.
    drop : array
        0 at the hips to 1 on the floor; broadcast.
    """
    ripple = Noise(_SEED).ripple(np.asarray(angle), _FOLDS, 0.5 * np.asarray(drop))
    return np.asarray((0.5 + 0.5 * ripple) ** 0.6)


def skirt_drop(form: Form, height: Array) -> Array:
    """How far down from the hips to the floor, [0, 1]."""
    top = form.crotch[2] + 0.06 * form.scale
    return np.clip((top - height) / top, 0.0, 1.0)


def skirt_light(form: Form, points: Array, normals: Array) -> Array:
    """How much lighter (N,) the folds of a skirt make points of the cloth, relative."""
    drop = skirt_drop(form, points[:, 2])
    angle = np.arctan2(points[:, 0] / _SIDEWAYS, form.crotch[1] - points[:, 1])
    folds = hanging(angle, drop)
    deep = smoothstep(drop, 0.04, 0.35) * (0.35 + 0.65 * drop)
    sideways = np.abs(normals[:, 2]) < 0.7
    return np.asarray(1.5 * (folds - folds.mean()) * deep * sideways)


@dataclass(frozen=True)
class _Fold:
    """A fold across a leg: dark below, light above, or the other way if `depth` is negative.

    Parameters
    ----------
    place : str
        "fork", "knee" or "hem": what `rise` counts from.
    rise : float
        Height of its middle over that, metres for a body of 1.75 m.
    turn : float
        Its middle around the leg: 0 in front, π/2 outside, π behind, radians.
    reach : float
        How far it goes to both sides, radians.
    slope, bow : float
        How it rises outwards, metres a radian, and how its ends hang, metres a square radian.
    width : float
        Of its dark part, metres.
    depth : float
        How dark it gets, [0, 1].
    """

    place: str
    rise: float
    turn: float
    reach: float
    slope: float
    bow: float
    width: float
    depth: float


_TROUSERS: Final = (
    # Drawn up from between the legs, in front and behind.
    _Fold("fork", -0.022, -0.75, 0.75, 0.030, 0.012, 0.0075, 0.34),
    _Fold("fork", -0.060, -0.80, 0.65, 0.022, 0.010, 0.0070, 0.26),
    _Fold("fork", 0.022, -0.55, 0.60, 0.055, 0.0, 0.0070, 0.24),
    _Fold("fork", -0.045, 3.75, 0.75, -0.034, 0.0, 0.0080, 0.36),
    _Fold("fork", -0.090, 3.65, 0.65, -0.028, 0.0, 0.0075, 0.26),
    # Behind the knee, and where it pushes.
    _Fold("knee", 0.034, 3.14, 1.25, 0.020, 0.014, 0.0080, 0.38),
    _Fold("knee", -0.004, 3.20, 1.40, -0.016, 0.010, 0.0085, 0.46),
    _Fold("knee", -0.046, 3.05, 1.20, 0.014, -0.008, 0.0080, 0.34),
    _Fold("knee", -0.058, 0.35, 0.90, -0.016, -0.014, 0.0080, 0.22),
    _Fold("knee", 0.062, -0.45, 0.85, 0.026, 0.0, 0.0075, 0.18),
    # The break over the shoe.
    _Fold("hem", 0.052, 0.10, 1.35, -0.004, -0.012, 0.0085, 0.52),
    _Fold("hem", 0.094, -0.45, 0.95, -0.018, -0.008, 0.0075, 0.34),
    _Fold("hem", 0.034, 3.14, 1.10, 0.006, 0.006, 0.0075, 0.28),
    _Fold("hem", 0.150, 0.80, 0.80, 0.030, 0.0, 0.0070, 0.20),
)
_HEM_M: Final = 0.035
_CREASE: Final = 0.30
_CREASE_M: Final = 0.006


def trouser_light(form: Form, points: Array, normals: Array) -> Array:
    """How much lighter (N,) folds and creases make points of trousers, relative."""
    s = form.scale
    total = np.zeros(len(points))
    fork = float(form.crotch[2])
    for side in SIDES:
        sign = 1.0 if side == "L" else -1.0
        hip, knee, ankle = (form.head(f"{b}.{side}") for b in ("thigh", "shin", "foot"))
        levels = {"fork": fork, "knee": float(knee[2]), "hem": _HEM_M * s}
        near = np.flatnonzero((points[:, 0] * sign > 0.0) & (points[:, 2] < fork + 0.08 * s))
        x, y, z = points[near].T
        line = np.array([ankle, knee, hip])
        centre = [np.interp(z, line[:, 2], line[:, i]) for i in (0, 1)]
        # The cloth's middle at the fork is nearer to the other leg than the joint is.
        centre[0] = centre[0] - sign * 0.014 * s * smoothstep(z, knee[2], fork)
        turn = np.arctan2((x - centre[0]) * sign, centre[1] - y)
        # Tails hang clear of the legs.
        inside = smoothstep(-np.hypot(x - centre[0], y - centre[1]) / s, -0.124, -0.106)
        light = np.zeros(len(near))
        for fold in _TROUSERS:
            light += _across(fold, levels[fold.place], turn, z, s)
        facing = np.abs(x - centre[0])
        crease = np.exp(-((facing / (_CREASE_M * s)) ** 2)) * (np.abs(normals[near, 1]) > 0.3)
        light += _CREASE * crease * smoothstep(-z, -fork + 0.06 * s, -fork + 0.16 * s)
        total[near] += light * inside
    return total


def _across(fold: _Fold, level: float, turn: Array, height: Array, scale: float) -> Array:
    """Light and dark (N,) of one fold."""
    gap = (turn - fold.turn + np.pi) % (2.0 * np.pi) - np.pi
    taper = np.cos(0.5 * np.pi * np.clip(gap / fold.reach, -1.0, 1.0))
    middle = level + scale * (fold.rise + fold.slope * gap - fold.bow * gap**2)
    width = fold.width * scale * (0.5 + 0.5 * taper)
    above = (height - middle) / width
    valley, ridge = np.exp(-(above**2)), np.exp(-(((above - 1.9) / 1.4) ** 2))
    return np.asarray(fold.depth * taper * (0.75 * ridge - valley))
