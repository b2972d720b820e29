"""The extension without a window.

`blender --command virtual_conductor VERB …`, and through the bpy module
`python -m blender_addon.commands VERB …`. Progress, warnings, errors and results are marked lines
on standard output (`retarget.lines`). Exit code 2 is a fault the user can mend, 130 a cancel.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from retarget.atomic import atomic_path
from retarget.character import Character
from retarget.errors import Cancelled, ConductorError
from retarget.lines import Line, end_with_parent, report_progress, write_line
from retarget.motion import Motion
from retarget.progress import Progress, part

ENGINES: Final = ("workbench", "cycles", "eevee")
EXIT_ERROR: Final = 2
EXIT_CANCELLED: Final = 130


def run(arguments: Sequence[str]) -> int:
    """Do one verb; returns the exit code."""
    try:
        options = _parser().parse_args(list(arguments))
        if options.parent_pipe:
            end_with_parent()
        with _stopping() as progress:
            progress(0.0, "starting")
            result = options.verb(options, progress)
        if result is not None:
            write_line(Line("result", result))
    except ConductorError as error:
        write_line(Line("error", str(error)))
        return EXIT_ERROR
    except (Cancelled, KeyboardInterrupt):
        return EXIT_CANCELLED
    except SystemExit:
        # The help is printed; an exit that tears Blender's module down would crash.
        return 0
    return 0


def animate(options: argparse.Namespace, progress: Progress) -> None:
    """A motion file, and its music, to a scene with a conductor."""
    import bpy

    from .scene import SUBJECT, find_armature, perform
    from .stage.looks import setup_render
    from .stage.scenery import build_stage

    motion = Motion.load(options.motion)
    music = _existing(options.music, "music") if options.music else None
    armature = character = None
    if options.avatar is not None and options.avatar.suffix.lower() == SUBJECT:
        character = Character.load(_existing(options.avatar, "avatar"))
    if options.avatar is None or character is not None:
        _open_empty()
        scene = bpy.context.scene
    else:
        scene = _open(options.avatar, "avatar")
        armature = find_armature(scene)
    size = options.size or (960, 540)
    # The stage's camera is placed for the size of the picture.
    _resize(scene, size)
    if armature is not None and scene.camera is None:
        build_stage(scene, motion)
    perform(
        scene,
        armature,
        motion,
        character=character,
        music=music,
        start=options.music_start,
        progress=part(progress, 0.05, 0.95),
    )
    setup_render(scene, engine=options.engine or "workbench", size=size)
    if music is not None:
        scene.virtual_conductor.music = _beside(music, options.out)
    progress(0.95, "saving the scene")
    save(options.out)
    progress(1.0, "saving the scene")


def frames(options: argparse.Namespace, progress: Progress) -> None:
    """Frames of a scene to numbered picture files."""
    from .render import render_frames

    render_frames(
        _open_for_render(options),
        options.out,
        start=options.start,
        end=options.end,
        for_video=options.for_video,
        progress=progress,
    )


def video(options: argparse.Namespace, progress: Progress) -> None:
    """A scene to a video with its sound."""
    from .video import render_video

    scene = _open_for_render(options)

    def report(fraction: float, phase: str, /) -> None:
        try:
            progress(fraction, phase)
        except Cancelled:
            # Blender does not hear what a render handler raises, so there is no other way out.
            for rest in options.out.parent.glob(f".{options.out.stem}.*.part.mp4"):
                rest.unlink(missing_ok=True)
            os._exit(EXIT_CANCELLED)

    render_video(scene, options.out, report)


def guide(options: argparse.Namespace, progress: Progress) -> None:
    """The animation as evaluated, and the camera, for the likeness."""
    from .guide_export import export_guide
    from .scene import find_armature

    scene = _open(options.scene)
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

    return json.dumps(describe(_open(options.scene)))


def photo(options: argparse.Namespace, progress: Progress) -> None:
    """The sample portrait: a guest in an A-pose before a plain wall."""
    import bpy

    from .stage.avatar import create_avatar
    from .stage.portrait import render_portrait
    from .stage.wardrobe import GUEST

    _open_empty()
    progress(0.1, "rendering the portrait")
    scene = bpy.context.scene
    render_portrait(scene, create_avatar(scene, GUEST), options.out)


def people(options: argparse.Namespace, progress: Progress) -> None:
    """Photos and gesturing videos of made-up people with the truth, for `evaluate likeness`."""
    from .stage.people import render_people

    render_people(
        options.out,
        count=options.count,
        seed=options.seed,
        frames=options.frames,
        progress=progress,
    )


def generate(options: argparse.Namespace, progress: Progress) -> None:
    """Music to a scene through the local server, as the panel does it."""
    from . import backend_python
    from .preferences import preferences_python
    from .server_jobs import run_job

    parameters = {
        "meter": options.meter,
        "tempo": options.tempo,
        "start": options.music_start,
        "duration": options.duration,
        "seed": options.seed,
        "model": options.model,
        "style": options.style,
        "fps": options.fps,
    }
    files = {"music": _existing(options.music, "music")}
    if options.score is not None:
        files["score"] = _existing(options.score, "score")
    python = options.python or backend_python.find(preferences_python())
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as scratch:
        options.motion = Path(scratch) / "motion.npz"
        for warning in run_job(
            *("motion", parameters, files, options.motion),
            python=python,
            progress=part(progress, 0.0, 0.7),
        ):
            write_line(Line("warning", warning))
        animate(options, part(progress, 0.7, 1.0))


def save(path: Path) -> None:
    """Save the open file at `path`, whole or not at all; what lies beside it is found relatively.

    Raises
    ------
    ConductorError
        If it cannot be written.
    """
    import bpy

    for sound in bpy.data.sounds:
        if not sound.packed_file:
            sound.filepath = _beside(Path(bpy.path.abspath(sound.filepath)), path)
    with atomic_path(path) as temporary:
        try:
            bpy.ops.wm.save_as_mainfile(
                # "//" means the same in the temporary file: it lies in the same folder.
                filepath=str(temporary),
                copy=True,
                relative_remap=False,
                compress=True,
                check_existing=False,
            )
        except RuntimeError as error:
            # Blender does not say why; writing ourselves does.
            with temporary.open("wb") as probe:
                probe.write(bytes(1 << 20))
                probe.flush()
                os.fsync(probe.fileno())
            raise ConductorError(
                f"Blender could not save {path.name}: {' '.join(str(error).split())}"
            ) from error


def main() -> NoReturn:
    """`python -m blender_addon.commands`."""
    from . import register

    register()
    code = run(sys.argv[1:])
    sys.stdout.flush()
    # Blender's module can hang while it is torn down; everything is written by now, and only its
    # session's scratch folder remains.
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.tempdir:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="virtual_conductor", allow_abbrev=False)
    verbs = parser.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)

    def add(verb: Callable[..., Any], *, scene: bool = False) -> argparse.ArgumentParser:
        sub = verbs.add_parser(verb.__name__, help=verb.__doc__, allow_abbrev=False)
        sub.set_defaults(verb=verb)
        sub.add_argument("--parent-pipe", action="store_true", help="end when stdin closes")
        if scene:
            sub.add_argument("--scene", type=Path, required=True)
        return sub

    def add_look(sub: argparse.ArgumentParser, engine: bool = True) -> None:
        if engine:
            sub.add_argument("--engine", choices=ENGINES)
        sub.add_argument("--size", type=_size, metavar="WxH")

    def add_scene_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--music-start", type=_seconds, default=0.0)
        sub.add_argument("--avatar", type=Path)
        sub.add_argument("--out", type=Path, required=True)
        add_look(sub)

    sub = add(animate)
    sub.add_argument("--motion", type=Path, required=True)
    sub.add_argument("--music", type=Path)
    add_scene_options(sub)

    sub = add(frames, scene=True)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--start", type=int, required=True)
    sub.add_argument("--end", type=int, required=True)
    sub.add_argument(
        "--for-video",
        action="store_true",
        help="Workbench: larger and unsmoothed, as JPEG, for an encoder that reduces them",
    )
    add_look(sub)

    for verb in (video, plate):
        sub = add(verb, scene=True)
        sub.add_argument("--out", type=Path, required=True)
        add_look(sub)

    sub = add(guide, scene=True)
    sub.add_argument("--out", type=Path, required=True)
    add_look(sub, engine=False)

    add(info, scene=True)
    add(photo).add_argument("--out", type=Path, required=True)

    sub = add(people)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--count", type=int, default=24)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--frames", type=int, default=24, help="of each video; 0: photos alone")

    sub = add(generate)
    sub.add_argument("--music", type=Path, required=True)
    sub.add_argument("--score", type=Path)
    sub.add_argument("--meter", default="auto")
    sub.add_argument("--tempo", type=float)
    sub.add_argument("--duration", type=_seconds)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--model", default="learned")
    sub.add_argument("--style", default="neutral")
    sub.add_argument("--fps", type=float, default=30.0)
    sub.add_argument("--python", type=Path, help="the Python of Virtual Conductor")
    add_scene_options(sub)
    return parser


class _Parser(argparse.ArgumentParser):
    """Wrong options are a fault like any other: one sentence and exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise ConductorError(f"Wrong command: {message}; see {self.prog} --help.")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 960x540")
    return int(match[1]), int(match[2])


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return value


@contextlib.contextmanager
def _stopping() -> Iterator[Progress]:
    """A progress that reports in lines and raises `Cancelled` after SIGTERM or SIGINT."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }

    def report(fraction: float, phase: str, /) -> None:
        if stop.is_set():
            raise Cancelled
        report_progress(fraction, phase)

    try:
        yield report
    finally:
        for number, handler in before.items():
            # None is a handler of Blender's own, which Python cannot set back.
            if handler is not None:
                signal.signal(number, handler)


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise ConductorError(f"The {what} {path} does not exist; check the path.")
    return path.resolve()


def _open(path: Path, what: str = "scene") -> Any:
    """Open a .blend file and return its scene."""
    import bpy

    _existing(path, what)
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False)
    except RuntimeError as error:
        raise ConductorError(
            f"{path.name} cannot be opened by Blender {bpy.app.version_string}; "
            "choose a .blend file that this version can read."
        ) from error
    return bpy.context.scene


def _open_empty() -> None:
    import bpy

    # Not read_factory_settings: that would disable the extension this code is part of.
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _open_for_render(options: argparse.Namespace) -> Any:
    from .stage.looks import setup_render

    scene = _open(options.scene)
    if options.engine is not None:
        from .scene import render_size

        setup_render(scene, engine=options.engine, size=options.size or render_size(scene))
    else:
        _resize(scene, options.size)
    return scene


def _resize(scene: Any, size: tuple[int, int] | None) -> None:
    if size is not None:
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.resolution_percentage = 100


def _beside(path: Path, blend: Path) -> str:
    """How a .blend file names a file: relative if it lies in or below its folder."""
    folder, target = blend.resolve().parent, path.resolve()
    if target.is_relative_to(folder):
        return "//" + target.relative_to(folder).as_posix()
    return str(target)


if __name__ == "__main__":
    main()
