"""Music and a photo to everything: motion, scene, animation, likeness, report."""

import json
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from backend import __version__
from backend.animation import Music
from backend.animation_stamp import stamp_of
from backend.beside import Beside
from backend.blender_sessions import Blender
from backend.cache_folder import user_cache
from backend.compare import compare
from backend.edited import renewed
from backend.folders import output_folder, scratch_folder, sole_use
from backend.kept_subject import subject_in
from backend.motion_request import MotionRequest, make_motion
from backend.options import FORMATS, LikenessOptions, check_alpha, check_size
from backend.overlay.animation import make_animation
from backend.overlay.scene import scene_overlay
from backend.scenes import (
    USUAL_SIZE,
    SceneOptions,
    check_avatar,
    even_size,
    export_guide,
    make_scene,
    size_text,
    slowness,
)
from backend.subject_request import SubjectRequest
from blender_addon.engines import Engine, quality_of
from blender_addon.overlays import OverlayName
from retarget.atomic import atomic_path
from retarget.conductor_asset import DEFAULT_CONDUCTOR
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part

_REPORTED_PACKAGES: Final = ("bpy", "torch", "librosa", "numpy", "mediapipe", "moderngl", "av")
# Seconds per frame at 960 x 540 on two cores, for the shares of the progress bar alone.
_RENDER_WEIGHT, _LIKENESS_WEIGHT = 0.2, 0.05
_SCENE: Final = "scene.blend"
_READING_SHARE: Final = 0.08
# Share of the reading after which nothing about the photo can be wrong.
_PERSON_FOUND: Final = 0.3


@dataclass(frozen=True)
class Look:
    """How the likeness looks; see `LikenessOptions`."""

    background: str = "photo"
    format: str = "mp4"


@dataclass(frozen=True)
class Extras:
    """What the videos show beside the conductors.

    Parameters
    ----------
    overlays : tuple of str
        What is drawn over animation and likeness.
    compare : bool
        Whether skeleton, avatar and likeness are also put side by side in one video.
    """

    overlays: tuple[OverlayName, ...] = ()
    compare: bool = False

    @property
    def need_guide(self) -> bool:
        """Whether they follow the animation itself."""
        return self.compare or bool(self.overlays)


_USUAL_SCENE: Final = SceneOptions()
_USUAL_LOOK: Final = Look()
_NO_EXTRAS: Final = Extras()


@dataclass
class Report:
    """What was made, how, and how long each part took; written as `report.json`."""

    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase; one that is gone back to goes on counting."""
        began = time.monotonic() - self.timings_s.get(name, 0.0)
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
    person: SubjectRequest | None = None,
    likeness: Look | None = _USUAL_LOOK,
    scene: SceneOptions = _USUAL_SCENE,
    extras: Extras = _NO_EXTRAS,
    tell: Callable[[str], None] = lambda sentence: None,
    progress: Progress = no_progress,
) -> Report:
    """Make motion, beat table, scene, animation, likeness and report in `folder`.

    What can fail is tried early: the person of the photo is found before anything is written, and
    read beside the motion and the frames. Results appear in the folder one by one, each whole.
    Frames already rendered for the same scene are kept in a hidden folder beside them, and the
    person of the photo in a hidden file, so that the same command goes on where it was stopped. A
    scene or beat table that was edited since is kept under another name.

    Parameters
    ----------
    request : MotionRequest
        What is conducted.
    folder : Path
        Where the results go.
    person : SubjectRequest, optional
        The person of a photo; without one there is no likeness.
    likeness : Look, optional
        How the person's video looks; None leaves it out.
    scene : SceneOptions
        How the scene is made and seen.
    extras : Extras
        What is drawn over the videos, and whether they are put side by side.
    tell : callable
        Hears at once, each in one sentence, what is odd about the avatar's rig and that the render
        will take far longer than it need.

    Raises
    ------
    ConductorError, Cancelled
        As the parts do. Files that were finished before stay.
    """
    if likeness is not None:
        size = None if person is None else scene.size
        LikenessOptions(background=likeness.background, size=size)
        check_alpha(likeness.background, likeness.format)
        if likeness.background == "stage" and scene.staging.is_moving:
            raise ConductorError(
                "--background stage is a still picture, so the camera cannot move before it; leave "
                "out --camera-move and --camera hands or choose another background."
            )
    if person is None:
        if scene.avatar == "photo":
            raise ConductorError("--avatar photo needs the photo of a person; give --photo.")
        likeness = None
    if isinstance(scene.avatar, Path) and scene.avatar.resolve() == (folder / _SCENE).resolve():
        raise ConductorError(
            f"The avatar {scene.avatar.name} lies where its own result would be written; give "
            "another folder with --output, or the avatar another name."
        )
    with Blender() as blender:
        own = check_avatar(blender, scene)
        if own is None:
            scene = replace(
                scene, size=scene.size or USUAL_SIZE, engine=scene.engine or "workbench"
            )
        else:
            scene = replace(scene, fps=request.fps)
            request = request.model_copy(update={"fps": request.fps or own["motion_fps"]})
            size = scene.size or even_size(own)
            check_size(size)
            if likeness is not None:
                LikenessOptions(background=likeness.background, size=size)
            for doubt in own["doubts"]:
                tell(doubt)
        with (
            output_folder(folder),
            sole_use(folder),
            scratch_folder() as scratch,
            ExitStack() as held,
        ):
            reading = None
            if person is not None and (likeness is not None or scene.avatar == "photo"):
                reading = held.enter_context(Beside(partial(subject_in, folder, person, scratch)))
            return _conduct_into(
                *(blender, folder, request, reading, likeness, scene, own, extras, scratch),
                tell=tell,
                progress=progress,
            )


def _conduct_into(
    blender: Blender,
    folder: Path,
    request: MotionRequest,
    reading: Beside[tuple[Path, tuple[str, ...]]] | None,
    likeness: Look | None,
    scene: SceneOptions,
    own: dict[str, Any] | None,
    extras: Extras,
    scratch: Path,
    tell: Callable[[str], None],
    progress: Progress,
) -> Report:
    report = Report()
    files = [folder / name for name in ("motion.npz", "beats.txt", _SCENE, "animation.mp4")]
    motion, beats, blend, animation = files
    avatar, read = scene.avatar, 0.0
    if reading is not None:
        read, progress = _READING_SHARE, reading.watched(progress)
    with report.phase("motion"):
        made = make_motion(request, part(progress, 0.0, 0.06), user_cache())
    if reading is not None:
        with report.phase("reading the photo"):
            # What can fail is past when the person is found; the rest goes on beside.
            reading.wait(part(progress, 0.06, 0.06 + read), until=_PERSON_FOUND)
            if scene.avatar == "photo":
                kept = folder / "me.subject"
                subject, _ = reading.result(part(progress, 0.06, 0.06 + read))
                with atomic_path(kept) as temporary:
                    shutil.copyfile(subject, temporary)
                scene = replace(scene, avatar=kept)
                files.append(kept)
    made.motion.save(motion)
    with renewed(beats, report.warnings):
        made.grid.save(beats)
    report.warnings += made.warnings
    report.details |= {
        "music": request.music.name,
        "seed": request.seed,
        "style": made.motion.style,
        "fps": made.motion.fps,
        "frames": len(made.motion),
        "beats": len(made.grid),
        "tempo_bpm": round(made.grid.tempo, 1),
        "score_parted": [one.model_dump() for one in made.parted],
        "avatar": avatar.name if isinstance(avatar, Path) else avatar or DEFAULT_CONDUCTOR,
        "camera_move": scene.staging.camera_move,
        "overlays": list(extras.overlays),
        "face": bool(made.motion.face_names),
    }

    engine = scene.engine or _drawn_by(blender, own, len(made.motion), report.warnings)
    if slow := engine and slowness(blender, engine, len(made.motion)):
        tell(slow)
    with report.phase("scene"), renewed(blend, report.warnings):
        info, warnings = make_scene(
            blender, motion, request, blend, scene, part(progress, read + 0.06, read + 0.1)
        )
    report.warnings += warnings
    size, drawn = scene.size or even_size(info), engine or info["engine"]
    report.details |= {
        "stage": info["stage"],
        "camera": info["view"] or info["camera"],
        "size": list(size),
        "quality": quality_of(drawn) if drawn else None,
        "engine": drawn,
    }
    music = Music(request.music, request.start, request.audio_track)
    guide = scratch / "guide.npz"
    if likeness is not None or extras.need_guide:
        with report.phase("reading the animation"):
            export_guide(blender, blend, size, guide)
    first, end = read + 0.1, 0.96 if extras.compare else 0.99
    border = end
    if likeness is not None:
        border = first + (end - first) * _RENDER_WEIGHT / (_RENDER_WEIGHT + _LIKENESS_WEIGHT)
    with report.phase("rendering"):
        make_animation(
            blender,
            blend,
            animation,
            info=info,
            music=music,
            size=size,
            engine=engine,
            stamp=stamp_of(motion, request, replace(scene, engine=engine), own),
            overlay=scene_overlay(extras.overlays, guide, info),
            progress=part(progress, first, border),
        )
    out = None
    if reading is not None:
        with report.phase("reading the photo"):
            subject, notes = reading.result(part(progress, border, border))
        report.warnings += notes
    if likeness is not None:
        out = folder / f"likeness{FORMATS[likeness.format]}"
        with report.phase("likeness"):
            report.warnings += render_likeness(
                blender,
                blend,
                subject,
                out,
                music=music,
                background=likeness.background,
                size=size,
                overlays=extras.overlays,
                beats=info["beats"],
                guide=guide,
                progress=part(progress, border, end),
            )
        files.append(out)
    if extras.compare:
        files.append(folder / "compare.mp4")
        with report.phase("comparing"):
            compare(
                Guide.load(guide),
                animation,
                files[-1],
                likeness=out,
                progress=part(progress, end, 0.99),
            )
    report.warnings = list(dict.fromkeys(report.warnings))
    report.files = files
    report.save(folder / "report.json")
    report.files.append(folder / "report.json")
    progress(1.0, "done")
    return report


def render_likeness(
    blender: Blender,
    blend: Path,
    subject: Path,
    out: Path,
    *,
    music: Music | None,
    background: str,
    size: tuple[int, int],
    overlays: tuple[OverlayName, ...] = (),
    beats: Sequence[tuple[float, int]] = (),
    guide: Path | None = None,
    progress: Progress = no_progress,
) -> list[str]:
    """The likeness video of a scene as it is now, edits and all; returns warnings.

    A `guide` that was exported for this size before is not exported again.
    """
    with scratch_folder() as scratch:
        plate = scratch / "plate.png"
        if guide is None:
            guide = scratch / "guide.npz"
            export_guide(blender, blend, size, guide, part(progress, 0.0, 0.1))
        if background == "stage":
            blender.do(
                *("plate", "--scene", str(blend), "--size", size_text(size), "--out", str(plate)),
                name="rendering the stage",
                progress=part(progress, 0.1, 0.15),
            )
        # Imported here because nothing before needs it, and photo and Blender are waiting to start.
        from backend.likeness_request import LikenessRequest, make_likeness

        request = LikenessRequest(
            guide=guide,
            photo=subject,
            music=None if music is None else music.path,
            start=0.0 if music is None else music.start,
            audio_track=None if music is None else music.track,
            background=background,
            plate=plate if background == "stage" else None,
            size=size,
            overlays=overlays,
            beats=tuple(beats),
        )
        return list(make_likeness(request, out, part(progress, 0.15, 1.0)).warnings)


def _drawn_by(
    blender: Blender, own: dict[str, Any] | None, frames: int, warnings: list[str]
) -> Engine | None:
    """Who renders the user's own scene: None, as it is set up, unless that would take hours."""
    engine: Engine | None = own["engine"] if own else None
    if engine is None or slowness(blender, engine, frames) is None:
        return None
    warnings.append(
        f"The scene keeps {quality_of(engine)} ({engine}), which takes very long without a "
        f"graphics card, so its video is a draft; --quality {quality_of(engine)} makes it all the "
        "same."
    )
    return "workbench"
