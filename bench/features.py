"""Features: ours against librosa's functions, and against decoding alone as the floor.

`python -m bench.features [--json] [--seconds S]` synthesises a piece, writes it as mp3 and measures
everything in the same run on one thread: decoding to mono 22,050 Hz (what no feature extraction can
beat), our features and librosa's features on the decoded sound, and our beats.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.decode import load_audio
from backend.audio.features import analyse
from backend.audio.rates import HOP, SAMPLE_RATE
from backend.beats.track import track_beats

_FILE_RATE: Final = 44_100
_BLOCK: Final = 1152 * 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the piece")
    options = parser.parse_args()
    figures = measure(options.seconds)
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name.replace('_', ' '):<34}{value:10.3f}\n")


def measure(seconds: float) -> dict[str, float]:
    """Seconds of each step for a piece of this length, and their ratios.

    Returns
    -------
    dict
        `decode_s`, `ours_s`, `librosa_s`, `beats_s`; `librosa_over_ours` (higher is better) and
        `ours_over_decode` (1 would be as fast as only reading the file).
    """
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.mp3"
        write_piece(path, seconds)
        sound, decode_s = _timed(lambda: load_audio(path))
    # Imports and compiled code are warm for both sides.
    warm = sound[: 5 * SAMPLE_RATE]
    track_beats(analyse(warm))
    librosa_features(warm)
    analysis, ours_s = _timed(lambda: _all_features(sound))
    _, librosa_s = _timed(lambda: librosa_features(sound))
    _, beats_s = _timed(lambda: track_beats(analysis))
    return {
        "music_s": seconds,
        "decode_s": decode_s,
        "ours_s": ours_s,
        "librosa_s": librosa_s,
        "beats_s": beats_s,
        "librosa_over_ours": librosa_s / ours_s,
        "ours_over_decode": ours_s / decode_s,
    }


def _all_features(sound: NDArray[np.float32]) -> Analysis:
    analysis = analyse(sound)
    # These are worked out when they are asked for.
    _ = analysis.mfcc, analysis.tempo, analysis.pulse
    return analysis


def librosa_features(sound: NDArray[np.float32]) -> list[NDArray]:
    """The same features by librosa's functions, the spectrogram and onsets computed once."""
    rate: dict[str, Any] = {"sr": SAMPLE_RATE, "hop_length": HOP}
    magnitude = np.abs(librosa.stft(sound, n_fft=2048, hop_length=HOP))
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=SAMPLE_RATE))
    onset = librosa.onset.onset_strength(S=mel, **rate)
    return [
        librosa.feature.mfcc(S=mel, sr=SAMPLE_RATE),
        librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE),
        librosa.feature.spectral_bandwidth(S=magnitude, sr=SAMPLE_RATE),
        librosa.feature.tempo(onset_envelope=onset, aggregate=None, **rate),
        librosa.beat.plp(onset_envelope=onset, **rate),
    ]


def write_piece(path: Path, seconds: float) -> None:
    """A stereo mp3 of chords on a beat that speeds up and slows down, written block by block."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libmp3lame", rate=_FILE_RATE, layout="stereo")
        for first in range(0, int(seconds * _FILE_RATE), _BLOCK):
            t = (first + np.arange(_BLOCK)) / _FILE_RATE
            beat = t * 2.0 + 0.5 * np.sin(t / 7.0)
            decay = np.exp(-4.0 * (beat % 1.0))
            pitch = 220.0 * 2.0 ** ((np.floor(beat) * 5 % 12) / 12)
            tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 1.25, 1.5, 2))
            block = 0.15 * decay * tone + 0.01 * rng.standard_normal(_BLOCK)
            samples = np.tile(block.astype(np.float32), (2, 1))
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = _FILE_RATE, first
            frame.time_base = Fraction(1, _FILE_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


if __name__ == "__main__":
    main()
