"""A score file, read once: its movements, and what holds for the whole of it."""

from dataclasses import dataclass
from itertools import chain

from backend.score.movement import Movement
from backend.score.played_bars import PlayedBar, TempoMap
from backend.score.score_beats import Sounding


@dataclass(frozen=True)
class ScoreFile:
    """A score file.

    Parameters
    ----------
    name : str
        Of the file.
    movements : tuple of Movement
        In the order of the file; one may have bars and no notes.
    tempo : TempoMap
        Along the score as it is written, of tempo marks with numbers alone: what programs play.
        That of a movement follows words such as "Allegro" as well.
    sounding : Sounding, optional
        None where the score has no notes.
    doubts : tuple of str
        What is left out or doubtful in it, a sentence for each.
    tempo_is_written : bool
        False for MusicXML without any tempo in numbers: its times follow a tempo nobody wrote.
    keeps_beats : bool
        False for a MIDI file whose notes do not keep to its beats, as one that was played in
        without a click: its notes are at their times, its bars and beats mean nothing.
    """

    name: str
    movements: tuple[Movement, ...]
    tempo: TempoMap
    sounding: Sounding | None
    doubts: tuple[str, ...] = ()
    tempo_is_written: bool = True
    keeps_beats: bool = True

    @property
    def bars(self) -> list[PlayedBar]:
        """Those of all movements, in the order of playing."""
        return list(chain.from_iterable(movement.bars for movement in self.movements))
