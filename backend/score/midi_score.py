"""A MIDI file as it is played: one movement, with its own notes and velocities."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from backend.score.accents import accent_after_bar_line
from backend.score.free_time import keeps_beats
from backend.score.instruments import DRUM_KIT, Instrument, instrument_of_program
from backend.score.midi_bars import midi_bars
from backend.score.midi_file import MidiFile, MidiPart, parse_midi
from backend.score.movement import Movement, NoteTable
from backend.score.played_bars import PlayedBar, TempoMap
from backend.score.score_beats import Sounding
from backend.score.score_file import ScoreFile

_DRUMS: Final = 9
_KIT: Final = Instrument((0,), DRUM_KIT)


def read_midi(path: Path, data: bytes) -> ScoreFile:
    """Read a Standard MIDI file.

    Every channel of every track is a part, played on the program it sets last. Without a tempo it
    plays at 120 quarter notes a minute, as its standard says.

    Parameters
    ----------
    path : Path
        For messages.
    data : bytes
        Its content.

    Raises
    ------
    ConductorError
        If it is no MIDI file, holds no notes, or asks for what cannot be played.
    """
    midi = parse_midi(path, data)
    bars, tempo = midi_bars(path, midi)
    keeps = keeps_beats(midi.notes[:, 3] / midi.resolution)
    doubts = [*_lost(path, midi), *(_misplaced(path, midi, bars) if keeps else ())]
    return ScoreFile(
        path.name,
        (_movement(midi, bars, tempo),),
        tempo,
        _sounding(midi, tempo),
        tuple(doubts),
        keeps_beats=keeps,
    )


def _movement(midi: MidiFile, bars: Sequence[PlayedBar], tempo: TempoMap) -> Movement:
    part, key, velocity, on, off = midi.notes.T
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
        starts=np.r_[0.0, np.cumsum([float(bar.length) for bar in bars])],
        tempo=tempo,
        notes=notes,
        parts=tuple(it.name for it in midi.parts),
        instruments=tuple(_instrument(it) for it in midi.parts),
        holds=(),
        turns=(),
    )


def _instrument(part: MidiPart) -> Instrument:
    return _KIT if part.channel == _DRUMS else instrument_of_program(part.program)


def _sounding(midi: MidiFile, tempo: TempoMap) -> Sounding:
    on, off = midi.notes[:, 3], midi.notes[:, 4]
    at = tempo.seconds(np.array([on.min(), on.max(), off.max()]) / midi.resolution)
    return Sounding(*at.tolist())


def _lost(path: Path, midi: MidiFile) -> list[str]:
    """What the file has lost, a sentence for each."""
    doubts = []
    if midi.stuck:
        notes = "A note" if midi.stuck == 1 else f"{midi.stuck:,} notes"
        doubts.append(
            f"{notes} of {path.name} would sound on long after all others; the music is taken to "
            "end with the others, and if that is too early, correct the length of its last notes."
        )
    if midi.lost_tracks:
        doubts.append(
            f"{path.name} lacks {midi.lost_tracks:,} of the tracks that it counts; if it should "
            "hold more, export it again."
        )
    return doubts


def _misplaced(path: Path, midi: MidiFile, bars: Sequence[PlayedBar]) -> list[str]:
    """What is wrong with its bar lines, a sentence or none."""
    later = float(accent_after_bar_line(bars, midi))
    if later <= 0.0:
        return []
    return [
        f"The bars of {path.name} seem to begin too early: its accents fall {later:g} quarter "
        "notes after the bar lines, as if a pickup filled the first bar; if so, renumber the "
        "beats in the beat table and give it with --beats."
    ]
