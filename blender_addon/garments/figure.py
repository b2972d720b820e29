"""The figure under the clothes: trunk and limbs as fields, and which bones carry which point.

All of it stands in the rest pose of `retarget.skeleton` (T-pose, 1.75 m). Breadths and depths
follow a slim man of that stature (Pheasant & Haslegrave, Bodyspace, 3rd ed., table 10).
"""

from typing import Final

import numpy as np

from retarget.rotation import Array

from ..stage.noise import smoothstep
from .sdf import cone, mirrored, spline, union

Weights = dict[str, Array]
"""Bone name to the share it has in each point, (N,); the shares of a point add up to one."""

# height: half breadth, depth forward of y = 0, depth backward
_TRUNK: Final = (
    (0.46, 0.168, 0.110, 0.140),
    (0.62, 0.172, 0.112, 0.141),
    (0.78, 0.175, 0.114, 0.138),
    (0.88, 0.175, 0.112, 0.130),
    (0.95, 0.170, 0.106, 0.120),
    (1.02, 0.156, 0.102, 0.105),
    (1.09, 0.146, 0.101, 0.095),
    (1.16, 0.148, 0.104, 0.096),
    (1.23, 0.157, 0.111, 0.105),
    (1.30, 0.165, 0.115, 0.114),
    (1.36, 0.165, 0.110, 0.118),
    (1.41, 0.150, 0.092, 0.112),
    (1.445, 0.112, 0.072, 0.098),
    (1.475, 0.074, 0.058, 0.080),
    (1.50, 0.062, 0.052, 0.068),
    (1.56, 0.058, 0.050, 0.062),
)
# distance from the middle: height of the axis, half depth (y), half thickness (z)
_ARM: Final = (
    (0.10, 1.396, 0.060, 0.046),
    (0.18, 1.404, 0.058, 0.045),
    (0.25, 1.410, 0.053, 0.044),
    (0.33, 1.414, 0.047, 0.043),
    (0.40, 1.417, 0.043, 0.041),
    (0.465, 1.419, 0.040, 0.039),
    (0.53, 1.420, 0.040, 0.038),
    (0.62, 1.420, 0.036, 0.034),
    (0.74, 1.420, 0.030, 0.029),
)
# height: axis from the middle, axis in depth, half breadth, half depth
_LEG: Final = (
    (0.02, 0.099, 0.018, 0.054, 0.062),
    (0.10, 0.099, 0.019, 0.054, 0.061),
    (0.26, 0.098, 0.018, 0.057, 0.063),
    (0.38, 0.097, 0.012, 0.060, 0.065),
    (0.49, 0.096, 0.005, 0.063, 0.068),
    (0.60, 0.094, 0.003, 0.072, 0.076),
    (0.74, 0.090, 0.004, 0.083, 0.088),
    (0.82, 0.088, 0.007, 0.088, 0.098),
    (0.90, 0.086, 0.008, 0.088, 0.102),
)


def trunk(p: Array) -> Array:
    """Trunk from knees to neck, about a shirt's thickness off the skin."""
    z = p[:, 2]
    heights = [row[0] for row in _TRUNK]
    a = spline(z, heights, [row[1] for row in _TRUNK])
    front = spline(z, heights, [row[2] for row in _TRUNK])
    back = spline(z, heights, [row[3] for row in _TRUNK])
    b = np.where(p[:, 1] < 0.0, front, back)
    u, v = np.abs(p[:, 0]) / a, np.abs(p[:, 1]) / b
    # A super-ellipse: a rib cage is flatter in front and at the sides than an ellipse.
    k = (u**2.5 + v**2.5) ** 0.4
    body = (k - 1.0) * np.minimum(a, b)
    slope = cone(mirrored(p), (0.045, 0.022, 1.452), (0.165, 0.004, 1.404), 0.040, 0.042)
    cap = np.maximum(z - 1.56, 0.46 - z)
    return np.maximum(union(body, slope, 0.040), cap)


def arm(p: Array, ease: Array | float) -> Array:
    """Arm and shoulder to the wrist, `ease` metres off the shirt."""
    x = np.abs(p[:, 0])
    knots = [row[0] for row in _ARM]
    height, depth, thickness = (spline(x, knots, [row[k] for row in _ARM]) for k in range(1, 4))
    depth, thickness = depth + ease, thickness + ease
    k = np.hypot(p[:, 1] / depth, (p[:, 2] - height) / thickness)
    return np.maximum((k - 1.0) * thickness, 0.10 - x)


def leg(p: Array) -> Array:
    """Trouser leg, without crease."""
    z = p[:, 2]
    knots = [row[0] for row in _LEG]
    x0, y0, breadth, depth = (spline(z, knots, [row[k] for row in _LEG]) for k in range(1, 5))
    k = np.hypot((np.abs(p[:, 0]) - x0) / breadth, (p[:, 1] - y0) / depth)
    return np.maximum((k - 1.0) * breadth, z - 0.93)


def trunk_weights(p: Array) -> Weights:
    """Shares of hips, spine, chest, clavicles and arms: one law for every garment.

    Because it depends on the place alone, layers of cloth move together and nothing pokes through.
    """
    x, z = np.abs(p[:, 0]), p[:, 2]
    # Cloth under the arm stays with the flank further out than cloth on the shoulder.
    armpit = 0.030 * smoothstep(z, 1.41, 1.33)
    upper_arm = smoothstep(x - armpit, 0.128, 0.232)
    forearm = smoothstep(x, 0.415, 0.515)
    clavicle = smoothstep(x, 0.05, 0.15) * smoothstep(z, 1.30, 1.43) * smoothstep(z, 1.53, 1.47)
    # Below the armpit the side of the trunk stays with the trunk.
    upper_arm *= np.maximum(smoothstep(z, 1.28, 1.355), smoothstep(x, 0.20, 0.25))
    clavicle = np.maximum(clavicle, 0.0) * (1.0 - upper_arm)
    left = p[:, 0] >= 0.0
    trunk_share = 1.0 - upper_arm - clavicle
    spine = smoothstep(z, 0.99, 1.12)
    chest = smoothstep(z, 1.16, 1.31)
    neck = smoothstep(z, 1.47, 1.52)
    shares = {
        "hips": trunk_share * (1.0 - spine),
        "spine": trunk_share * spine * (1.0 - chest),
        "chest": trunk_share * chest * (1.0 - neck),
        "neck": trunk_share * chest * neck,
    }
    for side, here in (("L", left), ("R", ~left)):
        shares[f"clavicle.{side}"] = clavicle * here
        shares[f"upper_arm.{side}"] = upper_arm * (1.0 - forearm) * here
        shares[f"forearm.{side}"] = upper_arm * forearm * here
    return shares


def leg_weights(p: Array) -> Weights:
    """Shares of hips, thighs, shins."""
    x, z = p[:, 0], p[:, 2]
    thigh = smoothstep(z, 0.98, 0.82)
    shin = smoothstep(z, 0.54, 0.44)
    left = smoothstep(x, -0.012, 0.012)
    shares = {"hips": 1.0 - thigh}
    for side, here in (("L", left), ("R", 1.0 - left)):
        shares[f"thigh.{side}"] = thigh * (1.0 - shin) * here
        shares[f"shin.{side}"] = thigh * shin * here
    return shares


def head_weights(p: Array) -> Weights:
    """Shares of chest, neck and head for the head and the bare neck."""
    # The line between neck and head rises to the back, as jaw and nape do.
    z = p[:, 2] - 0.25 * p[:, 1]
    head = smoothstep(z, 1.505, 1.575)
    neck = smoothstep(z, 1.44, 1.50)
    return {"chest": 1.0 - neck, "neck": neck * (1.0 - head), "head": neck * head}


def rigid(bone: str, p: Array) -> Weights:
    """All on one bone."""
    return {bone: np.ones(len(p))}
