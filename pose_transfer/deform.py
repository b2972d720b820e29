"""Bringing the fitted body to the photo's own outline, clothes and all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from retarget.body.model import INDEX, Body
from retarget.rotation import Array

from .arm_depth import as_deep_as_wide
from .coverage import CoverageRenderer
from .fit import SHOULDERS_M, BodyFit
from .labels import ARM_L, ARM_R, HAND_L, HAND_R, HEAD, TRUNK, PartLabels, vertex_labels
from .outline_goal import OutlineGoal

# How stiff the surface is, from round to round: whole limbs first, then folds of the cloth.
_STIFFNESS: Final = (300.0, 100.0, 50.0, 20.0, 10.0, 5.0)
_FIRST_STIFFNESS: Final = (300.0, 150.0, 80.0)
_IN_PLANE: Final = (20.0, 8.0, 4.0)
_TOGETHER: Final = (8.0, 4.0)
# Longest way of one round, metres, and rings of vertices that stay free where a part was cut off.
_LONGEST: Final = 0.03
_RINGS: Final = 3
# Vertices this near to where a part covers nothing lie on its outline, pixels, if their normal is
# about at right angles to the way they are seen.
_RIM_PX, _SIDEWAYS = 2.5, 0.5
# How far, in shoulder breadths, an outline may lie from the body of a part.
_CAPTURE: Final = {TRUNK: 0.30, ARM_L: 0.16, ARM_R: 0.16}
# The same for the whole person, whose coat may be wide.
_WIDEST: Final = 0.30
_PULL: Final = 25.0
_HOLD: Final = 3e-3
# Weight of keeping a vertex' place against evenness, in the end.
_FAIR: Final = 0.03
# How much stiffer the surface is at the shoulders, and over how many rings of vertices less so.
_STIFF_JOINT, _JOINT_RINGS = 8.0, 6
# How far the surface of an arm may lie inside the fitted body's, metres.
_THINNEST: Final = -0.008
# Most that hidden sleeves are taken to be wider than the arm, metres, and from how many vertices.
_LOOSEST, _FEWEST = 0.03, 12
# Hands, feet and head keep their form; the head is drawn from the photo.
_RIGID_HOLD: Final = 1000.0
# So many rings of vertices beyond those that may be pulled, nothing moves any more by a
# thousandth of a millimetre.
_YIELDING_RINGS: Final = 6


def grow_to_matte(fit: BodyFit, body: Body, matte: NDArray[np.float32]) -> Array:
    """Vertices (V, 3) of the body in the photo's pose, as stout as the person with their clothes.

    Where the body's whole outline faces that of the person it goes there, and limbs grow round with
    it: a first guess at where sleeves and coats are, before the parts are told apart.

    Parameters
    ----------
    fit : BodyFit
        The body in the photo's pose.
    body : Body
        Faces and weights.
    matte : (H, W) array in [0, 1]
        The person.
    """
    whole = _Surface.of(fit, body, np.full(len(body.vertices), True))
    goal = OutlineGoal.around(matte > 0.5, _WIDEST * whole.breadth)
    everything = _Region.of(body.faces, np.full(len(whole.labels), True))
    with CoverageRenderer((matte.shape[1], matte.shape[0])) as renderer:
        return whole.grown(
            fit.vertices,
            _FIRST_STIFFNESS,
            lambda v: _pulls(v, whole, [(everything, goal)], renderer),
        )


def fit_outline(fit: BodyFit, body: Body, labels: PartLabels, vertices: Array) -> Array:
    """Vertices (V, 3) of the body in the photo's pose, with the outline of the photo's parts.

    Vertices on a part's outline are drawn to the outline of its label where that is the person's
    own: towards the background, and of an arm also over the trunk. First they move along their
    normals, so that limbs grow round, then in the picture plane alone. A bending energy (the
    squared graph Laplacian) spreads the change over the surface. In depth arms grow no more than
    across the picture.

    Parameters
    ----------
    fit : BodyFit
        The body in the photo's pose.
    body : Body
        Faces and weights.
    labels : PartLabels
        What each pixel of the photo shows.
    vertices : (V, 3) array
        Where to begin, from `grow_to_matte`.
    """
    whole = _Surface.of(fit, body, np.isin(vertex_labels(body), tuple(_CAPTURE)))
    goals = [
        (
            _Region.of(body.faces, whole.labels == part),
            OutlineGoal.of(labels, part, capture * whole.breadth),
        )
        for part, capture in _CAPTURE.items()
    ]
    size = labels.labels.shape[1], labels.labels.shape[0]
    with CoverageRenderer(size) as renderer:

        def pulls(vertices: Array) -> _Pulls:
            return _pulls(vertices, whole, goals, renderer)

        # Where arm and trunk meet neither has an outline of its own; together they have.
        merged = np.where(labels.mask(ARM_L, ARM_R), TRUNK, labels.labels)
        person = OutlineGoal.of(PartLabels(merged), TRUNK, _WIDEST * whole.breadth)
        everything = _Region.of(body.faces, whole.without_ends == TRUNK)

        def pulls_of_all(vertices: Array) -> _Pulls:
            return _pulls(vertices, whole, [(everything, person)], renderer)

        vertices = whole.grown(vertices, _STIFFNESS, pulls)
        for stiffness in _IN_PLANE:
            vertices = whole.shifted(vertices, stiffness, pulls(vertices))
        for stiffness in _TOGETHER:
            vertices = whole.shifted(vertices, stiffness, pulls_of_all(vertices))
        rim = np.concatenate([pulls(vertices).vertex, pulls_of_all(vertices).vertex])
    return as_deep_as_wide(whole.faired(vertices, rim), fit, body)


@dataclass(frozen=True)
class _Surface:
    """The body's surface and how it resists.

    `labels` (V,) are the parts, `hold` (V,) the weight of staying, `moving` (M,) the vertices that
    move at all, `bending` (M, M) their energy, `breadth` that of the shoulders in pixels, `sleeves`
    (V,) tells arms below the shoulder.
    """

    fit: BodyFit
    faces: NDArray
    labels: NDArray[np.int64]
    hold: Array
    moving: NDArray[np.int64]
    bending: sparse.csc_matrix
    breadth: float
    sleeves: NDArray[np.bool_]

    @classmethod
    def of(cls, fit: BodyFit, body: Body, pulled: NDArray[np.bool_]) -> "_Surface":
        """The surface of which some vertices (V,) may be pulled."""
        labels = vertex_labels(body)
        laplacian = _graph_laplacian(body.faces, len(body.vertices))
        hold = np.full(len(labels), _HOLD)
        feet = body.weights[:, [INDEX["foot.L"], INDEX["foot.R"]]].sum(axis=1) > 0.3
        hold[np.isin(labels, (HAND_L, HAND_R, HEAD)) | feet] = _RIGID_HOLD
        depth = float(np.median(fit.camera.to_pixels(fit.vertices)[:, 2]))
        breadth = fit.camera.focal * SHOULDERS_M / depth
        stiff = sparse.diags(_shoulder_stiffness(body, labels))
        moving = np.flatnonzero(_grown_by(pulled, body.faces, _YIELDING_RINGS))
        bending = (laplacian.T @ stiff @ laplacian).tocsc()[moving][:, moving]
        arms = [INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm") for side in "LR"]
        sleeves = body.weights[:, arms].sum(axis=1) > 0.99
        return cls(fit, body.faces, labels, hold, moving, bending, breadth, sleeves)

    @property
    def without_ends(self) -> NDArray[np.int64]:
        """Labels (V,) in which arms count as trunk; head and hands stay what they are."""
        return np.where(np.isin(self.labels, (ARM_L, ARM_R)), TRUNK, self.labels)

    def shifted(self, vertices: Array, stiffness: float, pulls: "_Pulls") -> Array:
        """The surface moved in the picture plane towards where its outline is pulled."""
        wish = pulls.direction * pulls.amount[:, None]
        change = self._followed(stiffness, pulls.vertex, wish)
        return vertices + np.stack([change[:, 0], np.zeros(len(change)), change[:, 1]], axis=-1)

    def faired(self, vertices: Array, rim: NDArray[np.int64]) -> Array:
        """The surface without the crumples that outlines leave between them; the rim stays."""
        keep = np.full(len(vertices), _FAIR)
        keep[rim] = _PULL
        keep = np.maximum(keep, np.where(self.hold > _HOLD, self.hold, 0.0))
        moved = vertices - self.fit.vertices
        faired = self._solved(1.0, keep, keep[:, None] * moved)
        moved[self.moving] = faired[self.moving]
        return self.fit.vertices + moved

    def grown(
        self,
        vertices: Array,
        stiffness: tuple[float, ...],
        pulls: Callable[[Array], "_Pulls"],
    ) -> Array:
        """The surface moved along its normals until its outline lies where it is pulled."""
        limb = np.isin(self.labels, (ARM_L, ARM_R))
        normals = vertex_normals(self.fit.vertices, self.faces)
        grown = np.einsum("ij,ij->i", vertices - self.fit.vertices, normals)
        ease = np.zeros(len(limb))
        for stiff in stiffness:
            found = pulls(vertices)
            normals = vertex_normals(vertices, self.faces)
            along = np.einsum("ij,ij->i", normals[found.vertex][:, [0, 2]], found.direction)
            good = along > 0.3
            vertex = found.vertex[good]
            amount = found.amount[good] / np.maximum(along[good], 0.5)
            change = self._followed(stiff, vertex, amount[:, None], ease - grown)[:, 0]
            # Cloth may hang about an arm; no arm is thinner than itself.
            change = np.where(limb, np.maximum(change, _THINNEST - grown), change)
            grown = grown + change
            vertices = vertices + normals * change[:, None]
            # Sleeves are as wide where the photo hides them as where it shows them.
            seen = np.zeros(len(limb), bool)
            seen[vertex] = True
            seen &= self.sleeves
            if np.count_nonzero(seen) > _FEWEST:
                loose = float(np.clip(np.median(grown[seen]), 0.0, _LOOSEST))
                ease = np.where(self.sleeves, loose, 0.0)
        return vertices

    def _followed(
        self,
        stiffness: float,
        vertex: NDArray[np.int64],
        change: Array,
        free: Array | None = None,
    ) -> Array:
        """Changes (V, n) of all vertices that follow the wanted ones of some, smoothly.

        `free` (V,) is what vertices without a wish are drawn to, weakly; 0 if left out.
        """
        count = len(self.hold)
        wanted = np.zeros((count, change.shape[1]))
        for column in range(change.shape[1]):
            wanted[:, column] = _PULL * np.bincount(vertex, change[:, column], count)
            if free is not None:
                wanted[:, column] += np.where(self.hold < _RIGID_HOLD, self.hold * free, 0.0)
        pull = _PULL * np.bincount(vertex, minlength=count)
        return self._solved(stiffness, pull + self.hold, wanted)

    def _solved(self, stiffness: float, weight: Array, wanted: Array) -> Array:
        """Where bending and the weights (V,) of the wanted (V, n) are in balance, (V, n)."""
        matrix = stiffness * self.bending + sparse.diags(weight[self.moving])
        out = np.zeros_like(wanted)
        # Symmetric and positive definite.
        factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        out[self.moving] = factor.solve(wanted[self.moving])
        return out


def vertex_normals(vertices: Array, faces: NDArray) -> Array:
    """Unit normals (V, 3), weighted by the faces' areas."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(
                faces[:, corner], across[:, axis], minlength=len(vertices)
            )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True)
class _Pulls:
    """Vertices, unit directions in the picture plane (N, 2: world x, z), and metres to go."""

    vertex: NDArray[np.int64]
    direction: Array
    amount: Array


@dataclass(frozen=True)
class _Region:
    """Part of the surface: its `faces` (F, 3), and its vertices (N,) but for those near its ends.

    Where a part was cut off its outline is none of the person's.
    """

    faces: NDArray[np.int64]
    free: NDArray[np.int64]

    @classmethod
    def of(cls, faces: NDArray, member: NDArray[np.bool_]) -> "_Region":
        """The faces all of whose corners are members, (V,)."""
        own = faces[member[faces].all(axis=1)]
        edges = np.sort(np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]]), axis=1)
        unique, counts = np.unique(edges, axis=0, return_counts=True)
        cut = np.zeros(len(member), bool)
        cut[unique[counts == 1].ravel()] = True
        cut = _grown_by(cut, own, _RINGS)
        used = np.unique(own)
        return cls(own, used[~cut[used]])


def _pulls(
    vertices: Array,
    surface: _Surface,
    goals: Iterable[tuple[_Region, OutlineGoal]],
    renderer: CoverageRenderer,
) -> _Pulls:
    fit = surface.fit
    pixels = fit.camera.to_pixels(vertices)
    normals = vertex_normals(vertices, surface.faces)
    sideways = np.abs(np.einsum("ij,ij->i", normals, _to_camera(pixels, fit))) < _SIDEWAYS
    flat = normals[:, [0, 2]] * np.array([1.0, -1.0])
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    found = []
    for region, goal in goals:
        cover = renderer.draw(pixels, region.faces).inside
        rim, at = _on_rim(cover, region.free[sideways[region.free]], pixels)
        distance, toward, own = goal.at(at)
        # Outlines face the same way: the way out of the body is the way out of the label.
        outward = np.einsum("ij,ij->i", toward, flat[rim]) * -np.sign(distance)
        agrees = outward > 0.35 * np.linalg.norm(toward, axis=1)
        near = np.abs(distance) < 1.0
        keep = own & (np.abs(distance) < goal.capture) & (agrees | near)
        rim, distance = rim[keep], distance[keep]
        metres = pixels[rim, 2] / fit.camera.focal
        way = np.clip(-distance * metres, -_LONGEST, _LONGEST)
        found.append((rim, flat[rim] * np.array([1.0, -1.0]), way))
    return _Pulls(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _on_rim(
    cover: NDArray[np.bool_], vertices: NDArray[np.int64], pixels: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of some vertices that lie on the outline of a cover, and the pixels (N, 2) they hit."""
    height, width = cover.shape
    at = np.round(pixels[vertices, :2]).astype(np.int64)
    within = ((at >= 0) & (at < [width, height])).all(axis=1)
    vertices, at = vertices[within], at[within]
    reach = int(_RIM_PX)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = (np.hypot(x, y) <= _RIM_PX).astype(np.uint8)
    core = cv2.erode(cover.astype(np.uint8), disc)
    rim = core[at[:, 1], at[:, 0]] == 0
    return vertices[rim], at[rim]


def _to_camera(pixels: Array, fit: BodyFit) -> Array:
    """Unit directions (V, 3) from vertices at `pixels` to the camera."""
    away = fit.camera.position - fit.camera.to_world(pixels)
    return away / np.linalg.norm(away, axis=1, keepdims=True)


def _shoulder_stiffness(body: Body, labels: NDArray[np.int64]) -> Array:
    """Stiffness (V,) about where arms and trunk meet, since two outlines pull there; 1 far away."""
    near = np.zeros(len(labels), bool)
    corners = labels[body.faces]
    arm = np.isin(corners, (ARM_L, ARM_R))
    near[body.faces[arm.any(axis=1) & ~arm.all(axis=1) & (corners == TRUNK).any(axis=1)]] = True
    stiffness = np.ones(len(labels))
    for ring in range(_JOINT_RINGS):
        level = _STIFF_JOINT ** (1.0 - ring / _JOINT_RINGS)
        stiffness = np.where(near, np.maximum(stiffness, level), stiffness)
        near[body.faces[near[body.faces].any(axis=1)]] = True
    return stiffness


def _graph_laplacian(faces: NDArray, count: int) -> sparse.csr_matrix:
    """Each vertex minus the mean of its neighbours."""
    a = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    b = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0]])
    ones = np.ones(2 * len(a))
    near = sparse.coo_matrix(
        (ones, (np.concatenate([a, b]), np.concatenate([b, a]))), (count, count)
    ).tocsr()
    near.data[:] = 1.0
    degree = np.asarray(near.sum(axis=1)).ravel()
    mean = sparse.diags(1.0 / np.maximum(degree, 1.0)) @ near
    return (sparse.identity(count) - mean).tocsr()


def _grown_by(member: NDArray[np.bool_], faces: NDArray, rings: int) -> NDArray[np.bool_]:
    """Vertices (V,) and so many rings of their neighbours."""
    grown = member.copy()
    for _ in range(rings):
        grown[faces[grown[faces].any(axis=1)].ravel()] = True
    return grown
