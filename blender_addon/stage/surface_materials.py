"""Materials of the built-in conductors: skin, eyes, hair, cloth and so on.

Workbench draws their pictures and plain colours; Cycles and EEVEE see the rest too.
"""

from dataclasses import dataclass
from typing import Any, Final

import bpy

from retarget.conductor_asset import Surface

from .materials import create_material

REST: Final = "rest"
"""Attribute with each vertex's place at rest, metres: grain that stays on what it lies on."""


@dataclass(frozen=True)
class _Look:
    """Inputs of the Principled shader, and the grain that a surface has.

    Parameters
    ----------
    inputs : dict
        Values by the names of the shader's inputs.
    grain_m : float
        Size of its grain in metres; 0 without one.
    relief_m : float
        How high the grain stands, metres.
    """

    inputs: dict[str, float | tuple[float, ...]]
    grain_m: float = 0.0
    relief_m: float = 0.0


# Subsurface radii after Jensen et al. (2001), skin: red light goes some millimetres, blue hardly.
_LOOKS: Final = {
    "skin": _Look(
        {
            "Specular IOR Level": 0.4,
            "Subsurface Weight": 0.28,
            "Subsurface Radius": (1.0, 0.36, 0.20),
            "Subsurface Scale": 0.006,
            "Sheen Weight": 0.04,
        },
        grain_m=0.0011,
        relief_m=0.00006,
    ),
    "eye": _Look(
        {"Specular IOR Level": 0.5, "Coat Weight": 1.0, "Coat Roughness": 0.02, "Coat IOR": 1.376}
    ),
    "hair": _Look(
        {"Specular IOR Level": 0.3, "Anisotropic": 0.6, "Sheen Weight": 0.06},
        grain_m=0.0016,
        relief_m=0.0002,
    ),
    "cloth": _Look(
        {"Specular IOR Level": 0.2, "Sheen Weight": 0.14, "Sheen Roughness": 0.45},
        grain_m=0.0016,
        relief_m=0.0002,
    ),
    "satin": _Look(
        {"Specular IOR Level": 0.5, "Anisotropic": 0.5, "Sheen Weight": 0.05},
        grain_m=0.0008,
        relief_m=0.00003,
    ),
    "leather": _Look(
        {"Specular IOR Level": 0.5, "Coat Weight": 0.35, "Coat Roughness": 0.12},
        grain_m=0.0025,
        relief_m=0.0001,
    ),
    "metal": _Look({"Metallic": 1.0, "Specular IOR Level": 0.5}),
    "wood": _Look({"Specular IOR Level": 0.35}, grain_m=0.002, relief_m=0.00005),
    "lacquer": _Look({"Specular IOR Level": 0.5, "Coat Weight": 0.5, "Emission Strength": 0.1}),
}
# What is to be seen from afar, however thin, is brighter in Workbench than what it is.
_BRIGHTER: Final = {"lacquer": 1.5}


def load_picture(name: str, content: bytes) -> Any:
    """A picture that is stored in the file."""
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=content, data_len=len(content))
    image.source = "FILE"
    return image


def create_surface_material(surface: Surface, picture: Any = None) -> Any:
    """A new material.

    Parameters
    ----------
    surface : Surface
        How it looks; a kind that is not known is taken for cloth.
    picture : bpy.types.Image, optional
        What colours it, by the mesh's texture coordinates.
    """
    look = _LOOKS.get(surface.kind, _LOOKS["cloth"])
    material = create_material(surface.name, surface.colour, roughness=surface.roughness)
    # Workbench's own highlight, from above: black cloth keeps its form by it.
    level = look.inputs["Specular IOR Level"]
    material.specular_intensity = level if isinstance(level, float) else 0.0
    bright = _BRIGHTER.get(surface.kind, 1.0)
    material.diffuse_color = (*(bright * c for c in material.diffuse_color[:3]), 1.0)
    tree = material.node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    for name, value in look.inputs.items():
        shader.inputs[name].default_value = value
    shader.inputs["Emission Color"].default_value = shader.inputs["Base Color"].default_value
    if look.grain_m > 0.0:
        tree.links.new(_grain(tree, look), shader.inputs["Normal"])
    if picture is not None:
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = picture
        node.location = (-320.0, 280.0)
        tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
        # Workbench draws the active picture.
        tree.nodes.active = node
    return material


def _grain(tree: Any, look: _Look) -> Any:
    """Normals of fine noise, an output."""
    place = tree.nodes.new("ShaderNodeAttribute")
    place.attribute_name = REST
    place.location = (-760.0, -260.0)
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 1.0 / look.grain_m
    noise.inputs["Detail"].default_value = 2.0
    noise.location = (-560.0, -260.0)
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Distance"].default_value = look.relief_m
    bump.location = (-320.0, -260.0)
    tree.links.new(place.outputs["Vector"], noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    return bump.outputs["Normal"]
