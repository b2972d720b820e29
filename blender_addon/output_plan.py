"""How a motion is put on a rig: which bones turn by keys, which limbs follow a target instead, and
which constraints and properties are set for that."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from retarget.fit import Fit
from retarget.ik_controls import ControlPoses, ik_controls
from retarget.progress import Progress, no_progress
from retarget.rig import IkControl
from retarget.solve import Solution

Output = Literal["auto", "fk", "ik"]
OUTPUTS: Final[tuple[Output, ...]] = ("auto", "fk", "ik")


@dataclass(frozen=True)
class OutputPlan:
    """What is keyed on a rig beside, and instead of, the turns of its mapped bones.

    Parameters
    ----------
    left_out : frozenset of str
        Bones of the solution that get no keys, because a target leads their limb.
    controls : dict
        "hand.L" … "foot.R" to the target and pole that are keyed; see `control_curves`.
    properties : tuple of (bone, property, value)
        Custom properties of pose bones that get one key.
    influences : tuple of (bone, constraint, value)
        Constraints of pose bones whose influence gets one key, held.
    warnings : tuple of str
        What the user should know of it, in sentences.
    problems : tuple of str
        Constraints that would turn bones away from the motion, in sentences; where there are any
        nothing is to be written.
    """

    left_out: frozenset[str]
    controls: dict[str, IkControl]
    properties: tuple[tuple[str, str, float], ...]
    influences: tuple[tuple[str, str, float], ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def plan_output(
    armature: Any,
    fit: Fit,
    *,
    output: Output = "auto",
    mute: bool = False,
    solution: Solution | None = None,
) -> OutputPlan:
    """Decide how a motion is put on a rig; nothing of the scene is changed.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    fit : Fit
        Of this armature.
    output : {"auto", "fk", "ik"}
        Whether limbs are keyed bone by bone or by the targets and poles of their inverse
        kinematics. By itself a limb that inverse kinematics leads without a switch is keyed so,
        another one bone by bone.
    mute : bool
        Whether constraints that would turn bones away from the motion are muted in the Action;
        otherwise they are problems.
    solution : Solution, optional
        What is going to be keyed, for judging constraints by it; some typical poses of conducting
        are taken where it is not known yet.
    """
    return OutputPlan(frozenset(), {}, fit.map.properties, ())


def control_curves(
    armature: Any,
    plan: OutputPlan,
    fit: Fit,
    solution: Solution,
    progress: Progress = no_progress,
) -> ControlPoses:
    """Animation of the plan's targets and poles that puts hands and feet where a solution has them.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    plan : OutputPlan
        Of this rig.
    fit : Fit
        Of this rig.
    solution : Solution
        Of this rig: T frames.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    ControlPoses
        In the bones' own rest axes, as `Solution` has them; without bones where the plan has no
        controls.
    """
    return ik_controls(replace(fit, map=replace(fit.map, ik=plan.controls)), solution)
