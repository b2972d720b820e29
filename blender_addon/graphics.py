"""Who draws: a graphics card, or the processor in its place, and what that means for EEVEE."""

from typing import Final

import bpy
import gpu

from .engines import QUALITY_WORDS, Engine, quality_of
from .pace import about

# What OpenGL and Vulkan call renderers without a graphics card (Mesa, Google, Microsoft, Apple).
_SOFTWARE: Final = (
    *("llvmpipe", "softpipe", "swrast", "lavapipe", "software rasterizer", "swiftshader"),
    *("microsoft basic render", "apple software renderer"),
)
# Two cores without a card: 17 frames of 160 x 90 took 3.5 minutes; larger ones take longer.
_SOFTWARE_FRAME_S: Final = 12.0


def software_renderer() -> str | None:
    """Name of the renderer if it is no graphics card."""
    name = _renderer()
    return name if any(word in name.lower() for word in _SOFTWARE) else None


def slowness(engine: Engine, frames: int) -> str | None:
    """One sentence on a render that takes far longer than it need, or None.

    Parameters
    ----------
    engine : {"workbench", "eevee", "cycles"}
        Who is to render.
    frames : int
        How many frames.
    """
    name = software_renderer() if engine == "eevee" else None
    if name is None:
        return None
    label = QUALITY_WORDS[quality_of(engine)][0]
    return (
        f"No graphics card draws here but {name.split(' (')[0]}, so {label} (EEVEE) takes "
        f"{about(frames * _SOFTWARE_FRAME_S)} or more for {frames} frames; Draft "
        "(--quality draft) takes about a hundredth of that."
    )


def _renderer() -> str:
    try:
        return str(gpu.platform.renderer_get())
    except SystemError:
        # Without a window Blender starts drawing with the first render alone.
        _render_a_little()
        return str(gpu.platform.renderer_get())


def _render_a_little() -> None:
    from .stage.looks import setup_render

    scene = bpy.data.scenes.new("Virtual Conductor graphics")
    camera = bpy.data.cameras.new(scene.name)
    try:
        scene.camera = bpy.data.objects.new(scene.name, camera)
        scene.collection.objects.link(scene.camera)
        setup_render(scene, engine="workbench", size=(16, 16))
        bpy.ops.render.render(scene=scene.name)
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.cameras.remove(camera)
