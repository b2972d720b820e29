"""Work in a child process: its progress, its warnings, its one-line errors, its end."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from backend.folders import scratch_folder
from retarget.errors import Cancelled, ConductorError
from retarget.lines import read_line
from retarget.progress import Progress, no_progress

_KILL_AFTER_S = 5.0
# Where Python, and where Blender, look for the place of temporary files.
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


class ChildDiedError(RuntimeError):
    """A signal ended the child: the program in it crashed, or something killed it."""


class Child:
    """A running child that reports in marked lines (`retarget.lines`).

    Standard input is a pipe that is never written to: a child that calls `end_with_parent` ends
    when this process dies, however it dies.

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
        results: list[str] = []
        warnings: list[str] = []
        error = ""
        assert self._process.stdout is not None
        try:
            for text in self._process.stdout:
                line = read_line(text.rstrip("\n"))
                if line is None:
                    if text.strip():
                        self._noise.append(text.rstrip())
                elif line.kind == "progress":
                    progress(line.fraction, line.text)
                elif line.kind == "result":
                    results.append(line.text)
                elif line.kind == "warning":
                    warnings.append(line.text)
                elif line.kind == "error":
                    error = line.text
            code = self._process.wait()
        except BaseException:
            self.stop()
            raise
        self._drain.join(timeout=1.0)
        self._held.close()
        if error:
            raise ConductorError(error)
        if code != 0:
            fault = ChildDiedError if code < 0 else RuntimeError
            raise fault(f"{self.name} ended with code {code}:\n" + "\n".join(self._noise))
        return results, warnings

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

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            if text.strip():
                self._noise.append(text.rstrip())


def run_children(
    children: Sequence[Child], progress: Progress = no_progress
) -> list[tuple[list[str], list[str]]]:
    """Follow several children at once; if one fails or is cancelled, all are stopped.

    Progress is the mean of theirs.

    Returns
    -------
    list of (results, warnings)
        In the order of the children.
    """
    done: list[tuple[list[str], list[str]] | None] = [None] * len(children)
    fractions = [0.0] * len(children)
    faults: list[BaseException] = []
    changed = threading.Condition()
    phase = ""

    def follow(index: int) -> None:
        nonlocal phase

        def report(fraction: float, text: str, /) -> None:
            nonlocal phase
            with changed:
                if faults:
                    raise Cancelled
                fractions[index] = fraction
                phase = text
                changed.notify_all()

        try:
            done[index] = children[index].wait(report)
        except BaseException as fault:
            with changed:
                faults.append(fault)
        with changed:
            changed.notify_all()

    threads = [
        threading.Thread(target=follow, args=(i,), daemon=True) for i in range(len(children))
    ]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads) and not faults:
            with changed:
                changed.wait(timeout=0.2)
                fraction, text = sum(fractions) / len(fractions), phase
            progress(fraction, text)
    except BaseException as fault:
        with changed:
            faults.insert(0, fault)
    if faults:
        for child in children:
            child.stop()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return [result for result in done if result is not None]
