"""A motion on an armature: a new Action in a slot, with few, editable keys."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np

from retarget.errors import ConductorError
from retarget.keys import Keys, thin
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part
from retarget.solve import solve

from .armature import fit_armature

ACTION_NAME: Final = "Conducting"
STYLE_KEY: Final = "conducting_style"
SOURCE_KEY: Final = "conducting_source"
SEED_KEY: Final = "conducting_seed"
"""Custom properties of our Actions: JSON text of how the motion was made."""

TOLERANCE: Final = np.radians(0.25)
"""Largest error of a bone's rotation at any frame, radians."""

LEG_TOLERANCE: Final = np.radians(0.05)
"""The same for the hips and legs, whose errors would add up to sliding feet."""

LOCATION_TOLERANCE: Final = 5e-4
"""Largest error of the hips' location, metres on the canonical skeleton."""

_STANDING: Final = ("hips", "thigh", "shin", "foot")


def apply_motion(
    scene: Any,
    armature: Any,
    motion: Motion,
    *,
    frame_start: int = 1,
    progress: Progress = no_progress,
) -> Any:
    """Key a motion on an armature, in a new Action with a slot of its own.

    Only the bones that play the conductor's joints get keys, and only their rotation mode changes
    (to quaternions). The Action that was there stays in the file with a fake user. The motion is
    laid out at the scene's frame rate as it is now, so `timeline.set_timeline` comes first where
    the scene is to take the motion's. If anything fails, or the work is cancelled, nothing has
    changed.

    Parameters
    ----------
    scene : bpy.types.Scene
        For its frame rate.
    armature : bpy.types.Object
        Any rig of a known family (`retarget/rigs`).
    motion : Motion
        What is conducted.
    frame_start : int
        Scene frame of the motion's first frame.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    bpy.types.Action
        The new Action, already in use.

    Raises
    ------
    ConductorError
        If the rig is not known or cannot be animated.
    Cancelled
        If the progress callback asked to stop.
    """
    _check_animatable(armature)
    fit = fit_armature(armature)
    rate = scene.render.fps / scene.render.fps_base
    # Blender keeps the base of the rate in single precision.
    played = motion if abs(rate / motion.fps - 1.0) < 1e-5 else motion.resample(rate)
    solution = solve(fit, played, progress=part(progress, 0.0, 0.4))
    ictus = np.round(np.asarray(motion.beats) * played.fps).astype(np.int64)
    standing = {
        bone
        for joint, strands in fit.map.strands.items()
        if joint.split(".")[0] in _STANDING
        for strand in strands
        for bone in strand
    }
    curves: list[tuple[str, str, Keys]] = []
    for i, bone in enumerate(solution.bones):
        progress(0.4 + 0.4 * i / len(solution.bones), "thinning the keys")
        limit = LEG_TOLERANCE if bone in standing else TOLERANCE
        keys = thin(solution.rotations[:, i], limit, kind="rotation", keep=ictus)
        curves.append((bone, "rotation_quaternion", keys))
        if bone == solution.root_bone:
            limit = LOCATION_TOLERANCE * fit.scale
            keys = thin(solution.location, limit, kind="location", keep=ictus)
            curves.append((bone, "location", keys))
    with _taken_back_on_failure(armature, solution.bones):
        action = _new_action(armature, motion, frame_start, len(played))
        channelbag = _new_channelbag(armature, action)
        for i, (bone, channel, keys) in enumerate(curves):
            progress(0.8 + 0.2 * i / len(curves), "writing the keys")
            _write_curves(channelbag, armature, bone, channel, keys, frame_start)
        for bone, name, value in fit.map.properties:
            _write_property(channelbag, armature, bone, name, value, frame_start)
        _use_action(armature, action)
        for bone in solution.bones:
            armature.pose.bones[bone].rotation_mode = "QUATERNION"
        progress(1.0, "writing the keys")
    return action


def _check_animatable(armature: Any) -> None:
    if armature is None or armature.library is not None:
        name = "The conductor" if armature is None else f"The armature '{armature.name}'"
        raise ConductorError(
            f"{name} is not in this file, so it cannot be animated; "
            "choose an armature here, or make a library override of the linked one."
        )
    data = armature.animation_data
    if data is not None and data.use_tweak_mode:
        raise ConductorError(
            f"A strip of '{armature.name}' is being tweaked in the NLA editor; "
            "leave tweak mode (Tab) first."
        )


@contextmanager
def _taken_back_on_failure(armature: Any, bones: tuple[str, ...]) -> Iterator[None]:
    pose = armature.pose.bones
    modes = {bone: pose[bone].rotation_mode for bone in bones}
    before = {action.name for action in bpy.data.actions}
    data = armature.animation_data
    old_action, old_slot = (data.action, data.action_slot) if data else (None, None)
    had_fake_user = old_action.use_fake_user if old_action else False
    try:
        yield
    except BaseException:
        if data is None and armature.animation_data is not None:
            armature.animation_data_clear()
        elif data is not None and data.action != old_action:
            data.action = old_action
            if data.action_slot != old_slot:
                bpy.context.view_layer.update()
                data.action_slot = old_slot
        if old_action is not None:
            old_action.use_fake_user = had_fake_user
        for action in [action for action in bpy.data.actions if action.name not in before]:
            bpy.data.actions.remove(action)
        for bone, mode in modes.items():
            pose[bone].rotation_mode = mode
        raise


def _new_action(armature: Any, motion: Motion, frame_start: int, count: int) -> Any:
    action = bpy.data.actions.new(f"{ACTION_NAME} {armature.name}")
    action[STYLE_KEY] = json.dumps(motion.style, sort_keys=True)
    action[SOURCE_KEY] = json.dumps(motion.source, sort_keys=True)
    action[SEED_KEY] = json.dumps(motion.source.get("seed"))
    action.use_frame_range = True
    action.frame_start = frame_start
    action.frame_end = frame_start + count - 1
    return action


def _new_channelbag(armature: Any, action: Any) -> Any:
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    strip = action.layers.new("Conducting").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def _use_action(armature: Any, action: Any) -> None:
    data = armature.animation_data or armature.animation_data_create()
    if data.action is not None:
        data.action.use_fake_user = True
    data.action = action
    slot = action.slots[0]
    # Blender has usually chosen the slot itself, and assigning it again before the first
    # evaluation crashes 4.5 and 5.0.
    if data.action_slot != slot:
        bpy.context.view_layer.update()
        data.action_slot = slot


def _write_curves(
    channelbag: Any, armature: Any, bone: str, channel: str, keys: Keys, frame_start: int
) -> None:
    path = f"{armature.pose.bones[bone].path_from_id()}.{channel}"
    group = _group(channelbag, bone)
    for index in range(keys.values.shape[1]):
        curve = channelbag.fcurves.new(path, index=index)
        curve.group = group
        fill_curve(curve, keys, index, frame_start)


def fill_curve(curve: Any, keys: Keys, channel: int, frame_start: int) -> None:
    """Write one channel of keys, whose first frame is `frame_start`, into an empty F-curve."""
    frames = keys.frames + frame_start
    points = curve.keyframe_points
    points.add(len(keys))
    columns = {"co": np.stack([frames, keys.values[:, channel]], axis=-1)}
    for name, handles in zip(("handle_left", "handle_right"), keys.handles(), strict=True):
        columns[name] = handles[:, channel] + [frame_start, 0.0]
    for name, pairs in columns.items():
        points.foreach_set(name, pairs.astype(np.float32).ravel())
    _set_enum(points, "interpolation", "BEZIER")
    _set_enum(points, "handle_left_type", "ALIGNED")
    _set_enum(points, "handle_right_type", "ALIGNED")
    curve.update()


def _write_property(
    channelbag: Any, armature: Any, bone: str, name: str, value: float, frame_start: int
) -> None:
    path = f'{armature.pose.bones[bone].path_from_id()}["{bpy.utils.escape_identifier(name)}"]'
    curve = channelbag.fcurves.new(path)
    curve.group = _group(channelbag, bone)
    curve.keyframe_points.insert(frame_start, value).interpolation = "CONSTANT"


def _group(channelbag: Any, bone: str) -> Any:
    return channelbag.groups.get(bone) or channelbag.groups.new(bone)


def _set_enum(points: Any, name: str, value: str) -> None:
    """Set an enum on all keys at once; `foreach_set` takes its number."""
    items = bpy.types.Keyframe.bl_rna.properties[name].enum_items
    points.foreach_set(name, np.full(len(points), items[value].value, dtype=np.int32))
