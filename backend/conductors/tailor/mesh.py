"""Quad meshes of cloth: grids, strips with thickness, relaxation, joining."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import spsolve

from retarget.rotation import Array

from .form import Surface, quad_normals, unit

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Sheet:
    """Quads of one cloth before it hangs on bones.

    Parameters
    ----------
    vertices : (V, 3) array
        Metres.
    faces : (F, 4) int array
        Counter-clockwise from outside; −1 in the last column for triangles.
    uv : (F, 4, 2) array
        Metres along and up the cloth.
    material : (F,) int array
        Place of the face's material among those of the piece.
    """

    vertices: Array
    faces: Ids
    uv: Array
    material: Ids

    def painted(self, material: int) -> "Sheet":
        """The same with all faces of one material."""
        return replace(self, material=np.full(len(self.faces), material))

    def turned(self) -> "Sheet":
        """The same with its other side outside."""
        return replace(self, faces=self.faces[:, ::-1], uv=self.uv[:, ::-1])

    def moved(self, vertices: Array) -> "Sheet":
        """The same with vertices elsewhere."""
        return replace(self, vertices=vertices)


def joined(*sheets: Sheet) -> Sheet:
    """Several sheets as one."""
    starts = np.cumsum([0] + [len(s.vertices) for s in sheets])
    faces = [np.where(s.faces < 0, -1, s.faces + n) for s, n in zip(sheets, starts, strict=False)]
    return Sheet(
        np.concatenate([s.vertices for s in sheets]),
        np.concatenate(faces),
        np.concatenate([s.uv for s in sheets]),
        np.concatenate([s.material for s in sheets]),
    )


def sheet_surface(sheet: Sheet) -> Surface:
    """A sheet's outer side, to lay things on."""
    v, f = sheet.vertices, sheet.faces
    normals = quad_normals(v, f)
    return Surface(
        np.concatenate([v, v[f].mean(axis=1)]),
        np.concatenate([normals, unit(normals[f].sum(axis=1))]),
    )


def grid_faces(ids: Ids, closed: bool = False) -> Ids:
    """Quads (F, 4) of a grid of vertex numbers (R, C): columns to the right, rows up."""
    if closed:
        ids = np.concatenate([ids, ids[:, :1]], axis=1)
    return np.stack([ids[:-1, :-1], ids[:-1, 1:], ids[1:, 1:], ids[1:, :-1]], axis=-1).reshape(
        -1, 4
    )


def grid_uv(points: Array, closed: bool = False) -> Array:
    """Texture coordinates (F, 4, 2) of a grid's quads by the mean lengths of its sides, metres."""
    if closed:
        points = np.concatenate([points, points[:, :1]], axis=1)
    along = np.linalg.norm(np.diff(points, axis=1), axis=2).mean(axis=0)
    up = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(axis=1)
    u, v = np.concatenate([[0], np.cumsum(along)]), np.concatenate([[0], np.cumsum(up)])
    grid = np.stack(np.meshgrid(u, v), axis=-1)
    corners = [grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]]
    return np.stack(corners, axis=2).reshape(-1, 4, 2)


def grid_sheet(points: Array, closed: bool = False, flip: bool = False) -> Sheet:
    """A sheet of a grid of points (R, C, 3).

    Parameters
    ----------
    points : (R, C, 3) array
        Rows up, columns to the right as seen from outside.
    closed : bool
        Whether the last column meets the first.
    flip : bool
        Whether outside is the other side.
    """
    rows, columns = points.shape[:2]
    faces = grid_faces(np.arange(rows * columns).reshape(rows, columns), closed)
    uv = grid_uv(points, closed)
    if flip:
        faces, uv = faces[:, ::-1], uv[:, ::-1]
    return Sheet(points.reshape(-1, 3), faces, uv, np.zeros(len(faces), dtype=np.int64))


def links(faces: Ids, count: int) -> csr_matrix:
    """Which vertices share an edge: (V, V), ones."""
    pairs = [(faces[:, a], faces[:, b]) for a, b in ((0, 1), (1, 2), (2, 3), (3, 0), (2, 0))]
    triangle = faces[:, 3] < 0
    ends = []
    for number, (a, b) in enumerate(pairs):
        used = triangle if number == 4 else (a >= 0) & (b >= 0)
        ends.append(np.stack([a[used], b[used]], axis=1))
    edges = np.concatenate(ends)
    both = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    return coo_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count)).tocsr()


def averaging(faces: Ids, count: int) -> csr_matrix:
    """The matrix (V, V) that gives each vertex the mean of its neighbours."""
    near = links(faces, count)
    degree = np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1.0)
    return diags(1.0 / degree) @ near


def filled(vertices: Array, faces: Ids, fixed: NDArray[np.bool_]) -> Array:
    """Vertices with the free ones where a soap film between the fixed ones has them."""
    mean = averaging(faces, len(vertices))
    free = np.flatnonzero(~fixed)
    system = (diags(np.ones(len(vertices))) - mean).tocsr()[free]
    known = system[:, np.flatnonzero(fixed)] @ vertices[fixed]
    out = vertices.copy()
    out[free] = spsolve(system[:, free].tocsc(), -known)
    return out


def relaxed(
    vertices: Array,
    faces: Ids,
    fixed: NDArray[np.bool_],
    surface: Surface,
    ease: Array | float,
    steps: int,
) -> Array:
    """Cloth pulled tight by its tension over a body that keeps it out: it spans the hollows."""
    mean = averaging(faces, len(vertices))
    ease = np.broadcast_to(ease, len(vertices))
    free = ~fixed
    for _ in range(steps):
        pulled = 0.5 * vertices + 0.5 * (mean @ vertices)
        vertices = vertices.copy()
        vertices[free] = surface.push_out(pulled[free], ease[free])
    return vertices


def smoothed(vertices: Array, faces: Ids, fixed: NDArray[np.bool_], steps: int) -> Array:
    """Vertices without roughness (Taubin, 1995: smoothing without shrinking)."""
    mean = averaging(faces, len(vertices))
    for _ in range(steps):
        for factor in (0.5, -0.53):
            moved = vertices + factor * (mean @ vertices - vertices)
            moved[fixed] = vertices[fixed]
            vertices = moved
    return vertices


def welded(sheet: Sheet) -> tuple[Sheet, Ids]:
    """The sheet with vertices at one place made one; which new vertex each old one is."""
    _, first, place = np.unique(
        np.round(sheet.vertices, 6), axis=0, return_index=True, return_inverse=True
    )
    place = np.asarray(place).ravel()
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    new = rank[place]
    faces = np.where(sheet.faces < 0, -1, new[sheet.faces])
    return replace(sheet, vertices=sheet.vertices[first[order]], faces=faces), new


def kept(sheet: Sheet, faces: NDArray[np.bool_]) -> tuple[Sheet, Ids]:
    """Some of a sheet's faces and the vertices they need; which old vertex each new one was."""
    chosen = sheet.faces[faces]
    used = np.unique(chosen[chosen >= 0])
    number = np.full(len(sheet.vertices), -1)
    number[used] = np.arange(len(used))
    renamed = np.where(chosen < 0, -1, number[chosen])
    return Sheet(sheet.vertices[used], renamed, sheet.uv[faces], sheet.material[faces]), used


def borders(faces: Ids) -> Ids:
    """Edges (E, 2) with one face only, in that face's direction."""
    quads = faces[:, 3] >= 0
    a = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2], faces[quads, 3]])
    b = np.concatenate(
        [faces[:, 1], faces[:, 2], np.where(quads, faces[:, 3], faces[:, 0]), faces[quads, 0]]
    )
    size = int(faces.max()) + 1
    forward, backward = a * size + b, b * size + a
    alone = ~np.isin(forward, backward)
    return np.stack([a[alone], b[alone]], axis=1)


def hemmed(sheet: Sheet, thickness: float, depth: float) -> tuple[Sheet, Ids]:
    """The sheet with its borders turned in: thick edges, a fold inside.

    Parameters
    ----------
    thickness : float
        Of the edge, metres.
    depth : float
        How far the fold reaches inside, metres; 0 for none, where one never looks inside.

    Returns
    -------
    Sheet
    (V',) int array
        Which vertex of the old sheet each one hangs with.
    """
    edges = borders(sheet.faces)
    rim = np.unique(edges)
    normals = quad_normals(sheet.vertices, sheet.faces)[rim]
    mean = links(sheet.faces, len(sheet.vertices))
    inside = np.ones(len(sheet.vertices))
    inside[rim] = 0.0
    weight = mean[rim] @ inside
    middle = (mean[rim] @ (sheet.vertices * inside[:, None])) / np.maximum(weight, 1)[:, None]
    inward = np.where(weight[:, None] > 0, unit(middle - sheet.vertices[rim]), 0.0)
    for _ in range(2):
        inward = _along_border(inward, rim, edges, weight > 0)
    edge = sheet.vertices[rim] - thickness * normals
    count = len(sheet.vertices)
    first = np.full(count, -1)
    first[rim] = np.arange(count, count + len(rim))
    second = first + len(rim)
    a, b = edges.T
    turn = np.stack([b, a, first[a], first[b]], axis=1)
    rings, strips = [edge], [turn]
    if depth > 0.0:
        rings.append(edge + depth * inward)
        strips.append(np.stack([first[b], first[a], second[a], second[b]], axis=1))
    size = np.linalg.norm(sheet.vertices[b] - sheet.vertices[a], axis=1)
    uv = np.zeros((len(edges), 4, 2))
    uv[:, 1, 0] = uv[:, 2, 0] = size
    uv[:, 2:, 1] = depth
    material = np.zeros(len(edges), dtype=np.int64)
    owner = np.zeros(count, dtype=np.int64)
    owner[sheet.faces.ravel()] = np.repeat(sheet.material, 4)
    material = owner[a]
    whole = Sheet(
        np.concatenate([sheet.vertices, *rings]),
        np.concatenate([sheet.faces, *strips]),
        np.concatenate([sheet.uv, *([uv] * len(strips))]),
        np.concatenate([sheet.material, *([material] * len(strips))]),
    )
    return whole, np.concatenate([np.arange(count), *([rim] * len(rings))])


def _along_border(inward: Array, rim: Ids, edges: Ids, known: Array) -> Array:
    """Directions evened out along the border, corners' taken from their neighbours."""
    place = np.searchsorted(rim, edges)
    total = np.where(known[:, None], inward, 0.0)
    out = total.copy()
    np.add.at(out, place[:, 0], 0.5 * total[place[:, 1]])
    np.add.at(out, place[:, 1], 0.5 * total[place[:, 0]])
    return unit(out)


def with_hem(sheet: Sheet, thickness: float = 0.003, depth: float = 0.0) -> Sheet:
    """A sheet with thick borders, turned in if `depth` is more than 0, as `hemmed` does it."""
    return hemmed(sheet, thickness, depth)[0]
