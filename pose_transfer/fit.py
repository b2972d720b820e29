"""Fitting the body to a photo: camera, build and pose from landmarks, by Levenberg–Marquardt."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from retarget.body.kinematics import STRETCHES, bone_matrices, pose_bones, skin, stretched_heads
from retarget.body.model import BONES, FINGERS, INDEX, PARENTS, Body, Shape, load_body
from retarget.camera import Camera
from retarget.rotation import Array

from .landmarks import Landmarks
from .least_squares import levenberg_marquardt

# The photo's camera is unknown. Portraits are taken from about here; nearer, hands would bulge.
_FOCAL_SIDES: Final = 2.2
_NEAREST_M: Final = 2.4
SHOULDERS_M: Final = 0.345
"""Shoulder breadth between the joints of an adult, metres (Winter, fig. 4.1)."""

# Landmarks are off by about this share of the shoulder breadth; hands and face by less.
_JOINT_SIGMA, _FACE_SIGMA, _HAND_SIGMA = 0.035, 0.012, 0.02
# Directions of the limbs from the network's own three dimensions are off by about this much.
_DIRECTION_SIGMA: Final = 0.30
_SEEN: Final = 0.5
# Vertices of the template's head.
_NOSE_TIP, _CHIN = 294, 732

# Bones with free rotation, and the standard deviations of their angles about rest, radians.
_FREE: Final[dict[str, tuple[float, float, float]]] = {
    "hips": (0.15, 0.15, 0.5),
    "spine": (0.10, 0.08, 0.10),
    "chest": (0.12, 0.08, 0.12),
    "neck": (0.20, 0.12, 0.20),
    "head": (0.35, 0.25, 0.5),
    **{f"clavicle.{s}": (0.05, 0.15, 0.12) for s in "LR"},
    **{f"upper_arm.{s}": (0.7, 0.7, 0.7) for s in "LR"},
    **{f"forearm.{s}": (0.8, 0.8, 0.8) for s in "LR"},
    **{f"hand.{s}": (0.35, 0.35, 0.35) for s in "LR"},
    **{f"thigh.{s}": (0.35, 0.2, 0.2) for s in "LR"},
    **{f"shin.{s}": (0.35, 0.05, 0.05) for s in "LR"},
}
# Curl of the fingers: mean and standard deviation, radians; spread between them.
_CURL, _CURL_SIGMA, _SPREAD_SIGMA, _THUMB_SIGMA = 0.3, 0.5, 0.10, 0.35
# How a curl is shared among the three phalanges.
_PHALANGES: Final = (0.9, 1.0, 0.6)
_STRETCH_SIGMA: Final = 0.06
# Shapes stay nearer to the mean than those the components were drawn from: few points speak here.
_BETA_SIGMA: Final = 0.7

_FACE_POINTS: Final[dict[str, tuple[int, ...]]] = {
    "nose": (1,),
    "eye.L": (263, 362),
    "eye.R": (33, 133),
    "chin": (152,),
}
# MediaPipe's hand: root, then four points a finger; its joint i is the head of our phalanx.
_HAND_JOINTS: Final = {
    f"{finger}.{i:02d}": 1 + 4 * k + (i - 1) for k, finger in enumerate(FINGERS) for i in (1, 2, 3)
}


@dataclass(frozen=True)
class BodyFit:
    """The body as the photo shows it.

    Parameters
    ----------
    camera : Camera
        Of the photo.
    shape : Shape
        The person's body at rest, proportions included in its heads and tails alone.
    heads : (B, 3) array
        Rest heads with the person's proportions.
    positions : (B, 3) array
        Heads of the bones in the photo's pose.
    rotations : (B, 3, 3) array
        From rest to the photo's pose.
    vertices : (V, 3) array
        The mesh in the photo's pose.
    error : float
        Root mean square distance of the seen landmarks over the shoulder breadth.
    unknowns : (N,) array
        What was solved for, to start the next picture of the same person from.
    """

    camera: Camera
    shape: Shape
    heads: Array
    positions: Array
    rotations: Array
    vertices: Array
    error: float
    unknowns: Array


def fit_body(landmarks: Landmarks, size: tuple[int, int]) -> BodyFit:
    """Find camera, build and pose of the person.

    What the photo does not show stays at the mean of the priors.

    Parameters
    ----------
    landmarks : Landmarks
        Joints, hands and face in pixels.
    size : (int, int)
        Width and height of the photo.
    """
    problem = _Problem(load_body(), landmarks, size)
    solution = levenberg_marquardt(problem.residuals, problem.start())
    return problem.result(solution)


def posed(fit: BodyFit, unknowns: Array) -> tuple[Array, Array]:
    """Positions (P, B, 3) and rotations (P, B, 3, 3) of the person's bones in P poses (P, N)."""
    layout = _layout(load_body().components)
    heads = np.broadcast_to(fit.heads, (len(unknowns), *fit.heads.shape))
    return pose_bones(heads, _rotations(unknowns, layout), unknowns[:, layout.root])


def pose_unknowns() -> tuple[dict[str, NDArray[np.int64]], Array]:
    """Which unknowns turn which bone, and how far each is usually turned.

    Returns
    -------
    places : dict of str to (n,) int array
        Bone name to places in `BodyFit.unknowns`; "root" is where the hips are, metres,
        "fingers.L" and "fingers.R" are the curls. The body's build is not among them.
    sigma : (N,) array
        Standard deviations about rest, radians; infinite for the root.
    """
    layout = _layout(load_body().components)
    places = {"root": np.arange(layout.root.start, layout.root.stop)}
    for i, name in enumerate(_FREE):
        places[name] = layout.free.start + 3 * i + np.arange(3)
    for i, side in enumerate("LR"):
        places[f"fingers.{side}"] = layout.curls.start + 11 * i + np.arange(11)
    return places, _prior(layout)[1]


@dataclass(frozen=True)
class _Layout:
    """Where each kind of unknown lies in the vector."""

    root: slice
    free: slice
    curls: slice
    betas: slice
    stretches: slice
    length: int


def _layout(components: int) -> _Layout:
    borders = np.cumsum([0, 3, 3 * len(_FREE), 22, components, len(STRETCHES)])
    a, b, c, d, e, f = (int(n) for n in borders)
    return _Layout(slice(a, b), slice(b, c), slice(c, d), slice(d, e), slice(e, f), f)


class _Problem:
    """Residuals of one photo."""

    def __init__(
        self,
        body: Body,
        landmarks: Landmarks,
        size: tuple[int, int],
    ) -> None:
        self.body = body
        self.layout = _layout(body.components)
        points, seen = landmarks.points, landmarks.visibility
        across = _breadth(landmarks)
        focal = max(_FOCAL_SIDES * max(size), _NEAREST_M * across / SHOULDERS_M)
        self.distance = focal * SHOULDERS_M / across
        self.across = across
        centre = (np.array(size) - 1.0) / 2.0
        self.camera = Camera(focal, centre, size, np.array([0.0, -self.distance, 0.0]))
        self._points, self._seen = points, seen
        targets: list[tuple[int, Array, Array, float]] = []
        origin = np.zeros(3)
        for name, sigma in (
            ("upper_arm", 0.9),
            ("forearm", 1.0),
            ("hand", 0.8),
            ("thigh", 1.6),
            ("shin", 1.2),
            ("foot", 1.2),
        ):
            for side in "LR":
                key = f"{name}.{side}"
                if seen[key] > _SEEN:
                    spread = sigma * _JOINT_SIGMA / seen[key]
                    targets.append((INDEX[key], origin, points[key], spread))
        for side in "LR":
            hand = landmarks.hands.get(side)
            if hand is None:
                if seen[f"hand.{side}"] > _SEEN:
                    for ours, theirs in (("index.01", "index"), ("pinky.01", "little")):
                        bone = INDEX[f"{ours}.{side}"]
                        target = points[f"{theirs}.{side}"]
                        targets.append((bone, origin, target, 1.2 * _JOINT_SIGMA))
                continue
            for name, i in _HAND_JOINTS.items():
                bone = INDEX[f"{name}.{side}"]
                targets.append((bone, origin, hand[i, :2], _HAND_SIGMA))
                if name.endswith("03"):
                    tip = body.vertices[body.tips[bone]] - body.heads[bone]
                    targets.append((bone, tip, hand[i + 1, :2], _HAND_SIGMA))
        head = INDEX["head"]
        offsets = {
            "nose": body.vertices[_NOSE_TIP] - body.heads[head],
            "chin": body.vertices[_CHIN] - body.heads[head],
            "eye.L": body.eyes[0] - body.heads[head],
            "eye.R": body.eyes[1] - body.heads[head],
        }
        for name, offset in offsets.items():
            if landmarks.face is not None:
                target = landmarks.face[list(_FACE_POINTS[name]), :2].mean(axis=0)
                targets.append((head, offset, target, _FACE_SIGMA))
            elif name != "chin":
                targets.append((head, offset, points[name], 2.0 * _FACE_SIGMA))
        self._bones = np.array([t[0] for t in targets])
        self._offsets = np.array([t[1] for t in targets])
        self._targets = np.array([t[2] for t in targets])
        self._scales = np.array([t[3] for t in targets]) * across
        self._directions = self._limb_directions(landmarks)
        self._prior_mean, self._prior_sigma = _prior(self.layout)

    def _limb_directions(self, landmarks: Landmarks) -> list[tuple[int, int, Array]]:
        found = []
        world, seen = landmarks.world, landmarks.visibility
        for a, b in (
            *((f"upper_arm.{s}", f"forearm.{s}") for s in "LR"),
            *((f"forearm.{s}", f"hand.{s}") for s in "LR"),
            *((f"thigh.{s}", f"shin.{s}") for s in "LR"),
            *((f"shin.{s}", f"foot.{s}") for s in "LR"),
            ("upper_arm.R", "upper_arm.L"),
            ("thigh.R", "thigh.L"),
        ):
            if min(seen[a], seen[b]) > _SEEN:
                away = world[b] - world[a]
                found.append((INDEX[a], INDEX[b], away / np.linalg.norm(away)))
        return found

    def start(self) -> Array:
        """Standing upright, where the middle of the shoulders says."""
        theta = self._prior_mean.copy()
        points = self._points
        middle = (points["upper_arm.L"] + points["upper_arm.R"]) / 2
        at = self.camera.to_world(np.array([*middle, self.distance]))
        shoulders = self.body.heads[INDEX["upper_arm.L"]] - self.body.heads[0]
        theta[self.layout.root] = at - np.array([0.0, shoulders[1], shoulders[2]])
        return theta

    def pose(self, theta: Array) -> tuple[Array, Array, Array]:
        """Rest heads, posed positions and rotations for unknowns (P, N)."""
        layout = self.layout
        heads = self.body.heads + np.einsum(
            "ps,sbi->pbi", theta[:, layout.betas], self.body.head_components
        )
        heads = stretched_heads(heads, theta[:, layout.stretches])
        local = _rotations(theta, layout)
        positions, rotations = pose_bones(heads, local, theta[:, layout.root])
        return heads, positions, rotations

    def residuals(self, theta: Array) -> tuple[Array, Array]:
        """Weighted residuals (P, R), and squared image residuals' robust weights are in them."""
        _, positions, rotations = self.pose(theta)
        chosen = rotations[:, self._bones]
        points = positions[:, self._bones] + (chosen @ self._offsets[..., None])[..., 0]
        pixels = self.camera.to_pixels(points)[..., :2]
        flat = (pixels - self._targets) / self._scales[:, None]
        parts = [flat.reshape(len(theta), -1)]
        for a, b, direction in self._directions:
            away = positions[:, b] - positions[:, a]
            away = away / np.linalg.norm(away, axis=-1, keepdims=True)
            parts.append((away - direction) / _DIRECTION_SIGMA)
        parts.append((theta - self._prior_mean) / self._prior_sigma)
        return np.concatenate(parts, axis=1), flat

    def result(self, theta: Array) -> BodyFit:
        """The fit for one solution (N,)."""
        heads, positions, rotations = (values[0] for values in self.pose(theta[None]))
        shape = self.body.shape(theta[self.layout.betas])
        linear = rotations @ stretch_matrices(shape, heads)
        matrices = bone_matrices(linear, shape.heads, positions)
        _, flat = self.residuals(theta[None])
        pixels = flat[0] * self._scales[:, None]
        error = float(np.sqrt((pixels**2).sum(axis=-1).mean())) / self.across
        return BodyFit(
            camera=self.camera,
            shape=shape,
            heads=heads,
            positions=positions,
            rotations=rotations,
            vertices=skin(shape.vertices, self.body.weights, matrices),
            error=error,
            unknowns=theta,
        )


def _prior(layout: _Layout) -> tuple[Array, Array]:
    mean, sigma = np.zeros(layout.length), np.ones(layout.length)
    sigma[layout.root] = np.inf
    sigma[layout.free] = np.array(list(_FREE.values())).ravel()
    for side in range(2):
        at = layout.curls.start + 11 * side
        sigma[at : at + 3] = _THUMB_SIGMA
        mean[at + 3 : at + 11 : 2], sigma[at + 3 : at + 11 : 2] = _CURL, _CURL_SIGMA
        sigma[at + 4 : at + 11 : 2] = _SPREAD_SIGMA
    sigma[layout.betas] = _BETA_SIGMA
    sigma[layout.stretches] = _STRETCH_SIGMA
    return mean, sigma


def _rotations(theta: Array, layout: _Layout) -> Array:
    """Rotations (P, B, 3, 3) of the bones relative to their parents for unknowns (P, N)."""
    count = len(theta)
    vectors = np.zeros((count, len(BONES), 3))
    free = theta[:, layout.free].reshape(count, len(_FREE), 3)
    vectors[:, [INDEX[name] for name in _FREE]] = free
    for side_number, side in enumerate("LR"):
        at = layout.curls.start + 11 * side_number
        part = theta[:, at : at + 11]
        for finger, (axis, normal) in _curl_axes(side).items():
            place = 1 + 2 * FINGERS.index(finger)
            first = INDEX[f"{finger}.01.{side}"]
            if finger == "thumb":
                vectors[:, first] = part[:, :3] * 0.6
                vectors[:, first + 1] = part[:, :1] * 0.5 * axis
                vectors[:, first + 2] = part[:, :1] * 0.5 * axis
                continue
            for i, share in enumerate(_PHALANGES):
                vectors[:, first + i] = part[:, place : place + 1] * share * axis
            vectors[:, first] += part[:, place + 1 : place + 2] * normal
    local = Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix()
    return local.reshape(count, len(BONES), 3, 3)


def _breadth(landmarks: Landmarks) -> float:
    """Shoulder breadth in pixels as it would be from the front."""
    points, world = landmarks.points, landmarks.world
    away = points["upper_arm.L"] - points["upper_arm.R"]
    seen = float(np.linalg.norm(away))
    turned = world["upper_arm.L"] - world["upper_arm.R"]
    share = float(np.hypot(turned[0], turned[2]) / max(np.linalg.norm(turned), 1e-6))
    breadth = seen / max(share, 0.4)
    if landmarks.face is not None:
        # A face is about as long from brow to chin as a third of the shoulders' breadth.
        brow = landmarks.face[9, :2] - landmarks.face[152, :2]
        breadth = float(np.clip(breadth, 1.9 * np.linalg.norm(brow), 4.5 * np.linalg.norm(brow)))
    return breadth


@cache
def _curl_axes(side: str) -> dict[str, tuple[Array, Array]]:
    """Axis of flexion, and of spreading, of each finger at rest."""
    heads = load_body().heads
    knuckles = heads[INDEX[f"index.01.{side}"]] - heads[INDEX[f"pinky.01.{side}"]]
    along = heads[INDEX[f"middle.01.{side}"]] - heads[INDEX[f"hand.{side}"]]
    sign = 1.0 if side == "L" else -1.0
    normal = sign * np.cross(along, knuckles)
    normal /= np.linalg.norm(normal)
    axes = {}
    for finger in FINGERS:
        first = INDEX[f"{finger}.01.{side}"]
        way = heads[first + 2] - heads[first]
        axis = np.cross(way, normal)
        axes[finger] = (sign * axis / np.linalg.norm(axis) * sign, normal)
    return axes


def stretch_matrices(shape: Shape, heads: Array) -> Array:
    """Linear maps (B, 3, 3) at rest that stretch each bone to the person's proportions."""
    out = np.broadcast_to(np.eye(3), (len(BONES), 3, 3)).copy()
    children: dict[int, list[int]] = {}
    for bone, parent in enumerate(PARENTS):
        children.setdefault(parent, []).append(bone)
    for bone, below in children.items():
        if bone < 0 or (len(below) > 1 and BONES[bone] not in ("hips", "chest")):
            continue
        child = below[0]
        old = shape.heads[child] - shape.heads[bone]
        new = heads[child] - heads[bone]
        length = float(np.linalg.norm(old))
        axis = old / length
        factor = float(np.linalg.norm(new)) / length
        out[bone] += (factor - 1.0) * np.outer(axis, axis)
    return out
