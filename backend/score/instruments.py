"""Part names to General MIDI programs, and how late those speak."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

DRUM_KIT: Final = "kit"
RHYTHM: Final = "rhythm"
"""Kinds that sound on the drum channel: percussion of the score, and a drum set beside it."""

PIZZICATO: Final = 45
SNARE: Final = 38
"""Key of the drum kit for what has no pitch and tells no other."""

# Kinds of General MIDI programs: the first program of each range.
_KINDS: Final = (
    (0, "other"),
    (16, "continuo"),
    (24, "other"),
    (40, "strings"),
    (45, "other"),
    (47, "drum"),
    (48, "strings"),
    (52, "voice"),
    (55, "other"),
    (56, "brass"),
    (64, "wind"),
    (80, "other"),
)


@dataclass(frozen=True)
class Instrument:
    """What a part is played on: General MIDI programs from 0, the usual one first."""

    programs: tuple[int, ...]
    kind: str


def instrument_of(name: str) -> Instrument:
    """The instrument of a part name in English, German, Italian or French; strings if unknown."""
    lowered = name.lower()
    for row in _table()["instrument"]:
        if re.search(row["pattern"], lowered):
            return Instrument(tuple(row["programs"]), row["kind"])
    return Instrument((48, 49), "strings")


def instrument_of_program(program: int) -> Instrument:
    """The instrument of a General MIDI program from 0, as a MIDI file asks for it."""
    kind = next(name for first, name in reversed(_KINDS) if program >= first)
    return Instrument((program,), kind)


def drum_key(name: str) -> int | None:
    """The key of the drum kit for a percussion part's name."""
    lowered = name.lower()
    keys: dict[str, int] = _table()["drums"]
    return next((key for word, key in keys.items() if word in lowered), None)


def speaks_after(program: int) -> float:
    """Seconds from the note-on until a program of FluidR3 is heard (measured)."""
    return float(_table()["speaks"].get(str(program), 5)) / 1000.0


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("instruments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
