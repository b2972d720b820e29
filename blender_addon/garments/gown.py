"""A long-sleeved black concert dress with an oval neckline, and the skin in it."""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..stage.noise import ripples, smoothstep
from . import folds
from .arms import garment_weights, sleeve, to_forearm
from .figure import Weights, leg_weights
from .sdf import chain, cone, ellipsoid, mirrored, polygon, spline, subtract, union
from .surface import Surface, hem, polygonize, split

_SLEEVE_END: Final = 0.708
# height: half breadth, depth forward of y = 0, depth backward
_BODY: Final = (
    (0.02, 0.330, 0.290, 0.340),
    (0.30, 0.285, 0.235, 0.285),
    (0.60, 0.230, 0.172, 0.210),
    (0.80, 0.193, 0.130, 0.160),
    (0.90, 0.176, 0.112, 0.136),
    (0.96, 0.164, 0.104, 0.120),
    (1.02, 0.144, 0.096, 0.100),
    (1.09, 0.126, 0.090, 0.086),
    (1.13, 0.124, 0.089, 0.083),
    (1.18, 0.131, 0.094, 0.087),
    (1.235, 0.141, 0.100, 0.095),
    (1.28, 0.147, 0.101, 0.101),
    (1.32, 0.150, 0.098, 0.106),
    (1.36, 0.150, 0.090, 0.108),
    (1.41, 0.138, 0.077, 0.104),
    (1.445, 0.104, 0.062, 0.090),
    (1.475, 0.068, 0.052, 0.074),
    (1.50, 0.056, 0.046, 0.062),
    (1.62, 0.052, 0.044, 0.056),
)


def _torso(p: Array) -> Array:
    z = p[:, 2]
    heights = [row[0] for row in _BODY]
    a, front, back = (spline(z, heights, [row[k] for row in _BODY]) for k in range(1, 4))
    b = np.where(p[:, 1] < 0.0, front, back)
    k = ((np.abs(p[:, 0]) / a) ** 2.3 + (np.abs(p[:, 1]) / b) ** 2.3) ** (1.0 / 2.3)
    body = (k - 1.0) * np.minimum(a, b)
    q = mirrored(p)
    slope = cone(q, (0.040, 0.020, 1.446), (0.165, 0.004, 1.404), 0.036, 0.038)
    left, right = (ellipsoid(p, (x, -0.070, 1.272), (0.058, 0.052, 0.058)) for x in (0.066, -0.066))
    bust = union(left, right, 0.060)
    return union(union(body, slope, 0.045), bust, 0.045)


def dress_field(p: Array) -> Array:
    """The dress, closed at the neck."""
    z = p[:, 2]
    turn = np.arctan2(p[:, 0], -p[:, 1])
    loose = smoothstep(z, 0.98, 0.25)
    # Uneven flutes, as a bias-cut skirt hangs.
    wander = 0.35 * np.sin(3.0 * z + 2.0 * turn)
    flutes = np.cos(11.0 * turn + wander + 0.4) + 0.8 * np.cos(17.0 * turn - wander + 1.1)
    fine = _waist_lines(p)
    body = _torso(p) - 0.004 - 0.013 * loose * flutes - fine
    return union(body, _sleeves(p), 0.028) - 0.0008 * ripples(p, 0.16, 7)


def _waist_lines(p: Array) -> Array:
    """Small drag lines at the waist and below the bust."""
    z = p[:, 2]
    drift = 1.3 * ripples(p, 0.13, 52)
    pull = folds.ridges(2.0 * np.pi * (z + 0.6 * np.abs(p[:, 0] - 0.03)) / 0.045 + drift)
    pull *= smoothstep(z, 1.02, 1.07) * smoothstep(z, 1.20, 1.13)
    return 0.0022 * pull * (0.5 + 0.5 * np.tanh(ripples(p, 0.17, 9))) + folds.waist(p, 0.0020)


def _sleeves(p: Array) -> Array:
    def upper(q: Array) -> Array:
        return -0.007 + folds.upper_sleeve(q, 0.0075)

    def forearm(q: Array) -> Array:
        # Loose enough for the hand at the wrist.
        cuff = 0.008 * smoothstep(q[:, 0], 0.60, 0.68)
        return -0.004 + cuff + folds.lower_sleeve(q, 0.0070)

    return sleeve(p, upper, forearm, 0.0345, (0.040, 0.050, 0.042))


def dress_weights(p: Array) -> Weights:
    """Shares of the bones in points of the dress or the skin in its neckline."""
    shares = garment_weights(p, smoothstep(_torso(p) - 0.004 - _sleeves(p), -0.012, 0.032))
    # A skirt follows the thighs only a little.
    legs = leg_weights(p)
    follow = 0.35 * smoothstep(p[:, 2], 0.95, 0.70)
    for bone, share in legs.items():
        if bone != "hips":
            shares[bone] = follow * share * shares["hips"]
    shares["hips"] = shares["hips"] * (1.0 - follow * (1.0 - legs["hips"]))
    return shares


def dress(cell: float = 0.0175) -> Surface:
    """The cloth: neckline and sleeves open, to the floor."""
    low, high = np.array([-0.50, -0.43, -0.04]), np.array([0.50, 0.44, 1.545])
    whole = polygonize(dress_field, low, high, cell)
    for region in (neckline, _sleeve_ends, lambda p: p[:, 2] - 0.020):
        _, whole = split(whole, region)
    return hem(whole, 0.006)


def neckline(p: Array) -> Array:
    """Negative inside the opening for the neck."""
    front = polygon(p[:, 0], p[:, 2], _NECKLINE)
    back = np.maximum(np.abs(p[:, 0]) - 0.104, 1.452 - p[:, 2])
    return np.where(p[:, 1] < 0.012, front, back)


_NECKLINE: Final = (
    (0.0, 1.350), (0.024, 1.353), (0.046, 1.366), (0.068, 1.394), (0.088, 1.436), (0.104, 1.480),
    (0.104, 1.60), (-0.104, 1.60), (-0.104, 1.480), (-0.088, 1.436), (-0.068, 1.394),
    (-0.046, 1.366), (-0.024, 1.353),
)  # fmt: skip


def throat_field(p: Array) -> Array:
    """Neck alone, from inside a collar."""
    r = p * np.array([1.0, 0.94, 1.0])
    column = cone(r, (0.0, 0.014, 1.40), (0.0, 0.002, 1.64), 0.0555, 0.0460)
    tendon = chain(mirrored(p), ((0.043, 0.020, 1.575), (0.034, -0.022, 1.52),
                   (0.013, -0.040, 1.452)), (0.012, 0.010, 0.006), 0.01)  # fmt: skip
    return union(column, tendon, 0.016)


def neck_field(p: Array) -> Array:
    """Neck, collar bones and the upper chest."""
    q = mirrored(p)
    d = union(_torso(p) + 0.003, throat_field(p), 0.045)
    bone = chain(q, ((0.016, -0.0575, 1.438), (0.070, -0.0510, 1.446), (0.100, -0.030, 1.438)),
                 (0.0080, 0.0068, 0.0040), 0.01)  # fmt: skip
    d = union(d, bone, 0.016)
    d = subtract(d, ellipsoid(p, (0.0, -0.079, 1.450), (0.010, 0.016, 0.013)), 0.022)
    # Below the cloth's edge nothing may press through it.
    covered = smoothstep(neckline(p), -0.010, 0.002)
    return np.maximum(d, _torso(p) - 0.040 * (1.0 - covered))


def neck(with_chest: bool) -> Surface:
    """Skin from below the neckline, or from inside the wing collar, to under the chin."""
    low, high = np.array([-0.16, -0.15, 1.29]), np.array([0.16, 0.15, 1.60])
    whole = polygonize(neck_field if with_chest else throat_field, low, high, 0.0085)
    whole, _ = split(whole, lambda p: p[:, 2] - 1.575)
    if with_chest:
        skin, _ = split(whole, lambda p: neckline(p) - 0.020)
    else:
        _, skin = split(whole, lambda p: p[:, 2] - 1.462)
    return skin


def _sleeve_ends(p: Array) -> Array:
    beside = (np.abs(p[:, 0]) > 0.25) & (p[:, 2] > 0.95)
    return np.where(beside, _SLEEVE_END - to_forearm(p)[:, 0], 1.0)
