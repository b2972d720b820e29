"""The bars of a MIDI file, and its tempo changes."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido

from backend.beats.bars import PlayedBar, TempoMap
from retarget.errors import ConductorError


def read_midi(path: Path, data: bytes) -> tuple[list[PlayedBar], TempoMap]:
    """Bars and tempo map of a Standard MIDI file, from its first note's bar to its last note's.

    Empty bars at the beginning are silence that was left for the recording; nobody conducts them.

    Without a meter it is 4/4. A meter that lasts one bar at the beginning and is shorter than the
    next with the same lower figure is a pickup of that next meter.

    Raises
    ------
    ConductorError
        If it is no MIDI file or holds no notes.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
        resolution = int(file.ticks_per_beat)
        events = _events(file)
    except (OSError, EOFError, ValueError, IndexError, KeyError, mido.KeySignatureError) as error:
        raise ConductorError(
            f"{path.name} is not a MIDI file, or it is damaged; export it again."
        ) from error
    if resolution <= 0:
        raise ConductorError(
            f"{path.name} counts in film frames, not in beats; export it with beats."
        )
    tempos: dict[Fraction, float] = {}
    meters: dict[Fraction, tuple[int, int]] = {Fraction(0): (4, 4)}
    first, end = None, Fraction(0)
    for tick, message in events:
        at = Fraction(tick, resolution)
        if message.type == "set_tempo" and message.tempo > 0:
            tempos[at] = 60e6 / message.tempo
        elif message.type == "time_signature" and message.numerator > 0:
            meters[at] = (message.numerator, message.denominator)
        elif message.type in ("note_on", "note_off"):
            first = at if first is None else first
            end = max(end, at)
    if first is None or end == 0:
        raise ConductorError(f"{path.name} holds no notes; choose another file.")
    sounding = [bar for bar in _bars(meters, end) if bar.start + bar.length > first]
    return sounding, TempoMap.from_marks(tempos)


def _events(file: Any) -> list[tuple[int, Any]]:
    events = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            events.append((tick, message))
    return sorted(events, key=lambda event: event[0])


def _bars(meters: dict[Fraction, tuple[int, int]], end: Fraction) -> list[PlayedBar]:
    starts = sorted(at for at in meters if at < end)
    bars: list[PlayedBar] = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        meter = meters[start]
        nominal = Fraction(4 * meter[0], meter[1])
        at = start
        while at < stop:
            # The last bar is beaten to its end even if the last note is shorter.
            length = nominal if stop == end else min(nominal, stop - at)
            bars.append(PlayedBar(at, length, meter))
            at += nominal
    if len(starts) > 1 and len(bars) > 1 and bars[1].start == starts[1]:
        first, after = bars[0], bars[1]
        if first.length < after.nominal and first.meter[1] == after.meter[1]:
            bars[0] = PlayedBar(first.start, first.length, after.meter)
    return bars
