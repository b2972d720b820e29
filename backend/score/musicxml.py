"""A MusicXML score as it is written: its bars, gathered over all parts, and its parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from backend.score.instruments import SNARE, drum_key
from backend.score.notes import Part
from backend.score.part_reader import PartReader
from backend.score.played_bars import MOST_BARS
from backend.score.written_bar import (
    ROUNDING,
    Bar,
    settle_groupings,
    settle_meters,
    settle_repeats,
)
from backend.score.xml_stream import ScoreStream
from retarget.errors import ConductorError


@dataclass(frozen=True)
class Written:
    """A score as it is written.

    Parameters
    ----------
    bars : list of Bar
        Gathered over all parts.
    parts : list of Part
        Their notes, marks and fermatas, by written bar.
    """

    bars: list[Bar]
    parts: list[Part]


def read_written(xml: bytes) -> Written:
    """Read a MusicXML document, partwise or timewise; call it within `unpack.reading`.

    Raises
    ------
    ConductorError
        If it is other XML, or longer than any score.
    """
    stream = ScoreStream(xml)
    names: dict[str, str] = {}
    drums: dict[str, int] = {}
    bars: list[Bar] = []
    readers: dict[tuple[int, str], PartReader] = {}
    for player, number, measure, music in stream.bars():
        if not readers and stream.part_list is not None:
            names, drums = _part_list(stream.part_list)
        reader = readers.get(player)
        if reader is None:
            reader = readers[player] = PartReader(drums)
            reader.notes.part.name = names.get(player[1], player[1])
        if number == len(bars):
            if number == MOST_BARS:
                raise ConductorError(
                    f"The score has more than {MOST_BARS:,} bars; choose a shorter one."
                )
            bars.append(_counted(measure))
        reader.read(music, number, bars[number])
    settle_meters(bars)
    settle_repeats(bars)
    _settle_lengths(bars)
    settle_groupings(bars)
    return Written(bars, [reader.notes.part for reader in readers.values()])


def _part_list(element: ElementTree.Element) -> tuple[dict[str, str], dict[str, int]]:
    """Names of the parts by id, and keys of the drum kit by instrument id."""
    names: dict[str, str] = {}
    drums: dict[str, int] = {}
    for part in element.iter("score-part"):
        name = (part.findtext("part-name") or "").strip()
        sound = part.findtext("score-instrument/instrument-name") or ""
        names[part.get("id", "")] = re.sub(r"\s+", " ", name or sound.strip())
        for midi in part.iter("midi-instrument"):
            key = (midi.findtext("midi-unpitched") or "").strip()
            told = int(key) - 1 if re.fullmatch(r"[0-9]{1,3}", key) else SNARE
            drums[midi.get("id", "")] = drum_key(name) or (told if 0 <= told < 128 else SNARE)
    return names, drums


def _counted(measure: ElementTree.Element) -> Bar:
    text = measure.get("number", "")
    number = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
    return Bar(number=number, counted=measure.get("implicit") != "yes")


def _settle_lengths(bars: Sequence[Bar]) -> None:
    silent = not any(bar.length for bar in bars)
    for bar in bars:
        # A counted bar in which nothing is written is a bar of rest.
        empty = bar.length == 0 and bar.counted and not silent
        if empty or (bar.length and abs(bar.length - bar.nominal) <= ROUNDING):
            bar.length = bar.nominal
