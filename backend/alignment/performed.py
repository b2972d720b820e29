"""The bars of a score in the order in which somebody plays them."""

from collections.abc import Sequence

import numpy as np

from backend.score.movement import Movement, NoteTable

Run = tuple[int, int]
"""The first of some bars that follow each other, and the one after the last."""


def joined(movements: Sequence[Movement]) -> Movement:
    """Movements of one score file as one that has them one after the other."""
    if len(movements) == 1:
        return movements[0]
    first = movements[0]
    begins = np.r_[0.0, np.cumsum([movement.length for movement in movements])]
    each = list(zip(movements, begins[:-1].tolist(), strict=True))
    return Movement(
        bars=tuple(bar for movement in movements for bar in movement.bars),
        starts=np.r_[np.concatenate([m.starts[:-1] + at for m, at in each]), begins[-1]],
        tempo=first.tempo,
        notes=_together([_later(m.notes, at) for m, at in each]),
        parts=first.parts,
        instruments=first.instruments,
        holds=tuple((a + at, b + at) for m, at in each for a, b in m.holds),
        turns=tuple((a + at, turn) for m, at in each for a, turn in m.turns),
    )


def performed(movement: Movement, runs: Sequence[Run]) -> Movement:
    """A movement of which these bars are played, in this order.

    Notes that sound on past the end of a run end there.
    """
    starts = [0.0]
    notes, holds, turns = [], [], []
    for first, stop in runs:
        begin, end = float(movement.starts[first]), float(movement.starts[stop])
        at = starts[-1] - begin
        onset = movement.notes.onset
        inside = movement.notes.take(
            np.arange(*np.searchsorted(onset, [begin - 1e-6, end - 1e-6]).tolist())
        )
        shortened = np.minimum(inside.duration, end - inside.onset)
        notes.append(_later(NoteTable(**{**vars(inside), "duration": shortened}), at))
        holds += [(a + at, b + at) for a, b in movement.holds if begin <= a < end]
        turns += [(a + at, turn) for a, turn in movement.turns if begin <= a < end]
        starts += (movement.starts[first + 1 : stop + 1] + at).tolist()
    return Movement(
        bars=tuple(bar for first, stop in runs for bar in movement.bars[first:stop]),
        starts=np.array(starts),
        tempo=movement.tempo,
        notes=_together(notes),
        parts=movement.parts,
        instruments=movement.instruments,
        holds=tuple(holds),
        turns=tuple(turns),
    )


def _later(notes: NoteTable, quarters: float) -> NoteTable:
    return NoteTable(**{**vars(notes), "onset": notes.onset + quarters})


def _together(tables: Sequence[NoteTable]) -> NoteTable:
    return NoteTable(
        *(np.concatenate([getattr(table, name) for table in tables]) for name in vars(tables[0]))
    )
