"""Materials of the built-in conductors: skin, eyes, hair, cloth and so on."""

from typing import Any

import bpy

from retarget.conductor_asset import Surface

from .materials import create_material


def load_picture(name: str, content: bytes) -> Any:
    """A picture that is stored in the file."""
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=content, data_len=len(content))
    image.source = "FILE"
    return image


def create_surface_material(surface: Surface, picture: Any) -> Any:
    """A new material for Workbench, Cycles and EEVEE.

    Parameters
    ----------
    surface : Surface
        How it looks.
    picture : bpy.types.Image or None
        What colours it, by the mesh's texture coordinates.
    """
    material = create_material(surface.name, surface.colour, roughness=surface.roughness)
    if picture is not None:
        tree = material.node_tree
        shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = picture
        node.location = (-320.0, 280.0)
        tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
        # Workbench draws the active picture.
        tree.nodes.active = node
    return material
