"""Where the panels of a comparison lie, and which part of a video each one shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.film import Film
from retarget.progress import Progress, no_progress

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""

_Cell = tuple[Box, float]
# Where in a cell a lower panel stands: at its top, 0, to its bottom, 1.

_WHOLE: Final = 16.0 / 9.0
# Height of the whole, as a share of the shorter side of the first video.
_LARGER: Final = 4.0 / 3.0
_HIGHEST: Final = 2160
# Shares of the whole's height: between and around panels, and below each for its caption.
_MARGIN: Final = 0.02
_STRIP: Final = 0.055
# What moves is looked for in pictures of this height, at this difference of grey values.
_SMALL: Final = 120
_MOVED: Final = 24
# Room beside it on each side, as a share of the picture's height.
_ROOM: Final = 0.03


@dataclass(frozen=True)
class Layout:
    """Panels of one shape in a picture of 16:9.

    Parameters
    ----------
    size : (int, int)
        Width and height of the whole, both even.
    panels : tuple of (x, y, width, height)
        The panels in the order of the pictures.
    strip : int
        How much room there is below each panel for its caption, pixels.
    """

    size: tuple[int, int]
    panels: tuple[Box, ...]
    strip: int


@dataclass(frozen=True)
class Span:
    """From where to where something moves in a video, across.

    Parameters
    ----------
    size : (int, int)
        Width and height of the video.
    left, right : float
        In its pixels.
    """

    size: tuple[int, int]
    left: float
    right: float

    def crop(self, shape: float) -> tuple[float, float]:
        """Left end and width of the part that a panel shows, in pixels of the video.

        It is as high as the video; where it is wider, the left end lies outside.

        Parameters
        ----------
        shape : float
            Width of the panel as a share of its height.
        """
        wide, high = self.size
        width = shape * high
        middle = (self.left + self.right) / 2.0
        if width >= wide:
            return (wide - width) / 2.0, width
        return float(np.clip(middle - width / 2.0, 0.0, wide - width)), width


def span_of(film: Film, ground: tuple[int, int, int], progress: Progress = no_progress) -> Span:
    """Find where something moves in a video; where nothing does, all of it counts.

    Parameters
    ----------
    film : Film
        The video.
    ground : (int, int, int)
        What lies behind it where it is transparent.

    Raises
    ------
    ConductorError
        If it is damaged.
    """
    width, height = film.size
    small = max(1, round(_SMALL * width / height)), _SMALL
    lowest: NDArray[np.uint8] | None = None
    highest: NDArray[np.uint8] | None = None
    for index, frame in enumerate(film.frames(ground)):
        progress(index / film.count, "looking where the conductor moves")
        reduced = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY), np.uint8)
        lowest = grey if lowest is None else np.minimum(lowest, grey)
        highest = grey if highest is None else np.maximum(highest, grey)
    if lowest is None or highest is None:
        return Span(film.size, 0.0, width)
    moved = cv2.subtract(highest, lowest) > _MOVED
    columns = np.flatnonzero(moved.sum(axis=0) > 1)
    if not len(columns):
        return Span(film.size, 0.0, width)
    scale, room = width / small[0], _ROOM * height
    left, right = columns[0] * scale - room, (columns[-1] + 1) * scale + room
    return Span(film.size, max(left, 0.0), min(right, width))


def lay_out(spans: Sequence[Span]) -> Layout:
    """Lay out pictures, the last one of three as the largest if that shows more of them.

    All panels have one shape: wide enough for all that moves, and no wider than the widest video.

    Parameters
    ----------
    spans : sequence of Span
        Of two or three pictures; the first one's size gives the size of the whole.
    """
    height = min(_even(_LARGER * min(spans[0].size)), _HIGHEST)
    size = _even(_WHOLE * height), height
    widest = max(span.size[0] / span.size[1] for span in spans)
    least = min(widest, max((span.right - span.left) / span.size[1] for span in spans))
    strip = _even(_STRIP * height)
    arrangements = [_row(size, len(spans), strip)]
    if len(spans) == 3:
        arrangements.append(_stack(size, strip))
    layouts = []
    for cells in arrangements:
        (_, _, wide, high), _ = cells[-1]
        shape = float(np.clip(wide / high, least, widest))
        layouts.append(Layout(size, tuple(_inside(*cell, shape) for cell in cells), strip))
    return max(layouts, key=lambda layout: sum(wide * high for *_, wide, high in layout.panels))


def _row(size: tuple[int, int], count: int, strip: int) -> list[_Cell]:
    """Cells beside each other."""
    margin = _even(_MARGIN * size[1])
    wide = (size[0] - margin * (count + 1)) // count
    high = size[1] - margin - strip
    return [((margin + i * (wide + margin), margin, wide, high), 0.5) for i in range(count)]


def _stack(size: tuple[int, int], strip: int) -> list[_Cell]:
    """Two cells above each other, and a large one of the same shape beside them."""
    margin = _even(_MARGIN * size[1])
    high = size[1] - margin - strip
    low = (high - strip) // 2
    across = size[0] - 3 * margin
    narrow = round(across * low / (low + high))
    return [
        ((margin, margin, narrow, low), 1.0),
        ((margin, margin + low + strip, narrow, low), 0.0),
        ((narrow + 2 * margin, margin, across - narrow, high), 0.5),
    ]


def _inside(cell: Box, standing: float, shape: float) -> Box:
    """The largest panel of a shape in a cell."""
    x, y, wide, high = cell
    width, height = (wide, wide / shape) if wide < shape * high else (shape * high, high)
    inner = max(1, round(width)), max(1, round(height))
    return x + (wide - inner[0]) // 2, y + round(standing * (high - inner[1])), *inner


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2.0))
