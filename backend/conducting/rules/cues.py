"""Cues: at which beats players are shown their entry, and on which side they sit."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

from .dynamics import Dynamics
from .plan import Plan

CUE_DRAWS: Final = 5
"""Which of a seed's streams of random numbers chooses the sides of the cues."""

# Entries nearer than this to the last one cued belong to it, seconds.
_APART_S: Final = 4.0
# Surges within music that goes on are cued if nothing else is so near, seconds.
_SURGES_APART_S: Final = 6.5
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
    """Entries after quiet stretches, and the strongest of those within the music, in time order.

    The music does not say who plays: the side changes by chance, more often than not from one
    entry to the next.
    """
    if len(plan.ictus) == 0:
        return []
    entering, surging = dynamics.entries(plan.ictus), dynamics.surges(plan.ictus)
    # The first beats of a passage have been prepared for everybody.
    for first, _ in plan.passages:
        entering[first : first + _PREPARED_BEATS] = 0.0
        surging[first : first + _PREPARED_BEATS] = 0.0
    side = 1.0 if rng.random() < 0.5 else -1.0
    cues: list[Cue] = []
    for beat in sorted([*_entries(plan, entering), *_surges(plan, entering, surging)]):
        time = float(plan.ictus[beat])
        side = -side if rng.random() < 0.75 else side
        cues.append(Cue(beat, time, float(plan.interval[beat]), side * rng.uniform(*_SIDE_YAW)))
    return cues


def _entries(plan: Plan, entering: Array) -> list[int]:
    beats: list[int] = []
    for beat in np.flatnonzero(entering > 0.0).tolist():
        if beats and plan.ictus[beat] - plan.ictus[beats[-1]] < _APART_S:
            continue
        # The beat on which most of the entry is heard, of this and the next.
        louder = beat + 1 < len(entering) and entering[beat + 1] > entering[beat]
        beats.append(beat + 1 if louder else beat)
    return beats


def _surges(plan: Plan, entering: Array, surging: Array) -> list[int]:
    beats: list[int] = []
    taken = plan.ictus[entering > 0.0].tolist()
    for beat in np.argsort(-surging, kind="stable").tolist():
        time = float(plan.ictus[beat])
        if surging[beat] <= 0.0:
            break
        if all(abs(time - other) >= _SURGES_APART_S for other in taken):
            taken.append(time)
            beats.append(beat)
    return beats
