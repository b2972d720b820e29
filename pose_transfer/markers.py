"""Markers: points fixed to a person's bones where the photo shows them, to be found again."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.body.model import FINGERS, INDEX
from retarget.rotation import Array

from .face_mesh import EARS
from .fit import BodyFit
from .landmarks import Landmarks

# Landmarks tremble by about this share of the shoulder breadth from picture to picture.
_JOINT_SIGMA, _FACE_SIGMA, _HAND_SIGMA = 0.025, 0.012, 0.02
_SIGMAS: Final = {
    "upper_arm": 1.0,
    "forearm": 1.0,
    "hand": 1.0,
    "thigh": 1.5,
    "shin": 1.2,
    "foot": 1.2,
}
# A landmark so far from the fitted body is less sure by this share of the distance.
_DOUBT: Final = 0.4
_SEEN: Final = 0.5
# Points of MediaPipe's face mesh that neither speech nor mimicry moves much.
_FIRM_FACE: Final = (
    1, 4, 5, 195, 197, 6, 168, 9, 10, 151, 33, 133, 263, 362, 98, 327, 116, 345, 123, 352, 234, 454,
    127, 356, 109, 338, 67, 297,
)  # fmt: skip
# MediaPipe's hand: root, then four points a finger; its joint i is the head of our phalanx.
_HAND_JOINTS: Final = {
    f"{finger}.{i:02d}": 1 + 4 * k + (i - 1) for k, finger in enumerate(FINGERS) for i in (1, 2, 3)
}
# The point between the ears, from the base of the skull at rest; so far before it lies the face.
_BETWEEN_EARS: Final = np.array([0.0, 0.01, 0.045])
_FACE_AHEAD_M: Final = 0.08
_POSE_FACE: Final = ("nose", "eye.L", "eye.R", "ear.L", "ear.R")


@dataclass(frozen=True)
class Markers:
    """Points fixed to bones.

    Parameters
    ----------
    bones : (M, K) int array
        Bones that carry each of them, and their `shares` (M, K), which add up to one.
    shares : (M, K) array
    offsets : (M, K, 3) array
        From the bones' heads, in the axes of the rest pose.
    """

    bones: NDArray[np.int64]
    shares: Array
    offsets: Array

    @classmethod
    def fixed(
        cls, fit: BodyFit, points: Array, bones: NDArray[np.int64], shares: Array
    ) -> "Markers":
        """Points (M, 3) of the photo's pose fixed to bones (M, K) by shares (M, K)."""
        away = points[:, None] - fit.positions[bones]
        offsets = np.einsum("mkji,mkj->mki", fit.rotations[bones], away)
        return cls(bones, shares, offsets)

    def places(self, positions: Array, rotations: Array) -> Array:
        """Where they are (P, M, 3) when bones are at (P, B, 3), turned by (P, B, 3, 3)."""
        count, bones = positions.shape[:2]
        matrices = np.concatenate([rotations, positions[..., None]], axis=-1)
        flat = matrices.transpose(0, 2, 1, 3).reshape(count * 3, bones * 4)
        return np.asarray(
            (flat @ self._table(bones).T).reshape(count, 3, len(self.bones)).swapaxes(1, 2)
        )

    def _table(self, bones: int) -> Array:
        """What places are of the bones' matrices, (M, 4 B): one product for all is quickest."""
        table = np.zeros((len(self.bones), bones, 4))
        rows = np.arange(len(self.bones))
        for k in range(self.bones.shape[1]):
            share = self.shares[:, k, None]
            table[rows, self.bones[:, k], :3] += share * self.offsets[:, k]
            table[rows, self.bones[:, k], 3:] += share
        return table.reshape(len(self.bones), 4 * bones)

    def __getitem__(self, rows: NDArray) -> "Markers":
        """Some of them."""
        return Markers(self.bones[rows], self.shares[rows], self.offsets[rows])


@dataclass(frozen=True)
class _Row:
    """A point on a bone, where the photo shows it unless that is where it is, and how sure."""

    bone: int
    place: Array
    seen: Array | None
    sigma: float


@dataclass(frozen=True)
class LandmarkMarkers:
    """The photo's landmarks as markers.

    A landmark is not exactly where the body has its joint, in every picture alike: the marker is
    where the photo shows the landmark, at the depth of the joint. A person who keeps still is then
    found exactly in the photo's pose.

    Parameters
    ----------
    markers : Markers
    sigma : (M,) array
        How sure each is, shoulder breadths.
    names : dict of str to slice
        Which of them a landmark, "face" or a hand ("fingers.L", "fingers.R") has.
    """

    markers: Markers
    sigma: Array
    names: dict[str, slice]

    @classmethod
    def of(cls, fit: BodyFit, landmarks: Landmarks, across: float) -> "LandmarkMarkers":
        """The markers of a photo whose shoulders are `across` pixels wide."""
        rows: list[_Row] = []
        names: dict[str, slice] = {}
        for name, group in {**_limbs(fit, landmarks), **_head(fit, landmarks)}.items():
            names[name] = slice(len(rows), len(rows) + len(group))
            rows += group
        bones = np.array([[row.bone] for row in rows])
        pixels = fit.camera.to_pixels(np.array([row.place for row in rows]))
        seen = [p[:2] if r.seen is None else r.seen for r, p in zip(rows, pixels, strict=True)]
        off = np.linalg.norm(np.array(seen) - pixels[:, :2], axis=1) / across
        places = fit.camera.to_world(np.column_stack([np.array(seen), pixels[:, 2]]))
        markers = Markers.fixed(fit, places, bones, np.ones(bones.shape))
        sigma = np.hypot(np.array([row.sigma for row in rows]), _DOUBT * off)
        return cls(markers, sigma, names)

    def targets(self, landmarks: Landmarks) -> tuple[Array, Array]:
        """Where they are in another picture (M, 2), and how sure (M,); infinite: not seen."""
        target = np.zeros((len(self.sigma), 2))
        sigma = np.full(len(self.sigma), np.inf)

        def put(name: str, points: Array, doubt: float = 1.0) -> None:
            target[self.names[name]] = points
            sigma[self.names[name]] = self.sigma[self.names[name]] * doubt

        points, seen = landmarks.points, landmarks.visibility
        for side in "LR":
            for stem in _SIGMAS:
                name = f"{stem}.{side}"
                if seen[name] > _SEEN:
                    put(name, points[name], 1.0 / seen[name])
            hand = landmarks.hands.get(side)
            if hand is not None:
                put(f"fingers.{side}", hand[list(_HAND_JOINTS.values()), :2])
                put(f"wrist.{side}", hand[0, :2])
            elif seen[f"hand.{side}"] > _SEEN:
                for name in ("index", "little"):
                    put(f"{name}.{side}", points[f"{name}.{side}"])
        if landmarks.face is not None and "face" in self.names:
            put("face", landmarks.face[list(_FIRM_FACE), :2])
        else:
            for name in _POSE_FACE:
                if seen[name] > _SEEN:
                    put(name, points[name])
        return target, sigma


def _limbs(fit: BodyFit, landmarks: Landmarks) -> dict[str, list[_Row]]:
    groups: dict[str, list[_Row]] = {}
    seen = landmarks.visibility

    def row(bone: str, at: Array | None, sigma: float) -> _Row:
        return _Row(INDEX[bone], fit.positions[INDEX[bone]], at, sigma)

    for side in "LR":
        for stem, share in _SIGMAS.items():
            name = f"{stem}.{side}"
            at = landmarks.points[name] if seen[name] > _SEEN else None
            groups[name] = [row(name, at, share * _JOINT_SIGMA)]
        hand = landmarks.hands.get(side)
        groups[f"fingers.{side}"] = [
            row(f"{joint}.{side}", None if hand is None else hand[i, :2], _HAND_SIGMA)
            for joint, i in _HAND_JOINTS.items()
        ]
        at = None if hand is None else hand[0, :2]
        groups[f"wrist.{side}"] = [row(f"hand.{side}", at, _HAND_SIGMA)]
        for ours, theirs in (("index.01", "index"), ("pinky.01", "little")):
            name = f"{theirs}.{side}"
            at = landmarks.points[name] if seen[f"hand.{side}"] > _SEEN else None
            groups[name] = [row(f"{ours}.{side}", at, 1.5 * _JOINT_SIGMA)]
    return groups


def _head(fit: BodyFit, landmarks: Landmarks) -> dict[str, list[_Row]]:
    """Points of the face, as deep as the head's relief has them."""
    head, camera = INDEX["head"], fit.camera
    middle = fit.positions[head] + fit.rotations[head] @ _BETWEEN_EARS
    depth = float(camera.to_pixels(middle)[2])
    groups: dict[str, list[_Row]] = {}
    if landmarks.face is not None:
        firm = landmarks.face[list(_FIRM_FACE)]
        away = firm[:, 2] - float(landmarks.face[list(EARS), 2].mean())
        places = camera.to_world(
            np.column_stack([firm[:, :2], depth + away * depth / camera.focal])
        )
        groups["face"] = [_Row(head, place, None, 2.0 * _FACE_SIGMA) for place in places]
    for name in _POSE_FACE:
        deep = depth if name.startswith("ear") else depth - _FACE_AHEAD_M
        place = camera.to_world(np.array([*landmarks.points[name], deep]))
        groups[name] = [_Row(head, place, None, 2.0 * _FACE_SIGMA)]
    return groups
