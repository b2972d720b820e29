"""Where an arm's surface takes its colours from the photo, all the way round."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation
from retarget.body.model import INDEX
from retarget.rotation import Array

from .deform import vertex_normals
from .labels import ARM_L
from .person_parts import PersonParts

# Between these angles off the camera a limb's surface begins to take the colours of its seen side,
# mirrored; of that side not the last rim, which the room lights or darkens.
_SEEN, _UNSEEN = np.radians(72.0), np.radians(100.0)
_RIM: Final = 0.88
# A limb shorter than this in the picture, metres, points at the camera.
_SHORT_SHARE: Final = 0.07


def limb_uv(parts: PersonParts, points: Array, part: int) -> Array:
    """Places (V, 2) in the photo where an arm's vertices take their colours.

    Seen surface lies where it is seen. What is turned away takes the colours of the same side of
    the limb, mirrored at its outline and running back to its middle, so that nothing is smeared
    and both sides meet at the back.
    """
    body, fit = parts.body, parts.fit
    side = "L" if part == ARM_L else "R"
    bones = [INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")]
    line = fit.positions[bones]
    flat = fit.camera.to_pixels(line)[:, :2]
    uv = points[:, :2].copy()
    shares = body.weights[:, bones[:2]]
    own = np.flatnonzero(shares.sum(axis=1) > 0.02)
    lower = shares[own, 1] / shares[own].sum(axis=1)
    normals = vertex_normals(parts.vertices, body.faces)[own]
    away = fit.camera.position - parts.vertices[own]
    mirrored = np.zeros((len(own), 2))
    turned = np.zeros(len(own))
    for bone, share in ((0, 1.0 - lower), (1, lower)):
        axis = rotation.normalize(line[bone + 1] - line[bone])
        way = flat[bone + 1] - flat[bone]
        length = float(np.linalg.norm(way))
        if length < _SHORT_SHARE * fit.camera.focal / float(points[own, 2].mean()):
            # The limb points at the camera: there is no outline to mirror at.
            mirrored += share[:, None] * uv[own]
            continue
        along, across = way / length, np.array([-way[1], way[0]]) / length
        view = _across(away, axis)
        sideways = np.cross(axis, view)
        # The same side in space as in the picture.
        sideways *= np.sign(sideways[:, 0] * across[0] - sideways[:, 2] * across[1])[:, None]
        out = _across(normals, axis)
        angle = np.arctan2(np.einsum("ij,ij->i", out, sideways), np.einsum("ij,ij->i", out, view))
        place = points[own, :2] - flat[bone]
        t, lateral = place @ along, place @ across
        left, right = _half_widths(t / length, lateral, share > 0.5)
        share_of_width = np.sin(_SEEN) * (np.pi - np.abs(angle)) / (np.pi - _SEEN)
        reach = np.where(angle > 0.0, left, -right) * np.minimum(share_of_width, _RIM)
        mirrored += share[:, None] * (flat[bone] + t[:, None] * along + reach[:, None] * across)
        turned += share * _smooth(np.abs(angle), _SEEN, _UNSEEN) * _smooth(t / length, -0.05, 0.2)
    uv[own] += turned[:, None] * (mirrored - uv[own])
    return uv


def _across(vectors: Array, axis: Array) -> Array:
    """Unit parts (N, 3) of vectors across an axis (3,)."""
    flat = vectors - axis * (vectors @ axis)[:, None]
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


def _smooth(value: Array, start: float, end: float) -> Array:
    t = np.clip((value - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _half_widths(t: Array, lateral: Array, own: NDArray[np.bool_]) -> tuple[Array, Array]:
    """How far the limb reaches to both sides at each vertex' place along it."""
    bins = np.clip((t * 24).astype(int) + 6, 0, 39)
    out = []
    for sign in (1.0, -1.0):
        reach = np.zeros(40)
        np.maximum.at(reach, bins[own], sign * lateral[own])
        seen = np.flatnonzero(reach > 0.0)
        if len(seen):
            reach = np.interp(np.arange(40), seen, reach[seen])
        reach = np.convolve(np.pad(reach, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        out.append(reach[bins])
    return out[0], out[1]
