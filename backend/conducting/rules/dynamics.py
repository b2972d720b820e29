"""What the loudness of the music asks for: size at each beat, swells, the end of the sound."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from backend.audio.rates import FEATURE_RATE
from retarget.rotation import Array

_SMOOTH_S: Final = 0.45
_SWELL_SMOOTH_S: Final = 1.1
# A crescendo or diminuendo worth a gesture: this much of the piece's range at this pace.
_SWELL_RISE: Final = 0.16
_SWELL_RATE: Final = 0.05
_SWELL_LENGTH_S: Final = (1.6, 9.0)
# Below this the music counts as over.
_SILENCE: Final = 0.06
_MEDIUM: Final = 0.5
# Sizes look this far ahead: at least as far as the smoothing blurs, at most a slow beat.
_AHEAD_S: Final = (0.45, 0.9)
# An entry: from below this loudness, at these times before it, up by at least so much.
_QUIET: Final = 0.22
_QUIET_BEFORE_S: Final = (0.6, 1.2, 1.8, 2.4)
_ENTRY_RISE: Final = 0.12
# A new voice joins what sounds: louder by more than this around a beat, at these times of it.
_SURGE_RISE: Final = 0.17
_AROUND_S: Final = (-0.5, 0.45)
# A sudden piano: down by more than this within a second, and below medium.
_DROP: Final = 0.28
_SOFT: Final = 0.55


@dataclass(frozen=True)
class Swell:
    """A crescendo (`rise` > 0) or diminuendo from `start` to `end`, seconds."""

    start: float
    end: float
    rise: float


@dataclass(frozen=True)
class Dynamics:
    """Loudness in [0, 1] at 90 Hz, smoothed; constant beyond its ends.

    Parameters
    ----------
    level : (N,) array
        Smoothed over about a beat.
    slow : (N,) array
        Smoothed over about a bar.
    """

    level: Array
    slow: Array

    @classmethod
    def of(cls, loudness: Array) -> "Dynamics":
        """Smooth the loudness (N,); without any, the music is taken as medium throughout."""
        level = np.clip(np.nan_to_num(np.asarray(loudness, dtype=np.float64)), 0.0, 1.0)
        if len(level) == 0:
            level = np.full(1, _MEDIUM)
        return cls(
            gaussian_filter1d(level, _SMOOTH_S * FEATURE_RATE, mode="nearest"),
            gaussian_filter1d(level, _SWELL_SMOOTH_S * FEATURE_RATE, mode="nearest"),
        )

    def prepared(self, at: Array, interval: Array) -> Array:
        """Loudness to be shown at beats, (B,): heard most of a beat later, so that a crescendo or
        diminuendo is led and not followed.

        Parameters
        ----------
        at, interval : (B,) arrays
            Time and length of each beat, seconds.
        """
        return self._sample(self.level, at + np.clip(0.8 * interval, *_AHEAD_S))

    def broad(self, at: Array) -> Array:
        """Loudness at the given times over about a bar, (T,)."""
        return self._sample(self.slow, at)

    def sound_end(self, duration: float) -> float:
        """When the music falls silent for good, seconds, at most `duration`."""
        heard = np.flatnonzero(self.level > _SILENCE)
        if len(heard) == 0 or len(self.level) == 1:
            return duration
        return min(duration, float(heard[-1]) / FEATURE_RATE - _SMOOTH_S)

    def sounding_until(self, start: float, end: float) -> float:
        """When, between two times, the sound stops; `end` if it does not, seconds."""
        first, last = (round(t * FEATURE_RATE) for t in (start, end))
        inside = self.level[first:last] if len(self.level) > 1 else self.level[:0]
        silent = np.flatnonzero(inside < _SILENCE)
        if len(silent) == 0:
            return end
        if silent[0] == 0:
            return start
        # The smoothing makes a fade of every end: it lies where half the sound is gone.
        before = inside[: silent[0]]
        return start + float(np.flatnonzero(before >= 0.5 * before.max())[-1]) / FEATURE_RATE

    def entries(self, at: Array) -> Array:
        """How much louder it becomes at beats after a quiet stretch, (B,): 0 if it does not."""
        before = np.max([self._sample(self.level, at - t) for t in _QUIET_BEFORE_S], axis=0)
        after = self._sample(self.level, at + _SMOOTH_S)
        return np.where(before < _QUIET, np.maximum(after - before - _ENTRY_RISE, 0.0), 0.0)

    def surges(self, at: Array) -> Array:
        """How much louder it becomes around beats, whatever was before, (B,): 0 if hardly."""
        before, after = (self._sample(self.level, at + t) for t in _AROUND_S)
        return np.maximum(after - before - _SURGE_RISE, 0.0)

    def drops(self, at: Array) -> Array:
        """How much softer it becomes at beats, all at once, (B,): 0 if it does not or is loud."""
        before = np.min([self._sample(self.level, at - t) for t in (0.5, 1.0)], axis=0)
        after = np.max([self._sample(self.level, at + t) for t in (0.5, 1.0)], axis=0)
        return np.where(after < _SOFT, np.maximum(before - after - _DROP, 0.0), 0.0)

    def swells(self) -> list[Swell]:
        """Crescendos and diminuendos, in time order, not overlapping."""
        rate = np.gradient(self.slow) * FEATURE_RATE if len(self.slow) > 1 else np.zeros(1)
        direction = np.where(rate > _SWELL_RATE, 1, np.where(rate < -_SWELL_RATE, -1, 0))
        edges = np.flatnonzero(np.r_[True, np.diff(direction) != 0, True])
        found = []
        for start, end in pairwise(edges.tolist()):
            length = (end - start) / FEATURE_RATE
            rise = float(self.slow[end - 1] - self.slow[start])
            fits = _SWELL_LENGTH_S[0] <= length <= _SWELL_LENGTH_S[1]
            if direction[start] != 0 and fits and abs(rise) >= _SWELL_RISE:
                found.append(Swell(start / FEATURE_RATE, end / FEATURE_RATE, rise))
        return found

    @staticmethod
    def _sample(values: Array, at: Array) -> Array:
        last = len(values) - 1
        place = np.clip(np.asarray(at) * FEATURE_RATE, 0.0, last)
        low = np.minimum(place.astype(np.int64), max(last - 1, 0))
        below, above = values[low], values[np.minimum(low + 1, last)]
        return below + (above - below) * (place - low)
