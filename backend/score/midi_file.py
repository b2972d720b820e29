"""The bytes of a Standard MIDI file as notes, tempo changes and meters.

Only what music needs is decoded. Everything else (key signatures, texts, system-exclusive data,
chunks of other programs) is stepped over by its length, so it may be wrong or unknown, as the
standard asks of readers (Standard MIDI Files 1.0; RP-029 for MIDI in RIFF).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.score.stuck_notes import end_stuck_notes
from retarget.errors import ConductorError

MOST_NOTES: Final = 500_000
MOST_CHANGES: Final = 100_000
LARGEST_MB: Final = 16
"""Ten times and more what a long symphony needs; changes are those of tempo and meter."""

_NAME, _TEMPO, _METER, _END = 0x03, 0x51, 0x58, 0x2F
# Data bytes of channel messages, by the status without its channel, and of system messages.
_DATA_BYTES: Final = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_BYTES: Final = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0}


@dataclass(frozen=True)
class MidiPart:
    """One channel of one track."""

    name: str
    channel: int
    program: int


@dataclass(frozen=True)
class MidiFile:
    """The music of a Standard MIDI file; ticks count from its beginning.

    Parameters
    ----------
    resolution : int
        Ticks in a quarter note, at least 1.
    tempos : dict of int to int
        Tick to microseconds for a quarter note, more than 0.
    meters : dict of int to (int, int)
        Tick to numerator, at least 1, and denominator.
    parts : tuple of MidiPart
        Every channel of every track that plays or chooses a program, in the order of the file.
    notes : (N, 5) int array
        Part, key, velocity, and the ticks where the note begins and ends, in the order of
        beginning.
    stuck : int
        How many notes were not released in time and end with the music instead.
    lost_tracks : int
        How many tracks the header counts that are not there.
    """

    resolution: int
    tempos: dict[int, int]
    meters: dict[int, tuple[int, int]]
    parts: tuple[MidiPart, ...]
    notes: NDArray[np.int64]
    stuck: int
    lost_tracks: int


def is_midi(data: bytes) -> bool:
    """Whether bytes begin like a Standard MIDI file, alone or in RIFF."""
    return data.startswith(b"MThd") or (data.startswith(b"RIFF") and data[8:12] == b"RMID")


def parse_midi(path: Path, data: bytes) -> MidiFile:
    """Read a Standard MIDI file of type 0 or 1, alone or in RIFF (`.rmi`).

    A data byte above 127 counts as 127; a note that is never released ends with the music
    (`end_stuck_notes`), or with its track if that is earlier.

    Raises
    ------
    ConductorError
        If it is no MIDI file, is damaged, too large or of type 2, counts in film frames, or holds
        no notes or too many.
    """
    if len(data) > LARGEST_MB << 20:
        raise ConductorError(
            f"{path.name} is larger than {LARGEST_MB} MB, the most a MIDI file may have; cut it "
            "into shorter files."
        )
    reader = _Reader()
    try:
        header, tracks, lost = _chunks(_unwrapped(data))
        kind, resolution = int.from_bytes(header[:2]), int.from_bytes(header[4:6])
        if kind > 2:
            raise _DamagedError
        for track in tracks if kind < 2 else ():
            reader.read(track)
    except (_DamagedError, IndexError) as error:
        raise ConductorError(
            f"{path.name} is not a MIDI file, or it is damaged; export it again."
        ) from error
    except _TooLongError as error:
        raise ConductorError(
            f"{path.name} holds more than {error}; cut it into shorter files."
        ) from error
    if kind == 2:
        raise ConductorError(
            f"The tracks of {path.name} are separate pieces (MIDI type 2); export it as type 1."
        )
    if not 0 < resolution < 0x8000:
        raise ConductorError(
            f"{path.name} counts in film frames, not in beats; export it with beats."
        )
    if not reader.notes or max(note[4] for note in reader.notes) == 0:
        raise ConductorError(f"{path.name} holds no notes; choose another file.")
    notes = np.array(reader.notes, dtype=np.int64)
    stuck = end_stuck_notes(notes, resolution)
    return MidiFile(
        resolution,
        reader.tempos,
        reader.meters,
        tuple(reader.parts),
        notes[np.argsort(notes[:, 3], kind="stable")][:, :5],
        stuck,
        lost,
    )


class _DamagedError(Exception):
    """The bytes do not follow the format."""


class _TooLongError(Exception):
    """More than any music has, and of what."""


def _unwrapped(data: bytes) -> bytes:
    """The Standard MIDI file in a RIFF file, or the data themselves.

    Programs write wrong sizes around it, or none; its own chunks tell where it ends.
    """
    if not data.startswith(b"RIFF"):
        return data
    at = data.find(b"MThd")
    if at < 0:
        raise _DamagedError
    return data[at:]


def _chunks(data: bytes) -> tuple[bytes, list[bytes], int]:
    """Header, tracks, and how many more the header counts; other chunks are left out."""
    header = b""
    tracks: list[bytes] = []
    promised = others = at = 0
    whole = True
    while whole and at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        body = data[at + 8 : at + 8 + size]
        if not header:
            if name != b"MThd" or len(body) < 6:
                raise _DamagedError
            header, promised = body, int.from_bytes(body[2:4])
        elif name == b"MTrk":
            if len(body) < size and not body.endswith(b"\xff\x2f\x00"):
                raise _DamagedError
            tracks.append(body)
        else:
            # Padding after the last track; before it a length is wrong, and tracks are lost.
            whole = len(body) == size
            others += whole
        at += 8 + size
    # Some programs count their own chunks among the tracks.
    lost = max(promised - len(tracks) - others, 0)
    if not tracks or (lost and not whole):
        raise _DamagedError
    return header, tracks, lost


@dataclass
class _Reader:
    """What the tracks that have been read hold together."""

    tempos: dict[int, int] = field(default_factory=dict)
    meters: dict[int, tuple[int, int]] = field(default_factory=dict)
    parts: list[MidiPart] = field(default_factory=list)
    notes: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)

    def read(self, track: bytes) -> None:
        """Add one track; its events are in order, so a later one at the same tick counts."""
        name, last = "", 0
        indices: dict[int, int] = {}
        programs: dict[int, int] = {}
        begun: dict[tuple[int, int], tuple[int, int]] = {}
        for tick, status, body in _events(track):
            last = tick
            if status > 0xFF:
                named = self._meta(tick, status & 0xFF, body)
                name = name or named
                continue
            kind, channel = status >> 4, status & 0xF
            if kind not in (0x8, 0x9, 0xC):
                continue
            part = indices.setdefault(channel, len(self.parts) + len(indices))
            if kind == 0xC:
                programs[channel] = min(body[0], 127)
                continue
            key, velocity = min(body[0], 127), min(body[1], 127)
            if (channel, key) in begun:
                self._add(part, key, *begun.pop((channel, key)), tick, released=True)
            if kind == 0x9 and velocity > 0:
                begun[channel, key] = (velocity, tick)
        for (channel, key), (velocity, on) in begun.items():
            self._add(indices[channel], key, velocity, on, last, released=False)
        for channel in indices:
            part_name = name or f"channel {channel + 1}"
            self.parts.append(MidiPart(part_name, channel, programs.get(channel, 0)))

    def _add(
        self, part: int, key: int, velocity: int, on: int, off: int, *, released: bool
    ) -> None:
        if len(self.notes) >= MOST_NOTES:
            raise _TooLongError(f"{MOST_NOTES:,} notes")
        self.notes.append((part, key, velocity, on, off, released))

    def _meta(self, tick: int, kind: int, body: bytes) -> str:
        """Keep a tempo or meter; the track's name if it is one. A wrong one is left out."""
        if kind == _TEMPO and len(body) == 3 and any(body):
            self.tempos[tick] = int.from_bytes(body)
        elif kind == _METER and len(body) >= 2 and body[0]:
            self.meters[tick] = (body[0], 1 << body[1])
        if len(self.tempos) + len(self.meters) > MOST_CHANGES:
            raise _TooLongError(f"{MOST_CHANGES:,} changes of tempo or meter")
        return body.decode("latin-1").strip("\x00 ") if kind == _NAME else ""


def _events(track: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Tick, status and data of each event; a meta event's status is 256 and its kind."""
    at = tick = status = 0
    while at < len(track):
        delta, at = _variable(track, at)
        tick += delta
        # System events do not end running status here: many programs write on after them.
        if track[at] < 0x80:
            current = status
        else:
            current = track[at]
            at += 1
        if current == 0xFF:
            current = 0x100 + track[at]
            size, at = _variable(track, at + 1)
        elif current in (0xF0, 0xF7):
            size, at = _variable(track, at)
        elif current in _SYSTEM_BYTES:
            size = _SYSTEM_BYTES[current]
        elif current >> 4 in _DATA_BYTES:
            size, status = _DATA_BYTES[current >> 4], current
        else:
            raise _DamagedError
        body = track[at : at + size]
        if len(body) < size:
            raise _DamagedError
        at += size
        yield tick, current, body
        if current == 0x100 + _END:
            return


def _variable(track: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, seven bits each, and the place after it."""
    number = 0
    for place in range(at, at + 4):
        number = number << 7 | track[place] & 0x7F
        if track[place] < 0x80:
            return number, place + 1
    raise _DamagedError
