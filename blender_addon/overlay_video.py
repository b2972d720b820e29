"""A scene's video with something drawn over it, by Virtual Conductor's own Python."""

import json
from pathlib import Path
from typing import Any, Final

from retarget.errors import ConductorError
from retarget.progress import Progress, part

from .chosen_armature import find_armature
from .guide_export import export_guide
from .overlays import OverlayName, overlay_text
from .process import run_module
from .scene import describe
from .video import render_video

_READ, _RENDERED = 0.04, 0.88
# So fine that coding the video once more is not seen (constant rate factor 17).
_INTERMEDIATE: Final = "PERC_LOSSLESS"


def render_overlaid(
    scene: Any,
    path: Path,
    overlays: tuple[OverlayName, ...],
    *,
    python: Path | None,
    scratch: Path,
    progress: Progress,
) -> None:
    """Render the scene as `render_video` does, and have overlays drawn over it.

    Parameters
    ----------
    scene : bpy.types.Scene
        What to render.
    path : path
        The .mp4 to write, whole or not at all.
    overlays : tuple of str
        What to draw.
    python : path, optional
        The Python of Virtual Conductor.
    scratch : path
        An empty folder for what comes between.
    progress : Progress
        As in `render_video`.

    Raises
    ------
    ConductorError
        If there is no such Python, no conductor or no camera, or as `render_video` does.
    """
    if python is None or not python.is_file():
        raise ConductorError(
            "Overlays are drawn by Virtual Conductor itself, which was not found on this computer; "
            "install it, or give the path of its Python."
        )
    plain, guide, info = (scratch / name for name in ("plain.mp4", "guide.npz", "info.json"))
    armature = find_armature(scene)
    export_guide(scene, armature, progress=part(progress, 0.0, _READ)).save(guide)
    info.write_text(json.dumps(describe(scene)), encoding="utf-8")
    render_video(scene, plain, part(progress, _READ, _RENDERED), rate_factor=_INTERMEDIATE)
    options = ["--overlay", overlay_text(overlays), "--guide", str(guide), "--info", str(info)]
    drawing = part(progress, _RENDERED, 1.0)
    run_module(
        python, "backend.overlay.finished", [str(plain), str(path.absolute()), *options], drawing
    )
