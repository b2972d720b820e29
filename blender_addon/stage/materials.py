"""Named materials with a viewport colour and a Principled shader."""

from typing import Any

import bpy

Colour = tuple[float, float, float]
"""sRGB, 0 to 1, as one would pick it."""


def linear(colour: Colour) -> tuple[float, float, float, float]:
    """sRGB to the linear RGBA that Blender stores."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return (channels[0], channels[1], channels[2], 1.0)


def create_material(
    name: str,
    colour: Colour,
    *,
    roughness: float = 0.6,
    specular: float = 0.3,
    sheen: float = 0.0,
    subsurface: float = 0.0,
) -> Any:
    """A new material.

    Parameters
    ----------
    name : str
        Name; Blender numbers it if taken.
    colour : (r, g, b)
        sRGB base colour, for the viewport and the shader alike.
    roughness, specular, sheen, subsurface : float
        Principled BSDF inputs, [0, 1].
    """
    material = bpy.data.materials.new(name)
    rgba = linear(colour)
    material.diffuse_color = rgba
    material.roughness = roughness
    material.metallic = 0.0
    material.specular_intensity = specular
    material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = rgba
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Specular IOR Level"].default_value = specular
    shader.inputs["Sheen Weight"].default_value = sheen
    if subsurface > 0.0:
        shader.inputs["Subsurface Weight"].default_value = subsurface
        shader.inputs["Subsurface Radius"].default_value = (0.010, 0.0035, 0.002)
        shader.inputs["Subsurface Scale"].default_value = 0.4
    return material
