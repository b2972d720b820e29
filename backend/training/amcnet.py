"""Training of AMCNet on pairs of music and motion that belong together and that do not."""

from pathlib import Path
from typing import Final

import numpy as np
from torch import Tensor

from backend.models.amcnet import MOTION_RATE, AmcNet
from backend.training.amc_data import Pairs, amc_loss, conducted_clips, sample_pairs
from backend.training.config import TrainingConfig
from backend.training.correspondence import score_pairs
from backend.training.run import train
from retarget.progress import Progress, no_progress


def train_amcnet(config: TrainingConfig, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no clips with motion of two works, or `config.init_checkpoint` cannot be
        loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    return train(config, AmcNet, _Correspondence(config), progress)


class _Correspondence:
    """Which motion conducts which music."""

    kind: Final = "amcnet"

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._train = conducted_clips(Path(config.data), config.train_split, config.seconds)
        self._held_out = conducted_clips(Path(config.data), config.val_split, config.seconds)
        self.hours = sum(clip.frames for clip in self._train) / MOTION_RATE / 3600.0

    def sample_batch(self, rng: np.random.Generator) -> Pairs:
        return sample_pairs(self._train, self._config.batch_size, self._config.seconds, rng)

    def losses(self, network: AmcNet, batch: Pairs) -> dict[str, Tensor]:
        moved = batch.to(self._config.torch_device)
        return {"total": amc_loss(*network.compare(moved.mel, moved.joints, moved.other))}

    def validate(self, network: AmcNet) -> dict[str, float]:
        """Loss and pair accuracies on held-out works."""
        scores = score_pairs(network, self._held_out, self._config.seconds)
        accuracies = {f"accuracy {kind}": value for kind, value in scores.accuracy.items()}
        return {"total": scores.loss, **accuracies}
