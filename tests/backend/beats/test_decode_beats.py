"""Decoding: from what a network would say to the beats it means."""

import numpy as np
import pytest

from backend.beats.decode import Heard, decode_beats
from backend.models.beat_net import BAR_LENGTHS, FASTEST_BPM, RATE, SLOW, SLOWEST_BPM, TEMPI

TEMPO_SCALE = np.geomspace(SLOWEST_BPM, FASTEST_BPM, TEMPI)


def heard_of(beats: np.ndarray, in_bar: np.ndarray, numbers: np.ndarray, seed: int = 0) -> Heard:
    """A good network's answer: peaks at the beats, with noise; some beats missed, some invented."""
    rng = np.random.default_rng(seed)
    count = int((beats[-1] + 2.0) * RATE / SLOW) * SLOW
    at = np.arange(count) / RATE

    def bumps(times: np.ndarray) -> np.ndarray:
        if len(times) == 0:
            return np.zeros(count)
        nearest = np.abs(at[:, None] - times[None]).min(axis=1)
        return np.exp(-0.5 * (nearest * RATE) ** 2)

    kept = rng.random(len(beats)) > 0.1
    stray = rng.uniform(0.0, beats[-1], len(beats) // 8)
    beat = np.clip(0.8 * bumps(beats[kept]) + 0.35 * bumps(stray), 0.01, 0.99)
    down = np.clip(0.7 * bumps(beats[kept & (numbers == 1)]), 0.01, 0.99)
    slow = at.reshape(-1, SLOW).mean(axis=1)
    place = np.clip(np.searchsorted(beats, slow, side="right") - 1, 0, len(beats) - 1)
    meter = np.full((len(slow), len(BAR_LENGTHS)), 0.3 / (len(BAR_LENGTHS) - 1))
    meter[np.arange(len(slow)), [BAR_LENGTHS.index(n) for n in in_bar[place]]] = 0.7
    bpm = 60.0 / np.gradient(beats)[place]
    tempo = np.exp(-0.5 * ((np.log2(TEMPO_SCALE)[None] - np.log2(bpm)[:, None]) / 0.1) ** 2) + 1e-3
    return Heard(beat, down, meter, tempo / tempo.sum(axis=1, keepdims=True), TEMPO_SCALE)


def numbered(count: int, bars: list[int]) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.concatenate([np.arange(1, n + 1) for n in bars])[:count]
    in_bar = np.concatenate([np.full(n, n) for n in bars])[:count]
    return numbers, in_bar


def hits(found: np.ndarray, truth: np.ndarray, tolerance: float = 0.05) -> float:
    near = np.abs(found[:, None] - truth[None]).min(axis=1) <= tolerance
    caught = np.abs(truth[:, None] - found[None]).min(axis=1) <= tolerance
    return (
        2.0 * near.sum() * caught.sum() / (near.sum() + caught.sum()) / max(len(found), len(truth))
    )


@pytest.mark.parametrize("bpm", [45, 72, 100, 150, 200])
def test_steady_beats_are_found_although_some_are_missed_and_some_invented(bpm: float) -> None:
    beats = 1.0 + np.arange(60) * 60.0 / bpm
    numbers, in_bar = numbered(60, [4] * 15)
    heard = heard_of(beats, in_bar, numbers)
    found = decode_beats(heard) / RATE
    found = found[(found > beats[0] - 0.1) & (found < beats[-1] + 0.1)]
    assert hits(found, beats) > 0.95


def test_rubato_is_followed() -> None:
    interval = 0.6 * (1.0 + 0.18 * np.sin(np.arange(80) / 5.0))
    beats = 1.0 + np.cumsum(interval)
    numbers, in_bar = numbered(80, [3] * 27)
    found = decode_beats(heard_of(beats, in_bar, numbers)) / RATE
    found = found[(found > beats[0] - 0.1) & (found < beats[-1] + 0.1)]
    assert hits(found, beats, 0.05) > 0.95


def test_a_given_tempo_decides_between_levels() -> None:
    beats = 1.0 + np.arange(80) * 0.4
    numbers, in_bar = numbered(80, [2] * 40)
    heard = heard_of(beats, in_bar, numbers)
    prior = np.maximum(-0.5 * (np.log2(TEMPO_SCALE / 75.0) / 0.12) ** 2, -30.0) / 0.6
    found = decode_beats(heard, tempo_prior=prior) / RATE
    assert 60.0 / np.median(np.diff(found)) == pytest.approx(75.0, rel=0.05)


def test_nothing_heard_gives_nothing() -> None:
    nothing = np.zeros(0)
    empty = Heard(
        nothing, nothing, np.zeros((0, len(BAR_LENGTHS))), np.zeros((0, TEMPI)), TEMPO_SCALE
    )
    assert len(decode_beats(empty)) == 0
