"""Scenes and animations, made by Blender in child processes."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.child import Child, ChildDiedError, run_children
from backend.folders import make_folder
from backend.motion_request import MotionRequest
from backend.subject_request import SUBJECT
from backend.video import Footage, encode, video_comment
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part


@dataclass(frozen=True)
class SceneOptions:
    """How the scene is made and seen.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, even.
    engine : str
        "workbench", "cycles" or "eevee".
    avatar : Path or str, optional
        A .blend file with the armature to animate, or a `.subject` file; "photo" is the person of
        the photo; another word is the name of a built-in conductor, None the default one.
    """

    size: tuple[int, int] = (960, 540)
    engine: str = "workbench"
    avatar: Path | str | None = None


def check_avatar(avatar: Path) -> None:
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
        if scene_info(avatar)["armature"] is None:
            raise ConductorError(
                f"{avatar.name} has no armature to animate; choose a .blend file with a rigged "
                "person."
            )


def make_scene(
    motion: Path,
    request: MotionRequest,
    out: Path,
    scene: SceneOptions,
    progress: Progress = no_progress,
) -> list[str]:
    """Build the Blender scene of a motion in a child process; returns its warnings."""
    command = ["animate", "--motion", str(motion), "--music", str(request.music.resolve())]
    command += ["--music-start", str(request.start), "--out", str(out)]
    command += ["--python", sys.executable]
    command += ["--engine", scene.engine, "--size", f"{scene.size[0]}x{scene.size[1]}"]
    if request.audio_track is not None:
        command += ["--audio-track", str(request.audio_track)]
    if scene.avatar is not None:
        command += ["--avatar", str(scene.avatar)]
    with crash_blamed_on(scene.avatar):
        return blender(*command, name="building the scene").wait(progress)[1]


def scene_info(blend: Path) -> dict[str, Any]:
    """Frame rate, frame range, size, camera, armature and sound of a scene."""
    results, _ = blender("info", "--scene", str(blend), name="reading the scene").wait()
    info: dict[str, Any] = json.loads(results[0])
    return info


def render_animation(
    blend: Path,
    out: Path,
    *,
    music: Path | None,
    start: float,
    track: int | None = None,
    scene: SceneOptions,
    stamp: str,
    progress: Progress = no_progress,
) -> None:
    """Render every frame of a scene, one process per core, and write the video.

    `stamp` says what the video shows: frames of an earlier try with the same stamp are kept, and
    so is a finished video.
    """
    if video_comment(out) == stamp:
        progress(1.0, "the animation is there")
        return
    info = scene_info(blend)
    first, last = int(info["frame_start"]), int(info["frame_end"])
    count = last - first + 1
    frames = out.with_name(f".{out.stem}.frames")
    _start_frames(frames, stamp)
    workers = max(1, min(os.cpu_count() or 1, count))
    borders = [first + count * i // workers for i in range(workers + 1)]
    size = f"{scene.size[0]}x{scene.size[1]}"
    children = [
        blender(
            *("frames", "--scene", str(blend), "--out", str(frames)),
            *("--start", str(a), "--end", str(b - 1), "--engine", scene.engine, "--size", size),
            "--for-video",
            name="rendering",
        )
        for a, b in pairwise(borders)
    ]
    run_children(children, part(progress, 0.0, 0.93))
    footage = Footage(
        (_read_frame(frames, number, scene.size) for number in range(first, last + 1)),
        fps=float(info["fps"]),
        size=scene.size,
        count=count,
        audio=music,
        audio_start=start,
        audio_track=track,
        comment=stamp,
    )
    encode(footage, out, part(progress, 0.93, 1.0))
    shutil.rmtree(frames, ignore_errors=True)


def blender(verb: str, *arguments: str, name: str) -> Child:
    """A child process with bpy that does one verb of the extension's headless commands."""
    command = [sys.executable, "-m", "blender_addon.commands", verb, *arguments, "--parent-pipe"]
    return Child(command, name, env={"PYTHONUNBUFFERED": "1"})


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


def _start_frames(frames: Path, stamp: str) -> None:
    """Keep frames of an earlier try only if they show the same scene in the same way."""
    note = frames / "stamp.txt"
    if not note.is_file() or note.read_text(encoding="utf-8") != stamp:
        shutil.rmtree(frames, ignore_errors=True)
        make_folder(frames)
        note.write_text(stamp, encoding="utf-8")


def _read_frame(frames: Path, number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A rendered frame at the video's size, (H, W, 3) RGB."""
    path = next(frames.glob(f"{number:06d}.*"))
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ConductorError(f"The rendered frame {path} cannot be read; delete it and try again.")
    if pixels.shape[1::-1] != size:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
