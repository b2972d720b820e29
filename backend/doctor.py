"""Check each part of the installation and say how to mend what is missing."""

import ctypes.util
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from backend.child import Child
from retarget.errors import ConductorError

_INSTALL: Final = "Run 'make setup' in the project's folder."
_LIBRARIES: Final = {
    "X11": "libx11-6",
    "Xrender": "libxrender1",
    "Xfixes": "libxfixes3",
    "Xi": "libxi6",
    "xkbcommon": "libxkbcommon0",
    "SM": "libsm6",
    "GL": "libgl1",
    "EGL": "libegl1",
    "gthread-2.0": "libglib2.0-0",
}
_MIN_FREE_GB: Final = 2.0


@dataclass(frozen=True)
class Finding:
    """One part: whether it works, what was seen, and what to do if it does not."""

    part: str
    ok: bool
    seen: str
    fix: str = ""


def examine() -> list[Finding]:
    """Try every part for real; takes some seconds."""
    checks: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, "Use Python 3.11: Blender's module is made for no other."),
        ("Packages", _packages, _INSTALL),
        ("System libraries", _libraries, ""),
        ("Blender's module", _bpy, _INSTALL),
        ("Rendering", _rendering, "Install the Debian packages libegl1 and libgl1-mesa-dri."),
        ("Listening", _listening, _INSTALL),
        ("Reading a photo", _photo, _INSTALL),
        ("Drawing a person", _drawing, _INSTALL),
        ("Writing a video", _video, _INSTALL),
        ("Playing scores", _scores, ""),
        ("Server", _server, "Make the folder writable or give another with --state."),
        ("Disk", _disk, f"Free at least {_MIN_FREE_GB:.0f} GB."),
    ]
    return [_try(*check) for check in checks]


def show(findings: list[Finding], console: Console) -> None:
    """Print the findings as a table."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        mark = "[green]ok[/green]" if finding.ok else "[bold red]missing[/bold red]"
        text = finding.seen if finding.ok else f"{finding.seen} {finding.fix}"
        table.add_row(mark, finding.part, text)
    console.print(table)


def _try(part: str, check: Callable[[], str], fix: str) -> Finding:
    try:
        return Finding(part, True, check())
    except ConductorError as error:
        return Finding(part, False, str(error))
    except Exception as error:
        return Finding(part, False, f"{type(error).__name__}: {error}.".replace("..", "."), fix)


def _python() -> str:
    if sys.version_info[:2] != (3, 11):
        raise ConductorError(
            f"This is Python {sys.version.split()[0]}; use 3.11, Blender's module is made for "
            "no other."
        )
    return sys.version.split()[0]


def _packages() -> str:
    names = (
        *("bpy", "torch", "librosa", "mediapipe", "moderngl", "PyMaxflow"),
        *("av", "numpy", "soxr", "fastapi"),
    )
    missing = []
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise ConductorError(f"{', '.join(missing)} not installed. {_INSTALL}")
    return ", ".join(found)


def _libraries() -> str:
    if sys.platform != "linux":
        return "part of the system"
    missing = [
        package for name, package in _LIBRARIES.items() if not ctypes.util.find_library(name)
    ]
    if missing:
        raise ConductorError(f"Install the Debian packages {' '.join(missing)}.")
    return "all there"


def _python_child(code: str, name: str) -> str:
    results, _ = Child([sys.executable, "-c", code], name).wait()
    return results[0]


_TELL: Final = "from retarget.lines import Line, write_line; write_line(Line('result', {}))"


def _bpy() -> str:
    code = "import bpy; " + _TELL.format("bpy.app.version_string")
    return "Blender " + _python_child(code, "Blender's module")


def _rendering() -> str:
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "test.png"
        code = (
            "import bpy; s = bpy.context.scene; s.render.engine = 'BLENDER_WORKBENCH'; "
            "s.render.resolution_x = s.render.resolution_y = 32; "
            f"s.render.filepath = {str(picture)!r}; bpy.ops.render.render(write_still=True); "
            + _TELL.format("'Workbench'")
        )
        seen = _python_child(code, "rendering")
        if not picture.is_file():
            raise ConductorError(
                "Workbench wrote no picture; install the Debian packages libegl1 and "
                "libgl1-mesa-dri."
            )
    return f"{seen} renders"


def _listening() -> str:
    from backend.audio.features import analyse
    from backend.audio.rates import SAMPLE_RATE
    from backend.beats.track import track_beats

    rng = np.random.default_rng(0)
    sound = 0.01 * rng.standard_normal(8 * SAMPLE_RATE).astype(np.float32)
    for beat in range(16):
        at = beat * SAMPLE_RATE // 2
        sound[at : at + 500] += np.hanning(500).astype(np.float32)
    grid = track_beats(analyse(sound))
    return f"a click track of 120 beats per minute is heard as {grid.tempo:.0f}"


def _photo() -> str:
    from backend.demo import demo_file
    from pose_transfer.landmarks import detect_person
    from pose_transfer.photo import read_photo

    photo = read_photo(demo_file("photo.png"))
    detect_person(photo.rgb, photo.name)
    return "the sample photo's person is found"


def _drawing() -> str:
    from pose_transfer.gl_context import off_screen_context

    context = off_screen_context()
    seen = f"OpenGL on {context.info['GL_RENDERER']}"
    context.release()
    return seen


def _video() -> str:
    from backend.video import Footage, encode

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.mp4"
        frames = [np.full((64, 64, 3), 128, np.uint8)] * 5
        encode(Footage(frames, fps=30.0, size=(64, 64), count=5), path)
        return f"H.264 and AAC ({path.stat().st_size} bytes written)"


def _scores() -> str:
    """Not needed to conduct, so that it is no fault where it is missing."""
    from backend.corpus.synthesis import default_soundfont, fluidsynth

    try:
        fluidsynth()
        return f"FluidSynth with {default_soundfont().name}"
    except ConductorError as error:
        return f"only to make a corpus: {error}"


def _server() -> str:
    from backend.server.state import StateFolder

    return f"queue in {StateFolder(None).path}"


def _disk() -> str:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < _MIN_FREE_GB:
        raise ConductorError(f"{free:.1f} GB free here; free at least {_MIN_FREE_GB:.0f} GB.")
    return f"{free:.0f} GB free"
