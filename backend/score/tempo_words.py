"""Tempo words to numbers, and to changes of the tempo."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def tempo_of_words(text: str, meter: tuple[int, int]) -> float | None:
    """Quarter notes a minute that words such as "Allegro" mean in a meter, or None."""
    lowered = text.lower()
    found = [word for word in _table()["tempo"] if word in lowered]
    if not found:
        return None
    beats = float(_table()["tempo"][max(found, key=len)])
    count, unit = meter
    compound = unit == 8 and count > 3 and count % 3 == 0
    quarters_in_beat = 1.5 if compound else 4.0 / unit
    return beats * quarters_in_beat


def turn_of_words(text: str) -> str | None:
    """ "slower", "faster" or "back" (to the tempo) for words such as "poco rit.", or None."""
    lowered = text.lower()
    for turn, words in _table()["turn"].items():
        for word in words:
            at = lowered.find(word)
            if at == 0 or (at > 0 and not lowered[at - 1].isalpha()):
                return str(turn)
    return None


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("tempo_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
