"""The extension without a window.

`blender --command virtual_conductor VERB …`, and through the bpy module
`python -m blender_addon.commands VERB …`. Progress, warnings, errors and results are marked lines
on standard output (`retarget.lines`). Exit code 2 is a fault the user can mend, 130 a cancel.
"""

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from retarget.atomic import require_folder
from retarget.conductor_asset import CONDUCTORS
from retarget.errors import Cancelled, ConductorError
from retarget.lines import Line, end_with_parent, report_progress, write_line
from retarget.progress import Progress

from . import verbs
from .engines import ENGINES, QUALITIES
from .exports.formats import FORMATS
from .exports.verb import export
from .outputs import OUTPUTS
from .session import Inbox, serve
from .staging import CAMERAS, STAGES
from .verbs import EXIT_CANCELLED

EXIT_ERROR: Final = 2
EXIT_BUG: Final = 1


def run(arguments: Sequence[str]) -> int:
    """Do one verb; returns the exit code."""
    stop = threading.Event()
    try:
        options = _parser().parse_args(list(arguments))
        if options.verb is session:
            return _serve(stop)
        if options.parent_pipe:
            end_with_parent()
        # A parent keeps what Blender says, for the day it crashes; a person would drown in it.
        quiet = contextlib.nullcontext() if options.parent_pipe else _blender_quiet()
    except ConductorError as error:
        write_line(Line("error", str(error)))
        return EXIT_ERROR
    except SystemExit:
        # The help is printed; an exit that tears Blender's module down would crash.
        return 0
    with quiet, _on_signal(stop.set):
        return _do(options, stop)


def session(_options: argparse.Namespace, _progress: Progress) -> None:
    """Many verbs, one after the other: lists of a verb and its options in lines of JSON."""


def _serve(stop: threading.Event) -> int:
    inbox = Inbox(stop)

    def do(request: Sequence[str]) -> None:
        try:
            options = _parser().parse_args(list(request))
        except ConductorError as error:
            write_line(Line("error", str(error)))
            return
        _do(options, stop)

    with _on_signal(inbox.end):
        serve(inbox, do)
    return 0


def _do(options: argparse.Namespace, stop: threading.Event) -> int:
    """One verb, its result and its fault in lines; returns the exit code."""

    def progress(fraction: float, phase: str, /) -> None:
        if stop.is_set():
            raise Cancelled
        report_progress(fraction, phase)

    try:
        if (out := getattr(options, "out", None)) is not None:
            require_folder(out)
        progress(0.0, "starting")
        result = options.verb(options, progress)
    except ConductorError as error:
        write_line(Line("error", str(error)))
        return EXIT_ERROR
    except (Cancelled, KeyboardInterrupt):
        return EXIT_CANCELLED
    if result is not None:
        write_line(Line("result", result))
    return 0


def main() -> NoReturn:
    """`python -m blender_addon.commands`."""
    from . import register

    try:
        register()
        code = run(sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        code = EXIT_BUG
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's module can hang while it is torn down, after a fault above all; everything is
    # written by now, and only its session's scratch folder remains.
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.tempdir:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="virtual_conductor", allow_abbrev=False)
    subparsers = parser.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)

    def add(verb: Callable[..., Any], *, scene: bool = False) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(verb.__name__, help=verb.__doc__, allow_abbrev=False)
        sub.set_defaults(verb=verb)
        sub.add_argument("--parent-pipe", action="store_true", help="end when stdin closes")
        if scene:
            sub.add_argument("--scene", type=Path, required=True)
        return sub

    def add_look(sub: argparse.ArgumentParser, engine: bool = True) -> None:
        if engine:
            sub.add_argument("--quality", choices=QUALITIES)
            sub.add_argument("--engine", choices=ENGINES)
        sub.add_argument("--size", type=_size, metavar="WxH")

    def add_rig_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--armature", help="which of several in the avatar's file")
        sub.add_argument("--rig-map", type=Path, help="which of its bones play which joints: TOML")
        sub.add_argument("--rig-output", choices=OUTPUTS, help="what of arms and legs is keyed")
        sub.add_argument(
            "--mute-constraints",
            action="store_true",
            help="mute constraints that would turn bones away from the motion",
        )

    def add_scene_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--music-start", type=_seconds, default=0.0)
        sub.add_argument("--audio-track", type=int, help="of several in the music file, from 1 on")
        sub.add_argument("--python", type=Path, help="the Python of Virtual Conductor")
        sub.add_argument("--fps", type=float, help="the avatar file's own if not given")
        sub.add_argument("--set-range", action="store_true", help="also in an avatar's own scene")
        sub.add_argument(
            "--avatar",
            help=f"{', '.join(CONDUCTORS)}, a .subject file, or an avatar in a file: .blend, .fbx, "
            ".glb, .gltf, .vrm",
        )
        sub.add_argument(
            "--no-baton", dest="baton", action="store_false", help="leave the right hand empty"
        )
        add_rig_options(sub)
        sub.add_argument("--stage", choices=STAGES)
        sub.add_argument("--camera", choices=CAMERAS)
        sub.add_argument("--camera-move", action="store_true", help="slowly, from phrase to phrase")
        sub.add_argument("--out", type=Path, required=True)
        add_look(sub)

    add(session)
    sub = add(verbs.animate)
    sub.add_argument("--motion", type=Path, required=True)
    sub.add_argument("--music", type=Path)
    add_scene_options(sub)

    sub = add(verbs.frames, scene=True)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--start", type=int, required=True)
    sub.add_argument("--end", type=int, required=True)
    sub.add_argument("--step", type=_whole, default=1)
    sub.add_argument(
        "--for-video",
        action="store_true",
        help="Workbench: larger, unsmoothed and without what stands still, for an encoder",
    )
    sub.add_argument("--plate", type=Path, help="where to put what stands still")
    add_look(sub)

    for verb in (verbs.video, verbs.plate):
        sub = add(verb, scene=True)
        sub.add_argument("--out", type=Path, required=True)
        add_look(sub)
        if verb is verbs.video:
            sub.add_argument("--overlay", default="", help="beats, skeleton, trace: beats,trace")
            sub.add_argument("--python", type=Path, help="the Python of Virtual Conductor")

    sub = add(verbs.guide, scene=True)
    sub.add_argument("--out", type=Path, required=True)
    add_look(sub, engine=False)

    sub = add(export, scene=True)
    sub.add_argument("--out", type=Path, required=True, help="its ending tells the format")
    sub.add_argument("--format", choices=FORMATS, help="where the ending does not tell it")
    sub.add_argument("--fps", type=_rate, help="poses a second; the scene's if not given")
    sub.add_argument("--armature", help="which of several in the scene")
    sub.add_argument("--no-mesh", dest="mesh", action="store_false", help="the skeleton alone")
    sub.add_argument("--no-sound", dest="sound", action="store_false", help="no music beside it")
    sub.add_argument("--python", type=Path, help="the Python of Virtual Conductor")

    sub = add(verbs.forecast)
    sub.add_argument("--frames", type=_whole, required=True)
    add_look(sub)

    add(verbs.info, scene=True)
    for of_rig in (verbs.check_rig, verbs.map_template):
        sub = add(of_rig)
        sub.add_argument("--avatar", required=True, help="a .blend, .fbx, .glb, .gltf or .vrm file")
        add_rig_options(sub)
    sub = add(verbs.thumbnail)
    sub.add_argument("--asset", type=Path, required=True)
    sub.add_argument("--out", type=Path, required=True)

    # Made-up people come with the repository alone.
    if importlib.util.find_spec(".people", __package__) is not None:
        add(verbs.photo).add_argument("--out", type=Path, required=True)
        sub = add(verbs.people)
        sub.add_argument("--out", type=Path, required=True)
        sub.add_argument("--count", type=int, default=24)
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--frames", type=int, default=24, help="of each video; 0: photos alone")

    sub = add(verbs.generate)
    sub.add_argument("--music", type=Path, required=True)
    sub.add_argument("--score", type=Path)
    sub.add_argument("--meter", default="auto")
    sub.add_argument("--tempo", type=float)
    sub.add_argument("--duration", type=_seconds)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--model", default="learned")
    sub.add_argument("--style", default="neutral")
    sub.add_argument("--no-face", dest="face", action="store_false", help="no face keys")
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


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 1.0 <= value <= 240.0:
        raise argparse.ArgumentTypeError(f"{text} is not 1 to 240 frames a second")
    return value


@contextlib.contextmanager
def _on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM or SIGINT."""
    before = {
        number: signal.signal(number, lambda *_: stop())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler of Blender's own, which Python cannot set back.
            if handler is not None:
                signal.signal(number, handler)


@contextlib.contextmanager
def _blender_quiet() -> Iterator[None]:
    """Python's standard output goes on as it was; what Blender itself writes there goes nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        ours = os.fdopen(os.dup(kept), "w", encoding="utf-8")
        # A caller may have put something of its own in the place of standard output.
        out = ours if sys.stdout is sys.__stdout__ else sys.stdout
        with ours, contextlib.redirect_stdout(out):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


if __name__ == "__main__":
    main()
