"""Pictures and palettes as materials, and shapes as objects that show them."""

from collections.abc import Sequence
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from retarget.rotation import Array

from ..materials import Colour, create_material
from .shapes import Shape

_HAZE_STEPS: Final = 16
_LIGHT_STEPS: Final = 32
# One step of eight bits either way hides the steps of slow gradients.
_GRAIN: Final = 1.0 / 255.0


class Palette:
    """Hues from shadow to light and from near to far, as one picture.

    Parameters
    ----------
    hues : sequence of (r, g, b)
        sRGB, fully lit and near.
    shadow : (r, g, b)
        What is left of a hue without light, as a factor.
    air : (r, g, b)
        sRGB of what is lost in the haze.
    """

    def __init__(self, hues: Sequence[Colour], shadow: Colour, air: Colour) -> None:
        self._count = len(hues)
        light = np.linspace(0.0, 1.0, _LIGHT_STEPS)[:, None, None, None]
        haze = np.linspace(0.0, 1.0, _HAZE_STEPS)[:, None]
        near = np.array(hues)[:, None, :] * (np.array(shadow) * (1.0 - light) + light)
        colours = near + (np.array(air) - near) * haze
        self.pixels: Array = colours.reshape(_LIGHT_STEPS, -1, 3)

    def uv(self, hue: NDArray, light: Array, haze: Array) -> Array:
        """Where the picture shows a hue in some light and haze, (..., 2)."""
        u = (hue * _HAZE_STEPS + 0.5 + haze * (_HAZE_STEPS - 1)) / (self._count * _HAZE_STEPS)
        v = (0.5 + np.clip(light, 0.0, 1.0) * (_LIGHT_STEPS - 1)) / _LIGHT_STEPS
        return np.stack([u, v], axis=-1)


def picture_material(
    name: str, pixels: Array, *, roughness: float = 0.8, glow: float = 0.0, grain: bool = False
) -> Any:
    """A material that shows an image (H, W, 3) sRGB, rows upwards, in Workbench too.

    Parameters
    ----------
    glow : float
        How strongly it shines by itself in Cycles and EEVEE: what is far off is painted with its
        light.
    grain : bool
        Whether the picture gets a grain that hides the steps of its gradients.
    """
    height, width = pixels.shape[:2]
    if grain:
        noise = np.random.default_rng(7).uniform(-_GRAIN, _GRAIN, (height, width, 1))
        pixels = pixels + noise
    image = bpy.data.images.new(name, width, height)
    rgba = np.concatenate([pixels, np.ones((height, width, 1))], axis=2)
    image.pixels.foreach_set(np.clip(rgba, 0.0, 1.0).astype(np.float32).ravel())
    image.update()
    image.pack()
    mean = pixels.mean(axis=(0, 1))
    colour = (float(mean[0]), float(mean[1]), float(mean[2]))
    material = create_material(name, colour, roughness=roughness, specular=0.15)
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    texture.location = (-320.0, 280.0)
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    if glow > 0.0:
        tree.links.new(texture.outputs["Color"], shader.inputs["Emission Color"])
        shader.inputs["Emission Strength"].default_value = glow
        # Painted light is to be seen, not to light: thousands of lamps would cost the time.
        material.cycles.emission_sampling = "NONE"
    tree.nodes.active = texture
    return material


def add_shape(parent: Any, name: str, shape: Shape, palette: Palette, material: Any) -> Any:
    """An object of a shape in a palette's colours."""
    light, haze = shape.light[shape.faces], shape.haze[shape.faces]
    hue = np.broadcast_to(shape.hue[:, None], light.shape)
    return _add(parent, name, shape, palette.uv(hue, light, haze), material)


def add_surface(parent: Any, name: str, shape: Shape, uv: ArrayLike, material: Any) -> Any:
    """An object of a shape that shows a picture, where each vertex has its place (V, 2) on it."""
    return _add(parent, name, shape, np.asarray(uv)[shape.faces], material)


def _add(parent: Any, name: str, shape: Shape, uv_of_corner: Array, material: Any) -> Any:
    mesh = bpy.data.meshes.new(name)
    count = len(shape.faces)
    mesh.vertices.add(len(shape.vertices))
    mesh.vertices.foreach_set("co", shape.vertices.astype(np.float32).ravel())
    mesh.loops.add(4 * count)
    mesh.loops.foreach_set("vertex_index", shape.faces.astype(np.int32).ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 4 * count, 4, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", shape.smooth)
    mesh.update(calc_edges=True)
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", uv_of_corner.astype(np.float32).ravel())
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    for collection in parent.users_collection:
        collection.objects.link(thing)
    thing.parent = parent
    return thing
