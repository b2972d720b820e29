"""A scene that is changed as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy

_SCENE: Final = ("frame_start", "frame_end", "frame_current", "camera")
_RENDER: Final = ("fps", "fps_base")
_SKIPPED: Final = frozenset({"window_managers", "screens", "workspaces", "libraries"})


@contextmanager
def unchanged_on_failure(scene: Any, armature: Any = None) -> Iterator[None]:
    """If the block raises, take back what it did to the scene and let the fault through.

    Taken back are new data-blocks, the armature's Action and pose, its meshes' shape keys, the
    range, the frame rate, the camera and the markers.

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
    was_kept = bool(action[0] and action[0].use_fake_user)
    pose = _pose(armature) if armature else {}
    faces = shape_keys_of(armature) if armature else []
    try:
        with shapes_restored_on_failure(faces):
            yield
    except BaseException:
        if armature:
            _restore_animation(armature, animation is not None, *action)
            if action[0] is not None:
                action[0].use_fake_user = was_kept
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


def shape_keys_of(armature: Any) -> list[Any]:
    """The shape keys of the meshes that hang on an armature, in the order of the meshes' names.

    Those of linked files, which cannot be changed, are left out.
    """
    children = set(armature.children_recursive)
    meshes = [
        item
        for item in bpy.data.objects
        if item.type == "MESH"
        and (
            item in children
            or any(one.type == "ARMATURE" and one.object == armature for one in item.modifiers)
        )
    ]
    keys = [item.data.shape_keys for item in sorted(meshes, key=lambda item: item.name)]
    return [key for key in dict.fromkeys(keys) if key is not None and key.library is None]


@contextmanager
def shapes_restored_on_failure(blocks: list[Any]) -> Iterator[None]:
    """If the block raises, take back what it did to shape keys' values, drivers and Actions.

    Parameters
    ----------
    blocks : list of bpy.types.Key
        See `shape_keys_of`.
    """
    before = {action.session_uid for action in bpy.data.actions}
    states = [(block, _ShapeState.of(block)) for block in blocks]
    try:
        yield
    except BaseException:
        now = [block.animation_data.action for block in blocks if block.animation_data]
        for block, state in states:
            state.restore(block)
        made = {action for action in now if action and action.session_uid not in before}
        bpy.data.batch_remove(made)
        raise


@dataclass(frozen=True)
class _ShapeState:
    """Values, Action and drivers of the shape keys of a mesh."""

    values: dict[str, float]
    action: Any
    slot: Any
    fake_user: bool
    has_animation: bool
    driven: frozenset[str]

    @classmethod
    def of(cls, block: Any) -> "_ShapeState":
        data = block.animation_data
        action = data.action if data else None
        return cls(
            {key.name: key.value for key in block.key_blocks},
            action,
            data.action_slot if data else None,
            bool(action and action.use_fake_user),
            data is not None,
            frozenset(curve.data_path for curve in data.drivers) if data else frozenset(),
        )

    def restore(self, block: Any) -> None:
        data = block.animation_data
        if data is not None and not self.has_animation:
            block.animation_data_clear()
        elif data is not None:
            for path in {curve.data_path for curve in data.drivers} - self.driven:
                block.driver_remove(path)
            if data.action != self.action:
                data.action = self.action
            # See `_restore_animation`.
            if data.action_slot != self.slot:
                data.action_slot = self.slot
            if self.action is not None:
                self.action.use_fake_user = self.fake_user
        for name, value in self.values.items():
            block.key_blocks[name].value = value


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


def _restore_animation(armature: Any, was_animated: bool, action: Any, slot: Any) -> None:
    animation = armature.animation_data
    if animation is None:
        return
    if not was_animated:
        armature.animation_data_clear()
        return
    if action is None:
        # Drivers, those of twist bones say, are no Action.
        animation.action = None
        return
    if animation.action != action:
        animation.action = action
    # Assigning the slot that is set already crashes 4.5 and 5.0 before the first evaluation.
    if animation.action_slot != slot:
        animation.action_slot = slot
