"""Buttons that make videos of the scene."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import bpy

from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, part

from .. import backend_python
from ..chosen_armature import find_armature
from ..engines import engine_of
from ..guide_export import export_guide
from ..overlay_video import render_overlaid
from ..overlays import OverlayName, chosen_overlays, overlay_text
from ..preferences import preferences_python
from ..process import run_verb
from ..scene import describe, find_sound, render_plate, render_size
from ..server_jobs import run_job
from ..stage.looks import setup_render
from ..task import session
from ..video import render_video
from ..working import Work, Working
from .files import chosen_file, video_path


class RenderOperator(Working):
    """Render the animation with its sound to a video, in a Blender of its own"""

    bl_idname = "virtual_conductor.render"
    bl_label = "Render Video"
    title = "Rendering"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if context.scene.camera is None:
            cls.poll_message_set("Add a camera, or create an avatar with its stage")
            return False
        return super().poll(context)

    def prepare(self, context: Any) -> Work:
        scene, settings = context.scene, context.scene.virtual_conductor
        out = video_path(settings, "animation")
        engine = engine_of(None if settings.quality == "SCENE" else settings.quality)
        overlays = chosen_overlays(overlay_text(settings.overlays))
        python = backend_python.find(preferences_python()) if overlays else None
        if bpy.app.background:
            return lambda progress: _render_here(scene, out, engine, overlays, python, progress)
        blender, scratch = Path(bpy.app.binary_path), _Copy()
        arguments = ["video", "--scene", str(scratch.blend), "--out", str(scratch.folder / "v.mp4")]
        if engine is not None:
            arguments += ["--engine", engine]
        if python is not None:
            arguments += ["--overlay", overlay_text(overlays), "--python", str(python)]

        def work(progress: Progress) -> Path:
            with scratch:
                run_verb(blender, arguments, part(progress, 0.0, 0.99))
                scratch.move("v.mp4", out)
            return out

        return work

    def finish(self, _context: Any, scene: Any, result: Any) -> str:
        scene.virtual_conductor.animation = str(result)
        return f"The video is {result}"


class LikenessOperator(Working):
    """Make a video in which the person of the photo conducts as the avatar does"""

    bl_idname = "virtual_conductor.likeness"
    bl_label = "Make Likeness Video"
    title = "Making the likeness"

    @classmethod
    def poll(cls, context: Any) -> bool:
        settings = context.scene.virtual_conductor
        if not settings.photo:
            cls.poll_message_set("Choose a photo first")
            return False
        if settings.avatar is None or not _is_animated(settings.avatar):
            cls.poll_message_set("Generate the conducting first")
            return False
        return super().poll(context)

    def prepare(self, context: Any) -> Work:
        scene, settings = context.scene, context.scene.virtual_conductor
        python = backend_python.find(preferences_python())
        out = video_path(settings, "likeness")
        if scene.camera is None:
            raise ConductorError("The scene has no camera; add one to film the conductor.")
        width, height = render_size(scene)
        on_stage = settings.background == "stage"
        parameters: dict[str, Any] = {
            "dress": settings.dress,
            "background": (
                settings.colour_code if settings.background == "colour" else settings.background
            ),
            "size": [width // 2 * 2, height // 2 * 2],
            "overlays": list(chosen_overlays(overlay_text(settings.overlays))),
            "beats": describe(scene)["beats"],
        }
        files = {"photo": chosen_file(settings.photo, "photo")}
        sound = find_sound(scene)
        if sound is not None and sound.path.is_file():
            files["music"] = sound.path
            parameters["start"] = sound.start
            parameters["audio_track"] = sound.track
        scratch = _Copy()
        files["guide"] = scratch.folder / "guide.npz"
        if on_stage:
            files["plate"] = scratch.folder / "plate.png"
        made = scratch.folder / "v.mp4"

        def likeness(progress: Progress) -> Path:
            session.notes = run_job(
                "likeness", parameters, files, made, python=python, progress=progress
            )
            scratch.move("v.mp4", out)
            return out

        def work_here(progress: Progress) -> Path:
            with scratch:
                export_guide(scene, find_armature(scene), progress=part(progress, 0.0, 0.1)).save(
                    files["guide"]
                )
                if on_stage:
                    render_plate(scene, files["plate"])
                return likeness(part(progress, 0.15, 1.0))

        blender = Path(bpy.app.binary_path)

        def work_apart(progress: Progress) -> Path:
            with scratch:
                options = ["--scene", str(scratch.blend), "--out"]
                run_verb(
                    blender, ["guide", *options, str(files["guide"])], part(progress, 0.0, 0.1)
                )
                if on_stage:
                    run_verb(
                        blender, ["plate", *options, str(files["plate"])], part(progress, 0.1, 0.15)
                    )
                return likeness(part(progress, 0.15, 1.0))

        return work_here if bpy.app.background else work_apart

    def finish(self, _context: Any, scene: Any, result: Any) -> str:
        scene.virtual_conductor.likeness = str(result)
        return f"The video is {result}"


class _Copy:
    """A scratch folder with a copy of the open file as it is now, unsaved edits and all."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="virtual-conductor-")
        self.folder = Path(self._temporary.name)
        self.blend = self.folder / "scene.blend"
        if not bpy.app.background:
            bpy.ops.wm.save_as_mainfile(
                filepath=str(self.blend), copy=True, relative_remap=True, check_existing=False
            )

    def __enter__(self) -> None:
        self._temporary.__enter__()

    def __exit__(self, *fault: Any) -> None:
        self._temporary.__exit__(*fault)

    def move(self, name: str, out: Path) -> None:
        """Bring a finished file to its place, whole or not at all."""
        with atomic_path(out) as temporary:
            shutil.copyfile(self.folder / name, temporary)


def _render_here(
    scene: Any,
    out: Path,
    engine: Any,
    overlays: tuple[OverlayName, ...],
    python: Path | None,
    progress: Progress,
) -> Path:
    """Render in this process, on a copy of the scene if it needs other settings."""

    def render(scene: Any) -> None:
        if not overlays:
            render_video(scene, out, progress)
            return
        with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as folder:
            scratch = Path(folder)
            render_overlaid(scene, out, overlays, python=python, scratch=scratch, progress=progress)

    if engine is None:
        render(scene)
        return out
    copy = scene.copy()
    try:
        setup_render(copy, engine=engine, size=render_size(scene))
        render(copy)
    finally:
        bpy.data.scenes.remove(copy)
    return out


def _is_animated(armature: Any) -> bool:
    data = armature.animation_data
    return data is not None and (data.action is not None or len(data.nla_tracks) > 0)
