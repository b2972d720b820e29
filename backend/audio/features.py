"""The paper's features and the mel spectrogram, at 90 Hz, in torch and in chunks.

Each is what librosa's function of the same name gives with `sr=22050, hop_length=245, n_fft=2048`
(centred Hann windows, zeros beyond the ends). Work memory does not grow with the music, and the
chunk borders do not show: every frame is computed from its own window alone.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.decode import from_mono
from backend.audio.growing import Growing
from backend.audio.loudness import k_weighting, relative_loudness
from backend.audio.mel_bands import mel_filters, mel_frequencies
from backend.audio.rates import FEATURE_RATE, HOP, N_MELS, SAMPLE_RATE
from backend.audio.threads import in_order, one_thread
from retarget.progress import Progress, no_progress

N_FFT: Final = 2048
"""Samples in an analysis window."""

TOP_DB: Final = 80.0
"""Depth of the mel spectrogram below its loudest bin, dB (librosa's `power_to_db`)."""

# Mean square of a loud frame in a recording at its usual level, −14 dB below full scale.
_LOUDEST_FRAME: Final = 0.04
_AMIN: Final = 1e-10
_CHUNK_FRAMES: Final = 256
# Bands whose filters are applied at once: neighbours use the same bins.
_BANDS: Final = 16
_BLOCK: Final = 1 << 16
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
    return from_mono(
        path, _analysed, start=start, duration=duration, track=track, progress=progress
    )


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
    analysis = _analysed(_blocks(samples, progress), chunk)
    progress(1.0, _PHASE)
    return analysis


def mel_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The `mel` (N, 128) of `analyse` alone.

    Parameters
    ----------
    samples : (S,) float array
        Sound at `SAMPLE_RATE`, full scale ±1, finite.
    """
    return analyse(samples).mel


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


def _blocks(samples: NDArray[np.float32], progress: Progress) -> Iterator[NDArray[np.float32]]:
    """The samples in blocks, as a file gives them."""
    samples = np.asarray(samples, np.float32)
    for first in range(0, len(samples), _BLOCK):
        progress(first / len(samples), _PHASE)
        yield samples[first : first + _BLOCK]


def _analysed(blocks: Iterator[NDArray[np.float32]], chunk: int = _CHUNK_FRAMES) -> Analysis:
    """Features of mono samples that come in blocks, worked out while the next ones are read."""
    count = 0

    def counted() -> Iterator[NDArray[np.float32]]:
        nonlocal count
        for block in blocks:
            count += len(block)
            yield block

    # Not a list of the chunks: what is kept among work memory breaks it up.
    heard = [Growing() for _ in range(4)]
    with one_thread(), closing(in_order(_Spectra().of, _windows(counted(), chunk))) as chunks:
        for chunk_features in chunks:
            for whole, rows in zip(heard, chunk_features, strict=True):
                whole.add(rows)
    mel, centroid, bandwidth, power = (whole.array() for whole in heard)
    loudest, onset = _mel_pass(mel, chunk)
    return Analysis(
        duration=count / SAMPLE_RATE,
        mel=mel,
        loudest=loudest,
        centroid=centroid,
        bandwidth=bandwidth,
        onset=onset,
        loudness=relative_loudness(power),
    )


def _windows(blocks: Iterator[NDArray[np.float32]], chunk: int) -> Iterator[NDArray[np.float32]]:
    """The samples under the windows of `chunk` frames and of the next ones, zeros beyond the ends.

    The last chunk has fewer.
    """
    held, step = np.zeros(N_FFT // 2, np.float32), chunk * HOP
    under = step - HOP + N_FFT
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= under:
            yield held[:under]
            held = held[step:]
    frames = 1 + (len(held) - N_FFT // 2) // HOP
    held = np.pad(held, (0, N_FFT))
    for first in range(0, frames, chunk):
        last = min(first + chunk, frames)
        yield held[first * HOP : (last - 1) * HOP + N_FFT]


class _Spectra:
    """What the spectra of a few frames say: mel, centroid and bandwidth, K-weighted power."""

    def __init__(self) -> None:
        bins = N_FFT // 2 + 1
        self._window = torch.hann_window(N_FFT, periodic=True)
        self._frequencies = torch.linspace(0.0, SAMPLE_RATE / 2, bins)
        filters = mel_filters(SAMPLE_RATE, N_FFT, N_MELS)
        self._filters = [_narrow(filters[i : i + _BANDS]) for i in range(0, N_MELS, _BANDS)]
        # Parseval: the two-sided sum of |X|² over N and the window's energy is the mean square.
        sides = np.full(bins, 2.0)
        sides[[0, -1]] = 1.0
        weights = k_weighting(self._frequencies.numpy()) * sides
        weights /= N_FFT * float(self._window.square().sum())
        self._k_weights = torch.from_numpy(weights.astype(np.float32))

    def of(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Mel (n, 128) in dB (unclipped, re 1), centroid and bandwidth in Hz, mean square; (n,)."""
        frames = torch.from_numpy(samples).unfold(0, N_FFT, HOP)
        spectrum = torch.fft.rfft(frames * self._window)
        power = spectrum.real.square().add_(spectrum.imag.square())
        bands = torch.cat([power[:, bins] @ weights for bins, weights in self._filters], dim=1)
        mel = bands.clamp_min_(_AMIN).log10_().mul_(10.0)
        loud = power @ self._k_weights
        magnitude = power.sqrt_()
        total = magnitude.sum(dim=1, keepdim=True)
        magnitude /= torch.where(total > 0.0, total, 1.0)
        centroid = magnitude @ self._frequencies
        away = self._frequencies - centroid[:, None]
        bandwidth = away.square_().mul_(magnitude).sum(dim=1).sqrt_()
        return mel.numpy(), centroid.numpy(), bandwidth.numpy(), loud.numpy()


def _narrow(filters: NDArray[np.float32]) -> tuple[slice, torch.Tensor]:
    """The bins that a few filters (n, bins) use, and their weights (those bins, n)."""
    used = np.flatnonzero(filters.any(axis=0))
    bins = slice(int(used[0]), int(used[-1]) + 1)
    return bins, torch.from_numpy(filters[:, bins].T.copy())


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
