"""Which bones a bone's pose comes from: parents, what constraints go by, what drivers read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from retarget.fit import Fit

from .ik_limbs import chain_bones
from .posed_copy import posed_copy

_CHAINS: Final = ("IK", "SPLINE_IK")
_TRANSFORMS: Final = ("location", "scale")


class Leaders:
    """The bones that lead others on an armature.

    Parameters
    ----------
    armature : bpy.types.Object
        The armature.
    fit : Fit
        Of this armature: some bones follow others than their parents.
    is_on : callable
        Whether a constraint, by its bone and its name, counts.
    """

    def __init__(self, armature: Any, fit: Fit, is_on: Callable[[str, str], bool]) -> None:
        self._direct: dict[str, set[str]] = defaultdict(set)
        for bone in armature.pose.bones:
            if bone.parent is not None:
                self._direct[bone.name].add(bone.parent.name)
            for constraint in bone.constraints:
                if not constraint.mute and is_on(bone.name, constraint.name):
                    is_chain = constraint.type in _CHAINS
                    for moved in chain_bones(bone, constraint) if is_chain else (bone.name,):
                        self._direct[moved] |= set(_targets(armature, constraint))
        for bone, leader in fit.map.parents.items():
            self._direct[bone].add(leader)
        data = armature.animation_data
        for curve in data.drivers if data else ():
            driven = _bone_of(curve.data_path)
            if driven is not None and not curve.mute:
                self._direct[driven] |= set(_read_by(armature, curve.driver))

    def of(self, bone: str) -> set[str]:
        """All that lead a bone, directly or by others."""
        found: set[str] = set()
        waiting = [bone]
        while waiting:
            new = self._direct[waiting.pop()] - found
            found |= new
            waiting += new
        return found - {bone}


def active_constraints(
    armature: Any,
    properties: Iterable[tuple[str, str, float]],
    influences: Iterable[tuple[str, str, float]],
) -> set[tuple[str, str]]:
    """The constraints, by bone and name, that have influence once some values are set.

    Parameters
    ----------
    armature : bpy.types.Object
        It is not changed.
    properties, influences : tuples of (bone, name, value)
        Values of custom properties, and of constraints' influences.
    """
    with posed_copy(armature) as copy:
        copy.set_properties(properties)
        copy.set_influences(influences)
        return {
            (bone.name, constraint.name)
            for bone in copy.evaluated().pose.bones
            for constraint in bone.constraints
            if not constraint.mute and constraint.influence > 0.0
        }


def parents_of(armature: Any, bone: str) -> set[str]:
    """The bones that a bone hangs from."""
    return {parent.name for parent in armature.data.bones[bone].parent_recursive}


def _targets(armature: Any, constraint: Any) -> Iterator[str]:
    """The bones of the armature itself that a constraint goes by."""
    pairs = [
        (getattr(constraint, "target", None), getattr(constraint, "subtarget", "")),
        (getattr(constraint, "pole_target", None), getattr(constraint, "pole_subtarget", "")),
        *((each.target, each.subtarget) for each in getattr(constraint, "targets", ())),
    ]
    yield from _own(armature, pairs)


def _read_by(armature: Any, driver: Any) -> Iterator[str]:
    """The bones of the armature itself whose transforms a driver reads."""
    for variable in driver.variables:
        if variable.type == "SINGLE_PROP":
            path = variable.targets[0].data_path
            bone, name = _bone_of(path), path.rpartition(".")[2].partition("[")[0]
            if bone is not None and (name in _TRANSFORMS or name.startswith("rotation")):
                yield from _own(armature, [(variable.targets[0].id, bone)])
        else:
            yield from _own(armature, ((each.id, each.bone_target) for each in variable.targets))


def _own(armature: Any, pairs: Iterable[tuple[Any, str]]) -> Iterator[str]:
    for target, bone in pairs:
        if target == armature and bone in armature.pose.bones:
            yield bone


def _bone_of(path: str) -> str | None:
    """The pose bone in a path, if any."""
    start = 'pose.bones["'
    return path[len(start) :].partition('"]')[0] if path.startswith(start) else None
