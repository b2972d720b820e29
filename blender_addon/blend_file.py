"""Blender files: opened, begun, saved; how they name other files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from retarget.atomic import atomic_path
from retarget.errors import ConductorError

# Settings of the panel that name files.
_OUR_PATHS: Final = ("music", "score", "photo", "animation", "likeness")


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
    """Save the open file at `path`, whole or not at all; the files that it uses are found there.

    What a path beginning with "//" named is named from the new place; a path that was absolute
    stays so. Sounds, and the panel's music, score, photo and videos, are named relatively where
    they lie in or below the new file's folder, else absolutely.

    Raises
    ------
    ConductorError
        If it cannot be written.
    """
    import bpy

    # Blender compares folders as they are written.
    path = path.resolve()
    with _named_for(path), atomic_path(path) as temporary:
        try:
            bpy.ops.wm.save_as_mainfile(
                # "//" means the same in the temporary file: it lies in the same folder.
                filepath=str(temporary),
                copy=True,
                # A file that was never saved has no such paths, and would make all others so.
                relative_remap=bool(bpy.data.filepath),
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


@contextmanager
def _named_for(path: Path) -> Iterator[None]:
    """What Blender does not name anew, or not as we want it, as a file at `path` is to have it."""
    import bpy

    before: list[tuple[Any, str, str]] = []

    def name(owner: Any, field: str, is_moved: bool) -> None:
        named = getattr(owner, field)
        if not named or (named.startswith("//") and not bpy.data.filepath):
            return
        before.append((owner, field, named))
        absolute = Path(bpy.path.abspath(named))
        anew = name_in(absolute, path)
        if is_moved and bpy.data.filepath and anew.startswith("//"):
            # Blender itself moves what begins so.
            anew = _relative(absolute)
        setattr(owner, field, anew)

    for sound in bpy.data.sounds:
        if sound.library is None and not sound.packed_file:
            name(sound, "filepath", True)
    for scene in bpy.data.scenes:
        settings = getattr(scene, "virtual_conductor", None)
        for field in _OUR_PATHS if settings is not None and scene.library is None else ():
            name(settings, field, False)
    for owner, field in _baked():
        name(owner, field, False)
    try:
        yield
    finally:
        for owner, field, named in before:
            setattr(owner, field, named)


def _baked() -> Iterator[tuple[Any, str]]:
    """Where the open file keeps what is baked and Blender does not name anew."""
    import bpy

    for item in bpy.data.objects:
        if item.library is not None:
            continue
        caches = [system.point_cache for system in item.particle_systems]
        for modifier in item.modifiers:
            if modifier.type == "NODES":
                yield modifier, "bake_directory"
                yield from ((bake, "directory") for bake in modifier.bakes)
            elif modifier.type in ("CLOTH", "SOFT_BODY"):
                caches.append(modifier.point_cache)
        yield from ((cache, "filepath") for cache in caches if cache.use_external)


def _relative(path: Path) -> str:
    """How the open file names another one; absolutely if it lies on another drive."""
    import bpy

    try:
        return str(bpy.path.relpath(str(path.resolve())))
    except ValueError:
        return str(path)


def name_in(path: Path, blend: Path) -> str:
    """How a .blend file names a file: relative if it lies in or below its folder."""
    folder, target = blend.resolve().parent, path.resolve()
    if target.is_relative_to(folder):
        return "//" + target.relative_to(folder).as_posix()
    return str(target)
