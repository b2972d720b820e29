"""Overlay "beats": a counter in the corner, and a ring where each beat falls."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.overlay.colours import DARK, MIDDLE, RIGHT
from backend.overlay.count import Count
from backend.overlay.ink import Ink, text_width, unit_of
from backend.overlay.seen import Seen
from retarget.rotation import Array

# Measures of the counter in pixels of a 640 × 360 picture.
_MARGIN: Final = 14.0
_HEIGHT: Final = 60.0
_DISC: Final = 23.0
_NUMBER: Final = 27.0
_DOWNBEAT: Final = 35.0
_BAR: Final = 15.0
_DOT: Final = 3.2
_DOT_STEP: Final = 14.0
_PLATE: Final = 0.62
# How fast a beat's flash is over, seconds.
_FLASH_S: Final = 0.16
# The counter comes this many beats before the first one, and stays so many after the last.
_EARLY, _LATE = 1.0, 2.0
# The widest the counter gets, as a share of the picture.
_WIDEST: Final = 0.5


class BeatCounter:
    """Draws number and bar of the beat.

    Parameters
    ----------
    seen : Seen
        Where the right hand's beats fall.
    count : Count
        The beats.
    """

    def __init__(self, seen: Seen, count: Count) -> None:
        self._seen, self._count = seen, count
        self._unit = unit_of(seen.size)
        dots = int(count.meters.max(initial=1))
        words = text_width(f"Bar {count.bars.max(initial=1)}", _BAR)
        self._wide = _HEIGHT + 4.0 + max(words, _DOT_STEP * (dots - 1) + 2 * _DOT) + 18.0
        self._unit = min(self._unit, _WIDEST * seen.size[0] / self._wide)

    def draw(self, ink: Ink, frame: int) -> None:
        """Draw on one frame."""
        count = self._count
        now = frame / self._seen.fps
        beat = count.at(now, self._seen.fps)
        shown = self._presence(now)
        if not len(count) or shown <= 0.0:
            return
        flash = 0.0
        if beat >= 0:
            # The frame of the beat may lie a little before it.
            flash = float(np.exp(-max(now - count.times[beat], 0.0) / _FLASH_S))
            self._ring(ink, frame, beat, flash)
        layout = Layout(self._seen.size, self._unit)
        ink.plate(layout.plate(self._wide), _HEIGHT / 2.0 * self._unit, DARK, _PLATE * shown)
        self._number(ink, layout, beat, flash, shown)
        self._bar(ink, layout, beat, shown)

    def _presence(self, now: float) -> float:
        """0 to 1: the counter fades in before the first beat and out after the last."""
        count = self._count
        if not len(count):
            return 0.0
        step = count.interval
        early = (now - count.times[0]) / step + _EARLY
        late = _LATE - (now - count.times[-1]) / step
        return float(np.clip(2.0 * min(early, late), 0.0, 1.0))

    def _number(self, ink: Ink, layout: "Layout", beat: int, flash: float, shown: float) -> None:
        centre, unit = layout.disc, self._unit
        if beat < 0:
            ink.rings(centre, _DISC * unit, 1.5 * unit, MIDDLE, 0.35 * shown)
            return
        number = int(self._count.numbers[beat])
        if number == 1:
            ink.dots(centre, (_DISC + 3.0 * flash) * unit, RIGHT, shown)
            size, colour = _DOWNBEAT + 4.0 * flash, DARK
        else:
            light = 0.35 + 0.65 * flash
            ink.rings(centre, (_DISC + 2.0 * flash) * unit, 1.6 * unit, MIDDLE, light * shown)
            size, colour = _NUMBER + 2.0 * flash, MIDDLE
        if number > 9:
            size *= 0.8
        plain = Ink(ink.frame)
        plain.text(layout.number, str(number), size * unit, colour, opacity=shown)

    def _bar(self, ink: Ink, layout: "Layout", beat: int, shown: float) -> None:
        count, unit = self._count, self._unit
        near = max(beat, 0)
        bar, number = int(count.bars[near]), int(count.numbers[near])
        words = f"Bar {bar}" if bar else "Upbeat"
        plain = Ink(ink.frame)
        plain.text(layout.bar, words, _BAR * unit, MIDDLE, anchor="ls", opacity=0.95 * shown)
        places = layout.dots(int(count.meters[near]))
        is_done = np.arange(1, len(places) + 1) <= (number if beat >= 0 else 0)
        plain.dots(places[is_done], _DOT * unit, MIDDLE, shown)
        plain.rings(places[~is_done], (_DOT - 0.5) * unit, 1.0 * unit, MIDDLE, 0.55 * shown)
        if beat >= 0:
            plain.dots(places[number - 1], (_DOT + 0.8) * unit, RIGHT, shown)

    def _ring(self, ink: Ink, frame: int, beat: int, flash: float) -> None:
        """A ring that grows and fades where the baton was at the beat."""
        if flash < 0.04:
            return
        place = place_at(self._seen, "baton_tip", self._count.times[beat])
        centre = self._seen.to_pixels(frame, place[None])
        radius = (5.0 + 13.0 * (1.0 - flash)) * self._unit
        ink.rings(centre, radius, 2.0 * self._unit, RIGHT, 0.9 * flash)


@dataclass(frozen=True)
class Layout:
    """Where the parts of the counter lie: in the lower left corner.

    Parameters
    ----------
    size : (int, int)
        Width and height of the picture.
    unit : float
        Pixels of the picture to one of the counter's measures.
    """

    size: tuple[int, int]
    unit: float

    @property
    def _corner(self) -> Array:
        return np.array([_MARGIN, self.size[1] / self.unit - _MARGIN - _HEIGHT])

    def plate(self, wide: float) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the whole."""
        left, top = self._corner * self.unit
        return left, top, left + wide * self.unit, top + _HEIGHT * self.unit

    @property
    def disc(self) -> Array:
        """Centre (2,) of the disc behind the number."""
        return (self._corner + _HEIGHT / 2.0) * self.unit

    @property
    def number(self) -> tuple[float, float]:
        """Middle of the number's letters."""
        x, y = self.disc
        return float(x), float(y)

    @property
    def bar(self) -> tuple[float, float]:
        """Left end of the line on which the bar's words stand."""
        x, y = (self._corner + np.array([_HEIGHT + 4.0, 28.0])) * self.unit
        return float(x), float(y)

    def dots(self, count: int) -> Array:
        """Centres (count, 2) of the dots, one for each beat of the bar."""
        first = self._corner + np.array([_HEIGHT + 4.0 + _DOT, 42.0])
        steps = np.stack([_DOT_STEP * np.arange(count), np.zeros(count)], axis=1)
        return np.asarray((first + steps) * self.unit)


def place_at(seen: Seen, name: str, second: float) -> Array:
    """World position (3,) of a point between frames."""
    path = seen.points[name]
    at = float(np.clip(second * seen.fps, 0.0, len(path) - 1.0))
    before = min(int(at), max(len(path) - 2, 0))
    share = at - before
    after = min(before + 1, len(path) - 1)
    return np.asarray((1.0 - share) * path[before] + share * path[after])
