"""Simple tunes as MIDI files, which a corpus is rendered from like from any other score."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import mido
import numpy as np

from backend.corpus.made_tunes import drawn_accompaniment, has_accompaniments, made_tune
from backend.corpus.simple_tunes import Note, Tune, notes_of, simple_tunes
from backend.folders import output_folder
from backend.grid.meter import parse_meter

_TICKS: Final = 480
_SECONDS: Final = 150.0
# At 60 beats of the lower figure a minute seconds are beats.
_COUNTED: Final = 60.0
# General MIDI programs from 0 of melody, chords and bass, and how often one player has it all.
_MELODY: Final = (0, 73, 40, 71, 56, 68, 52, 24, 21, 22, 74, 75, 65, 42, 10, 78, 19, 57, 110)
_CHORDS: Final = (0, 0, 24, 25, 48, 19, 46, 21, 105, 4, 6, 45, 61, 12)
_BASS: Final = (43, 32, 0, 58, 70, 42, 33)
_ONE_PLAYER: Final = 0.35
_PLAYS_ALL: Final = (0, 0, 0, 24, 19, 21, 6, 46, 1, 16)
_VELOCITY: Final = 84
_SLOWER: Final = 0.2
_KEYS: Final = 12


def write_tunes(folder: Path, made: int, takes: int, seed: int) -> int:
    """Write tunes that are made at random, and those of the table that are not held out.

    Parameters
    ----------
    folder : Path
        Made if need be; files of the same names are replaced.
    made : int
        Tunes made at random, each once.
    takes : int
        Of each tune of the table, in other keys, at other tempi, accompanied in other ways.
    seed : int

    Returns
    -------
    files : int

    Raises
    ------
    ConductorError
        If the folder is a file, cannot be written to, or the folder it is in is missing.
    """
    drawn = [(f"tune {number}", made_tune(seed + number), False) for number in range(made)]
    known = [
        (f"{re.sub(r'[^A-Za-z0-9 ]', '', tune.title)}__take{take}", tune, True)
        for tune in simple_tunes()
        if not tune.held_out
        for take in range(takes)
    ]
    files = [*drawn, *known]
    with output_folder(folder):
        for number, (name, tune, varies) in enumerate(files):
            rng = np.random.default_rng([seed, number, 1607])
            higher = 0
            if varies:
                tune, higher = _varied(tune, rng), int(rng.integers(_KEYS)) - _KEYS // 2
            tune_file(tune, rng, higher).save(folder / f"{name}.mid")
    return len(files)


def tune_file(tune: Tune, rng: np.random.Generator, higher: int = 0) -> mido.MidiFile:
    """A tune played over and over by drawn instruments, from its first downbeat.

    Parameters
    ----------
    tune : Tune
    rng : Generator
    higher : int
        Semitones.
    """
    beat = parse_meter(tune.meter)[1]
    whole = len(tune.chords) * parse_meter(tune.meter)[0] * 60.0 / tune.tempo
    notes = notes_of(tune, _COUNTED, max(round(_SECONDS / whole), 1))
    first = notes[0].start - next(at for pitch, at, _ in tune.melody if pitch is not None)
    notes = tuple(
        replace(note, pitch=note.pitch + higher) for note in notes if note.start >= first - 1e-6
    )
    if rng.random() < _ONE_PLAYER:
        programs = dict.fromkeys(("melody", "chord", "bass"), int(rng.choice(_PLAYS_ALL)))
    else:
        players = {"melody": _MELODY, "chord": _CHORDS, "bass": _BASS}
        programs = {part: int(rng.choice(choices)) for part, choices in players.items()}
    ticks = _TICKS * 4.0 / beat
    file = mido.MidiFile(ticks_per_beat=_TICKS)
    file.tracks.append(_signs(tune))
    for channel, (part, program) in enumerate(programs.items()):
        track = mido.MidiTrack([mido.Message("program_change", program=program, channel=channel)])
        events = [
            event
            for note in notes
            if note.part == part
            for event in _sounded(note, first, ticks, channel)
        ]
        at = 0
        for tick, message in sorted(events, key=lambda event: (event[0], event[1].type)):
            track.append(message.copy(time=tick - at))
            at = tick
        file.tracks.append(track)
    return file


def _varied(tune: Tune, rng: np.random.Generator) -> Tune:
    """The tune at another tempo, and half the time accompanied in another way."""
    tune = replace(tune, tempo=tune.tempo * float(np.exp(rng.uniform(-_SLOWER, _SLOWER))))
    if rng.random() < 0.5 and has_accompaniments(tune.meter):
        return replace(tune, accompaniment=drawn_accompaniment(tune.meter, rng))
    return tune


def _signs(tune: Tune) -> mido.MidiTrack:
    beats, unit = parse_meter(tune.meter)
    quarters = tune.tempo * 4.0 / unit
    return mido.MidiTrack(
        [
            mido.MetaMessage("time_signature", numerator=beats, denominator=unit),
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(quarters)),
        ]
    )


def _sounded(
    note: Note, first: float, ticks: float, channel: int
) -> list[tuple[int, mido.Message]]:
    begin = round((note.start - first) * ticks)
    end = max(round((note.start - first + note.duration) * ticks), begin + 1)
    velocity = int(np.clip(round(_VELOCITY * note.loudness**0.5), 1, 127))
    return [
        (begin, mido.Message("note_on", note=note.pitch, velocity=velocity, channel=channel)),
        (end, mido.Message("note_off", note=note.pitch, velocity=0, channel=channel)),
    ]
