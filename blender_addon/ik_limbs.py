"""What inverse kinematics drives on an armature: its constraints, and the controls of a family."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.bone_ends import LIMBS
from retarget.fit import Fit
from retarget.ik_chains import IkChain
from retarget.rig import IkControl

from .posed_copy import PosedCopy

_FOLLOWS_AS_IT_IS: Final = ("WORLD", "POSE")
LIMB_JOINTS: Final = {"hand": ("upper_arm", "forearm"), "foot": ("thigh", "shin")}
"""The last joint of a limb to those above it."""


@dataclass(frozen=True)
class IkConstraint:
    """An IK constraint on mapped bones, as the rig stands.

    Parameters
    ----------
    bone, name : str
        Whose it is and what it is called.
    chain : IkChain, optional
        How to key it; None where its target cannot be keyed on this armature.
    moved : tuple of str
        The mapped bones of its chain.
    influence : float
        As evaluated; 0 of a muted one.
    foreign : str
        Name of the object that the target or pole is, where that is not the armature.
    """

    bone: str
    name: str
    chain: IkChain | None
    moved: tuple[str, ...]
    influence: float
    foreign: str = ""


def find_ik(armature: Any, fit: Fit, trial: PosedCopy) -> tuple[IkConstraint, ...]:
    """The IK constraints with a target whose chains hold mapped bones."""
    mapped = set(fit.map.bones)
    pose = trial.evaluated().pose.bones
    found: list[IkConstraint] = []
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            if constraint.type != "IK" or constraint.target is None:
                continue
            chain = chain_bones(bone, constraint)
            moved = tuple(name for name in chain if name in mapped)
            if not moved:
                continue
            now = pose[bone.name].constraints[constraint.name]
            influence = 0.0 if now.mute or not now.is_valid else float(now.influence)
            others = [constraint.target, constraint.pole_target]
            foreign = next((o.name for o in others if o not in (None, armature)), "")
            keyed = None
            if not foreign and constraint.subtarget in armature.pose.bones:
                keyed = _chain(armature, fit, constraint, chain)
            found.append(IkConstraint(bone.name, constraint.name, keyed, moved, influence, foreign))
    return tuple(found)


def chain_bones(bone: Any, constraint: Any) -> tuple[str, ...]:
    """The bones that an IK or spline IK constraint moves, from the body outwards."""
    last = bone
    if constraint.type == "IK" and not constraint.use_tail:
        last = bone.parent
    if last is None:
        return ()
    row = [last, *last.parent_recursive]
    count = constraint.chain_count
    return tuple(each.name for each in reversed(row[:count] if count > 0 else row))


def _chain(armature: Any, fit: Fit, constraint: Any, bones: tuple[str, ...]) -> IkChain:
    last = armature.data.bones[bones[-1]]
    tip = rotation.rotate(rotation.conjugate(fit.axes), np.array(last.tail_local))
    pole = constraint.pole_subtarget if constraint.pole_target is not None else ""
    turned = bones[-1] if constraint.use_rotation else None
    held = _held(fit, bones[-1])
    if turned is None and held is not None:
        turned = _copies(armature, held, constraint.subtarget)
    return IkChain(
        bones,
        tip,
        constraint.subtarget,
        pole if pole in armature.pose.bones else None,
        float(constraint.pole_angle),
        turned,
        held,
    )


def _held(fit: Fit, last: str) -> str | None:
    """The hand or foot at the end of a chain whose last bone is a forearm's or shin's."""
    for joint, strands in fit.map.strands.items():
        stem, _, side = joint.partition(".")
        if last in strands[0]:
            if stem in ("hand", "foot"):
                return last
            after = f"{LIMBS.get(stem, '')}.{side}"
            if stem in ("forearm", "shin") and after in fit.map.strands:
                return fit.map.strands[after][0][0]
    return None


def _copies(armature: Any, bone: str, target: str) -> str | None:
    """The bone itself if it takes a target's turn as it is."""
    for each in armature.pose.bones[bone].constraints:
        if (
            each.type in ("COPY_ROTATION", "COPY_TRANSFORMS")
            and each.target == armature
            and each.subtarget == target
            and not each.mute
            and each.owner_space in _FOLLOWS_AS_IT_IS
            and each.target_space in _FOLLOWS_AS_IT_IS
        ):
            return bone
    return None


def family_controls(armature: Any, fit: Fit) -> dict[str, IkControl]:
    """The controls of a family's inverse kinematics that really lead something on this armature."""
    pose = armature.pose.bones
    led: set[str] = set()
    for bone in pose:
        for constraint in bone.constraints:
            if constraint.type == "IK" and constraint.target == armature:
                target = pose.get(constraint.subtarget)
                if target is not None:
                    led |= {target.name, *(parent.name for parent in target.parent_recursive)}
    found: dict[str, IkControl] = {}
    for joint, control in fit.map.ik.items():
        stem, _, side = joint.partition(".")
        limb = [f"{part}.{side}" for part in (*LIMB_JOINTS[stem], stem)]
        if control.target in led and all(part in fit.map.strands for part in limb):
            found[joint] = control
    return found


def shown_bones(armature: Any, bones: Iterable[str]) -> dict[str, str]:
    """Controls to the bones that show what comes of them.

    A bone that copies the transforms of one of several controls, as a switch says, shows the
    limb whichever of them leads it.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    bones : iterable of str
        The controls that are asked for.
    """
    asked = set(bones)
    shown: dict[str, str] = {}
    for bone in armature.pose.bones:
        copied = [
            each.subtarget
            for each in bone.constraints
            if each.type == "COPY_TRANSFORMS" and each.target == armature
        ]
        if len(copied) > 1 and bone.name not in asked:
            shown |= {control: bone.name for control in copied if control in asked}
    return shown
