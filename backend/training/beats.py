"""Training of the beat network: from the corpus to a checkpoint."""

from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np
from torch import Tensor

from backend.audio.rates import FEATURE_RATE
from backend.models.beat_net import BeatNet
from backend.training.beat_data import (
    BeatTrainingConfig,
    clips_to_learn,
    read_clips,
    sample_batch,
)
from backend.training.beat_targets import BeatTargets, beat_loss
from backend.training.run import train
from retarget.progress import Progress, no_progress

_VALIDATION_BATCHES: Final = 6
_VALIDATION_SEED: Final = 12345


def train_beats(config: BeatTrainingConfig, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no clips with beats, or `config.init_checkpoint` cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    return train(config, BeatNet, _Beats(config), progress)


class _Beats:
    """Beats, downbeats, meter and tempo, from the mel spectrogram."""

    kind: Final = "beats"

    def __init__(self, config: BeatTrainingConfig) -> None:
        self._config = config
        self._train = clips_to_learn(config)
        self._held_out = read_clips(config.data, config.val_split)
        self.hours = sum(len(clip.mel) for clip in self._train) / FEATURE_RATE / 3600.0

    def sample_batch(self, rng: np.random.Generator) -> tuple[Tensor, BeatTargets]:
        return sample_batch(self._train, self._config.batch_size, self._config.seconds, rng)

    def losses(self, network: BeatNet, batch: tuple[Tensor, BeatTargets]) -> dict[str, Tensor]:
        device = self._config.torch_device
        mel, targets = batch
        on_device = BeatTargets(*(getattr(targets, f.name).to(device) for f in fields(targets)))
        return beat_loss(network(mel.to(device)), on_device)

    def validate(self, network: BeatNet) -> dict[str, float]:
        """Mean losses over stretches of held-out works."""
        rng = np.random.default_rng(_VALIDATION_SEED)
        sums: dict[str, list[float]] = {}
        for _ in range(_VALIDATION_BATCHES):
            batch = sample_batch(self._held_out, self._config.batch_size, self._config.seconds, rng)
            for name, value in self.losses(network, batch).items():
                sums.setdefault(name, []).append(float(value))
        return {name: float(np.mean(values)) for name, values in sums.items()}
