"""When the last notes of a piece are let go: a fermata there shows in nothing else."""

from typing import Final

import numpy as np

from backend.alignment.onsets import Onsets
from backend.alignment.sound import CHROMA_RATE, Sound
from backend.alignment.tempo_curve import TempoCurve
from backend.score.movement import Movement

# Quarter notes the last notes last at least, and over how many before them their pace is taken.
_SHORTEST: Final = 0.75
_BEFORE: Final = 4.0
# How many times as long as at that pace they are held: less is no fermata, more is not theirs.
_HELD: Final = (1.15, 3.0)
# Notes that are let go fall by so much, dB, within this time, seconds; while they sound, and as a
# hall rings on, the level falls slower.
_FALL_DB: Final = 10.0
_FALL_S: Final = 0.24
# The level is heard in frames around its time, which are this long, and onsets are no release.
_AFTER_S: Final = 0.3


def with_release(curve: TempoCurve, movement: Movement, sound: Sound, onsets: Onsets) -> TempoCurve:
    """A tempo curve that ends when the last notes are let go, if they are held and that is heard.

    Parameters
    ----------
    curve : TempoCurve
        Through the onsets.
    movement : Movement
        As it is performed.
    sound : Sound
    onsets : Onsets
    """
    notes = movement.notes
    place = min(float((notes.onset + notes.duration).max()), movement.length)
    last = float(onsets.quarters[-1])
    if place - last < _SHORTEST or last < _BEFORE:
        return curve
    before, begin = curve.at(np.array([last - _BEFORE, last])).tolist()
    usual = (begin - before) / _BEFORE * (place - last)
    first = int((begin + max(_AFTER_S, _HELD[0] * usual)) * CHROMA_RATE)
    stop = int((begin + _HELD[1] * usual) * CHROMA_RATE)
    width = round(_FALL_S * CHROMA_RATE)
    # A note that was let go before is not held.
    level = sound.level[int((begin + _AFTER_S) * CHROMA_RATE) : stop + width].astype(np.float64)
    falls = np.flatnonzero(level[:-width] - level[width:] >= _FALL_DB)
    skipped = first - int((begin + _AFTER_S) * CHROMA_RATE)
    if not len(falls) or falls[0] < skipped:
        return curve
    steps = level[falls[0] : falls[0] + 2 * width - 1] - level[falls[0] + 1 : falls[0] + 2 * width]
    let_go = (first - skipped + falls[0] + int(steps.argmax()) + 0.5) / CHROMA_RATE
    own = curve.quarters < last - 1e-6
    return TempoCurve(
        np.r_[curve.quarters[own], last, place], np.r_[curve.seconds[own], begin, let_go]
    )
