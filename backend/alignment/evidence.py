"""How surely a recording plays a score: of a whole piece, and from moment to moment."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.alignment.piece import Piece
from backend.alignment.sound import CHROMA_RATE, Sound
from retarget.rotation import Array

# Log odds that a stretch of a recording plays the score, from the mean correlation of what is heard
# with what is written and the logarithm of how uncertain the middle onset is, seconds. A logistic
# regression on stretches of 5 to 30 s of 41 recordings played from scores, each aligned with its
# own score and with six others.
_MATCH, _SPREAD, _CONSTANT = 36.7, -4.57, -47.0
# The shorter a stretch, the likelier another score fits it by chance: log odds asked of 5 seconds,
# how much less of e times as many, and the least. So 2 of 105 simple tunes were taken for another
# one in like harmony, and of stretches of 5, 8, 15 and 30 s of works that a hall and noise make
# harder 69, 78, 88 and 96 % have enough.
_ASKED_OF_5_S, _LESS, _LEAST = 2.4, 1.3, -2.0
# Asked of a stretch where another one shows that the score is the right one.
_BESIDE: Final = -1.0
_FEWEST_ONSETS: Final = 4
# Moments in which it is told, seconds, and the log odds of one: at least and at most, and where
# they speak for neither.
_MOMENT_S: Final = 0.4
_LEAST_ODDS, _MOST_ODDS, _NEUTRAL = -6.0, 4.0, -1.5
# What it takes to part with the score or to come back to it: log odds times seconds.
_PARTING: Final = 20.0
_SILENCE_DB: Final = -45.0
# After a stretch that surely plays it a recording goes on in the score, however unclearly it does,
# where it leaves no bar out, keeps within this factor of the paces it has so many seconds before
# and after, in the whole and in parts of some seconds within the second one, and where the
# correlation is at least this.
_PACE, _PARTS_PACE, _AROUND_S, _PART_S = 1.1, 1.4, 15.0, 6.0
_FAINT_MATCH: Final = 0.5


def where_played(pieces: Sequence[Piece], sound: Sound) -> list[list[tuple[float, float]]]:
    """When each piece surely plays the score: none, some or all of it, (begin, end) in seconds."""
    likely = [[(it, _log_odds(piece, *it)) for it in _likely(piece, sound)] for piece in pieces]
    if not any(odds >= _asked(end - begin) for some in likely for (begin, end), odds in some):
        return [[] for _ in pieces]
    return [
        _joined(piece, [(it, odds >= min(_asked(it[1] - it[0]), _BESIDE)) for it, odds in some])
        for piece, some in zip(pieces, likely, strict=True)
    ]


def _joined(
    piece: Piece, stretches: Sequence[tuple[tuple[float, float], bool]]
) -> list[tuple[float, float]]:
    """Which of the stretches of a piece are sure, joined where it goes on in the score."""
    found: list[tuple[float, float]] = []
    for (begin, end), sure in stretches:
        if found and _goes_on(piece, found[-1][1], begin if sure else end):
            found[-1] = found[-1][0], end
        elif sure:
            found.append((begin, end))
    return found


def _goes_on(piece: Piece, begin: float, end: float) -> bool:
    """Whether a piece goes on in the score at its pace from one time to another."""
    followed = piece.followed
    parts = max(round((end - begin) / _PART_S), 1)
    edges = np.linspace(begin, end, parts + 1)
    at = np.r_[begin - _AROUND_S, edges, end + _AROUND_S]
    at = np.clip(at, followed.times[0], followed.times[-1])
    places = np.interp(at, followed.times, followed.quarters)
    lines = piece.movement.starts[np.cumsum([stop - first for first, stop in piece.runs])[:-1]]
    leaves_out = ((lines > places[1]) & (lines < places[-2])).any()
    seconds, steps = np.diff(at), np.maximum(np.diff(places), 1e-6)
    paces = np.log(np.maximum(seconds, 1e-6) / steps)
    around = paces[[0, -1]][seconds[[0, -1]] > _PART_S]
    inside = (followed.times >= begin) & (followed.times <= end)
    if leaves_out or not len(around) or not inside.any():
        return False
    whole = np.log((at[-2] - at[1]) / steps[1:-1].sum())
    slowest, fastest = around.max(), around.min()
    return bool(
        fastest - np.log(_PACE) < whole < slowest + np.log(_PACE)
        and (paces[1:-1] > fastest - np.log(_PARTS_PACE)).all()
        and (paces[1:-1] < slowest + np.log(_PARTS_PACE)).all()
        and followed.match[inside].mean() >= _FAINT_MATCH
    )


def _asked(seconds: float) -> float:
    """Log odds that are asked of a stretch of so many seconds."""
    return max(_ASKED_OF_5_S - _LESS * float(np.log(max(seconds, 1.0) / 5.0)), _LEAST)


def _log_odds(piece: Piece, begin: float, end: float) -> float:
    """That a stretch of a piece plays the score; −∞ where nothing tells."""
    followed, onsets = piece.followed, piece.onsets
    frames = (followed.times >= begin) & (followed.times <= end)
    events = (onsets.times >= begin) & (onsets.times <= end)
    if events.sum() < _FEWEST_ONSETS or not frames.any():
        return -np.inf
    match = float(followed.match[frames].mean())
    return _MATCH * match + _SPREAD * float(np.log(np.median(onsets.spread[events]))) + _CONSTANT


def _likely(piece: Piece, sound: Sound) -> list[tuple[float, float]]:
    """Stretches of a piece that rather play the score than not."""
    count = max(int(np.ceil((piece.end - piece.begin) / _MOMENT_S)), 1)
    edges = piece.begin + np.arange(count + 1) * _MOMENT_S
    edges[-1] = piece.end
    played = _played(_moments(piece, sound, edges) - _NEUTRAL, _PARTING / _MOMENT_S)
    changes = np.flatnonzero(np.diff(np.r_[False, played, False].astype(np.int8)))
    return [(float(edges[a]), float(edges[b])) for a, b in changes.reshape(-1, 2)]


def _moments(piece: Piece, sound: Sound, edges: Array) -> Array:
    """Log odds of the moments between edges; where nothing sounds they are neutral.

    Sound after the last note of the score matches nothing.
    """
    followed, onsets = piece.followed, piece.onsets
    at = np.searchsorted(followed.times, edges)
    sums = np.r_[0.0, np.cumsum(followed.match)][at]
    match = np.diff(sums) / np.maximum(np.diff(at), 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    spread = np.interp(middle, onsets.times, np.log(onsets.spread))
    odds = np.clip(_MATCH * match + _SPREAD * spread + _CONSTANT, _LEAST_ODDS, _MOST_ODDS)
    frames = np.clip((middle * CHROMA_RATE).astype(np.int64), 0, len(sound.level) - 1)
    return np.where(sound.level[frames] < _SILENCE_DB, _NEUTRAL, odds)


def _played(odds: Array, parting: float) -> Array:
    """Which moments play the score, (M,): the likelier of two states that seldom change."""
    changed = np.zeros((len(odds), 2), bool)
    plays, rests = odds[0], 0.0
    for t in range(1, len(odds)):
        changed[t] = rests - parting > plays, plays - parting > rests
        plays, rests = max(plays, rests - parting) + odds[t], max(rests, plays - parting)
    state = plays >= rests
    found = np.empty(len(odds), bool)
    for t in range(len(odds) - 1, -1, -1):
        found[t] = state
        if changed[t, 0 if state else 1]:
            state = not state
    return found
