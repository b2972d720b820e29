"""The bars of a MIDI file, and its tempo changes."""

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from backend.grid.meter import parse_meter
from backend.score.midi_file import MidiFile
from backend.score.played_bars import MOST_BARS, PlayedBar, TempoMap, nominal_length
from retarget.errors import ConductorError

LONGEST_S: Final = 12 * 3600.0
"""Longer than any work that is conducted: Götterdämmerung lasts 4.5 hours."""

_FASTEST_QPM: Final = 2000.0


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
    count = sum(ceil((stop - start) / nominal_length(meters[start])) for start, stop in stretches)
    if count > MOST_BARS:
        raise ConductorError(
            f"{path.name} has {count:,} bars, more than {MOST_BARS:,}; cut it into shorter files."
        )
    bars: list[PlayedBar] = []
    for start, stop in stretches:
        nominal = nominal_length(meters[start])
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
