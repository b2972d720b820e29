"""Overlay "beats": a counter in a corner, and a ring where each beat falls."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.overlay.colours import DARK, MIDDLE, RIGHT
from backend.overlay.count import COUNT_IN, Count, with_count_in
from backend.overlay.ink import Ink, text_width, unit_of
from backend.overlay.seen import CROWN, Seen, end_of
from retarget.rotation import Array

# Measures of the counter in pixels of a 640 × 360 picture.
_MARGIN: Final = 14.0
_HEIGHT: Final = 50.0
_DISC: Final = 19.0
_NUMBER: Final = 23.0
_DOWNBEAT: Final = 28.0
_BAR: Final = 13.0
_DOT: Final = 2.8
_DOT_STEP: Final = 12.0
_PLATE: Final = 0.62
# Of the number while it is counted in.
_FAINT: Final = 0.6
# How fast a beat's flash is over, seconds.
_FLASH_S: Final = 0.16
# The counter stays this many beats after the last one.
_LATE: Final = 2.0
# The widest the counter gets, as a share of the picture.
_WIDEST: Final = 0.5
# What should not come behind the counter.
_KEPT_CLEAR: Final = (CROWN, "baton_tip", *(end_of(f"fingers.{s}", 3) for s in "LR"))
# How near it may come, in the counter's measures.
_NEAR: Final = 8.0
# From the one that is taken first on.
_CORNERS: Final = ((0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0))
_WORDS: Final = {0: "Upbeat", COUNT_IN: "Count-in"}


class BeatCounter:
    """Draws number and bar of the beat.

    Parameters
    ----------
    seen : Seen
        Where the right hand's beats fall.
    count : Count
        The beats.

    Attributes
    ----------
    layout : Layout
        Where the counter lies.
    """

    def __init__(self, seen: Seen, count: Count) -> None:
        self._seen, self._count = seen, with_count_in(count)
        dots = int(count.meters.max(initial=1))
        bars = f"Bar {count.bars.max(initial=1)}"
        words = max(text_width(text, _BAR) for text in (bars, *_WORDS.values()))
        wide = _HEIGHT + 4.0 + max(words, _DOT_STEP * (dots - 1) + 2 * _DOT) + 16.0
        unit = min(unit_of(seen.size), _WIDEST * seen.size[0] / wide)
        self.layout = _free_corner(seen, unit, wide)

    def draw(self, ink: Ink, frame: int) -> None:
        """Draw on one frame; nothing before the first beat, or the first that is counted in."""
        count, layout = self._count, self.layout
        now = frame / self._seen.fps
        beat = count.at(now, self._seen.fps)
        if beat < 0:
            return
        # The frame of the beat may lie a little before it.
        flash = float(np.exp(-max(now - count.times[beat], 0.0) / _FLASH_S))
        # It fades out after the last one.
        late = _LATE - (now - count.times[-1]) / count.interval
        shown = float(np.clip(2.0 * late, 0.0, 1.0))
        if shown <= 0.0:
            return
        if count.bars[beat] != COUNT_IN:
            self._ring(ink, frame, beat, flash)
        ink.plate(layout.plate, _HEIGHT / 2.0 * layout.unit, DARK, _PLATE * shown)
        self._number(ink, beat, flash, shown)
        self._bar(ink, beat, shown)

    def _number(self, ink: Ink, beat: int, flash: float, shown: float) -> None:
        centre, unit = self.layout.disc, self.layout.unit
        number = int(self._count.numbers[beat])
        is_counted_in = self._count.bars[beat] == COUNT_IN
        if number == 1 and not is_counted_in:
            ink.dots(centre, (_DISC + 2.5 * flash) * unit, RIGHT, shown)
            size, colour = _DOWNBEAT + 3.0 * flash, DARK
        else:
            light = 0.35 + 0.65 * flash
            ink.rings(centre, (_DISC + 1.5 * flash) * unit, 1.4 * unit, MIDDLE, light * shown)
            size, colour = _NUMBER + 1.5 * flash, MIDDLE
        if number > 9:
            size *= 0.8
        opacity = shown * (_FAINT + (1.0 - _FAINT) * flash if is_counted_in else 1.0)
        plain = Ink(ink.frame)
        plain.text(self.layout.number, str(number), size * unit, colour, opacity=opacity)

    def _bar(self, ink: Ink, beat: int, shown: float) -> None:
        count, unit = self._count, self.layout.unit
        bar, number = int(count.bars[beat]), int(count.numbers[beat])
        words = _WORDS.get(bar, f"Bar {bar}")
        plain = Ink(ink.frame)
        plain.text(self.layout.bar, words, _BAR * unit, MIDDLE, anchor="ls", opacity=0.95 * shown)
        places = self.layout.dots(int(count.meters[beat]))
        is_done = np.arange(1, len(places) + 1) < number
        plain.dots(places[is_done], _DOT * unit, MIDDLE, shown)
        plain.rings(places[number:], (_DOT - 0.5) * unit, 1.0 * unit, MIDDLE, 0.55 * shown)
        now = MIDDLE if bar == COUNT_IN else RIGHT
        plain.dots(places[number - 1], (_DOT + 0.8) * unit, now, shown)

    def _ring(self, ink: Ink, frame: int, beat: int, flash: float) -> None:
        """A ring that grows and fades where the baton was at the beat."""
        if flash < 0.04:
            return
        place = place_at(self._seen, "baton_tip", self._count.times[beat])
        centre = self._seen.to_pixels(frame, place[None])
        unit = unit_of(self._seen.size)
        radius = (5.0 + 13.0 * (1.0 - flash)) * unit
        ink.rings(centre, radius, 1.8 * unit, RIGHT, 0.9 * flash)


@dataclass(frozen=True)
class Layout:
    """Where the parts of the counter lie: in a corner of the picture.

    Parameters
    ----------
    size : (int, int)
        Width and height of the picture.
    unit : float
        Pixels of the picture to one of the counter's measures.
    corner : (float, float)
        0 for left and top, 1 for right and bottom.
    wide : float
        Width of the whole in the counter's measures.
    """

    size: tuple[int, int]
    unit: float
    corner: tuple[float, float]
    wide: float

    @property
    def _corner(self) -> Array:
        room = np.array(self.size) / self.unit - 2.0 * _MARGIN - [self.wide, _HEIGHT]
        return np.asarray(_MARGIN + np.array(self.corner) * room)

    @property
    def plate(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the whole."""
        left, top = self._corner * self.unit
        return left, top, left + self.wide * self.unit, top + _HEIGHT * self.unit

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
        x, y = (self._corner + np.array([_HEIGHT + 4.0, 23.5])) * self.unit
        return float(x), float(y)

    def dots(self, count: int) -> Array:
        """Centres (count, 2) of the dots, one for each beat of the bar."""
        first = self._corner + np.array([_HEIGHT + 4.0 + _DOT, 35.0])
        steps = np.stack([_DOT_STEP * np.arange(count), np.zeros(count)], axis=1)
        return np.asarray((first + steps) * self.unit)


def _free_corner(seen: Seen, unit: float, wide: float) -> Layout:
    """The corner that head, hands and baton come to in the fewest frames."""
    layouts = [Layout(seen.size, unit, corner, wide) for corner in _CORNERS]
    places = np.array(
        [
            seen.to_pixels(frame, np.stack([seen.points[name][frame] for name in _KEPT_CLEAR]))
            for frame in range(len(seen))
        ]
    )

    def visits(layout: Layout) -> int:
        left, top, right, bottom = layout.plate
        low, high = np.array([left, top]) - _NEAR * unit, np.array([right, bottom]) + _NEAR * unit
        return int(((places > low) & (places < high)).all(axis=2).any(axis=1).sum())

    return min(layouts, key=visits)


def place_at(seen: Seen, name: str, second: float) -> Array:
    """World position (3,) of a point between frames."""
    path = seen.points[name]
    at = float(np.clip(second * seen.fps, 0.0, len(path) - 1.0))
    before = min(int(at), max(len(path) - 2, 0))
    share = at - before
    after = min(before + 1, len(path) - 1)
    return np.asarray((1.0 - share) * path[before] + share * path[after])
