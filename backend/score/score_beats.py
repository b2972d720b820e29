"""What a score file says: its beats, when its notes sound, and what is doubtful."""

from dataclasses import dataclass, field

from backend.grid.beat_grid import BeatGrid


@dataclass(frozen=True)
class Sounding:
    """When the notes of a score sound, seconds in the time of its beats.

    Parameters
    ----------
    first : float
        The first note begins.
    last : float
        The last one begins; a note tied to one before does not.
    end : float
        The one that is written to sound longest ends.
    """

    first: float
    last: float
    end: float


@dataclass(frozen=True)
class ScoreBeats:
    """The beats of a score file.

    Parameters
    ----------
    grid : BeatGrid
        Time 0 is the beginning of the file.
    sounding : Sounding, optional
        None where the score has beats but no notes.
    doubts : list of str
        What is doubtful, a sentence for each.
    tempo_is_written : bool
        False for MusicXML without any tempo in numbers: its times follow a tempo nobody wrote.
    keeps_beats : bool
        False for a MIDI file whose notes do not keep to its beats, as one that was played in
        without a click: its notes are at their times, its bars and beats mean nothing.
    """

    grid: BeatGrid
    sounding: Sounding | None
    doubts: list[str] = field(default_factory=list)
    tempo_is_written: bool = True
    keeps_beats: bool = True
