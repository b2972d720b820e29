"""A character's mesh prepared for drawing: welded points, edges, and vertices split at seams."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

# Vertices nearer than this in the bind pose are one point: well below any detail of a person, well
# above what single precision loses.
_WELD_M: Final = 2e-5

# Through a hole a body's inside is seen so deep, metres: what is in the hole leaves little room.
_INSIDE_M: Final = 0.12

# Pixels of the gutter around the pieces of a texture (`pieces.assemble`).
_SLACK_PX: Final = 2.0


@dataclass(frozen=True)
class Surface:
    """Faces and how they hang together.

    A vertex of the mesh is drawn once for each place that it has in the texture; these drawn
    vertices are what everything here counts. Columns of indices stand in arrays of their own,
    which NumPy gathers several times as fast.

    Parameters
    ----------
    corners : (3, F) int array
        Drawn vertices of each face: solid ones first, then the fringe.
    closed, solids : int
        How many of the faces, the first ones, are never seen from inside, and how many are solid.
    sources : (N,) int array
        Vertex of the mesh of each drawn vertex.
    uv : (N, 2) float32 array
        Its place in the texture, [0, 1], first row at 0.
    points : (N,) int array
        Which point in space it is; vertices of two pieces that touch share one.
    vertices : (P,) int array
        A drawn vertex at each point.
    joins : (2, E) int array
        Points at both ends of each edge. Faces that meet share it; those with most faces first.
    sides : tuple of Sides
        A face at each edge; a second one at each of the first edges; and so on.
    hems : Sides
        Faces of the fringe from which a border of it goes on.
    around : (3F,) int array
        Faces with the first drawn vertex, with the second one, and so on.
    around_from : (N + 1,) int array
        Where those of each begin.
    slack : (2,) float32 array
        How far beyond its faces the texture may be used.
    """

    corners: NDArray
    closed: int
    solids: int
    sources: NDArray
    uv: NDArray[np.float32]
    points: NDArray
    vertices: NDArray
    joins: NDArray
    sides: tuple["Sides", ...]
    hems: "Sides"
    around: NDArray
    around_from: NDArray
    slack: NDArray[np.float32]

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
        points = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
        edges, _ = _edges(points[faces])
        kinds = np.where(fringe, 2, _shows_inside(vertices, faces, points[faces], edges, fringe))
        order = np.argsort(kinds, kind="stable")
        faces, uv, fringe = faces[order], uv[order], fringe[order]
        # Texels are split 256 times.
        fine = np.round(uv.reshape(-1, 2) * 2**22).astype(np.int64)
        rows = np.column_stack([faces.ravel(), fine, np.repeat(fringe, 3)])
        _, first, corners = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        sources = faces.ravel()[first]
        return cls._of(
            corners.reshape(faces.shape),
            int((kinds == 0).sum()),
            int((~fringe).sum()),
            sources,
            uv.reshape(-1, 2)[first].astype(np.float32),
            points[sources],
            (_SLACK_PX / np.array(texture_size)).astype(np.float32),
        )

    @classmethod
    def _of(
        cls,
        corners: NDArray,
        closed: int,
        solids: int,
        sources: NDArray,
        uv: NDArray[np.float32],
        points: NDArray,
        slack: NDArray[np.float32],
    ) -> "Surface":
        """From faces (F, 3) in their order; points (N,) are told apart by any numbers."""
        _, vertices, points = np.unique(points, return_index=True, return_inverse=True)
        edges, joins = _edges(points[corners])
        by_faces = np.argsort(-np.bincount(edges.ravel()), kind="stable")
        edges = np.argsort(by_faces)[edges]
        around, around_from = _grouped(corners.ravel(), len(sources))
        return cls(
            corners=_columns(corners),
            closed=closed,
            solids=solids,
            sources=sources,
            uv=uv,
            points=points,
            vertices=vertices,
            joins=_columns(joins[by_faces]),
            sides=_sides(edges, corners),
            hems=_hems(edges, corners, solids),
            around=around // 3,
            around_from=around_from,
            slack=slack,
        )

    def only(self, shown: NDArray[np.bool_]) -> tuple["Surface", NDArray]:
        """The same with some of its faces (F,) alone, and which drawn vertices those have (M,).

        What is never seen from inside stays so.
        """
        rows, corners = np.unique(self.corners.T[shown], return_inverse=True)
        return (
            Surface._of(
                corners.reshape(-1, 3),
                int(shown[: self.closed].sum()),
                int(shown[: self.solids].sum()),
                self.sources[rows],
                self.uv[rows],
                self.points[rows],
                self.slack,
            ),
            rows,
        )

    def normals(self, places: NDArray) -> NDArray[np.float32]:
        """Smooth unit normals (N, 3) of drawn vertices at `places`, the same across a seam."""
        corners = self.corners[:, : self.solids]
        a, b, c = (places[column] for column in corners)
        flat = np.cross(b - a, c - a)
        total = np.zeros((len(self.vertices), 3))
        for column in corners:
            for axis in range(3):
                total[:, axis] += np.bincount(
                    self.points[column], flat[:, axis], len(self.vertices)
                )
        total = total[self.points]
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return (total / np.maximum(length, 1e-12)).astype(np.float32)

    def areas(self, places: NDArray) -> NDArray[np.float32]:
        """Area around each drawn vertex (N,), square metres."""
        corners = self.corners[:, : self.solids]
        a, b, c = (places[column] for column in corners)
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6.0
        whole = np.bincount(corners.ravel(), np.tile(area, 3), minlength=len(self.sources))
        return whole.astype(np.float32)

    def faces_around(self, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Faces with drawn vertices `rows` (M,): places in `rows` (K,), and the faces (K,)."""
        start = self.around_from[rows]
        count = self.around_from[rows + 1] - start
        own = np.repeat(np.arange(len(rows)), count)
        before = np.cumsum(count) - count
        return own, self.around[np.arange(len(own)) + (start - before)[own]]


@dataclass(frozen=True)
class Sides:
    """Faces at edges, and the drawn vertices between which each of them has it, in its order.

    Parameters
    ----------
    faces, tails, heads : (K,) int arrays
        One each.
    """

    faces: NDArray
    tails: NDArray
    heads: NDArray

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, chosen: NDArray | slice) -> "Sides":
        return Sides(self.faces[chosen], self.tails[chosen], self.heads[chosen])

    @classmethod
    def joined(cls, parts: "list[Sides]") -> "Sides":
        """One after the other."""
        return cls(
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.tails for part in parts]),
            np.concatenate([part.heads for part in parts]),
        )

    @classmethod
    def at(cls, corners: NDArray, faces: NDArray, corner: NDArray) -> "Sides":
        """Edges from corner `corner` (K,) of `faces` (K,) of a mesh (F, 3) to the next one."""
        return cls(faces, corners[faces, corner], corners[faces, (corner + 1) % 3])


def _columns(rows: NDArray) -> NDArray:
    return np.ascontiguousarray(rows.T, dtype=np.intp)


def _grouped(groups: NDArray, count: int) -> tuple[NDArray, NDArray]:
    """Places (K,) of the members of one group after the other, and where each begins."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=count))])
    return np.argsort(groups, kind="stable"), starts


def _sides(edges: NDArray, corners: NDArray) -> tuple[Sides, ...]:
    """As in `Surface`, from edges (F, 3), those with most faces first."""
    members, starts = _grouped(edges.ravel(), int(edges.max()) + 1)
    counts = np.diff(starts)
    out = []
    for k in range(int(counts.max())):
        members_k = members[starts[:-1][counts > k] + k]
        out.append(Sides.at(corners, members_k // 3, members_k % 3))
    return tuple(out)


def _edges(ends: NDArray) -> tuple[NDArray, NDArray]:
    """Edge (F, 3) from each corner of faces, given as points (F, 3), and ends of edges (E, 2)."""
    pairs = np.sort(np.stack([ends, np.roll(ends, -1, axis=1)], axis=-1), axis=-1)
    count = int(ends.max()) + 1
    keys = pairs[..., 0].astype(np.int64) * count + pairs[..., 1]
    found, edges = np.unique(keys, return_inverse=True)
    return edges.reshape(ends.shape), np.stack(np.divmod(found, count), axis=-1)


def _shows_inside(
    vertices: NDArray, faces: NDArray, ends: NDArray, edges: NDArray, fringe: NDArray
) -> NDArray[np.bool_]:
    """Which faces (F,) may be seen from inside, through a hole of the body they belong to."""
    solid = ~fringe
    count = np.bincount(edges[solid].ravel(), minlength=int(edges.max()) + 1)
    a, b = ends[solid].ravel(), np.roll(ends[solid], -1, axis=1).ravel()
    points = int(ends.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(points, points))
    bodies = connected_components(graph, directed=False)[1][ends[:, 0]]
    face, corner = np.nonzero((count[edges] % 2 == 1) & solid[:, None])
    shows = np.zeros(len(faces), bool)
    for body in np.unique(bodies[face]):
        own = np.flatnonzero((bodies == body) & solid)
        rim = faces[face, corner][bodies[face] == body]
        used, local = np.unique(faces[own], return_inverse=True)
        away, _ = cKDTree(vertices[rim]).query(vertices[used], distance_upper_bound=_INSIDE_M)
        shows[own] = np.isfinite(away)[local.reshape(-1, 3)].any(axis=1)
    return shows


def _hems(edges: NDArray, corners: NDArray, solids: int) -> Sides:
    """Edges of the fringe that no other face of it has."""
    faces = np.bincount(edges[solids:].ravel(), minlength=int(edges.max()) + 1)
    face, corner = np.nonzero(faces[edges[solids:]] == 1)
    return Sides.at(corners, face + solids, corner)
