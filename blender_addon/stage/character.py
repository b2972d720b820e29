"""The person of a photo as a conductor: armature, mesh with the photo on it, baton."""

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.character import FRINGE, SOLID, Character
from retarget.rotation import Array

from .conductor import create_baton
from .materials import create_material
from .rest_pose import RestPose, rest_pose
from .rigging import ARMATURE_NAME, BoneTable, create_armature

MESH_NAME: Final = "Person"
FRINGE_NAME: Final = "Fringe"

_ROUGHNESS: Final = 0.6
_SPECULAR: Final = 0.1
# The photo holds the light it was taken in. So much of it the lamps light again, and so much glows
# whatever they do: as bright on the stage as the photo, and still lit by the stage.
_LIT: Final = 0.45
_GLOW: Final = 0.2
# Blender takes a bone without length away.
_SHORTEST_BONE_M: Final = 1e-3


def create_character(scene: Any, character: Character) -> Any:
    """Build the person of a photo in a new collection of the scene.

    The rest pose is the T-pose, so that the rig is one like others; bones turned by the
    character's `turns` bring the photo back. The photo is packed into the file.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. Nothing else in the scene or the file is touched.
    character : Character
        Who it is.

    Returns
    -------
    bpy.types.Object
        The armature; the meshes are its children.
    """
    pose = rest_pose(character)
    collection = bpy.data.collections.new(ARMATURE_NAME)
    scene.collection.children.link(collection)
    armature = create_armature(scene, collection, _bones(character, pose))
    for name, chosen in (
        (MESH_NAME, character.kinds == SOLID),
        (FRINGE_NAME, character.kinds == FRINGE),
    ):
        if chosen.any():
            _create_skin(name, character, pose, chosen, armature, collection)
    if "baton" in character.bones:
        bone = character.bone("baton")
        create_baton(armature, collection, pose.heads[bone], pose.tails[bone])
    return armature


def _bones(character: Character, pose: RestPose) -> BoneTable:
    table: BoneTable = {}
    for i, (name, parent) in enumerate(zip(character.bones, character.parents, strict=True)):
        way = pose.tails[i] - pose.heads[i]
        if np.linalg.norm(way) < _SHORTEST_BONE_M:
            way = np.array([0.0, 0.0, _SHORTEST_BONE_M])
        above = None if parent < 0 else character.bones[parent]
        table[name] = (above, pose.heads[i], pose.heads[i] + way)
    return table


def _create_skin(
    name: str,
    character: Character,
    pose: RestPose,
    chosen: NDArray[np.bool_],
    armature: Any,
    collection: Any,
) -> None:
    """One object of the chosen faces."""
    own, faces = np.unique(character.faces[chosen], return_inverse=True)
    count = int(chosen.sum())
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(own))
    mesh.vertices.foreach_set("co", pose.vertices[own].astype(np.float32).ravel())
    mesh.loops.add(3 * count)
    mesh.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(count, dtype=bool))
    mesh.update(calc_edges=True)
    mesh.normals_split_custom_set_from_vertices(pose.normals[own])
    uv, texture = _cropped(character.uv[chosen], character.texture)
    mesh.uv_layers.new(name="Photo").data.foreach_set("uv", uv.astype(np.float32).ravel())
    make = _fringe_material if name == FRINGE_NAME else _skin_material
    mesh.materials.append(make(name, texture))
    thing = bpy.data.objects.new(name, mesh)
    collection.objects.link(thing)
    thing.parent = armature
    _assign_weights(thing, character, own)
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    # Linear blending, as the likeness is drawn and as the mesh was brought into the T-pose.
    modifier.use_deform_preserve_volume = False


def _assign_weights(thing: Any, character: Character, own: NDArray) -> None:
    bones, shares = character.weight_bones[own], character.weights[own]
    for bone in np.unique(bones[shares > 0.0]):
        group = thing.vertex_groups.new(name=character.bones[bone])
        total = np.where(bones == bone, shares, 0.0).sum(axis=1)
        for vertex in np.flatnonzero(total).tolist():
            group.add([vertex], float(total[vertex]), "REPLACE")


def _cropped(uv: NDArray, texture: NDArray[np.uint8]) -> tuple[Array, NDArray[np.uint8]]:
    """The part of the texture that the corners need, and the corners in it."""
    size = np.array(texture.shape[1::-1])
    # Texture rows count from the top, v from the bottom.
    at = np.stack([uv[..., 0], 1.0 - uv[..., 1]], axis=-1) * size
    low = np.clip(np.floor(at.min(axis=(0, 1))).astype(int) - 2, 0, size - 1)
    high = np.clip(np.ceil(at.max(axis=(0, 1))).astype(int) + 2, low + 1, size)
    within = (at - low) / (high - low)
    corners = np.stack([within[..., 0], 1.0 - within[..., 1]], axis=-1)
    return corners, texture[low[1] : high[1], low[0] : high[0]]


def _skin_material(name: str, texture: NDArray[np.uint8]) -> Any:
    opaque = np.concatenate([texture[..., :3], np.full_like(texture[..., :1], 255)], axis=-1)
    material, _, photo = _photo_material(name, _image(name, opaque))
    material.node_tree.nodes.active = photo
    return material


def _fringe_material(name: str, texture: NDArray[np.uint8]) -> Any:
    material, shader, photo = _photo_material(name, _image(name, texture))
    tree = material.node_tree
    tree.links.new(photo.outputs["Alpha"], shader.inputs["Alpha"])
    # Workbench draws the active picture, and every texel of more than a tenth opacity solid: it
    # gets one that is cut where hair and background are even.
    cut = texture.copy()
    cut[..., 3] = np.where(texture[..., 3] >= 128, 255, 0)
    active = tree.nodes.new("ShaderNodeTexImage")
    active.name = active.label = "Workbench"
    active.image = _image(f"{name} cut", cut)
    active.location = (-320.0, -80.0)
    tree.nodes.active = active
    return material


def _photo_material(name: str, image: Any) -> tuple[Any, Any, Any]:
    """A material of the photo, its shader and its picture."""
    material = create_material(name, (0.5, 0.5, 0.5), roughness=_ROUGHNESS, specular=_SPECULAR)
    tree = material.node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    photo = tree.nodes.new("ShaderNodeTexImage")
    photo.image = image
    photo.extension = "EXTEND"
    photo.location = (-320.0, 280.0)
    lit = tree.nodes.new("ShaderNodeVectorMath")
    lit.operation = "SCALE"
    lit.inputs["Scale"].default_value = _LIT
    lit.location = (-160.0, 180.0)
    tree.links.new(photo.outputs["Color"], lit.inputs[0])
    tree.links.new(lit.outputs[0], shader.inputs["Base Color"])
    tree.links.new(photo.outputs["Color"], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = _GLOW
    return material, shader, photo


def _image(name: str, pixels: NDArray[np.uint8]) -> Any:
    """A picture (H, W, 4), straight alpha, that is stored in the file."""
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True)
    image.pixels.foreach_set((pixels[::-1].astype(np.float32) / 255.0).ravel())
    image.update()
    image.pack()
    return image
