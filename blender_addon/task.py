"""Work in the background while Blender's window stays alive.

The thread never touches bpy: it is given plain values and leaves plain values behind.
"""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retarget.errors import Cancelled, ConductorError
from retarget.progress import Progress

# A smaller share, or a shorter time, says nothing about the rest.
_ESTIMATE_FROM = 0.08
_ESTIMATE_AFTER_S = 3.0


@dataclass(frozen=True)
class Problem:
    """A fault as the panel shows it.

    Parameters
    ----------
    sentence : str
        What is wrong and what to do.
    fix : str, optional
        Operator that mends it ("preferences.addon_show").
    fix_label : str
        What the button says.
    """

    sentence: str
    fix: str | None = None
    fix_label: str = ""


class FixableError(ConductorError):
    """A fault with a button that mends it.

    Parameters
    ----------
    sentence : str
        What is wrong and what to do.
    fix : str
        Operator that mends it.
    fix_label : str
        What the button says.
    """

    def __init__(self, sentence: str, fix: str, fix_label: str) -> None:
        super().__init__(sentence)
        self.fix = fix
        self.fix_label = fix_label


def problem_of(fault: BaseException) -> Problem:
    """What to show for a fault; one that is a bug of ours also goes to the console in full."""
    if isinstance(fault, FixableError):
        return Problem(str(fault), fault.fix, fault.fix_label)
    if isinstance(fault, ConductorError):
        return Problem(str(fault))
    traceback.print_exception(fault)
    return Problem(
        f"Something went wrong inside Virtual Conductor ({type(fault).__name__}: {fault}); "
        "the system console tells more."
    )


class Task:
    """A piece of work on a thread of its own.

    Parameters
    ----------
    title : str
        What the user asked for ("Generating").
    work : callable
        Given a `Progress`, returns the result; `Cancelled` and any fault are kept.
    """

    def __init__(self, title: str, work: Callable[[Progress], Any]) -> None:
        self.title = title
        self.fraction = 0.0
        self.phase = "starting"
        self.result: Any = None
        self.fault: BaseException | None = None
        self._work = work
        self._first: tuple[float, float] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    @property
    def cancelling(self) -> bool:
        """True once it was asked to stop."""
        return self._stop.is_set()

    @property
    def done(self) -> bool:
        """True when the thread has ended."""
        return not self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the pace so far; None while there is none."""
        if self._first is None:
            return None
        began, start = self._first
        elapsed, gained = time.monotonic() - began, self.fraction - start
        if gained < _ESTIMATE_FROM or elapsed < _ESTIMATE_AFTER_S:
            return None
        return elapsed * (1.0 - self.fraction) / gained

    def _run(self) -> None:
        try:
            self.result = self._work(self._report)
        except BaseException as fault:
            self.fault = fault

    def _report(self, fraction: float, phase: str, /) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.fraction = max(self.fraction, min(fraction, 1.0))
        self.phase = phase
        # Starting Blender or the server takes its time and says nothing about the pace.
        if self._first is None and self.fraction > 0.0:
            self._first = time.monotonic(), self.fraction


@dataclass
class Session:
    """What the panel shows beside the settings: it lives as long as Blender runs.

    Parameters
    ----------
    task : Task, optional
        The work in progress; there is one at a time.
    problem : Problem, optional
        What went wrong last.
    notes : tuple of str
        What the user should know of the last result.
    """

    task: Task | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


session = Session()
"""The one session."""
