"""Tracking: the pose in which the photo's person is seen in another picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.body.model import INDEX
from retarget.rotation import Array

from .fit import BodyFit, pose_unknowns, posed
from .landmarks import Landmarks
from .least_squares import levenberg_marquardt
from .markers import LandmarkMarkers, Markers
from .sides import same_sides

# Directions of the limbs from the network's own three dimensions. At first they are believed more:
# a limb that points at the camera in place of away from it does not come round by itself.
_DIRECTION_SIGMA, _FIRST_SIGMA = 0.25, 0.06
_FIRST_STEPS: Final = 12
_SEEN: Final = 0.5
# What is known of a limb's direction from the photo holds so far around it, radians.
_ALIKE: Final = 0.5
# The person stays at about their distance from the camera, metres.
_DEPTH_SIGMA: Final = 0.08
# Arms are freer than the mean of people standing for their photo.
_FREER: Final = 1.5
# How fast bones turn, radians per second.
_SPEED: Final = {"arm": 10.0, "hand": 14.0, "fingers": 20.0}
_SLOW: Final = 2.5
_SPEED_M: Final = 1.0
_LIMBS: Final = (
    *((f"upper_arm.{s}", f"forearm.{s}") for s in "LR"),
    *((f"forearm.{s}", f"hand.{s}") for s in "LR"),
    *((f"thigh.{s}", f"shin.{s}") for s in "LR"),
    *((f"shin.{s}", f"foot.{s}") for s in "LR"),
    ("upper_arm.R", "upper_arm.L"),
    ("thigh.R", "thigh.L"),
)


@dataclass(frozen=True)
class Sights:
    """Points of the surface seen in a picture.

    Parameters
    ----------
    markers : Markers
    targets : (M, 2) array
        Pixels.
    sharpness : (M, 2, 2) array
        What an offset in pixels is multiplied by to give standard deviations: in a direction
        without contrast nothing is known.
    """

    markers: Markers
    targets: Array
    sharpness: Array


class Tracker:
    """Finds the photo's person in other pictures of the same camera.

    Parameters
    ----------
    first : BodyFit
        The photo's.
    landmarks : Landmarks
        The photo's.
    fps : float
        Pictures per second.
    """

    def __init__(self, first: BodyFit, landmarks: Landmarks, fps: float) -> None:
        self.first = first
        pixels = first.camera.to_pixels(first.positions)[:, :2]
        away = pixels[INDEX["upper_arm.L"]] - pixels[INDEX["upper_arm.R"]]
        bones = first.positions[INDEX["upper_arm.L"]] - first.positions[INDEX["upper_arm.R"]]
        self.across = float(
            np.linalg.norm(away) * np.linalg.norm(bones) / np.hypot(bones[0], bones[2])
        )
        self._found = LandmarkMarkers.of(first, landmarks, self.across)
        places, spread = pose_unknowns()
        self._active = np.concatenate(list(places.values()))
        sigma = spread.copy()
        speed = np.full(len(sigma), np.inf)
        for name, at in places.items():
            kind = "arm" if "arm" in name else name.split(".")[0]
            if "arm" in name or name.startswith("hand"):
                sigma[at] *= _FREER
            speed[at] = _SPEED_M if name == "root" else _SPEED.get(kind, _SLOW)
        sigma[places["root"]] = [np.inf, _DEPTH_SIGMA, np.inf]
        self._sigma = sigma[self._active]
        self._step = speed[self._active] / fps
        self._limbs = []
        for a, b in _LIMBS:
            told = _direction(landmarks, a, b)
            have = first.positions[INDEX[b]] - first.positions[INDEX[a]]
            have = have / np.linalg.norm(have)
            off = None if told is None else have - told
            self._limbs.append((a, b, told, off))

    def find(
        self,
        landmarks: Landmarks | None,
        before: Array,
        start: Array | None = None,
        sights: Sights | None = None,
    ) -> Array:
        """Unknowns (N,) of the pose in a picture.

        Parameters
        ----------
        landmarks : Landmarks, optional
            Of the picture.
        before : (N,) array
            The pose of the picture before.
        start : (N,) array, optional
            A pose near to the one looked for.
        sights : Sights, optional
            Points of the surface in the picture.
        """
        if landmarks is None and sights is None:
            return before
        first, active = self.first, self._active
        rest = first.unknowns[active]
        expected = before[active]
        groups: list[tuple[Markers, Array, Array]] = []
        directions: list[tuple[int, int, Array]] = []
        if landmarks is not None:
            landmarks = same_sides(landmarks, self._joints(before), self.across)
            target, sigma = self._found.targets(landmarks)
            use = np.isfinite(sigma)
            sharp = np.eye(2) / (sigma[use] * self.across)[:, None, None]
            groups.append((self._found.markers[use], target[use], sharp))
            directions = self._directions(landmarks)
        if sights is not None:
            groups.append((sights.markers, sights.targets, sights.sharpness))

        def residuals(theta: Array, sigma: float = _DIRECTION_SIGMA) -> tuple[Array, Array]:
            full = np.repeat(first.unknowns[None], len(theta), axis=0)
            full[:, active] = theta
            positions, rotations = posed(first, full)
            flat = []
            for markers, targets, sharpness in groups:
                points = markers.places(positions, rotations)
                off = first.camera.to_pixels(points)[..., :2] - targets
                flat.append(np.einsum("mij,pmj->pmi", sharpness, off))
            pairs = np.concatenate(flat, axis=1) if flat else np.zeros((len(theta), 0, 2))
            parts = [pairs.reshape(len(theta), -1)]
            for a, b, direction in directions:
                away = positions[:, b] - positions[:, a]
                away = away / np.linalg.norm(away, axis=-1, keepdims=True)
                parts.append((away - direction) / sigma)
            parts += [(theta - rest) / self._sigma, (theta - expected) / self._step]
            return np.concatenate(parts, axis=1), pairs

        out = first.unknowns.copy()
        if start is None:
            nearer = levenberg_marquardt(
                lambda theta: residuals(theta, _FIRST_SIGMA), expected, _FIRST_STEPS
            )
        else:
            nearer = start[active]
        out[active] = levenberg_marquardt(residuals, nearer)
        return out

    def _joints(self, unknowns: Array) -> dict[str, Array]:
        """Where the joints are in a pose (N,), pixels."""
        pixels = self.first.camera.to_pixels(posed(self.first, unknowns[None])[0][0])
        return {name: pixels[i, :2] for name, i in INDEX.items()}

    def _directions(self, landmarks: Landmarks) -> list[tuple[int, int, Array]]:
        found = []
        for a, b, told, off in self._limbs:
            now = _direction(landmarks, a, b)
            if now is None:
                continue
            if told is not None and off is not None:
                angle = float(np.arccos(np.clip(told @ now, -1.0, 1.0)))
                now = now + off * np.exp(-0.5 * (angle / _ALIKE) ** 2)
                now = now / np.linalg.norm(now)
            found.append((INDEX[a], INDEX[b], now))
        return found


def _direction(landmarks: Landmarks, a: str, b: str) -> Array | None:
    if min(landmarks.visibility[a], landmarks.visibility[b]) <= _SEEN or not landmarks.world:
        return None
    away = landmarks.world[b] - landmarks.world[a]
    return away / max(float(np.linalg.norm(away)), 1e-9)
