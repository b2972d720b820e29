"""When each onset of a performed score sounds, to a hundredth of a second, and how surely."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.alignment.score_sound import pitched
from backend.alignment.sound import LOWEST, ONSET_RATE, SEMITONES, Sound
from backend.alignment.tempo_curve import TempoCurve
from backend.score.movement import Movement
from retarget.rotation import Array

# Onsets closer than this are one, quarter notes.
_TOGETHER: Final = 0.03
# An onset is looked for so many frames before and after where it is expected.
_REACH: Final = 50
# Where sound begins at once its first onset may be expected so many frames before it.
_EARLY: Final = 12
# The overtones that an onset shows in, and their weight.
_OVERTONES: Final = ((0, 1.0), (12, 0.6), (19, 0.35), (24, 0.25))
# How far an interval between onsets strays from the tempo, seconds.
_STRAY_S: Final = 0.007
# How far onsets lie from the tempo curve, seconds.
_AWAY_S: Final = 0.25
# Nats that the clearest onset is worth.
_CLEAR: Final = 6.0


@dataclass(frozen=True)
class Onsets:
    """Onsets of a performed score; all of length E.

    Parameters
    ----------
    quarters : (E,) array
        Their places, rising.
    times : (E,) array
        Seconds.
    spread : (E,) array
        Standard deviation of the times, seconds.
    """

    quarters: Array
    times: Array
    spread: Array


def has_onsets(movement: Movement) -> bool:
    """Whether there is anything that `place_onsets` could place."""
    return len(_with_pitch(movement)) > 0


def place_onsets(
    movement: Movement, sound: Sound, expected: TempoCurve, steps: int, stray: float
) -> Onsets:
    """The likeliest times of a score's onsets, near those of a tempo curve.

    A hidden Markov model: each onset lies somewhere around the curve, its distance from it changes
    little from one to the next, and in the recording its semitones rise there.

    Parameters
    ----------
    movement : Movement
        As it is performed.
    sound : Sound
    expected : TempoCurve
    steps : int
        Semitones by which the recording is higher.
    stray : float
        How far an interval between onsets strays from the curve's, share of it.
    """
    quarters, rows, keys, weights = _events(movement, steps)
    when = expected.at(quarters) * ONSET_RATE
    inside = (when >= -_EARLY) & (when < len(sound.onsets))
    centre = np.round(when).astype(np.int64)
    evidence = _evidence(sound, centre, rows, keys, weights)
    prior = -0.5 * ((np.arange(-_REACH, _REACH + 1) / ONSET_RATE) / _AWAY_S) ** 2
    likely = np.exp(evidence + prior - evidence.max(axis=1, keepdims=True))
    likely[~inside] = np.exp(prior)
    passed = _along(likely, when, centre, stray)
    # Backwards in mirrored time.
    returned = _along(likely[::-1, ::-1], -when[::-1], -centre[::-1], stray)[::-1, ::-1]
    posterior = passed * returned / np.maximum(likely, 1e-30)
    posterior /= posterior.sum(axis=1, keepdims=True)
    offsets = np.arange(-_REACH, _REACH + 1)
    mean = posterior @ offsets
    spread = np.sqrt(np.maximum(posterior @ offsets**2 - mean**2, 0.08))
    # Where two places are likely it is the likelier one, not one between them.
    peak = posterior.argmax(axis=1) - _REACH
    near = np.abs(offsets - peak[:, None]) <= 4
    local = (posterior * near * offsets).sum(axis=1) / (posterior * near).sum(axis=1)
    return Onsets(quarters, (centre + local) / ONSET_RATE, spread / ONSET_RATE)


def _events(
    movement: Movement, steps: int
) -> tuple[Array, NDArray[np.int64], NDArray[np.int64], Array]:
    """Places of the onsets (E,), and of their notes the event, key from `LOWEST` on and weight."""
    notes = movement.notes.take(_with_pitch(movement))
    new = np.r_[True, np.diff(notes.onset) > _TOGETHER]
    event = np.cumsum(new) - 1
    weight = np.sqrt(notes.velocity / 71.0) * np.minimum(0.5 + notes.duration, 1.0)
    rows, keys, weights = [], [], []
    for interval, share in _OVERTONES:
        key = notes.pitch + steps + interval - LOWEST
        heard = (key >= 0) & (key < SEMITONES)
        rows.append(event[heard])
        keys.append(key[heard])
        weights.append(share * weight[heard])
    return (
        notes.onset[new],
        np.concatenate(rows),
        np.concatenate(keys),
        np.concatenate(weights),
    )


def _with_pitch(movement: Movement) -> NDArray[np.int64]:
    """Notes that have a pitch and a time of their own."""
    return np.flatnonzero(pitched(movement) & (movement.notes.grace == 0))


def _evidence(
    sound: Sound,
    centre: NDArray[np.int64],
    rows: NDArray[np.int64],
    keys: NDArray[np.int64],
    weights: Array,
) -> Array:
    """How much speaks for each place around each onset, (E, 2 × _REACH + 1), nats."""
    padded = np.pad(sound.onsets, ((2 * _REACH, 2 * _REACH), (0, 0)))
    at = np.clip(centre, -_REACH, len(sound.onsets) + _REACH - 1) + _REACH
    templates = np.zeros((len(centre), SEMITONES), np.float32)
    np.add.at(templates, (rows, keys), weights)
    templates = np.minimum(templates, 2.0)
    found = np.empty((len(centre), 2 * _REACH + 1), np.float32)
    window = np.arange(2 * _REACH + 1)
    for first in range(0, len(centre), 512):
        some = slice(first, first + 512)
        near = padded[at[some, None] + window].astype(np.float32)
        found[some] = np.einsum("ewk,ek->ew", near, templates[some])
    floor = np.median(found, axis=1, keepdims=True)
    top = found.max(axis=1, keepdims=True) - floor
    usual = np.median(top)
    return np.asarray(_CLEAR * (found - floor).clip(0.0) / np.maximum(top, 0.5 * usual + 1e-6))


def _along(likely: Array, when: Array, centre: NDArray[np.int64], stray: float) -> Array:
    """Forward probabilities of the places of each onset, each row of sum 1."""
    passed = np.empty_like(likely)
    passed[0] = likely[0] / likely[0].sum()
    for i in range(1, len(likely)):
        gap = when[i] - when[i - 1]
        shift = gap - (centre[i] - centre[i - 1])
        spread = np.hypot(_STRAY_S * ONSET_RATE, stray * gap)
        half = min(int(3.0 * spread) + 1, _REACH)
        around = (np.arange(-half, half + 1) - shift) / spread
        kernel = np.exp(-0.5 * around**2)
        row = np.convolve(passed[i - 1], kernel / kernel.sum(), mode="same") * likely[i]
        passed[i] = (row + 1e-12) / (row + 1e-12).sum()
    return passed
