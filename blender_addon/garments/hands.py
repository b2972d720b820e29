"""Hands with five fingers each, and the bones in them."""

from typing import Final

import numpy as np

from retarget import skeleton
from retarget.rotation import Array

from ..stage.noise import smoothstep
from .figure import Weights
from .sdf import Point, chain, cone, ellipsoid, union
from .surface import Surface, hem, mirror, polygonize, split

# Joints of the left hand's finger bones, ending at the tip, with the radii there. The index starts
# at the canonical joint; middle, ring and little finger spread about the canonical "fingers" joint.
FINGERS: Final[dict[str, tuple[tuple[Point, ...], tuple[float, ...]]]] = {
    "thumb": (
        ((0.745, -0.030, 1.410), (0.777, -0.0524, 1.4068), (0.806, -0.0727, 1.4039)),
        (0.0135, 0.0112, 0.0080),
    ),
    "index": (
        (
            (0.810, -0.0250, 1.4200),
            (0.8480, -0.0272, 1.4200),
            (0.8720, -0.0287, 1.4200),
            (0.8920, -0.0298, 1.4200),
        ),
        (0.0098, 0.0086, 0.0078, 0.0064),
    ),
    "middle": (
        (
            (0.813, -0.0040, 1.4205),
            (0.8560, -0.0042, 1.4200),
            (0.8830, -0.0043, 1.4195),
            (0.9040, -0.0044, 1.4190),
        ),
        (0.0100, 0.0088, 0.0080, 0.0065),
    ),
    "ring": (
        (
            (0.808, 0.0160, 1.4185),
            (0.8490, 0.0172, 1.4178),
            (0.8740, 0.0180, 1.4172),
            (0.8940, 0.0186, 1.4166),
        ),
        (0.0094, 0.0082, 0.0075, 0.0062),
    ),
    "pinky": (
        (
            (0.799, 0.0340, 1.4150),
            (0.8300, 0.0370, 1.4143),
            (0.8480, 0.0388, 1.4139),
            (0.8640, 0.0404, 1.4135),
        ),
        (0.0084, 0.0072, 0.0066, 0.0055),
    ),
}

SKIN, NAIL = range(2)
_WRIST: Final = skeleton.REST[skeleton.INDEX["hand.L"]]
# How sharply neighbouring bones part: along one finger, and between fingers, metres.
_ALONG, _BETWEEN = 0.0035, 0.0012


def hand_field(p: Array) -> Array:
    """The left hand from a little above the wrist."""
    palm = np.full(len(p), 1.0)
    for name, (joints, radii) in FINGERS.items():
        if name == "thumb":
            continue
        root = (0.738, 0.30 * joints[0][1] + 0.001, 1.4185)
        palm = union(palm, cone(p, root, joints[0], 0.0155, radii[0] + 0.0012), 0.012)
    thenar = chain(
        p,
        ((0.738, -0.012, 1.411), (0.756, -0.030, 1.407), FINGERS["thumb"][0][0]),
        (0.0150, 0.0155, 0.0140),
        0.01,
    )
    hypothenar = ellipsoid(p, (0.762, 0.024, 1.411), (0.030, 0.0125, 0.0125))
    d = union(union(palm, thenar, 0.014), hypothenar, 0.012)
    for y in (-0.009, 0.009):
        d = union(d, cone(p, (0.66, y, 1.42), (0.735, y, 1.419), 0.0205, 0.0185), 0.012)
    d = union(d, _finger(p, "thumb"), 0.014)
    for name in ("index", "middle", "ring", "pinky"):
        # Fingers meet the palm softly and leave a crisp gap between each other.
        d = union(d, _finger(p, name), 0.0055)
    return d


def hand_surfaces(cell: float = 0.0046) -> tuple[Surface, Surface]:
    """Left and right hand in the rest pose, open where the sleeve covers the wrist."""
    whole = polygonize(
        hand_field, np.array([0.672, -0.095, 1.38]), np.array([0.922, 0.062, 1.455]), cell
    )
    left, _ = split(whole, lambda p: 0.685 - p[:, 0])
    return left, mirror(left)


def hand_weights(p: Array, side: str) -> Weights:
    """Shares of forearm, hand and finger bones for points of a hand."""
    q = p * (1.0 if side == "L" else -1.0, 1.0, 1.0)
    chains: dict[str, Array] = {}
    for name, (joints, radii) in FINGERS.items():
        parts = [
            cone(q, joints[i], joints[i + 1], radii[i], radii[i + 1])
            for i in range(len(joints) - 1)
        ]
        chains[name] = np.stack(parts, axis=1)
    palm = np.full(len(q), 1.0)
    for name, (joints, radii) in FINGERS.items():
        if name != "thumb":
            root = (0.70, 0.35 * joints[0][1], 1.418)
            palm = np.minimum(palm, cone(q, root, joints[0], 0.020, radii[0]))
    palm = np.minimum(palm, ellipsoid(q, (0.745, -0.012, 1.411), (0.03, 0.016, 0.016)))

    nearest = np.stack([palm, *(chain_.min(axis=1) for chain_ in chains.values())], axis=1)
    near = nearest.min(axis=1, keepdims=True)
    closeness = np.exp(-(nearest - near) / _BETWEEN)
    # Towards the palm a finger's own bone fades out along its length, not at a line.
    closeness[:, 0] = np.exp(-(palm - near[:, 0]) / _ALONG)
    closeness /= closeness.sum(axis=1, keepdims=True)

    shares: Weights = {}
    wrist = smoothstep(q[:, 0], _WRIST[0] - 0.022, _WRIST[0] + 0.022)
    shares[f"forearm.{side}"] = 1.0 - wrist
    shares[f"hand.{side}"] = wrist * closeness[:, 0]
    for k, (name, parts_) in enumerate(chains.items(), start=1):
        along = np.exp(-(parts_ - parts_.min(axis=1, keepdims=True)) / _ALONG)
        along /= along.sum(axis=1, keepdims=True)
        for i in range(along.shape[1]):
            shares[f"{name}.{i + 1:02d}.{side}"] = wrist * closeness[:, k] * along[:, i]
    return shares


def nail_surfaces() -> tuple[Surface, Surface]:
    """Fingernails: thin plates on the backs of the finger tips."""

    def field(p: Array) -> Array:
        return hand_field(p) - 0.0004

    plates = []
    for joints, radii in FINGERS.values():
        tip, before = np.asarray(joints[-1]), np.asarray(joints[-2])
        along = (tip - before) / np.linalg.norm(tip - before)
        across = np.cross([0.0, 0.0, 1.0], along)
        across /= np.linalg.norm(across)
        up = np.cross(along, across)
        if joints is FINGERS["thumb"][0]:
            # The thumb is turned: its nail looks forward and up.
            up = 0.6 * up - 0.8 * across * np.sign(across[1])
            across = np.cross(up, along)
        plates.append((tip + along * 0.0005, along, across, up, radii[-1]))

    def region(p: Array) -> Array:
        best = np.full(len(p), 1.0)
        for centre, along, across, up, radius in plates:
            q = p - centre
            u, v, w = q @ along, q @ across, q @ up
            half = radius * 0.74
            shape = np.sqrt((u / (half * 1.15)) ** 4 + (v / half) ** 4) ** 0.5 - 1.0
            best = np.minimum(best, np.maximum(shape * half, radius * 0.25 - w))
        return best

    parts = polygonize(
        field, np.array([0.790, -0.092, 1.39]), np.array([0.922, 0.056, 1.44]), 0.0034
    )
    nails, _ = split(parts, region)
    left = hem(nails, 0.001)
    return left, mirror(left)


def _finger(p: Array, name: str) -> Array:
    joints, radii = FINGERS[name]
    # The bone ends short of the tip by the tip's own radius, so that flesh ends at the bone's tail.
    points = list(joints)
    tip, before = np.asarray(joints[-1]), np.asarray(joints[-2])
    shortened = tip - (tip - before) / np.linalg.norm(tip - before) * radii[-1] * 0.6
    points[-1] = (float(shortened[0]), float(shortened[1]), float(shortened[2]))
    return chain(p, points, radii, 0.002)
