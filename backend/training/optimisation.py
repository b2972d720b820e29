"""How weights are learned: AdamW, a learning rate that warms up and decays, and their EMA."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from backend.training.config import TrainingConfig
from backend.training.ranks import average_gradients

_GRADIENT_NORM: Final = 1.0
# Share of the learning rate that is left at the end.
_LAST_RATE: Final = 0.01

Network = TypeVar("Network", bound=nn.Module)


class Optimisation(Generic[Network]):
    """A network, its optimiser with the schedule, and the moving average of its weights.

    Parameters
    ----------
    network : nn.Module
        On the device it learns on.
    config : TrainingConfig
    updates : int
        How often `update` is called in each step of the training.
    """

    def __init__(self, network: Network, config: TrainingConfig, updates: int = 1) -> None:
        self.network = network
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self._schedule = learning_rate_schedule(
            self._optimiser, updates * config.warmup_steps, updates * config.steps
        )
        self._average = AveragedModel(
            network, multi_avg_fn=_warmed_up_ema(config.ema_decay), use_buffers=True
        )

    @property
    def ema(self) -> Network:
        """The network with the average of its weights."""
        return cast(Network, self._average.module)

    def update(self, loss: Tensor) -> None:
        """One step down the gradient of a loss."""
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), _GRADIENT_NORM)
        self._optimiser.step()
        self._schedule.step()
        self._average.update_parameters(self.network)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "network": self.network.state_dict(),
            "ema": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.network.load_state_dict(state["network"])
        self._average.load_state_dict(state["ema"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])


def learning_rate_schedule(
    optimiser: torch.optim.Optimizer, warmup: int, updates: int
) -> LRScheduler:
    """A linear warm-up, then half a cosine down to a hundredth of the optimiser's rate.

    Parameters
    ----------
    optimiser : Optimizer
    warmup : int
        Updates until the rate is whole; 0 begins with the whole rate.
    updates : int
        All of them.
    """
    highest = max(group["lr"] for group in optimiser.param_groups)
    cosine = CosineAnnealingLR(optimiser, max(updates - warmup, 1), eta_min=_LAST_RATE * highest)
    if warmup == 0:
        return cosine
    rise = LinearLR(optimiser, 1.0 / warmup, total_iters=max(warmup - 1, 1))
    return SequentialLR(optimiser, [rise, cosine], milestones=[warmup])


def _warmed_up_ema(decay: float) -> Callable[[Any, Any, Tensor | int], None]:
    """torch's moving average, short at first: early weights are worth little."""

    def average(averaged: Any, current: Any, updates: Tensor | int) -> None:
        count = float(updates)
        get_ema_multi_avg_fn(min(decay, (1.0 + count) / (10.0 + count)))(averaged, current, updates)

    return average
