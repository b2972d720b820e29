"""Blender files: opened, begun, saved; how they name other files."""

import os
from pathlib import Path
from typing import Any

from retarget.atomic import atomic_path
from retarget.errors import ConductorError


def existing(path: Path, what: str) -> Path:
    """The absolute path of a file.

    Raises
    ------
    ConductorError
        If it is not there.
    """
    if not path.is_file():
        raise ConductorError(f"The {what} {path} does not exist; check the path.")
    return path.resolve()


def open_scene(path: Path, what: str = "scene") -> Any:
    """Open a .blend file and return its scene.

    Raises
    ------
    ConductorError
        If it is not there, or not for this Blender.
    """
    import bpy

    existing(path, what)
    try:
        # An avatar from elsewhere may carry scripts; whatever the user's settings, none is run.
        bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise ConductorError(
            f"{path.name} cannot be opened by Blender {bpy.app.version_string}; "
            "choose a .blend file that this version can read."
        ) from error
    return bpy.context.scene


def open_empty() -> None:
    """Start a file with an empty scene."""
    import bpy

    # Not read_factory_settings: that would disable the extension this code is part of.
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def save(path: Path) -> None:
    """Save the open file at `path`, whole or not at all; what lies beside it is found relatively.

    Raises
    ------
    ConductorError
        If it cannot be written.
    """
    import bpy

    for sound in bpy.data.sounds:
        if not sound.packed_file:
            sound.filepath = name_in(Path(bpy.path.abspath(sound.filepath)), path)
    with atomic_path(path) as temporary:
        try:
            bpy.ops.wm.save_as_mainfile(
                # "//" means the same in the temporary file: it lies in the same folder.
                filepath=str(temporary),
                copy=True,
                relative_remap=False,
                compress=True,
                check_existing=False,
            )
        except RuntimeError as error:
            # Blender does not say why; writing ourselves does.
            with temporary.open("wb") as probe:
                probe.write(bytes(1 << 20))
                probe.flush()
                os.fsync(probe.fileno())
            raise ConductorError(
                f"Blender could not save {path.name}: {' '.join(str(error).split())}"
            ) from error


def name_in(path: Path, blend: Path) -> str:
    """How a .blend file names a file: relative if it lies in or below its folder."""
    folder, target = blend.resolve().parent, path.resolve()
    if target.is_relative_to(folder):
        return "//" + target.relative_to(folder).as_posix()
    return str(target)
