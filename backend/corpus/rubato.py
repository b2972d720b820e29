"""Real rubato: how the beats of real recordings quicken and slacken, from tables of beat times.

The tables are as those of `beat_this_annotations`: `*.beats`, seconds and number in the bar, a beat
a line. They give tempo curves for other music, never its truth.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import scipy.ndimage

from retarget.errors import ConductorError
from retarget.rotation import Array

_SUFFIX: Final = ".beats"
_FEWEST_BEATS: Final = 48
# Intervals that jump by this factor from one beat to the next are faults of the table.
_JUMP: Final = 1.9
# How far off its local tempo a beat may be, log.
_FARTHEST: Final = 0.45
# Tempo over so many beats is the piece's, not the players' freedom.
_SLOW_BEATS: Final = 96.0
_REMAINS: Final = 0.35


def rubato_curves(folder: Path) -> list[Array]:
    """Log tempo against its mean, beat by beat, (B,) of every usable table, by name.

    Raises
    ------
    ConductorError
        If there is no usable table in the folder.
    """
    found = (_curve(path) for path in sorted(folder.glob(f"*{_SUFFIX}")))
    curves = [curve for curve in found if curve is not None]
    if not curves:
        raise ConductorError(
            f"{folder} holds no usable tables of beat times; give a folder of *.beats files, "
            "seconds and number in the bar on each line."
        )
    return curves


def _curve(path: Path) -> Array | None:
    """None if the table cannot be read, is short, or jumps."""
    try:
        times = np.loadtxt(path, usecols=0, ndmin=1)
    except (OSError, ValueError):
        return None
    gaps = np.diff(times)
    if len(gaps) < _FEWEST_BEATS or (gaps <= 0.0).any():
        return None
    if (np.abs(np.diff(np.log(gaps))) > np.log(_JUMP)).any():
        return None
    pace = -np.log(gaps)
    # Of slow change only a part remains: tempos of sections are written in the score.
    slow = scipy.ndimage.gaussian_filter1d(pace, _SLOW_BEATS, mode="nearest")
    curve = pace - slow + _REMAINS * (slow - slow.mean())
    # Beats are tapped some milliseconds beside the sound.
    smooth = scipy.ndimage.convolve1d(curve, (0.25, 0.5, 0.25), mode="nearest")
    return np.asarray(np.clip(smooth, -_FARTHEST, _FARTHEST))


def drawn_rubato(curves: Sequence[Array], count: int, rng: np.random.Generator) -> Array:
    """Log tempo for `count` beats, (count,): of one recording, to and fro if it is short."""
    curve = curves[int(rng.integers(len(curves)))]
    there_and_back = np.r_[curve, curve[::-1]]
    first = int(rng.integers(len(there_and_back)))
    stretch = np.take(there_and_back, np.arange(first, first + count), mode="wrap")
    return np.asarray(stretch * rng.uniform(0.6, 1.2))
