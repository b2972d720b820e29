"""What the generator is told besides the music: place in beat and bar, and style."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import MOTION_RATE
from backend.style import MAX_LEAD, Style

_COUNTS: Final = 12
# Beats further apart than this belong to different passages.
_PAUSE_S: Final = 3.0
_USUAL_S: Final = 0.6

STYLE_CONDITIONS: Final = (
    *("size", "sharpness", "articulation", "subdivision", "rebound", "plane_height"),
    *("expression", "left_hand", "sway", "weight", "lead"),
)
"""The style's values that the generator is told, in its order: a part of its weights. The face is
none of them, for the generator moves the body alone."""

_STYLE: Final = len(STYLE_CONDITIONS)

CONDITIONS: Final = 12 + 2 * _COUNTS + _STYLE
"""Numbers for each frame."""


def conditions_of(grid: BeatGrid, style: Style, count: int) -> NDArray[np.float32]:
    """The conditions of frames at 30 Hz from the start of the music, (count, CONDITIONS).

    The grid is read `style.lead` ahead of the sound.

    Parameters
    ----------
    grid : BeatGrid
    style : Style
    count : int
        Frames.
    """
    at = np.arange(count) / MOTION_RATE + style.lead
    values = style.as_dict() | {"lead": style.lead / MAX_LEAD}
    styles = np.tile(np.array([values[name] for name in STYLE_CONDITIONS]), (count, 1))
    if len(grid) == 0:
        return np.hstack([np.zeros((count, CONDITIONS - _STYLE)), styles]).astype(np.float32)
    times = grid.times
    last = np.searchsorted(times, at + 1e-9, side="right") - 1
    before, after = last < 0, last >= len(times) - 1
    here = np.clip(last, 0, len(times) - 1)
    then = np.clip(last + 1, 0, len(times) - 1)
    since = np.where(before, _PAUSE_S, np.clip(at - times[here], 0.0, _PAUSE_S))
    until = np.where(after, _PAUSE_S, np.clip(times[then] - at, 0.0, _PAUSE_S))
    interval = np.maximum(times[then] - times[here], 1e-3)
    inside = ~before & ~after & (interval < _PAUSE_S)
    phase = np.where(inside, (at - times[here]) / interval, 0.0)
    in_bar = grid.beats_in_bar[here]
    place = np.where(inside, (grid.numbers[here] - 1 + phase) / in_bar, 0.0)
    columns = [
        inside,
        since / _PAUSE_S,
        until / _PAUSE_S,
        inside * np.log2(interval / _USUAL_S),
        *_turn(phase, inside),
        *_turn(2.0 * phase, inside),
        *_turn(place, inside),
        ~before & (grid.numbers[here] == 1),
        (~after) & (grid.numbers[then] == 1),
    ]
    told = np.stack(columns, axis=1).astype(np.float64)
    number = np.eye(_COUNTS)[np.minimum(grid.numbers[here], _COUNTS) - 1] * (~before)[:, None]
    length = np.eye(_COUNTS)[np.minimum(in_bar, _COUNTS) - 1]
    return np.hstack([told, number, length, styles]).astype(np.float32)


def _turn(phase: NDArray, inside: NDArray) -> tuple[NDArray, NDArray]:
    angle = 2.0 * np.pi * phase
    return inside * np.cos(angle), inside * np.sin(angle)
