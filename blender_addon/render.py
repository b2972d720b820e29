"""Frames of a scene to picture files: whole or not there, resumable, cancelled between frames."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import bpy

from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

from .detail import as_seen
from .layers import Layers, find_layers, seen_through, without
from .span import played_frames

_PHASE: Final = "rendering frames"
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_JPEG_START: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_TIFF_STARTS: Final = (b"II*\0", b"MM\0*")
_IMAGE_SETTINGS: Final = (
    *("file_format", "color_mode", "color_depth", "compression", "quality", "tiff_codec"),
)

SUPERSAMPLING: Final = 1.25
"""How much larger than the video Workbench renders the frames of a video.

Reduced to the video's size they are as smooth as Workbench makes them, in half the time that its
own smoothing takes with software OpenGL.
"""
_JPEG_QUALITY: Final = 97


def frame_path(folder: str | os.PathLike[str], frame: int, suffix: str = ".png") -> Path:
    """Where `render_frames` puts a frame."""
    return Path(folder) / f"{frame:06d}{suffix}"


def render_frames(
    scene: Any,
    folder: str | os.PathLike[str],
    *,
    numbers: range,
    for_video: bool = False,
    plate: Path | None = None,
    progress: Progress = no_progress,
) -> None:
    """Render scene frames to `folder`/000123.png (8-bit RGB).

    With `for_video`, frames of Workbench are `SUPERSAMPLING` times as large and unsmoothed: an
    encoder that reduces them to size makes them smooth. Where the camera stands still they are
    what moves alone, `folder`/raw/000123.24.48.tif with alpha, whose upper left is 24 pixels right
    of the picture's and 48 below, to be laid over `plate`, reduced and kept as
    `folder`/000123.24.48.jpg; else they are `folder`/000123.jpg.

    Frames that are already there whole and of the render's size are skipped, so work that was cut
    short goes on where it stopped. The scene's current frame and output settings are as before
    afterwards.

    Parameters
    ----------
    scene : bpy.types.Scene
        Scene with a camera, set up by `stage.looks.setup_render` or by the user.
    folder : path
        Made if it is not there.
    numbers : range
        Scene frames, at least one.
    for_video : bool
        Whether the frames are on their way into a video.
    plate : Path, optional
        Where to put the picture without what moves (PNG), `SUPERSAMPLING` times as large and a
        little larger to the right and below, if frames are to be laid over it.
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
    if for_video and scene.render.engine == "BLENDER_WORKBENCH":
        # The same for all who share the scene's frames.
        count = len(played_frames(scene)) // numbers.step
        with as_seen(scene, _drawn_size(scene), count):
            layers = find_layers(scene)
            if layers is None:
                _render_each(scene, target_folder, numbers, True, progress)
            else:
                _render_layers(scene, layers, target_folder, numbers, plate, progress)
    else:
        _render_each(scene, target_folder, numbers, False, progress)


def _render_each(scene: Any, folder: Path, numbers: range, large: bool, progress: Progress) -> None:
    with _output(scene, "JPEG" if large else "PNG"), _supersampled(scene, large):
        size = _size(scene)
        for done, frame in enumerate(numbers):
            progress(done / len(numbers), _PHASE)
            target = frame_path(folder, frame, ".jpg" if large else ".png")
            if not is_complete(target, size):
                scene.frame_set(frame)
                _render(scene, target)
    progress(1.0, _PHASE)


def _render_layers(
    scene: Any,
    layers: Layers,
    folder: Path,
    numbers: range,
    plate: Path | None,
    progress: Progress,
) -> None:
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    if plate is not None and not plate.is_file():
        whole = layers.whole
        with (
            _output(scene, "PNG"),
            _supersampled(scene, True),
            without(layers.moving),
            seen_through(scene, whole, layers.size, SUPERSAMPLING),
        ):
            _render(scene, plate)
    with _output(scene, "TIFF"), _supersampled(scene, True), _transparent(scene):
        for done, frame in enumerate(numbers):
            progress(done / len(numbers), _PHASE)
            scene.frame_set(frame)
            window, far = layers.window(scene)
            left, top, right, bottom = window
            name = f"{frame:06d}.{left}.{top}"
            if is_complete(folder / f"{name}.jpg", (right - left, bottom - top)):
                continue
            behind = [item for item, nearest in layers.still if nearest > far]
            with without(behind), seen_through(scene, window, layers.size, SUPERSAMPLING):
                _render(scene, raw / f"{name}.tif")
    progress(1.0, _PHASE)


def render_still(scene: Any, path: str | os.PathLike[str]) -> None:
    """Render the scene's current frame to a PNG file (8-bit RGB), atomically.

    Raises
    ------
    ConductorError
        If the scene has no camera or the file cannot be written.
    """
    _require_camera(scene)
    with _output(scene, "PNG"):
        _render(scene, Path(path))


def is_complete(path: Path, size: tuple[int, int]) -> bool:
    """Whether a PNG, JPEG or TIFF file of this size is there from its first to its last byte."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if data.startswith(_TIFF_STARTS):
        # Without compression; the size is known to whoever reads it.
        return len(data) > 4 * size[0] * size[1]
    if data.startswith(_JPEG_START):
        return data.endswith(_JPEG_END) and _jpeg_size(data) == size
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return data.startswith(_PNG_START) and data.endswith(_PNG_END) and (width, height) == size


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the frame header (ITU-T T.81, B.2.2) of a baseline JPEG."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in (0xC0, 0xC1, 0xC2):
            return (
                int.from_bytes(data[at + 7 : at + 9], "big"),
                int.from_bytes(data[at + 5 : at + 7], "big"),
            )
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _size(scene: Any) -> tuple[int, int]:
    render = scene.render
    scale = render.resolution_percentage / 100.0
    return int(render.resolution_x * scale), int(render.resolution_y * scale)


def _drawn_size(scene: Any) -> tuple[int, int]:
    with _supersampled(scene, True):
        return _size(scene)


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
def _supersampled(scene: Any, wanted: bool) -> Iterator[None]:
    """Workbench's own smoothing replaced by more pixels for a while."""
    render, display = scene.render, scene.display
    percentage, smoothing = render.resolution_percentage, display.render_aa
    dither = render.dither_intensity
    if wanted:
        render.resolution_percentage = round(percentage * SUPERSAMPLING)
        render.dither_intensity = 0.0
        display.render_aa = "OFF"
    try:
        yield
    finally:
        render.resolution_percentage, display.render_aa = percentage, smoothing
        render.dither_intensity = dither


@contextmanager
def _transparent(scene: Any) -> Iterator[None]:
    """Nothing where nothing is, for a while."""
    before = scene.render.film_transparent
    scene.render.film_transparent = True
    try:
        yield
    finally:
        scene.render.film_transparent = before


@contextmanager
def _output(scene: Any, file_format: Literal["PNG", "JPEG", "TIFF"]) -> Iterator[None]:
    """This output for a while; the user's settings and current frame come back."""
    render, image = scene.render, scene.render.image_settings
    frame, path = (scene.frame_current, scene.frame_subframe), render.filepath
    extension, overwrite = render.use_file_extension, render.use_overwrite
    cropped = render.use_crop_to_border
    # Since 5.0 video formats are a medium of their own, chosen before the format.
    media = getattr(image, "media_type", None)
    before = {name: getattr(image, name) for name in _IMAGE_SETTINGS}
    if media is not None:
        image.media_type = "IMAGE"
    image.file_format = file_format
    image.color_mode, image.color_depth = "RGBA" if file_format == "TIFF" else "RGB", "8"
    image.compression, image.quality = 15, _JPEG_QUALITY
    # Packing would take longer than drawing does.
    image.tiff_codec = "NONE"
    render.use_file_extension, render.use_overwrite = False, True
    # A part of the picture stands in its place in the whole.
    render.use_crop_to_border = False
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
        render.use_crop_to_border = cropped
        if (scene.frame_current, scene.frame_subframe) != frame:
            scene.frame_set(frame[0], subframe=frame[1])
