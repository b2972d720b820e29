"""The conducted beats of the pieces of a recording that play the score."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from backend.alignment.piece import Piece
from backend.grid.beat_grid import BeatGrid
from backend.score.played_bars import TempoMap, beat_places
from retarget.rotation import Array

# Beats this far before and after what was found to sound are still taken, seconds.
_BEFORE_S, _AFTER_S = 0.75, 0.5
_CLOSEST_S: Final = 0.05
# Beats lie before the end of the sound by this.
_END_S: Final = 0.02


def played_beats(
    piece: Piece, tempo: TempoMap, since: float, until: float, *, to_the_end: bool
) -> BeatGrid:
    """The beats of a piece, from `since` to `until` seconds; those before 0 are moved there.

    Parameters
    ----------
    piece : Piece
    tempo : TempoMap
        By which it is decided how many beats of a bar are conducted.
    since, until : float
        Seconds.
    to_the_end : bool
        Whether its last bar is beaten to its end.
    """
    beats = beat_places(piece.movement.bars, tempo)
    quarters = piece.movement.places(beats)
    times = _apart(piece.seconds(quarters))
    last = until - _END_S if to_the_end else min(until - _END_S, piece.end + _AFTER_S)
    keep = (times > max(piece.begin - _BEFORE_S, since)) & (times < last)
    grid = beats.at(np.maximum(times, np.arange(len(times)) * 1e-6))
    return replace(grid, confidence=piece.confidence(quarters)).selected(keep)


def _apart(times: Array) -> Array:
    """The same times, none closer to the one before than beats can be."""
    steps = np.arange(len(times)) * _CLOSEST_S
    return np.maximum.accumulate(times - steps) + steps


def one_after_another(grids: Sequence[BeatGrid]) -> BeatGrid:
    """Grids in the order of time as one."""
    return BeatGrid(
        np.concatenate([grid.times for grid in grids]),
        np.concatenate([grid.numbers for grid in grids]),
        np.concatenate([grid.beats_in_bar for grid in grids]),
        tuple(meter for grid in grids for meter in grid.meters),
        np.concatenate([grid.confidence for grid in grids]),
    )
