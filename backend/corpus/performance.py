"""A stretch of a movement as players play it: who sounds when, how long and how loud."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.corpus.clock import Clock
from backend.score.instruments import (
    DRUM_KIT,
    PIZZICATO,
    RHYTHM,
    Instrument,
    speaks_after,
)
from backend.score.movement import Movement, NoteTable
from backend.score.notes import Touch
from retarget.rotation import Array

DRUM_CHANNEL: Final = 9
_CHANNELS: Final = 16
_ENSEMBLE: Final = (48, 48, 48, 49)
# How often a kind of instrument is missing from a recording, or cannot be heard in it.
_ABSENT: Final = {"kit": 0.3, "continuo": 0.3, "drum": 0.1}
_GRACE_S: Final = (0.06, 0.11)
# Tremolo strokes of one note follow each other no faster than this; the rest are left out.
_LEAST_GAP_S: Final = 0.045


@dataclass(frozen=True)
class Channel:
    """A MIDI channel: General MIDI program from 0, controllers 10 and 7 in [0, 127]."""

    program: int
    pan: int
    volume: int


@dataclass(frozen=True)
class Performance:
    """Notes to be sounded; arrays of length N, sorted by nothing.

    Parameters
    ----------
    channels : dict of int to Channel
        By MIDI channel.
    channel, key, velocity : (N,) int arrays
    on, off : (N,) arrays
        Seconds from the beginning of the stretch, when they are heard; `on` may lie before 0.
    speaks : (N,) array
        Seconds their sound needs to come.
    """

    channels: dict[int, Channel]
    channel: NDArray[np.int64]
    key: NDArray[np.int64]
    velocity: NDArray[np.int64]
    on: Array
    off: Array
    speaks: Array


def perform(
    movement: Movement,
    clock: Clock,
    begin: float,
    end: float,
    *,
    orchestral: bool,
    rng: np.random.Generator,
) -> Performance:
    """Play what sounds between two times of a performance.

    Parameters
    ----------
    movement : Movement
    clock : Clock
        Its performance.
    begin, end : float
        The stretch, seconds.
    orchestral : bool
        Whether string parts are played by many.
    rng : Generator
        The players.
    """
    notes = movement.notes
    on = clock.onset(notes.onset)
    off = np.maximum(clock.offset(notes.onset + notes.duration), on + 0.03)
    heard = np.flatnonzero((off > begin) & (on < end))
    notes, on, off = notes.take(heard), on[heard], off[heard]
    on, off = _articulated(notes, on, off, rng)
    seats = _seats(movement, notes, orchestral=orchestral, rng=rng)
    # Nobody plays exactly together; a section less so than the beat of its leader.
    late = rng.normal(0.0, 0.004, len(movement.parts))[notes.part]
    on = on + late + rng.normal(0.0, rng.uniform(0.003, 0.009), len(on))
    velocity = _velocities(notes, rng)
    plucked = seats.plucks[notes.part] & _is(notes, Touch.PLUCKED)
    channel = seats.channel[notes.part, plucked.astype(np.int64)]
    keep = channel >= 0
    notes, on, off, velocity, channel = (
        notes.take(keep),
        on[keep],
        off[keep],
        velocity[keep],
        channel[keep],
    )
    programs = np.array([seats.channels[c].program for c in channel], dtype=np.int64)
    table = np.array([speaks_after(p) for p in range(128)])
    speaks = np.where(channel == DRUM_CHANNEL, 0.003, table[programs])
    index, last = _without_collisions(channel, notes.pitch, on, off)
    return Performance(
        seats.channels,
        channel[index],
        notes.pitch[index],
        velocity[index],
        on[index] - begin,
        last - begin,
        speaks[index],
    )


def _is(notes: NoteTable, touch: Touch) -> NDArray[np.bool_]:
    return (notes.touch & int(touch)) != 0


def _articulated(
    notes: NoteTable, on: Array, off: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Onsets of grace notes, and how much of its time each note fills."""
    on = on.copy()
    length = off - on
    share = np.full(len(on), rng.uniform(0.85, 0.97))
    share[_is(notes, Touch.LEGATO)] = 1.02
    share[_is(notes, Touch.TENUTO)] = 0.99
    share[_is(notes, Touch.MARCATO)] = 0.8
    share[_is(notes, Touch.STACCATO)] = rng.uniform(0.38, 0.6)
    grace = notes.grace > 0
    step = rng.uniform(*_GRACE_S)
    on[grace] -= step * notes.grace[grace]
    length = np.where(grace, step / share, length)
    sounding = np.maximum(length * share, np.minimum(length, 0.06))
    return on, on + sounding


def _velocities(notes: NoteTable, rng: np.random.Generator) -> NDArray[np.int64]:
    velocity = notes.velocity + rng.normal(0.0, 4.0, len(notes))
    velocity += rng.uniform(-6.0, 6.0)
    accent = rng.uniform(10.0, 22.0)
    velocity[_is(notes, Touch.ACCENT)] += accent
    velocity[_is(notes, Touch.MARCATO)] += 0.8 * accent
    velocity[notes.grace > 0] -= 8.0
    return np.clip(np.round(velocity), 12, 126).astype(np.int64)


@dataclass(frozen=True)
class _Seats:
    """Where the parts sit.

    Parameters
    ----------
    channels : dict of int to Channel
    channel : (P, 2) int array
        MIDI channel of each part, bowed and plucked; −1 if it is left out.
    plucks : (P,) bool array
        Whether a part can pluck.
    """

    channels: dict[int, Channel]
    channel: NDArray[np.int64]
    plucks: NDArray[np.bool_]


def _seats(
    movement: Movement, notes: NoteTable, *, orchestral: bool, rng: np.random.Generator
) -> _Seats:
    """Give every part a program, a place and a channel; like instruments share one if need be."""
    instruments = movement.instruments
    many = _lot(rng, 0.85 if orchestral else 0.25)
    absent = {kind for kind, share in _ABSENT.items() if _lot(rng, share)}
    if {instrument.kind for instrument in instruments} <= absent:
        absent = set()
    programs: dict[Instrument, int] = {}
    for instrument in instruments:
        if instrument not in programs:
            programs[instrument] = _program(instrument, many=many, rng=rng)
    plucks = np.array([instrument.kind == "strings" for instrument in instruments])
    plucked = plucks[notes.part] & _is(notes, Touch.PLUCKED)
    voices = sorted({(int(p), int(q)) for p, q in zip(notes.part, plucked, strict=True)})
    voices = [voice for voice in voices if instruments[voice[0]].kind not in absent]
    desks = [name.rstrip(" 1234567890IVab.") for name in movement.parts]
    pans = {desk: int(rng.integers(20, 108)) for desk in sorted(set(desks))}
    free = [c for c in range(_CHANNELS) if c != DRUM_CHANNEL]
    alone = len(voices) <= len(free)
    table = np.full((len(instruments), 2), -1, dtype=np.int64)
    channels: dict[int, Channel] = {}
    shared: dict[tuple[int, str], int] = {}
    for part, pizzicato in voices:
        volume = int(np.clip(rng.normal(98, 10), 60, 120))
        if instruments[part].kind in (DRUM_KIT, RHYTHM):
            table[part] = DRUM_CHANNEL
            # A drum set brings its kit along.
            if instruments[part].kind == RHYTHM or DRUM_CHANNEL not in channels:
                channels[DRUM_CHANNEL] = Channel(programs[instruments[part]], 64, volume)
            continue
        program = PIZZICATO if pizzicato else programs[instruments[part]]
        group = (program, f"{part}" if alone else desks[part])
        if group not in shared and not free:
            group = min(shared, key=lambda other: abs(other[0] - program))
        if group not in shared:
            shared[group] = free.pop(0)
            channels[shared[group]] = Channel(program, pans[desks[part]], volume)
        table[part, pizzicato] = shared[group]
    return _Seats(channels, table, plucks)


def _lot(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _program(instrument: Instrument, *, many: bool, rng: np.random.Generator) -> int:
    usual, others = instrument.programs[0], instrument.programs[1:]
    if instrument.kind == "strings":
        if many:
            return int(rng.choice(_ENSEMBLE)) if rng.random() < 0.85 else usual
        return usual if rng.random() < 0.9 else 48
    return int(rng.choice(others)) if others and rng.random() < 0.25 else usual


def _without_collisions(
    channel: NDArray[np.int64], key: NDArray[np.int64], on: Array, off: Array
) -> tuple[NDArray[np.int64], Array]:
    """Notes to keep and their ends: on one channel a key sounds once at a time."""
    order = np.lexsort((on, key, channel))
    same = (np.diff(channel[order]) == 0) & (np.diff(key[order]) == 0)
    close = same & (np.diff(on[order]) < _LEAST_GAP_S)
    kept = order[np.r_[True, ~close]] if len(order) else order
    ends = off[kept].copy()
    follows = (np.diff(channel[kept]) == 0) & (np.diff(key[kept]) == 0)
    ends[:-1] = np.where(follows, np.minimum(ends[:-1], on[kept][1:] - 0.004), ends[:-1])
    return kept, np.maximum(ends, on[kept] + 0.02)
