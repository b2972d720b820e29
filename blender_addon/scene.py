"""What is known of a scene, and how a performance is put into it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.character import Character
from retarget.conductor_asset import DEFAULT_CONDUCTOR
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part

from .avatar_file import import_avatar
from .chosen_armature import find_armature, only_one, parts_of
from .engines import Engine
from .face_keys import key_face
from .gallery import mark_as_asset
from .keyframes import apply_motion
from .layers import vectors
from .render import render_still
from .restore import unchanged_on_failure
from .scene_sound import Music
from .span import first_frame, played_frames, preview
from .stage.baton import baton_kept_on_failure, hold_baton, leave_out_baton
from .stage.character import create_character
from .stage.conductor import create_conductor
from .stage.looks import setup_render
from .stage.scenery import build_stage
from .staging import Staging
from .timeline import (
    OURS,
    add_beat_markers,
    add_sound,
    frame_rate,
    frames_of,
    heard_at,
    read_beat_markers,
    set_timeline,
)

SUBJECT = ".subject"
"""Ending of the file of a `Character`."""


# Half the depth of a body, metres.
_BODY_M: Final = 0.15
_ENGINES: Final[dict[str, Engine]] = {
    "BLENDER_WORKBENCH": "workbench",
    "BLENDER_EEVEE": "eevee",
    "BLENDER_EEVEE_NEXT": "eevee",
    "CYCLES": "cycles",
}
_SOLID: Final = ("MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "POINTCLOUD", "VOLUME")


@dataclass(frozen=True)
class Sound:
    """The music of a scene.

    Parameters
    ----------
    path : Path
        The file, absolute.
    start : float
        Second of the file that is heard at the first frame that is played; below 0 where it starts
        later.
    track : int, optional
        Which of its sound tracks, from 1 on; its default track if not given.
    """

    path: Path
    start: float
    track: int | None = None


def render_size(scene: Any) -> tuple[int, int]:
    """Width and height of the rendered picture in pixels."""
    render = scene.render
    scale = render.resolution_percentage / 100.0
    return int(render.resolution_x * scale), int(render.resolution_y * scale)


def engine_name(scene: Any) -> Engine | None:
    """The scene's render engine by our name for it; None for another one."""
    return _ENGINES.get(scene.render.engine)


def find_sound(scene: Any) -> Sound | None:
    """The music, or else the first sound strip that is not muted; None without one."""
    if scene.sequence_editor is None:
        return None
    strips = [s for s in scene.sequence_editor.strips if s.type == "SOUND" and not s.mute]
    if not strips:
        return None
    strip = min(strips, key=lambda s: (OURS not in s, s.frame_final_start, s.channel))
    return Sound(*heard_at(scene, strip))


def describe(scene: Any) -> dict[str, Any]:
    """Frame rate, played frames, size, engine, camera, armature, sound and beats, as JSON values.

    A beat is its time in seconds after the first frame that is played, and its number in the bar.
    """
    sound = find_sound(scene)
    frames = played_frames(scene)
    armature = None
    with suppress(ConductorError):
        armature = find_armature(scene).name
    return {
        "fps": frame_rate(scene),
        "frame_start": frames.start,
        "frame_end": frames.stop - 1,
        "size": list(render_size(scene)),
        "engine": engine_name(scene),
        "camera": scene.camera.name if scene.camera else None,
        "armature": armature,
        "sound": str(sound.path) if sound else None,
        "sound_start": sound.start if sound else 0.0,
        "sound_track": sound.track if sound else None,
        "beats": _beats(scene),
    }


def _beats(scene: Any) -> list[list[float]]:
    """Rows of time and number; bars are counted from the performance's first beat on."""
    played = played_frames(scene).start
    first = min(first_frame(scene), played)
    times, numbers = read_beat_markers(scene, first)
    later = (played - first) / frame_rate(scene)
    return [[time - later, number] for time, number in zip(times, numbers.tolist(), strict=True)]


def add_avatar(
    scene: Any, who: Character | Path | str = DEFAULT_CONDUCTOR, staging: Staging | None = None
) -> Any:
    """Build or import the conductor; where there is no scene yet, stage, lights and camera too.

    A scene has none as long as it lacks a camera, or is the one Blender starts with: then the
    cube, the lamp and the camera of that scene make room.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes.
    who : Character, Path or str
        The person of a photo, an FBX, glTF or VRM file, or the name of a built-in conductor.
    staging : Staging, optional
        The stage, lights and camera to build where there are none.

    Returns
    -------
    bpy.types.Object
        The armature; it is also the panel's choice from now on.
    """
    with unchanged_on_failure(scene):
        built = _build_conductor(scene, who)
        if built.needs_stage:
            _build_stage(scene, built, None, staging)
        if built.owns_scene:
            setup_render(scene, engine="workbench", size=render_size(scene))
    _settle(scene, built)
    return built.armature


def replace_avatar(scene: Any, character: Character) -> Any:
    """Build the person of a photo where the avatar stood, which is hidden and keeps its animation.

    Returns
    -------
    bpy.types.Object
        The new armature; it is also the panel's choice from now on.
    """
    before = scene.virtual_conductor.avatar
    armature = add_avatar(scene, character)
    if before is not None:
        for item in parts_of(scene, before):
            item.hide_render = item.hide_viewport = True
    return armature


def perform(
    scene: Any,
    armature: Any,
    motion: Motion,
    *,
    who: Character | str = DEFAULT_CONDUCTOR,
    music: Music | None = None,
    staging: Staging | None = None,
    own_timeline: bool = False,
    progress: Progress = no_progress,
) -> tuple[str, ...]:
    """Put a performance into a scene: Actions, beat markers, sound, and when it is played.

    A conductor that is built gets stage, lights and camera where there are none. A scene that
    began with them takes the motion's frame rate and range. Another one is the user's: it keeps
    frame rate, range, current frame and everything else, and previews the performance's frames.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it is conducted.
    armature : bpy.types.Object or None
        The conductor; None builds one.
    motion : Motion
        The performance.
    who : Character or str
        The person of a photo, or the name of the built-in conductor, to build where there is no
        armature.
    music : Music, optional
        Its sound.
    staging : Staging, optional
        Which stage and camera; an armature of the scene's own gets them only if this is given.
    own_timeline : bool
        Whether the user's scene, too, takes the motion's frame rate and range.

    Returns
    -------
    tuple of str
        What the user should know, in sentences.

    Raises
    ------
    ConductorError
        If the armature's bones cannot be made out; the scene is then as it was.
    Cancelled
        If the progress callback asked to stop; the scene is then as it was.
    """
    built = None
    notes: tuple[str, ...] = ()
    settings, first = scene.virtual_conductor, first_frame(scene)
    with unchanged_on_failure(scene, armature), baton_kept_on_failure(armature):
        if armature is None:
            progress(0.0, "building the avatar")
            built = _build_conductor(scene, who)
            armature = built.armature
        owns = settings.owns_timeline or (built is not None and built.owns_scene)
        if owns or own_timeline:
            set_timeline(scene, motion, frame_start=first)
            scene.frame_set(first)
        else:
            notes = _preview(scene, frames_of(scene, motion, first))
        keyed = apply_motion(
            scene,
            armature,
            motion,
            frame_start=first,
            output=settings.rig_output,
            mute=settings.mute_constraints,
            progress=part(progress, 0.3, 0.85),
        )
        key_face(scene, armature, motion, frame_start=first, progress=part(progress, 0.85, 0.95))
        # Before the stage: its cameras frame the baton too.
        if settings.baton:
            hold_baton(scene, armature, motion, first)
        if built is not None and built.needs_stage:
            _build_stage(scene, built, motion, staging)
        elif built is None and staging is not None:
            build_stage(scene, armature, motion, frame_start=first, staging=staging)
        if built is not None and built.owns_scene:
            setup_render(scene, engine="workbench", size=render_size(scene))
        progress(1.0, "writing the keys")
        # Last, for it replaces a strip only if nothing fails; nothing after it does.
        if music is not None:
            add_sound(scene, music, frame_start=first)
    add_beat_markers(scene, motion, frame_start=first)
    if built is not None:
        _settle(scene, built)
    settings.avatar, settings.first_frame = armature, first
    for layer in scene.view_layers:
        layer.update()
    return (*keyed.notes, *notes)


def _preview(scene: Any, frames: range) -> tuple[str, ...]:
    """Have the user's scene play some frames; says so where they are not its range."""
    if frames == played_frames(scene):
        return ()
    preview(scene, frames)
    return (
        f"The scene keeps its range, {scene.frame_start} to {scene.frame_end}; the performance is "
        f"its preview range, {frames[0]} to {frames[-1]}. Set Frame Range (--set-range) changes "
        "that.",
    )


def render_plate(scene: Any, path: Path) -> None:
    """Render the first frame that is played, without the conductor, as a background.

    What stands before the conductor, the music stand say, is left out too: somebody who is drawn
    over the picture would hide its middle alone.
    """
    armature = find_armature(scene)
    left_out = parts_of(scene, armature) | _before(scene, armature)
    hidden = [item for item in left_out if not item.hide_render]
    before, between = scene.frame_current, scene.frame_subframe
    for item in hidden:
        item.hide_render = True
    try:
        scene.frame_set(played_frames(scene).start)
        render_still(scene, path)
    finally:
        scene.frame_set(before, subframe=between)
        for item in hidden:
            item.hide_render = False


def beat_table(scene: Any, start: float) -> str:
    """The scene's beat markers as the text of a beat file.

    Parameters
    ----------
    start : float
        Second of the music at the performance's first frame.

    Raises
    ------
    ConductorError
        If there are no such markers.
    """
    times, numbers = read_beat_markers(scene, first_frame(scene))
    if not len(times):
        raise ConductorError(
            "The scene has no beat markers; generate once, or add markers named 1, 2, 3 and so on."
        )
    rows = zip(times.tolist(), numbers.tolist(), strict=True)
    return "".join(f"{start + time:.6f}\t{number}\n" for time, number in rows)


@dataclass(frozen=True)
class _Built:
    armature: Any
    needs_stage: bool
    """Whether it comes with stage, lights and camera."""
    owns_scene: bool
    """Whether nothing was there before, so that the scene is ours."""
    startup: list[Any]
    """Objects that have to make room for it."""


def _build_conductor(scene: Any, who: Character | Path | str) -> _Built:
    startup = _startup_objects(scene)
    is_ours = bool(startup) or _is_empty(scene)
    if isinstance(who, Path):
        added = import_avatar(scene, who, takes_rate=is_ours)
        armature = only_one(scene, [item for item in added if item.type == "ARMATURE"])
    elif isinstance(who, str):
        armature = create_conductor(scene, who)
        mark_as_asset(armature.users_collection[0], who)
    else:
        armature = create_character(scene, who)
    if not isinstance(who, Path) and not scene.virtual_conductor.baton:
        leave_out_baton(armature)
    return _Built(armature, scene.camera is None or bool(startup), is_ours, startup)


def _build_stage(scene: Any, built: _Built, motion: Motion | None, staging: Staging | None) -> None:
    """The stage of a conductor that was built; its camera replaces that of a startup scene."""
    if built.startup:
        scene.camera = None
    first = first_frame(scene)
    build_stage(scene, built.armature, motion, frame_start=first, staging=staging)


def _settle(scene: Any, built: _Built) -> None:
    """The last steps of building, after everything that may fail."""
    if built.startup:
        bpy.data.batch_remove(built.startup)
    settings = scene.virtual_conductor
    settings.avatar = built.armature
    settings.owns_timeline = settings.owns_timeline or built.owns_scene


def _is_empty(scene: Any) -> bool:
    """Whether there is nothing in a scene, no cut film either."""
    editor = scene.sequence_editor
    return not scene.objects and not (editor and len(editor.strips_all))


def _startup_objects(scene: Any) -> list[Any]:
    """The objects of Blender's startup scene if nothing else is there, else none.

    Whether it has been saved meanwhile tells nothing; whether the cube is the startup scene's does.
    """
    there = {item.name: item.type for item in scene.objects}
    if there != {"Cube": "MESH", "Light": "LIGHT", "Camera": "CAMERA"}:
        return []
    cube = scene.objects["Cube"]
    corners = vectors(cube.data.vertices, "co")
    is_own = len(corners) == 8 and bool(np.allclose(np.abs(corners), 1.0))
    moved = cube.parent is not None or not np.allclose(np.array(cube.matrix_basis), np.eye(4))
    changed = moved or len(cube.modifiers) or any(item.animation_data for item in scene.objects)
    return [] if changed or not is_own else list(scene.objects)


def _before(scene: Any, armature: Any) -> set[Any]:
    """Objects that stand wholly between the camera and the conductor."""
    if scene.camera is None:
        return set()
    view = np.array(scene.camera.matrix_world.normalized().inverted())

    def depths(thing: Any, points: Any) -> NDArray[np.float64]:
        place = view @ np.array(thing.matrix_world)
        return -(np.array(points) @ place[2, :3] + place[2, 3])

    # At rest the arms reach neither forwards nor back.
    conductor = depths(armature, [bone.head_local for bone in armature.data.bones]).mean()
    return {
        item
        for item in scene.objects
        if item.type in _SOLID and depths(item, item.bound_box).max() < conductor - _BODY_M
    }
