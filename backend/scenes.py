"""Scenes, made and read by Blender in a child process."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from backend.blender_sessions import Blender
from backend.child import ChildDiedError
from backend.motion_request import MotionRequest
from backend.subject_request import SUBJECT
from blender_addon.engines import Engine
from blender_addon.outputs import Output
from blender_addon.staging import Staging
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

USUAL_SIZE: Final = (960, 540)
"""Width and height of the picture where nothing says another."""


@dataclass(frozen=True)
class SceneOptions:
    """How the scene is made and seen.

    Parameters
    ----------
    size : (int, int), optional
        Width and height in pixels, even; if not given, the avatar's file's own or `USUAL_SIZE`.
    engine : {"workbench", "eevee", "cycles"}, optional
        Who renders it; if not given, the avatar's file's own or Workbench.
    avatar : Path or str, optional
        A .blend, FBX, glTF or VRM file with the armature to animate, or a `.subject` file; "photo"
        is the person of the photo; another word is the name of a built-in conductor, None the
        default one.
    armature : str, optional
        Name of the armature in the avatar's file that conducts.
    rig_map : Path, optional
        Which of its bones play which joints (`retarget.rig_map_file`); if not given, what the
        avatar's file says, else they are detected.
    rig_output : {"auto", "fk", "ik"}, optional
        What of arms and legs is keyed; what the avatar's file says if not given.
    mute_constraints : bool
        Whether constraints that would turn bones away from the motion are muted.
    fps : float, optional
        Frames per second that an avatar's file takes; if not given, it keeps its own.
    set_range : bool
        Whether an avatar's file, too, takes the motion's frame rate and range.
    staging : Staging
        Stage and camera.
    baton : bool
        Whether the conductor holds a baton.
    """

    size: tuple[int, int] | None = None
    engine: Engine | None = None
    avatar: Path | str | None = None
    armature: str | None = None
    rig_map: Path | None = None
    rig_output: Output | None = None
    mute_constraints: bool = False
    fps: float | None = None
    set_range: bool = False
    staging: Staging = field(default_factory=Staging)
    baton: bool = True

    @property
    def is_own(self) -> bool:
        """Whether the avatar comes with a scene of the user's own."""
        return isinstance(self.avatar, Path) and self.avatar.suffix.lower() != SUBJECT


def check_avatar(blender: Blender, scene: SceneOptions) -> dict[str, Any] | None:
    """Try an avatar's file before anything is made for it.

    Returns
    -------
    dict or None
        What `blender_addon.rig_report.report_rig` says of a scene of the user's own.

    Raises
    ------
    ConductorError
        If it is missing or damaged, Blender crashes on it, or nobody in it can be animated.
    """
    if not isinstance(scene.avatar, Path):
        return None
    if not scene.avatar.is_file():
        raise ConductorError(f"The avatar {scene.avatar} does not exist; check the path.")
    if not scene.is_own:
        Character.load(scene.avatar)
        return None
    with crash_blamed_on(scene.avatar):
        results, _ = blender.do("check_rig", *_avatar_options(scene), name="reading the avatar")
    report: dict[str, Any] = json.loads(results[0])
    return report


def map_template(blender: Blender, scene: SceneOptions) -> str | None:
    """A bone map to fill in for an avatar whose bones cannot be told; None where they can."""
    with crash_blamed_on(scene.avatar):
        results, _ = blender.do("map_template", *_avatar_options(scene), name="reading the avatar")
    return results[0] if results else None


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
    options += _avatar_options(scene)
    if scene.engine is not None:
        options += ["--engine", scene.engine]
    if scene.size is not None:
        options += ["--size", size_text(scene.size)]
    if scene.fps is not None:
        options += ["--fps", repr(scene.fps)]
    if scene.set_range:
        options += ["--set-range"]
    if request.audio_track is not None:
        options += ["--audio-track", str(request.audio_track)]
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


def _avatar_options(scene: SceneOptions) -> list[str]:
    """Who conducts, as options of `animate` and `check_rig`."""
    options = [] if scene.avatar is None else ["--avatar", str(scene.avatar)]
    if scene.armature is not None:
        options += ["--armature", scene.armature]
    if scene.rig_map is not None:
        options += ["--rig-map", str(scene.rig_map.resolve())]
    if scene.rig_output is not None:
        options += ["--rig-output", scene.rig_output]
    if scene.mute_constraints:
        options += ["--mute-constraints"]
    return options


def scene_info(blender: Blender, blend: Path) -> dict[str, Any]:
    """What `blender_addon.scene.describe` says of a scene."""
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


def even_size(info: dict[str, Any]) -> tuple[int, int]:
    """The size of a scene's pictures as a video can have it: H.264 wants even sides."""
    width, height = info["size"]
    return int(width) // 2 * 2, int(height) // 2 * 2


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
