"""Phrases: where the music begins anew, as far as its bars and its loudness tell."""

from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

from .dynamics import Dynamics
from .plan import Plan

# Bars of a phrase: the softest start among these.
_BARS: Final = (3, 4, 5, 6)
_USUAL_BARS: Final = 4
# What the usual length is worth in loudness.
_USUAL_WORTH: Final = 0.06
_BEFORE_S: Final = 0.25


def find_phrases(plan: Plan, grid: BeatGrid, dynamics: Dynamics, rng: np.random.Generator) -> Array:
    """When phrases within a passage begin, motion time in seconds, (P,) rising.

    A phrase of some bars ends where the music is softest; the first of each passage is none of
    them, for everybody knows where a passage begins.
    """
    starts: list[float] = []
    for first, last in plan.passages if len(plan.ictus) else ():
        bars = np.flatnonzero(grid.numbers[first : last + 1] == 1) + first
        times = plan.ictus[bars]
        softness = -dynamics.broad(times - _BEFORE_S) + 0.01 * rng.standard_normal(len(bars))
        bar = 0
        while bar + _BARS[0] < len(bars):
            ahead = np.array([n for n in _BARS if bar + n < len(bars)])
            worth = softness[bar + ahead] + _USUAL_WORTH * (ahead == _USUAL_BARS)
            bar += int(ahead[int(np.argmax(worth))])
            starts.append(float(times[bar]))
    return np.array(starts)
