"""The bone map and the T-pose that the user has set for an armature; both are saved with it.

The map is TOML (`retarget.rig_map_file`) in a custom property of the armature object. The T-pose is
JSON in another: bone to how it is moved from rest against the bone it hangs from.
"""

import json
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.rig import RigMap, RigRest
from retarget.rig_map_file import OWN_LABEL, parse_rig_map, rig_map_text
from retarget.rotation import Array

MAP: Final = "conducting_bone_map"
"""The custom property of the map."""
T_POSE: Final = "conducting_t_pose"
"""The custom property of the T-pose."""

_SHOWN: Final = 4
# What is moved by less, beside the armature's size, is not.
_STILL: Final = 1e-6
_ANEW: Final = (
    "pose it and choose Use Current Pose as T-Pose in the panel's Rig section, or go back to the "
    "rest pose there."
)


def stored_map(armature: Any) -> RigMap | None:
    """The map as the user has set it, whether or not its bones are still there; None without one.

    Raises
    ------
    ConductorError
        If it is damaged.
    """
    text = armature.get(MAP)
    if text is None:
        return None
    what = f"The bone map stored in '{armature.name}'"
    try:
        return parse_rig_map(str(text), what, None)
    except ConductorError as error:
        raise ConductorError(
            f"{str(error).removesuffix('.').partition(';')[0]}; choose Detect Again in the panel's "
            "Rig section."
        ) from error


def usable_map(armature: Any, rig: RigRest) -> RigMap | None:
    """The map as the user has set it; None without one.

    Raises
    ------
    ConductorError
        If it is damaged, or the armature has lost bones of it since.
    """
    rig_map = stored_map(armature)
    if rig_map is not None and (gone := gone_bones(rig_map, rig)):
        raise ConductorError(
            f"The bone map stored in '{armature.name}' names {_listed(gone)}, which the armature "
            "no longer has; set the bones anew or choose Detect Again in the panel's Rig section."
        )
    return rig_map


def map_to_change(armature: Any, rig: RigRest) -> RigMap:
    """The map that a change by the user begins with: the stored one though bones of it may be gone,
    else the detected one, else one without any joint."""
    rig_map = stored_map(armature)
    if rig_map is not None:
        return rig_map
    try:
        return detect_rig(rig)
    except ConductorError:
        return RigMap("map", OWN_LABEL, {})


def gone_bones(rig_map: RigMap, rig: RigRest) -> tuple[str, ...]:
    """The bones that a map needs and an armature lacks."""
    needed = dict.fromkeys(rig_map.bones)
    for row in rig_map.twists.values():
        needed |= dict.fromkeys(row)
    for bone, leader in rig_map.parents.items():
        needed |= dict.fromkeys((bone, leader))
    for control in rig_map.ik.values():
        needed |= dict.fromkeys(bone for bone in (control.target, control.pole) if bone)
        needed |= dict.fromkeys(bone for bone, _, _ in control.properties)
    needed |= dict.fromkeys(bone for bone, _, _ in rig_map.properties)
    return tuple(bone for bone in needed if bone not in rig.index)


def store_map(armature: Any, rig_map: RigMap | None) -> None:
    """Set the map of an armature; with None, or none of its joints left, it is detected again.

    Raises
    ------
    ConductorError
        If the armature cannot be changed.
    """
    text = rig_map_text(rig_map) if rig_map is not None and rig_map.strands else None
    _store(armature, MAP, text)


def stored_t_pose(armature: Any, rig: RigRest) -> Array | None:
    """Where the bones are in the pose that the user has set as T-pose, (B, 4, 4), armature space;
    None without one.

    Raises
    ------
    ConductorError
        If it is damaged, or the armature has lost bones of it since.
    """
    text = armature.get(T_POSE)
    if text is None:
        return None
    try:
        moved = {
            bone: np.array(numbers, dtype=np.float64).reshape(7)
            for bone, numbers in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise ConductorError(
            f"The T-pose stored in '{armature.name}' is damaged; {_ANEW}"
        ) from error
    if gone := tuple(bone for bone in moved if bone not in rig.index):
        raise ConductorError(
            f"The T-pose stored in '{armature.name}' has {_listed(gone)}, which the armature no "
            f"longer has; {_ANEW}"
        )
    moves = np.tile(np.eye(4), (len(rig.bones), 1, 1))
    for i, bone in enumerate(rig.bones):
        if bone in moved:
            moves[i, :3, :3] = rotation.to_matrix(rotation.normalize(moved[bone][:4]))
            moves[i, :3, 3] = moved[bone][4:]
        elif rig.parents[i] >= 0:
            moves[i] = moves[rig.parents[i]]
    return moves @ rig.matrices


def store_t_pose(armature: Any, rig: RigRest, pose: Array | None) -> None:
    """Set the T-pose of an armature, or with None go back to its rest pose.

    Parameters
    ----------
    armature : bpy.types.Object
        The armature.
    rig : RigRest
        Its rest pose.
    pose : (B, 4, 4) array or None
        Where its bones are (`PoseBone.matrix`); their scales do not count.

    Raises
    ------
    ConductorError
        If the armature cannot be changed.
    """
    if pose is None:
        _store(armature, T_POSE, None)
        return
    turns = rotation.multiply(_turned(pose), rotation.conjugate(_turned(rig.matrices)))
    aways = pose[:, :3, 3] - rotation.rotate(turns, rig.heads)
    moves = np.concatenate([turns, aways], axis=-1)
    resting = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    size = max(float(np.ptp(rig.heads, axis=0).max()), 1e-9)
    moved = {}
    for i, bone in enumerate(rig.bones):
        before = moves[rig.parents[i]] if rig.parents[i] >= 0 else resting
        off = np.abs(moves[i] - before) / ([1.0] * 4 + [size] * 3)
        if off.max() > _STILL:
            moved[bone] = [float(f"{number:.9g}") for number in moves[i]]
    _store(armature, T_POSE, json.dumps(moved, ensure_ascii=False))


def _turned(matrices: Array) -> Array:
    columns = matrices[:, :3, :3]
    lengths = np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
    return rotation.from_matrix(columns / lengths)


def _store(armature: Any, name: str, text: str | None) -> None:
    if not armature.is_editable:
        raise ConductorError(
            f"The armature '{armature.name}' is linked from another file and cannot be changed "
            "here; make a library override of it (Object > Library Override > Make)."
        )
    if text is not None:
        armature[name] = text
    elif name in armature:
        del armature[name]
    # A custom property does not tell anybody that it has changed.
    armature.update_tag()


def _listed(bones: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{bone}'" for bone in bones[:_SHOWN])
    more = f" and {len(bones) - _SHOWN} more" if len(bones) > _SHOWN else ""
    return f"the {'bone' if len(bones) == 1 else 'bones'} {shown}{more}"
