"""Music and a photo to everything: motion, scene, animation, likeness, report."""

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend import __version__
from backend.child import Child, run_children
from backend.likeness_request import LikenessRequest, make_likeness
from backend.motion_request import MotionRequest, make_motion
from backend.options import LikenessOptions
from backend.video import encode, video_comment
from pose_transfer.subject import read_subject
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part

ENGINES: Final = ("workbench", "cycles", "eevee")
_REPORTED_PACKAGES: Final = ("bpy", "torch", "librosa", "numpy", "mediapipe", "av")
# Seconds per frame at 960 x 540 on two cores, for the shares of the progress bar alone.
_RENDER_WEIGHT, _LIKENESS_WEIGHT = 0.2, 0.05


@dataclass(frozen=True)
class SceneOptions:
    """How the scene is made and seen.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, even.
    engine : str
        "workbench", "cycles" or "eevee".
    avatar : Path, optional
        A .blend file with the armature to animate; None builds the conductor.
    """

    size: tuple[int, int] = (960, 540)
    engine: str = "workbench"
    avatar: Path | None = None


@dataclass
class Report:
    """What was made, how, and how long each part took; written as `report.json`."""

    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase."""
        began = time.monotonic()
        yield
        self.timings_s[name] = round(time.monotonic() - began, 2)

    def save(self, path: Path) -> None:
        """Write the report."""
        content = {
            "program": f"virtual-conductor {__version__}",
            "versions": {name: version(name) for name in _REPORTED_PACKAGES}
            | {"python": platform.python_version()},
            **self.details,
            "timings_s": self.timings_s,
            "warnings": self.warnings,
        }
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def conduct_everything(
    request: MotionRequest,
    folder: Path,
    *,
    photo: Path | None = None,
    background: str = "photo",
    scene: SceneOptions = SceneOptions(),
    progress: Progress = no_progress,
) -> Report:
    """Make motion, beat table, scene, animation, likeness and report in `folder`.

    What can fail is tried early: the photo is read before anything is rendered. Results appear
    in the folder one by one, each whole. Frames already rendered for the same scene are kept in
    a hidden folder beside them, so that the same command goes on where it was stopped.

    Raises
    ------
    ConductorError, Cancelled
        As the parts do. Files that were finished before stay.
    """
    LikenessOptions(background=background, size=scene.size)
    if scene.avatar is not None and not scene.avatar.is_file():
        raise ConductorError(f"The avatar {scene.avatar} does not exist; check the path.")
    with output_folder(folder):
        return _conduct_into(
            folder, request, photo=photo, background=background, scene=scene, progress=progress
        )


def _conduct_into(
    folder: Path,
    request: MotionRequest,
    *,
    photo: Path | None,
    background: str,
    scene: SceneOptions,
    progress: Progress,
) -> Report:
    report = Report()
    has_photo = photo is not None
    if photo is not None:
        with report.phase("reading the photo"):
            report.warnings += read_subject(photo, progress=part(progress, 0.0, 0.02)).warnings

    with report.phase("motion"):
        made = make_motion(request, part(progress, 0.02, 0.08))
        made.motion.save(folder / "motion.npz")
        made.grid.save(folder / "beats.txt")
    report.warnings += made.warnings
    report.details |= {
        "music": request.music.name,
        "seed": request.seed,
        "style": made.motion.style,
        "fps": made.motion.fps,
        "frames": len(made.motion),
        "beats": len(made.grid),
        "tempo_bpm": round(made.grid.tempo, 1),
        "size": list(scene.size),
        "engine": scene.engine,
    }

    blend = folder / "scene.blend"
    with report.phase("scene"):
        report.warnings += make_scene(
            folder / "motion.npz", request, blend, scene, part(progress, 0.08, 0.12)
        )

    border = 0.99
    if has_photo:
        border = 0.12 + 0.87 * _RENDER_WEIGHT / (_RENDER_WEIGHT + _LIKENESS_WEIGHT)
    with report.phase("rendering"):
        render_animation(
            blend,
            folder / "animation.mp4",
            music=request.music,
            start=request.start,
            scene=scene,
            stamp=_stamp(folder / "motion.npz", request, scene),
            progress=part(progress, 0.12, border),
        )
    if photo is not None:
        with report.phase("likeness"):
            report.warnings += render_likeness(
                blend,
                photo,
                folder / "likeness.mp4",
                music=request.music,
                start=request.start,
                background=background,
                size=scene.size,
                progress=part(progress, border, 0.99),
            )
    report.warnings = list(dict.fromkeys(report.warnings))
    names = ("motion.npz", "beats.txt", "scene.blend", "animation.mp4")
    report.files = [folder / name for name in (*names, *(["likeness.mp4"] if has_photo else []))]
    report.save(folder / "report.json")
    report.files.append(folder / "report.json")
    progress(1.0, "done")
    return report


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
    command += ["--engine", scene.engine, "--size", f"{scene.size[0]}x{scene.size[1]}"]
    if scene.avatar is not None:
        command += ["--avatar", str(scene.avatar)]
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
    encode(
        (_read_frame(frames, number, scene.size) for number in range(first, last + 1)),
        out,
        fps=float(info["fps"]),
        size=scene.size,
        count=count,
        audio=music,
        audio_start=start,
        comment=stamp,
        progress=part(progress, 0.93, 1.0),
    )
    shutil.rmtree(frames, ignore_errors=True)


def render_likeness(
    blend: Path,
    photo: Path,
    out: Path,
    *,
    music: Path | None,
    start: float,
    background: str,
    size: tuple[int, int],
    progress: Progress = no_progress,
) -> list[str]:
    """The likeness video of a scene as it is now, edits and all; returns warnings."""
    size_text = f"{size[0]}x{size[1]}"
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as scratch:
        guide, plate = Path(scratch) / "guide.npz", Path(scratch) / "plate.png"
        blender(
            *("guide", "--scene", str(blend), "--out", str(guide), "--size", size_text),
            name="reading the animation",
        ).wait(part(progress, 0.0, 0.1))
        Guide.load(guide)
        if background == "stage":
            blender(
                *("plate", "--scene", str(blend), "--out", str(plate), "--size", size_text),
                name="rendering the stage",
            ).wait(part(progress, 0.1, 0.15))
        request = LikenessRequest(
            guide=guide,
            photo=photo,
            music=music,
            start=start,
            background=background,
            plate=plate if background == "stage" else None,
            size=size,
        )
        return list(make_likeness(request, out, part(progress, 0.15, 1.0)).warnings)


def likeness_of_scene(
    blend: Path,
    photo: Path,
    out: Path,
    *,
    background: str = "photo",
    size: tuple[int, int] | None = None,
    progress: Progress = no_progress,
) -> list[str]:
    """The likeness video of a scene file, with the scene's own sound and size.

    Returns
    -------
    list of str
        Warnings.
    """
    LikenessOptions(background=background, size=size)
    if not blend.is_file():
        raise ConductorError(f"The scene {blend} does not exist; check the path.")
    with output_folder(out.parent):
        return _likeness_into(out, blend, photo, background, size, progress)


def _likeness_into(
    out: Path,
    blend: Path,
    photo: Path,
    background: str,
    size: tuple[int, int] | None,
    progress: Progress,
) -> list[str]:
    warnings = list(read_subject(photo, progress=part(progress, 0.0, 0.05)).warnings)
    info = scene_info(blend)
    sound = Path(info["sound"]) if info.get("sound") else None
    if sound is not None and not sound.is_file():
        warnings.append(f"The scene's sound {sound} is not there, so the video is silent.")
        sound = None
    return warnings + render_likeness(
        blend,
        photo,
        out,
        music=sound,
        start=float(info.get("sound_start", 0.0)),
        background=background,
        size=size or (int(info["size"][0]) // 2 * 2, int(info["size"][1]) // 2 * 2),
        progress=part(progress, 0.05, 1.0),
    )


def blender(verb: str, *arguments: str, name: str) -> Child:
    """A child process with bpy that does one verb of the extension's headless commands."""
    command = [sys.executable, "-m", "blender_addon.commands", verb, *arguments, "--parent-pipe"]
    return Child(command, name, env={"PYTHONUNBUFFERED": "1"})


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """A folder for results: made if it is missing, and gone again if nothing comes into it.

    Raises
    ------
    ConductorError
        If it is a file, or cannot be created or written to.
    """
    missing = list(takewhile(lambda place: not place.exists(), (folder, *folder.parents)))
    make_folder(folder)
    try:
        yield
    finally:
        with suppress(OSError):
            for place in missing:
                place.rmdir()


def make_folder(folder: Path) -> None:
    """Create a folder and try to write to it; raises as `output_folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise ConductorError(f"{folder} is a file; give a folder for the results.") from None
    except OSError as error:
        raise ConductorError(
            f"The folder {folder} cannot be written to ({error.strerror}); choose another."
        ) from error


def _start_frames(frames: Path, stamp: str) -> None:
    """Keep frames of an earlier try only if they show the same scene in the same way."""
    note = frames / "stamp.txt"
    if not note.is_file() or note.read_text(encoding="utf-8") != stamp:
        shutil.rmtree(frames, ignore_errors=True)
        make_folder(frames)
        note.write_text(stamp, encoding="utf-8")


def _stamp(motion: Path, request: MotionRequest, scene: SceneOptions) -> str:
    digest = hashlib.sha256(motion.read_bytes())
    with request.music.open("rb") as music:
        digest.update(hashlib.file_digest(music, "sha256").digest())
    digest.update(repr((request.start, request.duration)).encode())
    if scene.avatar is not None:
        digest.update(scene.avatar.read_bytes())
    digest.update(repr((scene.size, scene.engine, __version__, version("bpy"))).encode())
    return digest.hexdigest()


def _read_frame(frames: Path, number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A rendered frame at the video's size, (H, W, 3) RGB."""
    path = next(frames.glob(f"{number:06d}.*"))
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ConductorError(f"The rendered frame {path} cannot be read; delete it and try again.")
    if pixels.shape[1::-1] != size:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
