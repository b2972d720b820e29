"""Whether the notes of a MIDI file keep to its beats."""

from typing import Final

import numpy as np

from retarget.rotation import Array

# Notes nearer than this, in quarter notes, are one chord: 30 ms at 120.
_CHORD: Final = 0.06
_FEWEST_CHORDS: Final = 16
# Into how many equal parts music divides a quarter note; down to fours whatever the notes'
# lengths, finer only where half of the notes follow each other within four such parts.
_DIVISIONS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24)
_ALWAYS: Final = 4
# Chords at random come nearer together than this over the square root of their number in 6 of
# 1,000 pieces, for each division.
_RANDOM: Final = 2.3
_LEAST, _MOST = 0.2, 0.5


def keeps_beats(onsets: Array) -> bool:
    """Whether notes begin at the beats and their divisions more than by chance.

    What was played in without a click has bars and beats in its file that mean nothing: the notes
    begin anywhere in a quarter note. Where they begin is an angle on the circle of one division;
    the mean of those directions is 1 long where all fall together, and short where they are
    spread evenly (Rayleigh's test). Triplets, swing, syncopes and the unevenness of a hand leave
    it long for one of the divisions. Fewer than 16 chords are believed.

    Parameters
    ----------
    onsets : (N,) array
        Where notes begin, quarter notes, rising.
    """
    first = np.flatnonzero(np.r_[True, np.diff(onsets) > _CHORD])
    count = len(first)
    if count < _FEWEST_CHORDS:
        return True
    chords = np.add.reduceat(onsets, first) / np.diff(np.r_[first, len(onsets)])
    gap = float(np.median(np.diff(chords)))
    together = max(
        abs(complex(np.exp(2j * np.pi * parts * chords).mean()))
        for parts in _DIVISIONS
        if parts <= _ALWAYS or gap * parts <= _ALWAYS
    )
    return together >= float(np.clip(_RANDOM / np.sqrt(count), _LEAST, _MOST))
