"""Simple tunes with known beats: a melody with chords and a bass, as one would sing them.

They are tables (`simple_tunes.toml`); notes are made of them at any tempo, and sound of those
without a soundfont: harmonics added up, struck like a piano's or blown like an organ's.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from backend.audio.rates import SAMPLE_RATE
from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducted_groups
from backend.grid.meter import parse_meter
from retarget.rotation import Array

Timbre = Literal["struck", "blown"]
Part = Literal["melody", "bass", "chord"]

_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_BEFORE_S: Final = 0.4
_AFTER_S: Final = 1.0
# Roots of chords lie from here on, their basses an octave and the fifths more than an octave lower.
_CHORD_FROM: Final = 52
_LOUDNESS: Final[dict[Part, float]] = {"melody": 1.0, "bass": 0.7, "chord": 0.4}
# The first beat of a bar is played a little louder than the others.
_DOWNBEAT: Final = 1.2
_HARMONICS: Final = 8
# What stands in the table for a note that is tied to the one before.
_TIED: Final = "-"
_NOISE: Final = 1e-4


@dataclass(frozen=True)
class Tune:
    """A tune of the table.

    Parameters
    ----------
    title, meter : str
    tempo : float
        Beats of the meter's lower figure a minute, as it is usually sung.
    melody : tuple of (int or None, float, float)
        MIDI pitch, or None for a rest; when it begins and how long it lasts, in those beats; 0 is
        the first downbeat.
    chords : tuple of tuple of str
        Of each bar.
    accompaniment : tuple of str
        How they are played in a bar.
    held_out : bool
        Whether nothing learns from it.
    """

    title: str
    meter: str
    tempo: float
    melody: tuple[tuple[int | None, float, float], ...]
    chords: tuple[tuple[str, ...], ...]
    accompaniment: tuple[str, ...]
    held_out: bool

    @property
    def upbeat(self) -> float:
        """Length of what comes before the first downbeat, beats of the lower figure."""
        return -self.melody[0][1]


@dataclass(frozen=True)
class Note:
    """A note that sounds: MIDI pitch, seconds, loudness, where 1 is the melody's, and its part."""

    pitch: int
    start: float
    duration: float
    loudness: float
    part: Part


@cache
def simple_tunes() -> tuple[Tune, ...]:
    """All tunes of the table."""
    text = files(__package__).joinpath("simple_tunes.toml").read_text(encoding="utf-8")
    return tuple(_read(table) for table in tomllib.loads(text)["tunes"])


def true_beats(tune: Tune, tempo: float, times: int = 1) -> BeatGrid:
    """What is conducted of a tune: its beats by the rule of `backend.grid.conducted`.

    Parameters
    ----------
    tune : Tune
    tempo : float
        Beats of the lower figure a minute.
    times : int
        How often it is played.
    """
    meter = parse_meter(tune.meter)
    groups = np.array(conducted_groups(meter, tempo))
    bars = times * len(tune.chords) + (times - 1) * (tune.upbeat > 0.0)
    in_bar = np.cumsum(groups) - groups
    beats = (np.arange(-1, bars)[:, None] * meter[0] + in_bar).ravel()
    numbers = np.tile(np.arange(len(groups)) + 1, bars + 1)
    sounding = beats >= -tune.upbeat - 1e-9
    count = int(sounding.sum())
    return BeatGrid(
        _BEFORE_S + (beats[sounding] + tune.upbeat) * 60.0 / tempo,
        numbers[sounding],
        np.full(count, len(groups)),
        (tune.meter,) * count,
        np.ones(count),
    )


def notes_of(tune: Tune, tempo: float, times: int = 1) -> tuple[Note, ...]:
    """Melody, chords and bass of a tune that is played some times over; see `true_beats`."""
    once = [*_melody(tune), *_accompaniment(tune)]
    whole = (len(tune.chords) + (tune.upbeat > 0.0)) * parse_meter(tune.meter)[0]
    second = 60.0 / tempo
    return tuple(
        Note(
            note.pitch,
            _BEFORE_S + (note.start + tune.upbeat + turn * whole) * second,
            note.duration * second,
            note.loudness,
            note.part,
        )
        for turn in range(times)
        for note in once
    )


def sound_of(notes: tuple[Note, ...], timbre: Timbre, seed: int = 0) -> NDArray[np.float32]:
    """Notes as sound, (S,) mono at 22,050 Hz: harmonics added up, over faint noise."""
    end = max(note.start + note.duration for note in notes) + _AFTER_S
    sound = _NOISE * np.random.default_rng(seed).standard_normal(int(end * SAMPLE_RATE))
    for note in notes:
        wave = note.loudness * _wave(note.pitch, note.duration, timbre)
        first = round(note.start * SAMPLE_RATE)
        sound[first : first + len(wave)] += wave[: len(sound) - first]
    sound *= 0.8 / np.abs(sound).max()
    return sound.astype(np.float32)


def _wave(pitch: int, duration: float, timbre: Timbre) -> Array:
    release = 0.15 if timbre == "struck" else 0.06
    t = np.arange(int((duration + release) * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    wave = np.zeros(len(t))
    for harmonic in range(1, _HARMONICS + 1):
        if harmonic * frequency < 0.45 * SAMPLE_RATE:
            tone = np.sin(2.0 * np.pi * harmonic * frequency * t) / harmonic**1.3
            wave += tone * (np.exp(-1.2 * harmonic**0.7 * t) if timbre == "struck" else 1.0)
    attack = 0.004 if timbre == "struck" else 0.03
    wave *= np.minimum(t / attack, 1.0)
    return np.asarray(wave * np.clip((t[-1] - t) / release, 0.0, 1.0))


def _melody(tune: Tune) -> list[Note]:
    bar = parse_meter(tune.meter)[0]
    return [
        Note(pitch, start, length, _stress(start, bar) * _LOUDNESS["melody"], "melody")
        for pitch, start, length in tune.melody
        if pitch is not None
    ]


def _accompaniment(tune: Tune) -> list[Note]:
    bar = parse_meter(tune.meter)[0]
    step = bar / len(tune.accompaniment)
    notes = []
    for number, chords in enumerate(tune.chords):
        for place, what in enumerate(tune.accompaniment):
            if what == ".":
                continue
            held = 1
            while tune.accompaniment[(place + held) % len(tune.accompaniment)] == ".":
                held += 1
            chord = _chord(chords[place * len(chords) // len(tune.accompaniment)])
            start = number * bar + place * step
            part: Part = "bass" if what in "bf" else "chord"
            loudness = _stress(start, bar) * _LOUDNESS[part]
            notes += [Note(p, start, held * step, loudness, part) for p in _played(what, chord)]
    return notes


def _played(what: str, chord: tuple[int, int, int]) -> tuple[int, ...]:
    root, third, fifth = chord
    return {
        "b": (root - 12,),
        "f": (fifth - 24,),
        "c": chord,
        "1": (root,),
        "3": (third,),
        "5": (fifth,),
    }[what]


def _stress(start: float, bar: int) -> float:
    return _DOWNBEAT if start % bar == 0.0 else 1.0


def _chord(name: str) -> tuple[int, int, int]:
    """Root, third and fifth of "C", "F#m", "Bb"."""
    minor = name.endswith("m")
    letter = name.removesuffix("m")
    root = _CHORD_FROM + (_semitone(letter) - _CHORD_FROM) % 12
    return root, root + (3 if minor else 4), root + 7


def _semitone(name: str) -> int:
    return _SEMITONES[name[0]] + name.count("#") - name[1:].count("b")


def _read(table: dict[str, Any]) -> Tune:
    bar = parse_meter(table["meter"])[0]
    bars = [_notes(text) for text in table["melody"].split("|")]
    lengths = [sum(length for _, length in notes) for notes in bars]
    upbeat = lengths[0] if lengths[0] < bar else 0.0
    whole = lengths[1:] if upbeat else lengths
    chords = tuple(tuple(group.split()) for group in table["chords"].split("|"))
    if any(length != bar for length in whole) or len(whole) != len(chords):
        raise ValueError(f"{table['title']}: bars of {whole} beats, {len(chords)} chords")
    melody: list[tuple[int | None, float, float]] = []
    at = -upbeat
    for name, length in (note for notes in bars for note in notes):
        if name == _TIED:
            pitch, start, before = melody.pop()
            melody.append((pitch, start, before + length))
        else:
            melody.append((_pitch(name), at, length))
        at += length
    return Tune(
        table["title"],
        table["meter"],
        table["tempo"],
        tuple(melody),
        chords,
        tuple(table["accompaniment"].split()),
        table["held_out"],
    )


def _notes(text: str) -> list[tuple[str, float]]:
    notes = []
    for token in text.split():
        name, length = token.split(":")
        notes.append((name, float(length)))
    return notes


def _pitch(name: str) -> int | None:
    return None if name == "r" else 12 * (int(name[-1]) + 1) + _semitone(name[:-1])
