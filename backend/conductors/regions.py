"""Where on the skin its regions are: rings about lips and eyes, hollows, normals, landmarks."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .atlas import HEAD, LID, MOUTH, Layout
from .eyes import eyeball
from .parts import Figure

_NEAR_M: Final = 0.06
# Middle and radius of the left ear in MakeHuman's layout; the right one mirrors it.
_EAR: Final = ((0.847, 0.625), (0.847, 0.343), 0.030)


def grid_distance(faces: NDArray[np.int64], count: int, seed: NDArray[np.int64]) -> Array:
    """How many faces each of `count` vertices is away from those of `seed` (V,); inf if apart."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)]
    a = np.concatenate([faces[:, i] for i, _ in pairs])
    b = np.concatenate([faces[:, j] for _, j in pairs])
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)).tocsr()
    distances = dijkstra(graph, directed=False, indices=seed, min_only=True, unweighted=True)
    return np.asarray(distances)


def seam(layout: Layout, one: int, other: int) -> NDArray[np.int64]:
    """Vertices where two parts of the layout meet."""
    faces = layout.faces
    return np.intersect1d(faces[layout.part == one], faces[layout.part == other])


@dataclass(frozen=True)
class Landmarks:
    """Points of a face, each (3,), and its measure.

    Parameters
    ----------
    eyes : (2, 3) array
        Centres of the eyeballs, left (+x) and right.
    mouth : (3,) array
        Middle of the lips.
    nose, chin : (3,) arrays
        Tip of the nose, foremost of the chin.
    unit : float
        Distance of the eyes, metres.
    """

    eyes: Array
    mouth: Array
    nose: Array
    chin: Array
    unit: float

    def between(self) -> Array:
        """Middle between the eyes (3,)."""
        return np.asarray(self.eyes.mean(axis=0))


def landmarks(figure: Figure, layout: Layout) -> Landmarks:
    """The figure's."""
    eyes = np.stack([eyeball(figure, side).centre for side in ("L", "R")])
    unit = float(eyes[0, 0] - eyes[1, 0])
    ring = figure.vertices[seam(layout, HEAD, MOUTH)]
    mouth = np.array([0.0, ring[:, 1].min(), ring[:, 2].mean()])
    head = figure.vertices[np.unique(layout.faces[layout.part == HEAD])]
    middle = head[np.abs(head[:, 0]) < 0.1 * unit]
    of_nose = middle[(middle[:, 2] < eyes[0, 2]) & (middle[:, 2] > mouth[2] + 0.15 * unit)]
    of_chin = middle[(middle[:, 2] < mouth[2] - 0.3 * unit) & (middle[:, 1] < mouth[1] + unit)]
    nose = of_nose[of_nose[:, 1].argmin()]
    return Landmarks(eyes, mouth, nose, of_chin[of_chin[:, 1].argmin()], unit)


def rings(figure: Figure, layout: Layout) -> tuple[Array, Array]:
    """How many faces each vertex (V,) is away from the inner edge of the lips, of the lids."""
    count = len(figure.vertices)
    outside = layout.faces[layout.part == HEAD]
    return (
        grid_distance(outside, count, seam(layout, HEAD, MOUTH)),
        grid_distance(outside, count, seam(layout, HEAD, LID)),
    )


def ears(figure: Figure, layout: Layout) -> Array:
    """How much each vertex (V,) is of an ear, [0, 1]."""
    head = figure.faces[figure.part[figure.faces[:, 0]] == 0][layout.part == HEAD]
    uv = figure.uv[figure.part[figure.faces[:, 0]] == 0][layout.part == HEAD]
    left, right, radius = _EAR
    share = np.zeros(len(figure.vertices))
    for middle in (left, right):
        distance = np.linalg.norm(uv.reshape(-1, 2) - middle, axis=1) / radius
        np.maximum.at(share, head.ravel(), np.clip(2.0 * (1.1 - distance), 0.0, 1.0))
    return share


def vertex_normals(vertices: Array, faces: NDArray[np.int64]) -> tuple[Array, Array]:
    """Unit normals (V, 3) and a share of the surface (V,), square metres, of quads."""
    corners = vertices[faces]
    vectors = 0.5 * np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals, areas = np.zeros_like(vertices), np.zeros(len(vertices))
    for corner in range(4):
        np.add.at(normals, faces[:, corner], vectors)
        np.add.at(areas, faces[:, corner], 0.25 * np.linalg.norm(vectors, axis=1))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.maximum(length, 1e-12), areas


def occlusion(vertices: Array, normals: Array, areas: Array) -> Array:
    """How much of the sky the surface nearby hides from each vertex (V,), [0, 1].

    Each vertex stands for a disc. M. Bunnell, "Dynamic Ambient Occlusion and Indirect Lighting",
    GPU Gems 2 (2005), with the discs up to 6 cm away.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(vertices)
    hidden = np.zeros(len(vertices))
    for start in range(0, len(vertices), 512):
        here = np.arange(start, min(start + 512, len(vertices)))
        near = tree.query_ball_point(vertices[here], _NEAR_M)
        lengths = np.array([len(found) for found in near])
        receivers = np.repeat(here, lengths)
        emitters = np.concatenate([np.array(found, dtype=np.int64) for found in near])
        way = vertices[emitters] - vertices[receivers]
        squared = (way**2).sum(axis=1)
        way /= np.sqrt(np.maximum(squared, 1e-12))[:, None]
        facing = np.clip((way * normals[receivers]).sum(axis=1), 0.0, 1.0)
        back = np.clip(-(way * normals[emitters]).sum(axis=1), 0.0, 1.0)
        size = areas[emitters] / np.pi
        share = size / np.maximum(squared + size, 1e-12) * facing * back
        hidden += np.bincount(receivers, share, minlength=len(vertices))
    return np.clip(hidden, 0.0, 1.0)


def creases(vertices: Array, normals: Array, faces: NDArray[np.int64]) -> Array:
    """How hollow the surface is at each vertex (V,): positive in a fold, 1 / metre."""
    a = np.concatenate([faces.ravel(), np.roll(faces, -1, axis=1).ravel()])
    b = np.concatenate([np.roll(faces, -1, axis=1).ravel(), faces.ravel()])
    way = vertices[b] - vertices[a]
    squared = np.maximum((way**2).sum(axis=1), 1e-12)
    bend = 2.0 * (way * normals[a]).sum(axis=1) / squared
    count = np.bincount(a, minlength=len(vertices))
    return np.asarray(np.bincount(a, bend, minlength=len(vertices)) / np.maximum(count, 1))
