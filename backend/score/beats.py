"""Score files to exact beats."""

from pathlib import Path

from backend.score.midi import midi_beats
from backend.score.midi_file import is_midi
from backend.score.musicxml import musicxml_beats
from backend.score.score_beats import ScoreBeats
from retarget.errors import ConductorError


def beats_from_score(path: str | Path) -> ScoreBeats:
    """The conducted beats of a MIDI or MusicXML file (plain or `.mxl`), and when its notes sound.

    Times follow the tempo marks, from 120 quarter notes a minute where there is none; repeats,
    endings, da capo and dal segno are played out. How many beats of a bar are conducted follows
    `backend.grid.conducted`. Time 0 is the beginning of the file;
    empty bars that a MIDI file begins with are left out.

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
    if path.suffix.lower() in (".mid", ".midi", ".rmi") and not is_midi(data):
        raise ConductorError(f"{path.name} is not a MIDI file, or it is damaged; export it again.")
    if is_midi(data):
        return midi_beats(path, data)
    return musicxml_beats(path, data)
