"""The face of a motion on an avatar's shape keys: Actions with slots of their own, few keys.

Where several meshes have keys of the same names, the first one is animated, and drivers make the
others follow it: there is one place to edit.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import bpy

from retarget.errors import ConductorError
from retarget.face import shapes_of
from retarget.keys import Keys, thin
from retarget.motion import Motion
from retarget.progress import Progress, no_progress

from .curves import curves_of, fill_curve
from .former import Former
from .motion_notes import SOURCE_KEY, note_motion
from .restore import FOLLOWING_KEY, shape_keys_of, shapes_restored_on_failure
from .timeline import at_frame_rate

FACE_ACTION_NAME: Final = "Face"

TOLERANCE: Final = 0.012
"""Largest error of an action's value at any frame."""


@dataclass(frozen=True)
class _Face:
    """Which shape keys play what: (data-block, key name) to an action, and to whom they follow."""

    played: dict[tuple[Any, str], str]
    followed: dict[tuple[Any, str], tuple[Any, str]]


def key_face(
    scene: Any,
    armature: Any,
    motion: Motion,
    *,
    frame_start: int = 1,
    progress: Progress = no_progress,
) -> list[Any]:
    """Key a motion's face on the shape keys of the meshes that hang on an armature.

    As with the bones, new Actions are made; those that were there stay in the file with a fake
    user. A motion without a face puts the one of an earlier motion to rest, and leaves other
    animation alone; meshes without such keys, and keys that have drivers already, are left out.
    If anything fails, nothing has changed.

    Parameters
    ----------
    scene : bpy.types.Scene
        For its frame rate.
    armature : bpy.types.Object
        The avatar.
    motion : Motion
        What is conducted.
    frame_start : int
        Scene frame of the motion's first frame.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    list of bpy.types.Action
        The new Actions, in use: one for each mesh whose keys are animated, none if there are none.

    Raises
    ------
    ConductorError
        If the keys cannot be animated now.
    Cancelled
        If the progress callback asked to stop.
    """
    blocks = shape_keys_of(armature)
    _check_animatable(blocks)
    with shapes_restored_on_failure(blocks):
        formers = {block: _former(scene, block) for block in blocks}
        for block in blocks:
            _rest(block)
        if not motion.face_names or not blocks:
            return []
        played = at_frame_rate(scene, motion)
        face = _find_face(blocks, motion.face_names)
        keys: dict[str, Keys] = {}
        for i, name in enumerate(motion.face_names):
            progress(0.8 * i / len(motion.face_names), "thinning the keys")
            if name in face.played.values():
                keys[name] = thin(played.face[:, i : i + 1], TOLERANCE, kind="location")
        for (block, name), (leader, leading) in face.followed.items():
            _follow(block, name, leader, leading)
        actions = []
        for block in dict.fromkeys(block for block, _ in face.played):
            progress(0.9, "writing the keys")
            curves = {name: keys[act] for (own, name), act in face.played.items() if own == block}
            actions.append(_animate(block, armature, motion, curves, frame_start, len(played)))
            formers[block].without_values_but(actions[-1]).keep_in(actions[-1])
        progress(1.0, "writing the keys")
    return actions


def _check_animatable(blocks: list[Any]) -> None:
    for block in blocks:
        if block.animation_data is not None and block.animation_data.use_tweak_mode:
            raise ConductorError(
                f"A strip of the shape keys '{block.name}' is being tweaked in the NLA editor; "
                "leave tweak mode (Tab) first."
            )


def _find_face(blocks: list[Any], names: tuple[str, ...]) -> _Face:
    shapes = [(block, shapes_of([key.name for key in block.key_blocks], names)) for block in blocks]
    # Who has most of the face leads the rest.
    shapes.sort(key=lambda pair: -len(pair[1]))
    face = _Face({}, {})
    leaders: dict[str, tuple[Any, str]] = {}
    for block, found in shapes:
        drivers = block.animation_data.drivers if block.animation_data else ()
        driven = {curve.data_path: curve for curve in drivers}
        for action, keys in found.items():
            for name in keys:
                place = block, name
                own = driven.get(_path(block, name))
                if action in leaders:
                    if own is None:
                        face.followed[place] = leaders[action]
                elif own is None:
                    leaders[action] = place
                    face.played[place] = action
    return face


def _former(scene: Any, block: Any) -> Former:
    """What shape keys play now, with the values of all that have no drivers."""
    data = block.animation_data
    driven = {curve.data_path for curve in data.drivers} if data else set()
    paths = {key.path_from_id("value") for key in block.key_blocks}
    return Former.of(scene, block, paths - driven)


def _path(block: Any, name: str) -> str:
    return str(block.key_blocks[name].path_from_id("value"))


def _follow(block: Any, name: str, leader: Any, leading: str) -> None:
    """Let a key have the value of another one; what it was before is noted on its block."""
    followed = json.loads(block.get(FOLLOWING_KEY, "{}"))
    followed[_path(block, name)] = block.key_blocks[name].value
    block[FOLLOWING_KEY] = json.dumps(followed, sort_keys=True)
    driver = block.key_blocks[name].driver_add("value").driver
    # A sum of one value needs no Python, so it runs in any file.
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.name = "leader"
    target = variable.targets[0]
    target.id_type = "KEY"
    target.id = leader
    target.data_path = _path(leader, leading)


def _animate(
    block: Any,
    armature: Any,
    motion: Motion,
    curves: dict[str, Keys],
    frame_start: int,
    count: int,
) -> Any:
    action = bpy.data.actions.new(f"{FACE_ACTION_NAME} {armature.name}")
    note_motion(action, motion)
    action.use_frame_range = True
    action.frame_start = frame_start
    action.frame_end = frame_start + count - 1
    slot = action.slots.new(id_type="KEY", name=block.name)
    strip = action.layers.new("Face").strips.new(type="KEYFRAME")
    channelbag = strip.channelbag(slot, ensure=True)
    group = channelbag.groups.new("Face")
    for name, keys in curves.items():
        curve = channelbag.fcurves.new(_path(block, name))
        curve.group = group
        fill_curve(curve, keys, 0, frame_start)
    data = block.animation_data or block.animation_data_create()
    if data.action is not None:
        data.action.use_fake_user = True
    data.action = action
    # As with the armature: assigning the slot that Blender has chosen crashes 4.5 and 5.0.
    if data.action_slot != slot:
        bpy.context.view_layer.update()
        data.action_slot = slot
    return action


def _rest(block: Any) -> None:
    """Put the face of an earlier motion aside: its Action stays in the file, its keys are at 0."""
    data = block.animation_data
    if data is None or data.action is None or SOURCE_KEY not in data.action:
        return
    action = data.action
    paths = {curve.data_path for curve in curves_of(action, data.action_slot)}
    action.use_fake_user = True
    data.action = None
    for key in block.key_blocks:
        if key.path_from_id("value") in paths:
            key.value = 0.0
