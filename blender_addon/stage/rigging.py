"""Armatures from tables of bones, and meshes that hang on them by skin weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np

from retarget.rotation import Array

from .bones import BoneTable
from .figure import Weights
from .surface import Surface

ARMATURE_NAME: Final = "Conductor"


@dataclass(frozen=True)
class Part:
    """A mesh to be: its name, form and materials, and the bones' shares in points (N, 3)."""

    name: str
    surface: Surface
    materials: tuple[Any, ...]
    weights: Callable[[Array], Weights]


def create_armature(scene: Any, collection: Any, bones: BoneTable) -> Any:
    """An armature of these bones, posed in quaternions."""
    data = bpy.data.armatures.new(ARMATURE_NAME)
    armature = bpy.data.objects.new(ARMATURE_NAME, data)
    collection.objects.link(armature)
    data.display_type = "STICK"
    armature.show_in_front = True
    with edit_mode(scene, armature):
        for name, (parent, start, end) in bones.items():
            bone = data.edit_bones.new(name)
            bone.head, bone.tail = start, end
            if parent is not None:
                bone.parent = data.edit_bones[parent]
                bone.use_connect = np.allclose(bone.parent.tail, start, atol=1e-5)
            # One roll law for all: the bone's z axis looks up, or forward for upright bones.
            upright = abs(end - start)[2] > 0.7 * np.linalg.norm(end - start)
            bone.align_roll((0.0, -1.0, 0.0) if upright else (0.0, 0.0, 1.0))
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


@contextmanager
def edit_mode(scene: Any, armature: Any) -> Iterator[None]:
    """Edit mode on one armature, with the user's active object and mode put back afterwards."""
    view_layer = scene.view_layers[0]
    previous = view_layer.objects.active
    mode = previous.mode if previous else "OBJECT"
    with bpy.context.temp_override(scene=scene, view_layer=view_layer):
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        view_layer.objects.active = armature
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            yield
        finally:
            bpy.ops.object.mode_set(mode="OBJECT")
            view_layer.objects.active = previous
            if mode != "OBJECT":
                bpy.ops.object.mode_set(mode=mode)


def create_mesh(part: Part, armature: Any, collection: Any) -> Any:
    """An object of this form, child of the armature and moved by its bones."""
    surface = part.surface
    mesh = bpy.data.meshes.new(part.name)
    sizes = np.where(surface.faces[:, 3] < 0, 3, 4)
    mesh.vertices.add(len(surface))
    mesh.vertices.foreach_set("co", surface.vertices.astype(np.float32).ravel())
    loops = surface.faces[surface.faces >= 0].astype(np.int32)
    mesh.loops.add(len(loops))
    mesh.loops.foreach_set("vertex_index", loops)
    mesh.polygons.add(len(sizes))
    mesh.polygons.foreach_set("loop_start", np.r_[0, np.cumsum(sizes)[:-1]].astype(np.int32))
    mesh.polygons.foreach_set("material_index", surface.materials.astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(sizes), dtype=bool))
    for material in part.materials:
        mesh.materials.append(material)
    mesh.update(calc_edges=True)

    thing = bpy.data.objects.new(part.name, mesh)
    collection.objects.link(thing)
    thing.parent = armature
    _assign_weights(thing, part.weights(surface.vertices))
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    # Dual quaternions: linear blending would collapse elbows and shoulders.
    modifier.use_deform_preserve_volume = True
    return thing


def _assign_weights(thing: Any, shares: Weights) -> None:
    names = list(shares)
    table = np.stack([shares[name] for name in names], axis=1)
    # Four bones a point are plenty, and what game engines take.
    if table.shape[1] > 4:
        fourth = np.sort(table, axis=1)[:, -4][:, None]
        table = np.where(table >= fourth, table, 0.0)
    table = np.where(table < 0.004, 0.0, table)
    table /= table.sum(axis=1, keepdims=True)
    steps = 250
    for k, name in enumerate(names):
        column = np.round(table[:, k] * steps).astype(int)
        if not column.any():
            continue
        group = thing.vertex_groups.new(name=name)
        # Blender takes one weight for many vertices at a time: few distinct weights are fast.
        order = np.argsort(column, kind="stable")
        levels, starts = np.unique(column[order], return_index=True)
        for level, members in zip(levels, np.split(order, starts[1:]), strict=True):
            if level:
                group.add(members.tolist(), level / steps, "REPLACE")
