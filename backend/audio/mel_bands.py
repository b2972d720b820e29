"""The bands of the mel spectrogram: Slaney's scale and filters, as librosa has them.

Written out here because librosa takes longer to import than a short piece takes to be heard.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Slaney, "Auditory Toolbox", 1998: even steps up to 1 kHz, then 27 to a factor of 6.4.
_LINEAR_HZ: Final = 200.0 / 3.0
_LOG_FROM_HZ: Final = 1000.0
_LOG_FROM_MEL: Final = _LOG_FROM_HZ / _LINEAR_HZ
_LOG_STEP: Final = np.log(6.4) / 27.0


def mel_frequencies(count: int, highest: float) -> NDArray[np.float64]:
    """Frequencies in Hz that lie evenly on the mel scale from 0 to `highest`, (count,)."""
    if highest < _LOG_FROM_HZ:
        top = highest / _LINEAR_HZ
    else:
        top = _LOG_FROM_MEL + np.log(highest / _LOG_FROM_HZ) / _LOG_STEP
    mels = np.linspace(0.0, top, count)
    above = np.exp(_LOG_STEP * (mels - _LOG_FROM_MEL))
    return np.where(mels < _LOG_FROM_MEL, _LINEAR_HZ * mels, _LOG_FROM_HZ * above)


def mel_filters(rate: float, n_fft: int, count: int) -> NDArray[np.float32]:
    """Triangular filters of equal area from 0 to half the sample rate.

    Parameters
    ----------
    rate : float
        Samples per second.
    n_fft : int
        Samples in a window of the spectrum.
    count : int
        Bands.

    Returns
    -------
    (count, 1 + n_fft // 2) float32 array
        Weights of the power spectrum's bins, as `librosa.filters.mel` gives them.
    """
    bins = np.fft.rfftfreq(n_fft, 1.0 / rate)
    edges = mel_frequencies(count + 2, 0.5 * rate)
    widths = np.diff(edges)
    ramps = edges[:, None] - bins
    rising, falling = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights
