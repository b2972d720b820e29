"""A movement as it is played: bars, tempo marks and every note, however it was written."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.score.instruments import Instrument
from backend.score.played_bars import BeatPlaces, PlayedBar, TempoMap, beat_places
from retarget.rotation import Array


@dataclass(frozen=True)
class NoteTable:
    """Notes in the order of their onsets; all of length N.

    Parameters
    ----------
    onset, duration : (N,) arrays
        Quarter notes; the onset from the beginning of the movement as it is played.
    pitch, part, touch, grace : (N,) int arrays
        MIDI key, index of the part, and flags and grace notes as in `backend.score.notes.Part`.
    velocity : (N,) array
        MIDI velocity the dynamic marks ask for.
    """

    onset: Array
    duration: Array
    pitch: NDArray[np.int64]
    part: NDArray[np.int64]
    touch: NDArray[np.int64]
    grace: NDArray[np.int64]
    velocity: Array

    def __len__(self) -> int:
        return len(self.onset)

    def take(self, index: NDArray) -> "NoteTable":
        """The notes of an index or mask."""
        return NoteTable(
            self.onset[index],
            self.duration[index],
            self.pitch[index],
            self.part[index],
            self.touch[index],
            self.grace[index],
            self.velocity[index],
        )


@dataclass(frozen=True)
class Movement:
    """A movement as it is played, in quarter notes from its beginning.

    Parameters
    ----------
    bars : tuple of PlayedBar
        In the order of playing.
    starts : (K + 1,) array
        Where each of them begins, and the end.
    tempo : TempoMap
        Along the score as it is written.
    notes : NoteTable
        All parts.
    parts : tuple of str
        Names.
    instruments : tuple of Instrument
        What they are played on.
    holds : tuple of (float, float)
        Where fermatas begin and end.
    turns : tuple of (float, str)
        Where the tempo is asked to change: "slower", "faster" or "back".
    """

    bars: tuple[PlayedBar, ...]
    starts: Array
    tempo: TempoMap
    notes: NoteTable
    parts: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    holds: tuple[tuple[float, float], ...]
    turns: tuple[tuple[float, str], ...]

    @property
    def length(self) -> float:
        """Quarter notes."""
        return float(self.starts[-1])

    @property
    def duration(self) -> float:
        """Seconds at the written tempo."""
        qpm = self.written_qpm(self.starts[:-1])
        return float((np.diff(self.starts) * 60.0 / qpm).sum())

    def beats(self, factors: float | Array = 1.0) -> BeatPlaces:
        """The beats that are conducted at some multiple of the written tempo.

        Parameters
        ----------
        factors : float or (M,) array
            For all tempo marks alike, or for each.
        """
        return beat_places(self.bars, TempoMap(self.tempo.starts, self.tempo.bpm * factors))

    def places(self, beats: BeatPlaces) -> Array:
        """Where beats lie, quarter notes."""
        return self.starts[beats.bar] + beats.offset

    def written_qpm(self, quarters: Array) -> Array:
        """Quarter notes a minute that are written at places of the played movement."""
        return self.tempo.bpm[self.marks(quarters)]

    def marks(self, quarters: Array) -> NDArray[np.int64]:
        """Indices of the tempo marks that hold at places of the played movement."""
        bar = np.clip(np.searchsorted(self.starts, quarters, side="right") - 1, 0, None)
        bar = np.minimum(bar, len(self.bars) - 1)
        begins = np.array([float(b.start) for b in self.bars])
        written = begins[bar] + quarters - self.starts[bar]
        at = np.searchsorted(self.tempo.starts, written + 1e-9, side="right")
        return np.maximum(at - 1, 0)
