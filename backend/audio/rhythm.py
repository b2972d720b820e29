"""Local tempo and predominant local pulse from the onset envelope, in bounded memory."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.rates import FEATURE_RATE
from backend.audio.threads import one_thread

TEMPO_WINDOW: Final = 720
"""Frames over which a tempo is heard: 8 s, `librosa.feature.tempo`'s `ac_size`."""

PULSE_WINDOW: Final = 384
"""Frames of the local pulse's kernel, `librosa.beat.plp`'s `win_length`."""

_PRIOR_BPM: Final = 120.0
_MAX_BPM: Final = 320.0
_PULSE_MIN_BPM, _PULSE_MAX_BPM = 30.0, 300.0
_CHUNK: Final = 2048


@one_thread()
def local_tempo(onset: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tempo around each frame: `librosa.feature.tempo(aggregate=None)` in bounded memory.

    The highest lag of the windowed autocorrelation, weighted by a log-normal prior at 120.

    Parameters
    ----------
    onset : (N,) array
        Onset envelope at 90 Hz.

    Returns
    -------
    (N,) float32 array
        Beats per minute; 0 where the whole window of 8 s is silent (librosa answers 120 there).
    """
    count = len(onset)
    tempo = np.zeros(count, np.float32)
    half = TEMPO_WINDOW // 2
    padded = torch.from_numpy(np.pad(onset, half, mode="linear_ramp").astype(np.float32))
    window = torch.hann_window(TEMPO_WINDOW, periodic=True)
    # Imported here because hearing by the trained network needs neither this nor its import.
    from scipy.fft import next_fast_len

    size = next_fast_len(2 * TEMPO_WINDOW - 1, real=True)
    lags = np.full(TEMPO_WINDOW, np.inf)
    lags[1:] = 60.0 * FEATURE_RATE / np.arange(1, TEMPO_WINDOW)
    prior = -0.5 * np.log2(lags / _PRIOR_BPM) ** 2
    prior[lags >= _MAX_BPM] = -np.inf
    weight = torch.from_numpy(prior.astype(np.float32))
    for first in range(0, count, _CHUNK):
        last = min(first + _CHUNK, count)
        frames = padded[first : last + TEMPO_WINDOW - 1].unfold(0, TEMPO_WINDOW, 1) * window
        spectrum = torch.fft.rfft(frames, n=size)
        energy = spectrum.real.square().add_(spectrum.imag.square())
        lagged = torch.fft.irfft(energy, n=size)[:, :TEMPO_WINDOW]
        peak = lagged.abs().amax(dim=1, keepdim=True)
        lagged = lagged / torch.where(peak > 0.0, peak, 1.0)
        best = (lagged.mul_(1e6).log1p_() + weight).argmax(dim=1).numpy()
        tempo[first:last] = np.where(peak[:, 0].numpy() > 0.0, lags[best], 0.0)
    return tempo


@one_thread()
def predominant_pulse(onset: NDArray[np.float32]) -> NDArray[np.float32]:
    """Predominant local pulse (Grosche & Müller 2011): `librosa.beat.plp` in bounded memory.

    Parameters
    ----------
    onset : (N,) array
        Onset envelope at 90 Hz.

    Returns
    -------
    (N,) float32 array
        In [0, 1], peaks at the pulse.
    """
    count = len(onset)
    half = PULSE_WINDOW // 2
    padded = torch.from_numpy(np.pad(onset, half).astype(np.float32))
    window = torch.hann_window(PULSE_WINDOW, periodic=True)
    tempi = np.fft.rfftfreq(PULSE_WINDOW, 1.0 / (60.0 * FEATURE_RATE))
    outside = torch.from_numpy((tempi < _PULSE_MIN_BPM) | (tempi > _PULSE_MAX_BPM))
    total = torch.zeros(count + PULSE_WINDOW)
    tiny = float(np.finfo(np.float32).tiny) ** 0.5
    for first in range(0, count + 1, _CHUNK):
        last = min(first + _CHUNK, count + 1)
        frames = padded[first : last + PULSE_WINDOW - 1].unfold(0, PULSE_WINDOW, 1) * window
        spectrum = torch.fft.rfft(frames)
        spectrum[:, outside] = 0.0
        height = spectrum.abs().mul_(1e6).log1p_()
        spectrum[height < height.amax(dim=1, keepdim=True)] = 0.0
        kernel = torch.fft.irfft(spectrum / (tiny + _largest(spectrum)), n=PULSE_WINDOW) * window
        for lag in range(PULSE_WINDOW):
            total[first + lag : last + lag] += kernel[:, lag]
    pulse = np.clip((total / _overlap(window, count + 1))[half : half + count].numpy(), 0.0, None)
    peak = float(pulse.max(initial=0.0))
    return pulse / peak if peak > np.finfo(np.float32).tiny else np.zeros_like(pulse)


def _largest(spectrum: torch.Tensor) -> torch.Tensor:
    """Magnitude of NumPy's complex maximum of each row, (n, 1).

    librosa scales by it. NumPy orders complex numbers by their real part first, so a peak with a
    negative real part counts 0 there, and such frames then outweigh the others; to agree with
    librosa, so they do here.
    """
    real = spectrum.real.amax(dim=1, keepdim=True)
    ahead = spectrum.real == real
    imaginary = torch.where(ahead, spectrum.imag, -torch.inf).amax(dim=1, keepdim=True)
    return torch.hypot(real, imaginary)


def _overlap(window: torch.Tensor, frames: int) -> torch.Tensor:
    """Sum of the squared windows over each sample, (frames + W − 1,) padded to frames + W − 1."""
    squares = torch.cat([torch.zeros(1), window.double().square().cumsum(0).float()])
    place = torch.arange(frames + len(window) - 1)
    low = (place - frames + 1).clamp(min=0)
    high = (place + 1).clamp(max=len(window))
    return squares[high] - squares[low]
