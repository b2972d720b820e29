"""The movements of a score file."""

from pathlib import Path

from backend.score.movement import Movement
from backend.score.read import read_score_file
from backend.score.score_file import ScoreFile
from retarget.errors import ConductorError


def read_score(path: str | Path) -> list[Movement]:
    """All movements with notes of a MusicXML (plain or `.mxl`) or MIDI file; a MIDI file is one.

    Raises
    ------
    ConductorError
        If it cannot be read, is neither, is damaged, or holds no notes.
    """
    return movements_with_notes(read_score_file(path))


def movements_with_notes(score: ScoreFile) -> list[Movement]:
    """Those of a score that was read.

    Raises
    ------
    ConductorError
        If there are none.
    """
    movements = [it for it in score.movements if len(it.notes)]
    if not movements:
        raise ConductorError(f"{score.name} holds no notes; choose another score.")
    return movements
