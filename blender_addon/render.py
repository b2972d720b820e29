"""Frames of a scene to PNG files: whole or not there, resumable, cancelled between frames."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy

from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_PHASE: Final = "rendering frames"
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_IMAGE_SETTINGS: Final = ("file_format", "color_mode", "color_depth", "compression")


def frame_path(folder: str | os.PathLike[str], frame: int) -> Path:
    """Where `render_frames` puts a frame."""
    return Path(folder) / f"{frame:06d}.png"


def render_frames(
    scene: Any,
    folder: str | os.PathLike[str],
    *,
    start: int,
    end: int,
    progress: Progress = no_progress,
) -> None:
    """Render scene frames `start` to `end`, both included, to `folder`/000123.png (8-bit RGB).

    Frames that are already there whole and of the render's size are skipped, so work that was cut
    short goes on where it stopped. The scene's current frame and output settings are as before
    afterwards.

    Parameters
    ----------
    scene : bpy.types.Scene
        Scene with a camera, set up by `stage.looks.setup_render` or by the user.
    folder : path
        Made if it is not there.
    start, end : int
        Scene frames, start <= end.
    progress : Progress
        Called before each frame and at the end.

    Raises
    ------
    ConductorError
        If the scene has no camera, or a frame cannot be written.
    Cancelled
        From `progress`; no frame is left half-written.
    """
    _require_camera(scene)
    target_folder = Path(folder)
    try:
        target_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, target_folder) from error
    size = _size(scene)
    frames = range(start, end + 1)
    with _png_output(scene):
        for done, frame in enumerate(frames):
            progress(done / len(frames), _PHASE)
            target = frame_path(target_folder, frame)
            if not is_complete(target, size):
                scene.frame_set(frame)
                _render(scene, target)
    progress(1.0, _PHASE)


def render_still(scene: Any, path: str | os.PathLike[str]) -> None:
    """Render the scene's current frame to a PNG file (8-bit RGB), atomically.

    Raises
    ------
    ConductorError
        If the scene has no camera or the file cannot be written.
    """
    _require_camera(scene)
    with _png_output(scene):
        _render(scene, Path(path))


def is_complete(path: Path, size: tuple[int, int]) -> bool:
    """Whether a PNG file of this size is there from its first to its last byte."""
    try:
        with path.open("rb") as file:
            head = file.read(24)
            file.seek(-len(_PNG_END), os.SEEK_END)
            tail = file.read()
    except OSError:
        return False
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return head.startswith(_PNG_START) and tail == _PNG_END and (width, height) == size


def _size(scene: Any) -> tuple[int, int]:
    render = scene.render
    scale = render.resolution_percentage / 100.0
    return int(render.resolution_x * scale), int(render.resolution_y * scale)


def _require_camera(scene: Any) -> None:
    if scene.camera is None:
        raise ConductorError(
            "The scene has no camera to render from; add one, or build the stage anew."
        )


def _render(scene: Any, target: Path) -> None:
    with atomic_path(target) as temporary:
        scene.render.filepath = str(temporary)
        reason = ""
        try:
            bpy.ops.render.render(write_still=True, scene=scene.name)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
        if is_complete(temporary, _size(scene)):
            return
        # Blender does not say why a write failed; trying it ourselves does.
        with temporary.open("wb") as probe:
            probe.write(bytes(1 << 20))
            probe.flush()
            os.fsync(probe.fileno())
        raise ConductorError(
            f"Blender could not render {target.name} ({reason or 'no reason given'}); "
            "choose another engine or a smaller picture."
        )


@contextmanager
def _png_output(scene: Any) -> Iterator[None]:
    """PNG output for a while; the user's settings and current frame come back."""
    render, image = scene.render, scene.render.image_settings
    frame, path = scene.frame_current, render.filepath
    extension, overwrite = render.use_file_extension, render.use_overwrite
    # Since 5.0 video formats are a medium of their own, chosen before the format.
    media = getattr(image, "media_type", None)
    before = {name: getattr(image, name) for name in _IMAGE_SETTINGS}
    if media is not None:
        image.media_type = "IMAGE"
    image.file_format = "PNG"
    image.color_mode, image.color_depth, image.compression = "RGB", "8", 15
    render.use_file_extension, render.use_overwrite = False, True
    try:
        yield
    finally:
        if media is not None:
            image.media_type = media
        image.file_format = before.pop("file_format")
        for name, value in before.items():
            # A video format has no bit depth or compression to put back.
            if value != getattr(image, name):
                setattr(image, name, value)
        render.filepath = path
        render.use_file_extension, render.use_overwrite = extension, overwrite
        if scene.frame_current != frame:
            scene.frame_set(frame)
