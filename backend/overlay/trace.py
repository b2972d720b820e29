"""Overlay "trace": the paths of the baton's tip and of the left hand over the last bar."""

from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from backend.overlay.clear import Clearing
from backend.overlay.colours import DARK, LEFT, MIDDLE, RIGHT
from backend.overlay.count import Count
from backend.overlay.ink import Ink, unit_of
from backend.overlay.seen import Seen
from retarget.rotation import Array

# Widths, radii and letters in pixels of a 640 × 360 picture.
_WIDEST, _NARROWEST = 3.2, 0.6
_DOT: Final = 6.8
_DOT_OF_ONE: Final = 8.0
_RIM: Final = 1.4
_HEAD: Final = 3.0
_LETTER: Final = 10.5
_LETTER_OF_ONE: Final = 12.0
# The left hand follows the pattern only in part, so it is drawn lighter.
_LEFT_SHARE: Final = 0.65
# How fast the tail pales: the power of what is left of its time.
_PALING: Final = 1.4
_SHORTEST_S, _LONGEST_S = 1.0, 4.0
_WITHOUT_BEATS_S: Final = 2.0
_STEPS_PER_FRAME: Final = 4
_PATHS: Final = (("fingers.L", LEFT, _LEFT_SHARE), ("baton_tip", RIGHT, 1.0))


class Trace:
    """Draws what the hands have drawn into the air, clear of the face and the hands.

    Parameters
    ----------
    seen : Seen
        The hands and the camera.
    count : Count
        The beats, which the baton's path is marked at.
    """

    def __init__(self, seen: Seen, count: Count) -> None:
        self._seen, self._count = seen, count
        self._clearing = Clearing(seen)
        self._unit = unit_of(seen.size)
        self._span = _WITHOUT_BEATS_S
        if len(count) > 1:
            bar = float(np.median(count.meters)) * count.interval
            self._span = float(np.clip(bar, _SHORTEST_S, _LONGEST_S))
        self._curves = {name: _curve(seen, name) for name, _, _ in _PATHS}

    def draw(self, ink: Ink, frame: int) -> None:
        """Draw on one frame."""
        # Fewer steps at the beginning, where less has been drawn.
        steps = min(round(self._span * self._seen.fps), frame) * _STEPS_PER_FRAME
        frames = frame - np.arange(steps, -1, -1) / _STEPS_PER_FRAME
        for name, colour, share in _PATHS:
            curve = self._curves[name]
            if curve is None:
                continue
            fresh = self._freshness(frames, frame)
            width = _NARROWEST + (_WIDEST - _NARROWEST) * fresh
            pixels = self._seen.to_pixels(frame, curve(frames))
            light = self._clearing.light(frame, pixels)
            ink.stroke(pixels, share * width * self._unit, colour, light * fresh**_PALING)
            if name == "baton_tip":
                self._beats(ink, frame, curve)
            ink.dots(pixels[-1], share * _HEAD * self._unit, colour, light[-1])
            ink.dots(pixels[-1], 0.5 * share * _HEAD * self._unit, MIDDLE, light[-1])

    def _freshness(self, frames: Array, frame: int) -> Array:
        """1 now to 0 a bar ago."""
        age = (frame - frames) / self._seen.fps
        return np.asarray(np.clip(1.0 - age / self._span, 0.0, 1.0))

    def _beats(self, ink: Ink, frame: int, curve: CubicSpline) -> None:
        count, fps = self._count, self._seen.fps
        last = count.at(frame / fps, fps)
        first = int(np.searchsorted(count.times, max(frame / fps - self._span, 0.0)))
        if last < first:
            return
        frames = np.clip(count.times[first : last + 1] * fps, 0.0, frame)
        places = self._seen.to_pixels(frame, curve(frames))
        fresh = np.clip(1.6 * self._freshness(frames, frame), 0.0, 1.0)
        fresh *= self._clearing.light(frame, places)
        for place, number, light in zip(
            places, count.numbers[first : last + 1], fresh, strict=True
        ):
            self._beat(ink, place, int(number), float(light))

    def _beat(self, ink: Ink, place: Array, number: int, light: float) -> None:
        is_one = number == 1
        radius = (_DOT_OF_ONE if is_one else _DOT) * self._unit
        ink.dots(place, radius, RIGHT, light)
        if not is_one:
            ink.dots(place, radius - _RIM * self._unit, MIDDLE, light)
        if np.isfinite(place).all():
            size = (_LETTER_OF_ONE if is_one else _LETTER) * self._unit
            at = float(place[0]), float(place[1])
            Ink(ink.frame).text(at, str(number), size, DARK, opacity=light)


def _curve(seen: Seen, name: str) -> CubicSpline | None:
    """A point's world position at any frame, smooth; None if it is not there, or stands still."""
    path = seen.points[name]
    if len(path) < 2 or not np.isfinite(path).all():
        return None
    return CubicSpline(np.arange(len(path)), path)
