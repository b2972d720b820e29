"""The notes of a MusicXML part: pitches, places, lengths, articulations and its dynamic marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from fractions import Fraction
from itertools import chain
from typing import Final
from xml.etree import ElementTree

from backend.score.instruments import SNARE
from backend.score.rational import rational
from backend.score.strokes import strokes
from backend.score.written_bar import Bar

_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEYS: Final = range(128)

# A transposition of more semitones than there are keys is none.
_MOST_SEMITONES: Final = 128


class Touch(IntFlag):
    """How a note is played."""

    NONE = 0
    STACCATO = 1
    TENUTO = 2
    ACCENT = 4
    MARCATO = 8
    LEGATO = 16
    PLUCKED = 32


_ARTICULATIONS: Final = {
    "staccato": int(Touch.STACCATO),
    "staccatissimo": int(Touch.STACCATO),
    "spiccato": int(Touch.STACCATO),
    "tenuto": int(Touch.TENUTO),
    "accent": int(Touch.ACCENT),
    "strong-accent": int(Touch.MARCATO),
    "detached-legato": int(Touch.TENUTO),
}


@dataclass(frozen=True)
class Mark:
    """A mark in the text: `kind` dynamic, wedge or word, and what it says."""

    bar: int
    at: float
    kind: str
    text: str


@dataclass
class Part:
    """All that one player plays; the lists of numbers have one entry for each note.

    Parameters
    ----------
    name : str
    bar : list of int
        Written bar.
    at, duration : list of float
        Quarter notes, `at` from the bar's beginning.
    pitch, touch : list of int
        MIDI key, and `Touch` flags.
    grace : list of int
        Grace notes from this one to its main note, itself included; 0 for a main note.
    marks : list of Mark
    fermatas : list of (int, float, float)
        Bar, and where in it the held note begins and ends.
    """

    name: str = ""
    bar: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    duration: list[float] = field(default_factory=list)
    pitch: list[int] = field(default_factory=list)
    touch: list[int] = field(default_factory=list)
    grace: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    fermatas: list[tuple[int, float, float]] = field(default_factory=list)


class NoteReader:
    """Reads the notes of a part.

    Parameters
    ----------
    drums : dict of str to int
        Keys of the drum kit by the id of the instrument.
    """

    def __init__(self, drums: Mapping[str, int]) -> None:
        self.part = Part()
        self._drums = drums
        self._transpose = 0
        self._tied: dict[int, int] = {}
        self._slurs = 0
        self._graces: list[int] = []
        self._plucked = False
        self._pitches: dict[tuple[str, str, str], int | None] = {}

    def transpose(self, element: ElementTree.Element, bar: Bar) -> None:
        """Take in a `transpose` element."""
        chromatic = rational(element.findtext("chromatic") or "0")
        octaves = rational(element.findtext("octave-change") or "0")
        if chromatic is None or octaves is None or abs(chromatic + 12 * octaves) > _MOST_SEMITONES:
            bar.cannot_read("a transposition that is none")
            return
        self._transpose = round(chromatic + 12 * octaves)
        self._pitches.clear()

    def direction(self, element: ElementTree.Element, number: int, at: float) -> None:
        """Take in a mark above or below bar `number`, quarter notes from its beginning."""
        for kind in element.findall("direction-type"):
            for child in kind:
                if child.tag == "dynamics":
                    for dynamic in child:
                        text = dynamic.text if dynamic.tag == "other-dynamics" else dynamic.tag
                        self._mark(number, at, "dynamic", text or "")
                elif child.tag == "wedge":
                    self._mark(number, at, "wedge", child.get("type", ""))
                elif child.tag == "words" and child.text:
                    text = child.text.strip().lower()
                    self._mark(number, at, "word", text)
                    if "pizz" in text:
                        self._plucked = True
                    elif "arco" in text:
                        self._plucked = False

    def note(
        self,
        element: ElementTree.Element,
        inside: Mapping[str, ElementTree.Element],
        number: int,
        bar: Bar,
        at: Fraction | int,
        duration: Fraction | int,
        divisions: Fraction | int,
    ) -> None:
        """Take in a note or rest.

        Parameters
        ----------
        element : Element
        inside : mapping of str to Element
            What is in it, by name.
        number, bar : int, Bar
            The bar it is in.
        at, duration : Fraction or int
            Its place and length in `divisions` of a quarter note.
        divisions : Fraction or int
        """
        begin = float(at / divisions)
        # Programs may write several, a tuplet in one and a slur in the next.
        notations = element.findall("notations") if "notations" in inside else []
        if any(it.find("fermata") is not None for it in notations):
            self.part.fermatas.append((number, begin, float((at + duration) / divisions)))
        if "rest" in inside or "cue" in inside:
            return
        pitch = self._pitch(inside, bar)
        if pitch is None:
            return
        touch = self._touch(notations)
        if "grace" in inside:
            for before in self._graces:
                self.part.grace[before] += "chord" not in inside
            self._graces.append(len(self.part.bar))
            self._add(number, begin, 0.0, pitch, touch & ~int(Touch.STACCATO), 1)
            return
        self._graces.clear()
        if duration <= 0:
            return
        kinds = {tie.get("type") for tie in element.findall("tie")} if "tie" in inside else set()
        held = self._tied.pop(pitch, None) if "stop" in kinds else None
        if held is not None:
            self.part.duration[held] += float(duration / divisions)
        else:
            found = (it.find("ornaments") for it in notations)
            ornaments = next((it for it in found if it is not None), None)
            if ornaments is None:
                self._add(number, begin, float(duration / divisions), pitch, touch, 0)
            else:
                kind = "" if "type" not in inside else inside["type"].text or ""
                place, length = Fraction(at) / divisions, Fraction(duration) / divisions
                for start, lasts, above in strokes(kind, ornaments, place, length):
                    self._add(
                        number, float(start), float(lasts), min(pitch + above, _KEYS[-1]), touch, 0
                    )
            held = len(self.part.bar) - 1
        if "start" in kinds:
            self._tied[pitch] = held

    def _add(
        self, bar: int, at: float, duration: float, pitch: int, touch: int, grace: int
    ) -> None:
        part = self.part
        part.bar.append(bar)
        part.at.append(at)
        part.duration.append(duration)
        part.pitch.append(pitch)
        part.touch.append(touch)
        part.grace.append(grace)

    def _mark(self, number: int, at: float, kind: str, text: str) -> None:
        self.part.marks.append(Mark(number, at, kind, text))

    def _pitch(self, inside: Mapping[str, ElementTree.Element], bar: Bar) -> int | None:
        """MIDI key; None where there is none, or none that can be played."""
        pitch = inside.get("pitch")
        if pitch is None:
            if "unpitched" not in inside:
                return None
            instrument = inside.get("instrument")
            return self._drums.get("" if instrument is None else instrument.get("id", ""), SNARE)
        texts = (
            pitch.findtext("step") or "C",
            pitch.findtext("alter") or "0",
            pitch.findtext("octave") or "4",
        )
        if texts not in self._pitches:
            key = self._key(*texts)
            if key is None:
                bar.cannot_read(f"the pitch {' '.join(texts)}")
            self._pitches[texts] = key if key in _KEYS else None
        return self._pitches[texts]

    def _key(self, step: str, alter: str, octave: str) -> int | None:
        above_c = _STEPS.get(step.strip())
        altered, octaves = rational(alter), rational(octave)
        if above_c is None or altered is None or octaves is None:
            return None
        return 12 * (int(octaves) + 1) + above_c + round(altered) + self._transpose

    def _touch(self, notations: Sequence[ElementTree.Element]) -> int:
        touch = int(Touch.PLUCKED) if self._plucked else 0
        for child in chain.from_iterable(notations):
            if child.tag == "slur":
                self._slurs += {"start": 1, "stop": -1}.get(child.get("type", ""), 0)
            elif child.tag == "articulations":
                for mark in child:
                    touch |= _ARTICULATIONS.get(mark.tag, 0)
        self._slurs = max(self._slurs, 0)
        return touch | int(Touch.LEGATO) if self._slurs else touch
