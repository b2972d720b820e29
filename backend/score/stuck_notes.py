"""Notes of a MIDI file that sound on when the music is over."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Quarter notes that a last chord may be held, 16 bars of 4/4; longer, its end was lost.
_LONGEST_CHORD: Final = 64


def end_stuck_notes(notes: NDArray[np.int64], resolution: int) -> int:
    """End notes that are not released in time where the music ends.

    It ends with the notes that are released within 64 quarter notes of the last beginning of a
    note, or, if none of them sounds after that beginning, a quarter note after it.

    Parameters
    ----------
    notes : (N, 6) int array
        Part, key, velocity, ticks of beginning and end, and whether it is released at that end;
        its ends are changed in place.
    resolution : int
        Ticks in a quarter note.

    Returns
    -------
    int
        How many notes would have sounded on for more than a quarter note.
    """
    last = int(notes[:, 3].max())
    in_time = (notes[:, 5] == 1) & (notes[:, 4] <= last + _LONGEST_CHORD * resolution)
    end = int(notes[in_time, 4].max(initial=0))
    if end <= last:
        end = last + resolution
    late = np.maximum(notes[:, 4] - end, 0)
    notes[~in_time, 4] -= late[~in_time]
    return int((late > resolution).sum())
