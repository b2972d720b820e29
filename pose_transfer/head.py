"""The head as a relief of the photo: never distorted, only turned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree

from retarget.camera import Camera
from retarget.rotation import Array

from .face_mesh import CHIN, COUNT, EARS, OVAL, face_width
from .head_texture import HeadPictures, head_pictures
from .pieces import Piece
from .relief import CutGrid, Pins, cut_grid, signed_distance, swell

# All lengths below are shares of the face's width, ear to ear (0.14 m in an adult).
_MARGIN: Final = 0.5
_SPACING: Final = 1 / 34
_COARSE: Final = 2  # cells of the grid to one of the coarser grid the depths are solved on
_FINE: Final = 4  # pixels to a cell in the raster the outline is found on
# What is opaque at least so much is solid; beyond it the fringe begins.
_SOLID_ALPHA: Final = 0.9
_FAINT: Final = 0.015
_FRINGE: Final = 0.3
# Pieces and holes smaller than this, squared, are strands and gaps, left to the fringe.
_CRUMB: Final = 0.15
# The rim stands before the ears, so that the sides of the head are behind it, where they may
# have a picture of their own.
_RIM_AHEAD: Final = 0.08
# Slopes at the rim stay finite: what a turn shows of them is then hardly stretched.
_FRONT_SOFT, _BACK_SOFT = 0.40, 0.25
_FRONT_BULGE, _BACK_BULGE = 2.2, 3.5
# From the oval inwards over this length the face mesh takes over.
_FACE_EDGE: Final = 0.12
# A rim so near to the oval is the jaw's: the face says how deep it lies. Further off it is hair.
_JAW: Final = (0.05, 0.16)
_BODY_GAP: Final = 0.07
_THIN: Final = 0.02
_BACK_SLIDE: Final = 0.5
_LIE: Final = 0.75  # over this length below the mouth long hair passes from the head to the chest
_BEARD: Final = 0.35
_GAP: Final = 4


@dataclass(frozen=True)
class _Outline:
    """The head's grid cut along its rim; lengths in pixels."""

    grid: CutGrid
    distance: NDArray[np.float64]
    origin: Array
    spacing: float

    def sample(self, field: Array, points: Array, step: float) -> Array:
        """Values of a field on a grid of that step at pixel positions (N, 2)."""
        at = ((points - self.origin) / step).astype(np.float32)
        return cv2.remap(
            field.astype(np.float32),
            np.ascontiguousarray(at[:, 0]),
            np.ascontiguousarray(at[:, 1]),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )[:, 0].astype(np.float64)


def build_head(
    foreground: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    region: NDArray[np.bool_],
    face: Array,
    camera: Camera,
    depth: float,
    body_depth: Array | None = None,
) -> Piece:
    """A closed relief of the head with a soft fringe round it.

    Parameters
    ----------
    foreground : (H, W, 3) uint8 array
        The person's own colours: the photo's, and beyond soft edges what goes on from there.
    alpha : (H, W) float32 array
        The person's matte, [0, 1].
    region : (H, W) bool array
        Face, ears, hair, hat, beard; not the neck, not clothes.
    face : (478, 3) array
        MediaPipe's face mesh in pixels; z relative to the mesh's middle, negative to the camera.
    camera : Camera
        The photo's camera.
    depth : float
        Distance of the middle between the ears along the camera's axis, metres.
    body_depth : (H, W) array, or None
        Distance of the body's surface (neck, shoulders, chest) along the camera's axis, infinite
        where there is none: hair lies before it.

    Returns
    -------
    Piece
        Part "head", bones "head" and "chest". In the bind pose `camera` sees the photo; the
        fringe, blended by the matte, keeps the edges as soft as they were.
    """
    width = face_width(face)
    low, high = _box(region, _MARGIN * width)
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    face = face[:COUNT] - np.array([*low, 0.0])
    pictures = head_pictures(foreground[window], alpha[window], region[window], face, width)
    outline = _outline(pictures.alpha, width)
    ears = float(face[list(EARS), 2].mean())
    limit = None
    if body_depth is not None:
        limit = ears + (body_depth[window] - depth) * camera.focal / depth - _BODY_GAP * width
    front, back = _depths(outline, face, width, limit)
    scale = depth / camera.focal

    def to_world(points: Array, z: Array) -> Array:
        return camera.to_world(np.column_stack([points + low, depth + (z - ears) * scale]))

    return _piece(outline, front, back, pictures, face, width, to_world)


def _box(region: NDArray[np.bool_], margin: float) -> tuple[NDArray, NDArray]:
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    low = np.array([columns[0], rows[0]]) - int(margin)
    high = np.array([columns[-1], rows[-1]]) + int(margin) + 1
    return np.maximum(low, 0), np.minimum(high, region.shape[::-1])


def _outline(alpha: NDArray[np.float32], width: float) -> _Outline:
    spacing = _SPACING * width
    seen = alpha > _FAINT
    low, high = _box(seen, 0.0)
    origin = low - 4.0 * spacing
    columns, rows = np.ceil((high - origin) / spacing).astype(int) + 5
    step = spacing / _FINE
    smooth = cv2.GaussianBlur(alpha, (0, 0), 0.4 * step) if step > 1.0 else alpha
    raster = cv2.warpAffine(
        smooth,
        np.array([[step, 0.0, origin[0]], [0.0, step, origin[1]]]),
        (int((columns - 1) * _FINE + 1), int((rows - 1) * _FINE + 1)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=(0.0,),
    )
    solid = _without_crumbs(raster > _SOLID_ALPHA, (_CRUMB / _SPACING * _FINE) ** 2)
    distance = signed_distance(solid, 1.5)[::_FINE, ::_FINE] * step
    return _Outline(cut_grid(distance, origin, spacing), distance, origin, spacing)


def _without_crumbs(mask: NDArray[np.bool_], area: float) -> NDArray[np.bool_]:
    """The mask without small pieces and small holes."""
    for wanted in (False, True):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            (mask == wanted).astype(np.uint8), connectivity=4
        )
        small = stats[:, cv2.CC_STAT_AREA] < area
        small[0] = False
        if count > 1 and not small[1:].all():
            mask = mask ^ small[labels]
    return mask


def _depths(
    outline: _Outline, face: Array, width: float, limit: Array | None
) -> tuple[Array, Array]:
    """Front and back in pixels behind the face mesh's middle, at all points of the grid."""
    grid, spacing = outline.grid, outline.spacing
    points, rim = grid.points, grid.points[grid.rim]
    ears = float(face[list(EARS), 2].mean())
    base = ears - _RIM_AHEAD * width
    cell = _COARSE * spacing
    soft, hard = _FRONT_SOFT * width / cell, _BACK_SOFT * width / cell
    domain = outline.distance[::_COARSE, ::_COARSE] > -2.5 * cell
    y, x = np.mgrid[: domain.shape[0], : domain.shape[1]]
    nodes = np.stack([x.ravel(), y.ravel()], 1)
    surface = LinearNDInterpolator(face[:, :2], face[:, 2])
    within = _within_oval(face, nodes * cell + outline.origin)
    held = domain.ravel() & (within > 0.0)
    rim_cells = (rim - outline.origin) / cell
    barrier = np.full(len(points), np.inf) if limit is None else _nearest(limit, points)
    rim_depth = np.minimum(base, barrier[grid.rim])
    jaw, hair = _JAW
    away = np.abs(_within_oval(face, rim)) / width
    loose = np.clip((away - jaw) / (hair - jaw), 0.0, 1.0)
    ahead = np.concatenate([base - surface(nodes[held] * cell + outline.origin), base - rim_depth])
    pins = Pins(
        at=np.concatenate([nodes[held], rim_cells]),
        value=_square(ahead / cell, soft),
        weight=np.concatenate([np.clip(within[held] / (_FACE_EDGE * width), 0.02, 1.0), loose]),
    )
    solved = _root(outline.sample(swell(domain, _FRONT_BULGE, pins), points, cell), soft)
    front = base - solved * cell
    share = np.clip(_within_oval(face, points) / (_FACE_EDGE * width), 0.0, 1.0)
    known = share > 0.0
    share = (share * share * (3.0 - 2.0 * share))[known]
    front[known] += share * (surface(points[known]) - front[known])
    front = np.minimum(front, barrier)

    pins = Pins(rim_cells, np.zeros(len(rim)), np.ones(len(rim)))
    thick = _root(outline.sample(swell(domain, _BACK_BULGE, pins), points, cell), hard)
    back = np.maximum(np.minimum(ears, barrier) + thick * cell, front + _THIN * width)
    back[grid.rim] = front[grid.rim]
    return front, back


def _within_oval(face: Array, points: Array) -> Array:
    """How far (N, 2) points lie within the face's oval, pixels; negative outside."""
    oval = np.ascontiguousarray(face[list(OVAL), :2], np.float32)
    return np.array([cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y in points])


def _nearest(field: NDArray, points: Array) -> NDArray:
    x, y = np.round(points).astype(int).T
    return field[np.clip(y, 0, field.shape[0] - 1), np.clip(x, 0, field.shape[1] - 1)]


def _square(height: Array, soft: float) -> Array:
    """What `_root` makes the height of: its square far from zero, proportional to it near zero."""
    size = np.abs(height)
    return np.sign(height) * size * (size + np.sqrt(size**2 + 4.0 * soft**2)) / 2.0


def _root(value: Array, soft: float) -> Array:
    return value / np.sqrt(np.abs(value) + soft**2)


def _piece(
    outline: _Outline,
    front: Array,
    back: Array,
    pictures: HeadPictures,
    face: Array,
    width: float,
    to_world: Callable[[Array, Array], Array],
) -> Piece:
    grid, points = outline.grid, outline.grid.points
    rim = points[grid.rim]
    # The fringe stands like a flat skirt round the rim.
    tree = cKDTree(rim)
    visible = cv2.dilate(pictures.alpha, np.ones((3, 3), np.uint8)) > _FAINT
    wanted = _nearest(visible, points) & (tree.query(points)[0] < _FRINGE * width)
    outside = grid.outside[wanted[grid.outside].any(axis=1)]
    skirt = np.unique(outside)
    gaps, near = tree.query(points[skirt], k=min(8, len(rim)))
    shares = 1.0 / (gaps + 0.05 * outline.spacing) ** 2
    skirt_z = (front[grid.rim][near] * shares).sum(axis=1) / shares.sum(axis=1)

    # The back's own vertices are those not on the rim.
    shell = np.unique(grid.inside)
    place = np.full(len(points), -1)
    place[shell] = np.arange(len(shell))
    inner = shell[shell < grid.rim.start]
    back_place = place.copy()
    back_place[inner] = len(shell) + np.arange(len(inner))
    skirt_place = np.full(len(points), -1)
    skirt_place[skirt] = len(shell) + len(inner) + np.arange(len(skirt))

    # Going down the side the back's picture goes on at the pace of the surface, not of the view.
    depth_in, at_rim = tree.query(points)
    slid = np.clip(back - front[grid.rim][at_rim] - depth_in, 0.0, _BACK_SLIDE * width)
    slid[grid.rim] = 0.0
    smooth = cv2.GaussianBlur(outline.distance, (0, 0), 2.0)
    inwards = np.stack(
        [outline.sample(g, points, outline.spacing) for g in np.gradient(smooth)[::-1]], 1
    )
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-6)
    back_uv = points + inwards * slid[:, None]

    flat = np.concatenate([points[shell], points[inner], points[skirt]])
    z = np.concatenate([front[shell], back[inner], skirt_z])
    faces = [place[grid.inside], back_place[grid.inside][:, ::-1], skirt_place[outside]]
    high, wide = pictures.alpha.shape
    back_uv = np.clip(back_uv, 0.0, [wide - 1.0, high - 1.0]) + np.array([wide + _GAP, 0.0])
    uv = [points[grid.inside], back_uv[grid.inside][:, ::-1], points[outside]]
    rear = np.dstack([pictures.back, np.full((high, wide), 255, np.uint8)])
    picture = np.concatenate([pictures.front, rear[:, :1].repeat(_GAP, axis=1), rear], axis=1)
    return Piece(
        vertices=to_world(flat, z),
        faces=np.concatenate(faces),
        uv=np.concatenate(uv),
        picture=picture,
        weights=_weights(flat, face, width),
        part="head",
        fringe=np.arange(sum(map(len, faces))) >= len(faces[0]) + len(faces[1]),
    )


def _weights(points: Array, face: Array, width: float) -> dict[str, Array]:
    """Long hair rests on the chest; all above the chin, and a beard, turns with the head."""
    chin = face[CHIN, :2]
    below = np.clip((points[:, 1] - chin[1] + 0.2 * width) / (_LIE * width), 0.0, 1.0)
    aside = np.clip((np.abs(points[:, 0] - chin[0]) / width - _BEARD) / 0.15, 0.0, 1.0)
    rest = below * below * (3.0 - 2.0 * below) * aside
    return {"head": 1.0 - rest, "chest": rest}
