"""Whether a score fits the music it is conducted to: lead-in, length and tempo."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from backend.grid.beat_grid import BeatGrid
from backend.score.score_beats import Sounding

UNFITTING_CONFIDENCE: Final = 0.25
"""Confidence of the beats of a score that does not fit."""

# Sound more than this below the loudest is silence, dB.
_SILENCE_DB: Final = -50.0
# A recording's last chord rings on, and its end is often cut or faded.
_LENGTH_S, _LENGTH_SHARE = 2.5, 0.04
_LEAD_IN_S: Final = 0.1
# A tempo is heard where it stays within this of its median for most of the time, and another one
# where it differs by more from all multiples of it that a listener may count.
_STEADY, _STEADY_SHARE = 0.03, 0.7
_OTHER_TEMPO: Final = 0.06
_LEVELS: Final = np.log([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4])


def score_doubts(
    grid: BeatGrid,
    analysis: Analysis,
    notes: Sounding | None,
    *,
    begins: bool = True,
    ends: bool = True,
) -> list[str]:
    """What does not fit between a score's beats and the music, a sentence for each; none is good.

    Parameters
    ----------
    grid : BeatGrid
        Beats of the score, seconds from the beginning of `analysis`.
    analysis : Analysis
        The music, or a stretch of it.
    notes : Sounding, optional
        When the score sounds, seconds from the beginning of the music; of a score without notes
        only the tempo is compared.
    begins, ends : bool
        Whether the stretch begins with the music, and ends with it.
    """
    sounding = np.flatnonzero(analysis.mel.max(axis=1) > _SILENCE_DB)
    if len(grid) < 2 or not len(sounding):
        return []
    first, last = sounding[0] / FEATURE_RATE, (sounding[-1] + 1) / FEATURE_RATE
    doubts = []
    if begins and notes is not None:
        doubts.append(_lead_in_doubt(grid, notes, first))
    length = _length_doubt(notes, last - first) if begins and ends and notes is not None else ""
    doubts.append(length or _tempo_doubt(grid, analysis.tempo[sounding[0] : sounding[-1] + 1]))
    return [doubt for doubt in doubts if doubt]


def _lead_in_doubt(grid: BeatGrid, notes: Sounding, first: float) -> str:
    """What is wrong with a score's first note for music that begins at `first` seconds, or ""."""
    at = max(int(np.searchsorted(grid.times[:-1], notes.first, side="right")) - 1, 0)
    beat = grid.times[at + 1] - grid.times[at]
    late = first - notes.first
    if late > _LEAD_IN_S + 0.5 * beat:
        return (
            f"The music begins {late:.1f} seconds after the score's first note, so all beats are "
            "early by that; let them be found in the music with --score-is aligned."
        )
    if -late > _LEAD_IN_S + beat:
        return (
            f"The music begins {-late:.1f} seconds before the score's first note, so all beats "
            "are late by that; let them be found in the music with --score-is aligned."
        )
    return ""


def _length_doubt(notes: Sounding, music: float) -> str:
    """What is wrong with a score's length for music that sounds for so many seconds, or ""."""
    score = notes.end - notes.first
    allowed = max(_LENGTH_S, _LENGTH_SHARE * max(score, music))
    # Drums, harps and the piano are silent before a long last note ends.
    if notes.last - notes.first - allowed <= music <= score + allowed:
        return ""
    return (
        f"The score lasts {score:.1f} seconds and the music {music:.1f}, so the beats are wrong "
        "from some place on; let them be found in the music with --score-is aligned."
    )


def _tempo_doubt(grid: BeatGrid, local: NDArray[np.float32]) -> str:
    """What is wrong with a score's tempo for music of these beats a minute, (F,), or ""."""
    told, heard = _tempi(grid, local)
    if not told or np.abs(np.log(heard / told) - _LEVELS).min() <= np.log1p(_OTHER_TEMPO):
        return ""
    return (
        f"The score beats {told:.0f} a minute and the music seems to have {heard:.0f}; "
        "let its beats be found in the music with --score-is aligned, or leave --score out."
    )


def _tempi(grid: BeatGrid, local: NDArray[np.float32]) -> tuple[float, float]:
    """Beats a minute of a score and of the music, where both are steady; otherwise zeros."""
    found = []
    for tempi in (60.0 / np.diff(grid.times), local[local > 0.0]):
        middle = float(np.median(tempi)) if len(tempi) else 0.0
        if middle <= 0.0 or np.mean(np.abs(tempi / middle - 1.0) < _STEADY) < _STEADY_SHARE:
            return 0.0, 0.0
        found.append(middle)
    return found[0], found[1]
