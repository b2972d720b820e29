"""What an alignment hears in a recording: chroma, and where in each semitone something begins."""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.decode import load_audio
from backend.audio.rates import SAMPLE_RATE
from backend.audio.threads import side_by_side
from retarget.progress import Progress, no_progress, part

ONSET_HOP: Final = 220
ONSET_RATE: Final = SAMPLE_RATE / ONSET_HOP
"""Frames a second in which onsets are told; 9.98 ms each."""

CHROMA_HOP: Final = 880
CHROMA_RATE: Final = SAMPLE_RATE / CHROMA_HOP
"""Frames a second of the chroma; every fourth one of the onsets'."""

LOWEST: Final = 40
SEMITONES: Final = 68
"""Keys whose onsets are told, from E2 on."""

# Onsets of low keys are heard in long windows, which tell keys apart, those of high keys, and the
# overtones of low ones, in short windows, which tell moments apart.
_LONG_WINDOW, _SHORT_WINDOW = 2048, 1024
_HIGH: Final = 84
_CHROMA_WINDOW: Final = 4096
# Keys that are folded to chroma, C2 to C7.
_FOLDED: Final = (36, 97)
# Magnitudes are compressed by log(1 + this × magnitude / the piece's loud ones): more for onsets,
# so that soft ones are heard when they begin.
_COMPRESSION: Final = 100.0
_ONSET_COMPRESSION: Final = 1000.0
_LOUD: Final = 0.99
# Frames over which a rise is measured.
_RISE: Final = 1
_BLOCK_S: Final = 20.0
# Peaks from which the tuning is read, Hz, and in how many frames.
_TUNING_HZ: Final = (150.0, 2000.0)
_TUNING_FRAMES: Final = 240
_ONSET_BANDS: Final = (
    (_LONG_WINDOW, LOWEST, _HIGH),
    (_SHORT_WINDOW, _HIGH, LOWEST + SEMITONES),
)
_PHASE: Final = "following the score"


@dataclass(frozen=True)
class Sound:
    """Features of a recording.

    Parameters
    ----------
    duration : float
        Seconds.
    cents : float
        Its tuning against 440 Hz, −50 to 50.
    chroma : (N, 12) float32 array
        How strongly each pitch class sounds around frame i, `i / CHROMA_RATE` seconds; compressed.
    onsets : (M, SEMITONES) float16 array
        How much each semitone rises around frame i, `i / ONSET_RATE` seconds.
    level : (N,) float32 array
        Loudness of the frames of the chroma, dB against the loud ones.
    """

    duration: float
    cents: float
    chroma: NDArray[np.float32]
    onsets: NDArray[np.float16]
    level: NDArray[np.float32]

    def excerpt(self, start: float, duration: float) -> "Sound":
        """The features of a stretch, to a frame."""
        first, count = round(start * CHROMA_RATE), int(np.ceil(duration * CHROMA_RATE)) + 1
        frames = slice(first, first + count)
        return Sound(
            duration,
            self.cents,
            self.chroma[frames],
            self.onsets[4 * first : 4 * (first + count)],
            self.level[frames],
        )


def hear_sound(
    music: Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
    progress: Progress = no_progress,
) -> Sound:
    """Features of a stretch of a file; see `backend.audio.decode.load_audio`.

    Raises
    ------
    ConductorError
        If the music cannot be read.
    """
    reading = part(progress, 0.0, 0.6)
    samples = load_audio(music, start=start, duration=duration, track=track, progress=reading)
    return sound_of(samples, part(progress, 0.6, 1.0, _PHASE))


def sound_of(samples: NDArray[np.float32], progress: Progress = no_progress) -> Sound:
    """Features of mono samples at 22,050 Hz; work memory does not grow with them.

    Chroma and onsets by semitone as in Ewert, Müller & Grosche, "High resolution audio
    synchronization using chroma onset features" (ICASSP 2009), from spectra instead of filters.

    Parameters
    ----------
    samples : (S,) float array
        Finite; full scale ±1.
    """
    cents, loud = _tuning(samples)
    frames = len(samples) // ONSET_HOP + 1
    frames += -frames % 4
    block = int(_BLOCK_S * ONSET_RATE) // 4 * 4
    firsts = range(0, frames, block)
    onsets = np.zeros((frames, SEMITONES), np.float16)
    chroma = np.zeros((frames // 4, 12), np.float32)
    level = np.zeros(frames // 4, np.float32)

    def hear(first: int) -> int:
        stop = min(first + block, frames)
        for window, low, high in _ONSET_BANDS:
            spectra = _spectra(samples, first - _RISE, stop + _RISE, ONSET_HOP, window)
            bands = spectra @ _bands(window, low, high, cents)
            keys = torch.log1p(_ONSET_COMPRESSION / loud * bands)
            rise = torch.relu(keys[2 * _RISE :] - keys[: -2 * _RISE])
            onsets[first:stop, low - LOWEST : high - LOWEST] = rise.numpy()
        spectra = _spectra(samples, first // 4, stop // 4, CHROMA_HOP, _CHROMA_WINDOW)
        energy = torch.sqrt(torch.square(spectra).sum(1))
        level[first // 4 : stop // 4] = (20.0 * torch.log10(energy / loud + 1e-5)).numpy()
        keys = torch.log1p(
            _COMPRESSION / loud * (spectra @ _bands(_CHROMA_WINDOW, *_FOLDED, cents))
        )
        chroma[first // 4 : stop // 4] = (keys @ _fold()).numpy()
        return stop

    side_by_side(hear, firsts, lambda stop: progress(stop / frames, _PHASE))
    return Sound(len(samples) / SAMPLE_RATE, cents, chroma, onsets, level)


def _spectra(
    samples: NDArray[np.float32], first: int, stop: int, hop: int, window: int
) -> torch.Tensor:
    """Magnitudes (stop − first, window // 2 + 1) of frames centred at multiples of the hop."""
    begin, end = first * hop - window // 2, (stop - 1) * hop + window // 2
    piece = np.zeros(end - begin, np.float32)
    low, high = max(begin, 0), min(end, len(samples))
    if high > low:
        piece[low - begin : high - begin] = samples[low:high]
    frames = torch.from_numpy(piece).unfold(0, window, hop)
    return torch.fft.rfft(frames * _hann(window)).abs() / window


@cache
def _hann(window: int) -> torch.Tensor:
    return torch.hann_window(window)


@lru_cache(maxsize=8)
def _bands(window: int, low: int, high: int, cents: float) -> torch.Tensor:
    """Weights (window // 2 + 1, high − low) of the bins for each key."""
    hertz = np.arange(1, window // 2 + 1) * SAMPLE_RATE / window
    keys = 69.0 + 12.0 * np.log2(hertz / 440.0) - cents / 100.0
    # In the depth bins lie further apart than keys; each key has at least the bins beside it.
    width = np.maximum(0.4, 0.5 * 12.0 * np.log2(1.0 + SAMPLE_RATE / window / hertz))
    weights = np.exp(-0.5 * ((keys[:, None] - np.arange(low, high)) / width[:, None]) ** 2)
    return torch.from_numpy(np.vstack([np.zeros(high - low), weights]).astype(np.float32))


@cache
def _fold() -> torch.Tensor:
    """Keys to pitch classes, those in the middle more than the outer ones."""
    keys = np.arange(*_FOLDED)
    weight = np.exp(-0.5 * ((keys - 64.0) / 15.0) ** 2)
    return torch.from_numpy((np.eye(12)[keys % 12] * weight[:, None]).astype(np.float32))


def _tuning(samples: NDArray[np.float32]) -> tuple[float, float]:
    """The tuning in cents, and the magnitude that loud peaks have."""
    count = len(samples) // CHROMA_HOP + 1
    found = []
    for frame in np.unique(np.linspace(0, count - 1, _TUNING_FRAMES).astype(int)).tolist():
        found.append(_spectra(samples, frame, frame + 1, CHROMA_HOP, 2 * _CHROMA_WINDOW))
    spectra = torch.cat(found).numpy().astype(np.float64)
    loud = max(float(np.quantile(spectra.max(axis=1), _LOUD)), 1e-6)
    low, high = (int(f * 2 * _CHROMA_WINDOW / SAMPLE_RATE) for f in _TUNING_HZ)
    middle, left, right = (spectra[:, low + d : high + d] for d in (0, -1, 1))
    peaks = (middle > left) & (middle >= right) & (middle > 0.02 * loud)
    if not peaks.any():
        return 0.0, loud
    a, b, c = (np.log(it[peaks] + 1e-12) for it in (left, middle, right))
    bins = np.nonzero(peaks)[1] + low + 0.5 * (a - c) / (a - 2.0 * b + c)
    keys = 12.0 * np.log2(bins * SAMPLE_RATE / (2 * _CHROMA_WINDOW) / 440.0)
    turn = (np.sqrt(middle[peaks]) * np.exp(2j * np.pi * keys)).sum()
    return round(float(np.angle(turn)) * 50.0 / np.pi, 1), loud
