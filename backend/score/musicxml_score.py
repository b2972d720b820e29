"""A MusicXML file as it is played."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np

from backend.score.instruments import instrument_of
from backend.score.movement import Movement
from backend.score.musicxml import read_written
from backend.score.note_table import written_table
from backend.score.notes import Part
from backend.score.played_bars import PlayedBar, TempoMap, seconds_played
from backend.score.playing_order import playing_order
from backend.score.score_beats import Sounding
from backend.score.score_file import ScoreFile
from backend.score.tempo_marks import tempo_marks
from backend.score.tempo_words import tempo_of_words, turn_of_words
from backend.score.unpack import reading, unpack
from backend.score.written_bar import Bar, WrittenNotes
from retarget.errors import ConductorError

# Of what cannot be read, so much is told.
_MOST_TOLD: Final = 3
# Words this near to a number, in quarter notes, are explained by it.
_NEAR: Final = 4


def read_musicxml(path: Path, data: bytes) -> ScoreFile:
    """Read a MusicXML file.

    Parameters
    ----------
    path : Path
        For messages.
    data : bytes
        Its content, plain or compressed (`.mxl`).

    Raises
    ------
    ConductorError
        If it is no MusicXML, is damaged, or holds no bars.
    """
    with reading(path):
        written = read_written(unpack(path, data))
    bars, parts = written.bars, written.parts
    unread = _unread(path, bars)
    if not any(bar.length for bar in bars):
        told = unread or [f"{path.name} holds no music; choose another score."]
        raise ConductorError(*told)
    starts = list(accumulate((bar.length for bar in bars), initial=Fraction(0)))
    marks = tempo_marks(bars, starts)
    tempo = TempoMap.from_marks(marks)
    player = _Player(
        bars, starts, TempoMap.from_marks(_with_words(marks, bars, parts, starts)), parts
    )
    playing = playing_order(bars)
    orders = [[i for i in part if bars[i].length > 0] for part in playing.movements]
    movements = tuple(player.movement(order) for order in orders if order)
    played = [bar for movement in movements for bar in movement.bars]
    sounding = _sounding([bars[i].notes for order in orders for i in order], played, tempo)
    return ScoreFile(
        path.name,
        movements,
        tempo,
        sounding,
        (*unread, *playing.doubts),
        tempo_is_written=any(bar.tempos for bar in bars),
    )


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


def _with_words(
    marks: dict[Fraction, float],
    bars: Sequence[Bar],
    parts: Sequence[Part],
    starts: Sequence[Fraction],
) -> dict[Fraction, float]:
    """The tempo marks, and where words stand without a number, what they usually mean."""
    found = dict(marks)
    known = sorted(marks)
    for part in parts:
        for mark in part.marks:
            if mark.kind != "word":
                continue
            place = starts[mark.bar] + Fraction(mark.at).limit_denominator(768)
            after = bisect(known, place)
            if any(abs(place - at) < _NEAR for at in known[max(after - 1, 0) : after + 1]):
                continue
            qpm = tempo_of_words(mark.text, bars[mark.bar].meter)
            if qpm is not None:
                found[place] = qpm
                known.insert(after, place)
    return found


class _Player:
    """Gives the movements of a written score as they are played."""

    def __init__(
        self,
        bars: Sequence[Bar],
        starts: Sequence[Fraction],
        tempo: TempoMap,
        parts: Sequence[Part],
    ) -> None:
        self._bars = [
            PlayedBar(start, bar.length, bar.meter, bar.grouping)
            for start, bar in zip(starts, bars, strict=False)
        ]
        self._tempo = tempo
        self._table = written_table(parts, np.array([float(start) for start in starts]))
        self._names = tuple(part.name for part in parts)
        self._holds: dict[int, set[tuple[float, float]]] = defaultdict(set)
        self._turns: dict[int, dict[float, str]] = defaultdict(dict)
        for part in parts:
            for bar, begin, end in part.fermatas:
                if end > begin:
                    self._holds[bar].add((begin, end))
            for mark in part.marks:
                turn = turn_of_words(mark.text) if mark.kind == "word" else None
                if turn is not None:
                    self._turns[mark.bar].setdefault(mark.at, turn)

    def movement(self, order: Sequence[int]) -> Movement:
        """The written bars `order` one after the other."""
        lengths = [float(self._bars[i].length) for i in order]
        begins = np.r_[0.0, np.cumsum(lengths)]
        holds: set[tuple[float, float]] = set()
        turns: dict[float, str] = {}
        for begin, i in zip(begins[:-1].tolist(), order, strict=True):
            holds |= {(begin + a, begin + b) for a, b in self._holds.get(i, ())}
            turns |= {begin + at: turn for at, turn in self._turns.get(i, {}).items()}
        return Movement(
            bars=tuple(self._bars[i] for i in order),
            starts=begins,
            tempo=self._tempo,
            notes=self._table.played(order, begins[:-1]),
            parts=self._names,
            instruments=tuple(instrument_of(name) for name in self._names),
            holds=tuple(sorted(holds)),
            turns=tuple(sorted(turns.items())),
        )
