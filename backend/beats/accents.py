"""What the sound of a piece says of its bars: harmony, bass and accents from pulse to pulse."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from backend.audio.analysis import Analysis
from backend.beats.bar_states import BARS
from backend.models.beat_net import POOL
from retarget.rotation import Array

MEASURES: Final = (
    *("new harmony on downbeats", "bass on downbeats", "accent on downbeats"),
    *("new harmony on beats", "bass on beats", "accent on beats"),
    *("alike a bar later", "more alike than two bars later"),
)
"""Columns of `bar_accents`."""

# What is quieter is not heard, dB.
_FLOOR_DB: Final = -60.0
# A spectrum's shape within so many mel bands is harmony, its course over more of them is timbre.
_HARMONY_BANDS: Final = 12
# Mel bands below 250 Hz, where they are 26 Hz apart.
_BASS_BANDS: Final = 9
# Feature frames around a pulse in which its bass and its onset lie, and in which no bass yet does.
_AFTER, _BEFORE = np.arange(8), np.arange(-6, -1)
_NEAR: Final = np.arange(-3, 9)
_LEAST: Final = 1e-6
# Nats for each standard deviation by which a stroke stands out, and how many of them count.
_DOWNBEAT: Final = 0.6
_STROKES: Final = (-2.0, 3.0)


@dataclass(frozen=True)
class PulseSound:
    """Sound from pulse to pulse.

    Parameters
    ----------
    harmony : (P, 128) array
        Peaks and hollows of the mel spectrum from each pulse to the next, of length 1.
    strokes : (P, 3) array
        How new the harmony of each pulse is, how much bass sets in there, and its onset.
    """

    harmony: Array
    strokes: Array

    def part(self, pulses: slice) -> "PulseSound":
        """Some of the pulses."""
        return PulseSound(self.harmony[pulses], self.strokes[pulses])

    def standing_out(self) -> Array:
        """How far strokes stand out among those of all pulses, (P, 3), in standard deviations."""
        return _standard(self.strokes)


def pulse_sound(analysis: Analysis, pulses: Array) -> PulseSound:
    """Sound at pulses.

    Parameters
    ----------
    analysis : Analysis
        Features of the piece.
    pulses : (P,) array
        Places in frames of the beat network, rising, P > 1.
    """
    mel = analysis.mel
    last = len(mel) - 1
    frames = np.clip(np.round(pulses * POOL + (POOL - 1) / 2).astype(int), 0, last)
    edges = np.r_[frames, min(2 * frames[-1] - frames[-2], last)]
    # Pulses in the same frame have the sound of that frame.
    ends = np.maximum(edges[1:], frames + 1)
    # Not by `np.add.reduceat`, which takes ten times as long.
    sums = [mel[i:j].sum(axis=0, dtype=np.float64) for i, j in zip(frames, ends, strict=True)]
    spectra = np.stack(sums) / (ends - frames)[:, None]
    spectra = np.maximum(spectra, _FLOOR_DB) - _FLOOR_DB
    harmony = spectra - uniform_filter1d(spectra, _HARMONY_BANDS, axis=1)
    harmony /= np.linalg.norm(harmony, axis=1, keepdims=True) + _LEAST
    new = np.r_[0.0, 1.0 - (harmony[1:] * harmony[:-1]).sum(axis=1)]

    def bass(around: NDArray[np.int64]) -> Array:
        rows = mel[np.clip(frames[:, None] + around, 0, last)][..., :_BASS_BANDS]
        return np.asarray(np.maximum(rows, _FLOOR_DB).mean(axis=(1, 2)), np.float64)

    onset = analysis.onset[np.clip(frames[:, None] + _NEAR, 0, len(analysis.onset) - 1)].max(axis=1)
    return PulseSound(harmony, np.stack([new, bass(_AFTER) - bass(_BEFORE), onset], axis=1))


def bar_accents(sound: PulseSound) -> Array:
    """What speaks for each kind of bar, (len(BARS), len(MEASURES)).

    How far the pulses on its downbeats, and those on its beats, stand out by their strokes, in
    standard deviations, where they stand out most; and how like the music is to itself a bar later,
    against a pulse less and more than a bar, and against two bars later.
    """
    strokes = _standard(sound.strokes)
    alike: dict[int, float] = {}

    def likeness(lag: int) -> float:
        if lag not in alike:
            alike[lag] = _likeness(sound.harmony, lag)
        return alike[lag]

    rows = []
    for bar in BARS:
        length, beat = bar.length, int(bar.pulses_per_beat)
        here = likeness(length)
        beside = 0.5 * (likeness(length - 1) + likeness(length + 1))
        again = np.nan_to_num([here - beside, here - likeness(2 * length)])
        rows.append(np.r_[_standing_out(strokes, length), _standing_out(strokes, beat), again])
    return np.array(rows)


def downbeat_weights(sound: PulseSound) -> Array:
    """Nats by which each pulse is a downbeat rather than not, by its strokes, (P,)."""
    return np.asarray(_DOWNBEAT * np.clip(_standard(sound.strokes), *_STROKES).sum(axis=1))


def _standard(strokes: Array) -> Array:
    return np.asarray((strokes - strokes.mean(axis=0)) / (strokes.std(axis=0) + _LEAST))


def _standing_out(strokes: Array, period: int) -> Array:
    """Mean of every so many strokes, (3,), from where on it is greatest; 0 if there are too few."""
    if period < 2 or len(strokes) < 2 * period:
        return np.zeros(strokes.shape[1])
    whole = strokes[: len(strokes) // period * period].reshape(-1, period, strokes.shape[1])
    return np.asarray(whole.mean(axis=0).max(axis=0))


def _likeness(harmony: Array, lag: int) -> float:
    """How like pulses are to those so many later; NaN if hardly any are."""
    if not 0 < lag < len(harmony) - 2:
        return np.nan
    return float((harmony[lag:] * harmony[:-lag]).sum(axis=1).mean())
