"""Tempo marks of a MusicXML score: which of several is meant, and relations between note values."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

from backend.score.note_values import note_value
from backend.score.played_bars import DEFAULT_BPM
from backend.score.written_bar import Bar, TempoMark

# Nobody plays slower or faster, in quarter notes; of a 128th or of a maxima, numbers like these are
# written.
_SLOWEST, _FASTEST = 2.0, 2000.0
# Of several marks at one place the one a player sees is meant.
_UNSEEN, _WORDS, _METRONOME = range(3)


def add_tempo(bar: Bar, at: Fraction, direction: ElementTree.Element) -> None:
    """Take in the tempo of a direction, if any; an exact number that is seen before one unseen.

    Parameters
    ----------
    bar : Bar
        Where it stands.
    at : Fraction
        Quarter notes from its beginning.
    direction : Element
        With its `metronome`, its `sound` or both.
    """
    sound = direction.find("sound")
    told = None if sound is None else sound.get("tempo")
    heard = None if told is None else _beats_per_minute(told)
    for metronome in direction.iter("metronome"):
        mark = _metronome(metronome)
        seen = metronome.get("print-object") != "no"
        rank = _METRONOME if seen else _UNSEEN
        exact = re.fullmatch(r"\s*\d+(\.\d+)?\s*", metronome.findtext("per-minute") or "")
        if heard is not None and not (mark is not None and seen and exact):
            mark = TempoMark(heard, rank)
        if mark is not None:
            _set_tempo(bar, at, replace(mark, rank=rank))
            return
        if told is None and _is_tempo(metronome):
            bar.cannot_read(f"the tempo {_metronome_text(metronome)}")
    if heard is not None:
        words = (w for w in direction.iter("words") if w.get("print-object") != "no")
        shown = any((w.text or "").strip() for w in words)
        _set_tempo(bar, at, TempoMark(heard, _WORDS if shown else _UNSEEN))
    elif told is not None:
        bar.cannot_read(f"the tempo {told.strip() or '?'}")


def add_sound_tempo(bar: Bar, at: Fraction, sound: ElementTree.Element) -> None:
    """Take in the tempo of a `sound` element that no direction shows."""
    told = sound.get("tempo")
    heard = None if told is None else _beats_per_minute(told)
    if heard is not None:
        _set_tempo(bar, at, TempoMark(heard, _UNSEEN))
    elif told is not None:
        bar.cannot_read(f"the tempo {told.strip() or '?'}")


def _set_tempo(bar: Bar, at: Fraction, mark: TempoMark) -> None:
    """Put a mark into its bar, unless one that counts as much or more stands there."""
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


def _beats_per_minute(text: str) -> float | None:
    """The number of a `sound` element; None if it is none or none that is played."""
    if not re.fullmatch(r"\s*\d{1,18}([.,]\d{0,18})?\s*", text, re.ASCII):
        return None
    return _playable(float(text.replace(",", ".")))


def _playable(bpm: float) -> float | None:
    return bpm if _SLOWEST <= bpm <= _FASTEST else None


def _metronome(element: ElementTree.Element) -> TempoMark | None:
    """Quarter notes a minute of "beat unit = number".

    Of "beat unit = beat unit" how many times the tempo before it is: a note of the new tempo lasts
    as long as one of the old. None for other kinds.
    """
    if element.find("metronome-note/metronome-tuplet") is not None:
        return None
    units = [_length(unit) for unit in _beat_units(element)]
    # In "about 60" and "60-66" the first number; a number below 0 is none.
    rate = re.search(r"(?<![-\d])\d{1,6}(\.\d{1,6})?", element.findtext("per-minute") or "")
    if len(units) == 1 and units[0] is not None and rate is not None:
        bpm = _playable(float(rate[0]) * float(units[0]))
        return None if bpm is None else TempoMark(bpm, _METRONOME)
    if len(units) == 2 and units[0] is not None and units[1] is not None and rate is None:
        return TempoMark(float(units[1] / units[0]), _METRONOME, relative=True)
    return None


def _beat_units(element: ElementTree.Element) -> list[list[tuple[str, int]]]:
    """The units in a `metronome`, each of one note value, or several tied: its name and dots."""
    units: list[list[tuple[str, int]]] = []
    for child in element:
        if child.tag == "metronome-note":
            units.append([(child.findtext("metronome-type") or "", _count(child, "metronome-dot"))])
        elif child.tag == "beat-unit":
            units.append([(child.text or "", 0)])
        elif child.tag == "beat-unit-dot" and units:
            name, dots = units[-1][-1]
            units[-1][-1] = (name, dots + 1)
        elif child.tag == "beat-unit-tied" and units:
            units[-1].append((child.findtext("beat-unit") or "", _count(child, "beat-unit-dot")))
    return units


def _count(element: ElementTree.Element, tag: str) -> int:
    return len(element.findall(tag))


def _length(unit: list[tuple[str, int]]) -> Fraction | None:
    """Quarter notes of a unit, None if its values are unknown."""
    total = Fraction(0)
    for name, dots in unit:
        value = note_value(name, dots)
        if value is None:
            return None
        total += value
    return total


def _is_tempo(element: ElementTree.Element) -> bool:
    """Whether a `metronome` tells a tempo; in notes it may tell how eighths are swung instead."""
    return element.find("metronome-note") is None


def _metronome_text(element: ElementTree.Element) -> str:
    parts = [
        " + ".join(f"{name.strip() or '?'}{'.' * dots}" for name, dots in unit)
        for unit in _beat_units(element)
    ]
    if len(parts) < 2:
        parts.append((element.findtext("per-minute") or "").strip() or "?")
    return " = ".join(parts)
