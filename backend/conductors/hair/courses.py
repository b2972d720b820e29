"""Courses of hair over the head, and `Surface`: what is made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from .head import unit


@dataclass(frozen=True)
class Surface:
    """Part of a mesh: vertices (V, 3), faces (F, 4), corners' texture coordinates (F, 4, 2)."""

    vertices: Array
    faces: NDArray[np.int64]
    uv: Array


def joined(surfaces: list[Surface]) -> Surface:
    """Several as one."""
    starts = np.cumsum([0] + [len(s.vertices) for s in surfaces[:-1]])
    return Surface(
        np.concatenate([s.vertices for s in surfaces]),
        np.concatenate(
            [np.where(s.faces < 0, -1, s.faces + k) for s, k in zip(surfaces, starts, strict=True)]
        ),
        np.concatenate([s.uv for s in surfaces]),
    )


def arcs(knots: Array, points: int) -> Array:
    """Unit directions (L, N, 3) of smooth ways over the head through directions (L, K, 3)."""
    place = np.linspace(0.0, 1.0, knots.shape[1])
    return unit(CubicSpline(place, knots, axis=1)(np.linspace(0.0, 1.0, points)))


def evenly(courses: Array, points: int) -> Array:
    """Courses (L, P, 3) as (L, N, 3) with points equally far apart."""
    steps = np.linalg.norm(np.diff(courses, axis=1), axis=2)
    share = np.linspace(0.0, 1.0, points)
    result = np.empty((len(courses), points, 3))
    for row, (course, step) in enumerate(zip(courses, steps, strict=True)):
        place = np.concatenate([[0.0], np.cumsum(np.maximum(step, 1e-9))])
        result[row] = PchipInterpolator(place / place[-1], course)(share)
    return result


def eased(courses: Array, amount: float) -> Array:
    """Courses (L, N, 3) with their bends rounded over so many points; ends stay."""
    weight = np.minimum(np.arange(courses.shape[1]), np.arange(courses.shape[1])[::-1])
    weight = np.clip(weight / (2.0 * amount), 0.0, 1.0)[:, None]
    soft = gaussian_filter1d(courses, amount, axis=1, mode="nearest")
    return courses + weight * (soft - courses)
