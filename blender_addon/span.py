"""Which frames of a scene are played, and on which one a performance begins."""

from typing import Any


def played_frames(scene: Any) -> range:
    """The frames that our videos show: the preview range where one is in use, else the range."""
    if scene.use_preview_range:
        # Blender renders no frames below 0.
        return range(max(scene.frame_preview_start, 0), scene.frame_preview_end + 1)
    return range(scene.frame_start, scene.frame_end + 1)


def first_frame(scene: Any) -> int:
    """Frame of a performance's first pose: where the one before began, else the range's first."""
    settings = getattr(scene, "virtual_conductor", None)
    if settings is not None and settings.is_property_set("first_frame"):
        return int(settings.first_frame)
    return int(scene.frame_start)


def set_range(scene: Any, frames: range) -> None:
    """Give the scene a range; none of its own is previewed any more."""
    # An end before the start, or a start after the end, would move the other.
    scene.frame_end = max(scene.frame_end, frames[-1])
    scene.frame_start, scene.frame_end = frames[0], frames[-1]
    scene.use_preview_range = False


def preview(scene: Any, frames: range) -> None:
    """Have the scene play some frames, whatever its range is."""
    scene.use_preview_range = True
    scene.frame_preview_end = max(scene.frame_preview_end, frames[-1])
    scene.frame_preview_start, scene.frame_preview_end = frames[0], frames[-1]
