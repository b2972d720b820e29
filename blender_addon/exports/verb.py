"""The headless verb that exports."""

import argparse
import json
import os
import shutil
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from retarget.errors import Cancelled
from retarget.progress import Progress

from ..blend_file import open_scene
from ..verbs import EXIT_CANCELLED


def export(options: argparse.Namespace, progress: Progress) -> str:
    """The conducted animation, baked, to BVH, FBX, glTF or USD; files and notes, as JSON.

    The files are relative to the folder of `--out`; the first is the one that was asked for.
    """
    import bpy

    from ..backend_python import detect
    from ..chosen_armature import find_armature
    from .export import export_scene
    from .formats import export_path
    from .place import place_together

    out = export_path(options.out, options.format)
    scene = open_scene(options.scene)
    # What an earlier one that was killed has left behind.
    for rest in out.parent.glob(f".{escape(out.name)}.*.part"):
        shutil.rmtree(rest, ignore_errors=True)
    with TemporaryDirectory(prefix=f".{out.name}.", suffix=".part", dir=out.parent) as folder:

        def report(fraction: float, phase: str, /) -> None:
            try:
                progress(fraction, phase)
            except Cancelled:
                # Blender does not hear what is raised while an exporter of its own runs.
                shutil.rmtree(folder, ignore_errors=True)
                shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
                os._exit(EXIT_CANCELLED)

        made = export_scene(
            scene,
            find_armature(scene, options.armature),
            Path(folder) / out.name,
            fps=options.fps,
            meshes=options.mesh,
            sound=options.sound,
            python=options.python or detect(),
            progress=report,
        )
        place_together(Path(folder), made.files, out.parent)
    return json.dumps({"files": [str(file) for file in made.files], "notes": made.notes})
