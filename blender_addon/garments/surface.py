"""Meshes from distance fields: surface nets, exact cuts along lines, hems with thickness."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .sdf import Field

Faces = NDArray[np.int64]

_BLOCK = 4
# Fields built from blends and stretched ellipses run up to about this steep or flat.
_SLACK = 1.6


@dataclass(frozen=True)
class Surface:
    """A polygon mesh with one material per face.

    Parameters
    ----------
    vertices : (N, 3) array
        Metres.
    faces : (M, 4) int array
        Vertex indices, counter-clockwise from outside; −1 in the last place makes a triangle.
    materials : (M,) int array
        Index of each face's material among those of the object.
    normals : (N, 3) array
        Unit normals. They are those of the surface before it was cut, so they stay smooth where a
        cut leaves slivers.
    """

    vertices: Array
    faces: Faces
    materials: Faces
    normals: Array

    def __len__(self) -> int:
        return len(self.vertices)


def join(*parts: Surface) -> Surface:
    """Several surfaces as one, not welded."""
    offsets = np.cumsum([0] + [len(part) for part in parts[:-1]])
    return Surface(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(
            [np.where(p.faces < 0, -1, p.faces + o) for p, o in zip(parts, offsets, strict=True)]
        ),
        np.concatenate([part.materials for part in parts]),
        np.concatenate([part.normals for part in parts]),
    )


def mirror(surface: Surface) -> Surface:
    """The surface on the other side of x = 0."""
    faces = surface.faces[:, ::-1].copy()
    triangles = surface.faces[:, 3] < 0
    faces[triangles] = np.concatenate(
        [surface.faces[triangles, 2::-1], np.full((triangles.sum(), 1), -1)], axis=1
    )
    flip = np.array([-1.0, 1.0, 1.0])
    return Surface(surface.vertices * flip, faces, surface.materials, surface.normals * flip)


def with_material(surface: Surface, material: int) -> Surface:
    """The surface with one material on all faces."""
    return replace(surface, materials=np.full(len(surface.faces), material))


def moved(surface: Surface, offset: Array) -> Surface:
    """The surface at another place."""
    return replace(surface, vertices=surface.vertices + offset)


def turned_over(surface: Surface) -> Surface:
    """The surface of quads with its other side out."""
    return replace(surface, faces=surface.faces[:, ::-1].copy(), normals=-surface.normals)


def polygonize(field: Field, low: Array, high: Array, cell: float) -> Surface:
    """The zero surface of a field as quads, with vertices on the surface.

    Naive surface nets (Gibson 1998; one vertex per cell the surface passes through), evaluated
    only in blocks near the surface, then projected onto it.

    Parameters
    ----------
    field : Field
        Distance bound, (N, 3) → (N,).
    low, high : (3,) arrays
        Corners of the box to search. The surface is open where it leaves the box.
    cell : float
        Edge of a cell in metres: about the edge of the quads.
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    blocks = np.ceil((high - low) / (cell * _BLOCK)).astype(int)
    # Centred, so that a symmetric box gives a symmetric mesh.
    origin = (low + high) / 2.0 - blocks * cell * _BLOCK / 2.0
    values = _evaluate_near_surface(field, origin, blocks, cell)
    vertices, faces = _surface_nets(values, origin, cell)
    vertices = _relax(vertices, faces, field, cell)
    materials = np.zeros(len(faces), np.int64)
    return Surface(vertices, faces, materials, vertex_normals(vertices, faces))


def project(field: Field, p: Array, step: float) -> Array:
    """Points moved onto the zero surface by one Newton step along the gradient."""
    # Value and gradient from the corners of a tetrahedron: four evaluations instead of seven.
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]]) * step
    values = np.stack([field(p + corner) for corner in corners], axis=1)
    g = values @ corners / (4.0 * step * step)
    move = values.mean(axis=1, keepdims=True) * g
    move /= np.maximum((g * g).sum(axis=1, keepdims=True), 0.05)
    return p - np.clip(move, -4.0 * step, 4.0 * step)


def split(surface: Surface, region: Callable[[Array], Array]) -> tuple[Surface, Surface]:
    """Cut along the line where `region` is zero.

    Returns
    -------
    inside, outside : Surface
        The parts where the region is negative and positive; both have vertices on the line.
    """
    values = region(surface.vertices)
    # Values on the line itself would make faces without area.
    values = np.where(np.abs(values) < 1e-7, 1e-7, values)
    corner = np.where(surface.faces < 0, surface.faces[:, :1], surface.faces)
    negative = values[corner] < 0.0
    all_in, all_out = negative.all(axis=1), (~negative).all(axis=1)
    crossing = ~(all_in | all_out)

    quads, material = surface.faces[crossing], surface.materials[crossing]
    first, second = quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]
    is_quad = quads[:, 3] >= 0
    triangles = np.concatenate([first, second[is_quad]])
    material = np.concatenate([material, material[is_quad]])
    both = np.concatenate([surface.vertices, surface.normals], axis=1)
    both, inner, outer, inner_of, outer_of = _cut_triangles(both, values, triangles)
    vertices, normals = both[:, :3], both[:, 3:]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    inside = Surface(
        vertices,
        np.concatenate([surface.faces[all_in], inner]),
        np.concatenate([surface.materials[all_in], material[inner_of]]),
        normals,
    )
    outside = Surface(
        vertices,
        np.concatenate([surface.faces[all_out], outer]),
        np.concatenate([surface.materials[all_out], material[outer_of]]),
        normals,
    )
    return drop_unused(inside), drop_unused(outside)


def paint(surface: Surface, region: Callable[[Array], Array], material: int) -> Surface:
    """Give the part where `region` is negative a material of its own, with an exact border."""
    values = region(surface.vertices)
    if not (values < 0.0).any():
        return surface
    inside, outside = split(surface, region)
    return weld(join(outside, with_material(inside, material)))


def weld(surface: Surface) -> Surface:
    """Merge vertices at the same place, so that shading runs across."""
    keys = np.round(surface.vertices * 1e7).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    faces = np.where(surface.faces < 0, -1, inverse[surface.faces])
    return Surface(surface.vertices[first], faces, surface.materials, surface.normals[first])


def drop_unused(surface: Surface) -> Surface:
    """The surface without vertices no face uses."""
    used = np.zeros(len(surface), dtype=bool)
    used[surface.faces[surface.faces >= 0]] = True
    index = np.cumsum(used) - 1
    faces = np.where(surface.faces < 0, -1, index[surface.faces])
    return Surface(surface.vertices[used], faces, surface.materials, surface.normals[used])


def vertex_normals(vertices: Array, faces: Faces) -> Array:
    """Area-weighted vertex normals (N, 3) of quads."""
    v, f = vertices, faces
    face_normal = np.cross(v[f[:, 2]] - v[f[:, 0]], v[f[:, 3]] - v[f[:, 1]])
    total = np.zeros_like(v)
    for k in range(4):
        np.add.at(total, f[:, k], face_normal)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def boundary(surface: Surface) -> Faces:
    """Edges that belong to one face only, (E, 2), in the direction of that face."""
    f = surface.faces
    triangle = f[:, 3] < 0
    edges = np.concatenate(
        [
            f[:, [0, 1]],
            f[:, [1, 2]],
            np.where(triangle[:, None], f[:, [2, 0]], f[:, [2, 3]]),
            f[~triangle][:, [3, 0]],
        ]
    )
    keys = np.sort(edges, axis=1)
    code = keys[:, 0] * (len(surface) + 1) + keys[:, 1]
    _, inverse, count = np.unique(code, return_inverse=True, return_counts=True)
    return edges[count[inverse.reshape(-1)] == 1]


def hem(surface: Surface, depth: float, material: int | None = None) -> Surface:
    """Give open edges thickness: a strip from each edge `depth` metres inward.

    The strip has its own vertices, so the edge shades sharp.
    """
    edges = boundary(surface)
    used, inverse = np.unique(edges, return_inverse=True)
    local = inverse.reshape(edges.shape)
    outer = surface.vertices[used]
    inner = outer - surface.normals[used] * depth
    n = len(used)
    faces = np.stack([local[:, 1], local[:, 0], local[:, 0] + n, local[:, 1] + n], axis=1)
    default = int(np.bincount(surface.materials).argmax())
    strip = Surface(
        np.concatenate([outer, inner]),
        faces,
        np.full(len(faces), default if material is None else material),
        np.concatenate([surface.normals[used]] * 2),
    )
    return join(surface, strip)


def grid_surface(points: Array, close_u: bool = False, close_v: bool = False) -> Surface:
    """A surface through a grid of points (U, V, 3), optionally closed along either direction."""
    u, v = points.shape[:2]
    index = np.arange(u * v).reshape(u, v)
    if close_u:
        index = np.concatenate([index, index[:1]])
    if close_v:
        index = np.concatenate([index, index[:, :1]], axis=1)
    faces = np.stack(
        [index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1
    ).reshape(-1, 4)
    vertices = points.reshape(-1, 3)
    return Surface(vertices, faces, np.zeros(len(faces), np.int64), vertex_normals(vertices, faces))


def _evaluate_near_surface(field: Field, origin: Array, blocks: Faces, cell: float) -> Array:
    nodes = blocks * _BLOCK + 1
    coarse_axes = [origin[i] + np.arange(blocks[i]) * cell * _BLOCK for i in range(3)]
    half = cell * _BLOCK / 2.0
    centres = np.stack(np.meshgrid(*coarse_axes, indexing="ij"), axis=-1).reshape(-1, 3) + half
    coarse = field(centres).reshape(tuple(blocks))
    near = np.abs(coarse) < half * np.sqrt(3.0) * _SLACK
    values = np.empty(tuple(nodes))
    filled = np.repeat(np.repeat(np.repeat(coarse, _BLOCK, 0), _BLOCK, 1), _BLOCK, 2)
    values[:] = np.pad(filled, ((0, 1),) * 3, mode="edge")
    active = np.zeros(tuple(nodes), dtype=bool)
    for offset in np.ndindex(2, 2, 2):
        window = tuple(slice(o, o + n * _BLOCK) for o, n in zip(offset, blocks, strict=True))
        spread = np.repeat(np.repeat(np.repeat(near, _BLOCK, 0), _BLOCK, 1), _BLOCK, 2)
        active[window] |= spread
    where = np.argwhere(active)
    values[active] = field(origin + where * cell)
    return values


def _surface_nets(values: Array, origin: Array, cell: float) -> tuple[Array, Faces]:
    inside = values < 0.0
    count = np.zeros(tuple(n - 1 for n in values.shape), dtype=np.int8)
    corners = list(np.ndindex(2, 2, 2))
    for c in corners:
        count += _shifted(inside, c).astype(np.int8)
    cells = np.argwhere((count > 0) & (count < 8))
    index = np.full(count.shape, -1, dtype=np.int64)
    index[tuple(cells.T)] = np.arange(len(cells))

    total = np.zeros((len(cells), 3))
    crossings = np.zeros(len(cells))
    for a in corners:
        for axis in range(3):
            if a[axis]:
                continue
            b = list(a)
            b[axis] = 1
            va, vb = values[tuple((cells + a).T)], values[tuple((cells + b).T)]
            cross = (va < 0.0) != (vb < 0.0)
            t = np.where(cross, va / np.where(cross, va - vb, 1.0), 0.0)
            point = np.broadcast_to(np.asarray(a, float), (len(cells), 3)).copy()
            point[:, axis] += t
            total += point * cross[:, None]
            crossings += cross
    vertices = origin + (cells + total / crossings[:, None]) * cell

    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        low = inside.take(range(inside.shape[axis] - 1), axis)
        high = inside.take(range(1, inside.shape[axis]), axis)
        edges = np.argwhere(low != high)
        edges = edges[(edges[:, u] > 0) & (edges[:, v] > 0)]
        edges = edges[(edges[:, u] < inside.shape[u] - 1) & (edges[:, v] < inside.shape[v] - 1)]
        outward = low[tuple(edges.T)]
        ring = []
        for du, dv in ((1, 1), (0, 1), (0, 0), (1, 0)):
            neighbour = edges.copy()
            neighbour[:, u] -= du
            neighbour[:, v] -= dv
            ring.append(index[tuple(neighbour.T)])
        quad = np.stack(ring, axis=1)
        # From (−,−) over (+,−): counter-clockwise seen from +axis.
        quad = np.where(outward[:, None], quad, quad[:, ::-1])
        faces.append(quad)
    return vertices, np.concatenate(faces)


def _relax(vertices: Array, faces: Faces, field: Field, cell: float) -> Array:
    """Even out the quads along the surface and put the vertices exactly on it."""
    for _ in range(2):
        total = np.zeros_like(vertices)
        degree = np.zeros(len(vertices))
        for k in range(4):
            np.add.at(total, faces[:, k], vertices[faces[:, (k + 1) % 4]])
            np.add.at(degree, faces[:, k], 1.0)
        average = total / np.maximum(degree, 1.0)[:, None]
        on_border = degree < 3.0
        vertices = np.where(on_border[:, None], vertices, 0.5 * vertices + 0.5 * average)
        vertices = project(field, vertices, cell * 0.2)
    return vertices


def _shifted(grid: NDArray[np.bool_], corner: tuple[int, ...]) -> NDArray[np.bool_]:
    window = tuple(slice(c, n - 1 + c) for c, n in zip(corner, grid.shape, strict=True))
    return grid[window]


def _cut_triangles(
    vertices: Array, values: Array, triangles: Faces
) -> tuple[Array, Faces, Faces, Faces, Faces]:
    """Split triangles with corners on both sides; returns vertices, faces and their origins.

    `vertices` (N, K) may carry more than the place; all of it is interpolated.
    """
    negative = values[triangles] < 0.0
    inside_count = negative.sum(axis=1)
    whole_in, whole_out = inside_count == 3, inside_count == 0
    mixed = np.flatnonzero(~(whole_in | whole_out))
    tri, neg = triangles[mixed], negative[mixed]
    # Turn each triangle so that the corner that is alone on its side comes first.
    alone_in = neg.sum(axis=1) == 1
    alone = np.where(alone_in, neg.argmax(axis=1), (~neg).argmax(axis=1))
    order = (alone[:, None] + np.arange(3)) % 3
    tri = np.take_along_axis(tri, order, axis=1)

    edges = np.concatenate([tri[:, [0, 1]], tri[:, [0, 2]]])
    keys = np.sort(edges, axis=1)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    va, vb = values[unique[:, 0]], values[unique[:, 1]]
    t = (va / (va - vb))[:, None]
    new = vertices[unique[:, 0]] * (1.0 - t) + vertices[unique[:, 1]] * t
    inverse = inverse.reshape(-1) + len(vertices)
    p, q = inverse[: len(tri)], inverse[len(tri) :]

    none = np.full(len(tri), -1)
    tips = np.stack([tri[:, 0], p, q, none], axis=1)
    bases = np.stack([p, tri[:, 1], tri[:, 2], q], axis=1)
    padded = np.concatenate([triangles, np.full((len(triangles), 1), -1)], axis=1)
    inner = np.concatenate([padded[whole_in], tips[alone_in], bases[~alone_in]])
    outer = np.concatenate([padded[whole_out], tips[~alone_in], bases[alone_in]])
    inner_of = np.concatenate([np.flatnonzero(whole_in), mixed[alone_in], mixed[~alone_in]])
    outer_of = np.concatenate([np.flatnonzero(whole_out), mixed[~alone_in], mixed[alone_in]])
    return np.concatenate([vertices, new]), inner, outer, inner_of, outer_of
