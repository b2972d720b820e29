"""Any score file to its movements."""

from pathlib import Path

from backend.score.midi_file import is_midi
from backend.score.midi_score import read_midi_score
from backend.score.movement import Movement
from backend.score.musicxml_score import read_musicxml_score
from retarget.errors import ConductorError


def read_score(path: Path) -> list[Movement]:
    """All movements of a MusicXML (plain or `.mxl`) or MIDI file; a MIDI file is one.

    Raises
    ------
    ConductorError
        If it cannot be read, is neither, is damaged, or holds no notes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConductorError(f"The score {path.name} cannot be read; check the file.") from error
    if is_midi(data):
        return [read_midi_score(path, data)]
    return read_musicxml_score(path, data)
