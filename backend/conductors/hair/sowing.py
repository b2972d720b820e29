"""Where locks are rooted."""

import numpy as np

from retarget.rotation import Array

from .cap import Hairline
from .head import Head, angles


def over_scalp(
    head: Head, hairline: Hairline, count: int, generator: np.random.Generator, margin: float
) -> Array:
    """Roots (L, 3) evenly over the scalp, further than `margin` degrees inside the hairline.

    Parameters
    ----------
    count : int
        For the whole sphere: somewhat more than half of them fall on the scalp.
    """
    golden = np.pi * (3.0 - np.sqrt(5.0))
    index = np.arange(count)
    z = 1.0 - 2.0 * (index + 0.5) / count
    around = golden * index + generator.normal(0.0, 0.05, count)
    flat = np.sqrt(1.0 - z**2)
    rays = np.stack([flat * np.cos(around), flat * np.sin(around), z], axis=-1)
    azimuth, elevation = angles(rays)
    kept = elevation - hairline.elevation(azimuth) > margin
    return head.point(azimuth[kept], elevation[kept])


def along_hairline(
    head: Head,
    hairline: Hairline,
    ends: tuple[float, float],
    count: int,
    generator: np.random.Generator,
) -> Array:
    """Roots (L, 3) just inside the hairline, equally far apart between two azimuths in degrees."""
    fine = np.linspace(*ends, 400)
    points = head.point(fine, hairline.elevation(fine))
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    place = np.linspace(0.0, way[-1], count) + generator.normal(0.0, 0.1 * way[-1] / count, count)
    azimuth = np.interp(place, way, fine)
    elevation = hairline.elevation(azimuth) + generator.uniform(-0.4, 1.6, count)
    return head.point(azimuth, elevation)
