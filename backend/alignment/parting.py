"""Where a recording and a score part ways, and the heard beats that are taken there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.alignment.piece import Piece
from backend.alignment.played_beats import one_after_another
from backend.alignment.sound import CHROMA_RATE, Sound
from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

# Sound that is shorter than this between two pieces is no music of its own, and before or after all
# of them it may be applause, seconds.
_SHORTEST_S: Final = 3.0
_LONG_S: Final = 8.0
# What is loud against the music, dB, and how much of a stretch is.
_LOUD_DB: Final = -35.0
_LOUD_SHARE: Final = 0.5
# Applause has no pitch: of its chroma this share at most differs from one class to another, and so
# much less than of the music. In the middle of frames it is 0.05, of music 0.23 to 0.39, and 0.10
# where noise is 10 dB below it.
_PITCHLESS, _PITCHLESS_SHARE = 0.08, 0.35
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
    """Where there is sound that is long enough to be conducted but none of the score.

    Before and after all that is of it applause is none.
    """
    if not pieces:
        return [Parted(0.0, sound.duration, "other music than the score")]
    pitch = _pitch(sound)
    played = np.concatenate([pitch[_frames(piece.begin, piece.end)] for piece in pieces])
    applause = min(_PITCHLESS, _PITCHLESS_SHARE * float(np.median(played)))
    edges = [0.0, *(t for piece in pieces for t in (piece.begin, piece.end)), sound.duration]
    found = []
    for index in range(0, len(edges), 2):
        start, end = edges[index], edges[index + 1]
        outside = index == 0 or index == len(edges) - 2
        frames = _frames(start, end)
        long_enough = end - start > (_LONG_S if outside else _SHORTEST_S)
        if not long_enough or np.mean(sound.level[frames] > _LOUD_DB) <= _LOUD_SHARE:
            continue
        if not outside or np.median(pitch[frames]) > applause:
            found.append(Parted(start, end, "music that the score does not have"))
    return found


def _frames(start: float, end: float) -> slice:
    """Frames of the chroma between two times."""
    return slice(max(int(start * CHROMA_RATE), 0), int(end * CHROMA_RATE) + 1)


def _pitch(sound: Sound) -> Array:
    """How much of the chroma of each frame differs from one class to another, (N,) in [0, 1]."""
    chroma = sound.chroma.astype(np.float64)
    uneven = np.linalg.norm(chroma - chroma.mean(axis=1, keepdims=True), axis=1)
    return np.asarray(uneven / np.maximum(np.linalg.norm(chroma, axis=1), 1e-6))


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
