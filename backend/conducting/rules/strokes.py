"""How each beat is struck: size, sharpness, weight, accent and breadth from style and music."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from backend.audio.rates import FEATURE_RATE
from backend.grid.beat_grid import BeatGrid
from backend.grid.grouping import beat_lengths
from backend.style import Style
from retarget.rotation import Array

from .character import Character
from .curves import smoothstep, soft_clip
from .dynamics import Dynamics
from .plan import Plan

SIZE: Final = 0.32
"""Height of an ordinary rebound at medium loudness and 80 beats per minute in the medium style,
metres: with the pattern table's shares its mean rise is the 0.30 m of motion capture."""

_REFERENCE_BEAT_S: Final = 0.75
# The largest style beats this many times as large as the smallest.
_SIZE_RANGE: Final = 3.8
# What a piece of no special character measures.
_USUAL_SHARPNESS: Final = 0.32
_USUAL_WEIGHT: Final = 0.25
# A note's accent is looked for around its beat, seconds: tracked beats are that exact.
_ACCENT_WINDOW_S: Final = 0.1
# Below this attack no note begins; above this loudness it sounds.
_NO_ATTACK: Final = 0.03
_SOUNDING: Final = 0.15
# A change of the beat's length worth showing, and one that is shown in full (logarithms).
_TEMPO_CHANGE: Final = (0.07, 0.28)


@dataclass(frozen=True)
class Strokes:
    """How each beat is conducted, (B,) arrays; the top before a beat already belongs to it.

    Parameters
    ----------
    size : array
        Size of the pattern, metres.
    sharpness : array
        0 legato to 1 staccato, as `Style.sharpness`.
    weight : array
        0 light to 1 marcato, as `Style.weight`.
    accent : array
        How much the beat is struck above its neighbours, [0, 1].
    breadth : array
        Tenuto: 0 springs back at once, 1 is drawn out along the plane.
    loud : array
        Loudness of the beat as it is prepared, [0, 1].
    held : bool array
        Beats in which it sounds and no note begins.
    """

    size: Array
    sharpness: Array
    weight: Array
    accent: Array
    breadth: Array
    loud: Array
    held: NDArray[np.bool_]


def make_strokes(
    plan: Plan, grid: BeatGrid, dynamics: Dynamics, character: Character | None, style: Style
) -> Strokes:
    """The strokes of all beats.

    Parameters
    ----------
    plan, grid
        Beats and what happens at them.
    dynamics : Dynamics
        Sizes look ahead in it by one beat: a crescendo is shown before it is heard.
    character : Character, optional
        How the music is played; without it every beat is struck as the style says.
    style : Style
        The middle the music moves the strokes away from, by `articulation`.
    """
    if len(plan.ictus) == 0:
        none = np.zeros(0)
        return Strokes(none, none, none, none, none, none, none.astype(bool))
    loud = dynamics.prepared(plan.ictus, plan.interval)
    attack, detachment, accent = _heard(plan, grid, character)
    follow = style.articulation if character is not None else 0.0
    sharper = 0.5 * attack + 0.6 * detachment - _USUAL_SHARPNESS
    heavier = attack * (1.0 - detachment) * (0.4 + 0.9 * loud) - _USUAL_WEIGHT
    leading = _leading(plan, grid)
    sharpness = style.sharpness + 1.1 * follow * sharper + 0.12 * leading
    weight = style.weight + follow * heavier
    accent = follow * accent
    sustained = (1.0 - attack) * (1.0 - detachment) ** 2
    breadth = follow * sustained * smoothstep((loud - 0.3) / 0.5)
    sharpness = soft_clip(sharpness + 0.2 * accent, 0.0, 1.0, 0.1)
    size = _sizes(plan, loud, sharpness, style) * (1.0 + 0.18 * leading)
    return Strokes(
        soft_clip(size, 0.015, 0.58),
        sharpness,
        soft_clip(weight + 0.3 * accent, 0.0, 1.0, 0.1),
        np.clip(accent, 0.0, 1.0),
        np.clip(breadth, 0.0, 1.0),
        loud,
        _held(plan, grid, character) & (loud > _SOUNDING),
    )


def _sizes(plan: Plan, loud: Array, sharpness: Array, style: Style) -> Array:
    """Size of the pattern from style, loudness, stroke and tempo, metres (B,)."""
    beat = np.minimum(plan.interval, np.r_[plan.interval[:1], plan.interval[:-1]])
    ratio = beat / _REFERENCE_BEAT_S
    tempo = np.where(ratio < 1.0, ratio**1.3, ratio**0.35)
    tempo = np.minimum(tempo, 1.35)
    swell = np.exp(1.5 * style.expression * (loud - 0.5))
    own = _SIZE_RANGE ** (style.size - 0.5)
    short = 1.0 - 0.22 * np.maximum(sharpness - 0.4, 0.0) / 0.6
    return SIZE * own * swell * tempo * short


def _heard(plan: Plan, grid: BeatGrid, character: Character | None) -> tuple[Array, Array, Array]:
    """Attack, detachment and accent of each beat, (B,)."""
    count = len(grid)
    if character is None or len(character.attack) == 0:
        return np.zeros(count), np.zeros(count), np.zeros(count)
    first = grid.times
    last = first + plan.interval
    attack, detachment = (
        _over_phrase(_mean(values, first, last))
        for values in (character.attack, character.detachment)
    )
    around = maximum_filter1d(character.accent, round(2.0 * _ACCENT_WINDOW_S * FEATURE_RATE))
    frames = np.clip(np.round(first * FEATURE_RATE).astype(int), 0, len(around) - 1)
    return attack, detachment, around[frames]


def _held(plan: Plan, grid: BeatGrid, character: Character | None) -> NDArray[np.bool_]:
    """Beats within which no note begins, (B,)."""
    if character is None or len(character.attack) == 0:
        return np.zeros(len(grid), dtype=bool)
    attack = _mean(character.attack, grid.times, grid.times + plan.interval)
    return attack < _NO_ATTACK


def _mean(values: Array, first: Array, last: Array) -> Array:
    """Mean of a 90 Hz curve over each stretch of time, (B,)."""
    total = np.r_[0.0, np.cumsum(values)]
    a = np.clip(np.round(first * FEATURE_RATE).astype(int), 0, len(values) - 1)
    b = np.clip(np.round(last * FEATURE_RATE).astype(int), a + 1, len(values))
    return (total[b] - total[a]) / (b - a)


def _over_phrase(values: Array) -> Array:
    """A stroke is not changed for a single note: weighted mean with both neighbours."""
    padded = np.r_[values[:1], values, values[-1:]]
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def _leading(plan: Plan, grid: BeatGrid) -> Array:
    """Where the tempo changes, and so has to be led: [0, 1] for each beat, (B,).

    Measured from the beat before to the beat after, and shown one beat ahead of that. Beats that
    are unequal by their meter, as in 7/8 in three, are no change of tempo.
    """
    meant = [
        beat_lengths(int(in_bar), meter)[number - 1]
        for in_bar, meter, number in zip(
            grid.beats_in_bar, grid.meters, grid.numbers.tolist(), strict=True
        )
    ]
    length = np.log(plan.interval / np.array(meant))
    span = np.zeros(len(length))
    span[1:-1] = np.abs(length[2:] - length[:-2])
    changing = smoothstep((span - _TEMPO_CHANGE[0]) / (_TEMPO_CHANGE[1] - _TEMPO_CHANGE[0]))
    return np.maximum(changing, np.r_[changing[1:], 0.0])
