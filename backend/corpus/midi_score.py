"""A MIDI file as a movement: its own notes and velocities, played in another tempo."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mido
import numpy as np

from backend.beats.midi import read_midi
from backend.corpus.instruments import DRUM_KIT, Instrument, instrument_of_program
from backend.corpus.movement import Movement, NoteTable
from retarget.errors import ConductorError

_DRUMS: Final = 9
_KIT: Final = Instrument((0,), DRUM_KIT)


@dataclass(frozen=True)
class _Sounded:
    part: int
    key: int
    velocity: int
    on: int
    off: int


def read_midi_score(path: Path, data: bytes) -> Movement:
    """The one movement of a Standard MIDI file.

    Every channel of every track is a part, played on the program it sets last.

    Raises
    ------
    ConductorError
        If it is no MIDI file or holds no notes.
    """
    bars, tempo = read_midi(path, data)
    file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    names: list[str] = []
    instruments: list[Instrument] = []
    sounded: list[_Sounded] = []
    for track in file.tracks:
        parts: dict[int, int] = {}
        open_notes: dict[tuple[int, int], tuple[int, int]] = {}
        tick = 0
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off", "program_change"):
                continue
            channel = int(message.channel)
            if channel not in parts:
                parts[channel] = len(names)
                names.append(track.name or f"channel {channel + 1}")
                instruments.append(_KIT if channel == _DRUMS else instrument_of_program(0))
            part = parts[channel]
            if message.type == "program_change":
                if channel != _DRUMS:
                    instruments[part] = instrument_of_program(int(message.program))
                continue
            begun = open_notes.pop((channel, message.note), None)
            if begun is not None:
                sounded.append(_Sounded(part, message.note, begun[1], begun[0], tick))
            if message.type == "note_on" and message.velocity > 0:
                open_notes[channel, message.note] = (tick, message.velocity)
    if not sounded:
        raise ConductorError(f"{path.name} holds no notes that end; choose another file.")
    starts = np.r_[0.0, np.cumsum([float(bar.length) for bar in bars])]
    first = float(bars[0].start)
    resolution = file.ticks_per_beat
    rows = np.array(
        [
            (n.on / resolution - first, (n.off - n.on) / resolution, n.key, n.part, n.velocity)
            for n in sorted(sounded, key=lambda n: n.on)
        ]
    )
    none = np.zeros(len(rows), dtype=np.int64)
    notes = NoteTable(
        onset=rows[:, 0],
        duration=rows[:, 1],
        pitch=rows[:, 2].astype(np.int64),
        part=rows[:, 3].astype(np.int64),
        touch=none,
        grace=none,
        velocity=rows[:, 4],
    )
    return Movement(
        bars=tuple(bars),
        starts=starts,
        tempo=tempo,
        notes=notes,
        parts=tuple(names),
        instruments=tuple(instruments),
        holds=(),
        turns=(),
    )
