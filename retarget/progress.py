"""How long work reports itself, and how it hears that it should stop."""

from typing import Protocol


class Progress(Protocol):
    """Called from time to time by long work.

    Parameters
    ----------
    fraction : float
        Share of the work done, in [0, 1], never falling.
    phase : str
        What is being done now, in a few plain words ("hearing the beats").

    Raises
    ------
    Cancelled
        If the work is to stop; the caller lets it through and leaves nothing half-written.
    """

    def __call__(self, fraction: float, phase: str, /) -> None: ...


def no_progress(fraction: float, phase: str) -> None:
    """Report to nobody."""


def part(progress: Progress, start: float, end: float, phase: str | None = None) -> Progress:
    """Progress for a stretch of the whole: [0, 1] there is [start, end] here.

    Parameters
    ----------
    progress : Progress
        Where the whole is reported.
    start, end : float
        The stretch, 0 <= start <= end <= 1.
    phase : str, optional
        Name to report instead of the inner one.
    """

    def report(fraction: float, inner_phase: str, /) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), phase or inner_phase)

    return report
