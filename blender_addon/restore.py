"""A scene that is changed as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy

from .rna_values import Values, put_back, values_of

FOLLOWING_KEY: Final = "conducting_following"
"""Custom property of shape keys: paths of those that follow another mesh's by drivers of ours, to
the values they had, as JSON."""

_SKIPPED: Final = frozenset({"window_managers", "screens", "workspaces", "libraries"})
# Where a scene keeps how it is rendered.
_RENDERING: Final = ("render", "display", "view_settings", "display_settings", "cycles", "eevee")


@contextmanager
def unchanged_on_failure(scene: Any, armature: Any = None) -> Iterator[None]:
    """If the block raises, take back what it did to the scene and let the fault through.

    Taken back are new data-blocks, every setting of the scene and of its rendering, the markers,
    the current frame, and of the armature and its meshes' shape keys Action, pose and values.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene the block changes.
    armature : bpy.types.Object, optional
        The armature it animates.
    """
    before = {block.session_uid for block in _data_blocks()}
    settings = [(owner, values_of(owner)) for owner in _settings_of(scene)]
    frame = scene.frame_current, scene.frame_subframe
    markers = _markers(scene)
    rig = _RigState(armature) if armature else None
    faces = shape_keys_of(armature) if armature else []
    try:
        with shapes_restored_on_failure(faces):
            yield
    except BaseException:
        if rig is not None:
            rig.restore()
        if _markers(scene) != markers:
            scene.timeline_markers.clear()
            for name, at, is_selected, camera in markers:
                marker = scene.timeline_markers.new(name, frame=at)
                marker.select, marker.camera = is_selected, camera
        for owner, values in settings:
            put_back(owner, values)
        if (scene.frame_current, scene.frame_subframe) != frame:
            scene.frame_set(frame[0], subframe=frame[1])
        bpy.data.batch_remove([b for b in _data_blocks() if b.session_uid not in before])
        _update(scene)
        if rig is not None:
            # What nobody has keyed is gone once its Action was evaluated.
            rig.put_pose_back()
            _update(scene)
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
    states = [_ShapeState(block) for block in blocks]
    try:
        yield
    except BaseException:
        now = [block.animation_data.action for block in blocks if block.animation_data]
        for state in states:
            state.restore()
        made = {action for action in now if action and action.session_uid not in before}
        bpy.data.batch_remove(made)
        raise


class _RigState:
    """Action, pose and values of an armature."""

    def __init__(self, armature: Any) -> None:
        self._armature = armature
        self._animation = _Animation.of(armature)
        self._values = values_of(armature), values_of(armature.data)
        self._pose: list[tuple[str, Values, list[Values]]] = [
            (bone.name, values_of(bone), [values_of(each) for each in bone.constraints])
            for bone in armature.pose.bones
        ]

    def restore(self) -> None:
        self._animation.restore(self._armature)
        self.put_pose_back()

    def put_pose_back(self) -> None:
        for owner, values in zip((self._armature, self._armature.data), self._values, strict=True):
            if owner.library is None:
                put_back(owner, values)
        for name, values, constraints in self._pose:
            bone = self._armature.pose.bones[name]
            put_back(bone, values)
            for constraint, kept in zip(bone.constraints, constraints, strict=True):
                put_back(constraint, kept)


class _ShapeState:
    """Values, Action and drivers of the shape keys of a mesh."""

    def __init__(self, block: Any) -> None:
        self._block = block
        self._animation = _Animation.of(block)
        self._values = {key.name: key.value for key in block.key_blocks}
        self._following = block.get(FOLLOWING_KEY)

    def restore(self) -> None:
        self._animation.restore(self._block)
        if self._following is not None:
            self._block[FOLLOWING_KEY] = self._following
        elif FOLLOWING_KEY in self._block:
            del self._block[FOLLOWING_KEY]
        for name, value in self._values.items():
            if self._block.key_blocks[name].value != value:
                self._block.key_blocks[name].value = value


@dataclass(frozen=True)
class _Animation:
    """What animates a data-block; None of one that has no animation data."""

    action: Any
    slot: Any
    fake_user: bool
    driven: frozenset[str]
    values: Values | None

    @classmethod
    def of(cls, block: Any) -> "_Animation":
        data = block.animation_data
        if data is None:
            return cls(None, None, False, frozenset(), None)
        is_kept = bool(data.action and data.action.use_fake_user)
        return cls(data.action, data.action_slot, is_kept, _driven(data), values_of(data))

    def restore(self, block: Any) -> None:
        data = block.animation_data
        if data is None:
            return
        if self.values is None:
            block.animation_data_clear()
            return
        for path in _driven(data) - self.driven:
            block.driver_remove(path)
        if data.action != self.action:
            data.action = self.action
        # Assigning the slot that is set already crashes 4.5 and 5.0 before the first evaluation.
        if self.action is not None and data.action_slot != self.slot:
            data.action_slot = self.slot
        if self.action is not None and self.action.use_fake_user != self.fake_user:
            self.action.use_fake_user = self.fake_user
        put_back(data, self.values)


def _driven(data: Any) -> frozenset[str]:
    return frozenset(curve.data_path for curve in data.drivers)


def _settings_of(scene: Any) -> list[Any]:
    parts = [getattr(scene, name, None) for name in _RENDERING]
    return [scene, scene.display.shading, *(part for part in parts if part is not None)]


def _update(scene: Any) -> None:
    for layer in scene.view_layers:
        layer.update()


def _markers(scene: Any) -> list[tuple[str, int, bool, Any]]:
    return [(m.name, m.frame, m.select, m.camera) for m in scene.timeline_markers]


def _data_blocks() -> Iterator[Any]:
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and prop.identifier not in _SKIPPED:
            yield from getattr(bpy.data, prop.identifier)
