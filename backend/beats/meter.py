"""Meter and downbeats from the accents on the beats."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from backend.grid.conducted import conducted_groups
from retarget.rotation import Array

# How strong each beat of a bar is expected to be, before it is scaled to mean 0 and variance 1.
_STRENGTH: Final[dict[int, tuple[float, ...]]] = {
    1: (0.0,),
    2: (1.0, 0.0),
    3: (1.0, 0.0, 0.1),
    4: (1.0, 0.0, 0.45, 0.1),
    6: (1.0, 0.0, 0.1, 0.5, 0.0, 0.1),
}
_WRITTEN: Final[dict[int, str]] = {2: "2/4", 3: "3/4", 4: "4/4", 6: "6/8"}
_COMPOUND: Final[dict[int, str]] = {2: "6/8", 3: "9/8", 4: "12/8"}
# What the cues count: onset, bass, change of sound.
_CUES: Final = (1.0, 0.7, 1.0)
# Mel bands below 250 Hz, where they are 26 Hz apart.
_BASS_BANDS: Final = 9
# The onset envelope's shift against the mel spectrogram, so that bass and onsets stand together.
_FLUX_SHIFT: Final = 5
_NEAR_FRAMES: Final = 4
_LOCAL_BEATS: Final = 16.0
# A bar line that comes too early or late costs as much as this many perfect accents.
_SHIFT_COST: Final = 8.0
# 4 and 6 beats must fit this much better than 2 and 3: two bars often make a pair.
_LARGER_MARGIN: Final = 0.04
_FEWEST_BEATS: Final = 8
_TERNARY_MARGIN: Final = 1.15
# Places in a beat at which its subdivision is looked for.
_SLOTS: Final = 12
_RANDOM_FIT, _CLEAR_FIT = 0.08, 0.4


@dataclass(frozen=True)
class Bars:
    """Beats numbered in bars of one meter.

    Parameters
    ----------
    times : (B,) array
        Seconds.
    numbers : (B,) int array
        1 = downbeat.
    beats : int
        Conducted beats in a bar.
    meter : str
        Written meter.
    confidence : float
        In [0, 1].
    """

    times: Array
    numbers: NDArray[np.int64]
    beats: int
    meter: str
    confidence: float


def find_bars(analysis: Analysis, times: Array) -> Bars:
    """Number beats in the meter that fits their accents best.

    Each meter and place of the bar line is scored over the whole piece: strong beats should carry
    onsets, bass and changes of sound, and the music should resemble itself a bar later. Bar lines
    may shift in the course of the piece, at a cost. Where beats fall into three, the meter is
    written as compound (6/8 in 2).

    Parameters
    ----------
    analysis : Analysis
        Features of the piece.
    times : (B,) array
        Beats, seconds.
    """
    accents = _accents(analysis, times)
    found = {beats: _number(accents, beats) for beats in _WRITTEN}
    if len(times) < _FEWEST_BEATS:
        return Bars(times, found[2][0], 2, _WRITTEN[2], 0.0)
    duple, triple = _repetition(analysis, times)
    if found[2][1] + duple >= found[3][1] + triple:
        best, larger = 2, 4
    else:
        best, larger = 3, 6
    if found[larger][1] > found[best][1] + _LARGER_MARGIN:
        best = larger
    numbers, fit = found[best]
    compound = best in _COMPOUND and is_ternary(analysis, times)
    meter = _COMPOUND[best] if compound else _WRITTEN[best]
    return Bars(times, numbers, best, meter, _confidence(fit))


def fit_bars(analysis: Analysis, times: Array, meter: tuple[int, int]) -> Bars:
    """Number beats in a meter that is known.

    A compound meter whose beats are heard to fall into three is conducted by those beats (6/8 in
    2, 3/8 in 1), by its eighths where they are slow (`backend.grid.conducted`).
    """
    numerator, denominator = meter
    rate = 60.0 / float(np.median(np.diff(times))) if len(times) > 1 else 60.0
    beats = numerator
    if numerator % 3 == 0 and (numerator > 3 or denominator >= 8) and is_ternary(analysis, times):
        beats = len(conducted_groups(meter, rate * 3))
        if beats == numerator:
            times = _subdivided(times, 3)
    elif numerator in (9, 12):
        beats = numerator // 3
    numbers, fit = _number(_accents(analysis, times), beats)
    return Bars(times, numbers, beats, f"{numerator}/{denominator}", _confidence(fit))


def _accents(analysis: Analysis, times: Array) -> Array:
    """How far each beat stands out among its neighbours, (B,), about −2 to 3."""
    if len(times) < 2:
        return np.zeros(len(times))
    count = len(analysis.onset)
    frames = np.clip((times * FEATURE_RATE).round().astype(int), 0, count - 1)
    rise = np.maximum(np.diff(analysis.mel[:, :_BASS_BANDS], axis=0), 0.0).mean(axis=1)
    rise = np.r_[np.zeros(_FLUX_SHIFT), rise][:count]
    sound = _beat_sounds(analysis, times)
    change = np.r_[0.0, 1.0 - np.sum(sound[1:] * sound[:-1], axis=1)]
    cues = (_near(analysis.onset, frames), _near(rise, frames), change)
    total = np.zeros(len(times))
    for weight, cue in zip(_CUES, cues, strict=True):
        total += weight * _standing_out(cue)
    return total / sum(_CUES)


def _repetition(analysis: Analysis, times: Array) -> tuple[float, float]:
    """How much the music resembles itself 4 beats later, and 3 or 6, rather than one beat off."""
    if len(times) < 4 * _FEWEST_BEATS:
        return 0.0, 0.0
    sound = _beat_sounds(analysis, times)
    alike = [float(np.sum(sound[lag:] * sound[:-lag], axis=1).mean()) for lag in range(1, 8)]

    def peak(lag: int) -> float:
        return alike[lag - 1] - 0.5 * (alike[lag - 2] + alike[lag])

    return peak(4), 0.5 * (peak(3) + peak(6))


def _beat_sounds(analysis: Analysis, times: Array) -> Array:
    """Mean log mel spectrum of each beat less that of its surroundings, unit length, (B, 128)."""
    frames = np.clip((times * FEATURE_RATE).round().astype(int), 0, len(analysis.mel) - 1)
    ends = np.r_[frames[1:], len(analysis.mel)]
    sound = np.empty((len(frames), analysis.mel.shape[1]))
    for i, (first, last) in enumerate(zip(frames, ends, strict=True)):
        sound[i] = analysis.mel[first : max(last, first + 1)].mean(axis=0)
    sound -= scipy.ndimage.gaussian_filter1d(sound, _LOCAL_BEATS, axis=0)
    return sound / np.maximum(np.linalg.norm(sound, axis=1, keepdims=True), 1e-9)


def _near(curve: NDArray, frames: NDArray[np.int64]) -> Array:
    """The highest value of a curve within a few frames of each beat."""
    highest = scipy.ndimage.maximum_filter1d(curve, 2 * _NEAR_FRAMES + 1)
    return highest[frames].astype(np.float64)


def _standing_out(cue: Array) -> Array:
    """A cue against its mean and spread in the beats around."""
    rest = cue - scipy.ndimage.gaussian_filter1d(cue, _LOCAL_BEATS)
    spread = np.sqrt(scipy.ndimage.gaussian_filter1d(rest**2, _LOCAL_BEATS))
    floor = 0.1 * float(rest.std()) + 1e-9
    return np.clip(rest / np.maximum(spread, floor), -2.0, 3.0)


def _number(accents: Array, beats: int) -> tuple[NDArray[np.int64], float]:
    """Best numbering of beats in bars of `beats` (Viterbi), and its mean accent per beat."""
    count = len(accents)
    strength = _strength(beats)
    back = np.zeros((count, beats), dtype=np.int64)
    best = np.zeros(beats)
    for i in range(count):
        regular = np.roll(best, 1)
        origin = (np.arange(beats) - 1) % beats
        anywhere = int(best.argmax())
        shifted = best[anywhere] - _SHIFT_COST
        back[i] = np.where(shifted > regular, anywhere, origin)
        best = np.maximum(regular, shifted) + accents[i] * strength
    if count == 0:
        return np.zeros(0, np.int64), 0.0
    places = np.empty(count, dtype=np.int64)
    places[-1] = int(best.argmax())
    for i in range(count - 1, 0, -1):
        places[i - 1] = back[i, places[i]]
    return places + 1, float(best.max()) / count


def _strength(beats: int) -> Array:
    """Expected accents of a bar, mean 0 and variance 1; of unknown meters the first beat's."""
    pattern = np.array(_STRENGTH.get(beats, (1.0,) + (0.0,) * (beats - 1)))
    spread = float(pattern.std())
    return (pattern - pattern.mean()) / spread if spread > 0.0 else pattern * 0.0


def is_ternary(analysis: Analysis, times: Array) -> bool:
    """Whether the beats fall into three rather than two: onsets at their thirds, not halves."""
    if len(times) < _FEWEST_BEATS:
        return False
    frames = np.arange(len(analysis.onset)) / FEATURE_RATE
    phase = np.interp(frames, times, np.arange(len(times)))
    inside = (frames >= times[0]) & (frames < times[-1])
    slots = (phase[inside] * _SLOTS).round().astype(int) % _SLOTS
    profile = np.bincount(slots, weights=analysis.onset[inside], minlength=_SLOTS)
    profile = profile / np.maximum(np.bincount(slots, minlength=_SLOTS), 1)
    thirds = min(profile[_SLOTS // 3], profile[2 * _SLOTS // 3])
    return bool(thirds > _TERNARY_MARGIN * profile[_SLOTS // 2])


def _subdivided(times: Array, parts: int) -> Array:
    places = np.arange((len(times) - 1) * parts + 1) / parts
    return np.interp(places, np.arange(len(times)), times)


def _confidence(fit: float) -> float:
    """From the mean accent per beat: random accents reach about 0.08, clear meters 0.4."""
    return float(np.clip((fit - _RANDOM_FIT) / (_CLEAR_FIT - _RANDOM_FIT), 0.0, 1.0))
