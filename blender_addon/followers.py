"""Bones that show a limb by copying its control, and whether they do once that is keyed.

Many rigs have one chain of bones for forward and one for inverse kinematics, and a third one that
copies either, as a switch says; the mesh goes with that one.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.fit import Fit
from retarget.rotation import Array

from .constraints import Override
from .posed_copy import posed_copy
from .switches import switch_to
from .trial import Trial

_COPIES: Final = ("COPY_TRANSFORMS", "COPY_ROTATION")
_AS_IT_IS: Final = ("WORLD", "POSE")
_LIMBS: Final = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
# A copy rests where its control does, metres of a body of 1.75 m, and turns as it does, radians.
_BESIDE_M: Final = 0.01
_ASTRAY: Final = np.radians(10.0)

Setting = tuple[str, str, float]


@dataclass(frozen=True)
class Follower:
    """A bone that copies a control.

    Parameters
    ----------
    bone, name : str
        Whose constraint it is, and what it is called.
    leader : str
        The control.
    """

    bone: str
    name: str
    leader: str


@dataclass(frozen=True)
class Straying:
    """What keeps followers from their controls.

    Parameters
    ----------
    properties : tuple of (bone, property, value)
        What brings them back, if keyed.
    overrides : tuple of Override
        Constraints that no property switches off.
    """

    properties: tuple[Setting, ...]
    overrides: tuple[Override, ...]


def find_followers(armature: Any, fit: Fit, bones: Collection[str]) -> tuple[Follower, ...]:
    """The bones that copy controls of limbs that turn by keys, and play no joint themselves.

    Families with controls know their own switches.
    """
    rig, mapped = fit.rig, set(fit.map.bones)
    if fit.map.parents:
        return ()
    limbs = {
        bone
        for joint, strands in fit.map.strands.items()
        if joint.split(".")[0] in _LIMBS
        for bone in strands[0]
        if bone in bones
    }
    found = []
    for bone in armature.pose.bones:
        if bone.name in mapped:
            continue
        for each in bone.constraints:
            if (
                each.type in _COPIES
                and each.target == armature
                and each.subtarget in limbs
                and not each.mute
                and each.owner_space in _AS_IT_IS
                and each.target_space in _AS_IT_IS
            ):
                away = rig.heads[rig.index[bone.name]] - rig.heads[rig.index[each.subtarget]]
                if np.linalg.norm(away) < _BESIDE_M * fit.scale:
                    found.append(Follower(bone.name, each.name, each.subtarget))
    return tuple(found)


def find_straying(armature: Any, trial: Trial, followers: tuple[Follower, ...]) -> Straying:
    """What keeps followers from their controls, as evaluation tells.

    A bone that follows its control only in part whatever is switched is meant to.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    trial : Trial
        What is going to be keyed, S frames.
    followers : tuple of Follower
        Those of its keyed bones.
    """
    astray = _astray(armature, trial, followers, ())
    if not astray:
        return Straying((), ())
    properties: list[Setting] = []
    others: dict[Follower, list[str]] = {}
    with posed_copy(armature) as copy:
        copy.set_properties(trial.properties)
        copy.set_influences(trial.influences)
        for follower in astray:
            pose = copy.evaluated().pose.bones[follower.bone].constraints
            active = [c.name for c in pose if not c.mute and c.influence > 0.0]
            others[follower] = [name for name in active if name != follower.name]
            wanted = [(name, 0.0) for name in others[follower]] + [(follower.name, 1.0)]
            for name, value in wanted:
                switch = switch_to(armature, copy, follower.bone, name, value)
                properties += [each for each in switch or () if each not in properties]
    without = [(follower.bone, name) for follower in astray for name in others[follower]]
    in_vain = _astray(armature, trial, followers, without, tuple(properties))
    guilty = [follower for follower in astray if follower not in in_vain]
    left = _astray(armature, trial, tuple(guilty), (), tuple(properties))
    overrides = [
        Override(follower.bone, name, (follower.bone,))
        for follower in left
        for name in others[follower]
    ]
    return Straying(tuple(properties) if len(left) < len(guilty) else (), tuple(overrides))


def _astray(
    armature: Any,
    trial: Trial,
    followers: tuple[Follower, ...],
    without: Collection[tuple[str, str]],
    properties: tuple[Setting, ...] = (),
) -> list[Follower]:
    """Those followers that turn otherwise than their controls."""
    if not followers:
        return []
    bones = [bone for each in followers for bone in (each.leader, each.bone)]
    tried = replace(trial, properties=(*trial.properties, *properties))
    turns, _ = tried.evaluate(armature, bones, without)
    return [
        each
        for i, each in enumerate(followers)
        if _parts(turns[:, 2 * i], turns[:, 2 * i + 1]) > _ASTRAY
    ]


def _parts(a: Array, b: Array) -> float:
    """How far two bones' turns from their first frame are apart at most, radians."""
    moved = [rotation.multiply(turns, rotation.conjugate(turns[:1])) for turns in (a, b)]
    apart = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(moved[0]), moved[1]))
    return float(np.linalg.norm(apart, axis=-1).max())
