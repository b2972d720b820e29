"""The scene that is handed to Blender's exporters: plain bones, plain keys, nothing evaluated.

What is in it stands in the world: armature and meshes lie at the origin, unturned and unscaled,
and their bones and points hold everything.
"""

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .local_pose import is_still, local_pose
from .meshes import has_keys, is_skinned, mesh_in_world, shown_materials
from .props import Prop
from .take import Take

_CHANNELS: Final = (("location", 0.0), ("rotation_quaternion", None), ("scale", 1.0))
_STILL: Final = 1e-5


class StandIn:
    """A scene of its own with the take on it.

    Parameters
    ----------
    source : bpy.types.Scene
        The user's scene.
    armature : bpy.types.Object
        Its conductor.
    take : Take
        What its bones do.
    props : dict
        How objects that do not bend are carried.
    unit : float
        How many units of the file there are in a metre.
    """

    def __init__(
        self, source: Any, armature: Any, take: Take, props: dict[str, Prop], unit: float = 1.0
    ) -> None:
        self.source = source
        self.original = armature
        self.take = take
        self.props = props
        self.unit = np.diag([unit, unit, unit, 1.0])
        self.lost: list[str] = []
        self.meshes: list[Any] = []
        self._own: dict[Any, Any] = {}
        self._names: list[tuple[Any, str]] = []
        self.scene = bpy.data.scenes.new("Export")
        self._set_clock()
        self.scene.unit_settings.scale_length = 1.0 / unit
        bpy.context.window.scene = self.scene
        self.armature = self._build_armature()
        self._key_bones()

    def add(self, item: Any) -> None:
        """Add an object that hangs on the conductor, bending or as a whole."""
        if is_skinned(item, self.original):
            self._add_bending(item)
        else:
            self._add_carried(item)

    def take_names(self) -> None:
        """Name everything as in the user's scene, whose own things are called otherwise then."""
        for made, name in self._names:
            made.rename(name, mode="ALWAYS")

    def _set_clock(self) -> None:
        rate, render = self.take.rate, self.scene.render
        render.fps = max(1, round(rate))
        render.fps_base = render.fps / rate
        self.scene.frame_start, self.scene.frame_end = 0, len(self.take) - 1
        self.scene.frame_set(0)

    def _build_armature(self) -> Any:
        from mathutils import Matrix

        rest = self._in_units(self.take.rest)
        data = bpy.data.armatures.new(self.original.data.name)
        made = bpy.data.objects.new(self.original.name, data)
        self._names += [(made, self.original.name), (data, self.original.data.name)]
        self.scene.collection.objects.link(made)
        self.scene.view_layers[0].objects.active = made
        bpy.ops.object.mode_set(mode="EDIT")
        for name, parent, matrix, length in zip(
            self.take.names, self.take.parents, rest, self.take.lengths, strict=True
        ):
            bone = data.edit_bones.new(name)
            bone.tail = (0.0, float(length * self.unit[0, 0]), 0.0)
            bone.matrix = Matrix(matrix.tolist())
            if parent >= 0:
                bone.parent = data.edit_bones[self.take.names[parent]]
        bpy.ops.object.mode_set(mode="OBJECT")
        return made

    def _key_bones(self) -> None:
        pose = local_pose(
            self._in_units(self.take.rest), self._in_units(self.take.bones), self.take.parents
        )
        curves = new_curves(self.armature, "OBJECT", "Conducting")
        columns = (pose.location, pose.rotation, pose.scale)
        for i, name in enumerate(self.take.names):
            bone = self.armature.pose.bones[name]
            for (channel, at_rest), column in zip(_CHANNELS, columns, strict=True):
                values = column[:, i]
                if at_rest is None or not is_still(values, at_rest, scale=channel == "scale"):
                    _key(curves, bone.path_from_id(channel), values, name)

    def _in_units(self, matrices: Any) -> Any:
        """The same turned and scaled as before, in units of the file."""
        if self.unit[0, 0] == 1.0:
            return matrices
        moved = matrices.copy()
        moved[..., :3, 3] *= self.unit[0, 0]
        return moved

    def _add_bending(self, item: Any) -> None:
        made = self._mesh(item, np.array(item.matrix_world))
        bending = {bone.name for bone in self.original.data.bones if bone.use_deform}
        for group in list(made.vertex_groups):
            if group.name not in bending or group.name not in self.take.names:
                made.vertex_groups.remove(group)
        made.modifiers.new("Armature", "ARMATURE").object = self.armature
        self._key_face(item, made)

    def _add_carried(self, item: Any) -> None:
        """An object that moves as a whole, as a mesh that follows one bone alone."""
        prop = self.props[item.name]
        made = self._mesh(item, prop.matrix)
        made.vertex_groups.clear()
        if prop.bone >= 0:
            group = made.vertex_groups.new(name=self.take.names[prop.bone])
            group.add(range(len(made.data.vertices)), 1.0, "REPLACE")
            made.modifiers.new("Armature", "ARMATURE").object = self.armature
        self._key_face(item, made)

    def _mesh(self, item: Any, world: Array) -> Any:
        bpy.context.window.scene = self.source
        made, lost = mesh_in_world(item, self.original, self.unit @ world)
        bpy.context.window.scene = self.scene
        if lost is not None:
            self.lost.append(lost)
        for index, material in enumerate(shown_materials(item, made.data)):
            made.data.materials[index] = self._own_material(material)
        self.scene.collection.objects.link(made)
        made.parent = self.armature
        self.meshes.append(made)
        self._names += [(made, item.name), (made.data, item.data.name)]
        return made

    def _own_material(self, material: Any) -> Any:
        """A material of this file: a copy of one that another file has."""
        if material is None or material.library is None:
            return material
        if material not in self._own:
            self._own[material] = material.copy()
        return self._own[material]

    def _key_face(self, item: Any, made: Any) -> None:
        keys = made.data.shape_keys
        if keys is None:
            return
        keys.animation_data_clear()
        values = self.take.keys[item.name] if has_keys(item) else None
        if values is None:
            made.shape_key_clear()
            return
        curves: Any = None
        for i, block in enumerate(keys.key_blocks):
            block.slider_min = min(block.slider_min, float(values[:, i].min()))
            block.slider_max = max(block.slider_max, float(values[:, i].max()))
            block.mute, block.value = False, float(values[0, i])
            if i and np.ptp(values[:, i]) > _STILL:
                curves = curves or new_curves(keys, "KEY", "Face")
                _key(curves, f"{block.path_from_id('value')}", values[:, i : i + 1])


def new_curves(owner: Any, kind: str, name: str) -> Any:
    """The empty channelbag of a new Action in use by a data-block."""
    action = bpy.data.actions.new(name)
    slot = action.slots.new(id_type=kind, name=owner.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)
    data = owner.animation_data_create()
    data.action = action
    if data.action_slot != slot:
        # Before the first evaluation, choosing a slot again crashes Blender.
        bpy.context.view_layer.update()
        data.action_slot = slot
    return bag


def _key(curves: Any, path: str, values: NDArray[np.floating], group: str = "") -> None:
    """A linear key at every frame, (T, C)."""
    count = len(values)
    for channel in range(values.shape[1]):
        curve = curves.fcurves.new(path, index=channel)
        if group:
            curve.group = curves.groups.get(group) or curves.groups.new(group)
        curve.keyframe_points.add(count)
        pairs = np.stack([np.arange(count), values[:, channel]], axis=1).astype(np.float32)
        curve.keyframe_points.foreach_set("co", pairs.ravel())
        kinds = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items
        linear = np.full(count, kinds["LINEAR"].value, np.int32)
        curve.keyframe_points.foreach_set("interpolation", linear)
        curve.update()
