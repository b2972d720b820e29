"""Clips with beats for tests."""

from pathlib import Path

import numpy as np

from backend.audio.rates import FEATURE_RATE
from backend.grid.beat_grid import BeatGrid


def write_clip(folder: Path, bpm: float, beats_in_bar: int) -> None:
    """Twenty seconds of noise bursts on every beat, lower ones on the first of a bar."""
    folder.mkdir(parents=True)
    times = 0.5 + np.arange(int(19.0 * bpm / 60.0)) * 60.0 / bpm
    numbers = np.arange(len(times)) % beats_in_bar + 1
    grid = BeatGrid(
        times,
        numbers,
        np.full(len(times), beats_in_bar),
        (f"{beats_in_bar}/4",) * len(times),
        np.ones(len(times)),
    )
    grid.save(folder / "beats.txt")
    mel = np.full((int(20 * FEATURE_RATE), 128), -70.0)
    for time, number in zip(times, numbers, strict=True):
        at = int(time * FEATURE_RATE)
        bands = slice(0, 40) if number == 1 else slice(60, 120)
        mel[at : at + 12, bands] = -6.0 * np.arange(12)[: len(mel) - at, None]
    np.save(folder / "mel.npy", mel.astype(np.float16))
