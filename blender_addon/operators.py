"""What the panel's buttons do."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from retarget.atomic import atomic_path
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.progress import Progress, part

from . import backend_python
from .armature import fit_armature
from .guide_export import export_guide
from .preferences import preferences_python
from .process import run_verb
from .scene import (
    SUBJECT,
    add_avatar,
    beat_table,
    find_armature,
    find_sound,
    frame_rate,
    perform,
    render_plate,
    render_size,
    replace_avatar,
)
from .server_jobs import run_job
from .stage.looks import setup_render
from .task import FixableError, session
from .video import render_video
from .working import Work, Working, redraw


class GenerateOperator(Working):
    """Conduct the music: animate the avatar, mark the beats and add the sound"""

    bl_idname = "virtual_conductor.generate"
    bl_label = "Generate"
    bl_options: ClassVar[set[str]] = {"UNDO"}
    title = "Generating"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not context.scene.virtual_conductor.music:
            cls.poll_message_set("Choose the music first")
            return False
        return super().poll(context)

    def prepare(self, context: Any) -> Work:
        scene, settings = context.scene, context.scene.virtual_conductor
        python = backend_python.find(preferences_python())
        if settings.avatar is not None:
            # A rig that cannot be animated is told of now, not after the listening.
            fit_armature(settings.avatar)
        scratch = tempfile.TemporaryDirectory(prefix="virtual-conductor-")
        files = {"music": chosen_file(settings.music, "music")}
        start, duration = settings.span
        if settings.beats == "SCORE":
            if not settings.score:
                raise ConductorError("No score is chosen; choose one, or take another beat source.")
            files["score"] = chosen_file(settings.score, "score")
        elif settings.beats == "MARKERS":
            files["beats"] = Path(scratch.name) / "beats.txt"
            files["beats"].write_text(beat_table(scene, start), encoding="utf-8")
        listens = settings.beats == "LISTEN"
        parameters = {
            "meter": settings.meter if listens else "auto",
            "tempo": round(settings.tempo, 3) if listens and settings.use_tempo else None,
            "start": start,
            "duration": duration,
            "seed": settings.seed,
            "model": settings.model,
            "style": settings.style,
            "style_values": settings.style_values,
            "fps": min(max(frame_rate(scene), 10.0), 120.0),
        }

        def work(progress: Progress) -> tuple[Motion, Path, float]:
            with scratch:
                out = Path(scratch.name) / "motion.npz"
                notes = run_job("motion", parameters, files, out, python=python, progress=progress)
                session.notes = notes
                return Motion.load(out), files["music"], start

        return work

    def finish(self, context: Any, scene: Any, result: Any) -> str:
        motion, music, start = result
        settings = scene.virtual_conductor
        is_new = settings.avatar is None
        perform(scene, settings.avatar, motion, music=music, start=start)
        if is_new:
            show_stage(context)
        return f"Conducting {motion.duration:.0f} seconds with {len(motion.beats)} beats"


class CreateAvatarOperator(bpy.types.Operator):
    """Build a conductor in concert dress; an empty scene also gets a stage, lights and a camera"""

    bl_idname = "virtual_conductor.create_avatar"
    bl_label = "Create Avatar"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        try:
            add_avatar(context.scene)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        show_stage(context)
        return {"FINISHED"}


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
        engine = None if settings.engine == "SCENE" else settings.engine
        if bpy.app.background:
            return lambda progress: _render_here(scene, out, engine, progress)
        blender, scratch = Path(bpy.app.binary_path), _Copy()
        arguments = ["video", "--scene", str(scratch.blend), "--out", str(scratch.folder / "v.mp4")]
        if engine is not None:
            arguments += ["--engine", engine]

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
        if settings.avatar is None or settings.avatar.animation_data is None:
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
        }
        files = {"photo": chosen_file(settings.photo, "photo")}
        sound = find_sound(scene)
        if sound is not None and sound.path.is_file():
            files["music"] = sound.path
            parameters["start"] = sound.start
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


class CharacterOperator(Working):
    """Build the person of the photo as a conductor in the scene; the avatar before is hidden"""

    bl_idname = "virtual_conductor.create_character"
    bl_label = "Character from Photo"
    bl_options: ClassVar[set[str]] = {"UNDO"}
    title = "Building the character"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not context.scene.virtual_conductor.photo:
            cls.poll_message_set("Choose a photo first")
            return False
        return super().poll(context)

    def prepare(self, context: Any) -> Work:
        settings = context.scene.virtual_conductor
        photo = chosen_file(settings.photo, "photo")
        if photo.suffix.lower() == SUBJECT:
            return lambda _: Character.load(photo)
        python = backend_python.find(preferences_python())
        files = {"photo": photo}
        parameters = {"dress": settings.dress}
        scratch = tempfile.TemporaryDirectory(prefix="virtual-conductor-")

        def work(progress: Progress) -> Character:
            with scratch:
                out = Path(scratch.name) / f"me{SUBJECT}"
                session.notes = run_job(
                    "subject", parameters, files, out, python=python, progress=progress
                )
                return Character.load(out)

        return work

    def finish(self, context: Any, scene: Any, result: Any) -> str:
        armature = replace_avatar(scene, result)
        if context.scene == scene:
            select_only(context, armature)
            show_stage(context)
        return f"The person of the photo is {armature.name}; Generate has them conduct"


class CancelOperator(bpy.types.Operator):
    """Stop the work in progress; the scene stays as it is"""

    bl_idname = "virtual_conductor.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        return session.task is not None and not session.task.cancelling

    def execute(self, context: Any) -> set[str]:
        if session.task is not None:
            session.task.cancel()
        redraw(context)
        return {"FINISHED"}


class DismissOperator(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "virtual_conductor.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: Any) -> set[str]:
        session.problem, session.notes = None, ()
        redraw(context)
        return {"FINISHED"}


class PreferencesOperator(bpy.types.Operator):
    """Show the preferences of Virtual Conductor"""

    bl_idname = "virtual_conductor.preferences"
    bl_label = "Open Preferences"

    def execute(self, _context: Any) -> set[str]:
        bpy.ops.preferences.addon_show(module=__package__)
        return {"FINISHED"}


CLASSES: Final = (
    GenerateOperator,
    CreateAvatarOperator,
    RenderOperator,
    LikenessOperator,
    CharacterOperator,
    CancelOperator,
    DismissOperator,
    PreferencesOperator,
)


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


def chosen_file(setting: str, what: str) -> Path:
    """The file of a path setting.

    Raises
    ------
    ConductorError
        If it is not there.
    """
    path = Path(bpy.path.abspath(setting))
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


def select_only(context: Any, thing: Any) -> None:
    """Make one object the selected and active one, in object mode."""
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for other in context.view_layer.objects:
        other.select_set(other == thing)
    context.view_layer.objects.active = thing


def show_stage(context: Any) -> None:
    """Turn the 3D view the user works in to the camera's, with the stage's own colours."""
    area = context.area
    if area is None or area.type != "VIEW_3D":
        return
    area.spaces.active.region_3d.view_perspective = "CAMERA"
    area.spaces.active.shading.color_type = "TEXTURE"
    region = next(region for region in area.regions if region.type == "WINDOW")
    with context.temp_override(area=area, region=region):
        bpy.ops.view3d.view_center_camera()


def _render_here(scene: Any, out: Path, engine: Any, progress: Progress) -> Path:
    """Render in this process, on a copy of the scene if it needs other settings."""
    if engine is None:
        render_video(scene, out, progress)
        return out
    copy = scene.copy()
    try:
        setup_render(copy, engine=engine, size=render_size(scene))
        render_video(copy, out, progress)
    finally:
        bpy.data.scenes.remove(copy)
    return out
