"""Cues: at which beats players are shown their entry, and on which side they sit."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .dynamics import Dynamics
from .plan import Plan

CUE_DRAWS: Final = 5
"""Which of a seed's streams of random numbers chooses the sides of the cues."""

# Entries nearer than this to the last one cued belong to it, seconds.
_APART_S: Final = 4.0
_PREPARED_BEATS: Final = 3
_SIDE_YAW: Final = (0.3, 0.6)


@dataclass(frozen=True)
class Cue:
    """An entry that is shown.

    Parameters
    ----------
    beat : int
        The beat of the entry.
    time : float
        When its ictus clicks, seconds.
    interval : float
        Length of a beat there, seconds: it is looked at one beat ahead.
    yaw : float
        Where the players sit as seen from the conductor: radians, positive to the left.
    """

    beat: int
    time: float
    interval: float
    yaw: float


def find_cues(plan: Plan, dynamics: Dynamics, rng: np.random.Generator) -> list[Cue]:
    """Entries after quiet stretches, in time order.

    The music does not say who plays: the side changes by chance, more often than not from one
    entry to the next.
    """
    if len(plan.ictus) == 0:
        return []
    entering = dynamics.entries(plan.ictus)
    # The first beats of a passage have been prepared for everybody.
    for first, _ in plan.passages:
        entering[first : first + _PREPARED_BEATS] = 0.0
    side = 1.0 if rng.random() < 0.5 else -1.0
    cues: list[Cue] = []
    for beat in np.flatnonzero(entering > 0.0).tolist():
        time = float(plan.ictus[beat])
        if cues and time - cues[-1].time < _APART_S:
            continue
        # The beat on which most of the entry is heard, of this and the next.
        if beat + 1 < len(entering) and entering[beat + 1] > entering[beat]:
            beat, time = beat + 1, float(plan.ictus[beat + 1])
        side = -side if rng.random() < 0.75 else side
        cues.append(Cue(beat, time, float(plan.interval[beat]), side * rng.uniform(*_SIDE_YAW)))
    return cues
