"""Motion to bone rotations, for any rig: rest poses, rolls, proportions, planted feet."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import rotation, skeleton
from .fingers import digit_turns
from .fit import DIGITS, Fit
from .motion import Motion
from .progress import Progress, no_progress
from .rotation import Array

# Legs are never fully stretched, where the knee's angle would jump with the smallest sway.
_MAX_STRETCH: Final = 1.0 - 1e-5
# Largest share of the leg by which the hips are lowered so that both feet reach their place.
_MAX_DROP: Final = 0.05
# The knee points where it did in the rest pose, or forward where the leg was straight.
_KNEE_FORWARD: Final = 0.02


@dataclass(frozen=True)
class Solution:
    """Bone-local animation, as `PoseBone.rotation_quaternion` and `.location` expect it.

    Parameters
    ----------
    bones : tuple of str, length N
        Mapped bones.
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
    from the rig's own rest posture, and the ankles go where the canonical ankles go, scaled by the
    legs, with the knees bent to suit (analytic two-bone inverse kinematics).

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
    wanted = _wanted_rotations(fit, world)
    progress(0.3, phase)
    root_bone = fit.map.strands["hips"][0][0]
    root = fit.head("hips") + fit.scale * (motion.root - skeleton.REST[0])
    movable = not fit.rig.connected[fit.rig.index[root_bone]]
    if not movable:
        root = np.broadcast_to(fit.head("hips"), root.shape)
    root = _plant_feet(fit, positions, world, wanted, root, movable)
    progress(0.6, phase)
    pose = _Pose(fit, wanted, root_bone, root)
    bones = fit.map.bones
    rotations = np.empty((len(motion), len(bones), 4))
    for i, bone in enumerate(bones):
        basis = rotation.multiply(rotation.conjugate(pose.default_rotation(bone)), wanted[bone])
        sign = -1.0 if basis[0, 0] < 0.0 else 1.0
        rotations[:, i] = sign * rotation.make_continuous(basis)
        progress(0.6 + 0.4 * (i + 1) / len(bones), phase)
    location = rotation.rotate(
        rotation.conjugate(pose.default_rotation(root_bone)),
        root - pose.default_position(root_bone),
    )
    return Solution(bones, rotations, root_bone, np.broadcast_to(location, root.shape))


def rest_motion() -> Motion:
    """One frame of the canonical T-pose."""
    count = len(skeleton.NAMES)
    return Motion(1.0, rotation.identity((1, count)), skeleton.REST[:1].copy())


class _Pose:
    """Forward kinematics on the rig, worked out bone by bone as it is asked for.

    Rotations are (T, 4) or (1, 4) where nothing above moves, positions likewise; canonical axes.
    """

    def __init__(self, fit: Fit, wanted: dict[str, Array], root_bone: str, root: Array) -> None:
        self._fit = fit
        self._wanted = wanted
        self._root_bone = root_bone
        self._root = root
        self._rotations: dict[int, Array] = {}
        self._positions: dict[int, Array] = {}

    def rotation(self, bone: str) -> Array:
        """Orientation of the posed bone."""
        i = self._fit.rig.index[bone]
        if i not in self._rotations:
            wanted = self._wanted.get(bone)
            self._rotations[i] = self.default_rotation(bone) if wanted is None else wanted
        return self._rotations[i]

    def default_rotation(self, bone: str) -> Array:
        """Orientation the bone gets from its parents alone."""
        fit = self._fit
        i = fit.rig.index[bone]
        rest = fit.rest_rotations
        parent = fit.follows(bone)
        if parent < 0 or not fit.rig.inherit_rotation[i]:
            return rest[i][None]
        offset = rotation.multiply(rotation.conjugate(rest[parent]), rest[i])
        return rotation.multiply(self.rotation(fit.rig.bones[parent]), offset)

    def position(self, bone: str) -> Array:
        """Head of the posed bone."""
        i = self._fit.rig.index[bone]
        if i not in self._positions:
            at_root = bone == self._root_bone
            self._positions[i] = self._root if at_root else self.default_position(bone)
        return self._positions[i]

    def default_position(self, bone: str) -> Array:
        """Head the bone gets from its parents alone."""
        fit = self._fit
        heads = fit.rig.heads
        i = fit.rig.index[bone]
        parent = fit.follows(bone)
        if parent < 0:
            return heads[i][None]
        offset = rotation.rotate(
            rotation.conjugate(fit.rest_rotations[parent]), heads[i] - heads[parent]
        )
        leader = fit.rig.bones[parent]
        return self.position(leader) + rotation.rotate(self.rotation(leader), offset)


def _wanted_rotations(fit: Fit, world: Array) -> dict[str, Array]:
    """Orientation (T, 4) of every mapped bone, canonical axes."""
    wanted = {
        bone: rotation.multiply(turn, fit.aligned[bone])
        for bone, turn in digit_turns(fit, world).items()
    }
    for joint, strands in fit.map.strands.items():
        turn = world[:, skeleton.INDEX[joint]]
        above = _mapped_parent(fit, joint)
        base = world[:, above] if above >= 0 else turn
        if joint.split(".")[0] in DIGITS:
            continue
        for strand in strands:
            if len(strand) == 1:
                turns = [turn]
            else:
                shares = np.arange(1, len(strand) + 1) / len(strand)
                turns = [rotation.slerp(base, turn, share) for share in shares]
            for bone, bone_turn in zip(strand, turns, strict=True):
                wanted[bone] = rotation.multiply(bone_turn, fit.aligned[bone])
    return wanted


def _mapped_parent(fit: Fit, joint: str) -> int:
    above = skeleton.PARENTS[skeleton.INDEX[joint]]
    while above >= 0 and skeleton.NAMES[above] not in fit.map.strands:
        above = skeleton.PARENTS[above]
    return above


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
        pose = _Pose(fit, wanted, fit.map.strands["hips"][0][0], root)
        self._hip = pose.position(self.thigh[0])
        self._knee = pose.position(self.shin[0])
        self._ankle = pose.position(self.foot[0])
        ankle = skeleton.INDEX[f"foot.{side}"]
        moved = positions[:, ankle] - skeleton.REST[ankle]
        self._target = fit.head(f"foot.{side}") + fit.scale * moved
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
