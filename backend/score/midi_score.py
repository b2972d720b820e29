"""A MIDI file as a movement: its own notes and velocities, played in another tempo."""

from pathlib import Path
from typing import Final

import numpy as np

from backend.score.instruments import DRUM_KIT, Instrument, instrument_of_program
from backend.score.midi import midi_bars
from backend.score.midi_file import MidiPart, parse_midi
from backend.score.movement import Movement, NoteTable

_DRUMS: Final = 9
_KIT: Final = Instrument((0,), DRUM_KIT)


def read_midi_score(path: Path, data: bytes) -> Movement:
    """The one movement of a Standard MIDI file.

    Every channel of every track is a part, played on the program it sets last.

    Raises
    ------
    ConductorError
        If it is no MIDI file, holds no notes, or asks for what cannot be played.
    """
    midi = parse_midi(path, data)
    bars, tempo = midi_bars(path, midi)
    part, key, velocity, on, off = midi.notes.T
    starts = np.r_[0.0, np.cumsum([float(bar.length) for bar in bars])]
    none = np.zeros(len(midi.notes), dtype=np.int64)
    notes = NoteTable(
        onset=on / midi.resolution - float(bars[0].start),
        duration=(off - on) / midi.resolution,
        pitch=key,
        part=part,
        touch=none,
        grace=none,
        velocity=velocity.astype(float),
    )
    return Movement(
        bars=tuple(bars),
        starts=starts,
        tempo=tempo,
        notes=notes,
        parts=tuple(it.name for it in midi.parts),
        instruments=tuple(_instrument(it) for it in midi.parts),
        holds=(),
        turns=(),
    )


def _instrument(part: MidiPart) -> Instrument:
    return _KIT if part.channel == _DRUMS else instrument_of_program(part.program)
