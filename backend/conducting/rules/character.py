"""`Character`: how the music is played: attack, length and accents of its notes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from retarget.rotation import Array

from .curves import smoothed

# Mean rise of the mel spectrum from frame to frame, dB: bowed strings without and a chord with a
# hammered attack lie at these ends.
_ONSET_DB: Final = (0.5, 3.2)
# A note that has sunk this far below its own peak before the next one is short.
_GAP_DB: Final = (3.0, 14.0)
_NOTE_S: Final = 0.35
# An accent is this much louder than the notes of the second before it, struck, and not soft.
_ACCENT_DB: Final = (2.0, 8.0)
_ACCENT_LEVEL_DB: Final = (-32.0, -18.0)
_ACCENT_ONSET: Final = 0.25
_BEFORE_S: Final = 1.2
_SPREAD_S: Final = 0.8
# Softer than this below the loudest sound nothing can be told about the notes, dB.
_FLOOR_DB: Final = 55.0
_CHUNK: Final = 4096
# exp of this times dB is a power.
_BY_DB: Final = np.float32(np.log(10.0) / 10.0)


@dataclass(frozen=True)
class Character:
    """How the music is played, at 90 Hz: (N,) arrays in [0, 1], frame i at i / 90 s.

    Parameters
    ----------
    attack : array
        How suddenly notes begin: 0 out of nothing, 1 struck; held until the next ones.
    detachment : array
        How far the sound falls between notes: 0 legato, 1 staccato.
    accent : array
        How far a note stands out of what came before: 1 a sforzato; 0 between notes.
    """

    attack: Array
    detachment: Array
    accent: Array

    @classmethod
    def of(cls, analysis: Analysis) -> "Character":
        """Estimate it from the mel spectrogram and the onset envelope.

        Attack is the height of the onset envelope; detachment the depth of the valleys of the
        sound's level under its peaks, as in the articulation measures of Bresin & Battel (2000);
        accent the step of the level at an onset.
        """
        level = _level(np.asarray(analysis.mel))
        if len(level) < 2:
            return cls(*(np.zeros(len(level)) for _ in range(3)))
        onset = np.asarray(analysis.onset, dtype=np.float64)
        struck = _share(maximum_filter1d(onset, _frames(0.12)), _ONSET_DB)
        attack = _spread(maximum_filter1d(struck, _frames(_NOTE_S)))

        peak = maximum_filter1d(level, _frames(2.0 * _NOTE_S))
        heard = _share(level, (-_FLOOR_DB, -_FLOOR_DB + 15.0))
        sounding = maximum_filter1d(heard, _frames(2.0 * _NOTE_S))
        detachment = _spread(_share(peak - level, _GAP_DB)) * sounding

        frames = _frames(_BEFORE_S)
        notes = maximum_filter1d(level, _frames(_NOTE_S), origin=_frames(0.5 * _NOTE_S) - 1)
        before = uniform_filter1d(notes, frames, origin=frames // 2 - 1, mode="nearest")
        ahead = _frames(0.16)
        after = maximum_filter1d(level, ahead, origin=-(ahead // 2), mode="nearest")
        step = _share(after - before, _ACCENT_DB) * _share(after, _ACCENT_LEVEL_DB)
        # What begins after silence stands out of nothing.
        step *= _share(before, (-_FLOOR_DB, -_FLOOR_DB + 15.0))
        accent = step * np.minimum(struck / _ACCENT_ONSET, 1.0) * _share(onset, _ONSET_DB)
        return cls(attack, np.clip(1.6 * detachment, 0.0, 1.0), np.clip(1.5 * accent, 0.0, 1.0))


def _level(mel: Array) -> Array:
    """Level of the sound in dB below the loudest frame, (N,), from mel in dB (N, 128)."""
    power = np.empty(len(mel))
    for first in range(0, len(mel), _CHUNK):
        block = np.asarray(mel[first : first + _CHUNK], dtype=np.float32)
        power[first : first + _CHUNK] = np.mean(np.exp(_BY_DB * block), axis=1)
    level = 10.0 * np.log10(np.maximum(power, 1e-12))
    return np.maximum(level - level.max(initial=-120.0), -_FLOOR_DB - 15.0)


def _share(values: Array, ends: tuple[float, float]) -> Array:
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)


def _spread(values: Array) -> Array:
    return smoothed(values, 0.5 * _SPREAD_S * FEATURE_RATE)


def _frames(seconds: float) -> int:
    return max(1, round(seconds * FEATURE_RATE))
