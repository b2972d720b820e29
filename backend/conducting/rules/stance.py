"""How a conductor stands: weight that goes from leg to leg, and what pelvis and trunk do with it.

Whoever moves the body, by rules or learned: weight goes with the phrases and towards who enters.
The hip of the leg that bears it rises and the other knee gives; the shoulders lean the other way
and the head stays level (the contrapposto of painters).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation
from retarget.rotation import Array

from .cues import CUE_DRAWS, find_cues
from .curves import holds, wander
from .dynamics import Dynamics
from .limits import keep_within
from .phrases import find_phrases
from .plan import Plan

_STANCE_DRAWS: Final = (7, 8, 9)
"""Streams of random numbers of a seed: phrases, when and how they are stood through."""

# Weight shifts are so far apart at least and, while nothing else asks for one, at most, seconds.
_APART_S: Final = (4.5, 11.0)
# How much of the weight a leg takes at least and at most, and who stays where he stands.
_TAKEN: Final = (0.45, 1.0)
_STAYS: Final = 0.15
# How long a shift takes with a phrase, and towards who enters; how far ahead it begins in beats.
_PHRASE_S: Final = 1.9
_CUE_S: Final = 1.3
_CUE_AHEAD: Final = 1.6
_CUE_TAKEN: Final = (0.6, 1.0)
_DRIFT: Final = 0.12

# How far the pelvis goes with all of the weight, metres: who does not sway at all, and by the sway.
_SHIFT_M: Final = (0.016, 0.048)
# With all of the weight, radians: the pelvis's tilt and turn, and the shoulders' lean against it.
_TILT: Final = 0.085
_TURN: Final = 0.045
_LEAN: Final = 0.060
# How much of the way from the pelvis's posture to the shoulders' has been made there.
_MADE: Final = {"spine": 0.5, "chest": 1.0}


@dataclass(frozen=True, order=True)
class _Step:
    """Weight that goes to a leg.

    Parameters
    ----------
    begin, width : float
        When it begins, and how long it takes, seconds.
    side : float
        To the left one, 1, to the right, −1, or 0: most often to the other.
    """

    begin: float
    width: float
    side: float = 0.0


def weight_on_legs(
    plan: Plan, grid: BeatGrid, dynamics: Dynamics, seed: int, at: Array
) -> NDArray[np.float64]:
    """Which leg bears the weight at the given times: 1 the left one alone, −1 the right, (T,)."""
    tied, when, free = (np.random.default_rng([seed, purpose]) for purpose in _STANCE_DRAWS)
    # Drawn first: what is drawn for the end depends on when that is.
    drift = _DRIFT * wander(at, [5.3, 9.1, 14.0], free)
    cues = find_cues(plan, dynamics, np.random.default_rng([seed, CUE_DRAWS]))
    steps = [
        _Step(cue.time - _CUE_AHEAD * cue.interval, _CUE_S, float(np.sign(cue.yaw))) for cue in cues
    ]
    for start in find_phrases(plan, grid, dynamics, tied).tolist():
        begin = start - 0.5 * _PHRASE_S
        if all(abs(begin - other.begin) > _APART_S[0] for other in steps):
            steps.append(_Step(begin, _PHRASE_S))
    steps = _none_too_long(sorted(steps), _pauses(plan), float(at[-1]), when)
    side = 1.0 if free.random() < 0.5 else -1.0
    weights = [side * free.uniform(*_TAKEN)]
    for step in steps:
        side = step.side or (side if free.random() < _STAYS else -side)
        weights.append(side * free.uniform(*(_CUE_TAKEN if step.side else _TAKEN)))
    starts = np.array([-1e3, *(step.begin for step in steps)])
    widths = np.array([1.0, *(step.width for step in steps)])
    return (1.0 - _DRIFT) * holds(starts, np.array(weights), widths, at) + drift


def _pauses(plan: Plan) -> list[tuple[float, float]]:
    """From the last beat of each passage to where the next one is prepared, seconds."""
    return [
        (float(plan.ictus[last]), float(plan.ictus[first] - plan.interval[first]))
        for (_, last), (first, _) in pairwise(plan.passages)
    ]


def _none_too_long(
    steps: list[_Step], pauses: list[tuple[float, float]], end: float, rng: np.random.Generator
) -> list[_Step]:
    """The steps, with more of them where nobody asks for one; while the music pauses, none."""
    filled: list[_Step] = []
    last = 0.0
    for step in [*steps, _Step(end + _APART_S[0], 0.0)]:
        while (begin := last + _APART_S[1] * rng.uniform(0.75, 1.0)) < step.begin - _APART_S[0]:
            last = begin
            for first, over in pauses:
                if first - _PHRASE_S < begin < over:
                    last = over
            filled.append(_Step(last, _PHRASE_S))
        filled.append(step)
        last = step.begin
    return filled[:-1]


def shift_m(weight: Array, style: Style) -> Array:
    """How far to the left the pelvis stands with its weight on the legs (T,), metres."""
    least, sway = _SHIFT_M
    shift: Array = (least + sway * style.sway) * weight
    return shift


def with_weight(turns: Mapping[str, Array], weight: Array) -> dict[str, Array]:
    """The trunk as it stands with its weight on the legs.

    Parameters
    ----------
    turns : mapping
        Local rotations (T, 4) of hips, spine, chest and neck while both legs bear the same.
    weight : (T,) array
        Of `weight_on_legs`.

    Returns
    -------
    dict
        The four anew: the pelvis tilted and turned, the shoulders leant the other way, what is
        above the neck as it was.
    """
    zero = np.zeros(len(weight))
    pelvis = np.stack([zero, -_TILT * weight, _TURN * weight], axis=1)
    shoulders = np.stack([zero, _LEAN * weight, -0.5 * _TURN * weight], axis=1)
    before = turns["hips"]
    after = rotation.multiply(rotation.from_rotation_vector(pelvis), before)
    stood = {"hips": after}
    for name, made in _MADE.items():
        before = rotation.multiply(before, turns[name])
        posture = rotation.from_rotation_vector((1.0 - made) * pelvis + made * shoulders)
        wanted = rotation.multiply(posture, before)
        local = rotation.multiply(rotation.conjugate(after), wanted)
        stood[name] = keep_within(local, name)
        after = rotation.multiply(after, stood[name])
    level = rotation.multiply(before, turns["neck"])
    stood["neck"] = keep_within(rotation.multiply(rotation.conjugate(after), level), "neck")
    return stood
