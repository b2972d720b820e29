"""The bars and beats of a MIDI file, and its tempo changes."""

from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from backend.grid.beat_grid import parse_meter
from backend.score.accents import accent_after_bar_line
from backend.score.free_time import FREE_CONFIDENCE, keeps_beats
from backend.score.midi_file import MidiFile, parse_midi
from backend.score.played_bars import PlayedBar, TempoMap, grid_from_bars
from backend.score.score_beats import ScoreBeats, Sounding
from retarget.errors import ConductorError

MOST_BARS: Final = 20_000
LONGEST_S: Final = 12 * 3600.0
"""Longer than any work that is conducted: Götterdämmerung has some 6,000 bars in 4.5 hours."""

_FASTEST_QPM: Final = 2000.0


def midi_beats(path: Path, data: bytes) -> ScoreBeats:
    """The conducted beats of a Standard MIDI file, when its notes sound, and what is doubtful.

    Beats that the notes do not keep to have a confidence of 0.1.

    Raises
    ------
    ConductorError
        If it is no MIDI file, holds no notes, or asks for what cannot be conducted.
    """
    midi = parse_midi(path, data)
    bars, tempo = midi_bars(path, midi)
    grid = grid_from_bars(bars, tempo)
    sounding = _sounding(midi, tempo)
    doubts = _lost(path, midi)
    onsets = midi.notes[:, 3] / midi.resolution
    if not keeps_beats(onsets):
        unsure = replace(grid, confidence=np.full(len(grid), FREE_CONFIDENCE))
        doubts.append(
            f"The notes of {path.name} do not keep to its beats, as if it was recorded without a "
            "click; leave the score out, so that the beats are heard in the music."
        )
        return ScoreBeats(unsure, sounding, doubts, keeps_beats=False)
    later = float(accent_after_bar_line(bars, midi))
    if later > 0.0:
        doubts.append(
            f"The bars of {path.name} seem to begin too early: its accents fall {later:g} quarter "
            "notes after the bar lines, as if a pickup filled the first bar; if so, renumber the "
            "beats in the beat table and give it with --beats."
        )
    return ScoreBeats(grid, sounding, doubts)


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


def midi_bars(path: Path, midi: MidiFile) -> tuple[list[PlayedBar], TempoMap]:
    """Bars and tempo map, from the first note's bar to the last note's.

    Empty bars at the beginning are silence that was left for the recording; nobody conducts them.

    Without a meter it is 4/4. A meter that lasts one bar at the beginning and is shorter than the
    next with the same lower figure is a pickup of that next meter.

    Raises
    ------
    ConductorError
        If a meter cannot be conducted, or the music is far too long or too fast.
    """

    def quarters(tick: int) -> Fraction:
        return Fraction(tick, midi.resolution)

    first, end = quarters(int(midi.notes[0, 3])), quarters(int(midi.notes[:, 4].max()))
    tempo = TempoMap.from_marks({quarters(at): 60e6 / us for at, us in midi.tempos.items()})
    seconds = float(tempo.seconds(np.array([float(end)]))[0])
    if seconds > LONGEST_S:
        raise ConductorError(
            f"{path.name} lasts {seconds / 3600.0:.0f} hours, more than {LONGEST_S / 3600.0:.0f}; "
            "correct its tempo or cut it into shorter files."
        )
    meters = {Fraction(0): (4, 4)} | {quarters(at): it for at, it in midi.meters.items()}
    bars = _bars(path, meters, end)
    sounding = [bar for bar in bars if bar.start + bar.length > first]
    for index, bar in enumerate(sounding):
        if tempo.quarters_per_minute(bar.start, bar.length) > _FASTEST_QPM:
            raise ConductorError(
                f"{path.name} asks for more than {_FASTEST_QPM:.0f} quarter notes a minute in bar "
                f"{index + 1}; correct its tempo."
            )
    return sounding, tempo


def _bars(path: Path, meters: dict[Fraction, tuple[int, int]], end: Fraction) -> list[PlayedBar]:
    starts = sorted(at for at in meters if at < end)
    stretches = list(zip(starts, [*starts[1:], end], strict=True))
    for start in starts:
        _check_meter(path, *meters[start])
    count = sum(ceil((stop - start) / _nominal(meters[start])) for start, stop in stretches)
    if count > MOST_BARS:
        raise ConductorError(
            f"{path.name} has {count:,} bars, more than {MOST_BARS:,}; cut it into shorter files."
        )
    bars: list[PlayedBar] = []
    for start, stop in stretches:
        nominal = _nominal(meters[start])
        at = start
        while at < stop:
            # The last bar is beaten to its end even if the last note is shorter.
            length = nominal if stop == end else min(nominal, stop - at)
            bars.append(PlayedBar(at, length, meters[start]))
            at += nominal
    if len(starts) > 1 and len(bars) > 1 and bars[1].start == starts[1]:
        first, after = bars[0], bars[1]
        if first.length < after.nominal and first.meter[1] == after.meter[1]:
            bars[0] = PlayedBar(first.start, first.length, after.meter)
    return bars


def _check_meter(path: Path, numerator: int, denominator: int) -> None:
    try:
        parse_meter(f"{numerator}/{denominator}")
    except ConductorError as error:
        lower = denominator if denominator < 1024 else f"2^{denominator.bit_length() - 1}"
        raise ConductorError(
            f"{path.name} asks for bars of {numerator}/{lower}; correct its meter to one "
            "that is conducted, up to 24/32."
        ) from error


def _nominal(meter: tuple[int, int]) -> Fraction:
    return Fraction(4 * meter[0], meter[1])
