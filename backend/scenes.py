"""Scenes, made and read by Blender in a child process."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.blender_sessions import Blender
from backend.child import ChildDiedError
from backend.motion_request import MotionRequest
from backend.subject_request import SUBJECT
from blender_addon.engines import Engine
from blender_addon.staging import Staging
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress


@dataclass(frozen=True)
class SceneOptions:
    """How the scene is made and seen.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, even.
    engine : {"workbench", "eevee", "cycles"}
        Who renders it.
    avatar : Path or str, optional
        A .blend file with the armature to animate, or a `.subject` file; "photo" is the person of
        the photo; another word is the name of a built-in conductor, None the default one.
    staging : Staging
        Stage and camera.
    baton : bool
        Whether the conductor holds a baton.
    """

    size: tuple[int, int] = (960, 540)
    engine: Engine = "workbench"
    avatar: Path | str | None = None
    staging: Staging = field(default_factory=Staging)
    baton: bool = True


def check_avatar(blender: Blender, avatar: Path) -> None:
    """Try a .blend or `.subject` file with somebody to animate before anything is made for it.

    Raises
    ------
    ConductorError
        If it is missing or damaged, Blender crashes on it, or nobody is in it.
    """
    if not avatar.is_file():
        raise ConductorError(f"The avatar {avatar} does not exist; check the path.")
    if avatar.suffix.lower() == SUBJECT:
        Character.load(avatar)
        return
    with crash_blamed_on(avatar):
        if scene_info(blender, avatar)["armature"] is None:
            raise ConductorError(
                f"{avatar.name} has no armature to animate; choose a .blend file with a rigged "
                "person."
            )


def make_scene(
    blender: Blender,
    motion: Path,
    request: MotionRequest,
    out: Path,
    scene: SceneOptions,
    progress: Progress = no_progress,
) -> tuple[dict[str, Any], list[str]]:
    """Build the Blender scene of a motion; returns what `scene_info` says of it, and warnings."""
    options = ["--motion", str(motion), "--music", str(request.music.resolve())]
    options += ["--music-start", str(request.start), "--out", str(out)]
    options += ["--python", sys.executable]
    options += ["--engine", scene.engine, "--size", size_text(scene.size)]
    if request.audio_track is not None:
        options += ["--audio-track", str(request.audio_track)]
    if scene.avatar is not None:
        options += ["--avatar", str(scene.avatar)]
    staging = scene.staging
    if staging.stage is not None:
        options += ["--stage", staging.stage]
    if staging.camera is not None:
        options += ["--camera", staging.camera]
    if staging.camera_move:
        options += ["--camera-move"]
    if not scene.baton:
        options += ["--no-baton"]
    with crash_blamed_on(scene.avatar):
        results, warnings = blender.do(
            "animate", *options, name="building the scene", progress=progress
        )
    return json.loads(results[0]), warnings


def scene_info(blender: Blender, blend: Path) -> dict[str, Any]:
    """Frame rate, frame range, size, camera, armature and sound of a scene."""
    results, _ = blender.do("info", "--scene", str(blend), name="reading the scene")
    info: dict[str, Any] = json.loads(results[0])
    return info


def export_guide(
    blender: Blender,
    blend: Path,
    size: tuple[int, int],
    out: Path,
    progress: Progress = no_progress,
) -> None:
    """The scene's animation as it is now, and its camera, for pictures of this size."""
    blender.do(
        *("guide", "--scene", str(blend), "--size", size_text(size), "--out", str(out)),
        name="reading the animation",
        progress=progress,
    )


def slowness(blender: Blender, engine: Engine, frames: int) -> str | None:
    """One sentence on a render that would take far longer here than it need, or None."""
    results, _ = blender.do(
        *("forecast", "--engine", engine, "--frames", str(frames)), name="starting to draw"
    )
    return results[0] if results else None


def size_text(size: tuple[int, int]) -> str:
    """A size as options take it: "960x540"."""
    return f"{size[0]}x{size[1]}"


@contextmanager
def crash_blamed_on(avatar: Path | str | None) -> Iterator[None]:
    """A crash of Blender with somebody's own avatar is that file's fault."""
    try:
        yield
    except ChildDiedError as error:
        if not isinstance(avatar, Path) or avatar.suffix.lower() == SUBJECT:
            raise
        raise ConductorError(
            f"Blender crashes on {avatar.name}; open it in Blender, save it anew and try again, or "
            "choose another avatar."
        ) from error
