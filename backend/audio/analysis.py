"""`Analysis`: what is known of the music after listening to it once."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from backend.audio.rates import N_MELS, N_MFCC
from backend.audio.rhythm import local_tempo, predominant_pulse


@dataclass(frozen=True)
class Analysis:
    """Features of a piece at 90 Hz; every array float32 with N frames, frame i at i / 90 s.

    MFCC, tempo and pulse are worked out when they are first asked for.

    Parameters
    ----------
    duration : float
        Seconds of music.
    mel : (N, 128) array
        Log mel spectrogram in dB below the loudest bin, at most 80 dB down.
    loudest : float
        Level of the loudest bin, dB against 1.
    centroid, bandwidth : (N,) arrays
        Spectral centroid and bandwidth, Hz.
    onset : (N,) array
        Onset envelope (spectral flux of the mel spectrogram).
    loudness : (N,) array
        Smoothed loudness within the piece: 0 the softest playing (and silence), 1 the loudest.
    """

    duration: float
    mel: NDArray
    loudest: float
    centroid: NDArray
    bandwidth: NDArray
    onset: NDArray
    loudness: NDArray

    @cached_property
    def mfcc(self) -> NDArray:
        """Mel-frequency cepstral coefficients, (N, 20)."""
        coefficients = self.mel @ _dct()
        # The level is in the first coefficient alone.
        coefficients[:, 0] += self.loudest * np.sqrt(N_MELS)
        return np.asarray(coefficients, np.float32)

    @cached_property
    def tempo(self) -> NDArray:
        """Estimated tempo, (N,), beats per minute."""
        return local_tempo(self.onset)

    @cached_property
    def pulse(self) -> NDArray:
        """Predominant local pulse, (N,), [0, 1]."""
        return predominant_pulse(self.onset)


@cache
def _dct() -> NDArray[np.float32]:
    """The (128, 20) matrix of the orthonormal DCT-II that takes log mel to MFCC."""
    # Imported here because little of what uses an analysis asks for this.
    from scipy.fft import dct

    return dct(np.eye(N_MELS), axis=1, norm="ortho")[:, :N_MFCC].astype(np.float32)
