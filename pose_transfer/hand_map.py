"""The surface of the body's hands, texel by texel: where nails, lines, knuckles and veins lie.

Everything is painted in the hand's own frame at rest: a left hand's fingers along +x, its thumb
towards −y, its back towards +z, metres from the wrist; a right hand is its mirror image.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import make_interp_spline
from scipy.spatial import cKDTree

from retarget import rotation
from retarget.body.model import FINGERS, INDEX, Body, alignment, load_body
from retarget.rotation import Array

from .deform import vertex_normals

# How much darker skin is where its own hand hides the whole sky.
_FOLDS: Final = 0.55
# Texels per unit of the body's texture coordinates: about 1.6 to a millimetre of skin.
_DENSITY: Final = 2300.0
_EDGE: Final = 3
_STRAY: Final = 0.2
_SUBPIXEL_BITS: Final = 4
# Template vertices in the middle of the left hand's nails, of the right hand their mirror images.
_NAILS: Final = {"thumb": 9412, "index": 9460, "middle": 9499, "ring": 9538, "pinky": 9290}
# Middle of each nail as a share of the last phalanx, half its length and half its breadth, metres.
_PLATES: Final = {
    "thumb": (0.69, 0.0066, 0.0062),
    "index": (0.68, 0.0064, 0.0053),
    "middle": (0.64, 0.0058, 0.0051),
    "ring": (0.69, 0.0060, 0.0051),
    "pinky": (0.73, 0.0044, 0.0041),
}
# From a finger's first joint to the crease at its root.
_ROOT_M: Final = 0.010
# Lines of the palm and veins of the back, x and y in millimetres.
_PALM_LINES: Final = (
    (((76, 46), (80, 34), (86, 20), (92, 4), (99, -10)), 0.8),
    (((82, -36), (76, -26), (70, -10), (62, 10), (55, 30)), 0.8),
    (((82, -36), (74, -24), (58, -11), (38, -3), (20, -1), (6, -6)), 1.0),
    (((88, -2), (66, 6), (40, 8)), 0.35),
    (((-1, -26), (1, 0), (-1, 26)), 0.7),
    (((-8, -26), (-6, 0), (-8, 26)), 0.4),
)
_VEINS: Final = (
    ((94, 12), (78, 12), (62, 5), (44, 7), (18, 12), (-12, 8)),
    ((84, 31), (68, 24), (54, 16), (44, 7)),
    ((92, -13), (74, -11), (58, -16), (36, -14), (10, -16), (-14, -18)),
    ((62, 5), (60, -6), (58, -16)),
)
# Steps between two places of a line, and how far off it nothing is drawn any more, millimetres.
_LINE_STEPS, _FAR_MM = 60, 14.0
_TENDONS: Final = {"index": -4.0, "middle": 0.0, "ring": 4.0, "pinky": 9.0}


@dataclass(frozen=True)
class HandMap:
    """What the N texels on a hand show.

    Parameters
    ----------
    uv : (F, 3, 2) array
        Corners of the hand's faces in texels.
    inside : (h, w) bool array
        The N texels: those on a face, and a few around them.
    face, shares : (N,) int array, (N, 3) array
        The face that each texel lies on or nearest to, and the shares of its corners.
    palm, nail, rim, redness, vein : (N,) arrays in [0, 1]
        Skin of the palm; nail plates; their free edges; where blood shows; veins of the back.
    shade : (N,) array
        What creases, folds, tendons and neighbouring fingers leave of the light; 1 on flat skin.
    """

    uv: Array
    inside: NDArray[np.bool_]
    face: NDArray[np.int64]
    shares: Array
    palm: Array
    nail: Array
    rim: Array
    redness: Array
    vein: Array
    shade: Array

    def spread(self, values: Array, faces: NDArray) -> Array:
        """Values (V, …) of vertices on every texel; `faces` as the map was made for."""
        corners = values[faces[self.face]]
        return np.einsum("nk,nk...->n...", self.shares, corners)


def hand_map(body: Body, faces: NDArray, corners: Array, side: str) -> HandMap:
    """Map of a hand.

    Parameters
    ----------
    body : Body
        At its mean shape.
    faces : (F, 3) int array
        The hand's faces, of the body's vertices.
    corners : (F, 3, 2) array
        Their texture coordinates in the body's layout.
    side : str
        "L" or "R".
    """
    uv, size = _texels(faces, corners)
    inside, face, shares = _rasterised(uv, size)
    places, normals = in_hand_frame(body, side)
    used = np.unique(faces)
    open_sky = np.ones(len(places))
    open_sky[used] = _open_sky(places, normals, body.faces, used)
    out = HandMap(uv, inside, face, shares, *(np.zeros(len(face)),) * 6)
    q = out.spread(places, faces)
    n = rotation.normalize(out.spread(normals, faces))
    draft = _Draft(q, n)
    draft.palm_and_back()
    for finger in FINGERS:
        member = sum(body.weights[:, INDEX[f"{finger}.{i:02d}.{side}"]] for i in (1, 2, 3))
        draft.finger(finger, out.spread(np.asarray(member), faces))
    shade = np.clip(draft.shade * out.spread(open_sky, faces), 0.3, 1.15)
    nail, rim = np.clip(draft.nail, 0.0, 1.0), np.clip(draft.rim, 0.0, 1.0)
    red, vein = np.clip(draft.redness, 0.0, 1.0), np.clip(draft.vein, 0.0, 1.0)
    return HandMap(uv, inside, face, shares, draft.palm, nail, rim, red, vein, shade)


def _texels(faces: NDArray, corners: Array) -> tuple[Array, tuple[int, int]]:
    """Corners in texels, y down, and the height and width of the picture."""
    # A face that the layout has elsewhere takes the colour of a vertex that it shares with others.
    middle = corners.mean(axis=1)
    stray = np.linalg.norm(middle - np.median(middle, axis=0), axis=1) > _STRAY
    whole = corners.copy()
    home = dict(zip(faces[~stray].ravel().tolist(), corners[~stray].reshape(-1, 2), strict=True))
    for row in np.flatnonzero(stray):
        known = [home[vertex] for vertex in faces[row].tolist() if vertex in home]
        whole[row] = known[0] if known else corners[~stray].reshape(-1, 2)[0]
    low, high = whole.min(axis=(0, 1)), whole.max(axis=(0, 1))
    uv = np.stack([whole[..., 0] - low[0], high[1] - whole[..., 1]], axis=-1) * _DENSITY + _EDGE
    width, height = np.ceil((high - low) * _DENSITY).astype(int) + 2 * _EDGE + 1
    return uv, (int(height), int(width))


def _rasterised(
    uv: Array, size: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], Array]:
    """Texels on a face or near to one (h, w), their faces (N,) and the corners' shares (N, 3)."""
    drawn = np.zeros(size, np.int32)
    for i, corners in enumerate(np.round(uv * 2**_SUBPIXEL_BITS).astype(np.int32), start=1):
        cv2.fillConvexPoly(drawn, corners, (i,), cv2.LINE_8, _SUBPIXEL_BITS)
    away, (rows, columns) = ndimage.distance_transform_edt(drawn == 0, return_indices=True)
    inside = np.asarray(away <= _EDGE)
    rows, columns = rows[inside], columns[inside]
    face = (drawn[rows, columns] - 1).astype(np.int64)
    a, b, c = (uv[face, k] for k in range(3))
    p = np.stack([columns, rows], axis=-1).astype(np.float64)
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    second, third = _cross(p - a, c - a) / area, _cross(b - a, p - a) / area
    shares = np.clip(np.stack([1.0 - second - third, second, third], axis=-1), 0.0, 1.0)
    return inside, face, shares / shares.sum(axis=-1, keepdims=True)


def _cross(a: Array, b: Array) -> Array:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def in_hand_frame(body: Body, side: str) -> tuple[Array, Array]:
    """Places and normals (V, 3) of the mean body in the frame of a left hand."""
    shape = body.shape(np.zeros(body.components))
    hand = INDEX[f"hand.{side}"]
    axes = rotation.to_matrix(alignment(shape)[hand])
    mirror = np.array([1.0 if side == "L" else -1.0, 1.0, 1.0])
    places = (shape.vertices - shape.heads[hand]) @ axes * mirror
    return places, vertex_normals(shape.vertices, body.faces) @ axes * mirror


def _open_sky(places: Array, normals: Array, faces: NDArray, used: NDArray) -> Array:
    """Share of the sky over each used vertex that its own hand leaves free, (N,).

    Discs in place of vertices (Bunnell, Dynamic ambient occlusion, GPU Gems 2, 2005).
    """
    a, b, c = (places[faces[:, k]] for k in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6.0
    area = sum(np.bincount(faces[:, k], third, len(places)) for k in range(3))
    p, n, discs = places[used], normals[used], np.asarray(area)[used]
    # Of every pair of discs: the square of their distance, how high the second lies over the first,
    # and the first over the second.
    length, height = (p * p).sum(axis=1), (p * n).sum(axis=1)
    square = np.maximum(length[:, None] + length - 2.0 * p @ p.T, 0.0) + 1e-8
    hidden = np.maximum(n @ p.T - height[:, None], 0.0)
    hidden *= np.maximum(p @ n.T - height, 0.0)
    hidden /= square
    hidden /= np.pi * square + discs
    return 1.0 - _FOLDS * np.minimum(hidden @ discs, 0.8)


@cache
def _skeleton() -> dict[str, tuple[Array, Array]]:
    """Joints (4, 3) of each finger of the left hand, its tip last, and its nail's normal (3,)."""
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    axes = rotation.to_matrix(alignment(shape)[INDEX["hand.L"]])
    wrist = shape.heads[INDEX["hand.L"]]
    normals = vertex_normals(shape.vertices, body.faces)
    out = {}
    for finger in FINGERS:
        bones = [INDEX[f"{finger}.{i:02d}.L"] for i in (1, 2, 3)]
        joints = np.concatenate([shape.heads[bones], shape.tails[bones[-1:]]])
        out[finger] = ((joints - wrist) @ axes, normals[_NAILS[finger]] @ axes)
    return out


class _Draft:
    """Drawing on texels at places `q` with normals `n`, (N, 3) each."""

    _LAYERS: Final = ("palm", "shade", "redness", "vein", "nail", "rim")

    def __init__(self, q: Array, n: Array) -> None:
        self.q, self.n = q, n
        self.shade = np.ones(len(q))
        self.redness, self.vein, self.nail, self.rim = (np.zeros(len(q)) for _ in range(4))
        self.palm = _step(-n[..., 2], -0.15, 0.45)

    @contextmanager
    def _where(self, share: Array) -> Iterator[tuple["_Draft", Array]]:
        """A draft of the texels whose `share` (N,) is not 0, and their shares.

        What is drawn on it is on this one afterwards.
        """
        on = np.flatnonzero(share)
        some = _Draft(self.q[on], self.n[on])
        for layer in self._LAYERS:
            setattr(some, layer, getattr(self, layer)[on])
        yield some, share[on]
        for layer in self._LAYERS:
            getattr(self, layer)[on] = getattr(some, layer)

    def palm_and_back(self) -> None:
        with self._where(self.palm * _step(-self.n[..., 2], 0.2, 0.6)) as (some, flat):
            some._palm_lines(flat)
        back = _step(self.n[..., 2], 0.2, 0.7) * _step(self.q[..., 0] * 1e3, -25.0, 5.0)
        with self._where(back) as (some, back):
            some._veins(back)
            some._tendons(back)
        # Balls of the thumb and of the little finger, and the pads under the fingers, are redder.
        for place, reach in (((38, -26), 18), ((38, 34), 18), ((94, -20), 11), ((92, 14), 18)):
            away = np.linalg.norm(self.q[..., :2] * 1e3 - np.array(place, float), axis=-1)
            self.redness += 0.40 * self.palm * _bell(away, float(reach))

    def _palm_lines(self, flat: Array) -> None:
        q = self.q[..., :2] * 1e3
        for line, strength in _PALM_LINES:
            away = _from_line(q, np.array(line, float))
            self.shade -= strength * flat * (0.16 * _bell(away, 0.75) + 0.06 * _bell(away, 2.2))
            self.redness += 0.25 * strength * flat * _bell(away, 1.5)

    def _veins(self, back: Array) -> None:
        q = self.q[..., :2] * 1e3
        for vein in _VEINS:
            away = _from_line(q, np.array(vein, float))
            self.vein = np.maximum(self.vein, back * _bell(away, 1.8))
            self.shade += 0.02 * back * (_bell(away - 0.5, 1.2) - _bell(away - 3.0, 1.5))

    def _tendons(self, back: Array) -> None:
        """Tendons, and the knuckles they run to."""
        q = self.q * 1e3
        for finger, aside in _TENDONS.items():
            knuckle = _skeleton()[finger][0][0] * 1e3
            tendon = np.array([[12.0, aside], knuckle[:2]])
            away = _from_line(q[..., :2], tendon)
            run = back * _step(q[..., 0], 15.0, 45.0) * (1.0 - _step(q[..., 0] - knuckle[0], -4, 8))
            self.shade += run * (0.045 * _bell(away, 2.2) - 0.05 * _bell(away - 5.0, 2.4))
            near = np.linalg.norm(q - knuckle - [2.0, 0.0, 9.0], axis=-1)
            self.redness += 0.45 * back * _bell(near, 9.0)
            self.shade += 0.04 * back * _bell(near, 6.0)
            step = q[..., 0] - knuckle[0] - 2.0
            around = 0.05 * back * _bell(near, 8.0)
            for offset in (-4.0, -1.3, 1.5, 4.2):
                bowed = step - offset + 0.02 * (q[..., 1] - knuckle[1]) ** 2
                self.shade -= around * _bell(bowed, 0.55)

    def finger(self, finger: str, member: Array) -> None:
        """One finger, which has a share `member` (N,) of each texel."""
        with self._where(_step(member, 0.35, 0.65)) as (some, own):
            some._finger(finger, own)

    def _finger(self, finger: str, own: Array) -> None:
        joints, nail = _skeleton()[finger]
        lengths = np.concatenate(
            [[0.0], np.cumsum(np.linalg.norm(np.diff(joints, axis=0), axis=1))]
        )
        s, axis, foot = _along(self.q, joints, lengths)
        out = self.q - foot
        up = rotation.normalize(nail - axis * (axis @ nail)[..., None])
        side = np.cross(axis, up)
        out_up, out_side = (out * up).sum(-1), (out * side).sum(-1)
        angle = np.abs(np.arctan2(out_side, out_up))
        back, front = own * (1.0 - _step(angle, 0.9, 1.5)), own * _step(angle, 1.5, 2.1)
        self.palm = self.palm * (1.0 - own) + own * _step(angle, 1.25, 1.9)
        s, lengths = s * 1e3, lengths * 1e3
        bow = 0.9 * angle**2
        knuckles = ((1, 1.0, (-4.2, -2.6, -0.9, 0.8, 2.5, 4.0)), (2, 0.7, (-1.9, -0.4, 1.2)))
        for joint, strength, offsets in knuckles:
            step = s - lengths[joint]
            for k, offset in enumerate(offsets):
                line = step - offset + np.sign(-offset) * bow
                self.shade -= (0.06 + 0.04 * (k % 2)) * strength * back * _bell(line, 0.55)
            self.shade += 0.03 * back * strength * _bell(step, 4.0)
            self.redness += 0.45 * strength * back * _bell(step, 5.0)
        creases = [(lengths[1] - 0.9, 1.0), (lengths[1] + 1.0, 0.8), (lengths[2], 1.0)]
        if finger != "thumb":
            creases.append((1e3 * _ROOT_M, 1.0))
        for at, strength in creases:
            wavy = s - at + 0.5 * np.sin(4.0 * angle)
            self.shade -= strength * front * (0.16 * _bell(wavy, 0.6) + 0.06 * _bell(wavy, 1.8))
        pad = front * _step(s, lengths[2] + 3.0, lengths[2] + 10.0)
        self.redness += own * (0.55 * pad + 0.35 * _step(s, lengths[3] - 7.0, lengths[3]))
        self._nail(finger, joints, nail, own)

    def _nail(self, finger: str, joints: Array, normal: Array, own: Array) -> None:
        share, half, wide = _PLATES[finger]
        way = joints[3] - joints[2]
        axis = rotation.normalize(way)
        up = rotation.normalize(normal - axis * (axis @ normal))
        centre = joints[2] + share * way
        q = self.q - centre
        u, v = q @ axis / half, q @ np.cross(axis, up) / wide
        seen = own * _step(self.n @ up, 0.05, 0.3) * _step(q @ up, 0.0, 0.002)
        # Square towards the tip, round towards the hand.
        power = np.where(u > 0.0, 4.0, 2.4)
        radius = (np.abs(u) ** power + np.abs(v) ** power) ** (1.0 / power)
        plate = seen * (1.0 - _step(radius, 0.92, 1.04))
        self.nail = np.maximum(self.nail, plate)
        edge = 0.74 + 0.10 * (1.0 - v**2)
        self.rim = np.maximum(self.rim, plate * _step(u, edge - 0.05, edge + 0.05))
        moon = _bell(np.hypot((u + 0.98) / 0.32, v / 0.55), 1.0)
        self.rim = np.maximum(self.rim, 0.30 * plate * moon)
        groove = seen * _bell(radius - 1.03, 0.09) * (1.0 - 0.6 * _step(u, 0.4, 0.8))
        self.shade -= 0.26 * groove
        self.redness = self.redness * (1.0 - plate) + 0.35 * groove
        gloss = _bell(v + 0.30, 0.22) * _bell(u + 0.05, 0.6)
        self.shade += plate * (0.12 * gloss - 0.08 * v**2)


def _along(q: Array, joints: Array, lengths: Array) -> tuple[Array, Array, Array]:
    """Way along a finger's joints nearest to places, its direction there, and the foot on it."""
    best = np.full(len(q), np.inf)
    s, axis, foot = np.zeros(len(q)), np.zeros(q.shape), np.zeros(q.shape)
    for i in range(3):
        way = joints[i + 1] - joints[i]
        length = float(np.linalg.norm(way))
        t = (q - joints[i]) @ way / length
        at = np.clip(t, -0.02 if i == 0 else 0.0, length + (0.01 if i == 2 else 0.0))
        here = joints[i] + at[..., None] * way / length
        away = np.linalg.norm(q - here, axis=-1)
        nearer = away < best
        best = np.where(nearer, away, best)
        s = np.where(nearer, lengths[i] + at, s)
        axis = np.where(nearer[..., None], way / length, axis)
        foot = np.where(nearer[..., None], here, foot)
    return s, axis, foot


def _from_line(points: Array, line: Array) -> Array:
    """Distance (N,) of points (N, 2) from a smooth line through places (K, 2), millimetres."""
    t = np.arange(len(line))
    fine = np.linspace(0.0, len(line) - 1.0, _LINE_STEPS * (len(line) - 1) + 1)
    curve = make_interp_spline(t, line, k=min(3, len(line) - 1))(fine)
    away, _ = cKDTree(curve).query(points, distance_upper_bound=_FAR_MM)
    return np.minimum(np.asarray(away), _FAR_MM)


def _bell(x: Array, width: float) -> Array:
    return np.exp(-((x / width) ** 2))


def _step(x: Array, low: float | Array, high: float | Array) -> Array:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
