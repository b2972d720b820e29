"""A built-in conductor in the scene: armature, meshes, shape keys, and what drives them."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector

from retarget import rotation
from retarget.conductor_asset import (
    CONDUCTORS,
    DEFAULT_CONDUCTOR,
    AssetMesh,
    ConductorAsset,
    Corrective,
    Follower,
)
from retarget.errors import ConductorError
from retarget.rotation import Array

from .rigging import ARMATURE_NAME, BoneTable, create_armature
from .surface_materials import REST, create_surface_material, load_picture

BATON: Final = "Baton"
"""The baton's mesh, which all conductors have."""

FOLDER: Final = Path(__file__).parents[1] / "conductors"


@cache
def conductor_asset(name: str) -> ConductorAsset:
    """A built-in conductor.

    Raises
    ------
    ConductorError
        If there is none of that name; the sentence says which there are.
    """
    if name not in CONDUCTORS:
        raise ConductorError(f"There is no conductor '{name}'; choose {', '.join(CONDUCTORS)}.")
    return ConductorAsset.load(FOLDER / f"{name}.npz")


def create_conductor(scene: Any, name: str = DEFAULT_CONDUCTOR) -> Any:
    """Build a conductor in a new collection of the scene.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. Nothing else in the scene or the file is touched.
    name : str
        One of `CONDUCTORS`.

    Returns
    -------
    bpy.types.Object
        The armature; the meshes are its children.
    """
    return build_conductor(scene, conductor_asset(name))


def build_conductor(scene: Any, asset: ConductorAsset) -> Any:
    """Build a conductor of an asset, as `create_conductor` does."""
    collection = bpy.data.collections.new(ARMATURE_NAME)
    scene.collection.children.link(collection)
    armature = create_armature(scene, collection, _bones(asset))
    for follower in asset.followers:
        _drive_twist(armature, follower)
    pictures = {key: load_picture(key, content) for key, content in asset.textures.items()}
    materials = [
        create_surface_material(surface, pictures.get(surface.texture))
        for surface in asset.surfaces
    ]
    for mesh in asset.meshes:
        thing = create_mesh(mesh, asset.bones, materials, armature, collection)
        for corrective in asset.correctives:
            if corrective.shape in mesh.shapes:
                _drive_shape(thing, armature, corrective)
    return armature


def create_baton(armature: Any, collection: Any, head: Array, tail: Array) -> Any:
    """The default conductor's baton on the bone "baton" of another armature.

    Parameters
    ----------
    head, tail : (3,) arrays
        Ends of that bone at rest, metres.
    """
    mesh, materials = baton_between(head, tail)
    bones = conductor_asset(DEFAULT_CONDUCTOR).bones
    return create_mesh(mesh, bones, materials, armature, collection)


def baton_between(head: Array, tail: Array) -> tuple[AssetMesh, list[Any]]:
    """The default conductor's baton from one point (3,) towards another, metres; its materials."""
    asset = conductor_asset(DEFAULT_CONDUCTOR)
    mesh = next(mesh for mesh in asset.meshes if mesh.name == BATON)
    bone = asset.bones.index("baton")
    start, end = asset.heads[bone], asset.tails[bone]
    turn = rotation.between(end - start, tail - head)
    carried = head + rotation.rotate(turn, mesh.vertices - start)
    materials = [
        create_surface_material(asset.surfaces[i], None) if i in mesh.surfaces else None
        for i in range(len(asset.surfaces))
    ]
    return replace(mesh, vertices=carried, shapes={}), materials


def _bones(asset: ConductorAsset) -> BoneTable:
    return {
        name: (None if parent < 0 else asset.bones[parent], head, tail)
        for name, parent, head, tail in zip(
            asset.bones, asset.parents.tolist(), asset.heads, asset.tails, strict=True
        )
    }


def create_mesh(
    mesh: AssetMesh, bones: tuple[str, ...], materials: list[Any], armature: Any, collection: Any
) -> Any:
    """An object of this mesh, child of the armature and moved by its bones."""
    thing = bpy.data.objects.new(mesh.name, create_mesh_data(mesh, materials))
    collection.objects.link(thing)
    thing.parent = armature
    _assign_weights(thing, mesh, bones)
    _add_shapes(thing, mesh)
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    # Linear blending: twist bones and corrective shapes keep the volume, at half the cost.
    modifier.use_deform_preserve_volume = False
    return thing


def create_mesh_data(mesh: AssetMesh, materials: list[Any]) -> Any:
    """A mesh data-block; `materials` are those of the asset's surfaces, in their order."""
    data = bpy.data.meshes.new(mesh.name)
    sizes = np.where(mesh.faces[:, 3] < 0, 3, 4)
    corners = mesh.faces >= 0
    data.vertices.add(len(mesh.vertices))
    data.vertices.foreach_set("co", mesh.vertices.astype(np.float32).ravel())
    data.loops.add(int(sizes.sum()))
    data.loops.foreach_set("vertex_index", mesh.faces[corners].astype(np.int32))
    data.polygons.add(len(sizes))
    data.polygons.foreach_set("loop_start", np.r_[0, np.cumsum(sizes)[:-1]].astype(np.int32))
    data.polygons.foreach_set("material_index", mesh.material.astype(np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(sizes), dtype=bool))
    for surface in mesh.surfaces:
        data.materials.append(materials[surface])
    data.update(calc_edges=True)
    rest = data.attributes.new(REST, "FLOAT_VECTOR", "POINT")
    rest.data.foreach_set("vector", mesh.vertices.astype(np.float32).ravel())
    layer = data.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", mesh.uv[corners].astype(np.float32).ravel())
    return data


def _assign_weights(thing: Any, mesh: AssetMesh, bones: tuple[str, ...]) -> None:
    for bone in np.unique(mesh.weight_bones[mesh.weights > 0.0]).tolist():
        group = thing.vertex_groups.new(name=bones[bone])
        shares = np.where(mesh.weight_bones == bone, mesh.weights, 0.0).sum(axis=1)
        order = np.argsort(shares, kind="stable")
        # Blender takes one weight for many vertices at a time.
        levels, starts = np.unique(shares[order], return_index=True)
        for level, members in zip(levels.tolist(), np.split(order, starts[1:]), strict=True):
            if level > 0.0:
                group.add(members.tolist(), level, "REPLACE")


def _add_shapes(thing: Any, mesh: AssetMesh) -> None:
    if not mesh.shapes:
        return
    thing.shape_key_add(name="Basis", from_mix=False)
    for name, (vertices, offsets) in mesh.shapes.items():
        key = thing.shape_key_add(name=name, from_mix=False)
        key.slider_min, key.slider_max = 0.0, 1.0
        # Blender 5 makes them at 1.
        key.value = 0.0
        moved = mesh.vertices.copy()
        moved[vertices] += offsets
        key.points.foreach_set("co", moved.astype(np.float32).ravel())
    thing.data.shape_keys.name = mesh.name


def _drive_twist(armature: Any, follower: Follower) -> None:
    """Turn a bone about its length by a share of another one's turn about its own."""
    bone = armature.pose.bones[follower.bone]
    bone.rotation_mode = "YXZ"
    curve = bone.driver_add("rotation_euler", 1)
    _swing_twist(curve.driver, armature, follower.leader, {"turn": "ROT_Y"})
    curve.driver.expression = f"{follower.share:g} * turn"


def _drive_shape(thing: Any, armature: Any, corrective: Corrective) -> None:
    """Let a shape grow as its bone comes near a direction."""
    curve = thing.data.shape_keys.key_blocks[corrective.shape].driver_add("value")
    channels = {"swing": "ROT_W", "x": "ROT_X", "z": "ROT_Z"}
    _swing_twist(curve.driver, armature, corrective.bone, channels)
    # The bone's direction after the swing (w, x, 0, z) of its y axis; the channels are angles,
    # twice the arc cosine of w and twice the arc sines of x and z.
    rest = armature.data.bones[corrective.bone].matrix_local.to_3x3()
    a, b, c = rest.inverted() @ Vector(corrective.toward)
    near = (
        f"{b:.5f} * cos(swing)"
        f" - {2 * a:.5f} * cos(swing / 2) * sin(z / 2)"
        f" + {2 * c:.5f} * cos(swing / 2) * sin(x / 2)"
    )
    start = corrective.start
    curve.driver.expression = f"clamp(({near} - {start:.5f}) / {1 - start:.5f})"


def _swing_twist(driver: Any, armature: Any, bone: str, channels: dict[str, str]) -> None:
    """Variables of a bone's own rotation, split into a turn about its length and the rest.

    Blender works expressions as simple as ours out without Python, so they run in any file.
    """
    driver.type = "SCRIPTED"
    for name, channel in channels.items():
        variable = driver.variables.new()
        variable.name = name
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = armature
        target.bone_target = bone
        target.transform_type = channel
        target.transform_space = "LOCAL_SPACE"
        target.rotation_mode = "SWING_TWIST_Y"
