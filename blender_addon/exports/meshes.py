"""Meshes as exporters take them: modifiers applied but for the armature's, shape keys kept."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

Points = NDArray[np.float32]
"""Places of a mesh's points, (3·N,)."""

_SOLID: Final = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})


def is_seen(item: Any) -> bool:
    """Whether an object is a solid that a render shows."""
    shown = any(not collection.hide_render for collection in item.users_collection)
    return bool(item.type in _SOLID and shown and not item.hide_render)


def armature_modifiers(item: Any, armature: Any) -> list[Any]:
    """The modifiers by which a mesh follows an armature."""
    return [m for m in item.modifiers if m.type == "ARMATURE" and m.object == armature]


def is_skinned(item: Any, armature: Any) -> bool:
    """Whether an object bends with an armature's bones."""
    if item.type != "MESH":
        return False
    bent = item.parent == armature and item.parent_type == "ARMATURE"
    return bent or any(m.show_render for m in armature_modifiers(item, armature))


def has_keys(item: Any) -> bool:
    """Whether an object has shape keys that are mixed by their values."""
    keys = item.data.shape_keys if item.type == "MESH" else None
    return keys is not None and keys.use_relative


def doubts_of(item: Any, armature: Any) -> list[str]:
    """Sentences on how a mesh bends that no other program knows."""
    ways = []
    for modifier in armature_modifiers(item, armature):
        if modifier.use_deform_preserve_volume:
            ways.append("Preserve Volume")
        if modifier.use_bone_envelopes:
            ways.append("Bone Envelopes")
        if modifier.vertex_group:
            ways.append("a vertex group that holds it back")
    if len([m for m in item.modifiers if m.type == "ARMATURE" and m.object is not None]) > 1:
        ways.append("several armatures")
    weighted = {group.name for group in item.vertex_groups}
    if any(bone.bbone_segments > 1 and bone.name in weighted for bone in armature.data.bones):
        ways.append("bendy bones")
    if not ways or not is_skinned(item, armature):
        return []
    return [
        f"'{item.name}' bends by {', '.join(ways)}, for which files have no place, so it comes out "
        "somewhat different."
    ]


def shown_materials(item: Any, mesh: Any) -> list[Any]:
    """The materials of a mesh from `mesh_in_world`; in place of the object's data, the object's.

    Node modifiers may have given it others, which stay.
    """
    shown = list(mesh.materials)
    for index, slot in enumerate(list(item.material_slots)[: len(shown)]):
        if slot.link == "OBJECT" and shown[index] == item.data.materials[index]:
            shown[index] = slot.material
    return shown


def mesh_in_world(item: Any, armature: Any, world: Array) -> tuple[Any, str | None]:
    """A mesh of its own with everything in it but the bend of the armature.

    Parameters
    ----------
    item : bpy.types.Object
        From `is_seen`, in the scene of the window.
    armature : bpy.types.Object
        The armature that it follows, whose modifiers stay unapplied.
    world : (4, 4) array
        Where it goes: applied to its points.

    Returns
    -------
    mesh : bpy.types.Object
        In no scene yet; with the shape keys and the vertex groups.
    lost : str or None
        A sentence if shape keys had to be left out.
    """
    with _unbent(item, armature):
        others = [m for m in item.modifiers if m.show_viewport]
        if others and has_keys(item):
            mesh, keys, lost = _evaluated_with_keys(item)
        elif others or item.type != "MESH":
            mesh, keys, lost = _evaluated(item), [], None
        else:
            mesh, keys, lost = item.data.copy(), [], None
    made = bpy.data.objects.new(item.name, mesh)
    for group in item.vertex_groups:
        made.vertex_groups.new(name=group.name)
    if keys:
        _add_keys(made, item, keys)
    matrix = _matrix(world)
    mesh.transform(matrix, shape_keys=True)
    if matrix.determinant() < 0.0:
        mesh.flip_normals()
    return made, lost


def _evaluated(item: Any) -> Any:
    depsgraph = bpy.context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(
        item.evaluated_get(depsgraph), preserve_all_data_layers=True, depsgraph=depsgraph
    )


def _evaluated_with_keys(item: Any) -> tuple[Any, list[Points], str | None]:
    """Mesh and the points of each shape key, all with the modifiers applied."""
    count = len(item.data.shape_keys.key_blocks)
    before = item.show_only_shape_key, item.active_shape_key_index
    points: list[Points] = []
    try:
        item.show_only_shape_key = True
        for index in range(count):
            item.active_shape_key_index = index
            # Blender does not notice by itself which key is pinned.
            item.data.update_tag()
            bpy.context.view_layer.update()
            if index == 0:
                mesh = _evaluated(item)
            points.append(_points(item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data))
    finally:
        item.show_only_shape_key, item.active_shape_key_index = before
    if any(len(each) != 3 * len(mesh.vertices) for each in points):
        return (
            mesh,
            [],
            (
                f"The modifiers of '{item.name}' give its shape keys different points, so they are "
                "left out; apply the modifiers in Blender to have them."
            ),
        )
    return mesh, points, None


def _points(mesh: Any) -> Points:
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    return points


def _add_keys(made: Any, item: Any, points: list[Points]) -> None:
    blocks = item.data.shape_keys.key_blocks
    for block, place in zip(blocks, points, strict=True):
        made.shape_key_add(name=block.name, from_mix=False).data.foreach_set("co", place)
    for block, new in zip(blocks, made.data.shape_keys.key_blocks, strict=True):
        new.relative_key = made.data.shape_keys.key_blocks[block.relative_key.name]
        new.vertex_group = block.vertex_group


def _matrix(world: Array) -> Any:
    from mathutils import Matrix

    return Matrix(world.tolist())


@contextmanager
def _unbent(item: Any, armature: Any) -> Iterator[None]:
    """The object at rest for a while."""
    with ExitStack() as held:
        for modifier in armature_modifiers(item, armature):
            held.callback(setattr, modifier, "show_viewport", modifier.show_viewport)
            modifier.show_viewport = False
        held.callback(setattr, armature.data, "pose_position", armature.data.pose_position)
        armature.data.pose_position = "REST"
        bpy.context.view_layer.update()
        yield
