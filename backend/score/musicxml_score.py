"""A MusicXML file to its movements."""

import re
from bisect import bisect
from collections import defaultdict
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.score.dynamics import loudness_of
from backend.score.instruments import drum_key, instrument_of
from backend.score.movement import Movement, NoteTable
from backend.score.musicxml import check_music, read_bars
from backend.score.notes import NoteReader, Part, Touch
from backend.score.played_bars import PlayedBar, TempoMap
from backend.score.playing_order import playing_order
from backend.score.tempo_marks import tempo_marks
from backend.score.tempo_words import tempo_of_words, turn_of_words
from backend.score.unpack import reading, score_elements, unpack
from backend.score.written_bar import Bar
from retarget.errors import ConductorError
from retarget.rotation import Array


def read_musicxml_score(path: Path, data: bytes) -> list[Movement]:
    """All movements of a MusicXML file, plain or `.mxl`.

    Raises
    ------
    ConductorError
        If it is no MusicXML, is damaged, or holds no notes.
    """
    readers: list[NoteReader] = []
    with reading(path):
        xml = unpack(path, data)
        names, drums = _part_list(xml)

        def new_reader() -> NoteReader:
            readers.append(NoteReader(drums))
            return readers[-1]

        bars = read_bars(xml, new_reader)
    check_music(path, bars)
    parts = [reader.part for reader in readers]
    for reader in readers:
        reader.part.name = names.get(reader.identity, reader.identity)
    starts = [Fraction(0)]
    for bar in bars:
        starts.append(starts[-1] + bar.length)
    table, note_bars = _note_table(parts, np.array([float(s) for s in starts]))
    if not len(table):
        raise ConductorError(f"{path.name} holds no notes; choose another score.")
    tempo = _tempo_map(bars, parts, starts)
    found = []
    for indices in playing_order(bars).movements:
        order = [i for i in indices if bars[i].length > 0]
        if order:
            found.append(_movement(bars, starts, order, tempo, parts, table, note_bars))
    return [movement for movement in found if len(movement.notes)]


def _part_list(xml: bytes) -> tuple[dict[str, str], dict[str, int]]:
    """Names of the parts by id, and keys of the drum kit by instrument id."""
    names: dict[str, str] = {}
    drums: dict[str, int] = {}
    _, elements = score_elements(xml)
    # Before the first bar, or nowhere.
    for part in takewhile(lambda it: it.tag not in ("part-list", "measure", "part"), elements):
        if part.tag != "score-part":
            continue
        name = (part.findtext("part-name") or "").strip()
        sound = part.findtext("score-instrument/instrument-name") or ""
        names[part.get("id", "")] = re.sub(r"\s+", " ", name or sound.strip())
        for midi in part.iter("midi-instrument"):
            key = midi.findtext("midi-unpitched")
            drums[midi.get("id", "")] = drum_key(name) or (int(key) - 1 if key else 38)
    return names, drums


def _tempo_map(bars: list[Bar], parts: list[Part], starts: list[Fraction]) -> TempoMap:
    """The tempo marks; where words stand without a number, what they usually mean."""
    marks = tempo_marks(bars, starts)
    known = sorted(marks)
    for part in parts:
        for mark in part.marks:
            place = starts[mark.bar] + Fraction(mark.at).limit_denominator(768)
            after = bisect(known, place)
            near = known[max(after - 1, 0) : after + 1]
            if mark.kind == "word" and not any(abs(place - at) < 4 for at in near):
                qpm = tempo_of_words(mark.text, bars[mark.bar].meter)
                if qpm is not None:
                    marks[place] = qpm
                    known.insert(after, place)
    return TempoMap.from_marks(marks)


def _note_table(parts: list[Part], starts: Array) -> tuple[NoteTable, NDArray[np.int64]]:
    """All notes at their places within their bars, sorted by written bar, and those bars."""
    columns: list[list[float]] = []
    for index, part in enumerate(parts):
        notes = part.notes
        if not notes:
            continue
        rows = np.array(
            [(n.bar, n.at, n.duration, n.pitch, index, int(n.touch), n.grace) for n in notes]
        )
        places = starts[rows[:, 0].astype(int)] + rows[:, 1]
        velocity, accented = loudness_of(part.marks, starts, places)
        rows[:, 5] = rows[:, 5].astype(int) | np.where(accented, int(Touch.ACCENT), 0)
        columns.append(np.c_[rows, velocity])
    if not columns:
        empty = np.zeros(0)
        none = np.zeros(0, np.int64)
        return NoteTable(empty, empty, none, none, none, none, empty), none
    all_rows = np.vstack(columns)
    all_rows = all_rows[np.argsort(all_rows[:, 0], kind="stable")]
    whole = all_rows.astype(np.int64)
    table = NoteTable(
        all_rows[:, 1],
        all_rows[:, 2],
        whole[:, 3],
        whole[:, 4],
        whole[:, 5],
        whole[:, 6],
        all_rows[:, 7],
    )
    return table, whole[:, 0]


def _movement(
    bars: list[Bar],
    starts: list[Fraction],
    order: list[int],
    tempo: TempoMap,
    parts: list[Part],
    table: NoteTable,
    note_bars: NDArray[np.int64],
) -> Movement:
    played = tuple(PlayedBar(starts[i], bars[i].length, bars[i].meter) for i in order)
    begins = np.r_[0.0, np.cumsum([float(bars[i].length) for i in order])]
    low = np.searchsorted(note_bars, order, side="left")
    high = np.searchsorted(note_bars, order, side="right")
    index = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    shift = np.repeat(begins[:-1], high - low)
    notes = table.take(index)
    notes = NoteTable(**{**notes.__dict__, "onset": notes.onset + shift})
    # Main notes after their grace notes, so that those find theirs.
    by_onset = np.argsort(notes.onset, kind="stable")
    holds: set[tuple[float, float]] = set()
    turns: dict[float, str] = {}
    held: dict[int, set[tuple[float, float]]] = defaultdict(set)
    told: dict[int, dict[float, str]] = defaultdict(dict)
    for part in parts:
        for bar, a, b in part.fermatas:
            if b > a:
                held[bar].add((a, b))
        for mark in part.marks:
            turn = turn_of_words(mark.text) if mark.kind == "word" else None
            if turn is not None:
                told[mark.bar].setdefault(mark.at, turn)
    for begin, i in zip(begins[:-1], order, strict=True):
        holds |= {(begin + a, begin + b) for a, b in held[i]}
        turns.update({begin + at: turn for at, turn in told[i].items()})
    return Movement(
        bars=played,
        starts=begins,
        tempo=tempo,
        notes=notes.take(by_onset),
        parts=tuple(part.name for part in parts),
        instruments=tuple(instrument_of(part.name) for part in parts),
        holds=tuple(sorted(holds)),
        turns=tuple(sorted(turns.items())),
    )
