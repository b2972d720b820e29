"""`Bodice`: cloth around trunk and arms, in one grid with armholes, from which tops are cut."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import ConvexHull

from retarget.rotation import Array

from ..curves import smoothstep
from .form import SIDES, Form, Surface, body_surface, hull_reach, quad_normals, unit
from .mesh import Ids, filled, grid_faces, relaxed, smoothed

COLUMNS: Final = 56
SIDE_COLUMNS: Final = {"L": COLUMNS // 4, "R": 3 * COLUMNS // 4}
HOLE: Final = 6
"""Quads of an armhole across and up."""
LOOP: Final = 4 * HOLE
YOKE: Final = 11
"""Rows of quads from under the armhole to the neck; the armhole begins at the second."""
_BLEND: Final = 4
"""Rows below the yoke that are pulled smooth with it."""
_NECK_TILT: Final = np.radians(24.0)
_NECK_PLANE: Final = (
    np.array([1.0, 0.0, 0.0]),
    np.array([0.0, np.cos(_NECK_TILT), np.sin(_NECK_TILT)]),
    np.array([0.0, -np.sin(_NECK_TILT), np.cos(_NECK_TILT)]),
)
_HEAD: Final = 0.13
"""Share of an arm over which its sleeve leaves the armhole's form for the arm's."""
_STRAIGHT: Final = 0.7
"""How far a sleeve spans the hollows along its arm."""
ANGLES: Final = 2 * np.pi * np.arange(COLUMNS) / COLUMNS


@dataclass(frozen=True)
class Cut:
    """How a top is cut.

    Parameters
    ----------
    heights : (R,) array
        Heights of the rows below the armholes, upwards, metres.
    ease : (R,) array
        Room between body and cloth there, metres.
    chest : float
        Room above, metres.
    shoulder : float
        How far the shoulder seam lies outside the joint, metres.
    pad : float
        Thickness of the shoulder's padding, metres.
    neck : float
        Room around the neck, metres.
    sleeve : (top, elbow, cuff)
        Room around the arm, metres.
    sleeve_end : float
        Where the sleeve ends: 1 at the wrist, 0 at the elbow.
    convex : float
        How far the cloth hangs straight from chest to hip: 0 follows the waist, 1 does not.
    """

    heights: Array
    ease: Array
    chest: float = 0.014
    shoulder: float = 0.012
    pad: float = 0.008
    neck: float = 0.008
    sleeve: tuple[float, float, float] = (0.014, 0.014, 0.014)
    sleeve_end: float = 1.0
    sleeve_rings: int = 24
    convex: float = 0.5


@dataclass(frozen=True)
class Bodice:
    """Cloth around trunk and arms.

    Parameters
    ----------
    rows : (R, COLUMNS, 3) array
        From hem to neck; column 0 in front, then to the figure's left. The last `YOKE` + 1 rows
        reach from under the armholes to the neck. Inside the armholes the points have no meaning.
    sleeves : two (S, LOOP, 3) arrays
        Left and right, from armhole (rings 0 lie on `rows`) to cuff.
    """

    rows: Array
    sleeves: tuple[Array, Array]

    @property
    def yoke(self) -> int:
        """Row where the yoke begins."""
        return len(self.rows) - 1 - YOKE

    def at(self, row: Array, angle: Array) -> Array:
        """Points of the trunk at fractional rows and at angles, same shapes; linear between."""
        r = np.clip(row, 0, len(self.rows) - 1 - 1e-9)
        c = np.mod(angle, 2 * np.pi) / (2 * np.pi) * COLUMNS
        r0, c0 = r.astype(int), np.floor(c).astype(int)
        fr, fc = (r - r0)[..., None], (c - c0)[..., None]
        c0, c1 = c0 % COLUMNS, (c0 + 1) % COLUMNS
        low = self.rows[r0, c0] * (1 - fc) + self.rows[r0, c1] * fc
        high = self.rows[r0 + 1, c0] * (1 - fc) + self.rows[r0 + 1, c1] * fc
        return low * (1 - fr) + high * fr


def hole_loop(start: int, side: str) -> tuple[Ids, Ids]:
    """Rows and columns of the armhole's edge: from below by `column` growing, up and back."""
    middle = SIDE_COLUMNS[side]
    low, high = start + 1, start + 1 + HOLE
    first, last = middle - HOLE // 2, middle + HOLE // 2
    half, whole = np.arange(HOLE // 2), np.arange(HOLE)
    rows = [np.full(HOLE // 2, low), low + whole, np.full(HOLE, high), high - whole]
    columns = [middle + half, np.full(HOLE, last), last - whole, np.full(HOLE, first)]
    rows.append(np.full(HOLE // 2, low))
    columns.append(first + half)
    return np.concatenate(rows), np.concatenate(columns)


def hole_quads() -> NDArray[np.bool_]:
    """(R', COLUMNS) bool over the yoke's quads: those that an armhole leaves out."""
    out = np.zeros((YOKE, COLUMNS), dtype=bool)
    for middle in SIDE_COLUMNS.values():
        out[1 : 1 + HOLE, middle - HOLE // 2 : middle + HOLE // 2] = True
    return out


def build_bodice(form: Form, cut: Cut) -> Bodice:
    """Cloth for trunk and arms of a figure."""
    skin = form.figure.part == 0
    trunk = body_surface(form, skin & (form.hand < 0.5) & (form.share("head") < 0.5))
    trunk = _spanned(form, trunk)
    lower = _lower(form, cut)
    start = len(lower) - 1
    rows = np.concatenate([lower, np.zeros((YOKE, COLUMNS, 3))])
    fixed = np.zeros(rows.shape[:2], dtype=bool)
    fixed[: start + 1 - _BLEND] = True
    rows[-1], fixed[-1] = neck_ring(form, cut.neck), True
    for side in SIDES:
        at = hole_loop(start, side)
        rows[at], fixed[at] = armhole(form, cut, side), True
    rows = _yoke(rows, fixed, trunk, cut, start)
    left, right = (build_sleeve(form, cut, side, rows[hole_loop(start, side)]) for side in SIDES)
    return Bodice(rows, (left, right))


def _spanned(form: Form, trunk: Surface) -> Surface:
    """The trunk with its hollows below the armpits bridged, as cloth bridges them."""
    pit = float(form.armpits[0][2])
    heights = np.linspace(pit - 0.14 * form.scale, pit - 0.025 * form.scale, 14)
    rings = gaussian_filter1d(form.outline(heights, ANGLES), 1.0, axis=1, mode="wrap")
    points = rings.reshape(-1, 3)
    ids = np.arange(len(points)).reshape(rings.shape[:2])
    normals = quad_normals(points, grid_faces(ids, closed=True))
    return Surface(np.concatenate([trunk.points, points]), np.concatenate([trunk.normals, normals]))


def _lower(form: Form, cut: Cut) -> Array:
    outline = form.outline(cut.heights, ANGLES)
    centre = np.zeros((len(cut.heights), 1, 3))
    centre[:, 0, 1] = outline[:, :, 1].mean(axis=1)
    centre[:, 0, 2] = cut.heights
    spokes = outline - centre
    reach = np.linalg.norm(spokes, axis=2)
    reach = gaussian_filter1d(reach, 1.5, axis=1, mode="wrap")
    straight = hung(cut.heights, reach)
    reach = np.maximum(reach, (1 - cut.convex) * reach + cut.convex * straight)
    reach = np.maximum(reach, gaussian_filter1d(reach, 2.0, axis=0, mode="nearest"))
    y = gaussian_filter1d(centre[:, 0, 1], 3.0, mode="nearest")
    reach = reach + np.abs(y - centre[:, 0, 1])[:, None]
    centre[:, 0, 1] = y
    return centre + unit(spokes) * (reach + cut.ease[:, None])[..., None]


def hung(heights: Array, reach: Array) -> Array:
    """Upper concave envelope of the outline's reach over height, column by column."""
    out = np.empty_like(reach)
    for column in range(reach.shape[1]):
        points = np.stack([heights, reach[:, column]], axis=1)
        floor = np.array([[heights[0], -1.0], [heights[-1], -1.0]])
        hull = ConvexHull(np.concatenate([points, floor]))
        top = np.unique(hull.vertices[hull.vertices < len(points)])
        out[:, column] = np.interp(heights, points[top, 0], points[top, 1])
    return out


def above_neck(form: Form, points: Array) -> Array:
    """How far points (P, 3) lie above the plane of the neck's root, metres."""
    height: Array = (points - form.head("neck")) @ _NECK_PLANE[2]
    return height


def neck_ring(form: Form, room: float, rise: float = 0.0) -> Array:
    """(COLUMNS, 3): around the root of the neck, higher at the back."""
    across, back, axis = _NECK_PLANE
    origin = form.head("neck") + axis * rise
    among = (form.figure.part == 0) & (form.share("neck", "chest") > 0.5)
    points = form.section(origin, across, back, among).reshape(-1, 2)
    points = points[np.linalg.norm(points, axis=1) < 0.11 * form.scale]
    centre = 0.5 * (points.min(axis=0) + points.max(axis=0))
    rays = np.stack([np.sin(ANGLES), -np.cos(ANGLES)], axis=1)
    reach = hull_reach(points, centre, rays)
    reach = gaussian_filter1d(reach, 3.0, mode="wrap") + room
    flat = centre + rays * reach[:, None]
    return origin + flat[:, :1] * across + flat[:, 1:] * back


def armhole(form: Form, cut: Cut, side: str) -> Array:
    """(LOOP, 3): around the shoulder, from below: the left one by the back, the right by front."""
    sign = 1.0 if side == "L" else -1.0
    joint = form.head(f"upper_arm.{side}")
    pit = form.armpits[SIDES.index(side)] * np.array([1.0, 0.0, 1.0])
    pit += np.array([-sign * 0.002, joint[1], -0.018 * form.scale])
    top = joint + np.array([sign * cut.shoulder, 0.0, 0.06 * form.scale])
    down, lateral = unit(pit - top), np.array([0.0, sign, 0.0])
    centre = joint + down * (down @ (0.5 * (pit + top) - joint))
    centre[0] = (0.5 * (pit + top))[0]
    among = (form.figure.part == 0) & (form.hand < 0.5)
    segments = form.section(centre, lateral, down, among)
    angles = 2 * np.pi * np.arange(96) / 96
    reach = _first_hit(segments, np.stack([np.sin(angles), np.cos(angles)], axis=1))
    below = np.linalg.norm(pit - centre) / np.maximum(np.cos(angles), 0.2)
    reach = np.where(np.cos(angles) > 0.3, np.minimum(reach, below), reach)
    reach = np.minimum(reach, 0.13 * form.scale)
    room = cut.chest * 0.7 + cut.pad * smoothstep(-np.cos(angles), 0.2, 0.9)
    reach = gaussian_filter1d(reach, 4.0, mode="wrap") + room
    points = centre + reach[:, None] * (
        np.sin(angles)[:, None] * lateral + np.cos(angles)[:, None] * down
    )
    return evenly(points, LOOP)


def evenly(points: Array, count: int) -> Array:
    """A closed curve (P, 3) at `count` equal steps of its length, from its first point."""
    ring = np.concatenate([points, points[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    steps = np.arange(count) / count * length[-1]
    return np.stack([np.interp(steps, length, ring[:, i]) for i in range(3)], axis=1)


def _first_hit(segments: Array, rays: Array) -> Array:
    """How far rays (A, 2) from the origin run to the first of segments (S, 2, 2)."""
    a, d = segments[:, 0], segments[:, 1] - segments[:, 0]
    cross = rays[:, :1] * d[:, 1] - rays[:, 1:] * d[:, 0]
    cross = np.where(np.abs(cross) < 1e-12, 1e-12, cross)
    t = (a[:, 0] * d[:, 1] - a[:, 1] * d[:, 0]) / cross
    s = (a[:, 0] * rays[:, 1:] - a[:, 1] * rays[:, :1]) / cross
    hit = (t > 0) & (s >= 0) & (s <= 1)
    reach = np.where(hit, t, np.inf).min(axis=1)
    return np.where(np.isfinite(reach), reach, 1.0)


def _yoke(rows: Array, fixed: NDArray[np.bool_], trunk: Surface, cut: Cut, start: int) -> Array:
    first = start - _BLEND
    upper = rows[first:]
    open_quads = np.concatenate([np.zeros((_BLEND, COLUMNS), dtype=bool), hole_quads()])
    ids = np.arange(upper.shape[0] * COLUMNS).reshape(-1, COLUMNS)
    faces = grid_faces(ids, closed=True)[~open_quads.ravel()]
    used = np.zeros(ids.size, dtype=bool)
    used[faces] = True
    number = np.cumsum(used) - 1
    faces, held = number[faces], fixed[first:].ravel()[used]
    film = filled(upper.reshape(-1, 3)[used], faces, held)
    level = np.repeat(np.arange(len(upper)) - _BLEND, COLUMNS)[used]
    ease = cut.chest + (cut.pad - cut.chest) * smoothstep(level, HOLE, HOLE + 2)
    ease = ease + (cut.neck - ease) * smoothstep(level, YOKE - 2, YOKE)
    film = relaxed(film, faces, held, trunk, ease, 60)
    film = smoothed(film, faces, held, 6)
    out = upper.reshape(-1, 3).copy()
    out[used] = film
    return np.concatenate([rows[:first], out.reshape(upper.shape)])


def limb_centres(form: Form, bones: tuple[str, ...], count: int, bend: float) -> Array:
    """(count, 3): along bones, from the first one's head to the last one's tail, bends rounded.

    `bend` is how far the rounding reaches, metres.
    """
    points = [form.head(b) for b in bones]
    points.append(form.figure.tails[form.figure.bone(bones[-1])])
    line = np.array(points)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    dense = np.linspace(0, length[-1], 400)
    path = np.stack([np.interp(dense, length, line[:, i]) for i in range(3)], axis=1)
    sigma = bend / (length[-1] / 400)
    ends = path[:1], path[-1:]
    soft = gaussian_filter1d(path, sigma, axis=0, mode="nearest")
    near = np.minimum(np.arange(400), np.arange(400)[::-1]) / max(3 * sigma, 1.0)
    path = path + (soft - path) * smoothstep(near)[:, None]
    path[0], path[-1] = ends[0][0], ends[1][0]
    return path[np.linspace(0, 399, count).round().astype(int)]


def transported(tangents: Array, first: Array) -> Array:
    """A direction (N, 3) across a curve carried along it without twist."""
    out = np.empty_like(tangents)
    out[0] = unit(first - tangents[0] * (first @ tangents[0]))
    for i in range(1, len(tangents)):
        out[i] = unit(out[i - 1] - tangents[i] * (out[i - 1] @ tangents[i]))
    return out


def build_sleeve(form: Form, cut: Cut, side: str, loop: Array) -> Array:
    """(S, LOOP, 3): a sleeve from its armhole to the cuff."""
    sign = 1.0 if side == "L" else -1.0
    count = cut.sleeve_rings
    path = limb_centres(form, (f"upper_arm.{side}", f"forearm.{side}"), 120, 0.03 * form.scale)
    elbow = 1.0 - np.linalg.norm(form.head(f"hand.{side}") - form.head(f"forearm.{side}")) / (
        np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    )
    end = elbow + (1 - elbow) * cut.sleeve_end
    start = loop.mean(axis=0)
    share = np.linspace(0.0, end, count)
    index = share * 119
    centres = np.stack([np.interp(index, np.arange(120), path[:, i]) for i in range(3)], axis=1)
    tangents = unit(np.gradient(centres, axis=0))
    middles = _limb_middles(form, centres, tangents, form.arm > 0.5)
    onto = smoothstep(share, 0.0, 0.22)[:, None]
    middles = (1 - onto) * (start + (centres - centres[0])) + onto * middles
    plane = unit(np.cross(loop[LOOP // 4] - start, loop[0] - start))
    plane *= np.sign(plane @ tangents[0])
    turned = unit((1 - onto) * plane + onto * tangents)
    down = transported(turned, loop[0] - start)
    lateral = np.cross(turned, down) * -sign
    lateral *= np.sign(lateral[0] @ (loop[LOOP // 4] - start))
    angles = 2 * np.pi * np.arange(LOOP) / LOOP
    spokes = np.cos(angles)[:, None] * down[:, None] + np.sin(angles)[:, None] * lateral[:, None]
    reach = _sleeve_reach(form, middles, spokes, share)
    reach = reach + np.interp(share / end, [0.0, elbow / end, 1.0], cut.sleeve)[:, None]
    tubes = middles[:, None] + reach[..., None] * spokes
    carried = loop + (middles - middles[0])[:, None]
    blend = smoothstep(share, 0.0, _HEAD)[:, None, None]
    rings = (1 - blend) * carried + blend * tubes
    rings[0] = loop
    return _fitted(form, rings)


def _sleeve_reach(form: Form, middles: Array, spokes: Array, share: Array) -> Array:
    """(S, LOOP): from the middles of an arm to cloth drawn about it, a sleeve's straight lines."""
    arm = form.arm > 0.5
    reach = np.full(spokes.shape[:2], np.nan)
    quarter = LOOP // 4
    for i, (middle, rays) in enumerate(zip(middles, spokes, strict=True)):
        down, lateral = rays[0], rays[quarter]
        points = form.section(middle, lateral, down, arm).reshape(-1, 2)
        points = points[np.linalg.norm(points, axis=1) < 0.1 * form.scale]
        if len(points) > 8:
            flat = np.stack([rays @ lateral, rays @ down], axis=1)
            reach[i] = hull_reach(points, np.zeros(2), flat)
    known = np.isfinite(reach).all(axis=1) & (share > _HEAD)
    steps = np.arange(len(reach))
    for column in range(LOOP):
        reach[:, column] = np.interp(steps, steps[known], reach[known, column])
    reach = gaussian_filter1d(reach, 1.2, axis=1, mode="wrap")
    straight = hung(share[known], reach[known])
    reach[known] += _STRAIGHT * (straight - reach[known])
    return gaussian_filter1d(reach, 1.2, axis=0, mode="nearest")


def _limb_middles(form: Form, centres: Array, tangents: Array, among: NDArray[np.bool_]) -> Array:
    """Middles (N, 3) of a limb's sections."""
    middles = centres.copy()
    for i, (centre, tangent) in enumerate(zip(centres, tangents, strict=True)):
        across = unit(np.cross(tangent, np.array([0.0, 1.0, 0.3])))
        up = np.cross(tangent, across)
        points = form.section(centre, across, up, among).reshape(-1, 2)
        points = points[np.linalg.norm(points, axis=1) < 0.13 * form.scale]
        if len(points) < 6:
            continue
        middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
        middles[i] = centre + middle[0] * across + middle[1] * up
    return gaussian_filter1d(middles, 2.0, axis=0, mode="nearest")


def _fitted(form: Form, rings: Array) -> Array:
    """The sleeve with its first rings smooth and none of it in the arm."""
    ids = np.arange(rings.shape[0] * LOOP).reshape(-1, LOOP)
    faces = grid_faces(ids, closed=True)
    arm = body_surface(form, (form.figure.part == 0) & (form.arm > 0.3))
    fixed = np.zeros(ids.size, dtype=bool)
    fixed[:LOOP] = True
    flat = rings.reshape(-1, 3)
    flat = smoothed(flat, faces, fixed, 4)
    held = fixed.copy()
    held[LOOP * (len(rings) // 3) :] = True
    flat = relaxed(flat, faces, held, arm, 0.008, 12)
    flat = np.where(fixed[:, None], flat, arm.push_out(flat, 0.006))
    return smoothed(flat, faces, fixed, 3).reshape(rings.shape)
