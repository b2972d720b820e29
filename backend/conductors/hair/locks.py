"""`Locks`: strands that lie together, as tapered solids along a course over the head."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from retarget.rotation import Array

from .head import unit

_EDGES: Final = (-12.0, 192.0)
"""Where a lock's section begins and ends, in degrees about it: its edges are turned in."""

Field = Callable[[Array, Array], Array]
"""What holds at points (L, 3) that are a share (L,) along their lock."""


@dataclass(frozen=True)
class Locks:
    """Locks of one kind.

    Parameters
    ----------
    courses : (L, N, 3) array
        Their middle lines from root to tip, in metres.
    widths, thicknesses : (L, N) array
        Across and out of the head, in metres.
    tones : (L,) int array
        The column of the picture that each is coloured by.
    tilts : (L,) array
        How far each is rolled about its course, in radians.
    outward : (L, N, 3) array
        Where their backs face.
    """

    courses: Array
    widths: Array
    thicknesses: Array
    tones: NDArray[np.int64]
    tilts: Array
    outward: Array


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


def grown(roots: Array, flow: Field, settle: Field, lengths: Array, points: int) -> Array:
    """Courses (L, N, 3) from roots (L, 3).

    Parameters
    ----------
    flow : Field
        Where hair goes on to (L, 3), of any length.
    settle : Field
        The point (L, 3) where hair that comes to a point is held.
    lengths : (L,) array
        Metres.
    points : int
        Points of a course.
    """
    fine = 3 * (points - 1)
    here = roots
    course = [settle(here, np.zeros(len(roots)))]
    for step in range(1, fine + 1):
        share = np.full(len(roots), step / fine)
        onwards = flow(here, share)
        onwards = onwards / np.maximum(np.linalg.norm(onwards, axis=1, keepdims=True), 1e-9)
        here = here + onwards * (lengths / fine)[:, None]
        here = settle(here, share)
        course.append(here)
    return np.stack(course[::3], axis=1)


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


def tapered(
    points: int,
    root: float = 0.55,
    belly: float = 0.35,
    sharpness: float = 0.6,
    tip: float = 0.04,
) -> Array:
    """Widths (N,) along a lock: from `root` to 1 at `belly`, then down to `tip`."""
    t = np.linspace(0.0, 1.0, points)
    rise = root + (1.0 - root) * np.sin(np.clip(t / belly, 0.0, 1.0) * np.pi / 2)
    fall = np.clip((1.0 - t) / (1.0 - belly), 0.0, 1.0) ** sharpness
    return np.maximum(np.where(t < belly, rise, fall), tip)


def solid(locks: Locks, tones: int, corners: int = 5) -> Surface:
    """The mesh of locks: rings of some corners, pointed at the tip, open at the hidden root."""
    section = np.radians(np.linspace(*_EDGES, corners))
    count, points = locks.courses.shape[:2]
    along = np.gradient(locks.courses, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-9)
    out = locks.outward - along * (locks.outward * along).sum(axis=2, keepdims=True)
    out /= np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-9)
    side = np.cross(along, out)
    cos, sin = np.cos(locks.tilts)[:, None, None], np.sin(locks.tilts)[:, None, None]
    out, side = cos * out + sin * side, cos * side - sin * out
    width = locks.widths[:, :, None, None] / 2 * np.cos(section)[:, None]
    thickness = locks.thicknesses[:, :, None, None] * np.sin(section)[:, None]
    rings = locks.courses[:, :, None] + width * side[:, :, None] + thickness * out[:, :, None]
    index = np.arange(count * points * corners).reshape(count, points, corners)
    here, on = index[:, :-1], index[:, 1:]
    faces = np.stack(
        [on, np.roll(on, -1, axis=2), np.roll(here, -1, axis=2), here], axis=-1
    ).reshape(-1, 4)
    return Surface(rings.reshape(-1, 3), faces, _uv(locks, points, corners, tones))


def _uv(locks: Locks, points: int, corners: int, tones: int) -> Array:
    """Across a column of the picture, from the root at its foot to the tip at its head."""
    t = np.linspace(0.01, 0.99, points)
    v = np.stack([t[1:], t[1:], t[:-1], t[:-1]], axis=-1)
    # The underside runs back over the same column.
    left = np.linspace(0.0, 1.0, corners)
    right = np.roll(left, -1)
    u = np.stack([left, right, right, left], axis=-1)
    u = (locks.tones[:, None, None] + 0.06 + 0.88 * u) / tones
    shape = (len(locks.tones), points - 1, corners, 4)
    uv = np.stack(
        [
            np.broadcast_to(u[:, None], shape),
            np.broadcast_to(v[:, None, :], shape[1:])[None] + 0 * u[:, None],
        ],
        axis=-1,
    )
    return uv.reshape(-1, 4, 2)
