"""A scene that is changed as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy

_SCENE: Final = ("frame_start", "frame_end", "frame_current", "camera")
_RENDER: Final = ("fps", "fps_base")
_SKIPPED: Final = frozenset({"window_managers", "screens", "workspaces", "libraries"})


@contextmanager
def unchanged_on_failure(scene: Any, armature: Any = None) -> Iterator[None]:
    """If the block raises, take back what it did to the scene and let the fault through.

    Taken back are new data-blocks, the armature's Action and pose, the range, the frame rate, the
    camera and the markers.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene the block changes.
    armature : bpy.types.Object, optional
        The armature it animates.
    """
    before = {block.session_uid for block in _data_blocks()}
    settings = {name: getattr(scene, name) for name in _SCENE}
    rates = {name: getattr(scene.render, name) for name in _RENDER}
    markers = [(marker.name, marker.frame, marker.camera) for marker in scene.timeline_markers]
    animation = armature.animation_data if armature else None
    action = (animation.action, animation.action_slot) if animation else (None, None)
    pose = _pose(armature) if armature else {}
    try:
        yield
    except BaseException:
        if armature:
            _restore_animation(armature, *action)
            for bone in armature.pose.bones:
                for name, value in pose[bone.name].items():
                    setattr(bone, name, value)
        scene.timeline_markers.clear()
        for name, frame, camera in markers:
            scene.timeline_markers.new(name, frame=frame).camera = camera
        for name, value in rates.items():
            setattr(scene.render, name, value)
        for name, value in settings.items():
            setattr(scene, name, value)
        bpy.data.batch_remove([b for b in _data_blocks() if b.session_uid not in before])
        raise


def _data_blocks() -> Iterator[Any]:
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and prop.identifier not in _SKIPPED:
            yield from getattr(bpy.data, prop.identifier)


def _pose(armature: Any) -> dict[str, dict[str, Any]]:
    return {
        bone.name: {
            "rotation_mode": bone.rotation_mode,
            "location": bone.location.copy(),
            "rotation_quaternion": bone.rotation_quaternion.copy(),
            "rotation_euler": bone.rotation_euler.copy(),
            "scale": bone.scale.copy(),
        }
        for bone in armature.pose.bones
    }


def _restore_animation(armature: Any, action: Any, slot: Any) -> None:
    animation = armature.animation_data
    if animation is None:
        return
    if action is None:
        armature.animation_data_clear()
        return
    if animation.action != action:
        animation.action = action
    # Assigning the slot that is set already crashes 4.5 and 5.0 before the first evaluation.
    if animation.action_slot != slot:
        animation.action_slot = slot
