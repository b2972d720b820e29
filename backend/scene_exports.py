"""The animation of a scene file as it is now, edits and all, for other programs."""

import json
import sys
from pathlib import Path

from backend.blender_sessions import Blender
from backend.folders import check_outputs, scratch_folder
from blender_addon.exports.formats import ExportFormat, export_path
from blender_addon.exports.place import place_together
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

_FPS = (1.0, 240.0)


def export_of_scene(
    blend: Path,
    out: Path,
    *,
    format_name: ExportFormat | None = None,
    fps: float | None = None,
    armature: str | None = None,
    mesh: bool = True,
    sound: bool = True,
    progress: Progress = no_progress,
) -> tuple[list[Path], list[str]]:
    """Bake the conductor of a scene to a BVH, FBX, glTF or USD file, with its music beside it.

    Parameters
    ----------
    blend : Path
        The scene.
    out : Path
        The file to write; its ending tells the format, or gets that of the format.
    format_name : {"bvh", "fbx", "gltf", "usd"}, optional
        Where the ending does not tell it.
    fps : float, optional
        Poses a second, 1 to 240; the scene's if not given.
    armature : str, optional
        Which of several conducts.
    mesh : bool
        Whether the conductor's meshes are exported too.
    sound : bool
        Whether the music is written beside it.

    Returns
    -------
    files : list of Path
        The file, and those beside it.
    warnings : list of str

    Raises
    ------
    ConductorError
        If the scene is missing or cannot be exported, or a file cannot be written.
    Cancelled
        If the progress callback asked to stop; nothing is left then.
    """
    out = export_path(out, format_name)
    if fps is not None and not _FPS[0] <= fps <= _FPS[1]:
        raise ConductorError(f"{fps:g} frames a second are not possible; give 1 to 240.")
    if not blend.is_file():
        raise ConductorError(f"The scene {blend} does not exist; check the path.")
    check_outputs(out)
    with Blender(renderers=1) as blender, scratch_folder() as scratch:
        # Whatever happens to the child, what it leaves is gone with the scratch folder.
        options = ["--scene", str(blend), "--out", str(scratch / out.name)]
        options += ["--python", sys.executable]
        if fps is not None:
            options += ["--fps", repr(fps)]
        if armature is not None:
            options += ["--armature", armature]
        options += [] if mesh else ["--no-mesh"]
        options += [] if sound else ["--no-sound"]
        results, warnings = blender.do(
            "export", *options, name="exporting the animation", progress=part(progress, 0.0, 0.98)
        )
        told = json.loads(results[0])
        placed = place_together(scratch, [Path(file) for file in told["files"]], out.parent)
    progress(1.0, "done")
    return placed, [*warnings, *told["notes"]]
