"""A person of capsules, textured by projecting a picture, and what moves their bones."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pose_transfer.drawing import Take
from pose_transfer.pieces import Bones, Piece, assemble
from retarget.camera import Camera
from retarget.character import Character
from retarget.rotation import from_axis_angle, to_matrix

# name: (parent, head, tail); arms hang a little away from the trunk.
BONES = {
    "hips": (None, (0.0, 0.0, 0.95), (0.0, 0.0, 1.2)),
    "chest": ("hips", (0.0, 0.0, 1.2), (0.0, 0.0, 1.46)),
    "head": ("chest", (0.0, 0.0, 1.5), (0.0, 0.0, 1.75)),
    "upper_arm.L": ("chest", (0.19, 0.0, 1.4), (0.3, -0.02, 1.14)),
    "forearm.L": ("upper_arm.L", (0.3, -0.02, 1.14), (0.38, -0.08, 0.9)),
    "hand.L": ("forearm.L", (0.38, -0.08, 0.9), (0.4, -0.1, 0.8)),
    "upper_arm.R": ("chest", (-0.19, 0.0, 1.4), (-0.3, -0.02, 1.14)),
    "forearm.R": ("upper_arm.R", (-0.3, -0.02, 1.14), (-0.38, -0.08, 0.9)),
    "hand.R": ("forearm.R", (-0.38, -0.08, 0.9), (-0.4, -0.1, 0.8)),
}
NAMES = tuple(BONES)
_PARENTS = np.array([-1 if b[0] is None else NAMES.index(b[0]) for b in BONES.values()])
_HEADS = np.array([b[1] for b in BONES.values()])
_TAILS = np.array([b[2] for b in BONES.values()])


def photo_camera(size: tuple[int, int]) -> Camera:
    """Sees the whole person, who fills the height."""
    focal = 2.6 * size[1]
    return Camera(
        focal, np.array(size) / 2 - 0.5, size, np.array([0.0, -focal * 1.9 / size[1], 0.92])
    )


def texture_picture(size: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    """Noise with detail down to two pixels, in colours of a photo."""
    rng = np.random.default_rng(seed)
    picture = np.full((size[1], size[0], 3), 128.0)
    for grain, strength in ((2, 14.0), (8, 25.0), (40, 30.0)):
        noise = rng.normal(size=(size[1] // grain + 2, size[0] // grain + 2, 3))
        noise = cv2.resize(noise, None, fx=grain, fy=grain, interpolation=cv2.INTER_CUBIC)
        picture += strength * noise[: size[1], : size[0]]
    return np.clip(picture, 0, 255).astype(np.uint8)


def capsule_person(
    size: tuple[int, int] = (360, 480),
    picture: NDArray[np.uint8] | None = None,
    fineness: float = 1.0,
    backdrop: bool = True,
) -> Character:
    """A closed mesh for each part, in the projection of `photo_camera(size)`."""
    camera = photo_camera(size)
    rgb = texture_picture(size) if picture is None else picture
    rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    ends = {name: (np.array(b[1]), np.array(b[2])) for name, b in BONES.items()}
    pieces = [
        _piece("trunk", [(0, 0, 0.85), (0, 0, 1.38)], 0.17, 0.6, ["hips", "chest"]),
        _piece("head", [(0, 0, 1.46), (0, 0, 1.52)], 0.06, 1.0, ["head"]),
        _piece("head", [(0, 0, 1.6), (0, 0, 1.68)], 0.09, 1.1, ["head"]),
        _piece("legs", [(0.09, 0, 0.1), (0.09, 0, 0.85)], 0.085, 1.0, ["hips"]),
        _piece("legs", [(-0.09, 0, 0.1), (-0.09, 0, 0.85)], 0.085, 1.0, ["hips"]),
    ]
    for side in "LR":
        (shoulder, elbow), (_, wrist) = ends[f"upper_arm.{side}"], ends[f"forearm.{side}"]
        bones = [f"upper_arm.{side}", f"forearm.{side}"]
        pieces.append(_piece(f"arm.{side}", [shoulder, elbow, wrist], 0.05, 1.0, bones))
        pieces.append(_piece(f"hand.{side}", ends[f"hand.{side}"], 0.035, 1.0, [f"hand.{side}"]))
    pieces = [_refined(shape, fineness) for shape in pieces]
    return assemble(
        [
            Piece(v, f, camera.to_pixels(v)[f][..., :2], rgba, weights, part)
            for v, f, weights, part in pieces
        ],
        Bones(NAMES, _PARENTS.astype(np.int16), _HEADS, _TAILS, np.tile([1.0, 0, 0, 0], (9, 1))),
        camera,
        backdrop=rgb if backdrop else None,
    )


def _piece(part, path, radius, depth, bones):  # type: ignore[no-untyped-def]
    return part, np.array(path, dtype=float), radius, depth, bones


def _refined(shape, fineness):  # type: ignore[no-untyped-def]
    """Vertices, faces, weights and part of a capsule round a path of two or three points."""
    part, path, radius, depth, bones = shape
    around = max(8, round(2 * np.pi * radius / 0.02 * fineness))
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    length = float(steps.sum())
    cap = max(3, round(1.5 * radius / 0.02 * fineness))
    along = max(2, round(length / 0.02 * fineness))
    turn = np.linspace(-np.pi / 2, 0, cap + 1)[1:]
    place = np.concatenate([radius * np.sin(turn), np.linspace(0, length, along + 1)[1:-1]])
    wide = np.concatenate([radius * np.cos(turn), np.full(along - 1, radius)])
    place = np.concatenate([place, length - radius * np.sin(turn[::-1])])
    wide = np.concatenate([wide, radius * np.cos(turn[::-1])])
    knots = np.concatenate([[0.0], np.cumsum(steps)])
    inside = np.clip(place, 0.0, length)
    centre = np.stack([np.interp(inside, knots, path[:, i]) for i in range(3)], axis=-1)
    axis = (path[-1] - path[0]) / np.linalg.norm(path[-1] - path[0])
    centre += (place - inside)[:, None] * axis
    side = np.cross([0.0, 1.0, 0.0], axis)
    side /= np.linalg.norm(side)
    front = np.cross(axis, side)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(angle)[:, None] * side + depth * np.sin(angle)[:, None] * front
    vertices = (centre[:, None] + wide[:, None, None] * ring).reshape(-1, 3)
    poles = np.stack([path[0] - radius * axis, path[-1] + radius * axis])
    faces = []
    rings = len(place)
    for r in range(rings - 1):
        for a in range(around):
            p, q = r * around + a, r * around + (a + 1) % around
            faces += [(p, q, q + around), (p, q + around, p + around)]
    low, high = len(vertices), len(vertices) + 1
    for a in range(around):
        b = (a + 1) % around
        faces.append((low, b, a))
        faces.append((high, (rings - 1) * around + a, (rings - 1) * around + b))
    vertices = np.concatenate([vertices, poles])
    share = np.zeros(len(vertices))
    if len(bones) > 1:
        at = (vertices - path[0]) @ axis / length
        share = np.clip((at - 0.5) / 0.16 + 0.5, 0.0, 1.0)
    weights = {bones[0]: 1.0 - share}
    if len(bones) > 1:
        weights[bones[1]] = share
    return vertices, np.array(faces), weights, part


def turned_bones(turns: dict[str, tuple[tuple[float, float, float], float]]) -> NDArray:
    """Bind pose to world (B, 3, 4), bones turned about their heads by an axis and an angle."""
    world = np.zeros((len(NAMES), 4, 4))
    for i, name in enumerate(NAMES):
        axis, angle = turns.get(name, ((1.0, 0.0, 0.0), 0.0))
        local = np.eye(4)
        local[:3, :3] = to_matrix(from_axis_angle(np.array(axis), angle))
        local[:3, 3] = _HEADS[i] - local[:3, :3] @ _HEADS[i]
        world[i] = local if _PARENTS[i] < 0 else world[_PARENTS[i]] @ local
    return world[:, :3]


def take_of(character: Character, poses: list[NDArray], baton: bool = False) -> Take:
    """Poses seen by the photo's camera."""
    camera = character.camera
    matrices = np.stack(poses).astype(np.float32)
    held = np.full((len(poses), 2, 3), np.nan, np.float32)
    if baton:
        hand = NAMES.index("hand.R")
        at = np.stack([_TAILS[hand], _TAILS[hand] + np.array([0.1, -0.2, 0.3])])
        move = matrices[:, hand]
        held = np.einsum("tij,nj->tni", move[..., :3], at) + move[:, None, :, 3]
    count = (len(poses), 1, 1)
    return Take(
        matrices=matrices,
        baton=held.astype(np.float32),
        view=np.tile(camera.view, count),
        projection=np.tile(camera.projection, count),
        size=camera.size,
    )
