"""The files that the panel's settings name."""

from pathlib import Path
from typing import Any

import bpy

from retarget.errors import ConductorError

from ..task import FixableError


def chosen_file(setting: str, what: str) -> Path:
    """The file of a path setting.

    Raises
    ------
    ConductorError
        If it is not there, or is a folder.
    """
    path = Path(bpy.path.abspath(setting))
    if path.is_dir():
        raise ConductorError(f"{path} is a folder; choose the {what} in it.")
    if not path.is_file():
        raise ConductorError(f"The {what} {path.name} does not exist; choose another file.")
    return path


def video_path(settings: Any, kind: str) -> Path:
    """Where a video goes: the chosen folder, named after the .blend file.

    Raises
    ------
    ConductorError
        If the folder cannot be told or is not there.
    """
    blend = bpy.data.filepath
    if settings.folder.startswith("//") and not blend:
        raise FixableError(
            "The video goes beside the .blend file, which has not been saved yet; save it, or "
            "choose another folder under Save To.",
            "wm.save_mainfile",
            "Save the File",
        )
    folder = Path(bpy.path.abspath(settings.folder))
    if not folder.is_dir():
        raise ConductorError(f"The folder {folder} does not exist; choose another under Save To.")
    return folder / (f"{Path(blend).stem}_{kind}.mp4" if blend else f"{kind}.mp4")
