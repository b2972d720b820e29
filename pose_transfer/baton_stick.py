"""The baton as a thing in space: a pear of cork in the hand, a shaft blurred by its own swing."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array, between, to_matrix

# Metres; an ordinary baton. The handle lies in the palm, its neck between thumb and index.
_HANDLE_BACK, _HANDLE_FRONT = -0.035, 0.020
_HANDLE_RADIUS: Final = 0.010
_SHAFT_AT_HANDLE, _SHAFT_AT_TIP = 0.0015, 0.0006
# Half of what a line must measure in the picture to be drawn evenly at any angle, pixels.
_THINNEST_PX: Final = 0.55
# Half the time a 180° shutter is open, frames.
_HALF_SHUTTER: Final = 0.25
# The swing is followed in this many straight pieces.
INTERVALS: Final = 10
# The most the tip may be smeared, as a share of the picture's height: beyond it a true blur is so
# faint that the baton cannot be followed any more.
_MOST_SMEARED: Final = 0.03
# Radius of a pear-shaped handle along its length, back to front, as shares of the largest.
_PEAR: Final = (
    (0.0, 0.0),
    (0.03, 0.45),
    (0.1, 0.76),
    (0.2, 0.95),
    (0.32, 1.0),
    (0.45, 0.9),
    (0.6, 0.68),
    (0.78, 0.47),
    (0.93, 0.37),
    (1.0, 0.3),
    (1.0, 0.0),
)
_AROUND: Final = 16
_CORK_RGB: Final = (176, 132, 88)
_CORK_PX: Final = 32


@dataclass(frozen=True)
class Shaft:
    """The shaft in the picture, as the shader draws it.

    Parameters
    ----------
    start : (2,) array
        Where it leaves the handle, pixels.
    ends : (INTERVALS + 1, 2) array
        Where the tip is from when the shutter opens to when it closes, pixels.
    thickness : (2,) array
        Half of it at both ends, pixels.
    depth : (2,) array
        Of both ends, normalised device coordinates.
    """

    start: Array
    ends: Array
    thickness: Array
    depth: Array

    def hull(self) -> Array:
        """Corners (4, 2) of a rectangle around all that it covers, as a triangle strip."""
        way = self.ends[INTERVALS // 2] - self.start
        length = float(np.linalg.norm(way))
        along = way / length if length > 1e-3 else np.array([1.0, 0.0])
        axes = np.stack([along, [-along[1], along[0]]])
        flat = np.concatenate([[self.start], self.ends]) @ axes.T
        pad = 1.7 * float(self.thickness.max()) + 2.0
        (x0, y0), (x1, y1) = flat.min(axis=0) - pad, flat.max(axis=0) + pad
        return np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]]) @ axes

    def depth_at(self, pixels: Array) -> Array:
        """Its depth (N,) where it comes nearest to pixels (N, 2)."""
        way = self.ends[INTERVALS // 2] - self.start
        share = (pixels - self.start) @ way / max(float(way @ way), 1e-6)
        return self.depth[0] + (self.depth[1] - self.depth[0]) * np.clip(share, 0.0, 1.0)


def handle_mesh() -> tuple[NDArray, NDArray, NDArray]:
    """Vertices (V, 3) with the tip along +z and the grip at 0, faces (F, 3), corners (F, 3, 2).

    The corners are places in `cork()`, [0, 1].
    """
    profile = np.array(_PEAR)
    angle = np.linspace(0.0, 2.0 * np.pi, _AROUND, endpoint=False)
    height = _HANDLE_BACK + (_HANDLE_FRONT - _HANDLE_BACK) * profile[:, 0]
    radius = _HANDLE_RADIUS * profile[:, 1]
    rings = np.stack(
        [
            radius[:, None] * np.cos(angle),
            radius[:, None] * np.sin(angle),
            np.repeat(height[:, None], _AROUND, axis=1),
        ],
        axis=-1,
    )
    row, around = np.meshgrid(np.arange(len(_PEAR) - 1), np.arange(_AROUND), indexing="ij")
    a = (row * _AROUND + around).ravel()
    b = (row * _AROUND + (around + 1) % _AROUND).ravel()
    faces = np.concatenate(
        [np.stack([a, b, b + _AROUND], axis=-1), np.stack([a, b + _AROUND, a + _AROUND], axis=-1)]
    )
    u, v = around.ravel() / _AROUND, row.ravel() / (len(_PEAR) - 1)
    right, down = 1.0 / _AROUND, 1.0 / (len(_PEAR) - 1)
    low, beside = np.stack([u, v], axis=-1), np.stack([u + right, v], axis=-1)
    rise = np.array([0.0, down])
    up, across = low + rise, beside + rise
    corners = np.concatenate(
        [np.stack([low, beside, across], axis=1), np.stack([low, across, up], axis=1)]
    )
    vertices = rings.reshape(-1, 3)
    flat = np.linalg.norm(
        np.cross(
            vertices[faces[:, 1]] - vertices[faces[:, 0]],
            vertices[faces[:, 2]] - vertices[faces[:, 0]],
        ),
        axis=1,
    )
    whole = flat > 1e-12
    return vertices, faces[whole], corners[whole]


def cork() -> NDArray[np.uint8]:
    """Picture of the handle's surface (h, w, 4): varnished cork with faint specks."""
    grain = np.random.default_rng(0).normal(0.0, 5.0, (_CORK_PX, _CORK_PX, 1))
    rgb = np.clip(np.array(_CORK_RGB) + grain, 0.0, 255.0)
    return np.concatenate([rgb, np.full_like(grain, 255.0)], axis=-1).astype(np.uint8)


def handle_matrix(held: Array, tip: Array) -> NDArray[np.float32]:
    """From the handle's own space to the world, (3, 4); all zero without a baton."""
    matrix = np.zeros((3, 4), np.float32)
    way = np.asarray(tip, np.float64) - held
    length = float(np.linalg.norm(way))
    if np.isfinite(length) and length > 1e-6:
        matrix[:, :3] = to_matrix(between(np.array([0.0, 0.0, 1.0]), way / length))
        matrix[:, 3] = held
    return matrix


def find_shaft(
    baton: Array, to_clip: Array, size: tuple[int, int], pixels_per_metre: float
) -> Shaft | None:
    """The shaft of one frame.

    Parameters
    ----------
    baton : (3, 2, 3) array
        Grip and tip in the frame before, this and the next; NaN where there is none.
    to_clip : (4, 4) array
        World to clip space of the picture, row 0 on top at −1.
    size : (int, int)
        Of the picture.
    pixels_per_metre : float
        At a depth (clip w) of one.

    Returns
    -------
    Shaft or None
        None without a baton, or if it reaches behind the camera.
    """
    now = baton[1]
    length = float(np.linalg.norm(now[1] - now[0]))
    if not np.isfinite(now).all() or length < 1e-3:
        return None
    before = baton[0] if np.isfinite(baton[0]).all() else now
    after = baton[2] if np.isfinite(baton[2]).all() else now
    # The hand is drawn sharp, so the blur grows from nothing at the grip to the tip's own. The
    # tip's way is the parabola through its three places.
    times = np.linspace(-_HALF_SHUTTER, _HALF_SHUTTER, INTERVALS + 1)[:, None]
    speed, bend = 0.5 * (after[1] - before[1]), 0.5 * (after[1] + before[1]) - now[1]
    start = now[0] + (now[1] - now[0]) * (0.5 * _HANDLE_FRONT / length)
    world = np.concatenate([[start, now[1]], now[1] + times * speed + times**2 * bend])
    clip = np.concatenate([world, np.ones((len(world), 1))], axis=1) @ to_clip.T
    if (clip[:, 3] < 1e-2).any():
        return None
    pixels = (clip[:, :2] / clip[:, 3:] * 0.5 + 0.5) * np.array(size) - 0.5
    ends = pixels[2:]
    smear = float(np.linalg.norm(np.diff(ends, axis=0), axis=1).sum())
    ends = pixels[1] + (ends - pixels[1]) * min(1.0, _MOST_SMEARED * size[1] / max(smear, 1e-6))
    width = np.array([_SHAFT_AT_HANDLE, _SHAFT_AT_TIP]) * pixels_per_metre / clip[:2, 3]
    return Shaft(
        start=pixels[0],
        ends=ends,
        thickness=np.maximum(width, _THINNEST_PX),
        depth=clip[:2, 2] / clip[:2, 3],
    )
