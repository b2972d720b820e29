"""Whether a recording plays a score at the score's own times."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.alignment.piece import Piece
from backend.grid.beat_grid import BeatGrid
from backend.score.movement import Movement
from backend.score.played_bars import beat_places, seconds_played
from retarget.rotation import Array

_AGREE_S: Final = 0.03
"""Notes and sound that are closer than this agree."""

# Onsets of which the middle one must agree, and how sure each is, seconds.
_ONSETS: Final = 16
_CLEAR_S: Final = 0.02
# Of all clear onsets so many agree as well as onsets can be told.
_MOST, _TOLD_S = 0.8, 0.05


def plays_exactly(
    movement: Movement, written: BeatGrid, pieces: Sequence[Piece], start: float
) -> bool:
    """Whether onsets and notes agree throughout, so that the score's own times can be taken.

    Parameters
    ----------
    movement : Movement
        The whole score.
    written : BeatGrid
        Its beats at its own times.
    pieces : sequence of Piece
        Where it was found in the recording, seconds from `start` on.
    start : float
        Seconds.
    """
    if len(pieces) != 1 or len(pieces[0].runs) != 1:
        return False
    beats = beat_places(movement.bars, movement.tempo)
    told = seconds_played(movement.bars, movement.tempo, beats.bar, beats.offset)
    if len(told) != len(written) or np.abs(told - written.times).max() > 1e-3:
        return False
    (piece,) = pieces
    clear = piece.onsets.spread < _CLEAR_S
    quarters = piece.onsets.quarters[clear] + movement.starts[piece.runs[0][0]]
    away = piece.onsets.times[clear] + start - _written(movement, quarters)
    if len(away) < _ONSETS // 2:
        return False
    middles = [np.median(some) for some in np.array_split(away, max(len(away) // _ONSETS, 1))]
    return bool(np.abs(middles).max() < _AGREE_S and np.mean(np.abs(away) < _TOLD_S) >= _MOST)


def _written(movement: Movement, quarters: Array) -> Array:
    """The score's own seconds at places of the whole score."""
    bar = np.searchsorted(movement.starts, quarters + 1e-6, side="right") - 1
    bar = np.clip(bar, 0, len(movement.bars) - 1)
    return seconds_played(movement.bars, movement.tempo, bar, quarters - movement.starts[bar])
