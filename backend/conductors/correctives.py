"""Corrective shapes: what bent limbs lose to linear blending, given back.

The better shape is the body bent by blended turns, as dual quaternions do it, with its details laid
on the smoothed bend (delta mush, Mancewicz et al. 2014). It is brought back to the
rest pose by the inverse of each vertex's own blended matrix, so that it can be a shape key which a
driver brings in. Clothes take the change of the body next to them, so that their layers keep apart;
hard things on them, buttons say, take its place and turn but keep their form.
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
# A share in the bend that does not count.
_SLACK: Final = 0.05
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
    shapes, hard = dict(piece.shapes), _hard_parts(piece)
    for correction in made:
        offsets = np.einsum("vk,vki->vi", shares, correction.offsets[skin][nearest])
        bend = _Bend(figure, correction.corrective.bone, np.array(correction.corrective.toward))
        below = np.einsum("vk,vk->v", shares, bend.share(figure.weights)[skin][nearest])
        # Stiff cloth that bends less than the body has less to get back.
        part = np.clip((bend.share(piece.weights) + _SLACK) / (below + _SLACK), 0.0, 1.0)
        offsets *= (near * part)[:, None]
        for part in hard:
            linear = bend.linear(piece.weights[part])
            offsets[part] = bend.kept_form(piece.vertices[part], offsets[part], linear)
        moved = np.flatnonzero(np.linalg.norm(offsets, axis=1) > _LEAST_M)
        if len(moved):
            shapes[correction.corrective.shape] = Shape(moved, offsets[moved])
    return replace(piece, shapes=shapes)


def _correction(
    figure: Figure, mush: "_Mush", name: str, bone: str, aim: Array, start: float
) -> Correction:
    bend = _Bend(figure, bone, aim)
    linear = bend.linear(figure.weights)
    blended = rotation.rotate(
        _blended(bend.swing, bend.share(figure.weights)), figure.vertices - bend.head
    )
    offsets = bend.offsets(figure.vertices, mush.pose(bend.head + blended), linear)
    offsets[figure.part != 0] = 0.0
    x, y, z = aim.tolist()
    return Correction(Corrective(name, bone, (x, y, z), start), offsets)


class _Bend:
    """A bone turned about its head into a direction, and what linear blending makes of it."""

    def __init__(self, figure: Figure, bone: str, aim: Array) -> None:
        self.head = figure.heads[figure.bone(bone)]
        self.swing = rotation.between(_direction(figure, bone), aim)
        self._below = _descendants(figure, figure.bone(bone))

    def share(self, weights: Array) -> Array:
        """How far (V,) points of weights (V, B) take part, 0 to 1."""
        share: Array = weights[:, self._below].sum(axis=1)
        return share

    def linear(self, weights: Array) -> Array:
        """Blended matrices (V, 3, 3) about the bone's head."""
        share = self.share(weights)[:, None, None]
        return (1.0 - share) * np.eye(3) + share * rotation.to_matrix(self.swing)

    def pose(self, points: Array, linear: Array) -> Array:
        """Points (V, 3) at rest as blended matrices bring them into the pose."""
        return self.head + np.einsum("vij,vj->vi", linear, points - self.head)

    def offsets(self, points: Array, wanted: Array, linear: Array) -> Array:
        """What points (V, 3) at rest are moved by there to be where they are wanted when posed."""
        missing = wanted - self.pose(points, linear)
        return np.linalg.solve(linear, missing[..., None])[..., 0]

    def kept_form(self, points: Array, offsets: Array, linear: Array) -> Array:
        """Offsets (V, 3) of one hard thing's points that leave it its form (Kabsch, 1976)."""
        posed = self.pose(points + offsets, linear)
        middle, there = points.mean(axis=0), posed.mean(axis=0)
        turn = _nearest_rotation((posed - there).T @ (points - middle))
        return self.offsets(points, there + (points - middle) @ turn.T, linear)


def _hard_parts(piece: Piece) -> list[NDArray[np.int64]]:
    """Vertices of each thing whose bones' shares are the same all over it."""
    _, label = np.unique(piece.weights.round(6), axis=0, return_inverse=True)
    label = label.ravel()
    corners = label[np.where(piece.faces < 0, piece.faces[:, :1], piece.faces)]
    soft = np.unique(corners[(corners != corners[:, :1]).any(axis=1)])
    hard = np.setdiff1d(np.unique(corners), soft)
    return [np.flatnonzero(label == each) for each in hard]


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
        return _nearest_rotation(total)


def _nearest_rotation(matrices: Array) -> Array:
    """The rotations (..., 3, 3) that are next to matrices."""
    # The least certain direction takes the sign that makes it a rotation.
    u, _, v = np.linalg.svd(matrices)
    u[..., 2] *= np.sign(np.linalg.det(u @ v))[..., None]
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
