"""Work in processes of its own, so that the window never waits: headless verbs, the backend."""

import queue
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from retarget.errors import ConductorError
from retarget.lines import read_line
from retarget.progress import Progress, no_progress

_KILL_AFTER_S: Final = 5.0
_POLL_S: Final = 0.2


def run_verb(blender: Path, arguments: Sequence[str], progress: Progress = no_progress) -> str:
    """Run `blender --command virtual_conductor …` and follow it to its end.

    Parameters
    ----------
    blender : path
        The Blender program.
    arguments : sequence of str
        The verb and its options.
    progress : Progress
        Also asked while the child says nothing, so that a cancel is heard at once.

    Returns
    -------
    str
        Its result line, or "" if it has none.

    Raises
    ------
    ConductorError
        The child's own sentence, or that it ended without one.
    Cancelled
        If the progress callback asked to stop; the child is ended first.
    """
    command = [str(blender), "--command", "virtual_conductor", *arguments, "--parent-pipe"]
    return _follow(command, "starting Blender", "The background Blender", progress)


def run_module(
    python: Path, module: str, arguments: Sequence[str], progress: Progress = no_progress
) -> str:
    """Run a module of Virtual Conductor itself that reports in marked lines; see `run_verb`.

    Parameters
    ----------
    python : path
        Its Python.
    module : str
        The module, which ends when its standard input closes.
    arguments : sequence of str
        Its options.
    progress : Progress
        As for `run_verb`.
    """
    command = [str(python), "-m", module, *arguments]
    return _follow(command, "starting", "Virtual Conductor in the background", progress)


def _follow(command: list[str], starting: str, who: str, progress: Progress) -> str:
    """Start a child that reports in marked lines, and follow it to its end; returns its result."""
    process = subprocess.Popen(
        command,
        # Held open and never written to: the child ends when this Blender does.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process.stdout, said), daemon=True).start()
    fraction, phase, result, error = 0.0, starting, "", ""
    noise: deque[str] = deque(maxlen=20)
    try:
        while True:
            progress(fraction, phase)
            try:
                text = said.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if text is None:
                break
            line = read_line(text.rstrip("\n"))
            if line is None:
                noise.append(text.rstrip())
            elif line.kind == "progress":
                fraction, phase = line.fraction, line.text
            elif line.kind == "result":
                result = line.text
            elif line.kind == "error":
                error = line.text
        code = process.wait()
    except BaseException:
        _end(process)
        raise
    if error:
        raise ConductorError(error)
    if code != 0:
        print("\n".join(noise))
        raise ConductorError(
            f"{who} ended unexpectedly (code {code}); the system console tells more."
        )
    return result


def _read(stream: IO[str], said: "queue.SimpleQueue[str | None]") -> None:
    for text in stream:
        said.put(text)
    said.put(None)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(timeout=_KILL_AFTER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
