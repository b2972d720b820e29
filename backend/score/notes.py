"""The notes of a MusicXML part: pitches, places, lengths, articulations and its dynamic marks."""

from dataclasses import dataclass, field
from enum import IntFlag
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

from backend.score.musicxml import PartReader

_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TYPES: Final = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}
# Strokes closer than this are no longer counted, only heard as a tremolo.
_SHORTEST_STROKE: Final = Fraction(1, 12)
_MOST_BEAMS: Final = 8
_TRILL_STROKE: Final = Fraction(1, 8)
_SHORTEST_TRILL: Final = Fraction(1, 2)


class Touch(IntFlag):
    """How a note is played."""

    NONE = 0
    STACCATO = 1
    TENUTO = 2
    ACCENT = 4
    MARCATO = 8
    LEGATO = 16
    PLUCKED = 32


@dataclass
class Note:
    """A sounding note; `at` and `duration` in quarter notes, `at` from its bar's beginning.

    `grace` counts the grace notes from this one to its main note, 0 for a main note.
    """

    bar: int
    at: float
    duration: float
    pitch: int
    touch: Touch = Touch.NONE
    grace: int = 0


@dataclass(frozen=True)
class Mark:
    """A mark in the text: `kind` dynamic, wedge or word, and what it says."""

    bar: int
    at: float
    kind: str
    text: str


@dataclass
class Part:
    """All that one player plays."""

    name: str = ""
    notes: list[Note] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    fermatas: list[tuple[int, float, float]] = field(default_factory=list)
    """Bar, and where in it the held note begins and ends."""


class NoteReader(PartReader):
    """Reads a part's notes along with its bars."""

    def __init__(self, drums: dict[str, int]) -> None:
        super().__init__()
        self.part = Part()
        self._drums = drums
        self._transpose = 0
        self._tied: dict[int, Note] = {}
        self._slurs = 0
        self._graces: list[Note] = []
        self._plucked = False

    def attributes(self, element: ElementTree.Element) -> None:
        transpose = element.find("transpose")
        if transpose is not None:
            chromatic = float(transpose.findtext("chromatic") or 0)
            octaves = float(transpose.findtext("octave-change") or 0)
            self._transpose = round(chromatic + 12 * octaves)

    def direction(self, element: ElementTree.Element, number: int, at: Fraction) -> None:
        place = float(at)
        for kind in element.findall("direction-type"):
            for child in kind:
                if child.tag == "dynamics":
                    for dynamic in child:
                        text = dynamic.text if dynamic.tag == "other-dynamics" else dynamic.tag
                        self._mark(number, place, "dynamic", text or "")
                elif child.tag == "wedge":
                    self._mark(number, place, "wedge", child.get("type", ""))
                elif child.tag == "words" and child.text:
                    text = child.text.strip().lower()
                    self._mark(number, place, "word", text)
                    if "pizz" in text:
                        self._plucked = True
                    elif "arco" in text:
                        self._plucked = False

    def note(
        self, element: ElementTree.Element, number: int, at: Fraction, duration: Fraction
    ) -> None:
        notations = element.find("notations")
        if notations is not None and notations.find("fermata") is not None:
            self.part.fermatas.append((number, float(at), float(at + duration)))
        if element.find("rest") is not None or element.find("cue") is not None:
            return
        pitch = self._pitch(element)
        if pitch is None:
            return
        touch = self._touch(element, notations)
        if element.find("grace") is not None:
            grace = Note(number, float(at), 0.0, pitch, touch & ~Touch.STACCATO, 1)
            for before in self._graces:
                before.grace += element.find("chord") is None
            self._graces.append(grace)
            self.part.notes.append(grace)
            return
        self._graces.clear()
        if duration <= 0 or self._continues_tie(element, number, pitch, duration):
            return
        for place, length, shift in _strokes(element, notations, at, duration):
            note = Note(number, float(place), float(length), pitch + shift, touch)
            self.part.notes.append(note)
        if any(tie.get("type") == "start" for tie in element.findall("tie")):
            self._tied[pitch] = self.part.notes[-1]

    def _mark(self, number: int, at: float, kind: str, text: str) -> None:
        self.part.marks.append(Mark(number, at, kind, text))

    def _pitch(self, element: ElementTree.Element) -> int | None:
        pitch = element.find("pitch")
        if pitch is not None:
            step = _STEPS[(pitch.findtext("step") or "C").strip()]
            alter = round(float(pitch.findtext("alter") or 0))
            octave = int(pitch.findtext("octave") or 4)
            key = 12 * (octave + 1) + step + alter + self._transpose
            return key if 0 <= key < 128 else None
        instrument = element.find("instrument")
        if element.find("unpitched") is not None:
            return self._drums.get("" if instrument is None else instrument.get("id", ""), 38)
        return None

    def _touch(self, element: ElementTree.Element, notations: ElementTree.Element | None) -> Touch:
        touch = Touch.PLUCKED if self._plucked else Touch.NONE
        if notations is not None:
            for slur in notations.findall("slur"):
                self._slurs += {"start": 1, "stop": -1}.get(slur.get("type", ""), 0)
            self._slurs = max(self._slurs, 0)
            for marks in notations.findall("articulations"):
                for mark in marks:
                    touch |= _ARTICULATIONS.get(mark.tag, Touch.NONE)
        return touch | Touch.LEGATO if self._slurs else touch

    def _continues_tie(
        self, element: ElementTree.Element, number: int, pitch: int, duration: Fraction
    ) -> bool:
        kinds = {tie.get("type") for tie in element.findall("tie")}
        held = self._tied.pop(pitch, None) if "stop" in kinds else None
        if held is None:
            return False
        held.duration += float(duration)
        if "start" in kinds:
            self._tied[pitch] = held
        return True


_ARTICULATIONS: Final = {
    "staccato": Touch.STACCATO,
    "staccatissimo": Touch.STACCATO,
    "spiccato": Touch.STACCATO,
    "tenuto": Touch.TENUTO,
    "accent": Touch.ACCENT,
    "strong-accent": Touch.MARCATO,
    "detached-legato": Touch.TENUTO,
}


def _strokes(
    element: ElementTree.Element,
    notations: ElementTree.Element | None,
    at: Fraction,
    duration: Fraction,
) -> list[tuple[Fraction, Fraction, int]]:
    """Place, length and shift in semitones of each stroke of a note; one for a plain note."""
    plain = [(at, duration, 0)]
    ornaments = None if notations is None else notations.find("ornaments")
    if ornaments is None:
        return plain
    tremolo = ornaments.find("tremolo")
    if tremolo is not None:
        beams = min(max(int(tremolo.text or 3), 0), _MOST_BEAMS) + _TYPES.get(
            element.findtext("type") or "", 0
        )
        stroke = max(Fraction(1, 2**beams), _SHORTEST_STROKE)
        kind = tremolo.get("type", "single")
        if kind == "single":
            return [(at + i * stroke, stroke, 0) for i in range(max(int(duration / stroke), 1))]
        if kind in ("start", "stop"):
            # Two notes in turn, each written with half of the time both of them fill.
            first = at if kind == "start" else at - duration + stroke
            count = max(int(duration / stroke), 1)
            return [(max(first + 2 * i * stroke, Fraction(0)), stroke, 0) for i in range(count)]
    if ornaments.find("trill-mark") is not None and duration >= _SHORTEST_TRILL:
        count = int(duration / _TRILL_STROKE)
        return [(at + i * _TRILL_STROKE, _TRILL_STROKE, 2 * (i % 2)) for i in range(count)]
    return plain
