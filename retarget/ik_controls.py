"""Targets and poles of inverse kinematics, from the pose that a solution gives the limbs."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import rotation
from .carrier import ancestors
from .fit import Fit
from .rig_pose import RigPose
from .rotation import Array
from .solve import Solution

_LIMBS: Final = {"hand": ("upper_arm", "forearm"), "foot": ("thigh", "shin")}
# A target further than this from its hand or foot at rest, as a share of the limb, stands where the
# hand is; a nearer one keeps its way from it, as controls at a heel do.
_NEAR: Final = 0.35
# How much a limb's own turn tells of where its pole is beside its bend, as a share of the limb:
# a limb that is all but stretched does not say where it bends to.
_BY_TURN: Final = 0.02
# Elbows of arms held out to the side point backward, along y, knees forward.
_BENDS_TO: Final = {"hand": 1.0, "foot": -1.0}


@dataclass(frozen=True)
class ControlPoses:
    """Animation of control bones, in their own rest axes, as `PoseBone` properties expect it.

    Parameters
    ----------
    bones : tuple of str, length N
        Targets and poles.
    locations : (T, N, 3) array
        Armature units.
    rotations : (T, N, 4) array
        Unit quaternions (w, x, y, z), sign-continuous in time; poles do not turn.
    """

    bones: tuple[str, ...]
    locations: Array
    rotations: Array


def ik_controls(fit: Fit, solution: Solution) -> ControlPoses:
    """Where targets and poles go for the hands and feet to be where a solution has them.

    Parameters
    ----------
    fit : Fit
        A rig whose map has controls (`RigMap.ik`); those of limbs that are not mapped, or whose
        bones are not there, are left out.
    solution : Solution
        Of this rig: T frames.
    """
    pose = solved_pose(fit, solution)
    frames = len(solution.location)
    wanted: dict[str, Array] = {}
    places: dict[str, Array] = {}
    for end, control in fit.map.ik.items():
        stem, _, side = end.partition(".")
        limb = [f"{part}.{side}" for part in (*_LIMBS[stem], stem)]
        if not all(joint in fit.map.strands for joint in limb):
            continue
        if control.target in fit.rig.index:
            turn, place = _target(fit, pose, limb, control.target)
            wanted[control.target] = np.broadcast_to(turn, (frames, 4))
            places[control.target] = np.broadcast_to(place, (frames, 3))
        if control.pole is not None and control.pole in fit.rig.index:
            place = _pole(fit, pose, limb, control.pole)
            places[control.pole] = np.broadcast_to(place, (frames, 3))
    return control_poses(fit, pose, wanted, places)


def control_poses(
    fit: Fit, pose: RigPose, wanted: dict[str, Array], places: dict[str, Array]
) -> ControlPoses:
    """The animation that brings control bones to places.

    Parameters
    ----------
    fit : Fit
        The rig.
    pose : RigPose
        How it is posed.
    wanted : dict
        Control bone to its orientation (T, 4), canonical axes; the others do not turn.
    places : dict
        Each control bone to where its head is, (T, 3), canonical axes, armature units.
    """
    posed = RigPose(fit, pose.wanted | wanted, pose.places | places)
    bones = tuple(places)
    frames = max((len(place) for place in places.values()), default=0)
    locations = np.empty((frames, len(bones), 3))
    rotations = np.empty((frames, len(bones), 4))
    for i, bone in enumerate(bones):
        locations[:, i] = posed.location(bone, places[bone])
        back = rotation.conjugate(posed.default_rotation(bone))
        basis = rotation.multiply(back, posed.rotation(bone))
        sign = -1.0 if basis[0, 0] < 0.0 else 1.0
        rotations[:, i] = sign * rotation.make_continuous(np.broadcast_to(basis, (frames, 4)))
    return ControlPoses(bones, locations, rotations)


def solved_pose(fit: Fit, solution: Solution) -> RigPose:
    """The rig as a solution poses it."""
    basis = {bone: solution.rotations[:, i] for i, bone in enumerate(solution.bones)}
    pose = RigPose(fit, {}, {})
    # What a bone gets from its parents stands before its own turn does.
    for bone in sorted(basis, key=lambda bone: len(ancestors(fit.rig, fit.map, bone))):
        turn = pose.default_rotation(bone)
        if bone == solution.root_bone:
            pose.places[bone] = pose.moved(bone, solution.location)
        pose.wanted[bone] = rotation.multiply(turn, basis[bone])
    return pose


def _target(fit: Fit, pose: RigPose, limb: list[str], target: str) -> tuple[Array, Array]:
    """How a target is turned (T, 4) and where it is (T, 3)."""
    rig = fit.rig
    bone = fit.map.strands[limb[-1]][0][0]
    i, j = rig.index[bone], rig.index[target]
    moved = rotation.multiply(pose.rotation(bone), rotation.conjugate(fit.rest_rotations[i]))
    away = rig.heads[j] - rig.heads[i]
    if np.linalg.norm(away) > _NEAR * _length(fit, limb):
        away = np.zeros(3)
    turn = rotation.multiply(moved, fit.rest_rotations[j])
    return turn, pose.position(bone) + rotation.rotate(moved, away)


def _pole(fit: Fit, pose: RigPose, limb: list[str], pole: str) -> Array:
    """Where a pole is, (T, 3): as far from the elbow or knee as at rest, where that points."""
    rig = fit.rig
    bones = [fit.map.strands[joint][0][0] for joint in limb]
    start, middle, end = (pose.position(bone) for bone in bones)
    rest = rig.heads[[rig.index[bone] for bone in bones]]
    away = rig.heads[rig.index[pole]] - rest[1]
    length = _length(fit, limb)
    upper = rig.index[bones[0]]
    moved = rotation.multiply(
        pose.rotation(bones[0]), rotation.conjugate(fit.rest_rotations[upper])
    )
    aside = _off(away[None], rest[1] - rest[0])[0]
    if np.linalg.norm(aside) < _BY_TURN * length:
        aside = np.array([0.0, _BENDS_TO[limb[-1].split(".")[0]], 0.0])
    by_turn = rotation.rotate(moved, rotation.normalize(aside))
    along = end - start
    bend = _off(middle - start, along) + _BY_TURN * length * _off(by_turn, along)
    distance = float(np.linalg.norm(away))
    if distance < _NEAR * length:
        distance = length
    return middle + distance * rotation.normalize(bend)


def _length(fit: Fit, limb: list[str]) -> float:
    joints = np.array([fit.head(joint) for joint in limb])
    return float(np.linalg.norm(np.diff(joints, axis=0), axis=-1).sum())


def _off(ways: Array, along: Array) -> Array:
    """What of ways (T, 3) goes across others (T, 3) or one (3,)."""
    square = np.maximum(np.sum(along * along, axis=-1, keepdims=True), 1e-18)
    return np.asarray(ways - along * np.sum(ways * along, axis=-1, keepdims=True) / square)
