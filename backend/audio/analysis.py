"""`Analysis`: what is known of the music after listening to it once."""

from dataclasses import dataclass
from typing import Final

from numpy.typing import NDArray

SAMPLE_RATE: Final = 22_050
"""Rate all analysis runs at, Hz."""

HOP: Final = 245
"""Samples from one feature frame to the next; 22,050 / 245 is 90 Hz exactly."""

FEATURE_RATE: Final = SAMPLE_RATE / HOP
"""Feature frames per second (the paper's 90 Hz)."""

N_MELS: Final = 128
N_MFCC: Final = 20


@dataclass(frozen=True)
class Analysis:
    """Features of a piece at 90 Hz; every array float32 with N frames, frame i at i / 90 s.

    Parameters
    ----------
    duration : float
        Seconds of music.
    mel : (N, 128) array
        Log mel spectrogram in dB below the loudest bin, at most 80 dB down.
    mfcc : (N, 20) array
        Mel-frequency cepstral coefficients.
    centroid, bandwidth : (N,) arrays
        Spectral centroid and bandwidth, Hz.
    onset : (N,) array
        Onset envelope (spectral flux of the mel spectrogram).
    tempo : (N,) array
        Estimated tempo, beats per minute.
    pulse : (N,) array
        Predominant local pulse, [0, 1].
    loudness : (N,) array
        Smoothed loudness within the piece: 0 the softest playing (and silence), 1 the loudest.
    """

    duration: float
    mel: NDArray
    mfcc: NDArray
    centroid: NDArray
    bandwidth: NDArray
    onset: NDArray
    tempo: NDArray
    pulse: NDArray
    loudness: NDArray
