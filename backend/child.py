"""Work in a child process: its progress, its warnings, its one-line errors, its end."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from backend.folders import scratch_folder
from retarget.errors import Cancelled, ConductorError
from retarget.lines import Line, read_line
from retarget.progress import Progress, no_progress

_KILL_AFTER_S = 5.0
_POLL_S = 0.2
# Where Python, and where Blender, look for the place of temporary files.
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


class ChildDiedError(RuntimeError):
    """A signal ended the child: the program in it crashed, or something killed it."""


class Child:
    """A running child that reports in marked lines (`retarget.lines`).

    Standard input is a pipe that is written to for `ask` alone: a child that calls
    `end_with_parent`, or serves requests, ends when this process dies, however it dies.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    name : str
        What the user calls this work, for messages ("the render").
    env : mapping, optional
        Environment variables to add.
    cwd : path, optional
        Working folder.
    scratch : path, optional
        Folder for its temporary files; if not given, one that is removed when it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.name = name
        self._held = ExitStack()
        if scratch is None:
            # What is killed cannot tidy up after itself.
            scratch = self._held.enter_context(scratch_folder())
        temporary = dict.fromkeys(_TEMPORARY, str(scratch))
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, **temporary, **(env or {})},
                cwd=cwd,
                # Ctrl-C reaches the parent alone, which then stops its children in order.
                start_new_session=True,
            )
        except OSError:
            self._held.close()
            raise
        self._noise: deque[str] = deque(maxlen=40)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read_stdout, daemon=True).start()
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def wait(self, progress: Progress = no_progress) -> tuple[list[str], list[str]]:
        """Follow the child to its end.

        Returns
        -------
        results, warnings : lists of str
            The texts of its "result" and "warning" lines.

        Raises
        ------
        ConductorError
            The child's own error sentence.
        ChildDiedError
            If a signal ended it.
        RuntimeError
            If it ended without a sentence in another way; carries the end of its output.
        """
        try:
            said = self._listen(progress)
            code = self._process.wait()
        except BaseException:
            self.stop()
            raise
        self._drain.join(timeout=1.0)
        self._held.close()
        if said.error:
            raise ConductorError(said.error)
        if code != 0:
            raise self._death(code)
        return said.results, said.warnings

    def ask(
        self, request: str, cancel: str, progress: Progress = no_progress
    ) -> tuple[list[str], list[str]]:
        """Send a child that serves requests one line, and follow it to the end of its answer.

        A fault of the request, or a cancel from `progress`, leaves the child ready for the next.

        Parameters
        ----------
        request : str
            One line.
        cancel : str
            The line that ends the request in progress.
        progress : Progress
            Hears the child's progress.

        Returns
        -------
        results, warnings : lists of str
            The texts of its "result" and "warning" lines.

        Raises
        ------
        ConductorError
            The child's own error sentence.
        ChildDiedError
            If a signal ended it.
        RuntimeError
            If it ended in another way; carries the end of its output.
        """
        self._send(request)
        try:
            said = self._listen(progress)
        except Cancelled:
            self._send(cancel)
            impatience = threading.Timer(_KILL_AFTER_S, self._signal, [signal.SIGKILL])
            impatience.start()
            self._listen(no_progress)
            impatience.cancel()
            raise
        except BaseException:
            self.stop()
            raise
        if not said.done:
            code = self._process.wait()
            self._drain.join(timeout=1.0)
            raise self._death(code)
        if said.error:
            raise ConductorError(said.error)
        return said.results, said.warnings

    def stop(self) -> None:
        """End the child and everything it started; returns when it is gone."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=_KILL_AFTER_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        self._held.close()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        # One that died has told why, or ended without a word; who listens finds out.
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _listen(self, progress: Progress) -> "_Said":
        """Read to the end of an answer or, where none is marked, of the output."""
        said = _Said()
        heard: Line | None = None
        while True:
            try:
                text = self._lines.get(timeout=_POLL_S)
            except queue.Empty:
                # A cancel is to be heard where the child is silent, too.
                if heard is not None:
                    progress(heard.fraction, heard.text)
                continue
            if text is None:
                # Whoever listens again finds the end again.
                self._lines.put(None)
                break
            line = read_line(text.rstrip("\n"))
            if line is None:
                if text.strip():
                    self._noise.append(text.rstrip())
            elif line.kind == "progress":
                heard = line
                progress(line.fraction, line.text)
            elif line.kind == "result":
                said.results.append(line.text)
            elif line.kind == "warning":
                said.warnings.append(line.text)
            elif line.kind == "error":
                said.error = line.text
            elif line.kind == "done":
                said.done = True
                break
        return said

    def _death(self, code: int) -> RuntimeError:
        fault = ChildDiedError if code < 0 else RuntimeError
        return fault(f"{self.name} ended with code {code}:\n" + "\n".join(self._noise))

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._lines.put(text)
        self._lines.put(None)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            if text.strip():
                self._noise.append(text.rstrip())


@dataclass
class _Said:
    """What a child has said, up to the end of an answer or of its output."""

    results: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    done: bool = False
