"""Which instruments a soundfont holds (SoundFont 2.04 specification, section 7.2)."""

import struct
from functools import cache
from pathlib import Path
from typing import Final

from retarget.errors import ConductorError

_PRESET: Final = struct.Struct("<20sHHHIII")
_PROGRAMS: Final = 128
# Some banks leave out a sound effect or two.
_MOST_MISSING: Final = 8


@cache
def require_general_midi(soundfont: Path) -> None:
    """Refuse a soundfont without General MIDI's instruments: FluidSynth plays silence for them.

    Raises
    ------
    ConductorError
        If it lacks more than a few, or is no soundfont.
    """
    try:
        presets = _preset_headers(soundfont)
    except (OSError, struct.error) as error:
        raise ConductorError(
            f"{soundfont} cannot be read as a soundfont; give an .sf2 or .sf3 file."
        ) from error
    # The last one only ends the list.
    melodic = {program for _, program, bank, *_ in list(presets)[:-1] if bank == 0}
    missing = len(set(range(_PROGRAMS)) - melodic)
    if missing > _MOST_MISSING:
        raise ConductorError(
            f"{soundfont.name} lacks {missing} of General MIDI's {_PROGRAMS} instruments, which "
            "would be silent; choose another soundfont."
        )


def _preset_headers(soundfont: Path) -> list[tuple[bytes, int, int, int, int, int, int]]:
    """Name, program, bank and more of each preset."""
    with soundfont.open("rb") as file:
        if file.read(4) != b"RIFF":
            raise struct.error("no RIFF file")
        file.seek(12)
        while True:
            name, size = struct.unpack("<4sI", file.read(8))
            if name == b"LIST" and file.read(4) == b"pdta":
                break
            file.seek(size - (4 if name == b"LIST" else 0) + size % 2, 1)
        name, size = struct.unpack("<4sI", file.read(8))
        if name != b"phdr":
            raise struct.error("no presets")
        return list(_PRESET.iter_unpack(file.read(size)))
