"""Custom properties that switch a constraint on or off through a driver."""

import re
from typing import Any, Final

import bpy

from .posed_copy import PosedCopy

_PROPERTY: Final = re.compile(r'pose\.bones\["(.+)"\]\["(.+)"\]')
_NUMBERS: Final = (0.0, 1.0)
_EXACTLY: Final = 1e-3


def switch_to(
    armature: Any, copy: PosedCopy, bone: str, name: str, value: float
) -> tuple[tuple[str, str, float], ...] | None:
    """What to key for a constraint to have an influence of 0 or 1.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    copy : PosedCopy
        Of it; the switch stays as it was found to be right.
    bone, name : str
        Whose constraint it is, and what it is called.
    value : float
        0 or 1.

    Returns
    -------
    tuple of (bone, property, value) or None
        Custom properties to key; empty if the influence itself can be keyed, None if neither can.
    """
    constraint = armature.pose.bones[bone].constraints[name]
    path = constraint.path_from_id()
    data = armature.animation_data
    drivers = {
        curve.data_path[len(path) + 1 :]: curve
        for curve in (data.drivers if data is not None else ())
        if curve.data_path in (f"{path}.influence", f"{path}.mute")
    }
    if "influence" not in drivers and (value <= 0.0 or not ("mute" in drivers or constraint.mute)):
        return ()
    for curve in drivers.values():
        for owner, key in _properties(armature, curve.driver):
            before = float(armature.pose.bones[owner][key])
            for number in _NUMBERS:
                copy.set_properties([(owner, key, number)])
                if abs(_influence(copy, bone, name) - value) < _EXACTLY:
                    return ((owner, key, number),)
            copy.set_properties([(owner, key, before)])
    return None


def _properties(armature: Any, driver: Any) -> list[tuple[str, str]]:
    """Custom properties of the armature's bones that a driver reads."""
    found = []
    for variable in driver.variables:
        for target in variable.targets:
            match = _PROPERTY.fullmatch(target.data_path)
            if variable.type == "SINGLE_PROP" and target.id == armature and match:
                owner, key = (bpy.utils.unescape_identifier(text) for text in match.groups())
                bone = armature.pose.bones.get(owner)
                if bone is not None and isinstance(bone.get(key), (int, float)):
                    found.append((owner, key))
    return found


def _influence(copy: PosedCopy, bone: str, name: str) -> float:
    now = copy.evaluated().pose.bones[bone].constraints[name]
    return 0.0 if now.mute else float(now.influence)
