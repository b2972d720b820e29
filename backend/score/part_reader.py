"""One part of a MusicXML score, read bar by bar."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from backend.score.barlines import read_barline
from backend.score.beat_groups import Span, is_uneven
from backend.score.note_values import drawn_length
from backend.score.notes import NoteReader
from backend.score.played_bars import nominal_length
from backend.score.rational import rational
from backend.score.signs import add_signs, add_written_signs
from backend.score.tempo_marks import add_sound_tempo, add_tempo
from backend.score.written_bar import Bar, WrittenNotes
from backend.score.written_meter import grouping_of_text, meter_text, read_grouping, read_meter
from retarget.errors import ConductorError

LONGEST_BAR: Final = 1_000
"""Quarter notes in a bar, at most; a written-out cadenza may have a hundred."""

_TOO_LONG: Final = (
    f"The score has a bar of more than {LONGEST_BAR:,} quarter notes; export it again."
)

_Ticks = int | Fraction
"""A place or length in the part's own divisions of a quarter note, nearly always whole."""

_Inside = dict[str, ElementTree.Element]


@dataclass(slots=True)
class _Place:
    """How far a bar is read.

    Parameters
    ----------
    at, longest, chord : int or Fraction
        Where the next note begins, where the longest voice ends, and where the last chord begins.
    begun : bool
        Whether there was a chord.
    first, last, end : int or Fraction, optional
        As in `WrittenNotes`.
    beams : dict of str to int or Fraction
        Where the beam of each voice begins.
    """

    at: _Ticks = 0
    longest: _Ticks = 0
    chord: _Ticks = 0
    begun: bool = False
    first: _Ticks | None = None
    last: _Ticks | None = None
    end: _Ticks | None = None
    beams: dict[str, _Ticks] = field(default_factory=dict)

    def sound(self, at: _Ticks, duration: _Ticks, *, tied: bool) -> None:
        """Take in a note, `tied` to one before or not."""
        if self.first is None or at < self.first:
            self.first = at
        if self.end is None or at + duration > self.end:
            self.end = at + duration
        if not tied and (self.last is None or at > self.last):
            self.last = at

    def rescale(self, factor: Fraction) -> None:
        """Count in other divisions; nothing has sounded yet that was not kept."""
        self.at, self.longest, self.chord = (
            it * factor for it in (self.at, self.longest, self.chord)
        )
        self.beams = {voice: at * factor for voice, at in self.beams.items()}
        self.first = self.last = self.end = None


class PartReader:
    """Reads one part; divisions, meter and grouping hold until they change.

    Parameters
    ----------
    drums : dict of str to int
        Keys of the drum kit by the id of the instrument.
    """

    def __init__(self, drums: dict[str, int]) -> None:
        self.notes = NoteReader(drums)
        self._divisions: _Ticks = 1
        self._counts = True
        self._meter: tuple[int, int] | None = None
        self._grouping: tuple[int, ...] = ()
        self._key: str | None = None
        self._lengths: dict[str, _Ticks] = {}
        self._bar = _Place()

    def read(self, measure: ElementTree.Element, number: int, bar: Bar) -> None:
        """Take in a written bar, the `number`th from 0."""
        place = self._bar = _Place()
        meter = self._meter
        for element in measure:
            tag = element.tag
            if tag == "note":
                self._note(element, number, bar)
            elif tag == "forward":
                place.at += self._step(element, bar) or 0
            elif tag == "backup":
                place.longest = max(place.longest, place.at)
                step = self._step(element, bar)
                place.at = 0 if step is None else max(place.at - step, 0)
            elif tag == "attributes":
                self._attributes(element, bar)
                # A meter after the first note is the next bar's, told in advance.
                if meter is None or not (place.at or place.longest):
                    meter = self._meter
            elif tag == "direction":
                self._direction(element, number, bar)
            elif tag == "sound":
                add_sound_tempo(bar, self._place_of(element, bar), element)
                add_signs(bar, element)
            elif tag == "barline":
                read_barline(element, bar, self._quarters(place.at))
        self._keep_sounding(bar)
        length = self._quarters(max(place.longest, place.at))
        # Of most parts it is the very same number.
        if length is not bar.length and length > bar.length:
            bar.length = length
        if max(place.longest, place.at) > LONGEST_BAR * self._divisions:
            raise ConductorError(_TOO_LONG)
        # A part that writes no meter goes in the others'.
        if meter is not None and meter not in bar.meters:
            bar.meters.append(meter)
        if meter is not None and meter == self._meter and self._grouping:
            bar.groups.told.setdefault(meter, self._grouping)

    def _note(self, element: ElementTree.Element, number: int, bar: Bar) -> None:
        inside = {child.tag: child for child in element}
        duration = 0 if "grace" in inside else self._note_length(element, inside, bar)
        place = self._bar
        if "chord" not in inside or not place.begun:
            place.begun, place.chord = True, place.at
            place.at += duration
        # Also one that is not printed is heard.
        heard = ("pitch" in inside or "unpitched" in inside) and "rest" not in inside
        if duration and heard and "cue" not in inside:
            tied = "tie" in inside and element.find("tie[@type='stop']") is not None
            place.sound(place.chord, duration, tied=tied)
        if "rest" not in inside or "notations" in inside:
            self.notes.note(element, inside, number, bar, place.chord, duration, self._divisions)
        if duration and self._meter is not None and is_uneven(self._meter):
            self._group(element, inside, duration, bar)

    def _group(
        self, element: ElementTree.Element, inside: _Inside, duration: _Ticks, bar: Bar
    ) -> None:
        """Keep where beams and long notes begin and end."""
        begin, end = self._bar.chord, self._bar.chord + duration
        beam = element.findtext("beam")
        voice = "" if "voice" not in inside else inside["voice"].text or ""
        if beam == "begin":
            self._bar.beams[voice] = begin
        elif beam == "end" and voice in self._bar.beams:
            bar.groups.spans.append(self._span(self._bar.beams.pop(voice), end))
        if self._meter is not None and duration * self._meter[1] > 4 * self._divisions:
            bar.groups.spans.append(self._span(begin, end))

    def _span(self, begin: _Ticks, end: _Ticks) -> Span:
        return self._quarters(begin), self._quarters(end)

    def _note_length(self, element: ElementTree.Element, inside: _Inside, bar: Bar) -> _Ticks:
        """How long a note is; as it is drawn, where no duration is told."""
        length = self._duration(inside)
        if length is not None:
            return length
        drawn = drawn_length(element)
        if drawn is None and "rest" in inside and inside["rest"].get("measure") == "yes":
            drawn = nominal_length(self._meter or (bar.meters or [bar.meter])[0])
        if drawn is None:
            bar.cannot_read("a note without its length")
            return 0
        return drawn * self._divisions

    def _step(self, element: ElementTree.Element, bar: Bar) -> _Ticks | None:
        """The length of a `forward` or `backup`; None if it does not tell."""
        length = self._duration({child.tag: child for child in element})
        if length is None:
            bar.cannot_read(f"a <{element.tag}> without its length")
        return length

    def _duration(self, inside: _Inside) -> _Ticks | None:
        text = inside["duration"].text if "duration" in inside else None
        if not text or not self._counts:
            return None
        length = self._lengths.get(text)
        if length is None:
            if not text.strip():
                return None
            told = rational(text)
            if told is None or told < 0:
                raise ValueError("no duration")
            length = self._lengths[text] = _whole(told)
            if length > LONGEST_BAR * self._divisions:
                raise ConductorError(_TOO_LONG)
        return length

    def _place_of(self, sign: ElementTree.Element, bar: Bar) -> Fraction:
        """Where a sign stands, quarter notes from the bar's beginning."""
        here = self._quarters(self._bar.at)
        text = (sign.findtext("offset") or "").strip()
        if not text or not self._counts:
            return here
        offset = rational(text)
        if offset is None:
            bar.cannot_read(f"an offset of {text}")
            return here
        return here + offset / self._divisions

    def _quarters(self, ticks: _Ticks) -> Fraction:
        return _quarters(ticks, self._divisions)

    def _attributes(self, element: ElementTree.Element, bar: Bar) -> None:
        """Take in divisions, meter, key and transposition."""
        divisions = element.findtext("divisions")
        if divisions is not None:
            self._divide(divisions.strip(), bar)
        time = element.find("time")
        if time is not None and time.find("senza-misura") is None:
            meter = read_meter(time)
            if meter is None:
                bar.cannot_read(f"the meter {meter_text(time)}")
            else:
                self._meter, self._grouping = meter, read_grouping(time)
        key = element.findtext("key/fifths")
        # At the end of a bar it is told in advance.
        if key is not None and not (self._bar.at or self._bar.longest):
            bar.new_key |= self._key is not None and key != self._key
            self._key = key
        transpose = element.find("transpose")
        if transpose is not None:
            self.notes.transpose(transpose, bar)

    def _divide(self, text: str, bar: Bar) -> None:
        """Count in other divisions of a quarter note from here on."""
        told = rational(text) if text else Fraction(0)
        if told is None:
            raise ValueError("no divisions")
        self._counts = told > 0
        if not self._counts:
            bar.cannot_read(f"<divisions> of {text or 'nothing'}")
        self._keep_sounding(bar)
        before = self._divisions
        self._divisions = _whole(told) if self._counts else 1
        self._lengths.clear()
        if self._divisions != before:
            self._bar.rescale(Fraction(self._divisions) / before)

    def _keep_sounding(self, bar: Bar) -> None:
        """Give the bar what has sounded in it until here."""
        place = self._bar
        if place.first is None or place.end is None:
            return
        first, end = float(place.first / self._divisions), float(place.end / self._divisions)
        last = None if place.last is None else float(place.last / self._divisions)
        bar.notes.join(WrittenNotes(first, last, end))

    def _direction(self, element: ElementTree.Element, number: int, bar: Bar) -> None:
        place = self._place_of(element, bar)
        add_tempo(bar, place, element)
        sound = element.find("sound")
        if sound is not None:
            add_signs(bar, sound)
        self.notes.direction(element, number, float(max(place, Fraction(0))))
        add_written_signs(bar, element)
        if self._meter is not None:
            for words in element.iter("words"):
                told = grouping_of_text(words.text or "", self._meter)
                self._grouping = told or self._grouping


def _whole(number: Fraction) -> _Ticks:
    return number.numerator if number.denominator == 1 else number


@lru_cache(maxsize=4096)
def _quarters(ticks: _Ticks, divisions: _Ticks) -> Fraction:
    return Fraction(ticks, divisions)
