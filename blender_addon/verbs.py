"""What the extension does without a window: one function a verb, by its options.

Every verb opens what it works on; none of them imports bpy before it is called.
"""

import argparse
import json
import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from retarget import rig_map_file
from retarget.character import Character
from retarget.conductor_asset import DEFAULT_CONDUCTOR, ConductorAsset, chosen_avatar
from retarget.errors import Cancelled, ConductorError
from retarget.lines import Line, write_line
from retarget.motion import Motion
from retarget.progress import Progress, part

from .blend_file import existing, open_empty, open_scene, save
from .engines import engine_of
from .overlays import chosen_overlays
from .scene_sound import Music, decoded_music, is_exact

EXIT_CANCELLED: Final = 130

_USUAL_SIZE: Final = (960, 540)
_USUAL_FPS: Final = 30.0


def animate(options: argparse.Namespace, progress: Progress) -> str:
    """A motion file, and its music, to a scene with a conductor; what it holds, as JSON.

    Beside what `info` says it tells the stage and the view that were built, or null.
    """
    from .rig_report import prepare_rig
    from .scene import describe, perform, render_size
    from .stage.looks import setup_render
    from .stage.scenery import chosen_staging
    from .staging import Staging
    from .timeline import set_frame_rate

    motion = Motion.load(options.motion)
    if options.fps is not None:
        motion = motion.resample(options.fps)
    music = existing(options.music, "music") if options.music else None
    sound = None
    if music is not None:
        sound = Music(music, options.music_start, options.audio_track)
    scene, armature, who = _open_avatar(options)
    size, doubts = options.size, []
    if armature is None:
        size = size or _USUAL_SIZE
    else:
        doubts = prepare_rig(scene, armature, Path(options.avatar).name)
        for doubt in doubts:
            _warn(doubt)
        if options.fps is not None:
            set_frame_rate(scene, motion.fps)
    if not options.baton:
        scene.virtual_conductor.baton = False
    # The stage's camera is placed for the size of the picture.
    _resize(scene, size)
    staging = Staging(options.stage, options.camera, options.camera_move)
    stage, view = chosen_staging(scene, staging)
    if view is None and staging.camera_move:
        _warn(
            f"The camera of {options.avatar} stays as it is; give --camera to have one that moves."
        )
    if view is None and stage is None:
        _warn(
            f"{Path(options.avatar).name} has a camera, so it keeps that and gets no stage; give "
            "--stage to add one."
        )
    with ExitStack() as held:
        if sound is not None and not is_exact(sound):
            sound = _decoded(sound, motion, options.python, held, part(progress, 0.0, 0.05))
        notes = perform(
            scene,
            armature,
            motion,
            who=who,
            music=sound,
            staging=staging,
            own_timeline=options.set_range,
            progress=part(progress, 0.05, 0.95),
        )
    for note in notes:
        if note not in doubts:
            _warn(note)
    engine = engine_of(options.quality, options.engine)
    if engine is not None or armature is None:
        setup_render(scene, engine=engine or "workbench", size=size or render_size(scene))
    if music is not None:
        scene.virtual_conductor.music = str(music)
    told = json.dumps(describe(scene) | {"stage": stage, "view": view})
    progress(0.95, "saving the scene")
    save(options.out)
    progress(1.0, "saving the scene")
    return told


def check_rig(options: argparse.Namespace, _progress: Progress) -> str:
    """What an avatar's rig and scene are, and what is odd about them, as JSON."""
    from .rig_report import report_rig

    scene, armature, _ = _open_avatar(options)
    return json.dumps(report_rig(scene, armature, Path(options.avatar).name))


def map_template(options: argparse.Namespace, _progress: Progress) -> str | None:
    """A bone map to fill in for an avatar whose bones cannot be told; nothing where they can."""
    from .armature import map_of, read_rig

    _, armature, _ = _open_avatar(options)
    rig = read_rig(armature)
    with suppress(ConductorError):
        map_of(armature, rig)
        return None
    return rig_map_file.map_template(rig)


def _open_avatar(options: argparse.Namespace) -> tuple[Any, Any, Character | str]:
    """Open the scene of an avatar's file, or an empty one.

    Returns
    -------
    scene : bpy.types.Scene
        The scene.
    armature : bpy.types.Object or None
        Who conducts of the file's own armatures; None where a conductor is to be built.
    who : Character or str
        Who is to be built then.
    """
    import bpy

    from .armature import read_rig
    from .avatar_file import open_avatar
    from .bone_map import store_map
    from .chosen_armature import find_armature
    from .scene import SUBJECT

    avatar = chosen_avatar(options.avatar) if options.avatar else DEFAULT_CONDUCTOR
    if isinstance(avatar, Path) and avatar.suffix.lower() != SUBJECT:
        scene = open_avatar(avatar, _warn)
        settings = scene.virtual_conductor
        if options.rig_output is not None:
            settings.rig_output = options.rig_output
        if options.mute_constraints:
            settings.mute_constraints = True
        armature = find_armature(scene, options.armature)
        if options.rig_map is not None:
            store_map(armature, rig_map_file.read_rig_map(options.rig_map, read_rig(armature)))
        return scene, armature, DEFAULT_CONDUCTOR
    who = Character.load(avatar.resolve()) if isinstance(avatar, Path) else avatar
    open_empty()
    return bpy.context.scene, None, who


def _warn(sentence: str) -> None:
    write_line(Line("warning", sentence))


def _decoded(
    music: Music, motion: Motion, python: Path | None, held: ExitStack, progress: Progress
) -> Music:
    """The music as Blender plays it in time, in a folder that `held` cleans up."""
    from .backend_python import detect

    python = python or detect()
    if python is None:
        _warn(
            f"Blender may play {music.path.name} some milliseconds off; install Virtual "
            "Conductor itself, or take a WAV or FLAC file."
        )
        return music
    folder = decoded_music(music, len(motion) / motion.fps, python=python, progress=progress)
    held.enter_context(folder)
    return replace(music, decoded=Path(folder.name) / "music.flac")


def frames(options: argparse.Namespace, progress: Progress) -> None:
    """Frames of a scene to numbered picture files."""
    from .render import render_frames

    render_frames(
        _open_for_render(options),
        options.out,
        numbers=range(options.start, options.end + 1, options.step),
        for_video=options.for_video,
        plate=options.plate,
        progress=progress,
    )


def video(options: argparse.Namespace, progress: Progress) -> None:
    """A scene to a video with its sound."""
    from .backend_python import detect
    from .graphics import slowness
    from .overlay_video import render_overlaid
    from .span import played_frames
    from .video import render_video

    overlays = chosen_overlays(options.overlay)
    scratch: Path | None = None
    scene = _open_for_render(options)
    engine = engine_of(options.quality, options.engine)
    if engine and (slow := slowness(engine, len(played_frames(scene)))):
        _warn(slow)

    def report(fraction: float, phase: str, /) -> None:
        try:
            progress(fraction, phase)
        except Cancelled:
            # Blender does not hear what a render handler raises, so there is no other way out.
            for rest in options.out.parent.glob(f".{options.out.stem}.*.part.mp4"):
                rest.unlink(missing_ok=True)
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)
            os._exit(EXIT_CANCELLED)

    if not overlays:
        render_video(scene, options.out, report)
        return
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as folder:
        scratch = Path(folder)
        render_overlaid(
            scene,
            options.out,
            overlays,
            python=options.python or detect(),
            scratch=scratch,
            progress=report,
        )


def guide(options: argparse.Namespace, progress: Progress) -> None:
    """The animation as evaluated, and the camera, for the likeness."""
    from .chosen_armature import find_armature
    from .guide_export import export_guide

    scene = open_scene(options.scene)
    _resize(scene, options.size)
    export_guide(scene, find_armature(scene), progress=progress).save(options.out)


def plate(options: argparse.Namespace, progress: Progress) -> None:
    """The scene without its conductor, as a picture."""
    from .scene import render_plate

    scene = _open_for_render(options)
    progress(0.1, "rendering the stage")
    render_plate(scene, options.out)


def info(options: argparse.Namespace, _progress: Progress) -> str:
    """What a scene holds, as JSON."""
    from .scene import describe

    return json.dumps(describe(open_scene(options.scene)))


def forecast(options: argparse.Namespace, _progress: Progress) -> str | None:
    """One sentence on a render that would take far longer here than it need, or nothing."""
    from .graphics import slowness

    engine = engine_of(options.quality, options.engine) or "workbench"
    return slowness(engine, options.frames)


def photo(options: argparse.Namespace, progress: Progress) -> None:
    """The sample portrait: a guest in an A-pose before a plain wall."""
    import bpy

    from .people.avatar import create_avatar
    from .people.portrait import render_portrait
    from .people.wardrobe import GUEST

    open_empty()
    progress(0.1, "rendering the portrait")
    scene = bpy.context.scene
    render_portrait(scene, create_avatar(scene, GUEST), options.out)


def thumbnail(options: argparse.Namespace, progress: Progress) -> None:
    """The picture that lists show of a conductor's asset."""
    import bpy

    from .stage.conductor import build_conductor
    from .stage.thumbnail import render_thumbnail

    open_empty()
    progress(0.1, "rendering the picture")
    scene = bpy.context.scene
    armature = build_conductor(scene, ConductorAsset.load(options.asset))
    render_thumbnail(scene, armature, options.out)


def people(options: argparse.Namespace, progress: Progress) -> None:
    """Photos and gesturing videos of made-up people with the truth, for `evaluate likeness`."""
    from .people.people import render_people

    render_people(
        options.out,
        count=options.count,
        seed=options.seed,
        frames=options.frames,
        progress=progress,
    )


def generate(options: argparse.Namespace, progress: Progress) -> str:
    """Music to a scene through the local server, as the panel does it; see `animate`."""
    from . import backend_python
    from .preferences import preferences_python
    from .rig_report import prepare_rig
    from .server_jobs import run_job
    from .timeline import motion_rate

    # A rig that cannot be animated is told of now, not after the listening.
    scene, armature, _ = _open_avatar(options)
    if armature is not None:
        prepare_rig(scene, armature, Path(options.avatar).name)
    fps = options.fps or (_USUAL_FPS if armature is None else motion_rate(scene))
    parameters = {
        "meter": options.meter,
        "tempo": options.tempo,
        "start": options.music_start,
        "duration": options.duration,
        "audio_track": options.audio_track,
        "seed": options.seed,
        "model": options.model,
        "style": options.style,
        "fps": fps,
        "face": options.face,
    }
    files = {"music": existing(options.music, "music")}
    if options.score is not None:
        files["score"] = existing(options.score, "score")
    python = options.python or backend_python.find(preferences_python())
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as scratch:
        options.motion = Path(scratch) / "motion.npz"
        for warning in run_job(
            *("motion", parameters, files, options.motion),
            python=python,
            progress=part(progress, 0.0, 0.7),
        ):
            _warn(warning)
        return animate(options, part(progress, 0.7, 1.0))


def _open_for_render(options: argparse.Namespace) -> Any:
    from .stage.looks import setup_render

    scene = open_scene(options.scene)
    if (engine := engine_of(options.quality, options.engine)) is not None:
        from .scene import render_size

        setup_render(scene, engine=engine, size=options.size or render_size(scene))
    else:
        _resize(scene, options.size)
    return scene


def _resize(scene: Any, size: tuple[int, int] | None) -> None:
    if size is not None:
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.resolution_percentage = 100
