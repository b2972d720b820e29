"""The bars of a MusicXML score: lengths, meters, tempo marks, and the order they are played in.

Reads only what the beats need, which takes a tenth of the time of building the whole score.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np

from backend.score.note_values import drawn_length
from backend.score.played_bars import PlayedBar, TempoMap, grid_from_bars, seconds_played
from backend.score.playing_order import playing_order
from backend.score.score_beats import ScoreBeats, Sounding
from backend.score.signs import add_signs, add_written_signs, ending_numbers
from backend.score.tempo_marks import add_sound_tempo, add_tempo, tempo_map
from backend.score.unpack import reading, score_elements, unpack
from backend.score.written_bar import ROUNDING, Bar, WrittenNotes, settle_meters, settle_repeats
from backend.score.written_meter import meter_text, read_meter
from retarget.errors import ConductorError

MOST_BARS: Final = 20_000
"""Written bars, at most; a long opera has some 5,000."""

LONGEST_BAR: Final = 1_000
"""Quarter notes in a bar, at most; a written-out cadenza may have a hundred."""

_TOO_LONG: Final = (
    f"The score has a bar of more than {LONGEST_BAR:,} quarter notes; export it again."
)
_HEARD: Final = frozenset({"pitch", "unpitched"})
_UNHEARD: Final = frozenset({"rest", "cue"})
# Of what cannot be read, so much is told.
_MOST_TOLD: Final = 3


def musicxml_beats(path: Path, data: bytes) -> ScoreBeats:
    """The conducted beats of a MusicXML file, and when its notes sound.

    Parameters
    ----------
    path : Path
        For messages.
    data : bytes
        Its content, plain or compressed (`.mxl`).

    Raises
    ------
    ConductorError
        If it is no MusicXML or holds no bars.
    """
    with reading(path):
        bars = read_bars(unpack(path, data))
    check_music(path, bars)
    starts = list(accumulate((bar.length for bar in bars), initial=Fraction(0)))
    playing = playing_order(bars)
    order = [i for i in playing if bars[i].length > 0]
    played = [PlayedBar(starts[i], bars[i].length, bars[i].meter) for i in order]
    tempo = tempo_map(bars, starts)
    sounding = _sounding([bars[i].notes for i in order], played, tempo)
    return ScoreBeats(
        grid_from_bars(played, tempo),
        sounding,
        [*_unread(path, bars), *playing.doubts],
        tempo_is_written=any(bar.tempos for bar in bars),
    )


def check_music(path: Path, bars: Sequence[Bar]) -> None:
    """Raise a `ConductorError`, with the reason if it is known, where no bar has a length."""
    if not any(bar.length for bar in bars):
        told = _unread(path, bars) or [f"{path.name} holds no music; choose another score."]
        raise ConductorError(*told)


def _unread(path: Path, bars: Sequence[Bar]) -> list[str]:
    """One sentence about all that is written in bars and cannot be read, or none."""
    places: dict[str, str] = {}
    for i, bar in enumerate(bars):
        for what in sorted(bar.unread):
            places.setdefault(what, f"{what} (bar {i + 1 if bar.number is None else bar.number})")
    if not places:
        return []
    told = ", ".join(list(places.values())[:_MOST_TOLD])
    more = f" and {len(places) - _MOST_TOLD:,} more" if len(places) > _MOST_TOLD else ""
    return [
        f"In {path.name} this cannot be used and is left out: {told}{more}; correct it there or "
        "export the score again."
    ]


def _sounding(
    notes: Sequence[WrittenNotes], bars: Sequence[PlayedBar], tempo: TempoMap
) -> Sounding | None:
    """When the notes of played bars sound."""
    firsts = [(i, bar.first) for i, bar in enumerate(notes) if bar.first is not None]
    lasts = [(i, bar.last) for i, bar in enumerate(notes) if bar.last is not None] or firsts
    ends = [(i, bar.end) for i, bar in enumerate(notes) if bar.end is not None]
    if not firsts:
        return None
    index, offset = zip(firsts[0], lasts[-1], ends[-1], strict=True)
    at = seconds_played(bars, tempo, np.array(index), np.array(offset, dtype=float))
    return Sounding(*at.tolist())


def read_bars(xml: bytes, new_reader: "Callable[[], PartReader] | None" = None) -> list[Bar]:
    """Written bars of a score.

    Parameters
    ----------
    xml : bytes
        MusicXML, partwise or timewise.
    new_reader : callable, optional
        Gives a reader for each part in turn; one that takes more than the bars' own data.
    """
    make = new_reader or PartReader
    bars: list[Bar] = []
    number = 0
    kind, elements = score_elements(xml)
    timewise = kind == "score-timewise"
    readers: dict[str, PartReader] = {}
    reader: PartReader | None = None
    # Elements are dropped as soon as they are read: an orchestral score has a million of them.
    for element in elements:
        tag = element.tag
        if tag == ("part" if timewise else "measure"):
            if timewise:
                reader = readers.get(element.get("id", ""))
            if reader is None:
                reader = make()
            if timewise:
                reader.identity = element.get("id", "")
                readers[reader.identity] = reader
            if number == len(bars):
                if number == MOST_BARS:
                    raise ConductorError(
                        f"The score has more than {MOST_BARS:,} bars; choose a shorter one."
                    )
                bars.append(Bar())
                _count(bars[number], element)
            reader.read(element, number, bars[number])
            element.clear()
            if not timewise:
                number += 1
        elif tag == "measure":
            if number < len(bars):
                _count(bars[number], element)
            number += 1
        elif tag == "part":
            if reader is not None:
                reader.identity = element.get("id", "")
            element.clear()
            reader, number = None, 0
    settle_meters(bars)
    settle_repeats(bars)
    silent = not any(bar.length for bar in bars)
    for bar in bars:
        # A counted bar in which nothing is written is a bar of rest.
        empty = bar.length == 0 and bar.counted and not silent
        if empty or (bar.length and abs(bar.length - bar.nominal) <= ROUNDING):
            bar.length = bar.nominal
    return bars


def _count(bar: Bar, measure: ElementTree.Element) -> None:
    text = measure.get("number", "")
    bar.number = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
    bar.counted = measure.get("implicit") != "yes"


class PartReader:
    """Reads one part bar by bar; divisions and meter hold until they change."""

    def __init__(self) -> None:
        self.identity = ""
        self._divisions: Fraction | None = Fraction(1)
        self._meter: tuple[int, int] | None = None
        self._lengths: dict[str, Fraction] = {}

    def read(self, measure: ElementTree.Element, number: int, bar: Bar) -> None:
        """Take in a written bar, the `number`th from 0."""
        at = longest = before = Fraction(0)
        meter, begun = self._meter, False
        for element in measure:
            tag = element.tag
            if tag == "note":
                inside = {child.tag for child in element}
                duration = Fraction(0) if "grace" in inside else self._note_length(element, bar)
                if "chord" not in inside or not begun:
                    begun, before = True, at
                    at += duration
                # Also one that is not printed is heard.
                if duration and not inside & _UNHEARD and inside & _HEARD:
                    tied = "tie" in inside and element.find("tie[@type='stop']") is not None
                    bar.notes.add(before, duration, tied=tied)
                self.note(element, number, before, duration)
            elif tag == "forward":
                at += self._step(element, bar) or 0
            elif tag == "backup":
                longest = max(longest, at)
                step = self._step(element, bar)
                at = Fraction(0) if step is None else max(at - step, Fraction(0))
            elif tag == "attributes":
                self._attributes(element, bar)
                # A meter after the first note is the next bar's, told in advance.
                if meter is None or not (at or longest):
                    meter = self._meter
            elif tag == "direction":
                self._direction(element, number, at, bar)
            elif tag == "sound":
                add_sound_tempo(bar, at + self._offset(element, bar), element)
                add_signs(bar, element)
            elif tag == "barline":
                _barline(element, bar)
        bar.length = max(bar.length, longest, at)
        if bar.length > LONGEST_BAR:
            raise ConductorError(_TOO_LONG)
        # A part that writes no meter goes in the others'.
        if meter is not None and meter not in bar.meters:
            bar.meters.append(meter)

    def _note_length(self, element: ElementTree.Element, bar: Bar) -> Fraction:
        """Quarter notes a note takes; as it is drawn, where no duration is told."""
        length = self._duration(element)
        if length is None:
            length = drawn_length(element)
        if length is None:
            rest = element.find("rest")
            if rest is not None and rest.get("measure") == "yes":
                beats, unit = self._meter or (bar.meters or [bar.meter])[0]
                return Fraction(4 * beats, unit)
            bar.cannot_read("a note without its length")
        return length or Fraction(0)

    def _step(self, element: ElementTree.Element, bar: Bar) -> Fraction | None:
        """Quarter notes of a `forward` or `backup`; None if it does not tell."""
        length = self._duration(element)
        if length is None:
            bar.cannot_read(f"a <{element.tag}> without its length")
        return length

    def _duration(self, element: ElementTree.Element) -> Fraction | None:
        text = (element.findtext("duration") or "").strip()
        if not text or self._divisions is None:
            return None
        length = self._lengths.get(text)
        if length is None:
            length = self._lengths[text] = rational(text) / self._divisions
            if length < 0:
                raise ValueError("no duration")
            if length > LONGEST_BAR:
                raise ConductorError(_TOO_LONG)
        return length

    def _offset(self, sign: ElementTree.Element, bar: Bar) -> Fraction:
        text = (sign.findtext("offset") or "").strip()
        if not text or self._divisions is None:
            return Fraction(0)
        try:
            return rational(text) / self._divisions
        except ValueError:
            bar.cannot_read(f"an offset of {text}")
            return Fraction(0)

    def note(
        self, element: ElementTree.Element, number: int, at: Fraction, duration: Fraction
    ) -> None:
        """Hear of a note or rest in bar `number`, quarter notes from its beginning."""

    def direction(self, element: ElementTree.Element, number: int, at: Fraction) -> None:
        """Hear of a mark above or below the bar, at its place."""

    def attributes(self, element: ElementTree.Element) -> None:
        """Hear of the part's key, clef and transposition."""

    def _attributes(self, element: ElementTree.Element, bar: Bar) -> None:
        """Take in divisions and meter."""
        divisions = element.findtext("divisions")
        if divisions is not None:
            told = rational(divisions) if divisions.strip() else Fraction(0)
            self._divisions = told if told > 0 else None
            self._lengths.clear()
            if self._divisions is None:
                bar.cannot_read(f"<divisions> of {divisions.strip() or 'nothing'}")
        time = element.find("time")
        if time is not None and time.find("senza-misura") is None:
            meter = read_meter(time)
            if meter is None:
                bar.cannot_read(f"the meter {meter_text(time)}")
            self._meter = meter or self._meter
        self.attributes(element)

    def _direction(self, element: ElementTree.Element, number: int, at: Fraction, bar: Bar) -> None:
        place = at + self._offset(element, bar)
        add_tempo(bar, place, element)
        sound = element.find("sound")
        if sound is not None:
            add_signs(bar, sound)
        self.direction(element, number, max(place, Fraction(0)))
        add_written_signs(bar, element)


def _barline(element: ElementTree.Element, bar: Bar) -> None:
    repeat = element.find("repeat")
    if repeat is not None:
        side = element.get("location")
        if repeat.get("direction") == "forward":
            bar.repeat_from |= side != "right"
            bar.opens_next |= side == "right"
        else:
            times = (repeat.get("times") or "2").strip()
            known = re.fullmatch(r"\d{1,6}", times, re.ASCII)
            passes = max(int(times), 2) if known else 2
            if side == "left":
                bar.closes_before = passes
            else:
                bar.repeat_times = passes
            if not known:
                bar.cannot_read(f"a repeat of {times} times")
    elif element.findtext("bar-style") == "light-heavy":
        bar.final = True
    ending = element.find("ending")
    if ending is not None:
        if ending.get("type") == "start":
            bar.ending = ending_numbers(ending.get("number", ""))
        else:
            bar.ending_stops = True
    for mark in ("segno", "coda"):
        if element.find(mark) is not None:
            bar.marks.add(mark)


def rational(text: str) -> Fraction:
    """A number as MusicXML writes it, with a point or without.

    Raises
    ------
    ValueError
        For others: `Fraction` itself takes "1/0", and works on "1e5000000" for minutes.
    """
    if not re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{0,18})?\s*", text, re.ASCII):
        raise ValueError("not a number")
    return Fraction(text.strip())
