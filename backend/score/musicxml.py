"""The bars of a MusicXML score: lengths, meters, tempo marks, and the order they are played in.

Reads only what the beats need, which takes a tenth of the time of building the whole score.
"""

import io
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np

from backend.score.played_bars import PlayedBar, TempoMap, grid_from_bars, seconds_played
from backend.score.playing_order import playing_order
from backend.score.score_beats import ScoreBeats, Sounding
from backend.score.signs import add_signs, add_written_signs
from backend.score.tempo_marks import mark_of_direction, mark_of_sound, set_tempo, tempo_map
from backend.score.unpack import reading, unpack
from backend.score.written_bar import Bar, WrittenNotes
from retarget.errors import ConductorError

MOST_BARS: Final = 20_000
"""Written bars, at most; a long opera has some 5,000."""

LONGEST_BAR: Final = 1_000
"""Quarter notes in a bar, at most; a written-out cadenza may have a hundred."""

_TOO_LONG: Final = (
    f"The score has a bar of more than {LONGEST_BAR:,} quarter notes; export it again."
)
_HEARD: Final = frozenset({"pitch", "unpitched"})
_UNHEARD: Final = frozenset({"rest", "cue", "grace"})
# Bars off by less than this are sums of rounded tuplets, not other meters.
_ROUNDING: Final = Fraction(1, 16)


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
    if not any(bar.length for bar in bars):
        raise ConductorError(f"{path.name} holds no music; choose another score.")
    starts = list(accumulate((bar.length for bar in bars), initial=Fraction(0)))
    order = [i for i in playing_order(bars) if bars[i].length > 0]
    played = [PlayedBar(starts[i], bars[i].length, bars[i].meter) for i in order]
    tempo = tempo_map(bars, starts)
    sounding = _sounding([bars[i].notes for i in order], played, tempo)
    return ScoreBeats(grid_from_bars(played, tempo), sounding)


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
    _, root = next(ElementTree.iterparse(io.BytesIO(xml), events=("start",)))
    timewise = root.tag == "score-timewise"
    readers: dict[str, PartReader] = {}
    reader: PartReader | None = None
    # Elements are dropped as soon as they are read: an orchestral score has a million of them.
    for _, element in ElementTree.iterparse(io.BytesIO(xml)):
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
    silent = not any(bar.length for bar in bars)
    for bar in bars:
        # A counted bar in which nothing is written is a bar of rest.
        empty = bar.length == 0 and bar.counted and not silent
        if empty or (bar.length and abs(bar.length - bar.nominal) <= _ROUNDING):
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
        self._divisions = Fraction(1)
        self._meter = (4, 4)
        self._lengths: dict[str, Fraction] = {}

    def read(self, measure: ElementTree.Element, number: int, bar: Bar) -> None:
        """Take in a written bar, the `number`th from 0."""
        at = longest = before = Fraction(0)
        for element in measure:
            tag = element.tag
            if tag == "note":
                duration = self._duration(element)
                if element.find("chord") is None:
                    before = at
                    at += duration
                if duration > 0 and _sounds(element):
                    tied = any(tie.get("type") == "stop" for tie in element.iterfind("tie"))
                    bar.notes.add(before, duration, tied=tied)
                self.note(element, number, before, duration)
            elif tag == "forward":
                at += self._duration(element)
            elif tag == "backup":
                longest = max(longest, at)
                at = max(at - self._duration(element), Fraction(0))
            elif tag == "attributes":
                self.attributes(element)
            elif tag == "direction":
                self._direction(element, number, at, bar)
            elif tag == "sound":
                set_tempo(bar, at, mark_of_sound(element))
                add_signs(bar, element)
            elif tag == "barline":
                _barline(element, bar)
        bar.length = max(bar.length, longest, at)
        if bar.length > LONGEST_BAR:
            raise ConductorError(_TOO_LONG)
        bar.meter = self._meter

    def _duration(self, element: ElementTree.Element) -> Fraction:
        text = element.findtext("duration")
        if not text:
            return Fraction(0)
        length = self._lengths.get(text)
        if length is None:
            length = self._lengths[text] = rational(text) / self._divisions
            if length > LONGEST_BAR:
                raise ConductorError(_TOO_LONG)
        return length

    def note(
        self, element: ElementTree.Element, number: int, at: Fraction, duration: Fraction
    ) -> None:
        """Hear of a note or rest in bar `number`, quarter notes from its beginning."""

    def direction(self, element: ElementTree.Element, number: int, at: Fraction) -> None:
        """Hear of a mark above or below the bar, at its place."""

    def attributes(self, element: ElementTree.Element) -> None:
        """Take in divisions and meter."""
        divisions = element.findtext("divisions")
        if divisions and rational(divisions) > 0:
            self._divisions = rational(divisions)
            self._lengths.clear()
        time = element.find("time")
        if time is not None and time.find("senza-misura") is None:
            self._meter = _read_meter(time) or self._meter

    def _direction(self, element: ElementTree.Element, number: int, at: Fraction, bar: Bar) -> None:
        offset = element.findtext("offset")
        place = at + (rational(offset) / self._divisions if offset else 0)
        set_tempo(bar, place, mark_of_direction(element))
        sound = element.find("sound")
        if sound is not None:
            add_signs(bar, sound)
        self.direction(element, number, max(place, Fraction(0)))
        add_written_signs(bar, element)


def _sounds(note: ElementTree.Element) -> bool:
    """Whether a note is heard, also one that is not printed: no rest, cue or grace note."""
    parts = {part.tag for part in note}
    return not parts & _UNHEARD and not parts.isdisjoint(_HEARD)


def _barline(element: ElementTree.Element, bar: Bar) -> None:
    repeat = element.find("repeat")
    if repeat is not None:
        if repeat.get("direction") == "forward":
            bar.repeat_from = True
        else:
            bar.repeat_times = max(int(repeat.get("times") or 2), 2)
    elif element.findtext("bar-style") == "light-heavy":
        bar.final = True
    ending = element.find("ending")
    if ending is not None:
        if ending.get("type") == "start":
            numbers = re.findall(r"\d+", ending.get("number", ""))
            bar.ending = frozenset(map(int, numbers)) or frozenset({1})
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


def _read_meter(time: ElementTree.Element) -> tuple[int, int] | None:
    """The meter; additive ones (3+2, or several fractions) as their sum, alla breve as 2/2."""
    beats = [_sum(e.text) for e in time.findall("beats")]
    units = [int(e.text or 0) for e in time.findall("beat-type")]
    if not beats or len(beats) != len(units) or min(*beats, *units) < 1:
        return None
    unit = max(units)
    count = sum(b * unit // u for b, u in zip(beats, units, strict=True))
    if (count, unit) == (4, 4) and time.get("symbol") == "cut":
        count, unit = 2, 2
    return (count, unit) if count <= 24 and unit <= 32 else None


def _sum(text: str | None) -> int:
    return sum(int(n) for n in re.findall(r"\d+", text or ""))
