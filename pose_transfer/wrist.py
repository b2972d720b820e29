"""A straight cut between arm and hand, across the faces of the body's mesh."""

from dataclasses import replace
from typing import Final

import numpy as np

from retarget.body.model import FINGERS, INDEX, Body
from retarget.rotation import Array, normalize

from .hand_map import in_hand_frame
from .pieces import Piece

# So far beyond the wrist a hand goes on inside a sleeve, metres, and so much thinner it is there.
_INSIDE_M, _THINNER = 0.012, 0.12
# Over this way past the wrist it swells to its own thickness.
_SWELLS_M: Final = 0.028
# What a wrist fills of a narrow sleeve.
_IN_SLEEVE: Final = 0.9
# The hand has the form of the naked body from here on, metres from the wrist.
_BLEND_M: Final = 0.04


def past_wrist(body: Body, side: str) -> Array:
    """How far each vertex lies beyond the wrist towards the fingers, (V,), metres at rest."""
    places, _ = in_hand_frame(body, side)
    bones = [INDEX[f"{stem}.{side}"] for stem in ("forearm", "hand")]
    bones += [INDEX[f"{finger}.{i:02d}.{side}"] for finger in FINGERS for i in (1, 2, 3)]
    return np.where(body.weights[:, bones].sum(axis=1) > 0.5, places[:, 0], -1.0)


def hand_vertices(
    naked: Array,
    clothed: Array,
    past: Array,
    wrist: Array,
    elbow: Array,
    *,
    sleeve: bool,
) -> tuple[Array, float]:
    """Vertices (V, 3) of a hand, and where it begins, metres past the wrist.

    A hand keeps the form of the naked body, whatever the outline of sleeves. It goes on inside a
    sleeve; a bare arm goes over into it.

    Parameters
    ----------
    naked, clothed : (V, 3) arrays
        The fitted body, and the same with the photo's outline.
    past : (V,) array
        From `past_wrist`.
    wrist, elbow : (3,) arrays
        Ends of the forearm.
    sleeve : bool
        Whether cloth covers the wrist.
    """
    if not sleeve:
        share = np.clip(past / _BLEND_M, 0.0, 1.0)[:, None]
        return clothed + share * share * (3.0 - 2.0 * share) * (naked - clothed), 0.0
    axis = normalize(wrist - elbow)
    across, cloth = (_across(points - wrist, axis) for points in (naked, clothed))
    ring = np.abs(past) < _SWELLS_M
    wide = np.linalg.norm(cloth[ring], axis=1) / np.maximum(
        np.linalg.norm(across[ring], axis=1), 1e-6
    )
    share = np.clip(1.0 - past / _SWELLS_M, 0.0, 1.0)[:, None]
    if float(np.median(wide)) > 1.0 / _IN_SLEEVE:
        return naked - _THINNER * share * across, -_INSIDE_M
    # The sleeve is as narrow as the wrist, and perhaps not in its middle: the hand goes there.
    off = _across(clothed - clothed[ring].mean(axis=0), axis)
    return naked + share * (clothed - (1.0 - _IN_SLEEVE) * off - naked), -_INSIDE_M


def _across(vectors: Array, axis: Array) -> Array:
    return vectors - axis * (vectors @ axis)[:, None]


def clipped(piece: Piece, value: Array) -> Piece:
    """The part of a piece where `value` (V,) is not negative; faces across its border are cut."""
    keep = value >= 0.0
    corners = keep[piece.faces]
    count = corners.sum(axis=1)
    cut: dict[tuple[int, int], int] = {}
    ends: list[tuple[int, int, float]] = []
    faces, uvs = [piece.faces[count == 3]], [piece.uv[count == 3]]
    for row in np.flatnonzero((count > 0) & (count < 3)):
        ring, places = _cut_face(piece, row, value, cut, ends)
        for k in range(1, len(ring) - 1):
            faces.append(np.array([[ring[0], ring[k], ring[k + 1]]]))
            uvs.append(np.array([[places[0], places[k], places[k + 1]]]))
    all_faces = np.concatenate(faces)
    used, local = np.unique(all_faces, return_inverse=True)
    a, b = (np.array([end[k] for end in ends], dtype=int) for k in (0, 1))
    t = np.array([end[2] for end in ends])

    def grown(values: Array) -> Array:
        share = t.reshape(-1, *(1,) * (values.ndim - 1))
        return np.concatenate([values, (1.0 - share) * values[a] + share * values[b]])[used]

    part = piece.part
    if not isinstance(part, str):
        part = np.concatenate([part, part[a]])[used]
    return replace(
        piece,
        vertices=grown(piece.vertices),
        faces=local.reshape(-1, 3),
        uv=np.concatenate(uvs),
        weights={bone: grown(np.asarray(share)) for bone, share in piece.weights.items()},
        part=part,
        t_pose=None if piece.t_pose is None else grown(piece.t_pose),
    )


def _cut_face(
    piece: Piece,
    row: int,
    value: Array,
    cut: dict[tuple[int, int], int],
    ends: list[tuple[int, int, float]],
) -> tuple[list[int], list[Array]]:
    """Corners of what is left of a face, old and new vertices, with their places in the picture."""
    face, uv = piece.faces[row], piece.uv[row]
    ring: list[int] = []
    places: list[Array] = []
    for k in range(3):
        a, b = int(face[k]), int(face[(k + 1) % 3])
        if value[a] >= 0.0:
            ring.append(a)
            places.append(uv[k])
        if (value[a] >= 0.0) != (value[b] >= 0.0):
            t = float(value[a] / (value[a] - value[b]))
            edge = (min(a, b), max(a, b))
            if edge not in cut:
                cut[edge] = len(value) + len(ends)
                ends.append((a, b, t))
            ring.append(cut[edge])
            places.append((1.0 - t) * uv[k] + t * uv[(k + 1) % 3])
    return ring, places
