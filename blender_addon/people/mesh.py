"""Meshes that hang on an armature by skin weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from retarget.rotation import Array

from ..garments.figure import Weights
from ..garments.surface import Surface


@dataclass(frozen=True)
class Part:
    """A mesh to be: its name, form and materials, and the bones' shares in points (N, 3)."""

    name: str
    surface: Surface
    materials: tuple[Any, ...]
    weights: Callable[[Array], Weights]


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
