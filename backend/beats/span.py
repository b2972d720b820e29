"""Where the music sounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from retarget.rotation import Array

_BY_FRAME: Final = ("mel", "centroid", "bandwidth", "onset", "loudness")
# The music sounds where its loudest band is less than this below the piece's loudest.
_SOUNDING_DB: Final = -60.0
# A shorter silence is a rest, which is conducted through.
_PAUSE_S: Final = 2.0
# What is left of a silence, seconds on either side of the sound.
_SILENCE_S: Final = 0.5


@dataclass(frozen=True)
class Sounding:
    """Music whose pauses are cut short, and the silence before and after it.

    Parameters
    ----------
    analysis : Analysis
        Its features.
    stretches : tuple of slice
        Which frames of the whole music these are; a slice for each stretch without a pause.
    """

    analysis: Analysis
    stretches: tuple[slice, ...]

    def seconds(self, times: Array) -> Array:
        """From times in the music that is cut to those in the whole music."""
        lengths = [one.stop - one.start for one in self.stretches]
        begins = np.cumsum([0, *lengths[:-1]])
        which = np.searchsorted(begins, times * FEATURE_RATE, side="right") - 1
        later = np.array([one.start for one in self.stretches]) - begins
        return np.asarray(times + later[np.maximum(which, 0)] / FEATURE_RATE)


def without_pauses(analysis: Analysis, parts: Sequence[tuple[float, float]]) -> Sounding:
    """The music as it sounds on and on.

    Silence tells nothing of the beats, but would be heard as beats that are missing, and so speak
    for slower ones.

    Parameters
    ----------
    analysis : Analysis
        Of the whole music.
    parts : sequence of (float, float)
        Its `sounding_parts`, at least one.
    """
    count = len(analysis.mel)
    stretches = tuple(
        slice(
            max(round((start - _SILENCE_S) * FEATURE_RATE), 0),
            min(round((end + _SILENCE_S) * FEATURE_RATE) + 1, count),
        )
        for start, end in parts
    )
    frames = {
        name: np.concatenate([getattr(analysis, name)[one] for one in stretches])
        if len(stretches) > 1
        else getattr(analysis, name)[stretches[0]]
        for name in _BY_FRAME
    }
    length = sum(one.stop - one.start for one in stretches)
    return Sounding(replace(analysis, duration=length / FEATURE_RATE, **frames), stretches)


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
