"""Loudness as a listener judges it, relative within a piece."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.audio.rates import FEATURE_RATE

# ITU-R BS.1770-4, tables 1 and 2: the two biquads at 48 kHz, (b, a).
_BIQUADS: Final = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
_BIQUAD_RATE: Final = 48_000.0
_OFFSET_DB: Final = -0.691
# BS.1770's absolute gate: softer is silence.
_SILENCE_LUFS: Final = -70.0
# Nobody plays this far below the loud places; it is the hall.
_PLAYING_DB: Final = 50.0
_FADE_DB: Final = 6.0
# BS.1770's momentary loudness is taken over 0.4 s; a Hann window of twice that is as wide at half
# its height and leaves no corners.
_SMOOTHING_S: Final = 0.8
# A piece of less range than this is not blown up to the whole scale.
_LEAST_RANGE_DB: Final = 18.0
_EVEN_LEVEL: Final = 0.6


def k_weighting(frequencies: ArrayLike) -> NDArray[np.float64]:
    """Power gain of BS.1770's K-weighting at the given frequencies in Hz, same shape."""
    z = np.exp(-2j * np.pi * np.asarray(frequencies, np.float64) / _BIQUAD_RATE)
    gain = np.ones(z.shape)
    for b, a in _BIQUADS:
        gain *= np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2
    return gain


def momentary_lufs(power: NDArray) -> NDArray[np.float64]:
    """K-weighted mean square at 90 Hz (N,) to smoothed loudness in LUFS, (N,)."""
    taps = np.hanning(round(_SMOOTHING_S * FEATURE_RATE) + 1)
    count = len(power)
    half = len(taps) // 2
    kept = slice(half, half + count)
    weight = np.convolve(np.ones(count), taps)[kept]
    smooth = np.convolve(np.asarray(power, np.float64), taps)[kept] / weight
    return _OFFSET_DB + 10.0 * np.log10(np.maximum(smooth, 1e-12))


def relative_loudness(power: NDArray) -> NDArray[np.float32]:
    """Loudness within the piece, (N,) float32 in [0, 1].

    0 is silence and the softest playing (5th percentile), 1 the loudest (98th). If they lie less
    than 18 dB apart the scale stays 18 dB long, so that a piece of one loudness is a steady 0.6.

    Parameters
    ----------
    power : (N,) array
        K-weighted mean square of the sound in each frame, full scale 1.
    """
    level = momentary_lufs(power)
    playing = level[level > _SILENCE_LUFS]
    if len(playing) == 0:
        return np.zeros(len(level), np.float32)
    floor = max(_SILENCE_LUFS, float(np.percentile(playing, 98)) - _PLAYING_DB)
    low, high = np.percentile(playing[playing > floor], [5, 98])
    scale = max(high - low, _LEAST_RANGE_DB)
    centre = 0.5 + (_EVEN_LEVEL - 0.5) * (1.0 - (high - low) / scale)
    loudness = np.clip(centre + (level - 0.5 * (low + high)) / scale, 0.0, 1.0)
    loudness *= np.clip((level - floor) / _FADE_DB, 0.0, 1.0)
    return loudness.astype(np.float32)
