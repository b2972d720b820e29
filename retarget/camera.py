"""`Camera`: the pinhole camera a photo was taken with, upright, looking along +Y."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .rotation import Array

_NEAR, _FAR = 0.05, 100.0


@dataclass(frozen=True)
class Camera:
    """A camera without tilt: picture x is world x, picture y is world −z, depth is world y.

    Pixel positions count from the middle of the first pixel, x right, y down.

    Parameters
    ----------
    focal : float
        Focal length in pixels.
    centre : (2,) array
        Where the optical axis meets the picture, pixels.
    size : (int, int)
        Width and height of the picture.
    position : (3,) array
        Where it stands, metres.
    """

    focal: float
    centre: Array
    size: tuple[int, int]
    position: Array

    def to_pixels(self, points: ArrayLike) -> Array:
        """World points (..., 3) to (..., 3): x, y in pixels and depth in metres."""
        away = np.asarray(points, dtype=np.float64) - self.position
        depth = away[..., 1:2]
        flat = away[..., [0, 2]] * np.array([1.0, -1.0]) * (self.focal / depth) + self.centre
        return np.concatenate([flat, depth], axis=-1)

    def to_world(self, pixels: ArrayLike) -> Array:
        """Pixels and depths (..., 3) to world points (..., 3); the inverse of `to_pixels`."""
        pixels = np.asarray(pixels, dtype=np.float64)
        depth = pixels[..., 2]
        flat = (pixels[..., :2] - self.centre) * (depth / self.focal)[..., None]
        return self.position + np.stack([flat[..., 0], depth, -flat[..., 1]], axis=-1)

    @property
    def view(self) -> Array:
        """World to camera space (4, 4): x right, y up, the camera looks along −z."""
        view = np.eye(4)
        view[:3, :3] = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
        view[:3, 3] = -view[:3, :3] @ self.position
        return view

    @property
    def projection(self) -> Array:
        """Camera space to clip space (4, 4), OpenGL convention, as `Guide.projection`."""
        width, height = self.size
        # Clip space counts from the picture's edges, half a pixel before the first one's middle.
        x, y = (2.0 * (self.centre + 0.5) / np.array([width, height]) - 1.0) * np.array([1.0, -1.0])
        return np.array(
            [
                [2.0 * self.focal / width, 0.0, -x, 0.0],
                [0.0, 2.0 * self.focal / height, -y, 0.0],
                [0.0, 0.0, (_FAR + _NEAR) / (_NEAR - _FAR), 2.0 * _FAR * _NEAR / (_NEAR - _FAR)],
                [0.0, 0.0, -1.0, 0.0],
            ]
        )
