"""What was found, in one line."""

from collections import Counter
from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid

# Kinds of bars that are named; rarer ones are counted.
_NAMED: Final = 3
# The tempo is told from one of its percentiles to another.
_TEMPI: Final = (5, 95)


def beat_summary(grid: BeatGrid) -> str:
    """Tempo, meters, bars and confidence of a grid.

    Parameters
    ----------
    grid : BeatGrid
    """
    if len(grid) == 0:
        return "No beats."
    parts = []
    if len(grid) > 1:
        low, high = np.percentile(60.0 / np.diff(grid.times), _TEMPI)
        parts.append(f"{grid.tempo:.0f} beats a minute ({low:.0f} to {high:.0f})")
    parts += [_bars(grid), f"confidence {grid.confidence.mean():.2f}"]
    return f"{len(grid)} {'beat' if len(grid) == 1 else 'beats'}: {', '.join(parts)}."


def _bars(grid: BeatGrid) -> str:
    """The kinds of bars and how many there are of each."""
    at = np.flatnonzero(grid.numbers == 1)
    if len(at) == 0:
        return "no whole bar"
    kinds = Counter((grid.meters[i], int(grid.beats_in_bar[i])) for i in at)
    told = [
        f"{count} {'bar' if count == 1 else 'bars'} of {meter} in {beats}"
        for (meter, beats), count in kinds.most_common(_NAMED)
    ]
    more = sum(kinds.values()) - sum(count for _, count in kinds.most_common(_NAMED))
    return ", ".join(told) + (f", {more} others" if more else "")
