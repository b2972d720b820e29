"""What brows, lids, nose and mouth show: upbeats, cues, breath, loud and soft."""

from typing import Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

from .cues import Cue
from .curves import smoothstep, swing, wander
from .dynamics import Dynamics
from .plan import Plan, Role

BOUNDS: Final[dict[str, float]] = {
    "browInnerUp": 0.8,
    "browOuterUp": 0.65,
    "browDown": 0.85,
    "eyeWide": 0.5,
    "eyeSquint": 0.7,
    "cheekSquint": 0.5,
    "noseSneer": 0.35,
    "jawOpen": 0.25,
    "mouthFunnel": 0.25,
    "mouthPucker": 0.15,
    "mouthSmile": 0.5,
    "mouthFrown": 0.35,
    "mouthPress": 0.55,
    "mouthStretch": 0.35,
}
"""How far each action goes at most, with a face that shows everything."""

# How near the bounds are come to.
_REACH: Final = 1.35
# Loudness at which the face is wholly of the loud, of the soft, and where each begins.
_LOUD: Final = (0.5, 0.85)
_SOFT: Final = (0.48, 0.2)
# Brows knit from forte on; the mouth sings along in climaxes alone.
_FORTE: Final = (0.6, 0.95)
_CLIMAX: Final = (0.75, 0.95)
# The face shows the music that comes.
_AHEAD_S: Final = 0.5
# Loudness by the second at which a crescendo is at its most exciting.
_RISING: Final = 0.12
_CENTRE: Final = frozenset({"browInnerUp", "jawOpen", "mouthFunnel", "mouthPucker"})
# One side goes this much further than the other, by turns.
_ASYMMETRY: Final = 0.10
_MOODS_S: Final = (6.0, 11.0, 19.0)
# How decidedly moods change.
_CONTRAST: Final = 0.8


def express(
    plan: Plan,
    grid: BeatGrid,
    cues: list[Cue],
    phrases: Array,
    dynamics: Dynamics,
    rng: np.random.Generator,
    at: Array,
) -> dict[str, Array]:
    """Actions but for looks and blinks by name, (T,) each, with a face that shows everything.

    Parameters
    ----------
    plan, grid, cues, phrases, dynamics
        Of the same music.
    rng : Generator
        Slow changes of mood, and which side of the face goes further.
    at : (T,) array
        Seconds.
    """
    moods = [smoothstep(0.5 + _CONTRAST * wander(at, _MOODS_S, rng)) for _ in range(4)]
    raw = _raw(plan, grid, cues, phrases, dynamics, moods, at)
    lean = _ASYMMETRY * wander(at, _MOODS_S, rng)
    values = {}
    for name, bound in BOUNDS.items():
        value = bound * np.tanh(_REACH * np.maximum(raw[name], 0.0) / bound)
        if name in _CENTRE:
            values[name] = value
        else:
            values[f"{name}Left"] = value * (1.0 - np.maximum(lean, 0.0))
            values[f"{name}Right"] = value * (1.0 - np.maximum(-lean, 0.0))
    return values


def _raw(
    plan: Plan,
    grid: BeatGrid,
    cues: list[Cue],
    phrases: Array,
    dynamics: Dynamics,
    moods: list[Array],
    at: Array,
) -> dict[str, Array]:
    """The same before the bounds, without sides; values may be below 0."""
    awake = plan.awake(at)
    level = dynamics.broad(at + _AHEAD_S)
    loud, soft, forte, climax = (
        awake * smoothstep((level - start) / (whole - start))
        for start, whole in (_LOUD, _SOFT, _FORTE, _CLIMAX)
    )
    step = 0.25
    climb = dynamics.broad(at + _AHEAD_S + step) - dynamics.broad(at + _AHEAD_S - step)
    rising = awake * smoothstep(climb / (2.0 * step * _RISING))
    beats = awake * _downbeats(plan, grid, at)
    breath = plan.intake(at)
    inner_breath = awake * _inner_breaths(plan, phrases, at)
    cue = _cueing(cues, at)
    held = _holding(plan, at)
    cut = _cutting(plan, at)
    # Some phrases are sung along.
    sings = smoothstep(2.0 * (moods[0] - 0.5))
    lifted = np.maximum.reduce([breath, cue, 0.6 * inner_breath, 0.7 * held])
    # Inner brows that rise alone look worried: both ends rise in interest.
    interest = (
        0.6 * breath + 0.6 * cue + soft * (0.06 + 0.16 * moods[0]) + 0.2 * held
        + 0.35 * inner_breath + 0.22 * rising * (1.0 - loud) + 0.3 * cut[0]
    )  # fmt: skip
    # When all is over, the face loosens into a faint smile.
    over = _over(plan, at)
    return {
        "browInnerUp": 0.85 * interest + 0.1 * held,
        "browOuterUp": interest,
        "browDown": forte * (0.04 + 0.14 * moods[1] + 0.16 * beats) * (1.0 - lifted),
        "eyeWide": 0.3 * cue + 0.18 * breath + 0.1 * rising,
        "eyeSquint": loud * (0.15 + 0.4 * moods[1] + 0.2 * beats) * (1.0 - lifted)
        + 0.12 * over,
        "cheekSquint": loud * (0.08 + 0.3 * moods[2]) + 0.15 * soft * moods[3] + 0.2 * over,
        "noseSneer": loud * (0.05 + 0.14 * moods[2] + 0.1 * beats) + 0.3 * breath
        + 0.12 * inner_breath,
        # Lips are closed but for the breath before an entry and a word sung at a climax.
        "jawOpen": 0.34 * breath + 0.2 * sings * climax * beats**2,
        "mouthFunnel": 0.14 * breath + 0.1 * sings * climax * beats**2,
        "mouthPucker": 0.08 * held,
        "mouthSmile": (1.0 - loud) * (0.065 + 0.13 * moods[3] + 0.1 * cue) + 0.4 * over,
        "mouthFrown": loud * 0.12 * moods[3] * (1.0 - sings),
        "mouthPress": (loud * (1.0 - sings) * (0.1 + 0.3 * moods[2] + 0.25 * beats)
        + 0.3 * cut[1]) * (1.0 - lifted),
        "mouthStretch": loud * 0.12 * moods[0] * (1.0 - breath),
    }  # fmt: skip


def _bump(at: Array, start: float, top: float, end: float) -> Array:
    """A rise to 1 and back, (T,)."""
    rise = smoothstep((at - start) / (top - start))
    return rise * smoothstep((end - at) / (end - top))


def _bumps(at: Array, corners: list[tuple[float, float, float]]) -> Array:
    total = np.zeros(len(at))
    for start, top, end in corners:
        first, last = np.searchsorted(at, [start, end])
        inside = slice(first, last)
        total[inside] = np.maximum(total[inside], _bump(at[inside], start, top, end))
    return total


def _downbeats(plan: Plan, grid: BeatGrid, at: Array) -> Array:
    """1 on each downbeat, gone before the next beat."""
    ones = grid.numbers == 1
    return _bumps(
        at,
        [
            (time - min(0.25, 0.5 * beat), time, time + min(0.5, 0.95 * beat))
            for time, beat in zip(
                plan.ictus[ones].tolist(), plan.interval[ones].tolist(), strict=True
            )
        ],
    )


def _inner_breaths(plan: Plan, phrases: Array, at: Array) -> Array:
    """Breaths before phrases within a passage: in on the upbeat, out on the downbeat."""
    corners = []
    for start in phrases.tolist():
        beat = float(np.clip(np.interp(start, plan.ictus, plan.interval), 0.35, 1.2))
        corners.append((start - beat, start - 0.35 * beat, start + 0.3 * beat))
    return _bumps(at, corners)


def _cueing(cues: list[Cue], at: Array) -> Array:
    return _bumps(
        at,
        [
            (
                cue.time - cue.interval,
                cue.time - 0.35 * min(cue.interval, 1.0),
                cue.time + 0.6 * cue.interval,
            )
            for cue in cues
        ],
    )


def _holding(plan: Plan, at: Array) -> Array:
    """1 while a fermata is held."""
    total = np.zeros(len(at))
    for beat, end in plan.fermatas:
        start = float(plan.ictus[beat])
        total += smoothstep((at - start) / 0.5) * smoothstep((end + 0.2 - at) / 0.4)
    return np.minimum(total, 1.0)


def _cutting(plan: Plan, at: Array) -> tuple[Array, Array]:
    """The lift of the brows before cut-offs, and the lips that close on them."""
    lift = plan.at(Role.LIFT).astype(float)
    close = plan.at(Role.LOOP, Role.RELEASE).astype(float)
    flat = np.zeros(len(lift))
    return swing(plan.times, lift, flat, at), swing(plan.times, close, flat, at)


def _over(plan: Plan, at: Array) -> Array:
    """1 when the last note has been cut off and the arms have sunk."""
    stops = plan.times[plan.at(Role.STOP)]
    if len(stops) == 0:
        return np.zeros(len(at))
    return smoothstep((at - float(stops[-1])) / 1.6)
