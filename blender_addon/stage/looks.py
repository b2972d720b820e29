"""How a scene is rendered: engine, samples, shading, colour management."""

import ctypes.util
import sys
from typing import Any, Final

import bpy

from retarget.errors import ConductorError

from ..engines import ENGINES, Engine

# Half the cost of five samples, and at these sizes hardly to be told from them.
_WORKBENCH_AA: Final = "FXAA"
# As few as leave nothing of the grain on cloth and hair to the denoiser's guess.
_CYCLES_SAMPLES: Final = 16
# Light that a lamp's glare throws about comes out as single bright pixels.
_BRIGHTEST_INDIRECT: Final = 2.0
_EEVEE_SAMPLES: Final = 8


def setup_render(scene: Any, *, engine: Engine, size: tuple[int, int]) -> None:
    """Choose engine, samples, shading and colour management of a scene for still PNG frames.

    Parameters
    ----------
    scene : bpy.types.Scene
        Scene to set up.
    engine : {"workbench", "cycles", "eevee"}
        Workbench is fast and draws material colours; Cycles and EEVEE use the stage's lights.
    size : (int, int)
        Pixels, width and height, 16 to 8192 each.

    Raises
    ------
    ConductorError
        If the engine is unknown, the size is out of range, or the system lacks the OpenGL library
        that Workbench and EEVEE need.
    """
    if engine not in ENGINES:
        raise ConductorError(f"There is no render engine '{engine}'; choose {', '.join(ENGINES)}.")
    if not all(16 <= n <= 8192 for n in size):
        raise ConductorError(
            f"The picture size {size[0]}×{size[1]} is out of range; choose 16 to 8192 pixels."
        )
    require_engine(engine)
    render = scene.render
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.film_transparent = False
    render.use_compositing = False
    render.use_sequencer = False
    render.use_stamp = False
    _SETUPS[engine](scene)


def require_engine(engine: Engine) -> None:
    """Make sure that the engine can start here.

    Raises
    ------
    ConductorError
        If libEGL is missing on Linux, where Blender would abort without a Python error.
    """
    needs_gl = engine != "cycles" and bpy.app.background and sys.platform.startswith("linux")
    if needs_gl and ctypes.util.find_library("EGL") is None:
        raise ConductorError(
            f"Rendering with {engine.capitalize()} needs the OpenGL library libEGL; install the "
            "Debian package libegl1, or choose the engine cycles."
        )


def _workbench(scene: Any) -> None:
    scene.render.engine = "BLENDER_WORKBENCH"
    display, shading = scene.display, scene.display.shading
    display.render_aa = _WORKBENCH_AA
    shading.light = "STUDIO"
    # A strong key from above and a soft fill: faces read, black cloth keeps its form.
    shading.studio_light = "paint.sl"
    shading.use_world_space_lighting = False
    # Pictures where a material has one (floor and backdrop), plain material colours elsewhere.
    shading.color_type = "TEXTURE"
    shading.show_specular_highlight = True
    # With one sample a pixel cavity shading is grain on white cloth.
    shading.show_cavity = False
    shading.show_object_outline = False
    shading.show_backface_culling = False
    shading.show_xray = False
    # Shadow volumes of skinned meshes are rebuilt on the CPU: three times the cost of the rest.
    shading.show_shadows = False
    # Workbench colours are what was picked; a film curve would only grey them.
    _colour_management(scene, "Standard", "None")


def _cycles(scene: Any) -> None:
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = _CYCLES_SAMPLES
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.03
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_quality = "HIGH"
    cycles.denoising_prefilter = "ACCURATE"
    cycles.max_bounces = 4
    cycles.diffuse_bounces = 2
    cycles.glossy_bounces = 2
    cycles.sample_clamp_indirect = _BRIGHTEST_INDIRECT
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.seed = 0
    # Skinned meshes change each frame, but textures, materials and the set do not.
    scene.render.use_persistent_data = True
    _film(scene)


def _eevee(scene: Any) -> None:
    scene.render.engine = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
    scene.eevee.taa_render_samples = _EEVEE_SAMPLES
    scene.eevee.use_shadows = True
    _film(scene)


def _film(scene: Any) -> None:
    # White linen next to black wool under three lights: AgX keeps detail in both.
    _colour_management(scene, "AgX", "AgX - Medium High Contrast")


def _colour_management(scene: Any, view: str, look: str) -> None:
    scene.display_settings.display_device = "sRGB"
    settings = scene.view_settings
    settings.view_transform = view
    settings.look = look
    settings.exposure = 0.0
    settings.gamma = 1.0
    settings.use_curve_mapping = False


_SETUPS: Final = {"workbench": _workbench, "cycles": _cycles, "eevee": _eevee}
