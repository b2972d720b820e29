"""Any score file, read once."""

from pathlib import Path

from backend.score.midi_file import is_midi
from backend.score.midi_score import read_midi
from backend.score.musicxml_score import read_musicxml
from backend.score.score_file import ScoreFile
from retarget.errors import ConductorError


def read_score_file(path: str | Path) -> ScoreFile:
    """Read a MIDI or MusicXML file (plain or `.mxl`).

    Raises
    ------
    ConductorError
        If the file is missing, is neither MIDI nor MusicXML, is damaged, or holds no music.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConductorError(f"The score {path} does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise ConductorError(f"{path} is a folder; choose a MIDI or MusicXML file.") from error
    except OSError as error:
        raise ConductorError(f"The score {path} cannot be read; choose another.") from error
    if not data:
        raise ConductorError(f"The score {path.name} is empty; choose another.")
    if is_midi(data):
        return read_midi(path, data)
    if path.suffix.lower() in (".mid", ".midi", ".rmi"):
        raise ConductorError(f"{path.name} is not a MIDI file, or it is damaged; export it again.")
    return read_musicxml(path, data)
