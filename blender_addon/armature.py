"""Armature objects: their rest pose as plain arrays."""

from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np

from retarget.detect import detect_rig
from retarget.errors import ConductorError
from retarget.fit import Fit, fit_rig
from retarget.rig import RigMap, RigRest
from retarget.rig_check import own_checked
from retarget.rotation import Array

from .bone_map import stored_t_pose, usable_map

# Object scales further from even than this would bend the limbs' directions visibly.
_EVEN: Final = 1e-2
# An object that is tilted by less stands as it was imported.
_STANDS_COSINE: Final = np.cos(np.radians(20.0))


def read_rig(armature: Any) -> RigRest:
    """The rest pose of an armature object.

    Raises
    ------
    ConductorError
        If the object is no armature or its object scale is uneven or mirrored.
    """
    if armature is None or armature.type != "ARMATURE":
        name = "Nothing" if armature is None else f"'{armature.name}'"
        raise ConductorError(f"{name} is not an armature; choose or create a conductor.")
    # What a script has just turned or scaled is so in the world from the next update on.
    bpy.context.view_layer.update()
    _check_scale(armature)
    # A parent always stands before its children.
    bones = sorted(armature.data.bones, key=lambda bone: len(bone.parent_recursive))
    index = {bone.name: i for i, bone in enumerate(bones)}
    return RigRest(
        name=armature.name,
        bones=tuple(index),
        parents=np.array([index[b.parent.name] if b.parent else -1 for b in bones], dtype=np.int64),
        matrices=np.array([b.matrix_local for b in bones], dtype=np.float64).reshape(-1, 4, 4),
        tails=np.array([b.tail_local for b in bones], dtype=np.float64).reshape(-1, 3),
        connected=np.array([b.use_connect for b in bones], dtype=bool),
        inherit_rotation=np.array([b.use_inherit_rotation for b in bones], dtype=bool),
        level=frozenset(b.name for b in bones if not b.use_local_location),
    )


def fit_armature(armature: Any) -> Fit:
    """Fit the canonical skeleton to an armature.

    Its bones by joint are those that the user has set (`bone_map`), else they are detected; its
    T-pose is the one that the user has set, else it is found from the rest pose.

    Raises
    ------
    ConductorError
        If the rig is not known, lacks bones, or is scaled unevenly.
    """
    rig = read_rig(armature)
    return fit_rig(
        rig, map_of(armature, rig), world_up(armature), t_pose=stored_t_pose(armature, rig)
    )


def map_of(armature: Any, rig: RigRest) -> RigMap:
    """The bones of an armature by joint, as the user has set them or else as detected.

    Raises
    ------
    ConductorError
        If what is set does not fit the armature any more, or nothing is set and the rig is not
        known.
    """
    own = usable_map(armature, rig)
    rig_map = detect_rig(rig) if own is None else own_checked(rig, own)
    return _without_driven_twists(armature, rig_map)


def _without_driven_twists(armature: Any, rig_map: RigMap) -> RigMap:
    """The map without twist bones that drivers or constraints of the rig turn by themselves."""
    data = armature.animation_data
    driven = [curve.data_path for curve in data.drivers] if data else []

    def is_free(name: str) -> bool:
        bone = armature.pose.bones[name]
        path = f"{bone.path_from_id()}.rotation"
        return not len(bone.constraints) and not any(each.startswith(path) for each in driven)

    twists = {joint: tuple(filter(is_free, bones)) for joint, bones in rig_map.twists.items()}
    return replace(rig_map, twists=twists)


def world_up(armature: Any) -> Array | None:
    """What is up in the world, (3,), in the space of an armature object that stands as it was
    imported, by its z axis or by its y axis; None of one that is tilted otherwise, on purpose."""
    axes = np.array(armature.matrix_world.to_3x3(), dtype=np.float64)
    up: Array = axes[2] / np.linalg.norm(axes[2])
    return up if up[1:].max() > _STANDS_COSINE else None


def _check_scale(armature: Any) -> None:
    axes = np.array(armature.matrix_world.to_3x3())
    gram = axes.T @ axes
    size = float(np.trace(gram)) / 3.0
    if size <= 0.0 or np.abs(gram - size * np.eye(3)).max() > 2.0 * _EVEN * size:
        raise ConductorError(
            f"The armature '{armature.name}' is scaled unevenly, which would stretch its limbs; "
            "apply its scale (Ctrl+A, Scale) or set it to one value."
        )
    if np.linalg.det(axes) < 0.0:
        raise ConductorError(
            f"The armature '{armature.name}' is mirrored by a negative scale; "
            "apply its scale (Ctrl+A, Scale)."
        )
