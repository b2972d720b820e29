"""What a job's worker may take: memory, time, silence, disk; and who looks after it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOOK_EVERY_S: Final = 0.5
_WALK_EVERY_S: Final = 5.0
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat after the name: the parent, and the resident pages.
_PARENT, _RESIDENT = 1, 21


def _share_of_memory() -> int:
    return max(2_000_000_000, os.sysconf("SC_PHYS_PAGES") * _PAGE * 3 // 4)


@dataclass(frozen=True)
class Limits:
    """What one job may take.

    Parameters
    ----------
    memory_bytes : int
        Resident memory of the worker and all it started; by default three quarters of the machine.
    seconds : float
        From start to end.
    silent_s : float
        Without a word of progress.
    disk_bytes : int
        All files in the job's folder: uploads, what it works on, results.
    """

    memory_bytes: int = _share_of_memory()
    seconds: float = 12 * 3600.0
    silent_s: float = 3600.0
    disk_bytes: int = 40_000_000_000


class Watch:
    """Looks at a worker from a thread of its own and ends it when it is over a limit.

    Parameters
    ----------
    pid : int
        The worker's process.
    folder : Path
        The job's folder.
    limits : Limits
        What it may take.
    heard : callable
        When it last reported, by `time.monotonic`.
    end : callable
        Ends the worker.
    """

    def __init__(
        self,
        pid: int,
        folder: Path,
        limits: Limits,
        heard: Callable[[], float],
        end: Callable[[], None],
    ) -> None:
        self.sentence: str | None = None
        """Which limit was passed and what to do; None as long as none was."""
        self._pid, self._folder, self._limits = pid, folder, limits
        self._heard, self._end = heard, end
        self._began = time.monotonic()
        self._walked = self._began
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking; the last look is at what was left on the disk."""
        self._done.set()
        self._thread.join()
        if self.sentence is None:
            self.sentence = self._too_large()

    def _look(self) -> None:
        while not self._done.wait(_LOOK_EVERY_S):
            self.sentence = self._passed()
            if self.sentence is not None:
                self._end()
                return

    def _passed(self) -> str | None:
        now = time.monotonic()
        limits = self._limits
        if tree_memory(self._pid) > limits.memory_bytes:
            return (
                f"The job took more than {limits.memory_bytes / 1e9:g} GB of memory and was ended; "
                "take a shorter stretch or a smaller picture."
            )
        if now - self._began > limits.seconds:
            return (
                f"The job took longer than {_span(limits.seconds)} and was ended; "
                "take a shorter stretch."
            )
        if now - self._heard() > limits.silent_s:
            return (
                f"The job did not get on for {_span(limits.silent_s)} and was ended; try again, "
                "or take another file."
            )
        if now - self._walked > _WALK_EVERY_S:
            self._walked = now
            return self._too_large()
        return None

    def _too_large(self) -> str | None:
        if folder_bytes(self._folder) <= self._limits.disk_bytes:
            return None
        return (
            f"The job wrote more than {self._limits.disk_bytes / 1e9:g} GB and was ended; take a "
            "shorter stretch or a smaller picture."
        )


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and all its descendants; 0 if it is gone."""
    children: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for process, parent, size in _processes():
        children.setdefault(parent, []).append(process)
        resident[process] = size
    total, left = 0, [pid]
    while left:
        process = left.pop()
        total += resident.get(process, 0)
        left += children.get(process, [])
    return total


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder, as far as they are still there; links are not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _processes() -> Iterator[tuple[int, int, int]]:
    """Every process: its number, its parent's, its resident bytes."""
    if sys.platform != "linux":
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=False
        )
        for line in listed.stdout.splitlines():
            process, parent, kilobytes = map(int, line.split())
            yield process, parent, kilobytes * 1024
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                content = Path("/proc", name, "stat").read_text(errors="replace")
            except OSError:
                continue
            # The name in brackets may hold spaces and brackets itself.
            fields = content.rpartition(")")[2].split()
            yield int(name), int(fields[_PARENT]), int(fields[_RESIDENT]) * _PAGE


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} hours" if seconds >= 3600 else f"{seconds:g} seconds"
