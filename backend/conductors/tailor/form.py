"""The tailor's dummy: measures of a figure's body that garments are cut to."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, cKDTree

from retarget.rotation import Array

from ..parts import Figure

SIDES: Final = ("L", "R")
_HAND: Final = ("hand", "thumb", "index", "middle", "ring", "pinky")
_LIMB: Final = ("upper_arm", "forearm", "upper_arm_twist", "forearm_twist", "wrist_twist", *_HAND)


def unit(v: Array) -> Array:
    """Vectors (..., 3) of length one."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def quad_normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Normals (V, 3) of vertices, weighted by area; faces (F, 4), −1 for triangles."""
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    across = np.cross(
        vertices[faces[:, 2]] - vertices[faces[:, 0]], vertices[last] - vertices[faces[:, 1]]
    )
    triangle = faces[:, 3] < 0
    a, b, c = (vertices[faces[triangle, i]] for i in range(3))
    across[triangle] = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(4):
        there = faces[:, corner] >= 0
        np.add.at(normals, faces[there, corner], across[there])
    return unit(normals)


def hull_reach(points: Array, centre: Array, rays: Array) -> Array:
    """How many of its lengths each ray (R, 2) runs from a centre inside to the points' hull."""
    hull = ConvexHull(points).equations
    gap = -(hull[:, 2] + hull[:, :2] @ centre)
    speed = rays @ hull[:, :2].T
    return np.where(speed > 1e-9, gap / np.maximum(speed, 1e-9), np.inf).min(axis=1)


@dataclass(frozen=True)
class Form:
    """A figure with what a tailor measures of it."""

    figure: Figure

    @cached_property
    def tall(self) -> float:
        """Body height, metres."""
        return float(self.figure.vertices[:, 2].max())

    @cached_property
    def scale(self) -> float:
        """Body height over 1.75 m: sizes of details follow it."""
        return self.tall / 1.75

    @cached_property
    def faces(self) -> NDArray[np.int64]:
        """Triangles (F, 3) of the skin."""
        quads = self.figure.faces[self.figure.part[self.figure.faces[:, 0]] == 0]
        return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

    @cached_property
    def normals(self) -> Array:
        """Normals (V, 3) of the body's vertices."""
        return quad_normals(self.figure.vertices, self.figure.faces)

    def share(self, *stems: str) -> Array:
        """Summed weights (V,) of bones whose name, or name without side, is among `stems`."""
        chosen = [b.split(".")[0] in stems or b in stems for b in self.figure.bones]
        return self.figure.weights[:, chosen].sum(axis=1)

    @cached_property
    def arm(self) -> Array:
        """How much each vertex (V,) belongs to the arms."""
        return self.share(*_LIMB)

    @cached_property
    def hand(self) -> Array:
        """How much each vertex (V,) belongs to the hands."""
        return self.share(*_HAND)

    def head(self, bone: str) -> Array:
        """Where a bone starts."""
        return self.figure.heads[self.figure.bone(bone)]

    def section(
        self, origin: Array, across: Array, up: Array, among: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Where a plane cuts the skin: segments (S, 2, 2) in the plane's axes."""
        normal = np.cross(across, up)
        height = (self.figure.vertices - origin) @ normal
        triangles = self.faces[among[self.faces].all(axis=1)]
        side = height[triangles] > 0
        cut = triangles[side.any(axis=1) & ~side.all(axis=1)]
        ends = []
        side = height[cut] > 0
        alone = np.where(side.sum(axis=1) == 1, side.argmax(axis=1), (~side).argmax(axis=1))
        apex = cut[np.arange(len(cut)), alone]
        for step in (1, 2):
            other = cut[np.arange(len(cut)), (alone + step) % 3]
            t = height[apex] / (height[apex] - height[other])
            point = self.figure.vertices[apex] * (1 - t[:, None])
            point = point + self.figure.vertices[other] * t[:, None] - origin
            ends.append(np.stack([point @ across, point @ up], axis=1))
        return np.stack(ends, axis=1)

    @cached_property
    def armpits(self) -> Array:
        """(2, 3): the highest points under the arms, left and right."""
        vertices = self.figure.vertices
        found = []
        for side in SIDES:
            joint = self.head(f"upper_arm.{side}")
            gap = vertices - joint
            near = (np.abs(gap[:, 1]) < 0.05 * self.scale) & (self.normals[:, 2] < -0.6)
            near &= (np.linalg.norm(gap, axis=1) < 0.2 * self.scale) & (gap[:, 2] < 0)
            reach = np.where(near, np.linalg.norm(gap, axis=1), np.inf)
            found.append(vertices[np.argsort(reach)[:4]].mean(axis=0))
        left, right = found
        mean = 0.5 * (left + right * np.array([-1.0, 1.0, 1.0]))
        return np.stack([mean, mean * np.array([-1.0, 1.0, 1.0])])

    @cached_property
    def crotch(self) -> Array:
        """(3,) the lowest point of the trunk between the legs."""
        vertices = self.figure.vertices
        middle = (np.abs(vertices[:, 0]) < 0.02 * self.scale) & (self.normals[:, 2] < -0.5)
        middle &= np.abs(vertices[:, 2] - 0.48 * self.tall) < 0.08 * self.tall
        return vertices[middle][np.argmin(vertices[middle][:, 2])]

    @cached_property
    def waist(self) -> float:
        """Height of the natural waist: between hips and ribs."""
        return float(0.45 * self.head("spine")[2] + 0.55 * self.head("chest")[2]) - 0.02 * self.tall

    def outline(self, heights: Array, angles: Array, legs: bool = True) -> Array:
        """Convex outline of trunk and legs without the arms.

        Parameters
        ----------
        heights : (N,) array
            Metres.
        angles : (M,) array
            From the front (0) by the figure's left (π/2); the outline is met where a ray of that
            elliptic angle meets it.
        legs : bool
            Whether legs count.

        Returns
        -------
        (N, M, 3) array
        """
        body = (self.arm < 0.35) & (self.figure.part == 0)
        if not legs:
            body &= self.share("shin", "foot") < 0.5
        rays = np.stack([1.45 * np.sin(angles), -np.cos(angles)], axis=1)
        out = np.empty((len(heights), len(angles), 3))
        for row, z in enumerate(heights):
            segments = self.section(
                np.array([0.0, 0.0, z]), np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), body
            )
            points = segments.reshape(-1, 2)
            centre = np.array([0.0, 0.5 * (points[:, 1].min() + points[:, 1].max())])
            out[row, :, :2] = centre + rays * hull_reach(points, centre, rays)[:, None]
            out[row, :, 2] = z
        return out


@dataclass(frozen=True)
class Surface:
    """A surface that cloth is laid on: points with normals, found by nearness."""

    points: Array
    normals: Array
    neighbours: int = 4

    @cached_property
    def tree(self) -> cKDTree:
        """Finds the nearest points."""
        return cKDTree(self.points)

    def _near(self, points: Array) -> tuple[Array, Array]:
        distance, at = self.tree.query(points, k=self.neighbours)
        share = 1.0 / (distance + 0.002)
        share /= share.sum(axis=1, keepdims=True)
        normal = unit((share[..., None] * self.normals[at]).sum(axis=1))
        height = np.einsum("pkc,pkc->pk", points[:, None] - self.points[at], self.normals[at])
        return (share * height).sum(axis=1), normal

    def height(self, points: Array) -> tuple[Array, Array]:
        """Signed heights (P,) of points (P, 3) above the surface, and its normals (P, 3) there."""
        return self._near(points)

    def push_out(self, points: Array, ease: Array | float) -> Array:
        """The points, those that are lower than `ease` raised to it."""
        height, normal = self._near(points)
        return points + np.maximum(ease - height, 0.0)[:, None] * normal

    def lay(self, points: Array, height: Array | float) -> Array:
        """The points at `height` above the surface."""
        for _ in range(3):
            now, normal = self._near(points)
            points = points + (height - now)[:, None] * normal
        return points


def body_surface(form: Form, among: NDArray[np.bool_]) -> Surface:
    """The skin where all corners are `among`, with the middles of faces and edges."""
    v = form.figure.vertices
    faces = form.faces[among[form.faces].all(axis=1)]
    used = np.unique(faces)
    corners = v[faces]
    face_normal = unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    blended = unit(face_normal + unit(form.normals[faces].sum(axis=1)))
    return Surface(
        np.concatenate([v[used], corners.mean(axis=1)]),
        np.concatenate([form.normals[used], blended]),
    )
