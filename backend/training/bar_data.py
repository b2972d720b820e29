"""Pulses of the corpus for training the bar network, varied anew each time they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.audio.features import analysis_from_mel
from backend.beats.accents import pulse_sound
from backend.beats.decode import decode_beats
from backend.beats.listen import listen
from backend.beats.pulses import pulse_features
from backend.models.bar_net import PULSE_FEATURES
from backend.models.beat_net import BeatNet, places_of, seconds_of
from backend.training.bar_targets import UNKNOWN, states_of
from backend.training.beat_data import AnnotatedClip, clip_weights
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

_FEWEST_PULSES: Final = 8
# True beats are played, and heard, a little beside their places.
_BESIDE_S: Final = 0.012
_SHORTEST_S: Final = 0.12
# Pulses at another level are every so many beats, or so many in each.
_LEVELS: Final = (2, 3)
# Share of the stretches whose pulses are those that are heard.
_HEARD: Final = 0.7
_TEMPO_STD: Final = 0.03


@dataclass(frozen=True)
class Pulses:
    """Pulses of a clip.

    Parameters
    ----------
    features : (P, PULSE_FEATURES) float32 array
        What the beat network says of them.
    states : (P,) int array
        What they are, or `UNKNOWN`.
    work : str
        What is played.
    heard : bool
        Whether they are what the beat search found.
    """

    features: NDArray[np.float32]
    states: NDArray[np.int64]
    work: str
    heard: bool

    def __len__(self) -> int:
        return len(self.states)


def read_pulses(
    clips: Sequence[AnnotatedClip],
    network: BeatNet,
    *,
    made: bool,
    seed: int,
    progress: Progress = no_progress,
) -> list[Pulses]:
    """The pulses that are heard in clips.

    Parameters
    ----------
    clips, network
    made : bool
        Also make pulses of the true beats, at their level and at another one.
    seed : int
        For the latter.
    """
    found = []
    for index, clip in enumerate(clips):
        progress(index / len(clips), "hearing the pulses")
        heard = listen(network, clip.mel)
        analysis = analysis_from_mel(clip.mel)
        places = [decode_beats(heard)]
        if made:
            rng = np.random.default_rng([seed, index])
            places += [places_of(times) for times in _made(clip.grid.times, rng)]
        for at, pulses in enumerate(places):
            if len(pulses) >= _FEWEST_PULSES:
                states = states_of(seconds_of(pulses), clip.grid)
                sound = pulse_sound(analysis, pulses)
                features = pulse_features(heard, pulses, sound)
                found.append(Pulses(features, states, clip.work, at == 0))
    return found


def _made(beats: Array, rng: np.random.Generator) -> list[Array]:
    """Pulses where the beats are, and at another level."""
    count = int(rng.choice(_LEVELS))
    if rng.random() < 0.5:
        level = beats[int(rng.integers(count)) :: count]
    else:
        level = np.interp(np.arange(len(beats) * count) / count, np.arange(len(beats)), beats)
    moved = [times + rng.normal(0.0, _BESIDE_S, len(times)) for times in (beats, level)]
    return [times for times in moved if (np.diff(times) > _SHORTEST_S).all()]


@dataclass(frozen=True)
class PulseBatch:
    """Stretches of P pulses.

    Parameters
    ----------
    features : (B, P, PULSE_FEATURES) tensor
    states : (B, P) long tensor
    """

    features: Tensor
    states: Tensor

    def to(self, device: torch.device) -> "PulseBatch":
        """The same on a device."""
        return PulseBatch(self.features.to(device), self.states.to(device))


class PulseSampler:
    """What batches are drawn from: pulses that are heard more often than those that are made."""

    def __init__(self, pulses: Sequence[Pulses]) -> None:
        self._pulses = pulses
        often = clip_weights([len(p) for p in pulses], [p.work for p in pulses])
        heard = np.array([p.heard for p in pulses])
        if heard.any() and not heard.all():
            share = often[heard].sum()
            often = often * np.where(heard, _HEARD / share, (1.0 - _HEARD) / (1.0 - share))
        self._often = often / often.sum()

    def sample_batch(self, size: int, count: int, rng: np.random.Generator) -> PulseBatch:
        """`size` varied stretches of `count` pulses."""
        drawn = rng.choice(len(self._pulses), size=size, p=self._often)
        features, states = zip(*(_crop(self._pulses[i], count, rng) for i in drawn), strict=True)
        return PulseBatch(torch.stack(features), torch.stack(states))


def _crop(pulses: Pulses, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    first = int(rng.integers(0, max(len(pulses) - count, 0) + 1))
    last = min(first + count, len(pulses))
    features = torch.zeros(count, PULSE_FEATURES)
    features[: last - first] = torch.from_numpy(pulses.features[first:last])
    features[:, -1] += float(rng.normal(0.0, _TEMPO_STD))
    states = torch.full((count,), UNKNOWN)
    states[: last - first] = torch.from_numpy(pulses.states[first:last])
    return features, states
