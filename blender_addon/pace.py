"""How long frames take: the time left, from three measured frames on, in words."""

import time
from collections.abc import Callable
from typing import Final

_MEASURED: Final = 3


class Pace:
    """Time left of a render.

    Parameters
    ----------
    count : int
        How many frames are to be rendered.
    warm_up : int
        How many of the first ones tell nothing: each process starts with one that takes longer,
        for its shaders are made.
    clock : callable
        Tells seconds.
    """

    def __init__(
        self, count: int, warm_up: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._warm_up = warm_up
        self._clock = clock
        self._done = 0
        self._since = 0.0
        self._last = 0.0
        self._said = 0.0

    def frame(self) -> None:
        """One more frame is done."""
        self._done += 1
        self._last = self._clock()
        if self._done <= self._warm_up:
            self._since = self._last

    @property
    def seconds_left(self) -> float | None:
        """From the frames so far; None while there are too few."""
        measured = self._done - self._warm_up
        if measured < _MEASURED:
            return None
        return (self._last - self._since) / measured * (self._count - self._done)

    @property
    def phase(self) -> str:
        """What is going on, and how long it will take."""
        frames = f"rendering {self._count} frames" if self._count != 1 else "rendering a frame"
        left = self.seconds_left
        if left is None:
            # Frames of minutes each would else look like standing still.
            known = self._warm_up + _MEASURED
            told = self._done > 0 and self._count > known
            return f"{frames}, timing the first {known}, {self._done} done" if told else frames
        # What was said holds until it is well off, so that it does not flicker.
        if not 0.8 * self._said < left < 1.4 * self._said:
            self._said = left
        return f"{frames}, {about(self._said)} left"


def about(seconds: float) -> str:
    """A time as one says it: "about 40 seconds", "about 3 minutes", "about 2.5 hours"."""
    if seconds < 55.0:
        step = 10 if seconds >= 15.0 else 5
        return f"about {max(step, round(seconds / step) * step)} seconds"
    if seconds < 90.0:
        return "about a minute"
    if seconds < 90.0 * 60.0:
        return f"about {round(seconds / 60.0)} minutes"
    return f"about {round(seconds / 1800.0) / 2:g} hours"
