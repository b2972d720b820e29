"""Work on a thread beside other work, for what waits for another process."""

import math
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from retarget.errors import Cancelled
from retarget.progress import Progress

_POLL_S: Final = 0.2

Result = TypeVar("Result")


class Beside(Generic[Result]):
    """Work that is under way while this thread does something else.

    Leaving the context cancels it if it is not done, and waits for its end.

    Parameters
    ----------
    work : callable
        Given a `Progress`, returns the result.
    """

    def __init__(self, work: Callable[[Progress], Result]) -> None:
        self._work = work
        self._results: list[Result] = []
        self._fault: BaseException | None = None
        self._told = (0.0, "starting")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Beside[Result]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def watched(self, progress: Progress) -> Progress:
        """A progress of the other work that also raises what went wrong with this one."""

        def report(fraction: float, phase: str, /) -> None:
            if self._fault is not None:
                raise self._fault
            progress(fraction, phase)

        return report

    def wait(self, progress: Progress, until: float = 1.0) -> None:
        """Wait until this share of the work is done; `progress` hears how far it is."""
        while self._thread.is_alive() and self._told[0] < until:
            progress(*self._told)
            self._thread.join(timeout=_POLL_S)
        if self._fault is not None:
            raise self._fault

    def result(self, progress: Progress) -> Result:
        """Wait for the result; `progress` hears how far it is."""
        # The last report comes before the end.
        self.wait(progress, until=math.inf)
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work(self._report))
        except BaseException as fault:
            self._fault = fault

    def _report(self, fraction: float, phase: str, /) -> None:
        if self._stop.is_set():
            raise Cancelled
        self._told = fraction, phase
