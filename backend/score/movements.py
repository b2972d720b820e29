"""The movements of a score file."""

from pathlib import Path

from backend.score.movement import Movement
from backend.score.read import read_score_file
from retarget.errors import ConductorError


def read_score(path: str | Path) -> list[Movement]:
    """All movements with notes of a MusicXML (plain or `.mxl`) or MIDI file; a MIDI file is one.

    Raises
    ------
    ConductorError
        If it cannot be read, is neither, is damaged, or holds no notes.
    """
    movements = [it for it in read_score_file(path).movements if len(it.notes)]
    if not movements:
        raise ConductorError(f"{Path(path).name} holds no notes; choose another score.")
    return movements
