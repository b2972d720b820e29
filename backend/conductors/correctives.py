"""Corrective shapes: what bent limbs lose to linear blending, given back.

The better shape is the body bent by blended turns, as dual quaternions do it, with its details laid
on the smoothed bend (delta mush, Mancewicz et al. 2014). It is brought back to the
rest pose by the inverse of each vertex's own blended matrix, so that it can be a shape key which a
driver brings in. Clothes take the change of the body next to them, so that their layers keep apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation
from retarget.conductor_asset import Corrective
from retarget.rotation import Array

from .parts import Figure, Piece, Shape

_SIDES: Final = (("L", 1.0), ("R", -1.0))
_ITERATIONS: Final = 7
_STEP: Final = 0.55
# Offsets below this are left out, metres.
_LEAST_M: Final = 3e-4
_NEIGHBOURS: Final = 6
# How far from the body a piece still follows it fully, and not at all, metres.
_CLOSE_M: Final = 0.05
_FAR_M: Final = 0.15
# The overlap of its bones' shares with the body's up to which a piece does not follow the body, and
# from which it follows fully.
_UNLIKE, _ALIKE = 0.3, 0.65
# Directions of the left upper arm, and the cosine from which on they count.
_SHOULDER: Final = {
    "shoulder_up": ((0.42, 0.0, 0.9), 0.0),
    "shoulder_across": ((-0.45, -0.9, 0.05), 0.25),
}
_ELBOW: Final = "elbow_bend"
_ELBOW_RAD: Final = np.radians(135.0)


@dataclass(frozen=True)
class Correction:
    """A corrective shape of the body.

    Parameters
    ----------
    corrective : Corrective
        What drives it.
    offsets : (V, 3) array
        Of the figure's vertices, at rest, metres.
    """

    corrective: Corrective
    offsets: Array


def corrections(figure: Figure) -> tuple[Correction, ...]:
    """The body's corrective shapes: arms up, arms across, elbows bent."""
    mush = _Mush(figure)
    found = []
    for side, sign in _SIDES:
        for name, (toward, start) in _SHOULDER.items():
            aim = rotation.normalize(np.array(toward) * [sign, 1.0, 1.0])
            found.append(
                _correction(figure, mush, f"{name}.{side}", f"upper_arm.{side}", aim, start)
            )
        upper, fore = (_direction(figure, f"{stem}.{side}") for stem in ("upper_arm", "forearm"))
        hinge = rotation.normalize(np.cross(upper, fore))
        bent = rotation.rotate(rotation.from_axis_angle(hinge, _ELBOW_RAD), upper)
        found.append(
            _correction(
                figure, mush, f"{_ELBOW}.{side}", f"forearm.{side}", bent, float(bent @ fore)
            )
        )
    return tuple(found)


def corrected(piece: Piece, figure: Figure, made: Sequence[Correction]) -> Piece:
    """The piece with the corrective shapes of the body it lies on."""
    from scipy.spatial import cKDTree

    skin = figure.part == 0
    distances, nearest = cKDTree(figure.vertices[skin]).query(piece.vertices, k=_NEIGHBOURS)
    shares = 1.0 / (distances**2 + 1e-8)
    shares /= shares.sum(axis=1, keepdims=True)
    near = np.clip((_FAR_M - distances[:, 0]) / (_FAR_M - _CLOSE_M), 0.0, 1.0)
    # What hangs on other bones, long hair over the shoulders say, does not move with that skin.
    ground = np.einsum("vk,vkb->vb", shares, figure.weights[skin][nearest])
    alike = np.minimum(ground, piece.weights).sum(axis=1)
    near *= np.clip((alike - _UNLIKE) / (_ALIKE - _UNLIKE), 0.0, 1.0)
    shapes = dict(piece.shapes)
    for correction in made:
        offsets = np.einsum("vk,vki->vi", shares, correction.offsets[skin][nearest])
        offsets *= near[:, None]
        moved = np.flatnonzero(np.linalg.norm(offsets, axis=1) > _LEAST_M)
        if len(moved):
            shapes[correction.corrective.shape] = Shape(moved, offsets[moved])
    return replace(piece, shapes=shapes)


def _correction(
    figure: Figure, mush: "_Mush", name: str, bone: str, aim: Array, start: float
) -> Correction:
    swing = rotation.between(_direction(figure, bone), aim)
    turn = rotation.to_matrix(swing)
    share = figure.weights[:, _descendants(figure, figure.bone(bone))].sum(axis=1)
    head = figure.heads[figure.bone(bone)]
    away = figure.vertices - head
    linear = (1.0 - share)[:, None, None] * np.eye(3) + share[:, None, None] * turn
    posed = head + np.einsum("vij,vj->vi", linear, away)
    better = mush.pose(head + rotation.rotate(_blended(swing, share), away))
    offsets = np.linalg.solve(linear, (better - posed)[..., None])[..., 0]
    offsets[figure.part != 0] = 0.0
    x, y, z = aim.tolist()
    return Correction(Corrective(name, bone, (x, y, z), start), offsets)


def _blended(turn: Array, share: Array) -> Array:
    """Rotations (V, 4) by shares (V,) of a turn (4,): what dual quaternions blend to."""
    still = np.broadcast_to(rotation.identity(()), (len(share), 4))
    return rotation.slerp(still, np.broadcast_to(turn, still.shape), share)


class _Mush:
    """Delta mush of a figure: rest details laid on a smoothed pose."""

    def __init__(self, figure: Figure) -> None:
        self._smooth = _smoothing(figure.faces, len(figure.vertices))
        self._edges = _edges(figure.faces)
        self._rest = self._smoothed(figure.vertices)
        self._details = figure.vertices - self._rest

    def pose(self, posed: Array) -> Array:
        """The better shape (V, 3) of a pose (V, 3)."""
        base = self._smoothed(posed)
        return base + np.einsum("vij,vj->vi", self._turns(base), self._details)

    def _smoothed(self, points: Array) -> Array:
        for _ in range(_ITERATIONS):
            points = points + _STEP * (self._smooth @ points - points)
        return points

    def _turns(self, base: Array) -> Array:
        """Rotation (V, 3, 3) of each vertex's surroundings from rest to the pose."""
        a, b = self._edges
        product = (base[b] - base[a])[:, :, None] * (self._rest[b] - self._rest[a])[:, None, :]
        total = np.zeros((len(base), 3, 3))
        np.add.at(total, a, product)
        np.add.at(total, b, product)
        # The least certain direction takes the sign that makes it a rotation.
        u, _, v = np.linalg.svd(total)
        u[:, :, 2] *= np.sign(np.linalg.det(u @ v))[:, None]
        turns: Array = u @ v
        return turns


def _edges(faces: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = np.stack([faces.ravel(), np.roll(faces, -1, axis=1).ravel()], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _smoothing(faces: NDArray[np.int64], count: int) -> Any:
    """Sparse matrix (V, V) that gives each vertex the mean of its neighbours."""
    from scipy.sparse import coo_matrix, diags

    a, b = _edges(faces)
    ones = np.ones(2 * len(a))
    links = coo_matrix((ones, (np.r_[a, b], np.r_[b, a])), shape=(count, count)).tocsr()
    return diags(1.0 / np.maximum(links.sum(axis=1).A1, 1.0)) @ links


def _descendants(figure: Figure, bone: int) -> list[int]:
    found = [bone]
    for i, parent in enumerate(figure.parents):
        if parent in found:
            found.append(i)
    return found


def _direction(figure: Figure, bone: str) -> Array:
    i = figure.bone(bone)
    return rotation.normalize(figure.tails[i] - figure.heads[i])
