"""Values of a pose that an Action can set: where bones are, their constraints, their properties."""

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import ArrayLike

from retarget.euler import from_mode, to_mode
from retarget.rotation import Array

_ROTATIONS: Final = {
    "QUATERNION": "rotation_quaternion",
    "AXIS_ANGLE": "rotation_axis_angle",
}

Value = bool | int | float | list[float]


@dataclass(frozen=True)
class PoseValue:
    """A value of a pose that F-curves can set.

    Parameters
    ----------
    bone : str
        The pose bone it belongs to.
    name : str
        Blender's name of it ("location"), or that of a custom property.
    constraint : str, optional
        The constraint of the bone that has it.
    custom : bool
        Whether it is a custom property.
    """

    bone: str
    name: str
    constraint: str | None = None
    custom: bool = False

    @property
    def path(self) -> str:
        """Where it is on the armature object, as F-curves have it."""
        owner = f'pose.bones["{bpy.utils.escape_identifier(self.bone)}"]'
        if self.constraint is not None:
            owner += f'.constraints["{bpy.utils.escape_identifier(self.constraint)}"]'
        if self.custom:
            return f'{owner}["{bpy.utils.escape_identifier(self.name)}"]'
        return f"{owner}.{self.name}"


def read_value(armature: Any, path: str) -> Value | None:
    """What an F-curve's path leads to; None where that is nothing, or no number."""
    try:
        value = armature.path_resolve(path)
    except ValueError:
        return None
    if isinstance(value, bool | int | float):
        return value
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else None


def write_value(armature: Any, path: str, value: Value) -> None:
    """Set what an F-curve's path leads to, where that is something."""
    if read_value(armature, path) is None:
        return
    if path.endswith('"]'):
        owner, _, key = path[:-2].rpartition('["')
        _resolved(armature, owner)[bpy.utils.unescape_identifier(key)] = value
    else:
        owner, _, name = path.rpartition(".")
        setattr(_resolved(armature, owner), name, value)


def rotation_of(armature: Any, bone: str) -> PoseValue:
    """The rotation of a bone in its own rotation mode."""
    mode = armature.pose.bones[bone].rotation_mode
    return PoseValue(bone, _ROTATIONS.get(mode, "rotation_euler"))


def read_turn(armature: Any, bone: str) -> Array:
    """How a bone is turned from its rest, as a unit quaternion (4,)."""
    posed = armature.pose.bones[bone]
    values = np.array(getattr(posed, rotation_of(armature, bone).name), dtype=np.float64)
    turn = from_mode(values, posed.rotation_mode)
    return turn if turn.any() else np.array([1.0, 0.0, 0.0, 0.0])


def in_own_mode(armature: Any, bone: str, turns: ArrayLike) -> Array:
    """Rotations in time (T, 4) as values (T, C) of the bone's own rotation mode."""
    return to_mode(turns, armature.pose.bones[bone].rotation_mode)


def _resolved(armature: Any, path: str) -> Any:
    return armature.path_resolve(path) if path else armature
