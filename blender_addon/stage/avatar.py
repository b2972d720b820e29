"""The conductor: armature, meshes, skin weights, all built by code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import bpy
import numpy as np

from retarget import skeleton
from retarget.rotation import Array

from . import accessories, hair, hands, head, tailoring
from .figure import Weights, head_weights, leg_weights, rigid, trunk_weights
from .materials import create_material
from .surface import Surface, join
from .wardrobe import CONDUCTOR, Look, shade

ARMATURE_NAME: Final = "Conductor"
_FINGER_JOINTS: Final = ("thumb", "index", "fingers")


@dataclass(frozen=True)
class _Part:
    name: str
    surface: Surface
    materials: tuple[Any, ...]
    weights: Callable[[Array], Weights]


def create_avatar(scene: Any, look: Look = CONDUCTOR) -> Any:
    """Build a conductor in a new collection of the scene.

    Bones carry the names of `retarget.skeleton`; the fingers are chains (`index.01.L` …
    `index.03.L`, likewise middle, ring and pinky; `thumb.01.L`, `thumb.02.L`), the baton is one
    bone with its tail at the tip. The rest pose is the skeleton's T-pose.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. Nothing else in the scene or the file is touched.
    look : Look
        Clothes, hair, colours.

    Returns
    -------
    bpy.types.Object
        The armature; the meshes are its children.
    """
    collection = bpy.data.collections.new(ARMATURE_NAME)
    scene.collection.children.link(collection)
    armature = create_armature(scene, collection, bone_table())
    for part in _parts(look):
        _create_mesh(part, armature, collection)
    return armature


def bone_table(baton: bool = True) -> dict[str, tuple[str | None, Array, Array]]:
    """Bone name to (parent, head, tail) in the rest pose, metres; parents come first."""
    table: dict[str, tuple[str | None, Array, Array]] = {}
    for name, parent, at, end in zip(
        skeleton.NAMES, skeleton.PARENTS, skeleton.REST, skeleton.TAILS, strict=True
    ):
        if name.split(".")[0] in _FINGER_JOINTS or name == "baton_tip":
            continue
        if name == "baton":
            if not baton:
                continue
            end = skeleton.TAILS[skeleton.INDEX["baton_tip"]]
        table[name] = (None if parent < 0 else skeleton.NAMES[parent], at, end)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        for finger, (joints, _) in hands.FINGERS.items():
            parent_name = f"hand.{side}"
            for i in range(len(joints) - 1):
                name = f"{finger}.{i + 1:02d}.{side}"
                start, stop = np.asarray(joints[i]), np.asarray(joints[i + 1])
                mirror = np.array([sign, 1.0, 1.0])
                table[name] = (parent_name, start * mirror, stop * mirror)
                parent_name = name
    return table


def create_armature(
    scene: Any, collection: Any, bones: dict[str, tuple[str | None, Array, Array]]
) -> Any:
    """An armature of bones given as in `bone_table`, posed in quaternions."""
    data = bpy.data.armatures.new(ARMATURE_NAME)
    armature = bpy.data.objects.new(ARMATURE_NAME, data)
    collection.objects.link(armature)
    data.display_type = "STICK"
    armature.show_in_front = True
    with _edit_mode(scene, armature):
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
def _edit_mode(scene: Any, armature: Any) -> Iterator[None]:
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


def _create_mesh(part: _Part, armature: Any, collection: Any) -> Any:
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


def _parts(look: Look) -> Iterator[_Part]:
    skin = create_material("Skin", look.skin, roughness=0.5, specular=0.35, subsurface=0.12)
    lips = create_material("Lips", look.lips, roughness=0.45, specular=0.35)
    mouth = create_material("Mouth", shade(look.lips, 0.38))
    nostril = create_material("Nostril", shade(look.skin, 0.42))
    lash = create_material("Lash", shade(look.hair_colour, 0.6))
    hair_material = create_material(
        "Hair", look.hair_colour, roughness=0.45, specular=0.4, sheen=0.2
    )
    brow = create_material("Brow", look.hair_colour, roughness=0.8, specular=0.1)
    white = create_material("Eye white", (0.90, 0.89, 0.87), roughness=0.15, specular=0.6)
    iris = create_material("Iris", look.iris, roughness=0.1, specular=0.7)
    pupil = create_material("Pupil", (0.03, 0.03, 0.03), roughness=0.05, specular=0.8)
    nail = create_material("Nail", shade(look.skin, 1.04), roughness=0.3)
    on_head = partial(rigid, "head")
    yield _Part("Head", head.head_surface(), (skin, lips, mouth, nostril, lash), head_weights)
    yield _Part("Eyes", head.eye_surface(), (white, iris, pupil), on_head)
    yield _Part("Brows", head.brow_surface(), (brow,), on_head)
    yield _Part("Hair", hair.hair_surface(look.hair), (hair_material,), on_head)
    for side, surface, nails in zip(
        "LR", hands.hand_surfaces(), hands.nail_surfaces(), strict=True
    ):
        weights = partial(hands.hand_weights, side=side)
        yield _Part(f"Hand.{side}", surface, (skin,), weights)
        yield _Part(f"Nails.{side}", nails, (nail,), weights)
    yield from _clothes(look)
    if look.baton:
        shaft = create_material("Baton shaft", (0.95, 0.94, 0.90), roughness=0.35)
        cork = create_material("Baton handle", (0.62, 0.42, 0.24), roughness=0.8)
        yield _Part("Baton", accessories.baton(), (shaft, cork), partial(rigid, "baton"))


def _clothes(look: Look) -> Iterator[_Part]:
    linen = create_material("Shirt", (0.93, 0.93, 0.92), roughness=0.75, sheen=0.1)
    cloth = create_material("Trousers", look.trousers, roughness=0.85, specular=0.15, sheen=0.15)
    leather = create_material("Shoe", look.shoes, roughness=0.25, specular=0.5)
    sole = create_material("Sole", (0.04, 0.035, 0.03), roughness=0.7)
    evening = look.dress == "tailcoat"
    yield _Part("Shirt", tailoring.shirt(evening), (linen,), trunk_weights)
    yield _Part("Trousers", tailoring.trousers(), (cloth,), leg_weights)
    yield _Part("Shoes", accessories.shoes(), (leather, sole), _shoe_weights)
    if evening:
        wool = create_material("Coat", look.outer, roughness=0.8, specular=0.2, sheen=0.2)
        satin = create_material("Lapel", shade(look.outer, 1.55), roughness=0.30, specular=0.45)
        button = create_material("Button", shade(look.outer, 0.7), roughness=0.25)
        pique = create_material("Waistcoat", (0.95, 0.94, 0.92), roughness=0.7, sheen=0.1)
        yield _Part("Coat", tailoring.tailcoat(), (wool, satin, button), trunk_weights)
        yield _Part("Waistcoat", tailoring.waistcoat(), (pique,), trunk_weights)
        neckwear = join(tailoring.wing_collar(), tailoring.bow_tie())
        yield _Part("Bow tie", neckwear, (pique,), trunk_weights)
    else:
        wool = create_material("Pullover", look.outer, roughness=0.95, specular=0.1, sheen=0.3)
        yield _Part("Pullover", tailoring.pullover(), (wool,), trunk_weights)
        yield _Part("Collar", tailoring.fold_collar(), (linen,), trunk_weights)


def _shoe_weights(p: Array) -> Weights:
    left = p[:, 0] > 0.0
    return {"foot.L": left.astype(float), "foot.R": (~left).astype(float)}
