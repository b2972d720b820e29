"""Buttons that put a conductor, or what it conducts, into the scene."""

import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import bpy

from retarget.character import Character
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.progress import Progress, part

from .. import backend_python
from ..blocks import require_no_blocks
from ..keyframes import check_animatable
from ..preferences import preferences_python
from ..rig_report import doubts_of
from ..scene import SUBJECT, add_avatar, beat_table, perform, replace_avatar
from ..scene_sound import Music, decoded_music, is_exact
from ..server_jobs import run_job
from ..task import session
from ..timeline import motion_rate
from ..working import Work, Working
from .files import chosen_file


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
        doubts: tuple[str, ...] = ()
        if settings.avatar is not None:
            # A rig that cannot be animated is told of now, not after the listening.
            check_animatable(settings.avatar)
            require_no_blocks(settings.avatar)
            doubts = doubts_of(scene, settings.avatar)
        scratch = tempfile.TemporaryDirectory(prefix="virtual-conductor-")
        files = {"music": chosen_file(settings.music, "music")}
        start, duration = settings.span
        track = settings.chosen_track
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
            "audio_track": track,
            "seed": settings.seed,
            "model": settings.model,
            "style": settings.style,
            "style_values": settings.style_values,
            "fps": motion_rate(scene),
            "face": settings.use_face,
        }

        def work(progress: Progress) -> tuple[Motion, Music, Any]:
            with scratch:
                out = Path(scratch.name) / "motion.npz"
                listening = part(progress, 0.0, 0.95)
                notes = run_job("motion", parameters, files, out, python=python, progress=listening)
                session.notes = (*doubts, *notes)
                motion = Motion.load(out)
            music = Music(files["music"], start, track)
            if is_exact(music):
                return motion, music, nullcontext()
            folder = decoded_music(
                music,
                len(motion) / motion.fps,
                python=python,
                progress=part(progress, 0.95, 1.0),
            )
            return motion, replace(music, decoded=Path(folder.name) / "music.flac"), folder

        return work

    def finish(self, context: Any, scene: Any, result: Any) -> str:
        motion, music, scratch = result
        settings = scene.virtual_conductor
        is_new = settings.avatar is None
        with scratch:
            notes = perform(
                scene,
                settings.avatar,
                motion,
                who=settings.conductor,
                music=music,
                staging=settings.staging if is_new else None,
                own_timeline=settings.set_range,
            )
        session.notes = tuple(dict.fromkeys((*session.notes, *notes)))
        if is_new:
            show_stage(context)
        return f"Conducting {motion.duration:.0f} seconds with {len(motion.beats)} beats"


class CreateAvatarOperator(bpy.types.Operator):
    """Build the chosen conductor; an empty scene also gets a stage, lights and a camera"""

    bl_idname = "virtual_conductor.create_avatar"
    bl_label = "Create Avatar"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: Any) -> set[str]:
        try:
            settings = context.scene.virtual_conductor
            add_avatar(context.scene, settings.conductor, settings.staging)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        show_stage(context)
        return {"FINISHED"}


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
