"""Tempo marks of a MusicXML score: which of several is meant, and relations between note values."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

from backend.score.played_bars import DEFAULT_BPM, TempoMap
from backend.score.written_bar import Bar, TempoMark

_BEAT_UNITS: Final = {
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
}
_SLOWEST, _FASTEST = 5.0, 1000.0
# Of several marks at one place the one a player sees is meant.
_UNSEEN, _WORDS, _METRONOME = range(3)


def mark_of_direction(element: ElementTree.Element) -> TempoMark | None:
    """The tempo a direction asks for, if any; an exact number that is seen before one unseen."""
    sound = element.find("sound")
    heard = number(sound.get("tempo", "")) if sound is not None else None
    for metronome in element.iter("metronome"):
        mark = _metronome(metronome)
        seen = metronome.get("print-object") != "no"
        exact = re.fullmatch(r"\s*\d+(\.\d+)?\s*", metronome.findtext("per-minute") or "")
        if heard is not None and not (seen and exact):
            return TempoMark(heard, _METRONOME if seen else _UNSEEN)
        if mark is not None:
            value, relative = mark
            return TempoMark(value, _METRONOME if seen else _UNSEEN, relative)
    if heard is None:
        return None
    words = (w for w in element.iter("words") if w.get("print-object") != "no")
    return TempoMark(heard, _WORDS if any((w.text or "").strip() for w in words) else _UNSEEN)


def mark_of_sound(element: ElementTree.Element) -> TempoMark | None:
    """The tempo of a `sound` element that no direction shows."""
    bpm = number(element.get("tempo", ""))
    return None if bpm is None else TempoMark(bpm, _UNSEEN)


def set_tempo(bar: Bar, at: Fraction, mark: TempoMark | None) -> None:
    """Put a mark into its bar, unless one that counts as much or more stands there."""
    if mark is None or not (mark.relative or _SLOWEST <= mark.value <= _FASTEST):
        return
    at = max(at, Fraction(0))
    if at not in bar.tempos or bar.tempos[at].rank < mark.rank:
        bar.tempos[at] = mark


def tempo_marks(bars: Sequence[Bar], starts: Sequence[Fraction]) -> dict[Fraction, float]:
    """Place in quarter notes from the beginning to quarter notes a minute, in written order.

    The first mark holds from the beginning where it comes within the first bar, or after it if
    that is a pickup.
    """
    marks: dict[Fraction, float] = {}
    bpm = DEFAULT_BPM
    for bar, start in zip(bars, starts, strict=False):
        for at, mark in sorted(bar.tempos.items()):
            told = bpm * mark.value if mark.relative else mark.value
            bpm = min(max(told, _SLOWEST), _FASTEST)
            marks[start + at] = bpm
    if marks and bars:
        first = min(marks)
        pickup = bars[0].length < bars[0].nominal
        if first < bars[0].length or (pickup and first == bars[0].length):
            marks.setdefault(Fraction(0), marks[first])
    return marks


def tempo_map(bars: Sequence[Bar], starts: Sequence[Fraction]) -> TempoMap:
    """The tempo along the score as it is written; places as in `tempo_marks`."""
    return TempoMap.from_marks(tempo_marks(bars, starts))


def number(text: str) -> float | None:
    """The first number in a text, or None."""
    match = re.search(r"\d{1,6}(\.\d{1,6})?", text)
    return float(match[0]) if match else None


def _metronome(element: ElementTree.Element) -> tuple[float, bool] | None:
    """Quarter notes a minute of "beat unit = number", and False.

    Of "beat unit = beat unit" how many times the tempo before it is, and True: a note of the new
    tempo lasts as long as one of the old. None for other kinds.
    """
    units: list[tuple[str | None, int]] = []
    for child in element:
        if child.tag == "metronome-note":
            if child.find("metronome-tuplet") is not None:
                return None
            dots = len(child.findall("metronome-dot"))
            units.append((child.findtext("metronome-type"), dots))
        elif child.tag == "beat-unit":
            units.append((child.text, 0))
        elif child.tag == "beat-unit-dot" and units:
            units[-1] = (units[-1][0], units[-1][1] + 1)
    if any(name not in _BEAT_UNITS or dots > 4 for name, dots in units):
        return None
    lengths = [_BEAT_UNITS[name or ""] * (2 - Fraction(1, 2**dots)) for name, dots in units]
    rate = number(element.findtext("per-minute") or "")
    if len(lengths) == 1 and rate is not None:
        return rate * float(lengths[0]), False
    if len(lengths) == 2 and rate is None:
        old, new = lengths
        return float(new / old), True
    return None
