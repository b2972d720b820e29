"""Videos of a scene file as it is now, edits and all: its animation, and a person's likeness."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backend.animation import Music
from backend.blender_sessions import Blender
from backend.content_hash import hash_of_scenes
from backend.folders import check_outputs, scratch_folder, sole_use
from backend.kept_subject import KEPT, subject_in
from backend.options import LikenessOptions, check_alpha, format_of
from backend.overlay.animation import make_animation, plain_of
from backend.overlay.scene import scene_overlay
from backend.pipeline import render_likeness
from backend.scenes import even_size, export_guide, scene_info, slowness
from backend.subject_child import make_subject_apart
from backend.subject_request import SubjectRequest, read_subject
from blender_addon.engines import Engine
from blender_addon.overlays import OverlayName
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part


def animation_of_scene(
    blend: Path,
    out: Path,
    *,
    engine: Engine | None = None,
    size: tuple[int, int] | None = None,
    overlays: tuple[OverlayName, ...] = (),
    tell: Callable[[str], None] = lambda sentence: None,
    progress: Progress = no_progress,
) -> list[str]:
    """Render a scene file to a video with the scene's own sound.

    Frames of a try that was stopped are kept in a hidden folder beside `out` while neither scene
    nor options change.

    Parameters
    ----------
    blend : Path
        The scene.
    out : Path
        The .mp4 to write.
    engine : {"workbench", "eevee", "cycles"}, optional
        Who renders it; if not given, the scene's own engine with its own settings.
    size : (int, int), optional
        Width and height in pixels, even; the scene's own if not given.
    overlays : tuple of str
        What is drawn over it.
    tell : callable
        Hears at once, in one sentence, that the render will take far longer than it need.

    Returns
    -------
    list of str
        Warnings.

    Raises
    ------
    ConductorError
        If the scene is missing, cannot be opened or has no camera, or `out` cannot be written.
    Cancelled
        If the progress callback asked to stop; frames that are done stay.
    """
    if out.suffix.lower() != ".mp4":
        raise ConductorError(f"{out.name} does not end like a video; let it end in .mp4.")
    _check_paths(blend, out)
    with Blender() as blender, sole_use(out.parent), scratch_folder() as scratch:
        info = scene_info(blender, blend)
        music, warnings = _sound(info)
        warnings += _missing_beats(overlays, info)
        frames = int(info["frame_end"]) - int(info["frame_start"]) + 1
        if engine is not None and (slow := slowness(blender, engine, frames)):
            tell(slow)
        size = size or even_size(info)
        guide = scratch / "guide.npz"
        if overlays:
            export_guide(blender, blend, size, guide, part(progress, 0.0, 0.05))
        make_animation(
            blender,
            blend,
            out,
            info=info,
            size=size,
            engine=engine,
            music=music,
            stamp=_stamp(blend, music, engine, size),
            overlay=scene_overlay(overlays, guide, info),
            # The scene's folder is where `conduct` keeps such; other places get no hidden file.
            plain=plain_of(out) if out.parent.samefile(blend.parent) else scratch / "plain.mp4",
            progress=part(progress, 0.05, 1.0),
        )
    progress(1.0, "done")
    return warnings


def likeness_of_scene(
    blend: Path,
    person: SubjectRequest,
    out: Path,
    *,
    background: str = "photo",
    format_name: str | None = None,
    size: tuple[int, int] | None = None,
    overlays: tuple[OverlayName, ...] = (),
    progress: Progress = no_progress,
) -> list[str]:
    """The likeness video of a scene file, with the scene's own sound and size.

    The format is what the ending of `out` says; `format_name` may not contradict it.

    Returns
    -------
    list of str
        Warnings.
    """
    LikenessOptions(background=background, size=size)
    check_alpha(background, format_of(out, format_name))
    _check_paths(blend, out)
    if person.is_made:
        # What cannot be had of a made person costs nothing to tell.
        read_subject(person)
    reading = part(progress, 0.05, 0.3)
    with Blender(renderers=1) as blender, scratch_folder() as scratch:
        info = scene_info(blender, blend)
        size = size or even_size(info)
        # A scene in which nobody conducts is told of now, not after the photo is read.
        guide = scratch / "guide.npz"
        export_guide(blender, blend, size, guide, part(progress, 0.0, 0.05))
        # The scene's folder is where `conduct` left the person; other places get no hidden file.
        if (blend.parent / KEPT).is_file():
            subject, notes = subject_in(blend.parent, person, scratch, reading)
        else:
            subject = scratch / "me.subject"
            notes = make_subject_apart(person, subject, reading)
        music, unheard = _sound(info)
        unheard += _missing_beats(overlays, info)
        drawn = render_likeness(
            blender,
            blend,
            subject,
            out,
            music=music,
            background=background,
            size=size,
            overlays=overlays,
            beats=info["beats"],
            guide=guide,
            progress=part(progress, 0.3, 1.0),
        )
    return list(dict.fromkeys([*notes, *unheard, *drawn]))


def _check_paths(blend: Path, out: Path) -> None:
    if not blend.is_file():
        raise ConductorError(f"The scene {blend} does not exist; check the path.")
    check_outputs(out)


def _sound(info: dict[str, Any]) -> tuple[Music | None, list[str]]:
    """The sound of a scene, and a warning if its file is gone."""
    if not info["sound"]:
        return None, []
    music = Music(Path(info["sound"]), float(info["sound_start"]), info["sound_track"])
    if music.path.is_file():
        return music, []
    return None, [f"The scene's sound {music.path} is not there, so the video is silent."]


def _missing_beats(overlays: tuple[OverlayName, ...], info: dict[str, Any]) -> list[str]:
    """A sentence if beats are to be drawn and the scene has none."""
    if "beats" not in overlays or info["beats"]:
        return []
    return ["The scene has no beat markers, so --overlay beats draws nothing."]


def _stamp(blend: Path, music: Music | None, engine: Engine | None, size: tuple[int, int]) -> str:
    digest = hashlib.sha256(blend.read_bytes())
    if music is not None:
        with music.path.open("rb") as sound:
            digest.update(hashlib.file_digest(sound, "sha256").digest())
        digest.update(repr((music.start, music.track)).encode())
    digest.update(repr((engine, size, hash_of_scenes(), version("bpy"))).encode())
    return digest.hexdigest()
