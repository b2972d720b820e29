"""Light on a photographed person: what turning and the arms' shadows change of the photo's own."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.character import PARTS
from retarget.rotation import Array

Floats = NDArray[np.float32]

# Where most photographs of people have their light: from above, in front, a little from one side.
# Camera space: x right, y up, z towards the camera.
KEY: Final = np.array([-0.25, 0.75, 0.6]) / np.linalg.norm([-0.25, 0.75, 0.6])
"""Direction towards the key light."""

# Light on a surface that faces away from the key, as a share of that on one that faces it. Rooms
# and overcast skies fill about half, as the encoded values of a picture go.
_AMBIENT: Final = 0.55

USUAL_LIGHT: Final = (1.0 - _AMBIENT) / (1.0 + _AMBIENT) * KEY
"""Light of a photo that does not say how it is lit: see `light_on`."""

# A photo's own shades are on the texture already; more darkening looks like a fault of it. Nothing
# gets brighter than it was: people stand with their front to the light, and what turns into better
# light mostly comes into shadows that are not told here, of the head and the other arm.
GAIN_LIMITS: Final = (0.65, 1.0)

# Soft shadows are sums over cells this wide, blurred by this much, metres: about half an arm.
_CELL_M: Final = 0.02
_BLUR_M: Final = 0.035
# Strongest darkening, as a share of the encoded value.
_DARKEST: Final = 0.28
# Distance between the middle of an arm and the surface behind it, metres: from none where both are
# the same surface (the shoulder) over the full shadow of an arm that touches to none far away.
_TOUCHING: Final = (0.02, 0.06)
_AWAY: Final = (0.09, 0.35)
# The key stands above, so the shadow falls below the arm.
_DROP_M: Final = 0.03

# Cheeks and forehead turn so far from the camera on a face that does not, radians.
_ROUND: Final = np.radians(45.0)

_AS_IT_IS: Final = np.eye(3)
_SAMPLED_ROW: Final = 512

# Distance from the shoulder joint over which an arm becomes something apart from the trunk, metres.
_SHOULDER: Final = (0.10, 0.24)

_CASTERS: Final = {"L": ("arm.L", "hand.L"), "R": ("arm.R", "hand.R")}
_RECEIVERS: Final = ("trunk", "legs", "head")


def light_on(normals: Floats, light: Array = USUAL_LIGHT, to_camera: Array = _AS_IT_IS) -> Floats:
    """Light on surfaces, as a share of that on one across the light's direction.

    Half Lambert (Mitchell et al., Shading in Valve's Source Engine, 2006): soft, never black.

    Parameters
    ----------
    normals : (3, V) array
        Unit normals.
    light : (3,) array
        Points towards the light, camera space; its length, below 1, says how much brighter than
        the mean a surface is that faces it, and how much darker one that faces away.
    to_camera : (3, 3) array
        Turns the normals to camera space.
    """
    return (light @ to_camera).astype(np.float32) @ normals + np.float32(1.0)


def light_on_faces(light: Array) -> float:
    """What `light_on` gives for the brightest of a face that looks into the camera."""
    uneven = max(float(np.linalg.norm(light)), 1e-9)
    away = np.arccos(np.clip(light[2] / uneven, -1.0, 1.0))
    return 1.0 + uneven * float(np.cos(max(0.0, away - _ROUND)))


class ContactShadow:
    """Darkening of trunk, legs and head close behind the arms, vertex by vertex.

    Parameters
    ----------
    parts : (V,) array
        Places in `character.PARTS`.
    areas : (V,) array
        Surface around each vertex, square metres.
    vertices : (V, 3) array
        Bind pose, metres.
    shoulders : dict of str to (3,) array
        Where an arm ("L", "R") begins, bind pose; near it the arm casts no shadow, because it goes
        over into the trunk there.
    """

    def __init__(
        self, parts: NDArray, areas: Floats, vertices: NDArray, shoulders: dict[str, Array]
    ) -> None:
        self._arms = []
        for side, names in _CASTERS.items():
            rows = np.flatnonzero(np.isin(parts, [PARTS.index(name) for name in names]))
            # Half of a closed surface covers its outline once.
            cover = areas[rows] / np.float32(2.0 * _CELL_M**2)
            if side in shoulders:
                away = np.linalg.norm(vertices[rows] - shoulders[side], axis=1)
                cover = cover * _step(away.astype(np.float32), *_SHOULDER)
            self._arms.append((rows, cover))
        numbers = [PARTS.index(name) for name in _RECEIVERS]
        self._receivers = np.flatnonzero(np.isin(parts, numbers))

    def cast(self, x: Floats, y: Floats, depth: Floats, pixels_per_metre: float) -> Floats:
        """Darkening (V,) in [0, 1) of vertices at pixels `x`, `y` (y down), `depth` in metres."""
        shadow = np.zeros(len(x), np.float32)
        rows = self._receivers
        if not len(rows):
            return shadow
        cell = 1.0 / (_CELL_M * pixels_per_metre)
        lit = np.ones(len(rows), np.float32)
        for arm, weights in self._arms:
            if len(arm):
                lit *= 1.0 - _cast_one(
                    (x[arm] * cell, y[arm] * cell, depth[arm], weights),
                    (x[rows] * cell, y[rows] * cell - _DROP_M / _CELL_M, depth[rows]),
                )
        shadow[rows] = 1.0 - lit
        return shadow


def _cast_one(arm: tuple[Floats, ...], behind: tuple[Floats, ...]) -> Floats:
    x, y, depth, weights = arm
    pad = int(np.ceil(3.0 * _BLUR_M / _CELL_M)) + 2
    # On whole cells, so that the grid stands still when the person moves.
    left, top = int(np.floor(x.min())) - pad, int(np.floor(y.min())) - pad
    width, height = int(x.max()) - left + pad + 2, int(y.max()) - top + pad + 2
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    place = (row - top) * width + column - left
    field = np.zeros((2, height * width), np.float32)
    for step, share in (
        (0, (1 - right) * (1 - down)),
        (1, right * (1 - down)),
        (width, (1 - right) * down),
        (width + 1, right * down),
    ):
        mass = share * weights
        field[0] += np.bincount(place + step, mass, height * width)
        field[1] += np.bincount(place + step, mass * depth, height * width)
    grid = np.ascontiguousarray(field.reshape(2, height, width).transpose(1, 2, 0))
    grid = np.asarray(cv2.GaussianBlur(grid, (0, 0), _BLUR_M / _CELL_M), np.float32)
    at_x, at_y = behind[0] - left, behind[1] - top
    inside = (at_x > 0) & (at_x < width - 1) & (at_y > 0) & (at_y < height - 1)
    dark = np.zeros(len(at_x), np.float32)
    if not inside.any():
        return dark
    cover, moment = _sample(grid, at_x[inside], at_y[inside])
    gap = behind[2][inside] - moment / np.maximum(cover, 1e-6)
    strength = np.minimum(cover, 1.0) * _step(gap, *_TOUCHING) * (1.0 - _step(gap, *_AWAY))
    dark[inside] = _DARKEST * strength
    return dark


def _sample(grid: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Both channels of a grid at points, bilinear."""
    # OpenCV samples pictures, so the points stand in rows of one.
    rows = -(-len(x) // _SAMPLED_ROW)
    at = np.zeros((2, rows * _SAMPLED_ROW), np.float32)
    at[0, : len(x)], at[1, : len(x)] = x, y
    columns, lines = at.reshape(2, rows, _SAMPLED_ROW)
    found = cv2.remap(grid, columns, lines, cv2.INTER_LINEAR)
    both = np.asarray(found, np.float32).reshape(-1, 2)[: len(x)]
    return both[:, 0], both[:, 1]


def _step(value: Floats, low: float, high: float) -> Floats:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
