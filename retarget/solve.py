"""Motion to bone rotations, for any rig: rest poses, rolls, proportions, planted feet."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import rotation, skeleton
from .bone_ends import DIGITS, LIMBS
from .fingers import digit_turns
from .fit import Fit
from .motion import Motion
from .progress import Progress, no_progress
from .rig_pose import RigPose, root_place
from .rotation import Array
from .twists import beside_turn, limb_shares

# Legs are never fully stretched, where the knee's angle would jump with the smallest sway.
_MAX_STRETCH: Final = 1.0 - 1e-5
# Largest share of the leg by which the hips are lowered so that both feet reach their place.
_MAX_DROP: Final = 0.05
# The knee points where it did in the rest pose, or forward where the leg was straight.
_KNEE_FORWARD: Final = 0.02
# A trunk of one bone starts below this share of the way from hips to neck, and leans by so much at
# most beside the chest.
_HIGHEST_START: Final = 0.7
_MOST_LEAN: Final = np.radians(2.0)
# The spine's bones lean by so much at most below a chest that keeps its turn.
_MOST_SPINE_LEAN: Final = np.radians(2.0)
_MOST_LONG: Final = 1.4
_TRUNK: Final = ("hips", "spine", "chest", "neck")
# A bone that carries the body from further off than this, metres on the canonical skeleton, is no
# pelvis: the pelvis is then moved as the motion's, not that bone.
_OFF_PELVIS: Final = 0.1
# Of several bones that play one of these only the first one turns.
_RIGID: Final = ("hips", "hand", "foot", "baton")


@dataclass(frozen=True)
class Solution:
    """Bone-local animation, as `PoseBone.rotation_quaternion` and `.location` expect it.

    Parameters
    ----------
    bones : tuple of str, length N
        Mapped bones, and twist bones beside the limbs.
    rotations : (T, N, 4) array
        Unit quaternions (w, x, y, z), sign-continuous in time.
    root_bone : str
        The bone that carries the body, moved by `location`.
    location : (T, 3) array
        Its location in its own rest axes, armature units.
    """

    bones: tuple[str, ...]
    rotations: Array
    root_bone: str
    location: Array


def solve(fit: Fit, motion: Motion, progress: Progress = no_progress) -> Solution:
    """Give every mapped bone the rotation that its joint has in the motion.

    Arms, hands, fingers and baton point exactly where the canonical skeleton's do, the trunk turns
    from the rig's own posture as it stands, and the ankles go where the canonical ankles go, scaled
    by the legs, with the knees bent to suit (analytic two-bone inverse kinematics).

    Parameters
    ----------
    fit : Fit
        The rig.
    motion : Motion
        T frames.
    progress : Progress
        Hears [0, 1].
    """
    phase = "fitting the motion to the rig"
    progress(0.0, phase)
    positions, world = motion.world()
    wanted = _wanted_rotations(fit, positions, world)
    progress(0.3, phase)
    root_bone = fit.map.strands["hips"][0][0]
    hips = fit.standing["hips"] + fit.scale * (motion.root - skeleton.REST[0])
    lever = _to_pelvis(fit)
    hips = hips + lever - rotation.rotate(world[:, skeleton.INDEX["hips"]], lever)
    root = root_place(fit, wanted[root_bone], hips)
    movable = not fit.rig.connected[fit.rig.index[root_bone]]
    if not movable:
        resting = RigPose(fit, wanted).default_position(root_bone)
        root = np.broadcast_to(resting, root.shape)
    root = _plant_feet(fit, positions, world, wanted, root, movable)
    _turn_twists(fit, world, wanted)
    progress(0.6, phase)
    pose = RigPose(fit, wanted, {root_bone: root})
    bones = (*fit.map.bones, *(twist.bone for twist in fit.twists))
    rotations = np.empty((len(motion), len(bones), 4))
    for i, bone in enumerate(bones):
        basis = rotation.multiply(rotation.conjugate(pose.default_rotation(bone)), wanted[bone])
        sign = -1.0 if basis[0, 0] < 0.0 else 1.0
        rotations[:, i] = sign * rotation.make_continuous(basis)
        progress(0.6 + 0.4 * (i + 1) / len(bones), phase)
    location = pose.location(root_bone, root)
    return Solution(bones, rotations, root_bone, np.broadcast_to(location, root.shape))


def rest_motion() -> Motion:
    """One frame of the canonical T-pose."""
    count = len(skeleton.NAMES)
    return Motion(1.0, rotation.identity((1, count)), skeleton.REST[:1].copy())


def _to_pelvis(fit: Fit) -> Array:
    """From the bone that plays the hips to where these are in the T-pose, (3,), armature units; no
    way at all where that bone is the pelvis."""
    thighs = [f"thigh.{side}" for side in ("L", "R")]
    if not all(thigh in fit.map.strands for thigh in thighs):
        return np.zeros(3)
    bone = fit.map.strands["hips"][0][-1]
    rest = fit.rest_rotations[fit.rig.index[bone]]
    turn = rotation.multiply(fit.aligned[bone], rotation.conjugate(rest))
    ours = np.mean([fit.head(thigh) for thigh in thighs], axis=0) - fit.head("hips")
    above = skeleton.REST[0] - np.mean([skeleton.REST[skeleton.INDEX[j]] for j in thighs], axis=0)
    way = rotation.rotate(turn, ours) + fit.scale * above
    return way if np.linalg.norm(way) > _OFF_PELVIS * fit.scale else np.zeros(3)


def _wanted_rotations(fit: Fit, positions: Array, world: Array) -> dict[str, Array]:
    """Orientation (T, 4) of every mapped bone, canonical axes."""
    wanted = {
        bone: rotation.multiply(turn, fit.aligned[bone])
        for bone, turn in digit_turns(fit, world).items()
    }
    for joint, strands in fit.map.strands.items():
        turn = world[:, skeleton.INDEX[joint]]
        stem, _, side = joint.partition(".")
        if stem == "upper_arm" and f"forearm.{side}" not in fit.map.strands:
            turn = _arm_of_one_bone(positions, turn, side)
        if joint == "chest" and "spine" not in fit.map.strands and len(strands[0]) == 1:
            turn = _trunk_of_one_bone(fit, positions, world)
        above = skeleton.joint_above(joint, fit.map.strands)
        base = turn if above is None else world[:, skeleton.INDEX[above]]
        if stem in DIGITS:
            continue
        for strand in strands:
            turns = _shared(joint, turn, base, len(strand))
            if joint == "spine" and "chest" in fit.map.strands:
                turns = _leaning(fit, positions, world, turns)
            for bone, bone_turn in zip(strand, turns, strict=True):
                wanted[bone] = rotation.multiply(bone_turn, fit.aligned[bone])
    return wanted


def _arm_of_one_bone(positions: Array, turn: Array, side: str) -> Array:
    """How an arm without an elbow turns, (T, 4): as the upper arm, but pointing to the wrist."""
    shoulder, elbow, wrist = (
        skeleton.INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")
    )
    have = rotation.rotate(turn, skeleton.REST[elbow] - skeleton.REST[shoulder])
    swing = rotation.between(have, positions[:, wrist] - positions[:, shoulder])
    return rotation.multiply(swing, turn)


def _trunk_of_one_bone(fit: Fit, positions: Array, world: Array) -> Array:
    """How the one bone between hips and neck turns, (T, 4): as the chest, but leaning so that the
    neck is where a spine and a chest would carry it."""
    top = next((joint for joint in ("neck", "head") if joint in fit.map.strands), None)
    turn = world[:, skeleton.INDEX["chest"]]
    if top is None:
        return turn
    away = [float(np.linalg.norm(fit.head(j) - fit.head("hips"))) for j in ("chest", top)]
    share = float(np.clip(away[0] / max(away[1], 1e-9), 0.0, _HIGHEST_START))
    hips, end = skeleton.INDEX["hips"], skeleton.INDEX[top]
    start = share * (skeleton.REST[end] - skeleton.REST[hips])
    place = positions[:, hips] + rotation.rotate(world[:, hips], start)
    have = rotation.rotate(turn, skeleton.REST[end] - skeleton.REST[hips] - start)
    between = rotation.between(have, positions[:, end] - place)
    lean = _limited(rotation.to_rotation_vector(between), _MOST_LEAN)
    return rotation.multiply(rotation.from_rotation_vector(lean), turn)


def _leaning(fit: Fit, positions: Array, world: Array, turns: list[Array]) -> list[Array]:
    """The turns (T, 4) of the spine's bones, leaning so that the neck is where our own spine and
    chest carry it, wherever the rig's bones bend."""
    if "neck" not in fit.map.strands:
        return turns
    chest = fit.map.strands["chest"][0]
    bones = (*fit.map.strands["spine"][0], *chest)
    heads = fit.rig.heads[[fit.rig.index[bone] for bone in bones]]
    row = np.vstack([fit.head("hips"), heads, fit.head("neck")])
    ours = _shares(row)
    places = skeleton.REST[[skeleton.INDEX[joint] for joint in _TRUNK]]
    straight = fit.scale * float(np.linalg.norm(places[-1] - places[0]))
    # Spines that go to and fro, or start on the floor, bend otherwise.
    if ours[1] > _HIGHEST_START or _length(row) > _MOST_LONG * straight:
        return turns
    theirs = _shares(places)
    steps = np.diff([[np.interp(at, theirs, axis) for axis in places.T] for at in ours], axis=0)
    base, upright = (world[:, skeleton.INDEX[joint]] for joint in ("spine", "chest"))
    rows = [world[:, skeleton.INDEX["hips"]], *turns, *_shared("chest", upright, base, len(chest))]
    parts = [rotation.rotate(turn, step) for turn, step in zip(rows, steps, strict=True)]
    want = positions[:, skeleton.INDEX["neck"]] - positions[:, skeleton.INDEX["hips"]]
    have = np.sum(parts[1 : 1 + len(turns)], axis=0)
    missing = want - np.sum(parts, axis=0)
    between = rotation.between(have, have + missing)
    lean = _limited(rotation.to_rotation_vector(between), _MOST_SPINE_LEAN)
    return [rotation.multiply(rotation.from_rotation_vector(lean), turn) for turn in turns]


def _length(places: Array) -> float:
    return float(np.linalg.norm(np.diff(places, axis=0), axis=-1).sum())


def _shares(places: Array) -> Array:
    """How far along their row each of some places (N, 3) is, 0 to 1."""
    way = np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=-1))
    return np.concatenate([[0.0], way / max(float(way[-1]), 1e-9)])


def _limited(lean: Array, most: float) -> Array:
    """Rotation vectors (T, 3) of no more than an angle."""
    angle = np.linalg.norm(lean, axis=-1, keepdims=True)
    return np.asarray(lean * np.minimum(1.0, most / np.maximum(angle, 1e-9)))


def _shared(joint: str, turn: Array, base: Array, count: int) -> list[Array]:
    """Rotations (T, 4) of `count` bones in a row that play a joint: curves bend in each of them,
    limbs are straight."""
    stem = joint.split(".")[0]
    if count == 1:
        return [turn]
    if stem in LIMBS:
        return limb_shares(turn, base, joint, count)
    if stem in _RIGID:
        return [turn] * count
    return [rotation.slerp(base, turn, k / count) for k in range(1, count + 1)]


def _turn_twists(fit: Fit, world: Array, wanted: dict[str, Array]) -> None:
    """Add the twist bones beside the limbs to `wanted`."""
    for twist in fit.twists:
        turn, after = (
            rotation.multiply(wanted[bone], rotation.conjugate(fit.aligned[bone]))
            for bone in (fit.map.strands[joint][0][-1] for joint in (twist.joint, twist.after))
        )
        joint = skeleton.joint_above(twist.joint, fit.map.strands) or "hips"
        turn = beside_turn(twist, turn, world[:, skeleton.INDEX[joint]], after)
        wanted[twist.bone] = rotation.multiply(turn, fit.aligned[twist.bone])


def _plant_feet(
    fit: Fit,
    positions: Array,
    world: Array,
    wanted: dict[str, Array],
    root: Array,
    movable: bool,
) -> Array:
    """Turn thighs and shins in `wanted` so that the ankles follow the canonical ones.

    Returns
    -------
    root : (T, 3) array
        The hips, lowered for the whole clip where the legs would not reach otherwise.
    """
    sides = [
        side
        for side in ("L", "R")
        if all(f"{stem}.{side}" in fit.map.strands for stem in ("thigh", "shin", "foot"))
    ]
    legs = [_Leg(fit, side, positions, wanted, root) for side in sides]
    drop = np.array([0.0, 0.0, max([leg.needed_drop() for leg in legs], default=0.0)])
    if not movable:
        drop[:] = 0.0
    for leg in legs:
        leg.bend(world, wanted, drop)
    return root - drop


class _Leg:
    """One leg: hip to ankle, canonical axes, armature units."""

    def __init__(
        self, fit: Fit, side: str, positions: Array, wanted: dict[str, Array], root: Array
    ) -> None:
        self.thigh, self.shin, self.foot = (
            fit.map.strands[f"{stem}.{side}"][0] for stem in ("thigh", "shin", "foot")
        )
        self._joint = skeleton.INDEX[f"thigh.{side}"]
        pose = RigPose(fit, wanted, {fit.map.strands["hips"][0][0]: root})
        self._hip = pose.position(self.thigh[0])
        self._knee = pose.position(self.shin[0])
        self._ankle = pose.position(self.foot[0])
        ankle = skeleton.INDEX[f"foot.{side}"]
        moved = positions[:, ankle] - skeleton.REST[ankle]
        self._target = fit.standing[f"foot.{side}"] + fit.scale * moved
        heads = [fit.head(f"{stem}.{side}") for stem in ("thigh", "shin", "foot")]
        self._upper = float(np.linalg.norm(heads[1] - heads[0]))
        self._lower = float(np.linalg.norm(heads[2] - heads[1]))

    @property
    def _reach(self) -> float:
        return (self._upper + self._lower) * _MAX_STRETCH

    def needed_drop(self) -> float:
        """How far the hips must come down for the ankle to reach its target in every frame."""
        span = self._target - self._hip
        sideways = np.sum(span[:, :2] ** 2, axis=-1)
        depth = np.sqrt(np.maximum(self._reach**2 - sideways, 0.0))
        needed = float(np.max(-span[:, 2] - depth))
        return min(max(needed, 0.0), _MAX_DROP * self._reach)

    def bend(self, world: Array, wanted: dict[str, Array], drop: Array) -> None:
        """Replace the rotations of thigh and shin in `wanted`."""
        hip = self._hip - drop
        span = self._target - hip
        distance = np.linalg.norm(span, axis=-1, keepdims=True)
        shortest = abs(self._upper - self._lower) * 1.01 + 1e-6
        along = span / np.maximum(distance, 1e-9)
        distance = np.clip(distance, shortest, self._reach)
        near = (self._upper**2 - self._lower**2 + distance**2) / (2.0 * distance)
        out = np.sqrt(np.maximum(self._upper**2 - near**2, 0.0))
        forward = rotation.rotate(world[:, self._joint], np.array([0.0, -1.0, 0.0]))
        pole = self._knee - self._hip + _KNEE_FORWARD * self._upper * forward
        pole = pole - along * np.sum(pole * along, axis=-1, keepdims=True)
        knee = hip + near * along + out * rotation.normalize(pole)
        ankle = hip + distance * along
        thigh = rotation.between(self._knee - self._hip, knee - hip)
        shin = rotation.between(self._ankle - self._knee, ankle - knee)
        for strand, swing in ((self.thigh, thigh), (self.shin, shin)):
            for bone in strand:
                wanted[bone] = rotation.multiply(swing, wanted[bone])
