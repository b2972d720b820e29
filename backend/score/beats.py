"""Score files to beats at their own times."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from backend.score.played_bars import DEFAULT_BPM, grid_from_bars
from backend.score.read import read_score_file
from backend.score.score_beats import ScoreBeats
from backend.score.score_file import ScoreFile

FREE_CONFIDENCE: Final = 0.1
"""Of beats that notes do not keep to."""

UNTIMED_CONFIDENCE: Final = 0.25
"""Of beats at a tempo that nobody wrote."""


def beats_from_score(path: str | Path) -> ScoreBeats:
    """The conducted beats of a MIDI or MusicXML file (plain or `.mxl`), and when its notes sound.

    Raises
    ------
    ConductorError
        As `backend.score.read.read_score_file`.
    """
    return score_beats(read_score_file(path))


def score_beats(score: ScoreFile) -> ScoreBeats:
    """The conducted beats of a score that was read, and when its notes sound.

    Times follow the tempo marks, from 120 quarter notes a minute where there is none; repeats,
    endings, da capo and dal segno are played out. How many beats of a bar are conducted follows
    `backend.grid.conducted`. Time 0 is the beginning of the file; empty bars that a MIDI file
    begins with are left out. The confidence is 1, but 0.1 where the notes do not keep to the beats
    and 0.25 where no tempo is written.
    """
    grid = grid_from_bars(score.bars, score.tempo)
    doubts = list(score.doubts)
    sure = 1.0
    if not score.keeps_beats:
        sure = FREE_CONFIDENCE
        doubts.append(
            f"The notes of {score.name} do not keep to its beats, as if it was recorded without a "
            "click; leave the score out, so that the beats are heard in the music."
        )
    if not score.tempo_is_written:
        sure = UNTIMED_CONFIDENCE
        doubts.append(
            f"{score.name} has no tempo mark and is taken at {DEFAULT_BPM:g} quarter notes a "
            "minute; write its tempo there, or let its beats be found in the music."
        )
    grid = replace(grid, confidence=np.full(len(grid), sure))
    return ScoreBeats(
        grid,
        score.sounding,
        doubts,
        tempo_is_written=score.tempo_is_written,
        keeps_beats=score.keeps_beats,
    )
