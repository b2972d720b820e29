"""The notes of all parts of a written score in one table, to be played in any order of its bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backend.score.dynamics import loudness_of
from backend.score.movement import NoteTable
from backend.score.notes import Part, Touch
from retarget.rotation import Array


@dataclass(frozen=True)
class WrittenTable:
    """Notes sorted by their bars; of length N.

    Parameters
    ----------
    bars : (N,) int array
        Written bars.
    notes : NoteTable
        The onset from the beginning of the bar.
    """

    bars: NDArray[np.int64]
    notes: NoteTable

    def played(self, order: Sequence[int], begins: Array) -> NoteTable:
        """The notes of bars one after the other.

        Parameters
        ----------
        order : sequence of int
            The bars, K of them.
        begins : (K,) array
            Where each of them begins, quarter notes.
        """
        low = np.searchsorted(self.bars, order, side="left")
        high = np.searchsorted(self.bars, order, side="right")
        index = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
        notes = self.notes.take(index)
        notes = replace(notes, onset=notes.onset + np.repeat(begins, high - low))
        # Main notes after their grace notes, so that those find theirs.
        return notes.take(np.argsort(notes.onset, kind="stable"))


def written_table(parts: Sequence[Part], starts: Array) -> WrittenTable:
    """The notes of `parts`, whose bars begin at `starts`, quarter notes."""
    index = np.repeat(np.arange(len(parts)), [len(part.bar) for part in parts])
    bars = _column(parts, "bar", np.int64)
    at = _column(parts, "at", np.float64)
    touch = _column(parts, "touch", np.int64)
    velocity = np.zeros(len(bars))
    places = starts[bars] + at
    for i, part in enumerate(parts):
        own = index == i
        velocity[own], accented = loudness_of(part.marks, starts, places[own])
        touch[own] |= np.where(accented, int(Touch.ACCENT), 0)
    notes = NoteTable(
        onset=at,
        duration=_column(parts, "duration", np.float64),
        pitch=_column(parts, "pitch", np.int64),
        part=index.astype(np.int64),
        touch=touch,
        grace=_column(parts, "grace", np.int64),
        velocity=velocity,
    )
    by_bar = np.argsort(bars, kind="stable")
    return WrittenTable(bars[by_bar], notes.take(by_bar))


def _column(parts: Sequence[Part], name: str, kind: type) -> NDArray:
    columns: list[NDArray] = [np.array(getattr(part, name), dtype=kind) for part in parts]
    return np.concatenate([np.zeros(0, kind), *columns])
