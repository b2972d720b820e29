"""Where a recording and a score part ways, and the heard beats that are taken there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.alignment.piece import Piece
from backend.alignment.played_beats import one_after_another
from backend.alignment.sound import CHROMA_RATE, Sound
from backend.grid.beat_grid import BeatGrid

# Sound that is shorter than this between two pieces is no music of its own, and before or after all
# of them it may be applause, seconds.
_SHORTEST_S: Final = 3.0
_LONG_S: Final = 8.0
# What is loud against the music, dB, and how much of a stretch is.
_LOUD_DB: Final = -35.0
_LOUD_SHARE: Final = 0.5
# Heard beats with less confidence are of no music.
_MUSIC: Final = 0.35
# A heard beat is this share of a beat or more from one of the score.
_APART: Final = 0.6


@dataclass(frozen=True)
class Parted:
    """A stretch in which the recording does not play what the score says; it is heard instead.

    Parameters
    ----------
    start, end : float
        Seconds from the beginning of the stretch of music that was asked for.
    what : str
        A few words: what is there.
    """

    start: float
    end: float
    what: str


def partings(pieces: Sequence[Piece], sound: Sound) -> list[Parted]:
    """Where there is sound that is long enough to be conducted but none of the score."""
    if not pieces:
        return [Parted(0.0, sound.duration, "other music than the score")]
    edges = [0.0, *(t for piece in pieces for t in (piece.begin, piece.end)), sound.duration]
    found = []
    for index in range(0, len(edges), 2):
        start, end = edges[index], edges[index + 1]
        outside = index == 0 or index == len(edges) - 2
        level = sound.level[int(start * CHROMA_RATE) : int(end * CHROMA_RATE) + 1]
        long_enough = end - start > (_LONG_S if outside else _SHORTEST_S)
        if long_enough and np.mean(level > _LOUD_DB) > _LOUD_SHARE:
            found.append(Parted(start, end, "music that the score does not have"))
    return found


def with_heard(
    grids: Sequence[BeatGrid], heard: BeatGrid, parted: Sequence[Parted]
) -> tuple[BeatGrid, list[Parted]]:
    """The beats of the score's pieces, and the heard ones between them.

    No beat is doubled where they meet: a heard one that is nearer to one of the score than most of
    a beat gives way.

    Returns
    -------
    grid : BeatGrid
    parted : list of Parted
        Those that have heard beats; where no beat is heard clearly, as in applause, there are none.
    """
    parts = [grid for grid in grids if len(grid)]
    own = np.concatenate([grid.times for grid in parts]) if parts else np.zeros(0)
    kept = []
    for gap in parted:
        inside = (heard.times >= gap.start - _SHORTEST_S) & (heard.times <= gap.end + _SHORTEST_S)
        if inside.sum() < 2:
            continue
        beat = float(np.median(np.diff(heard.times[inside])))
        before = own[own < 0.5 * (gap.start + gap.end)]
        after = own[own >= 0.5 * (gap.start + gap.end)]
        low = before[-1] + _APART * beat if len(before) else -np.inf
        high = after[0] - _APART * beat if len(after) else np.inf
        some = heard.selected((heard.times > low) & (heard.times < high))
        if len(some) > 1 and some.confidence.mean() >= _MUSIC:
            parts.append(some)
            kept.append(gap)
    if not parts:
        return BeatGrid.empty(), kept
    return one_after_another(sorted(parts, key=lambda grid: float(grid.times[0]))), kept
