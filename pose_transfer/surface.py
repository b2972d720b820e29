"""A character's mesh prepared for drawing: welded points, edges, and vertices split at seams."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

# Vertices nearer than this in the bind pose are one point: well below any detail of a person, well
# above what single precision loses.
_WELD_M: Final = 2e-5

# Pixels of the gutter around the pieces of a texture (`pieces.assemble`).
_SLACK_PX: Final = 2.0


@dataclass(frozen=True)
class Surface:
    """Faces and how they hang together.

    Parameters
    ----------
    faces : (F, 3) int32 array
        Vertices of each face: closed bodies first, then open ones, then the fringe.
    closed, solids : int
        How many of the faces belong to closed bodies, and how many are solid.
    points : (V,) int array
        Which point in space a vertex is; vertices of two pieces that touch share one.
    vertices : (P,) int array
        One vertex at each point.
    edges : (F, 3) int array
        Edge from each corner to the next; faces that meet share it.
    joins : (E, 2) int array
        Points at both ends of each edge.
    corners : (F, 3) int32 array
        Drawn vertex of each corner.
    sources : (N,) int array
        Vertex of each drawn vertex.
    uv : (N, 2) float32 array
        Its place in the texture, [0, 1], first row at 0.
    hems : (R, 2) int array
        Faces of the fringe and their corners from which a border of it goes on.
    slack : (2,) array
        How far beyond its faces the texture may be used.
    """

    faces: NDArray[np.int32]
    closed: int
    solids: int
    points: NDArray
    vertices: NDArray
    edges: NDArray
    joins: NDArray
    corners: NDArray[np.int32]
    sources: NDArray
    uv: NDArray[np.float32]
    hems: NDArray
    slack: NDArray

    @classmethod
    def build(
        cls,
        vertices: NDArray,
        faces: NDArray,
        uv: NDArray,
        fringe: NDArray,
        texture_size: tuple[int, int],
    ) -> "Surface":
        """From a mesh with texture coordinates (F, 3, 2) for each corner, fringe (F,) bool."""
        cells = np.round(vertices / _WELD_M).astype(np.int64)
        _, vertices_at, points = np.unique(cells, axis=0, return_index=True, return_inverse=True)
        points = points.ravel()
        edges, joins = _edges(points[faces])
        kinds = np.where(fringe, 2, _is_open(points[faces], edges, fringe))
        order = np.argsort(kinds, kind="stable")
        faces, uv, fringe = faces[order].astype(np.int32), uv[order], fringe[order]
        edges = edges[order]
        # A vertex is drawn once for each place it has in the texture; texels are split 256 times.
        fine = np.round(uv.reshape(-1, 2) * 2**22).astype(np.int64)
        rows = np.column_stack([faces.ravel(), fine, np.repeat(fringe, 3)])
        _, first, corners = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return cls(
            faces=faces,
            closed=int((kinds == 0).sum()),
            solids=int((~fringe).sum()),
            points=points,
            vertices=vertices_at,
            edges=edges,
            joins=joins,
            corners=corners.reshape(faces.shape).astype(np.int32),
            sources=faces.ravel()[first],
            uv=uv.reshape(-1, 2)[first].astype(np.float32),
            hems=_hems(edges, fringe, len(joins)),
            slack=_SLACK_PX / np.array(texture_size),
        )

    def normals(self, vertices: NDArray) -> NDArray[np.float32]:
        """Smooth unit normals (V, 3), the same on both sides of a seam."""
        a, b, c = (vertices[self.faces[: self.solids, i]] for i in range(3))
        flat = np.cross(b - a, c - a)
        total = np.zeros((len(vertices), 3))
        for i in range(3):
            points = self.points[self.faces[: self.solids, i]]
            for axis in range(3):
                total[:, axis] += np.bincount(points, flat[:, axis], len(vertices))
        total = total[self.points]
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return (total / np.maximum(length, 1e-12)).astype(np.float32)

    def areas(self, vertices: NDArray) -> NDArray[np.float32]:
        """Area around each vertex (V,), square metres."""
        a, b, c = (vertices[self.faces[: self.solids, i]] for i in range(3))
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6.0
        whole = np.bincount(
            self.faces[: self.solids].ravel(), np.repeat(area, 3), minlength=len(vertices)
        )
        return whole.astype(np.float32)


def _edges(ends: NDArray) -> tuple[NDArray, NDArray]:
    """Edge (F, 3) from each corner of faces, given as points (F, 3), and ends of edges (E, 2)."""
    pairs = np.sort(np.stack([ends, np.roll(ends, -1, axis=1)], axis=-1), axis=-1)
    count = int(ends.max()) + 1
    keys = pairs[..., 0].astype(np.int64) * count + pairs[..., 1]
    found, edges = np.unique(keys, return_inverse=True)
    return edges.reshape(ends.shape), np.stack(np.divmod(found, count), axis=-1)


def _is_open(ends: NDArray, edges: NDArray, fringe: NDArray) -> NDArray[np.bool_]:
    """Which faces (F,) belong to a body with a hole, through which its inside can be seen."""
    solid = ~fringe
    faces = np.bincount(edges[solid].ravel(), minlength=int(edges.max()) + 1)
    a, b = ends[solid].ravel(), np.roll(ends[solid], -1, axis=1).ravel()
    count = int(ends.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count))
    bodies = connected_components(graph, directed=False)[1]
    has_hole = np.zeros(count, bool)
    has_hole[bodies[ends[solid][faces[edges[solid]] % 2 == 1]]] = True
    return has_hole[bodies[ends[:, 0]]]


def _hems(edges: NDArray, fringe: NDArray, count: int) -> NDArray:
    """Fringe faces and corners (R, 2) whose edge, of `count`, no other fringe face has."""
    faces = np.bincount(edges[fringe].ravel(), minlength=count)
    return np.argwhere((faces[edges] == 1) & fringe[:, None])
