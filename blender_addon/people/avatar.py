"""A person, all built by code: body and clothes."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import bpy

from retarget.rotation import Array

from ..garments import accessories, hands, tailoring
from ..garments.bones import bone_table
from ..garments.figure import Weights, head_weights, leg_weights, rigid, trunk_weights
from ..garments.surface import join
from ..stage.materials import create_material
from ..stage.rigging import ARMATURE_NAME, create_armature
from . import hair, head
from .mesh import Part, create_mesh
from .wardrobe import Look, shade


def create_avatar(scene: Any, look: Look) -> Any:
    """Build a person in a new collection of the scene.

    Its bones are those of `bones.bone_table`, its rest pose is the skeleton's T-pose.

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
        create_mesh(part, armature, collection)
    return armature


def _parts(look: Look) -> Iterator[Part]:
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
    yield Part("Head", head.head_surface(), (skin, lips, mouth, nostril, lash), head_weights)
    yield Part("Eyes", head.eye_surface(), (white, iris, pupil), on_head)
    yield Part("Brows", head.brow_surface(), (brow,), on_head)
    yield Part("Hair", hair.hair_surface(look.hair), (hair_material,), on_head)
    for side, surface, nails in zip(
        "LR", hands.hand_surfaces(), hands.nail_surfaces(), strict=True
    ):
        weights = partial(hands.hand_weights, side=side)
        yield Part(f"Hand.{side}", surface, (skin,), weights)
        yield Part(f"Nails.{side}", nails, (nail,), weights)
    yield from _clothes(look)


def _clothes(look: Look) -> Iterator[Part]:
    linen = create_material("Shirt", (0.93, 0.93, 0.92), roughness=0.75, sheen=0.1)
    cloth = create_material("Trousers", look.trousers, roughness=0.85, specular=0.15, sheen=0.15)
    leather = create_material("Shoe", look.shoes, roughness=0.25, specular=0.5)
    sole = create_material("Sole", (0.04, 0.035, 0.03), roughness=0.7)
    evening = look.dress == "tailcoat"
    yield Part("Shirt", tailoring.shirt(evening), (linen,), trunk_weights)
    yield Part("Trousers", tailoring.trousers(), (cloth,), leg_weights)
    yield Part("Shoes", accessories.shoes(), (leather, sole), _shoe_weights)
    if evening:
        wool = create_material("Coat", look.outer, roughness=0.8, specular=0.2, sheen=0.2)
        satin = create_material("Lapel", shade(look.outer, 1.55), roughness=0.30, specular=0.45)
        button = create_material("Button", shade(look.outer, 0.7), roughness=0.25)
        pique = create_material("Waistcoat", (0.95, 0.94, 0.92), roughness=0.7, sheen=0.1)
        yield Part("Coat", tailoring.tailcoat(), (wool, satin, button), trunk_weights)
        yield Part("Waistcoat", tailoring.waistcoat(), (pique,), trunk_weights)
        neckwear = join(tailoring.wing_collar(), tailoring.bow_tie())
        yield Part("Bow tie", neckwear, (pique,), trunk_weights)
    else:
        wool = create_material("Pullover", look.outer, roughness=0.95, specular=0.1, sheen=0.3)
        yield Part("Pullover", tailoring.pullover(), (wool,), trunk_weights)
        yield Part("Collar", tailoring.fold_collar(), (linen,), trunk_weights)


def _shoe_weights(p: Array) -> Weights:
    left = p[:, 0] > 0.0
    return {"foot.L": left.astype(float), "foot.R": (~left).astype(float)}
