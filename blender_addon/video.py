"""Render a scene to a video with its sound, by Blender's own encoder."""

from pathlib import Path
from typing import Any, Final

import bpy

from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

from .pace import Pace
from .rna_values import Values, put_back, values_of
from .span import played_frames

_FFMPEG: Final = {
    "format": "MPEG4",
    "codec": "H264",
    "ffmpeg_preset": "GOOD",
    "gopsize": 15,
    "use_autosplit": False,
    "audio_codec": "AAC",
    "audio_bitrate": 192,
}


def render_video(
    scene: Any, path: Path, progress: Progress = no_progress, *, rate_factor: str = "HIGH"
) -> None:
    """Render every frame that is played to H.264 with AAC sound; the scene stays as it was.

    Blender renders an animation in one go: a progress callback that raises is not heard, so a
    process that is to be stopped ends itself from within the callback.

    Parameters
    ----------
    scene : bpy.types.Scene
        What to render, with its own engine, size, sequencer, and preview range or range.
    path : path
        The .mp4 to write, whole or not at all.
    progress : Progress
        Its phase says how long it will take, from three measured frames on.
    rate_factor : str
        Blender's name of the quality.

    Raises
    ------
    ConductorError
        If there is no camera, or Blender cannot render or write.
    """
    if scene.camera is None:
        raise ConductorError("The scene has no camera; add one and render again.")
    count = len(played_frames(scene))
    done = 0
    pace = Pace(count)

    def written(*_: Any) -> None:
        nonlocal done
        done += 1
        pace.frame()
        progress(done / count, pace.phase)

    with atomic_path(path) as temporary, _Output(scene, temporary, rate_factor):
        bpy.app.handlers.render_write.append(written)
        progress(0.0, "preparing the render")
        try:
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            raise ConductorError(
                f"Blender could not render the video: {' '.join(str(error).split())}"
            ) from error
        finally:
            bpy.app.handlers.render_write.remove(written)
        if done < count or not temporary.is_file():
            raise ConductorError(
                f"The video ended after {done} of {count} frames; look for free disk space and "
                "render again."
            )


class _Output:
    """The scene's output set to a video at `path`, and set back afterwards."""

    def __init__(self, scene: Any, path: Path, rate_factor: str) -> None:
        self.scene = scene
        self.path = path
        self.rate_factor = rate_factor
        self.saved: list[tuple[Any, str, Any]] = []
        self.formats: list[tuple[Any, Values]] = []

    def __enter__(self) -> None:
        render = self.scene.render
        image = render.image_settings
        # A format brings other settings with it.
        self.formats = [(part, values_of(part)) for part in (image, render.ffmpeg)]
        # Blender itself renders the range, whatever is previewed.
        played = played_frames(self.scene)
        self._set(self.scene, "frame_end", max(self.scene.frame_end, played.stop - 1))
        self._set(self.scene, "frame_start", played.start)
        self._set(self.scene, "frame_end", played.stop - 1)
        self._set(self.scene, "frame_step", 1)
        self._set(render, "filepath", str(self.path))
        self._set(render, "use_file_extension", False)
        self._set(render, "use_overwrite", True)
        self._set(render, "use_placeholder", False)
        self._set(render, "use_crop_to_border", False)
        # H.264 stores colour for two by two pixels.
        scale = render.resolution_percentage / 100.0
        for side in ("resolution_x", "resolution_y"):
            self._set(render, side, max(2, int(getattr(render, side) * scale) // 2 * 2))
        self._set(render, "resolution_percentage", 100)
        if not render.use_sequencer:
            # Without the sequencer the video would be mute; its pictures stay out all the same.
            self._set(render, "use_sequencer", True)
            editor = self.scene.sequence_editor
            for strip in editor.strips if editor else ():
                if strip.type != "SOUND":
                    self._set(strip, "mute", True)
        if hasattr(image, "media_type"):
            self._set(image, "media_type", "VIDEO")
        self._set(image, "file_format", "FFMPEG")
        self._set(image, "color_mode", "RGB")
        for name, value in _FFMPEG.items():
            self._set(render.ffmpeg, name, value)
        self._set(render.ffmpeg, "constant_rate_factor", self.rate_factor)

    def __exit__(self, *_: object) -> None:
        for owner, name, value in reversed(self.saved):
            setattr(owner, name, value)
        for owner, values in self.formats:
            put_back(owner, values)

    def _set(self, owner: Any, name: str, value: Any) -> None:
        self.saved.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)
