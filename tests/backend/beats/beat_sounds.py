"""Music made in the test: chords on beats."""

import numpy as np

from backend.audio.rates import SAMPLE_RATE


def accompaniment(
    beats: np.ndarray, in_bar: int, end: float, subdivision: int = 1, seed: int = 0
) -> np.ndarray:
    """Bass, a new chord and a stronger stroke on downbeats, light chords on the other beats."""
    rng = np.random.default_rng(seed)
    sound = 1e-4 * rng.standard_normal(int(end * SAMPLE_RATE))

    def strike(at: float, pitches: list[float], level: float, noise: float) -> None:
        first = round(at * SAMPLE_RATE)
        t = np.arange(max(min(int(0.5 * SAMPLE_RATE), len(sound) - first), 0)) / SAMPLE_RATE
        for pitch in pitches:
            sound[first : first + len(t)] += (
                level * np.sin(2 * np.pi * pitch * t) * np.exp(-5 * t) / len(pitches)
            )
        sound[first : first + len(t)] += noise * rng.standard_normal(len(t)) * np.exp(-60 * t)

    chord = [262.0, 330.0, 392.0]
    for i, at in enumerate(beats):
        if i % in_bar == 0:
            root = float(rng.choice([220, 247, 262, 294, 330]))
            chord = [root, root * 1.25, root * 1.5]
            strike(at, [root / 4], 0.4, 0.1)
        strike(at, chord, 0.2, 0.06)
        if i + 1 < len(beats):
            for k in range(1, subdivision):
                between = at + (beats[i + 1] - at) * k / subdivision
                strike(between, chord, 0.08, 0.03)
    return sound.astype(np.float32)


def steady(bpm: float, count: int, start: float = 0.5) -> np.ndarray:
    return start + np.arange(count) * 60.0 / bpm
