"""Note values by their MusicXML names."""

from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

NOTE_VALUES: Final = {
    "maxima": Fraction(32),
    "long": Fraction(16),
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16),
    "128th": Fraction(1, 32),
    "256th": Fraction(1, 64),
    "512th": Fraction(1, 128),
    "1024th": Fraction(1, 256),
}
"""Quarter notes."""

_MOST_DOTS: Final = 4


def note_value(name: str | None, dots: int) -> Fraction | None:
    """Quarter notes of a dotted note value; None if there is none of that name."""
    value = NOTE_VALUES.get((name or "").strip())
    return None if value is None or dots > _MOST_DOTS else value * (2 - Fraction(1, 2**dots))


def drawn_length(note: ElementTree.Element) -> Fraction | None:
    """Quarter notes of a note as it is drawn, by its type, dots and tuplet; None if it has none.

    Raises
    ------
    ValueError
        If the notes of its tuplet are not counted in numbers above 0.
    """
    value = note_value(note.findtext("type"), len(note.findall("dot")))
    tuplet = note.find("time-modification")
    if value is None or tuplet is None:
        return value
    actual, normal = (int(tuplet.findtext(f"{kind}-notes") or 1) for kind in ("actual", "normal"))
    if not 0 < actual <= 1000 or not 0 < normal <= 1000:
        raise ValueError("no tuplet")
    return value * normal / actual
