"""`Seen`: the points of a conductor's body that are drawn, and the camera that sees them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pose_transfer.proportions import proportions_of, skull_of, to_skull
from retarget import rotation, skeleton
from retarget.guide import Guide
from retarget.rotation import Array
from retarget.t_pose import canonical_direction

if TYPE_CHECKING:
    from pose_transfer.likeness import LikenessFrames
    from retarget.character import Character

FACE: Final = tuple(skeleton.FACE_POINTS)
FINGERS: Final = ("thumb", "index", "fingers")
CROWN, CHIN = "crown", "chin"
PHALANGES: Final = (1, 2, 3)
# Lengths of the fingers of the mean body (`retarget.body`), from wrist to middle knuckle as one.
_LENGTHS: Final = {"thumb": 0.94, "index": 0.74, "fingers": 0.85}
# In the axes of the canonical head joint, metres.
_HEAD: Final = skeleton.FACE_POINTS | {CROWN: (0.0, -0.01, 0.195), CHIN: (0.0, -0.05, -0.01)}
# The body's fingers in the canonical hand: the middle one stands for all but the index.
_CHAINS: Final = {"thumb": "thumb", "index": "index", "fingers": "middle"}
_BREADTH_M: Final = float(
    np.ptp(skeleton.REST[[skeleton.INDEX[f"upper_arm.{s}"] for s in "LR"], 0])
)
# Nothing nearer to the camera is drawn, metres.
_NEAR_M: Final = 0.01


def end_of(finger: str, phalanx: int) -> str:
    """Name of the point at the end of a finger's phalanx: "thumb.L", 3 → "thumb.L 3", the tip."""
    return f"{finger} {phalanx}"


@dataclass(frozen=True)
class Seen:
    """Points over T frames and their way into the picture.

    Parameters
    ----------
    fps : float
        Frames per second.
    size : (int, int)
        Width and height of the picture.
    points : dict of str to (T, 3) arrays
        World positions by name: joints of `retarget.skeleton`, ends of phalanges, crown, chin
        and face; NaN where there is no such point.
    camera : (T, 4, 4) array
        World to clip space.
    picture : (int, int)
        Width and height of the picture that clip space spans.
    scale, shift : float, (2,) array
        From its pixels to those of `size`, counted from the corners.
    """

    fps: float
    size: tuple[int, int]
    points: dict[str, Array]
    camera: Array
    picture: tuple[int, int]
    scale: float
    shift: Array

    def __len__(self) -> int:
        return len(self.camera)

    def to_pixels(self, frame: int, places: Array) -> Array:
        """World places (N, 3) as the camera of a frame sees them: pixels (N, 2), y down.

        Pixels are counted from the picture's corner; NaN behind the camera.
        """
        clip = places @ self.camera[frame, :, :3].T + self.camera[frame, :, 3]
        depth = clip[:, 3:]
        flat = clip[:, :2] / np.where(depth > _NEAR_M, depth, np.nan)
        pixels = (flat * [0.5, -0.5] + 0.5) * np.array(self.picture)
        return pixels * self.scale + self.shift

    def pixel(self, frame: int, name: str) -> Array:
        """Where a frame shows one of the points, (2,)."""
        return self.to_pixels(frame, self.points[name][frame : frame + 1])[0]


def seen_in_scene(guide: Guide) -> Seen:
    """The avatar of a scene as its camera sees it."""
    points = {name: guide.positions[:, i] for name, i in skeleton.INDEX.items()}
    for finger in (f"{stem}.{side}" for side in "LR" for stem in FINGERS):
        points |= _phalanges(guide, finger)
    head, size = skeleton.INDEX["head"], _size_of(guide, "upper_arm.L", "upper_arm.R")
    for name, away in _from_skull(size).items():
        turned = rotation.rotate(guide.rotations[:, head], to_skull(guide.rest) + away)
        points[name] = guide.positions[:, head] + turned
    camera = guide.projection @ guide.view
    return Seen(guide.fps, guide.size, points, camera, guide.size, 1.0, np.zeros(2))


def seen_in_likeness(frames: "LikenessFrames") -> Seen:
    """The person of a photo as the likeness video shows them."""
    character, take = frames.character, frames.take
    points = {}
    for joint in skeleton.NAMES:
        stem, _, side = joint.partition(".")
        bone = f"{_CHAINS[stem]}.01.{side}" if stem in _CHAINS else joint
        points[joint] = _carried(frames, bone, np.zeros(3))
        if stem in _CHAINS:
            for i in PHALANGES:
                bone = f"{_CHAINS[stem]}.{i:02d}.{side}"
                points[end_of(joint, i)] = _carried(frames, bone, _along(character, bone))
    points["baton"], points["baton_tip"] = take.baton[:, 0], take.baton[:, 1]
    head = character.bone("head")
    skull = skull_of(character) - character.heads[head]
    size = proportions_of(character).breadth / _BREADTH_M
    for name, away in _from_skull(size).items():
        turned = rotation.rotate(character.turns[head], away)
        points[name] = _carried(frames, "head", skull + turned)
    # Its pixels are counted from the middle of the first one.
    shift = np.asarray(frames.shift) + 0.5 - 0.5 * frames.scale
    camera = take.projection @ take.view
    return Seen(frames.fps, frames.size, points, camera, take.size, frames.scale, shift)


def _phalanges(guide: Guide, finger: str) -> dict[str, Array]:
    """Ends (T, 3) of the three phalanges of a finger, by name.

    The guide knows where the whole finger points. Bent by the same angle at each joint, three equal
    phalanges point there if that angle is half of the whole finger's.
    """
    i, hand = skeleton.INDEX[finger], skeleton.INDEX[f"hand.{finger[-1]}"]
    stem, _, side = finger.partition(".")
    hand_m = np.linalg.norm(guide.rest[skeleton.INDEX[f"fingers.{side}"]] - guide.rest[hand])
    length = _LENGTHS[stem] * hand_m / len(PHALANGES)
    phalanx = length * canonical_direction(finger)
    palm = guide.rotations[:, hand]
    bend = rotation.multiply(rotation.conjugate(palm), guide.rotations[:, i])
    half = rotation.to_rotation_vector(bend) / 2.0
    ends = {}
    at = guide.positions[:, i]
    for k in PHALANGES:
        turn = rotation.multiply(palm, rotation.from_rotation_vector(k * half))
        at = at + rotation.rotate(turn, phalanx)
        ends[end_of(finger, k)] = at
    return ends


def _from_skull(size: float) -> dict[str, Array]:
    """Points of the head, (3,) each, from where the skull sits, in the axes of the head."""
    skull = to_skull(skeleton.REST)
    return {name: size * (np.array(offset) - skull) for name, offset in _HEAD.items()}


def _along(character: "Character", bone: str) -> Array:
    """From a bone's start to its end in the bind pose, (3,); zero without the bone."""
    if bone not in character.bones:
        return np.zeros(3)
    i = character.bone(bone)
    return np.asarray(character.tails[i] - character.heads[i])


def _size_of(guide: Guide, start: str, end: str) -> float:
    """How much longer the way between two joints is than on the canonical skeleton."""
    i, j = skeleton.INDEX[start], skeleton.INDEX[end]
    ours = np.linalg.norm(guide.rest[j] - guide.rest[i])
    return float(ours / np.linalg.norm(skeleton.REST[j] - skeleton.REST[i]))


def _carried(frames: "LikenessFrames", bone: str, offset: Array) -> Array:
    """Points (T, 3) at an offset (3,) from a bone's head in the bind pose; NaN without the bone."""
    character = frames.character
    if bone not in character.bones:
        return np.full((len(frames), 3), np.nan)
    i = character.bone(bone)
    matrices = frames.take.matrices[:, i].astype(np.float64)
    return matrices[..., :3] @ (character.heads[i] + offset) + matrices[..., 3]
