"""Where the music sounds."""

from itertools import pairwise
from typing import Final

import numpy as np

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE

# The music sounds where its loudest band is less than this below the piece's loudest.
_SOUNDING_DB: Final = -60.0
# A shorter silence is a rest, which is conducted through.
_PAUSE_S: Final = 2.0


def sounding_parts(analysis: Analysis) -> list[tuple[float, float]]:
    """First and last second of each stretch without a pause, in time order."""
    sounding = (analysis.mel.max(axis=1) > _SOUNDING_DB) & (analysis.loudness > 0.0)
    frames = np.flatnonzero(sounding)
    if len(frames) == 0:
        return []
    breaks = np.flatnonzero(np.diff(frames) > _PAUSE_S * FEATURE_RATE) + 1
    edges = [0, *breaks.tolist(), len(frames)]
    return [
        (float(frames[a] / FEATURE_RATE), float(frames[b - 1] / FEATURE_RATE))
        for a, b in pairwise(edges)
    ]
