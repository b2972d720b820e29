"""A motion on an armature: a new Action in a slot, with few, editable keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import bpy
import numpy as np

from retarget.carrier import ancestors
from retarget.errors import ConductorError
from retarget.fit import Fit
from retarget.ik_controls import ControlPoses
from retarget.keys import Frames, Keys, thin
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part
from retarget.rotation import Array
from retarget.solve import Solution, solve

from .armature import fit_armature
from .blocks import require_no_blocks
from .curves import fill_curve, hold
from .former import Former
from .leaders import active_constraints
from .leftovers import find_leftovers, told
from .motion_notes import note_motion
from .output_plan import OutputPlan, control_curves, plan_output
from .outputs import Output
from .pose_values import PoseValue, in_own_mode, rotation_of
from .timeline import at_frame_rate, beat_frames

ACTION_NAME: Final = "Conducting"
TOLERANCE: Final = np.radians(0.25)
"""Largest error of a bone's rotation at any frame, radians."""

LEG_TOLERANCE: Final = np.radians(0.05)
"""The same for legs and what they hang from, whose errors would add up to sliding feet."""

LOCATION_TOLERANCE: Final = 5e-4
"""Largest error of a bone's location, metres on the canonical skeleton."""

_STANDING: Final = ("hips", "thigh", "shin", "foot")
# Errors of bones in a row add up to those of the hands: more of them share what two may have.
_CURVED: Final = ("spine", "chest")


@dataclass(frozen=True)
class Keyed:
    """A motion on an armature.

    Parameters
    ----------
    action : bpy.types.Action
        The new Action, in use.
    notes : tuple of str
        What the user should know of it, in sentences.
    """

    action: Any
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Contents:
    """What goes into the Action: keys of moving values, and values that are held."""

    moving: tuple[tuple[PoseValue, Keys], ...]
    held: tuple[tuple[PoseValue, list[float]], ...]


def apply_motion(
    scene: Any,
    armature: Any,
    motion: Motion,
    *,
    frame_start: int = 1,
    output: Output = "auto",
    mute: bool = False,
    progress: Progress = no_progress,
) -> Keyed:
    """Key a motion on an armature, in a new Action with a slot of its own.

    Only the bones that play the conductor's joints get moving keys, in their own rotation modes.
    What is left over in their chains, of an old pose say, is held at rest (`leftovers`). The Action
    that was there stays in the file with a fake user, and `restore_former` puts it back.
    The motion is laid out at the scene's frame rate as it is now. If anything fails, or the work is
    cancelled, nothing has changed.

    Parameters
    ----------
    scene : bpy.types.Scene
        For its frame rate.
    armature : bpy.types.Object
        Any rig whose bones can be made out.
    motion : Motion
        What is conducted.
    frame_start : int
        Scene frame of the motion's first frame.
    output : {"auto", "fk", "ik"}
        How limbs are keyed; see `output_plan.plan_output`.
    mute : bool
        Whether constraints that would turn bones away from the motion are muted in the Action.
    progress : Progress
        Hears [0, 1].

    Raises
    ------
    ConductorError
        If the rig is not known or cannot be animated; a `FixableError` where a button can mend
        what is in the way.
    Cancelled
        If the progress callback asked to stop.
    """
    check_animatable(armature)
    fit = fit_armature(armature)
    require_no_blocks(armature, fit)
    played = at_frame_rate(scene, motion)
    solution = solve(fit, played, progress=part(progress, 0.0, 0.4))
    plan = plan_output(armature, fit, output=output, mute=mute, solution=solution)
    plan.require_no_problems()
    controls = control_curves(armature, plan, fit, solution, part(progress, 0.4, 0.45))
    poles = {control.pole for control in plan.controls.values()}
    resets = find_leftovers(
        armature,
        fit,
        turned={bone for bone in solution.bones if bone not in plan.left_out} | {*controls.bones},
        moved={solution.root_bone, *controls.bones},
        active=partial(active_constraints, armature, plan.properties, plan.influences),
    )
    ictus = beat_frames(motion, played.fps)
    contents = _Contents(
        (
            *_thinned(armature, fit, plan, solution, ictus, part(progress, 0.45, 0.8)),
            *_thinned_controls(armature, fit, controls, poles, ictus),
        ),
        (*_settings(plan), *((reset.value, reset.held) for reset in resets)),
    )
    paths = [value.path for value, _ in (*contents.moving, *contents.held)]
    former = Former.of(scene, armature, paths)
    with _taken_back_on_failure(scene, armature, former):
        action = _new_action(armature, motion, frame_start, len(played))
        _write(action, armature, contents, frame_start, part(progress, 0.8, 1.0))
        former.keep_in(action)
        _use_action(armature, action)
        progress(1.0, "writing the keys")
    left_over = told(resets)
    return Keyed(action, (*plan.warnings, *((left_over,) if left_over else ())))


def check_animatable(armature: Any) -> None:
    """Make sure that an armature can have an Action of its own.

    Raises
    ------
    ConductorError
        If it is linked from another file, or none.
    """
    if armature is None or armature.library is not None:
        name = "The conductor" if armature is None else f"The armature '{armature.name}'"
        raise ConductorError(
            f"{name} is not in this file, so it cannot be animated; "
            "choose an armature here, or make a library override of the linked one."
        )


def _thinned(
    armature: Any,
    fit: Fit,
    plan: OutputPlan,
    solution: Solution,
    ictus: Frames,
    progress: Progress,
) -> Iterator[tuple[PoseValue, Keys]]:
    """Keys of the bones that turn by themselves, and of the one that carries the body."""
    limits = _limits(fit)
    for i, bone in enumerate(solution.bones):
        progress(i / len(solution.bones), "thinning the keys")
        if bone not in plan.left_out:
            limit = limits.get(bone, TOLERANCE)
            yield _thinned_turns(armature, bone, solution.rotations[:, i], limit, ictus)
        if bone == solution.root_bone:
            yield _thinned_places(fit, bone, solution.location, ictus)


def _limits(fit: Fit) -> dict[str, float]:
    """Largest errors of bones, radians, that have to be smaller than others."""
    strands = fit.map.strands
    trunk = [bone for joint in _CURVED if joint in strands for bone in strands[joint][0]]
    limits = dict.fromkeys(trunk, TOLERANCE * min(1.0, len(_CURVED) / max(len(trunk), 1)))
    standing = {
        bone
        for joint in strands
        if joint.split(".")[0] in _STANDING
        for strand in strands[joint]
        for bone in strand
    }
    # On some rigs the legs hang from a bone of the spine.
    standing |= {above for bone in standing for above in ancestors(fit.rig, fit.map, bone)}
    return limits | dict.fromkeys(standing, LEG_TOLERANCE)


def _thinned_controls(
    armature: Any, fit: Fit, controls: ControlPoses, poles: set[str | None], ictus: Frames
) -> Iterator[tuple[PoseValue, Keys]]:
    """Keys of targets, and of poles, whose rotation counts for nothing."""
    for i, bone in enumerate(controls.bones):
        yield _thinned_places(fit, bone, controls.locations[:, i], ictus)
        if bone not in poles:
            turns = controls.rotations[:, i]
            yield _thinned_turns(armature, bone, turns, TOLERANCE, ictus)


def _thinned_turns(
    armature: Any, bone: str, turns: Array, limit: float, ictus: Frames
) -> tuple[PoseValue, Keys]:
    mode = armature.pose.bones[bone].rotation_mode
    values = in_own_mode(armature, bone, turns)
    keys = thin(values, limit, kind="rotation", mode=mode, keep=ictus)
    return rotation_of(armature, bone), keys


def _thinned_places(fit: Fit, bone: str, places: Array, ictus: Frames) -> tuple[PoseValue, Keys]:
    keys = thin(places, LOCATION_TOLERANCE * fit.scale, kind="location", keep=ictus)
    return PoseValue(bone, "location"), keys


def _settings(plan: OutputPlan) -> Iterator[tuple[PoseValue, list[float]]]:
    for bone, name, value in plan.properties:
        yield PoseValue(bone, name, custom=True), [value]
    for bone, constraint, value in plan.influences:
        yield PoseValue(bone, "influence", constraint), [value]


@contextmanager
def _taken_back_on_failure(scene: Any, armature: Any, former: Former) -> Iterator[None]:
    before = {action.session_uid for action in bpy.data.actions}
    try:
        yield
    except BaseException:
        data = armature.animation_data
        made = [action for action in bpy.data.actions if action.session_uid not in before]
        if data is not None and data.action in made:
            former.put_back(scene, armature)
        bpy.data.batch_remove(made)
        raise


def _new_action(armature: Any, motion: Motion, frame_start: int, count: int) -> Any:
    action = bpy.data.actions.new(f"{ACTION_NAME} {armature.name}")
    note_motion(action, motion)
    action.use_frame_range = True
    action.frame_start = frame_start
    action.frame_end = frame_start + count - 1
    return action


def _write(
    action: Any, armature: Any, contents: _Contents, frame_start: int, progress: Progress
) -> None:
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    strip = action.layers.new("Conducting").strips.new(type="KEYFRAME")
    channelbag = strip.channelbag(slot, ensure=True)
    for i, (value, keys) in enumerate(contents.moving):
        progress(i / len(contents.moving), "writing the keys")
        for index in range(keys.values.shape[1]):
            fill_curve(_new_curve(channelbag, value, index), keys, index, frame_start)
    for value, held in contents.held:
        for index, number in enumerate(held):
            hold(_new_curve(channelbag, value, index), number, frame_start)


def _new_curve(channelbag: Any, value: PoseValue, index: int) -> Any:
    curve = channelbag.fcurves.new(value.path, index=index)
    curve.group = channelbag.groups.get(value.bone) or channelbag.groups.new(value.bone)
    return curve


def _use_action(armature: Any, action: Any) -> None:
    data = armature.animation_data or armature.animation_data_create()
    if data.action is not None and data.action.library is None:
        data.action.use_fake_user = True
    data.action = action
    slot = action.slots[0]
    # Blender has usually chosen the slot itself, and assigning it again before the first
    # evaluation crashes 4.5 and 5.0.
    if data.action_slot != slot:
        bpy.context.view_layer.update()
        data.action_slot = slot
