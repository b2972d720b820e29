"""Markers: points fixed to a person's bones where the photo shows them, to be found again."""

from collections.abc import Iterable
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
        rows: list[tuple[int, Array, Array | None, float]] = []
        names: dict[str, slice] = {}

        def add(name: str, points: Iterable[tuple[int, Array, Array | None, float]]) -> None:
            start = len(rows)
            rows.extend(points)
            names[name] = slice(start, len(rows))

        seen = landmarks.visibility
        for side in "LR":
            for stem, sigma in _SIGMAS.items():
                name = f"{stem}.{side}"
                target = landmarks.points[name] if seen[name] > _SEEN else None
                bone = INDEX[name]
                add(name, [(bone, fit.positions[bone], target, sigma * _JOINT_SIGMA)])
            hand = landmarks.hands.get(side)
            joints = []
            for name, i in _HAND_JOINTS.items():
                bone = INDEX[f"{name}.{side}"]
                target = None if hand is None else hand[i, :2]
                joints.append((bone, fit.positions[bone], target, _HAND_SIGMA))
            add(f"fingers.{side}", joints)
            wrist = None if hand is None else hand[0, :2]
            bone = INDEX[f"hand.{side}"]
            add(f"wrist.{side}", [(bone, fit.positions[bone], wrist, _HAND_SIGMA)])
            for ours, theirs in (("index.01", "index"), ("pinky.01", "little")):
                bone = INDEX[f"{ours}.{side}"]
                name = f"{theirs}.{side}"
                target = landmarks.points[name] if seen[f"hand.{side}"] > _SEEN else None
                add(name, [(bone, fit.positions[bone], target, 1.5 * _JOINT_SIGMA)])
        head = INDEX["head"]
        middle = fit.positions[head] + fit.rotations[head] @ np.array([0.0, 0.01, 0.045])
        depth = float(fit.camera.to_pixels(middle)[2])
        assert landmarks.face is not None
        face = landmarks.face
        ears = float(face[list(EARS), 2].mean())
        scale = depth / fit.camera.focal
        firm = face[list(_FIRM_FACE)]
        points = fit.camera.to_world(
            np.column_stack([firm[:, :2], depth + (firm[:, 2] - ears) * scale])
        )
        add("face", [(head, point, None, 2.0 * _FACE_SIGMA) for point in points])
        for name in _POSE_FACE:
            place = np.array([*landmarks.points[name], depth - (0.0 if "ear" in name else 0.08)])
            add(name, [(head, fit.camera.to_world(place), None, 2.0 * _FACE_SIGMA)])
        places = np.array([row[1] for row in rows])
        sigma = np.array([row[3] for row in rows])
        pixels = fit.camera.to_pixels(places)
        targets = np.array(
            [p[:2] if row[2] is None else row[2] for row, p in zip(rows, pixels, strict=True)]
        )
        off = np.linalg.norm(targets - pixels[:, :2], axis=1) / across
        places = fit.camera.to_world(np.column_stack([targets, pixels[:, 2]]))
        bones = np.array([[row[0]] for row in rows])
        markers = Markers.fixed(fit, places, bones, np.ones(bones.shape))
        return cls(markers, np.hypot(sigma, _DOUBT * off), names)

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
        if landmarks.face is not None:
            put("face", landmarks.face[list(_FIRM_FACE), :2])
        else:
            for name in _POSE_FACE:
                if seen[name] > _SEEN:
                    put(name, points[name])
        return target, sigma
