"""The critic: how far motions lie from a person's, as a Wasserstein critic tells (Eq. 2).

Its slope is held near 1 by a penalty on gradients between real and made motions (Gulrajani et al.,
"Improved Training of Wasserstein GANs", NeurIPS 2017).
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from backend.models.amcnet import MOTION_RATE
from retarget import skeleton

PENALTY: Final = 10.0

# The root apart, what is seen of the legs and of the baton follows from the others.
SEEN: Final = tuple(
    i for i, name in enumerate(skeleton.NAMES) if not name.startswith(("thigh", "shin", "foot"))
)
"""Joints that the critic sees, places in `skeleton.NAMES`."""

_SPEED_SCALE: Final = 0.5


@dataclass(frozen=True)
class CriticConfig:
    """Shape of the network: channels, and how many halvings of the rate."""

    channels: int = 96
    halvings: int = 4


class Critic(nn.Module):
    """Positions of joints to a value for each stretch of frames; lower is more like a person."""

    def __init__(self, config: CriticConfig = CriticConfig()) -> None:
        super().__init__()
        self.config = config
        self.inward = nn.Conv1d(6 * len(SEEN), config.channels, 3, padding=1)
        self.halve = nn.ModuleList(
            nn.Conv1d(config.channels, config.channels, 4, stride=2, padding=1)
            for _ in range(config.halvings)
        )
        self.outward = nn.Conv1d(config.channels, 1, 1)

    def forward(self, positions: Tensor) -> Tensor:
        """Values (B, T') of joint positions (B, T, J, 3), metres."""
        seen = positions[:, :, list(SEEN)].flatten(2)
        speed = torch.diff(seen, dim=1, append=seen[:, -1:]) * (MOTION_RATE * _SPEED_SCALE)
        x = leaky_relu(self.inward(torch.cat([seen, speed], dim=2).transpose(1, 2)), 0.2)
        for layer in self.halve:
            x = leaky_relu(layer(x), 0.2)
        values: Tensor = self.outward(x)[:, 0]
        return values


def critic_loss(critic: Critic, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's loss, and the Wasserstein distance as it sees it now.

    Parameters
    ----------
    real, made : (B, T, J, 3) tensors
        Joint positions; no gradient goes back into them.
    """
    real, made = real.detach(), made.detach()
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (share * real + (1.0 - share) * made).requires_grad_()
    value = critic(between).mean(dim=1)
    (slope,) = torch.autograd.grad(value.sum(), between, create_graph=True)
    # Of the value of a stretch, by its frames: its slope grows with none of them.
    steepness = slope.flatten(1).norm(dim=1)
    penalty = PENALTY * ((steepness - 1.0) ** 2).mean()
    distance = critic(made).mean() - critic(real).mean()
    return penalty - distance, distance
