"""Tremolos and trills as the strokes that are played."""

import re
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

_TYPES: Final = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}
# Strokes closer than this are no longer counted, only heard as a tremolo.
_SHORTEST_STROKE: Final = Fraction(1, 12)
_USUAL_BEAMS: Final = 3
_MOST_BEAMS: Final = 8
_TRILL_STROKE: Final = Fraction(1, 8)
_SHORTEST_TRILL: Final = Fraction(1, 2)

Stroke = tuple[Fraction, Fraction, int]
"""Place and length in quarter notes, and how many semitones above the written note."""


def strokes(
    kind: str, ornaments: ElementTree.Element, at: Fraction, duration: Fraction
) -> list[Stroke]:
    """The strokes of a note with these `ornaments`; one for a plain note.

    Parameters
    ----------
    kind : str
        The note's type, "eighth".
    ornaments : Element
    at, duration : Fraction
        Its place and length, quarter notes.
    """
    plain = [(at, duration, 0)]
    tremolo = ornaments.find("tremolo")
    if tremolo is not None:
        beams = _beams(tremolo.text or "") + _TYPES.get(kind, 0)
        stroke = max(Fraction(1, 2**beams), _SHORTEST_STROKE)
        side = tremolo.get("type", "single")
        if side == "single":
            return [(at + i * stroke, stroke, 0) for i in range(max(int(duration / stroke), 1))]
        if side in ("start", "stop"):
            # Two notes in turn, each written with half of the time both of them fill.
            first = at if side == "start" else at - duration + stroke
            count = max(int(duration / stroke), 1)
            return [(max(first + 2 * i * stroke, Fraction(0)), stroke, 0) for i in range(count)]
    if ornaments.find("trill-mark") is not None and duration >= _SHORTEST_TRILL:
        count = int(duration / _TRILL_STROKE)
        return [(at + i * _TRILL_STROKE, _TRILL_STROKE, 2 * (i % 2)) for i in range(count)]
    return plain


def _beams(text: str) -> int:
    """The beams of a tremolo, 0 to 8; the usual three where it does not tell a number."""
    if not re.fullmatch(r"\s*\d{1,18}\s*", text, re.ASCII):
        return _USUAL_BEAMS
    return min(int(text), _MOST_BEAMS)
