"""The paper's features and the mel spectrogram, at 90 Hz, in torch and in chunks.

Each is what librosa's function of the same name gives with `sr=22050, hop_length=245, n_fft=2048`
(centred Hann windows, zeros beyond the ends). Work memory does not grow with the music, and the
chunk borders do not show: every frame is computed from its own window alone.
"""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.decode import load_audio
from backend.audio.loudness import k_weighting, relative_loudness
from backend.audio.mel_bands import mel_filters, mel_frequencies
from backend.audio.rates import FEATURE_RATE, HOP, N_MELS, SAMPLE_RATE
from backend.audio.threads import one_thread, side_by_side
from retarget.progress import Progress, no_progress, part

N_FFT: Final = 2048
"""Samples in an analysis window."""

TOP_DB: Final = 80.0
"""Depth of the mel spectrogram below its loudest bin, dB (librosa's `power_to_db`)."""

# Mean square of a loud frame in a recording at its usual level, −14 dB below full scale.
_LOUDEST_FRAME: Final = 0.04
_AMIN: Final = 1e-10
_CHUNK_FRAMES: Final = 512
_PHASE: Final = "hearing the music"


def analyse_file(
    path: str | Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
    progress: Progress = no_progress,
) -> Analysis:
    """Read a sound or video file and compute its features; see `analyse` and `load_audio`.

    Raises
    ------
    ConductorError
        If the file cannot be read, holds no sound, or ends before `start`.
    """
    reading = part(progress, 0.0, 0.5)
    samples = load_audio(path, start=start, duration=duration, track=track, progress=reading)
    return analyse(samples, part(progress, 0.5, 1.0))


def analyse(
    samples: NDArray[np.float32], progress: Progress = no_progress, *, chunk: int = _CHUNK_FRAMES
) -> Analysis:
    """Features of mono samples at 22,050 Hz.

    Parameters
    ----------
    samples : (S,) float array
        Sound at `SAMPLE_RATE`, full scale ±1, finite.
    progress : Progress
        Told the share that is done; may raise `Cancelled`.
    chunk : int
        Frames computed at once; the result does not depend on it, but for rounding.

    Returns
    -------
    Analysis
        With N = 1 + S // 245 frames. In silence everything is 0, except the mel spectrogram
        (−80 dB) and the first coefficient of the MFCC (the level).
    """
    samples = np.ascontiguousarray(samples, np.float32)
    with one_thread():
        mel, centroid, bandwidth, power = _spectral_pass(samples, chunk, part(progress, 0.0, 0.95))
    loudest, onset = _mel_pass(mel, chunk)
    progress(1.0, _PHASE)
    return Analysis(
        duration=len(samples) / SAMPLE_RATE,
        mel=mel,
        loudest=loudest,
        centroid=centroid,
        bandwidth=bandwidth,
        onset=onset,
        loudness=relative_loudness(power),
    )


def mel_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The `mel` (N, 128) of `analyse` alone.

    Parameters
    ----------
    samples : (S,) float array
        Sound at `SAMPLE_RATE`, full scale ±1, finite.
    """
    samples = np.ascontiguousarray(samples, np.float32)
    with one_thread():
        mel, _, _, _ = _spectral_pass(samples, _CHUNK_FRAMES, no_progress)
    _mel_pass(mel, _CHUNK_FRAMES)
    return mel


def analysis_from_mel(mel: NDArray) -> Analysis:
    """What a mel spectrogram alone tells; for corpora that keep no sound.

    The onset envelope, tempo, pulse and (but for the level) MFCC are those of `analyse`; centroid,
    bandwidth and loudness are taken from the bands and so are near.

    Parameters
    ----------
    mel : (N, 128) array
        In dB, against any reference, at 90 Hz.
    """
    mel = np.array(mel, np.float32)
    power = 10.0 ** ((mel - mel.max()) / 10.0)
    edges = mel_frequencies(N_MELS + 2, SAMPLE_RATE / 2)
    centres, widths = edges[1:-1], edges[2:] - edges[:-2]
    magnitude = np.sqrt(power) * widths
    share = magnitude / magnitude.sum(axis=1, keepdims=True)
    centroid = share @ centres
    spread = np.sqrt((share * (centres - centroid[:, None]) ** 2).sum(axis=1))
    loud = power @ (k_weighting(centres) * widths)
    _, onset = _mel_pass(mel, _CHUNK_FRAMES)
    return Analysis(
        duration=len(mel) / FEATURE_RATE,
        mel=mel,
        loudest=0.0,
        centroid=centroid.astype(np.float32),
        bandwidth=spread.astype(np.float32),
        onset=onset,
        loudness=relative_loudness(_LOUDEST_FRAME * loud / loud.max()),
    )


def _spectral_pass(
    samples: NDArray[np.float32], chunk: int, progress: Progress
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Mel in dB (unclipped, re 1), centroid and bandwidth in Hz, K-weighted power."""
    count = 1 + len(samples) // HOP
    mel = np.empty((count, N_MELS), np.float32)
    centroid, bandwidth, loud = (np.empty(count, np.float32) for _ in range(3))
    window = torch.hann_window(N_FFT, periodic=True)
    frequencies = torch.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    mel_bank = mel_filters(SAMPLE_RATE, N_FFT, N_MELS)
    # Parseval: the two-sided sum of |X|² over N and the window's energy is the mean square.
    sides = np.full(N_FFT // 2 + 1, 2.0)
    sides[[0, -1]] = 1.0
    k_column = k_weighting(frequencies.numpy()) * sides / (N_FFT * float(window.square().sum()))
    bank = torch.from_numpy(np.vstack([mel_bank, k_column]).astype(np.float32).T.copy())

    def hear(first: int) -> int:
        last = min(first + chunk, count)
        frames = torch.from_numpy(_window_samples(samples, first, last)).unfold(0, N_FFT, HOP)
        spectrum = torch.fft.rfft(frames * window)
        power = spectrum.real.square().add_(spectrum.imag.square())
        bands = (power @ bank).numpy()
        mel[first:last] = 10.0 * np.log10(np.maximum(bands[:, :-1], _AMIN))
        loud[first:last] = bands[:, -1]
        magnitude = power.sqrt_()
        total = magnitude.sum(dim=1, keepdim=True)
        magnitude /= torch.where(total > 0.0, total, 1.0)
        centre = magnitude @ frequencies
        spread = (frequencies[None] - centre[:, None]).square_().mul_(magnitude).sum(dim=1)
        centroid[first:last] = centre.numpy()
        bandwidth[first:last] = spread.sqrt().numpy()
        return last

    side_by_side(hear, range(0, count, chunk), lambda last: progress(last / count, _PHASE))
    return mel, centroid, bandwidth, loud


def _window_samples(samples: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
    """The samples under frames [first, last), zeros beyond the ends."""
    begin = first * HOP - N_FFT // 2
    end = (last - 1) * HOP + N_FFT // 2
    inside = samples[max(begin, 0) : max(min(end, len(samples)), 0)]
    return np.pad(inside, (max(-begin, 0), end - begin - max(-begin, 0) - len(inside)))


def _mel_pass(mel: NDArray[np.float32], chunk: int) -> tuple[float, NDArray]:
    """Level of the loudest bin and onset envelope; `mel` becomes dB below that bin, in place."""
    count = len(mel)
    loudest = float(mel.max())
    if loudest <= 10.0 * np.log10(_AMIN):
        mel[:] = -TOP_DB
        return loudest + TOP_DB, np.zeros(count, np.float32)
    onset = np.zeros(count, np.float32)
    # librosa's shift for the lag of one frame and for the half window that hears an onset early.
    shift = 1 + N_FFT // (2 * HOP)
    before: NDArray | None = None
    for first in range(0, count, chunk):
        block = mel[first : first + chunk]
        np.maximum(block, loudest - TOP_DB, out=block)
        rising = block if before is None else np.vstack([before, block])
        before = block[-1:].copy()
        flux = np.maximum(np.diff(rising, axis=0), 0.0).mean(axis=1)
        at = first + shift - (first > 0)
        room = max(min(len(flux), count - at), 0)
        onset[at : at + room] = flux[:room]
        block -= loudest
    return loudest, onset
