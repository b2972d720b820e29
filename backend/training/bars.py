"""Training of the bar network on the pulses that a trained beat network hears."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.audio.rates import FEATURE_RATE
from backend.beats.bar_states import STATES
from backend.beats.listen import load_beat_net
from backend.models.bar_net import BarNet, BarNetConfig
from backend.models.checkpoint import shipped
from backend.training.bar_data import PulseBatch, PulseSampler, read_pulses
from backend.training.bar_targets import bar_loss
from backend.training.beat_data import BeatTrainingConfig, clips_to_learn, read_clips
from backend.training.config import Positive
from backend.training.run import train
from retarget.progress import Progress, no_progress, part

_VALIDATION_BATCHES: Final = 8
_VALIDATION_SEED: Final = 12345


@dataclass(frozen=True)
class BarTrainingConfig(BeatTrainingConfig):
    """Settings of the bar network's training beside those of every training.

    Parameters
    ----------
    beats : str
        Checkpoint of the beat network that hears the pulses; the one that comes with the program
        if empty.
    pulses : int
        Length of a stretch; `seconds` is not used.
    """

    beats: str = ""
    pulses: Positive = 96


def train_bars(config: BarTrainingConfig, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no clips with beats, or a checkpoint cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    problem = _Bars(config, part(progress, 0.0, 0.5, "hearing the pulses"))
    return train(
        config,
        lambda: BarNet(BarNetConfig(STATES)),
        problem,
        part(progress, 0.5, 1.0, "training"),
    )


class _Bars:
    """Level, meter and place in the bar, from pulse to pulse."""

    kind: Final = "bars"

    def __init__(self, config: BarTrainingConfig, progress: Progress) -> None:
        self._config = config
        if config.threads:
            torch.set_num_threads(config.threads)
        network = load_beat_net(Path(config.beats) if config.beats else shipped("beats"))
        learned = clips_to_learn(config)
        held_out = read_clips(config.data, config.val_split)
        share = len(learned) / (len(learned) + len(held_out))
        self._train = PulseSampler(
            read_pulses(
                learned, network, made=True, seed=config.seed, progress=part(progress, 0.0, share)
            )
        )
        self._held_out = PulseSampler(
            read_pulses(held_out, network, made=False, seed=0, progress=part(progress, share, 1.0))
        )
        self.hours = sum(len(clip.mel) for clip in learned) / FEATURE_RATE / 3600.0

    def sample_batch(self, rng: np.random.Generator) -> PulseBatch:
        return self._train.sample_batch(self._config.batch_size, self._config.pulses, rng)

    def losses(self, network: BarNet, batch: PulseBatch) -> dict[str, Tensor]:
        batch = batch.to(self._config.torch_device)
        return {"total": _loss(network(batch.features), batch.states)}

    def validate(self, network: BarNet) -> dict[str, float]:
        """Mean loss of the members' mean over stretches of held-out works."""
        rng = np.random.default_rng(_VALIDATION_SEED)
        losses = []
        for _ in range(_VALIDATION_BATCHES):
            batch = self._held_out.sample_batch(self._config.batch_size, self._config.pulses, rng)
            batch = batch.to(self._config.torch_device)
            losses.append(float(bar_loss(network(batch.features).mean(dim=0), batch.states)))
        return {"total": float(np.mean(losses))}


def _loss(scores: Tensor, states: Tensor) -> Tensor:
    """Mean loss of the members, each of which is to be right by itself."""
    members = len(scores)
    return bar_loss(scores.flatten(0, 1), states.repeat(members, 1))
